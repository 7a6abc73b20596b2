"""Import cycles at import time that a change would bring."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repo_index import Index

Edge = tuple[str, str]
_AT_IMPORT_TIME = {"runtime", "reexport", "test"}


def runtime_edges(index: Index) -> set[Edge]:
    """(importer, imported) of imports that run when the importer is imported."""
    return {
        (e.source, e.target)
        for e in index.edges()
        if e.target is not None and e.kind in _AT_IMPORT_TIME and e.source != e.target
    }


def edges_after(before: set[Edge], after: Index, changed: Collection[str]) -> set[Edge]:
    """runtime_edges of `after`, which differs from the state of `before` in the files `changed` alone."""
    edges = {e for e in before if e[0] not in changed and after.file(e[1]) is not None}
    for path in sorted(changed):
        if after.file(path) is not None:
            edges |= {
                (path, e.target)
                for e in after.imports(path)
                if e.target is not None and e.kind in _AT_IMPORT_TIME and e.target != path
            }
    return edges


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
