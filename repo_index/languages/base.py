"""What a language must provide. One instance per language, registered in languages/__init__.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ..facts import FileFacts

ImportState = Literal["resolved", "external", "ambiguous", "unresolved"]


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a module specifier leads: `path` is set when state is "resolved" (or the first of several)."""

    state: ImportState
    path: str | None = None
    candidates: tuple[str, ...] = ()


class Project(Protocol):
    """What a resolver may look at: the set of paths and the text of configuration files."""

    @property
    def paths(self) -> frozenset[str]: ...

    def read(self, path: str) -> bytes: ...

    def memo(self, key: str) -> dict[Any, Any]:
        """A dictionary that lives as long as this set of files, for resolver tables."""
        ...


class Language(Protocol):
    name: str
    extensions: tuple[str, ...]
    #: rises when extract() changes, so that cached facts are made anew
    version: int

    def extract(self, source: bytes, path: str) -> FileFacts:
        """Facts of one file. Never raises on broken code: tree-sitter recovers, errors are listed."""
        ...

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        """The file that a specifier written in `importer` names."""
        ...

    def submodule(self, path: str, name: str, project: Project) -> str | None:
        """The file that `name` means as a child module of the file `path` (Python packages), else None."""
        ...

    def module_name(self, path: str, project: Project) -> str | None:
        """The name by which other files import `path` (Python dotted name; JavaScript: None)."""
        ...

    def keywords(self) -> frozenset[str]:
        """Reserved words: no symbol may be renamed to one of them."""
        ...

    def builtins(self) -> frozenset[str]:
        """Names that the language and its runtime provide without a declaration or an import."""
        ...


Snapshot = Mapping[str, str]
"""path -> git blob hash (SHA-1 of "blob N\\0" + content)"""
