"""config.json of `deepseek_v41`: the text model, under `text_config` or at the top level.

Not read: vision, and the DSpark draft stages (mtp.*).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..config import UnsupportedModel
from .config import CompositeConfig, Engram, HyperConnections, Indexer, LayerConfig, SharedKVAttention, SharedRows
from .config_v4 import end_tokens, rotaries, routed_experts
from .engram_layout import moduli


def from_v41(config: Mapping[str, Any]) -> CompositeConfig:
    """The description of a V4.1 text decoder. Raises KeyError for a missing key, UnsupportedModel for a value."""
    text = {**config, **config.get("text_config", {})}
    if text.get("gate_temp", 1.0) != 1.0:
        raise UnsupportedModel(f"a gate temperature of {text['gate_temp']} is not supported")
    count = text["num_hidden_layers"]
    engrams = _engrams(text)
    experts = routed_experts({"n_shared_experts": 1, **text}, hashed=False)
    return CompositeConfig(
        family="v41",
        hidden=text["hidden_size"],
        vocabulary=text["vocab_size"],
        context=text["max_position_embeddings"],
        norm_eps=text["rms_norm_eps"],
        layers=tuple(
            LayerConfig(_attention(text, index), experts, "mhc_single_pass", engrams.get(index))
            for index in range(count)
        ),
        hyper=HyperConnections(text["hc_mult"], text["hc_sinkhorn_iters"], text["hc_eps"], text["rms_norm_eps"]),
        bos=text.get("bos_token_id"),
        eos=end_tokens(text),
        tied_output=text.get("tie_word_embeddings", False),
    )


def _engrams(config: Mapping[str, Any]) -> dict[int, Engram]:
    """By layer."""
    layers = config.get("engram_layer_ids") or ()
    if not layers:
        return {}
    orders, heads = config["engram_max_ngram_size"] - 1, config["engram_n_heads"]
    found = {}
    by_layer = moduli(len(layers), orders, heads, config["engram_vocab_size"])
    for layer, primes, rows in zip(layers, by_layer, config["engram_num_embeddings"], strict=True):
        if rows < sum(map(sum, primes)):
            raise UnsupportedModel(f"the Engram of layer {layer} has {rows} rows, fewer than its hashes reach")
        found[layer] = Engram(
            layer=layer,
            moduli=primes,
            width=config["engram_head_dim"],
            rows=rows,
            vocabulary=config["engram_compressed_vocab_size"],
            pad=config["engram_pad_token_id"],
        )
    return found


def _last(sources: Sequence[int], layer: int, what: str) -> int:
    before = [source for source in sources if source <= layer]
    if not before:
        raise UnsupportedModel(f"layer {layer} reads compressed rows, but no layer before it makes {what}")
    return max(before)


def _attention(config: Mapping[str, Any], layer: int) -> SharedKVAttention:
    plain, compressed = rotaries(config)
    ratios = config["compress_ratios"]
    ratio = ratios[layer] if layer < len(ratios) else 0
    shared = _shared(config, layer) if ratio else None
    chooses = shared is not None and shared.keys is not None
    return SharedKVAttention(
        kind="shared_rows" if ratio else "sliding",
        heads=config["num_attention_heads"],
        head_dim=config["head_dim"],
        q_rank=config["q_lora_rank"],
        window=config["sliding_window"],
        rotary=compressed if ratio else plain,
        out_groups=config["o_groups"],
        out_rank=config["o_lora_rank"],
        norm_eps=config["rms_norm_eps"],
        query_norm=False,
        ratio=ratio,
        indexer=Indexer(config["index_n_heads"], config["index_head_dim"], config["index_topk"]) if chooses else None,
        shared=shared,
        rounded=True,
    )


def _shared(config: Mapping[str, Any], layer: int) -> SharedRows:
    owners, choosers = config["kv_source_layer_ids"], config["index_source_layer_ids"]
    ratios = config["compress_ratios"]
    rows, choice = _last(owners, layer, "them"), _last(choosers, layer, "a choice")
    if ratios[rows] != ratios[layer] or choice < rows:
        raise UnsupportedModel(f"layer {layer} cannot read the rows of layer {rows} by the choice of layer {choice}")
    bounding = config.get("candidate_source_layer_id", -1)
    blocks = config.get("candidate_topk_blocks", 0) if bounding >= 0 else 0
    keys = _last([owner for owner in owners if owner in choosers], layer, "index keys") if layer in choosers else None
    return SharedRows(
        layer=layer,
        rows=rows,
        choice=choice,
        keys=keys,
        bounds=bounding if keys is not None and blocks and bounding < layer else None,
        blocks=blocks if layer == bounding else 0,
        block_size=config.get("candidate_block_size", 0),
    )
