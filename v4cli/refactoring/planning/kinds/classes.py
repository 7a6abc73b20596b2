"""Reading changes of what a class derives from, and of what is raised."""

from __future__ import annotations

import builtins
import re
from typing import TYPE_CHECKING, Any

from repo_index.records import Symbol

from ....errors import NothingToDo
from ....mentions import Mention
from ...plan import Match as Matched
from ..candidates import settle
from ..questions import Asker
from . import Found, Kind

if TYPE_CHECKING:
    from repo_index.index import Index

_NAME = r"[`'\"]?(?P<{}>[A-Za-z_][\w.]*\w)[`'\"]?"
_ARTICLE = r"(?:(?:the|a|an|its|class|plain|builtin|built-in|standard|exception|abstract|base)\s+)*"
_INSTEAD = r"(?:instead\s+of|rather\s+than|in\s+place\s+of|and\s+not|not)"
_DERIVES = re.compile(
    r"\b(?:inherit|deriv)\w*\b|\bextend\w*\b(?=\s+(?:the\s+)?[`'\"]?(?-i:[A-Z_])|\s+from\b)|\bsubclass(?:es|ing)?\s+(?:of\s+)?(?:the\s+)?[`'\"]?(?-i:[A-Z_])|\b(?:base|super|parent)[\s-]?class\b|\bbases?\s+(?:of|should|must|to)\b"
    r"|\bmak(?:e|ing)\s+(?:the\s+)?[`'\"]?(?-i:[A-Z]\w*)[`'\"]?\s+(?:an?|a\s+kind\s+of)\s+[`'\"]?(?-i:[A-Z]\w*)[`'\"]?\s*(?:[.,;]|$|\binstead|\brather)",
    re.IGNORECASE,
)
_RAISES = re.compile(
    r"\b(?:rais|throw|catch|except)\w*\b[^.;]*?\binstead\s+of\b|\binstead\s+of\s+(?:rais|throw|catch)\w*\b"
    r"|\breplac\w*\b[^.;]*?\b(?:exceptions?|errors?)\b|\bswitch\w*\s+from\b[^.;]*?\b(?:exceptions?|errors?)\b"
    r"|\b(?:rais|throw|catch)\w*\b[^.;]*?\brather\s+than\b",
    re.IGNORECASE,
)


_WORD_RAISE = re.compile(r"\b(?:rais|throw)\w*\b", re.IGNORECASE)
_WORD_CATCH = re.compile(r"\b(?:catch\w*|caught|handl\w*|except)\b", re.IGNORECASE)


def _exception(name: str) -> bool:
    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, BaseException)


def _resolve(name: str, mentions: list[Mention], index: Index, matched: list[Matched]) -> str:
    """The id of a class of the repository, or the name of a builtin or dotted one as it is."""
    for mention in mentions:
        if mention.text == name and (classes := [m for m in mention.of("symbol") if m.kind == "class"]):
            others = [m for m in mentions if m is not mention]
            match, evidence = settle(mention, classes, others, index, "classes")
            matched.append(Matched(name, match.ref, evidence))
            return match.ref
    if isinstance(getattr(builtins, name, None), type) or "." in name:
        return name
    there = [s for s in index.find(name) if s.kind == "class"]
    if len(there) == 1:
        matched.append(Matched(name, there[0].id, "the only class of that name"))
        return there[0].id
    raise NothingToDo(f"no class is called {name!r}: name one of the repository, or a builtin one")


def _bases(instruction: str) -> tuple[str | None, str | None]:
    """(new base, old base), as far as the wording gives them."""
    to = re.search(
        rf"\b(?:inherit|deriv|subclass|extend)\w*\s+(?:from\s+|of\s+|off\s+)?{_ARTICLE}{_NAME.format('new')}",
        instruction,
        re.I,
    )
    swapped = re.search(
        rf"\b(?:base|super|parent)[\s-]?class(?:es)?\b[^.;]*?\bfrom\s+{_ARTICLE}{_NAME.format('old')}\s+to\s+{_ARTICLE}{_NAME.format('new')}",
        instruction,
        re.IGNORECASE,
    )
    if swapped:
        return swapped["new"], swapped["old"]
    if to is None:
        to = re.search(
            rf"\bmak(?:e|ing)\s+(?:the\s+)?[`'\"]?[A-Z]\w*[`'\"]?\s+(?:an?|a\s+kind\s+of)\s+{_NAME.format('new')}",
            instruction,
        ) or re.search(rf"\bbase\s+(?:should|must|to)\s+(?:be\s+)?{_ARTICLE}{_NAME.format('new')}", instruction)
    old = re.search(rf"\b{_INSTEAD}\s+(?:from\s+|of\s+)?{_ARTICLE}{_NAME.format('old')}", instruction, re.IGNORECASE)
    if to is None:
        to = re.search(
            rf"\b(?:base|super|parent)[\s-]?class\b[^.;]*?\b(?:to|be|is|with|of)\s+{_ARTICLE}{_NAME.format('new')}",
            instruction,
            re.I,
        ) or re.search(
            rf"{_NAME.format('new')}\s+(?:as|(?:should\s+)?be(?:come)?s?)\s+(?:its\s+|the\s+)?(?:base|super|parent)",
            instruction,
        )
    return (to["new"] if to else None), (old["old"] if old else None)


def _classes(mentions: list[Mention]) -> list[Mention]:
    return [m for m in mentions if not m.is_file and any(x.kind == "class" for x in m.of("symbol"))]


def _read_base(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """One change_base operation."""
    new, old = _bases(instruction)
    owners = [m for m in _classes(mentions) if m.text not in {new, old}]
    if not owners:
        raise NothingToDo("which class gets another base? Name one that is in the repository.")
    if new is None:
        raise NothingToDo(f"what is {owners[0].text} to derive from? Say, for example: make it inherit from Base")
    matched: list[Matched] = []
    symbol = _resolve(owners[0].text, mentions, index, matched)
    bases = list(index.symbol(symbol).definition.bases)
    if old is None and len(bases) == 1:
        old = bases[0]
    if old is None and len(bases) > 1:
        raise NothingToDo(f"which base of {symbol} is replaced? It derives from {', '.join(bases)}")
    operation: dict[str, Any] = {"kind": "change_base", "symbol": symbol}
    if old is not None:
        operation["old"] = old
    operation["new"] = _resolve(new, mentions, index, matched)
    return [operation], matched


def _exceptions(instruction: str, index: Index) -> tuple[str | None, str | None]:
    """(old, new) exception."""
    for pattern in (
        rf"\breplac\w*\s+(?:(?:all|every|any|uses?\s+of)\s+)*{_ARTICLE}{_NAME.format('old')}(?:\s+\w+){{0,2}}?\s+(?:by|with)\s+{_ARTICLE}{_NAME.format('new')}",
        rf"\b(?:rais|throw|catch|us)\w*\s+{_ARTICLE}{_NAME.format('new')}(?:\s+\w+){{0,3}}?,?\s+{_INSTEAD}\s+(?:raising\s+|catching\s+)?{_ARTICLE}{_NAME.format('old')}",
        rf"\binstead\s+of\s+(?:raising\s+|throwing\s+|catching\s+)?{_ARTICLE}{_NAME.format('old')}[^.;]*?\b(?:rais|throw|catch|us)\w*\s+{_ARTICLE}{_NAME.format('new')}",
        rf"\bfrom\s+{_ARTICLE}{_NAME.format('old')}\s+to\s+{_ARTICLE}{_NAME.format('new')}",
    ):
        if found := re.search(pattern, instruction, re.IGNORECASE):
            return found["old"], found["new"]
    # "f throws A, I want B there": what is raised now comes first
    if _WORD_RAISE.search(instruction) and re.search(r"\b(?:want|should|must|prefer|rather|better)\b", instruction):
        words = dict.fromkeys(re.findall(r"(?<![\w.])[A-Z]\w+", instruction))
        errors = [w for w in words if _is_error(w, index)]
        if len(errors) == 2:
            return errors[0], errors[1]
    return None, None


def _is_class(name: str, index: Index) -> bool:
    known = index.find(name.rpartition(".")[2])
    return isinstance(getattr(builtins, name, None), type) or any(s.kind == "class" for s in known)


def _is_error(name: str | None, index: Index) -> bool:
    if name is None or hasattr(builtins, name):
        return name is not None and _exception(name)
    known = [s for s in index.find(name.rpartition(".")[2]) if s.kind == "class"]
    return any(_derives(s, index, 20) for s in known)


def _derives(symbol: Symbol, index: Index, depth: int) -> bool:
    """Whether a class is an exception, by its bases or, where these are not known, by its name."""
    for base in symbol.definition.bases:
        found = index.resolve(symbol.path, base.partition("[")[0])
        if _exception(base) or (depth and isinstance(found, Symbol) and _derives(found, index, depth - 1)):
            return True
    return symbol.name.endswith(("Error", "Exception", "Warning"))


def _read_exception(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """One replace_exception operation; a function or file that is named is where it is replaced."""
    old, new = _exceptions(instruction, index)
    if old is None or new is None:
        raise NothingToDo("which exception takes the place of which? Say: raise NewError instead of OldError")
    matched: list[Matched] = []
    operation: dict[str, Any] = {
        "kind": "replace_exception",
        "old": _resolve(old, mentions, index, matched),
        "new": _resolve(new, mentions, index, matched),
    }
    raises, catches = _WORD_RAISE.search(instruction), _WORD_CATCH.search(instruction)
    if bool(raises) != bool(catches):
        operation["where"] = "raise" if raises else "except"
    others = [m for m in mentions if m.text not in {old, new}]
    within = [m for m in others if m.strength == "strong" and not m.is_file and m.of("symbol")]
    for mention in within:
        match, evidence = settle(
            mention, mention.of("symbol"), [m for m in others if m is not mention], index, "symbols"
        )
        matched.append(Matched(mention.text, match.ref, evidence))
        operation.setdefault("within", []).append(match.ref)
    files = [] if within else [m for m in others if m.of("module") and (m.is_file or m.noun == "module")]
    for mention in files:
        match, evidence = settle(mention, mention.of("module"), [m for m in others if m is not mention], index, "files")
        matched.append(Matched(mention.text, match.ref, evidence))
        operation.setdefault("scope", {}).setdefault("only_paths", []).append(match.ref)
    return [operation], matched


def _base_feasible(instruction: str, mentions: list[Mention], index: Index) -> bool:
    new = _bases(instruction)[0]
    return bool(_classes(mentions)) and new is not None and (_is_class(new, index) or "." in new)


def _exception_feasible(instruction: str, mentions: list[Mention], index: Index) -> bool:
    old, new = _exceptions(instruction, index)
    return _is_error(old, index) and _is_error(new, index)


def _asks_base(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return _DERIVES.search(instruction) is not None


KINDS = (
    Kind(
        name="change-base",
        operation="change_base",
        line="make an existing class derive from another class",
        examples=("Let Circle inherit from Shape instead of object.",),
        feasible=_base_feasible,
        asks=_asks_base,
        read=_read_base,
        cue=_DERIVES,
        over=frozenset({"to-method", "gather", "replace-exception", "move", "rename"}),
    ),
    Kind(
        name="replace-exception",
        operation="replace_exception",
        line="raise or catch another exception in the place of an existing one",
        examples=("parse should raise ParseError instead of ValueError.",),
        feasible=_exception_feasible,
        asks=_exception_feasible,
        read=_read_exception,
        cue=_RAISES,
        over=frozenset({"merge-functions", "gather", "rename", "move"}),
    ),
)
