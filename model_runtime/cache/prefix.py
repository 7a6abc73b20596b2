"""Keys and values of prompts on disk, so that no process reads the same beginning of a prompt twice.

Tokens are cut into blocks of a fixed number; the key of a block is a hash of the key before it and of its tokens, so it
names everything the block depends on (a hash chain, as in vLLM's automatic prefix caching). The first key names the
weights, the kernels and the layout of the memory. What a file holds is checked before it counts; anything wrong with
it, or with the disk, means that the tokens are computed.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import time
from array import array
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import block_file
from .disk_space import MOST_BYTES, allowance, make_room, prefix_folder
from .kv import KVCache

#: files read and checked at once
_READERS = min(4, os.cpu_count() or 1)


class PrefixCache:
    """The blocks of one model on one kind of kernels. Safe with several processes and threads."""

    def __init__(self, identity: Sequence[object], block: int, most_bytes: int = MOST_BYTES) -> None:
        """`identity`: whatever the bits of keys and values depend on, beside the tokens; JSON values.
        `block`: tokens per file. `most_bytes`: that all folders of prefixes together may hold."""
        self.block = block
        self.most_bytes = most_bytes
        self._root = hashlib.sha256(json.dumps([block_file.MAGIC.decode(), block, *identity]).encode()).digest()
        self.folder = prefix_folder() / self._root.hex()[:16]

    def keys(self, ids: Sequence[int]) -> list[bytes]:
        """The key of each full block of `ids`."""
        keys, key = [], self._root
        for end in range(self.block, len(ids) + 1, self.block):
            key = hashlib.sha256(key + array("i", ids[end - self.block : end]).tobytes()).digest()
            keys.append(key)
        return keys

    def path(self, key: bytes) -> Path:
        return self.folder / f"{key.hex()[:40]}.kv"

    def held(self, ids: Sequence[int]) -> int:
        """How many first tokens of `ids` there are files for; their content is not looked at."""
        return self.block * len(self._present(self.keys(ids)))

    def _present(self, keys: Sequence[bytes]) -> list[bytes]:
        return list(itertools.takewhile(lambda key: self.path(key).is_file(), keys))

    def restore(self, ids: Sequence[int], cache: KVCache) -> int:
        """Continue a cache that holds the first tokens of `ids`, a whole number of blocks, as far as there are blocks.

        Returns how many tokens it then holds. Raises what `KVCache.reserve` raises.
        """
        first = cache.length // self.block
        keys = self._present(self.keys(ids)[first:]) if cache.length % self.block == 0 else []
        if not keys:
            return cache.length
        cache.reserve(len(keys) * self.block)
        numbers = range(first, first + len(keys))
        with ThreadPoolExecutor(_READERS) as pool:  # leaving it waits for all: nobody writes to the cache after
            read = list(pool.map(lambda n: self._read(keys[n - first], ids, n, cache), numbers))
        good = len(list(itertools.takewhile(bool, read)))
        self._touch(keys[:good])
        cache.length += good * self.block
        return cache.length

    def _read(self, key: bytes, ids: Sequence[int], number: int, cache: KVCache) -> bool:
        path, start = self.path(key), number * self.block
        try:
            block_file.read(path, key, ids[start : start + self.block], cache.pieces(start, start + self.block))
            return True
        except block_file.BadBlock:
            with contextlib.suppress(OSError):
                path.unlink()  # it is written again once computed
        except OSError:
            pass
        return False

    def _touch(self, keys: Sequence[bytes]) -> None:
        """Mark as used now. A block counts as older than the one before it, without which it is of no use."""
        now = time.time_ns()
        for age, key in enumerate(keys):
            with contextlib.suppress(OSError):
                os.utime(self.path(key), ns=(now - 1000 * age, now - 1000 * age))

    def store(self, ids: Sequence[int], cache: KVCache) -> int:
        """Write the blocks of `ids` that are not there yet; `cache` holds at least these tokens.

        Returns how many were written. A disk that is full, or refuses, is no error: the rest is left out.
        """
        keys = self.keys(ids)
        missing = [n for n, key in enumerate(keys) if not self.path(key).exists()]
        if not missing:
            return 0
        size = block_file.size_of(self.block, cache.pieces(0, self.block))
        written = 0
        try:
            for part in (prefix_folder().parent, prefix_folder(), self.folder):
                part.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._touch(keys)
            allowed = allowance(prefix_folder(), self.most_bytes)
            fitting = [n for n in missing if n < allowed // size]  # the first blocks are worth most
            if fitting:
                make_room(prefix_folder(), len(fitting) * size, allowed, block_file.DRAFT)
            for number in fitting:
                start, end = number * self.block, (number + 1) * self.block
                block_file.write(self.path(keys[number]), keys[number], ids[start:end], cache.pieces(start, end))
                written += 1
        except OSError:
            pass
        self._touch(keys)
        return written
