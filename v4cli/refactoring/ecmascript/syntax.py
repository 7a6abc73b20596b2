"""The syntax tree of one file, its statements with the comments that belong to them, and where a name stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, cast

from repo_index.encoding import parseable
from repo_index.facts import FileFacts, Span
from repo_index.languages.ecmascript_tree import Dialect, parse

from ...errors import Refused
from .paths import extension

if TYPE_CHECKING:
    from tree_sitter import Node

    from ..workspace import Workspace

#: comments that speak of the file, not of what stands below them
_OF_THE_FILE = re.compile(rb"copyright|licen[sc]e|@file|@module\b|@packageDocumentation|@flow|eslint-disable(?!-next)"
                          rb"|@ts-(?:no)?check|<reference|@jsx|sourceMappingURL", re.IGNORECASE)  # fmt: skip
_LAZY = frozenset(
    "function_declaration generator_function_declaration function_expression generator_function arrow_function "
    "method_definition".split()
)
_IDENTIFIERS = frozenset(
    "identifier type_identifier shorthand_property_identifier shorthand_property_identifier_pattern".split()
)


class Source:
    """A file as it is in a workspace. Raises Refused when it has syntax errors."""

    def __init__(self, ws: Workspace, path: str) -> None:
        facts = ws.index.facts(path)
        if facts is None or facts.errors:
            where = f":{facts.errors[0][1]}" if facts is not None else ""
            raise Refused(f"{path}{where}: the file does not parse")
        self.path = path
        self.data = ws.read(path)
        self.facts: FileFacts = facts
        self.root = parse(parseable(self.data), cast(Dialect, facts.language))
        self.newline = b"\r\n" if b"\r\n" in self.data else b"\n"

    @cached_property
    def statements(self) -> list[Node]:
        return [n for n in self.root.named_children if n.type not in ("comment", "hash_bang_line")]

    @cached_property
    def is_module(self) -> bool:
        """Whether the file is written as an ES module: TypeScript, or JavaScript that imports or exports."""
        if extension(self.path) in (".mjs", ".mts") or any(
            n.type in ("import_statement", "export_statement") for n in self.statements
        ):
            return True
        return not any(not f.scope and f.kind in ("runtime", "reexport") for f in self.facts.imports) and not any(
            e.local for e in self.facts.exports
        )

    @cached_property
    def bindings(self) -> set[str]:
        """Names bound at the top level."""
        found = {d.qualified for d in self.facts.definitions if "." not in d.qualified}
        return found | {f.local for f in self.facts.imports if f.local and not f.scope}

    def node(self, span: Span) -> Node:
        found = self.root.descendant_for_byte_range(*span)
        return found if found is not None else self.root

    def statement(self, span: Span) -> Node | None:
        """The top-level statement around a span."""
        return next((s for s in self.statements if s.start_byte <= span[0] and span[1] <= s.end_byte), None)

    def line(self, offset: int) -> int:
        return self.data.count(b"\n", 0, offset) + 1

    def with_comments(self, statement: Node) -> Span:
        """A statement with the comments right above it, from the start of its line to the end of its last line."""
        start = statement.start_byte
        node = statement.prev_sibling
        while node is not None and node.type == "comment":
            between = self.data[node.end_byte : start]
            if between.count(b"\n") > 1 or _OF_THE_FILE.search(self.data[node.start_byte : node.end_byte]):
                break
            before = self.data[self.data.rfind(b"\n", 0, node.start_byte) + 1 : node.start_byte]
            if before.strip():
                break  # it ends the line of another statement
            start = node.start_byte
            node = node.prev_sibling
        end = self.data.find(b"\n", statement.end_byte)
        end = len(self.data) if end < 0 else end
        rest = self.data[statement.end_byte : end].strip()
        if rest and not rest.startswith((b"//", b";")):
            end = statement.end_byte
        return start, end

    def identifiers(self, within: Node | None = None) -> Iterator[Node]:
        """Nodes of names that may be bound, property names left out."""
        stack = [within or self.root]
        while stack:
            node = stack.pop()
            if node.type in _IDENTIFIERS:
                yield node
            stack.extend(node.children)


def is_type_position(node: Node) -> bool:
    """Whether a name stands where it means a type, which is gone at run time."""
    if node.type == "type_identifier":
        return True
    at: Node | None = node
    while at is not None and at.parent is not None:
        if at.parent.type in ("nested_type_identifier", "type_query"):
            return True
        if at.parent.type not in ("nested_identifier", "member_expression"):
            return False
        at = at.parent
    return False


def is_lazy(node: Node) -> bool:
    """Whether a name is looked at only when a function runs or an object is built."""
    at = node.parent
    while at is not None:
        if at.type in _LAZY:
            return True
        if at.type in ("public_field_definition", "field_definition") and not any(
            c.type == "static" for c in at.children
        ):
            return True
        at = at.parent
    return False


def is_assigned(node: Node) -> bool:
    """Whether a statement gives the name another value."""
    parent = node.parent
    if parent is None:
        return False
    if parent.type in ("assignment_expression", "augmented_assignment_expression", "for_in_statement"):
        left = parent.child_by_field_name("left")
        return left is not None and left.id == node.id
    return parent.type == "update_expression"


def has_jsx(node: Node) -> bool:
    stack = [node]
    while stack:
        at = stack.pop()
        if at.type.startswith("jsx_"):
            return True
        stack.extend(at.children)
    return False
