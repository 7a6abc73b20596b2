"""One typed description of a decoder: its sizes and the variants of its blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: architectures whose blocks this package has, as `general.architecture` names them
ARCHITECTURES = ("qwen2", "llama")


class UnsupportedModel(RuntimeError):
    """The checkpoint is sound, but describes a decoder that this package has no blocks for."""


class BadCheckpoint(ValueError):
    """A file of a checkpoint is missing, damaged, cut short, or does not hold what another says it does."""


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """A pre-norm decoder: RMSNorm, rotary grouped-query attention, SwiGLU feed-forward, RMSNorm, output matrix."""

    architecture: str
    name: str
    layers: int
    hidden: int
    feed_forward: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    context: int
    """Positions it was trained for, tokens."""
    rope_theta: float
    rope_scale: float
    """Positions are divided by this (linear scaling); 1.0 for none."""
    norm_eps: float
    tied_output: bool
    """The output matrix is the embedding matrix."""

    @property
    def query_width(self) -> int:
        return self.heads * self.head_dim

    @property
    def kv_width(self) -> int:
        return self.kv_heads * self.head_dim

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def from_gguf(metadata: Mapping[str, Any], vocabulary: int, tied_output: bool) -> DecoderConfig:
    """The description inside a GGUF file's metadata.

    Raises UnsupportedModel for an architecture or a position scheme without blocks here, or sizes that do not fit.
    """
    architecture = metadata.get("general.architecture")
    if architecture not in ARCHITECTURES:
        raise UnsupportedModel(
            f"architecture {architecture!r} is not supported (supported: {', '.join(ARCHITECTURES)})"
        )

    def get(key: str, default: Any = None) -> Any:
        value = metadata.get(f"{architecture}.{key}", default)
        if value is None:
            raise UnsupportedModel(f"the checkpoint lacks {architecture}.{key}")
        return value

    scaling = metadata.get(f"{architecture}.rope.scaling.type", "none")
    if scaling not in ("none", "linear"):
        raise UnsupportedModel(f"rotary scaling {scaling!r} is not supported")
    if metadata.get(f"{architecture}.expert_count", 0):
        raise UnsupportedModel("mixtures of experts are not supported")
    heads, hidden = int(get("attention.head_count")), int(get("embedding_length"))
    config = DecoderConfig(
        architecture=architecture,
        name=str(metadata.get("general.name", architecture)),
        layers=int(get("block_count")),
        hidden=hidden,
        feed_forward=int(get("feed_forward_length")),
        heads=heads,
        kv_heads=int(get("attention.head_count_kv", heads)),
        head_dim=int(get("attention.key_length", hidden // max(heads, 1))),
        vocabulary=vocabulary,
        context=int(get("context_length")),
        rope_theta=float(get("rope.freq_base", 10000.0)),
        rope_scale=float(get("rope.scaling.factor", 1.0)) if scaling == "linear" else 1.0,
        norm_eps=float(get("attention.layer_norm_rms_epsilon")),
        tied_output=tied_output,
    )
    rotated = int(get("rope.dimension_count", config.head_dim))
    if rotated != config.head_dim or config.head_dim % 2:
        raise UnsupportedModel(f"rotary width {rotated} of head width {config.head_dim} is not supported")
    if min(config.layers, config.heads, config.kv_heads, config.head_dim) < 1 or heads % config.kv_heads:
        raise UnsupportedModel(f"{heads} query heads over {config.kv_heads} key heads is not supported")
    return config
