"""Which class a name of a plan stands for, and which one an expression in a file does."""

from __future__ import annotations

import ast
import builtins
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import NothingToDo, Refused
from ..lookup import find_symbol
from .imports import ImportName
from .modules import Modules, is_python, relative_in
from .scopes import Scopes
from .source import DEFINITIONS, PythonSource, dotted

if TYPE_CHECKING:
    from repo_index import Index
    from repo_index.records import Symbol

    from .imports import ImportStatement


@dataclass(frozen=True, slots=True)
class Named:
    """A class: `module` is the dotted name of the one that defines it, "builtins" for a built-in one; `symbol` is
    its definition where that is in the repository."""

    module: str
    name: str
    symbol: Symbol | None = None

    @property
    def identity(self) -> str:
        return self.symbol.id if self.symbol is not None else f"{self.module}.{self.name}"

    @property
    def builtin(self) -> bool:
        return self.module == "builtins"


def named(index: Index, spec: str) -> Named:
    """The class of `spec`: `path::Name`, a dotted name, or the name of a built-in or of a class of the repository.

    Raises Refused where it may mean several or is no class, NothingToDo where nothing is known by that name.
    """
    module, _, name = spec.rpartition(".")
    builtin = getattr(builtins, name, None) if module in {"", "builtins"} and "::" not in spec else None
    if builtin is not None and isinstance(builtin, type):
        found = index.find(name, kinds={"class"}) if not module else []
        same = [s for s in found if "." not in s.qualified and index.role(s.path) != "test"]
        if same:
            raise Refused(f"{spec} may mean builtins.{spec} or {same[0].id}: name one of them in full")
        return Named("builtins", name)
    try:
        symbol = find_symbol(index, spec)
    except NothingToDo:
        top = module.split(".")[0]
        outside = {e.module.split(".")[0] for e in index.edges() if e.state == "external"} | sys.stdlib_module_names
        if "::" in spec or top not in outside or not all(p.isidentifier() for p in spec.split(".")):
            raise
        return Named(module, name)
    if symbol.kind != "class" or not is_python(symbol.path):
        raise Refused(f"{symbol.id} is a {symbol.kind}, not a Python class")
    if "." in symbol.qualified:
        raise Refused(f"{symbol.id} is not at module level")
    home = index.module_name(symbol.path)
    if home is None:
        raise Refused(f"{symbol.path}: not a path that Python can import")
    return Named(home, symbol.name, symbol)


class Denoting:
    """What names and chains of attributes in one file stand for."""

    def __init__(self, source: PythonSource, scopes: Scopes, modules: Modules, found: list[ImportStatement]) -> None:
        self.source, self.scopes, self.modules = source, scopes, modules
        self.by_alias: dict[ast.AST, ImportName] = {n.alias: n for s in found for n in s.names}
        self._uses = {u.node: u for u in scopes.uses}

    def identity(self, node: ast.expr) -> str:
        """`path::Class` of the repository, else the dotted name; "" for what is not known."""
        text = dotted(node)
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            root = root.value
        use = self._uses.get(root)
        if text is None or use is None:
            return ""
        inside = ".".join(reversed([a.name for a in self.source.ancestors(node) if isinstance(a, DEFINITIONS)]))
        meant = self.modules.index.resolve(self.source.path, text, inside)
        if meant is not None:
            return getattr(meant, "id", "")
        home = self.scopes.resolve(use)
        if home is None:
            star = self.scopes.star_imports
            return f"builtins.{text}" if hasattr(builtins, text) and not star else ""
        for bound in home.bindings[use.name]:
            if bound in self.by_alias:
                return self.dotted_name(self.by_alias[bound]) + text[len(use.name) :]
        return ""

    def dotted_name(self, name: ImportName) -> str:
        """The full name of what an import binds."""
        if name.statement.is_from:
            module = self.modules.absolute(name.statement.module, self.source.path) or ""
            return f"{module}.{name.name}"
        return name.name if name.asname else name.local

    def of_import(self, name: ImportName) -> str:
        """As identity, for what an import binds."""
        meant = self.modules.index.resolve(self.source.path, name.local)
        return getattr(meant, "id", "") or self.dotted_name(name)


def specifier(modules: Modules, found: list[ImportStatement], path: str, target: str) -> str:
    """How the file `path`, whose imports are `found`, names the module file `target`: as it does already, else
    relative where most of its imports are."""
    for statement in found:
        if statement.is_from and modules.file(statement.module, path) == target:
            return statement.module
    name = modules.name(target)
    if name is None:
        raise Refused(f"{target}: not a path that Python can import")
    relative = sum(s.is_from and s.module.startswith(".") for s in found)
    if relative * 2 > sum(s.is_from for s in found):
        return relative_in(name, modules.package(path) or "") or name
    return name
