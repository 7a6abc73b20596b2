"""Scala 2 and 3."""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING, Literal

from ..encoding import parseable
from ..facts import FileFacts
from . import jvm_resolve
from .base import Language, Project, Resolution

if TYPE_CHECKING:
    from tree_sitter import Parser

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


@cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_scala

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return tree_sitter.Parser(tree_sitter.Language(tree_sitter_scala.language()))


class Scala(Language):
    name = "scala"
    extensions: tuple[str, ...] = (".scala", ".sc")
    version = 2
    family = jvm_resolve.FAMILY
    implicit_self = True
    nested_members = True
    extensions_of_types = True
    universal = _OBJECT

    def extract(self, source: bytes, path: str) -> FileFacts:
        from . import scala_types
        from .scala_walk import HANDLERS
        from .static_facts import facts_of
        from .static_walk import Rules, Walk

        readable = parseable(source)
        rules = Rules(
            HANDLERS,
            scala_types.step,
            scala_types.type_expression,
            scala_types.ELEMENT,
            scala_types.SAME,
            free_functions=True,
            universal=_OBJECT,
        )
        walk = Walk(readable, rules)
        root = _parser().parse(readable).root_node
        walk.run(root)
        return facts_of(walk, self.name, root)

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        """A path from the root, or from one of the packages around the file."""
        found = jvm_resolve.resolve_module(module, importer, project)
        around = project.outline(importer).namespace
        while found.state != "resolved" and around:
            inner = jvm_resolve.resolve_module(f"{around}.{module}", importer, project)
            if inner.state == "resolved":
                return inner
            around = around.rpartition(".")[0]
        return found

    def visible(self, path: str, namespace: str, project: Project) -> tuple[str, ...]:
        """The package of the file and those around it (`package a; package b`)."""
        around = []
        while namespace:
            around.append(namespace)
            namespace = namespace.rpartition(".")[0]
        return tuple(around) or ("",)

    def of_container(self, member: str) -> Literal["element", "container"] | None:
        from .scala_types import ELEMENT, SAME

        return "element" if member in ELEMENT else "container" if member in SAME else None

    def keywords(self) -> frozenset[str]:
        return _KEYWORDS

    def builtins(self) -> frozenset[str]:
        return _BUILTINS


LANGUAGES = (Scala(),)
