"""Rename a function, class, method, attribute, constant or variable everywhere it is meant."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...errors import NothingToDo, Refused
from ..lookup import find_symbol
from ..operation import LeftAlone, Operation, Outcome
from ..renaming import Renaming
from ..workspace import Workspace


class RenameSymbol(Operation):
    """Gives the definition and all that refers to it a new name.

    Touched: the definition (with a method, every override and overridden method of it in the repository), imports
    in every form (an alias stays), re-exports, `__all__`, uses through modules, packages and attributes, forward
    references in strings, names given to getattr and mock.patch, and with `rename_in_text` comments, docstrings
    and documents that name the symbol. Changelogs stay unless `changelog`. A use whose receiver is unknown
    follows when no other definition carries the name.

    With `keep_public` (true: every package `__init__` that re-exports the symbol; or a list of such files) the
    package goes on offering the old name, by an import alias, and what uses it through the package stays.
    """

    kind: Literal["rename_symbol"] = "rename_symbol"
    symbol: str = Field(description="path::qualified.name")
    new_name: str
    keep_public: bool | list[str] = False
    skip_paths: list[str] = Field(default_factory=list, description="globs of files that stay as they are")
    rename_in_text: bool = True
    changelog: bool = False

    def apply(self, ws: Workspace) -> Outcome:
        symbol = find_symbol(ws.index, self.symbol)
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
        return outcome
