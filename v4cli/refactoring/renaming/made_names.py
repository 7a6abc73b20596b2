"""Attributes that are looked up by a name made at run time: `getattr(self, f"visit_{kind}")`.

No reference leads from there to the definitions, so a definition whose name may be made is not renamed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import Refused
from ..python.source import FUNCTIONS, PythonSource, try_parse
from .collisions import ancestors

if TYPE_CHECKING:
    from repo_index import Index
    from repo_index.records import Symbol

_LOOKUPS = ("getattr", "hasattr", "setattr", "delattr", "attrgetter", "methodcaller")
#: letters and digits that a pattern has to have: `f"_{name}"` would fit every private name
_TELLING = 3
_FORMAT = re.compile(r"\{[^{}]*\}|%(?:\(\w+\))?s")


@dataclass(frozen=True, slots=True)
class Maker:
    """A lookup at `path`:`line` of names that match `pattern`, whose groups are filled in at run time.

    `home`: id of the class when the lookup is on its `self`. `of_class`: the name of a class takes part.
    """

    path: str
    line: int
    pattern: re.Pattern[str]
    home: str | None
    of_class: bool


def check_made_names(index: Index, family: list[Symbol]) -> None:
    """Raises Refused when code makes a name that the symbols have, or methods are found by the name of the class."""
    symbol = family[0]
    heads = "|".join(re.escape(symbol.name[:length]) for length in range(len(symbol.name) - 1, 0, -1))
    for maker in _makers(index, heads, b""):
        related = maker.home is None or not symbol.definition.parent or _related(index, family, maker.home)
        if related and maker.pattern.fullmatch(symbol.name):
            raise Refused(
                f"{maker.path}:{maker.line}: looks up attributes by names made there, of which {symbol.name} may be one"
            )
    if symbol.kind != "class":
        return
    tail = symbol.name.casefold()
    longer: list[str] | None = None
    for maker in _makers(index, r"\w{3,}", b"__name__"):
        if longer is None:
            longer = [n for n in sorted(index.names()) if tail in n.casefold() and len(n) > len(tail)]
        for name in longer if maker.of_class else ():
            match = maker.pattern.fullmatch(name)
            if match and tail in (part.casefold() for part in match.groups()) and index.find(name, kinds=("method",)):
                raise Refused(f"{maker.path}:{maker.line}: looks up {name} by the name of the class {symbol.name}")


def _makers(index: Index, head: str, word: bytes) -> Iterator[Maker]:
    """Lookups of attributes by a made name, in files that hold `word` and a string that begins with `head` there."""
    hint = re.compile(rf"""['"](?:{head})(?:\{{|%|['"]\s*[+%])""".encode(), re.IGNORECASE)
    for path in sorted({p for lookup in _LOOKUPS for p in index.paths_with(lookup) if p.endswith(".py")}):
        data = index.read(path)
        if word in data and hint.search(data) and (source := try_parse(path, data)) is not None:
            yield from _in_file(source)


def _in_file(source: PythonSource) -> Iterator[Maker]:
    calls: dict[ast.AST, list[ast.Call]] = {}
    for node in source.nodes:
        if isinstance(node, ast.Call) and _looks_up(node):
            calls.setdefault(_scope(source, node), []).append(node)
    for scope, lookups in calls.items():
        inside = list(ast.walk(scope))
        of_class = any(isinstance(n, ast.Attribute) and n.attr == "__name__" for n in inside)
        above = (scope, *source.ancestors(scope))
        owner = ".".join(n.name for n in reversed(above) if isinstance(n, ast.ClassDef))
        for pattern in filter(None, map(_pattern, inside)):
            for call in lookups:
                on_self = owner and isinstance(call.args[0], ast.Name) and call.args[0].id in {"self", "cls"}
                home = f"{source.path}::{owner}" if on_self else None
                yield Maker(source.path, call.lineno, pattern, home, of_class)


def _scope(source: PythonSource, node: ast.AST) -> ast.AST:
    return next((above for above in source.ancestors(node) if isinstance(above, FUNCTIONS)), source.tree)


def _looks_up(call: ast.Call) -> bool:
    """Whether the call looks up an attribute whose name is not written out."""
    function = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if function not in _LOOKUPS or not call.args:
        return False
    named = call.args[0 if function in {"attrgetter", "methodcaller"} else min(1, len(call.args) - 1)]
    return not isinstance(named, ast.Constant)


def _pattern(node: ast.AST) -> re.Pattern[str] | None:
    """What the text that an expression makes looks like; None for what makes none, or any."""
    parts: list[str | None] = []
    if isinstance(node, ast.JoinedStr):
        parts = [str(v.value) if isinstance(v, ast.Constant) else None for v in node.values]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [str(v.value) if isinstance(v, ast.Constant) else None for v in (node.left, node.right)]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        parts = _holes(node.left)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        parts = _holes(node.func.value)
    written = "".join(p for p in parts if p)
    if None not in parts or sum(c.isalnum() for c in written) < _TELLING:
        return None
    return re.compile("".join(r"(\w+)" if p is None else re.escape(p) for p in parts), re.IGNORECASE)


def _holes(node: ast.expr) -> list[str | None]:
    """The parts of a format, None where something is filled in."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return []
    parts: list[str | None] = []
    end = 0
    for match in _FORMAT.finditer(node.value):
        parts += [node.value[end : match.start()], None]
        end = match.end()
    return [*parts, node.value[end:]]


def _related(index: Index, family: list[Symbol], home: str) -> bool:
    """Whether one of the classes that have the member is `home`, above it or below it."""
    classes = {f"{s.path}::{s.definition.parent}" for s in family}
    return (
        home in classes or bool(ancestors(index, home) & classes) or any(home in ancestors(index, c) for c in classes)
    )
