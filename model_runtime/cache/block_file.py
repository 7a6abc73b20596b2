"""One file per block of tokens: their ids, keys and values, under a checksum.

Layout, little-endian: magic (8 bytes), key of the block (32), SHA-256 of all that follows (32), number of ids (8), the
ids (int32 each), then keys and values as `KVCache.pieces` gives them. A block is read with plain reads into memory
that is there already, not mapped: a file that another program cuts short meanwhile is then a short read, not a signal.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from array import array
from collections.abc import Sequence
from pathlib import Path

MAGIC = b"V4PREFX1"
_LEAD = len(MAGIC) + 32 + 32
#: how a file that is being written is called until it is whole
DRAFT = ".making-"


class BadBlock(RuntimeError):
    """The file is not the block that was asked for: damaged, cut short or foreign."""


def _head(ids: Sequence[int]) -> bytes:
    numbers = array("i", ids)
    if numbers.itemsize != 4:
        raise RuntimeError("this platform has no 32-bit int")
    return len(ids).to_bytes(8, "little") + numbers.tobytes()


def size_of(count: int, pieces: Sequence[memoryview]) -> int:
    """Bytes of the file of `count` ids with these pieces."""
    return _LEAD + 8 + 4 * count + sum(piece.nbytes for piece in pieces)


def write(path: Path, key: bytes, ids: Sequence[int], pieces: Sequence[memoryview]) -> None:
    """Write the block whole or not at all, readable by its owner alone. Raises OSError when the disk refuses.

    The file is not flushed to the disk itself: after a power cut the checksum tells what is missing.
    """
    head = _head(ids)
    digest = hashlib.sha256(head)
    for piece in pieces:
        digest.update(piece)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=DRAFT)  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(MAGIC + key + digest.digest() + head)
            for piece in pieces:
                file.write(piece)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def read(path: Path, key: bytes, ids: Sequence[int], pieces: Sequence[memoryview]) -> None:
    """Fill `pieces` with the keys and values of the block.

    Raises BadBlock, FileNotFoundError, OSError; `pieces` then hold anything.
    """
    head = _head(ids)
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    with open(handle, "rb", buffering=0) as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size != size_of(len(ids), pieces):
            raise BadBlock(f"{path} has not the size of a block")
        lead = bytearray(_LEAD + len(head))
        _fill(file, memoryview(lead))
        if lead[: len(MAGIC) + 32] != MAGIC + key or lead[_LEAD:] != head:
            raise BadBlock(f"{path} is another block")
        digest = hashlib.sha256(head)
        for piece in pieces:
            _fill(file, piece)
            digest.update(piece)
    if digest.digest() != lead[len(MAGIC) + 32 : _LEAD]:
        raise BadBlock(f"{path} is damaged")


def _fill(file: object, piece: memoryview) -> None:
    done = 0
    while done < piece.nbytes:
        count = file.readinto(piece[done:])  # type: ignore[attr-defined]
        if not count:
            raise BadBlock("the file ends too early")
        done += count
