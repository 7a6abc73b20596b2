"""One call replaced by the value of the function, its arguments put in the place of the parameters."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..moving.editing import apply_edits
from ..python.imports import ImportName, NewImport
from ..python.source import Span
from ..workspace import Edit
from .expressions import (
    Effect,
    IsStable,
    effect,
    fitted,
    in_order,
    is_conditional,
    one_line,
    own_effect,
    runs_elsewhere,
    stable_names,
)
from .function import Inlined
from .names import CannotInline, File, Home


@dataclass(slots=True)
class Argument:
    """What one parameter stands for in a call. `given`: it stands at the call, else it is the default."""

    parameter: str
    expression: ast.expr
    text: str
    effect: Effect
    given: bool


@dataclass(slots=True)
class Site:
    """One call of the function. `whole` is what the value takes the place of: the call, or its `await`."""

    file: File
    call: ast.Call
    whole: ast.expr
    stable: IsStable
    #: what the inlined code needs imported, and the import that brought the function
    imports: list[NewImport] = field(default_factory=list)
    origin: ImportName | None = None


def site(found: Inlined, file: File, call: ast.Call) -> Site:
    """Raises CannotInline for a call that stands where nothing can take its place."""
    source = file.source
    if any(isinstance(above, ast.JoinedStr) for above in source.ancestors(call)):
        raise CannotInline("a call inside an f-string")
    whole: ast.expr = call
    if found.is_async:
        above = source.parents[call]
        if not isinstance(above, ast.Await):
            raise CannotInline("a call that is not awaited where it stands")
        whole = above
    if found.mangled and not _same_class(found, file, call):
        raise CannotInline(f"{found.mangled} is private to the class")
    return Site(file, call, whole, stable_names(file.scopes))


def _same_class(found: Inlined, file: File, call: ast.Call) -> bool:
    if file.path != found.file.path:
        return False
    own = found.file.source.parents[found.node]
    inside = next((n for n in file.source.ancestors(call) if isinstance(n, ast.ClassDef)), None)
    return inside is not None and isinstance(own, ast.ClassDef) and inside.lineno == own.lineno


def arguments(found: Inlined, at: Site) -> list[Argument]:
    """What each parameter is given, in the order of evaluation. Raises CannotInline for * and ** and misfits."""
    call, node = at.call, found.node
    positional = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
    names = [*positional, *(a.arg for a in node.args.kwonlyargs)]
    given: list[tuple[str, ast.expr]] = []
    values = list(call.args)
    if found.receiver and isinstance(call.func, ast.Attribute):
        if _is_class(at, call.func.value):
            pass  # Class.method(object, ...)
        elif isinstance(call.func.value, ast.Call) and getattr(call.func.value.func, "id", "") == "super":
            raise CannotInline("a call through super()")
        else:
            values.insert(0, call.func.value)
    elif found.receiver:
        raise CannotInline("calls the method by a name of its own")
    if any(isinstance(a, ast.Starred) for a in values) or any(k.arg is None for k in call.keywords):
        raise CannotInline("passes * or **")
    if len(values) > len(positional):
        raise CannotInline("passes more arguments than the function takes")
    given += zip(positional, values, strict=False)
    for keyword in sorted(call.keywords, key=lambda k: (k.lineno, k.col_offset)):
        assert keyword.arg is not None
        if keyword.arg not in names or keyword.arg in dict(given):
            raise CannotInline(f"passes {keyword.arg}, which does not fit")
        given.append((keyword.arg, keyword.value))
    order = {id(v): n for n, v in enumerate(sorted((v for _, v in given), key=lambda v: (v.lineno, v.col_offset)))}
    given.sort(key=lambda pair: order[id(pair[1])])
    result = [_argument(name, value, at) for name, value in given]
    defaults = _defaults(found)
    for name in names:
        if name in dict(given):
            continue
        if name not in defaults:
            raise CannotInline(f"passes no {name}")
        value = defaults[name]
        if effect(value, found.stable) > Effect.PURE:
            raise CannotInline(f"the default of {name} is made once, when the function is defined")
        text = one_line(found.file.source.code(found.file.source.span(value)))
        assert text is not None
        result.append(Argument(name, value, text, effect(value, found.stable), False))
    return result


def _is_class(at: Site, value: ast.expr) -> bool:
    if not isinstance(value, ast.Name | ast.Attribute):
        return False
    if isinstance(value, ast.Attribute):
        return value.attr[:1].isupper()
    target = at.file.index.resolve(at.file.path, value.id)
    return getattr(target, "kind", "") == "class"


def _argument(name: str, value: ast.expr, at: Site) -> Argument:
    text = one_line(at.file.source.code(at.file.source.span(value)))
    if text is None:
        raise CannotInline("an argument of several lines with comments or strings in it")
    if any(isinstance(n, ast.NamedExpr | ast.Yield | ast.YieldFrom) for n in ast.walk(value)):
        raise CannotInline("an argument that assigns or yields")
    return Argument(name, value, text, effect(value, at.stable), True)


def _defaults(found: Inlined) -> dict[str, ast.expr]:
    a = found.node.args
    positional = [*a.posonlyargs, *a.args]
    values: dict[str, ast.expr] = {}
    if a.defaults:
        values = {p.arg: d for p, d in zip(positional[-len(a.defaults) :], a.defaults, strict=True)}
    values |= {p.arg: d for p, d in zip(a.kwonlyargs, a.kw_defaults, strict=True) if d is not None}
    return values


def check_order(found: Inlined, given: list[Argument], top: ast.expr | None) -> None:
    """Evaluating the arguments where the parameters stand does what evaluating them first did.

    Raises CannotInline, with the parameter, when it may not.
    """
    source = found.file.source
    order = {id(n): i for i, n in enumerate(in_order(top))} if top is not None else {}
    substituted = {id(u.node) for uses in found.parameters.values() for u in uses}
    events = [
        (order[id(n)], own_effect(n, found.stable))
        for n in (ast.walk(top) if top is not None else ())
        if id(n) in order and id(n) not in substituted
    ]
    placed: list[tuple[int, Argument]] = []
    for argument in given:
        uses = [u.node for u in found.parameters[argument.parameter]]
        if argument.effect is Effect.STABLE or (argument.effect is Effect.PURE and not uses):
            continue
        if len(uses) != 1:
            often = "more than once" if uses else "not at all"
            raise CannotInline(f"{argument.parameter} is used {often}, and its argument is not a simple one")
        node = uses[0]
        assert top is not None
        if runs_elsewhere(source, node, top):
            raise CannotInline(f"{argument.parameter} is used in a part that runs later or repeatedly")
        if argument.effect is Effect.PURE:
            continue
        if is_conditional(source, node, top):
            raise CannotInline(f"{argument.parameter} is not always used, and its argument is not a simple one")
        position = order[id(node)]
        limit = Effect.READ if argument.effect is Effect.IMPURE else Effect.IMPURE
        if any(at < position and how >= limit for at, how in events):
            raise CannotInline(f"the argument for {argument.parameter} would be evaluated after other code")
        placed.append((position, argument))
    for number, (position, argument) in enumerate(placed):
        for later, other in placed[number + 1 :]:
            if later < position and Effect.IMPURE in {argument.effect, other.effect}:
                raise CannotInline("the arguments would be evaluated in another order")


def check_captured(found: Inlined, given: list[Argument], at: Site) -> None:
    """No lambda or comprehension of the body binds a name that an argument reads. Raises CannotInline."""
    own = found.file.scopes.scope_of[found.node]
    for argument in given:
        names = {n.id for n in ast.walk(argument.expression) if isinstance(n, ast.Name)}
        for use in found.parameters[argument.parameter]:
            deferred = False
            scope = use.scope
            while scope is not own and scope is not None:
                if names & set(scope.bindings):
                    raise CannotInline(f"{sorted(names & set(scope.bindings))[0]} is a local name of the inlined code")
                deferred = deferred or scope.kind == "function" or isinstance(scope.node, ast.GeneratorExp)
                scope = scope.parent  # type: ignore[assignment]
            if deferred and names and argument.given and not _never_rebound(at, argument.expression):
                raise CannotInline(f"{argument.parameter} is used in code that runs later")


def _never_rebound(at: Site, expression: ast.expr) -> bool:
    for node in ast.walk(expression):
        use = at.file.uses.get(node)
        if use is None:
            continue
        home = at.file.scopes.resolve(use)
        if home is not None and (len(home.bindings[use.name]) > 1 or home.kind == "comprehension"):
            return False
    return True


def substituted(
    found: Inlined, span: Span, given: list[Argument], spelt: dict[str, str], more: Iterable[Edit] = ()
) -> str:
    """The text of a part of the function with arguments for parameters and free names as the site writes them.

    `more`: further edits of the function's file, of which those inside of the part are made too. Raises CannotInline
    for a parameter inside an f-string that cannot take the argument.
    """
    source = found.file.source
    by_name = {a.parameter: a for a in given}
    edits = list(more)
    for name, uses in found.parameters.items():
        for use in uses if name in by_name else ():
            argument = by_name[name]
            text = fitted(argument.text, argument.expression, source.parents[use.node], use.node)
            if span[0] <= use.span[0] < span[1] and source.code(use.span) != text:
                if any(isinstance(n, ast.JoinedStr) for n in source.ancestors(use.node)):
                    check_in_f_string(source.code(use.span), name, text)
                edits.append(Edit(*use.span, source.encode(text)))
    edits += [Edit(*use.span, source.encode(spelt[use.name])) for use in found.free if use.name in spelt]
    inside = [Edit(e.start - span[0], e.end - span[0], e.new) for e in edits if span[0] <= e.start < span[1]]
    data = apply_edits(source.data[slice(*span)], inside)
    return data.decode(source.encoding, "surrogateescape").replace("\r\n", "\n")


def check_in_f_string(there: str, name: str, text: str) -> None:
    """Before Python 3.12 ast misplaces some parts of f-strings, and no quotes or backslashes may stand in them."""
    if there != name or not re.fullmatch(r"[\w.]+", text):
        raise CannotInline(f"{name} stands in an f-string that cannot take the argument")


def free_uses(found: Inlined, given: list[Argument]) -> Home:
    """The names that the inlined code takes from its module, those of defaults that stand for arguments included."""
    defaults = {id(n) for a in given if not a.given for n in ast.walk(a.expression)}
    more = [u for u in found.file.scopes.uses if id(u.node) in defaults]
    return Home(found.file, [*found.free, *more])


def module_prefix(found: Inlined, at: Site) -> str:
    """In `module.function(...)`: "module"."""
    func = at.call.func
    if found.receiver or not isinstance(func, ast.Attribute):
        return ""
    if at.file.handles.denoted(func.value) == found.file.path:
        return at.file.source.code(at.file.source.span(func.value))
    return ""


def import_of(file: File, name: ast.expr) -> ImportName | None:
    """The import that binds the name which the use begins with."""
    base: ast.expr = name
    while isinstance(base, ast.Attribute):
        base = base.value
    return file.handles.binding(base) if isinstance(base, ast.Name) else None


def as_expression(found: Inlined, at: Site) -> list[Edit]:
    """The call replaced by the returned expression. Raises CannotInline."""
    value = found.value
    assert value is not None
    given = arguments(found, at)
    check_order(found, given, value)
    check_captured(found, given, at)
    spelt = bring(found, at, given)
    text = one_line(substituted(found, found.file.source.span(value), given, spelt))
    if text is None:
        raise CannotInline("the returned expression holds comments or strings of several lines")
    source = at.file.source
    shape: ast.expr = value
    if isinstance(value, ast.Name) and value.id in found.parameters:
        shape = next(a.expression for a in given if a.parameter == value.id)
    text = fitted(text, shape, source.parents[at.whole], at.whole)
    return [Edit(*source.span(at.whole), source.encode(text))]


def bring(found: Inlined, at: Site, given: list[Argument]) -> dict[str, str]:
    """How the site writes the free names of the code; the imports that this takes are noted in the site."""
    name = import_of(at.file, at.call.func)
    at.origin = name if name is not None and not found.receiver and name.statement.is_from else None
    home = free_uses(found, given)
    spelt, at.imports = home.bring(at.file, at.file.scope_at(at.whole), at.origin, module_prefix(found, at))
    return spelt
