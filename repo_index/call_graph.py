"""Who calls whom: uses of symbols, each with the definition that it stands in.

A *use* is a place where one definition names another (a call, or a value passed on, a base class, an annotation).
Code at the top of a file belongs to the file as a symbol of kind "module"; the text of a module-level assignment
belongs to what it assigns; a lambda and a comprehension belong to the function around them.

Downward questions (callees, call_path) resolve whole files, upward ones (callers) go through Index.references.
A call of a method may run any override of it: those are "likely".
"""

from __future__ import annotations

import bisect
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .facts import Occurrence, Span
from .records import Certainty, ReferenceKind, Symbol
from .references import COMMON_ATTRIBUTES
from .resolve import Target, is_class
from .symbols import module_symbol

if TYPE_CHECKING:
    from .index import Index

CONSTRUCTORS = ("__init__", "__new__", "__post_init__", "constructor")
"""Methods that run when their class is called."""
_CALLABLE = ("function", "method")
_MEMBERS = ("method", "attribute")
_CALLS = ("call",)
_USES = ("call", "use")
_EXACT = ("exact",)
_ANY = ("exact", "likely")
NO_USE = ("definition", "import", "export", "string", "doc", "keyword")


class _EveryName(Collection[str]):
    """Stands for all names, so that the occurrences of a file are decoded without being kept."""

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


EVERY_NAME = _EveryName()


@dataclass(frozen=True, slots=True)
class Use:
    """`source` names `target` at a place of `source`'s file (`span` in bytes, lines from 1)."""

    source: Symbol
    target: Symbol
    span: Span
    line: int
    kind: ReferenceKind
    certainty: Certainty

    @property
    def path(self) -> str:
        return self.source.path

    def place(self, index: Index) -> dict[str, Any]:
        line, column, end_column = index._columns(self.path, self.span)
        where = {"path": self.path, "line": line, "column": column, "end_column": end_column}
        return {**where, "kind": self.kind, "certainty": self.certainty}


class Holders:
    """Which definition of a file holds an offset: the innermost function, method or class; outside of these the
    assignment around it; else the file itself."""

    def __init__(self, index: Index, path: str) -> None:
        record = index.file(path)
        assert record is not None
        self._module = module_symbol(index, record)
        resolver = index._resolver()
        spans: list[tuple[int, int, Symbol]] = []
        for definition in index._definitions(path):
            symbol = resolver.symbol(path, definition.qualified)
            if symbol is not None:
                spans.append((definition.span[0], -definition.span[1], symbol))
        spans.sort(key=lambda item: (item[0], item[1], item[2].id))
        self._starts: list[int] = [0]
        self._holders: list[Symbol] = [self._module]
        open_: list[tuple[int, Symbol]] = []
        for start, end, symbol in spans:
            self._close(open_, start)
            nested = open_ and open_[-1][1].kind in _CALLABLE
            if nested and symbol.kind not in _CALLABLE and not is_class(symbol):
                continue  # `self.x = ...` belongs to the method
            open_.append((-end, symbol))
            self._mark(start, symbol)
        self._close(open_, None)

    def _mark(self, at: int, symbol: Symbol) -> None:
        self._starts.append(at)
        self._holders.append(symbol)

    def _close(self, open_: list[tuple[int, Symbol]], until: int | None) -> None:
        while open_ and (until is None or open_[-1][0] <= until):
            end, _ = open_.pop()
            self._mark(end, open_[-1][1] if open_ else self._module)

    def __call__(self, offset: int) -> Symbol:
        return self._holders[bisect.bisect_right(self._starts, offset) - 1]


class ClassTree:
    """Which classes of the repository derive from which, worked out for all at once."""

    def __init__(self, index: Index) -> None:
        resolver = index._resolver()
        self.children: dict[str, list[Symbol]] = {}
        self.parents: dict[str, list[Symbol]] = {}
        #: class id -> its bases, as written, that are not classes of the repository
        self.open_bases: dict[str, list[str]] = {}
        for symbol in index.symbols():
            if not is_class(symbol) or not symbol.definition.bases:
                continue
            for base, written in zip(resolver.bases(symbol), symbol.definition.bases, strict=False):
                if isinstance(base, Symbol):
                    self.children.setdefault(base.id, []).append(symbol)
                    self.parents.setdefault(symbol.id, []).append(base)
                else:
                    self.open_bases.setdefault(symbol.id, []).append(written)

    def _all(self, table: dict[str, list[Symbol]], start: str) -> list[Symbol]:
        found: dict[str, Symbol] = {}
        todo = [start]
        while todo:
            for symbol in table.get(todo.pop(), ()):
                if symbol.id not in found and symbol.id != start:
                    found[symbol.id] = symbol
                    todo.append(symbol.id)
        return [found[i] for i in sorted(found)]

    def derived(self, class_id: str) -> list[Symbol]:
        return self._all(self.children, class_id)

    def ancestors(self, class_id: str) -> list[Symbol]:
        return self._all(self.parents, class_id)


class CallGraph:
    """Uses of an index, file by file as they are asked for; answers are remembered."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._holders: dict[str, Holders] = {}
        self._below: dict[str, dict[str, list[Use]]] = {}
        self._only: dict[str, Symbol | None] = {}

    @cached_property
    def classes(self) -> ClassTree:
        return ClassTree(self.index)

    # -- places

    def holder(self, path: str, offset: int) -> Symbol:
        """The definition that an offset of a file belongs to."""
        if path not in self._holders:
            self._holders[path] = Holders(self.index, path)
        return self._holders[path](offset)

    def occurrences(self, path: str) -> Iterator[tuple[Occurrence, Symbol, Target | None]]:
        """Every identifier of a file with its holder and what it means."""
        resolver = self.index._resolver()
        for occurrence in self.index._occurrences(path, EVERY_NAME):
            yield occurrence, self.holder(path, occurrence.span[0]), resolver.occurrence(path, occurrence)

    def uses(self, path: str) -> Iterator[Use]:
        """Every use in a file: exact ones, and likely ones of members that only one class family has."""
        for occurrence, holder, target in self.occurrences(path):
            if occurrence.kind in NO_USE:
                continue
            certainty: Certainty = "exact"
            if target is None and occurrence.binding == "member":
                target, certainty = self.guess(path, occurrence), "likely"
            if isinstance(target, Symbol):
                yield Use(holder, target, occurrence.span, occurrence.line, occurrence.kind, certainty)

    def guess(self, path: str, occurrence: Occurrence) -> Symbol | None:
        """The member that an attribute of something unknown is likely to be: the only one of its name."""
        name = occurrence.name
        if name in COMMON_ATTRIBUTES or (name.startswith("__") and name.endswith("__")):
            return None
        language = self.index.language(path)
        if language is not None and name in language.common_members():
            return None
        if name not in self.members or self.index._resolver().receiver_class(path, occurrence) is not None:
            return None
        if name not in self._only:
            self._only[name] = self._family_head(self.members[name])
        return self._only[name]

    @cached_property
    def members(self) -> dict[str, list[Symbol]]:
        """name -> methods and attributes of that name."""
        found: dict[str, list[Symbol]] = {}
        for symbol in self.index.symbols():
            if symbol.kind in _MEMBERS:
                found.setdefault(symbol.name, []).append(symbol)
        return found

    def _family_head(self, members: list[Symbol]) -> Symbol | None:
        """The one member that all others of its name override; None where there is no such one."""
        holders = {f"{m.path}::{m.definition.parent}": m for m in members}
        for holder, member in sorted(holders.items()):
            if set(holders) - {holder} <= {d.id for d in self.classes.derived(holder)}:
                return member
        return None

    # -- downward

    def below(self, symbol: Symbol) -> list[Use]:
        """Uses that stand in a definition itself (not in the definitions inside it), in the order of the text."""
        by_holder = self._below.get(symbol.path)
        if by_holder is None:
            by_holder = self._below[symbol.path] = {}
            for use in self.uses(symbol.path):
                by_holder.setdefault(use.source.id, []).append(use)
        return by_holder.get(symbol.id, [])

    def inside(self, symbol: Symbol) -> list[Symbol]:
        """A definition and all definitions inside it; of a file, all of its definitions."""
        prefix = f"{symbol.qualified}." if symbol.qualified else ""
        rest = [s for s in self.index.symbols(symbol.path) if s.qualified.startswith(prefix)]
        return [symbol, *(s for s in rest if s.id != symbol.id)]

    def callees(self, symbol: Symbol) -> list[Use]:
        """What a definition, with all that is inside it, uses outside of itself."""
        own = {s.id for s in self.inside(symbol)}
        found = [use for s in self.inside(symbol) for use in self.below(s) if use.target.id not in own]
        return sorted(found, key=lambda u: (u.span, u.target.id))

    def _steps(self, symbol: Symbol) -> Iterator[Use]:
        """Uses in a symbol and the methods that may run instead; those of a class include its constructor's."""
        runs = [symbol]
        if is_class(symbol):
            resolver = self.index._resolver()
            members = (resolver.member(symbol, name) for name in CONSTRUCTORS)
            runs += [m for m in members if isinstance(m, Symbol)]
        for part in runs:
            for use in self.below(part):
                yield use
                if use.target.kind == "method":
                    for override in self._overrides(use.target):
                        yield Use(use.source, override, use.span, use.line, use.kind, "likely")

    def _overrides(self, method: Symbol) -> list[Symbol]:
        """What derived classes define in place of a method."""
        holder = f"{method.path}::{method.definition.parent}"
        if not method.definition.parent or method.name in CONSTRUCTORS:
            return []
        resolver = self.index._resolver()
        found = (resolver.symbol(d.path, f"{d.qualified}.{method.name}") for d in self.classes.derived(holder))
        return [s for s in found if s is not None]

    def path(self, start: Symbol, end: Symbol) -> list[Use]:
        """A shortest chain from one symbol to another, [] when there is none: of exact calls; else with likely
        calls; else with every exact use; else with all. A file stands for all of its definitions."""
        for kinds, certainties in ((_CALLS, _EXACT), (_CALLS, _ANY), (_USES, _EXACT), (_USES, _ANY)):
            chain = self._path(start, end, kinds, certainties)
            if chain:
                return chain
        return []

    def _path(self, start: Symbol, end: Symbol, kinds: tuple[str, ...], certainties: tuple[str, ...]) -> list[Use]:
        goals = {s.id for s in self.inside(end)} if end.kind == "module" else {end.id}
        if end.name in CONSTRUCTORS:
            goals.add(end.id.rpartition(".")[0])
        starts = self.inside(start)
        came: dict[str, Use | None] = dict.fromkeys((s.id for s in starts), None)
        front = starts
        while front:
            following: list[Symbol] = []
            for symbol in front:
                for use in self._steps(symbol):
                    target = use.target
                    if use.certainty not in certainties or use.kind not in kinds or target.id in came:
                        continue
                    came[target.id] = use
                    if target.id in goals:
                        return self._chain(came, use)
                    following.append(target)
            front = following
        return []

    def _chain(self, came: dict[str, Use | None], last: Use) -> list[Use]:
        chain = [last]
        while True:
            source = chain[0].source
            # a constructor was entered through its class, or through the class derived from it
            before = came.get(source.id)
            if source.id not in came:
                before = next((came[i] for i in came if self._constructs(i, source)), None)
            if before is None:
                return chain
            chain.insert(0, before)

    def _constructs(self, reached: str, constructor: Symbol) -> bool:
        path, _, qualified = reached.partition("::")
        resolver = self.index._resolver()
        symbol = resolver.symbol(path, qualified)
        return symbol is not None and is_class(symbol) and resolver.member(symbol, constructor.name) == constructor

    # -- upward

    def callers(self, symbol: Symbol) -> list[Use]:
        """Uses of a symbol, exact and likely, by path and place. Calls of a class are uses of its constructor."""
        found = self._above(symbol, symbol)
        if symbol.name in CONSTRUCTORS and symbol.definition.parent:
            holder = self.index._resolver().symbol(symbol.path, symbol.definition.parent)
            if holder is not None and is_class(holder):
                found += [use for use in self._above(holder, symbol) if use.kind == "call"]
        return sorted(set(found), key=lambda u: (u.path, u.span, u.source.id))

    def _above(self, symbol: Symbol, target: Symbol) -> list[Use]:
        found = []
        for r in self.index.references(symbol):
            if r.kind in ("call", "use") and r.certainty != "text" and self.index.language(r.path) is not None:
                source = self.holder(r.path, r.span[0])
                if source.id != symbol.id:
                    found.append(Use(source, target, r.span, r.line, r.kind, r.certainty))
        return found

    def levels(self, symbol: Symbol, *, upward: bool, depth: int | None = None) -> list[list[Use]]:
        """Uses by distance: first those of the symbol, then those of what was found, each symbol once.

        Upward, code at the top of a file ends a chain; downward, only calls are followed. `depth` bounds the distance,
        None does not.
        """
        seen = {symbol.id}
        levels: list[list[Use]] = []
        front = [symbol]
        while front and (depth is None or len(levels) < depth):
            uses: list[Use] = []
            following: dict[str, Symbol] = {}
            for at in front:
                for use in self._next(at, upward, first=at is symbol):
                    other = use.source if upward else use.target
                    if other.id in seen:
                        continue
                    uses.append(use)
                    following[other.id] = other
            seen |= set(following)
            if uses:
                levels.append(sorted(set(uses), key=lambda u: (u.path, u.span, u.target.id)))
            front = [following[i] for i in sorted(following) if not upward or following[i].kind != "module"]
        return levels

    def _next(self, symbol: Symbol, upward: bool, first: bool) -> list[Use]:
        if upward:
            return self.callers(symbol)
        return self.callees(symbol) if first else [use for use in self._steps(symbol) if use.kind == "call"]
