"""Keys and values that several sessions hold in the same pages of memory, each page copied when one writes to it.

The system does the copying: the common part lies in an anonymous file, of which each session has a private mapping.
Positions that nobody has written take no memory, so the mappings have room for all that is to come.
"""

from __future__ import annotations

import mmap
import os

import torch
from torch import Tensor

from .kv import BLOCK, KVCache, rounded

#: whether this system can share pages that way; elsewhere a session is given a copy
POSSIBLE = hasattr(os, "memfd_create")


class SharedPages:
    """What `cache` holds, with room for `positions` in all; closed when no session uses it any more."""

    def __init__(self, cache: KVCache, positions: int) -> None:
        first = cache.layers[0]
        self.dtype = first.dtype
        self.shape = (first.shape[0], first.shape[1], rounded(positions), first.shape[3])
        self.count = len(cache.layers)
        size = first.element_size() * self.shape[0] * self.shape[1] * self.shape[2] * self.shape[3]
        self._stride = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        self._file = os.memfd_create("v4-keys-values", os.MFD_CLOEXEC)
        try:
            os.ftruncate(self._file, self._stride * self.count)
            whole = mmap.mmap(self._file, self._stride * self.count)
            held = rounded(cache.length)
            for mine, its in zip(self._tensors(whole), cache.layers, strict=True):
                mine[:, :, :held] = its[:, :, :held]
        except BaseException:
            os.close(self._file)
            raise

    def _tensors(self, memory: mmap.mmap) -> list[Tensor]:
        elements = self.shape[0] * self.shape[1] * self.shape[2] * self.shape[3]
        return [
            torch.frombuffer(memory, dtype=self.dtype, count=elements, offset=index * self._stride).view(self.shape)
            for index in range(self.count)
        ]

    def private(self) -> list[Tensor]:
        """The layers of a cache that holds the same, and whose writes nobody else sees."""
        flags = mmap.MAP_PRIVATE | getattr(mmap, "MAP_NORESERVE", 0)
        protection = mmap.PROT_READ | mmap.PROT_WRITE
        return self._tensors(mmap.mmap(self._file, self._stride * self.count, flags=flags, prot=protection))

    def __del__(self) -> None:
        if (file := getattr(self, "_file", None)) is not None:
            os.close(file)


def fork(cache: KVCache, limit: int, pages: SharedPages) -> KVCache:
    """A cache that holds what `cache` holds in the pages made of it, with room for `limit` tokens in all.

    Only what it may write is admitted.
    """
    needed = cache.nbytes // cache.capacity * (rounded(limit) - cache.length // BLOCK * BLOCK)
    return cache.over(pages.private(), limit, needed)
