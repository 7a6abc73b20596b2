"""C#'s types and expressions as dotted expressions (Definition.type)."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from .static_scopes import ANY, Scope
from .static_walk import UNKNOWN, Step, Walk

CONTAINERS = frozenset(
    "IEnumerable IList List ICollection IReadOnlyList IReadOnlyCollection HashSet ISet Queue Stack LinkedList "
    "IEnumerator ObservableCollection ConcurrentBag ConcurrentQueue ImmutableArray ImmutableList IQueryable Span "
    "ReadOnlySpan Memory ReadOnlyMemory IAsyncEnumerable Lazy Nullable ThreadLocal AsyncLocal SortedSet".split()
)
#: generic types whose value, once awaited, is of their argument
AWAITED = frozenset("Task ValueTask".split())
ELEMENT = frozenset(
    "First FirstOrDefault Last LastOrDefault Single SingleOrDefault Dequeue Peek Pop Value Current Find ElementAt "
    "Min Max GetValueOrDefault Item".split()
)
SAME = frozenset(
    "Where OrderBy OrderByDescending ThenBy Take Skip ToList ToArray Distinct Reverse AsEnumerable GetEnumerator "
    "Concat Union Except Intersect TakeWhile SkipWhile FindAll ToHashSet Span".split()
)
_INSIDE = ELEMENT | SAME | frozenset("Select SelectMany Any All Count ForEach RemoveAll Sum Exists GroupBy ToDictionary"
                                     .split())  # fmt: skip


def last_name(node: Node) -> Node | None:
    """The last identifier of a name or type."""
    while node.type != "identifier":
        inner = node.child_by_field_name("name")
        if inner is None and node.type in ("generic_name", "nullable_type", "array_type") and node.named_child_count:
            inner = node.named_children[0]
        if inner is None:
            return None
        node = inner
    return node


def _dotted(node: Node) -> str:
    if node.type == "identifier":
        return (node.text or b"").decode("utf-8", "replace").removeprefix("@")
    if node.type == "generic_name" and node.named_child_count:
        return _dotted(node.named_children[0])
    left = node.child_by_field_name("qualifier") or node.child_by_field_name("expression")
    name = node.child_by_field_name("name")
    if name is not None and left is not None:
        return f"{_dotted(left)}.{_dotted(name)}"
    return _dotted(name) if name is not None else ""


def type_expression(walk: Walk, node: Node, scope: Scope, plain: bool = False) -> str:
    """The dotted expression of a written type; `plain`: a container is its class, not what it holds."""
    arrays = 0
    while node.type in ("nullable_type", "array_type", "ref_type", "scoped_type"):
        inner = node.child_by_field_name("type")
        if inner is None:
            return ""
        arrays += node.type == "array_type"
        node = inner
    name = node.child_by_field_name("name") if node.type == "qualified_name" else None
    if name is not None and name.type == "generic_name" and _dotted(name) in CONTAINERS | AWAITED:
        node = name
    if node.type == "predefined_type":
        return walk.text(node) + "[]" * arrays
    if node.type == "generic_name" and not plain and node.named_child_count > 1:
        called, arguments = _dotted(node), node.named_children[1].named_children
        if len(arguments) == 1 and called in AWAITED:
            return type_expression(walk, arguments[0], scope) + "[]" * arrays
        if len(arguments) == 1 and called in CONTAINERS:
            held = type_expression(walk, arguments[0], scope)
            return held + "[]" * (arrays + 1) if held else ""
    if node.type not in ("identifier", "generic_name", "qualified_name", "alias_qualified_name"):
        return ""
    text = walk.type_name(_dotted(node), scope, node.start_byte)
    return text + "[]" * arrays if text else ""


def lambda_parameter(walk: Walk, node: Node, scope: Scope) -> Callable[[], str]:
    """The type of the parameter of a lambda that is given to a method of a container: what that holds."""
    at = node.parent
    while at is not None and at.type in ("argument", "argument_list"):
        at = at.parent
    function = at.child_by_field_name("function") if at is not None and at.type == "invocation_expression" else None
    object = function.child_by_field_name("expression") if function is not None else None
    name = function.child_by_field_name("name") if function is not None else None
    if object is None or name is None or walk.text(name) not in _INSIDE:
        return str

    def held() -> str:
        of = walk.type_of(object, scope)
        return of[:-2] if of.endswith("[]") else ""

    return held


def step(walk: Walk, node: Node) -> Step:
    handler = _STEPS.get(node.type)
    return handler(walk, node) if handler is not None else UNKNOWN


def _member(walk: Walk, node: Node) -> Step:
    object, name = node.child_by_field_name("expression"), node.child_by_field_name("name")
    last = last_name(name) if name is not None else None
    object = object or node.child_by_field_name("qualifier")
    return Step("member", object, walk.text(last)) if object is not None and last is not None else UNKNOWN


def _conditional(walk: Walk, node: Node) -> Step:
    """`x?.y`: a member of the condition, where one name is taken from it."""
    object = node.child_by_field_name("condition")
    binding = node.named_children[-1] if node.named_child_count else None
    name = binding.child_by_field_name("name") if binding is not None else None
    if object is None or name is None or binding is None or binding.type != "member_binding_expression":
        return UNKNOWN
    last = last_name(name)
    return Step("member", object, walk.text(last)) if last is not None else UNKNOWN


def _inner(walk: Walk, node: Node) -> Step:
    return Step("inner", node.named_children[0]) if node.named_child_count else UNKNOWN


def _named(walk: Walk, node: Node) -> Step:
    return Step("name", None, walk.text(node).removeprefix("@"), ANY)


def _field(field: str, kind: str) -> Callable[[Walk, Node], Step]:
    def one(walk: Walk, node: Node) -> Step:
        inner = node.child_by_field_name(field)
        return Step(kind, inner) if inner is not None else UNKNOWN

    return one


_STEPS: dict[str, Callable[[Walk, Node], Step]] = {
    "identifier": _named,
    "generic_name": _inner,
    "this": lambda walk, node: Step("self"),
    "base": lambda walk, node: Step("super"),
    "member_access_expression": _member,
    "qualified_name": _member,
    "conditional_access_expression": _conditional,
    "invocation_expression": _field("function", "inner"),
    "element_access_expression": _field("expression", "element"),
    "parenthesized_expression": _inner,
    "await_expression": _inner,
    "postfix_unary_expression": _inner,
    "checked_expression": _inner,
    "cast_expression": _field("type", "type"),
    "as_expression": _field("right", "type"),
    "object_creation_expression": _field("type", "type"),
    "conditional_expression": _field("consequence", "inner"),
    "assignment_expression": _field("left", "inner"),
    "alias_qualified_name": _field("name", "inner"),
    "string_literal": lambda walk, node: Step("text", None, "string"),
    "interpolated_string_expression": lambda walk, node: Step("text", None, "string"),
}
