"""How commands show places, tables and paths, and how they read the paths that a user gives."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import NothingToDo, UsageError

if TYPE_CHECKING:
    from repo_index.index import Index
    from repo_index.records import Symbol

_LONGEST_LINE = 160


def shown_path(path: str) -> str:
    """A path for people: on one line, bytes that are not UTF-8 and control characters as \\xNN."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return (
        text
        if text.isprintable()
        else "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    )


def counted(number: int, noun: str, plural: str = "") -> str:
    """ "1 file", "2 files", "1,204 files"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def table(rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Lines of aligned columns, two spaces apart; columns numbered in `right` are set flush right."""
    flush = set(right)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if number in flush else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


class SourceLines:
    """Lines of the repository's files, as they were indexed, cut to what fits a terminal."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lines: dict[str, list[str]] = {}

    def __call__(self, path: str, line: int) -> str:
        if path not in self._lines:
            self._lines[path] = self._index.text(path).split("\n")
        lines = self._lines[path]
        text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
        return text if len(text) <= _LONGEST_LINE else text[: _LONGEST_LINE - 1] + "…"


def close_to(name: str, names: Iterable[str], count: int = 3) -> list[str]:
    """The most similar names, best first; whatever the case, and also by the last part of a path or dotted name."""
    folded: dict[str, str] = {}
    for candidate in sorted(names):
        for form in (candidate, candidate.rsplit("/", 1)[-1], candidate.rsplit(".", 1)[-1]):
            folded.setdefault(form.lower(), candidate)
    wanted = name.lower()
    found = difflib.get_close_matches(wanted, folded, n=count, cutoff=0.6)
    tail = wanted.rsplit("/", 1)[-1]
    if not found and tail != wanted:
        found = difflib.get_close_matches(tail, folded, n=count, cutoff=0.6)
    return list(dict.fromkeys(folded[form] for form in found))


def did_you_mean(close: Sequence[str]) -> str:
    return f"; did you mean {' or '.join(map(shown_path, close))}?" if close else ""


def candidate_lines(candidates: Iterable[Symbol]) -> list[str]:
    """One line per symbol: place, kind and the name that singles it out."""
    rows = [(f"{shown_path(s.path)}:{s.line}", s.kind, shown_path(s.id)) for s in candidates]
    return table(rows) if rows else []


def _below(root: Path, path: str) -> str | None:
    """`path` (absolute) relative to `root`, with slashes; None when it is not inside."""
    for base in (str(root), os.path.realpath(root)):
        for form in (
            os.path.normpath(path),
            os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)),
        ):
            if form == base:
                return ""
            if form.startswith(base.rstrip("/") + "/"):
                return os.path.normpath(form[len(base.rstrip("/")) + 1 :])
    return None


def repository_paths(root: Path, given: str) -> list[str]:
    """What a path given by the user may mean inside the repository ("" is its root): seen from the current
    folder first, then from the root. Raises UsageError when both lead outside."""
    found = [_below(root, os.path.join(os.getcwd(), given))]
    if not os.path.isabs(given):
        found.append(_below(root, os.path.join(root, given)))
    inside = list(dict.fromkeys("" if p == "." else p for p in found if p is not None))
    if not inside:
        raise UsageError(f"{shown_path(given)} is outside the repository {root}")
    return inside


def files_at(index: Index, given: str) -> list[str]:
    """The indexed files that a path, a folder or a Python module name means, sorted.

    Raises UsageError for a path outside the repository, NothingToDo when there is no such file.
    """
    known = [record.path for record in index.files()]
    present = set(known)
    inside = repository_paths(index.root, given)
    for path in inside:
        if path in present:
            return [path]
    for path in inside:
        below = [p for p in known if not path or p.startswith(f"{path}/")]
        if below:
            return below
    named = [p for p in known if "." in given or "/" not in given for m in [index.module_name(p)] if m == given]
    if named:
        return named
    close = close_to(inside[-1], known)
    raise NothingToDo(f"no indexed file is called {shown_path(given)}{did_you_mean(close)}")
