"""Parsing C and C++, and what declarators, types and expressions say."""

from __future__ import annotations

from typing import Any

from ..facts import Span
from .c_scopes import Scope

_DEPTH = 60
RECORDS = frozenset({"struct_specifier", "union_specifier", "class_specifier"})
#: types of which an item, or what a pointer leads to, is their first argument
CONTAINERS = frozenset(
    "vector list deque array set unordered_set multiset forward_list span initializer_list stack queue optional "
    "unique_ptr shared_ptr weak_ptr atomic reference_wrapper QList QVector QSharedPointer scoped_ptr scoped_refptr "
    "SmallVector ArrayRef".split()
)
_CASTS = frozenset({"static_cast", "dynamic_cast", "const_cast", "reinterpret_cast", "down_cast", "any_cast"})
_MAKERS = frozenset({"make_unique", "make_shared"})
_SAME = frozenset({"move", "forward", "ref", "cref", "as_const"})


def text(node: Any) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def span_of(node: Any) -> Span:
    return (node.start_byte, node.end_byte)


def inner(declarator: Any) -> Any | None:
    """What a pointer, array, reference, parenthesized or function declarator declares."""
    found = declarator.child_by_field_name("declarator")
    if found is not None:
        return found
    if declarator.type in (
        "parenthesized_declarator",
        "reference_declarator",
        "attributed_declarator",
        "variadic_declarator",
        "pointer_type_declarator",
    ):
        names = [c for c in declarator.named_children if c.type not in ("ms_call_modifier", "attribute_declaration")]
        return names[0] if declarator.type == "attributed_declarator" and names else names[-1] if names else None
    return None


def unwrap(declarator: Any) -> tuple[Any | None, list[Any]]:
    """The node of the declared name and the declarators around it, outermost first."""
    layers: list[Any] = []
    node: Any | None = declarator
    while node is not None and (node.type.endswith("_declarator") or node.type == "operator_cast"):
        if node.type in ("structured_binding_declarator", "operator_cast"):
            return node, layers
        layers.append(node)
        node = inner(node)
    return node, layers


def function_layer(layers: list[Any]) -> Any | None:
    """The declarator with the parameters, where the name is that of a function."""
    for layer in reversed(layers):
        if layer.type == "function_declarator":
            return layer
        if layer.type not in ("parenthesized_declarator", "attributed_declarator"):
            return None
    return None


def parts(node: Any) -> list[Any]:
    """Name nodes of a qualified name, outermost first."""
    found: list[Any] = []
    while node is not None and node.type == "qualified_identifier":
        scope = node.child_by_field_name("scope")
        if scope is not None:
            found.append(_name_of(scope))
        node = node.child_by_field_name("name")
    if node is not None:
        found.append(_name_of(node))
    return [n for n in found if n is not None]


def _name_of(node: Any) -> Any:
    if node.type in ("template_type", "template_function", "template_method"):
        return node.child_by_field_name("name")
    if node.type == "dependent_name" and node.named_child_count:
        return _name_of(node.named_children[-1])
    return node


def template_arguments(node: Any) -> list[Any]:
    """Type nodes among the template arguments of a (qualified) name."""
    while node is not None and node.type == "qualified_identifier":
        node = node.child_by_field_name("name")
    arguments = node.child_by_field_name("arguments") if node is not None else None
    if arguments is None:
        return []
    return [a.child_by_field_name("type") for a in arguments.named_children if a.type == "type_descriptor"]


def type_text(node: Any | None, depth: int = 0) -> str:
    """The dotted expression of a type, "" for those that have no members here."""
    if node is None or depth > _DEPTH:
        return ""
    kind = node.type
    if kind in ("type_identifier", "identifier", "namespace_identifier"):
        return text(node)
    if kind in RECORDS or kind == "enum_specifier":
        return type_text(node.child_by_field_name("name"), depth + 1)
    if kind in ("qualified_identifier", "template_type"):
        names = [text(n) for n in parts(node)]
        if names and names[-1] in CONTAINERS:
            arguments = template_arguments(node)
            item = type_text(arguments[0], depth + 1) if arguments else ""
            return item + "[]" if item else "std"
        return ".".join(names)
    if kind == "type_descriptor":
        return type_text(node.child_by_field_name("type"), depth + 1)
    if kind == "dependent_type":
        return type_text(node.named_children[-1], depth + 1) if node.named_child_count else ""
    return ""


def item_of(expression: str) -> str:
    """What an item of an expression, or what it points to, is."""
    return expression[:-2] if expression.endswith("[]") else f"{expression}.*"


def value_type(node: Any | None, scope: Scope, cpp: bool, depth: int = 0) -> str:
    """The dotted expression of an expression's type, "" where nothing is known."""
    if node is None or depth > _DEPTH:
        return ""
    kind = node.type

    def of(child: Any | None) -> str:
        return value_type(child, scope, cpp, depth + 1)

    if kind == "identifier":
        name = text(node)
        known = scope.local(name)
        return name if known is None else known
    if kind == "this":
        return scope.class_name()
    if kind == "field_expression":
        field = node.child_by_field_name("field")
        base = of(node.child_by_field_name("argument"))
        if not base or field is None:
            return ""
        field = _name_of(field)
        if cpp and (node.child_by_field_name("operator") or node).type == "->":
            base = item_of(base)
        elif base.endswith("[]"):
            return item_of(base) if text(field) in ("front", "back", "get", "value", "lock", "at") else ""
        return f"{base}.{text(field)}"
    if kind in ("subscript_expression", "pointer_expression"):
        base = of(node.child_by_field_name("argument"))
        if not base or not cpp:
            return base
        is_address = kind == "pointer_expression" and (node.child_by_field_name("operator") or node).type == "&"
        return base if is_address else item_of(base)
    if kind in ("parenthesized_expression", "condition_clause"):
        return of(node.named_children[0]) if node.named_child_count == 1 else ""
    if kind in ("cast_expression", "compound_literal_expression", "new_expression"):
        return type_text(node.child_by_field_name("type"))
    if kind == "call_expression":
        return _call_type(node, scope, cpp, depth)
    if kind == "conditional_expression":
        return of(node.child_by_field_name("consequence")) or of(node.child_by_field_name("alternative"))
    if kind == "assignment_expression":
        return of(node.child_by_field_name("left"))
    if kind == "comma_expression":
        return of(node.child_by_field_name("right"))
    if kind in ("qualified_identifier", "template_function"):
        names = [text(n) for n in parts(node)]
        return ".".join(names)
    if kind == "update_expression":
        return of(node.child_by_field_name("argument"))
    return ""


def _call_type(node: Any, scope: Scope, cpp: bool, depth: int) -> str:
    function = node.child_by_field_name("function")
    if function is None:
        return ""
    if function.type in ("qualified_identifier", "template_function"):
        names = [text(n) for n in parts(function)]
        last = names[-1] if names else ""
        arguments = template_arguments(function)
        if last in _CASTS and arguments:
            return type_text(arguments[0])
        if last in _MAKERS and arguments:
            item = type_text(arguments[0])
            return item + "[]" if item else ""
        if last in _SAME and names[0] == "std":
            values = node.child_by_field_name("arguments")
            return value_type(values.named_children[0], scope, cpp, depth + 1) if values.named_child_count else ""
    return value_type(function, scope, cpp, depth + 1)
