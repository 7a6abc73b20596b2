"""The text of methods made from functions, and its place in the module."""

from __future__ import annotations

import ast
import tokenize

from ..moving.editing import apply_edits, merge_deletions
from ..moving.pieces import Piece, cut
from ..python.deletion import delete_lines
from ..python.scopes import Scopes
from ..python.source import FUNCTIONS, FunctionNode, PythonSource, Span
from ..workspace import Edit


def indented(source: PythonSource, span: Span, indent: str) -> str:
    """The lines of the span, each with `indent` before it; what stands inside of strings stays, docstrings apart."""
    inside = lines_inside_strings(source)
    lines = []
    first = source.line_of(span[0])
    text = source.code(span).replace("\r\n", "\n")
    for number, line in enumerate(text.split("\n"), first):
        keep = number in inside or not line.strip()
        lines.append(line if keep else indent + line)
    return "\n".join(lines)


def lines_inside_strings(source: PythonSource) -> set[int]:
    """Lines that begin inside of a string, unless it is a statement of its own (a docstring)."""
    alone = {
        source.span(n)
        for n in source.nodes
        if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant) and isinstance(n.value.value, str)
    }
    found: set[int] = set()
    begins: list[int] = []
    for kind, _, (start, end) in source.tokens:
        name = tokenize.tok_name[kind]
        if name in {"FSTRING_START", "TSTRING_START"}:
            begins.append(start)
        elif name in {"FSTRING_END", "TSTRING_END"} and begins:
            found.update(range(source.line_of(begins.pop()) + 1, source.line_of(end) + 1))
        elif kind == tokenize.STRING and not any(a <= start and end <= b for a, b in alone):
            found.update(range(source.line_of(start) + 1, source.line_of(end) + 1))
    return found


def methods_text(source: PythonSource, pieces: list[Piece], indent: str, static: bool) -> str:
    """The pieces as methods, one blank line apart, without a line break at the end."""
    return "\n\n".join(_method(source, piece, indent, static) for piece in pieces)


def _method(source: PythonSource, piece: Piece, indent: str, static: bool) -> str:
    text = indented(source, piece.span, indent).rstrip("\n")
    if not static:
        return text
    assert isinstance(piece.statement, FUNCTIONS)
    above = source.line_of(source.full_span(piece.statement)[0]) - source.line_of(piece.span[0])
    lines = text.split("\n")
    lines.insert(above, f"{indent}@staticmethod")
    return "\n".join(lines)


def into_class(
    source: PythonSource,
    functions: list[FunctionNode],
    target: ast.stmt,
    class_name: str,
    *,
    static: bool,
    doc: str = "",
) -> bytes:
    """The file with the functions taken out and put into a class.

    `target` is the class itself, or one of the functions: then a new class `class_name` takes its place.
    """
    statements: list[ast.stmt] = [*functions]
    pieces = cut(source, statements)
    if isinstance(target, ast.ClassDef):
        edit = _append(source, target, pieces, static)
        outside = list(delete_lines(source, [p.span for p in pieces]))
        return apply_edits(source.data, merge_deletions([edit, *outside]))
    indent = unit(source)
    head = f"class {class_name}:\n"
    if doc:
        head += f'{indent}"""{doc}"""\n\n'
    return in_place_of(source, pieces, target, head + methods_text(source, pieces, indent, static) + "\n")


def in_place_of(source: PythonSource, pieces: list[Piece], target: ast.stmt, text: str) -> bytes:
    """The file with `text` where the piece of `target` was, and the other pieces taken out."""
    own = next(p.span for p in pieces if p.statement is target)
    edits = [Edit(*own, source.encode(text)), *delete_lines(source, [p.span for p in pieces if p.span != own])]
    edits = [_clear_of(e, own) for e in merge_deletions(edits)]
    return apply_edits(source.data, [e for e in edits if e.new or e.start < e.end])


def _clear_of(edit: Edit, span: Span) -> Edit:
    """A deletion cut back so that it ends before, or begins behind, the span."""
    if edit.new or edit.end <= span[0] or edit.start >= span[1]:
        return edit
    return Edit(span[1], max(edit.end, span[1]), b"") if edit.start >= span[0] else Edit(edit.start, span[0], b"")


def _append(source: PythonSource, node: ast.ClassDef, pieces: list[Piece], static: bool) -> Edit:
    """Behind the last statement of the class; a body of `pass` or `...` alone gives way."""
    first, last = node.body[0], node.body[-1]
    one_line = source.line_of(source.span(first)[0]) == source.line_of(source.span(node)[0])
    outer = source.indent(node)
    indent = outer + unit(source) if one_line else source.indent(first)
    text = methods_text(source, pieces, indent, static)
    if len(node.body) == 1 and _is_filler(last):
        start, end = source.span(last)
        if one_line:
            colon = source.data.rindex(b":", 0, start) + 1
            return Edit(colon, end, source.encode("\n" + text))
        return Edit(source.line_start(start), end, source.encode(text))
    end = source.line_end(source.span(last)[1])
    lead = "" if source.data[:end].endswith((b"\n", b"\r")) else "\n"
    return Edit(end, end, source.encode(lead + "\n" + text + "\n"))


def _is_filler(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and statement.value.value is Ellipsis
    )


def unit(source: PythonSource) -> str:
    """What one level of indentation is in the file."""
    for node in source.tree.body:
        block = getattr(node, "body", None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            found = source.indent(block[0])
            if found:
                return found
    return "    "


def function_nodes(source: PythonSource, names: set[str]) -> list[FunctionNode]:
    """The module-level `def` statements of these names."""
    return [s for s in source.tree.body if isinstance(s, FUNCTIONS) and s.name in names]


def class_node(source: PythonSource, scopes: Scopes, qualified: str) -> ast.ClassDef | None:
    """The class of that name at module level, when one statement alone binds it."""
    nodes = scopes.module.bindings.get(qualified, [])
    return nodes[0] if len(nodes) == 1 and isinstance(nodes[0], ast.ClassDef) else None
