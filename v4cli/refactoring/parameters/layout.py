"""Taking items out of a bracketed list, or changing their order, in the layout that is there."""

from __future__ import annotations

import tokenize
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..python.source import PythonSource, Span
from ..workspace import Edit

_BLANK = {tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT}


@dataclass(frozen=True, slots=True)
class Item:
    """What stands between two commas, blanks and comments around it left out. `comma`: where the comma behind it
    ends; -1 without one. `comment`: the comment behind it on its last line."""

    start: int
    end: int
    comma: int = -1
    comment: Span | None = None

    @property
    def stop(self) -> int:
        return max(self.end, self.comma)


def items(source: PythonSource, brackets: Span) -> list[Item]:
    """The items of the brackets, whose offsets are those of the opening and of the closing one."""
    opening, closing = brackets
    starts = [span[0] for _, _, span in source.tokens]
    found: list[Item] = []
    depth = 0
    begin = end = -1
    for kind, text, (start, stop) in source.tokens[bisect_left(starts, opening + 1) :]:
        if start >= closing:
            break
        if kind == tokenize.COMMENT and begin < 0 and found and _same_line(source, found[-1].stop, start):
            found[-1] = Item(found[-1].start, found[-1].end, found[-1].comma, (start, stop))
        if kind in _BLANK:
            continue
        if kind == tokenize.OP and text == "," and depth == 0:
            found.append(Item(begin, end, stop))
            begin = -1
            continue
        if kind == tokenize.OP:
            depth += (text in {"(", "[", "{"}) - (text in {")", "]", "}"})
        begin, end = (start if begin < 0 else begin), stop
    if begin >= 0:
        comment = next((s for s in source.comments if end <= s[0] < closing and _same_line(source, end, s[0])), None)
        found.append(Item(begin, end, -1, comment))
    return found


def _same_line(source: PythonSource, first: int, second: int) -> bool:
    return source.line_of(first) == source.line_of(second)


def without(source: PythonSource, brackets: Span, every: Sequence[Item], gone: Collection[int]) -> list[Edit]:
    """Take the items of these numbers out, with their commas, their comments and, where they have one, their lines."""
    if len(gone) == len(every):
        return [Edit(brackets[0] + 1, brackets[1], b"")]
    edits: list[Edit] = []
    kept = [n for n in range(len(every)) if n not in gone]
    for number in sorted(gone):
        item = every[number]
        lines = _own_lines(source, item)
        if lines is not None:
            edits.append(Edit(*lines, b""))
        elif number < kept[-1]:
            follower = every[number + 1]
            edits.append(Edit(item.start, follower.start, b""))
        elif number == kept[-1] + 1:
            edits.append(_tail(source, every, kept[-1]))
    return edits


def _own_lines(source: PythonSource, item: Item) -> Span | None:
    """The lines of the item, where nothing else stands on them."""
    start, end = source.line_start(item.start), source.line_end(item.end)
    behind = item.comment[1] if item.comment is not None else item.stop
    if source.data[start : item.start].strip() or source.data[behind:end].strip():
        return None
    return start, end


def _tail(source: PythonSource, every: Sequence[Item], last: int) -> Edit:
    """Everything behind the last item that is kept, up to a trailing comma that stays."""
    kept, final = every[last], every[-1]
    if source.data.find(b"#", kept.end, final.start) >= 0:
        return Edit(every[last + 1].start, final.stop, b"")
    return Edit(kept.end, final.end, b"")


def reordered(source: PythonSource, every: Sequence[Item], slots: Sequence[tuple[int, int, bytes]]) -> list[Edit]:
    """For each (place, number, text): item `number`, written as `text`, goes to where item `place` is. Comments go
    along where every item has lines of its own."""
    edits = []
    moving = all(_own_lines(source, item) is not None for item in every)
    for place, number, text in slots:
        here, item = every[place], every[number]
        if place != number or text != source.data[item.start : item.end]:
            edits.append(Edit(here.start, here.end, text))
        if place == number or not moving or (here.comment is None and item.comment is None):
            continue
        comment = b"  " + source.data[slice(*item.comment)] if item.comment is not None else b""
        edits.append(Edit(here.stop, here.comment[1] if here.comment is not None else here.stop, comment))
    return edits
