"""A local variable of a function replaced by its value."""

from __future__ import annotations

import ast

from ...errors import NothingToDo, Refused
from ..moving.editing import merge_deletions
from ..python.deletion import delete_statements
from ..python.scopes import Scope, Scopes, Use, scopes_between
from ..python.source import FunctionNode, PythonSource
from ..workspace import Edit
from .calls import check_in_f_string
from .expressions import (
    Effect,
    effect,
    fitted,
    in_order,
    is_conditional,
    one_line,
    own_effect,
    runs_elsewhere,
    stable_names,
)
from .names import CannotInline

_LOOPS = (ast.For, ast.AsyncFor, ast.While)


def inline_local(source: PythonSource, function: FunctionNode, name: str) -> list[Edit]:
    """The edits that put the value of `name` in the place of its uses and take its assignment out.

    Raises Refused with the reason, NothingToDo when the function binds no such name.
    """
    scopes = Scopes(source)
    scope = scopes.scope_of[function]
    where = f"{source.path}:{function.lineno}"
    if name not in scope.bindings:
        raise NothingToDo(f"{where}: {function.name} has no local variable {name}")
    if any(name in inner.nonlocals for inner in scopes.all):
        raise Refused(f"{where}: an inner function assigns {name}")
    statement, value = assignment(source, scope.bindings[name], name, where)
    uses = [u for u in scopes.uses if u.name == name and scopes.resolve(u) is scope]
    where = f"{source.path}:{statement.lineno}"
    if not uses:
        raise NothingToDo(f"{where}: nothing uses {name}")
    text = value_text(source, value, where)
    stable = stable_names(scopes)
    how = effect(value, stable)
    for use in uses:
        _check_names(source, scopes, scope, statement, value, use)
        if how > Effect.STABLE and _guards(source, statement) != _guards(source, use.node):
            line = source.line_of(use.span[0])
            raise Refused(f"{source.path}:{line}: what the value raises would be handled elsewhere than now")
    if how > Effect.PURE:
        _check_moment(source, scopes, statement, value, uses, how)
    edits = [replacement(source, use, value, text) for use in uses]
    return merge_deletions([*edits, *delete_statements(source, [statement])])


def assignment(source: PythonSource, bound: list[ast.AST], name: str, where: str) -> tuple[ast.stmt, ast.expr]:
    """The one statement that binds the name, and the value. Raises Refused for anything but `name = value`."""
    if len(bound) > 1:
        raise Refused(f"{where}: {name} is assigned more than once")
    statement = source.parents.get(bound[0])
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        return statement, statement.value
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and statement.targets[0] is bound[0]:
        return statement, statement.value
    line = getattr(bound[0], "lineno", 1)
    raise Refused(f"{source.path}:{line}: {name} is not bound by a plain assignment")


def value_text(source: PythonSource, value: ast.expr, where: str) -> str:
    if any(isinstance(n, ast.NamedExpr | ast.Yield | ast.YieldFrom) for n in ast.walk(value)):
        raise Refused(f"{where}: the value assigns or yields")
    text = one_line(source.code(source.span(value)))
    if text is None:
        raise Refused(f"{where}: the value holds comments or strings of several lines")
    return text


def replacement(source: PythonSource, use: Use, value: ast.expr, text: str) -> Edit:
    """The edit of one use. Raises Refused for `del` and for a place in an f-string that cannot take the text."""
    node = use.node
    line = source.line_of(use.span[0])
    if use.quoted or not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
        raise Refused(f"{source.path}:{line}: {use.name} is deleted, or stands in an annotation in quotes")
    written = fitted(text, value, source.parents[node], node)
    if any(isinstance(above, ast.JoinedStr) for above in source.ancestors(node)):
        try:
            check_in_f_string(source.code(use.span), use.name, written)
        except CannotInline as error:
            raise Refused(f"{source.path}:{line}: {error}") from None
    return Edit(*use.span, source.encode(written))


def _guards(source: PythonSource, node: ast.AST) -> list[ast.AST]:
    """The try and with statements whose body holds the node: what it raises passes through them."""
    found: list[ast.AST] = []
    below = node
    for above in source.ancestors(node):
        if isinstance(above, ast.Try | ast.With | ast.AsyncWith) and below in above.body:
            found.append(above)
        below = above
    return found


def _check_names(
    source: PythonSource, scopes: Scopes, scope: Scope, statement: ast.stmt, value: ast.expr, use: Use
) -> None:
    """What the value reads means, at the use, what it meant at the assignment."""
    line = source.line_of(use.span[0])
    if use.span[0] < source.span(statement)[1]:
        raise Refused(f"{source.path}:{line}: uses {use.name} before the assignment, in a loop or an inner function")
    inside = {id(n) for n in ast.walk(value)}
    loops = [n for n in source.ancestors(statement) if isinstance(n, _LOOPS)]
    for other in scopes.uses:
        if id(other.node) not in inside:
            continue
        for between in scopes_between(use.scope, scope):
            if other.name in between.bindings:
                raise Refused(f"{source.path}:{line}: {other.name} means something else there")
        home = scopes.resolve(other)
        for node in home.bindings.get(other.name, []) if home is not None and home.kind != "module" else ():
            at = source.offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]
            in_loop = any(source.span(loop)[0] <= at < source.span(loop)[1] for loop in loops)
            late = source.span(statement)[1] <= at and (at < use.span[0] or in_loop)
            if late or (home is scope and runs_elsewhere(source, use.node, scope.node) and at > use.span[0]):
                raise Refused(f"{source.path}:{source.line_of(at)}: {other.name} is assigned before {use.name} is used")


def _check_moment(
    source: PythonSource, scopes: Scopes, statement: ast.stmt, value: ast.expr, uses: list[Use], how: Effect
) -> None:
    """A value that is not a simple one is used once, by the next statement, before anything else happens there."""
    where = f"{source.path}:{statement.lineno}"
    if len(uses) != 1:
        raise Refused(f"{where}: the value would be computed {len(uses)} times; it is not a simple one")
    block = source.body_of(statement)
    at = block.index(statement) + 1
    node = uses[0].node
    following = block[at] if at < len(block) else None
    top = first_part(following) if following is not None else None
    if top is None or not any(n is node for n in ast.walk(top)):
        raise Refused(f"{where}: other statements run before the use, and the value is not a simple one")
    if is_conditional(source, node, top) or runs_elsewhere(source, node, top):
        raise Refused(f"{where}: the use does not run exactly once where the assignment did")
    order = list(in_order(top))
    limit = Effect.READ if how is Effect.IMPURE else Effect.IMPURE
    stable = stable_names(scopes)
    for earlier in order[: next(i for i, n in enumerate(order) if n is node)]:
        if own_effect(earlier, stable) >= limit:
            raise Refused(f"{where}: other code of line {source.line_of(uses[0].span[0])} runs before the use")


def first_part(statement: ast.stmt) -> ast.AST | None:
    """What a statement evaluates first, and once."""
    if isinstance(statement, ast.Expr | ast.Return | ast.Assign | ast.AnnAssign):
        return statement.value
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        return statement.value
    if isinstance(statement, ast.If):
        return statement.test
    if isinstance(statement, ast.For):
        return statement.iter
    if isinstance(statement, ast.Assert):
        return statement.test
    if isinstance(statement, ast.Raise):
        return statement.exc
    if isinstance(statement, ast.With):
        return statement.items[0].context_expr
    return None
