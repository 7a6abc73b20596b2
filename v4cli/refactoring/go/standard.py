"""Members of the types of Go's standard library: whose methods a type may have to have, and whose an attribute may be.

assets/standard_members.txt is made from the files below `api` of the Go distribution (1.19): the name of each field and
method, with `parameters:results` for each interface that has a method of that name.
"""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def _table() -> dict[str, frozenset[tuple[int, int]]]:
    text = resources.files(__package__).joinpath("assets/standard_members.txt").read_text(encoding="ascii")
    found = {}
    for line in text.splitlines():
        name, *shapes = line.split()
        found[name] = frozenset((int(a), int(b)) for a, _, b in (s.partition(":") for s in shapes))
    return found


def is_member(name: str) -> bool:
    """Whether a type of the standard library has a field or method of that name."""
    return name in _table()


def interface_method(name: str, parameters: int, results: int) -> bool:
    """Whether an interface of the standard library has a method of that name, with as many parameters and results."""
    return (parameters, results) in _table().get(name, ())
