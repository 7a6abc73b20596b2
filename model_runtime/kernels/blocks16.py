"""Packing matrices for the native kernels: strips of 16 outputs, blocks of 32 inputs (native/matmul.h).

The codes, scales and minima of the file are kept as they are, so the packed weights are the file's own; only scales
and minima are rounded to half precision.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ..checkpoints.gguf import Groups
from ..placement import processors
from ..quantize import Packed, Source

NAME = "native"
STRIP, GROUP = 16, 32
#: weights that a thread packs at a time
ELEMENTS_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Format:
    """One of the formats of native/matmul.h, by its number there."""

    number: int
    bits: int
    minimum: bool
    halves: bool
    zero: int

    @property
    def block_bytes(self) -> int:
        planes = 64 * max(0, min(self.bits, 6) - 4) if self.bits < 8 else 0
        return 32 * (1 + self.minimum + self.halves) + (512 if self.bits == 8 else 256) + planes


#: those whose numbers are evenly spaced
FORMATS = _Q4, _Q5, _Q5_MIN, _Q6, _Q8 = (
    Format(0, 4, True, False, 0),
    Format(1, 5, False, False, 16),
    Format(2, 5, True, False, 0),
    Format(3, 6, False, True, 32),
    Format(4, 8, False, False, 128),
)
FP4 = Format(5, 4, False, False, 0)
_OF_TYPE = {
    "Q4_0": _Q4,
    "Q4_1": _Q4,
    "Q4_K": _Q4,
    "Q5_0": _Q5,
    "Q5_1": _Q5_MIN,
    "Q5_K": _Q5_MIN,
    "Q6_K": _Q6,
    "Q8_0": _Q8,
    "FP4": FP4,
}


def machine() -> str:
    """What of the machine the packed form depends on: nothing."""
    return NAME


def to_int8(weight: Tensor) -> Groups:
    """float32 [rows, columns] -> 8-bit codes around zero, rounded to nearest, a scale per 32."""
    grouped = weight.unflatten(1, (-1, GROUP))
    scale = (grouped.abs().amax(-1) / 127).half().float().clamp_(min=6e-8)
    codes = torch.round(grouped / scale.unsqueeze(-1)).clamp_(-127, 127).to(torch.int8)
    return Groups(codes.flatten(1), scale, torch.zeros_like(scale), GROUP)


def to_int4(weight: Tensor) -> Groups:
    """float32 [rows, columns] -> codes 0..15, a scale and a minimum per 32.

    Of several ranges narrower than the group's, the one with the least squared error is taken.
    """
    grouped = weight.unflatten(1, (-1, GROUP))
    low, high = grouped.aminmax(dim=-1, keepdim=True)
    best: tuple[Tensor, ...] = ()
    for part in (1.0, 0.9):
        middle, reach = (low + high) / 2, (high - low) / 2 * part
        scale = (reach * 2 / 15).half().float().clamp_(min=6e-8)
        offset = (middle - reach).half().float()
        codes = torch.round((grouped - offset) / scale).clamp_(0, 15)
        error = (codes * scale + offset - grouped).square().sum(-1, keepdim=True)
        if not best:
            best = (error, codes, scale, offset)
        else:
            better = error < best[0]
            best = tuple(
                torch.where(better, new, old) for new, old in zip((error, codes, scale, offset), best, strict=True)
            )
    _, codes, scale, offset = best
    return Groups(codes.to(torch.int8).flatten(1), scale.squeeze(-1), offset.squeeze(-1), GROUP)


def _padded(weight: Tensor) -> Tensor:
    return torch.nn.functional.pad(weight, (0, -weight.shape[1] % GROUP))


def choose(kind: str, part: Groups | Tensor, scheme: str) -> tuple[Format, Groups]:
    """The format and codes for a matrix under a scheme."""
    if isinstance(part, Groups) and kind in _OF_TYPE and part.codes.shape[1] % GROUP == 0:
        own = _OF_TYPE[kind]
        if scheme == "mix" or own.bits == {"int4": 4, "int8": 8}[scheme]:
            return own, part
    weight = _padded(part.dequantize() if isinstance(part, Groups) else part)
    return (_Q4, to_int4(weight)) if scheme == "int4" else (_Q8, to_int8(weight))


def blocks(groups: Groups, form: Format) -> Tensor:
    """uint8 [strips, bytes of a strip]; rows are padded with zeros to whole strips."""
    rows, columns = groups.codes.shape
    short = -rows % STRIP
    codes, scale, offset = groups.codes, groups.scale, groups.offset
    if short:
        codes, scale, offset = (torch.nn.functional.pad(x, (0, 0, 0, short)) for x in (codes, scale, offset))
    strips = (rows + short) // STRIP

    def halves(numbers: Tensor, part: int, of: int) -> Tensor:
        mine = numbers.view(strips, STRIP, columns // GROUP, of)[..., part]
        return mine.transpose(1, 2).to(torch.float16).contiguous().view(torch.uint8)

    lead = [halves(scale, part, 2) for part in range(2)] if form.halves else [halves(scale, 0, 1)]
    unsigned = codes
    if form.minimum:
        if int(codes.min()) < 0:  # Q4_0 counts from -8
            unsigned, offset = codes + 8, offset - 8 * scale
        lead.append(halves(offset, 0, 1))
    elif form.zero == 128:
        unsigned = (codes.view(torch.uint8) ^ 128).view(torch.int8)
    else:
        unsigned = codes + form.zero
    # [strips, column blocks, 8 steps, 16 outputs x 4 inputs]
    steps = unsigned.view(torch.uint8).view(strips, STRIP, columns // GROUP, 8, 4).permute(0, 2, 3, 1, 4)
    steps = steps.reshape(strips, columns // GROUP, 8, 64)
    if form.bits == 8:
        return torch.cat([*lead, steps.flatten(2)], -1).flatten(1)
    body = (steps[:, :, 0::2] & 15) | ((steps[:, :, 1::2] & 15) << 4)
    powers = torch.tensor([1, 2, 4, 8, 16, 32, 64, 128], dtype=torch.uint8)
    planes = [
        (((steps >> bit) & 1).unflatten(-1, (8, 8)) * powers).sum(-1, dtype=torch.uint8).flatten(2)
        for bit in range(4, form.bits)
    ]
    return torch.cat([*lead, body.flatten(2), *planes], -1).flatten(1)


def _pack_rows(part: Source, scheme: str, first: int, last: int) -> tuple[int, Tensor]:
    form, groups = choose(part.type, part.read(first, last), scheme)
    return form.number, blocks(groups, form)


def pack(name: str, parts: Sequence[Source], scheme: str) -> Iterator[Packed]:
    """Pack matrices that are multiplied as one: a tensor for each, [strips, bytes of a strip].

    Rows are packed in pieces that stay in a processor's cache, one piece a thread: over whole matrices the same
    operations take three times as long.
    """
    with ThreadPoolExecutor(processors(), initializer=torch.set_num_threads, initargs=(1,)) as threads:
        for index, part in enumerate(parts):
            outputs, inputs = part.shape
            step = max(1, ELEMENTS_AT_ONCE // inputs // STRIP) * STRIP if part.order is None else outputs
            firsts = range(0, outputs, step)
            lasts = [min(first + step, outputs) for first in firsts]
            packed = list(threads.map(partial(_pack_rows, part, scheme), firsts, lasts))
            about = {"format": packed[0][0], "outputs": outputs, "inputs": inputs}
            yield f"{name}.{index}", torch.cat([strips for _, strips in packed]), about
