"""Matrices of a decoder in the forms the CPU multiplies fast.

Each form has two faces: `rows(x)` multiplies a few bfloat16 rows straight from the packed weights (decoding reads
every weight once per token, so their size decides the speed), and `dense(buffer)` unpacks the matrix for a matrix
product over many rows (prefill, where arithmetic decides).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

#: weights that share one scale and zero point in the int4 form
INT4_GROUP = 32


class Linear(Protocol):
    """y = x W^T + b for a matrix W [outputs, inputs]."""

    outputs: int
    inputs: int
    bias: Tensor | None

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
    def outputs(self) -> int:
        return self.weight.shape[0]

    @property
    def inputs(self) -> int:
        return self.weight.shape[1]

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
    def outputs(self) -> int:
        return self.codes.shape[0]

    @property
    def inputs(self) -> int:
        return self.codes.shape[1]

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
    def outputs(self) -> int:
        return self.packed.shape[0]

    @property
    def inputs(self) -> int:
        return self.packed.shape[1] * 2

    def rows(self, x: Tensor) -> Tensor:
        y = torch.ops.aten._weight_int4pack_mm_for_cpu(x, self.packed, INT4_GROUP, self.scale_zero)
        return y if self.bias is None else y.add_(self.bias)

    def dense(self, buffer: Tensor) -> Tensor:
        outputs, inputs = self.outputs, self.inputs
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


def pack_int4(codes: Tensor) -> Tensor:
    """int [outputs, inputs] of 0..15 -> the layout of the int4 kernel of this CPU."""
    return torch.ops.aten._convert_weight_to_int4pack_for_cpu(codes.to(torch.int32), 1)
