"""What a name can lead to, and what resolution says where it may be one of several things."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .facts import Definition
from .namespaces import Namespace
from .records import Symbol

_CLASSES = ("class", "interface", "enum", "type")
DEPTH = 20
SELF = "Self"
"""The type of what gives an object of the class that it is asked of."""
SUPER = "super()"
"""A part of a dotted expression: the next one is looked up in the base classes."""
WHOLE = "export="
"""The name under which JavaScript files export what `module.exports = x` and `export = x` say."""


@dataclass(frozen=True, slots=True)
class Module:
    """A file as a module. A namespace package (a folder) ends with "/"."""

    path: str


@dataclass(frozen=True, slots=True)
class External:
    """Something of another distribution, of the standard library or of the language itself."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class Held(External):
    """A list, map or the like; `name` is its type, read in a scope of a file."""

    path: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Several:
    """One of several things: what a union type holds, or a name that is assigned more than one."""

    of: tuple[Symbol | Module | Namespace | External, ...]


Target = Symbol | Module | Namespace | External | Several
"""None, where a Target is not known, means that nothing can be said."""


def is_class_kind(kind: str) -> bool:
    return kind in _CLASSES


def is_class(symbol: Symbol) -> bool:
    return symbol.kind in _CLASSES


def primary(definitions: list[Definition]) -> Definition:
    """Of several definitions of one name: the first that is no overload and no declaration alone."""
    for definition in definitions:
        if not any(d.rsplit(".", 1)[-1] in ("overload", "declaration") for d in definition.decorators):
            return definition
    return definitions[-1]


def either(targets: Iterable[Target | None]) -> Target | None:
    """One of the targets. What lies outside the repository says nothing beside what lies in it."""
    found: dict[Target, None] = {}
    for target in targets:
        if target is not None:
            found.update(dict.fromkeys(target.of if isinstance(target, Several) else (target,)))
    inside = [t for t in found if not isinstance(t, External)]
    several = inside or list(found)[:1]
    return several[0] if len(several) == 1 else Several(tuple(several)) if several else None  # type: ignore[arg-type]
