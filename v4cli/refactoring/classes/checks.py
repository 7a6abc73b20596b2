"""What keeps module-level functions from being methods of a class, and where in the module that class can stand."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...errors import Refused
from ..moving.pieces import bound_by, statements_of
from ..python.scopes import Scopes, Use
from ..python.source import FUNCTIONS, FunctionNode, PythonSource
from ..renaming.collisions import ancestors
from ..workspace import Edit

if TYPE_CHECKING:
    from repo_index import Index
    from repo_index.records import Symbol

#: bases whose classes are no place for functions
_CLOSED = {"TypedDict", "Protocol", "NamedTuple"}


def functions_of(source: PythonSource, scopes: Scopes, names: set[str]) -> list[FunctionNode]:
    """The `def` statements of `names`, in order; several of one name when it is overloaded.

    Raises Refused for a name that is bound by anything else, or whose code would mean something else in a class.
    """
    found: list[FunctionNode] = []
    for statement in statements_of(source, scopes, names):
        name = sorted(bound_by(scopes, statement) & names)[0]
        if not isinstance(statement, FUNCTIONS):
            raise Refused(f"{source.path}:{statement.lineno}: {name} is not defined by a plain def there")
        found.append(statement)
    for function in found:
        if function.name in {"__getattr__", "__dir__"}:
            raise Refused(f"{source.path}:{function.lineno}: {function.name} belongs to its module")
        _check_mangled(source, function)
        again = [n for n in scopes.module.bindings[function.name] if n not in found]
        if again:
            line = getattr(again[0], "lineno", 1)
            raise Refused(f"{source.path}:{line}: {function.name} is bound there as well")
    return found


def _check_mangled(source: PythonSource, function: FunctionNode) -> None:
    """Inside a class `__name` becomes `_Class__name`."""
    for node in ast.walk(function):
        for name in (getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "arg", "") or ""):
            if isinstance(name, str) and name.startswith("__") and not name.endswith("__"):
                raise Refused(f"{source.path}:{node.lineno}: {name} would be mangled inside a class")  # type: ignore[attr-defined]
    if function.name.startswith("__") and not function.name.endswith("__"):
        raise Refused(f"{source.path}:{function.lineno}: {function.name} would be mangled inside a class")


def import_time_uses(
    scopes: Scopes, source: PythonSource, statement: ast.stmt, without: Iterable[ast.expr] = ()
) -> list[Use]:
    """Uses of module-level names that run when the statement runs; those in the expressions `without` left out."""
    start, end = source.full_span(statement)
    gone = [source.span(a) for a in without]
    return [
        u
        for u in scopes.uses
        if not any(a <= u.span[0] < b for a, b in gone)
        and start <= u.span[0] < end
        and not u.deferred
        and not u.quoted
        and not (u.annotation and scopes.lazy_annotations)
        and scopes.resolve(u) is scopes.module
    ]


def check_own_needs(source: PythonSource, scopes: Scopes, functions: list[FunctionNode]) -> None:
    """A member cannot need another one while the class is being made."""
    names = {f.name for f in functions}
    for function in functions:
        for use in import_time_uses(scopes, source, function):
            if use.name in names:
                line = source.line_of(use.span[0])
                raise Refused(
                    f"{source.path}:{line}: {function.name} needs {use.name} while the class is being defined"
                )


def annotations_of(function: FunctionNode, name: str) -> list[ast.expr]:
    """The annotations of the signature that name `name` outside of quotes."""
    a = function.args
    every = [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]
    return [
        annotation
        for annotation in (*(x.annotation for x in every), function.returns)
        if annotation is not None and any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(annotation))
    ]


def quote_annotations(source: PythonSource, scopes: Scopes, functions: list[FunctionNode], name: str) -> list[Edit]:
    """Inside of the class its name is not bound yet: annotations that say it are put in quotes."""
    if scopes.lazy_annotations:
        return []
    edits = []
    for function in functions:
        for annotation in annotations_of(function, name):
            span = source.span(annotation)
            text = source.code(span)
            if any(c in text for c in "\"'\n"):
                raise Refused(f"{source.path}:{annotation.lineno}: an annotation that would have to be quoted")
            edits.append(Edit(*span, source.encode(f'"{text}"')))
    return edits


def place(
    source: PythonSource, scopes: Scopes, functions: list[FunctionNode], home: ast.stmt | None, class_name: str = ""
) -> ast.stmt:
    """The statement that a new class takes the place of; `home` is an existing class, which has to do.

    Annotations that name the class itself are quoted later on, and need nothing.
    Raises Refused when no place has all that the members need before it and all that needs them behind it.
    """
    body = source.tree.body
    candidates: list[ast.stmt] = [home] if home is not None else list(functions)
    reason = ""
    for candidate in candidates:
        reason = _reason(source, scopes, functions, body.index(candidate), class_name)
        if not reason:
            return candidate
    raise Refused(reason)


def _reason(source: PythonSource, scopes: Scopes, functions: list[FunctionNode], at: int, class_name: str) -> str:
    body = source.tree.body
    names = {f.name for f in functions}
    for function in functions:
        for use in import_time_uses(scopes, source, function, annotations_of(function, class_name)):
            homes = [i for i, s in enumerate(body) if use.name in bound_by(scopes, s)]
            if homes and min(homes) >= at and body[min(homes)] is not function:
                line = source.line_of(use.span[0])
                return (
                    f"{source.path}:{line}: {function.name} needs {use.name} when it is defined, "
                    f"which line {body[min(homes)].lineno} binds behind the place of the class"
                )
    first = min(body.index(f) for f in functions)
    for statement in body[first : at + 1]:
        if statement in functions:
            continue
        for use in import_time_uses(scopes, source, statement):
            if use.name in names:
                line = source.line_of(use.span[0])
                return f"{source.path}:{line}: needs {use.name} before the class is defined"
        if _may_call(statement):
            return (
                f"{source.path}:{statement.lineno}: runs code while the module is imported, which may need "
                f"{body[first].name} before the class is defined"  # type: ignore[attr-defined]
            )
    return ""


def _may_call(statement: ast.stmt) -> bool:
    """Whether importing the statement may call functions of the module."""
    if isinstance(statement, FUNCTIONS):
        return bool(statement.decorator_list)
    if isinstance(statement, ast.ClassDef) and statement.decorator_list:
        return True
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Call):
            return True
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, FUNCTIONS):
            todo += [*node.args.defaults, *(d for d in node.args.kw_defaults if d), *node.decorator_list]
            continue
        todo += ast.iter_child_nodes(node)
    return False


def check_class(
    index: Index, source: PythonSource, scopes: Scopes, node: ast.ClassDef, symbol: Symbol, names: set[str]
) -> None:
    """The class takes methods, and neither it nor one above or below it has a member of these names."""
    own = scopes.scope_of[node].bindings
    for name in sorted(names & set(own)):
        line = getattr(own[name][0], "lineno", node.lineno)
        raise Refused(f"{source.path}:{line}: {symbol.qualified} has a member {name} already")
    bases = {getattr(b, "attr", getattr(b, "id", "")) for b in node.bases}
    if closed := sorted(bases & _CLOSED):
        raise Refused(f"{source.path}:{node.lineno}: {node.name} is a {closed[0]}, which takes no such methods")
    above = {symbol.id} | ancestors(index, symbol.id)
    for name in sorted(names):
        for other in index.find(name):
            if not other.definition.parent:
                continue
            home = f"{other.path}::{other.definition.parent}"
            if home in above or symbol.id in ancestors(index, home):
                raise Refused(f"{other.id} (line {other.line}) has that name already")
