"""Do the modules still come up when they are imported?

A cycle of imports is no failure by itself: Python fails only where a name is taken from a module that has not
defined it yet. So the imports of the changed files are played through, statement by statement, as Python
runs them; a new failure fails the check, a new cycle that works is only mentioned.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .verify import SHOWN, Change, Check, import_targets, result, stem

if TYPE_CHECKING:
    from repo_index import Index

#: modules that are tried as the first import, changed files and their importers before packages
ENTRIES = 60
NAME = "import cycles"


def check_import_cycles(change: Change) -> Check:
    """No module fails to import, because of the order of imports in a cycle, that did not before."""
    changed = [path for path in change.present() if path.endswith(".py")]
    if not changed:
        return Check(NAME, True, "no Python file changed")
    after = _Player(change.after)
    failures: dict[str, str] = {}
    for entry in _entries(change.after, changed):
        if failure := after.play(entry):
            failures[entry] = failure
    if failures:
        base = _Player(change.base)
        failures = {
            entry: failure
            for entry, failure in failures.items()
            if change.base.file(change.old(entry)) is None or not base.play(change.old(entry))
        }
    if failures:
        return result(NAME, set(failures.values()), "")
    fresh = _new_cycles(change)
    if fresh:
        shown = "; ".join(" -> ".join([*cycle[:SHOWN], cycle[0]]) for cycle in fresh[:SHOWN])
        return Check(NAME, True, f"new, but every module in it imports: {shown}")
    return Check(NAME, True, "no new cycle of imports")


def _entries(index: Index, changed: list[str]) -> list[str]:
    importers = {e.source for e in index.edges() if e.target in set(changed) and e.kind in _AT_IMPORT}
    ordered = [*changed, *sorted(p for p in importers - set(changed) if p.endswith(".py"))]
    ordered += [p for path in changed for p in _packages(index, path)]
    return list(dict.fromkeys(ordered))[:ENTRIES]


_AT_IMPORT = frozenset({"runtime", "reexport", "test"})


def _packages(index: Index, path: str) -> list[str]:
    """The `__init__.py` files that run before the module `path`, outermost first."""
    folder = path.rpartition("/")[0]
    if path.endswith("/__init__.py"):
        folder = folder.rpartition("/")[0]
    found: list[str] = []
    while folder and index.file(f"{folder}/__init__.py") is not None:
        found.insert(0, f"{folder}/__init__.py")
        folder = folder.rpartition("/")[0]
    return found


class _Failure(Exception):
    pass


class _Player:
    """Plays the import statements of the modules of one index."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._packages: dict[str, list[str]] = {}
        self._events: dict[str, list[tuple[int, str, str, str | None, bool, int]]] = {}

    def play(self, entry: str) -> str:
        """What goes wrong when `entry` is the first module imported; "" when nothing does."""
        self._bound: dict[str, set[str]] = {}
        self._running: set[str] = set()
        try:
            self._import(entry)
        except _Failure as failure:
            return str(failure)
        except RecursionError:
            return ""
        return ""

    def _import(self, path: str) -> None:
        packages = self._packages.get(path)
        if packages is None:
            packages = self._packages[path] = _packages(self.index, path)
        for name in (*packages, path):
            if name not in self._bound:
                self._run(name)

    def _run(self, path: str) -> None:
        if path in self._bound or not path.endswith(".py"):
            return
        self._bound[path] = bound = set()
        self._running.add(path)
        for _, action, name, target, optional, line in self._statements(path):
            if action == "bind" or target is None:
                bound.add(name)
                continue
            try:
                self._import(target)
                if name:
                    self._take(path, line, name, target)
            except _Failure:
                if not optional:
                    self._running.discard(path)
                    del self._bound[path]
                    raise
            bound.add(name)
        self._running.discard(path)

    def _take(self, path: str, line: int, name: str, target: str) -> None:
        if target not in self._running or name in self._bound[target] or "__getattr__" in self._bound[target]:
            return
        if target.endswith("__init__.py"):
            folder = target.removesuffix("__init__.py")
            for candidate in (f"{folder}{name}.py", f"{folder}{name}/__init__.py"):
                if self.index.file(candidate) is not None:
                    self._run(candidate)
                    return
        facts = self.index.facts(target)
        if facts is not None and any(export.name == name for export in facts.exports):
            raise _Failure(
                f"{path}:{line}: importing {name} from {target} fails: that module is still being imported then"
            )

    def _statements(self, path: str) -> list[tuple[int, str, str, str | None, bool, int]]:
        """Definitions and imports of a module's top level in order: (position, action, name, target, optional,
        line). A name is bound where its statement ends."""
        if path in self._events:
            return self._events[path]
        facts = self.index.facts(path)
        events: list[tuple[int, str, str, str | None, bool, int]] = []
        if facts is not None:
            targets = import_targets(self.index, path)
            for definition in facts.definitions:
                if not definition.parent and "." not in definition.qualified:
                    end = definition.span[1]
                    events.append((end, "bind", definition.qualified, None, False, definition.line))
            for item in facts.imports:
                if item.kind not in _AT_IMPORT or item.scope:
                    continue
                start, target = item.statement_span[0], targets.get((item.line, item.module, item.name))
                submodule = target is not None and stem(target) == item.name
                wanted = "" if item.name in {None, "*"} or submodule else str(item.name)
                events.append((start, "import", wanted, target, item.conditional, item.line))
                if item.local:
                    events.append((start, "bind", item.local, None, False, item.line))
        events.sort(key=lambda event: event[0])
        self._events[path] = events
        return events


def _new_cycles(change: Change) -> list[list[str]]:
    """Cycles of module-level imports that contain a changed file and were not part of a cycle before."""
    before = {path: group for group in components(_graph(change.base)) for path in group}
    fresh = []
    for group in components(_graph(change.after)):
        if not set(group) & change.paths:
            continue
        old = {change.old(path) for path in group}
        known = before.get(min(old), [])
        if not old <= set(known):
            fresh.append(group)
    return fresh


def _graph(index: Index) -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for edge in index.edges():
        if edge.target is not None and edge.kind in _AT_IMPORT and edge.target != edge.source:
            graph.setdefault(edge.source, set()).add(edge.target)
    return graph


def components(graph: dict[str, set[str]]) -> list[list[str]]:
    """Strongly connected groups of more than one node, each sorted, in sorted order (Tarjan, iterative)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    groups: list[list[str]] = []

    def successors(node: str) -> Iterable[str]:
        return iter(sorted(graph.get(node, ())))

    for root in sorted(graph):
        if root in number:
            continue
        number[root] = low[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(successors(root)))]
        while work:
            node, rest = work[-1]
            child = next(rest, None)
            if child is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    group = stack[stack.index(node) :]
                    del stack[len(stack) - len(group) :]
                    on_stack.difference_update(group)
                    if len(group) > 1:
                        groups.append(sorted(group))
            elif child not in number:
                number[child] = low[child] = len(number)
                stack.append(child)
                on_stack.add(child)
                work.append((child, iter(successors(child))))
            elif child in on_stack:
                low[node] = min(low[node], number[child])
    return sorted(groups)
