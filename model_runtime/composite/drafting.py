"""Drafts by the model's own multi-token prediction block, for speculative decoding (blocks/next_token.py).

The model checks every draft, so drafts change the speed and never the rule by which tokens are chosen. The block reads
along with the session: its cache holds one row for every token whose successor is known.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..blocks.next_token import NextTokenInput
from ..blocks.norm import rms_norm_wide
from ..config import UnsupportedModel
from ..generate.speculation import PromptLookup
from .cache import SPARE, Cache, Recent
from .decoder import CompositeDecoder, Stack


class NextTokenBlock:
    """The weights mtp.0 of a decoder with residual streams."""

    def __init__(self, decoder: CompositeDecoder) -> None:
        """Raises UnsupportedModel for a config without such a block, MissingWeight for a checkpoint without it."""
        config = decoder.config
        if not self.described(decoder):
            raise UnsupportedModel("the model has no multi-token prediction block of V4's kind")
        weights = decoder.weights.at("mtp.0")
        self.decoder = decoder
        self.input = NextTokenInput(config.norm_eps, weights)
        self.stack = Stack(config.drafts[:1], config, [weights], weights)
        self.norm = weights.tensor("norm.weight").float()

    @staticmethod
    def described(decoder: CompositeDecoder) -> bool:
        drafts = decoder.config.drafts
        return bool(drafts) and decoder.config.hyper is not None and drafts[0].attention.kind == "sliding"

    @classmethod
    def of(cls, decoder: CompositeDecoder) -> NextTokenBlock | None:
        """The block, if the checkpoint holds one; what transformers writes announces it and leaves it out."""
        there = cls.described(decoder) and decoder.weights.has("mtp.0.e_proj.weight")
        return cls(decoder) if there else None

    def states(self, streams: Tensor, following: Tensor, cache: Cache) -> Tensor:
        """Streams [n, S, D] of tokens and the ids [n] that follow them -> streams [n, S, D] of the block."""
        inputs = self.input(streams, self.decoder.embed(following))
        states: Tensor = self.stack.through(inputs, following, [(cache, following.numel())])
        return states

    def logits(self, states: Tensor) -> Tensor:
        """float32 [n, vocabulary]: what stands after the tokens that followed."""
        hidden = rms_norm_wide(self.stack.residual.end(states), self.norm, self.decoder.config.norm_eps)
        return self.decoder.head(hidden).float()


class Drafts:
    """What the block has read of one session."""

    def __init__(self, block: NextTokenBlock) -> None:
        self.block = block
        self.begin(0)

    def begin(self, length: int) -> None:
        """As if nothing were known of the first `length` tokens: drafts are worse for a while."""
        decoder = self.block.decoder
        assert decoder.config.hyper is not None
        self.cache = self.block.stack.new_cache(decoder.dtype)
        self.shape = (decoder.config.hyper.streams, decoder.config.hidden)
        self.streams = Recent(self.shape[0] * self.shape[1], 1, decoder.dtype)
        self.cache.length = self.streams.end = length
        for recent in self.cache.layers[0].recent.values():
            recent.end = length

    def read(self, ids: Tensor, states: Tensor) -> None:
        """Follow the model past tokens [n], with its states [n, S, D]."""
        seen, first = self.streams.extend(states.flatten(1))
        known = self.streams.end - 1 - first  # the last has no successor yet
        if known:
            self.cache.length = first
            self.block.states(seen[:known].unflatten(1, self.shape), ids[-known:], self.cache)

    def truncate(self, length: int) -> None:
        """Forget the tokens from position `length` on; where that is too far back, `begin` there."""
        held = self.streams.rewindable <= length <= self.streams.end
        if held and self.cache.rewindable < max(length, 1):
            self.cache.truncate(max(length - 1, 0))
            self.streams.truncate(length)
        else:
            self.begin(length)

    def draft(self, pending: Sequence[int], most: int) -> list[int]:
        """Up to `most` tokens after the session and the tokens `pending`, which it has not read yet."""
        if not pending or len(pending) + most > SPARE or not self.streams.held().shape[0]:
            return []
        before = self.streams.end - 1
        states, found, waiting = self.streams.held()[-1:].unflatten(1, self.shape), list[int](), list(pending)
        try:
            with torch.inference_mode():
                while len(found) < most:
                    for token in waiting:
                        states = self.block.states(states, torch.tensor([token]), self.cache)
                    waiting = [int(self.block.logits(states).argmax())]
                    found += waiting
        finally:
            self.cache.truncate(before)
        return found


class NextTokenLookup:
    """Drafts of a session for generate.loop: from the text so far where it repeats itself, else from the block."""

    def __init__(self, drafts: Drafts, held: list[int], most: int) -> None:
        """`held`: the tokens of the session, as it changes."""
        self.drafts, self.held, self.most = drafts, held, most
        self._repeated = PromptLookup(most)
        self._ids: list[int] = []

    def feed(self, tokens: Sequence[int]) -> None:
        self._repeated.feed(tokens)
        self._ids += tokens

    def draft(self, most: int | None = None) -> list[int]:
        limit = self.most if most is None else min(most, self.most)
        if limit <= 0:
            return []
        return self._repeated.draft(limit) or self.drafts.draft(self._ids[len(self.held) :], limit)
