"""The tensors that a composite configuration calls for, by own name, with their shapes.

Matrices stand as [outputs, inputs]. Scales of quantised matrices are not listed: they belong to how a checkpoint is
stored, not to what it describes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .config import (
    AttentionConfig,
    CompositeConfig,
    DenseFeedForward,
    FeedForwardConfig,
    LatentAttention,
    LayerConfig,
    SharedKVAttention,
)

Shapes = dict[str, tuple[int, ...]]


def tensor_shapes(config: CompositeConfig) -> Shapes:
    """Every tensor of the main model, without drafts (mtp.*)."""
    hidden = config.hidden
    shapes: Shapes = {"embed.weight": (config.vocabulary, hidden), "norm.weight": (hidden,)}
    if not config.tied_output:
        shapes["head.weight"] = (config.vocabulary, hidden)
    for index, layer in enumerate(config.layers):
        shapes |= _under(f"layers.{index}", layer_shapes(config, layer))
    if config.hyper is not None and any(layer.residual == "mhc" for layer in config.layers):
        streams = config.hyper.streams
        shapes |= {"hc_head_fn": (streams, streams * hidden), "hc_head_base": (streams,), "hc_head_scale": (1,)}
    return shapes


def layer_shapes(config: CompositeConfig, layer: LayerConfig) -> Shapes:
    """The tensors of one layer, under "layers.N"."""
    hidden = config.hidden
    shapes: Shapes = {"attn_norm.weight": (hidden,), "ffn_norm.weight": (hidden,)}
    if layer.residual != "plain" and config.hyper is not None:
        streams = config.hyper.streams
        maps = streams * (2 + streams)
        for site in ("hc_attn", "hc_ffn"):
            shapes |= {f"{site}_fn": (maps, streams * hidden), f"{site}_base": (maps,), f"{site}_scale": (3,)}
    if (engram := layer.engram) is not None:
        streams = config.hyper.streams if config.hyper is not None and layer.residual != "plain" else 1
        inputs = sum(map(len, engram.moduli)) * engram.width
        shapes |= {
            "engram.embed.weight": (engram.rows, engram.width),
            "engram.wkv.weight": (hidden * (streams + 1), inputs),
            "engram.q_weight": (streams, hidden),
            "engram.k_weight": (streams, hidden),
        }
    shapes |= _under("attn", _attention(hidden, layer.attention))
    return shapes | _under("ffn", _feed_forward(config, layer.feed_forward))


def _attention(hidden: int, part: AttentionConfig) -> Shapes:
    return _latent(hidden, part) if isinstance(part, LatentAttention) else _shared(hidden, part)


def _latent(hidden: int, part: LatentAttention) -> Shapes:
    rope, heads = part.rotary.width, part.heads
    queries = heads * (part.nope_dim + rope)
    shapes: Shapes = {
        "wkv_a.weight": (part.kv_rank + rope, hidden),
        "kv_norm.weight": (part.kv_rank,),
        "wkv_b.weight": (heads * (part.nope_dim + part.value_dim), part.kv_rank),
        "wo.weight": (hidden, heads * part.value_dim),
    }
    if part.q_rank:
        shapes |= {"wq_a.weight": (part.q_rank, hidden), "q_norm.weight": (part.q_rank,)}
        shapes["wq_b.weight"] = (queries, part.q_rank)
    else:
        shapes["wq.weight"] = (queries, hidden)
    if (indexer := part.indexer) is not None:
        width = indexer.head_dim
        shapes |= {
            "indexer.wq_b.weight": (indexer.heads * width, part.q_rank),
            "indexer.wk.weight": (width, hidden),
            "indexer.k_norm.weight": (width,),
            "indexer.k_norm.bias": (width,),
            "indexer.weights_proj.weight": (indexer.heads, hidden),
        }
    return shapes


def _shared(hidden: int, part: SharedKVAttention) -> Shapes:
    width, heads = part.head_dim, part.heads
    shapes: Shapes = {
        "wq_a.weight": (part.q_rank, hidden),
        "q_norm.weight": (part.q_rank,),
        "wq_b.weight": (heads * width, part.q_rank),
        "wkv.weight": (width, hidden),
        "kv_norm.weight": (width,),
        "attn_sink": (heads,),
        "wo_a.weight": (part.out_groups * part.out_rank, heads * width // part.out_groups),
        "wo_b.weight": (hidden, part.out_groups * part.out_rank),
    }
    if part.kind in ("csa", "hca"):
        shapes |= _under("compressor", _compressor(hidden, width, part.ratio, overlap=part.kind == "csa"))
    owner = part.shared is not None and part.shared.rows == part.shared.layer
    if owner:
        shapes |= {"compressor.wkv.weight": (width, hidden), "compressor.norm.weight": (width,)}
        if part.ratio > 1:
            shapes["compressor.wgate.weight"] = (width, hidden)
    if (indexer := part.indexer) is not None:
        shapes |= {
            "indexer.wq_b.weight": (indexer.heads * indexer.head_dim, part.q_rank),
            "indexer.weights_proj.weight": (indexer.heads, hidden),
        }
        if owner:
            shapes |= {"indexer.wk.weight": (indexer.head_dim, width), "indexer.k_norm.weight": (indexer.head_dim,)}
    if part.kind == "csa" and indexer is not None:
        shapes |= _under("indexer.compressor", _compressor(hidden, indexer.head_dim, part.ratio, overlap=True))
    return shapes


def _compressor(hidden: int, width: int, ratio: int, overlap: bool) -> Shapes:
    """With overlap there are two series of rows side by side."""
    rows = width * (1 + overlap)
    return {"wkv.weight": (rows, hidden), "wgate.weight": (rows, hidden), "norm.weight": (width,), "ape": (ratio, rows)}


def _feed_forward(config: CompositeConfig, part: FeedForwardConfig) -> Shapes:
    hidden = config.hidden
    if isinstance(part, DenseFeedForward):
        return _swiglu(hidden, part.width)
    shapes: Shapes = {"gate.weight": (part.count, hidden)}
    if part.kind == "hash_experts":
        shapes["gate.tid2eid"] = (config.vocabulary, part.top_k)
    else:
        shapes["gate.bias"] = (part.count,)
    for expert in range(part.count):
        shapes |= _under(f"experts.{expert}", _swiglu(hidden, part.width))
    if part.shared:
        shapes |= _under("shared_experts", _swiglu(hidden, part.width * part.shared))
    return shapes


def _swiglu(hidden: int, width: int) -> Shapes:
    return {"w1.weight": (width, hidden), "w2.weight": (hidden, width), "w3.weight": (width, hidden)}


def _under(prefix: str, shapes: Shapes) -> Shapes:
    return {f"{prefix}.{name}": shape for name, shape in shapes.items()}


def differences(wanted: Mapping[str, Sequence[int]], found: Mapping[str, Sequence[int]]) -> Iterable[str]:
    """One line for each wanted tensor that is missing or has another shape, in order of the names."""
    for name, shape in sorted(wanted.items()):
        if name not in found:
            yield f"has no tensor {name}"
        elif tuple(found[name]) != tuple(shape):
            yield f"holds {name} of shape {list(found[name])} instead of {list(shape)}"
