"""A call that builds an object of what it passed as arguments."""

from __future__ import annotations

import ast

from ..python.arguments import items
from ..python.imports import LINE_LENGTH
from ..python.signature import argument_list
from ..python.source import PythonSource
from ..workspace import Edit
from .build import lines_inside_strings, unit
from .parameter_object import Gathering


class CannotTell(Exception):
    """Which argument goes to which parameter cannot be told."""


def fits(gathering: Gathering, call: ast.Call, bound: int) -> bool:
    """Whether the arguments could be those of the function: `bound` leading parameters are bound already."""
    every = sorted([*gathering.fields, *gathering.rest], key=lambda p: gathering.source.span(p.node))
    arguments = gathering.function.args
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        return True
    positional = [p for p in every if not p.keyword_only][bound:]
    if len(call.args) > len(positional) and arguments.vararg is None:
        return False
    names = {p.name for p in every}
    if arguments.kwarg is None and any(k.arg not in names for k in call.keywords):
        return False
    given = {p.name for p in positional[: len(call.args)]} | {k.arg for k in call.keywords}
    return all(p.name in given or p.default is not None for p in [*positional, *(p for p in every if p.keyword_only)])


def rewrite(
    source: PythonSource, call: ast.Call, gathering: Gathering, bound: int, class_name: str, parameter: str
) -> list[Edit]:
    """The edits of the call. Raises CannotTell where stars hide what goes where."""
    rest = gathering.rest[bound:]
    starred = any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords)
    takes_more = gathering.function.args.kwarg is not None
    if not rest and not (takes_more and call.keywords):
        return _wrapped(source, call, gathering, class_name)
    if starred:
        raise CannotTell
    return _sorted_out(source, call, gathering, bound, class_name, parameter)


def _wrapped(source: PythonSource, call: ast.Call, gathering: Gathering, class_name: str) -> list[Edit]:
    """Every argument goes into the object: `f(a, b=1)` becomes `f(C(a, b=1))`."""
    opening, closing = argument_list(source, call)
    every = items(source, call)
    edits: list[Edit] = []
    if gathering.reordered:
        positional = [p for p in gathering.fields if not p.keyword_only]
        if any(isinstance(a, ast.Starred) for a in call.args):
            raise CannotTell
        for argument, parameter in zip(call.args, positional, strict=False):
            at = source.span(argument)[0]
            edits.append(Edit(at, at, source.encode(f"{parameter.name}=")))
    first = every[0][0] if every else closing
    hanging = source.line_of(first) > source.line_of(opening)
    last = every[-1][1] if every else closing
    one_line = source.line_of(first) == source.line_of(last) and not source.data[last:closing].strip()
    length = len(source.line_text(source.line_of(first))) + len(class_name) + 2
    if hanging and one_line and length <= LINE_LENGTH:
        return [
            Edit(first, first, source.encode(f"{class_name}(")),
            *edits,
            Edit(last, last, b")"),
        ]
    if not hanging:
        return [
            Edit(opening + 1, opening + 1, source.encode(f"{class_name}(")),
            *edits,
            Edit(closing, closing, b")"),
        ]
    head = source.code((source.line_start(first), first))
    indent = head[: len(head) - len(head.lstrip())]
    begin = source.line_end(opening)
    edits.append(Edit(begin, begin, source.encode(f"{indent}{class_name}(\n")))
    inside = lines_inside_strings(source)
    alone = not source.data[source.line_start(closing) : closing].strip()
    for line in range(source.line_of(begin), source.line_of(closing) + (0 if alone else 1)):
        at = source.line_starts[line - 1]
        if line not in inside and source.line_text(line).strip():
            edits.append(Edit(at, at, source.encode(unit(source))))
    if alone:
        at = source.line_start(closing)
        end = every[-1][1]
        comma = "," if b"," in source.data[end:closing] else ""
        edits.append(Edit(at, at, source.encode(f"{indent}){comma}\n")))
    else:
        edits.append(Edit(closing, closing, b")"))
    return edits


def _sorted_out(
    source: PythonSource, call: ast.Call, gathering: Gathering, bound: int, class_name: str, parameter: str
) -> list[Edit]:
    """Some arguments go into the object, the others stay: the list is written anew."""
    every = sorted([*gathering.fields, *gathering.rest], key=lambda p: gathering.source.span(p.node))
    positional = [p for p in every if not p.keyword_only][bound:]
    opening, closing = argument_list(source, call)
    if any(opening < start < closing for start, _ in source.comments):
        raise CannotTell
    into: list[str] = []
    stay: list[str] = []
    for number, argument in enumerate(call.args):
        text = source.code(source.span(argument))
        if number < len(positional) and positional[number] in gathering.fields:
            into.append(f"{positional[number].name}={text}")
        else:
            stay.append(text)
    before = gathering.index - bound
    named = [source.code(source.span(k)) for k in call.keywords if k.arg not in gathering.names]
    into += [source.code(source.span(k)) for k in call.keywords if k.arg in gathering.names]
    built = f"{class_name}({', '.join(into)})"
    if len(stay) >= before:
        stay.insert(before, built)
    else:
        named.append(f"{parameter}={built}")
    return [Edit(opening + 1, closing, source.encode(", ".join([*stay, *named])))]
