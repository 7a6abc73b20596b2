"""Every place in a Python file where a name stands that something outside its function can refer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..facts import Definition, Occurrence, OccurrenceKind, Receiver, Span
from .python_meanings import UNKNOWN_RECEIVER, Meanings, State, class_around, joined
from .python_scopes import Chain, Name, Scope

if TYPE_CHECKING:
    from .python_walk import Walk


def occurrences(walk: Walk, meanings: Meanings) -> list[Occurrence]:
    """Sorted by place. The file's definitions have been made."""
    return sorted(_Occurrences(walk, meanings).all(), key=lambda o: (o.span, o.kind, o.binding))


class _Occurrences:
    def __init__(self, walk: Walk, meanings: Meanings) -> None:
        self.walk = walk
        self.out = walk.facts
        self.meanings = meanings
        self._line_starts: dict[int, int] = {}

    def all(self) -> Iterator[Occurrence]:
        for definition in self.out.definitions:
            yield self._of_definition(definition.name, definition.name_span, definition.line, definition)
        named = {d.name_span for d in self.out.definitions}
        for scope in self.walk.scopes():
            if scope.kind not in ("module", "class"):
                continue
            for text, binding in scope.bindings.items():
                bound = self.meanings.definitions.get(joined(scope.qualified, text))
                if bound is None:
                    continue
                imported = {self.out.imports[i].local_span for i in binding.imports}
                for name in binding.names:
                    if name.span not in named and name.span not in imported:
                        yield self._of_definition(name.text, name.span, name.line, bound)
        for i, fact in enumerate(self.out.imports):
            if fact.name is not None and fact.name != "*" and fact.name_span is not None and fact.local:
                yield Occurrence(
                    fact.name, fact.name_span, self._line(fact.name_span, fact.line), "import", "import",
                    fact.local, (), None, i, fact.scope,
                )  # fmt: skip
            if fact.local and fact.local_span is not None and fact.local_span != fact.name_span:
                yield Occurrence(
                    fact.local, fact.local_span, self._line(fact.local_span, fact.line), "import", "import",
                    fact.local, (), None, i, fact.scope,
                )  # fmt: skip
        for chain in self.walk.chains:
            yield from self._of_chain(chain, named)
        for chain, name in self.walk.by_name:
            occurrence = self._emit(
                self.meanings.attribute(self.meanings.state(chain), name.text), name, "string", chain.scope
            )
            if occurrence is not None:
                yield occurrence
        for holder, name in self.walk.slots:
            state = State("member", chain=(name.text,), receiver=Receiver("self", holder))
            occurrence = self._emit(state, name, "string", Scope("class", None, holder))
            if occurrence is not None:
                yield occurrence
        for binding, scope in self.walk.fixtures:
            for name in binding.names:
                yield Occurrence(name.text, name.span, name.line, "use", "fixture", scope=scope.qualified)
        for name, scope in self.walk.asked:
            yield Occurrence(name.text, name.span, name.line, "string", "fixture", scope=scope.qualified)
        for name in self.walk.all_names:
            binding_of = self.walk.module.bindings.get(name.text)
            state = State("global", name.text)
            if binding_of is not None:
                state = self.meanings.bound(name.text, self.walk.module, binding_of)
            occurrence = self._emit(state, name, "export", self.walk.module)
            if occurrence is not None:
                yield occurrence

    def _line(self, span: Span, first: int) -> int:
        """Line of a place in a statement that starts on line `first`."""
        return self._starts().get(self.walk.source.rfind(b"\n", 0, span[0]) + 1, first)

    def _starts(self) -> dict[int, int]:
        if not self._line_starts:
            at, line = 0, 1
            source = self.walk.source
            self._line_starts[0] = 1
            while (at := source.find(b"\n", at) + 1) > 0:
                line += 1
                self._line_starts[at] = line
        return self._line_starts

    def _of_definition(self, name: str, span: Span, line: int, definition: Definition) -> Occurrence:
        return Occurrence(
            name,
            span,
            self._line(span, line),
            "definition",
            "definition",
            definition.qualified,
            scope=definition.parent,
        )

    def _of_chain(self, chain: Chain, named: set[Span]) -> Iterator[Occurrence]:
        state = self.meanings.root_state(chain)
        steps = chain.steps
        if state.kind == "global" and state.name == "super" and steps and steps[0].kind == "(":
            state = State("super", class_around(chain.scope))
            steps = steps[1:]
        elif chain.root is not None and chain.root.span not in named and not chain.silent:
            kind: OccurrenceKind = "call" if steps and steps[0].kind == "(" else "use"
            found = self._emit_root(state, chain.root, kind, chain.scope)
            if found is not None:
                yield found
        for i, step in enumerate(steps):
            if step.kind == ".":
                assert step.name is not None
                state = self.meanings.attribute(state, step.name.text)
                kind = "call" if i + 1 < len(steps) and steps[i + 1].kind == "(" else "use"
                if chain.store and i + 1 == len(steps) and state.kind == "member":
                    kind = "definition"
                if step.name.span not in named:
                    found = self._emit(state, step.name, kind, chain.scope)
                    if found is not None:
                        yield found
            elif step.kind == "(":
                callee = self.meanings.expression(state)
                state = self.meanings.called(state, step.first)
                for keyword in step.keywords:
                    receiver = Receiver("instance", callee) if callee else UNKNOWN_RECEIVER
                    yield Occurrence(
                        keyword.text, keyword.span, keyword.line, "keyword", "member",
                        receiver=receiver, scope=chain.scope.qualified,
                    )  # fmt: skip
            elif step.kind != ":":
                state = self.meanings.element(state)

    def _emit_root(self, state: State, name: Name, kind: OccurrenceKind, scope: Scope) -> Occurrence | None:
        """The occurrence of the first name of a chain; None for a local variable.

        A local variable that holds an import or a definition is no occurrence of it.
        """
        found = scope.lookup(name.text)
        if found is not None:
            where, binding = found
            if binding.fixture:
                return Occurrence(name.text, name.span, name.line, kind, "fixture", scope=where.qualified)
            local = where.kind in ("function", "comprehension") and not binding.block and not binding.imports
            if local or state.kind in ("self", "instance", "member", "unknown"):
                return None
        return self._emit(state, name, kind, scope)

    def _emit(self, state: State, name: Name, kind: OccurrenceKind, scope: Scope) -> Occurrence | None:
        where = scope.qualified
        if state.kind == "definition":
            return Occurrence(name.text, name.span, name.line, kind, "definition", state.name, scope=where)
        if state.kind == "import":
            return Occurrence(
                name.text, name.span, name.line, kind, "import", state.name, state.chain, None, state.number, where
            )
        if state.kind == "member":
            chain = state.chain if len(state.chain) > 1 else ()
            return Occurrence(name.text, name.span, name.line, kind, "member", "", chain, state.receiver, -1, where)
        if state.kind == "global":
            return Occurrence(name.text, name.span, name.line, kind, "global", scope=where)
        return None
