"""What a Ruby expression is, as a dotted type, where the text says it: `Foo.new`, `self`, typed comments."""

from __future__ import annotations

import re
from typing import Any

from .ruby_walk import DEPTH, Scope, Walk

_SAME = frozenset("dup clone freeze tap itself then! reload".split())
_YARD = re.compile(r"^\s*@(return|param|option)\b\s*(?:(\w+)\s+)?\[([^\]\n]+)\](?:[ \t]+(\w+))?", re.M)
_NAME = re.compile(r"(?:::)?[A-Z]\w*(?:::[A-Z]\w*)*\Z")


def constant_parts(walk: Walk, node: Any) -> tuple[list[Any], bool] | None:
    """(name nodes of `A::B::C`, whether it begins with `::`); None for a chain that begins with an expression."""
    names: list[Any] = []
    while node is not None and node.type == "scope_resolution":
        name = node.child_by_field_name("name")
        if name is None or name.type != "constant":
            return None
        names.insert(0, name)
        node = node.child_by_field_name("scope")
        if node is None:
            return names, True
    if node is None or node.type != "constant":
        return None
    return [node, *names], False


def dotted(walk: Walk, node: Any) -> str:
    """`A::B` as "A.B", `::A` as ".A"; "" for what is no chain of constants."""
    found = constant_parts(walk, node)
    return ("." if found[1] else "") + ".".join(walk.text(n) for n in found[0]) if found is not None else ""


def type_of(walk: Walk, node: Any, scope: Scope) -> str:
    """The type of an expression, "" where it is not known."""
    steps: list[str] = []
    for _ in range(DEPTH):
        if node is None:
            return ""
        kind = node.type
        if kind == "identifier":
            name = walk.text(node)
            binder = scope.binder(name)
            start = binder.names[name] if binder is not None else ""
            if binder is None and name.isidentifier() and not (name[0] == "_" and name[1:].isdigit()) and name != "it":
                start = f"{scope.holder}.{name}" if scope.holder else name
            break
        if kind == "self":
            start = scope.holder
            break
        if kind == "instance_variable":
            name = walk.text(node)
            start = f"{scope.holder}.{name}" if scope.holder else ""
            break
        if kind in ("constant", "scope_resolution"):
            start = dotted(walk, node)
            break
        if kind == "parenthesized_statements" and node.named_child_count == 1:
            node = node.named_children[0]
        elif kind == "binary" and node.child_by_field_name("operator") is not None:
            if walk.text(node.child_by_field_name("operator")) not in ("||", "or"):
                return ""
            right = node.child_by_field_name("right")
            node = right if right is not None and right.type == "call" else node.child_by_field_name("left")
        elif kind == "call":
            method = node.child_by_field_name("method")
            receiver = node.child_by_field_name("receiver")
            if method is None:
                return ""
            name = walk.text(method)
            if receiver is None:
                if not name.isidentifier():
                    return ""
                start = f"{scope.holder}.{name}" if scope.holder else name
                break
            if (
                name not in _SAME
                and not (name == "class" and not steps)
                and not (name == "new" and receiver.type in ("constant", "scope_resolution", "self"))
            ):
                steps.insert(0, name)
            node = receiver
        elif kind in ("assignment", "operator_assignment"):
            node = node.child_by_field_name("right")
        else:
            return ""
    else:
        return ""
    if not start or any(not s.isidentifier() for s in steps):
        return ""
    return ".".join((start, *steps))


def documented(doc: str) -> tuple[str, dict[str, str]]:
    """(type of what is returned, types of parameters) that YARD tags of a comment say."""
    returned = ""
    parameters: dict[str, str] = {}
    if "@" not in doc:
        return "", {}
    for match in _YARD.finditer(doc):
        kind = _yard(match[3])
        name = match[2] or match[4] or ""
        if match[1] == "return":
            returned = returned or kind
        elif match[1] == "param" and kind and name:
            parameters.setdefault(name, kind)
    return returned, parameters


def _yard(text: str) -> str:
    names = [t.strip() for t in text.split(",") if t.strip() not in ("nil", "")]
    if len(names) != 1:
        return ""
    inside = re.fullmatch(r"(?:Array|Enumerable|Set)<([\w:]+)>", names[0])
    name = inside[1] if inside else names[0]
    if not _NAME.match(name):
        return ""
    return name.replace("::", ".") + ("[]" if inside else "")
