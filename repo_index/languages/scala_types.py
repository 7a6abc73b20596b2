"""Scala's types and expressions as dotted expressions (Definition.type)."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from .static_scopes import ANY, Scope
from .static_walk import UNKNOWN, Step, Walk

CONTAINERS = frozenset(
    "List Seq IndexedSeq Vector Set Option Some Array Iterable Iterator Stream LazyList Buffer ListBuffer ArrayBuffer "
    "Traversable Future Try Queue Stack SortedSet IterableOnce LinearSeq NonEmptyList Promise AtomicReference".split()
)
ELEMENT = frozenset("head last get getOrElse next apply orNull headOption lastOption find dequeue pop min max".split())
SAME = frozenset(
    "filter filterNot sorted sortBy take drop distinct reverse toList toSeq toVector toSet iterator tail init "
    "withFilter takeWhile dropWhile orElse".split()
)
_INSIDE = SAME | ELEMENT | frozenset("foreach map flatMap exists forall count partition groupBy collect foldLeft "
                                     "minBy maxBy sumBy".split())  # fmt: skip
_WRAPPERS = ("lazy_parameter_type", "annotated_type", "infix_type", "compound_type", "singleton_type")


def type_expression(walk: Walk, node: Node, scope: Scope, plain: bool = False) -> str:
    """The dotted expression of a written type; `plain`: a container is its class, not what it holds."""
    while node.type in _WRAPPERS and node.named_child_count:
        node = node.child_by_field_name("type") or node.child_by_field_name("base") or node.named_children[0]
    if node.type == "repeated_parameter_type" and node.named_child_count:
        held = type_expression(walk, node.named_children[0], scope)
        return f"{held}[]" if held else ""
    if node.type == "generic_type":
        kind, arguments = node.child_by_field_name("type"), node.child_by_field_name("type_arguments")
        if kind is None:
            return ""
        if arguments is not None and not plain and walk.text(kind) in CONTAINERS and arguments.named_child_count == 1:
            held = type_expression(walk, arguments.named_children[0], scope)
            return f"{held}[]" if held else ""
        node = kind
    if node.type in ("type_identifier", "identifier"):
        return walk.type_name(walk.text(node), scope, node.start_byte)
    if node.type in ("stable_type_identifier", "stable_identifier"):
        dotted = "".join(walk.text(node).split())
        return walk.type_name(dotted, scope, node.start_byte) if dotted.replace(".", "").isidentifier() else ""
    return ""


def lambda_parameter(walk: Walk, node: Node, scope: Scope) -> Callable[[], str]:
    """The type of the one parameter of a lambda that is given to a method of a container: what that holds."""
    at = node.parent
    while at is not None and at.type in ("arguments", "block", "case_block"):
        at = at.parent
    function = at.child_by_field_name("function") if at is not None and at.type == "call_expression" else None
    object = function.child_by_field_name("value") if function is not None else None
    name = function.child_by_field_name("field") if function is not None else None
    if object is None or name is None or walk.text(name) not in _INSIDE:
        return str

    def held() -> str:
        of = walk.type_of(object, scope)
        return of[:-2] if of.endswith("[]") else walk.append(of, "*")

    return held


def step(walk: Walk, node: Node) -> Step:
    kind = node.type
    if kind == "identifier":
        text = walk.text(node)
        return Step("self") if text == "this" else Step("super") if text == "super" else Step("name", None, text, ANY)
    if kind == "field_expression":
        object, name = node.child_by_field_name("value"), node.child_by_field_name("field")
        if object is None or name is None:
            return UNKNOWN
        return Step("type", object) if walk.text(name) == "this" else Step("member", object, walk.text(name))
    if kind in ("call_expression", "generic_function"):
        function = node.child_by_field_name("function")
        return Step("inner", function) if function is not None else UNKNOWN
    if kind == "instance_expression" and node.named_child_count:
        return Step("type", node.named_children[0])
    if kind == "parenthesized_expression" and node.named_child_count:
        return Step("inner", node.named_children[0])
    if kind in ("string", "interpolated_string_expression"):
        return Step("text", None, "String")
    if kind == "ascription_expression" and node.named_child_count > 1:
        return Step("type", node.named_children[-1])
    if kind in ("stable_identifier", "stable_type_identifier") and node.named_child_count > 1:
        return Step("member", node.named_children[0], walk.text(node.named_children[-1]))
    return UNKNOWN
