"""What keeps code of one Go package together: names that are not exported, seen from the two sides of a move."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...errors import Refused
from .syntax import Source, text_of, within
from .units import PackageUnits, Unit

if TYPE_CHECKING:
    from tree_sitter import Node

    from repo_index import Index
    from repo_index.records import Symbol

_SHOWN = 6


class Sides:
    """The units that move and those that stay."""

    def __init__(self, index: Index, home: PackageUnits, moved: set[Unit]) -> None:
        self.index = index
        self.home = home
        self.moved = moved
        self.names = frozenset().union(*(u.names for u in moved))
        self.holders = self.names | {u.holder for u in moved if u.holder}
        self._by_file: dict[str, list[Unit]] = {}
        for unit in moved:
            self._by_file.setdefault(unit.source.path, []).append(unit)

    def moves(self, path: str, span: tuple[int, int]) -> bool:
        return any(u.has(span) for u in self._by_file.get(path, ()))

    def check(self) -> None:
        """Raises Refused, listing them, for unexported names that one side uses of the other."""
        self._check_methods()
        self._check_names()
        self._check_members()
        self._check_literals()

    def _check_methods(self) -> None:
        for unit in sorted(self.moved, key=lambda u: (u.source.path, u.span)):
            if unit.holder and unit.holder not in self.names:
                where = f"{unit.source.path}:{unit.node.start_point[0] + 1}"
                raise Refused(f"{where}: a method of {unit.holder}, which stays in {self.home.package[1]}")
        for unit in self.home.units:
            if unit.holder in self.names and unit not in self.moved:
                where = f"{unit.source.path}:{unit.node.start_point[0] + 1}"
                raise Refused(f"{where}: a method of {unit.holder} stays behind")

    def _check_names(self) -> None:
        needed: dict[str, str] = {}
        asked: dict[str, str] = {}
        for use in self.home.uses:
            if use.name[:1].isupper() or use.name not in self.home.names:
                continue
            inside = use.unit in self.moved
            if inside != (use.name in self.names):
                (needed if inside else asked).setdefault(use.name, f"{use.path}:{use.occurrence.line}")
        name = self.home.package[1]
        if needed:
            raise Refused(f"the code uses what {name} does not export: {_listed(needed)}; move that too, or export it")
        if asked:
            raise Refused(
                f"{name} goes on using what is not exported: {_listed(asked)}; move its users too, or export it"
            )

    def _members(self) -> tuple[dict[str, Symbol], dict[str, Symbol]]:
        """Unexported fields and methods by name: of types that move, and of those that stay."""
        moved: dict[str, Symbol] = {}
        rest: dict[str, Symbol] = {}
        for path in sorted(self.home.sources):
            for symbol in self.index.symbols(path):
                parent = symbol.definition.parent
                if parent and not symbol.definition.exported:
                    (moved if parent.split(".")[0] in self.names else rest).setdefault(symbol.name, symbol)
        return moved, rest

    def _check_members(self) -> None:
        moved, rest = self._members()
        for _, symbol in sorted(moved.items()):
            if symbol.kind == "method":
                for other in self.index.method_family(symbol):
                    if other.definition.parent.split(".")[0] not in self.names:
                        raise Refused(
                            f"{symbol.id} and {other.id} share an interface with a method that is not exported: only "
                            "types of one package can have it"
                        )
        for path, source in sorted(self.home.sources.items()):
            for occurrence in source.facts.occurrences:
                name = occurrence.name
                if occurrence.binding != "member" or (name not in moved and name not in rest):
                    continue
                inside = self.moves(path, occurrence.span)
                there, here = (rest, moved) if inside else (moved, rest)
                if name not in there:
                    continue
                if name in here and not self._means_other_side(path, occurrence.span, name, inside):
                    continue
                of = there[name].definition.parent
                raise Refused(
                    f"{path}:{occurrence.line}: {of}.{name} is not exported, and is used on the other side of the move"
                )

    def _means_other_side(self, path: str, span: tuple[int, int], name: str, inside: bool) -> bool:
        for at, occurrence, meant in self.index.meanings(name):
            if at == path and occurrence.span == span:
                parent = getattr(getattr(meant, "definition", None), "parent", "")
                return not parent or (parent.split(".")[0] in self.names) != inside
        return True

    def _check_literals(self) -> None:
        """`T{1, 2}` sets fields by their order, which needs all of them exported elsewhere."""
        for path, source in sorted(self.home.sources.items()):
            closed = self._closed()
            if not closed:
                return
            for node in within(source.root):
                if node.type != "composite_literal":
                    continue
                inside = self.moves(path, (node.start_byte, node.end_byte))
                type_ = node.child_by_field_name("type")
                mentioned = {text_of(n) for n in within(type_) if n.type == "type_identifier"} if type_ else set()
                bad = sorted(n for n in mentioned & closed if (n in self.names) != inside)
                if bad and _is_ordered(node, type_, bad[0]):
                    line = node.start_point[0] + 1
                    raise Refused(
                        f"{path}:{line}: {bad[0]} is written by the order of its fields, not all of them exported"
                    )

    def _closed(self) -> set[str]:
        """Structs of the package with a field that is not exported."""
        found = set()
        for path in self.home.sources:
            for symbol in self.index.symbols(path):
                if symbol.kind == "attribute" and not symbol.definition.exported:
                    found.add(symbol.definition.parent.split(".")[0])
        return found


def _is_ordered(literal: Node, type_: Node | None, name: str) -> bool:
    body = literal.child_by_field_name("body")
    if body is None or type_ is None:
        return False
    direct = text_of(type_) == name
    bodies = [body] if direct else [n for n in within(body) if n.type == "literal_value" and n.id != body.id]
    return any(any(c.type == "literal_element" for c in b.named_children) for b in bodies)


def check_target(source: Source, names: Iterable[str]) -> None:
    """Raises Refused where a file of the new package has one of the names already."""
    wanted = set(names)
    for definition in source.facts.definitions:
        if definition.qualified in wanted and definition.qualified not in ("init", "_"):
            raise Refused(f"{source.path}:{definition.line}: {definition.qualified} is defined there already")
    for fact in source.facts.imports:
        if fact.local in wanted:
            raise Refused(f"{source.path}:{fact.line}: {fact.local} is the name of an import there")
    for occurrence in source.facts.occurrences:
        free = occurrence.binding == "global" and not occurrence.chain
        if free and occurrence.name in wanted:
            raise Refused(f"{source.path}:{occurrence.line}: {occurrence.name} means something else there")


def _listed(places: dict[str, str]) -> str:
    shown = [f"{name} ({where})" for name, where in sorted(places.items())[:_SHOWN]]
    more = len(places) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
