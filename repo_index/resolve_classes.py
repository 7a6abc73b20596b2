"""Classes: their bases, what derives from them, their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dotted import join
from .records import Symbol
from .resolve_targets import External, Several, Target, is_class, is_class_kind

if TYPE_CHECKING:
    from .resolve import Resolver


def bases(resolver: Resolver, symbol: Symbol) -> list[Target | None]:
    """Classes that a class names as its bases, in order; None for those that nothing is known about."""
    known = resolver._bases.get(symbol.id)
    if known is None:
        resolver._bases[symbol.id] = []  # a class that is its own base
        known = []
        same = [symbol, *resolver.namespaces.joined(symbol)]
        ids = {s.id for s in same}
        for part in same:
            for text in part.definition.bases:
                base = resolver.class_of(resolver.value(part.path, text, part.definition.parent))
                for one in base.of if isinstance(base, Several) else (base,):
                    known.append(None if isinstance(one, Symbol) and one.id in ids else one)
        resolver._bases[symbol.id] = known
    return known


def derived(resolver: Resolver, path: str) -> list[Symbol]:
    """The classes of a file that name a base."""
    known = resolver._derived.get(path)
    if known is None:
        found = (resolver.symbol(path, q) for q, d in resolver.table(path).items() if d.bases and is_class_kind(d.kind))
        known = resolver._derived[path] = [s for s in found if s is not None]
    return known


def ancestors(resolver: Resolver, symbol: Symbol) -> list[Symbol]:
    """All base classes in the repository, depth first, without the class itself."""
    found: dict[str, Symbol] = {}
    todo = [symbol]
    while todo:
        for base in reversed(resolver.bases(todo.pop())):
            if isinstance(base, Symbol) and base.id not in found and base.id != symbol.id:
                found[base.id] = base
                todo.append(base)
    return list(found.values())


def member(resolver: Resolver, symbol: Symbol, name: str, inherited_only: bool = False) -> Target | None:
    """The definition that attribute `name` of a class means, its bases included.

    External when a base outside the repository may define it; None when no class here does.
    """
    key = (symbol.id, name)
    if not inherited_only and key in resolver._members:
        return resolver._members[key]
    found: Target | None = None
    if not inherited_only:
        found = resolver.own_member(symbol, name)
    if found is None:
        open_end = False
        language = resolver.index.language(symbol.path)
        embeds = language is not None and language.embeds
        for ancestor in [symbol, *resolver.ancestors(symbol)]:
            if ancestor is not symbol:
                found = resolver.own_member(ancestor, name)
            if found is None and embeds:
                found = next((b for b in resolver.bases(ancestor) if isinstance(b, Symbol) and b.name == name), None)
            if found is not None:
                break
            open_end = open_end or any(not isinstance(b, Symbol) for b in resolver.bases(ancestor))
        if found is None and open_end:
            found = External(name)
    if not inherited_only:
        resolver._members[key] = found
    return found


def holder(resolver: Resolver, symbol: Symbol) -> Symbol | None:
    """The class, object or function that a symbol is defined in; a class may stand in another file."""
    parent = symbol.definition.parent
    found = resolver.symbol(symbol.path, parent) if parent else None
    family, namespace = resolver.namespaces.home(symbol.path)
    if found is None and parent and family:
        found = resolver.namespaces.symbol(family, join(namespace, parent), symbol.path)
    language = resolver.index.language(symbol.path)
    if found is None and parent and language is not None and language.open_impls:
        scope, _, name = parent.rpartition(".")
        meant = resolver.bound(symbol.path, name, scope)
        found = meant if isinstance(meant, Symbol) and is_class(meant) else None
    return found


def _of_impl(resolver: Resolver, symbol: Symbol, name: str) -> Symbol | None:
    """The member that a class gets in another file (Language.open_impls)."""
    for member in resolver.index.find(name, kinds=("method", "constant", "type")):
        if member.definition.parent.rpartition(".")[2] == symbol.name and member.path != symbol.path:
            holder = resolver.holder(member)
            if holder is not None and holder.id == symbol.id:
                return member
    return None


def own_member(resolver: Resolver, symbol: Symbol, name: str) -> Symbol | None:
    """The member that a class defines itself, in another file too where classes may be continued."""
    found = resolver.symbol(symbol.path, f"{symbol.qualified}.{name}")
    family = resolver.namespaces.home(symbol.path)[0]
    if found is None and family:
        found = resolver.namespaces.symbol(family, join(resolver.namespaces.full_name(symbol), name), symbol.path)
    language = resolver.index.language(symbol.path)
    if found is None and language is not None and language.open_impls:
        found = _of_impl(resolver, symbol, name)
    if found is None and symbol.kind == "enum" and language is not None and language.open_enums:
        beside, whole = resolver.symbol(symbol.path, join(symbol.definition.parent, name)), symbol.definition.span
        if beside is not None and beside.kind == "constant" and whole[0] <= beside.definition.span[0] < whole[1]:
            found = beside
    if found is None and name.endswith("()"):
        other = resolver.own_member(symbol, name[:-2])
        language = resolver.index.language(symbol.path)
        return other if other is not None and language is not None and language.callable(other.definition) else None
    return found
