"""Does a call fit a signature? Python's rules, on facts alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repo_index.facts import Call, Definition, Parameter

#: decorators that leave the signature as it is written; under any other nothing is said about calls
_TRANSPARENT = frozenset(
    {
        "staticmethod",
        "classmethod",
        "abstractmethod",
        "override",
        "final",
        "cache",
        "lru_cache",
        "contextmanager",
        "asynccontextmanager",
        "no_type_check",
        "deprecated",
    }
)


def decorator_names(definition: Definition) -> list[str]:
    """Last name of each decorator, without arguments: `functools.lru_cache(None)` gives "lru_cache"."""
    names = []
    for decorator in definition.decorators:
        dotted = decorator.lstrip("@").split("(")[0].strip()
        names.append(dotted.rsplit(".", 1)[-1])
    return names


def is_plain(definition: Definition) -> bool:
    """Whether the written signature is the one that callers meet."""
    return _TRANSPARENT.issuperset(decorator_names(definition))


def misfit(call: Call, parameters: Sequence[Parameter], *, drop_first: bool) -> str | None:
    """Why the call raises TypeError, None if it does not for certain.

    `drop_first` leaves out the parameter that the instance or class fills. With `*args` or `**kwargs` at the call,
    only a keyword that nothing takes is certain.
    """
    rest = list(parameters)
    if drop_first and rest and rest[0].kind in ("positional_only", "positional"):
        rest = rest[1:]
    positional = [p for p in rest if p.kind in ("positional_only", "positional")]
    by_keyword = {p.name for p in rest if p.kind in ("positional", "keyword_only")}
    kinds = {p.kind for p in rest}
    if "var_keyword" not in kinds:
        unknown = [k for k in call.keywords if k not in by_keyword]
        if unknown:
            return f"has no parameter {unknown[0]!r}"
    if call.starred:
        return None
    if call.positional > len(positional) and "var_positional" not in kinds:
        most = len(positional)
        return f"takes {most} positional argument{'s' * (most != 1)}, {call.positional} given"
    filled = {p.name for p in positional[: call.positional] if p.kind == "positional"}
    twice = [k for k in call.keywords if k in filled]
    if twice:
        return f"gets {twice[0]!r} twice"
    missing = [
        p.name
        for number, p in enumerate(positional)
        if number >= call.positional
        and p.default is None
        and (p.kind == "positional_only" or p.name not in call.keywords)
    ]
    missing += [p.name for p in rest if p.kind == "keyword_only" and p.default is None and p.name not in call.keywords]
    if missing:
        names = ", ".join(repr(name) for name in missing)
        return f"lacks the argument{'s' * (len(missing) != 1)} {names}"
    return None
