"""What a name in one file means in another: imports, re-exports, attributes of modules and classes.

Everything here works for any language whose facts follow facts.py. A chain of re-exports may be a circle; each
step is taken once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import resolve_classes, resolve_expressions, resolve_modules, resolve_names, resolve_places
from .facts import Definition
from .namespaces import Namespaces
from .records import Symbol
from .resolve_targets import (
    SUPER,
    External,
    Held,
    Module,
    Several,
    Target,
    either,
    is_class,
    is_class_kind,
    primary,
)

if TYPE_CHECKING:
    from .index import Index

__all__ = [
    "SUPER",
    "External",
    "Held",
    "Module",
    "Resolver",
    "Several",
    "Target",
    "either",
    "is_class",
    "is_class_kind",
]


class Resolver:
    """Resolution over one index. Answers are remembered: an index with other contents needs another resolver.

    Its methods stand in the resolve_*.py files, by subject.
    """

    bound = resolve_names.bound
    nests = resolve_names.nests
    unexplained = resolve_names.unexplained
    builtin = resolve_names.builtin

    module = resolve_modules.module
    imported = resolve_modules.imported
    exported = resolve_modules.exported
    starred = resolve_modules.starred

    attribute = resolve_expressions.attribute
    below = resolve_expressions.below
    class_of = resolve_expressions.class_of
    value = resolve_expressions.value
    expression = resolve_expressions.expression
    follow = resolve_expressions.follow
    element = resolve_expressions.element

    bases = resolve_classes.bases
    derived = resolve_classes.derived
    ancestors = resolve_classes.ancestors
    member = resolve_classes.member
    holder = resolve_classes.holder
    own_member = resolve_classes.own_member

    occurrence = resolve_places.occurrence
    alternatives = resolve_places.alternatives
    receiver_class = resolve_places.receiver_class

    def __init__(self, index: Index) -> None:
        self.index = index
        self.namespaces = Namespaces(index)
        self._tables: dict[str, dict[str, Definition]] = {}
        self._symbols: dict[tuple[str, str], Symbol] = {}
        self._imported: dict[tuple[str, int], Target | None] = {}
        self._exported: dict[tuple[str, str], Target | None] = {}
        self._exports: dict[str, dict[str, list[int]]] = {}
        self._members: dict[tuple[str, str], Target | None] = {}
        self._bases: dict[str, list[Target | None]] = {}
        self._classes: dict[str, Symbol | External | Several | None] = {}
        self._busy: set[str] = set()
        self._derived: dict[str, list[Symbol]] = {}
        #: class id -> classes that derive from it (references.descendants)
        self.descendants: dict[str, list[Symbol]] = {}

    def table(self, path: str) -> dict[str, Definition]:
        """qualified name -> definition of a file."""
        table = self._tables.get(path)
        if table is None:
            several: dict[str, list[Definition]] = {}
            for definition in self.index._definitions(path):
                several.setdefault(definition.qualified, []).append(definition)
            table = self._tables[path] = {q: primary(found) for q, found in several.items()}
        return table

    def symbol(self, path: str, qualified: str) -> Symbol | None:
        key = (path, qualified)
        found = self._symbols.get(key)
        if found is None:
            definition = self.table(path).get(qualified)
            if definition is None:
                return None
            found = self._symbols[key] = Symbol(f"{path}::{qualified}", path, definition)
        return found
