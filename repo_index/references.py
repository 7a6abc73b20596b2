"""Every place that means a symbol.

exact   the chain of bindings leads to the symbol (or, for a method or class attribute, to one of its family:
        what it overrides and what overrides it)
likely  an attribute of something unknown, where no other class of the repository defines the name and no
        builtin type has it; an attribute of one of several classes, where only some have it from the family;
        a text that names the symbol with its module or class, or in a Sphinx role
text    the name as a word in a string, comment or document; an attribute of something unknown that could be
        another class's too

An attribute of something known to lie outside the repository is no reference. Under an import alias
(`from m import f as g`) the uses of `g` are references named "g".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import fixtures, interfaces, structural, text_references
from .facts import Occurrence
from .records import Certainty, Reference, Symbol
from .resolve import Resolver, Several, Target, is_class

if TYPE_CHECKING:
    from .index import Index

_MEMBERS = ("method", "attribute")


def _builtin_attributes() -> frozenset[str]:
    import collections
    import datetime
    import io
    import logging
    import pathlib
    import re
    import threading

    types: tuple[object, ...] = (
        str, bytes, bytearray, list, dict, set, frozenset, tuple, int, float, complex, memoryview, type, object,
        BaseException, OSError, SystemExit, UnicodeError, io.IOBase, io.BytesIO, io.StringIO, io.TextIOWrapper,
        collections.deque, collections.OrderedDict, collections.Counter, datetime.datetime, datetime.timedelta,
        pathlib.Path, re.Pattern, re.Match, logging.Logger, logging.Handler, logging.LogRecord, threading.Thread,
        threading.Event, property, staticmethod, type(lambda: None), type(re),
    )  # fmt: skip
    return frozenset(name for kind in types for name in dir(kind))


COMMON_ATTRIBUTES = _builtin_attributes() | frozenset(
    "send recv connect close bind accept request response get put post head options delete patch status headers "
    "url path name id data text json content body params value result run stop wait done call called args kwargs "
    "setUp tearDown assertEqual log length push shift slice then catch forEach filter map reduce toString".split()
)
"""Attributes of builtin and everyday standard types, and names too common to say whose they are."""


def references(index: Index, symbol: Symbol) -> list[Reference]:
    """All references, its definitions included, sorted by path and place."""
    if symbol.kind == "module":
        return index.module_references(symbol.path)
    return _Search(index, symbol).run()


def _key(symbol: Symbol) -> str:
    """What a member is called in the table of its class: PHP's property x is `$x` there, as `x()` may be beside it."""
    return symbol.qualified.rpartition(".")[2]


def method_family(index: Index, symbol: Symbol) -> list[Symbol]:
    """The symbol and, if it is a method or attribute of a class, its definitions in base and derived classes."""
    resolver = index._resolver()
    holder = resolver.holder(symbol)
    special = symbol.name.startswith("__") and symbol.name.endswith("__")
    language = index.language(symbol.path)
    nested = language is not None and language.nested_members
    if nested and language is not None and not language.callable(symbol.definition):
        return [symbol]  # a field, which hides others of its name and overrides none
    key = f"{symbol.name}()" if nested and symbol.kind == "method" else _key(symbol)
    static = not symbol.qualified.removesuffix("()").endswith(
        symbol.name
    )  # one that an instance member has the name of
    if holder is None or special or static or symbol.kind not in _MEMBERS:
        return [symbol]
    if not is_class(holder):  # a property of an object literal is one of the object's declared type
        declared = resolver.class_of(holder)
        meant = resolver.member(declared, _key(symbol)) if isinstance(declared, Symbol) else None
        above = method_family(index, meant) if isinstance(meant, Symbol) else []
        return sorted({s.id: s for s in [symbol, *above]}.values(), key=lambda s: s.id)
    found: dict[str, Symbol] = {symbol.id: symbol}
    classes = {holder.id: holder}
    todo = [holder]
    while todo:
        at = todo.pop()
        for other in [*resolver.ancestors(at), *descendants(index, at)]:
            member = resolver.own_member(other, key)
            if other.id not in classes and member is not None:
                classes[other.id] = other
                found[member.id] = member
                todo.append(other)
    language = index.language(symbol.path)
    if symbol.kind == "method" and language is not None and language.implicit_interfaces:
        found.update((s.id, s) for s in interfaces.family(index, found.values()))
    if language is not None and language.open_impls:
        found.update((s.id, s) for s in interfaces.implementations(index, found.values()))
    return [found[i] for i in sorted(found)]


def descendants(index: Index, symbol: Symbol) -> list[Symbol]:
    """Classes of the repository that derive from a class, directly or not, sorted by id."""
    resolver = index._resolver()
    known = resolver.descendants.get(symbol.id)
    if known is not None:
        return known
    found: dict[str, Symbol] = {}
    todo = [symbol]
    while todo:
        base = todo.pop()
        same = {base.id, *(s.id for s in resolver.namespaces.joined(base))}
        for path in index._paths_with(base.name):
            for derived in resolver.derived(path):
                if derived.id in found or derived.id in same or derived.id == symbol.id:
                    continue
                if any(isinstance(b, Symbol) and b.id in same for b in resolver.bases(derived)):
                    found[derived.id] = derived
                    todo.append(derived)
    resolver.descendants[symbol.id] = [found[i] for i in sorted(found)]
    return resolver.descendants[symbol.id]


class _Search:
    def __init__(self, index: Index, symbol: Symbol) -> None:
        self.index = index
        self.symbol = symbol
        self.resolver: Resolver = index._resolver()
        self.family = {s.id: s for s in method_family(index, symbol)}
        for member in list(self.family.values()):
            stub = self._stub(member)
            if stub is not None:
                self.family[stub.id] = stub
            self.family.update((s.id, s) for s in self.resolver.namespaces.joined(member))
        self.found: dict[tuple[str, tuple[int, int]], Reference] = {}
        self.is_member = symbol.kind in _MEMBERS
        if structural.is_structural(symbol.path) and "." not in symbol.qualified:
            self.family.update((s.id, s) for s in structural.augmented(index, symbol))
        self.structural = structural.Guess(index, dict(self.family)) if structural.is_structural(symbol.path) else None
        if self.structural is not None and self.is_member:
            self.family = structural.sharing(self.resolver, symbol, self.family)
        self._guess: Certainty | None = None
        self._mixins: dict[str, tuple[Symbol | None, Certainty]] = {}

    def _stub(self, symbol: Symbol) -> Symbol | None:
        """The same definition in the type stub beside its file, or in the file beside its stub."""
        if structural.is_structural(symbol.path):
            return structural.beside(self.resolver, symbol)
        if symbol.path.endswith(".py"):
            return self.resolver.symbol(symbol.path + "i", symbol.qualified)
        return self.resolver.symbol(symbol.path[:-1], symbol.qualified) if symbol.path.endswith(".pyi") else None

    def run(self) -> list[Reference]:
        names, done = {self.symbol.name} | self._default_names() | self._spellings(), set[str]()
        while names - done:  # an alias may be imported elsewhere, under an alias again
            name = sorted(names - done)[0]
            done.add(name)
            for path in self.index._paths_with(name):
                names |= self._in_file(path, name)
        for reference in text_references.mentions(self.index, self.symbol, set(self.found), set(self.family)):
            self.found.setdefault((reference.path, reference.span), reference)
        return sorted(self.found.values(), key=lambda r: (r.path, r.span))

    def _spellings(self) -> set[str]:
        language = self.index.language(self.symbol.path)
        return set(language.spellings(self.symbol.name)) if language is not None else set()

    def _default_names(self) -> set[str]:
        """Names that other files give the symbol where it is all that its file exports, or its default export."""
        names: set[str] = set()
        todo, seen = [self.symbol.path], set[str]()
        while todo:
            path = todo.pop()
            defaults = {"default", "export="} & {e.name for e in self.index._exports(path)}
            if path in seen or not any(self._means(self.resolver.exported(path, d)) for d in defaults):
                continue
            seen.add(path)
            for source in sorted({edge.source for edge in self.index.importers(path)}):
                for number, fact in enumerate(self.index._imports(source)):
                    if fact.name in ("default", None) and fact.local not in ("", self.symbol.name):
                        names |= {fact.local} if self._means(self.resolver.imported(source, number)) else set()
                for export in self.index._exports(source):
                    if export.local in ("default", "export=") and export.name not in ("default", "export=", "*"):
                        names |= {export.name} if self._means(self.resolver.exported(source, export.name)) else set()
                todo.append(source)
        return names

    def _in_file(self, path: str, name: str) -> set[str]:
        """Add the references of one file; returns the aliases that it gives the symbol."""
        aliases: set[str] = set()
        imports = self.index._imports(path)
        for number, fact in enumerate(imports):
            if fact.name == name and fact.local not in ("", name) and self._means(self.resolver.imported(path, number)):
                aliases.add(fact.local)
        for export in self.index._exports(path):
            if export.local == name and export.name not in (name, "*", "default") and not self.is_member:
                target = self.resolver.exported(path, export.name)
                if self._means(target):
                    aliases.add(export.name)
        for occurrence in self.index._occurrences(path, {name}):
            certainty, via = self._judge(path, occurrence)
            if certainty is not None:
                self._add(path, occurrence, certainty, via)
        return aliases

    def _means(self, target: Target | None) -> Symbol | None:
        return target if isinstance(target, Symbol) and target.id in self.family else None

    def _judge(self, path: str, occurrence: Occurrence) -> tuple[Certainty | None, str]:
        target = self.resolver.alternatives(path, occurrence)
        if isinstance(target, Several):
            meanings = [self._means(t) for t in target.of]
            first = next((m for m in meanings if m is not None), None)
            if first is None:
                return None, ""
            return ("exact" if None not in meanings else "likely"), first.qualified if first != self.symbol else ""
        meant = self._means(target) or self._beside(path, occurrence)
        if meant is None and isinstance(target, Symbol) and self.is_member and self.structural is not None:
            meant = structural.in_union(self.resolver, path, occurrence, self.family)
        if meant is not None:
            via = meant.qualified if meant.id != self.symbol.id else ""
            if occurrence.name != self.symbol.name:
                via = self.symbol.name
            loose = occurrence.binding == "global" and occurrence.receiver is not None
            loose = loose and not self.resolver.nests(path)  # there the receiver's type is known
            return "likely" if loose else "exact", via
        if occurrence.binding == "fixture" and target is None and self._installed(occurrence):
            return "likely", ""
        if occurrence.binding != "member" or occurrence.name != self.symbol.name:
            return None, ""
        if self.structural is not None and self.is_member and self.structural.likely(path, occurrence, target):
            return "likely", ""
        if target is not None:
            return None, ""
        if occurrence.kind == "keyword":
            # a property of an object literal of no declared type may be the symbol's
            literal = self.is_member and not path.endswith((".py", ".pyi"))
            return ("text" if literal else None), ""
        holder = self.resolver.receiver_class(path, occurrence)
        if holder is None:
            return self._guessed(path), ""
        mixed, certainty = self._mixed_in(holder)
        return (certainty, mixed.qualified) if mixed is not None else (None, "")

    def _installed(self, occurrence: Occurrence) -> bool:
        return occurrence.name == self.symbol.name and fixtures.installed(self.symbol)

    def _mixed_in(self, holder: Symbol) -> tuple[Symbol | None, Certainty]:
        """Which of the family a class without that member gets from where it is mixed in: a derived class that has
        both among its bases. Only likely where another derived class gets something else."""
        if holder.id not in self._mixins:
            key = _key(self.symbol)
            members = [self.resolver.member(d, key) for d in descendants(self.index, holder)] if self.is_member else []
            inside = [m for m in members if isinstance(m, Symbol)]
            meant = [m for m in inside if m.id in self.family]
            self._mixins[holder.id] = (meant[0] if meant else None, "exact" if len(meant) == len(inside) else "likely")
        return self._mixins[holder.id]

    def _beside(self, path: str, occurrence: Occurrence) -> Symbol | None:
        """A name that an import and a definition both bind (`try: import ... except ImportError: def ...`)."""
        if occurrence.binding == "import" and not occurrence.chain and occurrence.import_index >= 0:
            scope = self.index._imports(path)[occurrence.import_index].scope
            local = occurrence.target
            here = self.resolver.symbol(path, f"{scope}.{local}" if scope else local)
            if self._means(here):
                return here
            for number, fact in enumerate(self.index._imports(path)):
                if fact.local == local and fact.scope == scope and number != occurrence.import_index:
                    meant = self._means(self.resolver.imported(path, number))
                    if meant is not None:
                        return meant
        elif occurrence.binding == "definition" and "." not in occurrence.target:
            for number, fact in enumerate(self.index._imports(path)):
                if fact.local == occurrence.target and not fact.scope:
                    meant = self._means(self.resolver.imported(path, number))
                    if meant is not None:
                        return meant
        return None

    def _guessed(self, path: str) -> Certainty | None:
        """What an attribute of an unknown thing is worth."""
        name = self.symbol.name
        if not self.is_member or (name.startswith("__") and name.endswith("__")):
            return None
        if self._guess is None:
            others = [s for s in self.index.find(name, kinds=_MEMBERS) if s.id not in self.family]
            self._guess = "text" if others or name in COMMON_ATTRIBUTES or name in self._common() else "likely"
        return "likely" if self._guess == "text" and self._alone_in(path) else self._guess

    def _alone_in(self, path: str) -> bool:
        """Whether of all members of the name a file sees the symbol alone, where its language says what it sees."""
        language, project = self.index.language(path), self.index._project()
        if language is None:
            return False
        seen = [s for s in self.index.find(self.symbol.name, kinds=_MEMBERS) if language.sees(path, s.path, project)]
        return bool(seen) and all(s.id in self.family for s in seen)

    def _common(self) -> frozenset[str]:
        language = self.index.language(self.symbol.path)
        return language.common_members() if language is not None else frozenset()

    def _add(self, path: str, occurrence: Occurrence, certainty: Certainty, via: str) -> None:
        key = (path, occurrence.span)
        old = self.found.get(key)
        if old is not None and (old.certainty == "exact" or certainty != "exact"):
            return
        line, column, end_column = self.index._columns(path, occurrence.span)
        self.found[key] = Reference(
            path, occurrence.span, line, column, end_column, occurrence.kind, certainty, occurrence.name, via
        )
