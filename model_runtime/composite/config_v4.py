"""config.json of `deepseek_v4`, as DeepSeek ships it and as transformers writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from ..config import UnsupportedModel
from .config import (
    CompositeConfig,
    HyperConnections,
    Indexer,
    LayerConfig,
    Rotary,
    RoutedExperts,
    ScoreFunction,
    SharedKVAttention,
    Yarn,
)

Kind = Literal["sliding", "csa", "hca"]

#: compress_ratios of the released checkpoints: what a ratio stands for
_BY_RATIO: dict[int, Kind] = {0: "sliding", 4: "csa", 128: "hca"}
_BY_LAYER_TYPE: dict[str, Kind] = {
    "sliding_attention": "sliding",
    "compressed_sparse_attention": "csa",
    "heavily_compressed_attention": "hca",
}


def from_v4(config: Mapping[str, Any]) -> CompositeConfig:
    """The description of a V4 decoder. Raises KeyError for a missing key, UnsupportedModel for an unknown value."""
    count = config["num_hidden_layers"]
    attention = _attention(config)
    hashed = _hashed(config, count)
    layers = tuple(
        LayerConfig(attention[index], routed_experts(config, hashed[index]), residual="mhc") for index in range(count)
    )
    drafts = tuple(
        LayerConfig(part, routed_experts(config, hashed=False), residual="mhc")
        for part in attention[count : count + config.get("num_nextn_predict_layers", 0)]
    )
    return CompositeConfig(
        family="v4",
        hidden=config["hidden_size"],
        vocabulary=config["vocab_size"],
        context=config["max_position_embeddings"],
        norm_eps=config["rms_norm_eps"],
        layers=layers,
        hyper=HyperConnections(
            config["hc_mult"], config["hc_sinkhorn_iters"], config["hc_eps"], config["rms_norm_eps"]
        ),
        drafts=drafts,
        bos=config.get("bos_token_id"),
        eos=end_tokens(config),
        tied_output=config.get("tie_word_embeddings", False),
    )


def end_tokens(config: Mapping[str, Any]) -> tuple[int, ...]:
    eos = config.get("eos_token_id")
    return tuple(eos) if isinstance(eos, list) else () if eos is None else (eos,)


def _kinds(config: Mapping[str, Any], count: int) -> list[tuple[Kind, int]]:
    """Kind and compression ratio of every layer, then of the draft blocks (sliding where nothing says otherwise)."""
    drafts = config.get("num_nextn_predict_layers", 0)
    if types := config.get("layer_types"):
        rates = config.get("compress_rates") or {}
        try:
            kinds = [_BY_LAYER_TYPE[name] for name in types]
        except KeyError as error:
            raise UnsupportedModel(f"layer type {error.args[0]!r} is not supported") from None
        by_kind = {
            "sliding": 0,
            "csa": rates.get("compressed_sparse_attention", 4),
            "hca": rates.get("heavily_compressed_attention", 128),
        }
        found = [(kind, by_kind[kind]) for kind in kinds]
    else:
        try:
            found = [(_BY_RATIO[ratio], ratio) for ratio in config["compress_ratios"]]
        except KeyError as error:
            if error.args[0] == "compress_ratios":
                raise
            raise UnsupportedModel(f"compress ratio {error.args[0]!r} is not supported") from None
    if len(found) < count:
        raise UnsupportedModel(f"config.json describes the attention of {len(found)} layers of {count}")
    return found + [("sliding", 0)] * (count + drafts - len(found))


def _attention(config: Mapping[str, Any]) -> list[SharedKVAttention]:
    plain, compressed = rotaries(config)
    indexer = Indexer(config["index_n_heads"], config["index_head_dim"], config["index_topk"])
    return [
        SharedKVAttention(
            kind=kind,
            heads=config["num_attention_heads"],
            head_dim=config["head_dim"],
            q_rank=config["q_lora_rank"],
            window=config["sliding_window"],
            rotary=plain if kind == "sliding" else compressed,
            out_groups=config["o_groups"],
            out_rank=config["o_lora_rank"],
            norm_eps=config["rms_norm_eps"],
            ratio=ratio,
            indexer=indexer if kind == "csa" else None,
        )
        for kind, ratio in _kinds(config, config["num_hidden_layers"])
    ]


def rotaries(config: Mapping[str, Any]) -> tuple[Rotary, Rotary]:
    """Position embedding of layers with a window only, and of those that compress.

    Only the latter are scaled by YaRN, without its factor on cos and sin unless the config states one.
    """
    given = config.get("rope_parameters") or config.get("rope_scaling") or {}
    nested = "compress" in given
    main = given["main"] if nested else {"rope_theta": config.get("rope_theta", 10000.0)}
    compress = given["compress"] if nested else {**given, "rope_theta": config.get("compress_rope_theta", 160000.0)}
    width = config.get("qk_rope_head_dim")
    if width is None:
        share = main.get("partial_rotary_factor", config.get("partial_rotary_factor"))
        width = int(config["head_dim"] * share) if share is not None else 64
    kind = compress.get("rope_type", compress.get("type", "default"))
    if kind == "default":
        yarn = None
    elif kind == "yarn":
        yarn = Yarn(
            compress["factor"],
            compress["original_max_position_embeddings"],
            compress.get("beta_fast") or 32.0,
            compress.get("beta_slow") or 1.0,
        )
    else:
        raise UnsupportedModel(f"rotary scaling {kind!r} is not supported")
    return (
        Rotary(width, main["rope_theta"]),
        Rotary(width, compress["rope_theta"], yarn, compress.get("attention_factor") or 1.0),
    )


def _hashed(config: Mapping[str, Any], count: int) -> list[bool]:
    """Which layers route by a table of token ids."""
    if types := config.get("mlp_layer_types"):
        return [name == "hash_moe" for name in types]
    first: int = config["num_hash_layers"]
    return [index < first for index in range(count)]


def routed_experts(config: Mapping[str, Any], hashed: bool) -> RoutedExperts:
    """The feed-forward of a layer of V4 or V4.1."""
    score = config["scoring_func"]
    if score not in ("sqrtsoftplus", "sigmoid", "softmax"):
        raise UnsupportedModel(f"routing score {score!r} is not supported")
    return RoutedExperts(
        kind="hash_experts" if hashed else "experts",
        count=config["n_routed_experts"],
        shared=config["n_shared_experts"],
        top_k=config["num_experts_per_tok"],
        width=config["moe_intermediate_size"],
        score=cast(ScoreFunction, score),
        scale=config["routed_scaling_factor"],
        limit=config.get("swiglu_limit"),
    )
