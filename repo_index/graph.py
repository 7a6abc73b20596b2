"""The import graph: edges of a file, who imports whom through others, circles."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from .facts import ImportKind
from .languages.base import Resolution
from .namespaces import Namespace
from .order import strong_components
from .records import ImportEdge, Symbol
from .resolve import Module

if TYPE_CHECKING:
    from .index import Index


def edges_of(index: Index, path: str) -> list[ImportEdge]:
    """Edges of one file, in the order of its text: one per statement, target file and kind.

    `from pkg import sub, name` gives an edge to the submodule and one to the package.
    """
    resolver = index._resolver()
    role = index.role(path)
    language = index.language(path)
    package = path.rsplit("/", 1)[-1] in ("__init__.py", "__init__.pyi")
    ambient = _ambient(index, path)
    grouped: dict[tuple[int, int, str | None, str, str, str], list[str]] = {}
    for number, fact in enumerate(index._imports(path)):
        if language is None:
            break
        resolution = language.resolve_module(fact.module, path, index._project())
        state, target = resolution.state, resolution.path
        if resolution.namespace:
            for file in _of_namespace(index, path, number, resolution, ambient):
                taken = fact.name in (None, "*") or isinstance(resolver.imported(path, number), Namespace)
                found = state if file is not None or taken else "unresolved"
                key = (fact.line, fact.statement_span[0], file, fact.module, _kind(fact.kind, role), found)
                grouped.setdefault(key, []).append("" if fact.name is None else fact.name)
            continue
        if target is not None and fact.name not in (None, "*"):
            meant = _own_module(resolver.imported(path, number), target)
            if meant is not None and meant != target and _is_child(index, target, fact.name or "", meant):
                target = meant
            elif target.endswith("/"):
                state, target = "external", None  # an installed package wins over a plain folder
        if target is not None and target.endswith("/"):
            target = None
        kind = _kind(fact.kind, role)
        if kind == "runtime" and package and fact.name is not None and not fact.scope and target is not None:
            kind = "reexport"
        key = (fact.line, fact.statement_span[0], target, fact.module, kind, state)
        grouped.setdefault(key, []).append("" if fact.name is None else fact.name)
    for export in index._exports(path):
        if export.module and language is not None:  # `export ... from "module"`
            resolution = language.resolve_module(export.module, path, index._project())
            line = index._line_of(path, export.span[0]) if export.span is not None else 1
            start = export.span[0] if export.span is not None else 0
            if any(k[0] == line and k[3] == export.module for k in grouped):
                continue
            key = (line, start, resolution.path, export.module, "reexport", resolution.state)
            grouped.setdefault(key, []).append(export.local)
    for file, name, line in ambient:
        if not any(k[2] == file for k in grouped):
            grouped.setdefault((line, 0, file, "", _kind("runtime", role), "resolved"), []).append(name)
    ordered = sorted(grouped.items(), key=lambda item: (item[0][0], item[0][1], item[0][2] or ""))
    return [
        ImportEdge(path, target, module, tuple(n for n in names if n), line, kind, state)  # type: ignore[arg-type]
        for (line, _, target, module, kind, state), names in ordered
    ]


def _kind(kind: ImportKind, role: str) -> ImportKind:
    return "test" if kind == "runtime" and role == "test" else kind


def _of_namespace(
    index: Index, path: str, number: int, resolution: Resolution, ambient: list[tuple[str, str, int]]
) -> list[str | None]:
    """The files that an import from a namespace leads to: that of the name it takes; where it takes the namespace
    itself, those that define what the file uses of it, as far as FileFacts.ambient lists that (`local.name`), else all
    of them; where it opens it, those that define what the file uses (None: nothing is used)."""
    fact = index._imports(path)[number]
    name = fact.name
    if name is None:
        resolver = index._resolver()
        used = (a for a, _ in index._outline(path).ambient if fact.local and a.startswith(f"{fact.local}."))
        targets = (resolver.attribute(resolver.imported(path, number), a.split(".")[1]) for a in used)
        files = sorted({t.path for t in targets if isinstance(t, Symbol) and t.path != path})
        return [*files] or [*(p for p in resolution.candidates if p != path)] or [None]
    if name == "*" and resolution.path is not None:  # of the members of a type
        return [resolution.path if resolution.path != path else None]
    if name == "*":
        declared = set(resolution.candidates)
        return [*sorted({file for file, _, _ in ambient if file in declared})] or [None]
    target = index._resolver().imported(path, number)
    return [target.path] if isinstance(target, Symbol | Module) else [None]


def _ambient(index: Index, path: str) -> list[tuple[str, str, int]]:
    """(file, name, line) of the names that a file uses without binding them and that another file defines."""
    resolver = index._resolver()
    found = []
    for name, line in index._outline(path).ambient:
        scope, spaced, dotted = name.rpartition(" ")
        if "." in name and not spaced:
            continue  # taken from an import
        target = resolver.expression(path, dotted, scope) if spaced else resolver.bound(path, name)
        name = dotted
        if isinstance(target, Symbol) and target.path != path:
            found.append((target.path, name, line))
    return found


def _own_module(target: object, package: str) -> str | None:
    return target.path if isinstance(target, Module) else None


def _is_child(index: Index, package: str, name: str, meant: str) -> bool:
    """Whether `name` of the package is its submodule (and no module that it imports from elsewhere)."""
    language = index.language(package) or index._python()
    return language is not None and language.submodule(package, name, index._project()) == meant


def importers(edges: Iterable[ImportEdge], path: str, transitive: bool = False) -> list[ImportEdge]:
    """Edges that lead to a file; with `transitive`, also those that lead to its importers, and so on."""
    by_target: dict[str, list[ImportEdge]] = {}
    for edge in edges:
        if edge.target is not None:
            by_target.setdefault(edge.target, []).append(edge)
    found: list[ImportEdge] = []
    seen = {path}
    todo = [path]
    while todo:
        for edge in by_target.get(todo.pop(), ()):
            found.append(edge)
            if transitive and edge.source not in seen:
                seen.add(edge.source)
                todo.append(edge.source)
    return sorted(found, key=lambda e: (e.source, e.line, e.target or ""))


def cycles(edges: Iterable[ImportEdge], *, lazy: bool = False) -> list[list[str]]:
    """Groups of files that import each other, each sorted, by first path. Imports for type checkers alone do not
    count; those inside functions count with `lazy`. Files that use each other's names without an import (those of one
    package) are no circle."""
    skipped = ("type",) if lazy else ("type", "lazy")
    pairs = [(e.source, e.target) for e in edges if e.target is not None and e.module and e.kind not in skipped]
    nodes = sorted({n for pair in pairs for n in pair})
    return sorted(group for group in strong_components(nodes, pairs) if len(group) > 1)


def path_between(index: Index, sources: Iterable[str], targets: Collection[str]) -> list[ImportEdge]:
    """A shortest chain of imports from one of the sources to one of the targets, [] when there is none."""
    came: dict[str, ImportEdge | None] = dict.fromkeys(sources)
    waiting = deque(came)
    while waiting:
        for edge in index.imports(waiting.popleft()):
            if edge.target is None or edge.target in came:
                continue
            came[edge.target] = edge
            waiting.append(edge.target)
            if edge.target in targets:
                chain = [edge]
                while (before := came[chain[0].source]) is not None:
                    chain.insert(0, before)
                return chain
    return []
