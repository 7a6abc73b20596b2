"""The statements that a move cuts out of a module, with the comments that belong to them."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from ...errors import Refused
from ..python.scopes import Scopes
from ..python.source import DEFINITIONS, PythonSource, Span, docstring


@dataclass(slots=True)
class Piece:
    """Consecutive whole lines of a module: one statement with its leading comments."""

    statement: ast.stmt
    span: Span

    @property
    def is_definition(self) -> bool:
        return isinstance(self.statement, DEFINITIONS)


def bound_by(scopes: Scopes, statement: ast.stmt) -> set[str]:
    """The module-level names that a top-level statement binds."""
    inside = set(ast.walk(statement)) - scopes.through_global
    return {name for name, nodes in scopes.module.bindings.items() if any(n in inside for n in nodes)}


def statements_of(source: PythonSource, scopes: Scopes, names: set[str]) -> list[ast.stmt]:
    """The top-level statements that bind `names`, in order.

    Raises Refused when a statement binds other names as well, or when a name is no definition of the module.
    """
    found = []
    seen: set[str] = set()
    for statement in source.tree.body:
        bound = bound_by(scopes, statement)
        if not bound & names:
            continue
        if isinstance(statement, ast.Import | ast.ImportFrom):
            name = sorted(bound & names)[0]
            raise Refused(f"{source.path}:{statement.lineno}: {name} is imported there, not defined")
        if others := sorted(bound - names):
            name = sorted(bound & names)[0]
            raise Refused(
                f"{source.path}:{statement.lineno}: {name} is defined in one statement with {', '.join(others)}; "
                "move them together"
            )
        if not _owns_lines(source, statement):
            raise Refused(f"{source.path}:{statement.lineno}: shares its line with another statement")
        found.append(statement)
        seen |= bound & names
    if missing := sorted(names - seen):
        raise Refused(f"{source.path}: {', '.join(missing)} is not defined at module level")
    return found


def _owns_lines(source: PythonSource, statement: ast.stmt) -> bool:
    start, end = source.full_span(statement)
    before = source.data[source.line_start(start) : start].strip(b" \t\xef\xbb\xbf")
    after = source.data[end : source.line_end(end)].strip()
    return not before and (not after or after.startswith(b"#"))


def cut(source: PythonSource, statements: list[ast.stmt], whole: bool = False) -> list[Piece]:
    """The pieces of statements; a string right behind an assignment documents it and comes along.

    A comment that stands alone above a group of statements goes when the whole group goes; with `whole` (all code
    of the module moves) every comment goes but those that open the file.
    """
    body = source.tree.body
    moved = set(statements)
    pieces = []
    for statement in statements:
        start, end = source.full_span(statement)
        at = body.index(statement)
        if isinstance(statement, ast.Assign | ast.AnnAssign) and at + 1 < len(body):
            following = docstring(body[at + 1 :])
            if following is not None and following.lineno == (statement.end_lineno or 0) + 1:
                end = source.span(following)[1]
        start = _with_comments(source, start)
        section = _section_above(source, start)
        if section is not None and (whole or _goes_with(source, body[at:], moved)):
            start = section
        pieces.append(Piece(statement, (start, source.line_end(end))))
    return pieces


def _with_comments(source: PythonSource, start: int) -> int:
    """The start of the comment lines directly above; comments that open the file are its header and stay."""
    line = source.line_start(start)
    first = line
    while first > 0:
        previous = source.line_start(first - 1)
        if not source.data[previous:first].startswith(b"#"):
            break
        first = previous
    return line if first == 0 else first


def _section_above(source: PythonSource, start: int) -> int | None:
    """The start of a comment block that blank lines separate from the code below it and above it."""
    line = start
    while line > 0 and not source.data[source.line_start(line - 1) : line].strip():
        line = source.line_start(line - 1)
    if line == start or line == 0:
        return None
    first = _with_comments(source, line)
    return first if first < line else None


def _goes_with(source: PythonSource, below: list[ast.stmt], moved: set[ast.stmt]) -> bool:
    """Whether every statement up to the next comment that stands alone, or to the end, moves."""
    for number, statement in enumerate(below):
        start = _with_comments(source, source.full_span(statement)[0])
        if number and _section_above(source, start) is not None:
            return True
        if statement not in moved:
            return False
    return True


def private_helpers(
    source: PythonSource, scopes: Scopes, names: set[str], listed: set[str], outside: set[str]
) -> set[str]:
    """Private definitions of the module that nothing but the moved code uses, found until no more turn up.

    `listed`: names in `__all__`; `outside`: names that other files refer to.
    """
    grown = set(names)
    while True:
        inside = [s for s in source.tree.body if bound_by(scopes, s) & grown]
        spans = [source.full_span(s) for s in inside]
        more = set()
        for name, nodes in scopes.module.bindings.items():
            if name in grown or not name.startswith("_") or name.startswith("__") or name in listed | outside:
                continue
            if any(isinstance(n, ast.alias) for n in nodes):
                continue
            uses = scopes.module_uses(name)
            if not uses or not all(any(a <= u.span[0] < b for a, b in spans) for u in uses):
                continue
            homes = [s for s in source.tree.body if name in bound_by(scopes, s)]
            if all(bound_by(scopes, s) == {name} and _owns_lines(source, s) for s in homes):
                more.add(name)
        if not more:
            return grown
        grown |= more
