"""Blocks, strings, comments and annotations."""

from __future__ import annotations

import re
from typing import Any

from ..facts import Span
from .python_narrowing import left_unless, under
from .python_scopes import Name, Scope, Step
from .python_types import reduced
from .python_walk import ANNOTATION, CONDITIONAL, DOCSTRING, TYPE_ONLY, Walk, content_span

_DOTTED = re.compile(r"[^\W\d]\w*(?:\s*\.\s*[^\W\d]\w*)*")
_TYPE_CHECKING = re.compile(rb"(?:^|\.)TYPE_CHECKING$")


def if_(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    condition, consequence = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
    flags |= CONDITIONAL
    if condition is not None and consequence is not None and scope.parent is not None:
        under(walk, condition, (consequence.start_byte, consequence.end_byte), scope)
        left_unless(walk, node, scope)
    for child in reversed(node.named_children):
        its_flags = flags
        if consequence is not None and child.id == consequence.id and condition is not None:
            test = walk.source[condition.start_byte : condition.end_byte]
            if _TYPE_CHECKING.search(test):
                its_flags |= TYPE_ONLY
        walk.todo.append((child, scope, its_flags))


def try_(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    walk.push(node.named_children, scope, flags | CONDITIONAL)


def block(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    docstring = bool(flags & DOCSTRING) or node.type == "module"
    flags &= TYPE_ONLY | CONDITIONAL
    children = node.named_children
    if docstring and children:
        for child in children:
            if child.type == "comment":
                continue
            if child.type == "expression_statement" and child.named_child_count == 1:
                string = child.named_children[0]
                if string.type == "string":
                    walk.facts.texts.append((string.start_byte, string.end_byte, "doc"))
                    children = [c for c in children if c.id != child.id]
            break
    walk.push(children, scope, flags)


def comment(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    """Comments are collected by themselves: they stand between any two tokens."""


def string(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    if flags & ANNOTATION:
        content = content_span(walk, node)
        if content is not None:
            _forward_reference(walk, content, node.start_point[0] + 1, scope)
            return
    for child in node.children:
        if child.type == "string_content":
            walk.facts.texts.append((child.start_byte, child.end_byte, "string"))
        elif child.type == "interpolation":
            walk.push([child], scope, 0)


def _forward_reference(walk: Walk, content: Span, line: int, scope: Scope) -> None:
    text = walk.source[content[0] : content[1]].decode("utf-8", "replace")
    depth_of_literal = 0
    for match in _DOTTED.finditer(text):
        before = text[: match.start()].rstrip()
        if before.endswith(("'", '"')) and depth_of_literal:
            continue
        if match[0].rsplit(".", 1)[-1] == "Literal":
            depth_of_literal = 1
        names = []
        for word in re.finditer(r"\w+", match[0]):
            start = content[0] + len(text[: match.start() + word.start()].encode())
            at = line + text.count("\n", 0, match.start())
            names.append(Name(word[0], start, start + len(word[0].encode()), at))
        walk.chain(names[0], [Step(".", n) for n in names[1:]], scope)


def type_(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    children = node.named_children
    for child in reversed(children):
        if child.type == "generic_type":  # X[Y] in an annotation
            parts = child.named_children
            last = walk.text(parts[0]).rsplit(".", 1)[-1] if parts else ""
            inner = [g for p in parts[1:] for g in p.named_children]
            if last == "Annotated":
                _plain(walk, inner[1:], scope)
                inner = inner[:1]
            if last == "Literal":
                _plain(walk, inner, scope)
            else:
                walk.push(inner, scope, ANNOTATION)
            walk.push(parts[:1], scope, ANNOTATION)
        elif child.type == "member_type":
            names = [walk.name(n) for n in child.named_children if n.type == "identifier"]
            if names:
                walk.chain(names[0], [Step(".", n) for n in names[1:]], scope)
        else:
            walk.push([child], scope, ANNOTATION)


def _plain(walk: Walk, arguments: list[Any], scope: Scope) -> None:
    """Arguments in an annotation that are values, not types."""
    for argument in arguments:
        walk.push(argument.named_children if argument.type == "type" else [argument], scope, 0)


def annotated_class(walk: Walk, node: Any, decorators: tuple[str, ...] = ()) -> str:
    """The class that an annotation names, as a dotted expression; "" when it is none or several."""
    return reduced(walk.text(node), decorators)


def error(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    walk.facts.errors.append(((node.start_byte, node.end_byte), node.start_point[0] + 1))
    walk.push(node.named_children, scope, flags)


HANDLERS = {
    "if_statement": if_,
    "elif_clause": if_,
    "try_statement": try_,
    "module": block,
    "block": block,
    "comment": comment,
    "string": string,
    "type": type_,
    "ERROR": error,
}
