"""What pytest takes from the names in a file: fixtures asked for by parameters and strings, plugins."""

from __future__ import annotations

import re
from typing import Any

from ..facts import Parameter
from ..fixtures import is_fixture_decorator
from .python_imports import import_by_name
from .python_scopes import Name, Scope
from .python_walk import Walk, content_span

_PARAMETRIZED = re.compile(r"\bparametrize\(\s*(?:argnames\s*=\s*)?(?:\"([^\"]*)|'([^']*)|[\[(]([^\])]*))")
_WORD = re.compile(r"[^\W\d]\w*")
ASKING = frozenset({"usefixtures", "getfixturevalue"})
"""Functions whose strings are names of fixtures."""


def parameters(
    walk: Walk, name: str, found: tuple[Parameter, ...], decorators: tuple[str, ...], receiver: bool, inner: Scope
) -> None:
    """Mark the parameters of a test or fixture that pytest fills by their names."""
    if not (name.startswith("test") or any(is_fixture_decorator(d) for d in decorators)):
        return
    given: set[str] = set()
    for decorator in decorators:
        if "indirect" not in decorator:
            for match in _PARAMETRIZED.finditer(decorator):
                given.update(_WORD.findall(match[1] or match[2] or match[3] or ""))
    for parameter in found[1:] if receiver else found:
        if (
            parameter.default is None
            and parameter.kind in ("positional", "keyword_only")
            and parameter.name not in given
        ):
            walk.fixtures.append((inner.bindings[parameter.name], inner))
            inner.bindings[parameter.name].fixture = True


def asked(walk: Walk, given: list[Any], scope: Scope) -> None:
    """`usefixtures("name")`, `request.getfixturevalue("name")`."""
    for argument in given:
        span = content_span(walk, argument)
        if span is not None:
            text = walk.source[span[0] : span[1]].decode("utf-8", "replace")
            if _WORD.fullmatch(text):
                walk.asked.append((Name(text, *span, argument.start_point[0] + 1), scope))


def plugins(walk: Walk, value: Any, scope: Scope) -> None:
    """`pytest_plugins = ["pkg.module"]` has pytest import the module."""
    for item in value.named_children if value.type in ("tuple", "list", "expression_list") else [value]:
        import_by_name(walk, item, value, scope, "runtime")
