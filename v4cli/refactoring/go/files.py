"""Moving Go packages (folders) to other paths with all that imports them, and files within and between packages."""

from __future__ import annotations

import re
from posixpath import basename, dirname, join

from repo_index.facts import ImportFact

from ...errors import Refused
from .. import file_moves
from ..module_mentions import path_mentions
from ..operation import LeftAlone, Outcome
from ..text_mentions import is_changelog
from ..workspace import Edit, Workspace
from .import_edits import in_order
from .packages import Packages
from .paths import constraints, is_go, is_vendored, may_import, package_word
from .syntax import Source

Edits = dict[str, set[Edit]]


def concerns(ws: Workspace, path: str) -> bool:
    """Whether a path is a Go file, or a folder that holds some and no Python package."""
    return file_moves.concerns(ws, path, is_go)


def rename_files(ws: Workspace, path: str, new_path: str, rename_in_text: bool, changelog: bool) -> Outcome:
    """Move a file or the folder of a package. Raises Refused where something could not import it any more."""
    root, new_root = file_moves.roots(ws, path, new_path, is_go, _named)
    if is_vendored(root) or is_vendored(new_root):
        raise Refused(f"{root}: vendored packages belong to others")
    if root in ws.paths():
        return _rename_file(ws, root, new_root, rename_in_text, changelog)
    return _FolderMove(ws, root, new_root).run(rename_in_text, changelog)


def _named(old: str, new: str) -> str:
    if not is_go(new):
        raise Refused(f"{new}: the new path of {old} ends in .go")
    return new


def _rename_file(ws: Workspace, root: str, new: str, rename_in_text: bool, changelog: bool) -> Outcome:
    if constraints(root) != constraints(new):
        before, after = ("_".join(constraints(p)) or "every build" for p in (root, new))
        raise Refused(f"{new}: the end of a file's name says when it is built: {before} before, {after} after")
    if basename(new)[:1] in ("_", "."):
        raise Refused(f"{new}: Go leaves files out whose names begin with {basename(new)[0]}")
    if dirname(root) != dirname(new):
        from .move import move_file

        return move_file(ws, root, new)
    outcome = Outcome()
    if rename_in_text:
        edits, left = path_mentions(ws, {root: new}, changelog)
        _write(ws, edits, outcome)
        outcome.left_alone += left
    ws.move(root, new)
    return outcome


def _write(ws: Workspace, edits: Edits, outcome: Outcome) -> None:
    for path in sorted(edits):
        if reason := ws.protected(path):
            outcome.left_alone.append(LeftAlone(path, 1, "", reason))
        elif edits[path]:
            before = ws.read(path)
            ws.edit(path, sorted(edits[path]))
            if is_go(path) and (order := in_order(before, ws.read(path))):
                ws.edit(path, order)


class _FolderMove:
    def __init__(self, ws: Workspace, root: str, new_root: str) -> None:
        self.ws = ws
        self.root, self.new_root = root, new_root
        self.packages = Packages(ws.index)
        self.moved = {p: new_root + p[len(root) :] for p in ws.paths() if p.startswith(root + "/")}
        self.edits: Edits = {}
        self.outcome = Outcome()
        for path in self.moved:
            if basename(path) in ("go.mod", "go.work"):
                raise Refused(f"{path}: the folder is a module of its own; its path is written in its go.mod")
        #: folder -> import path, before and after
        folders = sorted({dirname(p) for p in self.packages.paths if p in self.moved})
        if not folders:
            raise Refused(f"{root}: no Go package")
        old_module, new_module = (self.packages.module_folder(f) for f in (root, dirname(new_root)))
        if old_module != new_module:
            raise Refused(f"{new_root}: another module than {root}")
        self.paths = {f: self.packages.import_path(f) for f in folders}
        self.new_paths = {f: self.packages.import_path(new_root + f[len(root) :]) for f in folders}
        #: the name of the package at the top of the folder, before and after
        self.name = self.packages.name(root)
        self.new_name = self._new_name()

    def _new_name(self) -> str:
        if self.name in ("", "main") or package_word(self.paths.get(self.root, "")) != self.name:
            return self.name
        word = package_word(self.new_paths[self.root])
        language = self.ws.index.language(self.packages.paths[0])
        if not word or (language is not None and word in language.keywords()):
            raise Refused(f"{self.new_root}: no part of it can be the name of a package")
        return word

    def run(self, rename_in_text: bool, changelog: bool) -> Outcome:
        self._check_visibility()
        for path, number, fact, folder in self.packages.imports:
            if folder in self.paths:
                self._importer(path, number, fact, folder)
        self._clauses()
        if rename_in_text:
            self._texts(changelog)
        if self.name and self.new_name == self.name != basename(self.new_root) and self.name != "main":
            self.outcome.notes.append(f"the package goes on being called {self.name}")
        _write(self.ws, self.edits, self.outcome)
        for path in sorted(self.moved):
            self.ws.move(path, self.moved[path])
        self.outcome.left_alone = sorted(set(self.outcome.left_alone))
        return self.outcome

    def _after(self, folder: str) -> str:
        """The import path of a folder once it is moved."""
        return self.new_paths.get(folder) or self.packages.import_path(folder)

    def _check_visibility(self) -> None:
        for path, _, fact, folder in self.packages.imports:
            here = dirname(path)
            if not may_import(self._after(here), self._after(folder)):
                raise Refused(
                    f"{path}:{fact.line}: {self._after(here)} may not import {self._after(folder)}, which is internal"
                )

    def _importer(self, path: str, number: int, fact: ImportFact, folder: str) -> None:
        if fact.module.startswith("."):
            raise Refused(f"{path}:{fact.line}: a relative import cannot be led to another place")
        edits = self.edits.setdefault(path, set())
        edits.add(Edit(*fact.module_span, self.new_paths[folder].encode()))
        if folder != self.root or self.new_name == self.name or fact.local_span is not None or fact.name == "*":
            return
        if not fact.local:
            return
        source = Source(self.ws.index, path)
        uses = [
            o
            for o in source.facts.occurrences
            if o.binding == "import" and o.import_index == number and not o.chain and o.kind != "import"
        ]
        if self._taken(path, source):
            start = fact.module_span[0] - 1
            edits.add(Edit(start, start, f"{fact.local} ".encode()))
            return
        for use in uses:
            edits.add(Edit(*use.span, self.new_name.encode()))

    def _taken(self, path: str, source: Source) -> bool:
        """Whether a file has the new name of the package for something else."""
        if any(True for _ in source.words(source.root, self.new_name)):
            return True
        here = self.packages.of(path)
        return self.packages.defines(here, self.new_name)

    def _clauses(self) -> None:
        if self.new_name == self.name:
            return
        for path in self.packages.paths:
            if dirname(path) != self.root:
                continue
            source = Source(self.ws.index, path)
            if source.package in (self.name, f"{self.name}_test"):
                clause = source.clause
                end = clause.start_byte + len(self.name.encode())
                self.edits.setdefault(path, set()).add(Edit(clause.start_byte, end, self.new_name.encode()))
                match = re.search(rb"(?m)^(?://|/\*)\s*Package (" + self.name.encode() + rb")\b", source.data)
                if match is not None and match.start() < clause.start_byte:
                    self.edits[path].add(Edit(match.start(1), match.end(1), self.new_name.encode()))

    def _texts(self, changelog: bool) -> None:
        """Import paths in comments, documents and build files, then paths of folders."""
        found, left = path_mentions(self.ws, {self.root: self.new_root}, changelog)
        self.outcome.left_alone += left
        for path, some in self._import_paths(changelog).items():
            found[path] = some | {e for e in found.get(path, ()) if not _overlaps(e, some)}
        for path, some in found.items():
            known = self.edits.setdefault(path, set())
            known |= {e for e in some if not _overlaps(e, known)}

    def _import_paths(self, changelog: bool) -> Edits:
        old, new = (p.get(self.root, "") for p in (self.paths, self.new_paths))
        if not old:
            old = join(self.packages.import_path(dirname(self.root)), basename(self.root))
            new = join(self.packages.import_path(dirname(self.new_root)), basename(self.new_root))
        edits: Edits = {}
        if "/" not in old:
            return edits
        pattern = re.compile(rb"(?<![\w/-])" + re.escape(old.encode()) + rb"(?![\w-]|\.\w)")
        for record in self.ws.index.files():
            if record.skipped or old.encode() not in self.ws.read(record.path):
                continue
            facts = self.ws.index.facts(record.path)
            for match in pattern.finditer(self.ws.read(record.path)):
                if facts is not None and not any(a <= match.start() and match.end() <= b for a, b, _ in facts.texts):
                    continue
                if is_changelog(record.path) and not changelog:
                    line = self.ws.read(record.path).count(b"\n", 0, match.start()) + 1
                    reason = "the changelog tells what was true then"
                    self.outcome.left_alone.append(LeftAlone(record.path, line, old, reason))
                else:
                    edits.setdefault(record.path, set()).add(Edit(*match.span(), new.encode()))
        return edits


def _overlaps(edit: Edit, others: set[Edit]) -> bool:
    return any(edit.start < o.end and o.start < edit.end for o in others)
