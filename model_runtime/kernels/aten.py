"""Matrices for PyTorch's own CPU kernels: the portable way, used where the native kernels cannot be built.

Each form has two faces: `rows(x)` multiplies a few bfloat16 rows straight from the packed weights (decoding reads
every weight once per token, so their size decides the speed), and `dense(buffer)` unpacks the matrix for a matrix
product over many rows (prefill, where arithmetic decides).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from ..checkpoints.gguf import Groups
from ..quantize import Packed, Source

NAME = "aten"
#: weights that share one scale and zero point in the int4 form
INT4_GROUP = 32
_FOUR_BITS = ("Q4_0", "Q4_1", "Q4_K")


class Linear(Protocol):
    """y = x W^T + b for a matrix W [outputs, inputs]."""

    bias: Tensor | None

    @property
    def shape(self) -> tuple[int, int]: ...

    def rows(self, x: Tensor) -> Tensor:
        """bfloat16 [n, inputs] -> bfloat16 [n, outputs], for small n."""
        ...

    def dense(self, buffer: Tensor) -> Tensor:
        """The matrix as [outputs, inputs] in the dtype of `buffer`, which may be used for it; without the bias."""
        ...


@dataclass(slots=True)
class DenseLinear:
    """Plain weights [outputs, inputs], bfloat16."""

    weight: Tensor
    bias: Tensor | None

    @property
    def shape(self) -> tuple[int, int]:
        return self.weight.shape[0], self.weight.shape[1]

    def rows(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)

    def dense(self, buffer: Tensor) -> Tensor:
        if buffer.dtype == self.weight.dtype:
            return self.weight
        return buffer[: self.weight.numel()].view(self.weight.shape).copy_(self.weight)


@dataclass(slots=True)
class Int8Linear:
    """codes int8 [outputs, inputs] times scale bfloat16 [outputs]."""

    codes: Tensor
    scale: Tensor
    bias: Tensor | None

    @property
    def shape(self) -> tuple[int, int]:
        return self.codes.shape[0], self.codes.shape[1]

    def rows(self, x: Tensor) -> Tensor:
        y = torch._weight_int8pack_mm(x, self.codes, self.scale)
        return y if self.bias is None else y.add_(self.bias)

    def dense(self, buffer: Tensor) -> Tensor:
        out = buffer[: self.codes.numel()].view(self.codes.shape)
        return torch.mul(self.codes, self.scale.to(buffer.dtype).unsqueeze(1), out=out)


@dataclass(slots=True)
class Int4Linear:
    """(code - 8) * scale + zero, a scale and a zero for every INT4_GROUP inputs.

    `packed` uint8 [outputs, inputs / 2] is in the layout of this CPU (see `pack_int4`); `scale_zero` bfloat16
    [inputs / INT4_GROUP, outputs, 2].
    """

    packed: Tensor
    scale_zero: Tensor
    bias: Tensor | None

    @property
    def shape(self) -> tuple[int, int]:
        return self.packed.shape[0], self.packed.shape[1] * 2

    def rows(self, x: Tensor) -> Tensor:
        y = torch.ops.aten._weight_int4pack_mm_for_cpu(x, self.packed, INT4_GROUP, self.scale_zero)
        return y if self.bias is None else y.add_(self.bias)

    def dense(self, buffer: Tensor) -> Tensor:
        outputs, inputs = self.shape
        width = int4_block()
        by_input = buffer[: outputs * inputs].view(inputs, outputs)
        codes = self.packed.view(outputs // width, inputs, width // 2).transpose(0, 1)
        halves = by_input.view(inputs, outputs // width, 2, width // 2)
        halves[:, :, 0] = codes & 15
        halves[:, :, 1] = codes >> 4
        scale, zero = self.scale_zero.to(buffer.dtype).unbind(-1)
        grouped = by_input.view(-1, INT4_GROUP, outputs)
        grouped.mul_(scale.unsqueeze(1)).add_((zero - 8 * scale).unsqueeze(1))
        return by_input.t()


def int4_block() -> int:
    """Outputs that the int4 layout of this CPU interleaves: matrices need a multiple of it."""
    return 64 if torch.backends.cpu.get_cpu_capability() == "AVX512" else 32


def machine() -> str:
    """What of the machine the packed form depends on."""
    return f"{NAME}-{int4_block()}"


def pack_int4(codes: Tensor) -> Tensor:
    """int [outputs, inputs] of 0..15 -> the layout of the int4 kernel of this CPU."""
    return torch.ops.aten._convert_weight_to_int4pack_for_cpu(codes.to(torch.int32), 1)


def int8_rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """float32 [rows, columns] -> int8 codes and a bfloat16 scale per row, rounded to nearest."""
    scale = (weight.abs().amax(1) / 127).clamp_(min=1e-12).bfloat16()
    codes = torch.round(weight / scale.float().unsqueeze(1)).clamp_(-127, 127)
    return codes.to(torch.int8), scale


def int4_groups(weight: Tensor) -> tuple[Tensor, Tensor]:
    """float32 [rows, columns] -> codes 0..15 and bfloat16 (scale, zero) [columns / group, rows, 2]: the range of each
    group is cut into 15 steps."""
    grouped = weight.view(weight.shape[0], -1, INT4_GROUP)
    low, high = grouped.aminmax(dim=-1)
    scale = ((high - low) / 15).clamp_(min=1e-12).bfloat16()
    zero = (low + 8 * scale.float()).bfloat16()
    codes = torch.round((grouped - zero.float().unsqueeze(-1)) / scale.float().unsqueeze(-1)) + 8
    scale_zero = torch.stack([scale, zero], -1).transpose(0, 1).contiguous()
    return codes.clamp_(0, 15).to(torch.int32).view(weight.shape), scale_zero


def int4_from_file(groups: Groups) -> tuple[Tensor, Tensor]:
    """The file's own 4-bit codes with its scales and minima, in the form of `int4_groups`."""
    codes, offset = groups.codes.to(torch.int32), groups.offset
    if int(codes.min()) < 0:  # Q4_0 counts from -8
        codes, offset = codes + 8, offset - 8 * groups.scale
    scale = groups.scale.bfloat16()
    zero = (offset + 8 * groups.scale).bfloat16()
    return codes, torch.stack([scale, zero], -1).transpose(0, 1).contiguous()


def pack(name: str, parts: Sequence[Source], scheme: str) -> Iterator[Packed]:
    """Pack matrices that are multiplied as one: the tensors of one Linear."""
    outputs = sum(part.shape[0] for part in parts)
    fits = outputs % int4_block() == 0 and all(part.shape[1] % INT4_GROUP == 0 for part in parts)
    read = [part.read(0, part.shape[0]) for part in parts]
    if scheme == "mix" and fits and all(part.type in _FOUR_BITS for part in parts):
        own = [int4_from_file(part) for part in read if isinstance(part, Groups)]
        yield f"{name}.packed", pack_int4(torch.cat([codes for codes, _ in own])), {}
        yield f"{name}.scale_zero", torch.cat([scale_zero for _, scale_zero in own], 1).contiguous(), {}
        return
    weight = torch.cat([part.dequantize() if isinstance(part, Groups) else part for part in read])
    if scheme == "bf16":
        yield f"{name}.weight", weight.bfloat16(), {}
    elif scheme == "int4" and fits:
        codes, scale_zero = int4_groups(weight)
        yield f"{name}.packed", pack_int4(codes), {}
        yield f"{name}.scale_zero", scale_zero, {}
    else:
        codes, scale = int8_rows(weight)
        yield f"{name}.codes", codes, {}
        yield f"{name}.scale", scale, {}


def linear(name: str, tensors: Mapping[str, Tensor]) -> Linear:
    """The matrix that `pack` wrote under that name."""
    bias = tensors.get(f"{name}.bias")
    bias = None if bias is None else bias.bfloat16()
    if f"{name}.packed" in tensors:
        return Int4Linear(tensors[f"{name}.packed"], tensors[f"{name}.scale_zero"], bias)
    if f"{name}.codes" in tensors:
        return Int8Linear(tensors[f"{name}.codes"], tensors[f"{name}.scale"], bias)
    return DenseLinear(tensors[f"{name}.weight"], bias)
