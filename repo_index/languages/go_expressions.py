"""Names in Go expressions and types, and what they hang on."""

from __future__ import annotations

from typing import Any

from ..facts import Call, OccurrenceKind
from .go_types import element, field_type, first, of_type, of_value
from .go_walk import Walk, span


def name(walk: Walk, node: Any) -> None:
    walk.name(node, "use")


def selector(walk: Walk, node: Any, kind: OccurrenceKind = "use") -> None:
    """`root.a.b`: one occurrence per attribute; the root is visited by itself."""
    names: list[Any] = []
    at = node
    while at is not None and at.type == "selector_expression":
        names.insert(0, at.child_by_field_name("field"))
        at = at.child_by_field_name("operand")
    if at is None or any(n is None for n in names):
        walk.push(node.named_children)
        return
    _chain(walk, at, names, kind)
    walk.push([at])


def _chain(walk: Walk, root: Any, names: list[Any], kind: OccurrenceKind) -> None:
    texts = [walk.text(n) for n in names]
    plain = root.type in ("identifier", "package_identifier")
    local = walk.local(walk.text(root)) if plain else None
    number = walk.imports.get(walk.text(root)) if plain and local is None else None
    type_ = of_value(walk, root) if number is None else ""
    start = 0
    for i, node in enumerate(names):
        its_kind: OccurrenceKind = kind if i == len(names) - 1 else "use"
        chain = tuple(texts[start : i + 1])
        if number is not None:
            walk.unbound.setdefault(f"{walk.text(root)}.{texts[0]}", node.start_point[0] + 1)
            walk.add(node, its_kind, "import", walk.text(root), chain=chain, import_index=number)
        else:
            walk.member(node, its_kind, type_, chain)
            inner = field_type(walk, first(type_), texts[i]) if start == i else None
            if inner is not None:
                type_, start = inner, i + 1


def qualified(walk: Walk, node: Any) -> None:
    package, name_ = node.child_by_field_name("package"), node.child_by_field_name("name")
    if package is not None and name_ is not None:
        _chain(walk, package, [name_], "use")
        walk.name(package)


def call(walk: Walk, node: Any) -> None:
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    callee = function
    while callee is not None and callee.type in ("parenthesized_expression", "index_expression",
                                                 "type_instantiation_expression"):  # fmt: skip
        if callee.type == "parenthesized_expression":
            inner = callee.named_children[0] if callee.named_child_count else None
            callee = inner if inner is not None and inner.type != "unary_expression" else None
            continue
        walk.push(callee.named_children[1:])
        callee = callee.named_children[0] if callee.named_child_count else None
    walk.push([arguments])
    if callee is None:
        walk.push([function])
        return
    last = callee
    if callee.type == "selector_expression":
        last = callee.child_by_field_name("field")
        selector(walk, callee, "call")
    elif callee.type == "identifier":
        walk.name(callee, "call")
        last = None if walk.local(walk.text(callee)) is not None else callee
    else:
        walk.push([callee])
        return
    if last is not None and arguments is not None:
        given = [a for a in arguments.named_children if a.type != "comment"]
        starred = bool(given) and given[-1].type == "variadic_argument"
        positional = len(given) - starred
        walk.facts.calls.append(Call(span(last), span(arguments), positional, starred=starred))


def literal(walk: Walk, node: Any) -> None:
    """A composite literal: keys of a struct are its fields, those of a map are values."""
    type_, body = node.child_by_field_name("type"), node.child_by_field_name("body")
    of = of_type(walk, type_) if type_ is not None else ""
    walk.push([type_, lambda: _body(walk, body, of)])


def _body(walk: Walk, body: Any, of: str) -> None:
    """The elements of a literal whose type is `of`; types left out of nested literals follow from it."""
    if body is None:
        return
    inside = element(of)
    for item in body.named_children:
        if item.type == "keyed_element":
            key, value = item.child_by_field_name("key"), item.child_by_field_name("value")
            named = key.named_children[0] if key is not None and key.named_child_count else None
            field = named is not None and named.type == "identifier" and not of.endswith("[]")
            if field and of != "interface" and not of.startswith("struct@"):
                _key(walk, named, of)
            elif not field:
                _element(walk, key, "")
            _element(walk, value, inside)
        else:
            _element(walk, item, inside)


def _key(walk: Walk, node: Any, of: str) -> None:
    text = walk.text(node)
    own = next((d for d in walk.facts.definitions if d.qualified == of), None)
    if own is not None and own.type.endswith("[]") and own.kind == "type":
        walk.push([node])  # a key of a named map type
    elif walk.local(text) is None or of:
        walk.member(node, "keyword", of)


def _element(walk: Walk, node: Any, of: str) -> None:
    if node is None:
        return
    inner = node.named_children[0] if node.type == "literal_element" and node.named_child_count else node
    if inner.type == "literal_value":
        walk.push([lambda: _body(walk, inner, first(of))])
    else:
        walk.push([inner])


def method_key(walk: Walk, node: Any) -> None:
    """An identifier of a field on its own stands in broken code."""


HANDLERS = {
    "identifier": name,
    "type_identifier": name,
    "package_identifier": name,
    "field_identifier": method_key,
    "selector_expression": selector,
    "qualified_type": qualified,
    "call_expression": call,
    "composite_literal": literal,
}
