"""What types, expressions and patterns of Swift say."""

from __future__ import annotations

from typing import Any

from ..facts import Span
from .c_scopes import Scope

_DEPTH = 60
_TRANSPARENT = frozenset(
    "postfix_expression try_expression await_expression optional_chaining_expression tuple_expression "
    "directly_assignable_expression prefix_expression".split()
)


def name_text(node: Any) -> str:
    return (node.text or b"").decode("utf-8", "replace").strip("`")


def span_of(node: Any) -> Span:
    return (node.start_byte, node.end_byte)


def name_span(node: Any) -> Span:
    """Without the backquotes of `default`."""
    ticks = (node.text or b"").startswith(b"`")
    return (node.start_byte + ticks, node.end_byte - ticks)


def type_text(node: Any | None, depth: int = 0) -> str:
    """The dotted expression of a type; `[]` at its end for an array."""
    if node is None or depth > _DEPTH:
        return ""
    if node.type == "user_type":
        names = [name_text(c) for c in node.named_children if c.type == "type_identifier"]
        if names in (["Array"], ["Set"]):
            arguments = next((c for c in node.named_children if c.type == "type_arguments"), None)
            item = type_text(arguments.named_children[0], depth + 1) if arguments is not None else ""
            return item + "[]" if item else ""
        return ".".join(names)
    if node.type == "type_identifier":
        return name_text(node)
    if node.type == "array_type":
        item = type_text(node.named_children[0], depth + 1) if node.named_child_count else ""
        return item + "[]" if item else ""
    if node.type in (
        "optional_type",
        "type_annotation",
        "opaque_type",
        "existential_type",
        "implicitly_unwrapped_type",
    ):
        inner = [c for c in node.named_children if c.type not in ("attribute", "type_modifiers")]
        return type_text(inner[0], depth + 1) if inner else ""
    return ""


def value_type(node: Any | None, scope: Scope, depth: int = 0) -> str:
    """The dotted expression of an expression's type, "" where nothing is known."""
    if node is None or depth > _DEPTH:
        return ""
    if node.type == "simple_identifier":
        known = scope.local(name_text(node))
        return name_text(node) if known is None else known
    if node.type == "self_expression":
        return scope.class_name()
    if node.type == "navigation_expression":
        base = value_type(node.child_by_field_name("target"), scope, depth + 1)
        name = suffix_of(node)
        if not base or name is None:
            return ""
        if base.endswith("[]"):
            return base[:-2] if name_text(name) in ("first", "last") else ""
        return base if name_text(name) == "init" else f"{base}.{name_text(name)}"
    if node.type == "call_expression" and node.named_child_count:
        base = value_type(node.named_children[0], scope, depth + 1)
        suffix = node.named_children[-1]
        if base and suffix.type == "call_suffix" and (suffix.text or b"").startswith(b"["):
            return base[:-2] if base.endswith("[]") else f"{base}.*"
        return base
    if node.type == "as_expression":
        return type_text(node.named_children[-1])
    if node.type == "array_literal" and node.named_child_count:
        item = value_type(node.named_children[0], scope, depth + 1)
        return item + "[]" if item else ""
    if node.type == "nil_coalescing_expression":
        return value_type(node.child_by_field_name("value"), scope, depth + 1)
    if node.type in _TRANSPARENT:
        inner = node.child_by_field_name("target") or node.child_by_field_name("expr")
        if inner is None and node.named_child_count:
            inner = node.named_children[-1]
        return value_type(inner, scope, depth + 1)
    return ""


def suffix_of(node: Any) -> Any | None:
    suffix = node.child_by_field_name("suffix")
    name = suffix.child_by_field_name("suffix") if suffix is not None else None
    return name if name is not None and name.type == "simple_identifier" else None


def modifiers(node: Any) -> str:
    found = next((c for c in node.named_children if c.type == "modifiers"), None)
    return " ".join((found.text or b"").decode("utf-8", "replace").split()) if found is not None else ""


def exported_of(node: Any) -> bool:
    return not {"private", "fileprivate"} & set(modifiers(node).split())


def after_dot(node: Any) -> bool:
    before = node.prev_sibling
    return before is not None and before.type in (".", "dot")


def bound(pattern: Any) -> list[Any]:
    """Identifiers that a pattern binds."""
    found, stack = [], [pattern]
    while stack:
        node = stack.pop()
        for child in reversed(node.named_children):
            if child.type == "pattern":
                stack.append(child)
            elif child.type == "simple_identifier" and not after_dot(child):
                found.append(child)
    return sorted(found, key=lambda n: n.start_byte)
