"""What evaluating an expression can do or notice, in which order its parts run, and when it needs parentheses."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Callable, Iterator
from enum import IntEnum

from ..python.scopes import Scopes, Use
from ..python.source import FUNCTIONS, PythonSource


class Effect(IntEnum):
    """How much an expression depends on when, and how often, it is evaluated.

    STABLE: a constant or a name that nothing in between can bind anew. PURE: operators on these. READ: looks at
    state that a call may change, or makes a new object. IMPURE: may change state.
    """

    STABLE = 0
    PURE = 1
    READ = 2
    IMPURE = 3


_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_PURE = (
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.IfExp,
    ast.Tuple,
    ast.operator,
    ast.unaryop,
    ast.boolop,
    ast.cmpop,
    ast.expr_context,
)
IsStable = Callable[[ast.Name | ast.Attribute], bool]


def own_effect(node: ast.AST, stable: IsStable) -> Effect:
    """The effect of the node itself, its parts left out."""
    if isinstance(node, ast.Constant):
        return Effect.STABLE
    if isinstance(node, ast.Name | ast.Attribute):
        return Effect.STABLE if stable(node) else Effect.READ
    if isinstance(node, _PURE):
        return Effect.STABLE if isinstance(node, ast.expr_context) else Effect.PURE
    if isinstance(node, ast.Call | ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
        return Effect.IMPURE
    return Effect.READ


def effect(expression: ast.expr, stable: IsStable) -> Effect:
    if isinstance(expression, ast.UnaryOp) and isinstance(expression.operand, ast.Constant):
        return Effect.STABLE  # -1
    if isinstance(expression, ast.Lambda):
        return Effect.READ
    return max(own_effect(node, stable) for node in ast.walk(expression))


def stable_names(scopes: Scopes) -> IsStable:
    """Whether a name still means the same after any call: builtins, names of the module that are bound once, local
    names that no inner function assigns, and what stands in an imported module."""
    uses: dict[ast.AST, Use] = {u.node: u for u in scopes.uses}
    assigned_inside = {name for scope in scopes.all for name in scope.nonlocals}

    def stable(node: ast.Name | ast.Attribute) -> bool:
        base: ast.expr = node
        while isinstance(base, ast.Attribute):
            base = base.value
        use = uses.get(base)
        if use is None:
            return False
        home = scopes.resolve(use)
        if isinstance(node, ast.Attribute):
            bound = home.bindings[use.name] if home is not None else []
            return bool(bound) and all(isinstance(scopes.source.parents.get(n), ast.Import) for n in bound)
        if home is None:
            return True
        if home.kind == "module":
            bound = home.bindings[node.id]
            return len(bound) == 1 or all(isinstance(n, ast.alias) for n in bound)
        return node.id not in assigned_inside

    return stable


def in_order(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below (and with) `node` that run when it does, in the order of evaluation, a node after its parts."""
    if isinstance(node, ast.Lambda):
        for default in [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]:
            yield from in_order(default)
    elif isinstance(node, ast.IfExp):
        for part in (node.test, node.body, node.orelse):
            yield from in_order(part)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                yield from in_order(key)
            yield from in_order(value)
    elif isinstance(node, ast.Call):
        yield from in_order(node.func)
        arguments: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
        for argument in sorted(arguments, key=lambda a: (a.lineno, a.col_offset)):
            yield from in_order(argument)
    elif isinstance(node, _COMPREHENSIONS):
        yield from in_order(node.generators[0].iter)
    elif isinstance(node, ast.Assign):
        for part in (node.value, *node.targets):
            yield from in_order(part)
    else:
        for child in ast.iter_child_nodes(node):
            yield from in_order(child)
    yield node


def is_conditional(source: PythonSource, node: ast.AST, top: ast.AST) -> bool:
    """Whether evaluating `top` may pass the node by."""
    below = node
    for above in source.ancestors(node):
        if below is top:
            return False
        if isinstance(above, ast.BoolOp) and below is not above.values[0]:
            return True
        if isinstance(above, ast.IfExp) and below is not above.test:
            return True
        if isinstance(above, ast.Compare) and below in above.comparators[1:]:
            return True
        below = above
    return False


def runs_elsewhere(source: PythonSource, node: ast.AST, top: ast.AST) -> bool:
    """Whether the node stands in a lambda, a comprehension or a function inside `top`: run later, or many times."""
    below = node
    for above in source.ancestors(node):
        if below is top:
            return False
        if isinstance(above, ast.Lambda) and below is above.body:
            return True
        if isinstance(above, FUNCTIONS) and above is not top and below in above.body:
            return True
        if isinstance(above, _COMPREHENSIONS):
            first = above.generators[0]
            inside_first = any(n is node for n in ast.walk(first.iter))
            if not (inside_first and not isinstance(above, ast.GeneratorExp)):
                return True
        below = above
    return False


# precedence, as in the language reference, section 6.17

_BINARY = {
    ast.BitOr: 7,
    ast.BitXor: 8,
    ast.BitAnd: 9,
    ast.LShift: 10,
    ast.RShift: 10,
    ast.Add: 11,
    ast.Sub: 11,
    ast.Mult: 12,
    ast.MatMult: 12,
    ast.Div: 12,
    ast.FloorDiv: 12,
    ast.Mod: 12,
    ast.Pow: 14,
}
_ATOM = 16


def _strength(node: ast.expr) -> int:
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)]
    if isinstance(node, ast.BoolOp):
        return 3 if isinstance(node.op, ast.Or) else 4
    if isinstance(node, ast.UnaryOp):
        return 5 if isinstance(node.op, ast.Not) else 13
    for kind, strength in (
        ((ast.NamedExpr, ast.Tuple, ast.Yield, ast.YieldFrom, ast.Starred), 0),
        (ast.Lambda, 1),
        (ast.IfExp, 2),
        (ast.Compare, 6),
        (ast.Await, 15),
    ):
        if isinstance(node, kind):
            return strength
    return _ATOM


def _required(parent: ast.AST, child: ast.AST) -> int:
    if isinstance(parent, ast.BinOp):
        strength = _BINARY[type(parent.op)]
        if isinstance(parent.op, ast.Pow):
            return 15 if child is parent.left else 13
        return strength if child is parent.left else strength + 1
    if isinstance(parent, ast.BoolOp):
        return 3 if isinstance(parent.op, ast.Or) else 4
    if isinstance(parent, ast.UnaryOp):
        return 5 if isinstance(parent.op, ast.Not) else 13
    if isinstance(parent, ast.IfExp):
        return 2 if child is parent.orelse else 3
    if isinstance(parent, ast.comprehension):
        return 3
    if isinstance(parent, ast.Compare | ast.Starred):
        return 7
    if isinstance(parent, ast.Attribute | ast.Await):
        return _ATOM
    if isinstance(parent, ast.Subscript):
        return _ATOM if child is parent.value else 0
    if isinstance(parent, ast.Call):
        return _ATOM if child is parent.func else 1
    if isinstance(parent, ast.keyword) and parent.arg is None:
        return 7
    if isinstance(parent, ast.Dict) and child in parent.values:
        return 7 if parent.keys[parent.values.index(child)] is None else 1
    if isinstance(parent, ast.Return | ast.Assign | ast.Expr | ast.AnnAssign | ast.AugAssign | ast.If | ast.While):
        return 0
    return 1


def fitted(text: str, expression: ast.expr, parent: ast.AST, child: ast.AST) -> str:
    """The text of `expression`, in parentheses where the place of `child` below `parent` needs them."""
    strength = _strength(expression)
    if isinstance(expression, ast.Tuple | ast.GeneratorExp) and text.startswith("(") and text.endswith(")"):
        return text
    if isinstance(expression, ast.Constant) and isinstance(parent, ast.Attribute):
        strength = 0 if isinstance(expression.value, int | float) else strength
    if isinstance(expression, ast.Constant | ast.JoinedStr) and isinstance(getattr(expression, "value", ""), str):
        strength = 11 if len(_strings(text)) > 1 else strength  # "a" "b": implicit concatenation
    return f"({text})" if strength < _required(parent, child) else text


def _strings(text: str) -> list[str]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(f"({text})").readline))
    except (tokenize.TokenError, SyntaxError):
        return []
    return [t.string for t in tokens if t.type == tokenize.STRING or tokenize.tok_name[t.type] == "FSTRING_START"]


def one_line(text: str) -> str | None:
    """An expression of several lines on one; None where comments or strings of several lines forbid it."""
    if "\n" not in text:
        return text
    pieces: list[str] = []
    row, column = 1, 0
    broken = False
    for token in tokenize.generate_tokens(io.StringIO(f"({text})").readline):
        if token.type == tokenize.COMMENT or (token.string.count("\n") and token.type == tokenize.STRING):
            return None
        if token.type in {tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER}:
            broken = True
            continue
        start_row, start_column = token.start
        if broken or start_row != row:
            glued = bool(pieces and pieces[-1] in {"(", "[", "{"}) or token.string in {")", "]", "}"}
            if token.string in {")", "]", "}"} and pieces and pieces[-1] == "," and _closes_call(pieces):
                pieces.pop()
            pieces.append("" if glued or not pieces else " ")
        elif start_column > column:
            pieces.append(" " * (start_column - column))
        pieces.append(token.string)
        row, column = token.end
        broken = False
    joined = "".join(pieces)
    return joined[1:-1].strip()


def _closes_call(pieces: list[str]) -> bool:
    """Whether the comma at the end is one that can go: there is another one in the brackets, or they are a call's."""
    depth = 0
    commas = 0
    for number in range(len(pieces) - 1, -1, -1):
        piece = pieces[number]
        if piece in {")", "]", "}"}:
            depth += 1
        elif piece in {"(", "[", "{"}:
            if depth == 0:
                before = "".join(pieces[:number]).rstrip()
                called = bool(before) and (before[-1].isalnum() or before[-1] in "_)]")
                return piece != "(" or commas > 1 or called
            depth -= 1
        elif piece == "," and depth == 0:
            commas += 1
    return False
