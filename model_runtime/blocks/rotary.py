"""Rotary position embedding, the variant that pairs dimension i with i + width / 2 ("NeoX")."""

from __future__ import annotations

import torch
from torch import Tensor


def inverse_frequencies(width: int, theta: float, scale: float, factors: Tensor | None) -> Tensor:
    """Radians per position, float32 [width / 2]. `factors` divide them one by one (Llama 3's long-context table)."""
    exponents = torch.arange(0, width, 2, dtype=torch.float32) / width
    frequencies = 1.0 / (theta**exponents * scale)
    return frequencies if factors is None else frequencies / factors


class RotaryTable:
    """cos and signed sin of every position so far, grown as needed; shaped [positions, 1, 2, width / 2]."""

    def __init__(self, frequencies: Tensor) -> None:
        self.frequencies = frequencies
        self.cos = self.sin = torch.empty(0)
        self._grow(1024)

    def _grow(self, positions: int) -> None:
        angles = torch.outer(torch.arange(positions, dtype=torch.float32), self.frequencies)
        cos, sin = angles.cos(), angles.sin()
        self.cos = torch.stack([cos, cos], 1).unsqueeze(1)
        self.sin = torch.stack([-sin, sin], 1).unsqueeze(1)

    def at(self, start: int, count: int) -> tuple[Tensor, Tensor]:
        """float32 tables of positions start .. start + count."""
        if start + count > self.cos.shape[0]:
            self._grow(max(start + count, 2 * self.cos.shape[0]))
        return self.cos[start : start + count], self.sin[start : start + count]


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate x [n, heads, width] by its positions' tables; float32 inside, the result has the dtype of x."""
    pairs = x.unflatten(-1, (2, -1)).float()
    return torch.addcmul(pairs * cos, pairs.flip(-2), sin).flatten(-2).to(x.dtype)
