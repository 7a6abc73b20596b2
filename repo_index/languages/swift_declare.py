"""Declarations of Swift."""

from __future__ import annotations

from typing import Any

from ..facts import ImportFact, Parameter
from .c_scopes import Scope
from .c_walk import Walk, children
from .swift_bindings import bind
from .swift_tree import bound, exported_of, name_span, name_text, span_of, type_text, value_type

_ACCESSORS = frozenset({"computed_property", "willset_didset_block"})


def class_(walk: Walk, node: Any, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None:
        children(walk, node, scope)
        return
    bases = []
    for clause in node.named_children:
        if clause.type == "inheritance_specifier":
            base = clause.child_by_field_name("inherits_from")
            bases.append(type_text(base))
    kind = node.child_by_field_name("declaration_kind")
    word = name_text(kind) if kind is not None else "protocol"
    inner = (body.start_byte + 1, body.end_byte - 1) if body is not None else None
    parent = scope.where
    pieces = [c for c in name.named_children if c.type == "type_identifier"] if name.type == "user_type" else [name]
    for piece in pieces[:-1]:
        walk.use(piece, scope, is_type=True)
        parent = f"{parent}.{name_text(piece)}" if parent else name_text(piece)
    if not pieces:
        return
    last = pieces[-1]
    qualified = f"{parent}.{name_text(last)}" if parent else name_text(last)
    written = tuple(b for b in bases if b and not b.endswith("[]"))
    extends = word == "extension"
    if not scope.is_local and not extends:
        symbol_kind = {"enum": "enum", "protocol": "interface"}.get(word, "class")
        walk.define(
            name_text(last), name_span(last), symbol_kind, span_of(node), parent,  # type: ignore[arg-type]
            body=inner, exported=exported_of(node), bases=written,
        )  # fmt: skip
    elif extends:
        if written:
            walk.define(
                name_text(last), name_span(last), "class", span_of(node), parent,
                body=inner, exported=exported_of(node), bases=written, declares=True, occurrence=False,
            )  # fmt: skip
        if len(pieces) > 1:
            walk.member(last, parent, scope)
        else:
            walk.use(last, scope, is_type=True)
    else:
        scope.names[name_text(last)] = ""
        return
    inside = Scope("class", qualified, scope)
    known = {name.id}
    for child in reversed(node.named_children):
        if child.id not in known:
            walk.push(child, inside)


def function(walk: Walk, node: Any, scope: Scope) -> None:
    names = node.children_by_field_name("name")
    name = names[0] if names and names[0].type == "simple_identifier" else None
    body = node.child_by_field_name("body")
    inner = (body.start_byte + 1, body.end_byte - 1) if body is not None else None
    where = scope.where
    in_class = scope.kind == "class"
    if name is not None and scope.is_local:
        scope.names[name_text(name)] = type_text(names[1]) if len(names) > 1 else ""
    elif name is not None:
        where = walk.define(
            name_text(name), name_span(name), "method" if in_class else "function", span_of(node), scope.where,
            body=inner, exported=exported_of(node), type_=type_text(names[1]) if len(names) > 1 else "",
            parameters=_parameters(node),
        )  # fmt: skip
    elif node.type == "init_declaration":
        word = next((c for c in node.children if c.type == "init"), node)
        span = (word.start_byte, word.start_byte + 4)
        where = walk.define(
            "init", span, "method", span_of(node), scope.where,
            body=inner, exported=exported_of(node), parameters=_parameters(node),
        )  # fmt: skip
    inside = Scope("function", where, scope)
    for child in reversed(node.named_children):
        if name is None or child.id != name.id:
            walk.push(child, inside)


def _parameters(node: Any) -> tuple[Parameter, ...]:
    found = []
    for child in node.named_children:
        if child.type == "parameter":
            names = child.children_by_field_name("name")
            type_ = name_text(names[1]) if len(names) > 1 else None
            span = name_span(names[0]) if names else span_of(child)
            found.append(
                Parameter(name_text(names[0]) if names else "", span, "positional", None, type_, span_of(child))
            )
    return tuple(found)


def parameter(walk: Walk, node: Any, scope: Scope) -> None:
    names = node.children_by_field_name("name")
    if names:
        type_ = type_text(names[1]) if len(names) > 1 else ""
        variadic = any(c.type == "..." for c in node.children)
        scope.names[name_text(names[0])] = type_ + "[]" if type_ and variadic else type_
        for child in reversed(names[1:]):
            walk.push(child, scope)


def property_(walk: Walk, node: Any, scope: Scope) -> None:
    """`let a = 1, b: T`; a property of a class or file is a definition, another is local."""
    exported = exported_of(node)
    named = list(node.named_children)
    local = scope.is_local
    for number, child in enumerate(named):
        if child.type != "pattern":
            continue
        following = named[number + 1 :]
        end = next((i for i, c in enumerate(following) if c.type == "pattern"), len(following))
        own = following[:end]
        annotation = next((c for c in own if c.type == "type_annotation"), None)
        values = [c for c in own if c.type not in ("type_annotation", "type_constraints")]
        type_ = type_text(annotation)
        if not type_ and values and values[0].type != "computed_property":
            type_ = value_type(values[0], scope)
        identifiers = bound(child)
        if not local:
            for identifier in identifiers:
                walk.define(
                    name_text(identifier), name_span(identifier), "attribute" if scope.kind == "class" else "variable",
                    span_of(node), scope.where, exported=exported, type_=type_ if len(identifiers) == 1 else "",
                )  # fmt: skip
        for value in reversed(own):
            inside = Scope("function", scope.where, scope) if value.type in _ACCESSORS else scope
            if value.type in _ACCESSORS:
                inside.names.update({"newValue": type_, "oldValue": type_})
            walk.push(value, inside)
        if local:
            for identifier in identifiers:
                walk.later(bind(name_text(identifier), type_ if len(identifiers) == 1 else ""), identifier, scope)
    for child in named:
        if child.type == "modifiers":
            walk.push(child, scope)


def entry(walk: Walk, node: Any, scope: Scope) -> None:
    """`case a, b(T)`."""
    for name in node.children_by_field_name("name"):
        walk.define(name_text(name), name_span(name), "constant", span_of(node), scope.where)
    for child in reversed(node.named_children):
        if child.type == "enum_type_parameters":
            for part in child.named_children:
                if part.type != "simple_identifier":
                    walk.push(part, scope)


def alias(walk: Walk, node: Any, scope: Scope) -> None:
    names = node.children_by_field_name("name")
    if not names:
        return
    base = type_text(names[1]) if len(names) > 1 else ""
    for child in reversed(names[1:]):
        walk.push(child, scope)
    if scope.is_local:
        scope.names[name_text(names[0])] = base
    else:
        bases = (base,) if base and not base.endswith("[]") else ()
        span = name_span(names[0])
        walk.define(
            name_text(names[0]), span, "type", span_of(node), scope.where, exported=exported_of(node), bases=bases
        )


def type_parameters(walk: Walk, node: Any, scope: Scope) -> None:
    for child in node.named_children:
        own = next((c for c in child.named_children if c.type == "type_identifier"), None)
        if own is not None:
            scope.names[name_text(own)] = ""
        for name in child.children_by_field_name("name"):
            walk.push(name, scope)


def import_(walk: Walk, node: Any, scope: Scope) -> None:
    """`import A`, `import struct A.B`."""
    path = next((c for c in node.named_children if c.type == "identifier"), None)
    if path is None or not path.named_child_count:
        return
    names, line = path.named_children, walk.lines.at(node.start_byte)
    of_kind = any(
        c.type in ("struct", "class", "enum", "protocol", "func", "var", "let", "typealias") for c in node.children
    )
    if of_kind and len(names) > 1:
        last = span_of(names[-1])
        module = ".".join(name_text(n) for n in names[:-1])
        walk.facts.imports.append(
            ImportFact(
                module, name_text(names[-1]), "", "runtime", line, span_of(node),
                (names[0].start_byte, names[-2].end_byte), last, None,
            )
        )  # fmt: skip
    else:
        walk.facts.imports.append(
            ImportFact(name_text(names[0]), "*", "", "runtime", line, span_of(node), span_of(names[0]))
        )
