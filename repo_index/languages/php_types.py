"""What a PHP expression is, as a dotted type: declared types, `new`, documentation comments."""

from __future__ import annotations

import re
from typing import Any

from .php_walk import DEPTH, Scope, Walk, full_name

_TAG = re.compile(r"@(param|return|var)\s+([^\s$]+(?:\s*\|\s*[^\s$|]+)*)(?:\s+(?:&|\.\.\.)*\$(\w+))?")
_CLASS = re.compile(r"\\?[A-Za-z_]\w*(?:\\[A-Za-z_]\w*)*\Z")
_LIST = re.compile(r"(?:array|list|iterable|non-empty-list|non-empty-array|Collection|Traversable|Generator|iterator)"
                   r"<(?:[\w|-]+,\s*)?([\w\\]+)>\Z", re.I)  # fmt: skip
#: types that are no classes
PRIMITIVE = frozenset(
    "int integer float double string bool boolean array callable iterable object mixed void never null false true "
    "resource scalar numeric list class-string key-of value-of".split()
)
_OWN = ("self", "static", "$this")


def named(text: str, scope: Scope) -> str:
    """A type as written, as a dotted one; "" for what is no class or several."""
    text = text.strip().lstrip("?")
    names = [n.strip() for n in text.strip("()").split("|") if n.strip().lower() not in ("null", "")]
    if len(names) != 1:
        return ""
    name, suffix = names[0], ""
    if name.endswith("[]"):
        name, suffix = name[:-2], "[]"
    elif (inside := _LIST.match(name)) is not None:
        name, suffix = inside[1], "[]"
    elif "<" in name:
        name = name.split("<", 1)[0]
    if name in _OWN:
        return scope.holder + suffix if scope.holder else ""
    if not _CLASS.match(name) or name.lower() in PRIMITIVE or name == "parent":
        return ""
    return full_name(name) + suffix


def declared(walk: Walk, node: Any, scope: Scope) -> str:
    """The type that a declaration names. `node`: the type, None where there is none."""
    return named(walk.text(node), scope) if node is not None else ""


def documented(doc: str, scope: Scope) -> tuple[str, dict[str, str], str]:
    """(type of @return, types of @param, type of @var) of a documentation comment."""
    returned, variable = "", ""
    parameters: dict[str, str] = {}
    if "@" not in doc:
        return "", {}, ""
    for tag, text, name in _TAG.findall(doc):
        kind = named(text, scope)
        if tag == "return":
            returned = returned or kind
        elif tag == "param" and name:
            parameters.setdefault(name, kind)
        elif tag == "var":
            variable = variable or kind
            if name:
                parameters.setdefault(name, kind)
    return returned, parameters, variable


def type_of(walk: Walk, node: Any, scope: Scope) -> str:
    """The type of an expression, "" where it is not known."""
    steps: list[str] = []
    start = ""
    for _ in range(DEPTH):
        if node is None:
            return ""
        kind = node.type
        if kind == "variable_name":
            name = walk.text(node)[1:]
            start = scope.holder if name == "this" else scope.types.get(name, "")
            break
        if kind == "relative_scope":
            start = scope.holder if walk.text(node).lower() != "parent" else ""
            break
        if kind in ("name", "qualified_name"):
            start = named(walk.text(node), scope)
            break
        if kind == "object_creation_expression":
            made = next(
                (c for c in node.named_children if c.type in ("name", "qualified_name", "relative_scope")), None
            )
            start = named(walk.text(made), scope) if made is not None else ""
            break
        if kind in ("member_access_expression", "nullsafe_member_access_expression"):
            name_node = node.child_by_field_name("name")
            if name_node is None or name_node.type != "name":
                return ""
            steps.insert(0, f"${walk.text(name_node)}")
            node = node.child_by_field_name("object")
        elif kind in ("member_call_expression", "nullsafe_member_call_expression"):
            name_node = node.child_by_field_name("name")
            if name_node is None or name_node.type != "name":
                return ""
            steps.insert(0, walk.text(name_node))
            node = node.child_by_field_name("object")
        elif kind == "scoped_call_expression":
            name_node = node.child_by_field_name("name")
            if name_node is None or name_node.type != "name":
                return ""
            steps.insert(0, walk.text(name_node))
            node = node.child_by_field_name("scope")
        elif kind == "scoped_property_access_expression":
            name_node = node.child_by_field_name("name")
            if name_node is None or name_node.type != "variable_name":
                return ""
            steps.insert(0, walk.text(name_node))
            node = node.child_by_field_name("scope")
        elif kind == "class_constant_access_expression" and len(node.named_children) == 2:
            steps.insert(0, walk.text(node.named_children[1]))
            node = node.named_children[0]
        elif kind == "function_call_expression":
            function = node.child_by_field_name("function")
            if function is None or function.type not in ("name", "qualified_name"):
                return ""
            start = full_name(walk.text(function))
            break
        elif kind == "subscript_expression" and node.named_children:
            steps.insert(0, "*")
            node = node.named_children[0]
        elif kind in ("parenthesized_expression", "clone_expression") and node.named_child_count == 1:
            node = node.named_children[0]
        elif kind in ("assignment_expression", "augmented_assignment_expression"):
            node = node.child_by_field_name("right")
        else:
            return ""
    if not start or any(s == "class" for s in steps):
        return ""
    if steps[:1] == ["*"] and start.endswith("[]"):
        start, steps = start[:-2], steps[1:]
    elif steps and start.endswith("[]"):
        return ""
    return ".".join((start, *steps))
