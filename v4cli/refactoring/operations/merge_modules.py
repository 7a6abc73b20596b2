"""Merge one module into another and remove it."""

from __future__ import annotations

from posixpath import basename
from typing import Literal

from ...errors import NothingToDo, Refused
from ..moving.job import Job
from ..moving.relocate import relocate
from ..operation import Operation, Outcome
from ..python.modules import is_package, is_python
from ..workspace import Workspace


class MergeModules(Operation):
    """Moves all code of the Python module `source` into `target` and deletes `source`.

    Definitions, statements and conditional blocks keep their order; imports are merged into those of the target;
    the docstring of the source goes. Imports of the source, uses through the module, dotted names and paths in
    strings and documents lead to the target afterwards. Refused when both modules bind a name to different
    things, or when an import cycle would arise that no import inside a function can avoid.
    """

    kind: Literal["merge_modules"] = "merge_modules"
    source: str
    target: str
    changelog: bool = False

    def apply(self, ws: Workspace) -> Outcome:
        for path in (self.source, self.target):
            if not ws.exists(path):
                raise NothingToDo(f"{path}: no such file in the repository")
            if not is_python(path):
                raise Refused(f"{path}: merge_modules works on Python only")
        if self.source == self.target:
            raise NothingToDo("source and target are the same file")
        if is_package(self.source):
            raise Refused(f"{self.source} makes its folder a package, which other modules need")
        for path in (self.source, self.target):
            if basename(path) == "__main__.py":
                raise Refused(f"{path} runs when its package is started; merging it would run it on import")
        return relocate(ws, Job(self.source, self.target, set(), whole=True), self.changelog)
