"""Reading a move of a whole file to another folder or path: `move path to folder`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ....errors import NothingToDo
from ....mentions import Mention
from ...plan import Match as Matched
from ..questions import Asker
from . import Kind

if TYPE_CHECKING:
    from repo_index.index import Index

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
_VERB = re.compile(r"\b(?:mov(?:e|ing)|relocat(?:e|ing)|put|shift|transfer|pull|bring)\b", re.IGNORECASE)
_INTO_FOLDER = re.compile(
    r"\b(?:(?:in)?to|under|inside|in)\s+(?:(?:the|an?|new|its|own|existing|sub)\s+)*(?:folder|directory|(?:sub-?)?package)?\s*[`'\"]*$",
    re.IGNORECASE,
)


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


def _moved(instruction: str, mentions: list[Mention], index: Index) -> tuple[str, str] | None:
    """The file that moves, and its new path."""
    found = _MOVE.fullmatch(instruction)
    if found is not None and (moved := _file(found, index)) is not None:
        return moved
    files = [m for m in mentions if m.is_file and m.exact and m.strength == "strong"]
    if not files or not _VERB.search(instruction):
        return None
    old = files[0].exact[0].ref
    base = old.rpartition("/")[2]
    for mention in mentions:
        # "into a windows folder, that is paramiko/windows/pageant.py": the same file at a path that is not there
        if mention.is_file and not mention.exact and mention.text.rpartition("/")[2] == base and "/" in mention.text:
            return old, mention.text.removeprefix("./")
    if any(m.is_file and not m.exact for m in mentions):
        return None  # what is named is where the content goes
    for mention in mentions:
        behind = mention.start > files[0].end and not mention.is_file
        folders = mention.of("folder") if behind and _INTO_FOLDER.search(instruction[: mention.start]) else []
        if folders and (mention.noun == "package" or not mention.of("symbol", "module")):
            return old, f"{folders[0].ref}/{base}"
    return None


def read_file_move(
    instruction: str, mentions: list[Mention], index: Index, asker: Asker
) -> tuple[list[dict[str, Any]], list[Matched]]:
    """One rename_module operation. Raises NothingToDo where the file or its new place is missing."""
    moved = _moved(instruction, mentions, index)
    if moved is None:
        raise NothingToDo("which file should move where? As in: move src/cart.ts to src/shop/cart.ts")
    path, new = moved
    return [{"kind": "rename_module", "path": path, "new_path": new}], [Matched(path, path, "moves to " + new)]


def _is_move(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return _moved(instruction, mentions, index) is not None


KINDS = (
    Kind(
        name="move-file",
        operation="rename_module",
        line="move an existing file, as a whole, to another folder",
        examples=("Put shapes.py into the geometry folder.",),
        feasible=_is_move,
        asks=_is_move,
        read=read_file_move,
        over=frozenset({"move"}),
    ),
)
