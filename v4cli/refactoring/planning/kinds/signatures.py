"""Reading changes of a signature other than a new parameter: one goes, several change places, one is renamed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ....errors import NothingToDo
from ....mentions import PLAIN, Mention
from ...plan import Match as Matched
from ..candidates import parameters_of, settle
from ..questions import Asker
from . import Found, Kind

if TYPE_CHECKING:
    from repo_index.index import Index
    from repo_index.records import Symbol

_CALLABLE = {"function", "method", "class"}
_NOUN = r"(?:parameter|argument|param|arg|flag|kwarg|keyword|option|switch)s?"
_REMOVE = re.compile(
    rf"\btak(?:e|ing)\b[^.;]*?\b{_NOUN}\b[^.;]*?\b(?:out|away|off)\b|\b(?:remov|drop|delet|eliminat|strip|discard|kill|get(?:ting)?\s+rid\s+of)\w*\b[^.;]*?\b{_NOUN}\b"
    rf"|\b{_NOUN}\b[^.;]*?\b(?:can|should|must|may)\s+(?:be\s+)?(?:removed|dropped|deleted|go)\b",
    re.IGNORECASE,
)
_REMOVES = re.compile(
    r"(?:\b(?:remov|drop|delet|eliminat|strip|discard|get(?:ting)?\s+rid\s+of)\w*\b"
    r"|\bno\s+longer\s+(?:need|tak|us|accept|want|requir)\w*|\bdoes\s*n[o']?t\s+need\b"
    r"|\btak(?:e|ing)\b(?=\s+[`'\"]?\w+[`'\"]?\s+(?:out|away|off)\b))",
    re.IGNORECASE,
)
_REORDER = re.compile(
    rf"\b(?:swap|reorder|re-order|rearrang|flip|exchang|switch)\w*\b|\border\s+of\b[^.;]*\b{_NOUN}|\b{_NOUN}\b[^.;]*\border\b",
    re.IGNORECASE,
)
_PLACES = re.compile(
    r"\b(?:before|after|in\s+front\s+of|behind|ahead\s+of|first|last|to\s+the\s+(?:end|front|start|beginning|back))\b",
    re.IGNORECASE,
)
_RENAME = re.compile(
    rf"\b(?:renam\w*|chang\w*\s+the\s+name\s+of|call)\b[^.;]*?\b{_NOUN}\b|\b{_NOUN}\b[^.;]*?\b(?:should|must)\s+be\s+(?:re)?(?:called|named)\b",
    re.IGNORECASE,
)
#: "rename total's rate to factor"
_OF_FUNCTION = re.compile(
    r"\brenam\w*\s+(?:the\s+)?[`'\"]?[\w.]+(?:\(\))?[`'\"]?(?:'s|\u2019s)\s+[`'\"]?\w+", re.IGNORECASE
)


def _words(instruction: str, names: list[str]) -> list[str]:
    """Those of the names that the text means as names, in the order of the text. A name that is also a plain word or a
    single letter counts where it is quoted or stands beside what is said of parameters."""
    found: dict[str, int] = {}
    for name in names:
        word = re.escape(name)
        plain = name.lower() in PLAIN or len(name) == 1
        beside = (
            rf"[`'\"]{word}[`'\"]|\b{_NOUN}\s+{word}(?!\w)|(?<![\w.']){word}\s+(?:{_NOUN}|and\s+\w+\s+{_NOUN})\b"
            rf"|\bswap\s+{word}\b|(?<![\w.']){word}\s+(?:comes|goes|before|after|first|last)\b|\b(?:before|after|then|and)\s+{word}(?!\w)"
        )
        pattern = beside if plain else rf"(?<![\w.]){word}(?![\w(]|\.\w)"
        if place := re.search(pattern, instruction, re.IGNORECASE if plain and len(name) > 1 else 0):
            inner = re.search(rf"(?<!\w){word}(?!\w)", place.group())
            found[name] = place.start() + (inner.start() if inner else 0)
    return sorted(found, key=lambda n: found[n])


def _functions(instruction: str, mentions: list[Mention], index: Index) -> list[tuple[Mention, list[str]]]:
    """Mentions of what takes parameters that the text names, and these, the best one first."""
    found = []
    for mention in mentions:
        named: list[str] = []
        for match in mention.of("symbol"):
            if match.kind in _CALLABLE:
                here = [
                    n for n in _words(instruction, parameters_of(index.symbol(match.ref), index)) if n != mention.text
                ]
                named = here if len(here) > len(named) else named
        if named:
            found.append((mention, named))
    found.sort(key=lambda item: (item[0].strength == "weak", -len(item[1]), not item[0].exact, item[0].start))
    return found


def _settled(
    instruction: str, mentions: list[Mention], index: Index, least: int
) -> tuple[Symbol, list[str], list[Matched]]:
    """The function that takes the parameters that the text names, and those parameters in the order of the text."""
    able = [item for item in _functions(instruction, mentions, index) if len(item[1]) >= least]
    if not able:
        callables = [m for m in mentions if any(x.kind in _CALLABLE for x in m.of("symbol"))]
        for mention in sorted(callables, key=lambda m: m.strength == "weak")[:1]:
            match, _ = settle(mention, [x for x in mention.of("symbol") if x.kind in _CALLABLE], [], index, "functions")
            takes = ", ".join(parameters_of(index.symbol(match.ref), index)) or "none"
            raise NothingToDo(f"which parameter of {match.ref}? It takes: {takes}")
        raise NothingToDo("which function is it about? Name one that is in the repository, and its parameter.")
    mention, named = able[0]
    matches = [
        m
        for m in mention.of("symbol")
        if m.kind in _CALLABLE and set(named) <= set(parameters_of(index.symbol(m.ref), index))
    ]
    others = [m for m in mentions if m is not mention and m.text not in named]
    match, evidence = settle(mention, matches, others, index, "functions")
    return index.symbol(match.ref), named, [Matched(mention.text, match.ref, evidence)]


def _read_remove(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """remove_parameter operations, one for each parameter that is named."""
    symbol, named, matched = _settled(instruction, mentions, index, 1)
    return [{"kind": "remove_parameter", "symbol": symbol.id, "name": name} for name in named], matched


def _read_reorder(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """One reorder_parameters operation, with all parameters in their new order."""
    every = _functions(instruction, mentions, index)
    one = (
        every and len(every[0][1]) == 1 and re.search(r"\b(?:first|last|end|front|start|beginning|back)\b", instruction)
    )
    least = 1 if one else 2
    symbol, named, matched = _settled(instruction, mentions, index, least)
    before = parameters_of(symbol, index)
    after = _order(instruction, before, named)
    if after == before:
        raise NothingToDo(f"{symbol.id} takes {', '.join(before)} in this order already; say the new order")
    return [{"kind": "reorder_parameters", "symbol": symbol.id, "order": after}], matched


def _signatures(instruction: str) -> list[str]:
    """The new order where the text shows two signatures of one function: "f(a, b) should become f(b, a)"."""
    shown = [
        (name, [p.partition("=")[0].partition(":")[0].strip(" *") for p in inside.split(",")])
        for name, inside in re.findall(r"([A-Za-z_][\w.]*)\(([\w\s,=:*.'\"]+)\)", instruction)
    ]
    if len(shown) == 2 and shown[0][0] == shown[1][0] and sorted(shown[0][1]) == sorted(shown[1][1]):
        return [p for p in shown[1][1] if p not in {"self", "cls"}]
    return []


def _order(instruction: str, before: list[str], named: list[str]) -> list[str]:
    """The new order of all parameters, by what the words between the named ones say."""
    quoted = r"[`'\"]*(?P<{}>[A-Za-z_]\w*)[`'\"]*"
    place = re.compile(
        quoted.format("one")
        + rf"\s+(?:{_NOUN}\s+)?(?:(?:should|must|to)\s+)?(?:(?:come|go|stand|be)s?\s+)?(?:right\s+|directly\s+)?"
        + r"(?P<how>before|after|in\s+front\s+of|ahead\s+of|behind)\s+(?:the\s+)?"
        + quoted.format("two")
    )
    if set(order := _signatures(instruction)) == set(before):
        return order
    order = list(before)
    for found in place.finditer(instruction):
        one, two = found["one"], found["two"]
        if one in named and two in named:
            order.remove(one)
            order.insert(order.index(two) + (found["how"] in {"after", "behind"}), one)
            return order
    ends = re.search(
        rf"(?<!\w)(?P<one>{'|'.join(map(re.escape, named))})[`'\"]*\s+(?:\w+\s+){{0,4}}?"
        r"(?P<how>first|last|to\s+the\s+(?:front|start|beginning|end|back))\b",
        instruction,
    )
    if ends is not None and (len(named) < 3 or len(named) == len(before)):
        order.remove(ends["one"])
        at_end = ends["how"].split()[-1] in {"last", "end", "back"}
        order.insert(len(order) if at_end else 0, ends["one"])
        return order
    if set(named) == set(before) and named != before:
        return named
    if len(named) == 2:
        one, two = (order.index(n) for n in named)
        order[one], order[two] = order[two], order[one]
        return order
    places = sorted(order.index(n) for n in named)
    for place_of, name in zip(places, named, strict=True):
        order[place_of] = name
    return order


def _new_name(instruction: str, old: str) -> str | None:
    found = re.search(
        rf"(?<!\w){re.escape(old)}[`'\"]*\s+[^.;]*?(?:\b(?:to|into|as|called|named)\b|->|=>)\s+(?:be\s+)?[`'\"]*([A-Za-z_]\w*)",
        instruction,
    )
    return found[1] if found and found[1] != old else None


def _read_rename(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """One rename_parameter operation."""
    symbol, named, matched = _settled(instruction, mentions, index, 1)
    old = next((n for n in named if _new_name(instruction, n)), None)
    if old is None:
        raise NothingToDo(f"what is the parameter {named[0]!r} to be called? Say: rename {named[0]} to ...")
    operation = {"kind": "rename_parameter", "symbol": symbol.id, "name": old, "new_name": _new_name(instruction, old)}
    return [operation], matched


def _has_parameter(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return bool(_functions(instruction, mentions, index))


def _removable(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return _REMOVES.search(instruction) is not None and _has_parameter(instruction, mentions, index)


def _asks_remove(instruction: str, mentions: list[Mention], index: Index) -> bool:
    if _REMOVE.search(instruction) or re.search(rf"{_REMOVES.pattern}\s+(?:it|them)\b", instruction, re.IGNORECASE):
        return True
    names = [name for _, named in _functions(instruction, mentions, index) for name in named]
    lead, tail = rf"{_REMOVES.pattern}\s+(?:the\s+)?[`'\"]*", r"[`'\"]*(?:\s+(?:from|of|in)\b|\s*(?:[.,;]|$))"
    return any(re.search(rf"{lead}{name}{tail}", instruction, re.IGNORECASE) for name in names)


def _orderable(instruction: str, mentions: list[Mention], index: Index) -> bool:
    moves = _REORDER.search(instruction) or _PLACES.search(instruction) or _signatures(instruction)
    return bool(moves) and _has_parameter(instruction, mentions, index)


def _asks_reorder(instruction: str, mentions: list[Mention], index: Index) -> bool:
    if _signatures(instruction):
        return True
    if re.search(rf"\b{_NOUN}\b", instruction) and re.search(
        r"\bto\s+the\s+(?:end|front|start|beginning|back)\b", instruction
    ):
        return True
    some = max((len(named) for _, named in _functions(instruction, mentions, index)), default=0)
    return some > 1 or (_REORDER.search(instruction) is not None and some > 0)


def _renamable(instruction: str, mentions: list[Mention], index: Index) -> bool:
    if not _RENAME.search(instruction) and not _OF_FUNCTION.search(instruction):
        return False
    functions = _functions(instruction, mentions, index)
    return any(_new_name(instruction, name) for _, named in functions for name in named)


KINDS = (
    Kind(
        name="remove-parameter",
        operation="remove_parameter",
        line="take a parameter away from an existing function",
        examples=("Drop the verbose argument of parse, nobody passes it.",),
        feasible=_removable,
        asks=_asks_remove,
        read=_read_remove,
        cue=_REMOVE,
        over=frozenset({"add-parameter", "move"}),
    ),
    Kind(
        name="reorder-parameters",
        operation="reorder_parameters",
        line="change the order of the parameters of an existing function",
        examples=("Swap width and height in draw.",),
        feasible=_orderable,
        asks=_asks_reorder,
        read=_read_reorder,
        cue=_REORDER,
        over=frozenset({"add-parameter", "move", "parameter-object"}),
    ),
    Kind(
        name="rename-parameter",
        operation="rename_parameter",
        line="give a parameter of an existing function another name",
        examples=("Rename the argument fn of apply to function.",),
        feasible=_renamable,
        asks=_renamable,
        read=_read_rename,
        cue=_RENAME,
        over=frozenset({"rename", "rename-file", "add-parameter", "parameter-object"}),
    ),
)
