"""Calls, members, names, literals and includes of PHP."""

from __future__ import annotations

import re
from typing import Any

from ..facts import Call, OccurrenceKind, Receiver
from .php_types import type_of
from .php_walk import UNKNOWN, Scope, Walk, last_part

_RELATIVE = ("self", "static", "parent")
_NAMES = ("name", "qualified_name", "relative_name")
_MAGIC = re.compile(r"__[A-Z]+__\Z")
_FOLDER = re.compile(r"(?:__DIR__|dirname\(\s*__FILE__\s*\)|dirname\(\s*__DIR__\s*(?:,\s*(\d))?\s*\)|"
                     r"dirname\(\s*__FILE__\s*,\s*(\d)\s*\)|dirname\(\s*dirname\(\s*__FILE__\s*\)\s*\))\Z")  # fmt: skip


def _receiver(walk: Walk, node: Any, scope: Scope) -> Receiver:
    if node.type == "variable_name" and walk.text(node) == "$this":
        return Receiver("self", scope.holder) if scope.holder else UNKNOWN
    if node.type in (*_NAMES, "relative_scope"):
        text = walk.text(node).lower()
        if text in _RELATIVE:
            if not scope.holder:
                return UNKNOWN
            return Receiver("super" if text == "parent" else "self", scope.holder)
    kind = type_of(walk, node, scope)
    return Receiver("instance", kind) if kind else UNKNOWN


def _site(walk: Walk, span: tuple[int, int], arguments: Any, scope: Scope) -> None:
    positional, keywords, starred = 0, [], False
    for argument in arguments.named_children:
        name = argument.child_by_field_name("name")
        if name is not None:
            keywords.append(walk.text(name))
        elif any(c.type == "variadic_unpacking" for c in argument.named_children):
            starred = True
        elif argument.type == "argument":
            positional += 1
    where = (arguments.start_byte, arguments.end_byte)
    walk.facts.calls.append(Call(span, where, positional, tuple(keywords), starred, scope.qualified))


def function_call(walk: Walk, node: Any, scope: Scope) -> None:
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    walk.push([arguments], scope)
    if function is None or function.type not in _NAMES:
        walk.push([function], scope)
        return
    walk.name(function, scope, "function", "call")
    if arguments is not None:
        _site(walk, last_part(walk.source, (function.start_byte, function.end_byte)), arguments, scope)
        if walk.text(function).lower() in ("define", "\\define"):
            _define(walk, node, arguments, scope)


def _define(walk: Walk, node: Any, arguments: Any, scope: Scope) -> None:
    """`define("NAME", value)` makes a global constant."""
    first = arguments.named_children[0].named_children if arguments.named_children else []
    if walk.facts.namespace or walk.several or not first or first[0].type not in ("string", "encapsed_string"):
        return
    content = first[0].named_children
    if len(content) == 1 and walk.text(content[0]).isidentifier():
        name, span = walk.text(content[0]), (content[0].start_byte, content[0].end_byte)
        walk.export(name, walk.define(name, span, "constant", node, ""), span)


def member(walk: Walk, node: Any, scope: Scope) -> None:
    """`$a->b`, `$a?->b()`, `A::b()`, `A::$b`."""
    holder = node.child_by_field_name("object") or node.child_by_field_name("scope")
    name, arguments = node.child_by_field_name("name"), node.child_by_field_name("arguments")
    walk.push([arguments], scope)
    called: OccurrenceKind = "call" if "call" in node.type else "use"
    if name is None or holder is None:
        walk.push(node.named_children, scope)
        return
    plain = name.type == "name" or (name.type == "variable_name" and node.type == "scoped_property_access_expression")
    if plain:
        text, start = walk.text(name), name.start_byte
        key = ""
        if name.type == "variable_name":
            text, start, key = text[1:], start + 1, text
        elif "access" in node.type:
            key = f"${text}"
        span = (start, name.end_byte)
        walk.occur(text, span, name.start_point[0] + 1, called, _receiver(walk, holder, scope), scope, key)
        if arguments is not None:
            _site(walk, span, arguments, scope)
    else:
        walk.push([name], scope)
    _holder(walk, holder, scope)


def _holder(walk: Walk, node: Any, scope: Scope) -> None:
    if node.type in _NAMES:
        if walk.text(node).lower() not in _RELATIVE:
            walk.name(node, scope, "class")
    else:
        walk.push([node], scope)


def class_constant(walk: Walk, node: Any, scope: Scope) -> None:
    """`A::B`, `A::class`."""
    children = node.named_children
    if len(children) != 2:
        walk.push(children, scope)
        return
    holder, name = children
    if name.type == "name":
        if walk.text(name).lower() != "class":
            where, line = (name.start_byte, name.end_byte), name.start_point[0] + 1
            walk.occur(walk.text(name), where, line, "use", _receiver(walk, holder, scope), scope)
    else:
        walk.push([name], scope)
    _holder(walk, holder, scope)


def creation(walk: Walk, node: Any, scope: Scope) -> None:
    """`new A(...)`."""
    made = node.named_children[0] if node.named_children else None
    if made is not None and made.type in _NAMES:
        arguments = next((c for c in node.named_children if c.type == "arguments"), None)
        if walk.text(made).lower() not in _RELATIVE:
            walk.name(made, scope, "class", "call")
            if arguments is not None:
                _site(walk, last_part(walk.source, (made.start_byte, made.end_byte)), arguments, scope)
        walk.push([arguments], scope)
    else:
        walk.push(node.named_children, scope)


def assignment(walk: Walk, node: Any, scope: Scope) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    walk.push([left, right], scope)
    if left is not None and right is not None:
        if left.type == "variable_name":
            scope.assign(walk.text(left)[1:], type_of(walk, right, scope))
        elif left.type in ("list_literal", "array_creation_expression"):
            for name in re.findall(r"\$(\w+)", walk.text(left)):
                scope.assign(name, "")


def foreach(walk: Walk, node: Any, scope: Scope) -> None:
    body = node.child_by_field_name("body")
    parts = [c for c in node.named_children if c != body]
    if len(parts) == 2:
        value = parts[1]
        if value.type == "pair" and len(value.named_children) == 2:
            scope.assign(walk.text(value.named_children[0])[1:], "")
            value = value.named_children[1]
        value = value.named_children[0] if value.type == "by_ref" and value.named_children else value
        if value.type == "variable_name":
            kind = type_of(walk, parts[0], scope)
            item = kind[:-2] if kind.endswith("[]") else f"{kind}.*" if kind else ""
            scope.types[walk.text(value)[1:]] = item
    walk.push(node.named_children, scope)


def binary(walk: Walk, node: Any, scope: Scope) -> None:
    """`$x instanceof A` names a class."""
    operator, right = node.child_by_field_name("operator"), node.child_by_field_name("right")
    if operator is not None and right is not None and walk.text(operator).lower() == "instanceof":
        walk.push([node.child_by_field_name("left")], scope)
        _holder(walk, right, scope)
    else:
        walk.push(node.named_children, scope)


def named_type(walk: Walk, node: Any, scope: Scope) -> None:
    for child in node.named_children:
        if child.type in _NAMES and walk.text(child).lower() not in _RELATIVE:
            walk.name(child, scope, "class")


def attribute(walk: Walk, node: Any, scope: Scope) -> None:
    """`#[A(1)]`."""
    for child in node.named_children:
        if child.type in _NAMES:
            walk.name(child, scope, "class", "call")
        else:
            walk.push([child], scope)


def constant(walk: Walk, node: Any, scope: Scope) -> None:
    """A name that stands by itself: a constant."""
    text = walk.text(node)
    if not _MAGIC.match(text) and text.lower() not in (*_RELATIVE, "true", "false", "null"):
        walk.name(node, scope, "const")


def argument(walk: Walk, node: Any, scope: Scope) -> None:
    name = node.child_by_field_name("name")
    walk.push([c for c in node.named_children if c != name], scope)


def nothing(walk: Walk, node: Any, scope: Scope) -> None:
    """Variables are no names that other files see."""


def dynamic(walk: Walk, node: Any, scope: Scope) -> None:
    walk.push([c for c in node.named_children if c.type != "name"], scope)


def include(walk: Walk, node: Any, scope: Scope) -> None:
    """`require __DIR__ . "/x.php"`: literal paths, those of the file's folder as "./" and "../"."""
    target = node.named_children[0] if node.named_children else None
    while target is not None and target.type == "parenthesized_expression" and target.named_children:
        target = target.named_children[0]
    walk.push(node.named_children, scope)
    if target is None:
        return
    prefix, content = "", target
    if target.type == "binary_expression":
        left, content = target.child_by_field_name("left"), target.child_by_field_name("right")
        folder = _FOLDER.match(walk.text(left)) if left is not None else None
        if folder is None:
            return
        text = walk.text(left)
        up = 0
        if "__DIR__" in text and "dirname" in text:
            up = int(folder[1] or 1)
        elif "dirname" in text:
            up = text.count("dirname") - 1 + (int(folder[2]) - 1 if folder[2] else 0)
        prefix = "../" * up or "./"
    if content is None or content.type not in ("string", "encapsed_string") or content.named_child_count != 1:
        return
    inner = content.named_children[0]
    if inner.type != "string_content":
        return
    path, span = walk.text(inner), (inner.start_byte, inner.end_byte)
    if not path.strip("/"):
        return
    module = prefix + path.lstrip("/") if prefix else path
    if "/" not in module and "." not in module:
        module = f"./{module}"
    walk.facts.imports.append(_include_fact(module, node, span, scope))


def _include_fact(module: str, node: Any, span: tuple[int, int], scope: Scope) -> Any:
    from ..facts import ImportFact

    where, line = (node.start_byte, node.end_byte), node.start_point[0] + 1
    return ImportFact(module, None, "", "lazy" if scope.lazy else "runtime", line, where, span)


def string_content(walk: Walk, node: Any, scope: Scope) -> None:
    walk.facts.texts.append((node.start_byte, node.end_byte, "string"))


def error(walk: Walk, node: Any, scope: Scope) -> None:
    walk.facts.errors.append(((node.start_byte, node.end_byte), node.start_point[0] + 1))
    walk.push(node.named_children, scope)


HANDLERS = {
    "function_call_expression": function_call,
    **dict.fromkeys(
        (
            "member_call_expression", "nullsafe_member_call_expression", "member_access_expression",
            "nullsafe_member_access_expression", "scoped_call_expression", "scoped_property_access_expression",
        ),
        member,
    ),
    "class_constant_access_expression": class_constant,
    "object_creation_expression": creation,
    "assignment_expression": assignment,
    "augmented_assignment_expression": assignment,
    "foreach_statement": foreach,
    "binary_expression": binary,
    "named_type": named_type,
    "attribute": attribute,
    "argument": argument,
    "name": constant,
    "qualified_name": constant,
    "relative_name": constant,
    "variable_name": nothing,
    "relative_scope": nothing,
    "visibility_modifier": nothing,
    "dynamic_variable_name": dynamic,
    "goto_statement": nothing,
    "named_label_statement": dynamic,
    "declare_directive": nothing,
    "text": nothing,
    **dict.fromkeys(("require_expression", "require_once_expression", "include_expression",
                     "include_once_expression"), include),
    "string_content": string_content,
    "nowdoc_string": string_content,
    "ERROR": error,
}  # fmt: skip
