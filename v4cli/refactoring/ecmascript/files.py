"""Moving JavaScript and TypeScript files to other paths, with every import that leads to them or out of them."""

from __future__ import annotations

from posixpath import dirname, join, normpath, relpath
from typing import TYPE_CHECKING

from ...errors import Refused
from .. import file_moves
from ..module_mentions import path_mentions
from ..operation import LeftAlone, Outcome
from ..workspace import Edit, Workspace
from .packages import entry_edits, lost_entries, named_edits
from .paths import extension, is_ecmascript, stem
from .specifiers import Specifiers

if TYPE_CHECKING:
    from repo_index import Index

Edits = dict[str, set[Edit]]


def concerns(ws: Workspace, path: str) -> bool:
    """Whether a path is a file of these languages, or a folder that holds some and no Python package."""
    return file_moves.concerns(ws, path, is_ecmascript)


def rename_files(ws: Workspace, path: str, new_path: str, rename_in_text: bool, changelog: bool) -> Outcome:
    """Move a file or a folder. Raises Refused when an import cannot be led to the new place."""
    root, new_root = file_moves.roots(ws, path, new_path, is_ecmascript, _named)
    moved = _moved_files(ws, root, new_root)
    outcome = Outcome()
    index = ws.index
    edits: Edits = {}
    if rename_in_text:
        edits, left = path_mentions(ws, moved if root in moved else {root: new_root}, changelog)
        outcome.left_alone += left
    edits = {at: {e for e in some if not _names_another(index, at, e, moved)} for at, some in edits.items()}
    for found in (entry_edits(index, moved), named_edits(index, moved)):
        for config, more in found.items():
            edits[config] = _without_overlaps(edits.get(config, set()), more)
    after = index.with_changes(_contents(index, moved, edits))
    old, new = Specifiers(index), Specifiers(after)
    for importer, (more, spans) in _imports(index, old, new, moved).items():
        text = {e for e in edits.get(importer, ()) if not any(a < e.end and e.start < b for a, b in spans)}
        edits[importer] = text | more
    outcome.left_alone += lost_entries(index, after, moved)
    for at in sorted(edits):
        if reason := ws.protected(at):
            outcome.left_alone.append(LeftAlone(at, 1, "", reason))
        elif edits[at]:
            ws.edit(at, sorted(edits[at]))
    for at in sorted(moved):
        ws.move(at, moved[at])
    outcome.left_alone = sorted(set(outcome.left_alone))
    return outcome


def _names_another(index: Index, at: str, edit: Edit, moved: dict[str, str]) -> bool:
    """Whether a path that stands in a file names, from there, another file than the one that moves."""
    written = index.read(at)[edit.start : edit.end].decode("utf-8", "replace")
    target = normpath(join(dirname(at), written))
    return target not in moved and index.file(target) is not None


def _named(old: str, new: str) -> str:
    """The new path of a file with its extension. Raises Refused where declarations would become code, or code them."""
    if not is_ecmascript(new):
        new += extension(old)
    if (extension(old) == ".d.ts") != (extension(new) == ".d.ts"):
        raise Refused(f"{new}: a declaration file stays one, and a source file a source file")
    return new


def _moved_files(ws: Workspace, root: str, new_root: str) -> dict[str, str]:
    """path -> new path. The declarations that stand beside a JavaScript file move with it."""
    paths = ws.paths()
    if root not in paths:
        return {p: new_root + p[len(root) :] for p in paths if p.startswith(root + "/")}
    moved = {root: new_root}
    beside = stem(root) + extension(root).replace("js", "ts").replace("tsx", "ts").replace(".", ".d.", 1)
    if extension(root) in (".js", ".mjs", ".cjs", ".jsx") and beside in paths:
        moved[beside] = stem(new_root) + extension(beside)
    for path, target in list(moved.items()):
        if target in paths and target not in moved:
            raise Refused(f"{target} exists already, where {path} would go")
    return moved


def _contents(index: Index, moved: dict[str, str], edits: Edits) -> dict[str, bytes | None]:
    """What the files of the repository hold once files are moved and configuration is edited."""
    changes: dict[str, bytes | None] = dict.fromkeys(moved)
    for path in {*moved, *(p for p in edits if p.endswith(".json"))}:
        data = index.read(path)
        if path.endswith(".json"):
            for edit in sorted(edits.get(path, ()), reverse=True):
                data = data[: edit.start] + edit.new + data[edit.end :]
        changes[moved.get(path, path)] = data
    return changes


def _imports(
    index: Index, old: Specifiers, new: Specifiers, moved: dict[str, str]
) -> dict[str, tuple[set[Edit], list[tuple[int, int]]]]:
    """For each file that imports something moved, or is moved: edits of specifiers, and where specifiers stand."""
    importers = set(moved) | {e.source for e in index.edges() if e.target is not None and e.target in moved}
    found: dict[str, tuple[set[Edit], list[tuple[int, int]]]] = {}
    for importer in sorted(importers):
        facts = index.facts(importer)
        if facts is None or not is_ecmascript(importer):
            continue
        edits: set[Edit] = set()
        spans = []
        place = moved.get(importer, importer)
        for fact in facts.imports:
            spans.append(fact.module_span)
            target = old.file(fact.module, importer)
            if target is None:
                edits |= _unresolved(index, importer, place, fact.module, fact.module_span)
                continue
            goal = moved.get(target, target)
            written = fact.module
            if new.file(written, place) == goal:
                continue
            spelled = new.spell(place, goal, written.split("?", 1)[0], target, importer)
            if spelled is None:
                raise Refused(f"{importer}:{fact.line}: no specifier like {written!r} leads to {goal}")
            query = written[len(written.split("?", 1)[0]) :]
            edits.add(Edit(*fact.module_span, (spelled + query).encode()))
        found[importer] = edits, spans
    return found


def _unresolved(index: Index, importer: str, place: str, written: str, span: tuple[int, int]) -> set[Edit]:
    """A relative specifier of a moved file that no file answers to (generated, or of build output): it goes on naming
    the same place."""
    if dirname(importer) == dirname(place) or not written.startswith(("./", "../")):
        return set()
    path = relpath(normpath(join(dirname(importer), written)), dirname(place) or ".")
    return {Edit(*span, (path if path.startswith("../") else f"./{path}").encode())}


def _without_overlaps(edits: set[Edit], more: set[Edit]) -> set[Edit]:
    return {e for e in edits if not any(e.start < m.end and m.start < e.end for m in more)} | more
