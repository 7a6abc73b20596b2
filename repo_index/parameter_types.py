"""What a function's parameters hold, by their written types: the part `(1)` of a dotted type expression is its
second parameter, `(1:0)` the first parameter of the function that is given for the second.

Only plain types are read: a name, with or without type arguments, `undefined` or a wrapper such as Partial<T>; a
type parameter stands for its constraint. For anything else the answer is None, that is, unknown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .languages.ecmascript_tree import TRANSPARENT_TYPES
from .records import Symbol
from .resolve_targets import External, Several, Target

if TYPE_CHECKING:
    from .facts import Definition
    from .resolve import Resolver

_DOTTED = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*\Z")
_PART = re.compile(r"\((\d+)(?::(\d+))?\)\Z")
_OPENING, _CLOSING = "([{<", ")]}>"
_SHOWN = 200
"""Signatures are cut at this length."""


def parameter(resolver: Resolver, target: Target | None, part: str) -> Symbol | External | None:
    """The type of a parameter of a function, method or class (then of its constructor)."""
    wanted = _PART.match(part)
    if not isinstance(target, Symbol) or wanted is None:
        return None
    if target.kind == "class":
        made = resolver.member(target, "constructor")
        if not isinstance(made, Symbol):
            return None
        target = made
    several = [d for d in resolver.index._definitions(target.path) if d.qualified == target.qualified]
    number = int(wanted[1])
    if len(several) != 1 or number >= len(target.definition.parameters):
        return None
    given = target.definition.parameters[number]
    if given.annotation is None or given.kind != "positional":
        return None
    if wanted[2] is None:
        return _type(resolver, target.path, given.annotation, target.definition)
    return _of_function(resolver, target.path, given.annotation, int(wanted[2]), target.definition)


def _type(resolver: Resolver, path: str, text: str, within: Definition) -> Symbol | External | None:
    """The class or type that a written type names, read where `within` stands."""
    name = _plain(text)
    declared = _type_parameters(within)
    for _ in range(4):
        if name not in declared:
            break
        name = declared[name]
    if not _DOTTED.match(name):
        return None
    found = resolver.class_of(resolver.expression(path, name, within.parent))
    return None if isinstance(found, Several) else found


def _of_function(resolver: Resolver, path: str, text: str, number: int, within: Definition) -> Symbol | External | None:
    """The type of a parameter of a written function type, or of the type alias of one."""
    written = _alternative(text)
    if not written.startswith("("):
        named = _type(resolver, path, written, within)
        if not isinstance(named, Symbol) or named.kind != "type":
            return None
        _, _, written = named.definition.signature.partition("=")
        path, within = named.path, named.definition
        if len(named.definition.signature) >= _SHOWN or not written.strip().startswith("("):
            return None
    listed = _split(_inside(written.strip()), ",")
    listed = [part.strip() for part in listed if part.strip() and not re.match(r"this\s*:", part.strip())]
    if number >= len(listed) or listed[number].startswith("..."):
        return None
    _, colon, annotation = listed[number].partition(":")
    return _type(resolver, path, annotation, within) if colon else None


def _type_parameters(within: Definition) -> dict[str, str]:
    """Type parameters of a function or type, with the plain name of their constraint or ""."""
    head = within.signature.split("(", 1)[0].split("=", 1)[0] if within.kind == "type" else within.signature
    opened = head.find("<")
    if opened < 0 or ("(" in head and head.index("(") < opened):
        return {}
    found = {}
    for part in _split(_inside(head[opened:]), ","):
        name, _, constraint = part.strip().removeprefix("const ").partition(" extends ")
        found[name.split("=")[0].strip()] = _plain(constraint.split("=")[0]) if constraint else ""
    return found


def _plain(text: str) -> str:
    """The name of a written type, "" where it has none."""
    for _ in range(8):
        text = _alternative(text).removeprefix("readonly ")
        name, opened, rest = text.partition("<")
        if not opened:
            return text
        if name not in TRANSPARENT_TYPES or name.startswith("Promise"):
            return name
        text = _split(_inside(opened + rest), ",")[0]
    return ""


def _alternative(text: str) -> str:
    """The one alternative of a union beside `undefined` and `null`, without parentheses around it; "" if several."""
    for _ in range(8):
        text = text.strip()
        parts = [p.strip() for p in _split(text, "|") if p.strip() not in ("undefined", "null", "void", "")]
        if len(parts) != 1:
            return ""
        text = parts[0]
        inside = _inside(text) if text.startswith("(") else ""
        if not inside or len(inside) + 2 != len(text):
            break
        text = inside
    return text


def _inside(text: str) -> str:
    """What stands between the bracket at the start and the one that closes it."""
    depth = 0
    for at, character in enumerate(text):
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING and text[at - 1 : at + 1] != "=>":
            depth -= 1
            if not depth:
                return text[1:at]
    return ""


def _split(text: str, separator: str) -> list[str]:
    """Split where no bracket is open; a function type reaches to the end."""
    found, depth, start = [], 0, 0
    for at, character in enumerate(text):
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            if text[at - 1 : at + 1] == "=>":
                if separator == "|" and not depth:
                    break
                continue
            depth -= 1
        elif character == separator and not depth:
            found.append(text[start:at])
            start = at + 1
    return [*found, text[start:]]
