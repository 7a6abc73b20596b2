"""Parsing JavaScript and TypeScript, and small helpers on their syntax trees."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Literal

from tree_sitter import Node, Parser

from ..facts import Span
from .grammar_wheels import parser

Dialect = Literal["javascript", "typescript", "tsx"]

FUNCTIONS = frozenset(
    {
        "function_declaration",
        "generator_function_declaration",
        "function_expression",
        "generator_function",
        "arrow_function",
    }
)
CLASSES = frozenset({"class_declaration", "abstract_class_declaration", "class"})
#: wrappers that leave the value of an expression as it is
TRANSPARENT = frozenset({"parenthesized_expression", "non_null_expression", "satisfies_expression"})
#: generic types whose first argument has the members of the value itself, once awaited
TRANSPARENT_TYPES = frozenset(
    "Promise PromiseLike Readonly Partial Required NonNullable Awaited DeepPartial Omit Pick".split()
)

IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*\Z")


def _parser(dialect: Dialect) -> Parser:
    if dialect == "javascript":
        return parser("tree_sitter_javascript")
    return parser("tree_sitter_typescript", f"language_{dialect}")


#: syntax that the TypeScript grammar does not know, and what to read in its place (of equal length):
#: variance annotations (`<in out T>`), and a call signature after a member that ends with its line
_VARIANCE = re.compile(
    rb"([<,]\s*(?:/[/*][^\n]*\n\s*)?)((?:in\s+)?out|in)(?=\s+[A-Za-z_$][\w$]*\s*(?:extends\b|[=,>]))"
)
_CALL_SIGNATURE = re.compile(rb"(?<=[\w>\])}])(\s*\n\s*)(?=<\s*(?:const\s+)?[A-Z]\w*\s*(?:[,>]|=[^=]|extends\b))")


def parse(source: bytes, dialect: Dialect) -> Node:
    """The root of the syntax tree. Where the grammar finds errors, JavaScript is also read as TypeScript (it
    may have type annotations, as Flow does), and TypeScript without what the grammar does not know; the
    reading with the fewest errors counts."""
    root = _parser(dialect).parse(source).root_node
    if not root.has_error:
        return root
    if dialect == "javascript":
        other = _parser("tsx").parse(source).root_node
    else:
        masked = _VARIANCE.sub(lambda m: m[1] + b" " * len(m[2]), source)
        masked = _CALL_SIGNATURE.sub(lambda m: b";" + m[1][1:], masked)
        if masked == source:
            return root
        other = _parser(dialect).parse(masked).root_node
    return other if _error_bytes(other) < _error_bytes(root) else root


def _error_bytes(root: Node) -> int:
    return sum(max(1, span[1] - span[0]) for span, _ in syntax_errors(root))


def syntax_errors(root: Node) -> list[tuple[Span, int]]:
    """Spans and lines of ERROR and MISSING nodes, outermost only."""
    found: list[tuple[Span, int]] = []
    stack = [root] if root.has_error else []
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            found.append(((node.start_byte, node.end_byte), node.start_point[0] + 1))
        else:
            stack.extend(child for child in node.children if child.has_error or child.is_missing)
    return sorted(found)


class Lines:
    """Line numbers, from 1, of byte offsets."""

    def __init__(self, source: bytes) -> None:
        self._starts = [0, *(match.end() for match in re.finditer(b"\n", source))]

    def at(self, offset: int) -> int:
        return bisect_right(self._starts, offset)


def span_of(node: Node) -> Span:
    return (node.start_byte, node.end_byte)


def literal(node: Node | None) -> tuple[str, Span] | None:
    """Text and span, without the quotes, of a string or of a template without substitutions."""
    if node is None or node.type not in ("string", "template_string"):
        return None
    parts = node.named_children
    if any(part.type not in ("string_fragment", "escape_sequence") for part in parts):
        return None
    start, end = node.start_byte + 1, node.end_byte - 1
    text = node.text or b""
    return text[1:-1].decode("utf-8", "replace"), (start, max(start, end))


def has_token(node: Node, token: str) -> bool:
    """Whether an anonymous child (a keyword, an operator) of that type stands directly in the node."""
    return any(child.type == token for child in node.children)


def strip(node: Node | None) -> Node | None:
    """The expression inside parentheses, `x!`, `x satisfies T`, `x as const`."""
    while node is not None and (
        node.type in TRANSPARENT or (node.type == "as_expression" and has_token(node, "const"))
    ):
        node = node.named_children[0] if node.named_child_count else None
    return node


def property_key(node: Node | None) -> tuple[str, Span] | None:
    """Name and span of a property key that is an identifier, `#private` or a string that could be one."""
    if node is None:
        return None
    if node.type in ("property_identifier", "private_property_identifier", "identifier", "default"):
        return (node.text or b"").decode("utf-8", "replace"), span_of(node)
    quoted = literal(node) if node.type == "string" else None
    if quoted is not None and IDENTIFIER.match(quoted[0]):
        return quoted
    return None
