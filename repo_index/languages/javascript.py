"""JavaScript, JSX included."""

from __future__ import annotations

from ..facts import FileFacts
from . import ecmascript_resolve
from .base import Language, Project, Resolution
from .ecmascript_reserved import GLOBALS, RESERVED


class JavaScript(Language):
    name = "javascript"
    extensions: tuple[str, ...] = (".js", ".jsx", ".mjs", ".cjs")
    version = 6

    def extract(self, source: bytes, path: str) -> FileFacts:
        from .ecmascript_extract import extract  # the grammar is loaded when something is parsed

        return extract(source, "javascript")

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        return ecmascript_resolve.resolve_module(module, importer, project)

    def submodule(self, path: str, name: str, project: Project) -> str | None:
        return None

    def module_name(self, path: str, project: Project) -> str | None:
        return None

    def keywords(self) -> frozenset[str]:
        return RESERVED

    def builtins(self) -> frozenset[str]:
        return GLOBALS


LANGUAGES: tuple[Language, ...] = (JavaScript(),)
