"""Writing a checkpoint folder that transformers reads: config.json, safetensors shards and their index.

Tensors are asked for one by one while their shard is written, so that a model larger than memory can be written.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..composite.config import from_hf
from .block_formats import encode_fp4, encode_fp8
from .names import released_name
from .own_tensors import scale_name
from .safetensors_folder import CONFIG, DTYPES, INDEX, SINGLE

SHARD_BYTES = 5_000_000_000
_NAMES = {dtype: name for name, dtype in DTYPES.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """A tensor to come; `load` gives it in this very type and shape."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    load: Callable[[], Tensor]

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def plain_entries(tensors: Mapping[str, Tensor], dtype: torch.dtype | None = None) -> dict[str, Entry]:
    """Entries for tensors at hand; `dtype` is what floating numbers become."""

    def entry(tensor: Tensor) -> Entry:
        kind = dtype if dtype is not None and tensor.is_floating_point() else tensor.dtype
        return Entry(kind, tuple(tensor.shape), lambda: tensor.to(kind))

    return {name: entry(tensor) for name, tensor in tensors.items()}


def fp8_entries(name: str, weight: Tensor, side: int = 128, power_of_two: bool = True) -> dict[str, Entry]:
    """A matrix as FP8 codes and the scales of its blocks."""
    codes, scale = encode_fp8(weight, side, power_of_two)
    return plain_entries({name: codes, scale_name(name): scale})


def fp4_entries(name: str, weight: Tensor) -> dict[str, Entry]:
    """A matrix as packed FP4 codes and their scales."""
    codes, scale = encode_fp4(weight)
    return plain_entries({name: codes, scale_name(name): scale})


def write_checkpoint(
    path: Path,
    config: Mapping[str, Any],
    entries: Mapping[str, Entry],
    *,
    shard_bytes: int = SHARD_BYTES,
    tokenizer_from: Path | None = None,
) -> None:
    """Write a folder that must not exist yet, whole or not at all.

    config: what config.json says, of a family that `from_hf` reads. entries: tensors under own names; they are stored
    under those of released checkpoints. tokenizer_from: a folder whose tokeniser files are copied.
    Raises FileExistsError, UnsupportedModel, ValueError when an entry is not what was announced, OSError.
    """
    family = from_hf(config).family
    if path.exists():
        raise FileExistsError(f"{path} is there already: choose another folder, or remove it")
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = {released_name(name, family): entry for name, entry in entries.items()}
    shards = list(_cut(stored, shard_bytes))
    names = [SINGLE] if len(shards) == 1 else [_shard_name(number, len(shards)) for number in range(len(shards))]
    draft = Path(tempfile.mkdtemp(dir=path.parent, prefix=".writing-"))
    try:
        (draft / CONFIG).write_text(json.dumps(dict(config), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        for name, shard in zip(names, shards, strict=True):
            _write_shard(draft / name, shard)
        if len(shards) > 1:
            places = {tensor: name for name, shard in zip(names, shards, strict=True) for tensor in shard}
            total = sum(entry.nbytes for entry in stored.values())
            index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(places.items()))}
            (draft / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
        if tokenizer_from is not None:
            for file in sorted(tokenizer_from.glob("tokenizer*.json")):
                shutil.copyfile(file, draft / file.name)
        draft.chmod(0o755)
        draft.rename(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _shard_name(number: int, count: int) -> str:
    return f"model-{number + 1:05}-of-{count:05}.safetensors"


def _cut(entries: Mapping[str, Entry], most: int) -> Iterator[dict[str, Entry]]:
    """Entries in order of their names, in shards of at most `most` bytes or of one tensor."""
    shard: dict[str, Entry] = {}
    held = 0
    for name, entry in sorted(entries.items()):
        if shard and held + entry.nbytes > most:
            yield shard
            shard, held = {}, 0
        shard[name] = entry
        held += entry.nbytes
    yield shard


def _write_shard(path: Path, entries: Mapping[str, Entry]) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, entry in entries.items():
        header[name] = {
            "dtype": _NAMES[entry.dtype],
            "shape": list(entry.shape),
            "data_offsets": [at, at + entry.nbytes],
        }
        at += entry.nbytes
    raw = json.dumps(header, separators=(",", ":")).encode()
    raw += b" " * (-len(raw) % 8)
    with path.open("wb") as file:
        file.write(len(raw).to_bytes(8, "little") + raw)
        for name, entry in entries.items():
            tensor = entry.load().contiguous()
            if tensor.dtype != entry.dtype or tuple(tensor.shape) != entry.shape:
                raise ValueError(f"{name} is {tensor.dtype} {list(tensor.shape)}, not as announced")
            file.write(tensor.view(-1).view(torch.uint8).numpy().data)
