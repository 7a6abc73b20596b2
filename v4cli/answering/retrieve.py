"""The code that a question needs: what it names, then what search finds, cut to a token budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..mentions import find_mentions
from .exact import Citation

if TYPE_CHECKING:
    from repo_index.index import Index
    from repo_index.records import Symbol

#: a longer definition is cut to its head, in lines
WHOLE_LINES = 90
HEAD_LINES = 60
SEARCHED = 16
#: after the first SURE hits, one with less than this share of the best score only distracts a small model
SURE, FAINT = 4, 0.4
#: code outside definitions that spans fewer line breaks says nothing: the imports of a file
FEW_LINES = 3


@dataclass(frozen=True, slots=True)
class Source:
    citation: Citation
    text: str
    qualified: str = ""

    def shown(self, number: int) -> str:
        return f"[{number}] {self.citation}\n{self.text}\n"


def retrieve(question: str, index: Index, budget: int, count: Callable[[str], int]) -> list[Source]:
    """Sources within `budget` tokens, the most relevant last, next to the question.

    Definitions that the question names come before what search finds; no line is given twice.
    """
    chosen: list[Source] = []
    left = budget
    for source in _candidates(question, index):
        if any(_overlaps(source.citation, other.citation) for other in chosen):
            continue
        cost = count(source.shown(len(chosen) + 1))
        if cost > left:
            head = _cut(source, left, count)
            if head is None:
                continue
            source = head
            cost = count(source.shown(len(chosen) + 1))
        chosen.append(source)
        left -= cost
        if left < 60:
            break
    return list(reversed(chosen))


def _candidates(question: str, index: Index) -> Iterable[Source]:
    for mention in sorted(find_mentions(question, index), key=lambda m: (m.strength == "weak", m.start)):
        if mention.strength == "weak" and not mention.text[0].isupper():
            continue  # "the request filter": words of the language that are names of something as well
        symbols = [index.symbol(m.ref) for m in mention.of("symbol") if m.score >= 1.0]
        symbols = [s for s in symbols if getattr(index.file(s.path), "role", "") == "source"]
        symbols.sort(key=lambda s: (s.qualified.count("."), s.id))
        for symbol in symbols[: 2 if mention.strength == "strong" else 1]:
            yield _of_symbol(index, symbol)
    hits = index.search(question, limit=SEARCHED)
    found = 0
    for hit in hits:
        if found >= SURE and hit.score < FAINT * hits[0].score:
            break
        if hit.symbol is not None:
            symbol = index.symbol(hit.symbol)
            if symbol.end_line > symbol.line or hit is hits[0]:
                found += 1
                yield _of_symbol(index, symbol)
        elif hit.end_line - hit.start_line >= FEW_LINES or index.language(hit.path) is None or hit is hits[0]:
            found += 1
            yield of_lines(index, hit.path, hit.start_line, hit.end_line)


def of_lines(index: Index, path: str, start: int, end: int, qualified: str = "") -> Source:
    """Lines start .. end of a file as it was indexed, WHOLE_LINES at most."""
    lines = [line.rstrip("\r") for line in index.text(path).split("\n")]
    end = max(start, min(end, len(lines), start + WHOLE_LINES - 1))
    return Source(Citation(path, start, end), "\n".join(lines[start - 1 : end]), qualified)


def _of_symbol(index: Index, symbol: Symbol) -> Source:
    """The definition; a long class as its outline's head, a long function as its first lines."""
    lines = symbol.end_line - symbol.line + 1
    end = symbol.end_line if lines <= WHOLE_LINES else symbol.line + HEAD_LINES - 1
    return of_lines(index, symbol.path, symbol.line, end, symbol.qualified)


def _overlaps(a: Citation, b: Citation) -> bool:
    return a.path == b.path and a.start_line <= b.end_line and b.start_line <= a.end_line


def _cut(source: Source, budget: int, count: Callable[[str], int]) -> Source | None:
    """The first lines of the source that fit, if they are enough to be worth reading."""
    lines = source.text.splitlines()
    low, high = 0, len(lines)
    while low < high:
        middle = (low + high + 1) // 2
        if count("\n".join(lines[:middle])) + 24 <= budget:
            low = middle
        else:
            high = middle - 1
    if low < 6:
        return None
    start = source.citation.start_line
    return Source(Citation(source.citation.path, start, start + low - 1), "\n".join(lines[:low]), source.qualified)
