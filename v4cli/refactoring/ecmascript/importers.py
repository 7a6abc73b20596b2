"""Files that import moved definitions, through a list of names, a namespace or a re-export, and how each follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repo_index.facts import ImportFact

from ...errors import Refused
from ..operation import LeftAlone, Outcome
from ..workspace import Edit, Workspace
from .carried import Carried
from .import_edits import ImportEditor, Wanted
from .paths import is_ecmascript
from .specifiers import Specifiers
from .syntax import Source

if TYPE_CHECKING:
    from tree_sitter import Node

    from .move import Move

_TYPES = {"interface", "type"}


class Importers:
    """Works out the edits of all files but the old one and what is appended to the new one."""

    def __init__(self, ws: Workspace, job: Move, source: Source, carried: Carried, specifiers: Specifiers) -> None:
        self.ws = ws
        self.job = job
        self.source = source
        self.carried = carried
        self.specifiers = specifiers
        #: exported name -> name in the code
        self.exported = carried.offered
        self.asked_for: set[str] = set()
        self.edits: dict[str, list[Edit]] = {}
        #: of the new file, where it is among the importers: what it gets is added before this is finished
        self.target_editor: ImportEditor | None = None
        self.outcome = Outcome()

    def run(self) -> Outcome:
        index = self.ws.index
        paths = {e.source for e in index.edges() if e.target == self.job.source} - {self.job.source}
        for path in sorted(paths):
            if not is_ecmascript(path):
                continue
            facts = index.facts(path)
            if facts is None:
                continue
            relevant = [f for f in facts.imports if self.specifiers.file(f.module, path) == self.job.source]
            if not any(self._concerns(f) for f in relevant):
                continue
            if facts.errors:
                self.outcome.left_alone.append(LeftAlone(path, facts.errors[0][1], "", "the file does not parse"))
                continue
            importer = _Importer(self, path, relevant)
            importer.run()
            if path == self.job.target:
                self.target_editor = importer.editor
                self.edits[path] = importer.more
            elif edits := [*importer.more, *importer.editor.finish()]:
                self.edits[path] = edits
        return self.outcome

    def _concerns(self, fact: ImportFact) -> bool:
        return fact.name is None or fact.name == "*" or fact.name in self.exported


class _Importer:
    def __init__(self, all_: Importers, path: str, relevant: list[ImportFact]) -> None:
        self.all = all_
        self.job = all_.job
        self.path = path
        self.relevant = relevant
        self.source = Source(all_.ws, path)
        self.editor = ImportEditor(self.source)
        self.more: list[Edit] = []

    def run(self) -> None:
        for fact in self.relevant:
            statement = self.source.statement(fact.statement_span)
            origin = statement.child_by_field_name("source") if statement is not None else None
            own = origin is not None and origin.start_byte <= fact.module_span[0] < origin.end_byte
            kind = statement.type if statement is not None and own else ""
            if fact.kind == "test":
                self._leave(fact, "mocks the module that the definition leaves")
            elif fact.name == "*":
                self._star(fact)
            elif fact.name is not None:
                if fact.name in self.all.exported:
                    self._named(fact, kind)
            elif kind == "export_statement" and not fact.local:
                self._namespace_export(fact)
            elif kind == "import_statement" and fact.local and not fact.scope:
                self._namespace(fact)
            else:
                self._elsewhere(fact)

    def _leave(self, fact: ImportFact, reason: str) -> None:
        line = self.source.data.split(b"\n")[fact.line - 1].decode("utf-8", "replace").strip()[:200]
        self.all.outcome.left_alone.append(LeftAlone(self.path, fact.line, line, reason))

    def _refuse(self, fact: ImportFact, what: str) -> None:
        """Unless the old file goes on offering the name."""
        if self.job.keep_alias:
            self._leave(fact, f"{what}; the old file goes on offering it")
            return
        raise Refused(f"{self.path}:{fact.line}: {what} (with keep_alias the old file goes on offering it)")

    def _module(self, fact: ImportFact) -> str:
        spelled = self.all.specifiers.spell(self.path, self.job.target, fact.module, self.job.source, self.path)
        if spelled is None:
            raise Refused(f"{self.path}:{fact.line}: no specifier like {fact.module!r} leads to {self.job.target}")
        return spelled

    def _named(self, fact: ImportFact, statement: str) -> None:
        name = self.all.exported[str(fact.name)]
        here = self.path == self.job.target
        if statement == "import_statement" and fact.local and not fact.scope:
            span = fact.name_span or fact.local_span
            if here:
                if fact.local != name:
                    self._refuse(fact, f"{name} is called {fact.local} there")
                    return
                self.editor.remove(span or fact.statement_span)
                return
            self.editor.remove(span or fact.statement_span)
            self.editor.add(Wanted(self._module(fact), name, fact.local, fact.kind == "type"), fact.statement_span)
        elif statement == "export_statement" and fact.name_span is not None:
            offered = self._offered(fact)
            if here:
                if offered != name:
                    self._refuse(fact, f"{name} is offered as {offered} there")
                    return
                self.editor.remove(fact.name_span)
                return
            self.editor.remove(fact.name_span)
            wanted = Wanted(self._module(fact), name, offered, fact.kind == "type", True)
            self.editor.add(wanted, fact.statement_span)
        else:
            self._elsewhere(fact)
            return
        self.all.asked_for.add(name)

    def _offered(self, fact: ImportFact) -> str:
        """The name under which `export { name as other } from` offers what it takes."""
        node = self.source.node(fact.name_span or fact.statement_span)
        while node.parent is not None and node.type != "export_specifier":
            node = node.parent
        alias = node.child_by_field_name("alias") or node.child_by_field_name("name")
        return (alias.text or b"").decode() if alias is not None else str(fact.name)

    def _star(self, fact: ImportFact) -> None:
        """`export * from`: the names are offered one by one, unless the file offers all of the new one too."""
        if self.path == self.job.target or self.job.keep_alias:
            return
        facts = self.source.facts
        for other in facts.imports:
            if other.name == "*" and self.all.specifiers.file(other.module, self.path) == self.job.target:
                return
        there = {e.name for e in facts.exports}
        for offered, name in sorted(self.all.exported.items()):
            if offered in there or offered == "default":
                continue
            kind = self.all.carried.kind(name) in _TYPES or fact.kind == "type"
            self.editor.add(Wanted(self._module(fact), name, offered, kind, True), fact.statement_span)
            self.all.asked_for.add(name)

    def _namespace_export(self, fact: ImportFact) -> None:
        if any(c.type == "export_clause" for c in self._children(fact)):
            return  # export {} from: for its effects
        self._refuse(fact, "all of the module is offered under one name")

    def _children(self, fact: ImportFact) -> list[Node]:
        statement = self.source.statement(fact.statement_span)
        return list(statement.named_children) if statement is not None else []

    def _namespace(self, fact: ImportFact) -> None:
        """`import * as ns`: `ns.name` becomes the name itself, imported from the new file."""
        number = self.source.facts.imports.index(fact)
        uses: dict[str, list[Node]] = {}
        for occurrence in self.source.facts.occurrences:
            if occurrence.import_index != number or occurrence.binding != "import" or occurrence.kind == "doc":
                continue
            node = self.source.node(occurrence.span)
            if occurrence.chain == () and occurrence.kind != "import":
                parent = node.parent
                if parent is None or parent.type not in (
                    "member_expression", "nested_type_identifier", "nested_identifier",
                ):  # fmt: skip
                    self._refuse(fact, f"{fact.local} is used as a whole at line {occurrence.line}")
                    return
            elif len(occurrence.chain) == 1 and occurrence.chain[0] in self.all.exported:
                uses.setdefault(occurrence.chain[0], []).append(node)
        for offered, nodes in sorted(uses.items()):
            name = self.all.exported[offered]
            self.all.asked_for.add(name)
            local = name
            types = fact.kind == "type" or self.all.carried.kind(name) in _TYPES
            if there := self._bound_already(offered, types):
                local = there
            elif self.path != self.job.target:
                taken = {(n.text or b"").decode() for n in self.source.identifiers()}
                if local in taken:
                    local = f"{fact.local}{name[:1].upper()}{name[1:]}"
                if local in taken:
                    self._refuse(fact, f"{name} and {local} mean something else there")
                    return
                self.editor.add(Wanted(self._module(fact), name, local, types), fact.statement_span)
            for node in nodes:
                parent = node.parent
                expected = f"{fact.local}.{offered}".encode()
                if parent is None or parent.text != expected:
                    raise Refused(
                        f"{self.path}:{self.source.line(node.start_byte)}: {offered} cannot be taken apart there"
                    )
                self.more.append(Edit(parent.start_byte, parent.end_byte, local.encode()))

    def _bound_already(self, offered: str, types: bool) -> str:
        """The name by which the file imports the definition besides, where nothing else in it has that name."""
        for fact in self.relevant:
            if fact.name == offered and fact.local and not fact.scope and (types or fact.kind != "type"):
                uses = {o.span for o in self.source.facts.occurrences if o.target == fact.local}
                named = [n for n in self.source.identifiers() if (n.text or b"").decode() == fact.local]
                if all((n.start_byte, n.end_byte) in uses for n in named):
                    return fact.local
        return ""

    def _elsewhere(self, fact: ImportFact) -> None:
        """`require`, `import()`, import types, additions to a module: the specifier follows where it serves moved
        names alone."""
        facts = self.source.facts
        number = facts.imports.index(fact)
        if fact.name is not None:
            names = {f.name for f in facts.imports if f.module_span == fact.module_span}
        else:
            chains = [o.chain for o in facts.occurrences if o.import_index == number and o.binding == "import"]
            names = {c[0] for c in chains if c}
            declared = {
                d.name for d in facts.definitions
                if fact.statement_span[0] <= d.name_span[0] < fact.statement_span[1]
            } & set(self.all.exported)  # fmt: skip
            if declared:
                self._refuse(fact, f"adds to {sorted(declared)[0]} in the module")
                return
            if (
                not names
                and fact.kind in ("lazy", "runtime")
                and any((n.text or b"").decode() in self.all.exported for n in self.source.identifiers())
            ):
                self._refuse(fact, "loads the module in a way that cannot be followed")
                return
        moved = names & set(self.all.exported)
        if not moved:
            return
        if names <= set(self.all.exported) and all(self.all.exported[str(n)] == n for n in names):
            self.more.append(Edit(*fact.module_span, self._module(fact).encode()))
            self.more = list(dict.fromkeys(self.more))
            self.all.asked_for |= {str(n) for n in names}
            return
        self._refuse(fact, f"{sorted(str(n) for n in moved)[0]} is taken from the module with other names")
