"""Names of tensors: those of transformers, in memory and as saved, and DeepSeek's own, which this package uses.

Own names are those of DeepSeek's released inference code: layers.3.attn.wq_a.weight, layers.3.ffn.experts.7.w1.weight
with its scale layers.3.ffn.experts.7.w1.scale. In memory, transformers holds the experts of a layer in two tensors:

    mlp.experts.gate_up_proj [E, 2 I, D]   rows 0 .. I of expert e are w1, the others w3
    mlp.experts.down_proj    [E, D, I]     w2
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: any other name -> own name, applied one after the other; own names pass unchanged
_TO_OWN = [
    (re.compile(pattern), own)
    for pattern, own in (
        (r"^model\.", ""),
        (r"^embed_tokens\.", "embed."),
        (r"^lm_head\.", "head."),
        (r"\.self_attn\.", ".attn."),
        (r"\.mlp\.", ".ffn."),
        (r"\.input_layernorm\.", ".attn_norm."),
        (r"\.post_attention_layernorm\.", ".ffn_norm."),
        (r"^hc_head\.hc_", "hc_head_"),
        (r"\.(attn|ffn)_hc\.", r".hc_\1_"),
        (r"\.sinks$", ".attn_sink"),
        (r"\.compressor\.indexer\.scorer\.", ".indexer."),
        (r"\.compressor\.indexer\.q_b_proj\.", ".indexer.wq_b."),
        (r"\.compressor\.indexer\.", ".indexer.compressor."),
        (r"\.compressor\.kv_norm\.", ".compressor.norm."),
        (r"\.attn\.norm\.", ".attn.kv_norm."),
        (r"\.position_bias$", ".ape"),
        (r"\.q_a_(layer)?norm\.", ".q_norm."),
        (r"\.kv_a_layernorm\.", ".kv_norm."),
        (r"\.kv_a_proj_with_mqa\.", ".wkv_a."),
        (r"\.kv_b_proj\.", ".wkv_b."),
        (r"\.(q|o)_(a|b)_proj\.", r".w\1_\2."),
        (r"\.(q|o|kv)_proj\.", r".w\1."),
        (r"\.compressor\.gate_proj\.", ".compressor.wgate."),
        (r"\.gate_proj\.", ".w1."),
        (r"\.down_proj\.", ".w2."),
        (r"\.up_proj\.", ".w3."),
        (r"\.e_score_correction_bias$", ".bias"),
        (r"\.weight_scale_inv$", ".scale"),
    )
]
#: own name -> the name in released V3.2 checkpoints, which transformers reads
_TO_V32 = [
    (re.compile(pattern), other)
    for pattern, other in (
        (r"^(embed|norm|layers)\b", r"model.\1"),
        (r"^model\.embed\.", "model.embed_tokens."),
        (r"^head\.", "lm_head."),
        (r"\.attn_norm\.", ".input_layernorm."),
        (r"\.ffn_norm\.", ".post_attention_layernorm."),
        (r"\.attn\.q_norm\.", ".attn.q_a_layernorm."),
        (r"\.attn\.kv_norm\.", ".attn.kv_a_layernorm."),
        (r"\.attn\.wkv_a\.", ".attn.kv_a_proj_with_mqa."),
        (r"\.attn\.w(q|kv)_(a|b)\.", r".attn.\1_\2_proj."),
        (r"\.attn\.w(q|o)\.", r".attn.\1_proj."),
        (r"\.attn\.", ".self_attn."),
        (r"\.ffn\.gate\.bias$", ".ffn.gate.e_score_correction_bias"),
        (r"\.ffn\.(|.+\.)w1\.", r".ffn.\1gate_proj."),
        (r"\.ffn\.(|.+\.)w2\.", r".ffn.\1down_proj."),
        (r"\.ffn\.(|.+\.)w3\.", r".ffn.\1up_proj."),
        (r"\.ffn\.", ".mlp."),
        (r"\.scale$", ".weight_scale_inv"),
    )
]
_FUSED = re.compile(r"^(.*\.ffn\.experts)\.(gate_up_proj|down_proj)$")


@dataclass(frozen=True, slots=True)
class Part:
    """A stored tensor, or of a stored stack of matrices [E, rows, columns] the rows first .. last of one."""

    name: str
    """As stored."""
    matrix: int | None = None
    first: int = 0
    last: int = 0


def own_name(name: str) -> str:
    """The own name of a tensor that transformers or DeepSeek named; a fused tensor keeps its last part."""
    for pattern, own in _TO_OWN:
        name = pattern.sub(own, name)
    return name


def released_name(name: str, family: str) -> str:
    """The name in released checkpoints of the family ("v4", "v32"), which transformers loads, of an own name."""
    if family == "v32":
        for pattern, other in _TO_V32:
            name = pattern.sub(other, name)
    return name


def own_parts(shapes: Mapping[str, Sequence[int]]) -> dict[str, Part]:
    """Own names -> where their numbers stand, from stored names with their shapes; fused experts are taken apart.

    Raises ValueError when two stored tensors have one own name, or a fused tensor is no stack of matrices.
    """
    parts: dict[str, Part] = {}

    def add(own: str, part: Part) -> None:
        if own in parts:
            raise ValueError(f"{part.name} and {parts[own].name} are both {own}")
        parts[own] = part

    for name in sorted(shapes):
        own = own_name(name)
        fused = _FUSED.match(own)
        if fused is None:
            add(own, Part(name))
            continue
        if len(shapes[name]) != 3:
            raise ValueError(f"{name} has the shape {list(shapes[name])}, which is no stack of experts")
        experts, rows, _ = shapes[name]
        for expert in range(experts):
            if fused[2] == "down_proj":
                add(f"{fused[1]}.{expert}.w2.weight", Part(name, expert, 0, rows))
            else:
                add(f"{fused[1]}.{expert}.w1.weight", Part(name, expert, 0, rows // 2))
                add(f"{fused[1]}.{expert}.w3.weight", Part(name, expert, rows // 2, rows))
    return parts
