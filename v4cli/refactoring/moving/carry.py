"""One attempt at moving code from one module to another, given which imports have to be lazy.

Everything is worked out against one state of the repository and returned as new contents of files, so that an
attempt which closes an import cycle can be thrown away and made again with one more import inside a function.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from posixpath import dirname
from typing import TYPE_CHECKING

from ...errors import Refused
from ..operation import LeftAlone
from ..python.deletion import delete_lines, unlist
from ..python.handles import Handles
from ..python.imports import ImportEditor, ImportName, NewImport
from ..python.modules import Modules, absolute_in, is_package, is_python, respell
from ..python.rewrite import FileRewrite, Relocation, all_entries, deferring_function
from ..python.scopes import BUILTINS, Scopes, Use
from ..python.source import PythonSource, docstring, dotted, is_type_checking, parse, try_parse
from ..workspace import Edit, Workspace
from .editing import apply_edits, merge_deletions, trimmed
from .needs import Need, chain_at, needs
from .pieces import Piece, bound_by, cut, statements_of
from .target import TargetFile, header_for

if TYPE_CHECKING:
    from repo_index import Index


@dataclass(slots=True)
class Job:
    """What is to be moved. `whole`: the source module is merged into the target and goes away."""

    source: str
    target: str
    names: set[str]
    whole: bool = False
    keep_alias: bool = False


@dataclass(slots=True)
class Lazy:
    """Imports to be placed inside functions: (importer, dotted module) of rewritten imports, files that the moved
    code imports, and whether the source's import of what it lost is lazy."""

    importers: set[tuple[str, str]] = field(default_factory=set)
    needed: set[str] = field(default_factory=set)
    back: bool = False


@dataclass(slots=True)
class Result:
    contents: dict[str, bytes | None]
    left: list[LeftAlone]
    notes: list[str]


#: files that one attempt has parsed, for the next one; None: one that does not parse
Parsed = dict[str, PythonSource | None]


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

    def _in_pieces(self, offset: int) -> bool:
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
        self._bring_needs()
        self._nested_imports()
        if self.job.whole:
            # code that imports its own module
            itself = FileRewrite(self.job.source, self.source.data, self.modules, relocation, self.source).run()
            self.edits += [e for e in itself.all_edits() if self._in_pieces(e.start)]
        if not self.job.whole:
            self._leave()
        own = [*self.edits, *self.editor.edits()]
        inside = [e for e in own if self._in_pieces(e.start) and e.end <= self._piece_end(e.start)]
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
        contents[self.job.target] = self.target.render(self.job.names | self._all_bound())
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

    def _all_bound(self) -> set[str]:
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
                inside = self._in_pieces(start)
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

    # what the moved code needs in the target

    def _bring_needs(self) -> None:
        moved = self.job.names | (self._all_bound() if self.job.whole else set())
        found, unbound = needs(self.source, self.scopes, self.handles, self.spans, moved)
        for hidden in sorted({u.name for u in unbound if u.name in BUILTINS} & self.target.bound()):
            self.notes.append(f"{hidden} is the built-in in {self.job.source}, but {self.job.target} binds that name")
        for use in unbound:
            if use.name in BUILTINS or self.job.whole:
                continue
            if self.scopes.star_imports:
                line = self.source.line_of(use.span[0])
                raise Refused(f"{self.source.path}:{line}: {use.name} may come from a star import; name it first")
        if self.job.whole:
            for star in self.scopes.star_imports:
                if star in self.source.tree.body:
                    spec = self._spec_in_target("." * star.level + (star.module or ""))
                    self.target.need(NewImport(spec, "*"), typing=False)
        for need in found:
            if need.imports and not self._conditional(need.imports):
                for name in need.imports:
                    self._bring_import(need, name)
            elif not self.job.whole:
                self._bring_definition(need)
        if any(s.module == "__future__" and s.node.names[0].name == "annotations" for s in self.editor.statements):
            self.target.future = self.new_target or self.target.needs_future
        if self.job.whole:
            self._bring_side_effects({n.local for need in found for n in need.imports})

    def _bring_side_effects(self, used: set[str]) -> None:
        """Merging keeps the imports that the source made available to others, or made for their effect."""
        for statement in self.editor.statements:
            if statement.node not in self.source.tree.body or statement.module == "__future__":
                continue
            for name in statement.names:
                if name.local in used or name.name == "*":
                    continue
                if self._imported_elsewhere(name.local):
                    self._bring_import(Need(name.local, [], [name]), name)

    def _imported_elsewhere(self, local: str) -> bool:
        return any(local in e.names for e in self.index.importers(self.job.source))

    def _conditional(self, names: list[ImportName]) -> bool:
        """Whether the import stands under a condition other than TYPE_CHECKING."""
        return any(
            n.statement.node not in self.source.tree.body and not self.source.type_checking(n.statement.node)
            for n in names
        )

    def _spec_in_target(self, spec: str) -> str:
        if not spec.startswith("."):
            return spec
        absolute = absolute_in(spec, self.source_package)
        return self.target.spell(absolute, spec, self.target_package) if absolute else spec

    def _bring_import(self, need: Need, name: ImportName) -> None:
        module = self.handles.module_of(name)
        submodule = self.handles.submodule_of(name)
        file = submodule or module
        if file == self.job.target:
            self._already_there(need, name, submodule == self.job.target or not name.statement.is_from)
            return
        if name.statement.is_from:
            new = NewImport(self._spec_in_target(name.statement.module), name.name, name.asname)
        else:
            new = NewImport(name.name, None, name.asname)
        self._place(need, new, file, self.source.type_checking(name.statement.node))

    def _place(self, need: Need, new: NewImport, file: str | None, typing: bool) -> None:
        if typing or (need.uses and need.typing_only(self.scopes.lazy_annotations) and self.target.lazy_annotations):
            if typing and any(not u.quoted for u in need.uses) and not self.target.lazy_annotations:
                self.target.needs_future = True
            self.target.need(new, typing=True)
            return
        if file is not None and file in self.lazy.needed:
            for use in need.uses:
                if use.annotation and (use.quoted or (self.scopes.lazy_annotations and self.target.lazy_annotations)):
                    self.target.need(new, typing=True)
                    continue
                function = deferring_function(use)
                if function is None:
                    line = self.source.line_of(use.span[0])
                    raise Refused(
                        f"{self.source.path}:{line}: needs {new.local} while it is being imported, which would close "
                        f"an import cycle with {file}"
                    )
                self.editor.add_lazy(new, function)
            return
        self.target.need(new, typing=False)

    def _already_there(self, need: Need, name: ImportName, as_module: bool) -> None:
        """The moved code used something of the target itself: it needs no import there any more."""
        for use in need.uses:
            if not as_module:
                if name.local != name.name:
                    self.edits.append(Edit(*use.span, name.name.encode()))
                continue
            node: ast.AST = use.node
            written = name.local if name.asname or name.statement.is_from else name.name
            while isinstance(above := self.source.parents.get(node), ast.Attribute):
                text = dotted(node) if isinstance(node, ast.expr) else None
                node = above
                if text == written:
                    span = self.source.span(above)
                    self.edits.append(Edit(*span, above.attr.encode()))
                    break
            else:
                line = self.source.line_of(use.span[0])
                raise Refused(f"{self.source.path}:{line}: uses the module {written} as a value inside itself")

    def _bring_definition(self, need: Need) -> None:
        """A definition that stays in the source."""
        like = "." if self._relative_style() else ""
        module = self.target.spell(self.source_name or "", like, self.target_package)
        self._place(need, NewImport(module, need.name), self.job.source, False)

    def _relative_style(self) -> bool:
        """Whether the source writes imports from its own package relatively."""
        first = [s for s in self.editor.statements if s.is_from and s.module.startswith(".")]
        top = (self.source_name or "").split(".")[0]
        absolute = [s for s in self.editor.statements if s.is_from and s.module.split(".")[0] == top]
        if not first and not absolute:
            return self.target.relative_style() if not self.new_target else self._package_is_relative()
        return len(first) >= len(absolute)

    def _package_is_relative(self) -> bool:
        """Whether most modules beside the source import relatively."""
        folder = self.job.source.rpartition("/")[0]
        relative = absolute = 0
        top = (self.source_name or "").split(".")[0]
        for edge in self.index.edges():
            if edge.source.rpartition("/")[0] == folder:
                relative += edge.module.startswith(".")
                absolute += edge.module.split(".")[0] == top
        return relative > absolute

    def _nested_imports(self) -> None:
        """Imports inside the moved functions: relative ones are spelt for the target's package."""
        for statement in self.editor.statements:
            if not self._in_pieces(statement.span[0]) or not statement.is_from:
                continue
            if self.job.whole and self.modules.file(statement.module, self.job.source) == self.job.source:
                continue
            spec = self._spec_in_target(statement.module)
            if spec != statement.module:
                self.editor.change_module(statement, spec)

    # what stays in the source

    def _leave(self) -> None:
        names = self.job.names
        spec = self._spell_target()
        for name in sorted(names):
            uses = [u for u in self.scopes.module_uses(name) if not self._in_pieces(u.span[0])]
            new = NewImport(spec, name)
            if self.job.keep_alias:
                self.editor.add_top(new if uses else NewImport(spec, name, name))
                continue
            typing = [u for u in uses if u.annotation and (u.quoted or self.scopes.lazy_annotations)]
            if typing and (self.lazy.back or len(typing) == len(uses)):
                self.editor.add_typing(new)
                uses = [u for u in uses if u not in typing]
            for use in uses:
                if not self.lazy.back:
                    self.editor.add_top(new)
                    continue
                function = deferring_function(use)
                if function is None:
                    line = self.source.line_of(use.span[0])
                    raise Refused(
                        f"{self.source.path}:{line}: needs {name} while it is being imported, which would close an "
                        f"import cycle with {self.job.target}"
                    )
                self.editor.add_lazy(new, function)
        self._unlist(names if not self.job.keep_alias else set())
        if not is_package(self.job.source):
            self._drop_unused()

    def _spell_target(self) -> str:
        like = "." if self._relative_style() else ""
        return respell(self.target_name or "", like, self.source_package)

    def _unlist(self, names: set[str]) -> None:
        """Take names out of `__all__`."""
        entries = all_entries(self.source)
        for name in sorted(names & entries.keys()):
            self.edits.append(unlist(self.source, entries[name]))

    def _drop_unused(self) -> None:
        """Imports that only the moved code used, and that no other file takes from here."""
        listed = all_entries(self.source)
        taken = {n for e in self.index.importers(self.job.source) for n in e.names}
        used_as_attribute = self._used_through_module()
        for statement in self.editor.statements:
            if self._in_pieces(statement.span[0]) or not self._at_top(statement.node):
                continue
            for name in statement.names:
                local = name.local
                if statement.module == "__future__" or name.name == "*" or local in listed or local in taken:
                    continue
                uses = self.scopes.module_uses(local)
                stay = [u for u in uses if not self._in_pieces(u.span[0])]
                gone = [u for u in uses if self._in_pieces(u.span[0])]
                if not gone or local in used_as_attribute:
                    continue
                if not stay or self._other_serves(name, stay, gone):
                    self.editor.drop(name)

    def _at_top(self, node: ast.stmt) -> bool:
        return node in self.source.tree.body or self.source.type_checking(node)

    def _other_serves(self, name: ImportName, stay: list[Use], gone: list[Use]) -> bool:
        """`import a.b` beside `import a`: whether only moved code went through this one."""
        if name.statement.is_from or name.asname or "." not in name.name:
            return False
        beside = [n for s in self.editor.statements if not s.is_from for n in s.names if n.local == name.local]
        if len(beside) < 2:
            return False

        def through(use: Use) -> bool:
            return (chain_at(self.source, use) + ".").startswith(name.name + ".")

        return any(through(u) for u in gone) and not any(through(u) for u in stay)

    def _used_through_module(self) -> set[str]:
        """Names of the source's imports that other files use as attributes of the module."""
        found: set[str] = set()
        leaf = (self.source_name or "").rpartition(".")[2].encode()
        for edge in self.index.importers(self.job.source):
            data = self.index.read(edge.source)
            if leaf not in data:
                continue
            source = try_parse(edge.source, data)
            if source is None:
                continue
            handles = Handles(source, Scopes(source), self.modules)
            for node, _ in handles.attributes():
                if handles.denoted(node.value) == self.job.source:
                    found.add(node.attr)
        return found
