"""Kotlin's types and expressions as dotted expressions (Definition.type)."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from .static_scopes import ANY, Scope
from .static_walk import UNKNOWN, Step, Walk

TYPES = frozenset("user_type nullable_type function_type parenthesized_type non_nullable_type".split())
CONTAINERS = frozenset(
    "List MutableList Set MutableSet Collection MutableCollection Iterable MutableIterable Iterator Sequence Array "
    "ArrayList LinkedList HashSet LinkedHashSet ArrayDeque Flow StateFlow MutableStateFlow Lazy Result Optional Stream "
    "Deferred AtomicReference ThreadLocal Provider".split()
)
ELEMENT = frozenset(
    "get first last firstOrNull lastOrNull single singleOrNull find next random removeAt removeFirst removeLast "
    "elementAt getOrNull getOrThrow orElse await value maxBy minBy maxByOrNull minByOrNull".split()
)
SAME = frozenset(
    "filter filterNot sortedBy sorted take drop distinct reversed toList toMutableList toSet asSequence asIterable "
    "iterator onEach filterNotNull takeWhile dropWhile plus minus distinctBy shuffled".split()
)
_INSIDE = SAME | ELEMENT | frozenset("forEach map mapNotNull flatMap any all none count sumOf associateBy associate "
    "groupBy partition onEach indexOfFirst fold removeIf removeAll collect joinToString".split())  # fmt: skip
_SCOPED = frozenset("let also takeIf takeUnless".split())
_RECEIVED = frozenset("apply run".split())


def type_expression(walk: Walk, node: Node, scope: Scope, plain: bool = False) -> str:
    """The dotted expression of a written type; `plain`: a container is its class, not what it holds."""
    while node.type in ("nullable_type", "parenthesized_type", "non_nullable_type", "constructor_invocation",
                        "explicit_delegation", "delegation_specifier", "type_projection"):  # fmt: skip
        inner = next((c for c in node.named_children if c.type in TYPES or c.type == "constructor_invocation"), None)
        if inner is None:
            return ""
        node = inner
    if node.type != "user_type":
        return ""
    dotted = ".".join(walk.text(c) for c in node.named_children if c.type == "identifier")
    arguments = next((c for c in node.named_children if c.type == "type_arguments"), None)
    if arguments is not None and not plain and dotted in CONTAINERS and arguments.named_child_count == 1:
        held = type_expression(walk, arguments.named_children[0], scope)
        return f"{held}[]" if held else ""
    return walk.type_name(dotted, scope, node.start_byte) if dotted else ""


def call_around(node: Node) -> tuple[Node | None, str]:
    """(receiver, function name) of the call that a lambda is given to."""
    at = node.parent
    while at is not None and at.type in ("annotated_lambda", "value_argument", "value_arguments"):
        at = at.parent
    callee = at.named_children[0] if at is not None and at.type == "call_expression" else None
    if callee is not None and callee.type == "call_expression" and callee.named_child_count:
        if callee.named_children[0].text == b"with" and callee.named_child_count > 1:
            arguments = callee.named_children[1].named_children
            return (arguments[0].named_children[0] if arguments and arguments[0].named_child_count else None), "apply"
        callee = callee.named_children[0]
    if callee is None or callee.type != "navigation_expression" or callee.named_child_count < 2:
        return None, ""
    return callee.named_children[0], (callee.named_children[-1].text or b"").decode("utf-8", "replace")


def lambda_parameter(walk: Walk, node: Node, scope: Scope) -> Callable[[], str]:
    """The type of the one parameter of a lambda."""
    object, name = call_around(node)
    if object is None or name not in _INSIDE | _SCOPED:
        return str

    def held() -> str:
        of = walk.type_of(object, scope)
        if name in _SCOPED:
            return of
        return of[:-2] if of.endswith("[]") else walk.append(of, "*")

    return held


def lambda_receiver(walk: Walk, node: Node, scope: Scope) -> Callable[[], str] | None:
    """What `this` is in a lambda that is given to `apply`, `run` or `with`."""
    object, name = call_around(node)
    return (lambda: walk.type_of(object, scope)) if object is not None and name in _RECEIVED else None


def step(walk: Walk, node: Node) -> Step:
    first = node.named_children[0] if node.named_child_count else None
    kind = node.type
    if kind == "identifier":
        return Step("name", None, walk.text(node), ANY)
    if kind == "this_expression":
        return Step("text", None, walk.text(first)) if first is not None else Step("self")
    if kind == "super_expression":
        return Step("super")
    if kind == "string_literal":
        return Step("text", None, "String")
    if first is None:
        return UNKNOWN
    if kind == "navigation_expression":
        name = node.named_children[-1]
        return Step("member", first, walk.text(name)) if node.named_child_count > 1 else UNKNOWN
    if kind == "call_expression":
        if first.type == "identifier":
            return Step("name", None, walk.text(first), ANY)
        if first.type == "navigation_expression" and first.named_child_count > 1:
            called = walk.text(first.named_children[-1])
            if called in ("apply", "also", "takeIf", "takeUnless"):
                return Step("inner", first.named_children[0])
            return Step("member", first.named_children[0], called + "()")
        return Step("inner", first)
    if kind == "index_expression":
        return Step("element", first)
    if kind in ("parenthesized_expression", "annotated_expression"):
        return Step("inner", first)
    if kind in ("unary_expression", "postfix_expression"):
        return Step("inner", first) if (node.text or b"").endswith(b"!!") else UNKNOWN
    if kind == "as_expression":
        return Step("type", node.named_children[-1])
    if kind == "binary_expression" and any(c.type == "?:" for c in node.children):
        return Step("inner", first)
    return UNKNOWN
