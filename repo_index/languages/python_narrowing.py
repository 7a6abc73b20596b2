"""Where `isinstance` says what a local variable holds.

Followed: the block under `if isinstance(x, C):`, what comes after `isinstance(x, C) and` and before
`if isinstance(x, C) else`, the rest of the block after `assert isinstance(x, C)` and after `if not isinstance(x, C):`
whose block is left; as long as x is not bound again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..facts import Span
from .python_scopes import Narrowing, Scope
from .python_walk import Walk, plain_chain

_LEAVING = frozenset({"return_statement", "raise_statement", "continue_statement", "break_statement"})


def under(walk: Walk, condition: Any, span: Span, scope: Scope) -> None:
    """Record what holds in a span where a condition is true."""
    todo = [condition]
    while todo:
        node = todo.pop()
        if node.type == "parenthesized_expression" and node.named_child_count == 1:
            todo.append(node.named_children[0])
        elif node.type == "boolean_operator" and node.child_by_field_name("operator").type == "and":
            todo += [node.child_by_field_name("right"), node.child_by_field_name("left")]
        elif node.type == "call":
            _test(walk, node, span, scope)


def after(walk: Walk, condition: Any, statement: Any, scope: Scope) -> None:
    """Record what holds from the end of a statement to that of the block that it stands in."""
    if statement.parent is not None:
        under(walk, condition, (statement.end_byte, statement.parent.end_byte), scope)


def left_unless(walk: Walk, node: Any, scope: Scope) -> None:
    """`if not isinstance(x, C): return`."""
    condition, block = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
    if condition is None or block is None or node.child_by_field_name("alternative") is not None:
        return
    statements = [c for c in block.named_children if c.type != "comment"]
    if statements and statements[-1].type in _LEAVING and condition.type == "not_operator":
        after(walk, condition.child_by_field_name("argument"), node, scope)


def _test(walk: Walk, call: Any, span: Span, scope: Scope) -> None:
    function, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
    if arguments is None or walk.text(function) != "isinstance":
        return
    given = [c for c in arguments.named_children if c.type != "comment"]
    if len(given) != 2 or given[0].type != "identifier":
        return
    classes = list(_classes(given[1]))
    if classes and all(c.type in ("identifier", "attribute") for c in classes):
        narrowing = Narrowing(span, scope, tuple(plain_chain(walk, c, scope) for c in classes))
        walk.narrowings.setdefault(walk.text(given[0]), []).append(narrowing)


def _classes(node: Any) -> Iterator[Any]:
    if node.type == "tuple":
        yield from (c for c in node.named_children if c.type != "comment")
    else:
        yield node


def branches(walk: Walk, node: Any, scope: Scope) -> None:
    """What a test in an expression says of another part of it."""
    if node.type == "conditional_expression" and node.named_child_count == 3:
        value, condition, _ = node.named_children
        under(walk, condition, (value.start_byte, value.end_byte), scope)
    elif node.type == "boolean_operator" and node.child_by_field_name("operator").type == "and":
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        under(walk, left, (right.start_byte, right.end_byte), scope)


def _expression(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    branches(walk, node, scope)
    walk.push(node.named_children, scope, flags)


def assert_(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    if node.named_children:
        after(walk, node.named_children[0], node, scope)
    walk.push(node.named_children, scope, flags)


HANDLERS = {"boolean_operator": _expression, "conditional_expression": _expression, "assert_statement": assert_}
