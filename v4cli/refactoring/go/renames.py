"""What a rename in Go needs besides the references: whether they are all, what follows along, what the name may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import dirname
from typing import TYPE_CHECKING

from ...errors import Refused
from ..workspace import Edit
from .method_sets import MethodSets
from .packages import Packages
from .paths import is_go, is_test, is_vendored
from .standard import is_member
from .syntax import Source, text_of, within

if TYPE_CHECKING:
    from tree_sitter import Node

    from repo_index import Index
    from repo_index.records import Reference, Symbol

_CODE = {"use", "call", "keyword", "import", "export"}
_TEST = re.compile(r"(Test|Benchmark|Fuzz|Example)(?![a-z])")
_BOUND_BY_NAME = rb"(?m)^//(?:export[ \t]+%b\b|go:linkname[ \t].*\b%b\b)"


class GoRename:
    """One rename of a symbol and its family (methods that types have to share to go on having an interface)."""

    def __init__(self, index: Index, family: list[Symbol], new: str) -> None:
        self.index = index
        self.family = family
        self.symbol = family[0]
        self.old, self.new = self.symbol.name, new
        self.exported = self.symbol.definition.exported
        self.packages = Packages(index)
        self.homes = {self.packages.of(s.path) for s in family}
        self._sources: dict[str, Source] = {}

    def source(self, path: str) -> Source:
        if path not in self._sources:
            self._sources[path] = Source(self.index, path)
        return self._sources[path]

    # -- before anything is looked up

    def check(self) -> None:
        """Raises Refused for names that the language or its tools give a meaning, and for methods that an interface
        of the standard library may ask for."""
        if self.old in ("init", "main") or self.new in ("init", "main", "_"):
            raise Refused(
                f"{self.symbol.id}: {self.old if self.old in ('init', 'main') else self.new} is special in Go"
            )
        for member in self.family:
            if is_vendored(member.path):
                raise Refused(f"{member.id} belongs to a vendored package")
        match = _TEST.match(self.old)
        if match and is_test(self.symbol.path) and self.symbol.kind == "function":
            if not re.match(match[1] + r"(?![a-z])", self.new):
                raise Refused(f"{self.symbol.id}: go test runs it for its name, which begins with {match[1]}")
            return
        for folder, _ in sorted(self.homes):
            self._check_bound_by_name(folder)
        if self.symbol.kind == "method" and self.exported:
            self._check_interfaces()

    def _check_bound_by_name(self, folder: str) -> None:
        name = re.escape(self.old.encode())
        pattern = re.compile(_BOUND_BY_NAME % (name, name))
        for record in self.index.files():
            if dirname(record.path) != folder or record.skipped or not record.path.endswith((".go", ".s")):
                continue
            data = self.index.read(record.path)
            found = pattern.search(data)
            if record.path.endswith(".s"):
                found = re.search("·".encode() + name + rb"\b", data)
            if found is not None and self.symbol.kind in ("function", "variable"):
                line = data.count(b"\n", 0, found.start()) + 1
                raise Refused(f"{record.path}:{line}: {self.old} is bound by its name there, outside of Go")

    def _check_interfaces(self) -> None:
        sets = MethodSets(self.index, self.packages, self.source)
        for member in self.family:
            asked = sets.asked(member)
            if asked is not None:
                type_id, interface = asked
                raise Refused(f"{member.id}: {type_id} has the interface {interface} of the standard library by it")
        for path in self.packages.paths:
            if self.old.encode() in self.index.read(path):
                for node in self.unnamed_methods(path):
                    line = node.start_point[0] + 1
                    text = f"an interface without a name, or of a function, has a method {self.old}"
                    raise Refused(f"{path}:{line}: {text}")

    def unnamed_methods(self, path: str) -> Iterator[Node]:
        """Names of methods called so in interfaces that have no definition in the index."""
        source = self.source(path)
        known = {d.name_span for d in source.facts.definitions}
        for node in within(source.root):
            if node.type == "method_elem":
                name = node.child_by_field_name("name")
                if name is not None and text_of(name) == self.old and (name.start_byte, name.end_byte) not in known:
                    yield name

    # -- references

    def reason_to_leave(self, reference: Reference, others: list[Symbol]) -> str:
        """ "" for a place that follows, else why it stays. Raises Refused where that cannot be told."""
        if reference.certainty == "exact" or reference.kind not in _CODE:
            return ""
        here = self.packages.of(reference.path)
        if not self.exported and here[0] not in {folder for folder, _ in self.homes}:
            return "a name of another package"
        if self.exported:
            foreign = is_member(self.old) or self._imports_foreign(reference.path)
            near = others
        else:
            foreign = False
            near = [o for o in others if dirname(o.path) == here[0]]
        if not near and not foreign and not self._local_fields(reference.path):
            return ""
        other = f"{min(o.id for o in near)}" if near else "that of another type"
        raise Refused(
            f"{reference.path}:{reference.line}: whether {reference.name} is this one or {other} cannot be told; "
            "rename it by hand, or leave the file out with skip_paths"
        )

    def _imports_foreign(self, path: str) -> bool:
        """Whether the file's package imports something that is neither the repository's nor the standard library's."""
        for other in self.packages.files(self.packages.of(path)):
            for fact in self.packages.facts(other).imports:
                if self.packages.target(other, fact) is None and not self.packages.is_standard(other, fact.module):
                    return True
        return False

    def _local_fields(self, path: str) -> bool:
        """Whether a type without a definition in the index, in the package of a file, has a field of that name."""
        for other in self.packages.files(self.packages.of(path)):
            if self.old.encode() not in self.index.read(other):
                continue
            source = self.source(other)
            known = {d.name_span for d in source.facts.definitions}
            for node in within(source.root):
                if node.type == "field_identifier" and node.parent is not None and node.text == self.old.encode():
                    span = (node.start_byte, node.end_byte)
                    if node.parent.type in ("field_declaration", "method_elem") and span not in known:
                        return True
        return False

    def check_places(self, places: Iterable[tuple[str, int]]) -> None:
        """Raises Refused where the name is used from a package that will not see it any more, or in vendored code."""
        folders = {folder for folder, _ in self.homes}
        for path, line in sorted(places):
            if not is_go(path):
                continue
            if is_vendored(path):
                raise Refused(f"{path}:{line}: a vendored package uses {self.old}")
            outside = self.packages.of(path) not in self.homes
            if outside and not (self.new[:1].isupper()) and self.old[:1].isupper():
                raise Refused(f"{path}:{line}: another package uses {self.old}; {self.new} would not be exported")
        if len(folders) > 1 and not self.new[:1].isupper():
            raise Refused(f"{self.symbol.id}: its family spreads over packages; {self.new} would not be exported")

    # -- collisions

    def check_collisions(self, edits: Mapping[str, Iterable[Edit]]) -> None:
        """Raises Refused where the new name is taken, or would be hidden at a use or hide something."""
        if self.symbol.definition.parent:
            self._check_embedded()
            return
        for home in sorted(self.homes):
            for path in self.packages.files(home):
                self._check_package_file(path)
            other = (home[0], home[1].removesuffix("_test"))
            for path in self.packages.files(other) if other != home else ():
                self._check_package_file(path)
        for path, some in sorted(edits.items()):
            if not is_go(path):
                continue
            source = self.source(path)
            if self.packages.of(path) not in self.homes and any(f.name == "*" for f in source.facts.imports):
                for file in self.packages.files(self.packages.of(path)):
                    self._check_package_file(file)
            for edit in some:
                node = source.node((edit.start, edit.end))
                qualified = node.parent is not None and node.parent.type in ("selector_expression", "qualified_type")
                if qualified or node.type == "field_identifier":
                    continue
                declaration = source.declaration((edit.start, edit.end))
                local = source.binds_locally(declaration, self.new) if declaration is not None else None
                if local is not None:
                    line = source.line(local.start_byte)
                    raise Refused(f"{path}:{line}: {self.new} is a local name there, where {self.old} is used")

    def _check_package_file(self, path: str) -> None:
        source = self.source(path)
        for definition in source.facts.definitions:
            if definition.qualified == self.new:
                raise Refused(f"{path}:{definition.line}: {self.new} is defined there; choose another name")
        for fact in source.facts.imports:
            if self.packages.local(path, fact) == self.new:
                raise Refused(f"{path}:{fact.line}: {self.new} is the name of an import there; choose another name")
        for occurrence in source.facts.occurrences:
            free = occurrence.binding == "global" and not occurrence.chain
            if free and occurrence.name == self.new:
                raise Refused(f"{path}:{occurrence.line}: {self.new} means something else there; choose another name")

    def _check_embedded(self) -> None:
        """A member that an embedded type of elsewhere may have is hidden by one of the same name."""
        for member in self.family:
            holder = f"{member.path}::{member.definition.parent}"
            for symbol in self.index.symbols(member.path):
                if symbol.id != holder:
                    continue
                for base in symbol.definition.bases:
                    if self.index.resolve(member.path, base) is None and is_member(self.new):
                        raise Refused(f"{symbol.id}: {self.new} may be a member of {base}, which it embeds")

    # -- what follows along

    def along(self, edits: Mapping[str, Iterable[Edit]]) -> list[tuple[str, Edit]]:
        """Comments that begin with the name, examples of it, fields of types that embed it."""
        found: list[tuple[str, Edit]] = []
        for member in self.family:
            source = self.source(member.path)
            spec = source.spec(member.definition.name_span) or source.node(member.definition.name_span).parent
            places = [spec]
            if member.definition.parent and spec is not None:  # a field, or a method of an interface
                at = source.node(member.definition.name_span).parent
                places = [at] if at is not None and at.type in ("field_declaration", "method_elem") else [spec]
            elif spec is not None and spec.parent is not None and spec.parent.type.endswith("_declaration"):
                places.append(spec.parent)
            for node in places:
                span = source.doc_mention(node, self.old) if node is not None else None
                if span is not None:
                    found.append((member.path, Edit(*span, self.new.encode())))
        found += self._examples()
        return found

    def _examples(self) -> list[tuple[str, Edit]]:
        if not self.exported:
            return []
        found = []
        for member in self.family:
            parent = member.definition.parent
            if member.kind not in ("function", "method", "class", "type", "interface", "variable", "constant"):
                continue
            middle = f"{parent}_{self.old}" if parent else self.old
            pattern = re.compile(rf"Example{re.escape(middle)}(?=_|\Z)")
            folder = dirname(member.path)
            for path in self.packages.paths:
                if dirname(path) != folder or not is_test(path):
                    continue
                for definition in self.packages.facts(path).definitions:
                    match = pattern.match(definition.qualified)
                    if match is None or definition.kind != "function":
                        continue
                    if not self.new[:1].isupper():
                        raise Refused(f"{path}:{definition.line}: {definition.name} is an example of {self.old}")
                    start = definition.name_span[0] + match.end() - len(self.old)
                    found.append((path, Edit(start, start + len(self.old), self.new.encode())))
        return found

    def notes(self) -> list[str]:
        """What a reader should know that no edit tells."""
        notes = []
        for member in self.family:
            if member.kind == "attribute" and self.exported:
                node = self.source(member.path).node(member.definition.name_span).parent
                if node is not None and node.child_by_field_name("tag") is None:
                    notes.append(f"{member.id} has no tag: what encodes it by reflection writes {self.new} from now on")
        if self.symbol.kind == "method" and self.exported and self._imports_foreign(self.symbol.path):
            notes.append("interfaces of other modules are not read: what they ask for is not checked")
        return notes[:3]
