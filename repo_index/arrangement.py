"""The files of a pack in one of the orders that can be asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from .history import change_history
from .order import change_order, dependency_order

if TYPE_CHECKING:
    from .index import Index

OrderName = Literal["dsa", "path", "change"]

#: a file that nothing but this many tests imports stands beside them
_FEW_TESTS = 3
#: share of all bytes that may stand at the end because it changes often
_RESTLESS_SHARE = 0.1


def arrange(index: Index, paths: Sequence[str], order: OrderName) -> list[str]:
    """The paths in the named order. In "dsa" dependencies stand before their dependents, related files together;
    what no import links to anything follows, and last what history shows to change most for its size (at most a
    tenth), so that an edit leaves most of what stands before it as it was. Raises ValueError for an order that does
    not exist.
    """
    if order == "path":
        return sorted(paths)
    if order not in ("dsa", "change"):
        raise ValueError(f"no such order: {order!r} (one of dsa, path, change)")
    changes = change_history(index.root)
    if order == "change":
        return change_order(paths, changes)
    hard: set[tuple[str, str]] = set()
    soft: set[tuple[str, str]] = set()
    for edge in index.edges():
        if edge.target is not None:
            (soft if edge.kind in ("type", "lazy") else hard).add((edge.source, edge.target))
    importers: dict[str, set[str]] = {}
    for source, target in hard | soft:
        importers.setdefault(target, set()).add(source)
    linked = importers.keys() | {source for source, _ in hard | soft}
    ranks = {path: _section(index, path, importers.get(path, set()), path in linked) for path in paths}
    arranged = dependency_order(paths, hard, soft=soft, rank=ranks)
    restless = _restless(index, paths, changes)
    return [p for p in arranged if p not in restless] + [p for p in arranged if p in restless]


def _restless(index: Index, paths: Sequence[str], changes: Mapping[str, tuple[int, int]]) -> set[str]:
    """The files that were committed most often for their size, up to a share of all bytes; none of those that were
    committed once."""
    sizes = {path: max(1, record.size) for path in paths if (record := index.file(path)) is not None}
    room = sum(sizes.values()) * _RESTLESS_SHARE
    rates = {p: (changes[p][0] - 1) / sizes[p] for p in sizes if changes.get(p, (0, 0))[0] > 1}
    chosen: set[str] = set()
    for path in sorted(rates, key=lambda p: (-rates[p], p)):
        if sizes[path] <= room:
            chosen.add(path)
            room -= sizes[path]
    return chosen


def _section(index: Index, path: str, importers: set[str], linked: bool) -> int:
    """0: source; 1: tests, examples and the few files that exist for them; 2: what nothing is linked to."""
    record = index.file(path)
    if record is None or record.role != "source" or record.language == "text":
        return 1 if linked else 2
    roles = {user.role for p in importers if (user := index.file(p)) is not None}
    return 1 if roles == {"test"} and len(importers) <= _FEW_TESTS else 0
