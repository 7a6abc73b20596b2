"""Merge two functions into one that a flag tells what to do."""

from __future__ import annotations

import ast
import keyword
from typing import Literal

from pydantic import Field

from ...errors import NothingToDo, Refused
from ..classes.build import function_nodes, in_place_of
from ..classes.checks import place
from ..classes.merged import Merged, check_mergeable, common_names
from ..lookup import find_symbol
from ..moving.pieces import cut, statements_of
from ..operation import Operation, Outcome
from ..python.imports import NewImport
from ..python.modules import is_python
from ..python.scopes import Scopes
from ..python.signature import add_argument, argument_list
from ..python.source import FUNCTIONS, FunctionNode, PythonSource, parse
from ..uses.replace import Place, Replacement, Replacing, Rewritten
from ..workspace import Edit, Workspace
from .move_symbols import MoveSymbols


class MergeFunctions(Operation):
    """Makes one Python function of two module-level ones: `new_name` does what `first` did when its new last
    parameter `flag` is true, and what `second` did when it is false.

    Both take the same parameters (the second's may have other names; they get the first's). Statements that both
    begin with stay above the branch; docstrings are joined. Every call gets the name, and `flag=...` unless that
    is the `default`; a use that is no call becomes functools.partial where it needs the flag. Imports, `__all__`,
    strings that tools read and prose follow, as with a rename. A second function of another module is moved to the
    first one's module. Refused when parameters, decorators or kinds of function differ, or when a local name of
    one is a global name to the other.
    """

    kind: Literal["merge_functions"] = "merge_functions"
    first: str = Field(description="path::function, the behaviour when the flag is true")
    second: str = Field(description="path::function, the behaviour when the flag is false")
    new_name: str
    flag: str
    default: bool | None = Field(default=None, description="of the flag; none: every call passes it")
    changelog: bool = False

    def apply(self, ws: Workspace) -> Outcome:
        one, two = find_symbol(ws.index, self.first), find_symbol(ws.index, self.second)
        if one.id == two.id:
            raise NothingToDo(f"{one.id} is one function already")
        for symbol in (one, two):
            if symbol.kind != "function" or "." in symbol.qualified or not is_python(symbol.path):
                raise Refused(f"{symbol.id} is not a Python function at module level")
        for name in (self.new_name, self.flag):
            if not name.isidentifier() or keyword.iskeyword(name):
                raise Refused(f"{name!r} is not an identifier")
        outcome = Outcome()
        if one.path != two.path:
            outcome = MoveSymbols(symbols=[two.id], target=one.path, changelog=self.changelog).apply(ws)
            two = find_symbol(ws.index, f"{one.path}::{two.name}")
        path = one.path
        source = parse(path, ws.read(path))
        scopes = Scopes(source)
        first, second = _nodes(source, one.name, two.name)
        taken = [n for n in scopes.module.bindings.get(self.new_name, []) if n not in (first, second)]
        if taken:
            raise Refused(f"{path}:{getattr(taken[0], 'lineno', 1)}: {self.new_name} is bound there already")
        check_mergeable(source, scopes, first, second, self.flag)
        ordered = sorted((first, second), key=lambda f: f.lineno)
        spot = place(source, scopes, ordered, None)
        renames = common_names(first, second)
        replacing = Replacing(
            ws,
            {s.name: (s, Replacement(self.new_name)) for s in (one, two)},
            at_use=lambda use, _: self._use(use, use.symbol.name == one.name, renames),
            at_text=lambda name, rest: self._text(name == one.name, rest),
            changelog=self.changelog,
        )
        replacing.run()
        source = parse(path, ws.read(path))
        first, second = _nodes(source, one.name, two.name)
        target = first if isinstance(spot, FUNCTIONS) and spot.name == one.name else second
        merged = Merged(source, first, second, self.new_name, self.flag, self.default, renames)
        text = merged.text()
        pieces = cut(source, sorted((first, second), key=lambda f: f.lineno))
        ws.write(path, in_place_of(source, pieces, target, text))
        outcome.notes += merged.notes
        outcome.left_alone = sorted({*outcome.left_alone, *replacing.left})
        return outcome

    def _use(self, use: Place, is_first: bool, renames: dict[str, str]) -> Rewritten:
        named = Edit(*use.span, use.source.encode(self.new_name))
        explicit = self.default is not is_first
        if use.call is not None:
            edits = [named]
            if explicit:
                edits += add_argument(use.source, use.call, self.flag, str(is_first))
            if not is_first:
                edits += _keywords(use, use.call, renames)
            return edits, True
        if use.reference.kind == "call":
            raise use.refuse("a call inside an f-string, whose arguments cannot be located")
        behind = use.source.data[use.span[1] : use.span[1] + 1]
        if not explicit or behind == b".":
            return [named], True
        if not use.bare:
            raise use.refuse(f"uses the function without calling it; it would need {self.flag}={is_first}")
        use.imports.append(NewImport("functools"))
        text = f"functools.partial({self.new_name}, {self.flag}={is_first})"
        return [Edit(*use.span, use.source.encode(text))], True

    def _text(self, is_first: bool, rest: bytes) -> Edit | None:
        """In prose, a call with arguments shows the flag as well."""
        if self.default is is_first or not rest.startswith(b"("):
            return None
        depth = 0
        for position, byte in enumerate(rest):
            depth += (byte in b"([{") - (byte in b")]}")
            if depth == 0:
                if position == 1:
                    return None
                return Edit(position, position, f", {self.flag}={is_first}".encode())
        return None


def _nodes(source: PythonSource, one: str, two: str) -> tuple[FunctionNode, FunctionNode]:
    scopes = Scopes(source)
    for statement in statements_of(source, scopes, {one, two}):
        if not isinstance(statement, FUNCTIONS):
            raise Refused(f"{source.path}:{statement.lineno}: not a plain def")
    found = function_nodes(source, {one, two})
    for name in (one, two):
        if len(scopes.module.bindings[name]) > 1:
            raise Refused(f"{source.path}: {name} is bound more than once")
    return next(f for f in found if f.name == one), next(f for f in found if f.name == two)


def _keywords(use: Place, call: ast.Call, renames: dict[str, str]) -> list[Edit]:
    """Keyword arguments by which a call of the second function names parameters that have other names now."""
    edits = []
    opening, _ = argument_list(use.source, call)
    for argument in call.keywords:
        if argument.arg in renames:
            start = use.source.span(argument)[0]
            assert start > opening
            edits.append(Edit(start, start + len(argument.arg.encode()), renames[argument.arg].encode()))
    return edits
