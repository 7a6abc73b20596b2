"""The metadata at the head of a GGUF file, read without its tensors and without torch or numpy.

The `gguf` package reads the same in about ten seconds for a vocabulary of 150,000 tokens, since it wraps
every string in arrays; a command that only counts tokens cannot wait for that. Format: version 2 and 3 of
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, little-endian.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Any

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
#: no table of a real model comes near these; a damaged file is refused before it asks for memory
_MOST_KEYS, _MOST_ITEMS = 10_000, 4_000_000


class BadGGUF(ValueError):
    """The file is not a GGUF file, or its head is damaged or cut short."""


class _Reader:
    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.at = 0

    def scalar(self, code: str) -> Any:
        (value,) = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def string(self) -> str:
        length = self.scalar("Q")
        end = self.at + length
        if end > len(self.data):
            raise BadGGUF("a string runs past the end of the file")
        raw = self.data[self.at : end]
        self.at = end
        return raw.decode("utf-8", "surrogateescape")

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            return self.array()
        if kind not in _SCALARS:
            raise BadGGUF(f"unknown value type {kind}")
        return self.scalar(_SCALARS[kind])

    def array(self) -> list[Any]:
        kind, count = self.scalar("I"), self.scalar("Q")
        if count > _MOST_ITEMS:
            raise BadGGUF(f"an array claims {count} items")
        if kind in _SCALARS:
            values = struct.unpack_from(f"<{count}{_SCALARS[kind]}", self.data, self.at)
            self.at += struct.calcsize(f"<{count}{_SCALARS[kind]}")
            return list(values)
        if kind == _STRING:
            return self._strings(count)
        return [self.value(kind) for _ in range(count)]

    def _strings(self, count: int) -> list[str]:
        # a vocabulary and its merges are 300,000 strings: this loop is the cost of reading a file
        data, at, size = self.data, self.at, len(self.data)
        length_at = struct.Struct("<Q").unpack_from
        found = []
        for _ in range(count):
            start = at + 8
            at = start + length_at(data, at)[0]
            if at > size:
                raise BadGGUF("a string runs past the end of the file")
            found.append(data[start:at].decode("utf-8", "surrogateescape"))
        self.at = at
        return found


def read_metadata(path: Path | str) -> dict[str, Any]:
    """All key-value pairs of the file, as Python values; "tensor_count" is added.

    Raises BadGGUF when the file is no GGUF file or is damaged, OSError when it cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise BadGGUF(f"{path} is not a GGUF file")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            reader = _Reader(data)
            reader.at = 4
            try:
                version, tensors, keys = reader.scalar("I"), reader.scalar("Q"), reader.scalar("Q")
                if version not in (2, 3):
                    raise BadGGUF(f"GGUF version {version} is not supported (2 and 3 are)")
                if keys > _MOST_KEYS:
                    raise BadGGUF(f"it claims {keys} metadata keys")
                found: dict[str, Any] = {"tensor_count": tensors}
                for _ in range(keys):
                    name = reader.string()
                    found[name] = reader.value(reader.scalar("I"))
                return found
            except (struct.error, RecursionError, BadGGUF) as error:
                raise BadGGUF(f"{path}: the metadata is damaged: {error}") from None
