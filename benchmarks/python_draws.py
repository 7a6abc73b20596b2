"""Refactorings of a Python package drawn by seed, as plans hold them, with their opposites."""

from __future__ import annotations

import posixpath
import random
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from repo_index import Index
from repo_index.records import Symbol

from .python_suites import Suite

_MOVABLE = ("function", "class", "constant", "variable")


@dataclass(frozen=True, slots=True)
class Draw:
    """`operation` and its opposite (None where there is none) as in a plan.

    For other engines: `offset`, in characters, of the name in `path`, and the `position` of an added parameter.
    """

    kind: str
    operation: dict[str, Any]
    inverse: dict[str, Any] | None
    path: str
    offset: int = 0
    position: int = 0


def draws(index: Index, suite: Suite, seed: int, count: int) -> list[Draw]:
    """`count` renames, the kinds in turn as long as there are any, then a third as many moves and parameters."""
    files = sorted(r.path for r in index.files() if r.path.startswith(suite.package + "/") and r.path.endswith(".py"))
    symbols = [s for path in files for s in _outer(index, path)]
    renames = {
        "function": [_renamed(index, s, "function") for s in symbols if s.kind == "function"],
        "class": [_renamed(index, s, "class") for s in symbols if s.kind == "class"],
        "method": [_renamed(index, s, "method") for s in symbols if s.kind == "method"],
        "constant": [
            _renamed(index, s, "constant") for s in symbols if s.kind in _MOVABLE[2:] and "." not in s.qualified
        ],
        "module": [_renamed_module(path) for path in files if not posixpath.basename(path).startswith("__")],
        "parameter": [d for s in symbols for d in _renamed_parameters(index, s)],
    }
    shuffled = [_shuffled(renames[kind], seed, kind) for kind in renames]
    in_turn = [d for d in chain.from_iterable(zip_longest(*shuffled)) if d is not None][:count]
    movable = [s for s in symbols if "." not in s.qualified and s.kind in _MOVABLE]
    moves = [_moved(index, s, files, f"{seed} {s.id}") for s in movable]
    added = [_added(index, s, number % 2 == 1) for number, s in enumerate(s for s in symbols if _takes(index, s))]
    third = -(-count // 3)
    return in_turn + _shuffled(moves, seed, "move")[:third] + _shuffled(added, seed, "add_parameter")[:third]


def _shuffled(some: list[Draw], seed: int, kind: str) -> list[Draw]:
    return random.Random(f"{seed} {kind}").sample(some, len(some))


def _outer(index: Index, path: str) -> list[Symbol]:
    """Definitions that other files can name, one of each name; special methods and names belong to Python."""
    found: dict[str, Symbol] = {}
    for symbol in index.symbols(path):
        parent = symbol.definition.parent
        special = symbol.name.startswith("__") and symbol.name.endswith("__")
        inside = not parent or any(s.qualified == parent and s.kind == "class" for s in index.symbols(path))
        if inside and not special and symbol.name != "_":
            found.setdefault(symbol.qualified, symbol)
    return list(found.values())


def _offset(index: Index, path: str, span: tuple[int, int]) -> int:
    return len(index.read(path)[: span[0]].decode("utf-8"))


def _longer(name: str) -> str:
    if name.isupper():
        return f"{name}_RENAMED"
    return f"{name}Renamed" if name.lstrip("_")[:1].isupper() else f"{name}_renamed"


def _renamed(index: Index, symbol: Symbol, kind: str) -> Draw:
    new = _longer(symbol.name)
    outer = symbol.id[: -len(symbol.name)]
    return Draw(
        kind,
        {"kind": "rename_symbol", "symbol": symbol.id, "new_name": new},
        {"kind": "rename_symbol", "symbol": outer + new, "new_name": symbol.name},
        symbol.path,
        _offset(index, symbol.path, symbol.definition.name_span),
    )


def _renamed_module(path: str) -> Draw:
    new = path.removesuffix(".py") + "_renamed.py"
    inverse = {"kind": "rename_module", "path": new, "new_path": path}
    return Draw("module", {"kind": "rename_module", "path": path, "new_path": new}, inverse, path)


def _renamed_parameters(index: Index, symbol: Symbol) -> list[Draw]:
    found = []
    for number, parameter in enumerate(symbol.definition.parameters):
        bound = symbol.kind == "method" and number == 0 and "staticmethod" not in symbol.definition.decorators
        if parameter.kind.startswith("var_") or bound or symbol.kind not in ("function", "method"):
            continue
        new = _longer(parameter.name)
        operation = {"kind": "rename_parameter", "symbol": symbol.id, "name": parameter.name, "new_name": new}
        inverse = operation | {"name": new, "new_name": parameter.name}
        found.append(
            Draw("parameter", operation, inverse, symbol.path, _offset(index, symbol.path, parameter.name_span))
        )
    return found


def _moved(index: Index, symbol: Symbol, files: list[str], seed: str) -> Draw:
    """To a module of its own beside the old one, or (half of the draws) to an existing module of the package."""
    chance = random.Random(seed)
    target = f"{posixpath.dirname(symbol.path)}/moved_{symbol.name.lower().strip('_')}.py"
    others = [path for path in files if path != symbol.path and not posixpath.basename(path).startswith("__")]
    if chance.random() < 0.5 and others:
        target = chance.choice(others)
    operation = {"kind": "move_symbols", "symbols": [symbol.id], "target": target}
    inverse = {"kind": "move_symbols", "symbols": [f"{target}::{symbol.name}"], "target": symbol.path}
    offset = _offset(index, symbol.path, symbol.definition.name_span)
    return Draw("move", operation, inverse, symbol.path, offset)


def _takes(index: Index, symbol: Symbol) -> bool:
    return symbol.kind in ("function", "method") and "property" not in " ".join(symbol.definition.decorators)


def _added(index: Index, symbol: Symbol, passed: bool) -> Draw:
    rule = {"call_sites": "all", "call_value": "True"} if passed else {}
    operation = {"kind": "add_parameter", "symbol": symbol.id, "name": "extra_flag", "default": "False", **rule}
    position = sum(p.kind in ("positional", "positional_only") for p in symbol.definition.parameters)
    inverse = {"kind": "remove_parameter", "symbol": symbol.id, "name": "extra_flag"}
    offset = _offset(index, symbol.path, symbol.definition.name_span)
    return Draw("add_parameter", operation, inverse, symbol.path, offset, position)
