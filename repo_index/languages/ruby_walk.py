"""One pass over the tree of a Ruby file, in the order of its text, and what it collects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..encoding import parseable
from ..facts import Definition, FileFacts, ImportKind, Occurrence, OccurrenceKind, Parameter, Receiver, Span, SymbolKind
from .grammar_wheels import parser

DEPTH = 40
"""Links of a chain of calls that are followed to find what it gives."""
UNKNOWN = Receiver("unknown")


class Scope:
    """Local variables of a method, class body, file or block; a block sees those of `parent` too.

    `holder` is the class that `self` is or is an instance of, `qualified` the definition around the place.
    """

    __slots__ = ("bare", "function", "holder", "names", "parent", "qualified", "singleton", "visibility")

    def __init__(self, parent: Scope | None, holder: str, qualified: str, function: bool = False) -> None:
        self.parent = parent
        self.holder = holder
        self.qualified = qualified
        self.function = function
        self.names: dict[str, str] = {}
        self.visibility = "public"
        self.singleton = False
        #: a block without parameters, in which `it` is one
        self.bare = False

    def binder(self, name: str) -> Scope | None:
        at: Scope | None = self
        while at is not None and name not in at.names:
            at = at.parent
        return at

    def assign(self, name: str, kind: str) -> None:
        """A local variable gets a value of a type ("": not known)."""
        binder = self.binder(name)
        if binder is None:
            self.names[name] = kind
        elif binder.names[name] != kind:
            binder.names[name] = ""


def joined(*parts: str) -> str:
    return ".".join(p for p in parts if p)


class Walk:
    """What one pass collects. The stack is explicit: nesting depth is the author's choice."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.facts = FileFacts("ruby")
        self.root = parser("tree_sitter_ruby").parse(parseable(source)).root_node
        self.top = Scope(None, "", "")
        self.todo: list[tuple[Any, Scope]] = []
        #: row -> (row it ends on, start, end) of comments that stand alone on their lines
        self.comments: dict[int, tuple[int, int, int]] = {}
        self.docs: set[int] = set()
        #: (class, name without @) -> names as they stand, of instance variables, and where they are assigned
        self.variables: list[tuple[str, str, Span, int, str]] = []
        self.assigned: dict[tuple[str, str], tuple[Span, Span, int, int, list[str]]] = {}
        self.hidden: set[tuple[str, str]] = set()
        self.bases: dict[str, list[str]] = {}
        self.ambient: dict[str, int] = {}

    def run(self, handlers: Mapping[str, Handler]) -> None:
        todo = self.todo
        todo.append((self.root, self.top))
        while todo:
            node, scope = todo.pop()
            if node.is_missing:
                self.facts.errors.append(((node.start_byte, node.end_byte), node.start_point[0] + 1))
                continue
            handler = handlers.get(node.type)
            if handler is not None:
                handler(self, node, scope)
            else:
                self.push(node.children if node.has_error else node.named_children, scope)

    def push(self, nodes: Iterable[Any], scope: Scope) -> None:
        self.todo.extend((node, scope) for node in reversed([n for n in nodes if n is not None]))

    def text(self, node: Any) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    # -- definitions

    def define(
        self, name: str, span: Span, kind: SymbolKind, statement: Any, holder: str, *, scope: Scope, **more: Any
    ) -> str:
        """Record a definition; returns its qualified name."""
        qualified = joined(holder, name)
        first = self.source[statement.start_byte : statement.end_byte].split(b"\n", 1)[0]
        more.setdefault("signature", first.decode("utf-8", "replace").strip()[:160])
        line = statement.start_point[0] + 1
        public = scope.visibility == "public" and not scope.function
        self.facts.definitions.append(
            Definition(
                qualified=qualified,
                name=name,
                kind=kind,
                name_span=span,
                span=(statement.start_byte, statement.end_byte),
                line=line,
                end_line=statement.end_point[0] + 1,
                exported=public,
                parent=holder,
                doc=self.doc(statement.start_point[0]),
                **more,
            )
        )
        at = self.source.count(b"\n", statement.start_byte, span[0]) + line if span[0] >= statement.start_byte else line
        self.facts.occurrences.append(Occurrence(name, span, at, "definition", "definition", qualified))
        return qualified

    def doc(self, row: int) -> str:
        """The comment that stands right above a row."""
        lines: list[str] = []
        at = row - 1
        while at in self.comments:
            first, start, end = self.comments[at]
            text = self.source[start:end].decode("utf-8", "replace")
            if text.startswith(("#!", "# frozen_string_literal", "# encoding", "# -*-")):
                break
            self.docs.add(start)
            if text.startswith("=begin"):
                lines[:0] = text.splitlines()[1:-1]
            else:
                lines.insert(0, text.lstrip("#").removeprefix(" "))
            at = first - 1
        return "\n".join(lines).strip()

    def parameters(self, node: Any) -> tuple[Parameter, ...]:
        """The parameters of a method. tree-sitter's `method_parameters`."""
        found = []
        after_splat = False
        for child in node.named_children if node is not None else ():
            name = child if child.type == "identifier" else child.child_by_field_name("name")
            if name is None:
                continue
            value = child.child_by_field_name("value")
            kind: Any = "keyword_only" if child.type == "keyword_parameter" else "positional"
            if child.type == "splat_parameter":
                kind, after_splat = "var_positional", True
            elif child.type == "hash_splat_parameter":
                kind = "var_keyword"
            elif child.type == "block_parameter":
                kind = "keyword_only"
            elif after_splat and kind == "positional":
                kind = "positional_only"
            default = self.text(value) if value is not None else None
            span, whole = (name.start_byte, name.end_byte), (child.start_byte, child.end_byte)
            found.append(Parameter(self.text(name), span, kind, default, None, whole))
        return tuple(found)

    # -- occurrences

    def occur(
        self, name: str, span: Span, line: int, kind: OccurrenceKind, scope: Scope, receiver: Receiver | None = None
    ) -> None:
        """A name with a receiver; without one, of the object or, outside classes, of all."""
        if receiver is None and scope.holder:
            receiver = Receiver("self", scope.holder)
        if receiver is None:
            found = Occurrence(name, span, line, kind, "global", scope=scope.qualified)
        else:
            found = Occurrence(name, span, line, kind, "member", receiver=receiver, scope=scope.qualified)
        self.facts.occurrences.append(found)

    def constant(self, parts: list[tuple[str, Span, int]], scope: Scope, rooted: bool = False) -> None:
        """Uses of a chain of constants `A::B`, by (name, span, line)."""
        at = "" if rooted else scope.qualified
        for i, (name, span, line) in enumerate(parts):
            if i == 0:
                self.facts.occurrences.append(Occurrence(name, span, line, "use", "global", scope=at))
            else:
                above = Receiver("instance", ".".join(p[0] for p in parts[:i]))
                self.facts.occurrences.append(Occurrence(name, span, line, "use", "member", receiver=above, scope=at))
        if parts:
            dotted = ".".join(p[0] for p in parts)
            self.ambient.setdefault(f"{at} {dotted}", parts[0][2])

    def imported(self, module: str, span: Span, statement: Any, kind: ImportKind, scope: Scope) -> None:
        from ..facts import ImportFact

        if module and "\0" not in module:
            where = (statement.start_byte, statement.end_byte)
            if kind == "runtime" and scope.function:
                kind = "lazy"
            line = statement.start_point[0] + 1
            self.facts.imports.append(ImportFact(module, None, "", kind, line, where, span, scope=scope.qualified))

    # -- at the end

    def finish(self) -> FileFacts:
        """The facts, once every node was visited."""
        facts = self.facts
        kinds = {(d.parent, d.name) for d in facts.definitions if d.kind == "attribute"}
        for (holder, name), (span, statement, line, end_line, types) in self.assigned.items():
            if (holder, name) not in kinds:
                known = sorted({t for t in types if t})
                written = self.source[statement[0] : statement[1]].decode("utf-8", "replace").split("\n", 1)[0]
                facts.definitions.append(
                    Definition(
                        f"{holder}.@{name}", f"@{name}", "attribute", span, statement, line, end_line, False, holder,
                        signature=written[:160], type=known[0] if len(known) == 1 else "",
                    )
                )  # fmt: skip
        for holder, name, span, line, scope in self.variables:
            whole = (holder, name) not in kinds
            if (place := self.assigned.get((holder, name))) is not None and place[0] == span and whole:
                found = Occurrence(f"@{name}", span, line, "definition", "definition", f"{holder}.@{name}")
            else:  # `@name` beside `attr_reader :name` is renamed with it
                text, start = (f"@{name}", span[0]) if whole else (name, span[0] + 1)
                receiver = Receiver("self", holder)
                found = Occurrence(text, (start, span[1]), line, "use", "member", receiver=receiver, scope=scope)
            facts.occurrences.append(found)
        facts.definitions = sorted(map(self._completed, facts.definitions), key=lambda d: (d.span, d.name_span))
        facts.occurrences.sort(key=lambda o: (o.span, o.kind, o.binding))
        facts.calls.sort(key=lambda c: c.callee_span)
        facts.errors.sort()
        facts.texts = sorted({(a, b, "doc" if k == "comment" and a in self.docs else k) for a, b, k in facts.texts})
        known_names = {d.qualified for d in facts.definitions}
        facts.namespaces = sorted(n for n in set(facts.namespaces) if n and n not in known_names)
        facts.ambient = sorted(self.ambient.items(), key=lambda item: (item[1], item[0]))
        return facts

    def _completed(self, definition: Definition) -> Definition:
        if (definition.parent, definition.name) in self.hidden:
            definition = replace(definition, exported=False)
        if definition.kind == "class" and definition.qualified in self.bases:
            bases = dict.fromkeys((*definition.bases, *self.bases[definition.qualified]))
            definition = replace(definition, bases=tuple(bases))
        if definition.kind == "attribute" and not definition.type:
            place = self.assigned.get((definition.parent, definition.name))
            types = sorted({t for t in place[4] if t}) if place is not None else []
            if len(types) == 1:
                definition = replace(definition, type=types[0])
        return definition


Handler = Callable[[Walk, Any, Scope], None]
"""Takes (walk, node, scope), records what the node says and pushes what is inside it, in the order of the text."""
