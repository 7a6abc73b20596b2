"""Breaking the lines that edits made too long, in files that keep their lines short."""

from __future__ import annotations

from ..python.imports import LINE_LENGTH
from ..python.source import PythonSource, try_parse
from ..python.wrapping import brackets_around, keeps_lines_short, wrap
from ..workspace import Edit, Workspace


def edit_and_wrap(ws: Workspace, path: str, edits: list[Edit]) -> None:
    """Make the edits; in a file of short lines, put arguments on lines of their own where a line became too long."""
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
        wrapped = _wrapped(source, end)
        if wrapped is not None:
            found.setdefault(source.line_of(wrapped.start), wrapped)
    apart: list[Edit] = []
    for line in sorted(found):
        if not apart or found[line].start >= apart[-1].end:
            apart.append(found[line])
    if apart:
        ws.edit(path, apart)


def _wrapped(source: PythonSource, offset: int) -> Edit | None:
    """Break the outermost brackets of the line that can be: those around the offset, then those behind it."""
    line = source.line_start(offset)
    if len(source.line_text(source.line_of(offset))) <= LINE_LENGTH:
        return None
    around = [opening for opening, _ in brackets_around(source, offset) if line <= opening]
    if source.data[offset : offset + 1] == b"(":
        around.insert(0, offset)
    for opening in reversed(around):
        if (edit := wrap(source, opening + 1)) is not None:
            return edit
    return None
