"""Structs, unions, classes and enums of C and C++."""

from __future__ import annotations

from typing import Any

from ..facts import Span
from .c_scopes import Scope
from .c_tree import parts, span_of, text, type_text
from .c_walk import Walk, children


def record(
    walk: Walk, node: Any, scope: Scope, *, name: Any | None = None, whole: Any | None = None, holder: str = ""
) -> None:
    """A struct, union, class or enum; without a body, a use of it. `name` and `whole` are those of a typedef of a
    nameless one; the members of another nameless one stand below `holder`."""
    body = node.child_by_field_name("body")
    given = node.child_by_field_name("name")
    if body is None:
        children(walk, node, scope)
        return
    is_enum = node.type == "enum_specifier"
    where = scope if walk.cpp else scope.outer()
    bases = _bases(node)
    rest = [c for c in node.named_children if c.id != body.id and (given is None or c.id != given.id)]
    if given is None:
        given = name
    qualified = holder
    if given is not None:
        names = parts(given)
        qualify(walk, names[:-1], scope)
        parent = ".".join(p for p in (where.where, *(text(n) for n in names[:-1])) if p)
        qualified = walk.define(
            text(names[-1]),
            span_of(names[-1]),
            "enum" if is_enum else "class",
            whole_of(whole if whole is not None else node),
            parent,
            body=(body.start_byte + 1, max(body.start_byte + 1, body.end_byte - 1)),
            exported=not scope.hidden,
            bases=bases,
        )
    if is_enum:
        scoped = any(c.type in ("class", "struct") for c in node.children)
        inside = Scope("enum", qualified if scoped else where.where, scope, hidden=scope.hidden)
    elif given is None and not holder:
        inside = Scope("class", scope.where, scope, hidden=scope.hidden)  # members of what is around
    else:
        inside = Scope("class", qualified, scope, hidden=scope.hidden)
    walk.push(body, inside)
    for child in reversed(rest):
        walk.push(child, scope)


def _bases(node: Any) -> tuple[str, ...]:
    found: list[str] = []
    for clause in node.named_children:
        if clause.type == "base_class_clause":
            found += [type_text(c) for c in clause.named_children if c.type != "access_specifier"]
    return tuple(b for b in found if b and not b.endswith("[]"))


def enumerator(walk: Walk, node: Any, scope: Scope) -> None:
    name = node.child_by_field_name("name")
    walk.push(node.child_by_field_name("value"), scope)
    if name is None:
        return
    if scope.parent is not None and scope.parent.is_local:
        scope.parent.names[text(name)] = ""
        return
    walk.define(text(name), span_of(name), "constant", span_of(node), scope.where, exported=not scope.hidden)


def qualify(walk: Walk, nodes: list[Any], scope: Scope) -> None:
    """Uses of the classes and namespaces before the last name of a qualified one."""
    before: list[str] = []
    for node in nodes:
        if before:
            walk.member(node, ".".join(before), scope)
        else:
            walk.use(node, scope, is_type=True)
        before.append(text(node))


def whole_of(node: Any) -> Span:
    while node.parent is not None and node.parent.type == "template_declaration":
        node = node.parent
    return span_of(node)
