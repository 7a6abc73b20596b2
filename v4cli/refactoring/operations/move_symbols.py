"""Move definitions to another module, existing or new."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...errors import NothingToDo, Refused
from ..ecmascript.move import Move, move
from ..ecmascript.paths import is_ecmascript
from ..go import move as go_move
from ..go.paths import is_go
from ..lookup import find_symbol
from ..moving.job import Job
from ..moving.pieces import private_helpers
from ..moving.relocate import relocate
from ..operation import Operation, Outcome
from ..python.modules import is_python
from ..python.relocation import all_entries
from ..python.scopes import Scopes
from ..python.source import parse
from ..workspace import Workspace

_OF_THE_MODULE = {"__all__", "__path__", "__getattr__", "__dir__", "__doc__", "__name__", "__file__"}


class MoveSymbols(Operation):
    """Moves module-level functions, classes, constants and variables of Python modules to `target`.

    The code goes with its decorators and the comments above it. The target gets the imports that the code needs
    (a new file also the `from __future__` imports, the licence that all files beside it share, and `__all__` where
    the source has one); the source imports back what it still uses, loses the imports that nothing uses any more
    and the entries of `__all__`. Importers, uses through modules, package inits, dotted names in strings and
    documents, and imports quoted there follow, each in its own style. With `with_private_helpers` private
    definitions that only the moved code uses come along; other definitions are imported from the source. An
    import that would be circular is placed inside the functions that need it; where that cannot be done the move
    is refused. `keep_alias` leaves an import of the moved names in the source.

    Between ES modules of JavaScript and TypeScript: names are exported where another file needs them, type-only
    imports stay so, a default export becomes one with a name, `export *` barrels go on offering what they offered,
    `ns.name` becomes an import of the name. With `keep_alias` the source re-exports the moved names.

    Between files and packages of Go: types take their methods along, qualifiers and imports follow in the moved code
    and in all users. Refused where a name would have to be exported, and for cycles of imports. With `keep_alias` the
    old package goes on offering the types, constants and functions under their names.
    """

    kind: Literal["move_symbols"] = "move_symbols"
    symbols: list[str] = Field(min_length=1, description="path::name of each, module-level")
    target: str = Field(description="path of a source file, existing or new")
    with_private_helpers: bool = True
    keep_alias: bool = False
    changelog: bool = False

    def apply(self, ws: Workspace) -> Outcome:
        if is_ecmascript(self.target):
            return self._between_es_modules(ws)
        if is_go(self.target):
            return go_move.move_symbols(
                ws, self.symbols, self.target, self.with_private_helpers, self.keep_alias, self.changelog
            )
        if not is_python(self.target):
            raise Refused(f"{self.target}: move_symbols works on Python, JavaScript, TypeScript and Go")
        by_source: dict[str, set[str]] = {}
        for spec in self.symbols:
            symbol = find_symbol(ws.index, spec)
            if symbol.kind == "module":
                raise Refused(f"{symbol.id} is a module; use rename_module or merge_modules")
            if "." in symbol.qualified:
                raise Refused(f"{symbol.id} is not at module level")
            if symbol.name in _OF_THE_MODULE:
                raise Refused(f"{symbol.id} belongs to its module")
            if not is_python(symbol.path):
                raise Refused(f"{symbol.id}: move_symbols works on Python, JavaScript, TypeScript and Go")
            if symbol.path != self.target:
                by_source.setdefault(symbol.path, set()).add(symbol.name)
        if not by_source:
            raise NothingToDo(f"{', '.join(self.symbols)} stands in {self.target} already")
        outcome = Outcome()
        for source, names in sorted(by_source.items()):
            along = self._helpers(ws, source, names) if self.with_private_helpers else names
            if extra := sorted(along - names):
                outcome.notes.append(f"{', '.join(extra)} of {source} is used by the moved code alone and comes along")
            done = relocate(ws, Job(source, self.target, along, keep_alias=self.keep_alias), self.changelog)
            outcome.left_alone += done.left_alone
            outcome.notes += done.notes
        outcome.left_alone = sorted(set(outcome.left_alone))
        return outcome

    def _between_es_modules(self, ws: Workspace) -> Outcome:
        by_source: dict[str, set[str]] = {}
        for spec in self.symbols:
            symbol = find_symbol(ws.index, spec)
            if symbol.kind == "module":
                raise Refused(f"{symbol.id} is a module; use rename_module")
            if "." in symbol.qualified:
                raise Refused(f"{symbol.id} is not at module level")
            if not is_ecmascript(symbol.path):
                raise Refused(f"{symbol.id} cannot move to {self.target}, a file of another language")
            if symbol.path != self.target:
                by_source.setdefault(symbol.path, set()).add(symbol.qualified)
        if not by_source:
            raise NothingToDo(f"all of it is in {self.target} already")
        outcome = Outcome()
        for path in sorted(by_source):
            done = move(ws, Move(path, self.target, by_source[path], self.keep_alias), self.with_private_helpers)
            outcome.left_alone += done.left_alone
            outcome.notes += done.notes
        return outcome

    def _helpers(self, ws: Workspace, path: str, names: set[str]) -> set[str]:
        source = parse(path, ws.read(path))
        scopes = Scopes(source)
        index = ws.index
        outside = set()
        for symbol in index.symbols(path):
            if "." in symbol.qualified or not symbol.name.startswith("_"):
                continue
            if any(
                r.path != path and r.certainty != "text" and r.kind not in {"doc"} for r in index.references(symbol)
            ):
                outside.add(symbol.name)
        return private_helpers(source, scopes, names, set(all_entries(source)), outside)
