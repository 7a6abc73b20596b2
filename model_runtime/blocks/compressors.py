"""Compression of windows of tokens to one row each: V4's HCA (no overlap), CSA (overlap of one window), V4.1's.

arXiv 2606.19348, section 2.3.2, eq. 20-23 (HCA) and section 2.3.1, eq. 9-12 (CSA). With C = wkv x and Z = wgate x for
each token, position bias B and ratio m, window w covers tokens m w .. m (w + 1):

    HCA:  C, Z [d], B [m, d].         row_w = sum over the m tokens j of softmax_j(Z_j + B_j) (.) C_j
    CSA:  C, Z [2 d], B [m, 2 d].     the first d numbers of a token speak for the window after its own, the last d for
          its own; row_w = the same softmax over 2 m places: the first halves of window w - 1, then the last halves of
          window w. Window 0 has no first halves.

    V4.1: as HCA without B; for m = 1 there is no Z either, row_w = C_w.

The softmax is per channel and float32; then RMSNorm with weight, then rotary embedding at position m w, the window's
first token. Row w exists once token m (w + 1) - 1 has been read, and the query at t sees w < (t + 1) // m.

State (`sources`): C | Z of the last tokens, those of the open window and, for CSA, of the window before it; the rows.
Weights: wkv, wgate [d or 2 d, D], norm [d], ape = B.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..composite.cache import Recent, Rows
from ..composite.weights import Weights
from .norm import rms_norm_wide
from .rotary_pairs import PairRotary, rotate_pairs


class Compressor:
    """Tokens x [n, D] -> rows of width `width`, one for every `ratio` tokens."""

    def __init__(
        self, width: int, ratio: int, overlap: bool, norm_eps: float, rotary: PairRotary, weights: Weights
    ) -> None:
        self.width, self.ratio, self.overlap = width, ratio, overlap
        self.norm_eps = norm_eps
        self.rotary = rotary
        self.values = weights.linear("wkv")
        self.gates = weights.linear("wgate") if ratio > 1 else None
        self.bias = weights.tensor("ape").float() if weights.has("ape") else None
        self.norm = weights.tensor("norm.weight").float()

    def new_rows(self, dtype: torch.dtype) -> Rows:
        return Rows(self.width, self.ratio, dtype)

    def new_sources(self, dtype: torch.dtype) -> Recent:
        windows = 2 if self.overlap else 1
        series = 1 if self.gates is None else 2
        return Recent(series * windows * self.width, windows * self.ratio - 1, dtype)

    def project(self, x: Tensor) -> Tensor:
        """C | Z, [n, 2 d] (HCA) or [n, 4 d] (CSA), or C [n, d] for windows of one token."""
        values = self.values(x)
        return values if self.gates is None else torch.cat([values, self.gates(x)], -1)

    def extend(self, projected: Tensor, sources: Recent, rows: Rows) -> None:
        """Read the projections of the next tokens and append the rows of the windows that they close."""
        latents = self.latents(projected, sources, rows.length)
        if latents.shape[0]:
            rows.append(self.rotated(latents, rows.length))

    def rotated(self, latents: Tensor, begin: int) -> Tensor:
        """Rows from latents [w, any width] of windows begin .. begin + w: rotated to their first tokens' positions."""
        return rotate_pairs(latents, *self.rotary.at(torch.arange(begin, begin + latents.shape[0]) * self.ratio))

    def latents(self, projected: Tensor, sources: Recent, begin: int) -> Tensor:
        """Rows before rotation, [w, d], of the windows from `begin` on that the next tokens, as projected, close."""
        held, first = sources.extend(projected)
        end = sources.end // self.ratio
        if begin == end:
            return held.new_empty(0, self.width)
        if self.gates is None:
            return rms_norm_wide(held[begin - first :], self.norm, self.norm_eps)
        lead = 1 if self.overlap and begin > 0 else 0
        held = held[(begin - lead) * self.ratio - first : end * self.ratio - first]
        values, gates = held.unflatten(0, (-1, self.ratio)).chunk(2, -1)  # [windows, m, d or 2 d]
        gates = gates.float() if self.bias is None else gates.float() + self.bias
        if self.overlap:
            values = _overlapped(values, lead, 0.0)
            gates = _overlapped(gates, lead, -torch.inf)
        pooled = (values * gates.softmax(1).to(values.dtype)).sum(1)
        return rms_norm_wide(pooled, self.norm, self.norm_eps)


def _overlapped(windows: Tensor, lead: int, nothing: float) -> Tensor:
    """[lead + w, m, 2 d] -> [w, 2 m, d]: first halves of the window before, last halves of the window itself.

    Without a leading window, the first one has `nothing` before it.
    """
    ahead, own = windows.chunk(2, -1)
    if not lead:
        ahead = torch.cat([torch.full_like(ahead[:1], nothing), ahead])
    return torch.cat([ahead[:-1], own[lead:]], 1)
