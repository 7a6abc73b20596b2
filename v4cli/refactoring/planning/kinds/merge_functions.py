"""Reading "make these two functions one"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ....errors import NothingToDo
from ....mentions import PLAIN, Mention
from ...plan import Match as Matched
from .. import cues
from ..questions import Asker
from . import Found, Kind
from .structure import functions_named, settled_as

if TYPE_CHECKING:
    from repo_index.index import Index

_ONE_FUNCTION = re.compile(
    r"\b(?:one|single|singular|common|unified|joint|combined)\s+(?:\w+\s+)?function\b"
    r"|\b(?:into|to|by|with|as)\s+(?:an?\s+|one\s+|the\s+)?(?:new\s+)?function\b|\binto\s+[`'\"]?[a-z_]\w*\(",
    re.IGNORECASE,
)
_JOINS = re.compile(
    r"\b(?:merg|combin|convert|unif|unit|fold|join|consolidat|replac|collaps|refactor|turn|mak)\w*\b|\binstead\s+of\b",
    re.IGNORECASE,
)


def read_merge_functions(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """One merge_functions operation. Raises NothingToDo saying what is missing."""
    matched: list[Matched] = []
    pair = functions_named(mentions)
    old = [m.text.rpartition(".")[2] for m in pair]
    name, arguments = _new_function(instruction, old)
    flag, default = _flag(instruction, arguments, [*old, name])
    one, two = settled_as(pair, {"function"}, mentions, index, matched)
    true_is_first = _when_true(instruction, flag, old)
    first, second = (one, two) if true_is_first else (two, one)
    matched.append(Matched(flag, first.id, f"what {name} does when {flag} is true"))
    operation: dict[str, Any] = {
        "kind": "merge_functions",
        "first": first.id,
        "second": second.id,
        "new_name": name,
        "flag": flag,
    }
    if default is not None:
        operation["default"] = default
    return [operation], matched


def _new_function(instruction: str, old: list[str]) -> tuple[str, str]:
    """The name of the one function and, where the instruction shows its signature, what stands in parentheses."""
    for pattern in (
        r"\bfunctions?\s+(?:(?:that\s+is\s+)?(?:named|called)\s+)?[`'\"]?([A-Za-z_]\w*)[`'\"]?(?:\(([^)]*)\))?",
        r"\b(?:into|to|named|called|by|as)\s+(?:an?\s+|one\s+|single\s+)*[`'\"]?([A-Za-z_]\w*)[`'\"]?\(([^)]*)\)",
        r"\b(?:named|called|into)\s+[`'\"]?([A-Za-z_]\w*)[`'\"]?()",
    ):
        for found in re.finditer(pattern, instruction, re.IGNORECASE):
            shown = bool(found[2])  # with its parameters, so that it is a name whatever the word
            if found[1] not in old and (shown or found[1].lower() not in PLAIN | {"should", "must", "which"}):
                return found[1], found[2] or ""
    raise NothingToDo("what is the one function called? Say, for example: into one function called load")


def _flag(instruction: str, arguments: str, taken: list[str]) -> tuple[str, bool | None]:
    """The parameter that tells the two apart, and its default."""
    shown = re.findall(r"([A-Za-z_]\w*)\s*(?::\s*bool\s*)?=\s*(True|False|true|false)\b", arguments)
    if shown:
        return shown[-1][0], shown[-1][1].lower() == "true"
    names = [n for n in cues.parameter_names(instruction) if n not in taken]
    if not names:
        names = re.findall(
            r"\b(?:if|when|with|for)\s+[`'\"]?([A-Za-z_]\w*)[`'\"]?\s*(?:is\s+|==?\s*)(?:set\s+to\s+)?(?:true|false)\b",
            instruction,
            re.IGNORECASE,
        )
    names = [n for n in names if n.lower() not in PLAIN]
    if not names:
        raise NothingToDo("how does the one function tell what to do? Name a flag, as in: load(path, binary=False)")
    default = cues.default_value(instruction, names[0])
    return names[0], None if default not in {"True", "False"} else default == "True"


def _when_true(instruction: str, flag: str, old: list[str]) -> bool:
    """Whether the first of the two is what happens when the flag is true."""
    clause = re.compile(
        rf"\b(?:if|when|with|for)\s+(?:(?:it|that|this)\s+|(?:the\s+)?(?:flag\s+)?[`'\"]?{re.escape(flag)}[`'\"]?\s*)?"
        r"(?:is\s+|==?\s*)?(?:set\s+to\s+)?[`'\"]?(?P<value>true|false)\b",
        re.IGNORECASE,
    )
    clauses = list(clause.finditer(instruction))
    for number, found in enumerate(clauses):
        says = found["value"].lower() == "true"
        stop = clauses[number + 1].start() if number + 1 < len(clauses) else len(instruction)
        behind = _first_of(instruction[found.end() : stop], old)
        start = clauses[number - 1].end() if number else 0
        before = _last_of(instruction[start : found.start()], old)
        # "if x is true, it does a" before "a if x is true", where the sentence goes on behind the clause
        named = behind if re.match(r"[`'\"]?\s*(?:,|it\b|then\b|the\b)", instruction[found.end() :]) else None
        named = named if named is not None else before if before is not None else behind
        if named is not None:
            return (named == old[0]) == says
    raise NothingToDo(f"which of {old[0]} and {old[1]} is meant when {flag} is true? Say: if {flag} is true, ...")


def _first_of(text: str, names: list[str]) -> str | None:
    places = {n: m.start() for n in names if (m := re.search(rf"(?<!\w){re.escape(n)}(?!\w)", text))}
    return min(places, key=lambda n: places[n]) if places else None


def _last_of(text: str, names: list[str]) -> str | None:
    places = {n: m[-1].start() for n in names if (m := list(re.finditer(rf"(?<!\w){re.escape(n)}(?!\w)", text)))}
    return max(places, key=lambda n: places[n]) if places else None


def _pair(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return len(functions_named(mentions)) == 2


def _asks(instruction: str, mentions: list[Mention], index: Index) -> bool:
    two = len(functions_named(mentions)) == 2
    return two and _JOINS.search(instruction) is not None and _ONE_FUNCTION.search(instruction) is not None


KINDS = (
    Kind(
        name="merge-functions",
        operation="merge_functions",
        line="make two existing functions one function",
        examples=("Combine load_json and load_yaml into one function load(kind).",),
        feasible=_pair,
        asks=_asks,
        read=read_merge_functions,
        cue=re.compile(rf"(?:{_JOINS.pattern})[^.;]*?(?:{_ONE_FUNCTION.pattern})", re.IGNORECASE),
        over=frozenset({"move", "add-parameter", "merge-files"}),
    ),
)
