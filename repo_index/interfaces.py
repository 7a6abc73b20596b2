"""Methods that belong together because a class has the methods of an interface (Go): renaming one without the others
takes the interface from the class."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .records import Symbol

if TYPE_CHECKING:
    from .index import Index


def family(index: Index, methods: Iterable[Symbol]) -> list[Symbol]:
    """The methods of the repository that share an interface with one of these, directly or through others."""
    resolver = index._resolver()
    todo = sorted(methods, key=lambda s: s.id)
    found = {s.id: s for s in todo}
    if not todo:
        return []
    group = resolver.namespaces.home(todo[0].path)[0]
    same: list[tuple[Symbol, Symbol]] = []
    for other in index.find(todo[0].name, kinds=("method",)):
        holder = resolver.holder(other)
        if holder is not None and resolver.namespaces.home(other.path)[0] == group:
            same.append((other, holder))
    while todo:
        at = todo.pop()
        mine = resolver.holder(at)
        for other, holder in same if mine is not None else ():
            if other.id in found or mine is None or (mine.kind == "interface") == (holder.kind == "interface"):
                continue
            interface, concrete, method = (mine, holder, other) if mine.kind == "interface" else (holder, mine, at)
            if _shape(at) == _shape(other) and _satisfies(index, concrete, method, interface):
                found[other.id] = other
                todo.append(other)
    return list(found.values())


def _shape(method: Symbol) -> tuple[int, int]:
    """How many parameters and results a method has."""
    return len(method.definition.parameters), len(method.definition.type.split(","))


def _satisfies(index: Index, concrete: Symbol, method: Symbol, interface: Symbol) -> bool:
    """Whether a class, or one that embeds it and has its method by that, has an interface."""
    from .references import descendants

    if _has(index, concrete, interface):
        return True
    resolver = index._resolver()
    for at in descendants(index, concrete):
        member = resolver.member(at, method.name)
        if isinstance(member, Symbol) and member.id == method.id and _has(index, at, interface):
            return True
    return False


def _has(index: Index, concrete: Symbol, interface: Symbol) -> bool:
    """Whether a class has every method of an interface; methods from outside the repository count as had."""
    resolver = index._resolver()
    for at in [interface, *resolver.ancestors(interface)]:
        for symbol in index.symbols(at.path):
            mine = symbol.definition.parent == at.qualified and symbol.kind == "method"
            if mine and resolver.member(concrete, symbol.name) is None:
                return False
    return True


def implementations(index: Index, methods: Iterable[Symbol]) -> list[Symbol]:
    """The methods of the trait of each of these, in the trait itself and in its implementations."""
    found = {s.id: s for s in methods}
    traits = {t.id for s in found.values() if (t := _trait(index, s)) is not None}
    name = next(iter(found.values())).name if traits else ""
    for other in index.find(name) if traits else ():
        trait = _trait(index, other)
        if trait is not None and trait.id in traits:
            found[other.id] = other
    return list(found.values())


def _trait(index: Index, method: Symbol) -> Symbol | None:
    """The trait that a method belongs to or implements."""
    resolver = index._resolver()
    if method.definition.bases:
        parent = method.definition.parent.rpartition(".")[0]
        target = resolver.class_of(resolver.expression(method.path, method.definition.bases[0], parent))
        return target if isinstance(target, Symbol) else None
    holder = resolver.holder(method) if method.kind in ("method", "constant", "type") else None
    return holder if holder is not None and holder.kind == "interface" else None
