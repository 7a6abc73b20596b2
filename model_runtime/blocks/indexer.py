"""Lightning indexer: a small scorer that chooses, for each query, the rows worth attending to.

For query t and row s, with n_h index heads of d dimensions (arXiv 2512.02556, eq. 1; V4: arXiv 2606.19348, eq. 14-17):

    I[t, s] = sum over h of w[t, h] * ReLU(q[t, h] . k[s])
    chosen  = the k best rows of I[t] under the total order of selection.py

One key row is shared by all heads. Everything is float32: scores that differ by rounding choose differently.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from ..composite.config import Indexer
from ..composite.weights import Weights
from .rotary import rotate

#: epsilon of V3.2's LayerNorm over index keys, which no config names
KEY_EPS = 1e-6
#: scores of one head that are held at a time, elements
AT_ONCE = 1 << 22


def index_scores(queries: Tensor, head_weights: Tensor, keys: Tensor) -> Tensor:
    """float32 [n, rows] from queries [n, heads, d], head_weights [n, heads] (scaled already) and keys [rows, d].

    Works through the rows in parts, so that [n, heads, rows] never exists as a whole.
    """
    count, heads, width = queries.shape
    flat = queries.float().reshape(count * heads, width)
    weights = head_weights.float().unsqueeze(1)
    step = max(1, AT_ONCE // max(1, count * heads))
    parts = []
    for some in keys.split(step):
        agreement = (flat @ some.float().t()).view(count, heads, -1).relu_()
        parts.append(torch.bmm(weights, agreement).squeeze(1))
    return torch.cat(parts, -1) if len(parts) > 1 else parts[0]


class Projected(NamedTuple):
    """What the indexer makes of n tokens."""

    queries: Tensor
    """[n, heads, d]"""
    weights: Tensor
    """float32 [n, heads], scaled."""
    keys: Tensor
    """[n, d]"""


class TokenIndexer:
    """V3.2's indexer over tokens: q = wq_b qr, k = LayerNorm(wk x), w = weights_proj x * heads^-1/2 * d^-1/2.

    The first dimensions of q and k are rotated, in halves (not interleaved as in the attention itself). The Hadamard
    rotation of the released code serves quantisation, changes no product, and is left out.
    Weights: wq_b [heads * d, Q], wk [d, D], k_norm.weight and .bias [d], weights_proj [heads, D].
    """

    def __init__(self, config: Indexer, weights: Weights) -> None:
        self.config = config
        self.wq_b, self.wk, self.weights_proj = (weights.linear(name) for name in ("wq_b", "wk", "weights_proj"))
        self.k_norm = weights.tensor("k_norm.weight"), weights.tensor("k_norm.bias")

    def project(self, x: Tensor, reduced: Tensor, cos: Tensor, sin: Tensor) -> Projected:
        """x [n, D], reduced queries [n, Q], cos and sin [n, rotary width / 2]."""
        heads, width = self.config.heads, self.config.head_dim
        queries = self.wq_b(reduced).view(-1, heads, width)
        scale, shift = (part.to(x.dtype) for part in self.k_norm)
        keys = F.layer_norm(self.wk(x), (width,), scale, shift, KEY_EPS)
        weights = self.weights_proj(x.float()) * (heads * width) ** -0.5
        return Projected(_turn(queries, cos, sin), weights, _turn(keys.unsqueeze(1), cos, sin).squeeze(1))


def _turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x [n, heads, d] with its first 2 * cos.shape[-1] dimensions rotated."""
    width = 2 * cos.shape[-1]
    return torch.cat([rotate(x[..., :width], cos, sin), x[..., width:]], -1)
