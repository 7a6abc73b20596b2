"""Sessions of the decoder on disk."""

from __future__ import annotations

from pathlib import Path

import torch

from .kv import ContextFull, KVCache
from .session_file import BadSessionFile, read, write


def save_session(path: Path, model: str, ids: list[int], cache: KVCache) -> None:
    """Write tokens, keys and values, readable by the owner alone; whole or not at all."""
    layers = {f"layers.{index}": cache.snapshot(index) for index in range(len(cache.layers))}
    write(path, model, {"ids": torch.tensor(ids, dtype=torch.int64), **layers})


def load_session(path: Path, model: str, cache: KVCache) -> list[int]:
    """Fill an empty cache from a file; returns the tokens. Raises BadSessionFile, OSError when unreadable."""
    tensors = read(path, model)
    ids: list[int] = tensors["ids"].tolist()
    try:
        cache.reserve(len(ids))
    except ContextFull as error:
        raise BadSessionFile(f"{path}: {error}") from None
    for index, layer in enumerate(cache.layers):
        stored = tensors[f"layers.{index}"]
        layer[:, :, : stored.shape[2]] = stored
    cache.length = len(ids)
    return ids
