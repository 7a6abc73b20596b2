"""Decoding: prompt to text, token by token, with a grammar, stop strings, forced tokens and drafts."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .. import chat
from .grammar import Grammar, Matcher
from .reading import Drafter, Model, Read, Rows, Session, extend_to, prompt_ids
from .sampling import Sampler
from .speculation import MOST_ROWS, PromptLookup
from .stopping import StopStrings

if TYPE_CHECKING:
    from torch import Tensor

    from ..tokenizer import Tokenizer

Finish = Literal["stop", "length", "grammar"]


@dataclass(slots=True)
class Result:
    """How a generation went. Times are in seconds."""

    text: str = ""
    token_ids: list[int] = field(default_factory=list)
    """All tokens produced, with the end token, and those of a stop string (which `text` leaves out)."""
    finish_reason: Finish = "length"
    """stop: end of turn or stop string; length: max_tokens or the end of the context; grammar: it admits no more."""
    prompt_tokens: int = 0
    reused_tokens: int = 0
    """Tokens of the prompt that the session already held."""
    seconds_prefill: float = 0.0
    seconds_decode: float = 0.0
    forced: int = 0
    """Tokens that the grammar left no choice about."""
    drafted: int = 0
    accepted: int = 0

    @property
    def output_tokens(self) -> int:
        return len(self.token_ids)


class Generation:
    """Text pieces, as they come; made by `generate`. `result` runs what is left and says how it went."""

    def __init__(self, pieces: Iterator[str], result: Result) -> None:
        self._pieces = pieces
        self._result = result

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self._pieces)

    @property
    def result(self) -> Result:
        for _ in self._pieces:
            pass
        return self._result


def generate(
    model: Model,
    prompt: str | Sequence[int] | Sequence[chat.Message],
    max_tokens: int,
    *,
    grammar: Grammar | None = None,
    stop: Sequence[str] = (),
    temperature: float = 0.0,
    top_p: float = 1.0,
    seed: int = 0,
    speculate: int | None = None,
    session: Session | None = None,
) -> Generation:
    """Continue a prompt by at most `max_tokens` tokens.

    `session`: continue in this one (what it shares with the prompt is not computed again), else in a new one.
    `speculate`: draft up to that many tokens (at most 7) from the text so far, for output that repeats its
    input, and from the model's own prediction block if it has one. Raises BadGrammar, chat.BadMessages,
    ValueError for an empty prompt; nothing is computed before the first piece is asked for.
    """
    ids = prompt_ids(prompt, model.tokenizer)
    run = start(
        model,
        ids,
        max_tokens,
        grammar=grammar,
        stop=stop,
        temperature=temperature,
        top_p=top_p,
        seed=seed,
        speculate=speculate,
        session=session,
    )
    return Generation(run.pieces(ids), run.result)


def start(
    model: Model,
    ids: Sequence[int],
    max_tokens: int,
    *,
    grammar: Grammar | None,
    stop: Sequence[str],
    temperature: float,
    top_p: float,
    seed: int,
    speculate: int | None,
    session: Session | None,
) -> Run:
    """A generation that has not begun; see `generate`."""
    if not ids:
        raise ValueError("an empty prompt: there is nothing to continue")
    session = session if session is not None else model.session()
    most = min(speculate, MOST_ROWS - 1) if speculate else 0
    return Run(
        session=session,
        tokenizer=model.tokenizer,
        matcher=grammar.matcher(model.tokenizer) if grammar is not None else None,
        sampler=Sampler(temperature, top_p, seed),
        stops=StopStrings([stop] if isinstance(stop, str) else stop),
        lookup=(session.drafter(most) or PromptLookup(most)) if most else None,
        max_tokens=max_tokens,
        result=Result(prompt_tokens=len(ids)),
    )


@dataclass(slots=True)
class Run:
    """One generation at work."""

    session: Session
    tokenizer: Tokenizer
    matcher: Matcher | None
    sampler: Sampler
    stops: StopStrings
    lookup: Drafter | None
    max_tokens: int
    result: Result
    finished: bool = False

    def pieces(self, prompt: list[int]) -> Iterator[str]:
        """Text pieces, as they come."""
        reply: Rows | None = None
        with closing(self.steps(prompt)) as steps:
            while True:
                try:
                    step = steps.send(reply)
                except StopIteration:
                    return
                reply = None
                if isinstance(step, Read):
                    reply = step.by(self.session)
                else:
                    yield step

    def steps(self, prompt: list[int]) -> Generator[str | Read, Rows | None, None]:
        """Text pieces, and what the session is to read in between; the rows of that are sent back."""
        try:
            yield from self._steps(prompt)
        finally:  # after the text, so that nobody waits for it; also when interrupted
            self.session.keep(len(prompt))

    def _steps(self, prompt: list[int]) -> Generator[str | Read, Rows | None, None]:
        started = time.perf_counter()
        row, self.result.reused_tokens = extend_to(self.session, prompt)
        self.result.seconds_prefill = time.perf_counter() - started
        decoder = self.tokenizer.stream()
        if self.lookup:
            self.lookup.feed(prompt)
        started = time.perf_counter()
        tokens = self._tokens(row)
        reply: Rows | None = None
        while True:
            try:
                step = tokens.send(reply)
            except StopIteration:
                break
            reply = None
            if isinstance(step, Read):
                reply = yield step
                continue
            piece = self.stops.push(decoder.push(step))
            if self.stops.hit is not None:
                self._finish("stop")
            self.result.seconds_decode = time.perf_counter() - started
            if piece:
                self.result.text += piece
                yield piece
            if self.stops.hit is not None:
                return
        tail = self.stops.push(decoder.finish()) + self.stops.finish()
        if tail:
            self.result.text += tail
            yield tail

    def _tokens(self, first: Tensor) -> Generator[int | Read, Rows | None, None]:
        """The tokens, one at a time, and what is to be read. `first` is what the model expects after the tokens that
        the session holds."""
        if self.max_tokens <= 0:
            return
        draft: list[int] = []
        pending = yield from self._accept(self._forced())
        rows: Rows = () if pending else (first,)
        while not self.finished:
            # rows[i] is what the model expects before draft[i], which the session already holds
            good = 0
            for i, row in enumerate(rows):
                pending = yield from self._accept(self._choose(row))
                if i < len(draft) and pending[0] == draft[i]:
                    good += 1
                    self.result.accepted += 1
                    del pending[0]
                if pending or self.finished:
                    break
            if self.finished:
                return
            if good < len(draft):
                self.session.truncate(len(self.session.ids) - len(draft) + good)
            draft = self._draft(len(pending))
            read = yield Read([*pending, *draft], len(draft) + 1)
            if read is None:
                self._finish("length")
            else:
                rows = read

    def _choose(self, row: Tensor) -> list[int]:
        """The next token, and the tokens that the grammar then leaves no choice about."""
        if self.matcher is None:
            return [self.sampler.choose(row)]
        token = self.sampler.choose(self.matcher.mask(row))
        if self.tokenizer.is_control(token):
            return [token]
        self.matcher.consume(token)
        return [token, *self._forced()]

    def _forced(self) -> list[int]:
        tokens = self.matcher.forced() if self.matcher is not None else []
        self.result.forced += len(tokens)
        return tokens

    def _accept(self, tokens: list[int]) -> Generator[int | Read, Rows | None, list[int]]:
        """Record and hand out tokens that are settled, up to one that ends the text; returns them."""
        taken: list[int] = []
        for token in tokens:
            taken.append(token)
            self.result.token_ids.append(token)
            if self.lookup is not None:
                self.lookup.feed((token,))
            if self.tokenizer.is_control(token):
                self._finish("stop")
            elif self.matcher is not None and self.matcher.ended and len(taken) == len(tokens):
                self._finish("grammar")
            elif len(self.result.token_ids) >= self.max_tokens:
                self._finish("length")
            yield token
            if self.finished:
                break
        return taken

    def _finish(self, reason: Finish) -> None:
        self.result.finish_reason = reason
        self.finished = True

    def _draft(self, pending: int) -> list[int]:
        if self.lookup is None:
            return []
        left = self.max_tokens - len(self.result.token_ids) - 1
        draft = self.lookup.draft(min(MOST_ROWS - pending, left))
        if draft and self.matcher is not None:
            draft = draft[: self.matcher.fits(draft)]
        self.result.drafted += len(draft)
        return draft
