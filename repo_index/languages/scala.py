"""Scala 2 and 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..dotted import enclosing
from . import jvm_resolve
from .base import Project, Resolution
from .static_language import StaticLanguage

if TYPE_CHECKING:
    pass

_KEYWORDS = frozenset(
    "abstract case catch class def do else enum export extends false final finally for given if implicit import lazy "
    "match new null object override package private protected return sealed super then this throw trait true try type "
    "val var while with yield".split()
)
_BUILTINS = frozenset(
    "Any AnyRef AnyVal Nothing Null Unit String Char Int Long Short Byte Float Double Boolean Array List Seq Vector "
    "Map Set Option Some None Either Left Right Iterator Iterable Ordering Numeric BigInt BigDecimal StringBuilder "
    "Throwable Exception RuntimeException IllegalArgumentException IllegalStateException Function PartialFunction "
    "Product Serializable Object Nil println print require assert identity implicitly summon java javax scala".split()
)
_OBJECT = frozenset("equals hashCode toString getClass isInstanceOf asInstanceOf eq ne".split())


class Scala(StaticLanguage):
    name = "scala"
    extensions: tuple[str, ...] = (".scala", ".sc")
    version = 2
    grammar = "tree_sitter_scala"
    family = jvm_resolve.FAMILY
    free_functions = True
    extensions_of_types = True
    universal = _OBJECT

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        """A path from the root, or from one of the packages around the file."""
        found = jvm_resolve.resolve_module(module, importer, project)
        if found.state == "resolved":
            return found
        for around in enclosing(project.outline(importer).namespace):
            inner = jvm_resolve.resolve_module(f"{around}.{module}", importer, project)
            if inner.state == "resolved":
                return inner
        return found

    def visible(self, path: str, namespace: str, project: Project) -> tuple[str, ...]:
        """The package of the file and those around it (`package a; package b`)."""
        return tuple(enclosing(namespace)) or ("",)

    def keywords(self) -> frozenset[str]:
        return _KEYWORDS

    def builtins(self) -> frozenset[str]:
        return _BUILTINS


LANGUAGES = (Scala(),)
