"""Scopes of C and C++, and what is collected in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ScopeKind = Literal["file", "namespace", "class", "enum", "template", "function", "block"]


@dataclass(slots=True)
class Scope:
    kind: ScopeKind
    #: qualified name of what the names declared here stand below
    where: str
    parent: Scope | None
    #: local names and the dotted expression of their types, "" where nothing is known
    names: dict[str, str] = field(default_factory=dict)
    #: whether the names have no linkage outside the file (anonymous namespaces)
    hidden: bool = False

    def block(self) -> Scope:
        return Scope("block", self.where, self, hidden=self.hidden)

    def local(self, name: str) -> str | None:
        """Type of a local variable or parameter, None for what is none."""
        at: Scope | None = self
        while at is not None:
            found = at.names.get(name)
            if found is not None:
                return found
            at = at.parent
        return None

    @property
    def is_local(self) -> bool:
        """Whether declarations here are seen by their function alone."""
        at: Scope | None = self
        while at is not None and at.kind == "template":
            at = at.parent
        return at is not None and at.kind in ("function", "block")

    def outer(self) -> Scope:
        """The innermost scope that is no class: where tags of C stand."""
        at = self
        while at.kind in ("class", "enum", "template") and at.parent is not None:
            at = at.parent
        return at

    def class_name(self) -> str:
        """Qualified name of the class around, "" outside one."""
        at: Scope | None = self
        while at is not None:
            if at.kind == "class":
                return at.where
            at = at.parent
        return ""


@dataclass(frozen=True, slots=True)
class Pending:
    """A bare name, to be bound when all definitions of the file are known."""

    name: str
    start: int
    end: int
    kind: Literal["call", "use", "definition"]
    scope: str
    is_type: bool = False
    #: a word in the text of a macro, which means what its uses make it mean
    loose: bool = False
