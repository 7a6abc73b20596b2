"""State of one pass over a Rust file: scopes, paths, what is collected, the stack of work."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..encoding import parseable
from ..facts import FileFacts, ImportFact, Occurrence, OccurrenceKind, Receiver, Span
from .grammar_wheels import parser

#: ("local", type) | ("type", bound) | ("definition", qualified) | ("import", number)
Meaning = tuple[Literal["local", "type", "definition", "import"], str]


_MACROS = 200
_NOT_LINE = re.compile(rb"[^\n]")
_ITEM = re.compile(rb"\b(?:mod|use|fn|struct|enum|impl|trait|type)\s")


def span(node: Any) -> Span:
    return (node.start_byte, node.end_byte)


@dataclass(slots=True)
class Scope:
    #: of a module: nothing outside is seen
    is_module: bool = False
    #: qualified name of the module or function around
    path: str = ""
    module: str = ""
    values: dict[str, str] = field(default_factory=dict)
    items: dict[str, Meaning] = field(default_factory=dict)
    self_type: str | None = None


class Walk:
    """The stack is explicit: nesting depth is the author's choice. It holds nodes to visit and actions to run."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.tree = parser("tree_sitter_rust").parse(parseable(source))
        self.facts = FileFacts("rust")
        self.scopes: list[Scope] = []
        #: qualified names of the modules and definitions of this file
        self.defined: set[str] = set()
        self.macros: set[str] = set()
        self.todo: list[Any] = []
        #: scopes of the modules inside the file, by the start of their bodies
        self.inner: dict[int, Scope] = {}
        #: paths in `use`: (names, number of the import, alias, scope)
        self.uses: list[tuple[list[Any], int, Any, Scope]] = []
        #: items in the arguments of macros around items (`cfg_net! { mod tcp; }`), by the start of the arguments
        self.wrapped: dict[int, list[Any]] = {}
        self._trees: list[Any] = []
        self._imported: dict[tuple[str, str | None], int] = {}

    def run(self, handlers: Mapping[str, Handler]) -> None:
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

    def inside(self, items: Iterable[Any], scope: Scope | None = None) -> None:
        """push() in a scope of its own."""
        if scope is None:
            scope = Scope()
        self.push([lambda: self.enter(scope), *items, self.leave])

    def enter(self, scope: Scope) -> None:
        if self.scopes:
            outer = self.scopes[-1]
            scope.path = scope.path or outer.path
            scope.module = scope.module if scope.is_module else outer.module
        self.scopes.append(scope)

    def leave(self) -> None:
        self.scopes.pop()

    def text(self, node: Any) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace").removeprefix("r#")

    def items_of(self, macro: Any) -> list[Any]:
        """The items that a macro around items is given, [] for other macros."""
        tokens = next((c for c in macro.named_children if c.type == "token_tree"), None)
        if (
            tokens is None
            or len(self._trees) >= _MACROS
            or self.source[tokens.start_byte : tokens.start_byte + 1] != b"{"
        ):
            return []
        start, end = tokens.start_byte + 1, tokens.end_byte - 1
        if not _ITEM.search(self.source, start, end):
            return []
        if tokens.start_byte not in self.wrapped:
            blank = _NOT_LINE.sub(b" ", self.source[:start])
            tree = parser("tree_sitter_rust").parse(parseable(blank + self.source[start:end]))
            self._trees.append(tree)
            self.wrapped[tokens.start_byte] = [] if tree.root_node.has_error else tree.root_node.named_children
        return self.wrapped[tokens.start_byte]

    # -- meanings

    def value(self, name: str) -> Meaning | None:
        """What a bare name means as a value."""
        for scope in reversed(self.scopes):
            if name in scope.values:
                return ("local", scope.values[name])
            if name in scope.items:
                return scope.items[name]
            if scope.is_module:
                return None
        return None

    def type(self, name: str) -> Meaning | None:
        """What a bare name means as a type or at the head of a path."""
        for scope in reversed(self.scopes):
            if name in scope.items:
                return scope.items[name]
            if scope.is_module:
                return None
        return None

    def self_type(self) -> str:
        for scope in reversed(self.scopes):
            if scope.self_type is not None:
                return scope.self_type
        return ""

    def segments(self, node: Any) -> list[Any]:
        """The identifiers of a path, generic arguments left out; [] for `<T as Trait>::x`."""
        found: list[Any] = []
        while node is not None:
            if node.type in ("scoped_identifier", "scoped_type_identifier"):
                found.insert(0, node.child_by_field_name("name"))
                node = node.child_by_field_name("path")
            elif node.type in ("generic_type", "generic_type_with_turbofish", "generic_function"):
                node = node.child_by_field_name("type") or node.child_by_field_name("function")
            elif node.type in ("bracketed_type", "macro_invocation") or node.is_error:
                return []
            else:
                found.insert(0, node)
                break
        return found if all(n is not None for n in found) else []

    def dotted(self, node: Any) -> str:
        """A path as a type expression."""
        names = [self.text(n) for n in self.segments(node)]
        if not names:
            return ""
        if names[0] == "Self":
            head = self.self_type()
            return ".".join([head, *names[1:]]) if head else ""
        module = self.scopes[-1].module if self.scopes else ""
        while len(names) > 1 and names[0] in ("self", "super") and module:  # within this file
            if names[0] == "super":
                module = module.rpartition(".")[0]
            names = names[1:]
            if ".".join(p for p in (module, names[0]) if p) in self.defined:
                return ".".join(p for p in (module, *names) if p)
        if names[0] in ("crate", "self", "super", "$crate"):
            inner = self.scopes[-1].module if self.scopes else ""
            return "" if inner and names[0] != "crate" else "::".join(names)
        known = self.type(names[0])
        if known is not None and known[0] == "type":
            return ".".join([known[1], *names[1:]]) if known[1] else ""
        if known is not None and known[0] == "definition":
            return ".".join([known[1], *names[1:]])
        return ".".join(names)

    # -- what is found

    def add(self, node: Any, kind: OccurrenceKind, binding: Any, target: str = "", **more: Any) -> None:
        scope = self.scopes[-1].module if self.scopes else ""
        place = (node.start_byte, node.end_byte)
        if self.source[place[0] : place[0] + 2] == b"r#":
            place = (place[0] + 2, place[1])
        name = self.text(node)
        line = node.start_point[0] + 1
        self.facts.occurrences.append(Occurrence(name, place, line, kind, binding, target, scope=scope, **more))

    def member(self, node: Any, kind: OccurrenceKind, type_: str, chain: tuple[str, ...] = ()) -> None:
        """A field, method or associated item of something of a type ("" unknown)."""
        receiver = Receiver("instance", type_) if type_ else Receiver("unknown")
        self.add(node, kind, "member", chain=chain if len(chain) > 1 else (), receiver=receiver)

    def implied(self, node: Any, module: str, name: str | None) -> int:
        """The import that a path in the code stands for."""
        key = (module, name)
        if key not in self._imported:
            self._imported[key] = len(self.facts.imports)
            line, place = node.start_point[0] + 1, (node.start_byte, node.end_byte)
            self.facts.imports.append(ImportFact(module, name, "", "lazy", line, place, (place[0], place[0])))
        return self._imported[key]

    def name(self, node: Any, kind: OccurrenceKind = "use") -> None:
        """A bare name that is a value."""
        self._bare(node, kind, self.value(self.text(node)))

    def _bare(self, node: Any, kind: OccurrenceKind, known: Meaning | None) -> None:
        if known is None:
            self.add(node, kind, "global")
        elif known[0] == "definition":
            self.add(node, kind, "definition", known[1])
        elif known[0] == "import":
            self.add(node, kind, "import", self.text(node), import_index=int(known[1]))

    def path(self, nodes: list[Any], kind: OccurrenceKind = "use", *, is_type: bool = False) -> None:
        """`a::b::c`: an occurrence for each name."""
        if not nodes:
            return
        names = [self.text(n) for n in nodes]
        if len(nodes) == 1:
            if names[0] not in ("self", "Self", "super", "crate", "_"):
                self._bare(nodes[0], kind, self.type(names[0]) if is_type else self.value(names[0]))
            return

        def its_kind(i: int) -> OccurrenceKind:
            return kind if i == len(nodes) - 1 else "use"

        known = self.type(names[0])
        if names[0] == "Self" or (known is not None and known[0] == "type"):
            head = self.self_type() if names[0] == "Self" else known[1] if known is not None else ""
            for i in range(1, len(nodes)):
                self.member(nodes[i], its_kind(i), head, tuple(names[1 : i + 1]))
        elif names[0] in ("crate", "self", "super", "$crate") or known is None:
            self._anchored(nodes, names, its_kind)
        elif known[0] == "definition":
            self._bare(nodes[0], "use", known)
            self._inside(nodes, names, known[1], 1, its_kind)
        else:
            number = int(known[1])
            self._bare(nodes[0], "use", known)
            for i in range(1, len(nodes)):
                chain = tuple(names[1 : i + 1])
                self.add(nodes[i], its_kind(i), "import", names[0], chain=chain, import_index=number)

    def _inside(self, nodes: list[Any], names: list[str], at: str, start: int, kind: Callable[[int], Any]) -> None:
        """The rest of a path below a definition of this file."""
        i = start
        while i < len(nodes) and f"{at}.{names[i]}" in self.defined:
            at = f"{at}.{names[i]}"
            self.add(nodes[i], kind(i), "definition", at)
            i += 1
        for j in range(i, len(nodes)):
            self.member(nodes[j], kind(j), at, tuple(names[i : j + 1]))

    def _anchored(self, nodes: list[Any], names: list[str], kind: Callable[[int], Any]) -> None:
        start, module = 0, self.scopes[-1].module if self.scopes else ""
        here = names[0] in ("self", "super") and bool(module)
        while start < len(names) and names[start] in ("self", "super") and module:
            module = module.rpartition(".")[0] if names[start] == "super" else module
            start += 1
        if here and start < len(nodes) and names[start] not in ("self", "super"):
            at = f"{module}.{names[start]}" if module else names[start]
            if at in self.defined:
                self.add(nodes[start], kind(start), "definition", at)
                self._inside(nodes, names, at, start + 1, kind)
                return
            prefix = ["self", *module.split(".")] if module else ["self"]
        else:
            prefix = []
        rest = names[start:]
        if names[0] not in ("crate", "self", "super", "$crate"):
            self.add(nodes[0], "use", "global")
            if names[0][:1].isupper():  # a type that a glob import or the prelude brings
                for i in range(1, len(nodes)):
                    self.member(nodes[i], kind(i), names[0], tuple(names[1 : i + 1]))
                return
        for i, name in enumerate(rest):
            before = [*prefix, *rest[:i]]
            if name in ("crate", "self", "super", "$crate") or not before:
                continue
            number = self.implied(nodes[start + i], "::".join(before), name)
            self.add(nodes[start + i], kind(start + i), "import", name, import_index=number)


Handler = Callable[[Walk, Any], None]
"""Records what a node says and pushes what is inside it."""
