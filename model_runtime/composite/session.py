"""The tokens that a composite decoder has read in one conversation, to go on from, to go back in, and to save."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from ..cache.session_file import BadSessionFile, read, write
from .cache import SPARE, Cache, CannotRewind, Mark
from .decoder import CompositeDecoder
from .drafting import Drafts, NextTokenBlock, NextTokenLookup

#: marks that a session keeps, those of its longest lengths
MARKS = 8


class CompositeSession:
    """What generate.loop asks of a session. Not for use by two threads at once."""

    def __init__(self, decoder: CompositeDecoder, identity: str, drafting: NextTokenBlock | None = None) -> None:
        """`identity`: a digest of the weights and all else that logits depend on; a saved session carries it.

        `drafting`: the block that proposes tokens, if the session is to be used with speculation.
        """
        self.decoder = decoder
        self.identity = identity
        self.ids: list[int] = []
        self.cache: Cache = decoder.new_cache()
        self.drafts = Drafts(drafting) if drafting is not None else None
        self._marks: list[Mark] = []

    def extend(self, ids: Sequence[int], all_logits: bool = False) -> Tensor:
        """Read `ids`; float32 logits after the last [vocabulary], or after each [n, vocabulary].

        Raises ValueError for an empty list or an id outside the vocabulary; the session is then as it was, also after
        an interrupt.
        """
        ids = list(ids)
        mark = self.cache.mark() if len(ids) > SPARE else None
        try:
            logits = self._read(ids, all_logits)
        except BaseException:
            if mark is not None:
                self.cache.go_back(mark)
            else:
                self.cache.truncate(len(self.ids))
            if self.drafts is not None:
                self.drafts.truncate(len(self.ids))
            raise
        self.ids.extend(ids)
        if mark is not None:
            self._marks = [*self._marks, self.cache.mark()][-MARKS:]
        return logits

    def _read(self, ids: list[int], all_logits: bool = False) -> Tensor:
        seen = self.drafts.read if self.drafts is not None else None
        return self.decoder.forward(ids, self.cache, all_logits, seen)

    def drafter(self, most: int) -> NextTokenLookup | None:
        """What proposes up to `most` tokens to generate.loop, or None for a session without such a block."""
        return NextTokenLookup(self.drafts, self.ids, most) if self.drafts is not None else None

    def truncate(self, n: int) -> None:
        """Forget all but the first `n` tokens.

        Takes no time for the last `SPARE` tokens; further back, tokens since the last mark are read again, with the
        same result up to rounding.
        """
        if not 0 <= n <= len(self.ids):
            raise ValueError(f"cannot keep {n} of {len(self.ids)} tokens")
        self._marks = [mark for mark in self._marks if mark.length <= n]
        try:
            self.cache.truncate(n)
        except CannotRewind:
            if self._marks:
                self.cache.go_back(self._marks[-1])
            else:
                self.cache = self.decoder.new_cache()
        if self.drafts is not None:
            self.drafts.truncate(self.cache.length)
        if missing := self.ids[self.cache.length : n]:
            self._read(missing)
        del self.ids[n:]

    def fork(self) -> CompositeSession:
        """A session that has read the same tokens; what both have read is held once."""
        other = CompositeSession(self.decoder, self.identity, self.drafts.block if self.drafts is not None else None)
        other.cache.share(self.cache)
        other.ids[:] = self.ids
        if other.drafts is not None:
            other.drafts.begin(len(self.ids))
        return other

    def recall(self, ids: Sequence[int]) -> int:
        """Keep what the session shares with the beginning of `ids`, but not the last of them; returns its length."""
        most = min(len(self.ids), len(ids) - 1)
        shared = next((i for i in range(most) if self.ids[i] != ids[i]), most)
        self.truncate(shared)
        return shared

    def keep(self, count: int) -> None:
        """Nothing is shared with other sessions."""

    def save(self, path: Path | str) -> None:
        """Write tokens and cache to a file that `restore_session` reads; whole or not at all."""
        tensors = {"ids": torch.tensor(self.ids, dtype=torch.int64)}
        for index, layer in enumerate(self.cache.layers):
            for name, rows in layer.rows.items():
                tensors[f"layers.{index}.rows.{name}"] = rows.held().contiguous()
            for name, recent in layer.recent.items():
                tensors[f"layers.{index}.recent.{name}"] = recent.held().contiguous()
        write(Path(path), self.identity, tensors)


def restore_session(
    path: Path | str, decoder: CompositeDecoder, identity: str, drafting: NextTokenBlock | None = None
) -> CompositeSession:
    """The session that `save` wrote. Raises BadSessionFile when it is damaged or of another model, OSError.

    What a block for drafts had read is not saved: it begins anew.
    """
    session = CompositeSession(decoder, identity, drafting)
    tensors = read(Path(path), identity)
    session.ids = tensors.pop("ids", torch.empty(0, dtype=torch.int64)).tolist()
    length = len(session.ids)
    for index, layer in enumerate(session.cache.layers):
        for name, rows in layer.rows.items():
            found = tensors.pop(f"layers.{index}.rows.{name}", None)
            if found is None or found.shape != (length // rows.ratio, rows.width) or found.dtype != rows.dtype:
                raise BadSessionFile(f"{path} has other rows in layer {index} than this model")
            rows.restore(found)
        for name, recent in layer.recent.items():
            found = tensors.pop(f"layers.{index}.recent.{name}", None)
            if found is None or not recent.accepts(found, length):
                raise BadSessionFile(f"{path} has other streams in layer {index} than this model")
            recent.restore(found, length)
    if tensors:
        raise BadSessionFile(f"{path} holds more than this model has: {min(tensors)}")
    session.cache.length = length
    if session.drafts is not None:
        session.drafts.begin(length)
    return session
