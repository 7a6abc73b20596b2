"""V4's use of the lightning indexer: which compressed rows a query of a CSA layer attends to.

arXiv 2606.19348, section 2.3.1, eq. 13-17. Index keys are rows of an overlapping compressor of their own, of
`head_dim` numbers; queries come from the attention's query latent; both carry rotary positions:

    q_I = rotary(wq_b qr) [h, d_I],   w = weights_proj(x) [h] / sqrt(h)
    I_t,s = sum_h w_t,h ReLU(q_I,t,h . k_s) / sqrt(d_I),   s < (t + 1) // ratio

Of these the best `top_k`, by score, then by index (selection.py). DeepSeek's code rotates queries and keys by a
Hadamard matrix before quantising them, which changes no score; nothing is quantised here, so it is left out.
Weights: wq_b, weights_proj, compressor.{wkv,wgate,norm,ape}. Config: index_n_heads, index_head_dim, index_topk.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..composite.cache import LayerCache, Rows
from ..composite.config import Indexer
from ..composite.weights import Weights
from .compressors import Compressor
from .indexer import index_scores
from .rotary_pairs import PairRotary, rotate_pairs
from .selection import top_k

#: scores that are held at a time, elements
AT_ONCE = 1 << 23


class CSAIndexer:
    """Keeps `index_rows` and `index_sources` in the cache of its layer."""

    def __init__(self, config: Indexer, ratio: int, norm_eps: float, rotary: PairRotary, weights: Weights) -> None:
        self.config = config
        self.ratio = ratio
        self.rotary = rotary
        self.compressor = Compressor(config.head_dim, ratio, True, norm_eps, rotary, weights.at("compressor"))
        self.queries = weights.linear("wq_b")
        self.weigh = weights.linear("weights_proj")

    def add_to(self, cache: LayerCache, dtype: torch.dtype) -> None:
        cache.rows["index"] = self.compressor.new_rows(dtype)
        cache.recent["index_sources"] = self.compressor.new_sources(dtype)

    def extend(self, projected: Tensor, cache: LayerCache) -> None:
        """Append the keys of the windows that the tokens of these compressor projections close."""
        self.compressor.extend(projected, cache.recent["index_sources"], cache.rows["index"])

    def project(self, x: Tensor, latent: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Queries [n, h, d_I] and head weights [n, h], scaled, of tokens x [n, D] with query latents [n, r]."""
        queries = self.queries(latent).unflatten(-1, (self.config.heads, -1))
        scale = (self.config.heads * self.config.head_dim) ** -0.5
        return rotate_pairs(queries, *self.rotary.at(positions)), self.weigh(x).float() * scale

    def choose(self, queries: Tensor, head_weights: Tensor, start: int, keys: Rows) -> Tensor:
        """Rows chosen for queries at positions start .. start + n among keys of width d_I: int64 [n, k], ascending,
        selection.NOTHING in empty places."""
        step = max(1, AT_ONCE // max(1, keys.length))
        parts = []
        for begin in range(0, queries.shape[0], step):
            some = slice(begin, begin + step)
            scores = torch.cat([index_scores(queries[some], head_weights[some], part) for part in keys.parts()], -1)
            positions = torch.arange(start + begin, start + begin + scores.shape[0])
            unseen = torch.arange(keys.length) >= ((positions + 1) // self.ratio).unsqueeze(-1)
            parts.append(top_k(scores.masked_fill_(unseen, -torch.inf), self.config.top_k))
        return torch.cat(parts) if len(parts) > 1 else parts[0]
