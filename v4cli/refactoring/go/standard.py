"""What types of Go's standard library have: names that an attribute may mean, methods that interfaces ask for.

Both files below assets are made from those below `api` of the Go distribution (1.19). standard_members.txt: the name of
each exported field and method. standard_interfaces.txt: each interface that other packages can implement, with
`method:parameters:results` and, with an @, the packages that its methods name types of (of those with the same methods
one), and those that package errors asks for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
def _interfaces() -> tuple[tuple[str, frozenset[str], dict[str, Shape]], ...]:
    found = []
    for line in _lines("standard_interfaces.txt"):
        name, *rest = line.split()
        parts = (m.split(":") for m in rest if m[0] != "@")
        methods = {method: (int(a), int(b)) for method, a, b in parts}
        found.append((name, frozenset(r[1:] for r in rest if r[0] == "@"), methods))
    return tuple(sorted(found, key=lambda item: (len(item[2]), item[0])))


def is_member(name: str) -> bool:
    """Whether a type of the standard library has a field or method of that name."""
    return name in _members()


def asked_by(method: str, shape: Shape, had: Mapping[str, Shape], is_open: bool, imported: Collection[str]) -> str:
    """The smallest interface of the standard library that a type with these methods has by `method`, "" for none.

    `is_open`: it may have more, by what it embeds; `imported`: the last parts of what its package imports.
    """
    for name, needed, methods in _interfaces():
        if methods.get(method) != shape:
            continue
        if is_open or (needed <= set(imported) and all(had.get(m) == s for m, s in methods.items())):
            return name
    return ""
