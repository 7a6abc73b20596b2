"""Which module an expression of a Python file stands for, through its imports."""

from __future__ import annotations

import ast

from .imports import ImportName, ImportStatement, statements
from .modules import Modules
from .scopes import Scope, Scopes
from .source import PythonSource, Span


class Handles:
    """The imports of one file by the node that binds, and what chains of attributes on them denote."""

    def __init__(
        self,
        source: PythonSource,
        scopes: Scopes,
        modules: Modules,
        found: list[ImportStatement] | None = None,
    ) -> None:
        self.source = source
        self.scopes = scopes
        self.modules = modules
        self.statements = statements(source) if found is None else found
        self.by_alias: dict[ast.AST, ImportName] = {n.alias: n for s in self.statements for n in s.names}
        self._use_scope: dict[ast.AST, Scope] = {u.node: u.scope for u in scopes.uses}

    def module_of(self, name: ImportName) -> str | None:
        """The file that the statement of `name` imports from (`from module import name`), or imports."""
        if name.statement.is_from:
            return self.modules.file(name.statement.module, self.source.path)
        return self.modules.file(name.name, self.source.path)

    def submodule_of(self, name: ImportName) -> str | None:
        """For `from package import name`: the file of that submodule, when the name is one."""
        if not name.statement.is_from:
            return None
        spec = name.statement.module
        joined = f"{spec}{name.name}" if spec.strip(".") == "" else f"{spec}.{name.name}"
        return self.modules.file(joined, self.source.path)

    def binding(self, node: ast.Name) -> ImportName | None:
        """The import that a name read here comes from, if an import is all that binds it."""
        scope = self._use_scope.get(node)
        if scope is None:
            return None
        return self.binding_in(scope, node.id)

    def binding_in(self, scope: Scope, name: str) -> ImportName | None:
        home = self.scopes.lookup(scope, name)
        if home is None:
            return None
        for bound in home.bindings[name]:
            if bound in self.by_alias:
                return self.by_alias[bound]
        return None

    def denoted(self, node: ast.expr) -> str | None:
        """The module file that a name or chain of attributes stands for."""
        if isinstance(node, ast.Name):
            name = self.binding(node)
            if name is None:
                return None
            if name.statement.is_from:
                return self.submodule_of(name)
            return self.modules.file(name.name if name.asname else name.local, self.source.path)
        if isinstance(node, ast.Attribute):
            package = self.denoted(node.value)
            return self.modules.child(package, node.attr) if package is not None else None
        return None

    def attributes(self) -> list[tuple[ast.Attribute, Span]]:
        """Every attribute with the span of its last identifier."""
        found = []
        for node in [*self.source.nodes, *(n for tree in self.scopes.quoted for n in ast.walk(tree))]:
            if isinstance(node, ast.Attribute):
                end = self.source.span(node)[1]
                found.append((node, (end - len(self.source.encode(node.attr)), end)))
        return found
