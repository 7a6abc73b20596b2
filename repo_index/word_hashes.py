"""The distinct words of a file as hashes, to rule out files that cannot hold a name."""

from __future__ import annotations

import re
import struct
import zlib

_WORD = re.compile(rb"[A-Za-z0-9_\x80-\xff]+")


def words_of(content: bytes) -> bytes:
    """The distinct words of a file as sorted 32-bit hashes: four bytes a word, little-endian."""
    hashes = sorted(map(zlib.crc32, set(_WORD.findall(content))))
    return struct.pack(f"<{len(hashes)}I", *hashes)


def word_keys(name: str) -> list[bytes]:
    """What words_of() holds for each word of a name or dotted path."""
    return [struct.pack("<I", zlib.crc32(w)) for w in _WORD.findall(name.encode("utf-8", "surrogateescape"))]


def has_words(words: bytes, keys: list[bytes]) -> bool:
    """Whether a file may hold all the words. False positives are possible, misses are not."""
    return all(k in words for k in keys)
