"""An instruction in English becomes a plan of typed operations.

The graph settles what the words name (planning/mentions.py), the wording settles what it says outright
(planning/cues.py), and only what is left open is asked of the model, under a grammar of the candidates
(planning/questions.py). An instruction that stays open is refused with what is missing; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import NothingToDo
from ..mentions import Mention, find_mentions
from .plan import Match, Plan
from .planning.cues import parameter_names
from .planning.direct import FILE_MOVE, read_file_move, settled_move
from .planning.moves import merges_away, read_merge, read_move
from .planning.parameters import read_parameter
from .planning.questions import KIND, Asker, ModelAsker
from .planning.renames import pairs, read_renames
from .planning.structure import (
    read_gather,
    read_merge_functions,
    read_method,
    read_parameter_object,
    settled_kind,
)

if TYPE_CHECKING:
    from model_runtime.model import Model
    from repo_index.index import Index

#: an instruction longer than this is no instruction
MAX_INSTRUCTION = 4000

Reader = Callable[[str, "list[Mention]", "Index", Asker], tuple[list[dict[str, Any]], list[Match]]]
_READERS: dict[str, Reader] = {
    "rename": read_renames,
    "rename-file": read_renames,
    "add-parameter": read_parameter,
    "move": read_move,
    FILE_MOVE: read_file_move,
    "merge-files": read_merge,
    "gather": read_gather,
    "to-method": read_method,
    "merge-functions": read_merge_functions,
    "parameter-object": read_parameter_object,
}

_RENAME = re.compile(r"\brenam(?:e|ed|ing)\b|\bchang(?:e|ing)\b[^.;]{0,30}\bname\b", re.IGNORECASE)
_ADD = re.compile(r"\b(?:add|adding|include|introduce|accept|give|take)\b", re.IGNORECASE)
_PARAMETER = re.compile(r"\b(?:parameter|argument|param|flag|kwarg)s?\b", re.IGNORECASE)
_MOVE = re.compile(r"\b(?:move|moving|relocate|extract|split|put|merge|fold|combine)\b", re.IGNORECASE)
_OTHER = re.compile(
    r"\b(?:(?:new|create an?|into an?|as an?)\s+(?:\w+\s+)?(?:class|dataclass|method|decorator)|"
    r"(?:singular|single|one)\s+(?:\w+\s+)?function|wrap|inline)\b",
    re.IGNORECASE,
)


def plan(instruction: str, index: Index, open_model: Callable[[], Model], asker: Asker | None = None) -> Plan:
    """The plan for an instruction.

    `open_model` is called at the first question that the graph and the wording leave open; `asker` takes its
    place in tests. Raises NothingToDo when the instruction is not understood, with what is missing.
    """
    instruction = " ".join(instruction.split())
    if not instruction:
        raise NothingToDo("the instruction is empty: say what to change, as in: rename load to load_file")
    if len(instruction) > MAX_INSTRUCTION:
        raise NothingToDo(f"the instruction is longer than {MAX_INSTRUCTION} characters: give one step at a time")
    asker = asker or ModelAsker(open_model)
    mentions = find_mentions(instruction, index)
    kind = settled_move(instruction, mentions, index) or _kind(instruction, mentions, asker)
    documents, matched = _READERS[kind](instruction, mentions, index, asker)
    if answered := getattr(asker, "answered", []):
        matched += [Match(a.question, a.answer, f"the model chose among {', '.join(a.options)}") for a in answered]
    return Plan(Plan.from_json(_as_text(documents)).operations, matched)


def _as_text(documents: list[dict[str, Any]]) -> str:
    import json

    return json.dumps({"operations": documents})


def _kind(instruction: str, mentions: list[Mention], asker: Asker) -> str:
    """What is asked for. The evidence of the graph rules kinds out; the model is asked when several are left."""
    feasible = _feasible(instruction, mentions)
    rename, parameter = (
        bool(_RENAME.search(instruction)),
        bool(_ADD.search(instruction) and _PARAMETER.search(instruction)),
    )
    move, other = bool(_MOVE.search(instruction)), bool(_OTHER.search(instruction))
    if not rename and (settled := settled_kind(instruction, mentions)):
        return settled
    if not rename and not parameter and "merge-files" in feasible and merges_away(instruction, mentions):
        return "merge-files"
    renames = [kind for kind in feasible if kind.startswith("rename")]
    if rename and renames and not parameter and not move and not other:
        return renames[0]
    if parameter and not rename and not move and not other and "add-parameter" in feasible:
        return "add-parameter"
    if not feasible:
        raise NothingToDo(
            "the instruction names nothing in the repository that an operation could work on: name the symbol or file"
        )
    answer = asker.choose(KIND, instruction, [*feasible, "other"])
    if answer == "other":
        raise NothingToDo(
            "no operation does this yet. There are: rename a symbol or a file, move symbols, merge files, "
            "add a parameter, gather functions into a class, make a function a method, merge two functions, "
            "gather parameters into a dataclass"
        )
    return answer


def _feasible(instruction: str, mentions: list[Mention]) -> list[str]:
    kinds: list[str] = []
    found = pairs(instruction, mentions)
    if any(p.old.of("symbol") and not p.old.is_file for p in found):
        kinds.append("rename")
    if any(p.old.of("module") for p in found):
        kinds.append("rename-file")
    if _PARAMETER.search(instruction) and parameter_names(instruction):
        kinds.append("add-parameter")
    files = [m for m in mentions if m.is_file or m.of("module")]
    symbols = [m for m in mentions if m.strength == "strong" and m.of("symbol")]
    if files and (symbols or len({m.text for m in files}) > 1):
        kinds.append("move")
    existing = {m.text.rpartition("/")[2].rpartition(".")[0] or m.text for m in mentions if m.of("module") and m.exact}
    if len(existing) > 1:
        kinds.append("merge-files")
    return kinds
