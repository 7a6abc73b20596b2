"""One class put in the place of another at chosen places of a file, with the imports that this takes."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ...errors import Refused
from ..moving.cycles import edges_after, new_cycles, runtime_edges
from ..moving.editing import apply_edits
from ..operation import LeftAlone
from ..python.denote import Denoting, Named, specifier
from ..python.imports import ImportEditor, ImportName, ImportStatement, NewImport
from ..python.modules import Modules, is_package, is_python
from ..python.outside import imported_from, read_through
from ..python.relocation import all_entries
from ..python.scopes import Scope, Scopes, Use, enclosing_function
from ..python.source import FunctionNode, PythonSource, placed, try_parse
from ..workspace import Edit, Workspace

if TYPE_CHECKING:
    from repo_index import Index

_ATTEMPTS = 40


class Substitution:
    """The edits of one file. With `lazy` what the file lacks is imported inside of the functions that use it."""

    def __init__(self, modules: Modules, source: PythonSource, *, lazy: bool = False) -> None:
        self.modules, self.source, self.lazy = modules, source, lazy
        self.scopes = Scopes(source)
        top = (modules.name(source.path) or "").split(".")[0]
        self.editor = ImportEditor(source, frozenset({top} if top else ()))
        self.denoting = Denoting(source, self.scopes, modules, self.editor.statements)
        self.edits: list[Edit] = []
        self._uses: dict[ast.AST, Use] = {u.node: u for u in self.scopes.uses}
        #: roots of chains that are written anew
        self._gone: set[ast.AST] = set()

    def uses(self, named: Named) -> Iterator[ast.expr]:
        """The names and chains of attributes that stand for the class, those in quotes and f-strings left out."""
        aliases = {n.local for s in self.editor.statements for n in s.names if n.name == named.name}
        for node in self.source.nodes:
            last = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
            if last != named.name and not (isinstance(node, ast.Name) and last in aliases):
                continue
            assert isinstance(node, ast.expr)
            if self.denoting.identity(node) == named.identity and placed(self.source, node):
                yield node

    def replace(self, node: ast.expr, new: Named) -> None:
        """Write `new` where the node stands, and import it. Raises Refused where its name means something else."""
        span = self.source.span(node)
        if isinstance(node, ast.Attribute) and not new.builtin and self._module(node.value) == self._home(new):
            self.edits.append(Edit(span[1] - len(self.source.encode(node.attr)), span[1], self.source.encode(new.name)))
            return
        root = _root(node)
        use = self._uses[root]
        self._gone.add(root)
        function = enclosing_function(use.scope) if use.deferred else None
        text = self.text(new, use.scope, node.lineno, beside=self._import_of(use), function=function)
        self.edits.append(Edit(*span, self.source.encode(text)))

    def text(
        self,
        new: Named,
        scope: Scope,
        line: int,
        *,
        beside: ImportStatement | None = None,
        function: FunctionNode | None = None,
    ) -> str:
        """How code in that scope can say `new`; adds the import that it takes, next to the import `beside`.

        `function` is the one that the code runs in, None for code that runs while the file is imported.
        """
        if new.builtin:
            return self._free(scope, new.name, None, line)
        if new.symbol is not None and new.symbol.path == self.source.path:
            return self._free(scope, new.name, self.scopes.module, line)
        for name in self._present(new):
            home = self._scope_of(name)
            if home is not None and self.scopes.lookup(scope, name.local) is home:
                return name.local if self.denoting.of_import(name) == new.identity else f"{name.local}.{new.name}"
        if self.scopes.lookup(scope, new.name) is not None:
            if new.symbol is None and self.scopes.lookup(scope, new.module.split(".")[0]) is None:
                self.editor.add_top(NewImport(new.module))
                return f"{new.module}.{new.name}"
            raise Refused(f"{self.source.path}:{line}: {new.name} means something else there")
        item = NewImport(self._specifier(new), new.name)
        if self.lazy:
            if function is None:
                raise Refused(
                    f"{self.source.path}:{line}: needs {new.name} while it is imported, which would be circular"
                )
            self.editor.add_lazy(item, function)
        elif beside is not None and not self.source.type_checking(beside.node):
            self.editor.add_near(item, beside)
        else:
            self.editor.add_top(item)
        return new.name

    def _free(self, scope: Scope, name: str, home: Scope | None, line: int) -> str:
        if self.scopes.lookup(scope, name) is not home:
            raise Refused(f"{self.source.path}:{line}: {name} means something else there")
        return name

    def _home(self, named: Named) -> str:
        """The module that defines the class: its file where that is in the repository."""
        return named.symbol.path if named.symbol is not None else named.module

    def _module(self, node: ast.expr) -> str:
        """The module that a chain stands for: its path, or its dotted name outside of the repository."""
        return self.denoting.identity(node).partition("::")[0]

    def _present(self, new: Named) -> list[ImportName]:
        """Imports that bind the class, then those that bind its module, apart from type checking."""
        every = [
            n for s in self.editor.statements if not self.source.type_checking(s.node) for n in s.names if n.name != "*"
        ]
        own = [n for n in every if n.name == new.name or n.asname]
        found = [n for n in own if n.statement.is_from and self.denoting.of_import(n) == new.identity]
        plain = [n for n in every if not n.statement.is_from and (n.asname or "." not in n.name)]
        return found + [n for n in plain if self.denoting.of_import(n) == self._home(new)]

    def _specifier(self, new: Named) -> str:
        if new.symbol is None:
            return new.module
        return specifier(self.modules, self.editor.statements, self.source.path, new.symbol.path)

    def _import_of(self, use: Use) -> ImportStatement | None:
        home = self.scopes.resolve(use)
        for bound in home.bindings[use.name] if home is not None else ():
            if bound in self.denoting.by_alias:
                return self.denoting.by_alias[bound].statement
        return None

    def _scope_of(self, name: ImportName) -> Scope | None:
        return next((s for s in self.scopes.all if name.alias in s.bindings.get(name.local, ())), None)

    def drop_use(self, node: ast.expr) -> None:
        """What the node read is not needed there any more."""
        self._gone.add(_root(node))

    def finish(self) -> list[Edit]:
        """All edits; imports that only served what is gone are dropped."""
        for name in list(self.denoting.by_alias.values()):
            home = self._scope_of(name)
            uses = [u for u in self.scopes.uses if u.name == name.local and self.scopes.resolve(u) is home]
            if not uses or home is None or any(u.node not in self._gone for u in uses):
                continue
            if home is not self.scopes.module or not self._offered(name.local):
                self.editor.drop(name)
        return [*self.edits, *self.editor.edits()]

    def _offered(self, local: str) -> bool:
        """Whether other files may take the name from here."""
        path = self.source.path
        if is_package(path) or local in all_entries(self.source) or local in imported_from(self.modules, path):
            return True
        return local in read_through(self.modules, path)


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node


def files_naming(index: Index, ws: Workspace, name: str) -> Iterator[tuple[PythonSource | None, str]]:
    """The Python files that hold the word and may be edited; None for one that does not parse."""
    word = name.encode()
    for record in index.files():
        if not is_python(record.path) or record.skipped or ws.protected(record.path):
            continue
        data = ws.read(record.path)
        if word in data:
            yield try_parse(record.path, data), record.path


def without_cycles(ws: Workspace, work_out: Callable[[set[str]], dict[str, list[Edit]]]) -> dict[str, list[Edit]]:
    """What `work_out` gives for the set of files whose new imports have to stand inside of functions, so that no
    import becomes circular. Raises Refused where that cannot be."""
    before = runtime_edges(ws.index)
    lazy: set[str] = set()
    for _ in range(_ATTEMPTS):
        edits = work_out(lazy)
        contents: dict[str, bytes | None] = {p: apply_edits(ws.read(p), e) for p, e in edits.items()}
        cycles = new_cycles(before, edges_after(before, ws.index.with_changes(contents), contents))
        if not cycles:
            return edits
        start = next((p for p in cycles[0] if p in edits and p not in lazy), None)
        if start is None:
            break
        lazy.add(start)
    raise Refused(f"an import would close the import cycle {' -> '.join(cycles[0])}")


def left_at(source: PythonSource, node: ast.expr, reason: str) -> LeftAlone:
    return LeftAlone(source.path, node.lineno, source.line_text(node.lineno).strip()[:200], reason)
