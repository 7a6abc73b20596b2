"""V4's attention: shared keys and values, sliding window, compressed rows, sinks, counter-rotation, grouped output.

arXiv 2606.19348, section 2.3. For tokens x [n, D], H heads of d dimensions, of which the last carry rotary positions:

    qr = RMSNorm(wq_a x) [r],  q = rotary(RMSNorm(wq_b qr per head, no weight))  [H, d]
    kv = rotary(RMSNorm(wkv x))  [d]         one row per token, key and value of every head
    rows = kv of the last `window` tokens | compressed rows, those that the query may see:
           none (sliding), all closed windows (hca), an indexer's choice (csa: csa_indexer.py; V4.1: shared_rows.py)
    p = softmax([q . rows / sqrt(d), sink_h]);  o = sum p rows   (the sink takes weight and gives nothing)
    y = wo_b wo_a(rotary^-1(o))              (grouped_output.py)

Values carry their own position, so the output is turned back by the query's: what remains is the distance, as in q . k.
Weights: wq_a, q_norm, wq_b, wkv, kv_norm, wo_a, wo_b, attn_sink [H], compressor.*, indexer.*.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from ..composite.cache import LayerCache, Recent, Rows, Span
from ..composite.config import SharedKVAttention
from ..composite.weights import Weights
from .compressed_rows import CompressedRows
from .grouped_output import GroupedOutput
from .norm import rms_norm_wide
from .rotary_pairs import PairRotary, rotate_pairs
from .rounding import round_fp8
from .selection import NOTHING
from .shared_rows import SharedRowsReader

#: logits and gathered rows that are held at a time, elements
AT_ONCE = 1 << 24
#: queries per pass over the window, at most
QUERIES = 128


class FarRows(Protocol):
    """Where the rows beyond the window come from."""

    def add_to(self, cache: LayerCache, dtype: torch.dtype) -> None:
        """Add the streams that it keeps."""
        ...

    def project(self, x: Tensor, latent: Tensor, positions: Tensor) -> Any:
        """What it needs of tokens x [n, D] with query latents [n, r], for `rows`."""
        ...

    def rows(self, projected: Any, span: Span) -> tuple[Rows, Tensor | None]:
        """Rows of width d after the tokens of the span, and which of them each token attends to, int64 [n, k] with
        NOTHING in empty places; None: all windows that have closed."""
        ...


class SharedKVAttentionBlock:
    """x [n, D] and spans -> [n, D]; appends the tokens to the caches of the spans."""

    def __init__(self, config: SharedKVAttention, weights: Weights) -> None:
        self.config = config
        self.rotary = PairRotary(config.rotary)
        self.query_down, self.query_up = weights.linear("wq_a"), weights.linear("wq_b")
        self.query_norm = weights.tensor("q_norm.weight").float()
        self.shared = weights.linear("wkv")
        self.shared_norm = weights.tensor("kv_norm.weight").float()
        self.sinks = weights.tensor("attn_sink").float()
        self.output = GroupedOutput(config.out_groups, weights)
        self.far: FarRows | None = None
        if config.kind == "shared_rows":
            self.far = SharedRowsReader(config, self.rotary, weights)
        elif config.kind != "sliding":
            self.far = CompressedRows(config, self.rotary, weights)

    def new_cache(self, dtype: torch.dtype) -> LayerCache:
        cache = LayerCache(recent={"window": Recent(self.config.head_dim, self.config.window - 1, dtype)})
        if self.far is not None:
            self.far.add_to(cache, dtype)
        return cache

    def link(self, caches: list[LayerCache]) -> None:
        """`caches` of all layers of a session, in order."""
        if isinstance(self.far, SharedRowsReader):
            self.far.link(caches)

    def __call__(self, x: Tensor, spans: Sequence[Span]) -> Tensor:
        config = self.config
        positions = torch.cat([torch.arange(span.start, span.start + span.count) for span in spans])
        cos, sin = self.rotary.at(positions)
        latent = rms_norm_wide(self.query_down(x), self.query_norm, config.norm_eps)
        queries = self.query_up(latent).unflatten(-1, (config.heads, config.head_dim))
        if config.query_norm:
            queries = rms_norm_wide(queries, None, config.norm_eps)
        queries = rotate_pairs(queries, cos, sin)
        shared = rotate_pairs(rms_norm_wide(self.shared(x), self.shared_norm, config.norm_eps), cos, sin)
        if config.rounded:
            shared = round_fp8(shared)
        projected = self.far.project(x, latent, positions) if self.far is not None else None
        mixed = []
        for span in spans:
            window, first = span.cache.recent["window"].extend(shared[span.rows])
            compressed = chosen = None
            if self.far is not None and projected is not None:
                compressed, chosen = self.far.rows(projected, span)
            mixed.append(self._attend(queries[span.rows], span.start, window, first, compressed, chosen))
        heads = torch.cat(mixed) if len(mixed) > 1 else mixed[0]
        return self.output(rotate_pairs(heads, cos, -sin))

    def _attend(
        self, queries: Tensor, start: int, window: Tensor, first: int, compressed: Rows | None, chosen: Tensor | None
    ) -> Tensor:
        """[n, H, d] from queries [n, H, d] at positions start .. start + n, the window's rows [m, d], of which the
        first has position `first`, compressed rows and the choice among them [n, k] (None: all)."""
        count, heads, width = queries.shape
        span = self.config.window
        extra = 0
        if compressed is not None:
            extra = compressed.length if chosen is None else chosen.shape[1] * (1 + width // heads)
        step = max(1, min(QUERIES, AT_ONCE // (heads * (span + QUERIES + extra))))
        everything = compressed.held() if compressed is not None and chosen is None else None
        out = torch.empty_like(queries)
        for begin in range(0, count, step):
            end = min(begin + step, count)
            positions = torch.arange(start + begin, start + end).unsqueeze(-1)
            oldest = max(first, start + begin - span + 1)
            near = window[oldest - first : start + end - first]
            at = torch.arange(oldest, start + end)
            masks = [(at <= positions) & (at > positions - span)]
            far = None
            if everything is not None and everything.shape[0]:
                far = everything
                masks.append(torch.arange(far.shape[0]) < (positions + 1) // self.config.ratio)
            elif compressed is not None and chosen is not None:
                far = compressed.take(chosen[begin:end].clamp_min(0))  # [n, k, d]
                masks.append(chosen[begin:end] != NOTHING)
            out[begin:end] = attend(queries[begin:end], near, far, torch.cat(masks, -1), self.sinks)
        return out


def attend(queries: Tensor, near: Tensor, far: Tensor | None, visible: Tensor, sinks: Tensor) -> Tensor:
    """Softmax attention over rows that are keys and values, with one sink per head.

    queries [n, H, d], near [m, d], far [T, d] or, of each query its own, [n, k, d], visible bool [n, m + T or k],
    sinks float32 [H]. Returns [n, H, d]. Softmax is float32.
    """
    count, heads, width = queries.shape
    flat = queries.reshape(-1, width)
    logits = [(flat @ near.t()).view(count, heads, -1)]
    if far is not None:
        logits.append(_times(queries, far.transpose(-1, -2)))
    scores = torch.cat(logits, -1).float() * width**-0.5
    scores.masked_fill_(~visible.unsqueeze(1), -torch.inf)
    sink = sinks.view(1, heads, 1).expand(count, heads, 1)
    weights = torch.cat([scores, sink], -1).softmax(-1)[..., :-1].to(near.dtype)
    split = near.shape[0]
    result = (weights[..., :split].reshape(count * heads, -1) @ near).view(count, heads, width)
    return result if far is None else result + _times(weights[..., split:], far)


def _times(x: Tensor, rows: Tensor) -> Tensor:
    """x [n, H, a] times a matrix shared by all, [a, b], or one per token, [n, a, b]."""
    if rows.dim() == 3:
        return torch.bmm(x, rows)
    return (x.reshape(-1, x.shape[-1]) @ rows).view(*x.shape[:-1], -1)
