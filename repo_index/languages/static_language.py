"""What Java, Kotlin, Scala and C# have in common as languages of the index."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Literal

from ..encoding import parseable
from ..facts import FileFacts
from .base import Language
from .grammar_wheels import parser

if TYPE_CHECKING:
    from tree_sitter import Node


class StaticLanguage(Language):
    """The handlers of a language `x` are HANDLERS of x_walk.py; x_types.py reads types, has ELEMENT and SAME, and takes
    the steps along expressions."""

    #: the module of the grammar's wheel
    grammar: str
    implicit_self = True
    nested_members = True
    #: static_walk.Rules: whether functions and variables stand outside classes too
    free_functions: bool = False
    #: static_walk.Rules: whether names of packages may begin with a capital
    capital_packages: bool = False

    def parse(self, source: bytes) -> Node:
        """The root of the syntax tree."""
        return parser(self.grammar).parse(source).root_node

    def extract(self, source: bytes, path: str) -> FileFacts:
        from .static_facts import facts_of
        from .static_walk import Rules, Walk

        types = import_module(f".{self.name}_types", __package__)
        handlers = import_module(f".{self.name}_walk", __package__).HANDLERS
        readable = parseable(source)
        rules = Rules(
            handlers,
            types.step,
            types.type_expression,
            types.ELEMENT,
            types.SAME,
            free_functions=self.free_functions,
            capital_packages=self.capital_packages,
            universal=self.universal,
        )
        walk = Walk(readable, rules)
        root = self.parse(readable)
        walk.run(root)
        return facts_of(walk, self.name, root)

    def of_container(self, member: str) -> Literal["element", "container"] | None:
        types = import_module(f".{self.name}_types", __package__)
        return "element" if member in types.ELEMENT else "container" if member in types.SAME else None
