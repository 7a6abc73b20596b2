"""Uses of names in Swift, and what handles each node."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..facts import Call, Receiver
from .c_scopes import Scope
from .c_walk import Handler, Walk, children, nothing
from .swift_bindings import binding, block, closure, lambda_parameter, loop, pattern
from .swift_declare import alias, class_, entry, function, import_, parameter, property_, type_parameters
from .swift_tree import after_dot, name_text, span_of, suffix_of, value_type


def user_type(walk: Walk, node: Any, scope: Scope) -> None:
    before: list[str] = []
    for child in node.named_children:
        if child.type != "type_identifier":
            walk.push(child, scope)
        elif before:
            walk.member(child, ".".join(before), scope)
            before.append(name_text(child))
        else:
            walk.use(child, scope, is_type=True)
            before.append(name_text(child))


def identifier(walk: Walk, node: Any, scope: Scope) -> None:
    if after_dot(node):
        walk.member(node, "", scope)
    else:
        walk.use(node, scope)


def navigation(walk: Walk, node: Any, scope: Scope, kind: str = "use") -> None:
    target, name = node.child_by_field_name("target"), suffix_of(node)
    if name is not None and not (name.text or b"").startswith(b"`"):
        if target is not None and target.type == "super_expression":
            walk.member(name, "", scope, kind)
            last = walk.facts.occurrences[-1]
            around = scope.class_name()
            if around:
                walk.facts.occurrences[-1] = _with_receiver(last, Receiver("super", around))
        else:
            walk.member(name, value_type(target, scope), scope, kind)
    elif node.child_by_field_name("suffix") is not None:
        walk.push(node.child_by_field_name("suffix"), scope)
    walk.push(target, scope)


def _with_receiver(occurrence: Any, receiver: Receiver) -> Any:
    return replace(occurrence, receiver=receiver)


def call(walk: Walk, node: Any, scope: Scope) -> None:
    if not node.named_child_count:
        return
    function_, rest = node.named_children[0], node.named_children[1:]
    for child in reversed(rest):
        walk.push(child, scope)
    callee = None
    if function_.type == "simple_identifier":
        callee = function_
        walk.use(function_, scope, "call")
    elif function_.type == "navigation_expression":
        callee = suffix_of(function_)
        navigation(walk, function_, scope, "call")
    else:
        walk.push(function_, scope)
    arguments = rest[0].named_children[0] if rest and rest[0].named_child_count else None
    if callee is not None and arguments is not None and arguments.type == "value_arguments":
        labels = [a.child_by_field_name("name") for a in arguments.named_children]
        keywords = tuple(name_text(n) for n in labels if n is not None)
        walk.facts.calls.append(
            Call(span_of(callee), span_of(arguments), len(labels) - len(keywords), keywords, scope=scope.where)
        )


HANDLERS: dict[str, Handler] = {
    "class_declaration": class_,
    "protocol_declaration": class_,
    "function_declaration": function,
    "protocol_function_declaration": function,
    "init_declaration": function,
    "deinit_declaration": function,
    "subscript_declaration": function,
    "parameter": parameter,
    "property_declaration": property_,
    "protocol_property_declaration": property_,
    "enum_entry": entry,
    "typealias_declaration": alias,
    "associatedtype_declaration": alias,
    "type_parameters": type_parameters,
    "import_declaration": import_,
    "user_type": user_type,
    "simple_identifier": identifier,
    "navigation_expression": navigation,
    "call_expression": call,
    "if_statement": binding,
    "guard_statement": binding,
    "while_statement": binding,
    "for_statement": loop,
    "switch_entry": block,
    "do_statement": block,
    "catch_block": block,
    "statements": children,
    "lambda_literal": closure,
    "lambda_parameter": lambda_parameter,
    "pattern": pattern,
    "value_argument_label": nothing,
    "line_str_text": nothing,
    "comment": nothing,
    "multiline_comment": nothing,
}
