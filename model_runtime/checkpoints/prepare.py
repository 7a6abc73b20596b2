"""From a GGUF file to its packed weights in the cache: made on first use, found again later."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from .. import placement
from ..catalog import cache_root
from ..config import DecoderConfig, UnsupportedModel, from_gguf
from ..gguf_metadata import BadGGUF
from ..kernels import aten, blocks16
from ..kernels.build import why_not
from ..kernels.native_decoder import suits
from ..quantize import SCHEMES, Packed, Packer, repack
from . import repacked
from .gguf import GGUFFile

#: part of every digest: raise it when packing or the decoder's arithmetic changes
ENGINE_VERSION = 1
BLOCKS16, ATEN = cast(Packer, blocks16), cast(Packer, aten)


def packer_for(scheme: str, config: DecoderConfig) -> Packer:
    """The kernels that this machine runs the scheme on."""
    if scheme != "bf16" and suits(config) and why_not() is None:
        return BLOCKS16
    return ATEN


def repacked_path(source: Path, scheme: str, packer: Packer) -> Path:
    """Where the packed weights of this very file lie: named by its name, size and time of change."""
    status = source.stat()
    key = [source.name, status.st_size, status.st_mtime_ns, scheme, ENGINE_VERSION, packer.machine()]
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
    return cache_root() / "repacked" / f"{source.stem}-{scheme}-{packer.NAME}-{digest}.weights"


def prepare(source: Path, scheme: str, allowed: int | None, progress: Callable[[int, int], None] | None = None) -> Path:
    """The packed weights of a GGUF file, made when they are not there or damaged."""
    if scheme not in SCHEMES:
        raise ValueError(f"unknown weight scheme {scheme!r} (known: {', '.join(SCHEMES)})")
    for path in (repacked_path(source, scheme, BLOCKS16), repacked_path(source, scheme, ATEN)):
        if path.is_file():
            try:
                header = repacked.read_header(path)
            except repacked.BadRepackedFile:
                continue
            if header["kernels"] == packer_for(scheme, DecoderConfig(**header["config"])).NAME:
                return path
    file = GGUFFile(source)
    config = config_of(file)
    check_shapes(file, config)
    largest = max(math.prod(info.shape) for info in file.tensors.values())
    packer = packer_for(scheme, config)
    # PyTorch's packing holds a whole matrix in float32 and in its packed form; ours holds it packed
    placement.Budget(allowed, f"packing {config.name}").admit((4 if packer is BLOCKS16 else 12) * largest)
    with source.open("rb") as stream:
        content = hashlib.file_digest(stream, "sha256").hexdigest()
    digest = hashlib.sha256(json.dumps([content, scheme, ENGINE_VERSION, packer.NAME]).encode()).hexdigest()
    about = {
        "config": config.to_dict(),
        "scheme": scheme,
        "kernels": packer.NAME,
        "source_sha256": content,
        "digest": digest,
    }
    path = repacked_path(source, scheme, packer)
    repacked.write(path, about, _counted(repack(file, config, scheme, packer), config.layers + 2, progress))
    _remove_older(path, content, scheme, packer)
    return path


def _remove_older(path: Path, content: str, scheme: str, packer: Packer) -> None:
    """Remove what earlier versions packed from the same weights."""
    for other in path.parent.glob(f"*-{scheme}-{packer.NAME}-*.weights"):
        if other == path:
            continue
        try:
            if repacked.read_header(other)["source_sha256"] == content:
                other.unlink()
        except (OSError, repacked.BadRepackedFile):
            pass


def check_shapes(file: GGUFFile, config: DecoderConfig) -> None:
    """Raises BadGGUF when a tensor is missing or has not the shape that the metadata asks for."""
    wanted: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (config.vocabulary, config.hidden),
        "output_norm.weight": (config.hidden,),
    }
    if not config.tied_output:
        wanted["output.weight"] = (config.vocabulary, config.hidden)
    if "rope_freqs.weight" in file.tensors:
        wanted["rope_freqs.weight"] = (config.head_dim // 2,)
    matrices: dict[str, tuple[int, ...]] = {
        "attn_q": (config.query_width, config.hidden),
        "attn_k": (config.kv_width, config.hidden),
        "attn_v": (config.kv_width, config.hidden),
        "attn_output": (config.hidden, config.query_width),
        "ffn_gate": (config.feed_forward, config.hidden),
        "ffn_up": (config.feed_forward, config.hidden),
        "ffn_down": (config.hidden, config.feed_forward),
    }
    for layer in range(config.layers):
        for norm in ("attn_norm", "ffn_norm"):
            wanted[f"blk.{layer}.{norm}.weight"] = (config.hidden,)
        for name, shape in matrices.items():
            wanted[f"blk.{layer}.{name}.weight"] = shape
            if f"blk.{layer}.{name}.bias" in file.tensors:
                wanted[f"blk.{layer}.{name}.bias"] = shape[:1]
    for name, expected in wanted.items():
        if (shape := file.info(name).shape) != expected:
            raise BadGGUF(f"{file.path}: {name} has the shape {list(shape)} instead of {list(expected)}")
    if unknown := sorted(file.tensors.keys() - wanted.keys()):
        raise UnsupportedModel(f"{file.path} has tensors that no block here reads: {', '.join(unknown[:3])}")


def config_of(file: GGUFFile) -> DecoderConfig:
    """The description of the decoder in a file."""
    vocabulary = file.info("token_embd.weight").shape[0]
    return from_gguf(file.metadata, vocabulary, tied_output="output.weight" not in file.tensors)


def _counted(tensors: Iterator[Packed], total: int, progress: Callable[[int, int], None] | None) -> Iterator[Packed]:
    done, part = 0, ""
    for name, tensor, more in tensors:
        current = ".".join(name.split(".")[:2]) if name.startswith("layers.") else name.split(".")[0]
        if progress and current != part and part:
            done += 1
            progress(min(done, total), total)
        part = current
        yield name, tensor, more
    if progress:
        progress(total, total)
