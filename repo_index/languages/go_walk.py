"""State of one pass over a Go file: scopes, what is collected, the stack of work."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from ..encoding import parseable
from ..facts import FileFacts, Occurrence, OccurrenceKind, Receiver, Span
from .grammar_wheels import parser

_PLACED = re.compile(r"struct@\d+")


def span(node: Any) -> Span:
    return (node.start_byte, node.end_byte)


def fields(node: Any, name: str) -> list[Any]:
    """The named children in a field, in order."""
    return [c for c in node.children_by_field_name(name) if c.is_named]


def written(type_: str) -> str:
    """A type expression as facts hold it, without the places of types that have no name."""
    return _PLACED.sub("struct", type_)


class Walk:
    """The stack is explicit: nesting depth is the author's choice. It holds nodes to visit and actions to run."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.tree = parser("tree_sitter_go").parse(parseable(source))
        self.facts = FileFacts("go")
        #: package-level names of this file (without members)
        self.top: set[str] = set()
        #: local name -> number in facts.imports
        self.imports: dict[str, int] = {}
        #: names of the blocks around the place: name -> type expression ("" unknown)
        self.scopes: list[dict[str, str]] = []
        #: start of an anonymous struct type -> the package-level variable or field that has it
        self.owners: dict[int, str] = {}
        #: `struct@` and the start of another struct type without a name -> the types of its fields
        self.structs: dict[str, dict[str, str]] = {}
        #: names that nothing in the file binds, or taken from an import (`fmt.Println`), with their first line
        self.unbound: dict[str, int] = {}
        self.todo: list[Any] = []

    def run(self, handlers: dict[str, Handler]) -> None:
        todo = self.todo
        while todo:
            item = todo.pop()
            if callable(item):
                item()
                continue
            handler = handlers.get(item.type)
            if handler is not None:
                handler(self, item)
            elif item.named_child_count:
                todo.extend(reversed(item.named_children))

    def push(self, items: Iterable[Any]) -> None:
        """Visit nodes, or run actions, in this order, before what is on the stack."""
        self.todo.extend(reversed([i for i in items if i is not None]))

    def inside(self, items: Iterable[Any]) -> None:
        """push() in a scope of its own."""
        self.push([self.enter, *items, self.leave])

    def enter(self) -> None:
        self.scopes.append({})

    def leave(self) -> None:
        self.scopes.pop()

    def declare(self, name: str, type_: str) -> None:
        if name != "_":
            self.scopes[-1][name] = type_

    def local(self, name: str) -> str | None:
        """The type expression of a local name, None for names of the file or package."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return None

    def text(self, node: Any) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def add(self, node: Any, kind: OccurrenceKind, binding: Any, target: str = "", **more: Any) -> None:
        place = (node.start_byte, node.end_byte)
        name = self.text(node)
        self.facts.occurrences.append(Occurrence(name, place, node.start_point[0] + 1, kind, binding, target, **more))

    def member(self, node: Any, kind: OccurrenceKind, type_: str, chain: tuple[str, ...] = ()) -> None:
        """A field or method of something of a type ("" unknown)."""
        of = written(type_.split(",")[0])
        receiver = Receiver("instance", of) if of else Receiver("unknown")
        self.add(node, kind, "member", chain=chain if len(chain) > 1 else (), receiver=receiver)

    def name(self, node: Any, kind: OccurrenceKind = "use") -> None:
        """A bare name."""
        name = self.text(node)
        if name == "_" or self.local(name) is not None:
            return
        if name in self.top:
            self.add(node, kind, "definition", name)
        elif name in self.imports:
            self.add(node, kind, "import", name, import_index=self.imports[name])
        else:
            self.unbound.setdefault(name, node.start_point[0] + 1)
            self.add(node, kind, "global")


Handler = Callable[[Walk, Any], None]
"""Records what a node says and pushes what is inside it."""
