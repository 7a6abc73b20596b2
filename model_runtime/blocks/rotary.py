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
    """cos and sin of every position so far, float32 [positions, width / 2], grown as needed."""

    def __init__(self, frequencies: Tensor) -> None:
        self.frequencies = frequencies
        self.cos = self.sin = torch.empty(0)
        self._grow(1024)

    def _grow(self, positions: int) -> None:
        angles = torch.outer(torch.arange(positions, dtype=torch.float32), self.frequencies)
        self.cos, self.sin = angles.cos(), angles.sin()

    def at(self, start: int, count: int) -> tuple[Tensor, Tensor]:
        """The tables of positions start .. start + count."""
        if start + count > self.cos.shape[0]:
            self._grow(max(start + count, 2 * self.cos.shape[0]))
        return self.cos[start : start + count], self.sin[start : start + count]


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate x [n, heads, width] by its positions' tables; float32 inside, the result has the dtype of x."""
    first, second = x.float().chunk(2, -1)
    cos, sin = cos.unsqueeze(1), sin.unsqueeze(1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1).to(x.dtype)
