"""Moving top-level definitions of ES modules to another file, new or existing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from posixpath import basename, dirname, join, relpath

from ...errors import Refused
from ..moving.cycles import edges_after, new_cycles, runtime_edges
from ..operation import Outcome
from ..workspace import Edit, Workspace
from .carried import Carried, Need
from .files import rename_files
from .import_edits import ImportEditor, Wanted, quote_of, semicolon_of, written
from .importers import Importers
from .paths import extension, is_ecmascript, is_typescript, stem
from .specifiers import Specifiers
from .syntax import Source

_TYPES = {"interface", "type"}


@dataclass(slots=True)
class Move:
    """What is to be moved: top-level names of `source`, to `target`. `asked` were named, the rest comes along."""

    source: str
    target: str
    asked: set[str]
    keep_alias: bool = False
    names: set[str] = field(default_factory=set)


def move(ws: Workspace, job: Move, with_private_helpers: bool = True) -> Outcome:
    """Carry the move out. Raises Refused where names clash, where an importer cannot follow exactly, and for a cycle
    of imports in which a module would run before what it uses is there."""
    source = Source(ws, job.source)
    new = not ws.exists(job.target)
    target = None if new else Source(ws, job.target)
    _check(ws, job, source, target)
    carried = Carried(source, job.asked, with_private_helpers)
    job.names = carried.names
    empty = not carried.stays and not job.keep_alias
    if empty and new:
        outcome = rename_files(ws, job.source, job.target, True, False)
        outcome.notes.append(f"all of {job.source} moves, so the file is renamed")
        return outcome
    _check_clashes(job, carried, target)
    # where specifiers are resolved, the new file is there already
    planned = ws.index.with_changes({job.target: b""}) if new else ws.index
    specifiers = Specifiers(planned)
    importers = Importers(ws, job, source, carried, specifiers)
    outcome = importers.run()
    edits = dict(importers.edits)
    needs = carried.needs()
    back = carried.used_by_rest()
    edits[job.source] = [
        *edits.get(job.source, []),
        *_leave(source, job, carried, back, needs, specifiers, importers.exported),
    ]
    if empty:  # without import and export it would be a script
        end = len(source.data)
        edits[job.source].append(Edit(end, end, b"export {};" + source.newline))
    bodies = carried.bodies(specifiers, job.target, {*job.asked, *back, *importers.asked_for})
    imports = _imports(source, target, job, needs, specifiers)
    if target is None:
        content = _new_file(source, bodies, imports)
        ws_content = {job.target: content}
    else:
        edits[job.target] = [
            *edits.get(job.target, []),
            *_appended(importers.target_editor or ImportEditor(target), bodies, imports),
        ]
        ws_content = {}
    before = runtime_edges(ws.index)
    for path in sorted(edits):
        if edits[path]:
            if reason := ws.protected(path):
                raise Refused(f"{path}: {reason}")
            ws.edit(path, edits[path])
    for path, data in ws_content.items():
        ws.write(path, data)
    _check_cycles(ws, before, job, carried, needs, back, specifiers, outcome, set(edits) | {job.target})
    if empty:
        _remove_empty(ws, job, outcome)
    outcome.left_alone = sorted(set(outcome.left_alone))
    return outcome


def _remove_empty(ws: Workspace, job: Move, outcome: Outcome) -> None:
    """Delete the old file, which offers nothing any more, unless something still loads it."""
    users = sorted({e.source for e in ws.index.importers(job.source)} - {job.source})
    if users:
        outcome.notes.append(f"{job.source} is empty now; {', '.join(users[:3])} still loads it")
    else:
        ws.delete(job.source)


def _check(ws: Workspace, job: Move, source: Source, target: Source | None) -> None:
    if not is_ecmascript(job.target):
        raise Refused(f"{job.target}: the new place of {job.source} is a JavaScript or TypeScript file")
    if is_typescript(job.source) != is_typescript(job.target):
        raise Refused(f"{job.source} and {job.target} are not of one language")
    if (".d." in basename(job.source)) != (".d." in basename(job.target)):
        raise Refused(f"{job.target}: declarations (.d.ts) move to declarations only")
    for one in (source, *([target] if target is not None else [])):
        if not one.is_module:
            raise Refused(f"{one.path} is no ES module (CommonJS and scripts are not moved from or to)")
        if any(s.type == "export_statement" and any(c.type == "=" for c in s.children) for s in one.statements):
            raise Refused(f"{one.path} exports one value (export =)")
        beside = f"{stem(one.path)}.d{extension(one.path).replace('js', 'ts').replace('tsx', 'ts')}"
        if not is_typescript(one.path) and ws.exists(beside):
            raise Refused(f"{beside} declares what {one.path} exports; the two cannot be kept alike")


def _check_clashes(job: Move, carried: Carried, target: Source | None) -> None:
    if target is None:
        return
    from_source = {f.local for f in target.facts.imports if carried.leads_home(f, target.path)}
    for name in sorted(carried.names):
        if name in target.bindings and name not in from_source:
            line = next((d.line for d in target.facts.definitions if d.qualified == name), 1)
            raise Refused(f"{job.target}:{line}: {name} is bound there already")
        for occurrence in target.facts.occurrences:
            if occurrence.binding == "global" and occurrence.name == name and name not in from_source:
                raise Refused(f"{job.target}:{occurrence.line}: {name} means something global there")
    for name in sorted(carried.globals & target.bindings):
        raise Refused(f"{job.target} binds {name}, which means something global in the moved code")


def _leave(
    source: Source,
    job: Move,
    carried: Carried,
    back: dict[str, bool],
    needs: list[Need],
    specifiers: Specifiers,
    exported: dict[str, str],
) -> list[Edit]:
    """Edits of the file that the code leaves: the code, its place in export lists, imports that nothing uses any more,
    and imports of what the rest still uses."""
    editor = ImportEditor(source)
    edits = [Edit(start, end, b"") for start, end in carried.gaps()]
    for statement in carried.export_statements:
        start, end = source.with_comments(statement)
        edits.append(Edit(start, min(end + len(source.newline), len(source.data)), b""))
    for span in carried.listed:
        editor.remove(span)
    for fact in carried.unused_imports():
        if fact.local_span is not None and fact.name != "default" and fact.name_span is not None:
            editor.remove(fact.name_span)
        elif fact.local_span is not None:
            editor.remove(fact.local_span)
    for need in needs:
        if need.fact is None and not carried.is_exported(need.local):
            edits += [Edit(n.start_byte, n.start_byte, b"export ") for n in carried.defined[need.local]]
    module = _module(source, job.source, job.target, specifiers)
    for name, type_only in sorted(back.items()):
        editor.add(Wanted(module, name, name, type_only))
    if job.keep_alias:
        for offered, name in sorted(exported.items()):
            editor.add(Wanted(module, name, offered, carried.kind(name) in _TYPES, True))
    return edits + editor.finish()


def _module(source: Source, importer: str, file: str, specifiers: Specifiers) -> str:
    """A relative specifier of `file` for `importer`, with an extension where those of `source` have one."""
    relative = (f.module for f in source.facts.imports if f.module.startswith(("./", "../")))
    ending = next((extension(module) for module in relative), "")
    name = basename(stem(file))
    like, old = f"./{name}{ending}", join(dirname(importer), name + extension(file))
    spelled = specifiers.spell(importer, file, like, old, importer)
    if spelled is None:
        raise Refused(f"{importer}: no specifier leads to {file}")
    return spelled


def _imports(
    source: Source, target: Source | None, job: Move, needs: list[Need], specifiers: Specifiers
) -> list[Wanted]:
    """The imports that the moved code needs in its new file, those that are there already left out."""
    wanted = []
    for need in needs:
        if need.fact is None:
            module = _module(source, job.target, job.source, specifiers)
            wanted.append(Wanted(module, need.exported, need.local, need.type_only))
            continue
        fact = need.fact
        file = specifiers.file(fact.module, source.path)
        if file == job.target:
            assert target is not None
            local = next((e.local for e in target.facts.exports if e.name == fact.name and not e.module), None)
            if local != fact.local:
                raise Refused(f"{source.path}:{fact.line}: {fact.local} is called {local or 'nothing'} in {job.target}")
            continue
        module = fact.module
        if file is not None:
            spelled = specifiers.spell(job.target, file, fact.module, file, source.path)
            if spelled is None:
                raise Refused(f"{source.path}:{fact.line}: nothing like {fact.module!r} leads there from {job.target}")
            module = spelled
        elif module.startswith(("./", "../")) and dirname(source.path) != dirname(job.target):
            path = relpath(join(dirname(source.path), module), dirname(job.target) or ".")
            module = path if path.startswith("../") else f"./{path}"
        wanted.append(Wanted(module, fact.name, fact.local, fact.kind == "type"))
    if target is None:
        return wanted
    return [w for w in wanted if not _there(target, w, specifiers)]


def _there(target: Source, wanted: Wanted, specifiers: Specifiers) -> bool:
    """Whether the target has an import already. Raises Refused when its name means something else there."""
    if wanted.local not in target.bindings:
        return False
    meant = specifiers.file(wanted.module, target.path) or wanted.module
    for fact in target.facts.imports:
        if fact.local == wanted.local and not fact.scope:
            file = specifiers.file(fact.module, target.path) or fact.module
            if file == meant and fact.name == wanted.name and (fact.kind != "type" or wanted.type_only):
                return True
            if file == meant and fact.name == wanted.name:
                raise Refused(
                    f"{target.path}:{fact.line}: {wanted.local} is imported as a type there; its value is needed"
                )
    raise Refused(f"{target.path}: {wanted.local} means something else there than in the moved code")


def _new_file(source: Source, bodies: bytes, imports: list[Wanted]) -> bytes:
    """Directives and licence as the source has them, then imports, then the code."""
    newline = source.newline
    head = []
    for child in source.root.named_children:
        text = source.data[child.start_byte : child.end_byte]
        if child.type == "comment":
            if re.search(rb"copyright|licen[sc]e|@ts-check|@ts-nocheck|@jsx", text, re.IGNORECASE):
                head.append(text)
        elif child.type == "expression_statement" and child.named_children[0].type == "string":
            head.append(text)
        else:
            break
    lines = [w.replace("\n", newline.decode()) for w in written(imports, quote_of(source), semicolon_of(source))]
    parts = [newline.join(head), newline.join(line.encode() for line in lines), bodies.strip()]
    return (newline * 2).join(part for part in parts if part) + newline


def _appended(editor: ImportEditor, bodies: bytes, imports: list[Wanted]) -> list[Edit]:
    target = editor.source
    for wanted in imports:
        editor.add(wanted)
    edits = editor.finish()
    newline = target.newline
    content = target.data.rstrip()
    text = (newline * 2 if content else b"") + bodies.replace(b"\r\n", b"\n").strip().replace(b"\n", newline) + newline
    return [*edits, Edit(len(content), len(target.data), text)]


def _check_cycles(
    ws: Workspace,
    before: set[tuple[str, str]],
    job: Move,
    carried: Carried,
    needs: list[Need],
    back: dict[str, bool],
    specifiers: Specifiers,
    outcome: Outcome,
    changed: set[str],
) -> None:
    after = edges_after(before, ws.index, changed)
    early: set[tuple[str, str]] = set()
    for need in needs:
        if need.early:
            file = job.source if need.fact is None else specifiers.file(need.fact.module, job.source)
            if file is not None:
                early.add((job.target, file))
    if carried.rest_uses_early:
        early.add((job.source, job.target))
    for cycle in new_cycles(before, after):
        shown = " -> ".join(cycle)
        edges = set(pairwise(cycle))
        if edges & early:
            raise Refused(f"the move would close the import cycle {shown}, which is used while the modules load")
        outcome.notes.append(f"new cycle of imports, used by functions only: {shown}")
    outcome.notes = list(dict.fromkeys(outcome.notes))[:5]
