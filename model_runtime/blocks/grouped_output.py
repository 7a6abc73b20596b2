"""Grouped low-rank output projection (arXiv 2606.19348, section 2.3.1, "Grouped Output Projection").

The heads' outputs [n, H, d] are long (32,768 numbers in V4-Flash), so g groups of heads are each projected to r
numbers by their own block of wo_a [g * r, H * d / g], and wo_b [D, g * r] mixes the g * r numbers.
Config: o_groups, o_lora_rank.
"""

from __future__ import annotations

from torch import Tensor

from ..composite.weights import Weights


class GroupedOutput:
    """[n, H, d] -> [n, D]."""

    def __init__(self, groups: int, weights: Weights) -> None:
        self.groups = groups
        self.inner = weights.grouped("wo_a", groups)
        self.outer = weights.linear("wo_b")

    def __call__(self, heads: Tensor) -> Tensor:
        return self.outer(self.inner(heads.reshape(heads.shape[0], self.groups, -1)).flatten(1))
