"""The function that is to be inlined: what kind of body it has, and why it may not be inlined at all."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...errors import Refused
from ..python.modules import Modules
from ..python.nodes import function_at
from ..python.scopes import Scopes, Use, enclosing_function
from ..python.source import DEFINITIONS, FunctionNode, docstring, parse
from .expressions import IsStable, stable_names
from .names import File

if TYPE_CHECKING:
    from repo_index.records import Symbol

    from ..workspace import Workspace

#: calls that look at the frame they run in
_FRAME = frozenset("locals vars eval exec globals dir super".split())


@dataclass(slots=True)
class Inlined:
    """`statements`: the body without docstring and final return; `value`: what the final return gives.

    `receiver`: the first parameter is what a method is called on. `early`: there are returns before the end.
    """

    file: File
    symbol: Symbol
    node: FunctionNode
    statements: list[ast.stmt]
    value: ast.expr | None
    receiver: bool
    early: bool
    stable: IsStable
    #: uses of names that the function does not bind itself
    free: list[Use] = field(default_factory=list)
    #: parameter -> its uses
    parameters: dict[str, list[Use]] = field(default_factory=dict)
    mangled: str = ""

    @property
    def is_async(self) -> bool:
        return isinstance(self.node, ast.AsyncFunctionDef)

    @property
    def name(self) -> str:
        return self.node.name

    def inside(self, use: Use) -> bool:
        start = self.file.source.span(self.node.body[0])[0]
        return start <= use.span[0] < self.file.source.span(self.node)[1]


def read(ws: Workspace, symbol: Symbol) -> Inlined:
    """The function of a symbol. Raises Refused, with the place and the reason, when it cannot be inlined anywhere."""
    source = parse(symbol.path, ws.read(symbol.path))
    scopes = Scopes(source)
    file = File(source, scopes, Modules(ws.index), ws.index)
    node = _node(file, symbol)
    where = f"{symbol.path}:{node.lineno}"
    receiver = _is_method(file, node, where)
    if receiver and len(family := ws.index.method_family(symbol)) > 1:
        others = ", ".join(sorted(m.id for m in family if m.id != symbol.id)[:4])
        raise Refused(f"{where}: {symbol.qualified} overrides, or is overridden by, {others}: which one runs is open")
    if node.args.vararg or node.args.kwarg:
        raise Refused(f"{where}: {node.name} takes *args or **kwargs")
    _check_body(file, node, where)
    body = node.body[1:] if docstring(node.body) is not None else list(node.body)
    if body and isinstance(body[-1], ast.Pass):
        body.pop()
    last = body[-1] if body else None
    value = last.value if isinstance(last, ast.Return) else None
    statements = body[:-1] if isinstance(last, ast.Return) else body
    early = any(isinstance(n, ast.Return) for s in statements for n in ast.walk(s))
    found = Inlined(file, symbol, node, statements, value, receiver, early, stable_names(scopes))
    _uses(found, where)
    return found


def _node(file: File, symbol: Symbol) -> FunctionNode:
    node = function_at(file.source, symbol)
    where = f"{symbol.path}:{node.lineno}"
    outer = file.source.parents[node]
    if not isinstance(outer, ast.Module | ast.ClassDef):
        kind = "inside a function" if enclosing_function(file.scope_at(node)) else "conditional"
        raise Refused(f"{where}: {node.name} is {kind}; only functions of a module and methods are inlined")
    if len(file.scope_at(node).bindings.get(node.name, [])) > 1:
        raise Refused(f"{where}: {node.name} is bound more than once")
    return node


def _is_method(file: File, node: FunctionNode, where: str) -> bool:
    """Whether the first parameter is the object it is called on. Raises Refused for decorators but staticmethod."""
    decorators = [getattr(d, "id", None) for d in node.decorator_list]
    if decorators and decorators != ["staticmethod"]:
        raise Refused(f"{where}: {node.name} has decorators, which inlining would lose")
    if not isinstance(file.source.parents[node], ast.ClassDef):
        if decorators:
            raise Refused(f"{where}: {node.name} has decorators, which inlining would lose")
        return False
    if node.name.startswith("__") and node.name.endswith("__"):
        raise Refused(f"{where}: {node.name} is called by Python itself")
    if not decorators and not [*node.args.posonlyargs, *node.args.args]:
        raise Refused(f"{where}: {node.name} takes no self")
    return not decorators


def _check_body(file: File, node: FunctionNode, where: str) -> None:
    for part in node.body:
        for inner in ast.walk(part):
            line = getattr(inner, "lineno", node.lineno)
            place = f"{file.path}:{line}"
            if isinstance(inner, ast.Yield | ast.YieldFrom):
                raise Refused(f"{place}: {node.name} is a generator")
            if isinstance(inner, ast.Global | ast.Nonlocal):
                raise Refused(f"{place}: {node.name} assigns names outside of it")
            if isinstance(inner, (*DEFINITIONS, ast.Import, ast.ImportFrom)):
                raise Refused(f"{place}: {node.name} has definitions or imports of its own inside")
            if isinstance(inner, ast.NamedExpr):
                raise Refused(f"{place}: {node.name} assigns inside of an expression")
            if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id in _FRAME:
                raise Refused(f"{place}: {inner.func.id}() depends on the function that it stands in")
            if isinstance(inner, ast.Name) and inner.id == "__class__":
                raise Refused(f"{place}: __class__ depends on the class that it stands in")


def _uses(found: Inlined, where: str) -> None:
    scopes = found.file.scopes
    own = scopes.scope_of[found.node]
    arguments = found.node.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    found.parameters = {name: [] for name in names}
    for use in scopes.uses:
        if not found.inside(use):
            continue
        home = scopes.resolve(use)
        if home is own:
            if use.name in found.parameters:
                found.parameters[use.name].append(use)
        elif home is None or home is scopes.module:
            if use.name == found.name and home is scopes.module:
                raise Refused(f"{where}: {found.name} calls itself")
            found.free.append(use)
        elif own not in home.chain():
            raise Refused(f"{where}: {found.name} uses {use.name} of the class or function around it")
    for node in (n for part in found.node.body for n in ast.walk(part)):
        for name in (getattr(node, "attr", ""), getattr(node, "id", "")):
            if isinstance(name, str) and name.startswith("__") and not name.endswith("__"):
                found.mangled = name
    start, end = found.file.source.span(found.node)
    for reference in found.file.index.references(found.symbol) if found.receiver else ():
        inside = reference.path == found.file.path and start < reference.span[0] < end
        if inside and reference.kind in {"call", "use"} and reference.certainty != "text":
            raise Refused(f"{found.file.path}:{reference.line}: {found.name} calls itself")
