"""Manifold-constrained hyper-connections (mHC): several residual streams instead of one.

arXiv 2512.24880, eq. 5-9, in the form of V4 (arXiv 2606.19348, section 2.2). Streams X [n, S, D]; at each site (before
attention, before the feed-forward) three maps come from the streams themselves, with x' = RMSNorm(vec X) without weight
and m = fn x' (fn [S + S + S * S, S * D]):

    pre  = sigmoid(a_0 m_pre + b_pre) + eps                 [n, S]     what the block reads:   x = sum_i pre_i X_i
    post = 2 sigmoid(a_1 m_post + b_post)                   [n, S]     what it writes:         post_k F(x)
    comb = SinkhornKnopp(a_2 m_comb + b_comb)               [n, S, S]  how streams mix:        sum_j comb_jk X_j

    X'_k = post_k F(x) + sum_j comb_jk X_j

comb is used transposed: it is doubly stochastic, so the mix never grows a stream (spectral norm 1, closed under
products), but it is not symmetric. After the last layer a head of the `pre` kind collapses the streams to one.

V4.1's single-pass form reads the streams once: the pre of a site collapses what the *next* site reads, the first site
reads stream 0, and the last pre collapses for the output, so there is no head.

All maps are float32. Weights: hc_{attn,ffn}_{fn,base,scale}, hc_head_{fn,base,scale}. Config: hc_mult,
hc_sinkhorn_iters, hc_eps.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ..composite.config import HyperConnections
from ..composite.weights import Weights
from .norm import rms_norm_wide


@dataclass(frozen=True, slots=True)
class Maps:
    """What a site does with the streams: pre, post [n, S] and comb [n, S, S], float32."""

    pre: Tensor
    post: Tensor
    comb: Tensor


def sinkhorn_knopp(logits: Tensor, iterations: int, eps: float) -> Tensor:
    """Nearly doubly stochastic matrices [..., S, S] from logits: rows, then columns, `iterations` times."""
    matrix = logits.softmax(-1) + eps
    matrix = matrix / (matrix.sum(-2, keepdim=True) + eps)
    for _ in range(iterations - 1):
        matrix = matrix / (matrix.sum(-1, keepdim=True) + eps)
        matrix = matrix / (matrix.sum(-2, keepdim=True) + eps)
    return matrix


def spread(x: Tensor, streams: int) -> Tensor:
    """The embedding [n, D] in every stream, [n, S, D]."""
    return x.unsqueeze(1).expand(-1, streams, -1)


def collapse(streams: Tensor, pre: Tensor) -> Tensor:
    """sum_i pre_i X_i, [n, D] in the dtype of the streams [n, S, D]."""
    return (pre.unsqueeze(-1) * streams).sum(1).to(streams.dtype)


def expand(streams: Tensor, output: Tensor, maps: Maps) -> Tensor:
    """The streams [n, S, D] after a block wrote its output [n, D]."""
    dtype = streams.dtype
    written = maps.post.to(dtype).unsqueeze(-1) * output.unsqueeze(1)
    return written + torch.matmul(maps.comb.to(dtype).transpose(-1, -2), streams)


class Site:
    """The maps of one site; `name` is "hc_attn" or "hc_ffn"."""

    def __init__(self, config: HyperConnections, weights: Weights, name: str) -> None:
        self.config = config
        self.fn = weights.tensor(f"{name}_fn").float()
        self.base = weights.tensor(f"{name}_base").float()
        self.scale = weights.tensor(f"{name}_scale").float()

    def maps(self, streams: Tensor) -> Maps:
        """From streams [n, S, D]."""
        count, eps = self.config.streams, self.config.eps
        parts = [count, count, count * count]
        mixes = _mixes(streams, self.fn, self.config.norm_eps).split(parts, -1)
        pre, post, comb = (
            mix * scale + base
            for mix, scale, base in zip(mixes, self.scale.unbind(), self.base.split(parts), strict=True)
        )
        return Maps(
            pre.sigmoid() + eps,
            2 * post.sigmoid(),
            sinkhorn_knopp(comb.unflatten(-1, (count, count)), self.config.iterations, eps),
        )


class StreamHead:
    """Collapse of the streams [n, S, D] to [n, D] before the last norm."""

    def __init__(self, config: HyperConnections, weights: Weights) -> None:
        self.config = config
        self.fn = weights.tensor("hc_head_fn").float()
        self.base = weights.tensor("hc_head_base").float()
        self.scale = weights.tensor("hc_head_scale").float()

    def __call__(self, streams: Tensor) -> Tensor:
        mixes = _mixes(streams, self.fn, self.config.norm_eps)
        return collapse(streams, (mixes * self.scale + self.base).sigmoid() + self.config.eps)


def _mixes(streams: Tensor, fn: Tensor, norm_eps: float) -> Tensor:
    """fn RMSNorm(vec X), float32 [n, outputs]."""
    return F.linear(rms_norm_wide(streams.flatten(1).float(), None, norm_eps), fn)
