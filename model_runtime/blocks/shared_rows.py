"""The rows beyond the window in V4.1: compressed by a few layers, chosen by a few layers, read by all between.

arXiv 2609.19969. Only `kv_source_layer_ids` own a compressor; a layer reads the rows of the last owner before it (its
own, if it is one), and the choice of the last layer in `index_source_layer_ids`. Of an owner, with latent c_w
(compressors.py, no overlap, no position bias; at ratio 1 one row per token):

    row_w = rotary(c_w),   index key k_w = rotary(RMSNorm(wk c_w))         both at the window's first token
    q_I = rotary(wq_b qr),  w = weights_proj(x) / sqrt(h),  I_t,s = sum_h w_t,h ReLU(q_I,t,h . k_s) / sqrt(d_I)

Two levels: the layer `candidate_source_layer_id` also keeps, for each query, the best `candidate_topk_blocks` blocks of
`candidate_block_size` rows, by the best score in the block, with the newest block always among them; layers that choose
after it search only there. All choices are under the total order of selection.py. Rows, keys and index queries are
rounded as rounding.py says, where the config asks for it.

Weights: compressor.{wkv,wgate,norm}, indexer.{wq_b,weights_proj} and, of owners, indexer.{wk,k_norm}.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..composite.cache import LayerCache, Rows, Span
from ..composite.config import SharedKVAttention
from ..composite.weights import Weights
from .compressors import Compressor
from .indexer import index_scores
from .norm import rms_norm_wide
from .rotary_pairs import PairRotary, rotate_pairs
from .rounding import round_fp4
from .selection import NOTHING, as_mask, top_k

#: scores that are held at a time, elements
AT_ONCE = 1 << 23
#: up to this many queries, only the candidate rows are scored; for more, all are and the others are masked
FEW = 8


@dataclass(frozen=True, slots=True)
class Projected:
    """Of tokens [n], as far as the layer makes them."""

    sources: Tensor | None
    queries: Tensor | None
    weights: Tensor | None


class SharedRowsReader:
    """One layer's part. `link` ties its cache to those of the layers it reads."""

    def __init__(self, config: SharedKVAttention, rotary: PairRotary, weights: Weights) -> None:
        assert config.shared is not None
        self.config, self.shared = config, config.shared
        self.rotary = rotary
        self.compressor: Compressor | None = None
        indexer = weights.at("indexer")
        self.keys = None
        if self.shared.rows == self.shared.layer:
            part = weights.at("compressor")
            self.compressor = Compressor(config.head_dim, config.ratio, False, config.norm_eps, rotary, part)
            if config.indexer is not None:
                self.keys = indexer.linear("wk")
                self.key_norm = indexer.tensor("k_norm.weight").float()
        if config.indexer is not None:
            self.queries, self.weigh = indexer.linear("wq_b"), indexer.linear("weights_proj")

    def add_to(self, cache: LayerCache, dtype: torch.dtype) -> None:
        if self.compressor is None:
            return
        cache.rows["compressed"] = self.compressor.new_rows(dtype)
        cache.recent["sources"] = self.compressor.new_sources(dtype)
        if self.keys is not None and self.config.indexer is not None:
            cache.rows["index"] = Rows(self.config.indexer.head_dim, self.config.ratio, dtype)

    def link(self, caches: list[LayerCache]) -> None:
        """`caches` of all layers of a session, in order."""
        shared, links = self.shared, caches[self.shared.layer].links
        links |= {"rows": caches[shared.rows], "choice": caches[shared.choice]}
        if shared.keys is not None:
            links["keys"] = caches[shared.keys]
        if shared.bounds is not None:
            links["bounds"] = caches[shared.bounds]

    def project(self, x: Tensor, latent: Tensor, positions: Tensor) -> Projected:
        sources = self.compressor.project(x) if self.compressor is not None else None
        if (indexer := self.config.indexer) is None:
            return Projected(sources, None, None)
        queries = self.queries(latent).unflatten(-1, (indexer.heads, -1))
        queries = self._rounded(rotate_pairs(queries, *self.rotary.at(positions)), 32)
        return Projected(sources, queries, self.weigh(x).float() * (indexer.heads * indexer.head_dim) ** -0.5)

    def rows(self, projected: Projected, span: Span) -> tuple[Rows, Tensor | None]:
        cache, links = span.cache, span.cache.links
        if self.compressor is not None and projected.sources is not None:
            self._extend(self.compressor, projected.sources[span.rows], cache)
        if projected.queries is not None and projected.weights is not None:
            self._choose(projected.queries[span.rows], projected.weights[span.rows], span)
        return links["rows"].rows["compressed"], links["choice"].passing.get("choice")

    def _extend(self, compressor: Compressor, sources: Tensor, cache: LayerCache) -> None:
        rows = cache.rows["compressed"]
        begin = rows.length
        latents = compressor.latents(sources, cache.recent["sources"], begin)
        if not latents.shape[0]:
            return
        rows.append(self._rounded(compressor.rotated(latents, begin), 16, e4m3_scale=True))
        if self.keys is not None:
            keys = rms_norm_wide(self.keys(latents), self.key_norm, self.config.norm_eps)
            cache.rows["index"].append(self._rounded(compressor.rotated(keys, begin), 32))

    def _rounded(self, x: Tensor, block: int, e4m3_scale: bool = False) -> Tensor:
        return round_fp4(x, block, e4m3_scale) if self.config.rounded else x

    def _choose(self, queries: Tensor, weights: Tensor, span: Span) -> None:
        """Leave the choice [n, k] and, of the layer that bounds others, the blocks [n, b] in the layer's cache; nothing
        where all rows, or all blocks, are chosen."""
        keys = span.cache.links["keys"].rows["index"]
        bounds = span.cache.links["bounds"].passing.get("blocks") if self.shared.bounds is not None else None
        span.cache.passing.pop("choice", None)
        span.cache.passing.pop("blocks", None)
        assert self.config.indexer is not None
        most, size = self.config.indexer.top_k, self.shared.block_size
        chooses, bounded = keys.length > most, 0 < self.shared.blocks < -(-keys.length // max(size, 1))
        if not chooses and not bounded and bounds is None:
            return
        if bounds is not None and queries.shape[0] <= FEW:
            span.cache.passing["choice"] = self._choose_few(queries, weights, span.start, keys, bounds)
            return
        step = max(1, AT_ONCE // max(1, keys.length))
        chosen, blocks = [], []
        for begin in range(0, queries.shape[0], step):
            some = slice(begin, begin + step)
            scores = torch.cat([index_scores(queries[some], weights[some], part) for part in keys.parts()], -1)
            positions = torch.arange(span.start + begin, span.start + begin + scores.shape[0])
            seen = ((positions + 1) // self.config.ratio).unsqueeze(-1)
            scores.masked_fill_(torch.arange(keys.length) >= seen, -torch.inf)
            if bounded:
                blocks.append(self._best_blocks(scores, seen))
            if bounds is not None:
                count = -(-keys.length // size)
                inside = as_mask(bounds[some], count).repeat_interleave(size, -1)[:, : keys.length]
                scores.masked_fill_(~inside, -torch.inf)
            chosen.append(top_k(scores, most))
        span.cache.passing["choice"] = torch.cat(chosen)
        if blocks:
            span.cache.passing["blocks"] = torch.cat(blocks)

    def _best_blocks(self, scores: Tensor, seen: Tensor) -> Tensor:
        """Blocks [n, b], ascending, of masked scores [n, T]; `seen` [n, 1] rows are visible to each query."""
        size = self.shared.block_size
        padded = torch.nn.functional.pad(scores, (0, -scores.shape[-1] % size), value=-torch.inf)
        best = padded.unflatten(-1, (-1, size)).amax(-1)
        newest = torch.where(seen > 0, (seen - 1) // size, -1)
        return top_k(best.masked_fill(torch.arange(best.shape[-1]) == newest, torch.inf), self.shared.blocks)

    def _choose_few(self, queries: Tensor, weights: Tensor, start: int, keys: Rows, bounds: Tensor) -> Tensor:
        """The choice [n, k] of a few queries, each scored against the rows of its candidate blocks only."""
        assert self.config.indexer is not None
        most, size = self.config.indexer.top_k, self.shared.block_size
        result = torch.full((queries.shape[0], min(most, keys.length)), NOTHING)
        for at in range(queries.shape[0]):
            blocks = bounds[at][bounds[at] != NOTHING]
            rows = (blocks.unsqueeze(-1) * size + torch.arange(size)).flatten()
            rows = rows[rows < (start + at + 1) // self.config.ratio]
            if rows.numel():
                scores = index_scores(queries[at : at + 1], weights[at : at + 1], keys.take(rows))
                chosen = rows[top_k(scores, most)[0]]
                result[at, : chosen.numel()] = chosen
        return result
