"""Java's types and expressions as dotted expressions (Definition.type)."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from .static_scopes import CALL, TYPE, VALUE, Scope
from .static_walk import UNKNOWN, Step, Walk

#: generic types of the standard library whose one argument is what they hold
CONTAINERS = frozenset(
    "Iterable Iterator ListIterator Collection List Set SortedSet NavigableSet Queue Deque BlockingQueue "
    "BlockingDeque ArrayList LinkedList Vector Stack HashSet LinkedHashSet TreeSet ArrayDeque PriorityQueue "
    "CopyOnWriteArrayList CopyOnWriteArraySet ConcurrentLinkedQueue ConcurrentLinkedDeque LinkedBlockingQueue "
    "ArrayBlockingQueue Enumeration Stream Optional Supplier Provider ThreadLocal AtomicReference WeakReference "
    "SoftReference Reference Callable Future CompletableFuture Spliterator".split()
)
ELEMENT = frozenset(
    "get next previous remove poll peek element first last getFirst getLast pop removeFirst removeLast pollFirst "
    "pollLast peekFirst peekLast orElse orElseGet orElseThrow nextElement take getAndSet call join lower floor ceiling "
    "higher firstElement lastElement elementAt".split()
)
SAME = frozenset(
    "iterator listIterator stream parallelStream filter sorted distinct limit skip peek findFirst findAny min max "
    "subList reversed descendingIterator headSet tailSet subSet spliterator toList sequential parallel".split()
) - {"peek"}
_INSIDE = frozenset("forEach filter map mapToInt mapToLong mapToObj flatMap anyMatch allMatch noneMatch removeIf peek "
                    "ifPresent ifPresentOrElse forEachOrdered forEachRemaining sort sorted min max takeWhile dropWhile "
                    "toArray accept computeIfAbsent thenAccept thenApply".split())  # fmt: skip


def last_name(node: Node) -> Node | None:
    """The last identifier of a type or dotted name."""
    if node.type in ("identifier", "type_identifier"):
        return node
    if node.type in ("scoped_identifier", "field_access"):
        return node.child_by_field_name("name") or node.child_by_field_name("field")
    if node.type == "generic_type" and node.named_child_count:
        return last_name(node.named_children[0])
    if node.type == "scoped_type_identifier" and node.named_child_count:
        return last_name(node.named_children[-1])
    return None


def _dotted(node: Node) -> str:
    """A type name without its arguments and annotations."""
    parts: list[str] = []
    todo = [node]
    while todo:
        at = todo.pop()
        if at.type in ("identifier", "type_identifier"):
            parts.append((at.text or b"").decode("utf-8", "replace"))
        elif at.type in ("scoped_type_identifier", "scoped_identifier"):
            todo += reversed([c for c in at.named_children if "annotation" not in c.type])
        elif at.type == "generic_type" and at.named_child_count:
            todo.append(at.named_children[0])
    return ".".join(parts)


def type_expression(walk: Walk, node: Node, scope: Scope, plain: bool = False) -> str:
    """The dotted expression of a written type; `plain`: a container is its class, not what it holds."""
    arrays = 0
    while node.type in ("array_type", "annotated_type", "array_creation_expression"):
        inner = node.child_by_field_name("element") or node.child_by_field_name("type")
        arrays += node.type != "annotated_type"
        if inner is None and node.named_child_count:
            inner = node.named_children[-1]
        if inner is None:
            return ""
        node = inner
    text = ""
    if node.type in ("type_identifier", "identifier", "scoped_type_identifier", "scoped_identifier", "generic_type"):
        dotted = _dotted(node)
        text = "" if dotted == "var" else walk.type_name(dotted, scope, node.start_byte)
        if node.type == "generic_type" and not plain and dotted in CONTAINERS:
            held = _held(walk, node, scope)
            text = f"{held}[]" if held else text
    elif node.type in ("integral_type", "floating_point_type", "boolean_type", "void_type"):
        text = walk.text(node)
    return text + "[]" * arrays if text else ""


def _held(walk: Walk, node: Node, scope: Scope) -> str:
    arguments = [c for c in node.named_children[-1].named_children if "comment" not in c.type]
    if node.named_children[-1].type != "type_arguments" or len(arguments) != 1:
        return ""
    one = arguments[0]
    if one.type == "wildcard":
        bound = [c for c in one.named_children if "annotation" not in c.type and c.type != "super"]
        if not bound:
            return ""
        one = bound[-1]
    return type_expression(walk, one, scope)


def lambda_parameter(walk: Walk, node: Node, scope: Scope, count: int) -> Callable[[], str]:
    """The type of a parameter of a lambda that is given to a method of a container: what that holds."""
    call = node.parent.parent if node.parent is not None and node.parent.type == "argument_list" else None
    if call is None or call.type != "method_invocation":
        return str
    object, name = call.child_by_field_name("object"), call.child_by_field_name("name")
    if object is None or name is None or walk.text(name) not in _INSIDE:
        return str

    def held() -> str:
        of = walk.type_of(object, scope)
        return of[:-2] if of.endswith("[]") else ""

    return held


def step(walk: Walk, node: Node) -> Step:
    handler = _STEPS.get(node.type)
    return handler(walk, node) if handler is not None else UNKNOWN


def _invocation(walk: Walk, node: Node) -> Step:
    object, name = node.child_by_field_name("object"), node.child_by_field_name("name")
    if name is None:
        return UNKNOWN
    if object is None:
        return Step("name", None, walk.text(name), CALL)
    return Step("member", object, walk.text(name) + "()")


def _access(walk: Walk, node: Node) -> Step:
    object, name = node.child_by_field_name("object"), node.child_by_field_name("field")
    if object is None or name is None:
        return UNKNOWN
    return Step("type", object) if name.type in ("this", "super") else Step("member", object, walk.text(name))


def _field_of(field: str, kind: str) -> Callable[[Walk, Node], Step]:
    def one(walk: Walk, node: Node) -> Step:
        inner = node.child_by_field_name(field)
        return Step(kind, inner) if inner is not None else UNKNOWN

    return one


def _first(walk: Walk, node: Node) -> Step:
    return Step("inner", node.named_children[0]) if node.named_child_count else UNKNOWN


def _scoped(walk: Walk, node: Node) -> Step:
    name = last_name(node)
    if name is None or node.named_child_count < 2:
        return UNKNOWN
    return Step("member", node.named_children[0], walk.text(name))


_STEPS: dict[str, Callable[[Walk, Node], Step]] = {
    "identifier": lambda walk, node: Step("name", None, walk.text(node), VALUE | TYPE),
    "type_identifier": lambda walk, node: Step("name", None, walk.text(node), TYPE),
    "this": lambda walk, node: Step("self"),
    "super": lambda walk, node: Step("super"),
    "method_invocation": _invocation,
    "field_access": _access,
    "array_access": _field_of("array", "element"),
    "parenthesized_expression": _first,
    "generic_type": _first,
    "cast_expression": _field_of("type", "type"),
    "object_creation_expression": _field_of("type", "type"),
    "array_creation_expression": lambda walk, node: Step("type", node),
    "ternary_expression": _field_of("consequence", "inner"),
    "assignment_expression": _field_of("left", "inner"),
    "string_literal": lambda walk, node: Step("text", None, "String"),
    "class_literal": lambda walk, node: Step("text", None, "Class"),
    "scoped_type_identifier": _scoped,
    "scoped_identifier": _scoped,
}
