"""V4's multi-token prediction block (mtp.K): from what the model knows at a token and the next one, the one after.

For token i with the model's last streams X_i [S, D] (before they collapse) and the next token's embedding e:

    X'_i = h_proj RMSNorm_h(X_i) + e_proj RMSNorm_e(e)     every stream alike, [S, D]
    X''  = one decoder layer over X' (window only, its own experts), at position i
    logits for token i + 2 = head(RMSNorm(collapse X''))

Embedding and head are the model's, the collapse (hc_head) and its norm are the block's own.
X'' stands in for the model's streams when more than one token is drafted. arXiv 2412.19437, section 2.2, with V4's
streams in place of one hidden state; weights mtp.K.{enorm,hnorm,e_proj,h_proj,norm,hc_head_*} and those of a layer.
"""

from __future__ import annotations

from torch import Tensor

from ..composite.weights import Weights
from .norm import rms_norm_wide


class NextTokenInput:
    """Streams [n, S, D] and embeddings of the tokens that follow, [n, D] -> streams [n, S, D]."""

    def __init__(self, norm_eps: float, weights: Weights) -> None:
        self.norm_eps = norm_eps
        self.embedding_norm = weights.tensor("enorm.weight").float()
        self.streams_norm = weights.tensor("hnorm.weight").float()
        self.embedding = weights.linear("e_proj")
        self.streams = weights.linear("h_proj")

    def __call__(self, streams: Tensor, embeddings: Tensor) -> Tensor:
        ahead = self.embedding(rms_norm_wide(embeddings, self.embedding_norm, self.norm_eps))
        return self.streams(rms_norm_wide(streams, self.streams_norm, self.norm_eps)) + ahead.unsqueeze(1)
