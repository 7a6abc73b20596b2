"""What an answer cites, checked against the files before it is shown.

The model is given numbered sources and writes [n]; the filter turns that into path:line, and drops a number that
no source has. A path:line that the model writes by itself is shown only when that line exists.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .exact import Citation

if TYPE_CHECKING:
    from repo_index.index import Index

_MARK = re.compile(r"(?:\s|(?<![\w\])]))\[(\d{1,2}(?:\s*[,;-]\s*\d{1,2})*)\]")
#: the share of a sentence's weight that a source must have to count as its support
SUPPORT = 0.6
_COMMON = frozenset(
    "the and for with that this from are was were has have had not but its can will when then than into which"
    " function class method file code source returns return self none true false import def".split()
)
#: what may still become a mark or a path:line: an unfinished bracket, the last word
_OPEN = re.compile(r"\s?\[[\d,;\s-]{0,16}$|\s?\S*$")
_PATH_LINE = re.compile(r"(?<![\w/.-])([\w./-]+\.\w{1,5}):(\d+)(?:-(\d+))?")


def holds(citation: Citation, index: Index) -> bool:
    """Whether the cited lines exist in the file as indexed."""
    if index.file(citation.path) is None:
        return False
    lines = index.read(citation.path).count(b"\n") + 1
    return 1 <= citation.start_line <= citation.end_line <= lines


class CitationFilter:
    """A filter over streamed text. `feed` gives what may be shown; `finish` the rest.

    `cited` collects, in order and once each, the citations that were shown; `dropped` counts those that were not.
    """

    def __init__(self, sources: Sequence[Citation], index: Index) -> None:
        self._sources = [s if holds(s, index) else None for s in sources]
        self._index = index
        self._held = ""
        self._shown = 0
        self.cited: list[Citation] = []
        self.dropped = 0

    def feed(self, piece: str) -> str:
        self._held += piece
        open_ = _OPEN.search(self._held)
        cut = open_.start() if open_ else len(self._held)
        ready, self._held = self._held[:cut], self._held[cut:]
        return self._resolve(ready)

    def finish(self) -> str:
        ready, self._held = self._held, ""
        return self._resolve(ready)

    def _resolve(self, text: str) -> str:
        resolved = _PATH_LINE.sub(self._path_line, _MARK.sub(self._mark, text))
        if self._shown == 0:
            resolved = resolved.lstrip()
        self._shown += len(resolved)
        return resolved

    def _cite(self, citation: Citation) -> str:
        if citation not in self.cited:
            self.cited.append(citation)
        return str(citation)

    def _mark(self, found: re.Match[str]) -> str:
        shown = []
        for number in re.findall(r"\d+", found[1]):
            position = int(number) - 1
            source = self._sources[position] if 0 <= position < len(self._sources) else None
            if source is None:
                self.dropped += 1
            else:
                shown.append(self._cite(source))
        # an answer that begins with its source has nothing yet to attach the mark to: it is listed at the end
        return f" [{', '.join(shown)}]" if shown and found.start() + self._shown > 0 else ""

    def _path_line(self, found: re.Match[str]) -> str:
        start = int(found[2])
        citation = Citation(found[1], start, int(found[3] or start))
        if any(str(c) == found[0] for c in self.cited):
            return found[0]
        if holds(citation, self._index):
            return self._cite(citation)
        self.dropped += 1
        return found[1]


_PLACE = re.compile(r"\[?[\w-]+(?:/[\w.-]+)+(?::\d+(?:-\d+)?)?\]?|\b[\w-]+\.\w+:\d+(?:-\d+)?")


def supporting_sources(answer: str, sources: Sequence[tuple[Citation, str]], index: Index) -> list[Citation]:
    """The source that best supports each sentence of the answer, where one clearly does.

    `sources` are (citation, text). A sentence is held against each source by the words they share, a word weighing
    more the fewer sources have it; a source is given when it has most of the sentence's weight.
    """
    texts = [_words(text) for _, text in sources]
    found: list[Citation] = []
    spoken = _PLACE.sub(" ", answer)  # where something stands is no word of what is said about it
    for sentence in re.split(r"(?<=[.!?])\s+|\n+", spoken):
        words = {w for w in _words(sentence) if any(w in text for text in texts)}
        weights = {w: math.log(1 + len(texts) / sum(w in text for text in texts)) for w in sorted(words)}
        total = sum(weights.values())
        if len(words) < 3:
            continue
        scores = [sum(weights[w] for w in sorted(words) if w in text) / total for text in texts]
        best = sorted(range(len(texts)), key=lambda i: (-scores[i], len(texts[i]), i))
        for i in best[:2]:  # the second where it supports the sentence just as well
            citation = sources[i][0]
            equal = scores[i] >= SUPPORT and scores[i] == scores[best[0]]
            if equal and citation not in found and holds(citation, index):
                found.append(citation)
    return found


def _words(text: str) -> set[str]:
    parts = re.findall(r"[A-Z]?[a-z]{3,}|[A-Z]{2,}|\d{2,}", text)
    return {p.lower() for p in parts} - _COMMON


def unknown_names(answer: str, context: str, index: Index) -> list[str]:
    """Names that the answer sets in backticks as code and that stand nowhere in the repository's graph or context."""
    known = index.names()
    names = re.findall(r"`([A-Za-z_][\w.]*)(?:\(\))?`", answer)
    missing = []
    for name in names:
        last = name.rpartition(".")[2]
        if "_" not in last and not re.search(r"[a-z][A-Z]", last):
            continue  # a plain word in backticks is more often a value or an English word than a name
        if last not in known and last not in context and name not in missing:
            missing.append(name)
    return missing
