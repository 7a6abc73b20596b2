"""Reading "put these parameters into a dataclass"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ....errors import NothingToDo
from ....mentions import PLAIN, Mention
from ...plan import Match as Matched
from .. import cues
from ..candidates import beside, parameters_of
from ..questions import Asker
from . import Found, Kind
from .structure import GATHERS, settled_as

if TYPE_CHECKING:
    from repo_index.index import Index

_DATACLASS = re.compile(
    r"\b(?:data\s?class|(?:parameter|params|config|configuration|options|argument|settings|value)s?[\s-]+"
    r"(?:object|class|struct))\b"
    r"|\b(?:in|into|with|by|as)\s+(?:an?|one|a\s+single)\s+(?:new\s+|single\s+)?(?-i:[`'\"]?[A-Z]\w*[`'\"]?)\s+object\b",
    re.IGNORECASE,
)
_PARAMETERS = re.compile(r"\b(?:parameters|arguments|params|args|kwargs|options|settings)\b", re.IGNORECASE)


def _lists_parameters(instruction: str, able: list[Mention], index: Index) -> bool:
    """Whether two parameters or more of one of the mentions are named."""
    symbols = [index.symbol(m.ref) for mention in able for m in mention.of("symbol")]
    return any(sum(_named(p, instruction) for p in parameters_of(s, index)) > 1 for s in symbols)


def read_parameter_object(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """One introduce_parameter_object operation. Raises NothingToDo saying what is missing."""
    name = cues.class_name(instruction)
    if name is None:
        raise NothingToDo("what is the class of the parameters called? Say, for example: a dataclass named FetchConfig")
    matched: list[Matched] = []
    able = [
        m
        for m in mentions
        if m.text.rpartition(".")[2] != name and any(x.kind in {"function", "method", "class"} for x in m.of("symbol"))
    ]
    able.sort(
        key=lambda m: (m.strength == "weak", not any(x.kind in {"function", "method"} for x in m.of("symbol")), m.start)
    )
    if not able:
        raise NothingToDo("whose parameters? Name a function or method that is in the repository.")
    kinds = {x.kind for x in able[0].of("symbol")} & {"function", "method"} or {"class"}
    others = [m for m in mentions if m.text != name]
    (symbol,) = settled_as(able[:1], kinds, others, index, matched)
    operation: dict[str, Any] = {"kind": "introduce_parameter_object", "symbol": symbol.id, "class_name": name}
    if (target := _object_file(instruction, mentions, name)) is not None:
        operation["target"] = beside(target, symbol.path, index)
    chosen = [p for p in parameters_of(symbol, index) if _named(p, instruction)]
    if len(chosen) > 1:
        operation["parameters"] = chosen
    if re.search(r"\b(?:frozen|immutable)\b", instruction, re.IGNORECASE):
        operation["frozen"] = True
    matched.append(Matched(name, operation.get("target", symbol.path), "a new dataclass"))
    return [operation], matched


def _named(parameter: str, instruction: str) -> bool:
    """Whether the instruction names the parameter: in quotes, or as a word that is not plain English."""
    word = re.escape(parameter)
    if re.search(rf"[`'\"]{word}[`'\"]", instruction):
        return True
    return parameter.lower() not in PLAIN and re.search(rf"(?<![\w./]){word}(?![\w(]|\.\w)", instruction) is not None


def _object_file(instruction: str, mentions: list[Mention], name: str) -> str | None:
    """The file that the class goes to: a new one, or one that the words behind the class's name say."""
    at = instruction.find(name)
    files = [m for m in mentions if m.is_file]
    new = [m for m in files if not m.exact]
    behind = sorted((m for m in new if m.start > at), key=lambda m: m.start)
    if behind or new:
        return (behind or new)[0].text
    for mention in files:
        lead = instruction[at + len(name) : mention.start] if mention.start > at else "."
        if re.fullmatch(r"[`'\"]?\s+(?:\w+\s+){0,3}?(?:in|into|inside|to)\s+(?:\w+\s+){0,4}[`'\"]?", lead):
            return mention.exact[0].ref
    return None


def _takes_object(instruction: str, mentions: list[Mention], index: Index) -> bool:
    able = any(x.kind in {"function", "method", "class"} for m in mentions for x in m.of("symbol"))
    return able and cues.class_name(instruction) is not None and _asks(instruction, mentions, index)


def _asks(instruction: str, mentions: list[Mention], index: Index) -> bool:
    able = [m for m in mentions if any(x.kind in {"function", "method", "class"} for x in m.of("symbol"))]
    into = _DATACLASS.search(instruction) or cues.INTO_OBJECT.search(instruction)
    if not able or not into or not re.search(GATHERS, instruction, re.IGNORECASE):
        return False
    return _PARAMETERS.search(instruction) is not None or _lists_parameters(instruction, able, index)


KINDS = (
    Kind(
        name="parameter-object",
        operation="introduce_parameter_object",
        line="gather the parameters of an existing function in a new dataclass",
        examples=("Wrap the arguments of draw in a dataclass DrawOptions.",),
        feasible=_takes_object,
        asks=_asks,
        read=read_parameter_object,
        cue=_DATACLASS,
        over=frozenset({"gather", "to-method", "add-parameter", "move"}),
    ),
)
