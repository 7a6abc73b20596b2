"""Reading GGUF files: the table of tensors, and their blocks as integer codes with a scale and an offset per group.

Every block type supported here stores a weight as `code * scale + offset`, with one scale and offset for 16 or 32
consecutive weights of a row; block layouts follow ggml-common.h, and the tests hold them equal to the `gguf` package.
"""

from __future__ import annotations

import math
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..gguf_metadata import BadGGUF, _Reader, read_metadata

_MOST_TENSORS = 100_000
#: id in the file -> (name, weights per block, bytes per block)
TYPES: dict[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    30: ("BF16", 1, 2),
}


@dataclass(frozen=True, slots=True)
class TensorInfo:
    name: str
    shape: tuple[int, ...]
    """Rows first: a matrix is [outputs, inputs]."""
    type: str
    offset: int
    """Bytes from the start of the file."""
    nbytes: int


@dataclass(frozen=True, slots=True)
class Groups:
    """A matrix as `codes * scale + offset`: codes int8 [rows, columns], scale and offset float32
    [rows, columns / size]."""

    codes: torch.Tensor
    scale: torch.Tensor
    offset: torch.Tensor
    size: int

    def dequantize(self) -> torch.Tensor:
        """float32 [rows, columns]."""
        rows, columns = self.codes.shape
        grouped = self.codes.view(rows, columns // self.size, self.size).float()
        grouped.mul_(self.scale.unsqueeze(-1)).add_(self.offset.unsqueeze(-1))
        return grouped.view(rows, columns)


class GGUFFile:
    """A GGUF file. Raises BadGGUF for a file that is foreign, damaged or cut short."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.metadata: dict[str, Any] = read_metadata(self.path)
        self.tensors = _tensor_table(self.path)

    def info(self, name: str) -> TensorInfo:
        try:
            return self.tensors[name]
        except KeyError:
            raise BadGGUF(f"{self.path}: the tensor {name} is missing") from None

    def raw(self, name: str, first: int = 0, last: int | None = None) -> torch.Tensor:
        """The blocks of rows first .. last: uint8 [rows, bytes of a row]."""
        info = self.info(name)
        rows = math.prod(info.shape[:-1])
        last, width = rows if last is None else min(last, rows), info.nbytes // rows
        # read, not mapped: what is mapped counts as memory of the process
        data = np.fromfile(self.path, np.uint8, (last - first) * width, offset=info.offset + first * width)
        if len(data) != (last - first) * width:
            raise BadGGUF(f"{self.path} is cut short: {name} cannot be read")
        return torch.from_numpy(data).view(last - first, width)

    def groups(self, name: str, first: int = 0, last: int | None = None) -> Groups | None:
        """The codes of a quantised tensor, or None for one that holds plain numbers."""
        decode = _DECODERS.get(self.info(name).type)
        return decode(self.raw(name, first, last)) if decode else None

    def load(self, name: str, first: int = 0, last: int | None = None) -> torch.Tensor:
        """Rows first .. last of a tensor as float32; a vector counts as one row."""
        info = self.info(name)
        groups = self.groups(name, first, last)
        if groups is not None:
            found = groups.dequantize()
        else:
            plain = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}[info.type]
            found = self.raw(name, first, last).view(plain).float()
        return found.view(info.shape) if len(info.shape) < 2 else found.view(-1, *info.shape[1:])


def _tensor_table(path: Path) -> dict[str, TensorInfo]:
    size = path.stat().st_size
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        reader = _Reader(data)
        reader.at = 8
        try:
            count, keys = reader.scalar("Q"), reader.scalar("Q")
            alignment = 32
            for _ in range(keys):
                key = reader.string()
                value = reader.value(reader.scalar("I"))
                if key == "general.alignment":
                    alignment = int(value)
            if count > _MOST_TENSORS or alignment < 1:
                raise BadGGUF(f"it claims {count} tensors at an alignment of {alignment}")
            entries = [_tensor_entry(reader) for _ in range(count)]
        except (struct.error, RecursionError, BadGGUF) as error:
            raise BadGGUF(f"{path}: the table of tensors is damaged: {error}") from None
        start = -(-reader.at // alignment) * alignment
    table: dict[str, TensorInfo] = {}
    for name, shape, kind, offset in entries:
        type_name, per_block, block_bytes = TYPES.get(kind, ("", 1, 0))
        if not type_name:
            raise BadGGUF(f"{path}: {name} has type {kind}, which is not supported")
        if not shape or min(shape) < 1 or shape[-1] % per_block:
            raise BadGGUF(f"{path}: {name} has the impossible shape {list(shape)}")
        nbytes = math.prod(shape) // per_block * block_bytes
        if start + offset + nbytes > size:
            raise BadGGUF(f"{path} is cut short: {name} ends at byte {start + offset + nbytes} of {size}")
        table[name] = TensorInfo(name, shape, type_name, start + offset, nbytes)
    return table


def _tensor_entry(reader: _Reader) -> tuple[str, tuple[int, ...], int, int]:
    name = reader.string()
    dimensions = reader.scalar("I")
    if dimensions > 4:
        raise BadGGUF(f"{name} claims {dimensions} dimensions")
    shape = tuple(reversed([reader.scalar("Q") for _ in range(dimensions)]))
    return name, shape, reader.scalar("I"), reader.scalar("Q")


def _halves(blocks: torch.Tensor, at: int, count: int = 1) -> torch.Tensor:
    """`count` float16 numbers that stand at byte `at` of each block, as float32 [..., count]."""
    return blocks[..., at : at + 2 * count].contiguous().view(torch.float16).float()


def _flat(codes: torch.Tensor, scale: torch.Tensor, offset: torch.Tensor | None, size: int) -> Groups:
    rows = codes.shape[0]
    codes = codes.to(torch.int8).reshape(rows, -1)
    scale = scale.reshape(rows, -1)
    offset = torch.zeros_like(scale) if offset is None else offset.reshape(rows, -1)
    return Groups(codes, scale, offset, size)


def _nibbles(packed: torch.Tensor) -> torch.Tensor:
    """Low halves of all bytes, then high halves, along the last axis."""
    return torch.cat([packed & 15, packed >> 4], -1)


def _bits(words: torch.Tensor, low: int) -> torch.Tensor:
    """The fifth bits of Q5_0 and Q5_1: bit j of four bytes belongs to weight j."""
    shifts = torch.arange(8, dtype=torch.uint8)
    return ((words.unsqueeze(-1) >> shifts) & 1).flatten(-2) << low


def _q4_0(raw: torch.Tensor) -> Groups:
    blocks = raw.view(raw.shape[0], -1, 18)
    return _flat(_nibbles(blocks[..., 2:]).to(torch.int8) - 8, _halves(blocks, 0), None, 32)


def _q4_1(raw: torch.Tensor) -> Groups:
    blocks = raw.view(raw.shape[0], -1, 20)
    return _flat(_nibbles(blocks[..., 4:]), _halves(blocks, 0), _halves(blocks, 2), 32)


def _q5_0(raw: torch.Tensor) -> Groups:
    blocks = raw.view(raw.shape[0], -1, 22)
    codes = _nibbles(blocks[..., 6:]) | _bits(blocks[..., 2:6], 4)
    return _flat(codes.to(torch.int8) - 16, _halves(blocks, 0), None, 32)


def _q5_1(raw: torch.Tensor) -> Groups:
    blocks = raw.view(raw.shape[0], -1, 24)
    codes = _nibbles(blocks[..., 8:]) | _bits(blocks[..., 4:8], 4)
    return _flat(codes, _halves(blocks, 0), _halves(blocks, 2), 32)


def _q8_0(raw: torch.Tensor) -> Groups:
    blocks = raw.view(raw.shape[0], -1, 34)
    return _flat(blocks[..., 2:].contiguous().view(torch.int8), _halves(blocks, 0), None, 32)


def _k_scales(packed: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Eight 6-bit scales and eight 6-bit minima from the 12 bytes of a Q4_K or Q5_K block."""
    low, high, mixed = packed[..., 0:4], packed[..., 4:8], packed[..., 8:12]
    scales = torch.cat([low & 63, (mixed & 15) | ((low >> 6) << 4)], -1)
    minima = torch.cat([high & 63, (mixed >> 4) | ((high >> 6) << 4)], -1)
    return scales.float(), minima.float()


def _k_groups(blocks: torch.Tensor, codes: torch.Tensor) -> Groups:
    scales, minima = _k_scales(blocks[..., 4:16])
    return _flat(codes, _halves(blocks, 0) * scales, -(_halves(blocks, 2) * minima), 32)


def _q4_k(raw: torch.Tensor) -> Groups:
    blocks = raw.view(raw.shape[0], -1, 144)
    return _k_groups(blocks, _nibbles(blocks[..., 16:].unflatten(-1, (4, 32))))


def _q5_k(raw: torch.Tensor) -> Groups:
    blocks = raw.view(raw.shape[0], -1, 176)
    low = _nibbles(blocks[..., 48:].unflatten(-1, (4, 32))).unflatten(-1, (2, 32)).flatten(-3, -2)
    shifts = torch.arange(8, dtype=torch.uint8).unsqueeze(-1)
    high = (blocks[..., 16:48].unsqueeze(-2) >> shifts) & 1
    return _k_groups(blocks, low | (high << 4))


def _q6_k(raw: torch.Tensor) -> Groups:
    blocks = raw.view(raw.shape[0], -1, 210)
    low = _nibbles(blocks[..., :128].unflatten(-1, (2, 64)))  # [..., 2, 128]
    shifts = torch.tensor([0, 2, 4, 6], dtype=torch.uint8).unsqueeze(-1)
    high = (blocks[..., 128:192].unflatten(-1, (2, 1, 32)) >> shifts) & 3  # [..., 2, 4, 32]
    codes = (low | (high.flatten(-2) << 4)).to(torch.int8) - 32
    scales = blocks[..., 192:208].contiguous().view(torch.int8).float()
    return _flat(codes, _halves(blocks, 208) * scales, None, 16)


_DECODERS = {
    "Q4_0": _q4_0,
    "Q4_1": _q4_1,
    "Q5_0": _q5_0,
    "Q5_1": _q5_1,
    "Q8_0": _q8_0,
    "Q4_K": _q4_k,
    "Q5_K": _q5_k,
    "Q6_K": _q6_k,
}
