"""Raise, and catch, another type of exception."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ...errors import NothingToDo, Refused
from ..lookup import find_symbol
from ..operation import LeftAlone, Operation, Outcome
from ..parameters.signatures import Signature, bind
from ..python.denote import named
from ..python.modules import Modules
from ..python.source import DEFINITIONS, FUNCTIONS, DefinitionNode, PythonSource, definitions_of, docstring, parse
from ..scope import Scope
from ..uses.lines import edit_and_wrap
from ..uses.raising import Raisers, guarded, role
from ..uses.substitute import Substitution, files_naming, left_at, without_cycles
from ..workspace import Edit, Workspace

if TYPE_CHECKING:
    from repo_index.records import Symbol


class ReplaceException(Operation):
    """Puts one type of exception in the place of another in Python code.

    `old` and `new` are classes of the repository (`path::Name` or a dotted name), built-in ones, or dotted names of
    other distributions. `where` says what changes: "raise" the statements that raise it (with an object made in the
    same function and raised later), "except" the handlers (`except`, tuples there, `pytest.raises`, `assertRaises`,
    `contextlib.suppress`), or "both": then handlers of a type that is not of the repository, which other code raises
    too, change where the graph of calls leads from what they guard to a changed raise. `within` limits the change to
    functions and classes, `scope` to files.

    Also touched: imports, which come and go with the use (inside functions where the top of the file would be
    circular), and what the docstring of a function whose raise changed says of it. Left alone and listed:
    `isinstance`, handlers of the old type in the scope when only raises change, a handler beside one of the new type,
    and other uses. Refused where the new type is known not to take the arguments.
    """

    kind: Literal["replace_exception"] = "replace_exception"
    old: str = Field(description="path::Name, dotted name, or built-in")
    new: str = Field(description="path::Name, dotted name, or built-in")
    where: Literal["raise", "except", "both"] = "both"
    within: list[str] = Field(default_factory=list, description="path::qualified.name of functions or classes")
    scope: Scope = Field(default_factory=Scope)

    def apply(self, ws: Workspace) -> Outcome:
        job = _Job(ws, self)
        edits = without_cycles(ws, job.work_out)
        if not edits:
            raise NothingToDo(f"nothing in the scope raises or catches {self.old}")
        for path in sorted(edits):
            edit_and_wrap(ws, path, edits[path])
        return Outcome(sorted(job.left), sorted(job.notes))


class _Job:
    def __init__(self, ws: Workspace, operation: ReplaceException) -> None:
        self.ws, self.index, self.operation = ws, ws.index, operation
        self.modules = Modules(ws.index)
        self.old, self.new = named(ws.index, operation.old), named(ws.index, operation.new)
        if self.old.identity == self.new.identity:
            raise NothingToDo(f"{operation.old} is {operation.new}")
        self.within = [find_symbol(ws.index, spec) for spec in operation.within]
        self.left: set[LeftAlone] = set()
        self.notes: set[str] = set()
        self._raisers: Raisers | None = None

    def work_out(self, lazy: set[str]) -> dict[str, list[Edit]]:
        """Edits by file. `lazy`: files that import the new type inside of functions."""
        self.left, self.notes = set(), set()
        found: dict[str, list[Edit]] = {}
        for source, path in files_naming(self.index, self.ws, self.old.name):
            if self.operation.scope.reason(self.index, path) or not self._reaches(path):
                continue
            if source is None:
                self.left.add(LeftAlone(path, 1, "", "the file does not parse"))
                continue
            substitution = Substitution(self.modules, source, lazy=path in lazy)
            if edits := self._file(source, substitution):
                found[path] = edits
        return found

    def _reaches(self, path: str) -> bool:
        return not self.within or any(s.path == path for s in self.within)

    def _file(self, source: PythonSource, substitution: Substitution) -> list[Edit]:
        raising: set[DefinitionNode] = set()
        changed = False
        for node in substitution.uses(self.old):
            if self.within and not self._inside(source, node):
                continue
            kind = role(source, node)
            if kind == "other":
                if not _is_binding(source, node):
                    self.left.add(left_at(source, node, "neither raises nor catches it"))
            elif kind == "test":
                self.left.add(left_at(source, node, "asks for the type, which is not the old one everywhere now"))
            elif self.operation.where not in {kind, "both"}:
                reason = "catches" if kind == "except" else "raises"
                self.left.add(left_at(source, node, f"{reason} the old type, which was to stay"))
            elif kind == "except" and not self._related(source, node):
                self.left.add(left_at(source, node, "nothing that it guards is known to raise the new type"))
            elif kind == "except" and self._handled_beside(source, substitution, node):
                self.left.add(left_at(source, node, f"{self.new.name} is caught beside it already"))
            else:
                if kind == "raise":
                    self._check_arguments(source, node)
                    raising.update(a for a in source.ancestors(node) if isinstance(a, FUNCTIONS))
                substitution.replace(node, self.new)
                changed = True
        if not changed:
            return []
        return [
            *substitution.finish(),
            *(e for d in sorted(raising, key=lambda d: d.lineno) for e in self._doc(source, d)),
        ]

    def _related(self, source: PythonSource, node: ast.expr) -> bool:
        """Whether what a handler guards raises the new type now. A type from outside of the repository is raised by
        other code as well; one of the repository is not, once all that raises it has changed. Where nothing in the
        scope raises it, only handlers can be meant."""
        if self.operation.where == "except" or self.old.symbol is not None:
            return True
        if self._raisers is None:
            self._raisers = Raisers(self.index)
            for other, path in files_naming(self.index, self.ws, self.old.name):
                if other is None or self.operation.scope.reason(self.index, path) or not self._reaches(path):
                    continue
                for use in Substitution(self.modules, other).uses(self.old):
                    if role(other, use) == "raise" and not (self.within and not self._inside(other, use)):
                        self._raisers.add(other, use)
        return not self._raisers.places or self._raisers.may_raise(source.path, guarded(source, node))

    def _inside(self, source: PythonSource, node: ast.expr) -> bool:
        names = [a.name for a in source.ancestors(node) if isinstance(a, DEFINITIONS)]
        here = ".".join(reversed(names)) + "."
        return any(s.path == source.path and here.startswith(s.qualified + ".") for s in self.within)

    def _handled_beside(self, source: PythonSource, substitution: Substitution, node: ast.expr) -> bool:
        """Whether the handler, or another one of its `try`, names the new type already."""
        handler = next((a for a in source.ancestors(node) if isinstance(a, ast.ExceptHandler)), None)
        if handler is None or handler.type is None or not _within(handler.type, node):
            return False
        statement = source.parents[handler]
        handlers = [h for h in getattr(statement, "handlers", []) if h.type is not None]
        return any(
            substitution.denoting.identity(n) == self.new.identity
            for h in handlers
            for n in ast.walk(h.type)
            if isinstance(n, ast.Name | ast.Attribute)
        )

    # arguments

    def _check_arguments(self, source: PythonSource, node: ast.expr) -> None:
        call = source.parents[node]
        if not isinstance(call, ast.Call) or call.func is not node:
            call = ast.Call(node, [], [])
        where = f"{source.path}:{node.lineno}"
        if self.new.builtin:
            if call.keywords and self.new.name not in {
                "ImportError",
                "ModuleNotFoundError",
                "AttributeError",
                "NameError",
            }:
                raise Refused(f"{where}: {self.new.name} takes no keywords: {_line(source, node)}")
            return
        signature = self._signature()
        if signature is not None and bind(signature, call.args, call.keywords, 1) is None:
            raise Refused(f"{where}: {self.new.name} does not take these arguments: {_line(source, node)}")

    def _signature(self) -> Signature | None:
        """That of the new type's `__init__`, None where it is not known."""
        if self.new.symbol is None:
            return None
        init = self.index.resolve(self.new.symbol.path, f"{self.new.symbol.qualified}.__init__")
        if init is None or getattr(init, "kind", "") != "method":
            return None
        symbol: Symbol = init  # type: ignore[assignment]
        nodes = definitions_of(parse(symbol.path, self.ws.read(symbol.path)), symbol.qualified)
        return Signature.of(nodes[0]) if len(nodes) == 1 else None

    # docstrings

    def _doc(self, source: PythonSource, function: DefinitionNode) -> list[Edit]:
        """The old type's name in the docstring of a function that raised it."""
        text = docstring(function.body)
        if text is None:
            return []
        name = re.escape(self.old.name.encode())
        edits = []
        start, end = source.span(text)
        for match in re.finditer(rb"(?<![\w.])(?P<owner>(?:\w+\.)*)" + name + rb"(?!\w)", source.data[start:end]):
            qualifier = match["owner"].decode().rstrip(".")
            if qualifier and not self.old.module.endswith(qualifier):
                continue
            written = f"{self.new.module}.{self.new.name}" if qualifier and not self.new.builtin else self.new.name
            edits.append(Edit(start + match.start(), start + match.end(), source.encode(written)))
        return edits


def _line(source: PythonSource, node: ast.expr) -> str:
    return source.line_text(node.lineno).strip()[:120]


def _is_binding(source: PythonSource, node: ast.expr) -> bool:
    """Whether the name is only given another one, or stands in an annotation."""
    return isinstance(getattr(node, "ctx", None), ast.Store) or isinstance(source.parents[node], ast.alias)


def _within(outer: ast.AST, node: ast.AST) -> bool:
    return any(n is node for n in ast.walk(outer))
