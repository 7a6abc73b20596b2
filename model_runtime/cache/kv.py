"""Keys and values of the tokens a session has read."""

from __future__ import annotations

import torch
from torch import Tensor

#: positions of the first allocation
FIRST = 512


class ContextFull(RuntimeError):
    """The session has no room for more tokens."""


class KVCache:
    """One tensor per layer, [2, kv_heads, capacity, width]: keys, then values. Grows by doubling up to `limit`."""

    def __init__(self, layers: int, kv_heads: int, width: int, limit: int, dtype: torch.dtype) -> None:
        self.limit = limit
        self.length = 0
        self.capacity = min(FIRST, limit)
        self._shape = (2, kv_heads, self.capacity, width)
        self.layers = [torch.empty(self._shape, dtype=dtype) for _ in range(layers)]

    @property
    def nbytes(self) -> int:
        return sum(layer.nbytes for layer in self.layers)

    def reserve(self, count: int) -> None:
        """Make room for `count` more tokens. Raises ContextFull, and changes nothing, past `limit`."""
        needed = self.length + count
        if needed > self.limit:
            raise ContextFull(f"{needed} tokens do not fit in a context of {self.limit}")
        if needed <= self.capacity:
            return
        self.capacity = min(self.limit, max(needed, 2 * self.capacity))
        for index, old in enumerate(self.layers):
            new = old.new_empty((2, old.shape[1], self.capacity, old.shape[3]))
            new[:, :, : self.length] = old[:, :, : self.length]
            self.layers[index] = new

    def write(self, layer: int, keys: Tensor, values: Tensor, start: int) -> tuple[Tensor, Tensor]:
        """Store [n, kv_heads, width] from position `start`; returns all up to there, [kv_heads, start + n, width]."""
        end = start + keys.shape[0]
        stored = self.layers[layer]
        stored[0, :, start:end] = keys.transpose(0, 1)
        stored[1, :, start:end] = values.transpose(0, 1)
        return stored[0, :, :end], stored[1, :, :end]

    def truncate(self, length: int) -> None:
        """Forget the tokens from position `length` on; nothing is copied."""
        self.length = min(self.length, length)
