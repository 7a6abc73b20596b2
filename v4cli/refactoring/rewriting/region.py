"""The part of a file that a free edit rewrites, and its text with and without the indentation around it."""

from __future__ import annotations

import ast
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import Refused
from ..classes.build import indented, lines_inside_strings
from ..lookup import find_symbol
from ..python.modules import is_python
from ..python.nodes import definition_at
from ..python.source import DEFINITIONS, FUNCTIONS, FunctionNode, PythonSource, docstring, parse, try_parse
from ..workspace import Workspace

if TYPE_CHECKING:
    from repo_index.records import Symbol

#: lines of a region that a small model is trusted with
MOST_LINES = 150


@dataclass(frozen=True, slots=True)
class Region:
    """`span` in the bytes of the file covers whole lines, the last line break left out. `text` is what stands there,
    from the left margin and with plain line breaks; `indent` is what was taken off each line."""

    path: str
    span: tuple[int, int]
    indent: str
    text: str
    symbol: Symbol | None = None

    @property
    def lines(self) -> int:
        return self.text.count("\n") + 1


def of_symbol(ws: Workspace, spec: str) -> Region:
    """The definition of a symbol with its decorators. Raises NothingToDo, Refused for what has no body."""
    symbol = find_symbol(ws.index, spec)
    if symbol.kind not in {"function", "method", "class"}:
        raise Refused(f"{symbol.id} is a {symbol.kind}; an edit takes a function, a class, or a path with lines")
    data = ws.read(symbol.path)
    start, end = symbol.definition.span
    if is_python(symbol.path):
        source = parse(symbol.path, data)
        start, end = source.full_span(definition_at(source, symbol))
    return _region(symbol.path, data, start, end, symbol)


def of_lines(ws: Workspace, path: str, first: int, last: int) -> Region:
    """Lines `first` to `last` of a file, counted from 1, both included. Raises Refused when there are no such lines."""
    data = ws.read(path)
    starts = [0, *(m.end() for m in re.finditer(rb"\r\n|\r|\n", data))]
    if starts[-1] == len(data) and len(starts) > 1:
        starts.pop()
    if not 1 <= first <= last <= len(starts):
        raise Refused(f"{path} has {len(starts)} lines; lines {first} to {last} are none of them")
    end = starts[last] if last < len(starts) else len(data)
    return _region(path, data, starts[first - 1], end, None)


def _region(path: str, data: bytes, start: int, end: int, symbol: Symbol | None) -> Region:
    line = max(data.rfind(b"\n", 0, start), data.rfind(b"\r", 0, start)) + 1
    head = data[line:start].removeprefix(b"\xef\xbb\xbf")
    if head.strip():
        raise Refused(f"{path}: shares its first line with other code")
    start = line + (3 if line == 0 and data.startswith(b"\xef\xbb\xbf") else 0)
    end = start + len(data[start:end].rstrip(b"\r\n"))
    try:
        text = data[start:end].decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(f"{path} is not UTF-8; a free edit cannot take it") from None
    text = text.replace("\r\n", "\n")
    first = next((row for row in text.split("\n") if row.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    return Region(path, (start, end), indent, dedented(path, text, indent), symbol)


def dedented(path: str, text: str, indent: str) -> str:
    """The lines without `indent`; what stands inside of Python's strings stays, docstrings apart."""
    if not indent:
        return text
    inside: set[int] = set()
    if is_python(path):
        framed = try_parse(path, f"if True:\n{text}\n".encode())
        inside = {number - 1 for number in lines_inside_strings(framed)} if framed is not None else set()
    rows = text.split("\n")
    return "\n".join(row if n in inside else row.removeprefix(indent) for n, row in enumerate(rows, 1))


def with_indent(path: str, text: str, indent: str) -> str:
    """The opposite of dedented()."""
    text = text.replace("\r\n", "\n").strip("\n")
    source = try_parse(path, (text + "\n").encode()) if is_python(path) else None
    if source is None:
        return "\n".join(indent + row if row.strip() else row for row in text.split("\n"))
    return indented(source, (0, len(source.data)), indent).rstrip("\n")


def header_of(region: Region, docstring_too: bool) -> str:
    """How a rewritten definition has to begin: decorators and signature, with the docstring where that stays."""
    source = try_parse(region.path, (region.text + "\n").encode()) if is_python(region.path) else None
    if source is None or not source.tree.body or not isinstance(source.tree.body[0], DEFINITIONS):
        return region.text.split("\n")[0] + "\n" if region.symbol is not None else ""
    node = source.tree.body[0]
    first = node.body[0]
    doc = docstring(node.body)
    if docstring_too and doc is not None and len(node.body) > 1:
        end = source.line_end(source.span(doc)[1])
    else:
        end = source.line_start(source.full_span(first)[0])
    if end <= source.span(node)[0]:  # all of it on one line
        end = source.span(node)[0] + len("def ") + len(node.name)
    return source.code((0, end))


def name_head(region: Region, adding: bool = False) -> str:
    """The beginning of a definition up to its name, for an edit that may change the signature; with `adding` up to
    where another parameter can follow those that are there."""
    source = try_parse(region.path, (region.text + "\n").encode())
    if source is None or not source.tree.body or not isinstance(source.tree.body[0], DEFINITIONS):
        return ""
    node = source.tree.body[0]
    if adding and isinstance(node, FUNCTIONS) and (end := _last_parameter(source, node)) is not None:
        return source.code((0, end)) + ","
    start = source.span(node)[0]
    begun = False
    for kind, text, (begin, end) in source.tokens:
        if begin >= start and kind == tokenize.NAME:
            if begun or text not in {"async", "def", "class"}:
                return source.code((0, end)) + ("(" if not isinstance(node, ast.ClassDef) else "")
            begun = text != "async"
    return ""


def _last_parameter(source: PythonSource, node: FunctionNode) -> int | None:
    """The end of the last parameter; None where none can follow it."""
    a = node.args
    if a.kwarg is not None or a.vararg is not None or a.kwonlyargs:
        return None
    positional = [*a.posonlyargs, *a.args]
    ends: list[ast.expr | ast.arg] = [*positional, *a.defaults]
    return max((source.span(e)[1] for e in ends), default=None)
