"""From a checkpoint folder to packed weights: one file of the native kernels' blocks, written tensor by tensor.

Schemes: "mix" keeps FP4 codes as they are and rounds FP8 and plain matrices to 8 bits in groups of 32; "int8" rounds
all matrices to 8 bits, "int4" all to 4 but those that are FP4 already. What is small, or what selection depends on,
stays plain: norms, biases, gates, compressors, index weights; so does wkv_b, which the absorbed attention needs
transposed in part; tables of rows stay as they are stored. The packed folder holds config.json and the tokeniser too,
so it is a model by itself; the experts of a layer stand one after the other, each with its w1, w2 and w3.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from ..catalog import cache_root
from ..composite.config import LayerConfig, SharedKVAttention
from ..kernels import blocks16
from ..quantize import Packed, Source
from . import repacked
from .block_formats import FP4_GROUP, fp4_codes, scale_values
from .gguf import Groups
from .own_tensors import OwnTensors, open_checkpoint, scale_name
from .safetensors_folder import CONFIG

PACKED = "model.weights"
#: part of every digest: raise it when packing changes
PACKING_VERSION = 1
SCHEMES = ("mix", "int8", "int4")
_PLAIN = re.compile(r"^embed\.|\.gate\.|\.compressor\.|\.indexer\.(weights_proj|wk)\.|\.wkv_b\.")
_TABLE = re.compile(r"\.engram\.embed\.")
#: smallest and largest scale of FP4 groups that half precision holds once halved
_LEAST, _MOST = 2.0**-23, 2.0**15


@dataclass(frozen=True, slots=True)
class StoredMatrix:
    """Rows first .. last of a matrix of the checkpoint, as blocks16.pack reads them (quantize.Source)."""

    tensors: OwnTensors
    name: str
    keep_codes: bool
    first: int
    last: int
    order: None = None

    @property
    def type(self) -> str:
        return "FP4" if self.keep_codes else "F32"

    @property
    def shape(self) -> tuple[int, int]:
        return self.last - self.first, self.tensors.shape(self.name)[1]

    def read(self, first: int, last: int) -> Groups | Tensor:
        """The codes of FP4 with halved scales (native/matmul.h), or float32 numbers."""
        first, last = self.first + first, self.first + last
        if not self.keep_codes:
            return self.tensors.read_numbers(self.name, first, last).float()
        halved = scale_values(self.tensors.read(scale_name(self.name), first, last)) / 2
        codes = fp4_codes(self.tensors.read(self.name, first, last)).view(torch.int8)
        return Groups(codes, halved, torch.zeros_like(halved), FP4_GROUP)


def convert_checkpoint(
    source: Path, target: Path, scheme: str, progress: Callable[[int, int], None] | None = None
) -> None:
    """Pack the model of a folder into a new folder, whole or not at all. progress(layers done, layers in all).

    Raises BadCheckpoint, UnsupportedModel, FileExistsError, ValueError for an unknown scheme, OSError.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"unknown weight scheme {scheme!r} (known: {', '.join(SCHEMES)})")
    if target.exists():
        raise FileExistsError(f"{target} is there already: choose another folder, or remove it")
    config, tensors = open_checkpoint(source)
    about = {"scheme": scheme, "digest": packed_digest(tensors.folder.digest, scheme)}
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=".packing-"))
    try:
        for file in [source / CONFIG, *sorted(source.glob("tokenizer*.json"))]:
            shutil.copyfile(file, draft / file.name)
        repacked.write(draft / PACKED, about, _pack(tensors, config.layers, scheme, progress))
        draft.chmod(0o755)
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def packed_digest(digest: str, scheme: str) -> str:
    """Of packed weights, from the digest of their source."""
    return hashlib.sha256(json.dumps([digest, scheme, PACKING_VERSION]).encode()).hexdigest()


def packed_folder(source: Path, digest: str, scheme: str) -> Path:
    """Where the packed form of a folder with that digest lies in the user's cache."""
    return cache_root() / "repacked" / f"{source.name}-{scheme}-{packed_digest(digest, scheme)[:16]}"


def _pack(
    tensors: OwnTensors,
    layers: tuple[LayerConfig, ...],
    scheme: str,
    progress: Callable[[int, int], None] | None,
) -> Iterator[Packed]:
    """All tensors in the order in which a pass needs them: what is outside the layers first."""
    done = -1
    for name in sorted(tensors, key=_place):
        layer = _place(name)[0]
        if progress and layer > done:
            progress(max(layer, 0), len(layers))
            done = layer
        if _TABLE.search(name):  # stays in the mapped file: it may be larger than memory
            for part in (name, scale_name(name)):
                if part in tensors:
                    yield part, tensors.stored(part), {}
            continue
        if not _is_packed(tensors, name):
            yield name, _plain(tensors, name), {}
            continue
        groups = 1
        if name.endswith(".attn.wo_a.weight"):
            attention = layers[max(layer, 0)].attention  # drafts have that of the layers
            groups = attention.out_groups if isinstance(attention, SharedKVAttention) else 1
        keep = scheme in ("mix", "int4") and tensors.form(name) == "fp4" and _scales_fit(tensors, name)
        rows = tensors.shape(name)[0] // groups
        parts = [StoredMatrix(tensors, name, keep, rows * index, rows * (index + 1)) for index in range(groups)]
        wanted = "int8" if scheme == "mix" and not keep else scheme
        yield from blocks16.pack(name, cast(list[Source], parts), wanted)
    if progress:
        progress(len(layers), len(layers))


def _place(name: str) -> tuple[int, int, str]:
    """Layer (-1 outside), expert (-1 outside) and name."""
    layer = re.match(r"layers\.(\d+)\.", name)
    expert = re.search(r"\.experts\.(\d+)\.", name)
    return int(layer[1]) if layer else -1, int(expert[1]) if expert else -1, name


def _is_packed(tensors: OwnTensors, name: str) -> bool:
    return name.endswith(".weight") and len(tensors.shape(name)) == 2 and not _PLAIN.search(name)


def _plain(tensors: OwnTensors, name: str) -> Tensor:
    """As stored; decoded numbers and the embedding as bfloat16, token tables as int32."""
    tensor = tensors.read_numbers(name)
    if tensor.dtype == torch.int64:
        return tensor.to(torch.int32)
    return tensor.bfloat16() if tensors.form(name) in ("fp8", "fp4") or name == "embed.weight" else tensor


def _scales_fit(tensors: OwnTensors, name: str) -> bool:
    """Whether half precision holds the scales of an FP4 matrix exactly."""
    least, most = scale_values(tensors.read(scale_name(name))).aminmax()
    return bool(least >= _LEAST) and bool(most <= _MOST) and math.isfinite(float(most))
