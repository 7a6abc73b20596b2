"""Go."""

from __future__ import annotations

import posixpath

from ..facts import FileFacts
from .base import Language, Project, Resolution

_KEYWORDS = frozenset(
    "break case chan const continue default defer else fallthrough for func go goto if import interface map package "
    "range return select struct switch type var".split()
)
#: `struct` and `interface` are what go_types.py calls types without a name
_PREDECLARED = frozenset(
    "any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint "
    "uint8 uint16 uint32 uint64 uintptr true false iota nil append cap clear close complex copy delete imag len make "
    "max min new panic print println real recover struct interface".split()
)
#: packages of the standard library whose functions and types give back what they were given (type parameters)
_GENERIC = frozenset({"slices", "maps", "sync", "sync/atomic", "iter", "cmp"})


class Go(Language):
    name = "go"
    extensions: tuple[str, ...] = (".go",)
    version = 3
    family = "go"
    bare_members = False
    embeds = True
    implicit_interfaces = True

    def extract(self, source: bytes, path: str) -> FileFacts:
        from .go_extract import extract

        return extract(source)

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        from .go_modules import resolve

        return resolve(module, importer, project)

    def namespace(self, path: str, declared: str, project: Project) -> str:
        from .go_modules import namespace

        return namespace(path, declared, project)

    def reaches(self, path: str, other: str, name: str, exported: bool, project: Project) -> bool:
        # what a test file declares is seen by test files alone
        return not other.endswith("_test.go") or path.endswith("_test.go")

    def joins(self, path: str, other: str, name: str, project: Project) -> bool:
        # one name twice in a package: files under different build constraints
        return name != "init" and posixpath.dirname(path) == posixpath.dirname(other)

    def hands_on(self, name: str) -> bool:
        head, _, last = name.rpartition("/")
        package = f"{head}/{last.split('.', 1)[0]}" if head else last.split(".", 1)[0]
        return (bool(head) and "." in head.split("/", 1)[0]) or package in _GENERIC

    def keywords(self) -> frozenset[str]:
        return _KEYWORDS

    def builtins(self) -> frozenset[str]:
        return _PREDECLARED


LANGUAGES = (Go(),)
