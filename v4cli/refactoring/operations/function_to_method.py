"""Make a module-level function a method of an existing class."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ...errors import Refused
from ..classes.build import class_node, function_nodes, into_class
from ..classes.checks import check_class, check_own_needs, functions_of, place
from ..lookup import find_symbol
from ..operation import Operation, Outcome
from ..python.arguments import argument_of, items, without
from ..python.locals import clash
from ..python.modules import is_python
from ..python.parameter_uses import is_rebound, reads
from ..python.scopes import Scopes
from ..python.signature import parameter_names
from ..python.source import FunctionNode, PythonSource, parse
from ..uses.replace import Place, Replacement, Replacing, Rewritten
from ..workspace import Edit, Workspace
from .gather_functions import into_static_methods, quote
from .move_symbols import MoveSymbols

if TYPE_CHECKING:
    from repo_index.records import Symbol


class FunctionToMethod(Operation):
    """Makes a module-level Python function a method of a class, which may stand in another module.

    The function takes an instance when its first parameter is annotated with the class, or when `instance` names
    that parameter: it becomes `self`, and `f(x, a)` becomes `x.f(a)`. Any other function becomes a static method,
    and `f(a)` becomes `Class.f(a)`; `static` asks for that in any case. A function of another module is moved
    first, as move_symbols does, with the imports it needs and the private helpers that it alone uses. Imports,
    re-exports, `__all__`, strings that tools read and prose follow as in gather_functions. Refused when a call
    passes no instance, or when the class or one above or below it has a member of that name.
    """

    kind: Literal["function_to_method"] = "function_to_method"
    symbol: str = Field(description="path::function")
    class_symbol: str = Field(description="path::Class")
    instance: str | None = Field(default=None, description="the first parameter, when it takes the instance")
    static: bool = False
    changelog: bool = False

    def apply(self, ws: Workspace) -> Outcome:
        symbol, owner = find_symbol(ws.index, self.symbol), find_symbol(ws.index, self.class_symbol)
        if symbol.kind != "function" or "." in symbol.qualified:
            raise Refused(f"{symbol.id} is not a function at module level")
        if owner.kind != "class" or "." in owner.qualified:
            raise Refused(f"{owner.id} is not a class at module level")
        if not (is_python(symbol.path) and is_python(owner.path)):
            raise Refused(f"{symbol.id}: function_to_method works on Python only")
        source = parse(symbol.path, ws.read(symbol.path))
        functions = functions_of(source, Scopes(source), {symbol.name})
        instance = self._instance(ws, symbol, owner, functions)
        outcome = Outcome()
        if symbol.path != owner.path:
            moving = MoveSymbols(symbols=[symbol.id], target=owner.path, changelog=self.changelog)
            moved = moving.apply(ws)
            outcome.left_alone += moved.left_alone
            outcome.notes += moved.notes
            symbol = find_symbol(ws.index, f"{owner.path}::{symbol.name}")
            owner = find_symbol(ws.index, owner.id)
        if instance is None:
            outcome.notes.append(f"{symbol.name} takes no instance of {owner.name}: it is a static method")
            done = into_static_methods(ws, {symbol.name: symbol}, owner.name, "", self.changelog)
        else:
            done = _into_instance_method(ws, symbol, owner, instance, self.changelog)
        outcome.left_alone = sorted({*outcome.left_alone, *done.left_alone})
        outcome.notes += done.notes
        return outcome

    def _instance(self, ws: Workspace, symbol: Symbol, owner: Symbol, functions: list[FunctionNode]) -> str | None:
        """The name of the parameter that takes the instance; None for a static method."""
        if self.static:
            return None
        first = next(iter([*functions[-1].args.posonlyargs, *functions[-1].args.args]), None)
        if self.instance is not None:
            if self.instance not in parameter_names(functions[-1]):
                raise Refused(f"{symbol.id} has no parameter {self.instance}")
            if first is None or first.arg != self.instance:
                raise Refused(f"{symbol.id}: {self.instance} is not its first parameter, so it cannot become self")
            return self.instance
        if first is None or len(functions) > 1:
            return None
        annotation = first.annotation
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            text = annotation.value
        else:
            text = ast.unparse(annotation) if annotation is not None else ""
        if not text.replace(".", "_").isidentifier() or text.rpartition(".")[2] != owner.name:
            return None
        meant = ws.index.resolve(symbol.path, text)
        return first.arg if meant is None or getattr(meant, "id", "") == owner.id else None


def _into_instance_method(ws: Workspace, symbol: Symbol, owner: Symbol, instance: str, changelog: bool) -> Outcome:
    path, name = symbol.path, symbol.name
    source = parse(path, ws.read(path))
    scopes = Scopes(source)
    functions = functions_of(source, scopes, {name})
    home = class_node(source, scopes, owner.name)
    if home is None or len(functions) > 1:
        raise Refused(f"{path}: {owner.name if home is None else name} is defined more than once")
    function = functions[0]
    check_class(ws.index, source, scopes, home, owner, {name})
    check_own_needs(source, scopes, functions)
    place(source, scopes, functions, home, owner.name)
    if instance != "self" and (found := clash(scopes, scopes.scope_of[function], instance, "self")):
        raise Refused(f"{path}:{source.line_of(found.offset)}: self {found.what}")

    def at_use(use: Place, replacement: Replacement) -> Rewritten:
        plain = [Edit(*use.span, use.source.encode(replacement.text))], True
        if use.call is None:
            return plain
        receiver = argument_of(function, use.call, instance)
        if receiver is None or (isinstance(receiver, ast.Constant) and receiver.value is None):
            raise use.refuse(f"passes no {instance}, which becomes the instance")
        begin, end = use.source.span(receiver)
        if name.encode() in use.source.data[begin:end] or isinstance(receiver, ast.Starred):
            return plain  # a call inside of the instance: `Class.f(instance)` says the same
        text = use.source.code((begin, end))
        if not isinstance(receiver, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
            text = f"({text})"
        gone = next(s for s in items(use.source, use.call) if s[0] <= begin and end <= s[1])
        callee = use.source.span(use.call.func)
        return [
            Edit(*callee, use.source.encode(f"{text}.{name}")),
            without(use.source, use.call, gone),
        ], False

    replacing = Replacing(
        ws,
        {name: (symbol, Replacement(owner.name, f".{name}", is_method=True))},
        at_use=at_use,
        existing=owner,
        changelog=changelog,
    )
    replacing.run()
    ws.edit(path, _to_self(parse(path, ws.read(path)), name, instance))
    quote(ws, path, {name}, owner.name)
    source = parse(path, ws.read(path))
    target = class_node(source, Scopes(source), owner.name)
    assert target is not None
    ws.write(path, into_class(source, function_nodes(source, {name}), target, owner.name, static=False))
    return Outcome(left_alone=sorted(set(replacing.left)))


def _to_self(source: PythonSource, name: str, instance: str) -> list[Edit]:
    """The first parameter, its annotation and default gone, is `self`."""
    (function,) = function_nodes(source, {name})
    scopes = Scopes(source)
    arguments = [*function.args.posonlyargs, *function.args.args]
    start, end = source.span(arguments[0])
    if len(function.args.defaults) == len(arguments):
        end = source.span(function.args.defaults[0])[1]
    edits = [Edit(start, end, b"self")]
    if instance == "self":
        return edits
    if is_rebound(scopes, function, instance):
        raise Refused(f"{source.path}:{function.lineno}: {name} gives {instance} another value, which self cannot take")
    return [*edits, *(Edit(*span, b"self") for span in reads(source, scopes, function, instance))]
