"""Global names: what stands below a namespace in any file of a family of languages (Java packages, Go packages, C++
and C# namespaces, Ruby modules).

The full name of a definition is its file's namespace and its qualified name, joined by a dot. Nothing here is
worked out for the whole repository: definitions are looked up by their last name, as they are asked for.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .dotted import enclosing, join
from .folders import shared_folders
from .records import Symbol

if TYPE_CHECKING:
    from .index import Index


@dataclass(frozen=True, slots=True)
class Namespace:
    """All that stands below a dotted name in the files of a family, as seen from the file `near`."""

    family: str
    name: str
    near: str = field(default="", compare=False)


class Namespaces:
    """Answers are remembered, as in Resolver."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._homes: dict[str, tuple[str, str]] = {}
        self._named: dict[str, dict[tuple[str, str], list[Symbol]]] = {}
        self._known: dict[str, frozenset[str]] = {}

    def home(self, path: str) -> tuple[str, str]:
        """(family, namespace) of a file; ("", "") where its language has no global names."""
        home = self._homes.get(path)
        if home is None:
            language = self.index.language(path)
            home = ("", "")
            if language is not None and language.family:
                declared = self.index._outline(path).namespace
                home = (language.family, language.namespace(path, declared, self.index._project()))
            self._homes[path] = home
        return home

    def full_name(self, symbol: Symbol) -> str:
        return join(self.home(symbol.path)[1], symbol.qualified)

    def known(self, family: str) -> frozenset[str]:
        """Every namespace of a family, those above the declared ones included."""
        known = self._known.get(family)
        if known is None:
            declared = self.index._project().namespaces(family)
            known = self._known[family] = frozenset(name for space in declared for name in enclosing(space))
        return known

    def all(self, family: str, full: str) -> list[Symbol]:
        """The definitions of one full name, by path."""
        name = full.rpartition(".")[2]
        by_full = self._named.get(name)
        if by_full is None:
            by_full = self._named[name] = {}
            for symbol in self.index.find(name):
                home = self.home(symbol.path)
                if home[0]:
                    by_full.setdefault((home[0], join(home[1], symbol.qualified)), []).append(symbol)
        return by_full.get((family, full), [])

    def symbol(self, family: str, full: str, path: str) -> Symbol | None:
        """The definition of a full name that the file `path` means: of several, the one nearest in the folders, and
        of those one with a body."""
        found = self.all(family, full)
        language = self.index.language(path)
        if language is not None and found:
            project, name = self.index._project(), found[0].name
            found = [
                s
                for s in found
                if s.path == path or language.reaches(path, s.path, name, s.definition.exported, project)
            ]
        if len(found) < 2:
            return found[0] if found else None
        folder = posixpath.dirname(path)

        def distance(symbol: Symbol) -> tuple[bool, bool, int, bool, str]:
            home = language is not None and language.is_home(symbol.path, full)
            near = shared_folders(folder, symbol.path)
            return symbol.path != path, not home, -near, symbol.definition.body_span is None, symbol.path

        return min(found, key=distance)

    def joined(self, symbol: Symbol) -> list[Symbol]:
        """Other definitions that are the same symbol, as the language says (Language.joins)."""
        family = self.home(symbol.path)[0]
        language = self.index.language(symbol.path)
        if not family or language is None:
            return []
        project = self.index._project()
        left = [s for s in self.all(family, self.full_name(symbol)) if s.id != symbol.id]
        found: list[Symbol] = []
        todo = [symbol]
        while todo and left:  # two definitions may be one by a third, which declares both
            at = todo.pop()
            todo += [s for s in left if language.joins(at.path, s.path, symbol.name, project)]
            found += [s for s in left if s in todo]
            left = [s for s in left if s not in todo]
        return sorted(found, key=lambda s: s.id)

    def ambient(self, path: str, name: str, scope: str = "") -> Symbol | Namespace | None:
        """What a bare name that nothing in the file binds means in a scope of it: a global name of the namespaces
        around the scope, else of those that the file sees without an import, else a namespace."""
        family, own = self.home(path)
        if not family:
            return None
        language = self.index.language(path)
        assert language is not None
        around = [join(own, at) for at in enclosing(scope)]
        for namespace in dict.fromkeys((*around, *language.visible(path, own, self.index._project()))):
            found = self.symbol(family, join(namespace, name), path)
            if found is not None:
                return found
            if join(namespace, name) in self.known(family):
                return Namespace(family, join(namespace, name), path)
        return Namespace(family, name, path) if name in self.known(family) else None
