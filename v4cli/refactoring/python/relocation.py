"""What moved where, and what the rewriting of files needs to know of their code."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from ...errors import Refused
from .scopes import Use, enclosing_function
from .source import FunctionNode, PythonSource, dotted


@dataclass(slots=True)
class Relocation:
    """What moved where. Paths are those before, dotted names those after.

    `modules`: files that are now found under another dotted name. `names`: definitions (file, name) that now
    live in another module. `packages`: files that moved, with the package that they belong to now. `lazy`:
    (importer, module) pairs whose import must run inside functions, since it would close a cycle at import time.
    `stars`: who imports all names of a module that lost some gets these by name.
    """

    modules: dict[str, str] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    lazy: set[tuple[str, str]] = field(default_factory=set)
    #: the file that the definitions moved to, where they need no import
    target: str = ""
    stars: bool = True


def deferring_function(use: Use) -> FunctionNode | None:
    """The innermost `def` whose body holds the use; None when the use runs on import.

    The innermost: an outer one may be a decorator, which runs on import.
    """
    return enclosing_function(use.scope) if use.deferred else None


def lazy_home(use: Use, place: str, needed: str, closed: str = "an import cycle") -> FunctionNode:
    """The function that can import what the use needs when it is called.

    Raises Refused, naming `place` ("path:line"), for a use that runs on import.
    """
    function = deferring_function(use)
    if function is None:
        raise Refused(f"{place}: needs {needed} while it is being imported, which would close {closed}")
    return function


def all_entries(source: PythonSource) -> dict[str, ast.Constant]:
    """The strings of `__all__` (assigned or extended with list literals) by their text."""
    entries: dict[str, ast.Constant] = {}
    for statement in source.tree.body:
        value: ast.expr | None = None
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if any(isinstance(t, ast.Name) and t.id == "__all__" for t in targets):
                value = statement.value
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            called = dotted(statement.value.func)
            if called in {"__all__.extend", "__all__.append"} and statement.value.args:
                value = statement.value.args[0]
        if value is None:
            continue
        for node in ast.walk(value):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                entries.setdefault(node.value, node)
    return entries
