"""References to members in languages with structural types: JavaScript and TypeScript.

A property belongs to every type that declares it, and to what those derive from. As TypeScript's own search for
references has it, a place means a member when the member there and the one asked for share a declaration on their
way up through base types. What an attribute of something unknown means is a guess: `likely` in a file that can
hold a value of the member's type, because its imports lead to the file of the member.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .facts import Occurrence
from .records import Symbol
from .resolve import External, Resolver, Target, is_class

if TYPE_CHECKING:
    from .index import Index

_EXTENSIONS = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")
_DEPTH = 20


def is_structural(path: str) -> bool:
    return path.endswith(_EXTENSIONS)


def sharing(resolver: Resolver, symbol: Symbol, family: dict[str, Symbol]) -> dict[str, Symbol]:
    """Those of a member's family that share a declaration with it: itself, what it overrides, and all that
    overrides the same."""
    above = _upwards(resolver, symbol)
    return {i: s for i, s in family.items() if above & _upwards(resolver, s)}


def _upwards(resolver: Resolver, symbol: Symbol) -> set[str]:
    holder = resolver.symbol(symbol.path, symbol.definition.parent) if symbol.definition.parent else None
    found = {symbol.id}
    if holder is not None and not is_class(holder):  # a property of an object literal is one of its declared type
        declared = resolver.class_of(holder)
        meant = resolver.member(declared, symbol.name) if isinstance(declared, Symbol) else None
        return found | _upwards(resolver, meant) if isinstance(meant, Symbol) else found
    for ancestor in resolver.ancestors(holder) if holder is not None else ():
        member = resolver.symbol(ancestor.path, f"{ancestor.qualified}.{symbol.name}")
        if member is not None:
            found.add(member.id)
    return found


def beside(resolver: Resolver, symbol: Symbol) -> Symbol | None:
    """The declaration of a JavaScript definition in the `.d.ts` beside its file."""
    stem, _, extension = symbol.path.rpartition(".")
    declared = {"js": "d.ts", "jsx": "d.ts", "mjs": "d.mts", "cjs": "d.cts"}.get(extension)
    return resolver.symbol(f"{stem}.{declared}", symbol.qualified) if declared is not None else None


def augmented(index: Index, symbol: Symbol) -> list[Symbol]:
    """The same declaration in the module that `declare module "x" {...}` around the symbol adds to, or in the blocks
    of that kind that add to the symbol's module."""
    resolver = index._resolver()
    found = [target for target in _added_to(index, symbol) if isinstance(target, Symbol)]
    if symbol.kind in ("interface", "class"):
        for source in sorted({e.source for e in index.importers(symbol.path) if e.kind == "type"}):
            named = [d.qualified for d in index._definitions(source) if d.name == symbol.name and not d.parent]
            others = [other for q in named if (other := resolver.symbol(source, q)) is not None]
            found += [other for other in others if symbol in _added_to(index, other)]
    return found


def _added_to(index: Index, symbol: Symbol) -> list[Target | None]:
    resolver = index._resolver()
    found = []
    for fact in index._imports(symbol.path):
        (start, end), (first, last) = fact.statement_span, symbol.definition.span
        if fact.name is None and not fact.local and fact.kind == "type" and start < first and last < end:
            module = resolver.module(symbol.path, fact.module)
            found.append(resolver.attribute(module, symbol.name) if module is not None else None)
    return found


def in_union(resolver: Resolver, path: str, occurrence: Occurrence, family: dict[str, Symbol]) -> Symbol | None:
    """Which of the family an attribute means that is taken from a type alias: a property of a union or intersection
    is that of each of its parts."""
    holder = resolver.receiver_class(path, occurrence)
    if holder is None or holder.kind != "type":
        return None
    for part in resolver.ancestors(holder):
        member = resolver.member(part, occurrence.name)
        if isinstance(member, Symbol) and member.id in family:
            return member
    return None


class Guess:
    """Which attributes of unknown things may be one symbol."""

    def __init__(self, index: Index, family: dict[str, Symbol]) -> None:
        self.index = index
        self.resolver: Resolver = index._resolver()
        self.family = family
        self._reaching: set[str] | None = None

    def likely(self, path: str, occurrence: Occurrence, target: Target | None) -> bool:
        """Whether an attribute of the symbol's name, which the index takes to be `target`, may be the symbol."""
        if isinstance(target, Symbol):
            return target.id in self.family
        if not self._open(path, occurrence, target):
            return False
        if self._reaching is None:
            homes = sorted({symbol.path for symbol in self.family.values()})
            self._reaching = set(homes)
            for home in homes:
                self._reaching |= {edge.source for edge in self.index.importers(home, transitive=True)}
        return path in self._reaching

    def _open(self, path: str, occurrence: Occurrence, target: Target | None) -> bool:
        """Whether nothing says that the attribute is of something else."""
        receiver = occurrence.receiver
        if receiver is None or receiver.kind == "unknown":
            return True
        holder = self.resolver.receiver_class(path, occurrence)
        if holder is not None:
            return self._open_class(holder, 0)
        if target is None:
            return True
        # an item of a list or the result of its method may be anything
        built = isinstance(target, External) and receiver.type[:1].isupper() and "." not in receiver.type
        return built and len(occurrence.chain) > 1

    def _open_class(self, holder: Symbol, depth: int) -> bool:
        """Whether a type may have members that its declaration does not show: unions, types that are computed."""
        if holder.kind == "type" or depth > _DEPTH:
            return True
        return any(b is None or (isinstance(b, Symbol) and self._open_class(b, depth + 1))
                   for b in self.resolver.bases(holder))  # fmt: skip
