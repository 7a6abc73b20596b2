"""Keys and values of the tokens a session has read."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor

from ..config import DecoderConfig
from ..placement import kv_bytes

#: positions of the first allocation, and the unit of every later one
FIRST, BLOCK = 512, 32


class ContextFull(RuntimeError):
    """The session has no room for more tokens."""


def rounded(positions: int) -> int:
    """The next multiple of BLOCK."""
    return -(-positions // BLOCK) * BLOCK


class KVCache:
    """One tensor per layer, [2, kv_heads, capacity, width]: keys, then values. Grows by doubling up to `limit`.

    With `blocked` keys, 16 positions lie together as [width, 16] in the same place (native/attention.h).
    """

    def __init__(
        self,
        config: DecoderConfig,
        limit: int,
        dtype: torch.dtype,
        blocked: bool,
        admit: Callable[[int], None],
    ) -> None:
        """`admit(bytes)` is asked before memory is taken; what it raises, the caller sees."""
        self.limit = limit
        self.blocked = blocked
        self.length = 0
        self.capacity = rounded(min(FIRST, limit))
        self._admit = admit
        shape = (2, config.kv_heads, self.capacity, config.head_dim)
        self.admitted = kv_bytes(config, self.capacity, dtype.itemsize)
        """Bytes that were admitted, to be given back when the cache is gone."""
        admit(self.admitted)
        self.layers = [torch.empty(shape, dtype=dtype) for _ in range(config.layers)]

    def over(self, layers: list[Tensor], limit: int, admitted: int) -> KVCache:
        """A cache of the same kind that holds the same tokens in other memory, of which `admitted` bytes count."""
        self._admit(admitted)
        other = copy.copy(self)
        other.layers, other.limit, other.admitted = layers, limit, admitted
        other.capacity = layers[0].shape[2]
        return other

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
        capacity, held = rounded(min(self.limit, max(needed, 2 * self.capacity))), rounded(self.length)
        more = self.nbytes // self.capacity * capacity - self.admitted
        self._admit(more)
        self.admitted += more
        for index, old in enumerate(self.layers):  # one at a time: only one layer is there twice
            new = old.new_empty(2, old.shape[1], capacity, old.shape[3])
            new[:, :, :held] = old[:, :, :held]
            self.layers[index] = new
        self.capacity = capacity

    def write(self, layer: int, keys: Tensor, values: Tensor, start: int) -> tuple[Tensor, Tensor]:
        """Store [n, kv_heads, width] from position `start`; returns all up to there, [kv_heads, start + n, width].

        For keys that are not blocked.
        """
        end = start + keys.shape[0]
        stored = self.layers[layer]
        stored[0, :, start:end] = keys.transpose(0, 1)
        stored[1, :, start:end] = values.transpose(0, 1)
        return stored[0, :, :end], stored[1, :, :end]

    def snapshot(self, layer: int) -> Tensor:
        """A copy of a layer, [2, kv_heads, length rounded up to BLOCK, width], zero beyond `length`."""
        copy = self.layers[layer][:, :, : rounded(self.length)].clone()
        copy[1, :, self.length :] = 0
        if self.blocked:
            _, heads, positions, width = copy.shape
            keys = copy[0].view(heads, positions // 16, width, 16).transpose(2, 3)  # [heads, blocks, 16, width]
            beyond = torch.arange(positions).view(1, -1, 16, 1) >= self.length
            keys.masked_fill_(beyond, 0)
        else:
            copy[0, :, self.length :] = 0
        return copy

    def pieces(self, start: int, end: int) -> list[memoryview]:
        """The memory of positions start .. end (multiples of BLOCK, within the capacity): the bytes of each layer, kind
        and head. Not valid after `reserve`."""
        found = []
        for layer in self.layers:
            array = layer.view(torch.uint8).numpy()
            kinds, heads = array.shape[:2]
            for kind in range(kinds):
                found += [array[kind, head, start:end].data.cast("B") for head in range(heads)]
        return found

    def take(self, other: KVCache, length: int) -> None:
        """Hold what `other` of the same model holds of the positions from `self.length` up to `length`."""
        start, end = self.length // BLOCK * BLOCK, rounded(length)
        self.reserve(length - self.length)
        for mine, its in zip(self.layers, other.layers, strict=True):
            mine[:, :, start:end] = its[:, :, start:end]
        self.length = length

    def truncate(self, length: int) -> None:
        """Forget the tokens from position `length` on; nothing is copied."""
        self.length = min(self.length, length)
