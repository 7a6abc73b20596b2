"""Insert statements into a function, or a member into a class."""

from __future__ import annotations

import ast
from typing import Literal

from pydantic import Field

from ...errors import Refused
from ..classes.build import unit
from ..lookup import find_symbol
from ..operation import Operation, Outcome
from ..python.modules import is_python
from ..python.nodes import definition_at
from ..python.source import DefinitionNode, PythonSource, docstring, parse, try_parse
from ..rewriting import gates
from ..rewriting.imports import add_imports
from ..rewriting.region import of_symbol, with_indent
from ..workspace import Edit, Workspace


class InsertCode(Operation):
    """Puts `code` into the body of a Python function or class, and adds the `imports` that it needs to the file.

    `where`: "start" is behind the docstring; "end" is behind the last statement, in a function before the `return`
    or `raise` that it ends with. Nothing that is there changes. Refused: code that does not parse, and in a class
    a member of a name that the class has.
    """

    kind: Literal["insert_code"] = "insert_code"
    symbol: str = Field(description="path::qualified.name of a function, method or class")
    where: Literal["start", "end"] = "start"
    code: str = Field(min_length=1, description="statements, from the left margin")
    imports: list[str] = Field(default_factory=list, description="import statements that the code needs")

    def apply(self, ws: Workspace) -> Outcome:
        symbol = find_symbol(ws.index, self.symbol)
        if not is_python(symbol.path):
            raise Refused(f"{symbol.id}: insert_code works on Python only")
        region = of_symbol(ws, symbol.id)
        source = parse(symbol.path, ws.read(symbol.path))
        node = definition_at(source, symbol)
        inserted = try_parse(symbol.path, (self.code.strip("\n") + "\n").encode())
        if inserted is None or not inserted.tree.body:
            raise Refused(f"{symbol.id}: the code does not parse")
        if isinstance(node, ast.ClassDef):
            _check_members(source, node, inserted)
        before = ws.index.facts(symbol.path)
        ws.edit(symbol.path, [_insertion(source, node, inserted, self.code, self.where)])
        if self.imports:
            add_imports(ws, symbol.path, self.imports)
        after = ws.index.facts(symbol.path)
        assert before is not None and after is not None
        problems = gates.syntax_kept(symbol.path, before, after) + gates.definitions_kept(region, before, after)
        if problems:
            raise Refused(f"{symbol.id}: the code is not taken: {'; '.join(problems[:5])}")
        return Outcome()


def _check_members(source: PythonSource, node: ast.ClassDef, inserted: PythonSource) -> None:
    there = {getattr(s, "name", "") for s in node.body}
    for statement in inserted.tree.body:
        if (name := getattr(statement, "name", "")) and name in there:
            raise Refused(f"{source.path}:{node.lineno}: {node.name} has a member {name} already")


def _insertion(
    source: PythonSource, node: DefinitionNode, inserted: PythonSource, code: str, where: Literal["start", "end"]
) -> Edit:
    body = node.body
    if source.line_of(source.span(body[0])[0]) == source.line_of(source.span(node)[0]):
        raise Refused(f"{source.path}:{node.lineno}: the body of {node.name} stands on the line of its header")
    indent = source.indent(body[0]) or source.indent(node) + unit(source)
    text = with_indent(source.path, code, indent) + "\n"
    apart = isinstance(node, ast.ClassDef)
    doc = docstring(body)
    if where == "start":
        if doc is None:
            at = source.line_start(source.full_span(body[0])[0])
            return Edit(at, at, source.encode(text + ("\n" if apart else "")))
        at = source.line_end(source.span(doc)[1])
        return Edit(at, at, source.encode(("\n" if apart else "") + _fresh_line(source, at) + text))
    last = body[-1]
    if not apart and isinstance(last, ast.Return | ast.Raise):
        at = source.line_start(source.span(last)[0])
        return Edit(at, at, source.encode(text))
    at = source.line_end(source.span(last)[1])
    return Edit(at, at, source.encode(_fresh_line(source, at) + ("\n" if apart else "") + text))


def _fresh_line(source: PythonSource, at: int) -> str:
    return "" if source.data[:at].endswith((b"\n", b"\r")) else "\n"
