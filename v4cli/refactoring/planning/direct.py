"""Moves whose wording says it all: `move a, b and c to path`, `move path to folder`. Nothing is left to be asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ...errors import NothingToDo
from ...mentions import Mention
from ..plan import Match as Matched

if TYPE_CHECKING:
    from repo_index.index import Index

    from .questions import Asker

_NAME = r"[`'\"]?[\w$@./-]*[\w$/][`'\"]?(?:\(\))?"
_NOUN = (
    r"(?:(?:the|both|all|these)\s+)*(?:(?:functions?|class(?:es)?|constants?|variables?|types?|interfaces?|enums?|"
    r"hooks?|components?|helpers?|files?|modules?|symbols?|definitions?)\s+)?"
)
_MOVE = re.compile(
    rf"(?:please\s+)?(?:move|relocate)\s+{_NOUN}(?P<what>{_NAME}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+){_NOUN}{_NAME})*)"
    rf"(?:\s+(?:from|out\s+of|in)\s+{_NOUN}(?P<source>{_NAME}))?"
    rf"\s+(?:in)?to\s+(?:(?:a|the|its|their|own|new|existing|file|module|folder|directory|called|named)\s+)*"
    rf"(?P<goal>{_NAME})(?:\s+(?:file|module|folder|directory))?\s*[.!]?",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(rf"\s*,\s*(?:and\s+)?{_NOUN}|\s+and\s+{_NOUN}", re.IGNORECASE)
FILE_MOVE = "move-file"


def settled_move(instruction: str, mentions: list[Mention], index: Index) -> str | None:
    """ "move" or "move-file" where the whole instruction is of that form, else None. Plain words that name the
    definitions to be moved count as strong mentions from then on."""
    found = _MOVE.fullmatch(instruction)
    if found is None:
        return None
    if _file(found, index) is not None:
        return FILE_MOVE
    if "." not in _plain(found["goal"]):
        return None
    names = {_plain(part) for part in _SEPARATOR.split(found["what"])}
    named = {m.text: m for m in mentions if m.start < found.end("what") and any(x.score == 1.0 for x in m.of("symbol"))}
    if not names <= set(named):
        return None
    for name in names:
        named[name].strength = "strong"
    return "move"


def _plain(text: str) -> str:
    return text.strip("`'\"").removesuffix("()")


def _file(found: re.Match[str], index: Index) -> tuple[str, str] | None:
    """The file that is to be moved and its new path, None when what is named is no file or the goal is one."""
    what, goal = _plain(found["what"]).removeprefix("./"), _plain(found["goal"]).removeprefix("./")
    paths = [record.path for record in index.files()]
    if "." not in what or found["source"]:
        return None
    files = [what] if what in paths else [p for p in paths if p.endswith(f"/{what}")]
    if len(files) != 1:
        return None
    base = files[0].rpartition("/")[2]
    folder = goal.rstrip("/")
    if goal.endswith("/") or any(p.startswith(f"{folder}/") for p in paths):
        return files[0], f"{folder}/{base}"
    if "/" not in goal:
        beside = files[0].rpartition("/")[0]
        if any(p == goal or p.endswith(f"/{goal}") for p in paths):
            return None
        goal = f"{beside}/{goal}" if beside else goal
    if goal in paths or "." not in goal.rpartition("/")[2]:
        return None
    return files[0], goal


def read_file_move(
    instruction: str, mentions: list[Mention], index: Index, asker: Asker
) -> tuple[list[dict[str, Any]], list[Matched]]:
    """One rename_module operation, of an instruction for which settled_move says so."""
    found = _MOVE.fullmatch(instruction)
    moved = _file(found, index) if found is not None else None
    if moved is None:
        raise NothingToDo("which file should move where? As in: move src/cart.ts to src/shop/cart.ts")
    path, new = moved
    return [{"kind": "rename_module", "path": path, "new_path": new}], [Matched(path, path, "moves to " + new)]
