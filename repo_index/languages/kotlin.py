"""Kotlin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import jvm_resolve
from .base import Project, Resolution
from .static_language import StaticLanguage

if TYPE_CHECKING:
    from tree_sitter import Node

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


class Kotlin(StaticLanguage):
    name = "kotlin"
    extensions: tuple[str, ...] = (".kt", ".kts")
    version = 2
    grammar = "tree_sitter_kotlin"
    family = jvm_resolve.FAMILY
    free_functions = True
    extensions_of_types = True
    universal = _OBJECT

    def parse(self, source: bytes) -> Node:
        """The root of the syntax tree. The grammar ends members at line ends only; where it finds errors, the file is
        read with members of one line broken into several, and the reading with fewer errors counts."""
        from .ecmascript_tree import syntax_errors

        masked = _FUN_INTERFACE.sub(b"   ", source)
        root = super().parse(masked)
        if not root.has_error:
            return root
        broken = _ONE_LINE.sub(lambda m: b"\n" * len(m[0]), masked)
        other = super().parse(broken)

        def wrong(tree: Node) -> int:
            return sum(max(1, span[1] - span[0]) for span, _ in syntax_errors(tree))

        return other if wrong(other) < wrong(root) else root

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        return jvm_resolve.resolve_module(module, importer, project)

    def keywords(self) -> frozenset[str]:
        return _KEYWORDS

    def builtins(self) -> frozenset[str]:
        return _BUILTINS


LANGUAGES = (Kotlin(),)
