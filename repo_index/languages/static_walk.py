"""One pass over a syntax tree of a statically typed language with classes (Java, Kotlin, Scala, C#).

A language is a set of rules: handlers by node type, which declare names in scopes and note where names are used, and a
function that takes one step along an expression towards its root. Uses get their meaning after the pass
(static_facts.py), when every declaration of the file is known. The pass keeps its own stack.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from tree_sitter import Node

from ..facts import Call, ImportFact, ImportKind, OccurrenceKind, Parameter, Span, SymbolKind, TextKind
from .ecmascript_tree import Lines, span_of
from .static_scopes import ANY, CALL, TYPE, VALUE, Binding, Def, Scope, find


class Name(NamedTuple):
    """A bare identifier."""

    name: str
    span: Span
    scope: Scope
    kind: OccurrenceKind
    space: int


class Member(NamedTuple):
    """An identifier that is a member of an expression, or of a thing of the type that `of` gives."""

    name: str
    span: Span
    scope: Scope
    kind: OccurrenceKind
    called: bool
    object: Node | None = None
    of: Callable[[], str] | None = None


class Step(NamedTuple):
    """One step along an expression. inner: its value is that of `node`. member: `name` of `node`. element: an element
    of `node`. name: a bare name. type: a thing of the type written at `node`. text: a thing of the type `name`.
    self, super: of the class around. unknown: nothing can be said."""

    kind: str
    node: Node | None = None
    name: str = ""
    space: int = ANY


UNKNOWN = Step("unknown")
#: characters of a dotted expression, so that generated chains take no room
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Rules:
    handlers: dict[str, Callable[[Walk, Node, Scope], None]]
    #: (walk, expression) -> the step towards its root
    step: Callable[[Walk, Node], Step]
    #: (walk, type node, scope) -> its dotted expression, "" where it says nothing
    type: Callable[[Walk, Node, Scope], str]
    #: methods of containers that give an element, and those that give a container of the same elements
    element: frozenset[str] = frozenset()
    same: frozenset[str] = frozenset()
    #: whether functions and variables stand outside classes too
    free_functions: bool = False
    #: whether names of packages may begin with a capital
    capital_packages: bool = False
    #: methods that every class has
    universal: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class Walk:
    """What is known of one file while it is read."""

    source: bytes
    rules: Rules
    lines: Lines = field(init=False)
    file: Scope = field(init=False)
    package: str = ""
    namespaces: list[str] = field(default_factory=list)
    definitions: list[Def] = field(default_factory=list)
    imports: list[ImportFact] = field(default_factory=list)
    names: list[Name] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    #: (name, span, import) of names inside import statements
    imported: list[tuple[str, Span, int]] = field(default_factory=list)
    calls: list[tuple[Call, Scope]] = field(default_factory=list)
    texts: list[tuple[int, int, TextKind]] = field(default_factory=list)
    #: imports that hold in every file
    everywhere: list[int] = field(default_factory=list)
    #: (definition, span): further places that are the name of a definition (constructors)
    own_names: list[tuple[Def, Span]] = field(default_factory=list)
    #: documentation comments, read when all is declared
    docs: list[tuple[Node, Scope]] = field(default_factory=list)
    #: by start of its declaration: the scope of the members of a type
    type_scopes: dict[int, Scope] = field(default_factory=dict)
    #: by node id: what expressions hold, as far as that was asked
    types: dict[int, str] = field(default_factory=dict)
    anonymous: int = 0
    stack: list[tuple[Node, Scope]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = Lines(self.source)
        self.file = Scope(None, "file")

    def run(self, root: Node) -> None:
        stack, handlers = self.stack, self.rules.handlers
        stack.append((root, self.file))
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
            self.stack.append((node, scope))

    def push_all(self, nodes: Iterable[Node], scope: Scope) -> None:
        for node in reversed(list(nodes)):
            self.stack.append((node, scope))

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    # -- declaring

    def define(
        self,
        name: Node,
        kind: SymbolKind,
        outer: Node,
        scope: Scope,
        *,
        body: Node | None = None,
        space: int = ANY,
        exported: bool = True,
        called: str | None = None,
        bind: bool = True,
    ) -> Def:
        """A definition whose name stands at `name`, bound in `scope`. `called`: its name where it is not the text."""
        text = self.text(name) if called is None else called
        made = Def(
            text,
            kind,
            span_of(name),
            outer,
            scope.owner,
            self.lines.at(name.start_byte),
            self.lines.at(max(outer.start_byte, outer.end_byte - 1)),
            exported,
            prefix=scope.prefix,
            body_span=_inside(body) if body is not None else None,
            signature=self.signature(outer, body),
            doc=self.doc(outer),
        )
        self.definitions.append(made)
        if bind:
            start = 0 if scope.kind != "body" or space != VALUE else name.start_byte
            scope.bind(text, Binding("definition", space, start, made))
        return made

    def anonymous_class(self, node: Node, body: Node, scope: Scope, bases: Callable[[], tuple[str, ...]]) -> Scope:
        """The scope of the members of a class without a name; its definition has a name that no code can have."""
        self.anonymous += 1
        made = Def(
            f"${self.anonymous}",
            "class",
            (body.start_byte, body.start_byte),
            node,
            scope.owner,
            self.lines.at(node.start_byte),
            self.lines.at(max(node.start_byte, node.end_byte - 1)),
            False,
            prefix=scope.prefix,
            body_span=_inside(body),
            signature=self.signature(node, body),
            bases=bases,
            open=True,
        )
        self.definitions.append(made)
        return scope.inner("type", made)

    def signature(self, outer: Node, body: Node | None) -> str:
        end = min(body.start_byte if body is not None else outer.end_byte, outer.start_byte + 600)
        text = self.source[outer.start_byte : end].decode("utf-8", "replace")
        text = re.sub(r"/\*.*?(?:\*/|\Z)|//[^\n]*", " ", text, flags=re.DOTALL)
        return " ".join(text.split())[:200].rstrip(" ={;")

    def doc(self, node: Node) -> str:
        """The documentation comment before a declaration, without its marks."""
        before = node.prev_named_sibling
        parts: list[str] = []
        while before is not None and "comment" in before.type:
            text = self.text(before)
            if text.startswith("/**"):
                parts = [text]
                break
            if not text.startswith("///"):
                break
            parts.insert(0, re.sub(r"</?\w[^>]*>", " ", text))
            before = before.prev_named_sibling
        lines = [re.sub(r"^\s*(?:/\*\*|///|\*(?!/))?\s?|\s*\*+/\s*$", "", x) for p in parts for x in p.split("\n")]
        return "\n".join(lines).strip()

    def parameter(
        self, name: Node, outer: Node, annotation: Node | None, default: Node | None = None, many: bool = False
    ) -> Parameter:
        return Parameter(
            self.text(name),
            span_of(name),
            "var_positional" if many else "positional",
            self.text(default) if default is not None else None,
            self.text(annotation) if annotation is not None else None,
            span_of(outer),
        )

    def import_name(
        self,
        module: str,
        module_span: Span,
        name: str | None,
        local: str,
        statement: Node,
        scope: Scope,
        *,
        name_span: Span | None = None,
        local_span: Span | None = None,
        space: int = ANY,
        kind: ImportKind = "runtime",
    ) -> int:
        """Note an imported name and bind `local`, where there is one, in `scope`; returns its number."""
        number = len(self.imports)
        line, at = self.lines.at(statement.start_byte), scope.qualified
        self.imports.append(
            ImportFact(
                module, name, local, kind, line, span_of(statement), module_span, name_span, local_span, scope=at
            )
        )
        if local:
            scope.bind(local, Binding("import", space, import_index=number))
        if name_span is not None and name not in (None, "*"):
            self.imported.append((name or "", name_span, number))
        if local_span is not None and local_span != name_span:
            self.imported.append((local, local_span, number))
        return number

    def find(self, name: str, scope: Scope, at: int, space: int) -> tuple[Binding | None, bool]:
        """What a bare name means (None: nothing in the file), and whether a type between may inherit a meaning."""
        return find(scope, name, at, space, name in self.rules.universal and space == CALL)

    # -- noting uses

    def use(self, node: Node, scope: Scope, space: int = ANY, kind: OccurrenceKind = "use") -> None:
        self.names.append(Name(self.text(node), span_of(node), scope, kind, space))

    def member(
        self,
        node: Node,
        scope: Scope,
        of: Node | Callable[[], str] | None,
        kind: OccurrenceKind = "use",
        called: bool = False,
    ) -> None:
        object, function = (of, None) if isinstance(of, Node) else (None, of)
        called = called or kind == "call"
        self.members.append(Member(self.text(node), span_of(node), scope, kind, called, object, function))

    def call(self, callee: Node, arguments: Node | None, scope: Scope) -> None:
        if arguments is not None:
            given = [c for c in arguments.named_children if "comment" not in c.type]
            self.calls.append((Call(span_of(callee), span_of(arguments), len(given)), scope))

    # -- what expressions hold; asked after the pass

    def type_of(self, node: Node | None, scope: Scope) -> str:
        """The dotted expression of what an expression holds, "" where nothing can be said."""
        parts: list[str] = []
        passed: list[tuple[int, int]] = []
        root = ""
        while node is not None:
            if node.id in self.types:
                root = self.types[node.id]
                break
            step = self.rules.step(self, node)
            passed.append((node.id, len(parts)))
            if step.kind in ("inner", "member", "element"):
                if step.kind != "inner":
                    parts.append(step.name or "*")
                node = step.node
                continue
            if step.kind == "name":
                root = self.name_expression(step.name, scope, node.start_byte, step.space)
            elif step.kind == "type" and step.node is not None:
                root = self.rules.type(self, step.node, scope)
            elif step.kind == "text":
                root = step.name
            elif step.kind in ("self", "super"):
                root = self.self_expression(scope, step.kind == "super")
            break
        for number in range(len(parts), -1, -1):
            if number < len(parts):
                root = self.append(root, parts[number])
            while passed and passed[-1][1] == number:
                self.types[passed.pop()[0]] = root
        return root

    def self_expression(self, scope: Scope, above: bool = False) -> str:
        at: Scope | None = scope
        while at is not None and at.kind == "body" and not above:
            if at.receiver is not None:
                return at.receiver()
            at = at.parent
        holder = scope.type_def()
        if holder is None:
            return ""
        return next(iter(holder.bases()), "") if above else holder.qualified

    def append(self, expression: str, part: str) -> str:
        """The expression of a member, or with "*" an element, of what another one holds."""
        if not expression or len(expression) > _LONGEST:
            return ""
        if expression.endswith("[]"):
            name = part.removesuffix("()")
            if part == "*" or name in self.rules.element:
                return expression[:-2]
            return expression if name in self.rules.same else ""
        return f"{expression}.{part}"

    def name_expression(self, name: str, scope: Scope, at: int, space: int) -> str:
        binding, crossed = self.find(name, scope, at, space)
        mark = "()" if space == CALL else ""
        if binding is None or (crossed and binding.kind != "local"):
            return name + mark
        if binding.kind == "local":
            return binding.expression()
        if binding.kind == "definition":
            assert binding.definition is not None
            return binding.definition.qualified
        return name + mark

    def type_name(self, dotted: str, scope: Scope, at: int) -> str:
        """The expression of a written type name: what a type parameter is bound by, else its full name here."""
        first, dot, rest = dotted.partition(".")
        binding, crossed = self.find(first, scope, at, TYPE)
        if binding is not None and binding.kind == "local":
            return binding.expression()
        if binding is not None and binding.definition is not None and not crossed:
            return binding.definition.qualified + dot + rest
        return dotted


def _inside(body: Node) -> Span:
    """What stands between the braces of a block; an expression body as a whole."""
    if body.child_count and body.children[0].type == "{" and body.children[-1].type == "}":
        return (body.start_byte + 1, body.end_byte - 1)
    return span_of(body)
