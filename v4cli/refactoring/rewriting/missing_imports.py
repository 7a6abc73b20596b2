"""Imports for names that a written text uses and its file does not bind, found in the repository and in Python."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING

from ..python.modules import Modules, absolute_in, respell
from ..python.scopes import BUILTINS, Scopes
from ..python.source import PythonSource

if TYPE_CHECKING:
    from repo_index import Index

#: modules whose names are commonly imported one by one, in the order they are looked through
_COMMON = ("typing", "collections.abc", "collections", "dataclasses", "functools", "itertools", "pathlib", "contextlib")
_NEVER = frozenset({"antigravity", "this", "idlelib"})


def undefined(source: PythonSource) -> set[str]:
    """Names that the file reads and nothing in it binds."""
    scopes = Scopes(source)
    if scopes.star_imports:
        return set()
    return {u.name for u in scopes.uses if scopes.resolve(u) is None and u.name not in BUILTINS}


def find_import(index: Index, path: str, name: str) -> str | None:
    """The import statement that binds `name` in the file `path`: as other files of the repository have it, a
    definition of the repository that only one module has, or a module or common name of the standard library."""
    modules = Modules(index)
    package = modules.package(path) or ""
    found: Counter[str] = Counter()
    for record in index.files():
        facts = index.facts(record.path) if record.path.endswith(".py") else None
        for fact in facts.imports if facts is not None else ():
            if fact.local != name or fact.scope or fact.conditional:
                continue
            if fact.name is None:
                found[f"import {fact.module}" + (f" as {name}" if fact.module != name else "")] += 1
            elif fact.name != "*":
                module = absolute_in(fact.module, modules.package(record.path) or "") or fact.module
                found[_from(respell(module, _style(index, path), package), fact.name, name)] += 1
    if found:
        return min(found, key=lambda statement: (-found[statement], statement))
    homes = [s for s in index.find(name) if "." not in s.qualified and s.path.endswith(".py") and s.path != path]
    if len(homes) == 1 and (home := modules.name(homes[0].path)):
        return _from(respell(home, _style(index, path), package), name, name)
    if name in sys.stdlib_module_names and name not in _NEVER:
        return f"import {name}"
    for library in _COMMON:
        if name in getattr(import_module(library), "__all__", ()):
            return f"from {library} import {name}"
    return None


def _from(module: str, name: str, local: str) -> str:
    return f"from {module} import {name}" + (f" as {local}" if local != name else "")


def _style(index: Index, path: str) -> str:
    """ "." where the file imports from its own package relatively."""
    facts = index.facts(path)
    return "." if facts is not None and any(i.module.startswith(".") for i in facts.imports) else ""


def unknown_attributes(source: PythonSource, before: PythonSource) -> set[str]:
    """`module.name` on modules of the standard library that have no such name, where the file did not say so before."""
    return _unknown(source) - _unknown(before)


def _unknown(source: PythonSource) -> set[str]:
    scopes = Scopes(source)
    found = set()
    for use in scopes.uses:
        node = source.parents.get(use.node)
        home = scopes.resolve(use)
        if not isinstance(node, ast.Attribute) or home is None:
            continue
        for bound in home.bindings.get(use.name, []):
            if not isinstance(bound, ast.alias) or not isinstance(source.parents.get(bound), ast.Import):
                continue
            module = bound.name if bound.asname else use.name
            if module.split(".")[0] not in sys.stdlib_module_names - _NEVER:
                continue
            try:
                known = hasattr(import_module(module), node.attr) or module + "." + node.attr in sys.modules
            except ImportError:
                continue
            if not known and "." not in bound.name:
                found.add(f"{use.name}.{node.attr}")
    return found
