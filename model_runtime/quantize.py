"""Turning the tensors of a checkpoint into the packed matrices of a scheme.

Schemes: "mix" keeps the file's own codes (natively all of them; with PyTorch's kernels the 4-bit ones, wider ones
become int8 per row); "int4" rounds everything to 4 bits in groups of 32; "int8" to 8 bits; "bf16" keeps plain weights
and always runs on PyTorch's kernels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from .checkpoints.gguf import BadGGUF, GGUFFile, Groups
from .config import DecoderConfig

SCHEMES = ("mix", "int4", "int8", "bf16")

#: matrices of a layer that are multiplied as one: name here -> names in the file
FUSED = {
    "qkv": ("attn_q", "attn_k", "attn_v"),
    "output": ("attn_output",),
    "gate_up": ("ffn_gate", "ffn_up"),
    "down": ("ffn_down",),
}
#: rows of the embedding that are read at a time
ROWS_AT_ONCE = 1024

Packed = tuple[str, Tensor, dict[str, Any]]
"""Name, tensor, and what else is to be kept about it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A matrix of the file, read in parts, its rows in this package's order."""

    file: GGUFFile
    name: str
    order: Tensor | None

    @property
    def type(self) -> str:
        return self.file.info(self.name).type

    @property
    def shape(self) -> tuple[int, int]:
        info = self.file.info(self.name)
        if len(info.shape) != 2:
            raise BadGGUF(f"{self.file.path}: {self.name} is no matrix but {list(info.shape)}")
        return info.shape[0], info.shape[1]

    def read(self, first: int, last: int) -> Groups | Tensor:
        """Rows first .. last: the file's codes, or float32 numbers where it has none."""
        if self.order is None:
            groups = self.file.groups(self.name, first, last)
            return self.file.load(self.name, first, last) if groups is None else groups
        rows = self.order[first:last]
        groups = self.file.groups(self.name)
        if groups is None:
            return self.file.load(self.name)[rows]
        return Groups(groups.codes[rows], groups.scale[rows], groups.offset[rows], groups.size)


class Packer(Protocol):
    """A module of kernels/ that packs matrices."""

    NAME: str

    def machine(self) -> str: ...

    def pack(self, name: str, parts: Sequence[Source], scheme: str) -> Iterator[Packed]:
        """Pack matrices that are multiplied as one."""
        ...


def rotary_order(config: DecoderConfig, name: str) -> Tensor | None:
    """Rows of q and k such that rotary pairs stand half a head apart; only "llama" files store pairs adjacent."""
    if config.architecture != "llama" or not (".attn_q." in name or ".attn_k." in name):
        return None
    heads = config.heads if ".attn_q." in name else config.kv_heads
    return torch.arange(heads * config.head_dim).view(heads, -1, 2).transpose(1, 2).reshape(-1)


def _bias(file: GGUFFile, config: DecoderConfig, name: str) -> Tensor:
    if f"{name}.bias" not in file.tensors:
        return torch.zeros(file.info(f"{name}.weight").shape[0])
    bias, rows = file.load(f"{name}.bias"), rotary_order(config, f"{name}.bias")
    return bias if rows is None else bias[rows]


def repack(file: GGUFFile, config: DecoderConfig, scheme: str, packer: Packer) -> Iterator[Packed]:
    """All tensors of the model under names of this package ("layers.0.qkv..."), a layer at a time."""
    embedding = torch.empty(config.vocabulary, config.hidden, dtype=torch.bfloat16)
    for first in range(0, config.vocabulary, ROWS_AT_ONCE):
        last = min(first + ROWS_AT_ONCE, config.vocabulary)
        embedding[first:last] = file.load("token_embd.weight", first, last)
    yield "embedding", embedding, {}
    del embedding
    for layer in range(config.layers):
        prefix = f"blk.{layer}."
        yield f"layers.{layer}.attention_norm", file.load(f"{prefix}attn_norm.weight"), {}
        yield f"layers.{layer}.feed_forward_norm", file.load(f"{prefix}ffn_norm.weight"), {}
        for target, sources in FUSED.items():
            names = [prefix + source for source in sources]
            weights = [f"{name}.weight" for name in names]
            parts = [Source(file, weight, rotary_order(config, weight)) for weight in weights]
            yield from packer.pack(f"layers.{layer}.{target}", parts, scheme)
            if any(f"{name}.bias" in file.tensors for name in names):
                bias = torch.cat([_bias(file, config, name) for name in names])
                yield f"layers.{layer}.{target}.bias", bias, {}
    yield "norm", file.load("output_norm.weight"), {}
    head = "token_embd.weight" if config.tied_output else "output.weight"
    yield from packer.pack("head", [Source(file, head, None)], scheme)
    if "rope_freqs.weight" in file.tensors:
        yield "rope_factors", file.load("rope_freqs.weight"), {}
