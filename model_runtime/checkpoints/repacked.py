"""Packed weights on disk: written once, then memory-mapped, so that loading is quick and pages are shared.

Layout: 64 bytes of magic, place, length and SHA-256 of the header; the tensors, each on a 64-byte boundary; the header
(JSON: what the weights are, and dtype, shape and place of each tensor), with which the file ends.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

_MAGIC = b"V4WEIGH2"
_ALIGN = _LEAD = 64
_MOST_HEADER = 16_000_000
_DTYPES = {
    "uint8": torch.uint8,
    "int8": torch.int8,
    "int32": torch.int32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float32": torch.float32,
    "float8_e4m3fn": torch.float8_e4m3fn,
    "float8_e8m0fnu": torch.float8_e8m0fnu,
}


class BadRepackedFile(RuntimeError):
    """A packed file that is damaged, cut short or of another kind. It can be made again from its source."""


def write(path: Path, about: dict[str, Any], tensors: Iterable[tuple[str, Tensor, dict[str, Any]]]) -> None:
    """Write the file whole or not at all, readable by its owner alone. `tensors`: name, tensor, and what else is to be
    kept about it. Raises OSError when the disk refuses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    entries: dict[str, dict[str, Any]] = {}
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".making-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(b"\0" * _LEAD)
            for name, tensor, more in tensors:
                tensor = tensor.contiguous()
                kind = str(tensor.dtype).removeprefix("torch.")
                entries[name] = {"dtype": kind, "shape": list(tensor.shape), "at": file.tell(), **more}
                file.write(tensor.view(-1).view(torch.uint8).numpy().data)
                file.write(b"\0" * (-file.tell() % _ALIGN))
            at = file.tell()
            header = json.dumps({**about, "tensors": entries, "bytes": at}, sort_keys=True).encode()
            file.write(header)
            file.seek(0)
            file.write(_MAGIC + at.to_bytes(8, "little") + len(header).to_bytes(8, "little"))
            file.write(hashlib.sha256(header).digest())
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def read_header(path: Path) -> dict[str, Any]:
    """What the file holds. Raises BadRepackedFile, or OSError when unreadable."""
    with path.open("rb") as file:
        lead = file.read(_LEAD)
        if len(lead) < _LEAD or not lead.startswith(_MAGIC):
            raise BadRepackedFile(f"{path} is not a file of packed weights")
        at, length = int.from_bytes(lead[8:16], "little"), int.from_bytes(lead[16:24], "little")
        size = os.fstat(file.fileno()).st_size
        if at + length != size or length > _MOST_HEADER:
            raise BadRepackedFile(f"{path} has {size} bytes instead of {at + length}")
        file.seek(at)
        raw = file.read(length)
        if hashlib.sha256(raw).digest() != lead[24:56]:
            raise BadRepackedFile(f"{path}: the header is damaged")
    header: dict[str, Any] = json.loads(raw)
    return header


def nbytes(entry: Mapping[str, Any]) -> int:
    """Bytes of a tensor, from its entry in the header."""
    return math.prod(entry["shape"]) * _DTYPES[entry["dtype"]].itemsize


def view(raw: Tensor, entry: Mapping[str, Any], begin: int) -> Tensor:
    """A tensor inside the bytes (uint8) that were read from place `begin` of the file."""
    at = entry["at"] - begin
    return raw[at : at + nbytes(entry)].view(_DTYPES[entry["dtype"]]).view(tuple(entry["shape"]))


def load(path: Path, wanted: Callable[[str], bool] = bool) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The header and the wanted tensors (by default all), mapped: reading them reads the file, and writing to them does
    not write it."""
    header = read_header(path)
    storage = torch.UntypedStorage.from_file(str(path), shared=False, nbytes=path.stat().st_size)
    tensors = {}
    for name, entry in header["tensors"].items():
        if not wanted(name):
            continue
        begin = entry["at"]
        part = cast(torch.UntypedStorage, storage[begin : begin + nbytes(entry)])
        strides = torch.empty(entry["shape"], device="meta").stride()
        tensors[name] = torch.empty(0, dtype=_DTYPES[entry["dtype"]]).set_(part, 0, tuple(entry["shape"]), strides)
    return header, tensors
