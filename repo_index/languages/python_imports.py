"""Imports, and what `__all__` lists."""

from __future__ import annotations

import re
from typing import Any

from ..facts import ImportFact, ImportKind
from .python_scopes import Name, Scope
from .python_walk import CONDITIONAL, TYPE_ONLY, Walk, content_span

_SPACE = re.compile(r"\s+")
_MODULE = re.compile(rb"\.*[A-Za-z_\x80-\xff][\w\x80-\xff]*(?:\.[A-Za-z_\x80-\xff][\w\x80-\xff]*)*\Z")


def import_kind(walk: Walk, scope: Scope, flags: int) -> ImportKind:
    if flags & TYPE_ONLY:
        return "type"
    return "lazy" if scope.statement_scope().kind == "function" else "runtime"


def _add_import(walk: Walk, fact: ImportFact, local: Name | None, scope: Scope) -> None:
    index = len(walk.facts.imports)
    walk.facts.imports.append(fact)
    if local is not None:
        binding = walk.bind(local, scope)
        binding.imports.append(index)


def import_by_name(
    walk: Walk, literal: Any, statement: Any, scope: Scope, kind: ImportKind, conditional: bool = False
) -> None:
    """A module that a plain string names; it binds no name."""
    span = content_span(walk, literal)
    if span is None or not _MODULE.match(walk.source[span[0] : span[1]]):
        return
    module = walk.source[span[0] : span[1]].decode("utf-8", "replace")
    place = (statement.start_byte, statement.end_byte)
    walk.facts.imports.append(
        ImportFact(
            module, None, "", kind, literal.start_point[0] + 1, place, span, None, None, scope.qualified, conditional
        )
    )


def import_(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    statement = (node.start_byte, node.end_byte)
    kind = import_kind(walk, scope, flags)
    for item in node.children_by_field_name("name"):
        alias = item.child_by_field_name("alias") if item.type == "aliased_import" else None
        dotted = item.child_by_field_name("name") if item.type == "aliased_import" else item
        if dotted is None or not dotted.named_children:
            continue
        local = walk.name(alias if alias is not None else dotted.named_children[0])
        _add_import(
            walk,
            ImportFact(
                _SPACE.sub("", walk.text(dotted)),
                None,
                local.text,
                kind,
                node.start_point[0] + 1,
                statement,
                (dotted.start_byte, dotted.end_byte),
                None,
                local.span,
                scope.qualified,
                bool(flags & CONDITIONAL),
            ),
            local,
            scope,
        )


def import_from(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    statement = (node.start_byte, node.end_byte)
    kind = import_kind(walk, scope, flags)
    line = node.start_point[0] + 1
    conditional = bool(flags & CONDITIONAL)
    module_node = node.child_by_field_name("module_name")
    future = node.type == "future_import_statement"
    if module_node is None:
        if not future:
            return
        at = walk.source.find(b"__future__", node.start_byte, node.end_byte)
        module, module_span = "__future__", (at, at + 10)
    else:
        module = _SPACE.sub("", walk.text(module_node))
        module_span = (module_node.start_byte, module_node.end_byte)
    for child in node.named_children:
        if child.type == "wildcard_import":
            star = (child.start_byte, child.end_byte)
            _add_import(
                walk,
                ImportFact(
                    module, "*", "", kind, line, statement, module_span, star, None, scope.qualified, conditional
                ),
                None,
                scope,
            )
    for item in node.children_by_field_name("name"):
        alias = item.child_by_field_name("alias") if item.type == "aliased_import" else None
        named = item.child_by_field_name("name") if item.type == "aliased_import" else item
        if named is None or named.start_byte == named.end_byte:
            continue
        name = walk.name(named)
        local = walk.name(alias) if alias is not None else name
        its_kind: ImportKind = kind
        if kind == "runtime" and alias is not None and local.text == name.text and scope is walk.module:
            its_kind = "reexport"
        _add_import(
            walk,
            ImportFact(
                module,
                name.text,
                "" if future else local.text,
                its_kind,
                line,
                statement,
                module_span,
                name.span,
                local.span,
                scope.qualified,
                conditional,
            ),
            None if future else local,
            scope,
        )


def read_all(walk: Walk, target: Any, value: Any, more: bool) -> None:
    if walk.source[target.start_byte : target.end_byte] != b"__all__":
        return
    if not more and walk.has_all:
        walk.all_names, walk.all_readable = [], True
    walk.has_all = True
    all_strings(walk, value)


def all_strings(walk: Walk, value: Any) -> None:
    todo = [value]
    while todo:
        node = todo.pop()
        content = content_span(walk, node)
        if content is not None:
            text = walk.source[content[0] : content[1]].decode("utf-8", "replace")
            walk.all_names.append(Name(text, *content, node.start_point[0] + 1))
        elif node.type in ("list", "tuple", "expression_list", "parenthesized_expression", "set"):
            todo.extend(reversed(node.named_children))
        elif node.type == "binary_operator":
            todo += [node.child_by_field_name("right"), node.child_by_field_name("left")]
        elif node.type != "comment":
            walk.all_readable = False


def read_slots(walk: Walk, target: Any, value: Any, scope: Scope) -> None:
    """`__slots__ = ("x", "y")` names attributes of the class."""
    if walk.text(target) not in ("__slots__", "__match_args__"):
        return
    items = value.named_children if value.type in ("tuple", "list", "set", "expression_list") else [value]
    for item in items:
        span = content_span(walk, item)
        if span is not None:
            text = walk.source[span[0] : span[1]].decode("utf-8", "replace")
            walk.slots.append((scope.qualified, Name(text, *span, item.start_point[0] + 1)))


HANDLERS = {
    "import_statement": import_,
    "import_from_statement": import_from,
    "future_import_statement": import_from,
}
