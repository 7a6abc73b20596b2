"""Comments, docstrings and documents that name a function which is something else now."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
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
    quoted = _quoted_imports(ws, replacements, related, changelog)
    for path, found in quoted.items():
        edits.setdefault(path, []).extend(q.edit for q in found)
    for name, (symbol, replacement) in sorted(replacements.items()):
        owners = _owners(ws, symbol, related)
        unique = all(other.id == symbol.id for other in index.find(name))
        for mention in mentions(ws, name):
            settled = taken.get(mention.path, [])
            if mention.kind == "code" or any(e.start < mention.span[1] and mention.span[0] < e.end for e in settled):
                continue
            beside = [q for q in quoted.get(mention.path, []) if q.area[0] <= mention.span[0] < q.area[1]]
            if any(q.edit.start <= mention.span[0] < q.edit.end for q in beside):
                continue
            record = index.file(mention.path)
            verdict = _verdict(mention, name, owners, unique or mention.path in related, changelog)
            if record is not None and record.role == "generated":
                verdict = "a generated file"
            elif verdict == "" and record is not None and record.role == "config" and not mention.qualifier:
                verdict = "a word in configuration"
            if not mention.qualifier and any(name in q.names for q in beside) and mention.after[:1] in {"(", "."}:
                verdict = ""  # the code in the text imports it
            if verdict:
                left.append(LeftAlone(mention.path, mention.line, mention.text, verdict))
            elif verdict == "":
                edits.setdefault(mention.path, []).extend(_edits(ws, mention, name, replacement, at_text))
    return edits, left


@dataclass(frozen=True, slots=True)
class _Quoted:
    """An import inside a text: the names that it brings, the text that it stands in, and what becomes of it."""

    names: frozenset[str]
    area: tuple[int, int]
    edit: Edit


def _quoted_imports(
    ws: Workspace, replacements: dict[str, tuple[Symbol, Replacement]], related: set[str], changelog: bool
) -> dict[str, list[_Quoted]]:
    """`from module import a, b` in strings, comments and documents, on one line."""
    symbol = next(iter(replacements.values()))[0]
    owners = sorted(_owners(ws, symbol, related))
    if not owners:
        return {}
    modules = b"|".join(re.escape(o.encode()) for o in owners)
    pattern = re.compile(
        rb"\bfrom[ \t]+(?:" + modules + rb")[ \t]+import[ \t]+(\w+(?:[ \t]*,[ \t]*\w+)*)(?![ \t]+as\b)(?![ \t]*,)"
    )
    found: dict[str, list[_Quoted]] = {}
    for record in ws.index.files():
        if record.skipped or record.role == "generated" or (is_changelog(record.path) and not changelog):
            continue
        data = ws.index.read(record.path)
        facts = ws.index.facts(record.path)
        for match in pattern.finditer(data) if b"import" in data else ():
            area = (0, len(data))
            if facts is not None:
                inside = [(a, b) for a, b, _ in facts.texts if a <= match.start() and match.end() <= b]
                if not inside:
                    continue
                area = inside[0]
            names = [n.strip() for n in match[1].decode().split(",")]
            taken = frozenset(names) & replacements.keys()
            if taken:
                new = dict.fromkeys(replacements[n][1].name if n in replacements else n for n in names)
                edit = Edit(match.start(1), match.end(1), ", ".join(new).encode())
                found.setdefault(record.path, []).append(_Quoted(taken, area, edit))
    return found


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
