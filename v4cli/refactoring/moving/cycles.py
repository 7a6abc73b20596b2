"""Import cycles at import time that a change would bring."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from posixpath import dirname
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repo_index import Index

Edge = tuple[str, str]
_AT_IMPORT_TIME = {"runtime", "reexport", "test"}


def runtime_edges(index: Index) -> set[Edge]:
    """(importer, imported) of imports that run when the importer is imported.

    A package's `__init__` runs before its modules, so who imports a module of another package imports that too.
    """
    return {edge for record in index.files() for edge in _edges_of(index, record.path)}


def edges_after(before: set[Edge], after: Index, changed: Collection[str]) -> set[Edge]:
    """runtime_edges of `after`, which differs from the state of `before` in the files `changed` alone."""
    edges = {e for e in before if e[0] not in changed and after.file(e[1]) is not None}
    return edges.union(*(_edges_of(after, path) for path in changed if after.file(path) is not None))


def _edges_of(index: Index, path: str) -> set[Edge]:
    found: set[Edge] = set()
    for edge in index.imports(path):
        if edge.target is None or edge.kind not in _AT_IMPORT_TIME:
            continue
        for reached in (edge.target, *_packages(index, edge.target)):
            if reached != path and not (path.startswith(dirname(reached) + "/") and reached != edge.target):
                found.add((path, reached))
    return found


def _packages(index: Index, path: str) -> list[str]:
    """The `__init__` files of the packages that hold a module."""
    folder = dirname(path)
    found = []
    while folder:
        init = f"{folder}/__init__.py"
        if index.file(init) is None:
            break
        found.append(init)
        folder = dirname(folder)
    return found


def new_cycles(before: set[Edge], after: set[Edge]) -> list[list[str]]:
    """For each new edge that lies on a cycle: the cycle, starting with the edge's importer; shortest first."""
    graph: dict[str, list[str]] = {}
    for start, end in sorted(after):
        graph.setdefault(start, []).append(end)
    found = []
    for start, end in sorted(after - before):
        path = _path(graph, end, start)
        if path is not None:
            found.append([start, *path])
    return sorted(found, key=lambda c: (len(c), c))


def _path(graph: dict[str, list[str]], start: str, end: str) -> list[str] | None:
    """A shortest path from start to end, both included."""
    came: dict[str, str | None] = {start: None}
    todo = deque([start])
    while todo:
        at = todo.popleft()
        if at == end:
            path = [at]
            while (previous := came[path[-1]]) is not None:
                path.append(previous)
            return path[::-1]
        for following in graph.get(at, ()):
            if following not in came:
                came[following] = at
                todo.append(following)
    return None
