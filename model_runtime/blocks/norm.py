"""Root-mean-square normalisation."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """x [..., width] / rms(x) * weight [width], in the dtype of x. Source: arXiv 1910.07467."""
    return F.rms_norm(x, weight.shape, weight, eps)
