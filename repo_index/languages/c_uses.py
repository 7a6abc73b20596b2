"""Statements and expressions of C and C++: what names are used, and in which blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..facts import ImportFact
from .c_declare import declaration, function
from .c_initializers import initializer
from .c_parameters import parameter, template_types, visit_layers
from .c_records import enumerator, record
from .c_scopes import Scope
from .c_tree import _name_of as last_name
from .c_tree import function_layer, item_of, parts, span_of, text, type_text, unwrap, value_type
from .c_walk import Handler, Walk, children, nothing


def block(walk: Walk, node: Any, scope: Scope) -> None:
    children(walk, node, scope.block())


def identifier(walk: Walk, node: Any, scope: Scope) -> None:
    walk.use(node, scope)


def type_name(walk: Walk, node: Any, scope: Scope) -> None:
    # the members of a struct of C are no names in it
    where = scope.outer().where if not walk.cpp and scope.kind == "class" else None
    if scope.local(text(node)) is None:
        walk.use(node, scope, is_type=True, where=where)


def qualified(walk: Walk, node: Any, scope: Scope, kind: str = "use") -> None:
    """`a::b::c`."""
    at = node
    nodes = parts(node)
    before: list[str] = []
    absolute = node.child_by_field_name("scope") is None
    for number, part in enumerate(nodes):
        own = kind if number == len(nodes) - 1 else "use"
        if part.type in ("destructor_name", "operator_name", "operator_cast"):
            children(walk, part, scope)
        elif before:
            walk.member(part, ".".join(before), scope, own)
        else:
            walk.use(part, scope, own, is_type=len(nodes) > 1, where="" if absolute else None)
        before.append(text(part))
    while at is not None and at.type == "qualified_identifier":
        around = at.child_by_field_name("scope")
        if around is not None and around.type == "template_type":
            walk.push(around.child_by_field_name("arguments"), scope)
        at = at.child_by_field_name("name")
    if at is not None and at.type in ("template_type", "template_function", "template_method"):
        walk.push(at.child_by_field_name("arguments"), scope)


def field_expression(walk: Walk, node: Any, scope: Scope, kind: str = "use") -> None:
    argument, field = node.child_by_field_name("argument"), node.child_by_field_name("field")
    if field is not None:
        name = last_name(field)
        if name.type == "field_identifier":
            base = value_type(argument, scope, walk.cpp)
            if walk.cpp and base and (node.child_by_field_name("operator") or node).type == "->":
                base = item_of(base)
            walk.member(name, base, scope, kind)
        else:
            walk.push(name, scope)
        if field.type == "dependent_name" or field.type.startswith("template_"):
            inner = field.named_children[-1] if field.type == "dependent_name" else field
            walk.push(inner.child_by_field_name("arguments"), scope)
    walk.push(argument, scope)


def call(walk: Walk, node: Any, scope: Scope) -> None:
    function_, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    walk.push(arguments, scope)
    while function_ is not None and function_.type == "parenthesized_expression" and function_.named_child_count == 1:
        function_ = function_.named_children[0]
    if function_ is None:
        return
    callee = function_
    if function_.type == "identifier":
        walk.use(function_, scope, "call")
    elif function_.type == "field_expression":
        field_expression(walk, function_, scope, "call")
        field = function_.child_by_field_name("field")
        callee = last_name(field) if field is not None else function_
    elif function_.type == "qualified_identifier":
        qualified(walk, function_, scope, "call")
        nodes = parts(function_)
        callee = nodes[-1] if nodes else function_
    elif function_.type == "template_function":
        callee = last_name(function_)
        walk.use(callee, scope, "call")
        walk.push(function_.child_by_field_name("arguments"), scope)
    else:
        walk.push(function_, scope)
        return
    if arguments is not None and arguments.type == "argument_list" and callee.type.endswith("identifier"):
        walk.call(callee, arguments, scope)


def compound_literal(walk: Walk, node: Any, scope: Scope) -> None:
    type_node, value = node.child_by_field_name("type"), node.child_by_field_name("value")
    if value is not None:
        array = type_node is not None and b"[" in (type_node.text or b"")
        walk.later(initializer(type_text(type_node), int(array), scope), value, scope)
    walk.push(type_node, scope)


def offset_of(walk: Walk, node: Any, scope: Scope) -> None:
    type_node, member = node.child_by_field_name("type"), node.child_by_field_name("member")
    if member is not None and member.type == "field_identifier":
        walk.member(member, type_text(type_node), scope)
    walk.push(type_node, scope)


def unknown_member(walk: Walk, node: Any, scope: Scope) -> None:
    walk.member(node, "", scope)


def range_loop(walk: Walk, node: Any, scope: Scope) -> None:
    """`for (T x : values)`."""
    inside = scope.block()
    declarator, right = node.child_by_field_name("declarator"), node.child_by_field_name("right")
    type_node = node.child_by_field_name("type")
    walk.push(node.child_by_field_name("body"), inside)
    if declarator is not None:
        walk.later(_loop_variable(type_node, right), declarator, inside)
    walk.push(right, inside)
    walk.push(type_node, inside)
    walk.push(node.child_by_field_name("initializer"), inside)


def _loop_variable(type_node: Any | None, right: Any | None) -> Handler:
    def handler(walk: Walk, node: Any, scope: Scope) -> None:
        name, _ = unwrap(node)
        type_ = type_text(type_node)
        if not type_ and right is not None:
            container = value_type(right, scope, walk.cpp)
            type_ = item_of(container) if container else ""
        if name is not None and name.type == "structured_binding_declarator":
            for child in name.named_children:
                scope.names[text(child)] = ""
        elif name is not None:
            scope.names[text(name)] = type_

    return handler


def lambda_(walk: Walk, node: Any, scope: Scope) -> None:
    inside = Scope("block", scope.where, scope, hidden=scope.hidden)
    captures = node.child_by_field_name("captures")
    declarator = node.child_by_field_name("declarator")
    walk.push(node.child_by_field_name("body"), inside)
    if declarator is not None:
        children(walk, declarator, inside)
    walk.push(captures, inside)


def capture(walk: Walk, node: Any, scope: Scope) -> None:
    """`[name = value]`."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is not None:
        scope.names[text(left)] = value_type(right, scope, walk.cpp)
    walk.push(right, scope)


def catch(walk: Walk, node: Any, scope: Scope) -> None:
    children(walk, node, scope.block())


def namespace(walk: Walk, node: Any, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    inside = Scope("namespace", scope.where, scope, hidden=scope.hidden or name is None)
    if name is not None:
        pieces = name.named_children if name.type == "nested_namespace_specifier" else [name]
        for piece in pieces:
            inside.where = f"{inside.where}.{text(piece)}" if inside.where else text(piece)
            walk.namespaces.add(inside.where)
    walk.push(body, inside)


def namespace_alias(walk: Walk, node: Any, scope: Scope) -> None:
    name = node.child_by_field_name("name")
    values = [c for c in node.named_children if name is None or c.id != name.id]
    if name is None or not values:
        return
    dotted = ".".join(part.strip() for part in text(values[-1]).split("::") if part.strip())
    line = walk.lines.at(node.start_byte)
    walk.facts.imports.append(
        ImportFact(
            dotted,
            None,
            text(name),
            "runtime",
            line,
            span_of(node),
            span_of(values[-1]),
            None,
            span_of(name),
            scope.where,
        )
    )


def using(walk: Walk, node: Any, scope: Scope) -> None:
    """`using namespace a::b;`, `using a::name;`."""
    named = node.named_children
    if not named:
        return
    target = named[-1]
    line = walk.lines.at(node.start_byte)
    opens = any(c.type == "namespace" for c in node.children)
    nodes = parts(target)
    names = [text(n) for n in nodes]
    if scope.kind == "class" or not names:
        qualified(walk, target, scope)
        return
    whole, span = span_of(node), (nodes[0].start_byte, nodes[-1].end_byte)
    where = scope.where
    if opens:
        walk.facts.imports.append(ImportFact(".".join(names), "*", "", "runtime", line, whole, span, scope=where))
    elif len(names) > 1:
        span = (nodes[0].start_byte, nodes[-2].end_byte)
        last = span_of(nodes[-1])
        walk.facts.imports.append(
            ImportFact(".".join(names[:-1]), names[-1], names[-1], "runtime", line, whole, span, last, last, where)
        )
    qualified(walk, target, scope)


def alias(walk: Walk, node: Any, scope: Scope) -> None:
    """`using Name = type;`."""
    name, type_node = node.child_by_field_name("name"), node.child_by_field_name("type")
    walk.push(type_node, scope)
    if name is None:
        return
    base = type_text(type_node)
    if scope.is_local:
        scope.names[text(name)] = ""
        return
    bases = (base,) if base and not base.endswith("[]") else ()
    walk.define(text(name), span_of(name), "type", span_of(node), scope.where, exported=not scope.hidden, bases=bases)


def template(walk: Walk, node: Any, scope: Scope) -> None:
    inside = Scope("template", scope.where, scope, hidden=scope.hidden)
    for child in reversed(node.named_children):
        if child.type == "template_parameter_list":
            template_types(walk, child, inside)
        else:
            walk.push(child, inside)


def field_initializer(walk: Walk, node: Any, scope: Scope) -> None:
    """`: member(value)` of a constructor: a member even where a parameter has its name."""
    for child in reversed(node.named_children):
        if child.type == "field_identifier":
            walk.use(child, scope, where=scope.where)
        else:
            walk.push(child, scope)


def friend(walk: Walk, node: Any, scope: Scope) -> None:
    for child in node.named_children:
        if child.type in ("type_identifier", "qualified_identifier"):
            walk.push(child, scope)
        elif child.type in ("declaration", "function_definition"):
            declarator = child.child_by_field_name("declarator")
            walk.push(child.child_by_field_name("type"), scope)
            if declarator is None:
                continue
            name, layers = unwrap(declarator)
            inside = Scope("block", scope.where, scope)
            if name is not None and name.type == "identifier":
                walk.use(name, scope, where=_around(scope))
            elif name is not None:
                walk.push(name, scope)
            visit_layers(walk, layers, inside, function_layer(layers))
            walk.todo.extend(
                (walk.handlers.get(c.type, children), c, inside)
                for c in [child.child_by_field_name("body")]
                if c is not None
            )


def _around(scope: Scope) -> str:
    return scope.outer().where


def specifier(walk: Walk, node: Any, scope: Scope) -> None:
    record(walk, node, scope)


HANDLERS: dict[str, Callable[[Walk, Any, Scope], None]] = {
    "declaration": declaration,
    "field_declaration": declaration,
    "type_definition": declaration,
    "function_definition": function,
    "parameter_declaration": parameter,
    "optional_parameter_declaration": parameter,
    "variadic_parameter_declaration": parameter,
    "struct_specifier": specifier,
    "union_specifier": specifier,
    "class_specifier": specifier,
    "enum_specifier": specifier,
    "enumerator": enumerator,
    "compound_statement": block,
    "for_statement": block,
    "if_statement": block,
    "while_statement": block,
    "switch_statement": block,
    "for_range_loop": range_loop,
    "catch_clause": catch,
    "lambda_expression": lambda_,
    "lambda_capture_initializer": capture,
    "call_expression": call,
    "field_expression": field_expression,
    "compound_literal_expression": compound_literal,
    "offsetof_expression": offset_of,
    "identifier": identifier,
    "type_identifier": type_name,
    "namespace_identifier": type_name,
    "field_identifier": unknown_member,
    "qualified_identifier": qualified,
    "field_initializer": field_initializer,
    "namespace_definition": namespace,
    "namespace_alias_definition": namespace_alias,
    "using_declaration": using,
    "alias_declaration": alias,
    "template_declaration": template,
    "friend_declaration": friend,
    "goto_statement": nothing,
    "statement_identifier": nothing,
    "string_literal": nothing,
    "raw_string_literal": nothing,
    "char_literal": nothing,
    "attribute_specifier": nothing,
    "attribute_declaration": nothing,
    "ms_declspec_modifier": nothing,
    "preproc_directive": nothing,
    "operator_name": nothing,
    "primitive_type": nothing,
}
