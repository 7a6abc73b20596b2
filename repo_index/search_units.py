"""What a search can find in one file: its definitions, and windows of what stands outside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .facts import Definition
from .outline import headings
from .words import index_terms, split_identifier

WINDOW = 40
_MOST_BODY = 20_000
_LONGEST_LINE = 1_000
_OWN_TEXT = ("class", "function", "method", "interface", "enum")


@dataclass(frozen=True, slots=True)
class Unit:
    """A thing to find. The last five fields are words to index, in falling weight of what they say."""

    start_line: int
    end_line: int
    qualified: str
    name: str
    kind: str
    snippet: str
    name_words: str
    place_words: str
    signature_words: str
    doc_words: str
    body_words: str


def _clean(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _terms(text: str) -> str:
    return index_terms(_clean(text[:_MOST_BODY]))


def _lines(text: str) -> list[str]:
    """Lines without their ends; an over-long line (minified code, data) is cut. Fit for SQLite: no surrogates."""
    return [line[:_LONGEST_LINE] for line in _clean(text).split("\n")]


def _first(lines: list[str], start: int, end: int) -> str:
    for line in lines[start - 1 : end]:
        if line.strip():
            return " ".join(line.split())[:200]
    return ""


def _windows(lines: list[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of at most WINDOW lines between two lines (both included) without blank lines at their ends."""
    at = start
    while at <= end:
        stop = min(at + WINDOW - 1, end)
        if stop < end:  # break at a blank line in the second half, if there is one
            blank = next((n for n in range(stop, at + WINDOW // 2, -1) if not lines[n - 1].strip()), 0)
            stop = blank or stop
        first, last = at, stop
        while first <= last and not lines[first - 1].strip():
            first += 1
        while last >= first and not lines[last - 1].strip():
            last -= 1
        if first <= last:
            yield first, last
        at = stop + 1


def _window_unit(lines: list[str], start: int, end: int, title: str, place: str) -> Unit:
    body = "\n".join(lines[start - 1 : end])
    name = _terms(title)
    return Unit(start, end, "", "", "text", title or _first(lines, start, end), name, place, "", "", _terms(body))


def _definition_unit(d: Definition, kind: str, own: list[str], place: str) -> Unit:
    outer = d.qualified.rpartition(".")[0]
    return Unit(
        start_line=d.line,
        end_line=d.end_line,
        qualified=_clean(d.qualified),
        name=_clean(d.name),
        kind=kind,
        snippet=_clean(" ".join(d.signature.split()) or (own[0].strip() if own else d.name))[:200],
        name_words=_terms(d.name),
        place_words=f"{_terms(outer)} {place}",
        signature_words=_terms(f"{d.signature} {' '.join(d.bases)} {' '.join(d.decorators)}"),
        doc_words=_terms(d.doc),
        body_words=_terms("\n".join(own)),
    )


def units(path: str, text: str, defined: Sequence[Definition] | None) -> list[Unit]:
    """Everything to find in a file, in order of lines. `defined` is None for text without a grammar.

    The text of a method belongs to the method, not also to its class, and what is defined inside a function is
    of kind "local"; what no definition covers comes in
    windows, in documents by heading. Line numbers are those of the facts, which count line feeds.
    """
    lines = _lines(text)
    place = " ".join(split_identifier(path))
    if defined is None:
        starts = sorted({1, *(line for line, _ in headings(path, text))})
        titles = dict(headings(path, text))
        found = []
        for start, following in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
            title = titles.get(start, "").lstrip("# ")
            for a, b in _windows(lines, start, following - 1):
                found.append(_window_unit(lines, a, b, title, place))
        return found
    functions = {d.qualified for d in defined if d.kind in ("function", "method")}

    def local(d: Definition) -> bool:
        parts = d.qualified.split(".")
        return any(".".join(parts[:n]) in functions for n in range(1, len(parts)))

    definitions = sorted(defined, key=lambda d: (d.line, -d.end_line, d.qualified))
    owner: list[int] = [-1] * (len(lines) + 2)
    for number, d in enumerate(definitions):  # inner definitions come later and take their lines over
        if d.kind in _OWN_TEXT and not local(d):
            for line in range(max(1, d.line), min(d.end_line, len(lines)) + 1):
                owner[line] = number
    own: dict[int, list[str]] = {}
    for line in range(1, len(lines) + 1):
        own.setdefault(owner[line], []).append(lines[line - 1])
    found = []
    for number, d in enumerate(definitions):
        if d.kind in _OWN_TEXT and not local(d):
            mine = own.get(number, [])
        else:
            mine = lines[d.line - 1 : min(d.end_line, d.line + WINDOW)]
        found.append(_definition_unit(d, "local" if local(d) else d.kind, mine, place))
    start = 0
    for line in range(1, len(lines) + 2):
        free = line <= len(lines) and owner[line] == -1
        if free and not start:
            start = line
        elif not free and start:
            found += (_window_unit(lines, a, b, "", place) for a, b in _windows(lines, start, line - 1))
            start = 0
    return sorted(found, key=lambda u: (u.start_line, -u.end_line, u.qualified))
