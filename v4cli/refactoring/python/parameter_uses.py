"""Where the body of a function reads one of its parameters, f-strings included."""

from __future__ import annotations

import ast
import re

from ...errors import Refused
from .scopes import Scopes
from .source import FunctionNode, PythonSource, Span


def is_rebound(scopes: Scopes, function: FunctionNode, name: str) -> bool:
    """Whether the function, or one inside it, gives the parameter another value or deletes it."""
    scope = scopes.scope_of[function]
    if len(scope.bindings.get(name, ())) > 1:
        return True
    inside = [s for s in scopes.all if scope in s.chain()]
    return any(name in s.nonlocals for s in inside) or any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Del) for n in ast.walk(function)
    )


def reads(source: PythonSource, scopes: Scopes, function: FunctionNode, name: str) -> list[Span]:
    """Spans of the identifier where it means the parameter, sorted.

    Before Python 3.12 ast does not say where the expressions of an f-string stand: there the name is looked for
    between the braces. Raises Refused where that does not find exactly what ast has.
    """
    scope = scopes.scope_of[function]
    word = name.encode()
    found: set[Span] = set()
    in_strings: dict[ast.JoinedStr, int] = {}
    for use in scopes.uses:
        if use.name != name or scopes.resolve(use) is not scope:
            continue
        string = _outer_fstring(source, use.node)
        if string is not None:
            in_strings[string] = in_strings.get(string, 0) + 1
        elif source.data[use.span[0] : use.span[1]] == word:
            found.add(use.span)
        else:
            raise Refused(f"{source.path}:{source.line_of(use.span[0])}: reads {name} inside a quoted annotation")
    for string, count in in_strings.items():
        here = _in_braces(source, source.span(string), word)
        if len(here) != count:
            line = source.line_of(source.span(string)[0])
            raise Refused(f"{source.path}:{line}: reads {name} in an f-string that cannot be taken apart")
        found.update(here)
    return sorted(found)


def writes(source: PythonSource, scopes: Scopes, function: FunctionNode, name: str) -> list[Span]:
    """Spans of the identifier where the function gives the parameter another value, its place in the signature
    included. Raises Refused for what is no plain assignment."""
    found: set[Span] = set()
    scope = scopes.scope_of[function]
    for node in scope.bindings.get(name, ()):
        if not isinstance(node, ast.arg | ast.Name):
            line = getattr(node, "lineno", function.lineno)
            raise Refused(f"{source.path}:{line}: binds the parameter {name} anew")
        start = source.span(node)[0]
        found.add((start, start + len(name.encode())))
    if any(name in s.nonlocals for s in scopes.all if scope in s.chain()):
        raise Refused(f"{source.path}:{function.lineno}: an inner function declares {name} nonlocal")
    return sorted(found)


def _outer_fstring(source: PythonSource, node: ast.AST) -> ast.JoinedStr | None:
    found = None
    for above in source.ancestors(node):
        if isinstance(above, ast.JoinedStr):
            found = above
    return found


def _in_braces(source: PythonSource, span: Span, word: bytes) -> list[Span]:
    """Where the word stands between the braces of an f-string, doubled braces being text."""
    depth = 0
    found = []
    pattern = re.compile(rb"\{\{|\}\}|[{}]|(?<![\w.])" + re.escape(word) + rb"(?!\w)(?!\s*=[^=!}:])")
    for match in pattern.finditer(source.data, *span):
        text = match.group()
        if depth == 0 and text in {b"{{", b"}}"}:
            continue
        if text.startswith(b"{"):
            depth += len(text)
        elif text.startswith(b"}"):
            depth -= len(text)
        elif depth > 0:
            found.append(match.span())
    return found


def reads_all_locals(function: FunctionNode) -> bool:
    """Whether the names of all its locals may be data to it."""
    return any(
        isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in {"locals", "vars", "eval", "exec"}
        for n in ast.walk(function)
    )
