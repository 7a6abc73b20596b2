"""Number formats of DeepSeek's checkpoints: FP8 and FP4 codes with a scale per block, to and from float32.

    FP8 E4M3   one byte, [rows, columns]; one scale per 128 x 128 (V3.2, V4) or 32 x 32 (V4.1) block
    FP4 E2M1   four bits, two to a byte, [rows, columns / 2], the low half the even column; one scale per 32 columns
    E8M0       a scale of one byte b: 2^(b - 127); 255 is not a number. V3.2 has float32 scales instead.

weight = code * scale. Decoding is exact in float32. Encoding takes, per block, the smallest power of two with which
the largest magnitude fits (or with float32 scales that magnitude over the largest code) and rounds to nearest, ties to
even; what `decode` gave is encoded without loss. Source: OCP Microscaling Formats (MX) 1.0, sections 5.3 and 5.4.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..config import BadCheckpoint

FP8 = torch.float8_e4m3fn
E8M0 = torch.float8_e8m0fnu
FP8_MOST, FP4_MOST = 448.0, 6.0
#: columns that share a scale in the FP4 form
FP4_GROUP = 32
#: sides of the square blocks of the FP8 form that checkpoints use
FP8_BLOCKS = (128, 32)

#: values of the 16 FP4 codes; the highest bit is the sign
FP4_VALUES = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0])
_FP4_PAIRS = torch.stack([FP4_VALUES.repeat(16), FP4_VALUES.repeat_interleave(16)], -1)
#: a magnitude above the i-th bound is at least code i + 1. At a tie the even code wins: where that is the upper one,
#: the bound lies just below the middle
_FP4_BOUNDS = torch.tensor([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0])
_FP4_BOUNDS[1::2] = torch.nextafter(_FP4_BOUNDS[1::2], torch.tensor(0.0))
_E8M0_VALUES = torch.tensor([*(2.0 ** (code - 127) for code in range(255)), float("nan")], dtype=torch.float64).float()


def scale_values(scale: Tensor) -> Tensor:
    """float32 numbers of scales, E8M0 (also as uint8) or any float type."""
    if scale.dtype in (E8M0, torch.uint8):
        return _E8M0_VALUES[scale.view(torch.uint8).int()]
    return scale.float()


def decode(weight: Tensor, scale: Tensor) -> Tensor:
    """float32 [rows, columns] from codes and scales as stored; the types say which form it is.

    Raises BadCheckpoint for a type without codes, and scales whose shape does not fit.
    """
    if weight.dtype == FP8:
        return decode_fp8(weight, scale)
    if weight.dtype in (torch.int8, torch.uint8):
        return decode_fp4(weight, scale)
    raise BadCheckpoint(f"there are scales for numbers of type {str(weight.dtype).removeprefix('torch.')}")


def fp8_block(shape: tuple[int, ...], scales: tuple[int, ...]) -> int:
    """Side of the blocks, from the shapes of a matrix and of its scales. Raises BadCheckpoint when none fits."""
    for side in FP8_BLOCKS:
        if len(shape) == 2 and scales == tuple(-(-size // side) for size in shape):
            return side
    raise BadCheckpoint(f"scales of shape {list(scales)} do not fit a matrix of shape {list(shape)}")


def decode_fp8(weight: Tensor, scale: Tensor) -> Tensor:
    """float32 [rows, columns] from E4M3 codes [rows, columns] and a scale per block."""
    side = fp8_block(tuple(weight.shape), tuple(scale.shape))
    rows, columns = weight.shape
    wide = scale_values(scale).repeat_interleave(side, 1)[:, :columns]
    result = weight.float()
    for first in range(0, rows, side):
        result[first : first + side] *= wide[first // side]
    return result


def decode_fp4(weight: Tensor, scale: Tensor) -> Tensor:
    """float32 [rows, columns] from E2M1 codes [rows, columns / 2] and scales [rows, columns / 32]."""
    rows, half = weight.shape
    if tuple(scale.shape) != (rows, 2 * half // FP4_GROUP) or 2 * half % FP4_GROUP:
        raise BadCheckpoint(f"scales of shape {list(scale.shape)} do not fit {rows} rows of {2 * half} FP4 numbers")
    numbers = _FP4_PAIRS[weight.view(torch.uint8).int()].view(rows, -1, FP4_GROUP)
    return numbers.mul_(scale_values(scale).unsqueeze(-1)).view(rows, -1)


def table_rows(codes: Tensor, scales: Tensor, ids: Tensor) -> Tensor:
    """float32 rows `ids` [n] of a table; only those are read.

    Tables have scales of their own in every row, one for each run of columns; matrices one for a block of rows.
    """
    if codes.dtype != FP8:
        return decode(_taken(codes, ids), _taken(scales, ids))
    side = 1 if scales.shape[0] == codes.shape[0] else fp8_block(tuple(codes.shape), tuple(scales.shape))
    wide = -(-codes.shape[1] // scales.shape[1])
    factors = scale_values(_taken(scales, ids // side)).repeat_interleave(wide, 1)
    return _taken(codes, ids).float() * factors[:, : codes.shape[1]]


def _taken(table: Tensor, ids: Tensor) -> Tensor:
    """Rows of a table of any type; not every type of codes can be indexed as such."""
    return table.view(torch.uint8)[ids].view(table.dtype)


def fp4_codes(weight: Tensor) -> Tensor:
    """uint8 [rows, columns] of 0..15 from packed codes [rows, columns / 2]."""
    packed = weight.view(torch.uint8)
    return torch.stack([packed & 15, packed >> 4], -1).flatten(1)


def encode_fp8(weight: Tensor, side: int = 128, power_of_two: bool = True) -> tuple[Tensor, Tensor]:
    """E4M3 codes and scales (E8M0, or float32) of float32 [rows, columns]."""
    rows, columns = weight.shape
    high, wide = -(-rows // side), -(-columns // side)
    padded = torch.nn.functional.pad(weight.float(), (0, wide * side - columns, 0, high * side - rows))
    blocks = padded.view(high, side, wide, side)
    most = blocks.abs().amax((1, 3))
    if power_of_two:
        scale = _power_of_two(most / FP8_MOST)
        numbers = scale_values(scale)
    else:
        numbers = scale = (most / FP8_MOST).clamp(min=torch.finfo(torch.float32).tiny)
    codes = (blocks / numbers[:, None, :, None]).clamp(-FP8_MOST, FP8_MOST).to(FP8)
    return codes.view(high * side, wide * side)[:rows, :columns].contiguous(), scale


def encode_fp4(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Packed E2M1 codes, int8 [rows, columns / 2], and E8M0 scales [rows, columns / 32] of float32 [rows, columns]."""
    groups = weight.float().unflatten(1, (-1, FP4_GROUP))
    scale = _power_of_two(groups.abs().amax(-1) / FP4_MOST)
    scaled = groups / scale_values(scale).unsqueeze(-1)
    codes = torch.bucketize(scaled.abs(), _FP4_BOUNDS).to(torch.uint8) | (scaled.signbit().to(torch.uint8) << 3)
    even, odd = codes.flatten(1).unflatten(1, (-1, 2)).unbind(-1)
    return (even | (odd << 4)).view(torch.int8), scale


def _power_of_two(least: Tensor) -> Tensor:
    """E8M0 codes of the smallest powers of two that are not below `least`."""
    mantissa, exponent = torch.frexp(least)  # least = mantissa * 2^exponent, mantissa in [0.5, 1)
    exponent = torch.where(mantissa == 0.5, exponent - 1, exponent)
    exponent = torch.where(least == 0, torch.zeros_like(exponent), exponent)
    return (exponent + 127).clamp_(0, 254).to(torch.uint8).view(E8M0)
