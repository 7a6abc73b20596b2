"""Which fixture a parameter of a pytest function asks for.

As pytest looks for it: in the class of the test and its bases, in the module, in what `pytest_plugins` of the module
names, then the same in the conftest.py of each folder above. A fixture that asks for its own name gets the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .dotted import enclosing
from .records import Symbol
from .resolve_targets import Module, Target

if TYPE_CHECKING:
    from .resolve import Resolver

_NAMED = re.compile(r"\bname\s*=\s*[\"']([^\"']*)")
_DECORATORS = ("fixture", "yield_fixture")
_CONFTEST = "conftest.py"


def is_fixture_decorator(decorator: str) -> bool:
    return decorator.split("(", 1)[0].rsplit(".", 1)[-1] in _DECORATORS


def is_fixture(symbol: Symbol) -> bool:
    """Whether tests can ask for the function by its own name."""
    for decorator in symbol.definition.decorators:
        if is_fixture_decorator(decorator):
            named = _NAMED.search(decorator)
            return named is None or named[1] == symbol.name
    return False


def fixture(resolver: Resolver, path: str, name: str, scope: str) -> Symbol | None:
    """The fixture that `name` asks for in a function (qualified name `scope`) of a file."""
    for target in _candidates(resolver, path, name, scope):
        if isinstance(target, Symbol) and is_fixture(target) and target.id != f"{path}::{scope}":
            return target
    return None


def installed(symbol: Symbol) -> bool:
    """Whether a fixture may be one of a plugin that pytest finds by its entry point: tests anywhere can ask for it."""
    return is_fixture(symbol) and not symbol.definition.parent and symbol.path.rpartition("/")[2] != _CONFTEST


def _candidates(resolver: Resolver, path: str, name: str, scope: str) -> Iterator[Target | None]:
    for at in enclosing(scope):
        holder = resolver.symbol(path, at)
        if holder is not None and holder.kind == "class":
            yield resolver.member(holder, name)
    yield from _of_module(resolver, path, name)
    folder = path.rpartition("/")[0]
    paths = resolver.index._project().paths
    while True:
        conftest = f"{folder}/{_CONFTEST}" if folder else _CONFTEST
        if conftest in paths and conftest != path:
            yield from _of_module(resolver, conftest, name)
        if not folder:
            return
        folder = folder.rpartition("/")[0]


def _of_module(resolver: Resolver, path: str, name: str) -> Iterator[Target | None]:
    yield resolver.exported(path, name)
    for fact in resolver.index._imports(path):
        if fact.name is None and not fact.local:
            plugin = resolver.module(path, fact.module)
            if isinstance(plugin, Module) and not plugin.path.endswith("/"):
                yield resolver.exported(plugin.path, name)
