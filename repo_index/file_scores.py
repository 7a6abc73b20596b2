"""How much each file speaks of a query, from the units of it that have the words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any


class FileScores:
    """BM25 of whole files, counted in units that have a term: a unit is likelier in a file that speaks of the query."""

    def __init__(self, rows: Iterable[tuple[int, Any]]) -> None:
        self.file = {at: bytes(path) for at, path in rows}
        self.units = Counter(self.file.values())
        self.mean = len(self.file) / max(1, len(self.units))
        self.scores: Counter[bytes] = Counter()

    def add(self, having: Iterable[int]) -> None:
        """Count a term that these units have."""
        often = Counter(self.file[at] for at in having if at in self.file)
        rare = math.log(1 + (len(self.units) - len(often) + 0.5) / (len(often) + 0.5))
        for path, count in often.items():
            length = 1.2 * (0.25 + 0.75 * self.units[path] / self.mean)
            self.scores[path] += rare * count * 2.2 / (count + length)  # type: ignore[assignment]

    def relative(self, at: int) -> float:
        """The score of the file that a unit stands in, of the best (0..1)."""
        most = max(self.scores.values(), default=0) or 1
        return self.scores[self.file[at]] / most if at in self.file else 0.0
