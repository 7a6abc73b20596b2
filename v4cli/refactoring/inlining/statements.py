"""One call replaced by the statements of the function: where the call is all that a statement does."""

from __future__ import annotations

import ast

from ..classes.build import lines_inside_strings
from ..python.scopes import Scope
from ..python.source import FUNCTIONS, Span
from ..workspace import Edit
from .calls import (
    Argument,
    Site,
    arguments,
    bring,
    check_captured,
    check_in_f_string,
    check_order,
    substituted,
)
from .expressions import Effect, effect, fitted, one_line, stable_names
from .function import Inlined
from .names import CannotInline


def as_statements(found: Inlined, at: Site) -> list[Edit]:
    """The statement that holds the call becomes the body of the function. Raises CannotInline."""
    statement = _statement(found, at)
    scope = at.file.scope_at(at.whole)
    own = found.file.scopes.scope_of[found.node]
    given = arguments(found, at)
    assigned = {a.parameter for a in given if _rebound(found, a.parameter)}
    assigned |= {a.parameter for a in given if a.effect is not Effect.STABLE and not _once_at_start(found, a, given)}
    if any(a.parameter in assigned and a.effect > Effect.PURE for a in given):
        assigned |= {a.parameter for a in given if a.effect > Effect.PURE}
    names = [n for n in own.bindings if n not in found.parameters or n in assigned]
    read = {n.id for a in given for n in ast.walk(a.expression) if isinstance(n, ast.Name)}
    spelt_locals = _free_locals(found, at, scope, statement, names, read)
    if names and (scope.kind != "function" or not isinstance(scope.node, FUNCTIONS)):
        raise CannotInline(f"its local names ({', '.join(sorted(names))}) would become names of the {scope.kind}")
    substitutes = [a for a in given if a.parameter not in assigned]
    check_captured(found, substitutes, at)
    for name, new in spelt_locals.items():
        substitutes.append(_renamed(name, new))
    spelt = bring(found, at, given)
    spelt |= {name: new for name, new in spelt_locals.items() if name not in found.parameters and new != name}
    indent = at.file.source.indent(statement)
    lines = [f"{spelt_locals[a.parameter]} = {a.text}" for a in given if a.parameter in assigned]
    if found.statements:
        lines += _body(found, substitutes, spelt, spelt_locals)
    lines += _last(found, at, statement, substitutes, spelt, spelt_locals)
    if not lines:
        lines = ["pass"]
    text = "\n".join([lines[0], *(indent + line if line.strip() else line for line in lines[1:])])
    return [Edit(*at.file.source.span(statement), at.file.source.encode(text))]


def _statement(found: Inlined, at: Site) -> ast.stmt:
    """The statement that is nothing but the call, its assignment, or its return."""
    source = at.file.source
    statement = source.parents[at.whole]
    if not isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return):
        raise CannotInline("the call is part of a larger expression, and the function has statements")
    if found.early and not isinstance(statement, ast.Return):
        raise CannotInline("the function returns from several places")
    if not isinstance(statement, ast.Return) and found.value is None and not isinstance(statement, ast.Expr):
        raise CannotInline("uses the value of a function that returns none")
    start, end = source.span(statement)
    before = source.data[source.line_start(start) : start].strip()
    after = source.data[end : source.line_end(end)].strip()
    if before or (after and not after.startswith(b"#")):
        raise CannotInline("shares its line with another statement")
    return statement


def _rebound(found: Inlined, parameter: str) -> bool:
    own = found.file.scopes.scope_of[found.node]
    return len(own.bindings[parameter]) > 1 or any(
        isinstance(use.node, ast.Name) and isinstance(use.node.ctx, ast.Del) for use in found.parameters[parameter]
    )


def _once_at_start(found: Inlined, argument: Argument, given: list[Argument]) -> bool:
    """Whether the first thing that the body evaluates can hold the argument itself."""
    first = found.statements[0] if found.statements else None
    if argument.effect is Effect.PURE and not found.parameters[argument.parameter]:
        return True
    top: ast.expr | None = found.value if first is None else None
    if isinstance(first, ast.Expr | ast.Assign | ast.AnnAssign):
        top = first.value
        if isinstance(first, ast.Assign) and not all(isinstance(t, ast.Name) for t in first.targets):
            return False
    if top is None:
        return False
    uses = found.parameters[argument.parameter]
    inside = {id(n) for n in ast.walk(top)}
    if len(uses) != 1 or id(uses[0].node) not in inside:
        return False
    try:
        others = [a for a in given if any(id(u.node) in inside for u in found.parameters[a.parameter])]
        unplaced = [a for a in given if a not in others and a.effect > Effect.PURE]
        if unplaced:
            return False
        check_order(found, others, top)
    except CannotInline:
        return False
    return True


def _free_locals(
    found: Inlined, at: Site, scope: Scope, statement: ast.stmt, names: list[str], read: set[str]
) -> dict[str, str]:
    """A name for each local of the body that nothing at the call uses; `read`: the names that arguments read."""
    taken: set[str] = set()
    outer: Scope | None = scope
    while outer is not None:
        taken |= set(outer.bindings)
        outer = outer.parent
    taken |= {u.name for u in at.file.scopes.uses if scope in u.scope.chain()}
    taken |= {u.name for u in found.free}
    mine = _only_target(statement)
    mine = "" if mine in read else mine
    result: dict[str, str] = {}
    for name in names:
        new, number = name, 2
        while (new in taken and not (new == mine and _result_is(found, name))) or new in result.values():
            new, number = f"{name}_{number}", number + 1
        result[name] = new
    return result


def _only_target(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return ""


def _result_is(found: Inlined, name: str) -> bool:
    """`total = f(...)` where f returns its local total: the same name serves, if no argument reads the old one."""
    return isinstance(found.value, ast.Name) and found.value.id == name and name not in found.parameters


def _renamed(name: str, new: str) -> Argument:
    expression = ast.parse(new, mode="eval").body
    return Argument(name, expression, new, Effect.STABLE, False)


def _body(found: Inlined, given: list[Argument], spelt: dict[str, str], names: dict[str, str]) -> list[str]:
    """The statements with their comments, from the left margin."""
    source = found.file.source
    first, last = found.statements[0], found.statements[-1]
    start = source.full_span(first)[0]
    line = source.line_start(start)
    if source.data[line:start].strip():
        line = start
    else:
        line = _comments_above(found, line)
    end = source.span(last)[1]
    tail = source.code((end, source.line_end(end))).rstrip("\r\n")
    span = (line, end)
    inside = lines_inside_strings(source)
    indent = source.indent(first) if line != start else ""
    numbers = range(source.line_of(line), source.line_of(max(end - 1, line)) + 1)
    text = _with_names(found, span, given, spelt, names) + tail
    lines = text.split("\n")
    if len(lines) != len(numbers):
        raise CannotInline("an argument of several lines")
    return [row if number in inside else row.removeprefix(indent) for number, row in zip(numbers, lines, strict=True)]


def _comments_above(found: Inlined, line: int) -> int:
    source = found.file.source
    while line > 0:
        above = source.line_start(line - 1)
        if not source.data[above:line].lstrip().startswith(b"#"):
            break
        line = above
    return line


def _with_names(found: Inlined, span: Span, given: list[Argument], spelt: dict[str, str], names: dict[str, str]) -> str:
    """substituted(), with the local names that have to change where they are bound and read."""
    source = found.file.source
    scopes = found.file.scopes
    own = scopes.scope_of[found.node]
    changed = {name: new for name, new in names.items() if name != new}
    spots: list[Span] = []
    for name in changed:
        for node in own.bindings[name]:
            if isinstance(node, ast.arg):
                continue
            if not isinstance(node, ast.Name):
                raise CannotInline(f"its local name {name} is taken here")
            spots.append(source.span(node))
        for use in scopes.uses:
            if use.name == name and scopes.resolve(use) is own and name not in found.parameters:
                if any(isinstance(n, ast.JoinedStr) for n in source.ancestors(use.node)):
                    check_in_f_string(source.code(use.span), name, changed[name])
                spots.append(use.span)
    return substituted(found, span, given, spelt, [Edit(*s, source.encode(changed[source.code(s)])) for s in spots])


def _last(
    found: Inlined,
    at: Site,
    statement: ast.stmt,
    given: list[Argument],
    spelt: dict[str, str],
    names: dict[str, str],
) -> list[str]:
    """What becomes of the statement itself: `target = value`, `return value`, or nothing."""
    source = at.file.source
    if found.value is None:
        return ["return"] if isinstance(statement, ast.Return) and not _leaves(found.statements) else []
    text = one_line(_with_names(found, found.file.source.span(found.value), given, spelt, names))
    if text is None:
        raise CannotInline("the returned expression holds comments or strings of several lines")
    if isinstance(statement, ast.Expr):
        return [] if effect(found.value, stable_names(found.file.scopes)) <= Effect.PURE else [text]
    start, _ = source.span(statement)
    head = source.code((start, source.span(at.whole)[0]))
    if isinstance(statement, ast.Assign) and head.replace(" ", "") == f"{text}=":
        return []  # total = total
    rest = source.code((source.span(at.whole)[1], source.span(statement)[1]))
    return [head + fitted(text, found.value, source.parents[at.whole], at.whole) + rest]


def _leaves(statements: list[ast.stmt]) -> bool:
    """Whether the last statement returns or raises."""
    last = statements[-1] if statements else None
    if isinstance(last, ast.If) and last.orelse:
        return _leaves(last.body) and _leaves(last.orelse)
    return isinstance(last, ast.Return | ast.Raise)
