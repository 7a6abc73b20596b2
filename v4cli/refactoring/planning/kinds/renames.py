"""Reading a rename: which mention is the old name and which the new one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ....errors import NothingToDo
from ....mentions import PLAIN, Mention
from ...go.paths import is_go
from ...plan import Match as Matched
from .. import cues
from ..candidates import beside, is_location, settle, unknown
from ..questions import KEEP_PUBLIC, Asker
from . import Kind

if TYPE_CHECKING:
    from repo_index.index import Index

#: what stands between an old name and its new one: "to", "into", "->", "should be called" ...
_BETWEEN = re.compile(r"\b(?:to|into|as|be|becomes?|with|named|called|make\s+it)\b|->|=>|\u2192|:", re.IGNORECASE)
#: what may stand between one pair and the next: "rename a to b and the class C to D"
_CONTINUES = re.compile(
    r"^[`'\"()\s,;]*(?:(?:and|also|then|as well as|rename|the|function|class|method|module|file|constant)"
    r"[\s,;`'\"]*)*$",
    re.IGNORECASE,
)
_RENAME = re.compile(
    r"\brenam(?:e|ed|ing)\b|\bchang(?:e|ing)\b[^.;]{0,40}\bname\b|\b(?:should|must|ought\s+to|needs?\s+to|could)\s+(?:\w+\s+)?"
    r"be\s+(?:re)?(?:called|named)\b|\bcall\s+(?:(?:it|this|them)\b|`[\w.]+`\s+[`'\"]?\w)|\bcall\b[^.;]{0,60}\binstead\b|\b(?:a|an|the|its|another)\s+(?:\w+er\s+|new\s+|good\s+|proper\s+|different\s+|more\s+\w+\s+)?name\b(?!\s+of\b)"
    r"|\bto\s+be\s+(?:re)?(?:called|named)\b|\bbetter\s+(?:off\s+)?(?:as|called|named)\b|\bcall\s+the\s+\w+\s+(?:class|function|method)\b"
    r"|\bchang(?:e|ing)\s+(?:the\s+)?[`'\"]?[\w.]+[`'\"]?\s+(?:in)?to\s+[`'\"]?[A-Za-z_][\w.]*[`'\"]?(?=\s*[.,;]|\s*$|\s+(?:everywhere|in|across)\b)"
    r"|\b(?:mis|badly\s+|poorly\s+|oddly\s+)named\b|\b(?:is|are)\s+a\s+(?:bad|poor|terrible|misleading)\s+name\b"
    r"|\w[`'\"]?\s*(?:->|=>|\u2192)\s*[`'\"]?\w|\bought\s+to\s+be\s+(?:called\s+|named\s+)?[`'\"]?\w"
    r"|\bbecomes?\s+(?!(?:an?|the|part|static)\b)[`'\"]?[A-Za-z_][\w.]*[`'\"]?(?=\s*[,.;]|\s*$|\s+(?:everywhere|across|in|and|throughout)\b)",
    re.IGNORECASE,
)
_SAYS_RENAME = re.compile(r"\brenam", re.IGNORECASE)
_CALLED_INSTEAD = re.compile(r"\binstead\b", re.IGNORECASE)


#: "total's rate": what is meant is the rate
_OWNS = re.compile(r"[`'\"]?(?:'s|\u2019s)\s+(?!name\b)\w")
#: "touni is cryptic. Call it": the sentence before says what "it" is
_PRONOUN = re.compile(r"[.;]\s[^.;]*\b(?:it|this|that)\b[^.;]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pair:
    old: Mention
    new: str
    end: int
    """Where in the instruction the pair ends."""


def pairs(instruction: str, mentions: Sequence[Mention]) -> list[Pair]:
    """(old, new) pairs in the order of the text. A new name is a strong mention behind a "to"; an old one is the
    nearest mention before it that names something and is not a place."""
    strong = [m for m in mentions if m.strength == "strong"]
    found: list[Pair] = []
    used: set[int] = set()
    for position, new in enumerate(strong):
        before = instruction[: new.start]
        earlier = [
            m
            for m in [
                *strong[:position],
                *(w for w in mentions if w.strength == "weak" and w.start < new.start),
            ]
            if id(m) not in used and m.matches and m.text != new.text and not _OWNS.match(instruction[m.end :])
        ]
        earlier.sort(key=lambda m: (m.strength == "weak", is_location(instruction, m), -m.start))
        if not earlier or is_location_of_other(instruction, new) or any(p.new == new.text for p in found):
            continue
        old = earlier[0]
        between = before[old.end :]
        instead = _CALLED_INSTEAD.search(instruction[new.end : new.end + 20])
        broken = re.search(r"[.;]\s", between) is not None and not _PRONOUN.search(between)
        called = re.search(r"\b(?:call|rename|name)\s+[`'\"]*$", instruction[: old.start]) and not between.strip(
            "`'\" "
        )
        if not (_BETWEEN.search(between) or instead or called) or broken:
            continue
        if not _could_replace(old, new) or (old.strength == "weak" and not old.noun and len(between.split()) > 1):
            continue
        if found and not _CONTINUES.match(instruction[found[-1].end : old.start]):
            continue
        used |= {id(old), id(new)}
        found.append(Pair(old, new.text, new.end))
    if not found:
        found = (
            _plain_pair(instruction, mentions)
            or _worded_pair(instruction, mentions)
            or _lone_pair(instruction, mentions)
        )
    if not found and (style := cues.case_style(instruction)):
        olds = [m for m in strong if m.of("symbol") and not is_location(instruction, m)]
        found = [Pair(m, cues.in_style(m.text.rpartition(".")[2], style), m.end) for m in olds[:1]]
    return found + _further(instruction, mentions, found)


#: "... and its method b to c", where c is a plain word
_FURTHER = re.compile(
    r"[`'\"()\s]*(?:,|,?\s*\band)\s+(?:also\s+|rename\s+)*(?:(?:its|their|the|function|class|method|constant|attribute)\s+)*"
    r"[`'\"]?(?P<old>[A-Za-z_]\w*)[`'\"]?(?:\(\))?\s+(?:(?:function|class|method|constant|attribute)\s+)?"
    r"(?:to|into|->|=>)\s+[`'\"]?(?P<new>[A-Za-z_]\w*)",
    re.IGNORECASE,
)


def _further(instruction: str, mentions: Sequence[Mention], found: list[Pair]) -> list[Pair]:
    """Pairs of plain words behind the ones that are spelt as code."""
    more: list[Pair] = []
    while found and (place := _FURTHER.match(instruction, (more or found)[-1].end)):
        olds = [m for m in mentions if m.start == place.start("old") and m.of("symbol")]
        if not olds or place["new"].lower() in PLAIN:
            break
        more.append(Pair(olds[0], place["new"], place.end()))
    return more


def _lone_pair(instruction: str, mentions: Sequence[Mention]) -> list[Pair]:
    """The one name there is and the one that there is not yet, whatever the words between them."""
    strong = [m for m in mentions if m.strength == "strong"]
    old = {m.text: m for m in strong if not m.is_file and m.exact and m.of("symbol")}
    if any(_OWNS.match(instruction[m.end :]) for m in old.values()):
        return []
    new = {m.text: m for m in strong if not m.exact and not m.is_file and m.text.isidentifier()}
    if len(old) != 1 or len(new) != 1:
        return []
    (one,), (other,) = old.values(), new.values()
    return [Pair(one, other.text, max(one.end, other.end))]


#: "rename the cart module to basket": a goal that is a plain word
_PLAIN_GOAL = re.compile(
    r"\b(?:to|into|as)\s+(?:be\s+(?:called\s+)?)?(?!(?:be|the|an?|camel|snake|pascal|upper|something|new|one)\b)([A-Za-z_]\w*)",
    re.IGNORECASE,
)


def _plain_pair(instruction: str, mentions: Sequence[Mention]) -> list[Pair]:
    verb = re.search(r"\b(?:rename|change the name of)\b", instruction, re.IGNORECASE)
    if verb is None:
        return []
    for old in sorted(mentions, key=lambda m: (m.strength == "weak", m.start)):
        if _OWNS.match(instruction[old.end :]):
            continue
        goal = _PLAIN_GOAL.search(instruction, old.end)
        if old.start < verb.end() or not old.matches or goal is None or goal[1] == old.text:
            continue
        if not re.search(r"[.;]\s", instruction[old.end : goal.start()]) and not is_location(instruction, old):
            return [Pair(old, goal[1], goal.end())]
    return []


_NAMED = (
    r"[`'\"]?(?P<new>(?=\w*[A-Z_])[A-Za-z_]\w*)[`'\"]?(?=\s*[.,;]|\s*$|\s+(?:everywhere|instead|and|from|across)\b)"
)
_KINDS_OF = r"(?:function|class|method|constant|exception|module)"
#: "call the Cart class Basket", "Cart should be Basket"; the old name is behind the first or before the second
_CALL = re.compile(
    rf"\b(?:call|rename|name)\s+(?:the\s+)?[`'\"]?(?P<old>[A-Za-z_]\w*)[`'\"]?\s+(?:{_KINDS_OF}\s+)?{_NAMED}"
)
_SHOULD = re.compile(
    rf"(?P<old>[A-Za-z_]\w*)[`'\"]?\s+(?:{_KINDS_OF}\s+)?(?:should|must|ought\s+to|needs\s+to)\s+(?:rather\s+|really\s+)?be\s+{_NAMED}"
)


def _worded_pair(instruction: str, mentions: Sequence[Mention]) -> list[Pair]:
    for pattern in (_CALL, _SHOULD):
        for place in pattern.finditer(instruction):
            olds = [m for m in mentions if m.text.rpartition(".")[2] == place["old"] and m.exact and m.of("symbol")]
            taken = any(m.text == place["new"] and m.exact for m in mentions)
            if olds and not taken and place["new"] != place["old"]:
                return [Pair(olds[0], place["new"], place.end())]
    return []


def is_location_of_other(instruction: str, mention: Mention) -> bool:
    """ "to" before the mention makes it a goal, whatever else it could be."""
    lead = instruction[: mention.start].rstrip("`'\"( ")
    return is_location(instruction, mention) and not re.search(r"\b(?:to|into|as|be|called|named|with)$", lead)


def _could_replace(old: Mention, new: Mention) -> bool:
    if old.is_file != new.is_file:
        return bool(old.of("module")) and (new.is_file or "/" in new.text) if new.is_file else not old.is_file
    # the name of an existing symbol can only be the goal if it is not the same kind of thing in the same place
    exact_old = {m.ref.partition("::")[0] for m in old.exact}
    exact_new = {m.ref.partition("::")[0] for m in new.exact if m.target == "symbol"}
    return not (exact_old & exact_new and not new.is_file)


def read_renames(
    instruction: str, mentions: list[Mention], index: Index, asker: Asker
) -> tuple[list[dict[str, Any]], list[Matched]]:
    """The rename operations that the instruction asks for. Raises NothingToDo where old or new is missing."""
    found = pairs(instruction, mentions)
    if not found:
        verb = _RENAME.search(instruction)
        for mention in mentions:
            if verb and mention.start >= verb.end() and mention.strength == "strong" and not mention.matches:
                raise unknown(mention, index)
        raise NothingToDo("a rename needs the existing name and the new one, as in: rename load to load_file")
    operations: list[dict[str, Any]] = []
    matched: list[Matched] = []
    goals = {p.new for p in found}
    for pair in found:
        others = [m for m in mentions if m is not pair.old and m.text not in goals]
        as_module = _is_file(pair.old)
        wanted = pair.old.of("module", "folder") if as_module else pair.old.of("symbol")
        if as_module and pair.old.noun == "package" and all(is_go(m.ref) for m in pair.old.of("module")):
            wanted = pair.old.of("folder") or wanted  # a package of Go is its folder
        match, evidence = settle(pair.old, wanted, others, index, "files" if as_module else "symbols")
        matched.append(Matched(pair.old.text, match.ref, evidence))
        if as_module:
            operations.append(
                {"kind": "rename_module", "path": match.ref, "new_path": _new_path(match.ref, pair.new, index)}
            )
        else:
            new_name = pair.new.rpartition(".")[2]
            operation: dict[str, Any] = {"kind": "rename_symbol", "symbol": match.ref, "new_name": new_name}
            if _keeps_public(instruction, pair.old, asker):
                operation["keep_public"] = True
            operations.append(operation)
    return operations, matched


def _is_file(old: Mention) -> bool:
    return bool(old.of("module", "folder")) and (
        old.is_file or old.noun in {"module", "package"} or not old.of("symbol")
    )


def _keeps_public(instruction: str, old: Mention, asker: Asker) -> bool:
    said = cues.keeps_public_name(instruction, old.text.rpartition(".")[2])
    if said is None:
        return asker.choose(KEEP_PUBLIC, instruction, ("yes", "no")) == "yes"
    return said


def _new_path(old: str, new: str, index: Index) -> str:
    """Where the renamed file goes: a bare name stays in the folder; a dotted or slashed one is a path."""
    folder, _, base = old.rpartition("/")
    suffix = "." + base.rpartition(".")[2] if "." in base else ""
    if "/" in new:
        return beside(new if new.endswith(suffix) else new + suffix, old, index)
    name = new if suffix and new.endswith(suffix) else new.rpartition(".")[2] + suffix
    return f"{folder}/{name}" if folder else name


def _symbols(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return any(p.old.of("symbol") and not p.old.is_file for p in pairs(instruction, mentions))


def _files(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return any(_is_file(p.old) for p in pairs(instruction, mentions))


def _asks(instruction: str, mentions: list[Mention], index: Index) -> bool:
    if cues.parameter_names(instruction) and not _SAYS_RENAME.search(instruction):
        return False
    found = pairs(instruction, mentions)
    says = _RENAME.search(instruction) is not None or bool(_worded_pair(instruction, mentions))
    return says and bool(found) and not _is_file(found[0].old)


def _asks_file(instruction: str, mentions: list[Mention], index: Index) -> bool:
    found = pairs(instruction, mentions)
    says = _RENAME.search(instruction) or re.search(r"\bturn\w*\b[^;]*\binto\b", instruction, re.IGNORECASE)
    return says is not None and bool(found) and _is_file(found[0].old)


_STRUCTURE = frozenset({"gather", "to-method", "merge-functions", "parameter-object"})

KINDS = (
    Kind(
        name="rename",
        operation="rename_symbol",
        line="give an existing function, class, method or constant another name",
        examples=("Call the HTTPAdapter class TransportAdapter instead.",),
        feasible=_symbols,
        read=read_renames,
        cue=_RENAME,
        asks=_asks,
        over=_STRUCTURE,
        reads=frozenset({"alias"}),
    ),
    Kind(
        name="rename-file",
        operation="rename_module",
        line="give an existing file another name or place",
        examples=("The file shapes.py should be called geometry.py, fix all imports.",),
        feasible=_files,
        read=read_renames,
        cue=_RENAME,
        asks=_asks_file,
        over=_STRUCTURE,
    ),
)
