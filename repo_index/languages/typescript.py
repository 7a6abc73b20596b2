"""TypeScript: one language for plain files, one for those with JSX, since `<T>x` is read differently."""

from __future__ import annotations

from ..facts import FileFacts
from .base import Language
from .javascript import JavaScript


class TypeScript(JavaScript):
    name = "typescript"
    extensions: tuple[str, ...] = (".ts", ".mts", ".cts")

    def extract(self, source: bytes, path: str) -> FileFacts:
        from .ecmascript_extract import extract  # the grammar is loaded when something is parsed

        return extract(source, "typescript")


class Tsx(JavaScript):
    name = "tsx"
    extensions: tuple[str, ...] = (".tsx",)

    def extract(self, source: bytes, path: str) -> FileFacts:
        from .ecmascript_extract import extract  # the grammar is loaded when something is parsed

        return extract(source, "tsx")


LANGUAGES: tuple[Language, ...] = (TypeScript(), Tsx())
