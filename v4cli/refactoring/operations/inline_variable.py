"""Inline a variable or constant: its value takes the place of its uses."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ...errors import Refused
from ..inlining.calls import check_in_f_string, import_of
from ..inlining.expressions import Effect, effect, fitted, one_line, stable_names
from ..inlining.local import assignment, inline_local, value_text
from ..inlining.names import CannotInline, File, Home
from ..inlining.sites import Replace, Replaced, inline_everywhere
from ..lookup import find_symbol
from ..moving.editing import apply_edits
from ..operation import Operation, Outcome
from ..python.modules import Modules, is_python
from ..python.nodes import function_at
from ..python.scopes import Scopes
from ..python.source import PythonSource, Span, dotted, parse
from ..uses.lines import edit_and_wrap
from ..workspace import Edit, Workspace

if TYPE_CHECKING:
    from repo_index.records import Reference, Symbol


class InlineVariable(Operation):
    """Puts the value of a Python variable in the place of its uses and takes the assignment out.

    A module-level constant is replaced in every file, with the imports that its value needs; its value has to be
    made of constants and names that do not change, since it would be computed anew at every use. With `variable`,
    a local variable of the function `symbol`: a simple value is used anywhere, another one only where the next
    statement uses it, once and before anything else happens. Refused: names that are assigned more than once or
    by anything but `name = value`, values whose names mean something else at the use. What still names the
    constant (`__all__`, strings, f-strings) is left alone and keeps it.
    """

    kind: Literal["inline_variable"] = "inline_variable"
    symbol: str = Field(description="path::NAME, or with `variable` path::function")
    variable: str | None = Field(default=None, description="a local variable of the function")
    remove: bool = Field(default=True, description="delete the assignment when no use is left")

    def apply(self, ws: Workspace) -> Outcome:
        if self.variable is None:
            return inline_everywhere(ws, self.symbol, lambda symbol: _replacing(ws, symbol), self.remove)
        symbol = find_symbol(ws.index, self.symbol)
        source = parse(symbol.path, ws.read(symbol.path))
        edits = inline_local(source, function_at(source, symbol), self.variable)
        edit_and_wrap(ws, symbol.path, sorted(edits))
        return Outcome()


def _replacing(ws: Workspace, symbol: Symbol) -> Replace:
    if symbol.kind not in {"constant", "variable"} or "." in symbol.qualified or not is_python(symbol.path):
        raise Refused(f"{symbol.id} is not a module-level variable of Python; name a local one with `variable`")
    if symbol.name.startswith("__"):
        raise Refused(f"{symbol.id} is read by Python or by tools")
    source = parse(symbol.path, ws.read(symbol.path))
    home = File(source, Scopes(source), Modules(ws.index), ws.index)
    where = f"{symbol.path}:{symbol.line}"
    _, value = assignment(source, home.scopes.module.bindings.get(symbol.name, []), symbol.name, where)
    if any(n in home.scopes.through_global for n in home.scopes.module.bindings[symbol.name]):
        raise Refused(f"{where}: a function assigns {symbol.name}")
    if effect(value, stable_names(home.scopes)) > Effect.PURE:
        raise Refused(f"{where}: the value is made once and shared; computed at each use it would be another one")
    text = value_text(source, value, where)
    inside = {id(n) for n in ast.walk(value)}
    free = Home(home, [u for u in home.scopes.uses if id(u.node) in inside])
    names = {id(u.node) for u in free.free}
    if any(isinstance(n, ast.Name) and id(n) not in names for n in ast.walk(value)):
        raise Refused(f"{where}: the value binds names of its own")

    def replace(file: File, reference: Reference) -> Replaced:
        node, span = _node(file, reference)
        prefix = ""
        if isinstance(node, ast.Attribute) and file.handles.denoted(node.value) == symbol.path:
            prefix = dotted(node.value) or ""
        elif isinstance(node, ast.Attribute):
            raise CannotInline("reads it through something that is not its module")
        name = import_of(file, node)
        origin = name if name is not None and name.statement.is_from and isinstance(node, ast.Name) else None
        spelt, imports = free.bring(file, file.scope_at(node), origin, prefix)
        return Replaced([_edit(file, node, span, value, _spelt(source, free, value, text, spelt))], imports, origin)

    return replace


def _node(file: File, reference: Reference) -> tuple[ast.Name | ast.Attribute, Span]:
    source = file.source
    for node in source.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            span = source.span(node)
            if span[1] == reference.span[1] and source.code(span).endswith(reference.name):
                return node, span
    raise CannotInline("a use that cannot be located")


def _edit(file: File, node: ast.Name | ast.Attribute, span: Span, value: ast.expr, text: str) -> Edit:
    written = fitted(text, value, file.source.parents[node], node)
    if any(isinstance(above, ast.JoinedStr) for above in file.source.ancestors(node)):
        check_in_f_string(file.source.code(span), file.source.code(span), written)
    return Edit(*span, file.source.encode(written))


def _spelt(source: PythonSource, home: Home, value: ast.expr, text: str, spelt: dict[str, str]) -> str:
    if not spelt:
        return text
    start, end = source.span(value)
    edits = [
        Edit(u.span[0] - start, u.span[1] - start, source.encode(spelt[u.name])) for u in home.free if u.name in spelt
    ]
    return one_line(apply_edits(source.data[start:end], edits).decode(source.encoding)) or text
