"""Parameters of functions and templates of C and C++, and what else stands in declarators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..facts import Parameter
from .c_scopes import Scope
from .c_tree import span_of, text, type_text, unwrap
from .c_walk import Walk, children


def visit_layers(walk: Walk, layers: list[Any], scope: Scope, own: Any | None) -> None:
    """Parameter lists, array sizes and the like of the declarators around a name."""
    for layer in reversed(layers):
        below = layer.child_by_field_name("declarator")
        names = [c for c in layer.named_children if below is None or c.id != below.id]
        if layer.type in ("parenthesized_declarator", "reference_declarator", "pointer_declarator"):
            continue
        for child in reversed(names):
            if child.type == "parameter_list":
                walk.push(
                    child, scope if own is not None and layer.id == own.id else Scope("block", scope.where, scope)
                )
            else:
                walk.push(child, scope)


def parameters(walk: Walk, layer: Any) -> tuple[Parameter, ...]:
    found: list[Parameter] = []
    listed = layer.child_by_field_name("parameters")
    for node in listed.named_children if listed is not None else ():
        if node.type == "variadic_parameter":
            found.append(Parameter("...", span_of(node), "var_positional", span=span_of(node)))
            continue
        if not node.type.endswith("parameter_declaration"):
            continue
        declarator = node.child_by_field_name("declarator")
        name = unwrap(declarator)[0] if declarator is not None else None
        if name is None and text(node) == "void":
            continue
        default = node.child_by_field_name("default_value")
        type_node = node.child_by_field_name("type")
        named = name is not None and name.type == "identifier"
        found.append(
            Parameter(
                text(name) if named else "",
                span_of(name) if named else (node.end_byte, node.end_byte),
                "positional_only",
                text(default) if default is not None else None,
                text(type_node) if type_node is not None else None,
                span_of(node),
            )
        )
    return tuple(found)


def parameter(walk: Walk, node: Any, scope: Scope) -> None:
    """A parameter: its type is used, its name is bound in the scope."""
    type_node, declarator = node.child_by_field_name("type"), node.child_by_field_name("declarator")
    default = node.child_by_field_name("default_value")
    walk.push(default, scope)
    if declarator is not None:
        walk.later(_declare_parameter(type_text(type_node)), declarator, scope)
    walk.push(type_node, scope)


def _declare_parameter(type_: str) -> Callable[[Walk, Any, Scope], None]:
    def handler(walk: Walk, node: Any, scope: Scope) -> None:
        name, layers = unwrap(node)
        visit_layers(walk, layers, scope, None)
        if name is not None and name.type == "identifier":
            scope.names[text(name)] = type_
        elif name is not None and name.type != "operator_name":
            children(walk, name, scope)

    return handler


def template_types(walk: Walk, node: Any, scope: Scope) -> None:
    """Parameters of a template: names that nothing outside can mean."""
    for child in node.named_children:
        names = child.child_by_field_name("name")
        if names is None and child.type.endswith("type_parameter_declaration"):
            names = next((c for c in child.named_children if c.type == "type_identifier"), None)
        if names is not None:
            scope.names[text(names)] = ""
        if child.type.endswith("parameter_declaration") and "type_parameter" not in child.type:
            parameter(walk, child, scope)
        default = child.child_by_field_name("default_type")
        walk.push(default, scope)
