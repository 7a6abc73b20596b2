"""A file of tensors under a digest, that only the model that wrote it accepts."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

_FORMAT = "v4-session"


class BadSessionFile(RuntimeError):
    """The file holds no session of this model: foreign, damaged, or of another model, scheme or engine."""


def _checksum(model: str, tensors: Mapping[str, Tensor]) -> str:
    shapes = [[name, str(tensor.dtype), list(tensor.shape)] for name, tensor in sorted(tensors.items())]
    digest = hashlib.sha256(json.dumps([_FORMAT, model, shapes]).encode())
    for _, tensor in sorted(tensors.items()):
        digest.update(tensor.contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def write(path: Path, model: str, tensors: Mapping[str, Tensor]) -> None:
    """Write the tensors, readable by the owner alone; whole or not at all."""
    # one entry only: safetensors writes several in no certain order
    about = {_FORMAT: json.dumps({"model": model, "sha256": _checksum(model, tensors)})}
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".saving-")
    os.close(handle)
    try:
        save_file(dict(tensors), draft, metadata=about)
        os.chmod(draft, 0o600)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def read(path: Path, model: str) -> dict[str, Tensor]:
    """The tensors that `write` wrote for the same model. Raises BadSessionFile, OSError when unreadable."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no session file {path}")
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get(_FORMAT, "{}"))
            if not about:
                raise BadSessionFile(f"{path} is not a saved session")
            if about["model"] != model:
                raise BadSessionFile(f"{path} was saved by another model, weight scheme or engine version")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except SafetensorError as error:
        raise BadSessionFile(f"{path} is damaged: {error}") from None
    if _checksum(model, tensors) != about["sha256"]:
        raise BadSessionFile(f"{path} is damaged: its content does not match its digest")
    return tensors
