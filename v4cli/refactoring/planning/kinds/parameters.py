"""Reading "add a parameter": which function, the name, the default, and which calls pass it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ....errors import NothingToDo
from ....mentions import Mention
from ...ecmascript.paths import is_ecmascript
from ...go.paths import is_go
from ...plan import Match as Matched
from .. import cues
from ..candidates import is_location, settle
from ..questions import CALL_SITES, Asker
from . import Kind

if TYPE_CHECKING:
    from repo_index.index import Index

#: Python's literals, as cues gives them, in JavaScript
_GO = {"True": "true", "False": "false", "None": "nil"}
_JAVASCRIPT = {"True": "true", "False": "false", "None": "null"}
_CALLABLE = {"function", "method", "class"}
_NOUN = r"(?:parameter|argument|param|arg|flag|kwarg|keyword|option|switch)s?"
_CUE = re.compile(
    rf"\b(?:add|adding|includ(?:e|ing)|introduc(?:e|ing)|extend(?:ing)?|equip|provide|accepts?|gives?|giving|tak(?:es?|ing)|needs?|gets?|wants?|have|grow)\b[^.;]*?\b{_NOUN}\b"
    r"|\badd(?:ing)?\s+[`'\"]?\w+[`'\"]?\s*(?::\s*[\w.\[\]| ]+)?=|\badd(?:ing)?\s+an\s+optional\s+\w+"
    r"|\b(?:should|must|needs?\s+to|to|let\s+\S+)\s+(?:also\s+)?(?:accept|take)\b",
    re.IGNORECASE,
)


def read_parameter(
    instruction: str, mentions: list[Mention], index: Index, asker: Asker
) -> tuple[list[dict[str, Any]], list[Matched]]:
    """One add_parameter operation. Raises NothingToDo saying what the instruction leaves out."""
    name = _parameter_name(instruction, mentions)
    function = _function(instruction, mentions, name)
    if function is None:
        raise NothingToDo(f"which function gets the parameter {name!r}? Name one that is in the repository.")
    others = [m for m in mentions if m is not function and m.text != name]
    wanted = [m for m in function.of("symbol") if m.kind in _CALLABLE]
    match, evidence = settle(function, wanted, others, index, "functions")
    default = cues.default_value(instruction, name)
    value = cues.argument_value(instruction, name, default)
    if is_ecmascript(match.ref.partition("::")[0]):
        default, value = (_JAVASCRIPT.get(v, v) if v is not None else None for v in (default, value))
    elif is_go(match.ref.partition("::")[0]):
        default, value = (_GO.get(v, v) if v is not None else None for v in (default, value))
    if default is None:
        raise NothingToDo(f"what is the default of {name!r}? Say, for example: default False.")
    operation: dict[str, Any] = {
        "kind": "add_parameter",
        "symbol": match.ref,
        "name": name,
        "default": default,
        "call_sites": "none",
    }
    if (annotation := cues.annotation(instruction, name)) is not None:
        operation["annotation"] = annotation
    if value is not None:
        files = _files_of_calls(instruction, name, mentions)
        sites = (_sites(files, match.ref, index) if files else None) or cues.call_sites(instruction)
        if sites is None:
            options = ("all", "all_but_tests", "only_tests", "none")
            sites = asker.choose(CALL_SITES, instruction, options)  # type: ignore[assignment]
        operation["call_sites"] = sites
        if sites == "all" and files and _outside(files, match.ref, index):
            operation["scope"] = {"only_paths": sorted(files)}
        if sites != "none":
            operation["call_value"] = value
    if modules := cues.modules_to_import(instruction):
        operation["import_modules"] = modules
    return [operation], [Matched(function.text, match.ref, evidence)]


_CALLS = re.compile(
    r"\b(?:calls?|called|calling|callers?|invocations?|usages?|uses?|used|instances|occurrences?|cases|sites?|pass\w*)\b",
    re.IGNORECASE,
)
#: a file behind these words is an example, or is left out
_EXAMPLES = re.compile(
    r"\b(?:such\s+as|like|including|e\.g\.|for\s+example|except|excluding|apart|but\s+not|outside|other\s+than)\b[^;]*$",
    re.IGNORECASE,
)


def _files_of_calls(instruction: str, name: str, mentions: list[Mention]) -> set[str]:
    """The files that a sentence limits the passing of the argument to; empty where none does."""
    sentences = [
        m for m in re.finditer(r"(?:[^.;]|\.\w)+", instruction) if re.search(rf"(?<!\w){re.escape(name)}\b", m.group())
    ]
    files: set[str] = set()
    for sentence in sentences:
        start = sentence.start()
        said = re.search(r"\b(?:only|just|for\s+every|in\s+every|all|each|every)\b", sentence.group(), re.IGNORECASE)
        if not said or not _CALLS.search(sentence.group()):
            continue
        start += said.start()
        for mention in mentions:
            examples = _EXAMPLES.search(instruction[start : mention.start])
            if (
                sentence.start() <= mention.start < sentence.end()
                and mention.is_file
                and mention.exact
                and not examples
            ):
                files |= {m.ref for m in mention.of("module")}
    return files


def _outside(files: set[str], symbol: str, index: Index) -> set[str]:
    return {r.path for r in index.callers(index.symbol(symbol))} - files


def _sites(files: set[str], symbol: str, index: Index) -> cues.CallSites:
    """The rule for calls in the files: a general one where it says the same, else all (of these files).

    Raises NothingToDo where the files hold no call.
    """
    outside = _outside(files, symbol, index)
    callers = {r.path for r in index.callers(index.symbol(symbol))}
    inside = callers & files
    tests = {p for p in callers if index.role(p) == "test"}
    if not inside:
        known = ", ".join(sorted(callers)) or "no file"
        raise NothingToDo(f"nothing in {', '.join(sorted(files))} calls {symbol}; calls are in {known}")
    if outside and outside <= tests and not inside & tests:
        return "all_but_tests"
    return "only_tests" if outside and inside == tests else "all"


def _parameter_name(instruction: str, mentions: list[Mention]) -> str:
    functions = {
        m.text.rpartition(".")[2]
        for m in mentions
        if m.strength == "strong" and any(x.kind in _CALLABLE and x.score == 1.0 for x in m.of("symbol"))
    }
    names = cues.parameter_names(instruction)
    names = [n for n in names if n not in functions] or names
    if not names:
        raise NothingToDo("what is the new parameter called? Say, for example: add a parameter `timeout` to fetch.")
    return names[0]


def _function(instruction: str, mentions: list[Mention], parameter: str) -> Mention | None:
    able = [m for m in mentions if m.text != parameter and any(x.kind in _CALLABLE for x in m.of("symbol"))]
    # spelt as code before plain words; exact before near; a place ("in utils") only if nothing else is named,
    # except that "to" and "in" also introduce the function itself
    able.sort(
        key=lambda m: (
            m.strength == "weak",
            not m.exact,
            not any(x.kind in {"function", "method"} for x in m.of("symbol")),
            m.noun not in {"function", "method"} and is_location(instruction, m) and bool(m.of("module")),
            m.start,
        )
    )
    return able[0] if able else None


def _feasible(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return bool(cues.parameter_names(instruction)) and any(
        x.kind in _CALLABLE for m in mentions for x in m.of("symbol")
    )


KINDS = (
    Kind(
        name="add-parameter",
        operation="add_parameter",
        line="give an existing function one more parameter",
        examples=("parse_url should accept a strict argument, default False; pass strict=True in the client.",),
        feasible=_feasible,
        read=read_parameter,
        cue=_CUE,
        reads=frozenset({"except", "only"}),
    ),
)
