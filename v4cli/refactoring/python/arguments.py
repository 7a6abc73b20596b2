"""The arguments of a call: which parameter each goes to, and taking one out."""

from __future__ import annotations

import ast

from ..workspace import Edit
from .signature import argument_list
from .source import FunctionNode, PythonSource, Span


def argument_of(function: FunctionNode, call: ast.Call, name: str, skip: int = 0) -> ast.expr | None:
    """The expression that a call passes for the parameter; None when it passes none, or it cannot be told.

    `skip`: leading parameters that are bound already (1 for a method called on an instance).
    """
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    positional = [a.arg for a in (*function.args.posonlyargs, *function.args.args)][skip:]
    if name not in positional:
        return None
    at = positional.index(name)
    before = call.args[: at + 1]
    if len(before) <= at or any(isinstance(a, ast.Starred) for a in before):
        return None
    return before[at]


def items(source: PythonSource, call: ast.Call) -> list[Span]:
    """The spans of all arguments in order, names of keywords and stars included."""
    spans = [source.span(a) for a in call.args] + [source.span(k) for k in call.keywords]
    return sorted(spans)


def without(source: PythonSource, call: ast.Call, span: Span) -> Edit:
    """Take the argument at `span` (one of `items`) out, with its comma."""
    every = items(source, call)
    at = every.index(span)
    opening, closing = argument_list(source, call)
    if len(every) == 1:
        return Edit(opening + 1, closing, b"")
    if at + 1 < len(every):
        return Edit(span[0], every[at + 1][0], b"")
    return Edit(every[at - 1][1], span[1], b"")
