"""A parsed Python file whose syntax nodes lead back to byte offsets, so that edits keep everything else."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import Protocol

from ...errors import Refused

Span = tuple[int, int]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
DefinitionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|$)")
_BOM = b"\xef\xbb\xbf"


class Located(Protocol):
    lineno: int
    col_offset: int
    end_lineno: int | None
    end_col_offset: int | None


class PythonSource:
    """`tree` of `data`. Raises SyntaxError (or ValueError for NUL bytes) when the running Python cannot parse it."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data
        self.tree = ast.parse(data, path)
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        self._recode = encoding if encoding not in {"utf-8", "utf-8-sig"} and not data.isascii() else ""
        self.encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        starts = [0]
        for match in _LINE.finditer(data):
            if match.end() > match.start():
                starts.append(match.end())
        self.line_starts = starts

    @cached_property
    def newline(self) -> str:
        match = re.search(rb"\r\n|\r|\n", self.data)
        return match.group().decode() if match else "\n"

    def offset(self, line: int, column: int) -> int:
        """Byte offset of a position as ast gives it: line from 1, column in UTF-8 bytes."""
        start = self.line_starts[line - 1]
        if line == 1 and self.data.startswith(_BOM):
            start += len(_BOM)
        if self._recode:
            end = self.line_starts[line] if line < len(self.line_starts) else len(self.data)
            text = self.data[start:end].decode(self._recode).encode("utf-8")[:column]
            return start + len(text.decode("utf-8", "ignore").encode(self._recode))
        return start + column

    def line_of(self, offset: int) -> int:
        """Line (from 1) that holds the byte offset."""
        return bisect_right(self.line_starts, offset)

    def span(self, node: Located) -> Span:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def full_span(self, node: ast.stmt) -> Span:
        """As span(), with the decorators of a definition."""
        start, end = self.span(node)
        if isinstance(node, DEFINITIONS) and node.decorator_list:
            first = self.span(node.decorator_list[0])[0]
            start = self.data.rindex(b"@", 0, first)
        return start, end

    def code(self, span: Span) -> str:
        return self.data[span[0] : span[1]].decode(self.encoding, "surrogateescape")

    def encode(self, text: str) -> bytes:
        """Text as bytes of this file: its encoding and its line ends."""
        if self.newline != "\n":
            text = text.replace("\r\n", "\n").replace("\n", self.newline)
        return text.encode(self.encoding, "surrogateescape")

    def line_start(self, offset: int) -> int:
        return self.line_starts[self.line_of(offset) - 1]

    def line_end(self, offset: int) -> int:
        """Offset behind the line break of the line that holds `offset` (the end of the file on the last line)."""
        line = self.line_of(offset)
        return self.line_starts[line] if line < len(self.line_starts) else len(self.data)

    def line_text(self, line: int) -> str:
        start = self.line_starts[line - 1]
        return self.code((start, self.line_end(start))).rstrip("\r\n")

    def indent(self, node: ast.stmt) -> str:
        """White space before the statement (what stands before it on its line, if that is blank)."""
        start = self.full_span(node)[0]
        before = self.code((self.line_start(start), start)).lstrip("\ufeff")
        return before if not before.strip() else before[: len(before) - len(before.lstrip())]

    @cached_property
    def tokens(self) -> list[tuple[int, str, Span]]:
        """(type, text, span) of every token."""
        readline = io.BytesIO(self.data).readline
        found = []
        for token in tokenize.tokenize(readline):
            if token.type == tokenize.ENCODING:
                continue
            found.append((token.type, token.string, (self._of_token(token.start), self._of_token(token.end))))
        return found

    def _of_token(self, position: tuple[int, int]) -> int:
        line, column = position
        if line > len(self.line_starts):
            return len(self.data)
        start = self.line_starts[line - 1]
        if line == 1 and self.data.startswith(_BOM):
            start += len(_BOM)
        end = self.line_starts[line] if line < len(self.line_starts) else len(self.data)
        text = self.data[start:end].decode(self.encoding, "surrogateescape")
        return start + len(text[:column].encode(self.encoding, "surrogateescape"))

    @cached_property
    def comments(self) -> list[Span]:
        return [span for kind, _, span in self.tokens if kind == tokenize.COMMENT]

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the tree, each once."""
        return list(ast.walk(self.tree))

    @cached_property
    def fstrings(self) -> list[Span]:
        """Spans of the strings with expressions in them."""
        return [self.span(node) for node in self.nodes if isinstance(node, ast.JoinedStr)]

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        while node in self.parents:
            node = self.parents[node]
            yield node

    def body_of(self, statement: ast.stmt) -> list[ast.stmt]:
        """The block that the statement stands in."""
        parent = self.parents[statement]
        for field in ("body", "orelse", "finalbody"):
            block = getattr(parent, field, None)
            if isinstance(block, list) and statement in block:
                return block
        raise ValueError("not a statement of a block")

    def type_checking(self, node: ast.AST) -> bool:
        """Whether the node stands in the body of `if TYPE_CHECKING:`."""
        below = node
        for above in self.ancestors(node):
            if isinstance(above, ast.If) and is_type_checking(above.test) and below in above.body:
                return True
            below = above
        return False


def is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def parse(path: str, data: bytes) -> PythonSource:
    """As PythonSource; raises Refused naming the place of the syntax error."""
    try:
        return PythonSource(path, data)
    except SyntaxError as error:
        raise Refused(f"{path}:{error.lineno or 1}: does not parse: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise Refused(f"{path}: does not parse: {error}") from None


def try_parse(path: str, data: bytes) -> PythonSource | None:
    try:
        return PythonSource(path, data)
    except (SyntaxError, ValueError, RecursionError):
        return None


def dotted(node: ast.expr) -> str | None:
    """`a.b.c` for a chain of attributes on a plain name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def docstring(body: list[ast.stmt]) -> ast.Expr | None:
    """The docstring that opens a module, class or function body."""
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return first
    return None


def placed(source: PythonSource, node: ast.AST) -> bool:
    """False in f-strings: before Python 3.12 ast does not say where in the file their expressions stand."""
    return not any(isinstance(above, ast.JoinedStr) for above in source.ancestors(node))


def definitions_of(source: PythonSource, qualified: str) -> list[FunctionNode]:
    """Every `def` of that qualified name, in order: several when it is overloaded or conditional."""
    found: list[FunctionNode] = []
    for node in source.nodes:
        if isinstance(node, FUNCTIONS):
            above = [a.name for a in source.ancestors(node) if isinstance(a, DEFINITIONS)]
            if ".".join([*reversed(above), node.name]) == qualified:
                found.append(node)
    return sorted(found, key=lambda f: f.lineno)
