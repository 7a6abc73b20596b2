"""The syntax tree of one Go file: its declarations with their comments, and the names that are bound inside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from repo_index.encoding import parseable
from repo_index.facts import FileFacts, Span
from repo_index.languages.grammar_wheels import parser

from ...errors import Refused

if TYPE_CHECKING:
    from tree_sitter import Node

    from repo_index import Index

IDENTIFIERS = frozenset({"identifier", "type_identifier", "package_identifier"})
_SPECS = frozenset({"type_spec", "type_alias", "const_spec", "var_spec"})
_DIRECTIVE = re.compile(rb"//(?:go:|line |export |nolint|\+build)|// Code generated ")


def fields(node: Node, name: str) -> list[Node]:
    """The named children in a field, in order."""
    return [c for c in node.children_by_field_name(name) if c.is_named]


def within(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    stack = [node]
    while stack:
        at = stack.pop()
        yield at
        stack.extend(reversed(at.children))


def text_of(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


class Source:
    """A Go file of an index. Raises Refused when it has syntax errors."""

    def __init__(self, index: Index, path: str) -> None:
        facts = index.facts(path)
        if facts is None or facts.errors:
            where = f":{facts.errors[0][1]}" if facts is not None else ""
            raise Refused(f"{path}{where}: the file does not parse")
        self.path = path
        self.data = index.read(path)
        self.facts: FileFacts = facts
        self.root = parser("tree_sitter_go").parse(parseable(self.data)).root_node
        self.newline = b"\r\n" if b"\r\n" in self.data else b"\n"

    @property
    def package(self) -> str:
        return self.facts.namespace.removesuffix(" ignored")

    @cached_property
    def clause(self) -> Node:
        """The name in the package clause. Raises Refused when there is none."""
        for node in self.root.named_children:
            if node.type == "package_clause" and node.named_child_count:
                return node.named_children[0]
        raise Refused(f"{self.path}: no package clause")

    @cached_property
    def declarations(self) -> list[Node]:
        """What stands at the top level, but for the package clause, imports and comments."""
        skipped = ("comment", "package_clause", "import_declaration")
        return [n for n in self.root.named_children if n.type not in skipped]

    def node(self, span: Span) -> Node:
        found = self.root.descendant_for_byte_range(*span)
        return found if found is not None else self.root

    def declaration(self, span: Span) -> Node | None:
        """The top-level declaration around a span."""
        return next((d for d in self.declarations if d.start_byte <= span[0] and span[1] <= d.end_byte), None)

    def spec(self, span: Span) -> Node | None:
        """The function, method or single type, constant or variable declaration around a definition's name."""
        at: Node | None = self.node(span)
        while at is not None and at.parent is not None:
            if at.type in _SPECS or at.type in ("function_declaration", "method_declaration"):
                return at
            at = at.parent
        return None

    def line(self, offset: int) -> int:
        return self.data.count(b"\n", 0, offset) + 1

    def line_text(self, line: int) -> str:
        lines = self.data.split(b"\n", line)
        return lines[line - 1].decode("utf-8", "replace").strip()[:200] if line <= len(lines) else ""

    def comments_above(self, node: Node) -> list[Node]:
        """The comments right above a node, the highest first."""
        found: list[Node] = []
        at = node.prev_sibling
        top = node
        while at is not None and at.type in ("comment", "\n", ""):
            if at.type == "comment":
                between = self.data[at.end_byte : top.start_byte]
                before = self.data[self.data.rfind(b"\n", 0, at.start_byte) + 1 : at.start_byte]
                if between.count(b"\n") > 1 or before.strip():
                    break
                found.insert(0, at)
                top = at
            at = at.prev_sibling
        return found

    def with_comments(self, node: Node) -> Span:
        """A node with the comments right above it, from the start of the line to the end of its last line."""
        above = self.comments_above(node)
        start = above[0].start_byte if above else node.start_byte
        end = self.data.find(b"\n", node.end_byte)
        end = len(self.data) if end < 0 else end
        rest = self.data[node.end_byte : end].strip()
        if rest and not rest.startswith((b"//", b";")):
            end = node.end_byte
        return start, end

    def doc_mention(self, node: Node, name: str) -> Span | None:
        """Where the comment above a declaration begins with its name, as Go's convention wants it."""
        for comment in self.comments_above(node):
            text = self.data[comment.start_byte : comment.end_byte]
            if _DIRECTIVE.match(text):
                continue
            match = re.match(
                rb"(?://|/\*)\s*(?:(?:A|An|The|Deprecated:)\s+)?(" + re.escape(name.encode()) + rb")\b", text
            )
            return (comment.start_byte + match.start(1), comment.start_byte + match.end(1)) if match else None
        return None

    def words(self, within_node: Node, name: str) -> Iterator[Node]:
        """Identifiers of that name inside a node, selected fields and keys left out."""
        wanted = name.encode()
        if wanted not in self.data[within_node.start_byte : within_node.end_byte]:
            return
        for node in within(within_node):
            if node.type in IDENTIFIERS and node.text == wanted:
                yield node

    def binds_locally(self, declaration: Node, name: str) -> Node | None:
        """Where a top-level declaration gives that name to something of its own (a parameter, a local variable)."""
        return next((n for n in self.words(declaration, name) if is_local_binding(n)), None)


def is_local_binding(node: Node) -> bool:
    """Whether an identifier stands where a function, or a type with parameters, binds a name for itself."""
    at, parent = node, node.parent
    while parent is not None and parent.type == "expression_list":
        at, parent = parent, parent.parent
    if parent is None:
        return False
    kind = parent.type
    if kind in ("parameter_declaration", "variadic_parameter_declaration", "type_parameter_declaration"):
        return any(n.id == at.id for n in fields(parent, "name"))
    if kind in ("short_var_declaration", "range_clause", "receive_statement"):
        left = parent.child_by_field_name("left")
        return left is not None and left.id == at.id and any(c.type == ":=" for c in parent.children)
    if kind == "type_switch_statement":
        alias = parent.child_by_field_name("alias")
        return alias is not None and alias.id == at.id
    if kind in _SPECS:
        named = any(n.id == at.id for n in fields(parent, "name"))
        return named and _in_function(parent)
    return False


def _in_function(node: Node) -> bool:
    at = node.parent
    while at is not None:
        if at.type == "block":
            return True
        at = at.parent
    return False
