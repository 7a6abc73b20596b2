"""Reading changes of bodies: a function inlined, lines made a function, and the free edit of one definition."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ....errors import NothingToDo
from ....mentions import PLAIN, Mention
from ...plan import Match as Matched
from ..candidates import is_location, settle
from ..questions import Asker
from . import Found, Kind

if TYPE_CHECKING:
    from repo_index.index import Index

_INLINE = re.compile(
    r"\binlin(?:e|ed|ing)\b|\breplac\w*\b[^.;]*\bcalls?\b[^.;]*\b(?:by|with)\s+(?:its|the|their)\s+(?:body|bodies|code|content)\b",
    re.IGNORECASE,
)
_LINES = re.compile(r"\blines?\s+(\d+)\s*(?:-|\u2013|to|through|until|and|\.\.)\s*(\d+)", re.IGNORECASE)
_EXTRACT = re.compile(
    r"\b(?:extract|pull|factor|mov|turn|split|tak)\w*\b[^;]*?\b(?:function|method|helper)\b", re.IGNORECASE
)
_CALLABLE = {"function", "method"}


def _callables(mentions: list[Mention]) -> list[Mention]:
    able = [m for m in mentions if any(x.kind in _CALLABLE for x in m.of("symbol"))]
    return sorted(able, key=lambda m: (m.strength == "weak", not m.exact, m.start))


def _read_inline(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """inline_function operations, one for each function that is named."""
    strong = [m for m in _callables(mentions) if m.strength == "strong" and not is_location(instruction, m)]
    if not strong:
        strong = _callables(mentions)[:1]
    if not strong:
        raise NothingToDo("which function is to be inlined? Name one that is in the repository.")
    operations, matched = [], []
    for mention in {m.text: m for m in reversed(strong)}.values():
        wanted = [x for x in mention.of("symbol") if x.kind in _CALLABLE]
        match, evidence = settle(mention, wanted, [m for m in mentions if m is not mention], index, "functions")
        matched.append(Matched(mention.text, match.ref, evidence))
        operations.append({"kind": "inline_function", "symbol": match.ref})
    operations.reverse()
    return operations, matched


def _name(instruction: str, mentions: list[Mention]) -> str | None:
    """The name of the new function."""
    for pattern in (
        r"\b(?:called|named)\s+[`'\"]?([A-Za-z_]\w*)",
        r"\b(?:function|method|helper)\s+[`'\"]?([A-Za-z_]\w*)",
        r"\binto\s+(?:an?\s+|the\s+)?(?:new\s+)?[`'\"]?([A-Za-z_]\w*)",
        r"\bas\s+[`'\"]?([A-Za-z_]\w*)",
    ):
        for found in re.finditer(pattern, instruction, re.IGNORECASE):
            if found[1].lower() not in PLAIN:
                return found[1]
    return None


def _read_extract(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """One extract_function operation of whole lines of a file."""
    lines = _LINES.search(instruction)
    name = _name(instruction, mentions)
    if lines is None:
        raise NothingToDo("which lines make the new function? Say, for example: extract lines 10-20 of a.py into load")
    if name is None:
        raise NothingToDo("what is the new function called? Say, for example: into a function called load")
    files = sorted(
        (m for m in mentions if m.of("module")), key=lambda m: (not m.is_file, m.strength == "weak", m.start)
    )
    symbols = _callables([m for m in mentions if m.text != name])
    matched: list[Matched] = []
    if files:
        match, evidence = settle(
            files[0], files[0].of("module"), [m for m in mentions if m is not files[0]], index, "files"
        )
    elif symbols:
        wanted = [x for x in symbols[0].of("symbol") if x.kind in _CALLABLE]
        match, evidence = settle(symbols[0], wanted, [], index, "functions")
    else:
        raise NothingToDo("of which file are the lines? Name it, as in: extract lines 10-20 of a.py into load")
    path = match.ref.partition("::")[0]
    matched.append(Matched((files or symbols)[0].text, path, evidence))
    start, end = int(lines[1]), int(lines[2])
    operation = {"kind": "extract_function", "path": path, "start_line": start, "end_line": end, "new_name": name}
    return [operation], matched


def _read_edit(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """One edit of a definition; its new text is written when the plan is made."""
    able = [m for m in mentions if any(x.kind in {"function", "method", "class"} for x in m.of("symbol"))]
    able.sort(key=lambda m: (m.strength == "weak", is_location(instruction, m), not m.exact, m.start))
    if not able:
        raise NothingToDo("which function or class is to be changed? Name one that is in the repository.")
    wanted = [x for x in able[0].of("symbol") if x.kind in {"function", "method", "class"}]
    match, evidence = settle(able[0], wanted, [m for m in mentions if m is not able[0]], index, "definitions")
    operation: dict[str, Any] = {"kind": "edit", "symbol": match.ref, "instruction": instruction}
    return [operation], [Matched(able[0].text, match.ref, evidence)]


def _inlines(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return _INLINE.search(instruction) is not None and bool(_callables(mentions))


def _extracts(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return _LINES.search(instruction) is not None and any(m.of("module", "symbol") for m in mentions)


def _editable(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return any(
        m.strength == "strong" and any(x.kind in {"function", "method", "class"} for x in m.of("symbol"))
        for m in mentions
    )


def _never(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return False


KINDS = (
    Kind(
        name="inline",
        operation="inline_function",
        line="replace the calls of an existing function by its body",
        examples=("Inline area, it is called twice.",),
        feasible=_inlines,
        read=_read_inline,
        cue=_INLINE,
        over=frozenset({"merge-files", "move"}),
    ),
    Kind(
        name="extract",
        operation="extract_function",
        line="make lines of a function a new function",
        examples=("Extract lines 10 to 20 of shapes.py into a function draw_border.",),
        feasible=_extracts,
        read=_read_extract,
        cue=_EXTRACT,
        over=frozenset({"move", "to-method", "gather", "split-file"}),
    ),
    Kind(
        name="edit",
        operation="edit",
        line="change what one existing function or class does, or its text",
        examples=("Let area return 0 for an empty shape.", "Add a docstring to class Shape."),
        feasible=_editable,
        asks=_never,
        read=_read_edit,
    ),
)
