"""Gather parameters of a function into a dataclass that callers build."""

from __future__ import annotations

import ast
import keyword
import re
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ...errors import NothingToDo, Refused
from ..classes.argument_object import CannotTell, fits, rewrite
from ..classes.parameter_object import Gathering, parameters
from ..lookup import find_symbol
from ..moving.cycles import edges_after, new_cycles, runtime_edges
from ..operation import LeftAlone, Operation, Outcome
from ..python.denote import specifier
from ..python.imports import ImportEditor, NewImport
from ..python.modules import Modules, is_python
from ..python.scopes import Scopes
from ..python.source import FunctionNode, PythonSource, definitions_of, dotted, parse, try_parse
from ..uses.lines import edit_and_wrap
from ..workspace import Edit, Workspace
from .move_symbols import MoveSymbols

if TYPE_CHECKING:
    from repo_index.records import Reference, Symbol


class IntroduceParameterObject(Operation):
    """Gives a Python function or method one parameter, an object of a new dataclass, in the place of several.

    `parameters` are gathered (none given: all but self, cls, *args and **kwargs). Their annotations and defaults
    become fields; a parameter without annotation gets the type of its default, else Any. The body reads the
    fields; a parameter that the body gives another value starts as a local copy. Every call that is known to mean
    the function builds the object, and imports its class; overrides of a method change with it. The class stands
    before the function, or in `target`, a new or existing file, with the imports it needs. Calls that may mean
    something else are left alone and listed. Refused where a known use is no call, or where stars hide which
    argument goes to which parameter. For a class, it is `__init__` that changes.
    """

    kind: Literal["introduce_parameter_object"] = "introduce_parameter_object"
    symbol: str = Field(description="path::qualified.name")
    class_name: str
    target: str | None = Field(default=None, description="path of a Python file")
    parameters: list[str] = Field(default_factory=list)
    parameter: str | None = Field(default=None, description="name of the new parameter; by default from the class")
    frozen: bool = False

    def apply(self, ws: Workspace) -> Outcome:
        index = ws.index
        symbol = find_symbol(index, self.symbol)
        if symbol.kind == "class":
            symbol = find_symbol(index, f"{symbol.id}.__init__")
        if symbol.kind not in {"function", "method"} or not is_python(symbol.path):
            raise Refused(f"{symbol.id} is not a Python function")
        for path in filter(None, [self.target]):
            if not is_python(path):
                raise Refused(f"{path}: introduce_parameter_object works on Python only")
        for name in (self.class_name, *filter(None, [self.parameter])):
            if not name.isidentifier() or keyword.iskeyword(name):
                raise Refused(f"{name!r} is not an identifier")
        family = {symbol.id: symbol}
        if symbol.kind == "method" and symbol.name not in {"__init__", "__new__"}:
            family |= {s.id: s for s in index.method_family(symbol)}
        job = _Job(ws, self, symbol, [family[key] for key in sorted(family)])
        outcome = job.run()
        if self.target is not None and self.target != symbol.path:
            moving = MoveSymbols(
                symbols=[f"{symbol.path}::{self.class_name}"], target=self.target, with_private_helpers=False
            )
            moved = moving.apply(ws)
            outcome.left_alone += moved.left_alone
            outcome.notes += moved.notes
        outcome.left_alone = sorted(set(outcome.left_alone))
        return outcome


class _Job:
    def __init__(
        self, ws: Workspace, operation: IntroduceParameterObject, symbol: Symbol, family: list[Symbol]
    ) -> None:
        self.ws, self.index = ws, ws.index
        self.operation, self.symbol, self.family = operation, symbol, family
        self.modules = Modules(ws.index)
        self.sources: dict[str, PythonSource] = {}
        self.scopes: dict[str, Scopes] = {}
        self.edits: dict[str, list[Edit]] = {}
        self.editors: dict[str, ImportEditor] = {}
        self.outcome = Outcome()
        self.handled: set[ast.AST] = set()
        #: the class as each file of callers names it
        self.named: dict[str, str] = {}

    def source(self, path: str) -> PythonSource:
        if path not in self.sources:
            self._keep(parse(path, self.ws.read(path)))
        return self.sources[path]

    def _keep(self, source: PythonSource) -> None:
        self.sources[source.path] = source
        self.scopes[source.path] = Scopes(source)
        top = (self.index.module_name(source.path) or "").split(".")[0]
        self.editors[source.path] = ImportEditor(source, frozenset({top} if top else ()))

    def run(self) -> Outcome:
        path, class_name = self.symbol.path, self.operation.class_name
        source = self.source(path)
        if class_name in self.scopes[path].module.bindings:
            raise Refused(f"{path}: {class_name} is bound there already")
        self.gathering = self._gathering(self.symbol)
        self.parameter = self._name()
        for member in self.family:
            gathering = self.gathering if member.id == self.symbol.id else self._gathering(member)
            self._check_same(member, gathering)
            gathering.check_name(self.parameter)
            edits = self.edits.setdefault(member.path, [])
            edits += [gathering.signature(self.parameter, self._class_at(member.path)), *gathering.body(self.parameter)]
        self.gathering.check_fields()
        text, imports, notes = self.gathering.dataclass(
            class_name, f"Parameters of `{self.symbol.qualified}`.", self.operation.frozen
        )
        self.outcome.notes += notes
        self._import(path, imports)
        self._note_bases()
        self._calls()
        before = runtime_edges(self.index)
        self._insert_class(source, text)
        for changed in sorted({*self.edits, *self.editors}):
            edits = [*self.editors[changed].edits(), *self.edits.get(changed, [])]
            if edits:
                edit_and_wrap(self.ws, changed, sorted(edits, key=lambda e: (e.start, e.end > e.start)))
        after = edges_after(before, self.ws.index, list(self.ws.changed()))
        if cycles := new_cycles(before, after):
            raise Refused(f"importing {class_name} would close the import cycle {' -> '.join(cycles[0])}")
        return self.outcome

    def _note_bases(self) -> None:
        """A class outside the repository may call the method that overrides its own."""
        for member in self.family:
            for owner in self.index.symbols(member.path):
                if owner.kind != "class" or owner.qualified != member.definition.parent:
                    continue
                for base in owner.definition.bases:
                    if base != "object" and self.index.resolve(member.path, base) is None:
                        self.outcome.notes.append(
                            f"{owner.qualified} derives from {base}, which is not in the repository and may call "
                            f"{member.name}"
                        )

    def _gathering(self, symbol: Symbol) -> Gathering:
        source = self.source(symbol.path)
        nodes = definitions_of(source, symbol.qualified)
        if len(nodes) != 1:
            raise Refused(f"{symbol.id} is defined {len(nodes)} times; overloads cannot be gathered")
        every = parameters(source, nodes[0])
        if self._bound(symbol, nodes[0]):
            every = every[1:]
        names = self.operation.parameters or [p.name for p in every]
        if missing := [n for n in names if n not in {p.name for p in every}]:
            raise Refused(f"{symbol.id} has no parameter {missing[0]}")
        if not names:
            raise NothingToDo(f"{symbol.id} has no parameters to gather")
        return Gathering(source, self.scopes[symbol.path], nodes[0], names)

    def _bound(self, symbol: Symbol, node: FunctionNode) -> int:
        """How many parameters a call on an instance or class finds bound."""
        static = any(getattr(d, "id", "") == "staticmethod" for d in node.decorator_list)
        return int(symbol.kind == "method" and not static)

    def _check_same(self, member: Symbol, gathering: Gathering) -> None:
        shape = [(p.name, p.default and ast.dump(p.default)) for p in self.gathering.fields]
        if [(p.name, p.default and ast.dump(p.default)) for p in gathering.fields] != shape:
            raise Refused(f"{member.id} overrides it, or is overridden, with other parameters")

    def _name(self) -> str:
        if self.operation.parameter is not None:
            self.gathering.check_name(self.operation.parameter)
            return self.operation.parameter
        words = [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z\d]+", self.operation.class_name)]
        problem: Refused | None = None
        for name in (words[-1] if words else "", "_".join(words)):
            if not name.isidentifier() or keyword.iskeyword(name):
                continue
            try:
                self.gathering.check_name(name)
                return name
            except Refused as error:
                problem = error
        raise problem or Refused("name the new parameter: parameter")

    def _insert_class(self, source: PythonSource, text: str) -> None:
        """Before the statement at module level that holds the function."""
        node: ast.AST = self.gathering.function
        while source.parents[node] is not source.tree:
            node = source.parents[node]
        assert isinstance(node, ast.stmt)
        at = source.line_start(source.full_span(node)[0])
        while at > 0 and source.data[source.line_start(at - 1) : at].startswith(b"#"):
            at = source.line_start(at - 1)
        self.edits[source.path].append(Edit(at, at, source.encode(text + "\n\n")))

    # callers

    def _class_in(self, path: str) -> str:
        """The class as the file names it; imported there when it is another file than the function's."""
        name = self.operation.class_name
        if path == self.symbol.path:
            return name
        if name in self.scopes[path].module.bindings:
            raise Refused(f"{path}: {name} is bound there already")
        self._import(
            path, [NewImport(specifier(self.modules, self.editors[path].statements, path, self.symbol.path), name)]
        )
        return name

    def _import(self, path: str, imports: list[NewImport]) -> None:
        for new in imports:
            bound = self.scopes[path].module.bindings.get(new.local, [])
            if bound and not any(
                s.is_from and s.module == new.module and n.alias in bound
                for s in self.editors[path].statements
                for n in s.names
            ):
                raise Refused(f"{path}: {new.local} means something else there than {new.module}.{new.local}")
            self.editors[path].add_top(new)

    def _calls(self) -> None:
        references = {(r.path, r.span): r for s in self.family for r in self.index.references(s)}
        owner = self.symbol.definition.parent
        of_class = set()
        if self.symbol.name == "__init__" and owner:
            for reference in self.index.references(self.index.symbol(f"{self.symbol.path}::{owner}")):
                key = (reference.path, reference.span)
                of_class.add(key)
                references.setdefault(key, reference)
        for key in sorted(references):
            reference = references[key]
            if reference.kind in {"call", "use"} and is_python(reference.path):
                self._reference(reference, key in of_class)

    def _reference(self, reference: Reference, of_class: bool) -> None:
        path = reference.path
        if path not in self.sources:
            source = try_parse(path, self.ws.read(path))
            if source is None:
                self._leave(reference, "the file does not parse")
                return
            self._keep(source)
        source = self.sources[path]
        call = next(
            (
                n
                for n in source.nodes
                if isinstance(n, ast.Call)
                and source.span(n.func)[1] == reference.span[1]
                and not any(isinstance(a, ast.JoinedStr) for a in source.ancestors(n))
            ),
            None,
        )
        bound = 1 if of_class else self._bound_at(reference, call)
        if reference.certainty != "exact":
            if call is not None and fits(self.gathering, call, bound):
                self._leave(reference, "may call another definition of that name")
            return
        where = f"{path}:{reference.line}"
        if call is None:
            if of_class and reference.kind == "use":
                return
            raise Refused(f"{where}: uses {self.symbol.qualified} without calling it, or in an f-string")
        if reason := self.ws.protected(path):
            self._leave(reference, reason)
            return
        if (
            any(isinstance(a, ast.Call) and a in self.handled for a in [*source.ancestors(call), *ast.walk(call)])
            and self.gathering.rest[bound:]
        ):
            raise Refused(f"{where}: a call inside another call of {self.symbol.qualified}; take it apart first")
        self.handled.add(call)
        try:
            edits = rewrite(source, call, self.gathering, bound, self._class_at(path), self.parameter)
        except CannotTell:
            raise Refused(f"{where}: which argument goes to which parameter cannot be told there") from None
        self.edits.setdefault(path, []).extend(edits)

    def _class_at(self, path: str) -> str:
        if path not in self.named:
            self.named[path] = self._class_in(path)
        return self.named[path]

    def _bound_at(self, reference: Reference, call: ast.Call | None) -> int:
        """0 where a method is called through its class: the instance is then an argument."""
        bound = self._bound(self.symbol, self.gathering.function)
        decorated = any(getattr(d, "id", "") == "classmethod" for d in self.gathering.function.decorator_list)
        if not bound or decorated or call is None or not isinstance(call.func, ast.Attribute):
            return bound
        text = dotted(call.func.value)
        meant = self.index.resolve(reference.path, text) if text else None
        return 0 if getattr(meant, "kind", "") == "class" else 1

    def _leave(self, reference: Reference, reason: str) -> None:
        lines = self.index.text(reference.path).split("\n")
        text = lines[reference.line - 1].strip()[:200] if reference.line <= len(lines) else ""
        self.outcome.left_alone.append(LeftAlone(reference.path, reference.line, text, reason))
