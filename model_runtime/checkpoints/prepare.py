"""From a GGUF file to its packed weights in the cache: made on first use, found again later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from torch import Tensor

from .. import placement
from ..catalog import cache_root
from ..config import DecoderConfig, from_gguf
from ..kernels.linear import int4_block
from ..quantize import SCHEMES, repack
from . import repacked
from .gguf import GGUFFile

#: part of every digest: raise it when packing or the decoder's arithmetic changes
ENGINE_VERSION = 1


def repacked_path(source: Path, scheme: str) -> Path:
    """Where the packed weights of this very file lie: named by its name, size and time of change."""
    status = source.stat()
    key = [source.name, status.st_size, status.st_mtime_ns, scheme, ENGINE_VERSION, int4_block()]
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
    return cache_root() / "repacked" / f"{source.stem}-{scheme}-{digest}.weights"


def prepare(source: Path, scheme: str, allowed: int | None, progress: Callable[[int, int], None] | None = None) -> Path:
    """The packed weights of a GGUF file, made when they are not there or damaged."""
    if scheme not in SCHEMES:
        raise ValueError(f"unknown weight scheme {scheme!r} (known: {', '.join(SCHEMES)})")
    path = repacked_path(source, scheme)
    if path.is_file():
        try:
            repacked.read_header(path)
            return path
        except repacked.BadRepackedFile:
            pass
    file = GGUFFile(source)
    config = config_of(file)
    largest = max(info.nbytes for info in file.tensors.values())
    placement.check(12 * largest, allowed, f"packing {config.name}")
    with source.open("rb") as stream:
        content = hashlib.file_digest(stream, "sha256").hexdigest()
    digest = hashlib.sha256(json.dumps([content, scheme, ENGINE_VERSION]).encode()).hexdigest()
    about = {"config": config.to_dict(), "scheme": scheme, "source_sha256": content, "digest": digest}
    repacked.write(path, about, _counted(repack(file, config, scheme), config.layers + 2, progress))
    return path


def config_of(file: GGUFFile) -> DecoderConfig:
    vocabulary = file.info("token_embd.weight").shape[0]
    return from_gguf(file.metadata, vocabulary, tied_output="output.weight" not in file.tensors)


def _counted(
    tensors: Iterator[tuple[str, Tensor]], total: int, progress: Callable[[int, int], None] | None
) -> Iterator[tuple[str, Tensor]]:
    done, part = 0, ""
    for name, tensor in tensors:
        current = ".".join(name.split(".")[:2]) if name.startswith("layers.") else name.split(".")[0]
        if progress and current != part and part:
            done += 1
            progress(min(done, total), total)
        part = current
        yield name, tensor
    if progress:
        progress(total, total)
