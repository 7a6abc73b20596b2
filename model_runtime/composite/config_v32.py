"""config.json of `deepseek_v32`, as DeepSeek ships it and as transformers writes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

from ..config import UnsupportedModel
from .config import (
    CompositeConfig,
    DenseFeedForward,
    FeedForwardConfig,
    Indexer,
    LatentAttention,
    LayerConfig,
    Rotary,
    RoutedExperts,
    ScoreFunction,
    Yarn,
)

#: epsilon of the norms inside the attention; rms_norm_eps is that of the others
LATENT_EPS = 1e-6


def from_v32(config: Mapping[str, Any]) -> CompositeConfig:
    """The description of a V3.2 decoder. Raises KeyError for a missing key, UnsupportedModel for an unknown value."""
    if config.get("attention_bias") or config.get("mlp_bias"):
        raise UnsupportedModel("biases of attention and feed-forward matrices are not supported")
    if (activation := config.get("hidden_act", "silu")) != "silu":
        raise UnsupportedModel(f"activation {activation!r} is not supported")
    count = config["num_hidden_layers"]
    kinds = config.get("mlp_layer_types")
    if kinds is None:
        dense = config["first_k_dense_replace"]
        kinds = ["dense" if index < dense else "sparse" for index in range(count)]
    if len(kinds) != count or not set(kinds) <= {"dense", "sparse"}:
        raise UnsupportedModel(f"mlp_layer_types must name dense or sparse for each of {count} layers")
    attention = _attention(config)
    dense_part, routed = DenseFeedForward(config["intermediate_size"]), _experts(config)
    parts: dict[str, FeedForwardConfig] = {"dense": dense_part, "sparse": routed}
    eos = config.get("eos_token_id")
    return CompositeConfig(
        family="v32",
        hidden=config["hidden_size"],
        vocabulary=config["vocab_size"],
        context=config["max_position_embeddings"],
        norm_eps=config["rms_norm_eps"],
        layers=tuple(LayerConfig(attention, parts[kind]) for kind in kinds),
        bos=config.get("bos_token_id"),
        eos=tuple(eos) if isinstance(eos, list) else () if eos is None else (eos,),
        tied_output=config.get("tie_word_embeddings", False),
    )


def _attention(config: Mapping[str, Any]) -> LatentAttention:
    rotary, mscale = _rotary(config)
    nope = config["qk_nope_head_dim"]
    indexer = Indexer(config["index_n_heads"], config["index_head_dim"], config["index_topk"])
    if indexer.head_dim < rotary.width:
        raise UnsupportedModel(f"index heads of {indexer.head_dim} cannot rotate {rotary.width} dimensions")
    return LatentAttention(
        kind="mla_sparse",
        heads=config["num_attention_heads"],
        q_rank=config["q_lora_rank"],
        kv_rank=config["kv_lora_rank"],
        nope_dim=nope,
        value_dim=config["v_head_dim"],
        rotary=rotary,
        softmax_scale=(nope + rotary.width) ** -0.5 * mscale**2,
        norm_eps=LATENT_EPS,
        indexer=indexer,
    )


def _rotary(config: Mapping[str, Any]) -> tuple[Rotary, float]:
    """The position embedding, and YaRN's factor of queries and of keys.

    YaRN's mscale(s) = 0.1 s log(factor) + 1. The logits take mscale(mscale_all_dim) squared; cos and sin take
    attention_factor, which is mscale(mscale) / mscale(mscale_all_dim) unless stated: 1 in the released checkpoints.
    """
    given = config.get("rope_parameters") or config.get("rope_scaling") or {}
    width = config["qk_rope_head_dim"]
    theta = given.get("rope_theta", config.get("rope_theta", 10000.0))
    kind = given.get("rope_type", given.get("type", "default"))
    if kind == "default":
        return Rotary(width, theta), 1.0
    if kind != "yarn":
        raise UnsupportedModel(f"rotary scaling {kind!r} is not supported")
    original = given["original_max_position_embeddings"]
    factor = given.get("factor") or config["max_position_embeddings"] / original

    def mscale(weight: float) -> float:
        return 0.1 * weight * math.log(factor) + 1.0 if factor > 1 else 1.0

    own, all_dims = given.get("mscale"), given.get("mscale_all_dim")
    cos_factor = given.get("attention_factor")
    if cos_factor is None:
        cos_factor = mscale(own) / mscale(all_dims) if own and all_dims else mscale(1.0)
    yarn = Yarn(factor, original, given.get("beta_fast") or 32.0, given.get("beta_slow") or 1.0)
    return Rotary(width, theta, yarn, cos_factor), mscale(all_dims) if all_dims else 1.0


def _experts(config: Mapping[str, Any]) -> RoutedExperts:
    score = config.get("scoring_func", "sigmoid")
    if score not in ("sqrtsoftplus", "sigmoid", "softmax"):
        raise UnsupportedModel(f"routing score {score!r} is not supported")
    count, groups, opened, top = (
        config[key] for key in ("n_routed_experts", "n_group", "topk_group", "num_experts_per_tok")
    )
    if count % groups or not 1 <= opened <= groups or not 1 <= top <= count // groups * opened:
        raise UnsupportedModel(f"{top} of {count} experts cannot be chosen from {opened} of {groups} groups")
    return RoutedExperts(
        kind="experts",
        count=count,
        shared=config["n_shared_experts"] or 0,
        top_k=top,
        width=config["moe_intermediate_size"],
        score=cast(ScoreFunction, score),
        scale=config["routed_scaling_factor"],
        normalise=config.get("norm_topk_prob", True),
        groups=groups,
        top_groups=opened,
    )
