"""One typed description of a composite decoder: which block stands where, with its sizes.

`from_hf` reads the config.json of a checkpoint; each family has a reader of its own (config_v4, config_v32).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..config import UnsupportedModel

ResidualKind = Literal["plain", "mhc", "mhc_single_pass"]
ScoreFunction = Literal["sqrtsoftplus", "sigmoid", "softmax"]


@dataclass(frozen=True, slots=True)
class Yarn:
    """YaRN scaling of the rotary frequencies (arXiv 2309.00071, section 3.2)."""

    factor: float
    original: int
    """Positions before scaling."""
    beta_fast: float = 32.0
    beta_slow: float = 1.0


@dataclass(frozen=True, slots=True)
class Rotary:
    """Rotary position embedding of `width` dimensions."""

    width: int
    theta: float
    yarn: Yarn | None = None
    attention_factor: float = 1.0
    """cos and sin are multiplied by it; the V4 line uses 1.0 also with YaRN."""


@dataclass(frozen=True, slots=True)
class Indexer:
    """Lightning indexer: scores rows for each query and keeps the best `top_k`."""

    heads: int
    head_dim: int
    top_k: int


@dataclass(frozen=True, slots=True)
class SharedRows:
    """From which layers a V4.1 layer takes compressed rows, index keys, the choice among rows, and bounds of a search.

    A layer that finds its own number there makes them.
    """

    layer: int
    rows: int
    choice: int
    keys: int | None = None
    """Whose index keys the layer's indexer scores; None without an indexer."""
    bounds: int | None = None
    """Whose candidate blocks the layer's indexer searches; None: all rows."""
    blocks: int = 0
    """Candidate blocks kept, by a layer that bounds others."""
    block_size: int = 0


@dataclass(frozen=True, slots=True)
class SharedKVAttention:
    """V4's attention: one latent row per token serves as key and value of all heads; window, sinks, compressed rows.

    sliding: window only. csa: overlapping windows of `ratio` tokens compressed to rows, chosen by the indexer.
    hca: windows of `ratio` tokens compressed to rows, all attended. shared_rows (V4.1): windows of `ratio` tokens
    compressed to rows, by this layer or an earlier one, chosen by an indexer, of this layer or an earlier one.
    """

    kind: Literal["sliding", "csa", "hca", "shared_rows"]
    heads: int
    head_dim: int
    q_rank: int
    window: int
    rotary: Rotary
    """Trailing `rotary.width` dimensions of a head, interleaved pairs."""
    out_groups: int
    out_rank: int
    norm_eps: float
    query_norm: bool = True
    """Unweighted RMSNorm of each query head (V4; V4.1 has none)."""
    ratio: int = 0
    """Tokens per compressed row; 0 for sliding."""
    indexer: Indexer | None = None
    """csa, and shared_rows where the layer chooses."""
    shared: SharedRows | None = None
    """shared_rows only."""
    rounded: bool = False
    """Window rows are rounded to FP8, compressed rows and index keys and queries to FP4, as V4.1 was trained."""


@dataclass(frozen=True, slots=True)
class LatentAttention:
    """Multi-head latent attention of V3 and V3.2: a compressed row of `kv_rank` and one rotary key per token.

    mla_dense attends to all rows, mla_sparse to those that the indexer chooses.
    """

    kind: Literal["mla_dense", "mla_sparse"]
    heads: int
    q_rank: int
    """0: queries are projected directly (weights named wq)."""
    kv_rank: int
    nope_dim: int
    value_dim: int
    rotary: Rotary
    softmax_scale: float
    """Factor of the logits, with YaRN's mscale squared in it."""
    norm_eps: float
    indexer: Indexer | None = None


@dataclass(frozen=True, slots=True)
class DenseFeedForward:
    """SwiGLU of one width (weights ffn.w1, w2, w3)."""

    width: int
    kind: Literal["dense"] = "dense"


@dataclass(frozen=True, slots=True)
class RoutedExperts:
    """Mixture of SwiGLU experts with shared experts (weights ffn.gate, ffn.experts.E, ffn.shared_experts)."""

    kind: Literal["experts", "hash_experts"]
    """hash_experts: the token id chooses the experts by a table (gate.tid2eid), the gate only weighs them."""
    count: int
    shared: int
    """Shared experts, as one feed-forward of `shared * width`."""
    top_k: int
    width: int
    score: ScoreFunction
    scale: float
    """Factor of the routing weights."""
    normalise: bool = True
    """Divide the chosen scores by their sum (before `scale`)."""
    limit: float | None = None
    """Clamp of SwiGLU: gate <= limit, |up| <= limit; None for no clamp."""
    groups: int = 1
    """Experts stand in groups, of which the best `top_groups` are open to a token (V3.2)."""
    top_groups: int = 1


@dataclass(frozen=True, slots=True)
class HyperConnections:
    """Manifold-constrained hyper-connections (arXiv 2512.24880): `streams` residual streams."""

    streams: int
    iterations: int
    """Sinkhorn-Knopp iterations."""
    eps: float
    norm_eps: float


@dataclass(frozen=True, slots=True)
class Engram:
    """Conditional memory (arXiv 2601.07372) read before the layer's attention."""

    layer: int
    """Layer number, which seeds the hash."""
    moduli: tuple[tuple[int, ...], ...]
    """Prime number of rows of each hash head, by order of n-gram (2, 3, ...) and head."""
    width: int
    """Dimensions of a row."""
    rows: int
    """Of the table, at least the sum of the moduli."""
    vocabulary: int
    """Ids that are left when tokens that read alike share one."""
    pad: int
    """Token id that stands before the text."""


AttentionConfig = SharedKVAttention | LatentAttention
FeedForwardConfig = DenseFeedForward | RoutedExperts


@dataclass(frozen=True, slots=True)
class LayerConfig:
    attention: AttentionConfig
    feed_forward: FeedForwardConfig
    residual: ResidualKind = "plain"
    engram: Engram | None = None


@dataclass(frozen=True, slots=True)
class CompositeConfig:
    """A decoder: embedding, layers, collapse of the residual streams, RMSNorm, output matrix."""

    family: Literal["v4", "v32", "v41"]
    hidden: int
    vocabulary: int
    context: int
    """Positions it was trained for, tokens."""
    norm_eps: float
    layers: tuple[LayerConfig, ...]
    hyper: HyperConnections | None = None
    """Of every layer whose residual is not plain."""
    drafts: tuple[LayerConfig, ...] = ()
    """Multi-token prediction blocks (weights mtp.K)."""
    bos: int | None = None
    eos: tuple[int, ...] = ()
    tied_output: bool = False


def from_hf(config: Mapping[str, Any]) -> CompositeConfig:
    """The description in a checkpoint's config.json.

    Raises UnsupportedModel for another model type, a key that is missing, or a value without a block here.
    """
    model_type = config.get("model_type")
    try:
        if model_type == "deepseek_v4":
            from .config_v4 import from_v4

            return from_v4(config)
        if model_type == "deepseek_v32":
            from .config_v32 import from_v32

            return from_v32(config)
        if model_type == "deepseek_v41":
            from .config_v41 import from_v41

            return from_v41(config)
    except KeyError as error:
        raise UnsupportedModel(f"config.json of {model_type} lacks {error.args[0]!r}") from None
    known = "deepseek_v4, deepseek_v32, deepseek_v41"
    raise UnsupportedModel(f"model type {model_type!r} is not supported (supported: {known})")
