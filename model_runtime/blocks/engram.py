"""Engram: conditional memory, rows of a large table found by hashing the last few tokens (V4.1's form).

arXiv 2601.07372, eq. 1-6. Ids are those of tokens that read alike (composite/engram_layout.py); before the text stand
pads. For orders n = 2 .. N, heads j with prime modulus p_nj and odd multipliers m_k:

    mix_n = XOR over k < n of id_{t-k} * m_k,     row_nj = mix_n mod p_nj, counted from where the head's rows begin
    e = the rows of all orders and heads, side by side [(N - 1) * heads * w]
    K [S, D] | V [D] = wkv e
    g_s = RMSNorm(K_s; k_weight_s) . RMSNorm(X_s; q_weight_s) / sqrt(D),   g_s <- sign(g_s) sqrt(max(|g_s|, 1e-6))
    X_s <- X_s + sigmoid(g_s) V          for each residual stream s, before the layer's attention

The rows of a token follow from token ids alone, so they can be read before the first layer runs (`rows`).
Weights: engram.{embed [rows, w], wkv [D * (S + 1), (N - 1) * heads * w], q_weight, k_weight [S, D]}. V4.1 has no
convolution after the gate. Config: engram_layer_ids, engram_max_ngram_size, engram_n_heads, engram_head_dim,
engram_vocab_size, engram_compressed_vocab_size, engram_pad_token_id.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor

from ..composite.cache import LayerCache, Recent, Span
from ..composite.config import Engram
from ..composite.engram_layout import multipliers
from ..composite.weights import Weights
from .norm import rms_norm_wide

#: least magnitude under the root of the gate
_LEAST = 1e-6


def addresses(ids: Tensor, engram: Engram) -> Tensor:
    """Rows [n, (N - 1) * heads] of the last n tokens of ids int64 [N - 1 + n], which are compressed ids."""
    longest = len(engram.moduli) + 1
    count = ids.shape[0] - longest + 1
    factors = multipliers(engram.layer, longest, engram.vocabulary)
    sizes = [prime for primes in engram.moduli for prime in primes]
    begins = torch.tensor([0, *accumulate(sizes[:-1])]).view(longest - 1, -1)
    primes = torch.tensor(engram.moduli)
    mix = ids[longest - 1 :] * factors[0]
    found = []
    for order in range(1, longest):
        before = longest - 1 - order
        mix = mix ^ (ids[before : before + count] * factors[order])
        found.append(mix.unsqueeze(-1) % primes[order - 1] + begins[order - 1])
    return torch.cat(found, -1)


class EngramBlock:
    """Residual streams [n, S, D], token ids [n] and spans -> streams. Keeps the last ids of a session as "ngrams"."""

    def __init__(self, config: Engram, token_map: Tensor, norm_eps: float, weights: Weights) -> None:
        """`token_map` int64 [vocabulary]: compressed id of every token."""
        self.config, self.token_map, self.norm_eps = config, token_map, norm_eps
        self.weights = weights
        self.pad = int(token_map[config.pad])
        self.keys_values = weights.linear("wkv")
        self.query_norm = weights.tensor("q_weight").float()
        self.key_norm = weights.tensor("k_weight").float()

    def add_to(self, cache: LayerCache) -> None:
        cache.recent["ngrams"] = Recent(1, len(self.config.moduli), torch.int64)

    def rows(self, ids: Tensor, spans: Sequence[Span]) -> Tensor:
        """Addresses [n, (N - 1) * heads] of tokens [n]; the sessions of the spans remember the tokens."""
        compressed, longest = self.token_map[ids], len(self.config.moduli) + 1
        found = []
        for span in spans:
            seen, _ = span.cache.recent["ngrams"].extend(compressed[span.rows].unsqueeze(-1))
            missing = longest - 1 + span.count - seen.shape[0]
            padded = torch.cat([torch.full((missing,), self.pad), seen[:, 0]])
            found.append(addresses(padded, self.config))
        return torch.cat(found)

    def __call__(self, streams: Tensor, ids: Tensor, spans: Sequence[Span]) -> Tensor:
        count, number, width = streams.shape
        rows = self.rows(ids, spans)
        embedded = self.weights.rows("embed.weight", rows.flatten()).to(streams.dtype).view(count, -1)
        keys, values = self.keys_values(embedded).split([number * width, width], -1)
        normed = rms_norm_wide(streams.float(), None, self.norm_eps) * self.query_norm
        against = rms_norm_wide(keys.float().view(count, number, width), None, self.norm_eps) * self.key_norm
        agreement = (normed * against).sum(-1) * width**-0.5
        gate = agreement.abs().clamp_min(_LEAST).sqrt().copysign(agreement).sigmoid().unsqueeze(-1)
        return (streams.float() + gate * values.float().unsqueeze(1)).to(streams.dtype)
