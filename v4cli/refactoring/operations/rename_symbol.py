"""Rename a function, class, method, attribute, constant or variable everywhere it is meant."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...errors import NothingToDo, Refused
from ..lookup import find_symbol
from ..operation import LeftAlone, Operation, Outcome
from ..renaming import Renaming
from ..scope import Scope
from ..workspace import Workspace
from .rename_parameter import RenameParameter


class RenameSymbol(Operation):
    """Gives the definition and all that refers to it a new name.

    Touched: the definition (with a method, every override and overridden method of it in the repository), imports
    in every form (an alias stays), re-exports, `__all__`, uses through modules, packages and attributes, forward
    references in strings, names given to getattr and mock.patch, and with `rename_in_text` comments, docstrings
    and documents that name the symbol. Changelogs stay unless `changelog`. A use whose receiver is unknown
    follows when no other definition carries the name.

    In Go all methods that share an interface follow each other, examples and the first word of comments follow their
    function. In Java, C#, Kotlin, C, C++, Rust, PHP, Ruby, Swift, Scala and Bash a rename is refused where the graph
    does not know what a place means, where a type from outside may ask for the member, and for words of macros; a Java
    or PHP file that is called like its class gets the new name too.

    `path::function.name` with the name of a parameter is taken as rename_parameter takes it.

    Files in `skip_paths` or outside of the `scope` keep the old name where they use it, the defining file apart.

    With `keep_public` (true: every package `__init__` that re-exports the symbol; or a list of such files) the
    package goes on offering the old name, by an import alias, and what uses it through the package stays.
    """

    kind: Literal["rename_symbol"] = "rename_symbol"
    symbol: str = Field(description="path::qualified.name")
    new_name: str
    keep_public: bool | list[str] = False
    skip_paths: list[str] = Field(default_factory=list, description="globs of files that stay as they are")
    scope: Scope = Field(default_factory=Scope, description="files whose uses get the new name")
    rename_in_text: bool = True
    changelog: bool = False

    def apply(self, ws: Workspace) -> Outcome:
        try:
            symbol = find_symbol(ws.index, self.symbol)
        except NothingToDo:
            if (parameter := self._parameter(ws)) is None:
                raise
            return parameter.apply(ws)
        if symbol.kind == "module":
            raise Refused(f"{symbol.id} is a module; use rename_module")
        if symbol.name == self.new_name:
            raise NothingToDo(f"{symbol.id} has that name already")
        renaming = Renaming(ws, symbol, self)
        edits, left = renaming.work_out()
        outcome = Outcome(left_alone=sorted(set(left)), notes=renaming.notes)
        if not edits:
            raise NothingToDo(f"nothing refers to {symbol.id}")
        for path in sorted(edits):
            reason = ws.protected(path)
            if reason:
                outcome.left_alone.append(LeftAlone(path, 1, "", reason))
                continue
            ws.edit(path, sorted(edits[path]))
        for path, new in renaming.file_moves().items():
            ws.move(path, new)
            outcome.notes.append(f"{path} is {new} now, as its class is called")
        return outcome

    def _parameter(self, ws: Workspace) -> RenameParameter | None:
        """`path::function.name` where the function has no such member but a parameter of that name."""
        function, _, name = self.symbol.rpartition(".")
        try:
            found = find_symbol(ws.index, function)
        except (NothingToDo, Refused):
            return None
        if name not in {p.name for p in found.definition.parameters}:
            return None
        return RenameParameter(symbol=found.id, name=name, new_name=self.new_name, changelog=self.changelog)
