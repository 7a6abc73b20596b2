"""Split a module into several, or into a package of several."""

from __future__ import annotations

import ast
from posixpath import dirname, join
from typing import Literal

from pydantic import Field

from ...errors import NothingToDo, Refused
from ..moving.pieces import bound_by
from ..operation import Operation, Outcome
from ..python.modules import is_package, is_python
from ..python.scopes import Scopes
from ..python.source import PythonSource, docstring, parse
from ..workspace import Workspace
from .move_symbols import MoveSymbols
from .rename_module import RenameModule


class SplitModule(Operation):
    """Moves module-level definitions of the Python module `path` to other modules, new or existing.

    `parts` says where each goes: a path of the repository, or a bare name (`reader`), which is a module beside it,
    or with `package` inside of it. With `package` the module itself becomes a package of the same name first
    (`a/mod.py` -> `a/mod/__init__.py`), so that no import of it changes. `rest` takes every definition that no part
    names. Parts are moved in the order in which they need each other; everything that move_symbols touches is
    touched. With `reexport` the old module goes on offering the moved names; without it, it is deleted when nothing
    is left in it and nothing imports it. Refused: names that are not defined there at module level, parts that name
    one twice, and import cycles that no import inside a function can avoid (a `rest` often helps there).
    """

    kind: Literal["split_module"] = "split_module"
    path: str
    parts: dict[str, list[str]] = Field(min_length=1, description="new module -> names of definitions")
    package: bool = Field(default=False, description="make the module a package that holds the parts")
    rest: str | None = Field(default=None, description="the module for all definitions that no part names")
    reexport: bool = True
    changelog: bool = False

    def apply(self, ws: Workspace) -> Outcome:
        if not ws.exists(self.path):
            raise NothingToDo(f"{self.path}: no such file in the repository")
        if not is_python(self.path):
            raise Refused(f"{self.path}: split_module works on Python only")
        source = parse(self.path, ws.read(self.path))
        scopes = Scopes(source)
        named = self._named(source, scopes)
        home = self.path
        outcome = Outcome()
        if self.package and not is_package(home):
            home = f"{home.rpartition('.')[0]}/__init__.py"
            done = RenameModule(path=self.path, new_path=home, changelog=self.changelog).apply(ws)
            _add(outcome, done)
        folder = dirname(home)
        parts = {self._file(part, folder): names for part, names in named.items()}
        if home in parts:
            raise Refused(f"{home} is the module itself; leave out what stays there")
        for target in _ordered(source, scopes, parts):
            specs = [f"{home}::{name}" for name in sorted(parts[target])]
            move = MoveSymbols(symbols=specs, target=target, keep_alias=self.reexport, changelog=self.changelog)
            _add(outcome, move.apply(ws))
        if not self.reexport:
            self._delete_when_empty(ws, home, outcome)
        outcome.left_alone = sorted(set(outcome.left_alone))
        return outcome

    def _file(self, part: str, folder: str) -> str:
        return part if part.endswith(".py") else join(folder, part.replace(".", "/") + ".py")

    def _named(self, source: PythonSource, scopes: Scopes) -> dict[str, set[str]]:
        """part -> names, the rest included. Raises Refused for unknown names and those that are named twice."""
        there = _definitions(source, scopes)
        named: dict[str, set[str]] = {}
        seen: set[str] = set()
        for part, names in self.parts.items():
            for name in names:
                bare = name.rpartition("::")[2]
                if bare not in there:
                    raise Refused(f"{self.path}: {bare} is not defined at module level")
                if bare in seen:
                    raise Refused(f"{self.path}: {bare} is named in several parts")
                seen.add(bare)
                named.setdefault(part, set()).add(bare)
        if self.rest is not None and there - seen:
            named.setdefault(self.rest, set()).update(there - seen)
        return named

    def _delete_when_empty(self, ws: Workspace, home: str, outcome: Outcome) -> None:
        source = parse(home, ws.read(home))
        code = [s for s in source.tree.body if s is not docstring(source.tree.body)]
        if is_package(home) or any(not isinstance(s, ast.Import | ast.ImportFrom) for s in code):
            return
        if ws.index.importers(home):
            outcome.notes.append(f"{home} is empty now but still imported; it stays")
            return
        ws.delete(home)


def _add(outcome: Outcome, more: Outcome) -> None:
    outcome.left_alone += more.left_alone
    outcome.notes += more.notes


def _definitions(source: PythonSource, scopes: Scopes) -> set[str]:
    """Names that statements of the module define, imports and dunder names apart."""
    return {
        name
        for statement in source.tree.body
        if not isinstance(statement, ast.Import | ast.ImportFrom)
        for name in bound_by(scopes, statement)
        if not (name.startswith("__") and name.endswith("__"))
        and not any(isinstance(n, ast.alias) for n in scopes.module.bindings[name])
    }


def _ordered(source: PythonSource, scopes: Scopes, parts: dict[str, set[str]]) -> list[str]:
    """The parts, those first that the others need; those that need each other in the order of their paths."""
    needs: dict[str, set[str]] = {}
    for part, names in parts.items():
        spans = [source.full_span(s) for s in source.tree.body if bound_by(scopes, s) & names]
        used = {
            u.name
            for u in scopes.uses
            if scopes.resolve(u) is scopes.module and any(a <= u.span[0] < b for a, b in spans)
        }
        needs[part] = {other for other, theirs in parts.items() if other != part and used & theirs}
    ordered: list[str] = []
    while len(ordered) < len(parts):
        waiting = sorted(set(parts) - set(ordered))
        free = [p for p in waiting if not needs[p] - set(ordered)]
        ordered.append((free or waiting)[0])
    return ordered
