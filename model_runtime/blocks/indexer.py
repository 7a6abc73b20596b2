"""Lightning indexer: a small scorer that chooses, for each query, the rows worth attending to.

For query t and row s, with n_h index heads of d dimensions (arXiv 2512.02556, eq. 1; V4: arXiv 2606.19348, eq. 14-17):

    I[t, s] = sum over h of w[t, h] * ReLU(q[t, h] . k[s])
    chosen  = the k best rows of I[t] under the total order of selection.py

One key row is shared by all heads. Everything is float32: scores that differ by rounding choose differently.
"""

from __future__ import annotations

import torch
from torch import Tensor

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
