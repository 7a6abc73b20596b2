"""Blocks -> decoder: token ids and a cache -> logits, on PyTorch's own kernels.

The portable decoder, and the one for plain bfloat16 weights; kernels/native_decoder.py is the fast one. A few tokens
run through the packed weights in bfloat16, many through unpacked ones in `compute`: the two differ by rounding, so
logits depend a little on how tokens are cut into calls (the native decoder's do not). A call cuts at positions that are
multiples of CHUNK, so that a block of CHUNK tokens is computed alike whatever comes before it in the same call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .blocks.attention import attend
from .blocks.feed_forward import gate
from .blocks.norm import rms_norm
from .blocks.rotary import RotaryTable, inverse_frequencies, rotate
from .cache.kv import KVCache
from .config import DecoderConfig
from .kernels.aten import NAME as ATEN
from .kernels.aten import Linear, linear

#: up to this many rows the packed kernels beat unpacking the weights
PACKED_ROWS = 8
#: tokens per pass of prefill: bounds the workspace, and amortises unpacking the weights
CHUNK = 256


@dataclass(slots=True)
class Layer:
    attention_norm: Tensor
    qkv: Linear
    output: Linear
    feed_forward_norm: Tensor
    gate_up: Linear
    down: Linear


class Decoder:
    """The weights of a model and the pass through them. Holds no state of a session."""

    kv_dtype = torch.bfloat16
    kv_blocked = False
    #: tokens of a block of the prefix cache, and whether keys and values are the same however tokens are cut into calls
    block = CHUNK
    cuts_alike = False

    def __init__(
        self,
        config: DecoderConfig,
        embedding: Tensor,
        layers: list[Layer],
        norm: Tensor,
        head: Linear,
        frequencies: Tensor,
        compute: torch.dtype,
    ) -> None:
        self.config = config
        self.embedding = embedding
        self.layers = layers
        self.norm = norm
        self.head = head
        self.rotary = RotaryTable(frequencies)
        self.compute = compute
        """dtype of activations and unpacked weights in prefill; decoding is always bfloat16."""
        self._buffer: Tensor | None = None

    def arithmetic(self) -> list[str | int]:
        """What the bits of a result depend on beside weights and tokens."""
        return [
            ATEN,
            torch.__version__,
            torch.backends.cpu.get_cpu_capability(),
            str(self.compute),
            torch.get_num_threads(),
        ]

    def forward(self, ids: Sequence[int], cache: KVCache, all_logits: bool = False) -> Tensor:
        """Read `ids` into the cache; float32 logits of the last token [vocabulary], or of all [n, vocabulary].

        Raises ContextFull, with the cache as it was, when they do not fit.
        """
        if not ids:
            raise ValueError("no tokens to read")
        cache.reserve(len(ids))
        with torch.inference_mode():
            parts = []
            start = 0
            while start < len(ids):
                chunk = ids[start : start + CHUNK - cache.length % CHUNK]
                hidden = self._pass(chunk, cache)
                start += len(chunk)
                cache.length += len(chunk)
                if all_logits:
                    parts.append(self._logits(hidden))
            if all_logits:
                return torch.cat(parts) if len(parts) > 1 else parts[0]
            return self._logits(hidden[-1:])[0]

    def forward_each(self, ids: Sequence[int], caches: Sequence[KVCache]) -> Tensor:
        """Read one more token into each cache; float32 logits [n, vocabulary]. One after the other: a batch would give
        other bits.

        Raises ContextFull, with all caches as they were, when one is full.
        """
        for cache in caches:
            cache.reserve(1)
        return torch.stack([self.forward([token], cache) for token, cache in zip(ids, caches, strict=True)])

    def _pass(self, ids: Sequence[int], cache: KVCache) -> Tensor:
        config, count, start = self.config, len(ids), cache.length
        packed = count <= PACKED_ROWS
        kind = torch.bfloat16 if packed else self.compute
        x = self.embedding[torch.tensor(ids)].to(kind)
        cos, sin = self.rotary.at(start, count)
        turned = config.heads + config.kv_heads
        for index, layer in enumerate(self.layers):
            normed = rms_norm(x, layer.attention_norm.to(kind), config.norm_eps)
            qkv = self._multiply(layer.qkv, normed).view(count, -1, config.head_dim)
            rotated = rotate(qkv[:, :turned], cos, sin)
            keys, values = cache.write(index, rotated[:, config.heads :], qkv[:, turned:], start)
            mixed = attend(rotated[:, : config.heads].to(keys.dtype), keys, values).to(kind)
            x = x + self._multiply(layer.output, mixed)
            normed = rms_norm(x, layer.feed_forward_norm.to(kind), config.norm_eps)
            x += self._multiply(layer.down, gate(self._multiply(layer.gate_up, normed)))
        return x

    def _multiply(self, linear: Linear, x: Tensor) -> Tensor:
        if x.shape[0] <= PACKED_ROWS:
            return linear.rows(x)
        y = x @ linear.dense(self._workspace(linear)).t()
        return y if linear.bias is None else y.add_(linear.bias)

    def _workspace(self, linear: Linear) -> Tensor:
        outputs, inputs = linear.shape
        needed = outputs * inputs
        if self._buffer is None or self._buffer.numel() < needed:
            self._buffer = torch.empty(needed, dtype=self.compute)
        return self._buffer

    def _logits(self, hidden: Tensor) -> Tensor:
        normed = rms_norm(hidden, self.norm.to(hidden.dtype), self.config.norm_eps).bfloat16()
        rows = [self.head.rows(part) for part in normed.split(PACKED_ROWS)]
        return torch.cat(rows).float() if len(rows) > 1 else rows[0].float()


def workspace_bytes(config: DecoderConfig) -> int:
    """Most bytes that a pass takes beside weights and cache."""
    largest = max(2 * config.hidden * config.feed_forward, config.hidden * config.query_width)
    activations = CHUNK * (4 * config.hidden + 3 * config.feed_forward + 4 * config.query_width)
    return 4 * (2 * largest + activations + 2 * PACKED_ROWS * config.vocabulary)


def native_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 matrices in hardware; else float32 products are several times faster."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def build(config: DecoderConfig, tensors: dict[str, Tensor]) -> Decoder:
    """A decoder from tensors under the names of `quantize.repack`."""

    layers = [
        Layer(
            attention_norm=tensors[f"layers.{index}.attention_norm"].bfloat16(),
            qkv=linear(f"layers.{index}.qkv", tensors),
            output=linear(f"layers.{index}.output", tensors),
            feed_forward_norm=tensors[f"layers.{index}.feed_forward_norm"].bfloat16(),
            gate_up=linear(f"layers.{index}.gate_up", tensors),
            down=linear(f"layers.{index}.down", tensors),
        )
        for index in range(config.layers)
    ]
    frequencies = inverse_frequencies(
        config.head_dim, config.rope_theta, config.rope_scale, tensors.get("rope_factors")
    )
    return Decoder(
        config,
        tensors["embedding"],
        layers,
        tensors["norm"].bfloat16(),
        linear("head", tensors),
        frequencies,
        torch.bfloat16 if native_bfloat16() else torch.float32,
    )
