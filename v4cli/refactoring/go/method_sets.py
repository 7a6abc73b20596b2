"""The methods that types of a repository have, their own and those of what they embed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .packages import Packages
from .standard import Shape, asked_by
from .syntax import Source, fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    from repo_index import Index
    from repo_index.records import Symbol

_TYPES = ("class", "interface", "type")
#: bases that the language itself provides without methods of their own
_BARE = frozenset({"any", "comparable", "string", "bool", "byte", "rune", "struct", "interface"})


class MethodSets:
    """Of all types at package level. `source` gives the parsed file of a path."""

    def __init__(self, index: Index, packages: Packages, source: Callable[[str], Source]) -> None:
        self._source = source
        self._packages = packages
        self._own: dict[str, dict[str, Symbol]] = {}
        self._bases: dict[str, list[str | None]] = {}
        places: dict[tuple[str, str, str], str] = {}
        methods: list[Symbol] = []
        for path in packages.paths:
            for symbol in index.symbols(path):
                if not symbol.definition.parent and symbol.kind in _TYPES:
                    places[(*packages.of(path), symbol.name)] = symbol.id
                    self._bases[symbol.id] = [
                        self._base(index, path, b) for b in symbol.definition.bases if not _bare(b)
                    ]
                elif symbol.kind == "method":
                    methods.append(symbol)
        for method in methods:
            holder = places.get((*packages.of(method.path), method.definition.parent))
            if holder is not None:
                self._own.setdefault(holder, {})[method.name] = method

    @staticmethod
    def _base(index: Index, path: str, name: str) -> str | None:
        return getattr(index.resolve(path, name), "id", None)

    def of(self, type_id: str) -> tuple[dict[str, Symbol], bool]:
        """The methods of a type by name, and whether it may have more by what it embeds from outside."""
        found: dict[str, Symbol] = {}
        is_open = False
        todo, seen = [type_id], set[str]()
        while todo:
            at = todo.pop(0)
            if at in seen:
                continue
            seen.add(at)
            for name, method in self._own.get(at, {}).items():
                found.setdefault(name, method)
            for base in self._bases.get(at, ()):
                if base is None:
                    is_open = True
                else:
                    todo.append(base)
        return found, is_open

    def asked(self, method: Symbol) -> tuple[str, str] | None:
        """(type, interface of the standard library that it has by the method), None when there is none."""
        for type_id in sorted(self._bases):
            had, is_open = self.of(type_id)
            mine = had.get(method.name)
            if mine is None or mine.id != method.id:
                continue
            shapes = {name: self.shape(m) for name, m in had.items()}
            interface = asked_by(method.name, self.shape(method), shapes, is_open, self._imported(type_id))
            if interface:
                return type_id, interface
        return None

    def _imported(self, type_id: str) -> set[str]:
        package = self._packages.of(type_id.partition("::")[0])
        files = self._packages.files(package)
        modules = {f.module for path in files for f in self._packages.facts(path).imports}
        return {package[1], *(m.rsplit("/", 1)[-1] for m in modules)}

    def shape(self, method: Symbol) -> Shape:
        """How many parameters and results a method has."""
        node = self._source(method.path).node(method.definition.name_span).parent
        if node is None:
            return 0, 0
        result = node.child_by_field_name("result")
        results = _count(result) if result is not None and result.type == "parameter_list" else int(result is not None)
        return _count(node.child_by_field_name("parameters")), results


def _bare(base: str) -> bool:
    return base in _BARE or base.rstrip("0123456789") in ("int", "uint", "float", "complex", "uintptr")


def _count(listed: Node | None) -> int:
    given = [c for c in listed.named_children if c.type != "comment"] if listed is not None else []
    return sum(max(1, len(fields(g, "name"))) for g in given)
