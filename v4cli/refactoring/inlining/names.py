"""Names that code taken from one place needs in another: bound there to the same thing, or to be imported."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ..python.handles import Handles
from ..python.imports import ImportEditor, ImportName, NewImport
from ..python.modules import Modules, absolute_in, respell
from ..python.scopes import Scope, Scopes, Use
from ..python.source import FUNCTIONS, PythonSource

if TYPE_CHECKING:
    from repo_index import Index


class CannotInline(Exception):
    """Why one use has to stay; the message is the reason."""


@dataclass(slots=True, eq=False)
class File:
    """One parsed file with what is asked of it."""

    source: PythonSource
    scopes: Scopes
    modules: Modules
    index: Index
    editor: ImportEditor = field(init=False)
    handles: Handles = field(init=False)
    uses: dict[ast.AST, Use] = field(init=False)

    def __post_init__(self) -> None:
        top = (self.index.module_name(self.path) or "").split(".")[0]
        self.editor = ImportEditor(self.source, frozenset({top} if top else ()))
        self.handles = Handles(self.source, self.scopes, self.modules, self.editor.statements)
        self.uses = {u.node: u for u in self.scopes.uses}

    @property
    def path(self) -> str:
        return self.source.path

    @property
    def package(self) -> str:
        return self.modules.package(self.path) or ""

    def scope_at(self, node: ast.AST) -> Scope:
        """The scope that a node of the file is evaluated in."""
        below = node
        for above in self.source.ancestors(node):
            scope = self.scopes.scope_of.get(above)
            if scope is not None and not _outside(above, below):
                return scope
            below = above
        return self.scopes.module


def _outside(owner: ast.AST, part: ast.AST) -> bool:
    """Decorators, defaults, annotations and bases stand in a definition and run outside of it."""
    if isinstance(owner, FUNCTIONS):
        return part not in owner.body
    if isinstance(owner, ast.ClassDef):
        return part not in owner.body
    if isinstance(owner, ast.Lambda):
        return part is not owner.body
    return False


@dataclass(slots=True)
class Home:
    """Where the code comes from: the names that it reads and does not bind itself."""

    file: File
    free: list[Use]

    @cached_property
    def builtins(self) -> set[str]:
        return {u.name for u in self.free if self.file.scopes.resolve(u) is None}

    def bring(
        self, file: File, scope: Scope, at: ImportName | None, prefix: str
    ) -> tuple[dict[str, str], list[NewImport]]:
        """How each free name is written at a use in `file`, where it differs, and the imports that this takes.

        `at`: the import by which the use names the definition, `prefix`: what stands before the definition's name
        and denotes its module. Raises CannotInline.
        """
        spelt: dict[str, str] = {}
        wanted: list[NewImport] = []
        for name in sorted({u.name for u in self.free}):
            found = file.scopes.lookup(scope, name)
            home = self.file.scopes.resolve(next(u for u in self.free if u.name == name))
            if home is None:
                if found is not None:
                    raise CannotInline(f"{name} is the built-in in the inlined code and means something else here")
                continue
            if file.path == self.file.path:
                if found is None or found.kind != "module":
                    raise CannotInline(f"{name} means something else here")
                continue
            if found is not None and found.kind == "module" and self._same(file, name):
                continue
            if prefix and not self._imported(name):
                spelt[name] = f"{prefix}.{name}"
                continue
            if found is not None:
                raise CannotInline(f"{name} means something else here")
            if any(name in s.bindings for s in scope.chain()):
                raise CannotInline(f"{name} means something else here")
            if self._changes(name):
                raise CannotInline(f"{name} changes while the program runs, and an import would not follow")
            wanted.append(self._import(file, name, at))
        return spelt, wanted

    def _changes(self, name: str) -> bool:
        """Whether functions assign the name of the module, or it is bound several times."""
        bound = self.file.scopes.module.bindings.get(name, [])
        several = len(bound) > 1 and not all(isinstance(n, ast.alias) for n in bound)
        return several or any(n in self.file.scopes.through_global for n in bound)

    def _imported(self, name: str) -> ImportName | None:
        """The import that alone binds the name in the code's own module."""
        bound = self.file.scopes.module.bindings.get(name, [])
        if len(bound) != 1:
            return None
        found = self.file.handles.by_alias.get(bound[0])
        if found is not None and found.statement.node in self.file.source.tree.body:
            return found
        return None

    def _same(self, file: File, name: str) -> bool:
        here, there = file.index.resolve(file.path, name), file.index.resolve(self.file.path, name)
        if here is not None and there is not None:
            return (getattr(here, "id", "") or here.path) == (getattr(there, "id", "") or there.path)
        mine = self._imported(name)
        bound = file.scopes.module.bindings.get(name, [])
        other = file.handles.by_alias.get(bound[0]) if len(bound) == 1 else None
        if mine is None or other is None or here is not None or there is not None:
            return False
        return _meaning(mine, self.file.package) == _meaning(other, file.package)

    def _import(self, file: File, name: str, at: ImportName | None) -> NewImport:
        like = at.statement.module if at is not None else ""
        mine = self._imported(name)
        if mine is not None and not mine.statement.is_from:
            return NewImport(mine.name, None, mine.asname)
        if mine is not None:
            module = absolute_in(mine.statement.module, self.file.package) or mine.statement.module
            top = file.package.split(".")[0]
            local = like if module.split(".")[0] == top else ""
            return NewImport(respell(module, local, file.package), mine.name, mine.asname)
        own = self.file.modules.name(self.file.path)
        if own is None:
            raise CannotInline(f"{name} cannot be imported from {self.file.path}")
        return NewImport(respell(own, like, file.package), name)


def _meaning(name: ImportName, package: str) -> tuple[str, str | None]:
    if name.statement.is_from:
        return absolute_in(name.statement.module, package) or "", name.name
    return (name.name if name.asname else name.local), None
