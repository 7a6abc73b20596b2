"""Blocks -> decoder: token ids and caches -> logits, for every family that CompositeConfig describes.

Tokens of several sessions go through together (`Span`): matrices are read once for all of them, attention is done
session by session. All choices (rows, experts) are under a total order, so cutting the tokens into other passes changes
logits by rounding alone: matrix products of other shapes add up in another order (float32: about 1e-6 relative).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ..blocks.engram import EngramBlock
from ..blocks.experts import RoutedExpertsBlock
from ..blocks.feed_forward import SwiGLU
from ..blocks.latent_attention import LatentAttentionBlock
from ..blocks.norm import rms_norm_wide
from ..blocks.shared_kv_attention import SharedKVAttentionBlock
from ..config import UnsupportedModel
from .cache import Cache, LayerCache, Span
from .config import (
    AttentionConfig,
    CompositeConfig,
    DenseFeedForward,
    FeedForwardConfig,
    LayerConfig,
    SharedKVAttention,
)
from .residual import State, residual
from .weights import Weights

#: tokens per pass of prefill: bounds the workspace
CHUNK = 512

FeedForward = Callable[[Tensor, Tensor], Tensor]
"""x [n, D] and token ids [n] -> [n, D]."""


class Attention(Protocol):
    def new_cache(self, dtype: torch.dtype) -> LayerCache: ...
    def link(self, caches: list[LayerCache]) -> None:
        """Tie the layer's cache to those of the layers that it reads; `caches` are of all layers, in order."""
        ...

    def __call__(self, x: Tensor, spans: Sequence[Span]) -> Tensor: ...


def attention_block(config: AttentionConfig, weights: Weights) -> Attention:
    """The attention of a layer; `weights` is layers.N.attn."""
    if isinstance(config, SharedKVAttention):
        return SharedKVAttentionBlock(config, weights)
    return LatentAttentionBlock(config, weights)


def feed_forward_block(config: FeedForwardConfig, weights: Weights) -> FeedForward:
    """The feed-forward of a layer; `weights` is layers.N.ffn."""
    if isinstance(config, DenseFeedForward):
        return SwiGLU(weights)
    return RoutedExpertsBlock(config, weights)


@dataclass(frozen=True, slots=True)
class Layer:
    attention_norm: Tensor
    attention: Attention
    feed_forward_norm: Tensor
    feed_forward: FeedForward
    engram: EngramBlock | None


class Stack:
    """Layers and the residual they share. Holds no state of a session."""

    def __init__(
        self,
        layers: tuple[LayerConfig, ...],
        config: CompositeConfig,
        weights: list[Weights],
        head: Weights,
        token_map: Tensor | None = None,
    ) -> None:
        self.norm_eps = config.norm_eps
        self.residual = residual(layers, config, weights, head)
        self.layers = [
            _layer(layer, part, token_map, config.norm_eps) for layer, part in zip(layers, weights, strict=True)
        ]

    def new_cache(self, dtype: torch.dtype) -> Cache:
        caches = [layer.attention.new_cache(dtype) for layer in self.layers]
        for layer, cache in zip(self.layers, caches, strict=True):
            layer.attention.link(caches)
            if layer.engram is not None:
                layer.engram.add_to(cache)
        return Cache(caches)

    def through(self, state: State, ids: Tensor, sessions: Sequence[tuple[Cache, int]]) -> State:
        """Tokens past all layers: `sessions` gives, in the order of the rows, caches and how many rows are theirs."""
        eps = self.norm_eps
        for index, layer in enumerate(self.layers):
            spans, first = [], 0
            for cache, count in sessions:
                spans.append(Span(first, count, cache.length, cache.layers[index]))
                first += count

            def attend(x: Tensor, layer: Layer = layer, spans: list[Span] = spans) -> Tensor:
                return layer.attention(rms_norm_wide(x, layer.attention_norm, eps), spans)

            def feed(x: Tensor, layer: Layer = layer) -> Tensor:
                return layer.feed_forward(rms_norm_wide(x, layer.feed_forward_norm, eps), ids)

            if layer.engram is not None:
                read = layer.engram(self.residual.streams(state), ids, spans)
                state = self.residual.with_streams(state, read)
            state = self.residual.through(state, index, 0, attend)
            state = self.residual.through(state, index, 1, feed)
        for cache, count in sessions:
            cache.length += count
        return state


def _layer(config: LayerConfig, weights: Weights, token_map: Tensor | None, norm_eps: float) -> Layer:
    engram = None
    if config.engram is not None:
        if token_map is None:
            raise UnsupportedModel("the model has an Engram, which needs its tokenizer: tokenizer.json is missing")
        engram = EngramBlock(config.engram, token_map, norm_eps, weights.at("engram"))
    return Layer(
        weights.tensor("attn_norm.weight").float(),
        attention_block(config.attention, weights.at("attn")),
        weights.tensor("ffn_norm.weight").float(),
        feed_forward_block(config.feed_forward, weights.at("ffn")),
        engram,
    )


class CompositeDecoder:
    """The whole model."""

    def __init__(
        self,
        config: CompositeConfig,
        weights: Weights,
        dtype: torch.dtype = torch.float32,
        token_map: Sequence[int] | None = None,
    ) -> None:
        """`dtype`: of activations and caches, float32 or bfloat16. `token_map`: the compressed id of every token
        (engram_layout.alike), for models with an Engram. Raises UnsupportedModel, MissingWeight."""
        self.config = config
        self.weights = weights
        self.dtype = dtype
        parts = [weights.at(f"layers.{index}") for index in range(len(config.layers))]
        ids = torch.tensor(token_map) if token_map is not None else None
        self.stack = Stack(config.layers, config, parts, weights, ids)
        self.norm = weights.tensor("norm.weight").float()
        self.head = weights.linear("embed" if config.tied_output else "head")

    def new_cache(self) -> Cache:
        return self.stack.new_cache(self.dtype)

    def embed(self, ids: Tensor) -> Tensor:
        """[n] -> [n, D]. Raises ValueError for an id outside the vocabulary."""
        if ids.numel() and not 0 <= int(ids.min()) <= int(ids.max()) < self.config.vocabulary:
            raise ValueError(f"token ids must lie between 0 and {self.config.vocabulary - 1}")
        return self.weights.rows("embed.weight", ids).to(self.dtype)

    def states(self, ids: Tensor, sessions: Sequence[tuple[Cache, int]]) -> State:
        """What flows out of the last layer for tokens [n] of some sessions; gradients flow through."""
        return self.stack.through(self.stack.residual.begin(self.embed(ids)), ids, sessions)

    def logits(self, state: State, last: bool = False) -> Tensor:
        """float32 [n, vocabulary], or of the last token only, [1, vocabulary]."""
        ended = self.stack.residual.end(state)
        hidden = rms_norm_wide(ended[-1:] if last else ended, self.norm, self.config.norm_eps)
        return self.head(hidden).float()

    def forward(
        self,
        ids: Sequence[int],
        cache: Cache,
        all_logits: bool = False,
        seen: Callable[[Tensor, State], None] | None = None,
    ) -> Tensor:
        """Read `ids` into the cache; float32 logits of the last token [vocabulary], or of all [n, vocabulary].

        `seen` is called with the tokens [n] of every pass and what flowed out of its last layer.
        """
        if not ids:
            raise ValueError("no tokens to read")
        parts = []
        with torch.inference_mode():
            for start in range(0, len(ids), CHUNK):
                chunk = torch.tensor(ids[start : start + CHUNK])
                state = self.states(chunk, [(cache, chunk.numel())])
                if seen is not None:
                    seen(chunk, state)
                if all_logits or start + CHUNK >= len(ids):
                    parts.append(self.logits(state, last=not all_logits))
            return torch.cat(parts) if all_logits else parts[0][0]

    def step(self, requests: Sequence[tuple[Sequence[int], Cache]]) -> list[Tensor]:
        """Read a few tokens of each of several sessions in one pass; float32 logits [tokens, vocabulary] of each."""
        counts = [len(ids) for ids, _ in requests]
        if not all(counts):
            raise ValueError("no tokens to read")
        flat = torch.tensor([token for ids, _ in requests for token in ids])
        with torch.inference_mode():
            state = self.states(flat, [(cache, count) for (_, cache), count in zip(requests, counts, strict=True)])
            return list(self.logits(state).split(counts))
