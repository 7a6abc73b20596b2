"""Root-mean-square normalisation."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """x [..., width] / rms(x) * weight [width], in the dtype of x. Source: arXiv 1910.07467."""
    return F.rms_norm(x, weight.shape, weight, eps)


def rms_norm_wide(x: Tensor, weight: Tensor | None, eps: float) -> Tensor:
    """The same in float32 whatever the dtype of x, cast once at the end; weight float32 [width] or None."""
    return F.rms_norm(x.float(), x.shape[-1:], weight, eps).to(x.dtype)
