"""Which statements or which expression a line range, or a text, selects."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from ...errors import NothingToDo, Refused
from ..python.source import FUNCTIONS, FunctionNode, PythonSource


@dataclass(frozen=True, slots=True)
class Selected:
    """Either `statements`, consecutive ones of a block of `function`, or one `expression` in it."""

    function: FunctionNode | None
    statements: list[ast.stmt]
    expression: ast.expr | None = None


def statements_in(source: PythonSource, first: int, last: int) -> Selected:
    """The statements that lines `first` to `last` hold completely.

    Raises Refused when the lines cut through a statement or lie in no function.
    """
    where = f"{source.path}:{first}"
    inside = [n for n in source.nodes if isinstance(n, ast.stmt) and _lines(source, n)[0] >= first]
    inside = [n for n in inside if _lines(source, n)[1] <= last]
    chosen = set(inside)
    outermost = [n for n in inside if not any(a in chosen for a in source.ancestors(n))]
    if not outermost:
        raise Refused(f"{where}: lines {first} to {last} hold no whole statement")
    outermost.sort(key=lambda n: source.span(n))
    block = source.body_of(outermost[0])
    if any(n not in block for n in outermost):
        raise Refused(f"{where}: lines {first} to {last} belong to several blocks")
    if is_elif(source, outermost[0]):
        raise Refused(f"{where}: an elif belongs to the if above it")
    covered = {line for n in outermost for line in range(_lines(source, n)[0], _lines(source, n)[1] + 1)}
    for line in range(first, last + 1):
        text = source.line_text(line).strip() if line <= len(source.line_starts) else ""
        if line not in covered and text and not text.startswith("#"):
            raise Refused(f"{source.path}:{line}: the lines cut through a statement")
    function = next((n for n in source.ancestors(outermost[0]) if isinstance(n, (*FUNCTIONS, ast.ClassDef))), None)
    if not isinstance(function, FUNCTIONS):
        raise Refused(f"{where}: the lines are in no function")
    return Selected(function, outermost)


def is_elif(source: PythonSource, statement: ast.stmt) -> bool:
    return source.data.startswith(b"elif", source.full_span(statement)[0])


def _lines(source: PythonSource, node: ast.stmt) -> tuple[int, int]:
    start, end = source.full_span(node)
    return source.line_of(start), source.line_of(end)


def expression_in(source: PythonSource, first: int, last: int, text: str) -> Selected:
    """The expression that reads `text` (white space apart) within the lines.

    Raises NothingToDo when there is none, Refused when there are several or the text is no expression.
    """
    try:
        wanted = ast.dump(ast.parse(f"({text})", mode="eval").body)
    except (SyntaxError, ValueError):
        raise Refused(f"{text!r} is not a Python expression") from None
    found = [
        n
        for n in source.nodes
        if isinstance(n, ast.expr)
        and first <= n.lineno
        and (n.end_lineno or 0) <= last
        and ast.dump(n) == wanted
        and not any(isinstance(a, ast.JoinedStr) for a in source.ancestors(n))
    ]
    if not found:
        raise NothingToDo(f"{source.path}: no expression {text} in lines {first} to {last}")
    if len(found) > 1:
        places = ", ".join(f"{n.lineno}:{n.col_offset + 1}" for n in found)
        raise Refused(f"{source.path}: {text} stands there several times ({places}); give narrower lines")
    return selected(source, found[0])


def selected(source: PythonSource, expression: ast.expr) -> Selected:
    function = next((n for n in source.ancestors(expression) if isinstance(n, (*FUNCTIONS, ast.ClassDef))), None)
    if function is not None and isinstance(function, FUNCTIONS) and _in_header(source, function, expression):
        function = None
    return Selected(function if isinstance(function, FUNCTIONS) else None, [], expression)


def _in_header(source: PythonSource, function: FunctionNode, node: ast.AST) -> bool:
    """Decorators, defaults and annotations run outside of the function."""
    below = node
    for above in source.ancestors(node):
        if above is function:
            return below not in function.body
        below = above
    return False


def standalone(text: str) -> str:
    """The text of an expression, in parentheses where its line breaks would end a statement."""
    if "\n" not in text:
        return text
    try:
        alone = len(ast.parse(f"x = {text}").body) == 1
    except (SyntaxError, ValueError):
        alone = False
    return text if alone else f"({text})"
