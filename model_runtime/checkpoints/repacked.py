"""Packed weights on disk: written once, then memory-mapped, so that loading is quick and pages are shared.

Layout: the magic, the length of the header (uint64, little-endian), the SHA-256 of the header, the header (JSON: what
the weights are, and dtype, shape and place of each tensor), then the tensors, each on a 64-byte boundary.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

_MAGIC = b"V4WEIGHT"
_FIXED = len(_MAGIC) + 8 + 32
_ALIGN = 64
_MOST_HEADER = 16_000_000
_DTYPES = {
    "uint8": torch.uint8,
    "int8": torch.int8,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float32": torch.float32,
}


class BadRepackedFile(RuntimeError):
    """A packed file that is damaged, cut short or of another kind. It can be made again from its source."""


def write(path: Path, about: dict[str, Any], tensors: Iterable[tuple[str, Tensor, dict[str, Any]]]) -> None:
    """Write the file whole or not at all, readable by its owner alone. Raises OSError when the disk refuses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    entries: dict[str, dict[str, Any]] = {}
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".making-")
    try:
        with os.fdopen(handle, "wb") as file, tempfile.TemporaryFile(dir=path.parent) as body:
            at = 0
            for name, tensor, more in tensors:
                tensor = tensor.contiguous()
                kind = str(tensor.dtype).removeprefix("torch.")
                entries[name] = {"dtype": kind, "shape": list(tensor.shape), "at": at, **more}
                data = tensor.view(-1).view(torch.uint8).numpy().data
                body.write(data)
                padding = -len(data) % _ALIGN
                body.write(b"\0" * padding)
                at += len(data) + padding
            header = json.dumps({**about, "tensors": entries, "bytes": at}, sort_keys=True).encode()
            file.write(_MAGIC + len(header).to_bytes(8, "little") + hashlib.sha256(header).digest() + header)
            file.write(b"\0" * (-file.tell() % _ALIGN))
            body.seek(0)
            while block := body.read(1 << 22):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def read_header(path: Path) -> tuple[dict[str, Any], int]:
    """The header and the byte where the tensors start. Raises BadRepackedFile, or OSError when unreadable."""
    with path.open("rb") as file:
        fixed = file.read(_FIXED)
        if len(fixed) < _FIXED or not fixed.startswith(_MAGIC):
            raise BadRepackedFile(f"{path} is not a file of packed weights")
        length = int.from_bytes(fixed[8:16], "little")
        raw = file.read(length) if length <= _MOST_HEADER else b""
        if hashlib.sha256(raw).digest() != fixed[16:]:
            raise BadRepackedFile(f"{path}: the header is damaged")
        header: dict[str, Any] = json.loads(raw)
        start = -(-(_FIXED + length) // _ALIGN) * _ALIGN
        size = os.fstat(file.fileno()).st_size
        if size != start + header["bytes"]:
            raise BadRepackedFile(f"{path} has {size} bytes instead of {start + header['bytes']}")
    return header, start


def load(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The header and the tensors, mapped: reading them reads the file, and writing to them does not."""
    header, start = read_header(path)
    size = path.stat().st_size
    storage = torch.UntypedStorage.from_file(str(path), shared=False, nbytes=size)
    tensors = {}
    for name, entry in header["tensors"].items():
        dtype = _DTYPES[entry["dtype"]]
        count, begin = math.prod(entry["shape"]), start + entry["at"]
        tensor = torch.empty(0, dtype=dtype)
        part = cast(torch.UntypedStorage, storage[begin : begin + count * tensor.element_size()])
        tensor.set_(part, 0, tuple(entry["shape"]), torch.empty(entry["shape"], device="meta").stride())
        tensors[name] = tensor
    return header, tensors
