"""Whether `self.name` or `super().name` in a class leads to one of some definitions, by Python's own method order.

A mixin has no base with the name; what its method calls is known where it is mixed in. Language servers look at the
mixin alone. Here a class that derives from it is the witness: its bases are what basedpyright says that they are, their
order is C3's, and the class bodies are read with `ast`. The index only says which classes to try.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from benchmarks.python_answers import Basedpyright
from benchmarks.python_oracles import Place


@cache
def _module(path: Path) -> tuple[list[str], ast.Module]:
    text = path.read_text(encoding="utf-8")
    return text.split("\n"), ast.parse(text)


class Classes:
    def __init__(self, root: Path, server: Basedpyright) -> None:
        self.root, self.server = root, server

    def _all(self, path: str) -> Iterator[ast.ClassDef]:
        return (n for n in ast.walk(_module(self.root / path)[1]) if isinstance(n, ast.ClassDef))

    def around(self, place: Place) -> ast.ClassDef | None:
        """The innermost class around a place."""
        path, line, _ = place
        found = [c for c in self._all(path) if c.lineno <= line <= (c.end_lineno or 0)]
        return max(found, key=lambda c: c.lineno) if found else None

    def order(self, path: str, node: ast.ClassDef, depth: int = 0) -> list[tuple[str, ast.ClassDef]]:
        """The method resolution order of a class, of bases inside the folder."""
        orders: list[list[tuple[str, ast.ClassDef]]] = []
        direct: list[tuple[str, ast.ClassDef]] = []
        for base in node.bases if depth < 20 else ():
            name = base.value if isinstance(base, ast.Subscript) else base
            line, column = (name.end_lineno or 0), (name.end_col_offset or 1) - 1
            for where, at, _ in sorted(self.server.definitions((path, line, column))):
                found = next((c for c in self._all(where) if c.lineno == at), None)
                if found is not None:
                    direct.append((where, found))
                    orders.append(self.order(where, found, depth + 1))
                    break
        return [(path, node), *_merged([*orders, direct])]

    def leads(self, place: Place, name: str, witness: Place, family: Iterable[Place]) -> bool:
        """Whether the attribute at a place, on an object of the class at `witness`, is one of a family."""
        path, line, column = place
        holder = self.around(place)
        derived = next((c for c in self._all(witness[0]) if c.lineno == witness[1]), None)
        if holder is None or derived is None:
            return False
        before = _module(self.root / path)[0][line - 1][:column]
        order = self.order(witness[0], derived)
        own = next((i for i, (where, c) in enumerate(order) if (where, c.lineno) == (path, holder.lineno)), None)
        if own is None:
            return False
        if before.endswith("super()."):
            order = order[own + 1 :]
        elif not before.endswith("self."):
            return False
        for where, node in order:
            for statement in node.body:
                if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name == name:
                    return any(p == where and at == statement.lineno for p, at, _ in family)
        return False


def _merged(orders: list[list[tuple[str, ast.ClassDef]]]) -> list[tuple[str, ast.ClassDef]]:
    """C3: each time the first head that is in no tail."""
    done: list[tuple[str, ast.ClassDef]] = []
    rest = [list(order) for order in orders if order]
    while rest:
        for order in rest:
            if all(order[0] not in other[1:] for other in rest):
                head = order[0]
                break
        else:
            return done
        done.append(head)
        rest = [left for other in rest if (left := [c for c in other if c != head])]
    return done
