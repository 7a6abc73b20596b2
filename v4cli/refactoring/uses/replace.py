"""Rewriting what refers to definitions of a module: uses, imports in every form, `__all__`, names in strings."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...errors import Refused
from ..operation import LeftAlone
from ..python.deletion import unlist
from ..python.imports import ImportEditor, ImportName, NewImport
from ..python.modules import is_python
from ..python.relocation import all_entries
from ..python.scopes import Scopes
from ..python.source import PythonSource, Span, placed, try_parse
from ..workspace import Edit, Workspace
from .lines import edit_and_wrap
from .prose import prose_edits

if TYPE_CHECKING:
    from repo_index.records import Reference, Symbol


@dataclass(frozen=True, slots=True)
class Replacement:
    """What takes the place of a definition: `name` is imported or read from its module, `suffix` stands behind it.

    `is_method`: documents name it as a method instead of a function.
    """

    name: str
    suffix: str = ""
    is_method: bool = False

    @property
    def text(self) -> str:
        return self.name + self.suffix


@dataclass(slots=True)
class Place:
    """One use in code. `call` is the call whose callee it is; `bare`: a plain name, not an attribute."""

    source: PythonSource
    reference: Reference
    symbol: Symbol
    span: Span
    call: ast.Call | None
    bare: bool
    #: imports that the file needs for what takes the place of the use
    imports: list[NewImport] = field(default_factory=list)

    @property
    def where(self) -> str:
        return f"{self.source.path}:{self.reference.line}"

    def refuse(self, why: str) -> Refused:
        return Refused(f"{self.where}: {why}: {self.source.line_text(self.reference.line).strip()[:120]}")


#: edits of a use, and whether the replacement's name has to be imported for it
Rewritten = tuple[list[Edit], bool]


class Replacing:
    """Works out the edits that put replacements in the place of functions of one module, in the whole repository.

    `at_use` gives the edits of one use; without it the name is replaced. `at_text` gives what stands behind a name
    in prose, for the rest of the line behind it.
    """

    def __init__(
        self,
        ws: Workspace,
        replacements: dict[str, tuple[Symbol, Replacement]],
        *,
        at_use: Callable[[Place, Replacement], Rewritten] | None = None,
        at_text: Callable[[str, bytes], Edit | None] | None = None,
        existing: Symbol | None = None,
        changelog: bool = False,
    ) -> None:
        self.ws = ws
        self.index = ws.index
        self.replacements = replacements
        self.home = next(iter(replacements.values()))[0].path
        self.at_use = at_use or self._plain
        self.at_text = at_text
        #: the class that the replacements belong to, when it is there already
        self.existing = existing
        self.changelog = changelog
        self.left: list[LeftAlone] = []

    def run(self) -> None:
        """Make every edit outside of the definitions themselves. Raises Refused where one cannot be made."""
        by_file: dict[str, list[tuple[Symbol, Reference]]] = {}
        for symbol, _ in self.replacements.values():
            for reference in self.index.references(symbol):
                if reference.kind not in {"definition", "doc"}:
                    by_file.setdefault(reference.path, []).append((symbol, reference))
        edits: dict[str, list[Edit]] = {}
        for path in sorted(by_file):
            if found := self._file(path, by_file[path]):
                edits[path] = found
        found_in_text, left = prose_edits(
            self.ws, self.replacements, set(edits) | {self.home}, edits, self.at_text, self.changelog
        )
        self.left += left
        for path, more in found_in_text.items():
            edits.setdefault(path, []).extend(more)
        for path in sorted(edits):
            if reason := self.ws.protected(path):
                self.left.append(LeftAlone(path, 1, "", reason))
            else:
                edit_and_wrap(self.ws, path, sorted(set(edits[path])))

    def _file(self, path: str, references: Iterable[tuple[Symbol, Reference]]) -> list[Edit]:
        if not is_python(path) or self.ws.protected(path):
            return []
        source = try_parse(path, self.ws.read(path))
        if source is None:
            self.left.append(LeftAlone(path, 1, "", "the file does not parse"))
            return []
        return _OneFile(self, source).run(references)

    @staticmethod
    def _plain(place: Place, replacement: Replacement) -> Rewritten:
        return [Edit(*place.span, place.source.encode(replacement.text))], True


class _OneFile:
    def __init__(self, whole: Replacing, source: PythonSource) -> None:
        self.whole = whole
        self.source = source
        self.scopes = Scopes(source)
        top = (whole.index.module_name(source.path) or "").split(".")[0]
        self.editor = ImportEditor(source, frozenset({top} if top else ()))
        self.uses = {u.span: u for u in self.scopes.uses if not u.quoted}
        self.attributes = {
            source.span(n)[1] for n in source.nodes if isinstance(n, ast.Attribute) and placed(source, n)
        }
        self.calls = {source.span(n.func)[1]: n for n in source.nodes if isinstance(n, ast.Call) and placed(source, n)}
        self.edits: list[Edit] = []
        #: names that uses in this file read: the replacement has to be bound there
        self.wanted: set[str] = set()
        #: replacements that `__all__` lists by now
        self.listed = set(all_entries(source))

    def run(self, references: Iterable[tuple[Symbol, Reference]]) -> list[Edit]:
        dropped: dict[ImportName, str] = {}
        for symbol, reference in sorted(references, key=lambda pair: pair[1].span):
            replacement = self.whole.replacements[symbol.name][1]
            here = self.source.data[slice(*reference.span)]
            if here != reference.name.encode():
                continue
            if reference.kind == "import":
                if (name := self._import_at(reference.span)) is not None:
                    dropped[name] = replacement.name
            elif reference.kind == "string":
                self._string(symbol, reference, replacement)
            elif reference.kind == "export":
                self._export(reference, replacement)
            elif reference.certainty == "exact":
                self._use(symbol, reference, replacement)
            else:
                self._leave(reference, "may mean something else")
        for name, new in dropped.items():
            self.editor.drop(name)
            if self._needed(name, new):
                self._check_binding(new, name)
                self.editor.add_near(NewImport(name.statement.module, new), name.statement)
        return [*self.edits, *self.editor.edits()]

    def _needed(self, name: ImportName, new: str) -> bool:
        """An import goes away only where every use of what it bound did without."""
        uses = [u for u in self.scopes.uses if u.name == name.local]
        return new in self.wanted or not uses or self._reexports(name)

    def _reexports(self, name: ImportName) -> bool:
        return any(name.local in e.names for e in self.whole.index.importers(self.source.path))

    def _import_at(self, span: Span) -> ImportName | None:
        for statement in self.editor.statements:
            for name in statement.names:
                if name.span[0] <= span[0] and span[1] <= name.span[1]:
                    return name
        return None

    def _check_binding(self, new: str, at: ImportName) -> None:
        """The name that takes the import's place is free, or means the same already."""
        top = self.scopes.module
        bound = [n for n in top.bindings.get(new, []) if n is not at.alias]
        if not bound:
            return
        target = self.whole.index.resolve(self.source.path, new)
        if self.whole.existing is not None and getattr(target, "id", "") == self.whole.existing.id:
            return
        if any(getattr(n, "name", "") in self.whole.replacements for n in bound):
            return
        line = getattr(bound[0], "lineno", 1)
        raise Refused(f"{self.source.path}:{line}: {new} means something else there; choose another name")

    def _use(self, symbol: Symbol, reference: Reference, replacement: Replacement) -> None:
        span = reference.span
        bare = span[1] not in self.attributes and self.source.data[span[0] - 1 : span[0]] != b"."
        call = self.calls.get(span[1])
        place = Place(self.source, reference, symbol, span, call, bare)
        edits, needed = self.whole.at_use(place, replacement)
        self.edits += edits
        for new in place.imports:
            if new.local in self.scopes.module.bindings and not self._has_module(new):
                raise place.refuse(f"{new.local} means something else there, and {new.module} has to be imported")
            self.editor.add_top(new)
        if not needed or not bare:
            return
        self.wanted.add(replacement.name)
        if (use := self.uses.get(span)) is not None:
            home = self.scopes.lookup(use.scope, replacement.name)
            if home is not None and home is not self.scopes.module and not self._imports_same(home.bindings, symbol):
                raise place.refuse(f"{replacement.name} is a local name there; choose another name")

    def _has_module(self, new: NewImport) -> bool:
        return any(n.name == new.module and not s.is_from for s in self.editor.statements for n in s.names)

    def _imports_same(self, bindings: dict[str, list[ast.AST]], symbol: Symbol) -> bool:
        """Whether the scope imports the function, and so what replaces it."""
        imported = {name.alias for statement in self.editor.statements for name in statement.names}
        return any(node in imported for node in bindings.get(symbol.name, []))

    def _string(self, symbol: Symbol, reference: Reference, replacement: Replacement) -> None:
        start, end = reference.span
        before = self.source.data[max(start - 1, 0) : start]
        if before in {b".", b":"} and reference.certainty != "text":
            self.edits.append(Edit(start, end, self.source.encode(replacement.text)))
            return
        owner = self._owner_argument(reference.span)
        if reference.certainty != "exact" or owner is None:
            if reference.certainty != "text":
                self._leave(reference, "a string that equals the name and may be data")
            return
        if replacement.suffix:
            at = self.source.span(owner)[1]
            self.edits.append(Edit(at, at, self.source.encode(f".{replacement.name}")))
            self.edits.append(Edit(start, end, self.source.encode(replacement.suffix.lstrip("."))))
        else:
            self.edits.append(Edit(start, end, self.source.encode(replacement.name)))

    def _owner_argument(self, span: Span) -> ast.expr | None:
        """In `patch.object(module, "name")`: the argument before the string."""
        for call in self.calls.values():
            for number, argument in enumerate(call.args[:3]):
                begin, end = self.source.span(argument)
                if number and begin <= span[0] and span[1] <= end and isinstance(argument, ast.Constant):
                    owner = call.args[number - 1]
                    return owner if isinstance(owner, ast.Name | ast.Attribute) else None
        return None

    def _export(self, reference: Reference, replacement: Replacement) -> None:
        entry = next((e for e in all_entries(self.source).values() if self._holds(e, reference.span)), None)
        if entry is None:
            return
        if replacement.name in self.listed:
            self.edits.append(unlist(self.source, entry))
            return
        self.listed.add(replacement.name)
        self.edits.append(Edit(*reference.span, self.source.encode(replacement.name)))

    def _holds(self, node: ast.Constant, span: Span) -> bool:
        start, end = self.source.span(node)
        return start <= span[0] and span[1] <= end

    def _leave(self, reference: Reference, reason: str) -> None:
        text = self.source.line_text(reference.line).strip()[:200]
        self.whole.left.append(LeftAlone(self.source.path, reference.line, text, reason))
