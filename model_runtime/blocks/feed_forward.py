"""The gated feed-forward block (SwiGLU, arXiv 2002.05202)."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def gate(gate_up: Tensor) -> Tensor:
    """silu(first half) * second half, of [n, 2 * width]; the first half is overwritten."""
    first, second = gate_up.chunk(2, -1)
    # packed kernels need rows that lie together; for one row this copies nothing
    return F.silu(first, inplace=True).mul_(second).contiguous()
