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
            interface, concrete = (mine, holder) if mine.kind == "interface" else (holder, mine)
            if _shape(at) == _shape(other) and _has(index, concrete, interface):
                found[other.id] = other
                todo.append(other)
    return list(found.values())


def _shape(method: Symbol) -> tuple[int, int]:
    """How many parameters and results a method has."""
    return len(method.definition.parameters), len(method.definition.type.split(","))


def _has(index: Index, concrete: Symbol, interface: Symbol) -> bool:
    """Whether a class has every method of an interface; methods from outside the repository count as had."""
    resolver = index._resolver()
    for at in [interface, *resolver.ancestors(interface)]:
        for symbol in index.symbols(at.path):
            mine = symbol.definition.parent == at.qualified and symbol.kind == "method"
            if mine and resolver.member(concrete, symbol.name) is None:
                return False
    return True
