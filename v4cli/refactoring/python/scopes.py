"""Which scope binds each name of a Python file, by the rules of the language reference, section 4.2.

The operations need more than the index keeps: local names that would capture a new name, what a piece of code
needs from its module, and which uses run when the module is imported.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field
from typing import Literal

from .source import DEFINITIONS, FUNCTIONS, PythonSource, Span

BUILTINS = frozenset(dir(builtins)) | {
    "__file__",
    "__name__",
    "__doc__",
    "__package__",
    "__spec__",
    "__loader__",
    "__path__",
    "__builtins__",
    "__debug__",
    "__annotations__",
    "__class__",
    "__qualname__",
    "__module__",
    "reveal_type",
    "WindowsError",
}

#: subscripts of these hold types wherever they stand
_TYPING_FORMS = frozenset(
    "Optional Union List Dict Set FrozenSet Tuple Type Callable Iterable Iterator Sequence Mapping ClassVar Final "
    "Awaitable Coroutine AsyncIterator AsyncIterable Generator AsyncGenerator MutableMapping DefaultDict".split()
)


@dataclass(slots=True, eq=False)
class Scope:
    kind: Literal["module", "class", "function", "comprehension", "types"]
    node: ast.AST
    parent: Scope | None = None
    #: name -> nodes that bind it here
    bindings: dict[str, list[ast.AST]] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)

    def chain(self) -> list[Scope]:
        scopes: list[Scope] = []
        scope: Scope | None = self
        while scope is not None:
            scopes.append(scope)
            scope = scope.parent
        return scopes


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """A name that is read (or deleted). `quoted`: inside an annotation written as a string; then `span` is that of
    the whole string where the string is not a plain one.

    `annotation`: part of an annotation; `deferred`: inside a function body, so not run on import.
    """

    name: str
    node: ast.AST
    span: Span
    scope: Scope
    quoted: bool = False
    annotation: bool = False
    deferred: bool = False


class Scopes(ast.NodeVisitor):
    def __init__(self, source: PythonSource) -> None:
        self.source = source
        self.module = Scope("module", source.tree)
        self.uses: list[Use] = []
        self.all: list[Scope] = [self.module]
        self.star_imports: list[ast.ImportFrom] = []
        #: nodes inside functions that bind names of the module, by a `global` statement
        self.through_global: set[ast.AST] = set()
        self.scope_of: dict[ast.AST, Scope] = {source.tree: self.module}
        self._scope = self.module
        self._depth = 0
        self._annotation = False
        #: in an expression that holds types but runs where it stands (`cast`, `TypeVar`)
        self._runs = False
        self._quoted: Span | None = None
        self._exact = False
        #: annotations inside plain strings, their nodes placed as if there were no quotes
        self.quoted: list[ast.expr] = []
        self.lazy_annotations = any(
            isinstance(s, ast.ImportFrom) and s.module == "__future__" and any(a.name == "annotations" for a in s.names)
            for s in source.tree.body
        )
        for statement in source.tree.body:
            self.visit(statement)

    # what a name means

    def resolve(self, use: Use) -> Scope | None:
        """The scope that binds the name at this use; None for builtins and names that nothing binds."""
        return self.lookup(use.scope, use.name)

    def lookup(self, scope: Scope, name: str) -> Scope | None:
        if name in scope.globals:
            return self.module if name in self.module.bindings else None
        if name in scope.bindings and name not in scope.nonlocals:
            return scope
        outer = scope.parent
        while outer is not None:
            if name in outer.globals:
                return self.module if name in self.module.bindings else None
            if outer.kind != "class" and name in outer.bindings and name not in outer.nonlocals:
                return outer
            outer = outer.parent
        return None

    def module_uses(self, name: str) -> list[Use]:
        """Uses of a name that the module itself binds."""
        return [u for u in self.uses if u.name == name and self.resolve(u) is self.module]

    # binding

    def bind(self, name: str, node: ast.AST, scope: Scope | None = None) -> None:
        scope = scope or self._scope
        if name in scope.globals:
            self.module.bindings.setdefault(name, []).append(node)
            self.through_global.add(node)
        if name in scope.nonlocals:
            return
        scope.bindings.setdefault(name, []).append(node)

    def _use(self, name: str, node: ast.AST) -> None:
        inside = self._quoted is not None and not self._exact
        span = self._quoted if inside and self._quoted else self.source.span(node)  # type: ignore[arg-type]
        self.uses.append(
            Use(
                name,
                node,
                span,
                self._scope,
                self._quoted is not None,
                self._annotation and (self._quoted is not None or not self._runs),
                self._depth > 0,
            )
        )

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.bind(node.id, node)
        else:
            self._use(node.id, node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        scope = self._scope
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        self.bind(node.target.id, node.target, scope)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.bind(alias.asname or alias.name.split(".")[0], alias)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.star_imports.append(node)
            else:
                self.bind(alias.asname or alias.name, alias)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._use(node.target.id, node.target)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._annotate(node.annotation)
        if node.value is not None:
            self.visit(node.value)
        self.visit(node.target)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.bind(node.name, node)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self.bind(node.name, node)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self.bind(node.name, node)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.bind(node.rest, node)
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        self._scope.globals.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self._scope.nonlocals.update(node.names)

    # annotations

    def _annotate(self, node: ast.expr | None, runs: bool = False) -> None:
        if node is None:
            return
        before = self._annotation, self._runs
        self._annotation, self._runs = True, runs
        self.visit(node)
        self._annotation, self._runs = before

    def visit_Constant(self, node: ast.Constant) -> None:
        if not self._annotation or not isinstance(node.value, str) or self._quoted is not None:
            return
        try:
            inner = ast.parse(node.value.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            return
        span = self.source.span(node)
        self._quoted = span
        if self.source.code(span)[1:-1] == node.value and node.value == node.value.strip():
            self._place(inner, node)
            self._exact = True
        self.visit(inner)
        self._quoted, self._exact = None, False

    def _place(self, inner: ast.expr, string: ast.Constant) -> None:
        """Give the nodes of an annotation inside a string their places in the file."""
        parents = self.source.parents
        parents[inner] = string
        for node in ast.walk(inner):
            if isinstance(node, ast.expr | ast.keyword):
                node.lineno = node.end_lineno = string.lineno
                node.col_offset += string.col_offset + 1
                node.end_col_offset = (node.end_col_offset or 0) + string.col_offset + 1
            parents.update((child, node) for child in ast.iter_child_nodes(node))
        self.quoted.append(inner)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        head = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        if self._annotation and head == "Literal":
            self.visit(node.value)
            return
        if self._annotation and head == "Annotated" and isinstance(node.slice, ast.Tuple) and node.slice.elts:
            self.visit(node.value)
            self.visit(node.slice.elts[0])
            self._annotation = False
            for metadata in node.slice.elts[1:]:
                self.visit(metadata)
            self._annotation = True
            return
        if not self._annotation and head in _TYPING_FORMS:
            # an alias such as `Callable[["Class"], None]`
            self.visit(node.value)
            self._annotate(node.slice, runs=True)
            return
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        head = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if head == "cast" and node.args:
            self.visit(node.func)
            self._annotate(node.args[0], runs=True)
            for rest in [*node.args[1:], *node.keywords]:
                self.visit(rest)
            return
        if head in {"TypeVar", "NewType"}:
            self.visit(node.func)
            for argument in node.args[1:]:
                self._annotate(argument, runs=True)
            for keyword in node.keywords:
                if keyword.arg == "bound":
                    self._annotate(keyword.value, runs=True)
                else:
                    self.visit(keyword)
            return
        self.generic_visit(node)

    # scopes

    def _enter(self, kind: Literal["class", "function", "comprehension", "types"], node: ast.AST) -> Scope:
        scope = Scope(kind, node, self._scope)
        self.all.append(scope)
        self.scope_of.setdefault(node, scope)
        self._scope = scope
        return scope

    def _arguments(self, arguments: ast.arguments) -> list[ast.arg]:
        extra = [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
        return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.bind(node.name, node)
        for decorator in node.decorator_list:
            self.visit(decorator)
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)
        outer = self._scope
        self._type_parameters(node)
        for argument in self._arguments(node.args):
            self._annotate(argument.annotation)
        self._annotate(node.returns)
        self._enter("function", node)
        for argument in self._arguments(node.args):
            self.bind(argument.arg, argument)
        self._depth += 1
        self._declare(node.body)
        for statement in node.body:
            self.visit(statement)
        self._depth -= 1
        self._scope = outer

    visit_AsyncFunctionDef = visit_FunctionDef

    def _declare(self, body: list[ast.stmt]) -> None:
        """Take `global` and `nonlocal` first: they hold for the whole block wherever they stand."""
        for statement in body:
            if isinstance(statement, ast.Global):
                self._scope.globals.update(statement.names)
            elif isinstance(statement, ast.Nonlocal):
                self._scope.nonlocals.update(statement.names)
            elif not isinstance(statement, DEFINITIONS):
                for name in ("body", "orelse", "finalbody"):
                    self._declare(getattr(statement, name, []))
                for handler in getattr(statement, "handlers", []):
                    self._declare(handler.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)
        outer = self._scope
        self._enter("function", node)
        for argument in self._arguments(node.args):
            self.bind(argument.arg, argument)
        self._depth += 1
        self.visit(node.body)
        self._depth -= 1
        self._scope = outer

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.bind(node.name, node)
        for decorator in node.decorator_list:
            self.visit(decorator)
        outer = self._scope
        self._type_parameters(node)
        for base in [*node.bases, *node.keywords]:
            self.visit(base)
        self._enter("class", node)
        for statement in node.body:
            self.visit(statement)
        self._scope = outer

    def _type_parameters(self, node: ast.AST) -> None:
        parameters = getattr(node, "type_params", None)
        if not parameters:
            return
        self._enter("types", node)
        for parameter in parameters:
            self.bind(parameter.name, parameter)
            if getattr(parameter, "bound", None) is not None:
                self._annotate(parameter.bound)

    def visit_TypeAlias(self, node: ast.AST) -> None:
        name = node.name  # type: ignore[attr-defined]
        self.bind(name.id, name)
        outer = self._scope
        self._type_parameters(node)
        self._annotate(node.value)  # type: ignore[attr-defined]
        self._scope = outer

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, results: list[ast.expr]
    ) -> None:
        self.visit(node.generators[0].iter)
        outer = self._scope
        self._enter("comprehension", node)
        for number, generator in enumerate(node.generators):
            self.visit(generator.target)
            if number:
                self.visit(generator.iter)
            for test in generator.ifs:
                self.visit(test)
        for result in results:
            self.visit(result)
        self._scope = outer

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehension(node, [node.elt])

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._comprehension(node, [node.elt])

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._comprehension(node, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node, [node.key, node.value])


def enclosing_function(scope: Scope) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The innermost `def` that the scope is, or lies in."""
    for outer in scope.chain():
        if isinstance(outer.node, FUNCTIONS) and outer.kind == "function":
            return outer.node
    return None


def scopes_between(inner: Scope, outer: Scope) -> list[Scope]:
    """The scopes from `inner` up to, not including, `outer`."""
    between = []
    scope: Scope | None = inner
    while scope is not None and scope is not outer:
        between.append(scope)
        scope = scope.parent
    return between
