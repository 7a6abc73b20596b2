"""Inline a function: its body takes the place of its calls."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ...errors import Refused
from ..inlining.calls import as_expression, site
from ..inlining.function import Inlined, read
from ..inlining.names import CannotInline, File
from ..inlining.sites import Replace, Replaced, inline_everywhere
from ..inlining.statements import as_statements
from ..operation import Operation, Outcome
from ..python.modules import is_python
from ..workspace import Workspace

if TYPE_CHECKING:
    from repo_index.records import Reference, Symbol


class InlineFunction(Operation):
    """Replaces every call of a Python function or method by what it does, and deletes the definition when nothing
    uses it any more (`remove`).

    A function that is one returned expression is inlined anywhere; one with statements where the call is a whole
    statement (`f(x)`, `y = f(x)`, `return f(x)`), its local names renamed where they are taken. An argument goes in
    the place of its parameter when it is a constant or a name that does not change, or when it is used once and is
    evaluated in the same order as before; otherwise, among statements, it becomes a local variable. Names of the
    function's module are imported where the call is; imports that nothing uses any more go.

    Left alone, with the reason: calls with * or **, those that would be evaluated in another order or several
    times, those inside f-strings, uses that are no calls. Refused as a whole: generators, recursive and decorated
    functions, overridden methods, *args and **kwargs, functions that assign names outside of them.
    """

    kind: Literal["inline_function"] = "inline_function"
    symbol: str = Field(description="path::qualified.name")
    remove: bool = Field(default=True, description="delete the definition when no use is left")

    def apply(self, ws: Workspace) -> Outcome:
        return inline_everywhere(ws, self.symbol, lambda symbol: _replacing(ws, symbol), self.remove)


def _replacing(ws: Workspace, symbol: Symbol) -> Replace:
    if symbol.kind not in {"function", "method"} or not is_python(symbol.path):
        raise Refused(f"{symbol.id} is not a Python function")
    found = read(ws, symbol)

    def replace(file: File, reference: Reference) -> Replaced:
        call = _call(file, reference)
        if _is_inside(found, file, call):
            raise CannotInline("a call inside of the function itself")
        at = site(found, file, call)
        if not found.statements and found.value is not None:
            edits = as_expression(found, at)
        else:
            edits = as_statements(found, at)
        return Replaced(edits, at.imports, at.origin)

    return replace


def _call(file: File, reference: Reference) -> ast.Call:
    source = file.source
    if reference.kind != "call":
        raise CannotInline("uses it without calling it")
    for node in source.nodes:
        if (
            isinstance(node, ast.Call)
            and source.span(node.func)[1] == reference.span[1]
            and source.data[slice(*reference.span)] == source.encode(reference.name)
        ):
            return node
    raise CannotInline("a call that cannot be located")


def _is_inside(found: Inlined, file: File, call: ast.Call) -> bool:
    start, end = found.file.source.full_span(found.node)
    return file.path == found.file.path and start <= file.source.span(call)[0] < end
