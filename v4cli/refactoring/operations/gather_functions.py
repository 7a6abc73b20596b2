"""Gather functions of a module into a class as static methods."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ...errors import NothingToDo, Refused
from ..classes.build import class_node, function_nodes, into_class
from ..classes.checks import check_class, check_own_needs, functions_of, place, quote_annotations
from ..lookup import find_symbol
from ..operation import Operation, Outcome
from ..python.modules import is_python
from ..python.scopes import Scopes
from ..python.source import parse
from ..uses.replace import Replacement, Replacing
from ..workspace import Workspace

if TYPE_CHECKING:
    from repo_index.records import Symbol


class GatherFunctions(Operation):
    """Makes module-level functions of one Python module static methods of a class of that module, new or existing.

    The code goes with its decorators and comments; a new class stands where the first of the functions stood (or
    a later one, when what they need to be defined comes later), in their order. Touched besides: every use (`f()`
    becomes `Class.f()`, `module.f` becomes `module.Class.f`), imports of the functions, which become imports of
    the class, re-exports and `__all__`, the targets of mock.patch, patch.object, setattr and getattr, and prose
    that names a function (in Sphinx roles and directives as a method). Changelogs stay unless `changelog`; texts
    of the program are listed, not changed. Refused when a function is bound in another way, uses a name that a
    class would mangle, or is needed before the class can be defined.
    """

    kind: Literal["gather_functions"] = "gather_functions"
    symbols: list[str] = Field(min_length=1, description="path::name of each, module-level functions of one file")
    class_name: str
    docstring: str = Field(default="", description="of a new class")
    changelog: bool = False

    def apply(self, ws: Workspace) -> Outcome:
        symbols = [find_symbol(ws.index, spec) for spec in self.symbols]
        path = symbols[0].path
        for symbol in symbols:
            if symbol.path != path:
                raise Refused(f"{symbol.id} is not in {path}; move it there first, with move_symbols")
            if symbol.kind != "function" or "." in symbol.qualified:
                raise Refused(f"{symbol.id} is not a function at module level")
        if not is_python(path):
            raise Refused(f"{path}: gather_functions works on Python only")
        if not self.class_name.isidentifier() or keyword.iskeyword(self.class_name):
            raise Refused(f"{self.class_name!r} cannot be the name of a class")
        if '"""' in self.docstring or self.docstring.endswith(("\\", '"')):
            raise Refused("docstring: quotes or a backslash would end it")
        return into_static_methods(ws, {s.name: s for s in symbols}, self.class_name, self.docstring, self.changelog)


def into_static_methods(
    ws: Workspace, symbols: dict[str, Symbol], class_name: str, doc: str, changelog: bool
) -> Outcome:
    """Carry it out for functions of one module, by name. Raises Refused."""
    path = next(iter(symbols.values())).path
    names = set(symbols)
    source = parse(path, ws.read(path))
    scopes = Scopes(source)
    functions = functions_of(source, scopes, names)
    existing: Symbol | None = None
    home = class_node(source, scopes, class_name)
    if home is not None:
        existing = find_symbol(ws.index, f"{path}::{class_name}")
        check_class(ws.index, source, scopes, home, existing, names)
    elif class_name in scopes.module.bindings:
        raise Refused(f"{path}: {class_name} is bound there already, and not as a class")
    check_own_needs(source, scopes, functions)
    at = functions.index(spot) if (spot := place(source, scopes, functions, home, class_name)) in functions else -1
    replacements = {
        name: (symbol, Replacement(class_name, f".{name}", is_method=True)) for name, symbol in symbols.items()
    }
    replacing = Replacing(ws, replacements, existing=existing, changelog=changelog)
    replacing.run()
    quote(ws, path, names, class_name)
    source = parse(path, ws.read(path))
    moved = function_nodes(source, names)
    if not moved:
        raise NothingToDo(f"{path}: no function of these names")
    target = moved[at] if at >= 0 else class_node(source, Scopes(source), class_name)
    assert target is not None
    ws.write(path, into_class(source, moved, target, class_name, static=True, doc=doc))
    return Outcome(left_alone=sorted(set(replacing.left)))


def quote(ws: Workspace, path: str, names: set[str], class_name: str) -> None:
    """Put annotations of the functions that name the class in quotes."""
    source = parse(path, ws.read(path))
    ws.edit(path, quote_annotations(source, Scopes(source), function_nodes(source, names), class_name))
