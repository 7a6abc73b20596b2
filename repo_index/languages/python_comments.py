"""Long runs of comment lines, which tree-sitter's Python grammar reads in quadratic time.

After each comment line its scanner looks ahead for the next line that is none, to know the indentation; 8,000 of them
in a row take half a minute. Such runs are parsed as blank lines, and their comments are found here.
"""

from __future__ import annotations

import re

from ..facts import Span

_RUN = 100
"""Comment lines in a row that are worth a scan of their own."""
_TOKEN = re.compile(
    rb"#[^\r\n]*"
    rb"|(\"\"\"|''')(?s:\\.|.)*?(?:\1|\Z)"
    rb"|\"(?:(?s:\\.)|[^\"\\\n])*\"?"
    rb"|'(?:(?s:\\.)|[^'\\\n])*'?"
)
_BLANK = bytes(10 if i == 10 else 13 if i == 13 else 32 for i in range(256))


def _runs(source: bytes) -> list[Span]:
    """Spans of at least _RUN lines in a row that hold nothing or what looks like a comment."""
    found: list[Span] = []
    at = start = count = 0
    for line in source.splitlines(keepends=True):
        head = line.lstrip()
        if head.startswith(b"#"):
            count += 1
        elif head:
            if count >= _RUN:
                found.append((start, at))
            start, count = at + len(line), 0
        at += len(line)
    if count >= _RUN:
        found.append((start, at))
    return found


def masked(source: bytes) -> tuple[bytes, list[Span]]:
    """The source with the comments of long runs blanked, all else at its place, and the spans of these comments."""
    if source.count(b"#") < _RUN:
        return source, []
    runs = _runs(source)
    if not runs:
        return source, []
    out = bytearray(source)
    spans: list[Span] = []
    number = 0
    for token in _TOKEN.finditer(source):
        start, end = token.span()
        while number < len(runs) and runs[number][1] <= start:
            number += 1
        if number == len(runs):
            break
        if source[start] == 35 and runs[number][0] <= start:
            out[start:end] = source[start:end].translate(_BLANK)
            spans.append((start, end))
    return bytes(out), spans
