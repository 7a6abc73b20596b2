"""Every use of a definition, replaced where that is safe; then imports and the definition that nothing needs."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...errors import NothingToDo, Refused
from ..lookup import find_symbol
from ..moving.pieces import cut
from ..operation import LeftAlone, Outcome
from ..python.deletion import delete_lines, delete_statements
from ..python.imports import ImportEditor, ImportName, NewImport
from ..python.modules import Modules, is_package, is_python
from ..python.relocation import all_entries
from ..python.scopes import Scopes
from ..python.source import try_parse
from ..uses.lines import edit_and_wrap
from ..workspace import Edit, Workspace
from .names import CannotInline, File

if TYPE_CHECKING:
    from repo_index.records import Reference, Symbol

_ROUNDS = 40
_REASONS = {
    "import": "imports it",
    "export": "__all__ lists it",
    "string": "a string names it",
    "use": "uses it without calling it",
    "call": "a call that cannot be located",
}


@dataclass(slots=True)
class Replaced:
    """What takes the place of one use, and the imports that it needs (near `origin`, or at the top of the file)."""

    edits: list[Edit]
    imports: list[NewImport] = field(default_factory=list)
    origin: ImportName | None = None


#: (file, reference) -> what takes its place; raises CannotInline
Replace = Callable[[File, "Reference"], Replaced]


def inline_everywhere(ws: Workspace, spec: str, prepare: Callable[[Symbol], Replace], remove: bool) -> Outcome:
    """Replace every use of the symbol that can be; rounds, since the arguments of a call may hold further calls.

    Raises Refused when there are uses and none can be replaced, NothingToDo when there are none.
    """
    outcome = Outcome()
    before: dict[str, bytes] = {}
    reasons: dict[tuple[str, int], str] = {}
    total = 0
    symbol = find_symbol(ws.index, spec)
    for _ in range(_ROUNDS):
        symbol = find_symbol(ws.index, symbol.id)
        done, reasons = _round(ws, symbol, prepare(symbol), before)
        total += done
        if not done:
            break
    left = [r for r in ws.index.references(symbol) if r.kind != "definition" and r.certainty != "text"]
    if not total:
        shown = [_left(ws, r, reasons) for r in left if r.kind not in {"doc", "import", "export"}]
        if not shown:
            raise NothingToDo(f"nothing in the repository uses {symbol.id}")
        listed = "; ".join(f"{place.path}:{place.line}: {place.reason}" for place in shown[:4])
        raise Refused(f"{symbol.id} cannot be inlined anywhere: {listed}")
    outcome.notes.append(f"{total} use{'s' * (total != 1)} of {symbol.qualified} inlined")
    if not any(r.kind == "string" for r in left):
        for path in sorted(before):
            _drop_idle_imports(ws, path, before[path])
    _finish(ws, symbol, remove, reasons, before, outcome)
    return outcome


def _round(
    ws: Workspace, symbol: Symbol, replace: Replace, before: dict[str, bytes]
) -> tuple[int, dict[tuple[str, int], str]]:
    index = ws.index
    by_file: dict[str, list[Reference]] = {}
    for reference in index.references(symbol):
        if reference.kind in {"call", "use"}:
            by_file.setdefault(reference.path, []).append(reference)
    reasons: dict[tuple[str, int], str] = {}
    done = 0
    for path in sorted(by_file):
        if why := _closed(ws, path):
            reasons |= {(path, r.span[0]): why for r in by_file[path]}
            continue
        source = try_parse(path, ws.read(path))
        if source is None:
            reasons |= {(path, r.span[0]): "the file does not parse" for r in by_file[path]}
            continue
        file = File(source, Scopes(source), Modules(index), index)
        found: list[Replaced] = []
        for reference in sorted(by_file[path], key=lambda r: r.span):
            try:
                if reference.certainty != "exact":
                    raise CannotInline("may mean something else")
                found.append(replace(file, reference))
            except CannotInline as error:
                reasons[path, reference.span[0]] = str(error)
        innermost = [r for r in found if not any(_inside(o, r) for o in found if o is not r)]
        if not innermost:
            continue
        for replaced in innermost:
            for new in replaced.imports:
                if replaced.origin is not None and replaced.origin.statement.node not in source.tree.body:
                    file.editor.add_near(new, replaced.origin.statement)
                else:
                    file.editor.add_top(new)
        before.setdefault(path, source.data)
        done += len(innermost)
        edit_and_wrap(ws, path, sorted([*(e for r in innermost for e in r.edits), *file.editor.edits()]))
    return done, reasons


def _closed(ws: Workspace, path: str) -> str:
    if not is_python(path):
        return "not Python"
    record = ws.index.file(path)
    if record is not None and record.role == "generated":
        return "a generated file"
    return ws.protected(path)


def _inside(inner: Replaced, outer: Replaced) -> bool:
    a, b = inner.edits[0], outer.edits[0]
    return b.start <= a.start and a.end <= b.end and (a.start, a.end) != (b.start, b.end)


def _left(ws: Workspace, reference: Reference, reasons: dict[tuple[str, int], str]) -> LeftAlone:
    lines = ws.text(reference.path).splitlines()
    text = lines[reference.line - 1].strip()[:200] if reference.line <= len(lines) else ""
    reason = reasons.get((reference.path, reference.span[0])) or _REASONS.get(reference.kind, "names it")
    return LeftAlone(reference.path, reference.line, text, reason)


def _finish(
    ws: Workspace,
    symbol: Symbol,
    remove: bool,
    reasons: dict[tuple[str, int], str],
    before: dict[str, bytes],
    outcome: Outcome,
) -> None:
    """Delete the definition when nothing needs it, and say what does or what only mentions it."""
    symbol = find_symbol(ws.index, symbol.id)
    references = [r for r in ws.index.references(symbol) if r.kind != "definition"]
    needing = [r for r in references if r.certainty != "text" and r.kind != "doc"]
    outcome.left_alone = sorted({_left(ws, r, reasons) for r in needing})
    if needing or not remove:
        if remove:
            outcome.notes.append(f"the definition of {symbol.qualified} stays: it is still used")
        return
    path = symbol.path
    before.setdefault(path, ws.read(path))
    _delete(ws, symbol)
    _drop_idle_imports(ws, path, before[path])
    mentions = {(r.path, r.line): r for r in references}
    outcome.left_alone = sorted(
        {_left(ws, r, {(r.path, r.span[0]): "mentions what is gone"}) for r in mentions.values() if ws.exists(r.path)}
    )


def _delete(ws: Workspace, symbol: Symbol) -> None:
    source = try_parse(symbol.path, ws.read(symbol.path))
    assert source is not None
    spot = symbol.definition.name_span[0]
    statements = [n for n in source.nodes if isinstance(n, ast.stmt) and _covers(source.full_span(n), spot)]
    statement = max(statements, key=lambda n: source.full_span(n)[0])
    if statement in source.tree.body:
        piece = cut(source, [statement])[0]
        ws.edit(symbol.path, list(delete_lines(source, [piece.span])))
    else:
        ws.edit(symbol.path, list(delete_statements(source, [statement])))


def _covers(span: tuple[int, int], spot: int) -> bool:
    return span[0] <= spot < span[1]


def _drop_idle_imports(ws: Workspace, path: str, before: bytes) -> None:
    """Take out imports that had uses before the change, have none now, and that no other file takes from here."""
    source, old = try_parse(path, ws.read(path)), try_parse(path, before)
    if source is None or old is None or is_package(path):
        return
    scopes = Scopes(source)
    used = {u.name for u in scopes.uses}
    idle = {u.name for u in Scopes(old).uses} - used - set(all_entries(source))
    idle -= {name for edge in ws.index.importers(path) for name in edge.names}
    editor = ImportEditor(source)
    gone = [n for s in editor.statements for n in s.names if n.local in idle and s.module != "__future__"]
    for name in gone:
        editor.drop(name)
    if gone:
        ws.edit(path, editor.edits())
