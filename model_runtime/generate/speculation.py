"""Drafts for speculative decoding, from text that is already there (prompt lookup).

An edit repeats most of what it edits: the tokens that followed the last occurrence of the current n-gram are
a good guess at the next ones, and cost nothing. A draft is only ever verified, so it changes the speed and
never the rule by which tokens are chosen. The logits of a batch of rows may differ from those of single rows
in rounding; where two tokens are nearly equal, greedy output with and without drafts can part ways.
"""

from __future__ import annotations

from collections.abc import Sequence

#: rows of one verification step: packed weights cost about the same for 1 to 8 rows on a CPU
MOST_ROWS = 8


class PromptLookup:
    """Proposes up to `most` tokens. Feed it every token in order; `longest` and `shortest` bound the n-gram."""

    def __init__(self, most: int = MOST_ROWS - 1, longest: int = 4, shortest: int = 2) -> None:
        self.most = most
        self._lengths = range(longest, shortest - 1, -1)
        self._ids: list[int] = []
        #: n-gram -> where the token after its latest occurrence stands
        self._after: dict[tuple[int, ...], int] = {}

    def feed(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            # the n-grams that end before this token get a known continuation: this token
            at = len(self._ids)
            for length in self._lengths:
                if at >= length:
                    self._after[tuple(self._ids[at - length :])] = at
            self._ids.append(token)

    def draft(self, most: int | None = None) -> list[int]:
        """The tokens that followed the longest n-gram that ends the text, at its latest earlier occurrence."""
        limit = self.most if most is None else min(most, self.most)
        for length in self._lengths:
            if limit > 0 and len(self._ids) >= length:
                at = self._after.get(tuple(self._ids[-length:]))
                if at is not None:
                    return self._ids[at : at + limit]
        return []
