"""Reading instructions that put functions into classes, new or existing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ....errors import NothingToDo
from ....mentions import Mention
from ...plan import Match as Matched
from .. import cues
from ..candidates import settle
from ..questions import Asker
from . import Kind

if TYPE_CHECKING:
    from repo_index.index import Index
    from repo_index.records import Symbol

Found = tuple[list[dict[str, Any]], list[Matched]]

GATHERS = (
    r"\b(?:wrap|gather|group|bundle|collect|combin|pack|encapsulat|introduc|put|turn|mov|extract|replac|creat|mak|"
    r"add|implement|defin|build|refactor|convert|organi[sz]|plac|relocat|transform|chang|fold|attach|becom|belong|need|giv|us)\w*\b"
    r"|\bshould\s+be\b"
)
_NEW_CLASS = re.compile(
    r"\b(?:new|create|make|add|introduce|define|implement|build|have)\b[^.;]{0,40}?\bclass\b", re.IGNORECASE
)
_INTO_CLASS = re.compile(
    r"\b(?:in|into|inside|under|within|as|to|onto|with)\s+(?:(?:an?|the|one|its|single|common|new|static|helper|utility|"
    r"existing)\s+)*(?:[`'\"]?\w+[`'\"]?\s+)?class\b",
    re.IGNORECASE,
)
_AS_METHOD = re.compile(
    r"\b(?:as|into|to|in|be|become|becomes)\s+(?:(?:an?|the|static|class|instance|regular|new|proper)\s+)*methods?\b"
    r"|\bstatic\s+methods?\b|\b(?:an?|the)\s+methods?\s+(?:of|on|for|in)\b|\bbelongs?\s+(?:to|on|in)\s+(?:the\s+)?[`'\"]?(?-i:[A-Z])",
    re.IGNORECASE,
)
#: "the functions in a.py", with no word that would narrow them down
_THE_FUNCTIONS = re.compile(
    r"\b(?:the|its|all)\s+(?:(?:module|top)[\s-]level\s+|stand[\s-]?alone\s+|free\s+|stray\s+)?functions\s+"
    r"(?:in|of|from|inside|that\s+\w+\s+holds|defined\s+in)\b",
    re.IGNORECASE,
)


def settled_kind(instruction: str, mentions: list[Mention]) -> str | None:
    """The kind that the wording asks for outright, None where it says nothing of the sort."""
    functions = functions_named(mentions)
    acts = re.search(GATHERS, instruction, re.IGNORECASE) is not None
    if not acts:
        return None
    classes = [m for m in mentions if any(x.kind == "class" for x in m.of("symbol"))]
    name = cues.class_name(instruction)
    existing = [m for m in classes if name is None or m.text.rpartition(".")[2] == name]
    if functions and existing and (_AS_METHOD.search(instruction) or _is_goal(instruction, existing)):
        return "to-method"
    known = {m.text.rpartition(".")[2] for m in classes}
    if name is None or name in known:
        return None
    grouped = any(p.search(instruction) for p in (_NEW_CLASS, _INTO_CLASS, _AS_METHOD))
    every = cues.selection(instruction) == "functions" or _THE_FUNCTIONS.search(instruction)
    whole = every and any(m.of("module") for m in mentions)
    if grouped and (functions or whole):
        return "gather"
    return None


def functions_named(mentions: list[Mention]) -> list[Mention]:
    """Mentions of functions at module level that are spelt as code, each name once."""
    found: dict[str, Mention] = {}
    for mention in mentions:
        if mention.strength != "strong" or mention.is_file:
            continue
        if any(m.kind == "function" and "." not in m.ref.partition("::")[2] for m in mention.exact):
            found.setdefault(mention.text.rpartition(".")[2], mention)
    return list(found.values())


def _is_goal(instruction: str, classes: list[Mention]) -> bool:
    """Whether the sentence puts something into one of the classes: "to the `Parser` class"."""
    lead = re.compile(
        r"\b(?:to|into|onto|inside|in|under|within)\s+(?:(?:the|an?|existing|our|its)\s+)*(?:class\s+)?[`'\"]*$",
        re.IGNORECASE,
    )
    part = re.compile(r"\bpart\s+of\s+(?:(?:the|class)\s+)*[`'\"]*$", re.IGNORECASE)
    return any(part.search(instruction[: m.start]) for m in classes) or any(
        lead.search(instruction[: m.start])
        and (m.noun == "class" or re.match(r"[`'\"]*\s+class\b", instruction[m.end :]))
        for m in classes
    )


def settled_as(
    wanted: list[Mention], kinds: set[str], mentions: list[Mention], index: Index, matched: list[Matched]
) -> list[Symbol]:
    found = []
    for mention in wanted:
        matches = [m for m in mention.of("symbol") if m.kind in kinds]
        match, evidence = settle(mention, matches, [m for m in mentions if m is not mention], index, "symbols")
        matched.append(Matched(mention.text, match.ref, evidence))
        found.append(index.symbol(match.ref))
    return found


def read_gather(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """One gather_functions operation. Raises NothingToDo saying what is missing."""
    name = cues.class_name(instruction)
    if name is None:
        raise NothingToDo("what is the class called? Say, for example: a class called PathTools")
    matched: list[Matched] = []
    functions = functions_named(mentions)
    if functions:
        symbols = settled_as(functions, {"function"}, mentions, index, matched)
    else:
        symbols = _all_functions(mentions, index, matched)
    ordered = sorted({s.id: s for s in symbols}.values(), key=lambda s: (s.path, s.line))
    matched.append(Matched(name, f"{ordered[0].path}::{name}", "a new class"))
    return [{"kind": "gather_functions", "symbols": [s.id for s in ordered], "class_name": name}], matched


def _all_functions(mentions: list[Mention], index: Index, matched: list[Matched]) -> list[Symbol]:
    modules = sorted((m for m in mentions if m.of("module")), key=lambda m: (m.strength == "weak", m.start))
    match, evidence = settle(modules[0], modules[0].of("module"), mentions[1:], index, "files")
    matched.append(Matched(modules[0].text, match.ref, evidence))
    found = [s for s in index.symbols(match.ref) if s.kind == "function" and "." not in s.qualified]
    if not found:
        raise NothingToDo(f"{match.ref} has no functions at module level")
    return found


def read_method(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """function_to_method operations; several functions of the class's own module are gathered into it."""
    matched: list[Matched] = []
    named = cues.class_name(instruction)
    classes = [m for m in mentions if any(x.kind == "class" for x in m.of("symbol"))]
    classes.sort(key=lambda m: (m.text.rpartition(".")[2] != named, m.strength == "weak", m.noun != "class", -m.start))
    functions = settled_as(functions_named(mentions), {"function"}, mentions, index, matched)
    if not classes:
        raise NothingToDo("a method of which class? Name one that is in the repository.")
    (owner,) = settled_as(classes[:1], {"class"}, mentions, index, matched)
    static = re.search(r"\bstatic\s+methods?\b", instruction, re.IGNORECASE) is not None
    if len(functions) > 1 and all(f.path == owner.path for f in functions) and static:
        ids = [f.id for f in sorted(functions, key=lambda f: f.line)]
        return [{"kind": "gather_functions", "symbols": ids, "class_name": owner.name}], matched
    operations: list[dict[str, Any]] = []
    for function in functions:
        operation: dict[str, Any] = {
            "kind": "function_to_method",
            "symbol": function.id,
            "class_symbol": owner.id,
        }
        if static:
            operation["static"] = True
        operations.append(operation)
    return operations, matched


def _asks(name: str) -> Callable[[str, list[Mention], Index], bool]:
    return lambda instruction, mentions, index: settled_kind(instruction, mentions) == name


def _new_class(instruction: str, mentions: list[Mention], index: Index) -> bool:
    name = cues.class_name(instruction)
    return name is not None and not index.find(name) and settled_kind(instruction, mentions) == "gather"


def _into_class(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return bool(functions_named(mentions)) and any(
        m.strength == "strong" and any(x.kind == "class" for x in m.of("symbol")) for m in mentions
    )


KINDS = (
    Kind(
        name="gather",
        operation="gather_functions",
        line="put existing functions into a new class",
        examples=("Create a class MathHelpers holding add, sub and mul.",),
        feasible=_new_class,
        asks=_asks("gather"),
        read=read_gather,
        cue=re.compile(rf"(?:{GATHERS})[^.;]*?(?:{_INTO_CLASS.pattern}|{_NEW_CLASS.pattern})", re.IGNORECASE),
        over=frozenset({"move"}),
    ),
    Kind(
        name="to-method",
        operation="function_to_method",
        line="make an existing function a method of an existing class",
        examples=("Turn the function area into a method of class Shape.",),
        feasible=_into_class,
        asks=_asks("to-method"),
        read=read_method,
        cue=_AS_METHOD,
        over=frozenset({"move", "gather", "merge-files"}),
    ),
)
