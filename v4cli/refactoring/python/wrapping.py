"""Breaking a line that an edit made too long, the way black does, in files that keep their lines short."""

from __future__ import annotations

import tokenize
from collections.abc import Iterator

from ..workspace import Edit
from .imports import LINE_LENGTH
from .source import PythonSource, Span


def keeps_lines_short(data: bytes) -> bool:
    """Whether hardly a line of the file is longer than the limit: at most one in two hundred."""
    lines = data.decode("utf-8", "replace").splitlines()
    return sum(len(line) > LINE_LENGTH for line in lines) * 200 <= len(lines)


def wrap(source: PythonSource, offset: int) -> Edit | None:
    """Put what stands in the innermost brackets around `offset` on lines of its own, when its line is too long.

    None when the line is short enough, or broken or commented already.
    """
    line = source.line_text(source.line_of(offset))
    if len(line) <= LINE_LENGTH:
        return None
    brackets = next(brackets_around(source, offset), None)
    if brackets is None:
        return None
    opening, closing = brackets
    items = _items(source, opening, closing)
    inside = source.data[opening + 1 : closing]
    if b"#" in inside or any("\n" in item for item in items) or not items:
        return None
    start = source.line_start(opening)
    head = source.code((start, opening + 1))
    indent = head[: len(head) - len(head.lstrip())]
    tail = source.code((closing, source.line_end(closing))).rstrip("\r\n")
    if len(indent + tail) > LINE_LENGTH or len(head) > LINE_LENGTH:
        return None
    one_line = f"{indent}    {', '.join(items)}"
    hanging = inside.strip() != inside and b"\n" in inside
    if len(one_line) <= LINE_LENGTH and not hanging:
        text = f"\n{one_line}\n{indent}"
    else:
        text = "\n" + "".join(f"{indent}    {item},\n" for item in items) + indent
    return Edit(opening + 1, closing, source.encode(text))


def brackets_around(source: PythonSource, offset: int) -> Iterator[Span]:
    """Offsets of the brackets that hold `offset`, the innermost first."""
    stack: list[int] = []
    for kind, text, (start, _) in source.tokens:
        if kind != tokenize.OP:
            continue
        if text in {"(", "[", "{"}:
            stack.append(start)
        elif text in {")", "]", "}"} and stack:
            opening = stack.pop()
            if opening < offset <= start:
                yield opening, start


def _items(source: PythonSource, opening: int, closing: int) -> list[str]:
    """The texts between the commas of a bracket."""
    items: list[str] = []
    depth = 0
    begin = opening + 1
    for kind, text, (start, end) in source.tokens:
        if start <= opening or start > closing or kind != tokenize.OP:
            continue
        if start == closing or (text == "," and depth == 0):
            items.append(source.code((begin, start)).strip())
            begin = end
        elif text in {"(", "[", "{"}:
            depth += 1
        elif text in {")", "]", "}"}:
            depth -= 1
    return [item for item in items if item]
