"""Functions, statements, patterns and expressions of Rust: what they bind and what their names hang on."""

from __future__ import annotations

from typing import Any

from ..facts import Call, OccurrenceKind
from . import rust_macros
from .rust_items import collect, impl_type, type_names
from .rust_types import element, of_type, of_value
from .rust_walk import Scope, Walk, span


def function(walk: Walk, node: Any) -> None:
    name = node.child_by_field_name("name")
    text = walk.text(name) if name is not None else ""
    outer = walk.scopes[-1]
    owner = outer.self_type if outer.self_type and outer.path != outer.self_type else ""
    path = ".".join(p for p in (owner or outer.path, text) if p)
    scope = Scope(path=path)
    scope.items = {walk.text(n): ("type", _bound(walk, node, walk.text(n))) for n in type_names(node)}
    parts: list[Any] = [c for f in ("type_parameters", "return_type") if (c := node.child_by_field_name(f)) is not None]
    parts += [c for c in node.named_children if c.type == "where_clause"]
    listed = node.child_by_field_name("parameters")
    for parameter in listed.named_children if listed is not None else ():
        pattern, type_ = parameter.child_by_field_name("pattern"), parameter.child_by_field_name("type")
        parts.append(type_ if type_ is not None else parameter if parameter.type != "self_parameter" else None)
        if pattern is not None:
            parts.append(lambda pattern=pattern, type_=type_: bind(walk, pattern, of_type(walk, type_)))
    walk.inside([*parts, node.child_by_field_name("body")], scope)


def _bound(walk: Walk, node: Any, name: str) -> str:
    """The trait that a type parameter has, where it has one."""
    listed = node.child_by_field_name("type_parameters")
    for parameter in listed.named_children if listed is not None else ():
        own, bounds = parameter.child_by_field_name("name"), parameter.child_by_field_name("bounds")
        if own is not None and bounds is not None and walk.text(own) == name and bounds.named_child_count == 1:
            return of_type(walk, bounds.named_children[0])
    return ""


def block(walk: Walk, node: Any) -> None:
    scope = Scope()
    outer = walk.scopes[-1]
    scope.path, scope.module = outer.path, outer.module
    if any(c.type.endswith("_item") or c.type in ("use_declaration", "macro_definition") for c in node.named_children):
        before = len(walk.uses)
        collect(walk, node.named_children, scope)
        scope.path = outer.path
        del walk.uses[before:]
    walk.inside(node.named_children, scope)


def module(walk: Walk, node: Any) -> None:
    body = node.child_by_field_name("body")
    scope = walk.inner.get(body.start_byte) if body is not None else None
    if scope is not None:
        walk.inside(body.named_children, scope)


def impl(walk: Walk, node: Any) -> None:
    scope = Scope()
    scope.items = {walk.text(n): ("type", _bound(walk, node, walk.text(n))) for n in type_names(node)}
    if node.type == "trait_item":
        name = node.child_by_field_name("name")
        path = walk.scopes[-1].path
        scope.self_type = f"{path}.{walk.text(name)}" if path else walk.text(name)
    else:
        walk.scopes.append(scope)
        scope.module = walk.scopes[-2].module
        scope.self_type = impl_type(walk, node) or of_type(walk, node.child_by_field_name("type"))
        walk.scopes.pop()
    scope.path = walk.scopes[-1].path
    name = node.child_by_field_name("name")
    walk.inside([c for c in node.named_children if name is None or c.id != name.id], scope)


def item(walk: Walk, node: Any) -> None:
    """A struct, enum, constant or alias: what is inside, without the name."""
    name = node.child_by_field_name("name")
    scope = Scope(path=walk.scopes[-1].path)
    scope.items = {walk.text(n): ("type", "") for n in type_names(node)}
    if node.type in ("struct_item", "enum_item", "union_item") and name is not None:
        path = walk.scopes[-1].path
        scope.self_type = f"{path}.{walk.text(name)}" if path else walk.text(name)
    walk.inside([c for c in node.named_children if name is None or c.id != name.id], scope)


def unnamed(walk: Walk, node: Any) -> None:
    name = node.child_by_field_name("name")
    walk.push(c for c in node.named_children if name is None or c.id != name.id)


def nothing(walk: Walk, node: Any) -> None:
    """Holds no names that are looked up."""


# -- patterns


def bind(walk: Walk, pattern: Any, type_: str) -> None:
    """Bind the names of a pattern in the scope that is open."""
    todo = [(pattern, type_)]
    while todo:
        node, of = todo.pop()
        kind = node.type
        if kind == "identifier":
            text = walk.text(node)
            known = walk.value(text)
            if text[:1].isupper() or (known is not None and known[0] == "definition" and text.isupper()):
                walk.name(node)
            elif text != "_":
                walk.scopes[-1].values[text] = of
        elif kind in ("tuple_struct_pattern", "struct_pattern"):
            head = node.child_by_field_name("type")
            if head is not None:
                walk.path(walk.segments(head), is_type=kind == "struct_pattern")
            owner = of_type(walk, head) if head is not None else ""
            inner = [c for c in node.named_children if head is None or c.id != head.id]
            if kind == "struct_pattern":
                for field in inner:
                    _field_pattern(walk, field, owner, todo)
            else:
                held = element(of) if owner in ("Some", "Ok") and of else ""
                todo += [(c, held) for c in inner]
        elif kind in ("scoped_identifier", "scoped_type_identifier"):
            walk.path(walk.segments(node))
        elif kind == "captured_pattern":
            todo += [(c, of) for c in node.named_children]
        elif kind in ("match_pattern", "or_pattern", "ref_pattern", "mut_pattern", "reference_pattern"):
            condition = node.child_by_field_name("condition")
            todo += [(c, of) for c in node.named_children if condition is None or c.id != condition.id]
        elif kind in ("tuple_pattern", "slice_pattern"):
            todo += [(c, element(of) if kind == "slice_pattern" else "") for c in node.named_children]
        elif kind in ("macro_invocation", "range_pattern", "const_block"):
            walk.push([node] if kind == "macro_invocation" else node.named_children)


def _field_pattern(walk: Walk, field: Any, owner: str, todo: list[tuple[Any, str]]) -> None:
    name, inner = field.child_by_field_name("name"), field.child_by_field_name("pattern")
    if name is None:
        return
    walk.member(name, "keyword", owner)
    if name.type == "shorthand_field_identifier":
        walk.facts.shorthands.append(span(name))
        walk.scopes[-1].values[walk.text(name)] = f"{owner}.{walk.text(name)}" if owner else ""
    elif inner is not None:
        todo.append((inner, f"{owner}.{walk.text(name)}" if owner else ""))


def let(walk: Walk, node: Any) -> None:
    pattern, type_, value = (node.child_by_field_name(n) for n in ("pattern", "type", "value"))

    def declare() -> None:
        if pattern is not None:
            bind(walk, pattern, of_type(walk, type_) if type_ is not None else of_value(walk, value))

    walk.push([type_, value, node.child_by_field_name("alternative"), declare])


def for_(walk: Walk, node: Any) -> None:
    pattern, value, body = (node.child_by_field_name(n) for n in ("pattern", "value", "body"))
    walk.push([value])
    walk.todo.insert(len(walk.todo) - 1, walk.leave)
    walk.todo.insert(len(walk.todo) - 1, body)
    walk.todo.insert(len(walk.todo) - 1, lambda: bind(walk, pattern, element(of_value(walk, value))))
    walk.todo.insert(len(walk.todo) - 1, lambda: walk.enter(Scope()))


def scoped(walk: Walk, node: Any) -> None:
    walk.inside(node.named_children)


def arm(walk: Walk, node: Any) -> None:
    pattern, value = node.child_by_field_name("pattern"), node.child_by_field_name("value")
    condition = pattern.child_by_field_name("condition") if pattern is not None else None
    subject = node.parent.parent.child_by_field_name("value") if node.parent is not None else None
    walk.inside([lambda: bind(walk, pattern, of_value(walk, subject)), condition, value])


def closure(walk: Walk, node: Any) -> None:
    listed = node.child_by_field_name("parameters")
    parts: list[Any] = []
    for parameter in listed.named_children if listed is not None else ():
        pattern, type_ = parameter.child_by_field_name("pattern"), parameter.child_by_field_name("type")
        parts.append(type_)
        parts.append(lambda p=pattern or parameter, t=type_: bind(walk, p, of_type(walk, t)))
    walk.inside([*parts, node.child_by_field_name("return_type"), node.child_by_field_name("body")])


# -- expressions


def name(walk: Walk, node: Any) -> None:
    walk.name(node)


def type_name(walk: Walk, node: Any) -> None:
    walk.path([node], is_type=True)


def path(walk: Walk, node: Any, kind: OccurrenceKind = "use") -> None:
    found = walk.segments(node)
    if found:
        walk.path(found, kind, is_type=node.type == "scoped_type_identifier")
    else:
        last = node.child_by_field_name("name")
        if last is not None:
            walk.member(last, kind, "")
    at = node
    while at is not None and at.type in ("scoped_identifier", "scoped_type_identifier", "generic_type"):
        walk.push([at.child_by_field_name("type_arguments")])
        at = at.child_by_field_name("path") or (at.child_by_field_name("type") if at.type == "generic_type" else None)
    if at is not None and at.type == "bracketed_type":
        walk.push([at])


def generic(walk: Walk, node: Any) -> None:
    walk.push([node.child_by_field_name("type"), node.child_by_field_name("type_arguments")])


def field(walk: Walk, node: Any, kind: OccurrenceKind = "use") -> None:
    value, last = node.child_by_field_name("value"), node.child_by_field_name("field")
    if last is not None and last.type == "field_identifier":
        walk.member(last, kind, of_value(walk, value))
    walk.push([value])


def call(walk: Walk, node: Any) -> None:
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    walk.push([arguments])
    callee = function
    if callee is not None and callee.type == "generic_function":
        walk.push([callee.child_by_field_name("type_arguments")])
        callee = callee.child_by_field_name("function")
    last = None
    if callee is None:
        return
    if callee.type == "field_expression":
        field(walk, callee, "call")
        last = callee.child_by_field_name("field")
    elif callee.type == "scoped_identifier":
        path(walk, callee, "call")
        last = callee.child_by_field_name("name")
    elif callee.type == "identifier":
        walk.name(callee, "call")
        last = callee
    else:
        walk.push([callee])
    if last is not None and arguments is not None:
        given = [a for a in arguments.named_children if not a.type.endswith("comment")]
        walk.facts.calls.append(Call(span(last), span(arguments), len(given)))


def struct(walk: Walk, node: Any) -> None:
    head, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    owner = of_type(walk, head) if head is not None else ""
    parts: list[Any] = [head]
    for part in body.named_children if body is not None else ():
        if part.type == "field_initializer":
            key = part.child_by_field_name("field")
            if key is not None and key.type == "field_identifier":
                walk.member(key, "keyword", owner)
            parts.append(part.child_by_field_name("value"))
        elif part.type == "shorthand_field_initializer":
            key = part.named_children[-1]
            walk.member(key, "keyword", owner)
            walk.facts.shorthands.append(span(key))
            parts.append(key)
        else:
            parts.append(part)
    walk.push(parts)


HANDLERS = {
    "function_item": function,
    "function_signature_item": function,
    "block": block,
    "mod_item": module,
    "impl_item": impl,
    "trait_item": impl,
    "struct_item": item,
    "enum_item": item,
    "union_item": item,
    "type_item": item,
    "const_item": unnamed,
    "static_item": unnamed,
    "associated_type": unnamed,
    "field_declaration": unnamed,
    "enum_variant": unnamed,
    "type_parameter": unnamed,
    "const_parameter": unnamed,
    "type_binding": unnamed,
    "use_declaration": nothing,
    "extern_crate_declaration": nothing,
    "macro_definition": nothing,
    "attribute_item": nothing,
    "inner_attribute_item": nothing,
    "visibility_modifier": nothing,
    "lifetime": nothing,
    "label": nothing,
    "self": nothing,
    "super": nothing,
    "crate": nothing,
    "field_identifier": nothing,
    "line_comment": nothing,
    "block_comment": nothing,
    "let_declaration": let,
    "let_condition": let,
    "for_expression": for_,
    "if_expression": scoped,
    "while_expression": scoped,
    "match_arm": arm,
    "closure_expression": closure,
    "identifier": name,
    "type_identifier": type_name,
    "scoped_identifier": path,
    "scoped_type_identifier": path,
    "generic_type": generic,
    "field_expression": field,
    "call_expression": call,
    "struct_expression": struct,
    "macro_invocation": rust_macros.macro,
}
