"""Declarations and statements of Go: what they bind, and where."""

from __future__ import annotations

from typing import Any

from .go_definitions import embedded
from .go_types import element, first, held, of_type, of_value, of_values
from .go_walk import Walk, fields


def _parts(node: Any, *names: str) -> list[Any]:
    """The children in these fields."""
    return [c for name in names for c in fields(node, name)]


def _listed(node: Any) -> list[Any]:
    return [c for c in node.named_children if c.type != "comment"] if node is not None else []


def function(walk: Walk, node: Any) -> None:
    """A function, method or function literal. Its own name is a definition or nothing."""
    walk.inside([lambda: _types(walk, node), lambda: _signature(walk, node), *_parts(node, "body")])


def method(walk: Walk, node: Any) -> None:
    listed = node.child_by_field_name("receiver")

    def receive() -> None:
        for parameter in _listed(listed):
            type_ = parameter.child_by_field_name("type")
            for arguments in (c for c in _within(type_) if c.type == "type_arguments"):
                for argument in _within(arguments):
                    if argument.type == "type_identifier":
                        walk.declare(walk.text(argument), "")

    parts = [receive, lambda: _parameters(walk, listed), lambda: _signature(walk, node), *_parts(node, "body")]
    walk.inside(parts)


def _within(node: Any) -> list[Any]:
    found, todo = [], [node]
    while todo:
        at = todo.pop()
        if at is not None:
            found.append(at)
            todo.extend(at.named_children)
    return found


def _types(walk: Walk, node: Any) -> None:
    """Type parameters: names first, then constraints, which may mention them."""
    listed = _listed(node.child_by_field_name("type_parameters"))
    for parameter in listed:
        constraint = parameter.child_by_field_name("type")
        known = of_type(walk, constraint) if constraint is not None and _plain(constraint) else ""
        for name in fields(parameter, "name"):
            walk.declare(walk.text(name), "" if known in ("any", "comparable") else known)
    walk.push(c for p in listed for c in _parts(p, "type"))


def _plain(constraint: Any) -> bool:
    inner = constraint.named_children
    return len(inner) == 1 and inner[0].type in ("type_identifier", "qualified_type")


def _signature(walk: Walk, node: Any) -> None:
    result = node.child_by_field_name("result")
    listed = result is not None and result.type == "parameter_list"
    last = (lambda: _parameters(walk, result)) if listed else result
    walk.push([lambda: _parameters(walk, node.child_by_field_name("parameters")), last])


def _parameters(walk: Walk, listed: Any) -> None:
    """Types are read before names are bound: `func(url url.URL)`."""
    found: list[tuple[str, str]] = []
    later: list[Any] = []
    for parameter in _listed(listed):
        type_ = parameter.child_by_field_name("type")
        of = of_type(walk, type_) if type_ is not None else ""
        of = held(of) if parameter.type.startswith("variadic") else of
        found += [(walk.text(name), of) for name in fields(parameter, "name")]
        later.append(type_ if type_ is not None else parameter)

    def bind() -> None:
        for name, of in found:
            walk.declare(name, of)

    walk.push([*later, bind])


def function_type(walk: Walk, node: Any) -> None:
    """Names of parameters in a type bind nothing."""
    for name in ("result", "parameters"):
        part = node.child_by_field_name(name)
        if part is not None and part.type == "parameter_list":
            walk.push(p.child_by_field_name("type") or p for p in _listed(part))
        elif part is not None:
            walk.push([part])


def scoped(walk: Walk, node: Any) -> None:
    walk.inside(node.named_children)


def var(walk: Walk, node: Any) -> None:
    """`var a, b T = ...`, `const`: at package level the names are definitions."""
    names, type_ = fields(node, "name"), node.child_by_field_name("type")
    listed = node.child_by_field_name("value")

    def bind() -> None:
        if walk.scopes:
            of = of_type(walk, type_) if type_ is not None else ""
            types = [of] * len(names) if type_ is not None else of_values(walk, _listed(listed), len(names))
            for name, one in zip(names, types, strict=True):
                walk.declare(walk.text(name), one)

    walk.push([type_, listed, bind])


def type_spec(walk: Walk, node: Any) -> None:
    name, type_ = node.child_by_field_name("name"), node.child_by_field_name("type")
    if walk.scopes and name is not None and type_ is not None:
        walk.declare(walk.text(name), "")
        known = of_type(walk, type_)
        if type_.type == "struct_type" and embedded(type_):
            known = ""
        walk.declare(walk.text(name), known)
    walk.inside([lambda: _types(walk, node), type_])


def short_var(walk: Walk, node: Any) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")

    def bind() -> None:
        names = _listed(left)
        types = of_values(walk, _listed(right), len(names))
        for name, of in zip(names, types, strict=True):
            _short(walk, name, of)

    walk.push([right, bind])


def _short(walk: Walk, name: Any, of: str) -> None:
    """`:=` makes a name new unless its block has it already."""
    if name.type == "identifier" and walk.scopes and walk.text(name) not in walk.scopes[-1]:
        walk.declare(walk.text(name), of)


def _is_new(node: Any) -> bool:
    return any(c.type == ":=" for c in node.children)


def range_(walk: Walk, node: Any) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")

    def bind() -> None:
        of = first(of_value(walk, right)) if right is not None else ""
        names = _listed(left)
        types = [of if of in ("int", "string") else "", element(of)]
        for name, one in zip(names, types, strict=False):
            _short(walk, name, one)

    walk.push([right, bind] if _is_new(node) else [right, left])


def receive(walk: Walk, node: Any) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")

    def bind() -> None:
        for name, of in zip(_listed(left), of_values(walk, [right], len(_listed(left))), strict=True):
            _short(walk, name, of)

    walk.push([right, bind] if _is_new(node) else [right, left])


def type_switch(walk: Walk, node: Any) -> None:
    alias, value = _listed(node.child_by_field_name("alias")), node.child_by_field_name("value")
    name = walk.text(alias[0]) if alias else "_"
    parts: list[Any] = [*_parts(node, "initializer"), value]
    for case in node.named_children:
        if case.type in ("type_case", "default_case"):
            parts += [walk.enter, lambda case=case: _case(walk, case, name, value), *case.named_children, walk.leave]
    walk.inside(parts)


def _case(walk: Walk, case: Any, name: str, value: Any) -> None:
    types = fields(case, "type")
    walk.declare(name, of_type(walk, types[0]) if len(types) == 1 else first(of_value(walk, value)))


def interface(walk: Walk, node: Any) -> None:
    for part in node.named_children:
        if part.type == "method_elem":
            function_type(walk, part)
        else:
            walk.push([part])


def field(walk: Walk, node: Any) -> None:
    walk.push(_parts(node, "type", "tag"))


def nothing(walk: Walk, node: Any) -> None:
    """Imports, clauses and labels hold no names that are looked up."""


HANDLERS = {
    "function_declaration": function,
    "func_literal": function,
    "method_declaration": method,
    "function_type": function_type,
    "block": scoped,
    "if_statement": scoped,
    "for_statement": scoped,
    "expression_switch_statement": scoped,
    "expression_case": scoped,
    "default_case": scoped,
    "communication_case": scoped,
    "type_switch_statement": type_switch,
    "var_spec": var,
    "const_spec": var,
    "type_spec": type_spec,
    "type_alias": type_spec,
    "short_var_declaration": short_var,
    "range_clause": range_,
    "receive_statement": receive,
    "interface_type": interface,
    "field_declaration": field,
    "import_declaration": nothing,
    "package_clause": nothing,
    "label_name": nothing,
    "comment": nothing,
}
