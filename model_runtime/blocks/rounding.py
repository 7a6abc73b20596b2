"""Rounding of what V4.1 caches to the formats that it was trained with: the numbers change, the type does not.

A block of the last dimension shares a scale: E4M3 numbers with a power of two for window rows; E2M1 numbers with a
power of two for index keys and queries, and with an E4M3 scale for compressed rows. A tensor whose last dimension is no
multiple of the block stays as it is. Halves go to the even neighbour.
"""

from __future__ import annotations

import torch
from torch import Tensor

_E2M1 = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])
#: between neighbours; just below or above, so that halves go to the even code
_BOUNDS = torch.tensor([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0])
_UP = torch.tensor([False, True, False, True, False, True, False])
_EDGES = torch.where(_UP, torch.nextafter(_BOUNDS, torch.tensor(0.0)), _BOUNDS)


def round_fp8(x: Tensor, block: int = 32) -> Tensor:
    """x [..., d] to E4M3 with a power-of-two scale per `block`."""
    if x.shape[-1] % block:
        return x
    groups = x.float().unflatten(-1, (-1, block))
    scale = torch.exp2((groups.abs().amax(-1, keepdim=True).clamp_min(1e-4) / 448).log2().ceil())
    codes = (groups / scale).clamp(-448, 448).to(torch.float8_e4m3fn)
    return (codes.float() * scale).flatten(-2).to(x.dtype)


def round_fp4(x: Tensor, block: int = 32, e4m3_scale: bool = False) -> Tensor:
    """x [..., d] to E2M1 with a scale per `block`."""
    if x.shape[-1] % block:
        return x
    groups = x.float().unflatten(-1, (-1, block))
    least = 6 * 2.0**-9 if e4m3_scale else 6 * 2.0**-126
    most = groups.abs().amax(-1, keepdim=True).clamp_min(least) / 6
    scale = most.to(torch.float8_e4m3fn).float() if e4m3_scale else torch.exp2(most.log2().ceil())
    scaled = (groups / scale).clamp(-6, 6)
    rounded = _E2M1[torch.bucketize(scaled.abs(), _EDGES)].copysign(scaled)
    return (rounded * scale).flatten(-2).to(x.dtype)
