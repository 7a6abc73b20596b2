"""Data flow of a piece of a function: what it needs from outside, what it gives, and what forbids taking it out."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from ...errors import Refused
from ..python.scopes import Scope, Scopes, Use
from ..python.source import FUNCTIONS, FunctionNode, PythonSource, Span
from .selection import Selected

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_FRAME = frozenset("locals vars eval exec dir".split())


@dataclass(slots=True)
class Flow:
    """`parameters`: local names that the piece reads before it assigns them; `results`: those that it assigns and
    that are read behind it. `returns`: every path through it ends in a return, which the call then passes on."""

    parameters: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    returns: bool = False
    awaits: bool = False
    globals: list[str] = field(default_factory=list)
    #: zero-argument super(), __class__ or a private __name: the piece has to stay in its class
    needs_class: bool = False


def analyse(source: PythonSource, scopes: Scopes, chosen: Selected) -> Flow:
    """Raises Refused, with the line and the reason, for a piece that cannot be taken out."""
    assert chosen.function is not None
    nodes: list[ast.AST] = [*chosen.statements] if chosen.expression is None else [chosen.expression]
    span = source.full_span(chosen.statements[0])[0] if chosen.statements else source.span(nodes[0])[0]  # type: ignore[arg-type]
    area = span, source.span(nodes[-1])[1]  # type: ignore[arg-type]
    flow = Flow()
    _control(source, chosen, nodes, flow)
    own = scopes.scope_of[chosen.function]
    _outer_names(source, own, nodes, flow)
    uses = [u for u in scopes.uses if _local(scopes, u) is not None]
    bound = _bindings(source, own, area)
    assigned = assigned_for_sure(chosen.statements) if chosen.statements else set()
    for use in sorted(uses, key=lambda u: u.span):
        home = _local(scopes, use)
        inside = area[0] <= use.span[0] < area[1]
        if not inside or home is None or _binds_inside(home, nodes):
            continue
        if home is own and use.name in bound and _assigned_before(source, chosen, use, own, area):
            continue
        if home.kind == "comprehension" or (home is not own and home.node is not own.node and _within(home, own)):
            raise Refused(f"{source.path}:{source.line_of(use.span[0])}: {use.name} belongs to the code around it")
        if use.name not in flow.parameters:
            flow.parameters.append(use.name)
    loop = _loop_around(source, chosen)
    for name in sorted(bound, key=lambda n: bound[n]):
        again = name in flow.parameters
        if any(_local(scopes, u) is own and _is_read_after(u, area, loop, again) for u in uses if u.name == name):
            flow.results.append(name)
    for name in flow.results:
        if name in assigned or name in flow.parameters or flow.returns:
            continue
        if not _known_before(source, chosen, name):
            line = source.line_of(area[0])
            raise Refused(f"{source.path}:{line}: {name} is not assigned on every path through the code")
        flow.parameters.append(name)
    _check_handlers(source, scopes, chosen, set(bound), own)
    _check_parameters(source, scopes, chosen, flow, own)
    _check_closures(source, scopes, own, area, set(flow.results) | set(bound))
    if flow.returns and flow.results:
        flow.results = []
    return flow


def _control(source: PythonSource, chosen: Selected, nodes: list[ast.AST], flow: Flow) -> None:
    def refuse(node: ast.AST, why: str) -> Refused:
        return Refused(f"{source.path}:{getattr(node, 'lineno', 1)}: {why}")

    def walk(node: ast.AST, loops: int) -> None:
        if isinstance(node, ast.Yield | ast.YieldFrom):
            raise refuse(node, "the code yields; the new function would be a generator")
        if isinstance(node, ast.Break | ast.Continue) and not loops:
            word = "break" if isinstance(node, ast.Break) else "continue"
            raise refuse(node, f"{word} leaves a loop around the code")
        if isinstance(node, ast.Nonlocal | ast.Global):
            raise refuse(node, "the code declares global or nonlocal names for the whole function")
        if isinstance(node, ast.NamedExpr) and chosen.expression is not None:
            raise refuse(node, "the expression assigns a name")
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) or (
            isinstance(node, ast.comprehension) and node.is_async
        ):
            flow.awaits = True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in _FRAME:
                raise refuse(node, f"{node.func.id}() depends on the function that it stands in")
            flow.needs_class = flow.needs_class or (node.func.id == "super" and not node.args)
        for name in (getattr(node, "attr", ""), getattr(node, "id", "")):
            if isinstance(name, str) and name.startswith("__") and (not name.endswith("__") or name == "__class__"):
                flow.needs_class = True
        if isinstance(node, ast.Delete):
            raise refuse(node, "the code deletes names")
        if isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            return  # returns, yields and loops of an inner function are its own
        for child in ast.iter_child_nodes(node):
            walk(child, loops + isinstance(node, _LOOPS))

    for node in nodes:
        walk(node, 0)
    returns = [n for node in nodes for n in _own_nodes(node) if isinstance(n, ast.Return)]
    if returns:
        if not leaves(chosen.statements):
            raise refuse(returns[0], "the code returns on some paths and goes on on others")
        flow.returns = True


def _own_nodes(node: ast.AST) -> list[ast.AST]:
    """The node and those below it, inner functions left out."""
    found = [node]
    if isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
        return found
    for child in ast.iter_child_nodes(node):
        found += _own_nodes(child)
    return found


def leaves(body: list[ast.stmt]) -> bool:
    """Whether no path comes out at the end of the block."""
    last = body[-1] if body else None
    if isinstance(last, ast.Return | ast.Raise):
        return True
    if isinstance(last, ast.If):
        return bool(last.orelse) and leaves(last.body) and leaves(last.orelse)
    if isinstance(last, ast.With | ast.AsyncWith):
        return False  # a context manager may swallow an exception
    if isinstance(last, ast.Try):
        if last.finalbody and leaves(last.finalbody):
            return True
        main = leaves(last.orelse) if last.orelse else leaves(last.body)
        return main and all(leaves(h.body) for h in last.handlers)
    return False


def _outer_names(source: PythonSource, own: Scope, nodes: list[ast.AST], flow: Flow) -> None:
    names = {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    flow.globals = sorted(names & own.globals)
    if shared := sorted(names & own.nonlocals):
        line = source.line_of(source.span(nodes[0])[0])  # type: ignore[arg-type]
        raise Refused(f"{source.path}:{line}: the code assigns {shared[0]}, which is nonlocal")


def _local(scopes: Scopes, use: Use) -> Scope | None:
    """The function or comprehension that binds the name of a use; None for names of modules and builtins."""
    home = scopes.resolve(use)
    return home if home is not None and home.kind in {"function", "comprehension"} else None


def _binds_inside(home: Scope, nodes: list[ast.AST]) -> bool:
    return any(home.node is n for node in nodes for n in ast.walk(node))


def _within(inner: Scope, outer: Scope) -> bool:
    return outer in inner.chain()


def _bindings(source: PythonSource, own: Scope, area: Span) -> dict[str, int]:
    """Local names that the piece binds, each with the first place."""
    found: dict[str, int] = {}
    for name, nodes in own.bindings.items():
        at = [source.offset(n.lineno, n.col_offset) for n in nodes if hasattr(n, "lineno")]  # type: ignore[attr-defined]
        inside = [a for a in at if area[0] <= a < area[1]]
        if inside and name not in own.globals:
            found[name] = min(inside)
    return found


def assigned_for_sure(body: list[ast.stmt]) -> set[str]:
    """Names that every path through the block assigns (paths that leave it do not count)."""
    names: set[str] = set()
    for statement in body:
        names |= _assigned_by(statement)
    return names


def _stored(*nodes: ast.AST | None) -> set[str]:
    return {
        n.id
        for node in nodes
        if node is not None
        for n in _own_nodes(node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }


def _assigned_by(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {a.asname or a.name.split(".")[0] for a in statement.names}
    if isinstance(statement, ast.AnnAssign) and statement.value is None:
        return set()
    if isinstance(statement, ast.If):
        branches = [b for b in (statement.body, statement.orelse) if not leaves(b)]
        inside = [assigned_for_sure(b) for b in branches]
        return set.intersection(*inside) if inside else set()
    if isinstance(statement, ast.With | ast.AsyncWith):
        return _stored(*(i.optional_vars for i in statement.items)) | assigned_for_sure(statement.body)
    if isinstance(statement, ast.Try):
        ends = [] if leaves(statement.body) else [assigned_for_sure([*statement.body, *statement.orelse])]
        ends += [assigned_for_sure(h.body) for h in statement.handlers if not leaves(h.body)]
        return (set.intersection(*ends) if ends else set()) | assigned_for_sure(statement.finalbody)
    if isinstance(statement, ast.For | ast.AsyncFor | ast.While | ast.Match):
        return set()
    return _stored(statement)


def _assigned_before(source: PythonSource, chosen: Selected, use: Use, own: Scope, area: Span) -> bool:
    """Whether the piece has assigned the name on every path by the time of the use."""
    if use.scope is not own:
        return use.name in assigned_for_sure(chosen.statements) and not _known_before(source, chosen, use.name)
    node = use.node
    names: set[str] = set()
    below: ast.AST = node
    chain = [node, *source.ancestors(node)]
    for above in chain[1:]:
        for block_name in ("body", "orelse", "finalbody"):
            block = getattr(above, block_name, None)
            if isinstance(block, list) and below in block:
                first = chosen.statements[0]
                begin = block.index(first) if first in block else 0
                names |= assigned_for_sure([s for s in block[begin : block.index(below)] if isinstance(s, ast.stmt)])
                if isinstance(above, ast.For | ast.AsyncFor) and block_name == "body" and below is not first:
                    names |= _stored(above.target) if above not in _around(source, chosen) else set()
                if isinstance(above, ast.With | ast.AsyncWith) and above not in _around(source, chosen):
                    names |= _stored(*(i.optional_vars for i in above.items))
        if isinstance(above, ast.ExceptHandler) and above.name and above not in _around(source, chosen):
            names.add(above.name)
        if below in chosen.statements:
            break
        below = above
    return use.name in names


def _around(source: PythonSource, chosen: Selected) -> set[ast.AST]:
    return set(source.ancestors(chosen.statements[0])) if chosen.statements else set()


def _loop_around(source: PythonSource, chosen: Selected) -> Span | None:
    """The outermost loop of the function that the piece is part of."""
    node: ast.AST = chosen.statements[0] if chosen.statements else chosen.expression  # type: ignore[assignment]
    found = None
    for above in source.ancestors(node):
        if above is chosen.function:
            break
        if isinstance(above, _LOOPS):
            found = source.span(above)
    return found


def _is_read_after(use: Use, area: Span, loop: Span | None, again: bool) -> bool:
    """`again`: the piece itself reads the name before it assigns it, so in a loop its next turn reads it."""
    if use.span[0] >= area[1]:
        return True
    if loop is None or not loop[0] <= use.span[0] < loop[1]:
        return False
    return again or use.span[0] < area[0]


def _check_handlers(source: PythonSource, scopes: Scopes, chosen: Selected, names: set[str], own: Scope) -> None:
    """An exception half-way through the piece: what it had assigned by then would be lost to the handlers."""
    if len(chosen.statements) == 1 and not hasattr(chosen.statements[0], "body"):
        return
    below: ast.AST | None = chosen.statements[0] if chosen.statements else None
    for above in source.ancestors(below) if below is not None else ():
        if isinstance(above, ast.Try) and below in above.body:
            handlers = {id(n) for part in (*above.handlers, *above.finalbody) for n in ast.walk(part)}
            for use in scopes.uses:
                if use.name in names and id(use.node) in handlers and scopes.resolve(use) is own:
                    line = source.line_of(use.span[0])
                    raise Refused(f"{source.path}:{line}: reads {use.name} when the code fails half-way")
        if above is chosen.function:
            return
        below = above


def _known_before(source: PythonSource, chosen: Selected, name: str) -> bool:
    """Whether every path to the piece has assigned the name."""
    function = chosen.function
    assert function is not None
    a = function.args
    parameters = [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]
    if name in {p.arg for p in parameters}:
        return True
    node: ast.AST = chosen.statements[0] if chosen.statements else chosen.expression  # type: ignore[assignment]
    below = node
    for above in source.ancestors(node):
        for block_name in ("body", "orelse", "finalbody"):
            block = getattr(above, block_name, None)
            if isinstance(block, list) and below in block:
                if name in assigned_for_sure(block[: block.index(below)]):
                    return True
                if isinstance(above, ast.For | ast.AsyncFor) and block_name == "body" and name in _stored(above.target):
                    return True
        if isinstance(above, ast.With | ast.AsyncWith) and name in _stored(*(i.optional_vars for i in above.items)):
            return True
        if isinstance(above, ast.ExceptHandler) and above.name == name:
            return True
        if isinstance(above, ast.Try) and below in above.orelse and name in assigned_for_sure(above.body):
            return True
        if above is function:
            return False
        below = above
    return False


def _check_parameters(source: PythonSource, scopes: Scopes, chosen: Selected, flow: Flow, own: Scope) -> None:
    for name in flow.parameters:
        if name in own.bindings and not _known_before(source, chosen, name):
            node: ast.AST = chosen.statements[0] if chosen.statements else chosen.expression  # type: ignore[assignment]
            line = getattr(node, "lineno", 1)
            raise Refused(f"{source.path}:{line}: {name} may not be assigned yet where the code begins")


def _check_closures(source: PythonSource, scopes: Scopes, own: Scope, area: Span, names: set[str]) -> None:
    """Functions inside of the function see its variables as they change: no part of that may move."""
    for use in scopes.uses:
        if scopes.resolve(use) is not own or use.scope is own:
            continue
        if not any(s.kind == "function" for s in use.scope.chain()[: use.scope.chain().index(own)]):
            continue
        inside = area[0] <= use.span[0] < area[1]
        line = source.line_of(use.span[0])
        rebound = len(own.bindings[use.name]) > 1
        if (inside and rebound) or (not inside and use.name in names):
            raise Refused(f"{source.path}:{line}: an inner function shares the variable {use.name}")


def annotation_of(function: FunctionNode, name: str, source: PythonSource) -> str:
    """The annotation that the function gives its parameter, as text; "" without one."""
    a = function.args
    for parameter in (*a.posonlyargs, *a.args, *a.kwonlyargs):
        if parameter.arg == name and parameter.annotation is not None:
            return source.code(source.span(parameter.annotation))
    return ""
