"""PHP."""

from __future__ import annotations

from ..facts import FileFacts
from . import php_resolve
from .base import Language, Project, Resolution
from .php_names import BUILTINS, KEYWORDS, MEMBERS


class Php(Language):
    name = "php"
    extensions: tuple[str, ...] = (".php", ".phtml", ".php5", ".php7", ".phpt", ".inc")
    version = 1
    family = "php"

    def extract(self, source: bytes, path: str) -> FileFacts:
        from .php_extract import extract  # the grammar is loaded when something is parsed

        return extract(source)

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        return php_resolve.resolve(module, importer, project)

    def visible(self, path: str, namespace: str, project: Project) -> tuple[str, ...]:
        return (namespace, "") if namespace else ("",)

    def reaches(self, path: str, other: str, name: str, exported: bool, project: Project) -> bool:
        """Functions and constants are looked up in the global namespace too, classes (`Name`) are not."""
        if not (name[:1].isupper() and not name.isupper()):
            return True
        mine, its = project.outline(path), project.outline(other)
        return not (mine.namespace and not its.namespace and not its.namespaces and not mine.namespaces)

    def common_members(self) -> frozenset[str]:
        return MEMBERS

    def keywords(self) -> frozenset[str]:
        return KEYWORDS

    def builtins(self) -> frozenset[str]:
        return BUILTINS


LANGUAGES: tuple[Language, ...] = (Php(),)
