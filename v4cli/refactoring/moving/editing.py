"""Edits on bytes that are not in a workspace yet."""

from __future__ import annotations

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


def trimmed(data: bytes, before: bytes) -> bytes:
    """Without blank lines at the start and the end that `before` did not have."""
    blank = b"\r\n"
    if before[:1] not in blank:
        data = data.lstrip(blank)
    if data.endswith((b"\n\n", b"\n\r\n")) and not before.endswith((b"\n\n", b"\n\r\n")):
        kept = data.rstrip(blank)
        data = kept + (b"\r\n" if data[len(kept) :].startswith(b"\r\n") else b"\n")
    return data
