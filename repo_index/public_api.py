"""The public API of a package: what importers can name, and where each name is defined.

Python: `__all__` where there is one; else definitions without a leading underscore and, in `__init__` files, what
they import from the repository. Submodules count unless a part of their name starts with an underscore.
JavaScript and TypeScript: what the entry files of package.json export, barrels followed.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .records import Symbol
from .resolve import Module
from .symbols import module_symbol

if TYPE_CHECKING:
    from .index import Index

_ENTRIES = ("source", "types", "typings", "module", "main", "browser", "bin")
_PYTHON = (".py", ".pyi")


@dataclass(frozen=True, slots=True)
class PublicName:
    """`name` can be imported from `module` (a dotted name, or a package's name and subpath); it is `symbol`."""

    module: str
    name: str
    symbol: Symbol
    path: str
    """The file that offers the name; another than the symbol's where it is re-exported."""

    @property
    def reexported(self) -> bool:
        return self.path != self.symbol.path

    def as_json(self) -> dict[str, Any]:
        signature = self.symbol.definition.signature
        more = {"module": self.module, "name": self.name, "signature": signature, "offered_by": self.path}
        return {**more, "reexported": self.reexported, "symbol": self.symbol.as_json()}


def public_api(index: Index, paths: list[str]) -> list[PublicName]:
    """Public names of the packages and modules among these files, sorted by module and name."""
    found: dict[tuple[str, str], PublicName] = {}
    for path in paths:
        if path.endswith(_PYTHON) and index.role(path) not in ("test", "generated"):
            module = index.module_name(path)
            if module is not None and not any(p.startswith("_") for p in module.split(".")):
                for entry in python_names(index, path, module):
                    found.setdefault((entry.module, entry.name), entry)
        elif posixpath.basename(path) == "package.json":
            for subpath, file in package_entries(index, path):
                for entry in exported_names(index, file, subpath):
                    found.setdefault((entry.module, entry.name), entry)
    return [found[key] for key in sorted(found)]


def python_names(index: Index, path: str, module: str) -> Iterator[PublicName]:
    """Public names of one Python file."""
    outline = index.outline(path)
    if outline is None:
        return
    package = posixpath.basename(path).startswith("__init__.")
    resolver = index._resolver()
    names = outline.dunder_all
    if names is None:
        names = [s.name for s in index.symbols(path) if not s.definition.parent and not s.name.startswith("_")]
        if package:
            names += [f.local for f in outline.imports if f.name not in (None, "*") and not f.scope]
            names = [n for n in names if n and not n.startswith("_")]
    for name in sorted(set(names)):
        target = resolver.exported(path, name)
        if isinstance(target, Symbol):
            yield PublicName(module, name, target, path)
        elif isinstance(target, Module) and outline.dunder_all is not None:
            record = index.file(target.path)
            if record is not None:
                yield PublicName(module, name, module_symbol(index, record), path)


def package_entries(index: Index, path: str) -> list[tuple[str, str]]:
    """(name by which it is imported, file) of every entry that a package.json offers and the repository has."""
    try:
        package = json.loads(index.text(path))
    except (ValueError, OSError, RecursionError):
        return []
    if not isinstance(package, dict):
        return []
    from .languages.ecmascript_packages import offered

    folder = posixpath.dirname(path)
    language = next((found for r in index.files() if (found := index.language(r.path)) and _script(found.name)), None)
    if language is None:
        return []

    def find(base: str) -> str | None:
        importer = posixpath.join(folder, "package.json")
        relative = posixpath.relpath(base, folder or ".")
        return language.resolve_module(f"./{relative}", importer, index._project()).path

    name = str(package.get("name") or posixpath.basename(folder) or "package")
    wanted: list[tuple[str, str]] = []
    exports = package.get("exports")
    for subpath, target in _offers(exports):
        wanted.append((name if subpath == "." else f"{name}/{subpath.removeprefix('./')}", target))
    for key in _ENTRIES:
        value = package.get(key)
        targets = value.values() if isinstance(value, dict) and key == "bin" else [value]
        wanted += [(name, t) for t in targets if isinstance(t, str)]
    if not wanted:
        wanted = [(name, "./index")]
    entries: dict[tuple[str, str], None] = {}
    for offered_as, target in wanted:
        file = offered(folder, target, find)
        if file is not None and index.language(file) is not None:
            entries[offered_as, file] = None
    return list(entries)


def _script(language: str) -> bool:
    return language in ("javascript", "typescript", "tsx")


def _offers(exports: Any, subpath: str = ".", depth: int = 0) -> Iterator[tuple[str, str]]:
    """(subpath, target) pairs of an `exports` field; patterns with * are left out."""
    if isinstance(exports, str):
        if "*" not in exports:
            yield subpath, exports
    elif isinstance(exports, list) and depth < 12:
        for one in exports:
            yield from _offers(one, subpath, depth + 1)
    elif isinstance(exports, dict) and depth < 12:
        for key, value in exports.items():
            yield from _offers(value, key if key.startswith(".") else subpath, depth + 1)


def exported_names(index: Index, path: str, module: str) -> Iterator[PublicName]:
    """What a JavaScript or TypeScript file exports, `export * from` followed."""
    resolver = index._resolver()
    for name in sorted(_export_names(index, path, set())):
        target = resolver.exported(path, name)
        if isinstance(target, Symbol):
            yield PublicName(module, name, target, path)
        elif isinstance(target, Module) and name != "export=":
            record = index.file(target.path)
            if record is not None:
                yield PublicName(module, name, module_symbol(index, record), path)


def _export_names(index: Index, path: str, seen: set[str]) -> set[str]:
    outline = index.outline(path)
    if path in seen or outline is None:
        return set()
    seen.add(path)
    names: set[str] = set()
    for export in outline.exports:
        if export.name != "*":
            names.add(export.name)
        elif export.module:
            source = index._resolver().module(path, export.module)
            if isinstance(source, Module):
                names |= _export_names(index, source.path, seen) - {"default"}
    return names
