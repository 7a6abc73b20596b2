"""An instruction in English becomes a plan of typed operations.

The instruction is taken apart into steps (planning/steps.py) with their conditions (planning/conditions.py). For each
the graph settles what the words name (mentions.py), the wording settles what it says outright (planning/kinds), and
only what is left open is asked of the model, under a grammar of the candidates (planning/questions.py). A step is read
against the index with the steps before it carried out. An instruction that stays open is refused with what is missing;
nothing is guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import NothingToDo, Refused
from ..mentions import Match as Candidate
from ..mentions import Mention, find_mentions
from .plan import Match, Plan
from .planning import conditions, steps
from .planning.conditions import Condition
from .planning.following import follow, renamed, worked_on
from .planning.kinds import Kind, all_kinds
from .planning.questions import Asker, ModelAsker, kind_question
from .workspace import Workspace

if TYPE_CHECKING:
    from model_runtime.model import Model
    from repo_index.index import Index

#: an instruction longer than this is no instruction
MAX_INSTRUCTION = 4000
#: kinds that hardly need evidence, so that what the wording says is to be heard before they are offered
_ALWAYS = {"edit", "rename"}
#: "s/load/load_file/", as an editor has it
_SUBSTITUTION = re.compile(r"(?<!\w)s/(\w+)/(\w+)/[gi]*(?!\w)")


def plan(
    instruction: str,
    index: Index,
    open_model: Callable[[], Model],
    asker: Asker | None = None,
    *,
    check: str = "",
    write_edits: bool = True,
) -> Plan:
    """The plan for an instruction.

    `open_model` is called at the first question that the graph and the wording leave open; `asker` takes its
    place in tests. The text of a free edit is written here by the model, checked with the user's command `check`;
    without `write_edits` it is left out, and the plan only says what is to be edited. Raises NothingToDo when the
    instruction is not understood, with what is missing, and Refused when a step cannot be carried out that a later
    step or a condition builds on.
    """
    instruction = " ".join(instruction.split())
    instruction = steps.spell_out(_SUBSTITUTION.sub(r"rename `\1` to `\2`", instruction))
    if not instruction:
        raise NothingToDo("the instruction is empty: say what to change, as in: rename load to load_file")
    if len(instruction) > MAX_INSTRUCTION:
        raise NothingToDo(f"the instruction is longer than {MAX_INSTRUCTION} characters: give one step at a time")
    opened: list[Model] = []

    def model() -> Model:
        if not opened:
            opened.append(open_model())
        return opened[0]

    asker = asker or ModelAsker(model)
    from repo_index.symbols import UnknownSymbol

    job = _Job(index, asker, (lambda document, at: _write(document, at, model, check)) if write_edits else None)
    texts = steps.split(instruction)
    whole = conditions.find(instruction, index) if len(texts) > 1 else []
    job.for_all = [c for c in whole if any(c.said in t and not _has_more(t, c) for t in steps.clauses(instruction))]
    for number, text in enumerate(texts, 1):
        try:
            job.read(text, last=number == len(texts))
        except UnknownSymbol as error:  # a step before has taken it away
            raise NothingToDo(f"step {number} ({text.strip(' .,;')!r}): {error}") from None
        except (NothingToDo, Refused) as error:
            if len(texts) == 1:
                raise
            raise type(error)(f"step {number} ({text.strip(' .,;')!r}): {error}") from None
    matched = job.matched
    if answered := getattr(asker, "answered", []):
        matched += [Match(a.question, a.answer, f"the model chose among {', '.join(a.options)}") for a in answered]
    return Plan(Plan.from_json(json.dumps({"operations": job.documents})).operations, matched)


def _has_more(clause: str, condition: Condition) -> bool:
    """Whether a clause says anything besides the condition."""
    return len(clause.replace(condition.said, "").strip(" .,;").split()) > 2


class _Job:
    """Reads the steps of one instruction, each against the repository as the ones before leave it."""

    def __init__(
        self, index: Index, asker: Asker, write: Callable[[dict[str, Any], Index], dict[str, Any]] | None
    ) -> None:
        self.asker = asker
        self.write = write
        self.ws = Workspace(index)
        self.documents: list[dict[str, Any]] = []
        self.matched: list[Match] = []
        self.for_all: list[Condition] = []
        self.focus: list[str] = []

    def read(self, text: str, last: bool) -> None:
        """Append the operations of a step. They are carried out where a later step or a condition needs it."""
        index = self.ws.index
        own = conditions.find(text, index)
        said = {c.said for c in own}
        held = [*own, *(c for c in self.for_all if c.said not in said)]
        plain = conditions.without(text, own, frozenset())
        plain, mentions = self._mentions(plain, index)
        kind = _kind(plain, mentions, index, self.asker)
        if own and kind.reads:
            text = conditions.without(text, own, kind.reads)
            plain, mentions = self._mentions(text, index)
        if "alias" not in kind.reads and (said_so := conditions.unread(text, own)):
            raise NothingToDo(f"the condition {said_so!r} is not understood: name files, tests or symbols")
        documents, matched = kind.read(plain, mentions, index, self.asker)
        self.matched += matched
        held = [c for c in held if c.effect != "holds" and (c.effect != "only" or "only" not in kind.reads)]
        made: list[dict[str, Any]] = []
        for document in documents:
            for earlier in made:
                document = follow(document, earlier)
            for condition in held:
                document = conditions.put_in(condition, document, self.ws.index)
                self.matched.append(Match(condition.said, document["kind"], f"a condition: {condition.effect}"))
            if document["kind"] == "edit" and self.write is not None:
                document = self.write(document, self.ws.index)
            made.append(document)
            if document["kind"] == "edit" and self.write is None:
                continue
            if held or not last or len(made) < len(documents):
                self._carry_out(document, held)
        self.documents += made
        self.focus = []
        for document in made:
            self.focus = list(dict.fromkeys([*(renamed(ref, document) for ref in self.focus), *worked_on(document)]))

    def _mentions(self, text: str, index: Index) -> tuple[str, list[Mention]]:
        """The mentions of a step; its first pronoun stands for what the step before worked on, unless the step names
        that itself before."""
        mentions = find_mentions(text, index)
        if not self.focus:
            return text, mentions
        names = [ref.rpartition("::")[2] or ref for ref in self.focus]
        replaced, spans = steps.pronouns(text, names)
        if not spans or any(m.strength == "strong" and m.end <= spans[0][0] and m.matches for m in mentions):
            return text, mentions
        mentions = find_mentions(replaced, index)
        for (start, end), ref in zip(spans, self.focus, strict=True):
            for mention in mentions:
                if start <= mention.start and mention.end <= end:
                    mention.matches = [_candidate(ref, index)]
        return replaced, mentions

    def _carry_out(self, document: dict[str, Any], held: list[Condition]) -> None:
        before = set(self.ws.changed())
        (operation,) = Plan.from_json(json.dumps({"operations": [document]})).operations
        base = self.ws.index
        operation.apply(self.ws)
        changed = self.ws.changed()
        touched = sorted(set(changed) - before) if before else sorted(changed)
        new = [path for path in touched if base.file(path) is None]
        for condition in held:
            if said := conditions.broken(condition, touched, new, base):
                raise NothingToDo(said)


def _write(document: dict[str, Any], index: Index, open_model: Callable[[], Model], check: str) -> dict[str, Any]:
    """A free edit with its text."""
    from .planning.free_edit import write_edit

    return write_edit(document["instruction"], document["symbol"], index, open_model, check)


def _candidate(ref: str, index: Index) -> Candidate:
    if "::" in ref:
        return Candidate("symbol", ref, index.symbol(ref).kind, 1.0)
    return Candidate("module" if index.file(ref) is not None else "folder", ref, "module", 1.0)


def _kind(text: str, mentions: list[Mention], index: Index, asker: Asker) -> Kind:
    """What is asked for. The evidence of the graph rules kinds out; the model is asked when the wording leaves several.

    Raises NothingToDo when nothing is feasible, with what the kind that the wording asks for lacks.
    """
    every = all_kinds()
    feasible = [kind for kind in every if kind.feasible(text, mentions, index)]
    asked = [kind for kind in feasible if kind.is_asked(text, mentions, index)]
    beaten = {name for kind in asked for name in kind.over}
    asked = [kind for kind in asked if kind.name not in beaten]
    if len(asked) == 1:
        return asked[0]
    worded = [kind for kind in feasible if kind.name not in _ALWAYS and kind.cue is not None and kind.cue.search(text)]
    if not asked and not worded:
        # a wording that is plain, of a kind that lacks something: its reader says what
        plain = [kind for kind in every if kind not in feasible and kind.cue is not None and kind.cue.search(text)]
        for kind in plain:
            kind.read(text, mentions, index, asker)
    options = asked or feasible
    if not options:
        raise NothingToDo(
            "the instruction names nothing in the repository that an operation could work on: name the symbol or file"
        )
    answer = asker.choose(kind_question(options), text, [*(kind.name for kind in options), "other"])
    for kind in options:
        if kind.name == answer:
            return kind
    raise NothingToDo("no operation does this. There are: " + "; ".join(kind.line for kind in every))
