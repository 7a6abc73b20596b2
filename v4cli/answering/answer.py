"""The whole of `v4 ask`: exact facts when the graph has them, else retrieval and the model."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from ..errors import NothingToDo
from . import exact, prompt
from .citations import CitationFilter, supporting_sources, unknown_names
from .exact import Citation, Fact
from .readings import MOST_UNWANTED, Readings, arrange
from .retrieve import Source, retrieve

if TYPE_CHECKING:
    from model_runtime.model import Model
    from repo_index.index import Index

MAX_TOKENS = 320


@dataclass(slots=True)
class Answer:
    text: str
    citations: list[Citation] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    model: str | None = None
    prompt_tokens: int = 0
    reused_tokens: int = 0
    """Of the prompt, those that an earlier run had read."""
    output_tokens: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "answer": self.text,
            "citations": [c.as_json() for c in self.citations],
            "facts": [f.as_json() for f in self.facts],
            "model": self.model,
            "prompt_tokens": self.prompt_tokens,
            "reused_tokens": self.reused_tokens,
            "output_tokens": self.output_tokens,
            "seconds": {k: round(v, 3) for k, v in self.seconds.items()},
        }


def from_graph(question: str, index: Index) -> Answer | None:
    """The answer of the graph alone, or None."""
    started = time.perf_counter()
    found = exact.answer(question, index)
    if found is None:
        return None
    citations = list(dict.fromkeys(f.citation for f in found.facts))
    seconds = {"graph": time.perf_counter() - started}
    return Answer("\n".join(found.lines()), citations, found.facts, seconds=seconds)


def from_model(
    question: str,
    index: Index,
    open_model: Callable[[], Model],
    token_budget: Callable[[Model], int],
    show: Callable[[str], None],
    note: Callable[[str], None] = lambda text: None,
    strict: bool = False,
) -> Answer:
    """The model's answer over retrieved code. `show` gets the text as it comes, citations already checked.

    With a `strict` budget, passages that an earlier question has read are not kept beyond it. Raises NothingToDo when
    nothing in the repository matches the question.
    """
    started = time.perf_counter()
    model = open_model()
    opened = time.perf_counter()
    overhead = model.tokenizer.count(prompt.SYSTEM) + model.tokenizer.count(question) + 80
    budget = max(token_budget(model) - overhead, 256)
    sources = retrieve(question, index, budget, model.tokenizer.count)
    if not sources:
        raise NothingToDo("nothing in this repository matches the question: name a file, a symbol or a subject of it")
    readings = Readings(index) if getattr(model, "prefixes", None) is not None else None
    if readings is not None:
        room = 0 if strict else int(MOST_UNWANTED * budget)
        kept = partial(_held, model, question)
        sources = arrange(sources, readings.earlier(), room, model.tokenizer.count, kept)
    retrieved = time.perf_counter()
    files = len({s.citation.path for s in sources})
    note(f"reading {len(sources)} passages of {files} file{'s' * (files != 1)}")
    checked = CitationFilter([s.citation for s in sources], index)
    stream = model.generate(prompt.messages(question, sources), max_tokens=MAX_TOKENS)
    pieces: list[str] = []
    first: float | None = None
    for piece in stream:
        first = first or time.perf_counter()
        _emit(checked.feed(piece), pieces, show)
    _emit(checked.finish(), pieces, show)
    text = "".join(pieces).strip()
    context = "\n".join(s.text for s in sources)
    citations = list(checked.cited)
    for citation in supporting_sources(text, [(s.citation, s.text) for s in sources], index):
        if citation not in citations:
            citations.append(citation)
    answer = Answer(text, citations, model=model.name)
    if readings is not None:
        readings.add(sources)
    answer.prompt_tokens = stream.result.prompt_tokens
    answer.reused_tokens = stream.result.reused_tokens
    answer.output_tokens = stream.result.output_tokens
    answer.seconds = {
        "load": opened - started,
        "retrieve": retrieved - opened,
        "first_token": (first or time.perf_counter()) - retrieved,
        "total": time.perf_counter() - started,
    }
    if checked.dropped:
        answer.notes.append(f"{checked.dropped} citation(s) named nothing that exists and were dropped")
    if unknown := unknown_names(text, context, index):
        answer.notes.append(f"not found in this repository: {', '.join(unknown)}")
    return answer


def _held(model: Model, question: str, sources: Sequence[Source]) -> int:
    """How many tokens of these passages, as the beginning of a prompt, the model need not read again, up to a block."""
    from model_runtime.generate.reading import prompt_ids

    assert model.prefixes is not None
    whole, empty = (prompt_ids(prompt.messages(question, part), model.tokenizer) for part in (sources, ()))
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(whole, empty, strict=False)))
    found = model.prefixes.held(whole)
    return found + model.prefixes.block - head if found > head else 0


def _emit(text: str, pieces: list[str], show: Callable[[str], None]) -> None:
    if text:
        pieces.append(text)
        show(text)
