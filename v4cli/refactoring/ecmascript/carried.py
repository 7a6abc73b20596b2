"""The code that a move carries: its statements, what it needs from elsewhere, and what the rest needs of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING

from repo_index.facts import ImportFact, Occurrence, Span

from ...errors import Refused
from .specifiers import Specifiers
from .syntax import Source, is_assigned, is_lazy, is_type_position

if TYPE_CHECKING:
    from tree_sitter import Node

_TYPES = {"interface", "type"}
_PLACE = (b"import.meta", b"__dirname", b"__filename")


@dataclass(slots=True)
class Need:
    """A name that the moved code takes from elsewhere: through `fact`, an import of the old file, or (None) from the
    old file itself, which offers it as `exported`. `early`: its value is used while the module loads."""

    local: str
    fact: ImportFact | None
    exported: str = ""
    type_only: bool = False
    early: bool = False


class Carried:
    """Raises Refused when the definitions cannot be taken out as whole statements."""

    def __init__(self, source: Source, asked: set[str], with_private_helpers: bool) -> None:
        self.source = source
        self.defined: dict[str, list[Node]] = {}
        self.kinds: dict[str, str] = {}
        self._declares: dict[int, set[str]] = {}
        for definition in source.facts.definitions:
            if "." in definition.qualified:
                continue
            statement = source.statement(definition.name_span)
            if statement is None:
                continue
            listed = self.defined.setdefault(definition.qualified, [])
            if statement not in listed:
                listed.append(statement)
            if self.kinds.get(definition.qualified, "type") in _TYPES:
                self.kinds[definition.qualified] = definition.kind
            self._declares.setdefault(statement.start_byte, set()).add(definition.qualified)
        for name in sorted(asked):
            if name not in self.defined:
                raise Refused(f"{source.path}::{name} is no statement of its own at the top level")
        self._uses = self._collect()
        self.names = set(asked)
        if with_private_helpers:
            self._take_helpers()
        self.statements = sorted(
            {s.start_byte: s for n in self.names for s in self.defined[n]}.values(), key=lambda s: s.start_byte
        )
        for statement in self.statements:
            others = self._declares[statement.start_byte] - self.names
            if others:
                line = source.line(statement.start_byte)
                raise Refused(f"{source.path}:{line}: the statement defines {', '.join(sorted(others))} as well")
        for statement in self.statements:
            text = source.data[statement.start_byte : statement.end_byte]
            if found := next((p for p in _PLACE if p in text), None):
                line = source.line(statement.start_byte)
                raise Refused(f"{source.path}:{line}: the code asks for its own place ({found.decode()})")
            if statement.type in ("expression_statement",):
                raise Refused(f"{source.path}:{source.line(statement.start_byte)}: defined by an assignment")
        self._check_exports()

    # -- what is there

    def _collect(self) -> list[tuple[str, Node, Occurrence, int]]:
        """(name, node, occurrence, start of its statement) of each use of a top-level name or import of the file."""
        found = []
        for occurrence in self.source.facts.occurrences:
            if occurrence.kind in ("definition", "doc", "string", "import") or occurrence.chain:
                continue
            name = occurrence.name
            if occurrence.binding == "definition":
                if occurrence.target != name or name not in self.defined:
                    continue
            elif occurrence.binding == "import":
                if occurrence.target != name:
                    continue
            elif occurrence.binding != "global":
                continue
            statement = self.source.statement(occurrence.span)
            if statement is not None:
                found.append((name, self.source.node(occurrence.span), occurrence, statement.start_byte))
        return found

    def _take_helpers(self) -> None:
        """Definitions that are not exported, and that only moved code uses."""
        exported = {e.local for e in self.source.facts.exports if not e.module}
        users: dict[str, set[str]] = {}
        for name, _, occurrence, at in self._uses:
            if occurrence.binding == "definition":
                inside = self._declares.get(at, {f"statement at {at}"})
                users.setdefault(name, set()).update(inside - {name})
        grown = True
        while grown:
            grown = False
            for name in sorted(self.defined):
                shared = any(len(self._declares[s.start_byte]) > 1 for s in self.defined[name])
                if name in self.names or name in exported or shared or not users.get(name):
                    continue
                if users[name] <= self.names:
                    self.names.add(name)
                    grown = True

    def _is_moved(self, at: int) -> bool:
        return any(s.start_byte == at for s in self.statements)

    @cached_property
    def stays(self) -> bool:
        """Whether the old file keeps any code but imports and lists of exports."""
        return any(
            not self._is_moved(s.start_byte)
            and (s.type != "import_statement" or s.named_children[0].type == "string")
            and s.start_byte not in {e.start_byte for e in self.export_statements}
            for s in self.source.statements
        )

    @cached_property
    def globals(self) -> set[str]:
        return {n for n, _, o, at in self._uses if o.binding == "global" and self._is_moved(at)}

    def kind(self, name: str) -> str:
        return self.kinds.get(name, "")

    def is_exported(self, name: str) -> bool:
        return any(e.local == name and not e.module for e in self.source.facts.exports)

    def leads_home(self, fact: ImportFact, path: str) -> bool:
        """Whether an import of another file may be one of the moved names from here, by its name."""
        return fact.name in self.offered and not fact.scope

    # -- exports

    def _check_exports(self) -> None:
        for name in sorted(self.names):
            for occurrence in self.source.facts.occurrences:
                if occurrence.binding == "definition" and occurrence.target == name and occurrence.kind == "use":
                    node = self.source.node(occurrence.span)
                    statement = self.source.statement(occurrence.span)
                    moved = statement is not None and self._is_moved(statement.start_byte)
                    if is_assigned(node) and not moved:
                        line = occurrence.line
                        raise Refused(f"{self.source.path}:{line}: {name} is assigned there; an import cannot be")
        if "default" in self.offered.values() or any(n == "default" for n in self.names):
            raise Refused(f"{self.source.path}: a default export without a name has no name to move under")

    @cached_property
    def offered(self) -> dict[str, str]:
        """exported name -> moved name, of what the old file exports."""
        return {e.name: e.local for e in self.source.facts.exports if not e.module and e.local in self.names}

    @cached_property
    def listed(self) -> list[Span]:
        """Spans of moved names in export lists of the old file."""
        found = []
        for name, node, occurrence, at in self._uses:
            outside = occurrence.binding == "definition" and name in self.names and not self._is_moved(at)
            if outside and node.parent is not None and node.parent.type == "export_specifier":
                found.append(node.parent.start_byte)
        return [(s, s) for s in sorted(set(found))]

    @cached_property
    def export_statements(self) -> list[Node]:
        """`export default name` of moved names."""
        found = []
        for statement in self.source.statements:
            value = statement.child_by_field_name("value") if statement.type == "export_statement" else None
            if value is not None and value.type == "identifier" and (value.text or b"").decode() in self.names:
                found.append(statement)
        return found

    # -- what passes between the two files

    def needs(self) -> list[Need]:
        """What the moved code takes from imports and from the rest of the old file. Raises Refused for a variable
        of the rest that it assigns."""
        found: dict[tuple[str, int], Need] = {}
        facts = self.source.facts
        for name, node, occurrence, at in self._uses:
            if not self._is_moved(at):
                continue
            early = not is_type_position(node) and not is_lazy(node)
            if occurrence.binding == "import":
                fact = facts.imports[occurrence.import_index]
                if fact.scope or self._is_moved(self._start(fact.statement_span)):
                    continue
                statement = self.source.statement(fact.statement_span)
                if statement is None or statement.type != "import_statement" or b"require(" in (statement.text or b""):
                    raise Refused(f"{self.source.path}:{fact.line}: {name} comes from a require() or import()")
                need = found.setdefault((name, occurrence.import_index), Need(name, fact))
            elif occurrence.binding == "definition" and name not in self.names:
                if is_assigned(node):
                    raise Refused(
                        f"{self.source.path}:{occurrence.line}: the code assigns {name}, which an import cannot do"
                    )
                exported = sorted(e.name for e in facts.exports if e.local == name and not e.module)
                exported = [name] if name in exported or not exported else exported
                type_only = self.kind(name) in _TYPES or is_type_position(node)
                need = found.setdefault((name, -1), Need(name, None, exported[0], type_only))
                need.type_only = need.type_only and type_only
            else:
                continue
            need.early = need.early or early
        return [found[key] for key in sorted(found)]

    def _start(self, span: Span) -> int:
        statement = self.source.statement(span)
        return statement.start_byte if statement is not None else -1

    def used_by_rest(self) -> dict[str, bool]:
        """Moved names that the rest of the old file uses -> whether as types alone."""
        found: dict[str, bool] = {}
        for name, node, _ in self._rest():
            type_only = self.kind(name) in _TYPES or is_type_position(node)
            found[name] = found.get(name, True) and type_only
        return found

    def _rest(self) -> list[tuple[str, Node, Occurrence]]:
        exports = {e.start_byte for e in self.export_statements}
        return [
            (name, node, occurrence)
            for name, node, occurrence, at in self._uses
            if occurrence.binding == "definition"
            and name in self.names
            and not self._is_moved(at)
            and at not in exports
            and not (node.parent is not None and node.parent.type == "export_specifier")
        ]

    @property
    def rest_uses_early(self) -> bool:
        return any(not is_type_position(node) and not is_lazy(node) for _, node, _ in self._rest())

    def unused_imports(self) -> list[ImportFact]:
        """Imports of the old file that the moved code used and nothing else does."""
        used: dict[int, bool] = {}
        for _, _, occurrence, at in self._uses:
            if occurrence.binding == "import":
                used[occurrence.import_index] = used.get(occurrence.import_index, False) or not self._is_moved(at)
        facts = self.source.facts.imports
        return [facts[i] for i, elsewhere in sorted(used.items()) if not elsewhere and not facts[i].scope]

    # -- text

    def gaps(self) -> list[Span]:
        """What is cut out of the old file: the statements with their comments and the blank lines above them."""
        found = []
        data = self.source.data
        for statement in self.statements:
            start, end = self.source.with_comments(statement)
            line = data.rfind(b"\n", 0, start) + 1
            if not data[line:start].strip():
                start = line
            end = min(len(data), end + 1) if data[end : end + 1] == b"\n" else end
            rest = data[end:]
            blank = len(rest) - len(rest.lstrip(b"\r\n"))
            at_end = not rest.strip()
            if not at_end and blank and (start == 0 or data[:start].endswith((b"\n\n", b"\r\n\r\n"))):
                end += blank
            if at_end:
                start = len(data[:start].rstrip()) + len(self.source.newline)
            found.append((min(start, end), end))
        merged: list[Span] = []
        for start, end in found:
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def bodies(self, specifiers: Specifiers, target: str, public: set[str]) -> bytes:
        """The moved statements one below the other: `public` names exported, `default` taken away, specifiers of
        imports inside led from the new place."""
        parts: list[bytes] = []
        previous: Node | None = None
        for statement in self.statements:
            start, end = self.source.with_comments(statement)
            changes = self._specifiers(specifiers, target, start, end)
            names = self._declares[statement.start_byte]
            if statement.type == "export_statement":
                default = next((c for c in statement.children if c.type == "default"), None)
                if default is not None:
                    changes.append((default.start_byte, default.next_sibling.start_byte, b""))  # type: ignore[union-attr]
            elif names & public or names & set(self.offered.values()):
                changes.append((statement.start_byte, statement.start_byte, b"export "))
            text = self.source.data[start:end]
            for a, b, new in sorted(changes, reverse=True):
                text = text[: a - start] + new + text[b - start :]
            together = previous is not None and self.source.data[previous.end_byte : start].count(b"\n") == 1
            if parts:
                parts.append(self.source.newline * (1 if together else 2))
            parts.append(text.rstrip())
            previous = statement
        return b"".join(parts)

    def _specifiers(self, specifiers: Specifiers, target: str, start: int, end: int) -> list[tuple[int, int, bytes]]:
        changes = []
        for fact in self.source.facts.imports:
            a, b = fact.module_span
            if not (start <= a and b <= end):
                continue
            file = specifiers.file(fact.module, self.source.path)
            if file is None:
                if fact.module.startswith((".", "..")) and dirname(target) != dirname(self.source.path):
                    place = normpath(join(dirname(self.source.path), fact.module))
                    raise Refused(f"{self.source.path}:{fact.line}: nothing is at {place}")
                continue
            if specifiers.file(fact.module, target) == file:
                continue
            spelled = specifiers.spell(target, file, fact.module, file, self.source.path)
            if spelled is None:
                raise Refused(f"{self.source.path}:{fact.line}: no specifier like {fact.module!r} leads to {file}")
            changes.append((a, b, spelled.encode()))
        return changes
