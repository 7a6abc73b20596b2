"""A checkpoint folder of Hugging Face form: config.json and safetensors shards, read tensor by tensor.

Headers are read and checked when the folder is opened; numbers are read when asked for, mapped (`mapped`) or copied
(`load`). The format is read here rather than by its library, since checkpoints hold types that it may not know (E8M0
scales) and since parts of tensors are wanted without the rest.
Format: https://github.com/huggingface/safetensors#format: 8 bytes length, JSON header, data; offsets from the data.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from ..config import BadCheckpoint

CONFIG, INDEX, SINGLE = "config.json", "model.safetensors.index.json", "model.safetensors"
_MOST_HEADER = 100_000_000
DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E8M0": torch.float8_e8m0fnu,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a tensor stands."""

    shard: Path
    dtype: torch.dtype
    shape: tuple[int, ...]
    begin: int
    """Bytes from the start of the file."""

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


class SafetensorsFolder:
    """The tensors of a folder. Raises BadCheckpoint; OSError when a file is unreadable."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = read_json(path / CONFIG)
        self.tensors: dict[str, Stored] = {}
        """By name, sorted."""
        digest = hashlib.sha256(json.dumps(self.config, sort_keys=True).encode())
        index = path / INDEX
        places = _weight_map(index) if index.is_file() else None
        names = sorted(set(places.values())) if places is not None else _shards(path)
        found: dict[str, Stored] = {}
        for name in names:
            shard = path / name
            if not shard.is_file():
                raise BadCheckpoint(f"{path}: the shard {name}, which {INDEX} names, is missing")
            header, stamp = _read_header(shard)
            digest.update(f"{name} {stamp}".encode())
            for tensor, stored in header.items():
                if tensor in found and places is None:
                    raise BadCheckpoint(f"{path}: {name} and {found[tensor].shard.name} both hold {tensor}")
                if places is None or places.get(tensor) == name:
                    found[tensor] = stored
        if places is not None and (absent := sorted(places.keys() - found.keys())):
            raise BadCheckpoint(f"{path}: {places[absent[0]]} lacks {absent[0]}, which {INDEX} places there")
        self.tensors = dict(sorted(found.items()))
        self.digest = digest.hexdigest()
        """Of config.json, and of the names, headers, sizes and times of change of the shards."""
        self._maps: dict[Path, torch.UntypedStorage] = {}

    @property
    def nbytes(self) -> int:
        return sum(stored.nbytes for stored in self.tensors.values())

    def info(self, name: str) -> Stored:
        try:
            return self.tensors[name]
        except KeyError:
            raise BadCheckpoint(f"{self.path} has no tensor {name}") from None

    def mapped(self, name: str) -> Tensor:
        """The tensor over the mapped file: reading it reads the disk, writing to it does not write the file."""
        stored = self.info(name)
        if stored.begin % stored.dtype.itemsize or not stored.nbytes:
            return self.load(name)
        if stored.shard not in self._maps:
            size = stored.shard.stat().st_size
            storage = torch.UntypedStorage.from_file(str(stored.shard), shared=False, nbytes=size)
            self._maps[stored.shard] = cast(torch.UntypedStorage, storage)
        part = self._maps[stored.shard][stored.begin : stored.begin + stored.nbytes]
        strides = torch.empty(stored.shape, device="meta").stride()
        return torch.empty(0, dtype=stored.dtype).set_(cast(torch.UntypedStorage, part), 0, stored.shape, strides)

    def load(self, name: str, first: int = 0, last: int | None = None) -> Tensor:
        """A copy of the tensor, or of its entries first .. last along the first dimension; nothing else is read."""
        stored = self.info(name)
        shape = stored.shape
        if first or last is not None:
            shape = (len(range(*slice(first, last).indices(shape[0]))), *shape[1:])
        row = math.prod(stored.shape[1:]) * stored.dtype.itemsize
        raw = torch.empty(math.prod(shape) * stored.dtype.itemsize, dtype=torch.uint8)
        read_into(stored.shard, raw, stored.begin + first * row)
        return raw.view(stored.dtype).view(shape)


def read_into(path: Path, buffer: Tensor, at: int) -> None:
    """Fill a uint8 tensor from byte `at` of a file. Raises BadCheckpoint when the file ends before."""
    view = buffer.numpy().data
    handle = os.open(path, os.O_RDONLY)
    try:
        done = 0
        while done < len(view):
            count = os.preadv(handle, [view[done:]], at + done)
            if not count:
                raise BadCheckpoint(f"{path} ends at {at + done} bytes; it has been cut short")
            done += count
    finally:
        os.close(handle)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises BadCheckpoint."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadCheckpoint(f"{path.parent} is no checkpoint: it has no {path.name}") from None
    except ValueError as error:
        raise BadCheckpoint(f"{path} is damaged: {error}") from None
    if not isinstance(found, dict):
        raise BadCheckpoint(f"{path} is damaged: it holds no object")
    return found


def _weight_map(index: Path) -> dict[str, str]:
    places = read_json(index).get("weight_map")
    if not isinstance(places, dict) or not places or not all(isinstance(name, str) for name in places.values()):
        raise BadCheckpoint(f"{index} is damaged: it has no weight_map")
    if foreign := sorted(name for name in places.values() if Path(name).name != name):
        raise BadCheckpoint(f"{index} names a shard outside its folder: {foreign[0]}")
    return places


def _shards(path: Path) -> list[str]:
    if (path / SINGLE).is_file():
        return [SINGLE]
    if not (names := sorted(file.name for file in path.glob("*.safetensors"))):
        raise BadCheckpoint(f"{path} is no checkpoint: it has no safetensors files")
    if any("-of-" in name for name in names):
        raise BadCheckpoint(f"{path} has shards, but no {INDEX} to say which belong together")
    return names


def _read_header(shard: Path) -> tuple[dict[str, Stored], str]:
    """The tensors of a shard, and what tells this file from others."""
    status = shard.stat()
    with shard.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if status.st_size < 8 or length > min(_MOST_HEADER, status.st_size - 8):
            raise BadCheckpoint(f"{shard} is no safetensors file, or has been cut short")
        raw = file.read(length)
    try:
        header = json.loads(raw)
        header.pop("__metadata__", None)
        tensors = {}
        end = 0
        for name, entry in header.items():
            first, last = entry["data_offsets"]
            stored = Stored(shard, DTYPES[entry["dtype"]], tuple(entry["shape"]), 8 + length + first)
            if not 0 <= first <= last or min(stored.shape, default=0) < 0 or stored.nbytes != last - first:
                raise BadCheckpoint(f"{shard}: {name} has {last - first} bytes instead of {stored.nbytes}")
            tensors[name] = stored
            end = max(end, last)
    except KeyError as error:
        if error.args[0] not in ("dtype", "shape", "data_offsets"):
            raise BadCheckpoint(f"{shard}: {name} is of type {error.args[0]}, which is not supported") from None
        raise BadCheckpoint(f"{shard}: {name} lacks {error.args[0]}") from None
    except (ValueError, TypeError, AttributeError) as error:
        if isinstance(error, BadCheckpoint):
            raise
        raise BadCheckpoint(f"{shard}: the header is damaged") from None
    if 8 + length + end != status.st_size:
        raise BadCheckpoint(f"{shard} has {status.st_size} bytes instead of {8 + length + end}: fetch it again")
    return tensors, f"{status.st_size} {status.st_mtime_ns} {hashlib.sha256(raw).hexdigest()}"
