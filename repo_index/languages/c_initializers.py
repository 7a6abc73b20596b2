"""Initializers in braces: which fields `{.field = value}` names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .c_scopes import Scope
from .c_tree import item_of, text
from .c_walk import Walk, children


def initializer(type_: str, dimensions: int, scope: Scope) -> Callable[[Walk, Any, Scope], None]:
    """`{.field = value}` for a variable of a known type, an array of it with `dimensions`."""

    def handler(walk: Walk, node: Any, at: Scope) -> None:
        for child in reversed(node.named_children):
            if child.type == "initializer_list":
                known = type_ if dimensions > 0 else item_of(type_) if type_.endswith("[]") else ""
                walk.later(initializer(known, dimensions - 1, at), child, at)
            elif child.type == "initializer_pair":
                _pair(walk, child, type_, dimensions, at)
            else:
                walk.push(child, at)

    return handler


def _pair(walk: Walk, node: Any, type_: str, dimensions: int, scope: Scope) -> None:
    value = node.child_by_field_name("value")
    inside, left = type_, dimensions
    for designator in node.named_children:
        if designator.type == "field_designator":
            field = designator.named_children[0]
            walk.member(field, inside, scope)
            inside, left = (f"{inside}.{text(field)}" if inside else ""), 1
        elif designator.type == "subscript_designator":
            left -= 1
            children(walk, designator, scope)
    if value is None:
        return
    if value.type == "initializer_list":
        walk.later(initializer(inside, left, scope), value, scope)
    else:
        walk.push(value, scope)
