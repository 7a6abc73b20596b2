"""Take a symbol from the module that defines it instead of through another that re-exports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ...errors import NothingToDo, Refused
from ..lookup import find_symbol
from ..moving.relocate import name_mentions
from ..operation import LeftAlone, Operation, Outcome
from ..python.deletion import unlist
from ..python.denote import Denoting
from ..python.imports import ImportEditor
from ..python.modules import Modules, is_package, is_python
from ..python.outside import imported_from, read_through
from ..python.relocation import Relocation, all_entries
from ..python.rewrite import FileRewrite
from ..python.scopes import Scopes
from ..python.source import parse, try_parse
from ..scope import Scope
from ..uses.lines import edit_and_wrap
from ..uses.substitute import without_cycles
from ..workspace import Edit, Workspace

if TYPE_CHECKING:
    from repo_index.records import Symbol


class ReplaceReexport(Operation):
    """Makes importers that take a module-level symbol of a Python module through a re-export take it from the module
    that defines it.

    Re-exports are the package inits and other modules that import the symbol, by name or with a star, for `through`
    only those files. Touched: `from package import name` in every form and `package.name`, each importer in its own
    style (relative stays relative, aliases stay), files in the `scope` alone; an import that would be circular is
    placed inside the functions that need it. With `drop` the re-export goes too: its import, unless its own module
    uses it, and its entry in `__all__`; star importers get the name by itself, and dotted names in strings and
    documents follow.

    Left alone and listed: importers outside of the scope, re-exports under another name, and star re-exports that
    were to be dropped.
    """

    kind: Literal["replace_reexport"] = "replace_reexport"
    symbol: str = Field(description="path::name of the definition")
    through: list[str] = Field(default_factory=list, description="paths of re-exporting files; none given: all")
    drop: bool = False
    scope: Scope = Field(default_factory=Scope)
    changelog: bool = False

    def apply(self, ws: Workspace) -> Outcome:
        symbol = find_symbol(ws.index, self.symbol)
        if not is_python(symbol.path) or "." in symbol.qualified or symbol.kind == "module":
            raise Refused(f"{symbol.id} is no module-level definition of a Python module")
        return _Job(ws, self, symbol).run()


class _Job:
    def __init__(self, ws: Workspace, operation: ReplaceReexport, symbol: Symbol) -> None:
        self.ws, self.index, self.operation, self.symbol = ws, ws.index, operation, symbol
        self.modules = Modules(ws.index)
        home = self.modules.name(symbol.path)
        if home is None:
            raise Refused(f"{symbol.path}: not a path that Python can import")
        self.home = home
        self.left: set[LeftAlone] = set()
        self.notes: list[str] = []
        self.through = self._reexporters()

    def _reexporters(self) -> list[str]:
        wanted = sorted(set(self.operation.through))
        if unknown := [p for p in wanted if self.index.file(p) is None]:
            raise NothingToDo(f"{unknown[0]}: no such file in the repository")
        found = []
        for path in wanted or sorted(r.path for r in self.index.files() if is_python(r.path) and not r.skipped):
            facts = self.index.facts(path)
            if facts is None or path == self.symbol.path:
                continue
            own = [i for i in facts.imports if not i.scope and i.kind != "type"]
            for imported in own:
                if imported.name == self.symbol.name and imported.local not in {self.symbol.name, ""} and wanted:
                    self._leave(path, imported.line, "re-exported under another name")
            if any(i.local == self.symbol.name or i.name == "*" for i in own):
                meant = self.index.resolve(path, self.symbol.name)
                if getattr(meant, "id", "") == self.symbol.id:
                    found.append(path)
            if wanted and path not in found:
                raise Refused(f"{path} does not re-export {self.symbol.name} of {self.symbol.path}")
        return found

    def _leave(self, path: str, line: int, reason: str) -> None:
        text = self.index.text(path).split("\n")[line - 1].strip()[:200]
        self.left.add(LeftAlone(path, line, text, reason))

    def run(self) -> Outcome:
        offering = [path for path in self.through if self._offers(path)] if self.operation.drop else []
        edits = without_cycles(self.ws, self._importers) if self.through else {}
        if not edits and not offering:
            raise NothingToDo(f"nothing in the scope takes {self.symbol.name} through a re-export")
        for path in sorted(edits):
            edit_and_wrap(self.ws, path, edits[path])
        if self.operation.drop:
            for path in offering:
                self._drop(path)
            self._mentions()
        return Outcome(sorted(self.left), self.notes)

    def _offers(self, path: str) -> bool:
        """Whether the file imports the symbol for others, and not for itself alone."""
        name = self.symbol.name
        if path in self.operation.through or is_package(path) or name in imported_from(self.modules, path):
            return True
        facts = self.index.facts(path)
        return (facts is not None and name in (facts.dunder_all or ())) or name in read_through(self.modules, path)

    def _importers(self, lazy: set[str]) -> dict[str, list[Edit]]:
        names = {(path, self.symbol.name): self.home for path in self.through}
        found: dict[str, list[Edit]] = {}
        word = self.symbol.name.encode()
        for record in self.index.files():
            path = record.path
            if not is_python(path) or record.skipped or path == self.symbol.path:
                continue
            data = self.ws.read(path)
            stars = self.operation.drop and b"*" in data
            if word not in data and not stars:
                continue
            source = try_parse(path, data)
            if source is None:
                self.left.add(LeftAlone(path, 1, "", "the file does not parse"))
                continue
            relocation = Relocation(names=names, lazy={(path, self.home)} if path in lazy else set(), stars=stars)
            edits = FileRewrite(path, data, self.modules, relocation, source).run().all_edits()
            reason = self.ws.protected(path) or self.operation.scope.reason(self.index, path)
            if edits and reason:
                self._leave(path, source.line_of(min(edits).start), reason)
            elif edits:
                found[path] = edits
        return found

    # the re-export itself

    def _drop(self, path: str) -> None:
        if reason := self.ws.protected(path):
            self.left.add(LeftAlone(path, 1, "", reason))
            return
        source = parse(path, self.ws.read(path))
        scopes = Scopes(source)
        editor = ImportEditor(source)
        modules = Modules(self.ws.index)
        denoting = Denoting(source, scopes, modules, editor.statements)
        edits: list[Edit] = []
        name = self.symbol.name
        entry = all_entries(source).get(name)
        if entry is not None:
            edits.append(unlist(source, entry))
        uses = scopes.module_uses(name)
        bound = [denoting.by_alias[n] for n in scopes.module.bindings.get(name, []) if n in denoting.by_alias]
        if uses:
            self.notes.append(f"{path} uses {name} itself, so it goes on importing it")
        for imported in bound if not uses else []:
            editor.drop(imported)
        if not bound:
            line = next((s.node.lineno for s in editor.statements if s.node in scopes.star_imports), 1)
            self._leave(path, line, f"a star brings {name} along with others")
        if made := [*edits, *editor.edits()]:
            self.ws.edit(path, made)

    def _mentions(self) -> None:
        """Dotted names through the re-export in strings and documents."""
        together: dict[str, set[Edit]] = {}
        for path in self.through:
            module = self.modules.name(path)
            if module is None:
                continue
            edits, left = name_mentions(self.ws, [self.symbol.name], module, self.home, self.operation.changelog)
            self.left |= set(left)
            for file, more in edits.items():
                together.setdefault(file, set()).update(more)
        for path in sorted(together):
            if reason := self.ws.protected(path) or self.operation.scope.reason(self.index, path):
                self.left.add(LeftAlone(path, 1, "", reason))
            else:
                self.ws.edit(path, sorted(together[path]))
