"""Multi-head latent attention in its absorbed form, over all rows (V3) or those that an indexer chooses (V3.2).

A token is cached as one row of R + r numbers (512 + 64): the compressed latent c and one rotary key for all heads.
With x [n, D], H heads, query parts of P (no position) and r (rotary) dimensions, values of V:

    qr = RMSNorm(wq_a x) [n, Q],   q = wq_b qr [n, H, P + r] = (q^C, q^R)         (wq x where q_rank is 0)
    c  = RMSNorm((wkv_a x)[: R]),  k^R = RoPE((wkv_a x)[R :]),  q^R = RoPE(q^R)   (interleaved pairs)
    W_UK [H, P, R], W_UV [H, V, R] = rows of wkv_b [H * (P + V), R]
    q'_h = W_UK_h^T q^C_h                                    [n, H, R]
    p    = softmax over visible s of (q'_h . c_s + q^R_h . k^R_s) * scale
    o_h  = W_UV_h (sum over s of p_s c_s),   y = wo o        [n, H * V] -> [n, D]

which equals attention over expanded keys W_UK c and values W_UV c, but reads each row once for all heads (MQA with one
key head). `scale` is (P + r)^-1/2 times the square of YaRN's mscale. With an indexer, the query at position t sees only
the top_k of rows 0 .. t by index score (arXiv 2512.02556, eq. 2), all of them as long as there are no more than top_k.
Sources: arXiv 2405.04434 section 2.1 (eq. 9-19, appendix C), arXiv 2412.19437 section 2.1.1.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..composite.cache import LayerCache, Rows, Span
from ..composite.config import LatentAttention
from ..composite.weights import Weights
from .indexer import TokenIndexer, index_scores
from .norm import rms_norm_wide
from .rotary_pairs import PairRotary, rotate_pairs
from .selection import NOTHING, top_k

#: logits, or gathered numbers, that are held at a time
AT_ONCE = 1 << 24


def attend_causally(queries: Tensor, rows: Tensor, start: int, rank: int, scale: float) -> Tensor:
    """Latent attention to every row up to the query's own position.

    queries [n, H, R + r] of positions start .. start + n, rows [T, R + r] of positions 0 .. T, T >= start + n.
    Returns sum of p_s c_s, [n, H, R] for R = `rank`.
    """
    count, heads, _ = queries.shape
    parts = []
    step = max(1, AT_ONCE // (heads * rows.shape[0]))
    for first in range(0, count, step):
        some = queries[first : first + step]
        end = start + first + some.shape[0]
        seen = rows[:end]
        logits = (some @ seen.t()).float() * scale
        positions = torch.arange(start + first, end).unsqueeze(-1)
        logits.masked_fill_((torch.arange(end) > positions).unsqueeze(1), -torch.inf)
        parts.append(logits.softmax(-1).to(rows.dtype) @ seen[:, :rank])
    return torch.cat(parts)


def attend_chosen(queries: Tensor, rows: Tensor, chosen: Tensor, rank: int, scale: float) -> Tensor:
    """Latent attention to the rows `chosen` [n, k] for each query, `NOTHING` in empty places; else as above."""
    parts = []
    step = max(1, AT_ONCE // (chosen.shape[-1] * rows.shape[-1]))
    for some, places in zip(queries.split(step), chosen.split(step), strict=True):
        gathered = rows[places.clamp(min=0)]
        logits = torch.bmm(some, gathered.transpose(1, 2)).float() * scale
        logits.masked_fill_((places == NOTHING).unsqueeze(1), -torch.inf)
        parts.append(torch.bmm(logits.softmax(-1).to(rows.dtype), gathered[..., :rank]))
    return torch.cat(parts)


class LatentAttentionBlock:
    """x [n, D] and the spans of its sessions -> [n, D].

    Weights: wq_a [Q, D], q_norm [Q], wq_b [H * (P + r), Q], or wq [H * (P + r), D]; wkv_a [R + r, D], kv_norm [R],
    wkv_b [H * (P + V), R], wo [D, H * V]; indexer.* as TokenIndexer says.
    """

    def __init__(self, config: LatentAttention, weights: Weights) -> None:
        self.config = config
        if config.q_rank:
            self.wq_a, self.wq_b = weights.linear("wq_a"), weights.linear("wq_b")
            self.q_norm = weights.tensor("q_norm.weight").float()
        else:
            self.wq = weights.linear("wq")
        self.wkv_a, self.wo = weights.linear("wkv_a"), weights.linear("wo")
        self.kv_norm = weights.tensor("kv_norm.weight").float()
        # absorbing multiplies by the transpose of a part, which packed matrices do not offer
        both = weights.tensor("wkv_b.weight").view(config.heads, config.nope_dim + config.value_dim, config.kv_rank)
        self.w_uk, self.w_uv = both[:, : config.nope_dim], both[:, config.nope_dim :]
        self.rotary = PairRotary(config.rotary)
        self.indexer = None if config.indexer is None else TokenIndexer(config.indexer, weights.at("indexer"))

    def new_cache(self, dtype: torch.dtype) -> LayerCache:
        """Rows "latent" [T, R + r] and, with an indexer, "index" [T, d]."""
        rows = {"latent": Rows(self.config.kv_rank + self.config.rotary.width, dtype=dtype)}
        if self.config.indexer is not None:
            rows["index"] = Rows(self.config.indexer.head_dim, dtype=dtype)
        return LayerCache(rows=rows)

    def link(self, caches: list[LayerCache]) -> None:
        """Reads no other layer."""

    def __call__(self, x: Tensor, spans: Sequence[Span]) -> Tensor:
        config, count = self.config, x.shape[0]
        positions = torch.cat([torch.arange(span.start, span.start + span.count) for span in spans])
        cos, sin = self.rotary.at(positions)
        reduced = rms_norm_wide(self.wq_a(x), self.q_norm, config.norm_eps) if config.q_rank else x
        queries = self._absorb(self.wq_b(reduced) if config.q_rank else self.wq(x), cos, sin)
        latent = self.wkv_a(x)
        row = torch.cat(
            [rms_norm_wide(latent[:, : config.kv_rank], self.kv_norm, config.norm_eps), latent[:, config.kv_rank :]], -1
        )
        row = rotate_pairs(row, cos, sin)
        index = None if self.indexer is None else self.indexer.project(x, reduced, cos, sin)
        mixed = torch.empty(count, config.heads, config.kv_rank, dtype=x.dtype)
        for span in spans:
            held = span.cache.rows["latent"]
            held.append(row[span.rows])
            chosen = None
            if index is not None:
                span.cache.rows["index"].append(index.keys[span.rows])
                chosen = self._choose(index.queries[span.rows], index.weights[span.rows], span)
            asking, rows = queries[span.rows].to(held.dtype), held.held()
            if chosen is None:
                seen = attend_causally(asking, rows, span.start, config.kv_rank, config.softmax_scale)
            else:
                seen = attend_chosen(asking, rows, chosen, config.kv_rank, config.softmax_scale)
            mixed[span.rows] = seen.to(x.dtype)
        values = torch.einsum("nhr,hvr->nhv", mixed, self.w_uv.to(x.dtype))
        return self.wo(values.reshape(count, -1))

    def _absorb(self, queries: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """(q', q^R) [n, H, R + r] from q [n, H * (P + r)]."""
        config = self.config
        split = queries.unflatten(-1, (config.heads, -1))
        absorbed = torch.einsum("nhp,hpr->nhr", split[..., : config.nope_dim], self.w_uk.to(queries.dtype))
        return rotate_pairs(torch.cat([absorbed, split[..., config.nope_dim :]], -1), cos, sin)

    def _choose(self, queries: Tensor, weights: Tensor, span: Span) -> Tensor | None:
        """Rows of each query, int64 [n, top_k], or None while all are to be seen."""
        assert self.config.indexer is not None
        end = span.start + span.count
        if end <= self.config.indexer.top_k:
            return None
        keys = span.cache.rows["index"].held()
        parts = []
        step = max(1, AT_ONCE // end)
        for first in range(0, span.count, step):
            some = slice(first, first + step)
            scores = index_scores(queries[some], weights[some], keys)
            positions = torch.arange(span.start + first, span.start + first + scores.shape[0]).unsqueeze(-1)
            parts.append(
                top_k(scores.masked_fill_(torch.arange(end) > positions, -torch.inf), self.config.indexer.top_k)
            )
        return torch.cat(parts)
