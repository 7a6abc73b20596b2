"""Extract an expression into a local variable, or a literal into a constant of the module."""

from __future__ import annotations

import ast
import keyword
from typing import Literal

from pydantic import Field

from ...errors import Refused
from ..extracting.selection import Selected, expression_in, is_elif, standalone
from ..inlining.expressions import (
    Effect,
    IsStable,
    effect,
    in_order,
    is_conditional,
    own_effect,
    runs_elsewhere,
    stable_names,
)
from ..inlining.local import first_part
from ..moving.editing import apply_edits
from ..operation import LeftAlone, Operation, Outcome
from ..python.modules import is_python
from ..python.scopes import BUILTINS, Scopes
from ..python.source import DEFINITIONS, PythonSource, parse
from ..workspace import Edit, Workspace

_BINDING = (ast.NamedExpr, ast.Yield, ast.YieldFrom)


class ExtractVariable(Operation):
    """Gives a Python expression a name. `expression` is its text within the lines `start_line` to `end_line`.

    `scope` "local": the assignment stands on a line of its own right before the statement; the expression has to be
    what that statement evaluates first, unless it is made of constants and names that do not change. "module": a
    constant of the module, before its first definition that uses it; with `everywhere` every equal expression of
    the file becomes the name (those in annotations, patterns and f-strings are left alone and listed). Refused:
    expressions that bind names or use names of a comprehension or lambda around them, conditions of `while` and
    `elif`, names that are taken.
    """

    kind: Literal["extract_variable"] = "extract_variable"
    path: str
    start_line: int = Field(ge=1)
    end_line: int = Field(ge=1)
    expression: str
    new_name: str
    scope: Literal["local", "module"] = "local"
    everywhere: bool = Field(default=False, description="module: replace every equal expression of the file")

    def apply(self, ws: Workspace) -> Outcome:
        if not is_python(self.path):
            raise Refused(f"{self.path}: extract_variable works on Python only")
        if not self.new_name.isidentifier() or keyword.iskeyword(self.new_name):
            raise Refused(f"{self.new_name!r} cannot be the name of a variable")
        source = parse(self.path, ws.read(self.path))
        scopes = Scopes(source)
        chosen = expression_in(source, self.start_line, self.end_line, self.expression)
        assert chosen.expression is not None
        outcome = Outcome()
        if self.scope == "local":
            edits = self._local(source, scopes, chosen, chosen.expression)
        else:
            edits = self._constant(source, scopes, chosen.expression, outcome)
        ws.write(self.path, apply_edits(source.data, edits))
        return outcome

    def _refuse(self, source: PythonSource, node: ast.AST, why: str) -> Refused:
        return Refused(f"{source.path}:{getattr(node, 'lineno', self.start_line)}: {why}")

    def _text(self, source: PythonSource, expression: ast.expr) -> str:
        inside = ast.walk(expression)
        if isinstance(expression, ast.Starred) or any(isinstance(n, _BINDING) for n in inside):
            raise self._refuse(source, expression, "the expression assigns, yields or unpacks")
        return standalone(source.code(source.span(expression)))

    # a local variable

    def _local(self, source: PythonSource, scopes: Scopes, chosen: Selected, expression: ast.expr) -> list[Edit]:
        text = self._text(source, expression)
        if chosen.function is None:
            raise self._refuse(source, expression, "the expression is in no function; use scope module")
        own = scopes.scope_of[chosen.function]
        self._check_free(source, scopes, own.bindings, expression)
        if self.new_name in own.globals | own.nonlocals:
            raise self._refuse(source, expression, f"{self.new_name} is declared global or nonlocal there")
        if any(u.name == self.new_name and own in u.scope.chain() for u in scopes.uses):
            raise self._refuse(source, expression, f"{self.new_name} is used there with another meaning")
        statement = next(a for a in source.ancestors(expression) if isinstance(a, ast.stmt))
        start = source.full_span(statement)[0]
        line = source.line_start(start)
        if source.data[line:start].strip() or is_elif(source, statement):
            raise self._refuse(source, statement, "the statement shares its line, or is an elif")
        inside = {id(n) for n in ast.walk(expression)}
        for use in scopes.uses:
            home = scopes.resolve(use)
            if id(use.node) not in inside or home is None or home is own or own not in home.chain():
                continue
            if not any(home.node is n for n in ast.walk(expression)):
                raise self._refuse(source, expression, f"{use.name} belongs to a lambda or comprehension there")
        self._check_moment(source, stable_names(scopes), statement, expression)
        new = f"{source.code((line, start))}{self.new_name} = {text}\n"
        return [
            Edit(line, line, source.encode(new)),
            Edit(*source.span(expression), source.encode(self.new_name)),
        ]

    def _check_moment(self, source: PythonSource, stable: IsStable, statement: ast.stmt, expression: ast.expr) -> None:
        how = effect(expression, stable)
        top = first_part(statement)
        if isinstance(statement, ast.While):
            raise self._refuse(source, statement, "the condition of a while loop is evaluated again in every turn")
        if how is Effect.STABLE:
            return
        if top is None or not any(n is expression for n in ast.walk(top)):
            raise self._refuse(source, expression, "the expression is not what the statement evaluates first")
        if is_conditional(source, expression, top) or runs_elsewhere(source, expression, top):
            raise self._refuse(source, expression, "the expression is not always evaluated, or more than once")
        limit = Effect.READ if how is Effect.IMPURE else Effect.IMPURE
        inside = {id(n) for n in ast.walk(expression)}
        for node in in_order(top):
            if node is expression:
                return
            if id(node) not in inside and how > Effect.PURE and own_effect(node, stable) >= limit:
                raise self._refuse(source, expression, "other code of the statement runs before the expression")

    # a constant

    def _constant(self, source: PythonSource, scopes: Scopes, expression: ast.expr, outcome: Outcome) -> list[Edit]:
        text = self._text(source, expression)
        if effect(expression, stable_names(scopes)) > Effect.PURE:
            raise self._refuse(source, expression, "the expression is no constant: it would be evaluated only once")
        inside = {id(n) for n in ast.walk(expression)}
        needed = []
        for use in scopes.uses:
            if id(use.node) not in inside:
                continue
            home = scopes.resolve(use)
            if home is not None and home is not scopes.module:
                raise self._refuse(source, expression, f"{use.name} is a local name")
            needed += scopes.module.bindings.get(use.name, [])
        self._check_free(source, scopes, scopes.module.bindings, expression)
        if any(u.name == self.new_name for u in scopes.uses):
            raise self._refuse(source, expression, f"{self.new_name} is used in the file with another meaning")
        found = [expression]
        if self.everywhere:
            wanted = ast.dump(expression)
            found = [n for n in source.nodes if isinstance(n, ast.expr) and ast.dump(n) == wanted]
        replaced = []
        for node in found:
            if why := _closed(source, node):
                if node is expression:
                    raise self._refuse(source, node, why)
                line = source.line_text(node.lineno).strip()[:200]
                outcome.left_alone.append(LeftAlone(source.path, node.lineno, line, why))
            else:
                replaced.append(node)
        at = self._place(source, min(replaced, key=lambda n: n.lineno), needed)
        following = next((s for s in source.tree.body if source.full_span(s)[0] >= at), None)
        blank = "\n\n" if isinstance(following, DEFINITIONS) else "\n"
        edits = [Edit(at, at, source.encode(f"{self.new_name} = {text}\n{blank}"))]
        return [*edits, *(Edit(*source.span(n), source.encode(self.new_name)) for n in replaced)]

    def _place(self, source: PythonSource, first: ast.expr, needed: list[ast.AST]) -> int:
        """The start of the first definition or use at module level, behind everything that the value needs."""
        body = source.tree.body
        user = next(a for a in source.ancestors(first) if a in body)
        latest = max((getattr(n, "lineno", 0) for n in needed), default=0)
        for statement in body:
            starts = source.full_span(statement)[0]
            if statement.lineno > latest and (statement is user or isinstance(statement, DEFINITIONS)):
                at = source.line_start(starts)
                while at > 0 and source.data[source.line_start(at - 1) : at].lstrip().startswith(b"#"):
                    at = source.line_start(at - 1)
                return at
            if statement is user:
                break
        raise self._refuse(source, first, "the names that the value needs are bound behind its first use")

    def _check_free(
        self, source: PythonSource, scopes: Scopes, bindings: dict[str, list[ast.AST]], node: ast.AST
    ) -> None:
        if self.new_name in bindings or self.new_name in BUILTINS:
            raise self._refuse(source, node, f"{self.new_name} is taken")
        if self.scope == "module" and any(self.new_name in s.bindings for s in scopes.all):
            raise self._refuse(source, node, f"{self.new_name} is a local name somewhere in the file")


def _closed(source: PythonSource, node: ast.expr) -> str:
    """Why a constant cannot take the place of the node; "" when it can."""
    below: ast.AST = node
    for above in source.ancestors(node):
        if isinstance(above, ast.JoinedStr):
            return "stands in an f-string"
        if isinstance(above, ast.pattern):
            return "stands in a pattern"
        if below is getattr(above, "annotation", None) or below is getattr(above, "returns", None):
            return "stands in an annotation"
        if isinstance(above, ast.Expr) and above.value is node:
            return "a string that documents"
        below = above
    return ""
