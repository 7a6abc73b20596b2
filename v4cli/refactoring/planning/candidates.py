"""Settling what a mention means: every other mention of the instruction is evidence for or against a candidate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...errors import NothingToDo
from ...mentions import Match, Mention

if TYPE_CHECKING:
    from repo_index.index import Index
    from repo_index.records import Symbol

_LOCATION = re.compile(
    r"\b(?:in|from|within|inside|under|of|at|into|alongside)\s+(?:(?:the|its|our|a|file|module|folder|package|class|"
    r"directory|named|called)\s+)*[`'\"(]*$",
    re.IGNORECASE,
)


def is_location(instruction: str, mention: Mention) -> bool:
    """Whether the mention stands where an instruction says a place: "in utils", "of the class Parser"."""
    return bool(_LOCATION.search(instruction[: mention.start]))


def _path_of(match: Match) -> str:
    return match.ref.partition("::")[0]


def _evidence(candidate: Match, others: Sequence[Mention], index: Index) -> tuple[float, list[str]]:
    path, _, qualified = candidate.ref.partition("::")
    score, said = 0.0, []
    parts = path.rsplit(".", 1)[0].split("/")
    for mention in others:
        refs = {m.ref for m in mention.of("module", "folder")}
        if path in refs and candidate.target == "symbol":
            score += 3.0
            said.append(f"in {mention.text}")
        elif (any(path.startswith(f"{ref}/") for ref in refs) and mention.of("folder")) or mention.text.lower() in (
            p.lower() for p in parts[:-1]
        ):
            score += 2.0
            said.append(f"below {mention.text}")
        owners = {m.ref for m in mention.of("symbol")}
        if qualified and "." in qualified and f"{path}::{qualified.rpartition('.')[0]}" in owners:
            score += 3.0
            said.append(f"of {mention.text}")
    record = index.file(path)
    if record is not None and record.role == "source":
        score += 1.0
    return score, said


_NOUN_KINDS = {
    "function": {"function", "method"},
    "method": {"method"},
    "class": {"class", "interface", "type", "enum"},
    "constant": {"constant", "variable"},
    "variable": {"constant", "variable"},
    "attribute": {"attribute", "variable", "constant"},
}


def settle(
    mention: Mention, matches: Sequence[Match], others: Sequence[Mention], index: Index, what: str
) -> tuple[Match, str]:
    """The candidate that the evidence of the instruction singles out, and the evidence as text.

    Raises NothingToDo with the candidates listed when none, or more than one, is left.
    """
    if not matches:
        raise unknown(mention, index)
    scored = []
    for match in {m.ref: m for m in matches}.values():
        score, said = _evidence(match, others, index)
        if mention.noun and match.kind in _NOUN_KINDS.get(mention.noun, set()):
            score += 1.0
            said.append(f"a {match.kind}")
        if match.target == "symbol":
            score -= 0.5 * match.ref.partition("::")[2].count(".") * (mention.noun != "method")
        scored.append((match.score * 4 + score, match, said))
    scored.sort(key=lambda item: (-item[0], item[1].ref))
    best = [item for item in scored if item[0] == scored[0][0]]
    if len(best) > 1:
        shown = ", ".join(item[1].ref for item in best[:8])
        raise NothingToDo(f"{mention.text!r} could mean several {what}: {shown}. Name the file or the class as well.")
    _, match, said = best[0]
    if match.score < 1.0:
        said.insert(0, f"nearest to {mention.text!r}")
    return match, ", ".join(said) or "the only one of that name"


def unknown(mention: Mention, index: Index) -> NothingToDo:
    """The refusal for a name that nothing has, with the names that come near."""
    return NothingToDo(f"nothing in the repository is called {mention.text!r}: {_suggest(mention.text, index)}")


def _suggest(name: str, index: Index) -> str:
    import difflib

    near = difflib.get_close_matches(name.rpartition(".")[2], index.names(), n=3, cutoff=0.6)
    return f"did you mean {', '.join(near)}?" if near else "check the spelling"


def parameters_of(symbol: Symbol, index: Index) -> list[str]:
    """The names of what a function takes, without the one for the instance or class; of a class, its `__init__`'s."""
    if symbol.kind == "class":
        inits = [s for s in index.find("__init__") if s.id == f"{symbol.id}.__init__"]
        return parameters_of(inits[0], index) if inits else []
    parameters = symbol.definition.parameters or ()
    return [p.name.lstrip("*") for p in parameters if p.name not in {"self", "cls", "*", "/"}]


def beside(path: str, source: str, index: Index) -> str:
    """Where a path of an instruction is meant to be, given the file that it is named with: a bare name in its folder,
    a path below that one of its folders that has the path's first folder, else the path as it is."""
    path = path.removeprefix("./")
    folder = source.rpartition("/")[0]
    if "/" not in path:
        return f"{folder}/{path}" if folder else path
    first = path.partition("/")[0]
    known = {parent for record in index.files() for parent in _parents(record.path)}
    while folder:
        if f"{folder}/{first}" in known:
            return f"{folder}/{path}"
        if first in known and folder.partition("/")[0] == first:
            break
        folder = folder.rpartition("/")[0]
    return path


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts))]
