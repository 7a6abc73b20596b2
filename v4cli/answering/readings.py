"""The order of passages in a prompt, so that what an earlier question has read is not read again.

Keys and values of a prompt are kept up to the first token that differs (model_runtime/cache/prefix.py). A question
about the files of an earlier one finds many of the same passages, in another order. So its prompt begins with the
passages of the earlier prompt, in their order, as far as enough of them are wanted now; those that are not cost no
reading, but they take the model's attention, which bounds them. What is new follows, the most relevant last.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .retrieve import Source, of_lines

if TYPE_CHECKING:
    from repo_index.index import Index

#: prompts that are remembered for a repository
REMEMBERED = 8
#: a prompt that would save less than this many tokens is not worth another order
LEAST = 96
#: passages that are kept without being wanted may take this share of the budget, and weigh this against what is saved
MOST_UNWANTED, WEIGHT = 0.5, 0.5


def arrange(
    wanted: Sequence[Source],
    earlier: Sequence[Sequence[Source]],
    room: int,
    count: Callable[[str], int],
    held: Callable[[Sequence[Source]], int],
) -> list[Source]:
    """The passages `wanted` (the most relevant last) behind the beginning of one of the `earlier` prompts, where that
    saves enough reading, else as they are. Never more than `room` tokens that are not wanted.

    `held(sources)`: how many tokens of the passages of a prompt are kept.
    """
    best: tuple[float, list[Source]] = (LEAST, [])
    for sources in earlier:
        if not any(_within(source, sources) for source in wanted):
            continue
        most, length = held(sources), 0
        for number, source in enumerate(sources, 1):
            length += count(source.shown(number))
            if length > most:
                break
            kept = list(sources[:number])
            saved = sum(count(source.text) for source in wanted if _within(source, kept))
            unwanted = length - saved
            if unwanted <= room and saved - WEIGHT * unwanted > best[0]:
                best = saved - WEIGHT * unwanted, kept
    kept = best[1]
    return [*kept, *(source for source in wanted if not _within(source, kept))]


def _within(source: Source, others: Sequence[Source]) -> bool:
    place = source.citation
    return any(
        other.citation.path == place.path
        and other.citation.start_line <= place.start_line
        and place.end_line <= other.citation.end_line
        for other in others
    )


class Readings:
    """The passages of the latest prompts about a repository, in a small file beside the kept prompts."""

    def __init__(self, index: Index) -> None:
        from model_runtime.cache.disk_space import prefix_folder

        self._index = index
        self._path = prefix_folder() / "readings" / f"{hashlib.sha256(os.fsencode(index.root)).hexdigest()[:20]}.json"

    def _load(self) -> list[list[list[object]]]:
        try:
            found = json.loads(self._path.read_bytes())
            return [[[str(p), int(s), int(e), str(d)] for p, s, e, d in entry] for entry in found[:REMEMBERED]]
        except (OSError, ValueError, TypeError):
            return []

    def earlier(self) -> list[list[Source]]:
        """The passages of each prompt, the latest first, up to the first that has changed since."""
        found = []
        for entry in self._load():
            sources: list[Source] = []
            for path, start, end, digest in entry:
                source = self._source(path, start, end)  # type: ignore[arg-type]
                if source is None or _digest(source) != digest:
                    break
                sources.append(source)
            if sources:
                found.append(sources)
        return found

    def _source(self, path: str, start: int, end: int) -> Source | None:
        if self._index.file(path) is None or not 1 <= start <= end <= self._index.text(path).count("\n") + 1:
            return None
        return of_lines(self._index, path, start, end)

    def add(self, sources: Sequence[Source]) -> None:
        """Remember the passages of a prompt. Where nothing can be written, nothing is remembered."""
        entry = [[s.citation.path, s.citation.start_line, s.citation.end_line, _digest(s)] for s in sources]
        entries = [entry, *(other for other in self._load() if other != entry)][:REMEMBERED]
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=self._path.parent, prefix=".making-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(entries, file)
                os.replace(draft, self._path)
            except BaseException:
                os.unlink(draft)
                raise
        except OSError:
            pass


def _digest(source: Source) -> str:
    return hashlib.sha256(source.text.encode("utf-8", "surrogatepass")).hexdigest()[:20]
