"""A composite decoder from a checkpoint folder, with what model_runtime.model.Model offers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .. import placement
from ..checkpoints.convert import PACKED, SCHEMES, convert_checkpoint, packed_folder
from ..checkpoints.own_tensors import OwnTensors, open_checkpoint
from ..checkpoints.safetensors_folder import CONFIG, read_json
from ..config import BadCheckpoint
from ..folder_tokenizer import TOKENIZER
from ..kernels.build import library
from .config import CompositeConfig, from_hf
from .decoder import CompositeDecoder
from .drafting import NextTokenBlock
from .engram_layout import alike, distinct
from .expert_cache import AHEAD
from .packed_weights import open_packed
from .session import CompositeSession, restore_session
from .weights import DictWeights

if TYPE_CHECKING:
    from ..chat_v4 import Message
    from ..folder_tokenizer import FolderTokenizer

#: part of every digest: raise it when the arithmetic of a block changes
ENGINE_VERSION = 1
#: bytes of a memory limit that experts leave to activations and caches
ROOM_TO_WORK = 512 << 20
#: types of activations and caches, by the names that `load_model` takes
COMPUTE = {"float32": torch.float32, "bf16": torch.bfloat16}


class CompositeModel:
    """A decoder of the DeepSeek line with its tokeniser. Make it with `load_model`."""

    kernels = "torch"

    def __init__(self, path: Path, decoder: CompositeDecoder, digest: str, scheme: str) -> None:
        self.path = path
        """The checkpoint folder it came from."""
        self.decoder = decoder
        self.digest = digest
        """Of the checkpoint, the scheme and the engine: equal digests give equal caches."""
        self.scheme = scheme
        self.drafting = NextTokenBlock.of(decoder)
        """What proposes tokens when `generate` speculates, if the checkpoint holds it."""

    @property
    def config(self) -> CompositeConfig:
        return self.decoder.config

    @property
    def name(self) -> str:
        return self.path.name

    @cached_property
    def tokenizer(self) -> FolderTokenizer:
        """Raises NoTokenizer when the folder has none."""
        from ..folder_tokenizer import FolderTokenizer

        return FolderTokenizer(self.path, self.config.vocabulary, self.config.eos)

    def logits(self, ids: Sequence[int]) -> Tensor:
        """float32 [tokens, vocabulary]: row i is what the model expects after ids[: i + 1]."""
        return self.session().extend(ids, all_logits=True)

    def session(self, max_tokens: int | None = None) -> CompositeSession:
        """An empty session. Its cache grows as it needs, so `max_tokens` reserves nothing."""
        return CompositeSession(self.decoder, self.digest, self.drafting)

    def keep_prefixes(self, most_bytes: int = 0) -> None:
        """Prompts of these models are not kept between runs; a session can be saved."""

    def restore(self, path: Path | str) -> CompositeSession:
        """The session that `CompositeSession.save` wrote. Raises BadSessionFile, OSError."""
        return restore_session(path, self.decoder, self.digest, self.drafting)

    def generate(self, prompt: Any, max_tokens: int, **options: Any) -> Any:
        """Iterator of text pieces with `.result` at the end; see model_runtime.generate.loop.generate.

        A conversation is put in the prompt format of V4, without thinking; `chat` has the other forms.
        """
        from ..generate.loop import generate

        if prompt and isinstance(prompt[0], Mapping):
            prompt = self.chat(prompt)
        return generate(self, prompt, max_tokens, **options)

    def chat(self, messages: Sequence[Mapping[str, str] | Message], **options: Any) -> list[int]:
        """A conversation as prompt tokens; see model_runtime.chat_v4.render. Raises BadMessages."""
        from ..chat_v4 import Message, render

        told = [Message(m.get("role", ""), m.get("content", "")) if isinstance(m, Mapping) else m for m in messages]
        return render(told, self.tokenizer, **options)


def load_folder(
    path: Path,
    dtype: str | None = None,
    memory: int | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CompositeModel:
    """The model of a checkpoint folder of `deepseek_v4` or `deepseek_v32`, or of a folder that convert_checkpoint made.

    dtype: "float32" or "bf16" for activations, caches and plain matrices; by default that in which the embedding is
    stored. Plain tensors stay in the mapped files, FP8 and FP4 matrices are decoded when they are needed. "mix", "int8"
    or "int4": packed weights, made on first use in the user's cache, which reports `progress`.
    Raises BadCheckpoint, BadRepackedFile, UnsupportedModel, MemoryBudgetExceeded, ValueError for another dtype or one
    that a packed folder does not have, NoNativeKernels for packed weights where they cannot be had, OSError.
    """
    if (path / PACKED).is_file():
        return _load_packed(path, path, dtype, memory, threads)
    config, tensors = open_checkpoint(path)
    if dtype in SCHEMES:
        packed = packed_folder(path, tensors.folder.digest, dtype)
        if not packed.is_dir():
            library()  # before the work, not after it
            convert_checkpoint(path, packed, dtype, progress)
        return _load_packed(path, packed, dtype, memory, threads)
    if dtype is None:
        dtype = "float32" if tensors.form("embed.weight") == "float32" else "bf16"
    if dtype not in COMPUTE:
        raise ValueError(f"unknown type {dtype!r} for a checkpoint folder (known: {', '.join([*COMPUTE, *SCHEMES])})")
    budget = placement.Budget(memory, path.name)
    budget.admit(_bytes_in_memory(tensors))
    decoder = CompositeDecoder(config, DictWeights(tensors), COMPUTE[dtype], _token_map(path, config))
    digest = hashlib.sha256(json.dumps([tensors.folder.digest, dtype, ENGINE_VERSION]).encode()).hexdigest()
    return CompositeModel(path, decoder, digest, dtype)


def _load_packed(
    path: Path, packed: Path, dtype: str | None, memory: int | None, threads: int | None
) -> CompositeModel:
    config = from_hf(read_json(packed / CONFIG))
    weights, header = open_packed(packed, threads or placement.processors())
    if dtype not in (None, header["scheme"]):
        raise ValueError(f"{packed} holds weights of scheme {header['scheme']}, not {dtype}")
    experts = weights.experts
    budget = placement.Budget(memory, path.name)
    budget.admit(header["bytes"] - experts.all_bytes + (AHEAD + 1) * experts.largest)
    room = placement.available_memory() // 2 if memory is None else memory - budget.held - ROOM_TO_WORK
    experts.most_bytes = max(0, min(room, experts.all_bytes))
    digest = hashlib.sha256(json.dumps([header["digest"], ENGINE_VERSION]).encode()).hexdigest()
    decoder = CompositeDecoder(config, weights, token_map=_token_map(path, config))
    return CompositeModel(path, decoder, digest, header["scheme"])


def _token_map(path: Path, config: CompositeConfig) -> list[int] | None:
    """The compressed id of every token, for models with an Engram. Raises BadCheckpoint for another tokeniser."""
    engram = next((layer.engram for layer in config.layers if layer.engram is not None), None)
    if engram is None or not (path / TOKENIZER).is_file():
        return None
    from tokenizers import Tokenizer

    found = alike(Tokenizer.from_file(str(path / TOKENIZER)))
    if (count := distinct(found)) != engram.vocabulary:
        raise BadCheckpoint(f"{path}: the tokeniser tells {count} texts apart, its Engram needs {engram.vocabulary}")
    return found + [0] * (config.vocabulary - len(found))


def _bytes_in_memory(tensors: OwnTensors) -> int:
    """Bytes of the tensors that blocks hold: not experts and Engram rows, which are read when a token needs them."""
    held = (name for name in tensors if ".experts." not in name and ".engram.embed." not in name)
    return sum(4 * torch.Size(tensors.shape(name)).numel() for name in held)
