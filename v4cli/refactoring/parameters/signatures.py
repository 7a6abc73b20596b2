"""The signature of a `def`, and which parameter each argument of a call goes to."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..python.source import FunctionNode

if TYPE_CHECKING:
    from repo_index.facts import Parameter


@dataclass(frozen=True, slots=True)
class Signature:
    """Names by kind, in order."""

    positional_only: tuple[str, ...]
    positional: tuple[str, ...]
    keyword_only: tuple[str, ...]
    vararg: str | None
    kwarg: str | None
    required: frozenset[str]

    @classmethod
    def of(cls, function: FunctionNode) -> Signature:
        a = function.args
        plain = [x.arg for x in (*a.posonlyargs, *a.args)]
        required = set(plain[: len(plain) - len(a.defaults)])
        required |= {x.arg for x, default in zip(a.kwonlyargs, a.kw_defaults, strict=True) if default is None}
        return cls(
            tuple(x.arg for x in a.posonlyargs),
            tuple(x.arg for x in a.args),
            tuple(x.arg for x in a.kwonlyargs),
            a.vararg.arg if a.vararg else None,
            a.kwarg.arg if a.kwarg else None,
            frozenset(required),
        )

    @classmethod
    def from_facts(cls, parameters: Sequence[Parameter]) -> Signature:
        def names(kind: str) -> tuple[str, ...]:
            return tuple(p.name for p in parameters if p.kind == kind)

        stars = {"var_positional", "var_keyword"}
        return cls(
            names("positional_only"),
            names("positional"),
            names("keyword_only"),
            next(iter(names("var_positional")), None),
            next(iter(names("var_keyword")), None),
            frozenset(p.name for p in parameters if p.default is None and p.kind not in stars),
        )

    @property
    def by_position(self) -> tuple[str, ...]:
        return self.positional_only + self.positional

    @property
    def names(self) -> tuple[str, ...]:
        """Every parameter but `*args` and `**kwargs`."""
        return self.by_position + self.keyword_only


@dataclass(slots=True)
class Binding:
    """`positional` pairs the arguments before the first star with their parameters, None for those that go to
    `*args`; `keywords` holds the named ones, `extra` the names that go to `**kwargs`. `star`: how many parameters
    are surely filled before a `*value`, None without one; `mapping`: there is a `**value`."""

    positional: list[tuple[ast.expr, str | None]] = field(default_factory=list)
    keywords: dict[str, ast.keyword] = field(default_factory=dict)
    extra: set[str] = field(default_factory=set)
    star: int | None = None
    mapping: bool = False

    def given(self, name: str) -> bool:
        return name in self.keywords or any(parameter == name for _, parameter in self.positional)


def bind(
    signature: Signature,
    arguments: Sequence[ast.expr],
    keywords: Sequence[ast.keyword],
    bound: int,
    *,
    partial: bool = False,
) -> Binding | None:
    """None when the arguments do not fit the signature. `bound`: leading parameters that are filled already;
    `partial`: the rest may be passed later on."""
    names = signature.by_position[bound:]
    found = Binding()
    for number, argument in enumerate(arguments):
        if isinstance(argument, ast.Starred):
            found.star = number
            break
        if number < len(names):
            found.positional.append((argument, names[number]))
        elif signature.vararg is not None:
            found.positional.append((argument, None))
        else:
            return None
    named = set(signature.positional[max(0, bound - len(signature.positional_only)) :]) | set(signature.keyword_only)
    for keyword in keywords:
        if keyword.arg is None:
            found.mapping = True
        elif keyword.arg in named and not found.given(keyword.arg):
            found.keywords[keyword.arg] = keyword
        elif signature.kwarg is None:
            return None
        else:
            found.extra.add(keyword.arg)
    if found.star is None and not found.mapping and not partial:
        lacking = [n for n in (*names, *signature.keyword_only) if n in signature.required and not found.given(n)]
        if lacking:
            return None
    return found
