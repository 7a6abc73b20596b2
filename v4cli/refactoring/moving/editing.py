"""Edits on bytes that are not in a workspace yet."""

from __future__ import annotations

import ast

from ..python.source import PythonSource
from ..workspace import Edit


def apply_edits(data: bytes, edits: list[Edit]) -> bytes:
    """The data with edits made; insertions at one place keep their order. Raises ValueError when they overlap."""
    pieces = []
    position = 0
    for edit in sorted(dict.fromkeys(edits), key=lambda e: (e.start, e.end > e.start)):
        if edit.start < position:
            raise ValueError(f"edits overlap at byte {edit.start}")
        pieces += [data[position : edit.start], edit.new]
        position = edit.end
    return b"".join([*pieces, data[position:]])


def merge_deletions(edits: list[Edit]) -> list[Edit]:
    """Deletions that touch or overlap made one, so that blank lines claimed by two of them do not clash."""
    deletions = sorted(e for e in edits if not e.new)
    others = [e for e in edits if e.new]
    merged: list[Edit] = []
    for edit in deletions:
        if merged and edit.start < merged[-1].end:
            merged[-1] = Edit(merged[-1].start, max(edit.end, merged[-1].end), b"")
        else:
            merged.append(edit)
    return [*others, *merged]


def unlist(source: PythonSource, entry: ast.Constant) -> Edit:
    """The edit that takes an entry out of the list of `__all__`, with its comma and, if it has one, its line."""
    start, end = source.span(entry)
    data = source.data
    line, line_end = source.line_start(start), source.line_end(end)
    rest = data[end:line_end].strip()
    if not data[line:start].strip() and (rest in {b"", b","} or rest.startswith((b",  #", b", #", b"#"))):
        return Edit(line, line_end, b"")
    after = end
    while after < len(data) and data[after : after + 1] in b" \t":
        after += 1
    if data[after : after + 1] == b",":
        after += 1
        while data[after : after + 1] in (b" ", b"\t"):
            after += 1
        return Edit(start, after, b"")
    before = start
    while data[before - 1 : before] in (b" ", b"\t", b"\n", b"\r"):
        before -= 1
    if data[before - 1 : before] == b",":
        return Edit(before - 1, end, b"")
    return Edit(start, end, b"")
