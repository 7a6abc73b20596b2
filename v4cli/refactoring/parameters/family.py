"""The function whose parameters change: every `def` of it, and the calls that mean it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import NothingToDo, Refused
from ..lookup import find_symbol
from ..operation import LeftAlone
from ..python.modules import is_python
from ..python.source import FunctionNode, PythonSource, definitions_of, dotted, parse
from ..workspace import Workspace
from .bases import outside_bases
from .calls import Callers, CallSite
from .files import Files
from .signatures import Signature

if TYPE_CHECKING:
    from repo_index.records import Symbol

#: decorators under which callers meet the signature as it is written
_PLAIN = {
    *("staticmethod", "classmethod", "abstractmethod", "abstractclassmethod", "abstractstaticmethod", "override"),
    *("final", "overload", "cache", "lru_cache", "contextmanager", "asynccontextmanager", "no_type_check"),
    *("deprecated", "coroutine", "singledispatch", "wraps"),
}
#: methods that Python calls by position, so that their parameters can have any name
_BY_POSITION = {
    *(name for kind in (int, str, dict, object, type, set, bytearray, memoryview) for name in dir(kind)),
    *("__enter__", "__exit__", "__aenter__", "__aexit__", "__aiter__", "__anext__", "__await__", "__getattr__"),
    *("__get__", "__set__", "__delete__", "__set_name__", "__missing__", "__copy__", "__deepcopy__", "__del__"),
} - {"__new__", "__call__", "__init_subclass__", "__prepare__"}
_PROPERTIES = {"property", "setter", "getter", "deleter", "cached_property"}


@dataclass(frozen=True, slots=True)
class Definition:
    """One `def`. `bound`: how many of its parameters an instance or class fills."""

    symbol: Symbol
    source: PythonSource
    node: FunctionNode
    bound: int

    @property
    def where(self) -> str:
        return f"{self.source.path}:{self.node.lineno}"

    @property
    def signature(self) -> Signature:
        return Signature.of(self.node)


class Family:
    """A function with all its definitions; a method with what it overrides and what overrides it.

    `spec` may name a class, which stands for its `__init__`. Raises Refused for what is no Python function, for
    properties and for methods that Python itself calls; with `names_only` the latter are taken, where Python passes
    all by position.
    """

    def __init__(self, ws: Workspace, spec: str, *, names_only: bool = False) -> None:
        self.files = Files(ws)
        self.index = ws.index
        self.symbol = _function(ws, spec, _BY_POSITION if names_only else set())
        members = {self.symbol.id: self.symbol}
        if self.symbol.kind == "method" and self.symbol.name != "__init__":
            members |= {s.id: s for s in self.index.method_family(self.symbol)}
        self.members = [members[key] for key in sorted(members)]
        self.definitions = list(self._definitions(ws))
        self.main = next(d for d in self.definitions if d.symbol.id == self.symbol.id)
        self.notes: list[str] = []
        self._note_decorators()
        self._check_bases()

    def _definitions(self, ws: Workspace) -> Iterator[Definition]:
        for member in self.members:
            if member.kind not in {"function", "method"} or not is_python(member.path):
                raise Refused(f"{member.id} (line {member.line}) belongs to it and is a {member.kind}, not a function")
            source = self.files.source(member.path)
            if source is None:
                reason = ws.protected(member.path)
                raise Refused(f"{member.path}: {reason}") if reason else _unreadable(ws, member.path)
            found = definitions_of(source, member.qualified)
            if not found:
                raise Refused(f"{member.id} is not defined by a plain def there")
            for node in found:
                names = decorators(node)
                if names & _PROPERTIES:
                    raise Refused(f"{member.path}:{node.lineno}: {node.name} is a property; it takes no arguments")
                static = "staticmethod" in names or member.kind == "function"
                yield Definition(member, source, node, 0 if static else 1)

    def _note_decorators(self) -> None:
        for definition in self.definitions:
            if unknown := sorted(decorators(definition.node) - _PLAIN):
                self.notes.append(
                    f"{definition.where}: {definition.node.name} is decorated with {', '.join(unknown)}, which may "
                    "pass it arguments of its own"
                )

    def _check_bases(self) -> None:
        """A method that overrides one from outside of the repository is called from there.

        Raises Refused where that is known: the body calls the method above it, or the base is one of the standard
        library that has it. A base that may have it is noted.
        """
        if self.symbol.name.startswith("__"):
            return
        for definition in self.definitions:
            for base, known in outside_bases(self.index, definition.symbol):
                name, where = definition.symbol.name, f"{base}, which is not in the repository"
                if known or _calls_above(definition.node, base):
                    raise Refused(f"{definition.where}: {name} overrides a method of {where} and calls it as it is")
                self.notes.append(f"{definition.symbol.definition.parent} derives from {where} and may call {name}")

    def calls(self) -> list[CallSite]:
        """Every call that means the function or may mean it; uses that are no calls are listed as left alone."""
        return Callers(self).find()

    def check_mentioned(self, name: str) -> None:
        """Raises Refused where pytest or a decorator gives the function that parameter by its name."""
        for definition in self.definitions:
            source, node = definition.source, definition.node
            if self._is_fixture(definition, name):
                raise Refused(f"{definition.where}: pytest fills {name} by the name of its fixture")
            for part in (n for d in node.decorator_list for n in ast.walk(d)):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and name in _words(part.value):
                    raise Refused(f"{source.path}:{part.lineno}: a decorator passes {name} by its name")

    def _is_fixture(self, definition: Definition, name: str) -> bool:
        source = definition.source
        facts = self.index.facts(source.path)
        starts = {source.span(n)[0] for n in ast.walk(definition.node.args) if isinstance(n, ast.arg) and n.arg == name}
        return facts is not None and any(o.binding == "fixture" and o.span[0] in starts for o in facts.occurrences)

    def left(self, definition: Definition, reason: str) -> None:
        text = definition.source.line_text(definition.node.lineno).strip()[:200]
        self.files.left.add(LeftAlone(definition.source.path, definition.node.lineno, text, reason))


def _calls_above(node: FunctionNode, base: str) -> bool:
    """Whether the body calls `super().name(...)` or `Base.name(...)`."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == node.name:
            above = part.func.value
            if isinstance(above, ast.Call) and getattr(above.func, "id", "") == "super":
                return True
            if dotted(above) == base:
                return True
    return False


def _words(text: str) -> set[str]:
    """The identifiers in a text; an option such as `--dry-run` counts as `dry_run`."""
    return {w.replace("-", "_") for w in re.findall(r"[A-Za-z_]\w*(?:-\w+)*", text)}


def decorators(node: FunctionNode) -> set[str]:
    """The last name of each decorator."""
    found = set()
    for decorator in node.decorator_list:
        callee = decorator.func if isinstance(decorator, ast.Call) else decorator
        found.add(getattr(callee, "attr", getattr(callee, "id", "")) or "an expression")
    return found


def _function(ws: Workspace, spec: str, special: set[str]) -> Symbol:
    symbol = find_symbol(ws.index, spec)
    if not is_python(symbol.path):
        raise Refused(f"{symbol.id}: this operation works on Python")
    if symbol.kind == "class":
        try:
            symbol = find_symbol(ws.index, f"{symbol.id}.__init__")
        except NothingToDo:
            raise Refused(f"{symbol.id} has no __init__ of its own whose parameters could change") from None
    if symbol.kind not in {"function", "method"}:
        raise Refused(f"{symbol.id} is a {symbol.kind}, not a function")
    if symbol.name.startswith("__") and symbol.name.endswith("__") and symbol.name not in {"__init__", *special}:
        raise Refused(f"{symbol.id}: Python itself calls {symbol.name} with the arguments that it has")
    return symbol


def _unreadable(ws: Workspace, path: str) -> Refused:
    try:
        parse(path, ws.read(path))
    except Refused as error:
        return error
    return Refused(f"{path}: cannot be edited")
