"""One pass over the tree of a PHP file, in the order of its text, and what it collects."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..encoding import parseable
from ..facts import Definition, Export, FileFacts, ImportFact, Occurrence, OccurrenceKind, Receiver, Span, SymbolKind
from .grammar_wheels import parser
from .php_names import BUILTINS

UNKNOWN = Receiver("unknown")
DEPTH = 40
"""Links of a chain that are followed to find what it gives."""


def joined(*parts: str) -> str:
    return ".".join(p for p in parts if p)


class Scope:
    """Variables of a function; those of the file for code outside. `holder` is the class around, by qualified name."""

    __slots__ = ("holder", "lazy", "qualified", "space", "static", "types")

    def __init__(self, space: str, holder: str, qualified: str, lazy: bool = False) -> None:
        #: the namespace, where it is a part of qualified names
        self.space = space
        self.holder = holder
        self.qualified = qualified
        self.lazy = lazy
        self.static = False
        self.types: dict[str, str] = {}

    def assign(self, name: str, kind: str) -> None:
        """A variable gets a value of a type ("": not known)."""
        if self.types.setdefault(name, kind) != kind:
            self.types[name] = ""


class Walk:
    """What one pass collects. The stack is explicit: nesting depth is the author's choice."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.facts = FileFacts("php")
        self.root = parser("tree_sitter_php", "language_php").parse(parseable(source)).root_node
        self.todo: list[tuple[Any, Scope]] = []
        #: (local name, kind) -> number of the import, kind one of "class", "function", "const"
        self.uses: dict[tuple[str, str], int] = {}
        #: full name -> number of the import that a fully qualified name in the code is
        self.absolute: dict[str, int] = {}
        self.ambient: dict[str, int] = {}
        #: the last documentation comment: (end, text, span)
        self.last_doc: tuple[int, str, Span] = (-1, "", (0, 0))
        self.docs: set[Span] = set()
        #: occurrences of names that the imports of the file may bind: filled in when all are known
        self.several = False

    def run(self, handlers: Mapping[str, Handler]) -> None:
        self._spaces()
        todo = self.todo
        todo.append((self.root, Scope("", "", "")))
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

    def _spaces(self) -> None:
        """Whether the file has one namespace, which all of it stands in."""
        found = [n for n in self.root.children if n.type == "namespace_definition"]
        self.several = len(found) > 1
        if len(found) == 1 and found[0].child_by_field_name("name") is not None:
            self.facts.namespace = dotted_name(self.text(found[0].child_by_field_name("name")))

    def push(self, nodes: Iterable[Any], scope: Scope) -> None:
        self.todo.extend((node, scope) for node in reversed([n for n in nodes if n is not None]))

    def text(self, node: Any) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    # -- definitions

    def define(self, name: str, span: Span, kind: SymbolKind, statement: Any, parent: str, **more: Any) -> str:
        """Record a definition; returns its qualified name. `key` is its part of that, where it is not the name."""
        qualified = joined(parent, more.pop("key", name))
        more.setdefault("exported", True)
        if "signature" not in more:
            first = self.source[statement.start_byte : statement.end_byte].split(b"\n", 1)[0]
            more["signature"] = first.decode("utf-8", "replace").strip(" {")[:200]
        line = statement.start_point[0] + 1
        self.facts.definitions.append(
            Definition(
                qualified, name, kind, span, (statement.start_byte, statement.end_byte), line,
                statement.end_point[0] + 1, parent=parent, **more,
            )
        )  # fmt: skip
        at = line + self.source.count(b"\n", statement.start_byte, span[0])
        self.facts.occurrences.append(Occurrence(name, span, at, "definition", "definition", qualified))
        return qualified

    def export(self, name: str, qualified: str, span: Span) -> None:
        self.facts.exports.append(Export(name, qualified, span=span))

    def doc(self, node: Any) -> str:
        """The documentation comment right before a node, without its stars."""
        end, text, span = self.last_doc
        between = self.source[end : node.start_byte] if end >= 0 else b"x"
        if between.strip():
            return ""
        self.docs.add(span)
        return text

    # -- occurrences

    def occur(self, name: str, span: Span, line: int, kind: OccurrenceKind, receiver: Receiver, scope: Scope,
              key: str = "") -> None:  # fmt: skip
        """A member of `receiver`; `key` is what it is called there, where that is not its name."""
        chain = (key,) if key else ()
        self.facts.occurrences.append(
            Occurrence(name, span, line, kind, "member", "", chain, receiver, -1, scope.qualified)
        )

    def add_import(
        self, full: str, name: str, local: str, statement: Any, span: Span, local_span: Span | None = None
    ) -> int:
        where, line = (statement.start_byte, statement.end_byte), statement.start_point[0] + 1
        last = last_part(self.source, span)
        self.facts.imports.append(ImportFact(full, name, local, "runtime", line, where, span, last, local_span))
        return len(self.facts.imports) - 1

    def name(self, node: Any, scope: Scope, sort: str, kind: OccurrenceKind = "use") -> None:
        """A use of a (qualified) name; `sort` is "class", "function" or "const"."""
        text = self.text(node)
        line = node.start_point[0] + 1
        raw, at = self.source[node.start_byte : node.end_byte], node.start_byte
        found = re.finditer(rb"[^\\\s]+", raw)
        names = [(m[0].decode("utf-8", "replace"), (at + m.start(), at + m.end())) for m in found]
        if not names:
            return
        absolute = text.startswith("\\")
        if names[0][0].lower() == "namespace" and len(names) > 1:
            names, absolute = names[1:], True
            text = "\\" + joined(self.facts.namespace, scope.space, *(n for n, _ in names)).replace(".", "\\")
        last, span = names[-1]
        if absolute:
            full = text.lstrip("\\")
            if full in BUILTINS:
                return
            number = self.absolute.get(f"{sort} {full}")
            if number is None:
                whole = (node.start_byte, node.end_byte)
                number = self.absolute[f"{sort} {full}"] = self.add_import(full, last, "", node, whole)
            self.facts.occurrences.append(
                Occurrence(last, span, line, kind, "import", import_index=number, scope=scope.qualified)
            )
            return
        first = names[0][0]
        number = self.uses.get((first, sort if len(names) == 1 else "class"), -1)
        if number < 0:
            if len(names) == 1:
                self.facts.occurrences.append(Occurrence(first, span, line, kind, "global", scope=scope.space))
                self.ambient.setdefault(f"{scope.space} {first}", line)
                return
            dotted = [n for n, _ in names]
            self.facts.occurrences.append(
                Occurrence(
                    last,
                    span,
                    line,
                    kind,
                    "member",
                    receiver=Receiver("instance", ".".join(dotted[:-1])),
                    scope=scope.space,
                )
            )
            self.ambient.setdefault(f"{scope.space} {'.'.join(dotted)}", line)
            return
        for i, (part, where) in enumerate(names):
            its_kind: OccurrenceKind = kind if i == len(names) - 1 else "use"
            chain = tuple(n for n, _ in names[1 : i + 1])
            self.facts.occurrences.append(
                Occurrence(part, where, line, its_kind, "import", first, chain, None, number, scope.qualified)
            )
        if len(names) > 1:  # a name below an imported namespace leads to a file of its own
            imported = self.facts.imports[number]
            full = imported.module + "\\" + "\\".join(n for n, _ in names[1:])
            if f"class {full}" not in self.absolute:
                whole = (node.start_byte, node.end_byte)
                self.absolute[f"class {full}"] = self.add_import(full, last, "", node, whole)

    # -- at the end

    def finish(self) -> FileFacts:
        facts = self.facts
        facts.definitions.sort(key=lambda d: (d.span, d.name_span))
        facts.occurrences.sort(key=lambda o: (o.span, o.kind, o.binding))
        facts.calls.sort(key=lambda c: c.callee_span)
        facts.errors.sort()
        facts.texts = sorted({(a, b, "doc" if (a, b) in self.docs else k) for a, b, k in facts.texts})
        facts.namespaces = sorted(set(facts.namespaces))
        own = {d.qualified for d in facts.definitions}
        facts.ambient = sorted(
            ((n, line) for n, line in self.ambient.items() if n.strip() not in own), key=lambda item: (item[1], item[0])
        )
        return facts


def dotted_name(text: str) -> str:
    return re.sub(r"\s+", "", text).strip("\\").replace("\\", ".")


def last_part(source: bytes, span: Span) -> Span:
    """The span of the name after the last backslash in a span."""
    return max(span[0], source.rfind(b"\\", *span) + 1), span[1]


def full_name(text: str) -> str:
    """`A\\B` as "A.B", `\\A\\B` as ".A.B"."""
    return ("." if text.startswith("\\") else "") + dotted_name(text)


Handler = Callable[[Walk, Any, Scope], None]
"""Takes (walk, node, scope), records what the node says and pushes what is inside it, in the order of the text."""
