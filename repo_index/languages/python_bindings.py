"""Statements and expressions that bind names."""

from __future__ import annotations

from typing import Any

from .python_imports import read_all, read_slots
from .python_names import SPINE, assigned_values, element_values, spine
from .python_pytest import plugins
from .python_scopes import Chain, Scope, Step
from .python_texts import annotated_class
from .python_walk import ANNOTATION, Walk


def bind_target(
    walk: Walk,
    node: Any,
    scope: Scope,
    flags: int,
    values: list[Chain | None] | None = None,
    statement: Any = None,
    annotation: str = "",
) -> None:
    """Bind what an assignment target names. `values` are known for a single name or attribute only."""
    if node is None:
        return
    place = statement if statement is not None else node
    where = ((place.start_byte, place.end_byte), place.start_point[0] + 1, place.end_point[0] + 1)
    todo = [node]
    single = True
    while todo:
        node = todo.pop()
        kind = node.type
        if kind == "identifier":
            name = walk.name(node)
            binding = walk.bind(name, scope)
            binding.values.extend((values or []) if single and values is not None else [None])
            binding.annotation = binding.annotation or annotation
            if binding.statement is None:
                binding.statement = where
        elif kind == "attribute":
            chain = spine(walk, node, scope, 0)
            chain.store = True
            if len(chain.steps) == 1 and chain.root is not None:
                known: list[Chain | None] = values if single and values is not None else [None]
                walk.attributes.append((chain, known, where, annotation))
        elif kind in ("subscript", "call", "await"):
            spine(walk, node, scope, 0)
        else:
            single = single and kind in ("parenthesized_expression", "as_pattern_target")
            todo.extend(reversed(node.named_children))


def assignment(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    targets = []
    annotation = ""
    value = node
    while value is not None and value.type == "assignment":  # a = b = value
        targets.append(value.child_by_field_name("left"))
        type_node = value.child_by_field_name("type")
        if type_node is not None:
            walk.push([type_node], scope, 0)
            annotation = annotated_class(walk, type_node)
        value = value.child_by_field_name("right")
    alias = annotation == "TypeAlias" or annotation.endswith(".TypeAlias")
    known: list[Chain | None] | None = None
    if value is not None:
        known = assigned_values(walk, value, scope, ANNOTATION if alias else 0)
        made = made_type(walk, value)
        if made is not None:
            known, annotation = [None], annotation or made
    for target in targets:
        if target is not None:
            bind_target(walk, target, scope, flags, known, node, "" if alias else annotation)
            if target.type == "identifier" and value is not None:
                if scope is walk.module:
                    read_all(walk, target, value, False)
                    if walk.text(target) == "pytest_plugins":
                        plugins(walk, value, scope)
                elif scope.kind == "class":
                    read_slots(walk, target, value, scope)


def made_type(walk: Walk, value: Any) -> str | None:
    """What `TypeVar("T", bound=X)` and `NewType("N", X)` stand for, "" for anything; None for other values."""
    if value.type != "call":
        return None
    form = walk.text(value.child_by_field_name("function")).rsplit(".", 1)[-1]
    arguments = value.child_by_field_name("arguments")
    if form not in ("TypeVar", "NewType", "ParamSpec", "TypeVarTuple") or arguments is None:
        return None
    given = arguments.named_children
    if form == "NewType":
        return annotated_class(walk, given[1]) if len(given) > 1 else ""
    for argument in given if form == "TypeVar" else ():
        if argument.type == "keyword_argument" and walk.text(argument.child_by_field_name("name")) == "bound":
            return annotated_class(walk, argument.child_by_field_name("value"))
    return ""


def augmented(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is not None and left.type == "identifier":
        name = walk.name(left)
        binding = walk.bind(name, scope)
        binding.names.pop()
        binding.values.append(None)
        if binding.statement is None:
            where = (node.start_byte, node.end_byte)
            binding.statement = (where, node.start_point[0] + 1, node.end_point[0] + 1)
        walk.chain(name, [], scope)
        if scope is walk.module and right is not None:
            read_all(walk, left, right, True)
    elif left is not None:
        bind_target(walk, left, scope, flags)
    if right is not None:
        walk.push([right], scope, 0)


def walrus(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    known = assigned_values(walk, value, scope) if value is not None else None
    bind_target(walk, name, scope.statement_scope(), flags, known)


def type_alias(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    inner = scope
    while left is not None and left.type != "identifier" and left.named_children:
        for parameter in left.named_children[1:]:
            inner = Scope("function", scope, scope.qualified)
            for word in parameter.named_children:
                while word.type != "identifier" and word.named_children:
                    word = word.named_children[0]
                if word.type == "identifier":
                    walk.bind(walk.name(word), inner)
        left = left.named_children[0]
    if left is not None and left.type == "identifier":
        binding = walk.bind(walk.name(left), scope)
        binding.is_type = True
        binding.values.append(None)
        where = (node.start_byte, node.end_byte)
        binding.statement = binding.statement or (where, node.start_point[0] + 1, node.end_point[0] + 1)
    if right is not None:
        walk.push([right], inner, ANNOTATION)


def for_(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    done = [c.id for c in (left, right) if c is not None]
    values = element_values(walk, [right] if right is not None else [], scope, flags)
    bind_target(walk, left, scope, flags, values)
    walk.push([c for c in node.named_children if c.id not in done], scope, flags)


def comprehension(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    inner = Scope("comprehension", scope, scope.qualified)
    first = True
    for child in node.named_children:
        if child.type == "for_in_clause":
            iterables = child.children_by_field_name("right")
            values = element_values(walk, iterables, scope if first else inner, 0)
            bind_target(walk, child.child_by_field_name("left"), inner, 0, values)
            first = False
        else:
            walk.push([child], inner, 0)


def as_pattern(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    children = node.named_children
    alias = node.child_by_field_name("alias")
    if alias is not None:  # with, except
        bind_target(walk, alias, scope, flags, assigned_values(walk, children[0], scope))
    elif len(children) == 2:  # match
        walk.push(children[:1], scope, flags)
        bind_target(walk, children[1], scope, flags)
    else:
        walk.push(children, scope, flags)


def case(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    todo = list(node.named_children)
    while todo:
        child = todo.pop()
        kind = child.type
        if kind == "dotted_name":
            parts = child.named_children
            if len(parts) == 1 and child.parent.type != "class_pattern":
                name = walk.name(parts[0])
                if name.text != "_":
                    walk.bind(name, scope).values.append(None)
            else:
                dotted(walk, child, scope)
        elif kind == "splat_pattern":
            for part in child.named_children:
                bind_target(walk, part, scope, flags)
        elif kind == "keyword_pattern":
            todo.extend(child.named_children[1:])
        elif kind == "as_pattern":
            as_pattern(walk, child, scope, flags)
        elif kind in ("string", "integer", "float", "concatenated_string"):
            walk.push([child], scope, flags)
        else:
            todo.extend(child.named_children)


def dotted(walk: Walk, node: Any, scope: Scope) -> None:
    names = [walk.name(n) for n in node.named_children if n.type == "identifier"]
    if names:
        walk.chain(names[0], [Step(".", n) for n in names[1:]], scope)


def global_(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    for child in node.named_children:
        name = walk.name(child)
        scope.globals.add(name.text)
        walk.chain(name, [], scope)


def nonlocal_(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    for child in node.named_children:
        name = walk.name(child)
        scope.nonlocals.add(name.text)
        walk.chain(name, [], scope)


def delete(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    todo = list(node.named_children)
    while todo:
        child = todo.pop()
        if child.type == "identifier":
            binding = walk.bind(walk.name(child), scope)
            binding.names.pop()
            binding.values.append(None)
            walk.chain(walk.name(child), [], scope)
        elif child.type in SPINE:
            spine(walk, child, scope, 0)
        else:
            todo.extend(child.named_children)


def return_(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    for child in node.named_children:
        if child.type != "comment":
            scope.returns.extend(assigned_values(walk, child, scope))


HANDLERS = {
    "assignment": assignment,
    "augmented_assignment": augmented,
    "named_expression": walrus,
    "type_alias_statement": type_alias,
    "for_statement": for_,
    "list_comprehension": comprehension,
    "set_comprehension": comprehension,
    "dictionary_comprehension": comprehension,
    "generator_expression": comprehension,
    "as_pattern": as_pattern,
    "case_pattern": case,
    "global_statement": global_,
    "nonlocal_statement": nonlocal_,
    "delete_statement": delete,
    "return_statement": return_,
}
