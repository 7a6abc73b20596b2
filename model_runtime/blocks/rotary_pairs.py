"""Rotary position embedding of interleaved pairs on the trailing dimensions, with YaRN (V4).

For a pair (2i, 2i + 1) of the last `width` dimensions and position p:

    (a, b) -> (a cos - b sin, a sin + b cos),   angle = p * f_i,   f_i = theta^(-2i / width)

YaRN (arXiv 2309.00071, section 3.2, "NTK-by-parts") divides by `factor` the frequencies that turn fewer than beta_slow
times within the original context, leaves those that turn more than beta_fast times, and blends between. The V4 line
does not scale cos and sin (attention factor 1.0).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..composite.config import Rotary, Yarn


def frequencies(rotary: Rotary) -> Tensor:
    """Radians per position, float32 [width / 2]."""
    exponents = torch.arange(0, rotary.width, 2, dtype=torch.float32) / rotary.width
    periods = rotary.theta**exponents
    plain = 1.0 / periods
    if rotary.yarn is None:
        return plain
    yarn = rotary.yarn
    low = max(math.floor(_dimension(yarn.beta_fast, rotary, yarn)), 0)
    high = min(math.ceil(_dimension(yarn.beta_slow, rotary, yarn)), rotary.width - 1)
    pairs = torch.arange(rotary.width // 2, dtype=torch.float32)
    kept = 1 - ((pairs - low) / ((high - low) or 1e-3)).clamp(0, 1)
    # far positions multiply the last bit of a frequency: rounded as transformers rounds, which for factors that are
    # powers of two is also DeepSeek's own code
    return 1.0 / (yarn.factor * periods) * (1 - kept) + plain * kept


def _dimension(turns: float, rotary: Rotary, yarn: Yarn) -> float:
    """The pair, as a fraction, that turns `turns` times within the original context."""
    return rotary.width * math.log(yarn.original / (turns * 2 * math.pi)) / (2 * math.log(rotary.theta))


class PairRotary:
    """cos and sin by position, computed as asked: a table for a million positions would not be small."""

    def __init__(self, rotary: Rotary) -> None:
        self.frequencies = frequencies(rotary)
        self.factor = rotary.attention_factor

    def at(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """cos and sin, float32 [n, width / 2], of positions int64 [n]."""
        angles = positions.float().unsqueeze(-1) * self.frequencies
        return angles.cos() * self.factor, angles.sin() * self.factor


def rotate_pairs(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x [n, d] or [n, heads, d] with its last 2 * cos.shape[-1] dimensions rotated; float32 inside, dtype of x.

    With -sin it turns back.
    """
    if x.dim() == 3:
        cos, sin = cos.unsqueeze(1), sin.unsqueeze(1)
    still, turning = x.split([x.shape[-1] - 2 * cos.shape[-1], 2 * cos.shape[-1]], -1)
    even, odd = turning.float().unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)
    return torch.cat([still, turned.to(x.dtype)], -1)
