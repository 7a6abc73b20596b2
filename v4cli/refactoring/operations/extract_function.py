"""Extract a piece of a function into a function or method of its own."""

from __future__ import annotations

import ast
import keyword
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ...errors import Refused
from ..classes.build import lines_inside_strings, unit
from ..extracting.flow import Flow, analyse, annotation_of
from ..extracting.selection import Selected, expression_in, standalone, statements_in
from ..moving.editing import apply_edits
from ..operation import Operation, Outcome
from ..python.modules import is_python
from ..python.scopes import BUILTINS, Scopes
from ..python.source import FUNCTIONS, FunctionNode, PythonSource, parse
from ..renaming.collisions import ancestors
from ..workspace import Edit, Workspace

if TYPE_CHECKING:
    from repo_index import Index


class ExtractFunction(Operation):
    """Takes statements (`start_line` to `end_line`, whole statements of one block), or with `expression` the one
    expression of that text within these lines, out of a Python function and makes them the function `new_name`,
    which stands right behind it; a call takes their place. Nothing else changes.

    Parameters are the local names that the code reads before it assigns them, results those that it assigns and
    that are read afterwards (by the next turn of a loop, too). Code that returns on every path becomes
    `return new_name(...)`; code that awaits, an `async def` that is awaited. In a method the new function is a
    method when the code uses `self` (or `as_method` says so). Parameters keep their annotations. Refused, with the
    line: yield, break or continue of a loop around the code, a return on some paths only, names that are not
    assigned on every path, nonlocal names, del, variables that inner functions share, locals() and eval().
    """

    kind: Literal["extract_function"] = "extract_function"
    path: str
    start_line: int = Field(ge=1)
    end_line: int = Field(ge=1)
    new_name: str
    expression: str | None = Field(default=None, description="text of one expression within the lines")
    as_method: bool | None = Field(default=None, description="none: a method when the code uses self")

    def apply(self, ws: Workspace) -> Outcome:
        if not is_python(self.path):
            raise Refused(f"{self.path}: extract_function works on Python only")
        if not self.new_name.isidentifier() or keyword.iskeyword(self.new_name):
            raise Refused(f"{self.new_name!r} cannot be the name of a function")
        source = parse(self.path, ws.read(self.path))
        scopes = Scopes(source)
        if self.expression is None:
            chosen = statements_in(source, self.start_line, self.end_line)
        else:
            chosen = expression_in(source, self.start_line, self.end_line, self.expression)
        if chosen.function is None:
            raise Refused(f"{self.path}:{self.start_line}: the expression is in no function")
        flow = analyse(source, scopes, chosen)
        owner = self._owner(source, chosen, flow)
        _check_free(ws.index, source, scopes, owner, chosen, self.new_name)
        built = _Built(source, chosen, flow, self.new_name, owner)
        place = owner.method if owner is not None else _top_level(source, chosen.function)
        at = source.line_end(source.span(place)[1])
        lead = "" if source.data[:at].endswith((b"\n", b"\r")) else "\n"
        blank = "\n" if owner is not None else "\n\n"
        definition = Edit(at, at, source.encode(lead + blank + built.definition() + "\n"))
        ws.write(self.path, apply_edits(source.data, [built.call(), definition]))
        return Outcome()

    def _owner(self, source: PythonSource, chosen: Selected, flow: Flow) -> _Owner | None:
        assert chosen.function is not None
        method = chosen.function
        outer = source.parents[method]
        arguments = [*method.args.posonlyargs, *method.args.args]
        decorators = {getattr(d, "id", getattr(d, "attr", "")) for d in method.decorator_list}
        first = arguments[0].arg if arguments and "staticmethod" not in decorators else ""
        able = isinstance(outer, ast.ClassDef) and bool(first)
        wanted = self.as_method if self.as_method is not None else (first in flow.parameters and able)
        if flow.needs_class and not able and isinstance(outer, ast.ClassDef):
            raise Refused(f"{self.path}:{self.start_line}: the code names what only its class knows, but has no self")
        if (wanted or flow.needs_class) and able:
            assert isinstance(outer, ast.ClassDef)
            return _Owner(outer, method, first, "classmethod" in decorators or method.name == "__new__")
        if wanted:
            raise Refused(f"{self.path}:{self.start_line}: the code is in no method that has a self")
        return None


class _Owner:
    """The class that the new method belongs to, the method that it comes from, and the name of its self."""

    def __init__(self, node: ast.ClassDef, method: FunctionNode, first: str, on_class: bool) -> None:
        self.node, self.method, self.first, self.on_class = node, method, first, on_class


def _top_level(source: PythonSource, node: ast.stmt) -> ast.stmt:
    return next((a for a in (node, *source.ancestors(node)) if a in source.tree.body), node)


def _check_free(
    index: Index, source: PythonSource, scopes: Scopes, owner: _Owner | None, chosen: Selected, name: str
) -> None:
    where = f"{source.path}:{source.line_of(source.span(chosen.function or source.tree.body[0])[0])}"
    if owner is not None:
        if name in scopes.scope_of[owner.node].bindings:
            raise Refused(f"{where}: {owner.node.name} has a member {name} already")
        symbol = next((s for s in index.symbols(source.path) if s.kind == "class" and s.name == owner.node.name), None)
        family = {symbol.id} | ancestors(index, symbol.id) if symbol is not None else set()
        for other in index.find(name):
            above = f"{other.path}::{other.definition.parent}"
            below = symbol is not None and other.definition.parent and symbol.id in ancestors(index, above)
            if other.definition.parent and (above in family or below):
                raise Refused(f"{where}: {other.id} has that name already, in the same hierarchy of classes")
        return
    if name in scopes.module.bindings or name in BUILTINS:
        raise Refused(f"{where}: {name} is taken in {source.path}")
    assert chosen.function is not None
    for scope in scopes.scope_of[chosen.function].chain():
        if name in scope.bindings:
            raise Refused(f"{where}: {name} is a local name there")
    if any(u.name == name for u in scopes.uses):
        raise Refused(f"{where}: {name} is used in {source.path} with another meaning")


class _Built:
    def __init__(self, source: PythonSource, chosen: Selected, flow: Flow, name: str, owner: _Owner | None) -> None:
        self.source, self.chosen, self.flow, self.name, self.owner = source, chosen, flow, name, owner
        self.given = [p for p in flow.parameters if owner is None or p != owner.first]

    def call(self) -> Edit:
        text = f"{self.name}({', '.join(self.given)})"
        if self.owner is not None:
            text = f"{self.owner.first}.{text}"
        if self.flow.awaits:
            text = f"await {text}"
        if self.chosen.expression is not None:
            parent = self.source.parents[self.chosen.expression]
            if self.flow.awaits and not isinstance(parent, ast.stmt):
                text = f"({text})"
            return Edit(*self.source.span(self.chosen.expression), self.source.encode(text))
        if self.flow.returns:
            text = f"return {text}"
        elif self.flow.results:
            text = f"{', '.join(self.flow.results)} = {text}"
        first, last = self.chosen.statements[0], self.chosen.statements[-1]
        return Edit(self.source.full_span(first)[0], self.source.span(last)[1], self.source.encode(text))

    def definition(self) -> str:
        source, function = self.source, self.chosen.function
        assert function is not None
        step = unit(source)
        margin = source.indent(self.owner.method) if self.owner is not None else ""
        parameters = [self._annotated(p) for p in self.given]
        lines = []
        if self.owner is not None:
            parameters.insert(0, self.owner.first)
            if self.owner.on_class:
                lines.append(f"{margin}@classmethod")
        prefix = "async " if self.flow.awaits else ""
        lines.append(f"{margin}{prefix}def {self.name}({', '.join(parameters)}):")
        inner = margin + step
        lines += [f"{inner}global {', '.join(self.flow.globals)}"] if self.flow.globals else []
        if self.chosen.expression is not None:
            lines.append(f"{inner}return {standalone(source.code(source.span(self.chosen.expression)))}")
        else:
            lines += self._body(inner)
            if self.flow.results:
                lines.append(f"{inner}return {', '.join(self.flow.results)}")
        return "\n".join(lines)

    def _annotated(self, name: str) -> str:
        function = self.chosen.function
        assert isinstance(function, FUNCTIONS)
        found = annotation_of(function, name, self.source)
        return f"{name}: {found}" if found else name

    def _body(self, inner: str) -> list[str]:
        source = self.source
        first, last = self.chosen.statements[0], self.chosen.statements[-1]
        start, end = source.full_span(first)[0], source.span(last)[1]
        if source.data[source.line_start(start) : start].strip():
            raise Refused(f"{source.path}:{first.lineno}: the code shares its first line with other code")
        indent = source.indent(first)
        inside = lines_inside_strings(source)
        rows = []
        text = source.code((source.line_start(start), end)).replace("\r\n", "\n")
        for number, row in enumerate(text.split("\n"), source.line_of(start)):
            if number in inside or not row.strip():
                rows.append(row)
            else:
                rows.append(inner + row.removeprefix(indent))
        return rows
