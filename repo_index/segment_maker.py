"""Makes the segments of a pack and counts their tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from . import outline
from .records import FileRecord, Hit
from .secrets import redact
from .segments import Form, Segment

if TYPE_CHECKING:
    from .index import Index

Count = Callable[[str], int]
CountMany = Callable[[Sequence[str]], list[int]]

#: characters on either side of a boundary that a tokeniser may look at
_CONTEXT = 64
_EXCERPT_LINES = 160


class Maker:
    """Makes segments and counts their tokens; counts are kept by content, so nothing is counted twice."""

    def __init__(
        self, index: Index, count: Count, counts: MutableMapping[str, int] | None, block: int, many: CountMany | None
    ) -> None:
        self.index = index
        self.count = count
        self.counts = counts if counts is not None else {}
        self.block = block
        self.many = many or (lambda texts: [count(text) for text in texts])
        self._texts: dict[str, tuple[str, int]] = {}
        self._bodies: dict[tuple[str, Form], Segment | None] = {}

    def text(self, path: str) -> tuple[str, int]:
        """The text with secrets masked, and how many were."""
        if path not in self._texts:
            text = self.index.text(path)
            if not text.isascii():  # some encodings decode to lone surrogates, which no tokeniser takes
                text = text.encode("utf-8", "replace").decode("utf-8")
            text, found = redact(text)
            self._texts[path] = (text, len(found))
        return self._texts[path]

    def tokens(self, segment: Segment) -> int:
        key = _key(segment)
        if key not in self.counts:
            self.counts[key] = self.count(segment.render())
        return self.counts[key]

    def prepare(self, records: Sequence[FileRecord], form: Form) -> None:
        """Count that form of several files at once."""
        missing: dict[str, str] = {}
        for record in records:
            try:
                body = self._body(record, form)
            except OSError:  # deleted since it was indexed: make() says so
                continue
            if body is not None and _key(body) not in self.counts:
                missing[_key(body)] = body.render()
        for key, tokens in zip(missing, self.many(list(missing.values())), strict=True):
            self.counts[key] = tokens

    def _body(self, record: FileRecord, form: Form) -> Segment | None:
        """The segment of a whole file in some form, its tokens not yet counted."""
        at = (record.path, form)
        if at not in self._bodies:
            text, masked = self.text(record.path)
            lines = text.count("\n") + (not text.endswith("\n"))
            if form != "whole":
                defined = outline.definitions_of(self.index, record.path)
                if form == "signatures":
                    text = outline.signatures(record.path, text, defined, self.index.read(record.path))
                else:
                    text = outline.names(record.path, text, defined)
            segment = Segment(record.path, 1, lines, text, record.blob, record.role, form, masked=masked)
            self._bodies[at] = segment if text or form != "signatures" else None
        return self._bodies[at]

    def make(self, record: FileRecord, form: Form) -> Segment | None:
        """The segment, None when that form of the file has nothing to show."""
        segment = self._body(record, form)
        if segment is None:
            return None
        segment = replace(segment, tokens=self.tokens(segment))
        return self._aligned(segment) if self.block and form != "map" else segment

    def excerpt(self, record: FileRecord, start: int, end: int) -> Segment:
        text, masked = self.text(record.path)
        text = "\n".join(text.split("\n")[start - 1 : end])
        masked = text.count("REDACTED") if masked else 0
        segment = Segment(record.path, start, end, text, record.blob, record.role, "excerpt", masked=masked)
        segment = replace(segment, tokens=self.tokens(segment))
        return self._aligned(segment) if self.block else segment

    def changed(self, record: FileRecord, room: int) -> Segment | None:
        """A changed file whole or, where `room` tokens do not hold it, its signatures; None when neither fits."""
        try:
            bodies = self._body(record, "whole"), self._body(record, "signatures")
        except OSError:  # deleted since it was indexed
            return None
        for body in bodies:
            if body is not None:
                body = replace(body, form="changed" if body.form == "whole" else body.form)
                body = replace(body, tokens=self.tokens(body))
                if body.tokens <= room:
                    return body
        return None

    def total(self, segments: Sequence[Segment]) -> int:
        """Tokens of the segments as one text: theirs, and what a tokeniser makes of the boundaries between them."""
        missing: dict[str, str] = {}
        pieces: list[str] = []
        for before, after in pairwise(segment.render() for segment in segments):
            parts = (before[-_CONTEXT:], after[:_CONTEXT])
            pieces += (_text_key("".join(parts)), *map(_text_key, parts))
            missing.update(zip(pieces[-3:], ("".join(parts), *parts), strict=True))
        missing = {key: text for key, text in missing.items() if key not in self.counts}
        for key, tokens in zip(missing, self.many(list(missing.values())), strict=True):
            self.counts[key] = tokens
        across = sum(self.counts[key] * (-1 if n % 3 else 1) for n, key in enumerate(pieces))
        return sum(segment.tokens for segment in segments) + across

    def _aligned(self, segment: Segment) -> Segment:
        """The segment filled up with lines of one point so that it ends on a block boundary, where that is
        possible with this tokeniser."""
        short = -segment.tokens % self.block
        unit = self.count(segment.render() + ".\n" * 8) - segment.tokens
        if not short or unit <= 0 or short * 8 % unit:
            return segment
        text = segment.render().split("\n", 1)[1] + ".\n" * (short * 8 // unit)
        filled = replace(segment, text=text)
        tokens = self.count(filled.render())
        return replace(filled, tokens=tokens) if tokens % self.block == 0 else segment


def _key(segment: Segment) -> str:
    return f"{segment.blob}:{segment.form}:{segment.start_line}-{segment.end_line}:{segment.path}"


def _text_key(text: str) -> str:
    return f"text:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def hits_for(index: Index, question: str, known: set[str]) -> list[Hit]:
    return [hit for hit in index.search(question, limit=40) if hit.path in known]


def excerpts(maker: Maker, hits: list[Hit], records: dict[str, FileRecord], budget: int) -> list[Segment]:
    """Segments for the best hits within `budget` tokens: files by their best hit, the best last."""
    chosen: dict[str, dict[tuple[int, int], Segment]] = {}
    best: dict[str, int] = {}
    left = budget
    for number, hit in enumerate(hits):
        end = min(hit.end_line, hit.start_line + _EXCERPT_LINES - 1)
        spans = chosen.setdefault(hit.path, {})
        if any(a <= hit.start_line and end <= b for a, b in spans):
            continue
        inside = [s for s in spans if hit.start_line <= s[0] and s[1] <= end]
        try:
            segment = maker.excerpt(records[hit.path], hit.start_line, end)
        except OSError:  # deleted since it was indexed
            continue
        if segment.tokens - sum(spans[s].tokens for s in inside) > left:
            continue
        left -= segment.tokens - sum(spans[s].tokens for s in inside)
        for span in inside:
            del spans[span]
        spans[(hit.start_line, end)] = segment
        best.setdefault(hit.path, number)
    return [chosen[path][span] for path in sorted(best, key=lambda p: -best[p]) for span in sorted(chosen[path])]
