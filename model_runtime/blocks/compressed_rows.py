"""The rows beyond the window in V4: a layer's own compressed rows, all of them (HCA) or its indexer's choice (CSA).

arXiv 2606.19348, section 2.3. Streams: rows "compressed" with "sources" (compressors.py) and, for CSA, "index" with
"index_sources" (csa_indexer.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..composite.cache import LayerCache, Rows, Span
from ..composite.config import SharedKVAttention
from ..composite.weights import Weights
from .compressors import Compressor
from .csa_indexer import CSAIndexer
from .rotary_pairs import PairRotary


@dataclass(frozen=True, slots=True)
class Index:
    """Of tokens [n]: the index compressor's projections, index queries [n, h, d_I] and head weights [n, h]."""

    sources: Tensor
    queries: Tensor
    weights: Tensor


class CompressedRows:
    """Weights: compressor.* and, for CSA, indexer.*, under the layer's attention."""

    def __init__(self, config: SharedKVAttention, rotary: PairRotary, weights: Weights) -> None:
        eps, ratio = config.norm_eps, config.ratio
        overlap = config.kind == "csa"
        self.compressor = Compressor(config.head_dim, ratio, overlap, eps, rotary, weights.at("compressor"))
        self.indexer: CSAIndexer | None = None
        if config.indexer is not None:
            self.indexer = CSAIndexer(config.indexer, ratio, eps, rotary, weights.at("indexer"))

    def add_to(self, cache: LayerCache, dtype: torch.dtype) -> None:
        cache.rows["compressed"] = self.compressor.new_rows(dtype)
        cache.recent["sources"] = self.compressor.new_sources(dtype)
        if self.indexer is not None:
            self.indexer.add_to(cache, dtype)

    def project(self, x: Tensor, latent: Tensor, positions: Tensor) -> tuple[Tensor, Index | None]:
        index = None
        if self.indexer is not None:
            index = Index(self.indexer.compressor.project(x), *self.indexer.project(x, latent, positions))
        return self.compressor.project(x), index

    def rows(self, projected: tuple[Tensor, Index | None], span: Span) -> tuple[Rows, Tensor | None]:
        sources, index = projected
        rows = span.cache.rows["compressed"]
        self.compressor.extend(sources[span.rows], span.cache.recent["sources"], rows)
        if self.indexer is None or index is None:
            return rows, None
        self.indexer.extend(index.sources[span.rows], span.cache)
        keys = span.cache.rows["index"]
        if keys.length <= self.indexer.config.top_k:  # all that can be seen are chosen
            return rows, None
        queries, weights = index.queries[span.rows], index.weights[span.rows]
        return rows, self.indexer.choose(queries, weights, span.start, keys)
