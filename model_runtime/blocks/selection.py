"""Selection of the k best of a row under a total order: score descending, then index ascending.

Index scores pass through a ReLU, so many are exactly zero, and what a plain top-k takes among equals depends on the
length of the row and on the kernel. Here the choice in a row is a function of its scores alone: appending masked
entries, or computing the row in another batch, changes nothing. Full, chunked, cached and restored runs therefore
attend to the same rows (arXiv 2512.02556, section 2.1, "top-k selector"; arXiv 2606.19348, eq. 17).
"""

from __future__ import annotations

import torch
from torch import Tensor

#: stands where a row has fewer than k entries to choose from
NOTHING = -1


def top_k(scores: Tensor, k: int) -> Tensor:
    """Indices of the k best of each row, int64 [..., min(k, n)], ascending, `NOTHING` at the end of short rows.

    scores [..., n]: any float dtype; entries of -inf are masked and never chosen; 0.0 and -0.0 are equal. No row is
    sorted as a whole. Raises ValueError for k < 1.
    """
    if k < 1:
        raise ValueError(f"cannot select {k} entries")
    *leading, n = scores.shape
    rows = scores.reshape(-1, n)
    if k >= n:
        chosen = torch.arange(n).expand(rows.shape)
        short = rows == -torch.inf
    else:
        best, chosen = rows.topk(k + 1)
        cut, chosen = best[:, k - 1], chosen[:, :k]
        # rows whose last place is contested by equals
        contested = (best[:, k] == cut) & (cut > -torch.inf)
        short = best[:, :k] == -torch.inf
        if contested.any():
            chosen = chosen.clone()
            chosen[contested] = _lowest_first(rows[contested], cut[contested, None], k)
    found = chosen.masked_fill(short, n).sort(-1).values
    return found.masked_fill_(found == n, NOTHING).view(*leading, min(k, n))


def top_k_mask(scores: Tensor, k: int) -> Tensor:
    """The same choice as bool [..., n]: true where an entry is among the k best of its row."""
    n = scores.shape[-1]
    if k >= n:
        return scores > -torch.inf
    return as_mask(top_k(scores, k), n)


def as_mask(chosen: Tensor, n: int) -> Tensor:
    """bool [..., n] from indices [..., k] with `NOTHING` in empty places."""
    mask = torch.zeros(*chosen.shape[:-1], n + 1, dtype=torch.bool)
    return mask.scatter_(-1, chosen.masked_fill(chosen == NOTHING, n), True)[..., :n]


def _lowest_first(rows: Tensor, cut: Tensor, k: int) -> Tensor:
    """All entries above the cut [m, 1] and the first of those equal to it, int64 [m, k]."""
    above = rows > cut
    equal = rows == cut
    places = k - above.sum(-1, keepdim=True)
    taken = above | (equal & (equal.cumsum(-1) <= places))
    return taken.nonzero()[:, 1].view(-1, k)
