"""Kotlin."""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import TYPE_CHECKING, Literal

from ..encoding import parseable
from ..facts import FileFacts
from . import jvm_resolve
from .base import Language, Project, Resolution

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_KEYWORDS = frozenset(
    "as break class continue do else false for fun if in interface is null object package return super this throw true "
    "try typealias typeof val var when while".split()
)
_BUILTINS = frozenset(
    "Any Nothing Unit String Char CharSequence Int Long Short Byte Float Double Boolean Number Array List MutableList "
    "Map MutableMap Set MutableSet Collection Iterable Sequence Pair Triple Comparable Enum Throwable Exception Error "
    "IllegalArgumentException IllegalStateException RuntimeException IntArray LongArray ByteArray CharArray "
    "BooleanArray Regex StringBuilder Lazy Result Suppress Deprecated JvmStatic JvmField JvmOverloads println print "
    "listOf mapOf setOf mutableListOf mutableMapOf mutableSetOf arrayOf emptyList emptyMap lazy require check error "
    "requireNotNull checkNotNull TODO with run apply let also java javax kotlin".split()
)
_OBJECT = frozenset("equals hashCode toString".split())
_ONE_LINE = re.compile(rb"(?<=[^\s{]) (?=\})|; (?=(?:fun|val|var|override|private|class)\b)")
_FUN_INTERFACE = re.compile(rb"\bfun(?=\s+interface\b)")


@cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_kotlin

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return tree_sitter.Parser(tree_sitter.Language(tree_sitter_kotlin.language()))


def _parse(source: bytes) -> Node:
    """The root of the syntax tree. The grammar ends members at line ends only; where it finds errors, the file is read
    with members of one line broken into several, and the reading with fewer errors counts."""
    from .ecmascript_tree import syntax_errors

    masked = _FUN_INTERFACE.sub(b"   ", source)
    root = _parser().parse(masked).root_node
    if not root.has_error:
        return root
    broken = _ONE_LINE.sub(lambda m: b"\n" * len(m[0]), masked)
    other = _parser().parse(broken).root_node

    def wrong(tree: Node) -> int:
        return sum(max(1, span[1] - span[0]) for span, _ in syntax_errors(tree))

    return other if wrong(other) < wrong(root) else root


class Kotlin(Language):
    name = "kotlin"
    extensions: tuple[str, ...] = (".kt", ".kts")
    version = 2
    family = jvm_resolve.FAMILY
    implicit_self = True
    nested_members = True
    extensions_of_types = True
    universal = _OBJECT

    def extract(self, source: bytes, path: str) -> FileFacts:
        from . import kotlin_types
        from .kotlin_walk import HANDLERS
        from .static_facts import facts_of
        from .static_walk import Rules, Walk

        readable = parseable(source)
        rules = Rules(
            HANDLERS,
            kotlin_types.step,
            kotlin_types.type_expression,
            kotlin_types.ELEMENT,
            kotlin_types.SAME,
            free_functions=True,
            universal=_OBJECT,
        )
        walk = Walk(readable, rules)
        root = _parse(readable)
        walk.run(root)
        return facts_of(walk, self.name, root)

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        return jvm_resolve.resolve_module(module, importer, project)

    def of_container(self, member: str) -> Literal["element", "container"] | None:
        from .kotlin_types import ELEMENT, SAME

        return "element" if member in ELEMENT else "container" if member in SAME else None

    def keywords(self) -> frozenset[str]:
        return _KEYWORDS

    def builtins(self) -> frozenset[str]:
        return _BUILTINS


LANGUAGES = (Kotlin(),)
