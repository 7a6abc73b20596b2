"""What patterns, loops, conditions and closures of Swift bind."""

from __future__ import annotations

from typing import Any

from .c_scopes import Scope
from .c_walk import Handler, Walk, children
from .swift_tree import bound, name_text, type_text, value_type


def bind(name: str, type_: str) -> Handler:
    def handler(walk: Walk, node: Any, scope: Scope) -> None:
        scope.names[name] = type_

    return handler


def pattern(walk: Walk, node: Any, scope: Scope) -> None:
    """In a case, loop or catch: `let` binds, `.name` is a case of something unknown."""
    binds = any(c.type == "value_binding_pattern" for c in node.named_children)
    if binds or (node.parent is not None and node.parent.type in ("for_statement", "catch_block")):
        names = bound(node)
        case = any(c.type == "." for c in node.children) or b"." in (node.text or b"").split(b"(")[0]
        for identifier in names:
            scope.names[name_text(identifier)] = ""
        if case:
            for child in node.named_children:
                if child.type == "simple_identifier":
                    scope.names.pop(name_text(child), None)
                    walk.member(child, "", scope)
                elif child.type not in ("pattern", "value_binding_pattern"):
                    walk.push(child, scope)
        return
    children(walk, node, scope)


def loop(walk: Walk, node: Any, scope: Scope) -> None:
    inside = scope.block()
    item, collection = node.child_by_field_name("item"), node.child_by_field_name("collection")
    values = value_type(collection, scope)
    names = bound(item) if item is not None else []
    type_ = (values[:-2] if values.endswith("[]") else f"{values}.*") if values and len(names) == 1 else ""
    for child in reversed(node.named_children):
        if item is not None and child.id == item.id and names:
            walk.later(bind(name_text(names[0]), type_), item, inside)
        walk.push(child, inside)


def binding(walk: Walk, node: Any, scope: Scope) -> None:
    """`if let x = y`, `guard let x`: what the name holds is what the value is."""
    inside = scope if node.type == "guard_statement" else scope.block()
    actions: list[tuple[Handler, Any, Scope]] = []
    done: set[int] = set()
    for number, child in enumerate(node.named_children):
        is_bound = node.field_name_for_named_child(number) == "bound_identifier"
        if child.type == "simple_identifier" and is_bound:
            following = child.next_sibling
            if following is not None and following.type == "type_annotation":
                following = following.next_sibling
            plain = following is None or following.type != "="
            value = None if plain or following is None else following.next_named_sibling
            source = child if plain else value
            if plain:
                actions.append((walk.handlers[child.type], child, inside))
            actions.append((_bind_value(name_text(child), source), child, inside))
            if not plain and value is not None:
                actions.insert(-1, (walk.handlers.get(value.type, children), value, inside))
                done.add(value.id)
        elif child.id not in done:
            actions.append((walk.handlers.get(child.type, children), child, inside))
    walk.todo.extend(reversed(actions))


def _bind_value(name: str, value: Any) -> Handler:
    def handler(walk: Walk, node: Any, scope: Scope) -> None:
        scope.names[name] = value_type(value, scope)

    return handler


def closure(walk: Walk, node: Any, scope: Scope) -> None:
    inside = Scope("block", scope.where, scope)
    children(walk, node, inside)


def lambda_parameter(walk: Walk, node: Any, scope: Scope) -> None:
    names = node.children_by_field_name("name")
    if names:
        scope.names[name_text(names[0])] = type_text(names[1]) if len(names) > 1 else ""
        for child in names[1:]:
            walk.push(child, scope)


def block(walk: Walk, node: Any, scope: Scope) -> None:
    children(walk, node, scope.block())
