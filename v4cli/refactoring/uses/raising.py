"""What code does with a type of exception, and whether a block may run code that raises it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal

from ..python.source import FUNCTIONS, PythonSource, Span

if TYPE_CHECKING:
    from repo_index import Index
    from repo_index.call_graph import Use

Role = Literal["raise", "except", "test", "other"]

#: calls that catch the exceptions they are given
_CATCHING = {"raises", "assertRaises", "assertRaisesRegex", "suppress", "RaisesGroup", "RaisesExc"}
_TESTING = {"isinstance", "issubclass"}


def role(source: PythonSource, node: ast.expr) -> Role:
    """What the code does with the type that stands there."""
    above = source.parents[node]
    value: ast.AST = node
    if isinstance(above, ast.Call) and above.func is node:
        value, above = above, source.parents[above]
    while isinstance(above, ast.IfExp | ast.BoolOp):
        value, above = above, source.parents[above]
    if isinstance(above, ast.Raise) and above.exc is value:
        return "raise"
    if isinstance(above, ast.Assign) and value is not node and _raised_later(source, above):
        return "raise"
    while isinstance(above, ast.Tuple):
        value, above = above, source.parents[above]
    if isinstance(above, ast.ExceptHandler) and above.type is value:
        return "except"
    if isinstance(above, ast.Call) and value in above.args:
        name = getattr(above.func, "attr", getattr(above.func, "id", ""))
        if name in _CATCHING:
            return "except"
        if name in _TESTING:
            return "test"
    return "other"


def _raised_later(source: PythonSource, statement: ast.Assign) -> bool:
    """Whether what is assigned to a local name is raised in the same function."""
    function = next((a for a in source.ancestors(statement) if isinstance(a, FUNCTIONS)), None)
    if function is None or len(statement.targets) != 1 or not isinstance(statement.targets[0], ast.Name):
        return False
    name = statement.targets[0].id
    return any(
        isinstance(n, ast.Raise) and isinstance(n.exc, ast.Name) and n.exc.id == name for n in ast.walk(function)
    )


def guarded(source: PythonSource, node: ast.expr) -> list[Span]:
    """The code whose exceptions the handler, or the call that catches, with this type gets."""
    for above in source.ancestors(node):
        if isinstance(above, ast.ExceptHandler):
            statement = source.parents[above]
            return [source.span(part) for part in getattr(statement, "body", [])]
        if isinstance(above, ast.With | ast.AsyncWith):
            return [source.span(part) for part in above.body]
        if isinstance(above, ast.stmt):
            return [source.span(above)]  # pytest.raises(Type, function)
    return []


class Raisers:
    """The functions that raise a type, and what may run them, by the graph of calls."""

    def __init__(self, index: Index) -> None:
        from repo_index.call_graph import CallGraph

        self.graph = CallGraph(index)
        self.places: set[tuple[str, int]] = set()
        self.holders: set[str] = set()
        self._uses: dict[str, list[Use]] = {}
        self._known: dict[str, bool] = {}

    def add(self, source: PythonSource, node: ast.expr) -> None:
        """A place that raises the type."""
        at = source.span(node)[0]
        self.places.add((source.path, at))
        self.holders.add(self.graph.holder(source.path, at).id)
        self._known.clear()

    def may_raise(self, path: str, areas: list[Span]) -> bool:
        """Whether code of the areas raises the type, or calls what may raise it in the end."""
        if any(p == path and a <= at < b for p, at in self.places for a, b in areas):
            return True
        if path not in self._uses:
            self._uses[path] = list(self.graph.uses(path))
        return any(self._reaches(use) for use in self._uses[path] for a, b in areas if a <= use.span[0] < b)

    def _reaches(self, use: Use) -> bool:
        symbol = use.target
        if symbol.id not in self._known:
            below = {u.target.id for level in self.graph.levels(symbol, upward=False) for u in level}
            self._known[symbol.id] = not self.holders.isdisjoint(below | {symbol.id})
        return self._known[symbol.id]
