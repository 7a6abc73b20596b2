"""What other files take from a module: by name, or as its attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .handles import Handles
from .modules import Modules
from .scopes import Scopes
from .source import try_parse

if TYPE_CHECKING:
    from repo_index.records import ImportEdge


def imported_from(modules: Modules, path: str) -> set[str]:
    """Names that `from module import name` takes from the file."""
    return {name for edge in modules.index.importers(path) for name in edge.names}


def read_through(modules: Modules, path: str) -> set[str]:
    """Names that other files use as attributes of the module."""
    index = modules.index
    found: set[str] = set()
    leaf = (modules.name(path) or "").rpartition(".")[2].encode()
    for importer in sorted({e.source for e in index.importers(path) if _may_bind(modules, e, path)}):
        data = index.read(importer)
        source = try_parse(importer, data) if leaf in data else None
        if source is None:
            continue
        handles = Handles(source, Scopes(source), modules)
        for node, _ in handles.attributes():
            if handles.denoted(node.value) == path:
                found.add(node.attr)
    return found


def _may_bind(modules: Modules, edge: ImportEdge, path: str) -> bool:
    """Whether an import may bind the module itself, and not only names of it."""
    return not edge.names or modules.file(edge.module, edge.source) != path
