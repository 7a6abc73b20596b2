"""Grouped-query attention over a cache.

The queries that share a key head are folded into rows of one matrix: with one query position the library's own
grouped path expands the keys and is 13 times slower. No mask is ever built over the past: a chunk attends to the past
(all of it) and to itself (causally) in two calls, and the two results are merged by their log-sum-exp.
"""

from __future__ import annotations

import torch
from torch import Tensor

_flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu


def attend(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Causal attention of the last n positions.

    queries [n, heads, width]; keys and values [kv_heads, total, width], of which the last n belong to the queries.
    Returns [n, heads * width].
    """
    count, heads, width = queries.shape
    kv_heads, total, _ = keys.shape
    group = heads // kv_heads
    past = total - count
    # [kv_heads, group * n, width]: row g * n + t is query head g of position t
    folded = queries.view(count, kv_heads, group, width).permute(1, 2, 0, 3).reshape(1, kv_heads, -1, width)
    if count == 1:
        out, _ = _flash(folded, keys.unsqueeze(0), values.unsqueeze(0))
        return out.reshape(1, heads * width)
    by_head = folded.view(1, heads, count, width)
    own = (1, heads, count, width)
    new_keys = keys[:, past:].unsqueeze(1).expand(kv_heads, group, count, width).reshape(own)
    new_values = values[:, past:].unsqueeze(1).expand(kv_heads, group, count, width).reshape(own)
    out, lse = _flash(by_head, new_keys, new_values, 0.0, True)
    if past:
        old, old_lse = _flash(folded, keys[:, :past].unsqueeze(0), values[:, :past].unsqueeze(0))
        out = _merge(out, lse, old.reshape(out.shape), old_lse.reshape(lse.shape))
    return out[0].transpose(0, 1).reshape(count, heads * width)


def _merge(new: Tensor, new_lse: Tensor, old: Tensor, old_lse: Tensor) -> Tensor:
    """Attention over two sets of keys from the attention over each: weights are the softmax of the log-sum-exps."""
    share = torch.sigmoid(old_lse - new_lse).unsqueeze(-1)
    return torch.lerp(new.float(), old.float(), share).to(new.dtype)
