"""One pass over a syntax tree: declares names in scopes and collects the places where names are used.

Uses are resolved after the pass (ecmascript_names.py), when every hoisted declaration is known. The pass
keeps its own stack, so that deeply nested code cannot exhaust Python's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from tree_sitter import Node

from ..facts import Export, ImportFact, ImportKind, OccurrenceKind, Span, SymbolKind, TextKind
from .ecmascript_scopes import Binding, Def, Scope, Space
from .ecmascript_tree import TRANSPARENT, Lines, has_token, span_of


class Name(NamedTuple):
    """An identifier that a scope gives its meaning."""

    node: Node
    scope: Scope
    kind: OccurrenceKind
    space: Space


class Chain(NamedTuple):
    """`root.a.b`: properties, as (name, span), taken from an expression."""

    root: Node
    properties: list[tuple[str, Span]]
    scope: Scope
    kind: OccurrenceKind
    space: Space


class Key(NamedTuple):
    """A property named in an object literal, a destructuring pattern or a JSX attribute. `of` is the
    expression, `annotation` the type, that it is a property of, where one of them is known; `literal` is what its
    context may say the type of (Walk.contexts)."""

    name: str
    span: Span
    scope: Scope
    of: Node | None = None
    annotation: Node | None = None
    literal: Node | None = None


class DocName(NamedTuple):
    """A dotted name in a comment, as (name, span) of its parts."""

    parts: list[tuple[str, Span]]
    scope: Scope


@dataclass(slots=True)
class Context:
    """What an expression stands in: an argument of a call, or the value of a property of an object literal."""

    of: Node
    scope: Scope
    number: int = -1
    key: str = ""


@dataclass(slots=True)
class PendingImport:
    fact: ImportFact
    scope: Scope


class PendingCall(NamedTuple):
    callee: Span
    arguments: Node
    scope: Scope


class ThisAssignment(NamedTuple):
    """`this.name = value` inside a method of a class or in a constructor function."""

    of: Def
    name: str
    span: Span
    node: Node
    value: Node | None
    scope: Scope


Handler = Callable[["Walk", Node, Scope], None]
HANDLERS: dict[str, Handler] = {}


def handles(*types: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        for kind in types:
            HANDLERS[kind] = handler
        return handler

    return register


class Walk:
    """What is known of one file while it is read."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.lines = Lines(source)
        self.module = Scope(None, "module", direct=True)
        self.definitions: list[Def] = []
        self.imports: list[PendingImport] = []
        self.exports: list[Export] = []
        #: exported name -> name in this file, where it is not exported from another module
        self.export_locals: dict[str, str] = {}
        self.names: list[Name] = []
        self.chains: list[Chain] = []
        self.keys: list[Key] = []
        self.calls: list[PendingCall] = []
        self.doc_names: list[DocName] = []
        self.shorthands: list[Span] = []
        self.texts: list[tuple[int, int, TextKind]] = []
        #: type annotation of expressions that have one from the outside (`const x: T = {...}`)
        self.expected: dict[int, Node] = {}
        #: by node id: what object literals, functions and JSX elements stand in
        self.contexts: dict[int, Context] = {}
        #: by node id: the statement (`export ...`, `declare ...`) that a declaration is part of
        self.outer: dict[int, Node] = {}
        #: by node id: decorators that stand before the `export` of a class
        self.decorators: dict[int, list[Node]] = {}
        #: by start of the identifier: attributes that TypeScript makes of constructor parameters
        self.parameter_properties: dict[int, Def] = {}
        #: by node id: the import that a `require("x")` or `import("x")` expression makes
        self.import_calls: dict[int, int] = {}
        #: identifiers inside import and export clauses, with the import they belong to
        self.clause_names: list[tuple[int, str, Span, OccurrenceKind]] = []
        #: by start of the pattern: parameters of `import("x").then(parameter => ...)`, with the import
        self.import_parameters: dict[int, int] = {}
        #: names of function and class expressions that repeat their definition's
        self.own_names: list[tuple[Def, Span]] = []
        #: definitions made by assigning to properties of CommonJS `exports`
        self.commonjs: dict[str, Def] = {}
        #: where they are declared: their names are bound in no scope
        self.exports_scope = Scope(None, "module", label="exports")
        self.this_assignments: list[ThisAssignment] = []
        #: `export {name as alias}`: the name, the alias and its span
        self.aliases: list[tuple[str, str, Span, Scope]] = []
        self._stack: list[tuple[Node, Scope]] = []

    def run(self, root: Node) -> None:
        stack = self._stack
        stack.append((root, self.module))
        handlers = HANDLERS
        while stack:
            node, scope = stack.pop()
            handler = handlers.get(node.type)
            if handler is not None:
                handler(self, node, scope)
            else:
                for child in reversed(node.named_children):
                    stack.append((child, scope))

    def push(self, node: Node | None, scope: Scope) -> None:
        if node is not None:
            self._stack.append((node, scope))

    def push_children(self, node: Node, scope: Scope) -> None:
        for child in reversed(node.named_children):
            self._stack.append((child, scope))

    def push_asserted(self, node: Node | None, scope: Scope) -> None:
        """Push the types in the wrappers that strip() takes off an expression."""
        while node is not None and node.type in TRANSPARENT and node.named_child_count:
            if node.type == "satisfies_expression":
                self.push(node.named_children[-1], scope)
            node = node.named_children[0]

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def define(
        self,
        name: str,
        name_span: Span,
        kind: SymbolKind,
        outer: Node,
        scope: Scope,
        *,
        parent: Def | None = None,
        body: Node | None = None,
        space: Space | None = "value",
    ) -> Def:
        """Make a definition and, with `space`, bind its name in `scope`. With `parent` it is a member."""
        definition = Def(
            name,
            kind,
            name_span,
            span_of(outer),
            scope,
            parent=parent if parent is not None else scope.owner,
            body_span=inner_span(body) if body is not None else None,
            signature=self.signature(outer, body),
        )
        self.definitions.append(definition)
        if parent is not None:
            parent.members.setdefault(name, definition)
            return definition
        if scope.kind == "namespace" and scope.owner is not None:
            scope.owner.members.setdefault(name, definition)
        if space is not None:
            scope.bind(name, Binding("definition", scope, definition=definition), space)
        return definition

    def own_name(self, name: Node, definition: Def | None, scope: Scope) -> Binding:
        """What the name of a function or class expression means inside it: the definition that the
        expression is the value of when both have one name (`exports.f = function f() {}`)."""
        if definition is None or definition.name != self.text(name):
            return Binding("local", scope)
        self.own_names.append((definition, span_of(name)))
        return Binding("definition", scope, definition=definition)

    def signature(self, outer: Node, body: Node | None) -> str:
        end = min(body.start_byte if body is not None else outer.end_byte, outer.start_byte + 400)
        text = " ".join(self.source[outer.start_byte : end].decode("utf-8", "replace").split())
        return text[:200].removesuffix("=>").rstrip()

    def import_name(
        self,
        module: tuple[str, Span],
        name: str | None,
        local: str,
        kind: ImportKind,
        statement: Node,
        scope: Scope,
        *,
        name_span: Span | None = None,
        local_span: Span | None = None,
        conditional: bool = False,
        space: Space = "any",
    ) -> int:
        """Record an imported name, bind `local` if there is one, and return its index."""
        fact = ImportFact(
            module[0],
            name,
            local,
            kind,
            self.lines.at(statement.start_byte),
            span_of(statement),
            module[1],
            name_span,
            local_span,
            conditional=conditional,
        )
        index = self.add_import(fact, scope)
        if local:
            scope.bind(local, Binding("import", scope, import_index=index), space)
        return index

    def add_import(self, fact: ImportFact, scope: Scope) -> int:
        self.imports.append(PendingImport(fact, scope))
        return len(self.imports) - 1


def inner_span(body: Node) -> Span:
    """What stands between the braces of a block; an expression body as a whole."""
    start, end = span_of(body)
    if body.child_count and body.children[0].type == "{" and body.children[-1].type == "}":
        return (start + 1, end - 1)
    return (start, end)


def is_const(node: Node) -> bool:
    kind = node.child_by_field_name("kind")
    return (kind is not None and kind.type == "const") or has_token(node, "const")
