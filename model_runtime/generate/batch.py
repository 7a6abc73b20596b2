"""Several generations at once: one pass over the weights gives each its next token.

What the prompts have in common is read once, and held once. A pass over the weights costs about the same for one token
and for a few, so that four generations take little longer than one. The tokens are those of `generate` for each prompt
by itself: rows of a batch do not influence each other, not even in rounding, with the native kernels; the portable
ones take the rows one after the other.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from .. import chat
from .grammar import Grammar
from .loop import Result, start
from .reading import Read, Rows, Session, extend_to, prompt_ids

#: generations that decode together
AT_ONCE = 4


def generate_each(
    model: Any,
    prompts: Sequence[str | Sequence[int] | Sequence[chat.Message]],
    max_tokens: int,
    *,
    grammars: Sequence[Grammar | None] | None = None,
    temperatures: Sequence[float] | None = None,
    seeds: Sequence[int] | None = None,
    stop: Sequence[str] = (),
    top_p: float = 1.0,
    at_once: int = AT_ONCE,
) -> list[Result]:
    """The results of `generate` for each prompt, `at_once` at a time.

    `grammars`, `temperatures` (default 0) and `seeds`: one for each prompt. Raises as `generate`, and
    MemoryBudgetExceeded.
    """
    ids = [prompt_ids(prompt, model.tokenizer) for prompt in prompts]
    if not all(ids):
        raise ValueError("an empty prompt: there is nothing to continue")
    if not ids:
        return []
    most = min(map(len, ids)) - 1
    common = next((i for i in range(most) if len({one[i] for one in ids}) > 1), most)
    base = model.session()
    if common:
        extend_to(base, ids[0][:common])
        base.keep(common)
    waiting = list(range(len(ids)))
    active: dict[int, _Active] = {}
    results: dict[int, Result] = {}
    while waiting or active:
        while waiting and len(active) < at_once:
            number = waiting.pop(0)
            (session,) = model.fork(base, 1, len(ids[number]) - common + max_tokens)
            run = start(
                model,
                ids[number],
                max_tokens,
                grammar=grammars[number] if grammars is not None else None,
                stop=stop,
                temperature=temperatures[number] if temperatures is not None else 0.0,
                top_p=top_p,
                seed=seeds[number] if seeds is not None else 0,
                speculate=None,
                session=session,
            )
            results[number] = run.result
            active[number] = _Active(run.steps(ids[number]), session)
            active[number].go_on(None)
        _read(model, [one for one in active.values() if one.read is not None])
        active = {number: one for number, one in active.items() if one.read is not None}
    return [results[number] for number in range(len(ids))]


class _Active:
    """A generation at work, and what it waits for; `read` is None when it has ended."""

    def __init__(self, steps: Generator[str | Read, Rows | None, None], session: Session) -> None:
        self.steps = steps
        self.session = session
        self.read: Read | None = None

    def go_on(self, reply: Rows | None) -> None:
        self.read = None
        try:
            step = self.steps.send(reply)
            while not isinstance(step, Read):
                step = self.steps.send(None)
            self.read = step
        except StopIteration:
            pass


def _read(model: Any, runs: Sequence[_Active]) -> None:
    """Give each what it waits for: single tokens in one pass, the rest by itself."""
    single = [run for run in runs if run.read is not None and len(run.read.ids) == 1]
    if len(single) > 1 and all(len(run.session.ids) < run.session.cache.limit for run in single):  # type: ignore[attr-defined]
        rows = model.step([run.session for run in single], [run.read.ids[0] for run in single if run.read])
    else:
        single, rows = [], ()
    for run in runs:
        if run not in single and run.read is not None:
            run.go_on(run.read.by(run.session))
    for run, row in zip(single, rows, strict=True):
        run.go_on((row,))
