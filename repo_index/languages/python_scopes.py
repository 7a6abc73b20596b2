"""Python's scopes: which names a block binds, and what a name used in a block means.

Follows the language reference, "Naming and binding": a name bound anywhere in a block is local to the whole
block unless `global` or `nonlocal` says otherwise; class blocks are not seen from the functions inside them;
a comprehension is a block of its own, except that its first iterable belongs to the block around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ..facts import Span

ScopeKind = Literal["module", "class", "function", "comprehension"]


class Name(NamedTuple):
    """An identifier in the source: its text, byte span and line."""

    text: str
    start: int
    end: int
    line: int

    @property
    def span(self) -> Span:
        return (self.start, self.end)


class Step(NamedTuple):
    """One step of a chain: an attribute (`name` set), "(" a call, "[" a subscript, ":" a slice, "*" an iteration.

    `first` is a call's first argument, where what is called may hand it on (`copy.copy(x)`).
    """

    kind: Literal[".", "(", "[", ":", "*"]
    name: Name | None = None
    keywords: tuple[Name, ...] = ()
    first: Chain | None = None


@dataclass(slots=True, eq=False)
class Chain:
    """`root.a.b(...).c`: a primary expression. `root` is None when it is no plain name (a string, a list)."""

    root: Name | None
    steps: list[Step]
    scope: Scope
    #: the last name is being bound or deleted
    store: bool = False
    #: the root is a place of another chain
    silent: bool = False


@dataclass(slots=True, eq=False)
class Binding:
    """All that one block says about one name."""

    names: list[Name] = field(default_factory=list)
    #: indexes into the file's imports
    imports: list[int] = field(default_factory=list)
    #: classes and functions defined under this name: true as soon as there is one
    block: bool = False
    #: what is assigned: chains, None for a value that nothing is known about
    values: list[Chain | None] = field(default_factory=list)
    #: dotted expression of the annotation, "" without
    annotation: str = ""
    #: qualified name of the class whose method has this as its first parameter
    receiver_class: str = ""
    #: span of the statement of the first assignment, its line and end line
    statement: tuple[Span, int, int] | None = None
    is_type: bool = False
    #: a parameter that pytest fills by its name
    fixture: bool = False


class Narrowing(NamedTuple):
    """A span of the source, read in `scope`, in which a variable holds an object of one of some classes."""

    span: Span
    scope: Scope
    classes: tuple[Chain, ...]


@dataclass(slots=True, eq=False)
class Scope:
    kind: ScopeKind
    parent: Scope | None
    qualified: str
    bindings: dict[str, Binding] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    returns: list[Chain | None] = field(default_factory=list)

    @property
    def module(self) -> Scope:
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def binder(self, name: str) -> Scope:
        """The scope in which an assignment here binds `name`."""
        scope: Scope = self
        if name in scope.globals:
            return scope.module
        if name in scope.nonlocals:
            outer = scope.parent
            while outer is not None and outer.parent is not None:
                if outer.kind == "function" and name in outer.bindings and name not in outer.nonlocals:
                    return outer
                outer = outer.parent
        return scope

    def statement_scope(self) -> Scope:
        """The nearest block that is no comprehension: where `:=` binds."""
        scope: Scope = self
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        return scope

    def lookup(self, name: str) -> tuple[Scope, Binding] | None:
        """The binding that `name`, read here, means; None for a builtin or an unknown name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.globals:
                top = scope.module
                return (top, top.bindings[name]) if name in top.bindings else None
            if (scope is self or scope.kind != "class") and name not in scope.nonlocals:
                binding = scope.bindings.get(name)
                if binding is not None:
                    return (scope, binding)
            scope = scope.parent
        return None
