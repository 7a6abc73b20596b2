"""Sessions on disk: a safetensors file that only the model that wrote it accepts."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from .kv import ContextFull, KVCache

_FORMAT = "v4-session"


class BadSessionFile(RuntimeError):
    """The file holds no session of this model: foreign, damaged, or of another model, scheme or engine."""


def _checksum(model: str, ids: torch.Tensor, layers: list[torch.Tensor]) -> str:
    digest = hashlib.sha256(json.dumps([_FORMAT, model]).encode())
    digest.update(ids.numpy().data)
    for layer in layers:
        digest.update(layer.contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def save_session(path: Path, model: str, ids: list[int], cache: KVCache) -> None:
    """Write tokens, keys and values, readable by the owner alone; whole or not at all."""
    tokens = torch.tensor(ids, dtype=torch.int64)
    layers = [cache.snapshot(index) for index in range(len(cache.layers))]
    # one entry only: safetensors writes several in no certain order
    about = {_FORMAT: json.dumps({"model": model, "sha256": _checksum(model, tokens, layers)})}
    tensors = {"ids": tokens, **{f"layers.{index}": layer for index, layer in enumerate(layers)}}
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".saving-")
    os.close(handle)
    try:
        save_file(tensors, draft, metadata=about)
        os.chmod(draft, 0o600)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def load_session(path: Path, model: str, cache: KVCache) -> list[int]:
    """Fill an empty cache from a file; returns the tokens. Raises BadSessionFile, OSError when unreadable."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no session file {path}")
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get(_FORMAT, "{}"))
            if not about:
                raise BadSessionFile(f"{path} is not a saved session")
            if about["model"] != model:
                raise BadSessionFile(f"{path} was saved by another model, weight scheme or engine version")
            ids = file.get_tensor("ids")
            layers = [file.get_tensor(f"layers.{index}") for index in range(len(cache.layers))]
    except SafetensorError as error:
        raise BadSessionFile(f"{path} is damaged: {error}") from None
    if _checksum(model, ids, layers) != about["sha256"]:
        raise BadSessionFile(f"{path} is damaged: its content does not match its digest")
    count = int(ids.numel())
    try:
        cache.reserve(count)
    except ContextFull as error:
        raise BadSessionFile(f"{path}: {error}") from None
    for stored, layer in zip(cache.layers, layers, strict=True):
        stored[:, :, : layer.shape[2]] = layer
    cache.length = count
    found: list[int] = ids.tolist()
    return found
