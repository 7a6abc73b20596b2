"""Add, remove or replace a base of a class."""

from __future__ import annotations

import ast
import tokenize
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from repo_index.references import descendants

from ...errors import NothingToDo, Refused
from ..classes.linearization import Linearization
from ..lookup import find_symbol
from ..operation import LeftAlone, Operation, Outcome
from ..parameters.layout import items, without
from ..python.denote import named
from ..python.modules import Modules, is_python
from ..python.source import DEFINITIONS, FUNCTIONS, PythonSource, Span, parse
from ..renaming.collisions import ancestors
from ..uses.lines import edit_and_wrap
from ..uses.substitute import Substitution, left_at, without_cycles
from ..workspace import Edit, Workspace

if TYPE_CHECKING:
    from repo_index import Index
    from repo_index.records import Symbol

#: bases that come after the others
_LAST = {"object", "Generic", "Protocol", "ABC"}


class ChangeBase(Operation):
    """Puts the base `new` of a Python class in the place of `old`; without `old` it is added, without `new` the base
    `old` is removed.

    Bases are classes of the repository (`path::Name` or a dotted name), built-in ones, or dotted names of other
    distributions. Touched: the bases of the class, calls such as `Old.method(self)` in its methods (with `new`), and
    the imports of the file. An added base comes `first` or `last`, in any case before `object`, `Generic`, `Protocol`
    and `ABC`, keywords such as `metaclass=` and arguments in brackets such as `Old[T]` stay.

    Left alone and listed: `isinstance` and `issubclass` checks for the old base, and members that the class reads
    through self or super() and that it had from the old base alone. Noted: abstract methods of the new base that the
    class does not define. Refused where the class would come to derive from itself, where Python finds no order of
    the bases, where the base is not defined before the class, and where its import would be circular.
    """

    kind: Literal["change_base"] = "change_base"
    symbol: str = Field(description="path::qualified.name of the class")
    old: str | None = Field(default=None, description="path::Name, dotted name, or built-in; None: add")
    new: str | None = Field(default=None, description="path::Name, dotted name, or built-in; None: remove")
    position: Literal["first", "last"] = "last"

    def apply(self, ws: Workspace) -> Outcome:
        if self.old is None and self.new is None:
            raise Refused("give old, new or both: the base to remove and the one to add")
        symbol = find_symbol(ws.index, self.symbol)
        if symbol.kind != "class" or not is_python(symbol.path):
            raise Refused(f"{symbol.id} is not a Python class")
        job = _Job(ws, self, symbol)
        edits = without_cycles(ws, job.work_out)
        for path in sorted(edits):
            edit_and_wrap(ws, path, edits[path])
        job.look_back()
        return Outcome(sorted(job.left), job.notes)


class _Job:
    def __init__(self, ws: Workspace, operation: ChangeBase, symbol: Symbol) -> None:
        self.ws, self.index, self.operation, self.symbol = ws, ws.index, operation, symbol
        self.modules = Modules(ws.index)
        self.old = named(ws.index, operation.old) if operation.old is not None else None
        self.new = named(ws.index, operation.new) if operation.new is not None else None
        if self.old is not None and self.new is not None and self.old.identity == self.new.identity:
            raise NothingToDo(f"{operation.old} is {operation.new}")
        self.left: set[LeftAlone] = set()
        self.notes: list[str] = []

    def work_out(self, lazy: set[str]) -> dict[str, list[Edit]]:
        source = parse(self.symbol.path, self.ws.read(self.symbol.path))
        substitution = Substitution(self.modules, source, lazy=bool(lazy))
        node = self._class(source)
        identities = [self._identity(substitution, base) for base in node.bases]
        if self.new is not None and self.new.identity in identities:
            raise NothingToDo(f"{self.symbol.id} derives from {self.operation.new} already")
        if self.old is not None and self.old.identity not in identities:
            raise NothingToDo(f"{self.symbol.id} does not derive from {self.operation.old}")
        self._check_order(source, node, identities)
        if self.old is None:
            edits = self._added(source, substitution, node, identities)
        else:
            edits = self._changed(source, substitution, node, node.bases[identities.index(self.old.identity)])
        return {source.path: [*edits, *substitution.finish()]}

    def _class(self, source: PythonSource) -> ast.ClassDef:
        found = []
        for node in source.nodes:
            if isinstance(node, ast.ClassDef):
                above = [a.name for a in source.ancestors(node) if isinstance(a, DEFINITIONS)]
                if ".".join([*reversed(above), node.name]) == self.symbol.qualified:
                    found.append(node)
        if len(found) != 1:
            raise Refused(f"{self.symbol.id} is defined {len(found)} times; change them by hand")
        return found[0]

    def _identity(self, substitution: Substitution, base: ast.expr) -> str:
        return substitution.denoting.identity(base.value if isinstance(base, ast.Subscript) else base)

    # what Python asks of bases

    def _check_order(self, source: PythonSource, node: ast.ClassDef, identities: list[str]) -> None:
        new = self.new
        if new is not None and new.symbol is not None:
            if self.symbol.id == new.symbol.id or self.symbol.id in ancestors(self.index, new.symbol.id):
                raise Refused(f"{new.symbol.id} derives from {self.symbol.id} itself")
            if new.symbol.path == source.path and new.symbol.line > node.lineno:
                raise Refused(
                    f"{new.symbol.id} (line {new.symbol.line}) is defined behind {self.symbol.name}; move it first"
                )
        before = Linearization(self.index)
        after = Linearization(self.index, {self.symbol.id: [i for i in self._after(identities) if i]})
        for identity in [self.symbol.id, *(s.id for s in descendants(self.index, self.symbol))]:
            if (conflict := after.conflict(identity)) and not before.conflict(identity):
                raise Refused(f"Python would not make {identity}: {conflict}")

    def _after(self, identities: list[str]) -> list[str]:
        new = [self.new.identity] if self.new is not None else []
        if self.old is not None:
            return [i for old in identities for i in (new if old == self.old.identity else [old])]
        at = self._place(identities)
        return [*identities[:at], *new, *identities[at:]]

    def _place(self, identities: list[str]) -> int:
        if self.operation.position == "first":
            return 0
        plain = [n for n, i in enumerate(identities) if i.rpartition(".")[2] not in _LAST]
        return plain[-1] + 1 if plain else 0

    # edits

    def _added(
        self, source: PythonSource, substitution: Substitution, node: ast.ClassDef, identities: list[str]
    ) -> list[Edit]:
        assert self.new is not None
        scope = substitution.scopes.scope_of[node].parent
        assert scope is not None
        text = source.encode(substitution.text(self.new, scope, node.lineno))
        brackets = _brackets(source, node)
        if brackets is None:
            end = _name_end(source, node)
            return [Edit(end, end, b"(" + text + b")")]
        every = items(source, brackets)
        if not every:
            return [Edit(brackets[0] + 1, brackets[1], text)]
        at = self._place(identities)
        if identities == ["builtins.object"]:
            return [Edit(every[0].start, every[0].end, text)]
        if at < len(every):
            start = every[at].start
            head = source.data[source.line_start(start) : start]
            joint = b",\n" + head if not head.strip() else b", "
            return [Edit(start, start, text + joint)]
        end = every[-1].end
        head = source.data[source.line_start(every[-1].start) : every[-1].start]
        joint = b",\n" + head if not head.strip() else b", "
        return [Edit(end, end, joint + text)]

    def _changed(
        self, source: PythonSource, substitution: Substitution, node: ast.ClassDef, base: ast.expr
    ) -> list[Edit]:
        plain = base.value if isinstance(base, ast.Subscript) else base
        if self.new is not None:
            if isinstance(base, ast.Subscript):
                self.notes = [f"{source.path}:{base.lineno}: keeps the arguments in brackets"]
            substitution.replace(plain, self.new)
            for call in self._explicit(source, substitution, node):
                substitution.replace(call, self.new)
            return []
        for call in self._explicit(source, substitution, node):
            self.left.add(left_at(source, call, "calls the old base, which the class no longer derives from"))
        substitution.drop_use(plain)
        brackets = _brackets(source, node)
        assert brackets is not None
        every = items(source, brackets)
        start = source.span(base)[0]
        number = next(n for n, item in enumerate(every) if item.start <= start < item.end)
        if len(every) == 1:
            return [Edit(brackets[0], brackets[1] + 1, b"")]
        return without(source, brackets, every, {number})

    def _explicit(self, source: PythonSource, substitution: Substitution, node: ast.ClassDef) -> list[ast.expr]:
        """The old base in `Old.method(self, ...)` in the methods of the class."""
        assert self.old is not None
        found = []
        for use in substitution.uses(self.old):
            member = source.parents[use]
            method = next((a for a in source.ancestors(use) if isinstance(a, FUNCTIONS)), None)
            if not isinstance(member, ast.Attribute) or method is None or source.parents[method] is not node:
                continue
            call = source.parents[member]
            first = [*method.args.posonlyargs, *method.args.args][:1]
            if (
                isinstance(call, ast.Call)
                and call.func is member
                and call.args
                and first
                and getattr(call.args[0], "id", "") == first[0].arg
            ):
                found.append(use)
        return found

    # what the class had from its old base

    def look_back(self) -> None:
        """List what may need a look, in the state that the change made."""
        index = self.ws.index
        if self.old is not None and self.old.symbol is not None:
            self._lost_members(index, self.old.symbol)
            self._checks(index, self.old.symbol)
        if self.new is not None and self.new.symbol is not None:
            self._abstract(index, self.new.symbol)

    def _lost_members(self, index: Index, old: Symbol) -> None:
        lineage = [self.symbol.id, *ancestors(index, self.symbol.id)]
        if any(_leads_outside(index, identity) for identity in lineage):
            return  # a base outside of the repository may have them
        before = [old.id, *ancestors(self.ws.base, old.id)]
        lost = {m for c in before for m in _members(self.ws.base, c)} - {m for c in lineage for m in _members(index, c)}
        source = parse(self.symbol.path, self.ws.read(self.symbol.path))
        for part in ast.walk(self._class(source)):
            if not isinstance(part, ast.Attribute) or part.attr not in lost or not isinstance(part.ctx, ast.Load):
                continue
            value = part.value
            by_self = isinstance(value, ast.Name) and value.id in {"self", "cls"}
            by_super = isinstance(value, ast.Call) and getattr(value.func, "id", "") == "super"
            if by_self or by_super:
                self.left.add(left_at(source, part, f"{part.attr} came from {old.name}"))

    def _checks(self, index: Index, old: Symbol) -> None:
        for reference in index.references(index.symbol(old.id)):
            if reference.kind != "use" or reference.certainty != "exact":
                continue
            lines = index.text(reference.path).split("\n")
            text = lines[reference.line - 1].strip() if reference.line <= len(lines) else ""
            if "isinstance(" in text or "issubclass(" in text:
                reason = f"checks for {old.name}, which {self.symbol.name} is no longer"
                self.left.add(LeftAlone(reference.path, reference.line, text[:200], reason))

    def _abstract(self, index: Index, new: Symbol) -> None:
        own = _members(index, self.symbol.id)
        for name, member in sorted(_members(index, new.id).items()):
            if name not in own and any("abstract" in d for d in member.definition.decorators):
                self.notes.append(f"{self.symbol.name} does not define {name}, which is abstract in {new.name}")


def _members(index: Index, class_id: str) -> dict[str, Symbol]:
    path, _, qualified = class_id.partition("::")
    return {s.name: s for s in index.symbols(path) if s.definition.parent == qualified}


def _leads_outside(index: Index, class_id: str) -> bool:
    """Whether one of the bases of the class is not in the repository."""
    path, _, qualified = class_id.partition("::")
    bases = [b for s in index.symbols(path) if s.qualified == qualified for b in s.definition.bases]
    return any(b.rpartition(".")[2] not in _LAST and index.resolve(path, b) is None for b in bases)


def _brackets(source: PythonSource, node: ast.ClassDef) -> Span | None:
    """The parentheses behind the name of the class; None without any."""
    depth = 0
    opening = -1
    end = _name_end(source, node)
    for kind, text, (start, _) in source.tokens:
        if start < end or kind != tokenize.OP:
            continue
        if text == ":" and depth == 0:
            return None
        if text in {"(", "[", "{"}:
            if text == "(" and depth == 0:
                opening = start
            depth += 1
        elif text in {")", "]", "}"}:
            depth -= 1
            if depth == 0 and text == ")":
                return opening, start
    return None


def _name_end(source: PythonSource, node: ast.ClassDef) -> int:
    name = node.name.encode()
    start = source.data.index(b"class", source.span(node)[0]) + len(b"class")
    return source.data.index(name, start) + len(name)
