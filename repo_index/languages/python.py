"""Python."""

from __future__ import annotations

import builtins
import keyword

from ..facts import FileFacts
from . import python_resolve
from .base import Language, Project, Resolution

_BUILTINS = frozenset(dir(builtins))


class Python(Language):
    name = "python"
    extensions: tuple[str, ...] = (".py", ".pyi", ".pyw")
    version = 9

    def extract(self, source: bytes, path: str) -> FileFacts:
        from .python_extract import extract  # the grammar is loaded when something is parsed

        return extract(source)

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        return python_resolve.resolve_module(module, importer, project)

    def submodule(self, path: str, name: str, project: Project) -> str | None:
        return python_resolve.submodule(path, name, project)

    def module_name(self, path: str, project: Project) -> str | None:
        return python_resolve.module_name(path, project)

    def keywords(self) -> frozenset[str]:
        return frozenset(keyword.kwlist) | {"None", "True", "False"}

    def builtins(self) -> frozenset[str]:
        return _BUILTINS


LANGUAGES: tuple[Language, ...] = (Python(),)
