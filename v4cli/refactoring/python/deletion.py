"""Taking statements out of a file together with the lines that they leave empty."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..workspace import Edit
from .source import PythonSource, Span, is_type_checking


def delete_statements(source: PythonSource, nodes: list[ast.stmt]) -> Iterator[Edit]:
    """Take statements out with their lines; a block left empty gets `pass`, an empty `if TYPE_CHECKING:` goes."""
    lines: list[Span] = []
    doomed = set(nodes)
    handled: set[ast.stmt] = set()
    for node in nodes:
        if node in handled:
            continue
        block = source.body_of(node)
        if block is not source.tree.body and all(s in doomed for s in block):
            handled.update(block)
            parent = source.parents[node]
            if isinstance(parent, ast.If) and is_type_checking(parent.test) and not parent.orelse:
                lines.append((source.line_start(source.span(parent)[0]), source.line_end(source.span(parent)[1])))
                continue
            start, end = source.full_span(block[0])[0], source.span(block[-1])[1]
            yield Edit(start, end, b"pass")
            continue
        start, end = source.full_span(node)
        head = source.data[source.line_start(start) : start]
        tail = source.data[end : source.line_end(end)]
        after = re.match(rb"[ \t]*;[ \t]*", tail)
        if after and not tail[after.end() :].strip().startswith(b"#") and tail[after.end() :].strip():
            yield Edit(start, end + after.end(), b"")
        elif head.strip():
            semicolon = source.data.rfind(b";", source.line_start(start), start)
            yield Edit(semicolon if semicolon >= 0 else start, end, b"" if semicolon >= 0 else b"pass")
        else:
            lines.append((_above_about(source, source.line_start(start), node), source.line_end(end)))
    yield from delete_lines(source, lines)


def _above_about(source: PythonSource, line: int, node: ast.stmt) -> int:
    """The start of the comment right above an import when it speaks of a name of that import, else `line`."""
    start = line
    while start > 0:
        above = source.line_start(start - 1)
        if not source.data[above:start].lstrip().startswith(b"#"):
            break
        start = above
    names = {(a.asname or a.name).encode() for a in getattr(node, "names", ())}
    words = set(re.findall(rb"\w+", source.data[start:line]))
    return start if names & words else line


def delete_lines(source: PythonSource, ranges: list[Span]) -> Iterator[Edit]:
    """Cut whole lines; where that joins two runs of blank lines the shorter run goes as well."""
    merged: list[list[int]] = []
    for start, end in sorted(ranges):
        if merged and source.data[merged[-1][1] : start].strip() == b"" and start - merged[-1][1] <= 2:
            merged[-1][1] = max(end, merged[-1][1])
        else:
            merged.append([start, end])
    for start, end in merged:
        before = start
        while before > 0:
            previous = source.line_start(before - 1)
            if source.data[previous:before].strip():
                break
            before = previous
        after = end
        while after < len(source.data):
            following = source.line_end(after)
            if source.data[after:following].strip():
                break
            after = following
        blank_before = source.data[before:start].count(b"\n")
        blank_after = source.data[end:after].count(b"\n")
        if after >= len(source.data):
            start = before
            end = len(source.data)
        elif blank_before and blank_after:
            if blank_before > blank_after:
                end = after
            else:
                start = before
        elif before == 0:
            start, end = 0, after
        yield Edit(start, end, b"")


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
