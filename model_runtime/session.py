"""A session: the tokens that a model has read, with their keys and values."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from . import placement
from .cache.kv import KVCache
from .cache.saved import save_session

if TYPE_CHECKING:
    from .model import Model


class Session:
    """Tokens that a model has read, with their keys and values. Not for use by two threads at once."""

    def __init__(self, model: Model, max_tokens: int | None, cache: KVCache | None = None) -> None:
        config, decoder = model.config, model.decoder
        limit = config.context if max_tokens is None else min(max_tokens, config.context)
        if limit < 1:
            raise ValueError(f"a session of {limit} tokens has no room")
        self.model = model
        self.ids: list[int] = []
        self.cache = cache or KVCache(config, limit, decoder.kv_dtype, decoder.kv_blocked, model.budget.admit)
        #: the first tokens, in whole blocks, whose keys and values do not depend on how they were cut into calls
        self._settled = 0
        model.sessions.add(self)
        weakref.finalize(self, _give_back, model.budget, self.cache)

    def extend(self, ids: Sequence[int], all_logits: bool = False) -> Tensor:
        """Read `ids`; float32 logits after the last [vocabulary], or after each [n, vocabulary].

        Raises ContextFull or MemoryBudgetExceeded when they do not fit, and ValueError for an id outside the vocabulary
        or an empty list; the session is then as it was, also after an interrupt.
        """
        vocabulary = self.model.config.vocabulary
        ids = checked(ids, vocabulary)
        if all_logits:
            self.model.budget.admit(4 * vocabulary * len(ids), passing=True)
        decoder, before = self.model.decoder, len(self.ids)
        with self.model.lock:
            try:
                logits = decoder.forward(ids, self.cache, all_logits)
                self.ids.extend(ids)
                if decoder.cuts_alike or before == self._settled:
                    self._settled = self._whole(len(self.ids))
            except BaseException:
                del self.ids[before:]
                self.cache.truncate(before)
                raise
        return logits

    def _whole(self, n: int) -> int:
        return n - n % self.model.decoder.block

    def truncate(self, n: int) -> None:
        """Forget all but the first `n` tokens; takes no time."""
        if not 0 <= n <= len(self.ids):
            raise ValueError(f"cannot keep {n} of {len(self.ids)} tokens")
        with self.model.lock:
            del self.ids[n:]
            self.cache.truncate(n)
            self._settled = min(self._settled, self._whole(n))

    def recall(self, ids: Sequence[int]) -> int:
        """Hold the longest beginning of `ids` that needs no computing, without the last token; returns its length.

        It comes from this session, from the other sessions of the model, or from the model's prefix cache, and what
        follows it is computed to the same bits as without. Raises ContextFull or MemoryBudgetExceeded when all of `ids`
        would not fit; the session then holds what it shared with them.
        """
        wanted = list(ids[:-1])
        with self.model.lock:
            self.truncate(self._shared_with(wanted))
            self.cache.reserve(len(ids) - len(self.ids))
            others = [other for other in self.model.sessions if other is not self]
            best = max(others, key=lambda other: other._shared_with(wanted), default=self)
            if (shared := best._shared_with(wanted)) > len(self.ids):
                self._hold(wanted, shared, best)
            prefixes = self.model.prefixes
            if prefixes is not None and prefixes.held(wanted) > len(self.ids):
                self.truncate(self._whole(len(self.ids)))
                self._hold(wanted, prefixes.restore(wanted, self.cache))
        return len(self.ids)

    def _shared_with(self, ids: list[int]) -> int:
        """How many first tokens of `ids` this session holds with the keys and values that any other would compute."""
        most = min(len(self.ids), len(ids))
        shared = next((i for i in range(most) if self.ids[i] != ids[i]), most)
        return shared if self.model.decoder.cuts_alike else min(self._settled, self._whole(shared))

    def _hold(self, ids: list[int], count: int, other: Session | None = None) -> None:
        if other is not None:
            self.cache.take(other.cache, count)
        self.ids[:] = ids[:count]
        self._settled = self._whole(count)

    def keep(self, count: int) -> None:
        """Put the keys and values of the first `count` tokens, in whole blocks, into the model's prefix cache, if it
        has one."""
        if self.model.prefixes is not None:
            with self.model.lock:
                settled = min(self._settled, self._whole(count))
                self.model.prefixes.store(self.ids[:settled], self.cache)

    def drafter(self, most: int) -> None:
        """These models have no prediction block: drafts come from the text alone."""

    def save(self, path: Path | str) -> None:
        """Write tokens, keys and values to a file that `Model.restore` reads; whole or not at all."""
        save_session(Path(path), self.model.digest, self.ids, self.cache)


def checked(ids: Sequence[int], vocabulary: int) -> list[int]:
    """The ids as a list. Raises ValueError when there are none, or one is outside the vocabulary."""
    ids = list(ids)
    if not ids or min(ids) < 0 or max(ids) >= vocabulary:
        raise ValueError(f"token ids must be a non-empty list of numbers from 0 to {vocabulary - 1}")
    return ids


def _give_back(budget: placement.Budget, cache: KVCache) -> None:
    budget.release(cache.admitted)
