"""A loaded model, and sessions: the tokens it has read and what it expects next."""

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
from .cache.kv import KVCache
from .cache.prefix import PrefixCache
from .cache.saved import load_session, save_session
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

if TYPE_CHECKING:
    from .tokenizer import Tokenizer

Progress = Callable[[int, int], None]
#: tokens whose keys and values the memory check counts on, unless a session asks for more
PLANNED_TOKENS = 4096


class Session:
    """Tokens that a model has read, with their keys and values. Not for use by two threads at once."""

    def __init__(self, model: Model, max_tokens: int | None, cache: KVCache | None = None) -> None:
        config, decoder = model.config, model.decoder
        limit = config.context if max_tokens is None else min(max_tokens, config.context)
        if limit < 1:
            raise ValueError(f"a session of {limit} tokens has no room")
        self.model = model
        self.ids: list[int] = []
        self.cache = cache or KVCache(config, limit, decoder.kv_dtype, decoder.kv_blocked, model.budget.admit)
        #: the first tokens, in whole blocks, whose keys and values do not depend on how they were cut into calls
        self._settled = 0
        model.sessions.add(self)
        weakref.finalize(self, _give_back, model.budget, self.cache)

    def extend(self, ids: Sequence[int], all_logits: bool = False) -> Tensor:
        """Read `ids`; float32 logits after the last [vocabulary], or after each [n, vocabulary].

        Raises ContextFull or MemoryBudgetExceeded when they do not fit, and ValueError for an id outside the vocabulary
        or an empty list; the session is then as it was, also after an interrupt.
        """
        vocabulary = self.model.config.vocabulary
        ids = _checked(ids, vocabulary)
        if all_logits:
            self.model.budget.admit(4 * vocabulary * len(ids), passing=True)
        decoder, before = self.model.decoder, len(self.ids)
        with self.model.lock:
            try:
                logits = decoder.forward(ids, self.cache, all_logits)
                self.ids.extend(ids)
                if decoder.cuts_alike or before == self._settled:
                    self._settled = self._whole(len(self.ids))
            except BaseException:
                del self.ids[before:]
                self.cache.truncate(before)
                raise
        return logits

    def _whole(self, n: int) -> int:
        return n - n % self.model.decoder.block

    def truncate(self, n: int) -> None:
        """Forget all but the first `n` tokens; takes no time."""
        if not 0 <= n <= len(self.ids):
            raise ValueError(f"cannot keep {n} of {len(self.ids)} tokens")
        with self.model.lock:
            del self.ids[n:]
            self.cache.truncate(n)
            self._settled = min(self._settled, self._whole(n))

    def recall(self, ids: Sequence[int]) -> int:
        """Hold the longest beginning of `ids` that needs no computing, without the last token; returns its length.

        It comes from this session, from the other sessions of the model, or from the model's prefix cache, and what
        follows it is computed to the same bits as without. Raises ContextFull or MemoryBudgetExceeded when all of `ids`
        would not fit; the session then holds what it shared with them.
        """
        wanted = list(ids[:-1])
        with self.model.lock:
            self.truncate(self._shared_with(wanted))
            self.cache.reserve(len(ids) - len(self.ids))
            others = [other for other in self.model.sessions if other is not self]
            best = max(others, key=lambda other: other._shared_with(wanted), default=self)
            if (shared := best._shared_with(wanted)) > len(self.ids):
                self._hold(wanted, shared, best)
            prefixes = self.model.prefixes
            if prefixes is not None and prefixes.held(wanted) > len(self.ids):
                self.truncate(self._whole(len(self.ids)))
                self._hold(wanted, prefixes.restore(wanted, self.cache))
        return len(self.ids)

    def _shared_with(self, ids: list[int]) -> int:
        """How many first tokens of `ids` this session holds with the keys and values that any other would compute."""
        most = min(len(self.ids), len(ids))
        shared = next((i for i in range(most) if self.ids[i] != ids[i]), most)
        return shared if self.model.decoder.cuts_alike else min(self._settled, self._whole(shared))

    def _hold(self, ids: list[int], count: int, other: Session | None = None) -> None:
        if other is not None:
            self.cache.take(other.cache, count)
        self.ids[:] = ids[:count]
        self._settled = self._whole(count)

    def keep(self, count: int) -> None:
        """Put the keys and values of the first `count` tokens, in whole blocks, into the model's prefix cache, if it
        has one."""
        if self.model.prefixes is not None:
            with self.model.lock:
                settled = min(self._settled, self._whole(count))
                self.model.prefixes.store(self.ids[:settled], self.cache)

    def drafter(self, most: int) -> None:
        """These models have no prediction block: drafts come from the text alone."""

    def save(self, path: Path | str) -> None:
        """Write tokens, keys and values to a file that `Model.restore` reads; whole or not at all."""
        save_session(Path(path), self.model.digest, self.ids, self.cache)


def _checked(ids: Sequence[int], vocabulary: int) -> list[int]:
    ids = list(ids)
    if not ids or min(ids) < 0 or max(ids) >= vocabulary:
        raise ValueError(f"token ids must be a non-empty list of numbers from 0 to {vocabulary - 1}")
    return ids


def _give_back(budget: placement.Budget, cache: KVCache) -> None:
    budget.release(cache.admitted)


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
        ids = _checked(ids, self.config.vocabulary)
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
