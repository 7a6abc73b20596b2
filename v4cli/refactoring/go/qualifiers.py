"""Rewriting the uses of moved Go code: `old.Name`, `new.Name` or bare, and the imports that this needs or frees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from posixpath import dirname
from typing import TYPE_CHECKING

from repo_index.facts import ImportFact, Occurrence, Span

from ...errors import Refused
from ..workspace import Edit
from .import_edits import ImportEditor
from .packages import Package, Packages
from .paths import is_test, may_import
from .syntax import Source
from .units import PackageUnits, Unit

if TYPE_CHECKING:
    from tree_sitter import Node

    from repo_index import Index


class Rewriter:
    """Collects edits by path; `target` is the file that the units move to, of the package `new`."""

    def __init__(
        self, index: Index, packages: Packages, moved: set[Unit], old: Package, new: Package, target: str
    ) -> None:
        self.index = index
        self.packages = packages
        self.moved = moved
        self.old, self.new = old, new
        self.target = target
        self.names = frozenset().union(*(u.names for u in moved))
        self.edits: dict[str, list[Edit]] = {}
        self.keep_alias = False
        #: path -> (import path, alias) that edits ask for
        self._wanted: dict[str, dict[tuple[str, str], None]] = {}
        #: path -> how many uses of an import, by its number, the edits take away
        self._dropped: dict[str, Counter[int]] = {}
        self._sources: dict[str, Source] = {}
        self._locals: dict[tuple[str, Package], str] = {}
        self._by_file: dict[str, list[Unit]] = {}
        for unit in moved:
            self._by_file.setdefault(unit.source.path, []).append(unit)
            self._sources[unit.source.path] = unit.source

    def source(self, path: str) -> Source:
        if path not in self._sources:
            self._sources[path] = Source(self.index, path)
        return self._sources[path]

    def moves(self, path: str, span: Span) -> bool:
        return any(u.has(span) for u in self._by_file.get(path, ()))

    # -- uses

    def run(self, home: PackageUnits) -> None:
        """Qualify and unqualify every use. Raises Refused where a name would be hidden or may not be imported."""
        for path in home.sources:
            self._sources[path] = home.sources[path]
        for use in home.uses:
            inside = self.moves(use.path, use.occurrence.span)
            goes = use.name in self.names
            if inside == goes or (goes and self.keep_alias):
                continue
            # a bare name that the move parts from its definition
            package, where = (self.new, use.path) if goes else (self.old, self.target)
            qualifier = self.local(where, package, (self.source(use.path), use.occurrence.span))
            self._edit(use.path, Edit(use.occurrence.span[0], use.occurrence.span[0], qualifier.encode() + b"."))
        for path in self.packages.paths:
            self._qualified(path)

    def _qualified(self, path: str) -> None:
        """`old.Name` of moved names in other packages, and `new.Name` in the moved code."""
        imports = self.packages.facts(path).imports
        leads = {n: self.packages.target(path, f) for n, f in enumerate(imports)}
        mine = {n for n, folder in leads.items() if folder is not None and folder in (self.old[0], self.new[0])}
        if not mine:
            return
        source = self.source(path)
        here = self.packages.of(path)
        for occurrence in source.facts.occurrences:
            number = occurrence.import_index
            if occurrence.binding != "import" or number not in mine or len(occurrence.chain) != 1:
                if occurrence.binding == "global" and occurrence.name in self.names and here != self.old:
                    self._check_dot(path, imports, leads, occurrence)
                continue
            inside = self.moves(path, occurrence.span)
            if leads[number] == self.old[0] and not inside and occurrence.name in self.names and here != self.old:
                self._lead(source, here, occurrence, number)
            elif leads[number] == self.new[0] and inside and occurrence.name not in self.names:
                self._bare(source, occurrence, number)

    def _check_dot(self, path: str, imports: list[ImportFact], leads: dict[int, str | None], use: Occurrence) -> None:
        for number, fact in enumerate(imports):
            if fact.name == "*" and leads[number] == self.old[0]:
                raise Refused(f"{path}:{use.line}: {use.name} comes from a dot import, which cannot follow")

    def _lead(self, source: Source, here: Package, occurrence: Occurrence, number: int) -> None:
        if here == self.new:
            self._bare(source, occurrence, number)
            return
        qualifier = _qualifier(source, occurrence)
        local = self.local(source.path, self.new, (source, occurrence.span))
        self._edit(source.path, Edit(qualifier.start_byte, qualifier.end_byte, local.encode()))
        self._drop(source.path, number)

    def _bare(self, source: Source, occurrence: Occurrence, number: int) -> None:
        declaration = source.declaration(occurrence.span)
        hidden = source.binds_locally(declaration, occurrence.name) if declaration is not None else None
        if hidden is not None:
            line = source.line(hidden.start_byte)
            raise Refused(f"{source.path}:{line}: {occurrence.name} is a local name where the package's one is used")
        qualifier = _qualifier(source, occurrence)
        self._edit(source.path, Edit(qualifier.start_byte, occurrence.span[0], b""))
        self._drop(source.path, number)

    def _drop(self, path: str, number: int) -> None:
        self._dropped.setdefault(path, Counter())[number] += 1

    def _edit(self, path: str, edit: Edit) -> None:
        self.edits.setdefault(path, []).append(edit)

    # -- imports

    def local(self, path: str, package: Package, at: tuple[Source, Span] | None = None) -> str:
        """The name by which a file (the target may be one that is not there yet) names a package; imported where it is
        not. Raises Refused where it may not import it, or where the name is hidden at a place in the code."""
        folder, name = package[0], package[1]
        if name == "main" or name.endswith("_test"):
            raise Refused(f"{path} would need {name} of {folder or 'the top folder'}, which nothing can import")
        importer = self.packages.import_path(dirname(path))
        imported = self.packages.import_path(folder)
        if not may_import(importer, imported):
            raise Refused(f"{path}: {importer} may not import {imported}, which is internal")
        there = self.packages.index.file(path) is not None
        if is_test(self.target) and not is_test(path):
            raise Refused(f"{path} uses what would be declared in a test file")
        key = (path, package)
        if key not in self._locals:
            existing = None
            for fact in self.packages.facts(path).imports if there else ():
                if fact.name is None and fact.local and self.packages.target(path, fact) == folder:
                    existing = self.packages.local(path, fact)
            self._locals[key] = existing or self._new_local(path, package, imported, there)
        local = self._locals[key]
        if at is not None:
            source, span = at
            declaration = source.declaration(span)
            hidden = source.binds_locally(declaration, local) if declaration is not None else None
            if hidden is not None:
                line = source.line(hidden.start_byte)
                raise Refused(f"{source.path}:{line}: {local} is a local name there, where the package is needed")
        return local

    def _new_local(self, path: str, package: Package, imported: str, there: bool) -> str:
        folder, name = package
        above = dirname(folder).rpartition("/")[2].replace("-", "").replace(".", "") or "pkg"
        for candidate in (name, f"{above}{name}", f"{name}pkg"):
            if candidate.isidentifier() and not self._taken(path, candidate, there):
                alias = "" if candidate == name else candidate
                self._wanted.setdefault(path, {})[(imported, alias)] = None
                return candidate
        raise Refused(f"{path}: {name} means something else there, so {imported} cannot be imported")

    def _taken(self, path: str, name: str, there: bool) -> bool:
        """Whether a file has a name for something else, or a name of its package, or of code that moves there."""
        if path == self.target and any(True for u in self.moved for _ in u.source.words(u.node, name)):
            return True
        source = self.source(path) if there else None
        if source is not None and any(n.id != source.clause.id for n in source.words(source.root, name)):
            return True
        package = self.new if path == self.target else self.packages.of(path)
        return name in self.names or self.packages.defines(package, name)

    def _uses(self, path: str) -> Counter[int]:
        """Uses of each import of a file that stay there, the moved code and the edits left out."""
        found: Counter[int] = Counter()
        for occurrence in self.source(path).facts.occurrences:
            plain = occurrence.binding == "import" and not occurrence.chain and occurrence.kind != "import"
            if plain and not self.moves(path, occurrence.span):
                found[occurrence.import_index] += 1
        if path not in self._by_file:  # there edits take qualifiers away inside the moved code alone
            found.subtract(self._dropped.get(path, Counter()))
        return found

    def import_edits(self, path: str, more: dict[tuple[str, str], None], whole: bool = False) -> list[Edit]:
        """Edits of the import declarations of a file: what is needed now, and what nothing uses any more. `whole`: the
        file moves as it is."""
        source = self.source(path)
        editor = ImportEditor(source)
        if whole:
            used = {n for (n, _), count in self._moved_uses().items() if count > 0 and _ == path}
            had = {o.import_index for o in source.facts.occurrences if o.binding == "import" and not o.chain}
            gone = had - used
            there = {(f.module, f.local if f.local_span is not None else "") for f in source.facts.imports}
        else:
            before = {
                o.import_index
                for o in source.facts.occurrences
                if o.binding == "import" and not o.chain and o.kind != "import"
            }
            left = self._uses(path)
            gone = {n for n in before if left[n] <= 0}
            there = {(f.module, f.local if f.local_span is not None else "") for f in source.facts.imports}
        wanted = {**self._wanted.get(path, {}), **more}
        for number in sorted(gone):
            fact = source.facts.imports[number]
            key = (fact.module, fact.local if fact.local_span is not None else "")
            if fact.local and key not in wanted:
                editor.remove(fact)
        for module, alias in wanted:
            if (module, alias) not in there:
                editor.add(module, alias)
        return editor.finish()

    def _moved_uses(self) -> Counter[tuple[int, str]]:
        """(number of the import, file) of each import that the moved code uses, once its edits are made."""
        found: Counter[tuple[int, str]] = Counter()
        for path in self._by_file:
            for occurrence in self.source(path).facts.occurrences:
                plain = occurrence.binding == "import" and not occurrence.chain and occurrence.kind != "import"
                if plain and self.moves(path, occurrence.span):
                    found[occurrence.import_index, path] += 1
            for number, count in self._dropped.get(path, Counter()).items():
                found[number, path] -= count
        return found

    def target_imports(self, home: PackageUnits) -> dict[tuple[str, str], None]:
        """(import path, alias) of all that the moved code needs. Raises Refused where the target has such a name for
        something else."""
        wanted: dict[tuple[str, str], None] = {}
        there = self.index.file(self.target) is not None
        facts = self.packages.facts(self.target).imports if there else []
        known = {self.packages.local(self.target, f): f.module for f in facts if f.name is None}
        for (number, path), count in sorted(self._moved_uses().items()):
            if count <= 0:
                continue
            fact = self.source(path).facts.imports[number]
            if fact.name == "*":
                raise Refused(f"{path}:{fact.line}: the code uses a dot import")
            local = self.packages.local(path, fact)
            if known.setdefault(local, fact.module) != fact.module:
                raise Refused(f"{self.target}: {local} is {known[local]} there, and {fact.module} in the moved code")
            self._check_import(path, fact)
            if self.packages.defines(self.new, local):
                raise Refused(f"{self.target}: {local} is defined in its package, and an import in the moved code")
            if any(f.module == fact.module and self.packages.local(self.target, f) == local for f in facts):
                continue
            wanted[fact.module, fact.local if fact.local_span is not None else ""] = None
        for module, alias in self._wanted.get(self.target, {}):
            wanted[module, alias] = None
        return dict(sorted(wanted.items()))

    def _check_import(self, path: str, fact: ImportFact) -> None:
        folder = self.packages.target(path, fact)
        if folder is None:
            return
        importer, imported = (self.packages.import_path(f) for f in (dirname(self.target), folder))
        if not may_import(importer, imported):
            raise Refused(f"{self.target}: {importer} may not import {imported}, which is internal")

    # -- text

    def moved_text(self, units: Iterable[Unit]) -> bytes:
        """The moved code as it is to stand in the target, types before what follows them in the source."""
        parts = []
        for unit in sorted(units, key=lambda u: (u.source.path, u.span)):
            start, end = unit.span
            data = unit.source.data
            inner = [e for e in self.edits.get(unit.source.path, ()) if start <= e.start and e.end <= end]
            if unit.keyword:
                inner.append(Edit(unit.node.start_byte, unit.node.start_byte, unit.keyword.encode() + b" "))
            text = data[start:end]
            for edit in sorted(inner, key=lambda e: (e.start, e.end), reverse=True):
                text = text[: edit.start - start] + edit.new + text[edit.end - start :]
            if unit.keyword:
                text = text.replace(b"\n\t", b"\n")
            parts.append(text.rstrip())
        newline = b"\r\n" if any(b"\r\n" in p for p in parts) else b"\n"
        return (newline * 2).join(parts)

    def cuts(self, units: Iterable[Unit]) -> dict[str, list[Span]]:
        """What is cut out of the files: units with their comments and the blank lines above them."""
        found: dict[str, list[Span]] = {}
        by_path: dict[str, list[Unit]] = {}
        for unit in units:
            by_path.setdefault(unit.source.path, []).append(unit)
        for path, some in sorted(by_path.items()):
            data = self.source(path).data
            spans = [u.span for u in some if not u.keyword]
            spans += _emptied(some)
            covered = [u.span for u in some if u.keyword and not any(a <= u.span[0] < b for a, b in spans)]
            for start, end in sorted([*spans, *covered]):
                found.setdefault(path, []).append(_with_blank(data, start, end))
            merged: list[Span] = []
            for start, end in sorted(found.get(path, [])):
                if merged and start <= merged[-1][1]:
                    merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
                else:
                    merged.append((start, end))
            found[path] = merged
        return found


def _qualifier(source: Source, occurrence: Occurrence) -> Node:
    """The package's name before a name that is taken from it."""
    node = source.node(occurrence.span)
    parent = node.parent
    for name in ("operand", "package"):
        found = parent.child_by_field_name(name) if parent is not None else None
        if found is not None:
            return found
    raise Refused(f"{source.path}:{occurrence.line}: {occurrence.name} cannot be told from what it is taken from")


def _emptied(units: list[Unit]) -> list[Span]:
    """Whole declarations in parentheses all of whose parts move."""
    found = []
    by_declaration: dict[int, tuple[Unit, int]] = {}
    for unit in units:
        if not unit.keyword:
            continue
        at = unit.node.parent
        while at is not None and not at.type.endswith("_declaration"):
            at = at.parent
        if at is not None:
            by_declaration[at.start_byte] = (unit, by_declaration.get(at.start_byte, (unit, 0))[1] + 1)
    for start, (unit, count) in by_declaration.items():
        declaration = next(d for d in unit.source.declarations if d.start_byte == start)
        specs = [c for c in declaration.named_children if c.type != "comment"]
        specs = [s for c in specs for s in (c.named_children if c.type.endswith("_spec_list") else [c])]
        if len([s for s in specs if s.type != "comment"]) == count:
            found.append(unit.source.with_comments(declaration))
    return found


def _with_blank(data: bytes, start: int, end: int) -> Span:
    """A span from the start of its line to the end of its last, with the blank lines that would double up."""
    line = data.rfind(b"\n", 0, start) + 1
    if not data[line:start].strip():
        start = line
    for newline in (b"\r\n", b"\n"):
        if data[end : end + len(newline)] == newline:
            end += len(newline)
            break
    rest = data[end:]
    blank = len(rest) - len(rest.lstrip(b"\r\n"))
    if not rest.strip():
        start = len(data[:start].rstrip()) + (2 if b"\r\n" in data else 1)
        end = len(data)
    elif blank and (start == 0 or data[:start].endswith((b"\n\n", b"\r\n\r\n")) or data[:start].rstrip()[-1:] == b"("):
        end += blank
    elif rest.lstrip()[:1] == b")" and data[:start].endswith((b"\n\n", b"\r\n\r\n")):
        start = len(data[:start].rstrip()) + (2 if b"\r\n" in data else 1)
    return min(start, end), end
