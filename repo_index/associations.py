"""What words of a question have to do with words of code, learned from the docstrings of published packages.

A word of a question ("deleted") and a word of code ("remove") each have a vector; the sum over a question, times the
sum over what a definition consists of (its name, its place, its signature, its body, each of its own weight and
divided by the root of its count of words), is the logit that the question describes the definition.
benchmarks/train_associations.py makes the table from packages that no measurement of search uses.
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from importlib.resources import files
from operator import mul
from typing import Any

from .words import split_words, stem

FILE = "associations.bin"
#: of a definition, as the table weighs them
FIELDS = ("name", "place", "signature", "body")
_MOST_WORDS = 40


class Associations:
    """The table. Layout: length of the header (4 bytes, little endian), the header in JSON, rows of int8: those of
    words of a question, then those of words of code; times `step` they are vectors."""

    def __init__(self, content: bytes) -> None:
        size = int.from_bytes(content[:4], "little")
        header: dict[str, Any] = json.loads(content[4 : 4 + size])
        self.width: int = header["width"]
        self.weights: list[float] = header["weights"]
        self._question = {word: row for row, word in enumerate(header["question"])}
        self._code = {word: row for row, word in enumerate(header["code"], len(self._question))}
        self._step: float = header["step"]
        self._rows = array("b", content[4 + size :])

    def code_row(self, word: str) -> array[int] | None:
        """Of a stem of code, not scaled."""
        return self._row(self._code[word]) if word in self._code else None

    def _row(self, row: int) -> array[int]:
        return self._rows[row * self.width : (row + 1) * self.width]

    def question(self, text: str) -> Question | None:
        """What to score definitions with; None where no word of it is known."""
        words = list(dict.fromkeys(map(stem, split_words(text)[:_MOST_WORDS])))
        known = [self._row(self._question[word]) for word in words if word in self._question]
        if not known:
            return None
        scale = self._step * self._step / math.sqrt(len(known))
        return Question(self, [scale * sum(column) for column in zip(*known, strict=True)])


class Question:
    """A question as the vector that words of code are held against."""

    def __init__(self, table: Associations, vector: Sequence[float]) -> None:
        self._table, self._vector = table, vector
        self._known: dict[str, float | None] = {}

    def _word(self, word: str) -> float | None:
        """Of one stem of code; None where the table lacks it."""
        if word not in self._known:
            row = self._table.code_row(word)
            self._known[word] = None if row is None else sum(map(mul, self._vector, row))
        return self._known[word]

    def logit(self, fields: Iterable[Collection[str]]) -> float:
        """For a definition, by the stems of its FIELDS, each once."""
        total = 0.0
        for weight, stems in zip(self._table.weights, fields, strict=True):
            values = [value for stem in stems if (value := self._word(stem)) is not None]
            if values:
                total += weight * math.fsum(values) / math.sqrt(len(values))
        return total


@cache
def associations() -> Associations:
    """The table that is shipped."""
    return Associations(files(__package__).joinpath("data", FILE).read_bytes())
