"""What a bare name means in a scope of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dotted import enclosing, join
from .records import Symbol
from .resolve_targets import External, Target, is_class, is_class_kind

if TYPE_CHECKING:
    from .resolve import Resolver


def bound(
    resolver: Resolver, path: str, name: str, scope: str = "", seen: frozenset[tuple[str, str]] = frozenset()
) -> Target | None:
    """What a bare name means in `scope` of a file."""
    if resolver.nests(path):
        return _nested(resolver, path, name, scope, seen)
    table = resolver.table(path)
    imports = resolver.index._imports(path)
    at = scope = _outside_classes(resolver, path, scope)
    while True:
        holder = table.get(at)
        if at == scope or holder is None or holder.kind != "class" or _implicit_self(resolver, path):
            found = table.get(f"{at}.{name}" if at else name)
            if found is not None and found.body_span is not None:
                return _of_constructor(resolver, resolver.symbol(path, found.qualified))
            for i, fact in enumerate(imports):
                if fact.local == name and fact.scope == at:
                    target = resolver.imported(path, i, seen)
                    if target is not None:
                        return target
            if found is not None:
                return _of_constructor(resolver, resolver.symbol(path, found.qualified))
        if not at:
            return _unbound(resolver, path, name, scope, seen)
        at = at.rpartition(".")[0]


def _of_constructor(resolver: Resolver, symbol: Symbol | None) -> Symbol | None:
    """The class instead of its constructor, where a bare name means the class (C++'s injected class names)."""
    if symbol is None or symbol.kind != "method":
        return symbol
    language = resolver.index.language(symbol.path)
    if language is None or not language.injected_names:
        return symbol
    parent = symbol.definition.parent
    if parent.rpartition(".")[2] != symbol.name:
        return symbol
    return resolver.symbol(symbol.path, parent) or _elsewhere(resolver, symbol.path, parent) or symbol


def _outside_classes(resolver: Resolver, path: str, scope: str) -> str:
    """The scope without classes at its end, in languages where names in these are no members."""
    language = resolver.index.language(path)
    if scope and language is not None and not language.bare_members:
        table = resolver.table(path)
        while scope and (scope not in table or is_class_kind(table[scope].kind)):
            scope = scope.rpartition(".")[0]
    return scope


def _implicit_self(resolver: Resolver, path: str) -> bool:
    language = resolver.index.language(path)
    return language is not None and language.implicit_self


def nests(resolver: Resolver, path: str) -> bool:
    language = resolver.index.language(path)
    return language is not None and language.nested_members


def unexplained(resolver: Resolver, path: str, name: str, scope: str) -> Target | None:
    """What a bare name that its file does not bind means."""
    if not resolver.nests(path):
        return _unbound(resolver, path, name, scope)
    found = _nested(resolver, path, name, scope)
    language = resolver.index.language(path)
    for other in language.spelt(name.removesuffix("()")) if found is None and language is not None else ():
        found = found or _nested(resolver, path, other, scope)
    return found


def _nested(
    resolver: Resolver, path: str, name: str, scope: str, seen: frozenset[tuple[str, str]] = frozenset()
) -> Target | None:
    """What a bare name means where the members of each class around, inherited ones included, come before what
    stands further out. `name()` asks for what can be called."""
    plain = name.removesuffix("()")
    language = resolver.index.language(path)
    table = resolver.table(path)
    open_end = False
    for at in enclosing(scope):
        holder = resolver.symbol(path, at)
        if holder is not None and is_class(holder):
            found = resolver.member(holder, name)
            if isinstance(found, Symbol):
                return found
            open_end = open_end or isinstance(found, External)
            if language is not None and name != plain and plain in language.universal:
                return External(plain)
        elif f"{at}.{plain}" in table:
            return resolver.symbol(path, f"{at}.{plain}")
        target = _imported_in(resolver, path, plain, at, seen)
        if target is not None:
            return target
    target = _imported_in(resolver, path, plain, "", seen) or resolver.symbol(path, plain)
    if target is None:
        global_name = resolver.namespaces.ambient(path, plain, scope)
        starred = None if isinstance(global_name, Symbol) else resolver.starred(path, plain, seen)
        target = starred or global_name
    return External(plain) if target is None and open_end and resolver.builtin(path, plain) else target


def _imported_in(
    resolver: Resolver, path: str, name: str, scope: str, seen: frozenset[tuple[str, str]]
) -> Target | None:
    """What an import of one scope binds `name` to."""
    for number, fact in enumerate(resolver.index._imports(path)):
        if fact.local == name and fact.scope == scope:
            target = resolver.imported(path, number, seen)
            if target is not None:
                return target
    return None


def _unbound(
    resolver: Resolver, path: str, name: str, scope: str, seen: frozenset[tuple[str, str]] = frozenset()
) -> Target | None:
    """What a bare name that nothing in the file binds means: an inherited member of the classes around the scope,
    what a star import brings, a global name."""
    open_end = False
    if _implicit_self(resolver, path):
        for at in enclosing(scope):
            holder = resolver.symbol(path, at) or _elsewhere(resolver, path, at)
            if holder is not None and is_class(holder):
                found = resolver.member(holder, name)
                if isinstance(found, Symbol):
                    return _of_constructor(resolver, found)
                open_end = open_end or isinstance(found, External)
    target = resolver.starred(path, name, seen) or resolver.namespaces.ambient(path, name, scope)
    return External(name) if target is None and open_end and resolver.builtin(path, name) else target


def _elsewhere(resolver: Resolver, path: str, qualified: str) -> Symbol | None:
    """What a scope of a file is where it is defined in another (a method outside of its class)."""
    family, own = resolver.namespaces.home(path)
    return resolver.namespaces.symbol(family, join(own, qualified), path) if family else None


def builtin(resolver: Resolver, path: str, name: str) -> bool:
    language = resolver.index.language(path)
    return language is not None and name in language.builtins()
