"""Turning the tensors of a checkpoint into the packed matrices of a scheme.

Schemes: "mix" keeps 4-bit tensors of the file as int4 with the file's own scales and minima (exact but for bfloat16
rounding of both) and rounds every wider one to int8 per row; "int4" rounds everything to int4 in groups of 32;
"int8" to int8 per row; "bf16" keeps plain weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from .checkpoints.gguf import GGUFFile, Groups
from .config import DecoderConfig
from .kernels.linear import INT4_GROUP, int4_block, pack_int4

SCHEMES = ("mix", "int4", "int8", "bf16")
_FOUR_BITS = ("Q4_0", "Q4_1", "Q4_K")

#: matrices of a layer that are multiplied as one: name here -> names in the file
FUSED = {
    "qkv": ("attn_q", "attn_k", "attn_v"),
    "output": ("attn_output",),
    "gate_up": ("ffn_gate", "ffn_up"),
    "down": ("ffn_down",),
}


def int8_rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """float32 [rows, columns] -> int8 codes and a bfloat16 scale per row, rounded to nearest."""
    scale = (weight.abs().amax(1) / 127).clamp_(min=1e-12).bfloat16()
    codes = torch.round(weight / scale.float().unsqueeze(1)).clamp_(-127, 127)
    return codes.to(torch.int8), scale


def int4_groups(weight: Tensor) -> tuple[Tensor, Tensor]:
    """float32 [rows, columns] -> codes 0..15 and bfloat16 (scale, zero) [columns / group, rows, 2]: the range of each
    group is cut into 15 steps."""
    grouped = weight.view(weight.shape[0], -1, INT4_GROUP)
    low, high = grouped.aminmax(dim=-1)
    scale = ((high - low) / 15).clamp_(min=1e-12).bfloat16()
    zero = (low + 8 * scale.float()).bfloat16()
    codes = torch.round((grouped - zero.float().unsqueeze(-1)) / scale.float().unsqueeze(-1)) + 8
    scale_zero = torch.stack([scale, zero], -1).transpose(0, 1).contiguous()
    return codes.clamp_(0, 15).to(torch.int32).view(weight.shape), scale_zero


def int4_from_file(groups: Groups) -> tuple[Tensor, Tensor]:
    """The file's own 4-bit codes with its scales and minima, in the form of `int4_groups`."""
    codes, offset = groups.codes.to(torch.int32), groups.offset
    if int(codes.min()) < 0:  # Q4_0 counts from -8
        codes, offset = codes + 8, offset - 8 * groups.scale
    scale = groups.scale.bfloat16()
    zero = (offset + 8 * groups.scale).bfloat16()
    return codes, torch.stack([scale, zero], -1).transpose(0, 1).contiguous()


def _form(scheme: str, types: Sequence[str], outputs: int, inputs: int) -> str:
    """The packed form for tensors of these types that are multiplied as one matrix."""
    four = scheme == "int4" or (scheme == "mix" and all(kind in _FOUR_BITS for kind in types))
    if four and outputs % int4_block() == 0 and inputs % INT4_GROUP == 0:
        return "int4"
    return "bf16" if scheme == "bf16" else "int8"


def pack(file: GGUFFile, names: Sequence[str], scheme: str, order: Callable[[str], Tensor | None]) -> dict[str, Tensor]:
    """Tensors of the file, stacked by rows and packed: the fields of a Linear by name.

    `order(name)` is the order that the rows of a tensor are to take, or None.
    """
    infos = [file.info(name) for name in names]
    outputs, inputs = sum(info.shape[0] for info in infos), infos[0].shape[1]
    form = _form(scheme, [info.type for info in infos], outputs, inputs)
    if form == "int4" and all(info.type in _FOUR_BITS for info in infos):
        parts = []
        for name in names:
            groups = file.groups(name)
            assert groups is not None
            codes, scale_zero = int4_from_file(groups)
            rows = order(name)
            parts.append((codes, scale_zero) if rows is None else (codes[rows], scale_zero[:, rows]))
        return {
            "packed": pack_int4(torch.cat([codes for codes, _ in parts])),
            "scale_zero": torch.cat([scale_zero for _, scale_zero in parts], 1).contiguous(),
        }
    weights = []
    for name in names:
        weight, rows = file.load(name), order(name)
        weights.append(weight if rows is None else weight[rows])
    weight = torch.cat(weights) if len(weights) > 1 else weights[0]
    if form == "int4":
        codes, scale_zero = int4_groups(weight)
        return {"packed": pack_int4(codes), "scale_zero": scale_zero}
    if form == "int8":
        codes, scale = int8_rows(weight)
        return {"codes": codes, "scale": scale}
    return {"weight": weight.bfloat16()}


def rotary_order(config: DecoderConfig, name: str) -> Tensor | None:
    """Rows of q and k such that rotary pairs stand half a head apart; only "llama" files store pairs adjacent."""
    if config.architecture != "llama" or not (".attn_q." in name or ".attn_k." in name):
        return None
    heads = config.heads if ".attn_q." in name else config.kv_heads
    return torch.arange(heads * config.head_dim).view(heads, -1, 2).transpose(1, 2).reshape(-1)


def repack(file: GGUFFile, config: DecoderConfig, scheme: str) -> Iterator[tuple[str, Tensor]]:
    """All tensors of the model under names of this package ("layers.0.qkv.packed"), one layer at a time."""

    def order(name: str) -> Tensor | None:
        return rotary_order(config, name)

    def biased(name: str) -> Tensor:
        info, rows = file.tensors.get(f"{name}.bias"), order(f"{name}.bias")
        if info is None:
            return torch.zeros(file.info(f"{name}.weight").shape[0])
        bias = file.load(f"{name}.bias")
        return bias if rows is None else bias[rows]

    yield "embedding", file.load("token_embd.weight").bfloat16()
    for layer in range(config.layers):
        prefix = f"blk.{layer}."
        yield f"layers.{layer}.attention_norm", file.load(f"{prefix}attn_norm.weight")
        yield f"layers.{layer}.feed_forward_norm", file.load(f"{prefix}ffn_norm.weight")
        for target, sources in FUSED.items():
            names = [prefix + source for source in sources]
            fields = pack(file, [f"{name}.weight" for name in names], scheme, order)
            for field, tensor in fields.items():
                yield f"layers.{layer}.{target}.{field}", tensor
            if any(f"{name}.bias" in file.tensors for name in names):
                yield f"layers.{layer}.{target}.bias", torch.cat([biased(name) for name in names]).bfloat16()
    yield "norm", file.load("output_norm.weight")
    head = "token_embd.weight" if config.tied_output else "output.weight"
    for field, tensor in pack(file, [head], scheme, order).items():
        yield f"head.{field}", tensor
    if "rope_freqs.weight" in file.tensors:
        yield "rope_factors", file.load("rope_freqs.weight")
