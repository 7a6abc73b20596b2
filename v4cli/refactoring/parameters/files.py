"""The Python files that an operation looks at, each parsed once, and the edits that it collects for them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..operation import LeftAlone, Outcome
from ..python.modules import is_python
from ..python.scopes import Scopes
from ..python.source import PythonSource, placed, try_parse
from ..uses.lines import edit_and_wrap
from ..workspace import Edit, Workspace

if TYPE_CHECKING:
    from repo_index.records import Reference


class Files:
    """Sources, scopes and calls by path. `edits` and `left` are what an operation has found so far."""

    def __init__(self, ws: Workspace) -> None:
        self.ws, self.index = ws, ws.index
        self.edits: dict[str, list[Edit]] = {}
        self.left: set[LeftAlone] = set()
        self._sources: dict[str, PythonSource | None] = {}
        self._scopes: dict[str, Scopes] = {}
        self._calls: dict[str, dict[int, ast.Call]] = {}
        self._ends: dict[str, dict[int, ast.expr]] = {}

    def source(self, path: str) -> PythonSource | None:
        """None for a file that is not Python, that does not parse or that may not be edited."""
        if path not in self._sources:
            editable = is_python(path) and not self.ws.protected(path)
            self._sources[path] = try_parse(path, self.ws.read(path)) if editable else None
        return self._sources[path]

    def scopes(self, source: PythonSource) -> Scopes:
        if source.path not in self._scopes:
            self._scopes[source.path] = Scopes(source)
        return self._scopes[source.path]

    def calls(self, source: PythonSource) -> dict[int, ast.Call]:
        """Calls by the offset where the callee's name ends. Before Python 3.12 ast does not say where calls in
        f-strings stand: those are left out."""
        if source.path not in self._calls:
            self._calls[source.path] = {
                source.span(n.func)[1]: n for n in source.nodes if isinstance(n, ast.Call) and placed(source, n)
            }
        return self._calls[source.path]

    def expression_ending_at(self, source: PythonSource, offset: int) -> ast.expr | None:
        """The name or attribute that ends there."""
        if source.path not in self._ends:
            self._ends[source.path] = {
                source.span(n)[1]: n
                for n in source.nodes
                if isinstance(n, ast.Name | ast.Attribute) and placed(source, n)
            }
        return self._ends[source.path].get(offset)

    def leave(self, reference: Reference, reason: str) -> None:
        self.leave_at(reference.path, reference.line, reason)

    def leave_at(self, path: str, line: int, reason: str) -> None:
        lines = self.index.text(path).split("\n")
        text = lines[line - 1].strip()[:200] if line <= len(lines) else ""
        self.left.add(LeftAlone(path, line, text, reason))

    def edit(self, path: str, *edits: Edit) -> None:
        self.edits.setdefault(path, []).extend(edits)

    def finish(self, outcome: Outcome) -> Outcome:
        """Make the edits. Those inside of a longer one of the same file give way to it."""
        for path in sorted(self.edits):
            if reason := self.ws.protected(path):
                self.left.add(LeftAlone(path, 1, "", reason))
            else:
                edit_and_wrap(self.ws, path, outermost(self.edits[path]))
        outcome.left_alone = sorted({*outcome.left_alone, *self.left})
        return outcome


def outermost(edits: list[Edit]) -> list[Edit]:
    """Edits without those that lie inside of another one."""
    kept: list[Edit] = []
    for edit in sorted(set(edits), key=lambda e: (e.start, -e.end)):
        if kept and edit.end <= kept[-1].end and kept[-1].end > kept[-1].start and edit.start < kept[-1].end:
            continue
        kept.append(edit)
    return kept
