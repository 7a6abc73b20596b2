"""One attempt at moving code from one module to another, given which imports have to be lazy.

Everything is worked out against one state of the repository and returned as new contents of files, so that an
attempt which closes an import cycle can be thrown away and made again with one more import inside a function.
"""

from __future__ import annotations

import ast
import re
from posixpath import dirname
from typing import TYPE_CHECKING

from ...errors import Refused
from ..operation import LeftAlone
from ..python.deletion import delete_lines
from ..python.handles import Handles
from ..python.imports import ImportEditor
from ..python.modules import Modules, is_package, is_python
from ..python.relocation import Relocation, all_entries
from ..python.rewrite import FileRewrite
from ..python.scopes import Scopes
from ..python.source import docstring, dotted, is_type_checking, parse, try_parse
from ..workspace import Edit, Workspace
from .editing import apply_edits, merge_deletions, trimmed
from .job import Job, Lazy, Parsed, Result
from .origin import leave
from .pieces import Piece, bound_by, cut, statements_of
from .supply import bring_needs, nested_imports
from .target import TargetFile, header_for

if TYPE_CHECKING:
    from repo_index import Index


class Carry:
    def __init__(self, ws: Workspace, job: Job, lazy: Lazy, parsed: Parsed) -> None:
        self.parsed = parsed
        self.ws = ws
        self.job = job
        self.lazy = lazy
        self.index: Index = ws.index
        self.modules = Modules(self.index)
        self.source = parse(job.source, ws.read(job.source))
        self.scopes = Scopes(self.source)
        self.source_name = self.modules.name(job.source)
        self.new_target = not ws.exists(job.target)
        after = self.index.with_changes({job.target: b""}) if self.new_target else self.index
        target_modules = Modules(after)
        self.target_name = target_modules.name(job.target)
        if self.source_name is None or self.target_name is None:
            path = job.source if self.source_name is None else job.target
            raise Refused(f"{path}: not a path that Python can import")
        self.source_package = self.modules.package(job.source) or ""
        self.target_package = target_modules.package(job.target) or ""
        self.editor = ImportEditor(self.source, self._first_party(self.source_name))
        self.handles = Handles(self.source, self.scopes, self.modules, self.editor.statements)
        self.target = TargetFile(
            job.target,
            None if self.new_target else ws.read(job.target),
            self._first_party(self.target_name),
            self.source,
        )
        if self.new_target:
            self.target.header = header_for(self._siblings(), self.source.data)
        self.pieces = self._pieces()
        self.spans = [p.span for p in self.pieces]
        self.left: list[LeftAlone] = []
        self.notes: list[str] = []
        #: edits of the source's own text, those inside of pieces included
        self.edits: list[Edit] = []

    def _first_party(self, name: str) -> frozenset[str]:
        return frozenset({name.split(".")[0]})

    def _siblings(self) -> list[bytes]:
        folder = dirname(self.job.target)
        return [self.ws.read(p) for p in self.ws.paths() if dirname(p) == folder and is_python(p)]

    def _pieces(self) -> list[Piece]:
        if not self.job.whole:
            return cut(self.source, statements_of(self.source, self.scopes, self.job.names))
        body = self.source.tree.body
        moved = [
            s
            for s in body
            if not isinstance(s, ast.Import | ast.ImportFrom)
            and not self._only_typing_imports(s)
            and s is not self._docstring()
            and not self._sets_all(s)
        ]
        return cut(self.source, moved, whole=True)

    def _docstring(self) -> ast.stmt | None:
        return docstring(self.source.tree.body)

    def _only_typing_imports(self, statement: ast.stmt) -> bool:
        return (
            isinstance(statement, ast.If)
            and is_type_checking(statement.test)
            and not statement.orelse
            and all(isinstance(s, ast.Import | ast.ImportFrom) for s in statement.body)
        )

    def _sets_all(self, statement: ast.stmt) -> bool:
        return "__all__" in bound_by(self.scopes, statement) or (
            isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Call)
            and (dotted(statement.value.func) or "").startswith("__all__.")
        )

    def in_pieces(self, offset: int) -> bool:
        return any(a <= offset < b for a, b in self.spans)

    # the run

    def run(self) -> Result:
        self._check_globals()
        relocation = Relocation(target=self.job.target, lazy=self.lazy.importers)
        if self.job.whole:
            relocation.modules[self.job.source] = self.target_name or ""
        else:
            relocation.names = {(self.job.source, n): self.target_name or "" for n in self.job.names}
        contents: dict[str, bytes | None] = {}
        rewrite_target = None
        for path in self._importers():
            data = self.ws.read(path)
            if path not in self.parsed:
                self.parsed[path] = try_parse(path, data)
            source = self.parsed[path]
            if source is None:
                self.left.append(LeftAlone(path, 1, "", "the file does not parse"))
                continue
            rewrite = FileRewrite(path, data, self.modules, relocation, source)
            self._make_room(rewrite)
            rewrite.run()
            self.left += rewrite.left
            if path == self.job.target:
                rewrite_target = rewrite
                continue
            self._check_not_reexported(rewrite)
            if edits := rewrite.all_edits():
                contents[path] = apply_edits(data, edits)
        self.target.join(rewrite_target)
        bring_needs(self)
        nested_imports(self)
        if self.job.whole:
            # code that imports its own module
            itself = FileRewrite(self.job.source, self.source.data, self.modules, relocation, self.source).run()
            self.edits += [e for e in itself.all_edits() if self.in_pieces(e.start)]
        if not self.job.whole:
            leave(self)
        own = [*self.edits, *self.editor.edits()]
        inside = [e for e in own if self.in_pieces(e.start) and e.end <= self._piece_end(e.start)]
        outside = [e for e in own if e not in inside]
        for piece in self.pieces:
            mine = [e for e in inside if piece.span[0] <= e.start < piece.span[1]]
            shifted = [Edit(e.start - piece.span[0], e.end - piece.span[0], e.new) for e in mine]
            text = apply_edits(self.source.data[slice(*piece.span)], shifted)
            self.target.add_piece(
                piece, text.decode(self.source.encoding, "surrogateescape"), self._blank_before(piece)
            )
        listed = [n for n in all_entries(self.source) if self.job.whole or n in self.job.names]
        self.target.list_names(listed)
        contents[self.job.target] = self.target.render(self.job.names | self.all_bound())
        if self.job.whole:
            contents[self.job.source] = None
        else:
            outside += delete_lines(self.source, self.spans)
            rest = apply_edits(self.source.data, merge_deletions(outside))
            contents[self.job.source] = trimmed(rest, self.source.data)
        return Result(contents, self.left, self.notes)

    def _piece_end(self, offset: int) -> int:
        return next(b for a, b in self.spans if a <= offset < b)

    def _blank_before(self, piece: Piece) -> int:
        """Blank lines above the piece in the source."""
        before = self.source.data[: piece.span[0]]
        stripped = before.rstrip(b"\r\n \t")
        return max(before[len(stripped) :].count(b"\n") - 1, 0)

    def all_bound(self) -> set[str]:
        return {n for p in self.pieces for n in bound_by(self.scopes, p.statement)}

    def _importers(self) -> list[str]:
        """Python files that may import what moves; the target is always among them when it exists."""
        leaf = (self.source_name or "").rpartition(".")[2].encode()
        module = re.compile(rb"\b" + re.escape(leaf) + rb"\b")
        names = re.compile(rb"\b(?:" + b"|".join(re.escape(n.encode()) for n in sorted(self.job.names)) + rb")\b")
        top = (self.source_name or "").split(".")[0]
        found = []
        for path in self.ws.paths():
            if not is_python(path) or path == self.job.source or self.ws.protected(path):
                continue
            if path == self.job.target or self._hidden(path):
                found.append(path)
                continue
            edges = self.index.imports(path)
            if any(e.target == self.job.source for e in edges):
                found.append(path)
                continue
            # `import package` and then `package.module.name`
            if any(e.module.startswith(".") or e.module.split(".")[0] == top for e in edges):
                data = self.ws.read(path)
                if module.search(data) and (self.job.whole or names.search(data)):
                    found.append(path)
        return found

    def _check_globals(self) -> None:
        """`global name` ties a function to the module of the variable."""
        for scope in self.scopes.all:
            for name in sorted(scope.globals):
                line = getattr(scope.node, "lineno", 1)
                start = self.source.offset(line, 0)
                inside = self.in_pieces(start)
                if self.job.whole or inside == (name in self.job.names):
                    continue
                raise Refused(
                    f"{self.source.path}:{line}: assigns the global {name}, which would then stand in another module"
                )

    # a submodule's name in its package

    def _hidden(self, path: str) -> bool:
        """Whether `path` is the package that gets the new module as an attribute, and uses that name otherwise."""
        if not self.new_target or not is_package(path):
            return False
        return self.modules.name(path) == (self.target_name or "").rpartition(".")[0]

    def _make_room(self, rewrite: FileRewrite) -> None:
        """Importing a submodule binds its name in the package: what the package calls so itself has to give way."""
        if not self._hidden(rewrite.path):
            return
        leaf = (self.target_name or "").rpartition(".")[2]
        nodes = rewrite.scopes.module.bindings.get(leaf, [])
        if not nodes:
            return
        bound = [rewrite.handles.by_alias[n] for n in nodes if n in rewrite.handles.by_alias]
        if len(bound) == len(nodes) == 1 and rewrite.rename_binding(bound[0], f"_{leaf}"):
            rewrite.editor.change(bound[0], bound[0].name, f"_{leaf}")
        else:
            line = getattr(nodes[0], "lineno", 1)
            raise Refused(f"{rewrite.path}:{line}: {leaf} is bound there, and the new submodule would take its place")
        self.notes.append(
            f"{rewrite.path} imports {leaf} as _{leaf}: its own {leaf} is the new submodule once that is imported"
        )

    def _check_not_reexported(self, rewrite: FileRewrite) -> None:
        """A name whose import became lazy can no longer be imported from that file."""
        if not rewrite.made_lazy:
            return
        for edge in self.index.importers(rewrite.path):
            lost = sorted(set(edge.names) & rewrite.made_lazy)
            if lost:
                raise Refused(
                    f"{edge.source}:{edge.line}: imports {lost[0]} from {rewrite.path}, where it can only be imported "
                    "inside functions now"
                )
