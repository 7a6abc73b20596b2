"""Comments, docstrings and documents that name a function which is something else now."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..operation import LeftAlone
from ..text_mentions import Mention, inside_path, is_changelog, is_distinctive, mentions
from ..workspace import Edit, Workspace

if TYPE_CHECKING:
    from repo_index.records import Symbol

    from .replace import Replacement

_ROLE = re.compile(rb"(?P<role>func)(?=:`[~!.\w]*$)|(?P<directive>autofunction)(?=:: *[~.\w]*$)")
_AFTER = {b"func": b"meth", b"autofunction": b"automethod"}
Found = tuple[dict[str, list[Edit]], list[LeftAlone]]


def prose_edits(
    ws: Workspace,
    replacements: dict[str, tuple[Symbol, Replacement]],
    related: set[str],
    taken: dict[str, list[Edit]],
    at_text: Callable[[str, bytes], Edit | None] | None,
    changelog: bool,
) -> Found:
    """Edits of prose, and what was left alone. `related`: files whose code refers to the functions; `taken`: edits
    that are settled; `at_text(name, rest of the line)` may add an edit, counted from the end of the name."""
    edits: dict[str, list[Edit]] = {}
    left: list[LeftAlone] = []
    index = ws.index
    for name, (symbol, replacement) in sorted(replacements.items()):
        owners = _owners(ws, symbol, related)
        unique = all(other.id == symbol.id for other in index.find(name))
        for mention in mentions(ws, name):
            settled = taken.get(mention.path, [])
            if mention.kind == "code" or any(e.start < mention.span[1] and mention.span[0] < e.end for e in settled):
                continue
            record = index.file(mention.path)
            verdict = _verdict(mention, name, owners, unique or mention.path in related, changelog)
            if record is not None and record.role == "generated":
                verdict = "a generated file"
            elif verdict == "" and record is not None and record.role == "config" and not mention.qualifier:
                verdict = "a word in configuration"
            if verdict:
                left.append(LeftAlone(mention.path, mention.line, mention.text, verdict))
            elif verdict == "":
                edits.setdefault(mention.path, []).extend(_edits(ws, mention, name, replacement, at_text))
    return edits, left


def _owners(ws: Workspace, symbol: Symbol, related: set[str]) -> set[str]:
    """Modules that the function can be read from: its own, and those that import it."""
    own = ws.index.module_name(symbol.path)
    found = {own} if own else set()
    for path in related:
        facts, module = ws.index.facts(path), ws.index.module_name(path)
        if module and facts is not None and any(i.local == symbol.name and not i.scope for i in facts.imports):
            found.add(module)
    return found


def _verdict(mention: Mention, name: str, owners: set[str], related: bool, changelog: bool) -> str | None:
    """ "" to edit, a reason to leave it alone, None when it is not worth a word."""
    if is_changelog(mention.path) and not changelog:
        return "the changelog tells what was true then"
    if inside_path(mention):
        return None
    if mention.qualifier:
        if any(o == mention.qualifier or o.endswith("." + mention.qualifier) for o in owners):
            return ""
        return None
    if mention.whole:
        return "a string that equals the name and may be data"
    if not (mention.marked or is_distinctive(name)):
        return None
    if mention.kind == "string":
        return "a text of the program"
    return "" if related else "may mean another definition of that name"


def _edits(
    ws: Workspace,
    mention: Mention,
    name: str,
    replacement: Replacement,
    at_text: Callable[[str, bytes], Edit | None] | None,
) -> list[Edit]:
    data = ws.read(mention.path)
    start, end = mention.span
    edits = [Edit(start, end, replacement.text.encode())]
    line = data.rfind(b"\n", 0, start) + 1
    if replacement.is_method and (role := _ROLE.search(data, line, start)):
        edits.append(Edit(*role.span(), _AFTER[role.group()]))
    if at_text is not None:
        stop = data.find(b"\n", end)
        more = at_text(name, data[end : stop if stop >= 0 else len(data)])
        if more is not None:
            edits.append(Edit(end + more.start, end + more.end, more.new))
    return edits
