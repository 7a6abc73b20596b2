"""Routed experts: a gate scores all experts for each token, the best k run, and a shared expert always runs.

With gate matrix W_g [E, D], selection bias b [E] and SwiGLU experts (feed_forward.py):

    s_e = f(W_g x)_e,  f = sqrt(softplus(.)) (V4), sigmoid (V3, V3.2) or softmax over the experts (V2)
    K   = the k best of s + b, inside the groups that are open; the bias selects and never weighs
    g_e = scale * s_e / (sum over K of s + 1e-20)        (without the division when not normalised)
    y   = sum over K of g_e FFN_e(x) + FFN_shared(x)

Group-limited routing (V3, V3.2): experts stand in `groups` equal groups; a group is worth the sum of its two best
s + b; only the best `top_groups` groups are searched. Hash layers (V4, first layers) take K from a table by token id;
weights still come from the gate. Every choice is under the total order of selection.py.
Sources: arXiv 2401.06066 (DeepSeekMoE), arXiv 2412.19437 eq. 12-16, arXiv 2606.19348 section 2.1.
Config: num_experts_per_tok, scoring_func, routed_scaling_factor, norm_topk_prob, n_group, topk_group, swiglu_limit.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from ..composite.config import RoutedExperts, ScoreFunction
from ..composite.weights import Weights
from .feed_forward import SwiGLU
from .selection import as_mask, top_k


def expert_scores(x: Tensor, gate: Tensor, function: ScoreFunction) -> Tensor:
    """float32 [n, E] from x [n, D] and the gate matrix [E, D]."""
    logits = F.linear(x.float(), gate.float())
    if function == "sqrtsoftplus":
        return F.softplus(logits).sqrt()
    return logits.sigmoid() if function == "sigmoid" else logits.softmax(-1)


def choose_experts(scores: Tensor, config: RoutedExperts, bias: Tensor | None = None) -> Tensor:
    """int64 [n, k], ascending, from scores [n, E] and a selection bias [E]."""
    ranked = scores if bias is None else scores + bias
    if config.top_groups < config.groups:
        grouped = ranked.unflatten(-1, (config.groups, -1))
        worth = grouped.topk(min(2, grouped.shape[-1]), -1).values.sum(-1)
        opened = as_mask(top_k(worth, config.top_groups), config.groups)
        ranked = grouped.masked_fill(~opened.unsqueeze(-1), -torch.inf).flatten(-2)
    return top_k(ranked, config.top_k)


def routing_weights(scores: Tensor, chosen: Tensor, config: RoutedExperts) -> Tensor:
    """float32 [n, k]: what the outputs of the chosen experts [n, k] are multiplied by."""
    weights = scores.gather(-1, chosen)
    if config.normalise:
        weights = weights / (weights.sum(-1, keepdim=True) + 1e-20)
    return weights * config.scale


def run_experts(x: Tensor, chosen: Tensor, weights: Tensor, run: Callable[[int, Tensor], Tensor]) -> Tensor:
    """sum over k of weights * run(expert, x), [n, D], from x [n, D], chosen and weights [n, k].

    Tokens are grouped by expert: each expert that is needed runs once, over its rows [m, D], in ascending order, which
    also fixes the order of the sum.
    """
    flat = chosen.flatten()
    order = flat.argsort(stable=True)
    needed, counts = flat[order].unique_consecutive(return_counts=True)
    parts = counts.tolist()
    tokens = (order // chosen.shape[-1]).split(parts)
    shares = weights.flatten()[order].unsqueeze(-1).to(x.dtype).split(parts)
    result = torch.zeros_like(x)
    for expert, rows, share in zip(needed.tolist(), tokens, shares, strict=True):
        result.index_add_(0, rows, run(expert, x[rows]) * share)
    return result


class RoutedExpertsBlock:
    """x [n, D] and token ids [n] -> [n, D]. Weights: gate.weight [E, D], gate.bias [E] or gate.tid2eid [V, k],
    experts.E and shared_experts with w1, w3 [I, D] and w2 [D, I]."""

    def __init__(self, config: RoutedExperts, weights: Weights) -> None:
        self.config = config
        self.weights = weights
        self.gate = weights.tensor("gate.weight")
        self.bias = weights.tensor("gate.bias").float() if weights.has("gate.bias") else None
        self.shared = SwiGLU(weights.at("shared_experts"), config.limit) if config.shared else None

    def __call__(self, x: Tensor, ids: Tensor) -> Tensor:
        scores = expert_scores(x, self.gate, self.config.score)
        if self.config.kind == "hash_experts":
            chosen = self.weights.rows("gate.tid2eid", ids).long()
        else:
            chosen = choose_experts(scores, self.config, self.bias)
        self.weights.expect(chosen.unique().tolist())
        result = run_experts(x, chosen, routing_weights(scores, chosen, self.config), self._run)
        return result if self.shared is None else result + self.shared(x, ids)

    def _run(self, expert: int, x: Tensor) -> Tensor:
        return SwiGLU(self.weights.expert(expert), self.config.limit)(x)
