"""A loaded model: its decoder, its tokeniser, and the sessions that read with it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from . import placement
from .cache.disk_space import MOST_BYTES
from .cache.prefix import PrefixCache
from .cache.saved import load_session
from .cache.shared_pages import POSSIBLE as SHARING
from .cache.shared_pages import SharedPages, fork
from .catalog import locate
from .checkpoints.prepare import prepare
from .checkpoints.repacked import load as load_repacked
from .checkpoints.repacked import read_header
from .config import DecoderConfig
from .decoder import Decoder, build, workspace_bytes
from .kernels.aten import NAME as ATEN
from .kernels.blocks16 import NAME as NATIVE
from .kernels.native_decoder import NativeDecoder, scratch_bytes
from .session import Session, checked

if TYPE_CHECKING:
    from .tokenizer import Tokenizer

Progress = Callable[[int, int], None]
#: tokens whose keys and values the memory check counts on, unless a session asks for more
PLANNED_TOKENS = 4096


class Model:
    """A decoder with its tokeniser. Make it with `load_model`."""

    def __init__(
        self, path: Path, decoder: Decoder | NativeDecoder, digest: str, scheme: str, budget: placement.Budget
    ) -> None:
        self.path = path
        """The GGUF file it came from."""
        self.decoder = decoder
        self.digest = digest
        """Of the weights, the scheme and the engine: equal digests give equal keys and values."""
        self.scheme = scheme
        self.budget = budget
        self.prefixes: PrefixCache | None = None
        """Where prompts are kept between runs; see `keep_prefixes`."""
        self.sessions: weakref.WeakSet[Session] = weakref.WeakSet()
        self.lock = threading.RLock()
        """Held while a session changes: what one holds may be copied to another."""

    def keep_prefixes(self, most_bytes: int = MOST_BYTES) -> None:
        """Use the prefix cache in the user's cache folder, which may hold `most_bytes`."""
        config, decoder = self.config, self.decoder
        layout = [config.layers, config.kv_heads, config.head_dim, str(decoder.kv_dtype), decoder.kv_blocked]
        identity = [self.digest, *decoder.arithmetic(), *layout]
        self.prefixes = PrefixCache(identity, decoder.block, most_bytes)

    @property
    def config(self) -> DecoderConfig:
        return self.decoder.config

    @property
    def kernels(self) -> str:
        """ "native", or "aten" for PyTorch's own."""
        return NATIVE if isinstance(self.decoder, NativeDecoder) else ATEN

    @property
    def name(self) -> str:
        return self.path.stem

    @cached_property
    def tokenizer(self) -> Tokenizer:
        from .tokenizer import load_tokenizer

        return load_tokenizer(self.path)

    def logits(self, ids: Sequence[int]) -> Tensor:
        """float32 [tokens, vocabulary]: row i is what the model expects after ids[: i + 1]."""
        return self.session(max_tokens=len(ids)).extend(ids, all_logits=True)

    def session(self, max_tokens: int | None = None) -> Session:
        """An empty session of at most `max_tokens` (default and limit: the model's context)."""
        return Session(self, max_tokens)

    def fork(self, session: Session, count: int, max_tokens: int) -> list[Session]:
        """`count` sessions that hold what `session` holds and may read `max_tokens` more each.

        They share the memory of what they hold; each takes only what it writes. Where the system cannot share pages,
        they hold copies. Raises MemoryBudgetExceeded.
        """
        with self.lock:
            limit = min(len(session.ids) + max_tokens, self.config.context)
            pages = SharedPages(session.cache, limit) if SHARING and session.ids else None
            found = []
            for _ in range(count):
                other = Session(self, limit, fork(session.cache, limit, pages) if pages is not None else None)
                if pages is None and session.ids:
                    other.cache.take(session.cache, len(session.ids))
                other.ids[:], other._settled = session.ids, session._settled
                found.append(other)
        return found

    def step(self, sessions: Sequence[Session], ids: Sequence[int]) -> Tensor:
        """Let each session read one token, all in one pass over the weights; float32 logits [n, vocabulary], the same
        as of `extend` for each. Raises as `Session.extend`, with all sessions as they were."""
        ids = checked(ids, self.config.vocabulary)
        with self.lock:
            before = [len(session.ids) for session in sessions]
            try:
                logits = self.decoder.forward_each(ids, [session.cache for session in sessions])
                for session, token in zip(sessions, ids, strict=True):
                    session.ids.append(token)
                    if self.decoder.cuts_alike:
                        session._settled = session._whole(len(session.ids))
            except BaseException:
                for session, length in zip(sessions, before, strict=True):
                    del session.ids[length:]
                    session.cache.truncate(length)
                raise
        return logits

    def restore(self, path: Path | str) -> Session:
        """The session that `Session.save` wrote.

        Raises BadSessionFile when the file is damaged or was written by another model, scheme or engine version.
        """
        session = self.session()
        session.ids = load_session(Path(path), self.digest, session.cache)
        if self.decoder.cuts_alike:
            session._settled = session._whole(len(session.ids))
        return session

    def generate(self, prompt: Any, max_tokens: int, **options: Any) -> Any:
        """Iterator of text pieces with `.result` at the end; see model_runtime.generate.loop.generate."""
        from .generate.loop import generate

        return generate(self, prompt, max_tokens, **options)

    def chat(self, messages: Any, **options: Any) -> Any:
        """A conversation as prompt tokens; see model_runtime.chat.render."""
        from .chat import render

        return render(messages, self.tokenizer, **options)


def load_model(
    path_or_name: str | Path,
    dtype: str | None = None,
    memory: int | str | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Model:
    """Load a model of the catalogue, a GGUF file, or a checkpoint folder of the DeepSeek line. A folder gives a
    CompositeModel, which offers the same; composite.model says which dtype and errors apply to it.

    dtype: scheme of the packed weights ("mix", "int4", "int8", "bf16"; default "mix"). memory: most bytes the model
    may take, or text such as "2G". threads: default the physical cores of this process. progress(done, total) is
    called while weights are packed, which happens once per file and scheme.

    Raises ModelNotFound, BadGGUF, UnsupportedModel, MemoryBudgetExceeded (before anything is loaded), OSError.
    """
    path = locate(path_or_name)
    allowed = None if memory is None else placement.parse_size(memory)
    threads = threads or placement.processors()
    if path.is_dir():
        from .composite.model import load_folder

        torch.set_num_threads(threads)
        return cast(Model, load_folder(path, dtype, allowed, threads, progress))
    scheme = dtype or "mix"
    repacked = prepare(path, scheme, allowed, progress)
    torch.set_num_threads(threads)
    header = read_header(repacked)
    config = DecoderConfig(**header["config"])
    native = header["kernels"] == NATIVE
    scratch = scratch_bytes(config) if native else workspace_bytes(config)
    keys_values = placement.kv_bytes(config, min(PLANNED_TOKENS, config.context))
    budget = placement.Budget(allowed, config.name)
    budget.admit(header["bytes"] + scratch + keys_values, passing=True)
    budget.admit(header["bytes"] + scratch)
    header, tensors = load_repacked(repacked)
    decoder = NativeDecoder(config, tensors, header["tensors"], threads) if native else build(config, tensors)
    return Model(path, decoder, header["digest"], scheme, budget)
