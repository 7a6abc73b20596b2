"""Moving declarations of Go to another file: of the same package, of another one, or of a new one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from posixpath import dirname
from typing import TYPE_CHECKING

from ...errors import Refused
from ..lookup import find_symbol
from ..module_mentions import path_mentions
from ..operation import LeftAlone, Outcome
from ..text_mentions import is_changelog, mentions
from ..workspace import Edit, Workspace
from .import_edits import ImportEditor
from .packages import Packages
from .paths import constraints, is_go, is_test, is_vendored, package_word
from .qualifiers import Rewriter
from .syntax import Source, within
from .units import PackageUnits, Unit, check_place
from .visibility import Sides, check_target

if TYPE_CHECKING:
    from tree_sitter import Node

_BUILD = re.compile(rb"(?m)^//(?:go:build| ?\+build)[^\n]*\n")
_OF_THE_FILE = re.compile(rb"copyright|licen[sc]e|SPDX|go:build|\+build", re.IGNORECASE)


@dataclass(slots=True)
class Move:
    """What is to be moved to `target`: package-level names of the package that `source` belongs to. With `whole` all of
    that file moves, its comments included."""

    source: str
    target: str
    names: set[str] = field(default_factory=set)
    helpers: bool = True
    whole: bool = False
    keep_alias: bool = False
    changelog: bool = False


def move_symbols(
    ws: Workspace, specs: list[str], target: str, helpers: bool, keep_alias: bool, changelog: bool
) -> Outcome:
    """Move package-level definitions, types with their methods. Raises Refused where a name is not exported and would
    have to be, where names clash, and for circles of imports, which Go does not allow."""
    by_package: dict[tuple[str, str], Move] = {}
    packages = Packages(ws.index)
    for spec in specs:
        symbol = find_symbol(ws.index, spec)
        if symbol.kind == "module":
            raise Refused(f"{symbol.id} is a file; use rename_module")
        if not is_go(symbol.path) or not is_go(target):
            raise Refused(f"{symbol.id} cannot move to {target}, a file of another language")
        if symbol.definition.parent:
            raise Refused(f"{symbol.id} belongs to {symbol.definition.parent} and moves with it")
        if symbol.name in ("init", "main"):
            raise Refused(f"{symbol.id} is special in Go")
        if symbol.path != target:
            job = Move(symbol.path, target, set(), helpers, False, keep_alias, changelog)
            by_package.setdefault(packages.of(symbol.path), job).names.add(symbol.name)
    outcome = Outcome()
    for package in sorted(by_package):
        done = move(ws, by_package[package])
        outcome.left_alone += done.left_alone
        outcome.notes += done.notes
    return outcome


def move_file(ws: Workspace, path: str, target: str) -> Outcome:
    """Move a file to another package with all that it declares."""
    return move(ws, Move(path, target, set(), False, True))


def move(ws: Workspace, job: Move) -> Outcome:
    """Carry one move out."""
    return _Mover(ws, job).run()


class _Mover:
    def __init__(self, ws: Workspace, job: Move) -> None:
        self.ws = ws
        self.job = job
        self.index = ws.index
        self.packages = Packages(self.index)
        self.outcome = Outcome()
        for path in (job.source, job.target):
            if is_vendored(path):
                raise Refused(f"{path}: vendored packages belong to others")
        self.home = PackageUnits(self.index, self.packages, self.packages.of(job.source))
        self.target = Source(self.index, job.target) if ws.exists(job.target) else None
        self.package = self._target_package()
        self.same = self.package == self.home.package
        self._check_builds()

    def _target_package(self) -> tuple[str, str]:
        """The package that the target belongs to, or will."""
        job, folder = self.job, dirname(self.job.target)
        if self.target is not None:
            return self.packages.of(job.target)
        if folder == self.home.package[0]:
            return self.home.package
        name = self.packages.name(folder)
        if not name:
            name = package_word(self.packages.import_path(folder))
            language = self.index.language(job.source)
            if not name or (language is not None and name in language.keywords()):
                raise Refused(f"{folder}: no part of it can be the name of a package")
        if self.home.package[1].endswith("_test"):
            name += "_test"
        return folder, name

    def _check_builds(self) -> None:
        """The code has to be built when it was built before."""
        job = self.job
        names = {u.source.path for n in job.names for u in self.home.names.get(n, ())} or {job.source}
        for path in sorted(names):
            if constraints(path) != constraints(job.target):
                raise Refused(f"{job.target} is not built when {path} is: the ends of their names say so")
            rules = _BUILD.findall(self.home.sources[path].data) if path in self.home.sources else []
            there = _BUILD.findall(self.target.data) if self.target is not None else rules
            if [r.split() for r in rules] != [r.split() for r in there]:
                raise Refused(f"{job.target} is not built when {path} is: their build constraints differ")

    # -- the move

    def run(self) -> Outcome:
        moved = self._choose()
        before = self.packages.edges()
        if self.same:
            self._within(moved)
        else:
            self._between(moved)
            cycle = Packages(self.ws.index).new_cycle(before)
            if cycle:
                raise Refused(f"the move would close the import cycle {' -> '.join(cycle)}, which Go does not allow")
        self.outcome.left_alone = sorted(set(self.outcome.left_alone))
        return self.outcome

    def _choose(self) -> set[Unit]:
        job = self.job
        if job.whole:
            moved = {u for u in self.home.units if u.source.path == job.source}
            names = frozenset().union(*(u.names for u in moved)) - {"init"}
            moved |= {u for u in self.home.units if u.holder in names}
            if not moved:
                raise Refused(f"{job.source} declares nothing")
            job.names = set(names)
            return moved
        moved = self.home.choose(job.names, job.helpers and not self.same, job.source if self.same else None)
        if extra := sorted(frozenset().union(*(u.names for u in moved)) - job.names):
            self.outcome.notes.append(f"{', '.join(extra)} is used by the moved code alone and comes along")
        return {u for u in moved if u.source.path != job.target}

    def _within(self, moved: set[Unit]) -> None:
        """Between files of one package only imports matter."""
        rewriter = Rewriter(self.ws.index, self.packages, moved, self.home.package, self.home.package, self.job.target)
        self._write(rewriter, moved)

    def _between(self, moved: set[Unit]) -> None:
        job = self.job
        folder = self.package[0]
        if self.packages.module_folder(folder) != self.packages.module_folder(self.home.package[0]):
            raise Refused(f"{job.target} belongs to another module than {job.source}")
        for unit in moved:
            check_place(unit)
            if "init" in unit.names and not job.whole:
                raise Refused(f"{unit.source.path}: init is special in Go")
        sides = Sides(self.index, self.home, moved)
        sides.check()
        for path in self.packages.files(self.package):
            check_target(Source(self.index, path), sides.names)
        rewriter = Rewriter(self.ws.index, self.packages, moved, self.home.package, self.package, job.target)
        rewriter.keep_alias = job.keep_alias
        rewriter.run(self.home)
        if job.keep_alias:
            self._aliases(rewriter, moved)
        self._mentions(rewriter, sides.names)
        self._examples(sides.names)
        self._write(rewriter, moved)

    def _aliases(self, rewriter: Rewriter, moved: set[Unit]) -> None:
        """What goes on offering the old names."""
        source = self.home.sources[self.job.source]
        qualifier = rewriter.local(source.path, self.package)
        lines = []
        for unit in sorted(moved, key=lambda u: (u.source.path, u.span)):
            for name in sorted(unit.names & self.job.names):
                if not name[:1].isupper():
                    raise Refused(f"{name} is not exported; nothing outside of the package could go on using it")
                kind = unit.keyword or unit.node.type.removesuffix("_declaration")
                if kind == "var":
                    raise Refused(f"{name} is a variable; there is no other name for one")
                kind = "var" if kind == "function" else kind
                if any(n.type == "type_parameter_list" for n in within(unit.node)):
                    raise Refused(f"{name} has type parameters; there is no other name for it")
                lines.append(f"\n// {name} is {qualifier}.{name}.\n{kind} {name} = {qualifier}.{name}\n")
        end = len(source.data)
        rewriter.edits.setdefault(source.path, []).append(Edit(end, end, "".join(lines).encode()))

    def _mentions(self, rewriter: Rewriter, names: frozenset[str]) -> None:
        """`package.Name` in comments and documents."""
        old, new = self.home.package[1], self.package[1]
        for name in sorted(n for n in names if n[:1].isupper()):
            for mention in mentions(self.ws, name):
                if mention.kind == "code" or mention.qualifier.rpartition(".")[2] != old:
                    continue
                if mention.kind == "string":
                    reason = "in a string"
                elif is_changelog(mention.path) and not self.job.changelog:
                    reason = "the changelog tells what was true then"
                else:
                    start = mention.span[0] - len(old.encode()) - 1
                    rewriter.edits.setdefault(mention.path, []).append(Edit(start, mention.span[0] - 1, new.encode()))
                    continue
                self.outcome.left_alone.append(LeftAlone(mention.path, mention.line, mention.text, reason))

    def _examples(self, names: frozenset[str]) -> None:
        """Examples, which `go doc` shows with what stands in their own package."""
        for path in self.packages.paths:
            if dirname(path) != self.home.package[0] or not is_test(path) or path == self.job.source:
                continue
            for definition in self.packages.facts(path).definitions:
                if definition.name.startswith("Example") and definition.name[7:].split("_")[0] in names:
                    reason = "an example of what has moved; its place is beside it"
                    self.outcome.left_alone.append(LeftAlone(path, definition.line, definition.signature, reason))

    # -- writing

    def _write(self, rewriter: Rewriter, moved: set[Unit]) -> None:
        job, ws = self.job, self.ws
        text = rewriter.moved_text([u for u in moved if not (job.whole and u.source.path == job.source)])
        wanted = rewriter.target_imports(self.home)
        if job.whole and self.target is None:
            content = self._whole(rewriter, text)
        elif self.target is None:
            content = self._new_file(text, wanted)
        else:
            content = None
        cuts = rewriter.cuts([u for u in moved if not (job.whole and u.source.path == job.source)])
        for path in sorted({*rewriter.edits, *cuts, *({job.target} if self.target is not None else ())}):
            if job.whole and path == job.source:
                continue
            edits = [
                e for e in rewriter.edits.get(path, []) if not any(a <= e.start < b for a, b in cuts.get(path, ()))
            ]
            edits += [Edit(a, b, b"") for a, b in cuts.get(path, ())]
            if is_go(path):
                edits += rewriter.import_edits(path, wanted if path == job.target else {})
            if path == job.target and self.target is not None:
                edits.append(self._appended(self.target, text))
            if not edits:
                continue
            if reason := ws.protected(path):
                raise Refused(f"{path}: {reason}")
            ws.edit(path, sorted(_merged(edits), key=lambda e: e.start))
        if job.whole:
            found, left = path_mentions(ws, {job.source: job.target}, job.changelog)
            self.outcome.left_alone += left
            for path, some in found.items():
                if path != job.source and not ws.protected(path):
                    ws.edit(path, sorted(some))
            ws.move(job.source, job.target)
        if content is not None:
            ws.write(job.target, content)
        self._drop_empty()

    def _drop_empty(self) -> None:
        """A file that declares nothing any more goes, unless it documents its package."""
        for path in sorted(self.home.sources):
            if not self.ws.exists(path) or path == self.job.target:
                continue
            source = Source(self.ws.index, path)
            before = self.home.sources[path]
            emptied = before.declarations and not source.declarations and not source.facts.imports
            clause = source.clause.parent
            if emptied and clause is not None and not source.comments_above(clause):
                self.ws.delete(path)
                self.outcome.notes.append(f"all of {path} moves, so the file is gone")

    def _whole(self, rewriter: Rewriter, text: bytes) -> bytes:
        source = self.home.sources[self.job.source]
        edits = list(rewriter.edits.get(source.path, []))
        clause = source.clause
        edits.append(Edit(clause.start_byte, clause.end_byte, self.package[1].encode()))
        edits += rewriter.import_edits(source.path, rewriter.target_imports(self.home), whole=True)
        data = source.data
        for edit in sorted(edits, key=lambda e: (e.start, e.end), reverse=True):
            data = data[: edit.start] + edit.new + data[edit.end :]
        return data if not text else data.rstrip() + source.newline * 2 + text + source.newline

    def _new_file(self, text: bytes, wanted: dict[tuple[str, str], None]) -> bytes:
        """Licence and build constraints as the source has them, then package, imports and the code."""
        source = self.home.sources[self.job.source]
        newline = source.newline
        head: list[tuple[Node, bytes]] = []
        for node in source.root.named_children:
            if node.type != "comment":
                break
            comment = source.data[node.start_byte : node.end_byte]
            if _OF_THE_FILE.search(comment) or head:
                head.append((node, comment))
        lines: list[bytes] = []
        above = source.comments_above(source.clause.parent) if source.clause.parent is not None else []
        for node, comment in head:
            documents = any(a.id == node.id for a in above)
            if not documents:
                gap = bool(lines) and source.data[: node.start_byte].endswith((b"\n\n", b"\r\n\r\n"))
                lines.append((newline if gap else b"") + comment.rstrip())
        parts = [newline.join(lines), b"package " + self.package[1].encode()]
        content = (newline * 2).join(p for p in parts if p) + newline
        imports = self._import_block(content, wanted, newline)
        return content + imports + newline + text + newline

    def _import_block(self, content: bytes, wanted: dict[tuple[str, str], None], newline: bytes) -> bytes:
        if not wanted:
            return b""
        planned = self.index.with_changes({self.job.target: content})
        editor = ImportEditor(Source(planned, self.job.target))
        for path, alias in wanted:
            editor.add(path, alias)
        return editor.finish()[0].new.removeprefix(newline) + newline

    def _appended(self, target: Source, text: bytes) -> Edit:
        content = target.data.rstrip()
        text = text.replace(b"\r\n", b"\n").replace(b"\n", target.newline)
        return Edit(len(content), len(target.data), target.newline * 2 + text + target.newline)


def _merged(edits: list[Edit]) -> list[Edit]:
    """Edits in which what is taken out twice is taken out once."""
    kept = [e for e in edits if e.new]
    for edit in sorted(e for e in edits if not e.new):
        last = kept[-1] if kept and not kept[-1].new else None
        if last is not None and edit.start <= last.end:
            kept[-1] = Edit(last.start, max(last.end, edit.end), b"")
        else:
            kept.append(edit)
    return kept
