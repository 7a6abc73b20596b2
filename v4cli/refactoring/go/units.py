"""The declarations of a Go package as units that can move, and who uses whom among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from repo_index.facts import Occurrence, Span
from repo_index.languages.go_definitions import receiver_type
from repo_index.languages.go_walk import Walk

from ...errors import Refused
from .packages import Package, Packages
from .paths import is_test
from .syntax import Source, fields, text_of, within

if TYPE_CHECKING:
    from tree_sitter import Node

    from repo_index import Index

_BOUND = re.compile(rb"(?m)^[ \t]*//(?:go:embed|go:linkname|export)[ \t]")


@dataclass(eq=False)
class Unit:
    """A function, a method, or a declaration of types, constants or variables; of one in parentheses, a part of it."""

    source: Source
    node: Node
    #: what it defines at package level; of a method the type it belongs to is `holder`
    names: frozenset[str]
    holder: str = ""
    #: `type`, `var` or `const` for a part of a declaration in parentheses
    keyword: str = ""
    span: Span = field(default=(0, 0))

    def __post_init__(self) -> None:
        self.span = self.source.with_comments(self.node)

    def has(self, span: Span) -> bool:
        return self.span[0] <= span[0] and span[1] <= self.span[1]


@dataclass(frozen=True)
class Use:
    """A package-level name of the package where it stands bare in one of its files."""

    name: str
    path: str
    occurrence: Occurrence
    unit: Unit | None


class PackageUnits:
    """All units of a package and the bare uses of its names. Raises Refused when one of its files does not parse."""

    def __init__(self, index: Index, packages: Packages, package: Package) -> None:
        self.index = index
        self.package = package
        self.sources = {path: Source(index, path) for path in packages.files(package)}
        self.units = [u for path in sorted(self.sources) for u in units_of(self.sources[path])]
        self.names: dict[str, list[Unit]] = {}
        for unit in self.units:
            for name in unit.names:
                self.names.setdefault(name, []).append(unit)
        self.uses = list(self._collect())

    def _collect(self) -> Iterator[Use]:
        for path, source in sorted(self.sources.items()):
            mine = [u for u in self.units if u.source is source]
            for occurrence in source.facts.occurrences:
                if occurrence.kind in ("definition", "doc", "string", "import") or occurrence.chain:
                    continue
                name = occurrence.name
                if occurrence.binding not in ("definition", "global") or name not in self.names:
                    continue
                yield Use(name, path, occurrence, next((u for u in mine if u.has(occurrence.span)), None))

    def choose(self, asked: set[str], helpers: bool, along: str | None) -> set[Unit]:
        """The units that define these names, with the methods of types (of one file alone, when `along` names it) and,
        with `helpers`, unexported functions, types and so on that only these units use. Raises Refused for a name that
        cannot be taken by itself."""
        chosen: set[Unit] = set()
        for name in sorted(asked):
            if name not in self.names:
                raise Refused(f"{self.package[0]}::{name} is no declaration of its own at package level")
        names = set(asked)
        while True:
            for name in sorted(names):
                chosen.update(self.names[name])
            chosen.update(u for u in self.units if u.holder in names and along in (None, u.source.path))
            more = self._helpers(chosen, names) if helpers else set()
            if not more:
                break
            names |= more
        for unit in chosen:
            if others := sorted(unit.names - names):
                where = f"{unit.source.path}:{unit.node.start_point[0] + 1}"
                raise Refused(f"{where}: {', '.join(others)} is declared together with it; move them together")
        return chosen

    def _helpers(self, chosen: set[Unit], names: set[str]) -> set[str]:
        users: dict[str, set[Unit | None]] = {}
        for use in self.uses:
            users.setdefault(use.name, set()).add(use.unit)
        found = set()
        for name, units in self.names.items():
            if (
                name in names
                or name[:1].isupper()
                or name in ("init", "main")
                or any(is_test(u.source.path) for u in units)
            ):
                continue
            by = users.get(name, set()) - set(units)
            alone = by & chosen and by <= (chosen | {u for u in self.units if u.holder == name})
            if alone and not any(u.names - {name} for u in units):
                found.add(name)
        return found


def units_of(source: Source) -> list[Unit]:
    found = []
    for node in source.declarations:
        if node.type == "function_declaration":
            found.append(Unit(source, node, frozenset({text_of(node.child_by_field_name("name"))})))
        elif node.type == "method_declaration":
            found.append(Unit(source, node, frozenset(), holder_of(source, node)))
        elif node.type in ("type_declaration", "const_declaration", "var_declaration"):
            found += _specs(source, node)
        else:
            found.append(Unit(source, node, frozenset()))
    return found


def holder_of(source: Source, method: Node) -> str:
    """The type that a method belongs to."""
    walk = Walk.__new__(Walk)
    walk.source = source.data
    return receiver_type(walk, method)[0]


def _specs(source: Source, node: Node) -> list[Unit]:
    listed = [c for c in node.named_children if c.type != "comment"]
    grouped = any(c.type.endswith("_spec_list") for c in listed) or any(c.type == "(" for c in node.children)
    specs = [s for c in listed for s in (c.named_children if c.type.endswith("_spec_list") else [c])]
    specs = [s for s in specs if s.type != "comment"]
    names = [frozenset(text_of(n) for n in fields(s, "name") if text_of(n) != "_") for s in specs]
    if not grouped or len(specs) == 1 or (node.type == "const_declaration" and _counted(specs)):
        return [Unit(source, node, frozenset().union(*names))]
    keyword = node.type.removesuffix("_declaration")
    return [Unit(source, s, some, keyword=keyword) for s, some in zip(specs, names, strict=True)]


def _counted(specs: Iterable[Node]) -> bool:
    """Whether constants follow from each other: by `iota`, or by being written as the one before."""
    return any(
        s.child_by_field_name("value") is None or any(n.type == "iota" or n.text == b"iota" for n in within(s))
        for s in specs
    )


def check_place(unit: Unit) -> None:
    """Raises Refused for code that is bound to its package by other means than names."""
    start, end = unit.span
    match = _BOUND.search(unit.source.data, start, end)
    if match is not None:
        line = unit.source.line(match.start())
        raise Refused(f"{unit.source.path}:{line}: {match[0].decode().strip()} binds the code to its package")
    for node in within(unit.node):
        if node.type in ("identifier", "package_identifier") and node.text == b"C" and _cgo(unit.source):
            raise Refused(f"{unit.source.path}:{node.start_point[0] + 1}: the code uses cgo")


def _cgo(source: Source) -> bool:
    return any(f.module == "C" for f in source.facts.imports)
