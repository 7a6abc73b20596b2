"""One pass over the tree of a C or C++ file: what it collects, and the facts of it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from ..facts import Call, Definition, Export, FileFacts, ImportFact, Occurrence, Parameter, Receiver, Span, SymbolKind
from .c_prepare import Lines, Prepared
from .c_scopes import Pending, Scope
from .c_tree import text

_CLASSES = ("class", "enum", "type")
_SPACE = re.compile(r"\s+")
_FRAME = re.compile(r"^[ \t]*(?:/\*+[!<]?|//[/!]*<?|\*+(?!/))?[ \t]?|[ \t]*\*+/[ \t]*$", re.MULTILINE)
_SIGNATURE = 400
_EXPRESSION = re.compile(r"(?:[^\W\d]\w*|\*)(?:\.(?:[^\W\d]\w*|\*))*(?:\[\])*\Z")

Handler = Callable[["Walk", Any, Scope], None]


class Walk:
    """The stack is explicit: how deeply code is nested is its author's choice."""

    def __init__(self, source: bytes, prepared: Prepared, language: str, cpp: bool) -> None:
        self.source = source
        self.prepared = prepared
        self.lines = Lines(source)
        self.cpp = cpp
        self.facts = FileFacts(language)
        self.file = Scope("file", "", None)
        self.pending: list[Pending] = []
        self.todo: list[tuple[Handler, Any, Scope]] = []
        self.handlers: dict[str, Handler] = {}
        #: definitions that only declare, by position
        self.namespaces: set[str] = set()
        self._comment_ends = [end for _, end in prepared.comments]

    def run(self, root: Any, handlers: dict[str, Handler]) -> None:
        self.handlers = handlers
        self.push(root, self.file)
        todo = self.todo
        while todo:
            handler, node, scope = todo.pop()
            handler(self, node, scope)

    def push(self, node: Any | None, scope: Scope) -> None:
        if node is not None:
            self.todo.append((self.handlers.get(node.type, children), node, scope))

    def later(self, handler: Handler, node: Any, scope: Scope) -> None:
        self.todo.append((handler, node, scope))

    # -- what is found

    def use(self, node: Any, scope: Scope, kind: str = "use", is_type: bool = False, where: str | None = None) -> None:
        """A bare name, unless it is a local one."""
        name = text(node)
        if not name or (where is None and scope.local(name) is not None):
            return
        at = scope.where if where is None else where
        self.pending.append(Pending(name, node.start_byte, node.end_byte, kind, at, is_type))  # type: ignore[arg-type]

    def member(self, node: Any, base: str, scope: Scope, kind: str = "use") -> None:
        """An attribute of an expression, or of something unknown where `base` is empty."""
        span, name = (node.start_byte, node.end_byte), text(node)
        if not name:  # the parser adds names that are missing
            return
        if base and _EXPRESSION.match(base):
            receiver = Receiver("instance", base)
        else:
            receiver = Receiver("unknown")
        line = self.lines.at(span[0])
        self.facts.occurrences.append(
            Occurrence(name, span, line, kind, "member", "", (name,), receiver, -1, scope.where)  # type: ignore[arg-type]
        )

    def define(
        self,
        name: str,
        name_span: Span,
        kind: SymbolKind,
        whole: Span,
        parent: str,
        *,
        body: Span | None = None,
        exported: bool = True,
        type_: str = "",
        bases: tuple[str, ...] = (),
        parameters: tuple[Parameter, ...] = (),
        declares: bool = False,
        occurrence: bool = True,
    ) -> str:
        """Add a definition; returns its qualified name."""
        qualified = f"{parent}.{name}" if parent else name
        line, end_line = self.lines.at(whole[0]), self.lines.at(max(whole[0], whole[1] - 1))
        head_end = body[0] - 1 if body is not None else min(whole[1], name_span[1] + _SIGNATURE)
        signature = bytes(self.prepared.clean[whole[0] : max(name_span[1], head_end)]).decode("utf-8", "replace")
        signature = _SPACE.sub(" ", signature).strip(" ;{=")[:_SIGNATURE]
        self.facts.definitions.append(
            Definition(
                qualified,
                name,
                kind,
                name_span,
                whole,
                line,
                end_line,
                exported,
                parent,
                body,
                signature,
                bases,
                parameters,
                ("declaration",) if declares else (),
                self.doc(whole[0]),
                type_ if _EXPRESSION.match(type_) else "",
            )
        )
        if occurrence:
            self.defined(name, name_span, qualified)
        return qualified

    def defined(self, name: str, span: Span, qualified: str) -> None:
        self.facts.occurrences.append(
            Occurrence(name, span, self.lines.at(span[0]), "definition", "definition", qualified)
        )

    def doc(self, start: int) -> str:
        """The comment that ends right above a place."""
        comments = self.prepared.comments
        number = bisect_left(self._comment_ends, start + 1) - 1
        found: list[str] = []
        at = start
        while number >= 0 and len(found) < 60:
            first, last = comments[number]
            between = self.source[last:at]
            if between.strip() or between.count(b"\n") > 1:
                break
            line_start = self.source.rfind(b"\n", 0, first) + 1
            if self.source[line_start:first].strip():
                break  # it belongs to the code before it
            found.append(self.source[first:last].decode("utf-8", "replace"))
            at, number = line_start, number - 1
            while at > 0 and self.source[at - 1 : at] in b" \t":
                at -= 1
        body = "\n".join(reversed(found))
        return _FRAME.sub("", body).strip() if body else ""

    def call(self, callee: Any, arguments: Any, scope: Scope) -> None:
        count = arguments.named_child_count
        self.facts.calls.append(
            Call(
                (callee.start_byte, callee.end_byte),
                (arguments.start_byte, arguments.end_byte),
                count,
                scope=scope.where,
            )
        )

    # -- at the end

    def finish(self) -> FileFacts:
        facts = self.facts
        records = {d.qualified for d in facts.definitions if d.kind in ("class", "enum")}
        facts.definitions = [
            d for d in facts.definitions if not (d.kind == "type" and d.bases == (d.name,) and d.qualified in records)
        ]
        kinds: dict[str, str] = {}
        for d in facts.definitions:
            if kinds.get(d.qualified) not in _CLASSES:
                kinds[d.qualified] = d.kind
        imports: dict[str, list[int]] = {}
        for number, fact in enumerate(facts.imports):
            if fact.local:
                imports.setdefault(fact.local, []).append(number)
        for pending in self.pending:
            facts.occurrences.append(self._bind(pending, kinds, imports, facts.imports))
        facts.occurrences.sort(key=lambda o: (o.span, o.kind != "definition"))
        facts.definitions.sort(key=lambda d: (d.span[0], -d.span[1], d.name_span))
        facts.calls.sort(key=lambda c: c.callee_span)
        facts.namespaces = sorted(self.namespaces)
        seen: dict[str, bool] = {}
        for d in facts.definitions:
            if d.exported and not d.parent:
                seen[d.name] = seen.get(d.name, False) or "declaration" not in d.decorators
        facts.exports = [Export(name, name, listed=listed) for name, listed in sorted(seen.items())]
        return facts

    def _bind(
        self, pending: Pending, kinds: dict[str, str], imports: dict[str, list[int]], facts: list[ImportFact]
    ) -> Occurrence:
        span, line = (pending.start, pending.end), self.lines.at(pending.start)
        name, kind = pending.name, pending.kind
        if pending.loose:
            loose = Receiver("unknown")
            return Occurrence(name, span, line, kind, "global", receiver=loose, scope=pending.scope)
        at = pending.scope
        while True:
            qualified = f"{at}.{name}" if at else name
            found = kinds.get(qualified)
            if found is not None and (not pending.is_type or found in _CLASSES or found == "constant"):
                return Occurrence(name, span, line, kind, "definition", qualified, scope=pending.scope)
            for number in imports.get(name, ()):
                if facts[number].scope == at:
                    return Occurrence(name, span, line, kind, "import", name, (), None, number, pending.scope)
            if not at:
                return Occurrence(name, span, line, kind, "global", scope=pending.scope)
            at = at.rpartition(".")[0]


def children(walk: Walk, node: Any, scope: Scope) -> None:
    for child in reversed(node.named_children):
        walk.push(child, scope)


def nothing(walk: Walk, node: Any, scope: Scope) -> None:
    """Of no interest."""
