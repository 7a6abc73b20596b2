"""What an answer cites, checked against the files before it is shown.

The model is given numbered sources and writes [n]; the filter turns that into path:line, and drops a number that
no source has. A path:line that the model writes by itself is shown only when that line exists.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .exact import Citation

if TYPE_CHECKING:
    from repo_index.index import Index

_MARK = re.compile(r"(?:\s|(?<![\w\])]))\[(\d{1,2}(?:\s*[,;-]\s*\d{1,2})*)\]")
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
        return _PATH_LINE.sub(self._path_line, _MARK.sub(self._mark, text))

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
        return f" [{', '.join(shown)}]" if shown else ""

    def _path_line(self, found: re.Match[str]) -> str:
        start = int(found[2])
        citation = Citation(found[1], start, int(found[3] or start))
        if any(str(c) == found[0] for c in self.cited):
            return found[0]
        if holds(citation, self._index):
            return self._cite(citation)
        self.dropped += 1
        return found[1]


def named_sources(answer: str, sources: Sequence[tuple[Citation, str]], index: Index) -> list[Citation]:
    """Sources whose symbol the answer names, for an answer that carries too few citations of its own."""
    words = set(re.findall(r"[A-Za-z_]\w*", answer))
    found = []
    for citation, qualified in sources:
        name = qualified.rpartition(".")[2]
        if len(name) > 2 and name in words and holds(citation, index) and citation not in found:
            found.append(citation)
    return found


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
