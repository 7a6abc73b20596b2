"""Names, scopes and definitions of one file of a statically typed language with classes, while it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from tree_sitter import Node

from ..facts import Definition, Parameter, Span, SymbolKind

#: what a name may stand for: one name can mean a variable, a function and a type at once
VALUE, CALL, TYPE = 1, 2, 4
ANY = VALUE | CALL | TYPE


@dataclass(slots=True, eq=False)
class Def:
    """A definition in the making. What needs names that are declared further down is a function, called at the end."""

    name: str
    kind: SymbolKind
    name_span: Span
    node: Node
    parent: Def | None
    line: int
    end_line: int
    exported: bool = True
    prefix: str = ""
    body_span: Span | None = None
    signature: str = ""
    doc: str = ""
    decorators: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    bases: Callable[[], tuple[str, ...]] = tuple
    type: Callable[[], str] = str
    #: a field of the same class has this method's name
    called: bool = False
    #: a type that may inherit members
    open: bool = False

    @property
    def qualified(self) -> str:
        parts = []
        at: Def | None = self
        while at is not None:
            parts.append(at.name + ("()" if at.called else ""))
            if at.parent is None and at.prefix:
                parts.append(at.prefix)
            at = at.parent
        return ".".join(reversed(parts))

    def made(self) -> Definition:
        parent = self.parent.qualified if self.parent is not None else self.prefix
        return Definition(
            self.qualified,
            self.name,
            self.kind,
            self.name_span,
            (self.node.start_byte, self.node.end_byte),
            self.line,
            self.end_line,
            self.exported,
            parent,
            self.body_span,
            self.signature,
            self.bases(),
            self.parameters,
            self.decorators,
            self.doc,
            self.type(),
        )


@dataclass(slots=True, eq=False)
class Binding:
    kind: Literal["local", "definition", "import"]
    space: int
    #: byte from which on the name has this meaning
    start: int = 0
    definition: Def | None = None
    import_index: int = -1
    #: dotted expression of what a local variable holds
    type: Callable[[], str] = str
    busy: bool = False
    known: str | None = None

    def expression(self) -> str:
        """The type of a local variable, worked out once; "" while that needs itself."""
        if self.known is None:
            if self.busy:
                return ""
            self.busy = True
            self.known = self.type()
            self.busy = False
        return self.known


@dataclass(slots=True, eq=False)
class Scope:
    parent: Scope | None
    kind: Literal["file", "namespace", "type", "body"]
    owner: Def | None = None
    prefix: str = ""
    names: dict[str, list[Binding]] = field(default_factory=dict)
    #: the type of the receiver that a block is called with, where bare names may mean its members
    receiver: Callable[[], str] | None = None

    @property
    def qualified(self) -> str:
        return self.owner.qualified if self.owner is not None else self.prefix

    def bind(self, name: str, binding: Binding) -> None:
        self.names.setdefault(name, []).append(binding)

    def local(self, name: str, start: int, type: Callable[[], str] = str, space: int = VALUE) -> None:
        self.bind(name, Binding("local", space, start, type=type))

    def inner(self, kind: Literal["namespace", "type", "body"], owner: Def | None = None) -> Scope:
        return Scope(self, kind, owner or self.owner, self.prefix)

    def type_def(self) -> Def | None:
        """The type whose code this is."""
        at: Scope | None = self
        while at is not None:
            if at.kind == "type":
                return at.owner
            at = at.parent
        return None


def find(scope: Scope, name: str, at: int, space: int, universal: bool = False) -> tuple[Binding | None, bool]:
    """What a bare name means, and whether a type between may inherit another meaning of it. A
    `universal` name is a member of every class."""
    crossed = False
    here: Scope | None = scope
    while here is not None:
        found = here.names.get(name)
        if found:
            fitting = [b for b in found if b.space & space and b.start <= at]
            if fitting:
                return fitting[-1], crossed
        if here.kind == "type" and here.owner is not None and (here.owner.open or universal):
            crossed = True
        here = here.parent
    return None, crossed
