"""What types of Go's standard library have: names that an attribute may mean, methods that interfaces ask for.

Both files below assets are made from those below `api` of the Go distribution (1.19). standard_members.txt: the name of
each exported field and method. standard_interfaces.txt: each interface that other packages can implement, with
`method:parameters:results` (of those with the same methods one), and those that package errors asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

#: parameters, results
Shape = tuple[int, int]


def _lines(name: str) -> list[str]:
    return resources.files(__package__).joinpath(f"assets/{name}").read_text(encoding="ascii").splitlines()


@cache
def _members() -> frozenset[str]:
    return frozenset(_lines("standard_members.txt"))


@cache
def _interfaces() -> tuple[tuple[str, dict[str, Shape]], ...]:
    found = []
    for line in _lines("standard_interfaces.txt"):
        name, *methods = line.split()
        parts = (m.split(":") for m in methods)
        found.append((name, {method: (int(a), int(b)) for method, a, b in parts}))
    return tuple(found)


def is_member(name: str) -> bool:
    """Whether a type of the standard library has a field or method of that name."""
    return name in _members()


def asked_by(method: str, shape: Shape, had: Mapping[str, Shape | None], is_open: bool) -> str:
    """The interface of the standard library that a type with these methods has by `method` among them, "" for none.

    `had` has None for a method whose shape is not known; `is_open`: it may have more, by what it embeds.
    """
    for name, methods in _interfaces():
        if methods.get(method) != shape:
            continue
        if all(is_open or (m in had and had[m] in (None, s)) for m, s in methods.items() if m != method):
            return name
    return ""
