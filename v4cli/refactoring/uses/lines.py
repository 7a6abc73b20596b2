"""Breaking the lines that edits made too long, in files that keep their lines short."""

from __future__ import annotations

from ..python.source import try_parse
from ..python.wrapping import keeps_lines_short, wrap
from ..workspace import Edit, Workspace


def edit_and_wrap(ws: Workspace, path: str, edits: list[Edit]) -> None:
    """Make the edits; in a file of short lines, put arguments on lines of their own where a line became too long.

    An edit that ends right before an opening parenthesis breaks inside these parentheses.
    """
    short = path.endswith(".py") and keeps_lines_short(ws.read(path))
    ws.edit(path, edits)
    source = try_parse(path, ws.read(path)) if short else None
    if source is None:
        return
    shift = 0
    found: dict[int, Edit] = {}
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        end = edit.start + shift + len(edit.new)
        shift += len(edit.new) - (edit.end - edit.start)
        called = source.data[end : end + 1] == b"("
        wrapped = (wrap(source, end + 1) if called else None) or wrap(source, end)
        if wrapped is not None:
            found.setdefault(source.line_of(wrapped.start), wrapped)
    apart: list[Edit] = []
    for line in sorted(found):
        if not apart or found[line].start >= apart[-1].end:
            apart.append(found[line])
    if apart:
        ws.edit(path, apart)
