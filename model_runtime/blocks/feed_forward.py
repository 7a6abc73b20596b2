"""The gated feed-forward block (SwiGLU, arXiv 2002.05202): w2 (silu(w1 x) * w3 x).

V4 clamps both factors at L = `swiglu_limit`: w2 (silu(min(w1 x, L)) * clip(w3 x, -L, L)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn import functional as F

if TYPE_CHECKING:
    from ..composite.weights import Weights


def gate(gate_up: Tensor) -> Tensor:
    """silu(first half) * second half, of [n, 2 * width]; the first half is overwritten."""
    first, second = gate_up.chunk(2, -1)
    # packed kernels need rows that lie together; for one row this copies nothing
    return F.silu(first, inplace=True).mul_(second).contiguous()


class SwiGLU:
    """x [n, D] -> [n, D], with the matrices w1, w3 [I, D] and w2 [D, I] of `weights`; `limit` None clamps nothing."""

    def __init__(self, weights: Weights, limit: float | None = None) -> None:
        self.w1, self.w2, self.w3 = weights.linear("w1"), weights.linear("w2"), weights.linear("w3")
        self.limit = limit

    def __call__(self, x: Tensor, ids: Tensor | None = None) -> Tensor:
        """`ids`, the tokens of the rows, make no difference here; blocks that stand in its place need them."""
        first, second = self.w1(x), self.w3(x)
        if self.limit is not None:
            first, second = first.clamp(max=self.limit), second.clamp(-self.limit, self.limit)
        return self.w2(F.silu(first) * second)
