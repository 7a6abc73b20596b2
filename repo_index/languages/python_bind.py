"""What each chain of names in a Python file hangs on, from the scopes that the walk collected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..facts import Definition, Export, FileFacts, Occurrence, OccurrenceKind, Receiver, Span
from .python_scopes import Binding, Chain, Name, Scope

if TYPE_CHECKING:
    from .python_walk import Walk

_UNKNOWN = Receiver("unknown")
_DEPTH = 12
"""Assignments followed to find what a variable holds."""


class State(NamedTuple):
    """What a prefix of a chain means.

    kind "definition": `name` is a qualified name of this file. "import": `name` is the local name, `chain` the
    attributes after it and `number` the import. "self", "super": `name` is the class. "instance": `name` is a
    dotted expression whose value (if it is a class, whose instance) this is. "member": attributes `chain` of
    `receiver`.
    """

    kind: str
    name: str = ""
    chain: tuple[str, ...] = ()
    number: int = -1
    receiver: Receiver = _UNKNOWN


UNKNOWN = State("unknown")


def bind(walk: Walk) -> FileFacts:
    """The facts of the file that was walked."""
    return _Binder(walk).facts()


def _joined(*parts: str) -> str:
    return ".".join(p for p in parts if p)


class _Binder:
    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.out: FileFacts = walk.facts
        self.definitions: dict[str, Definition] = {}
        self._states: dict[int, State] = {}
        self._busy: set[int] = set()
        self._line_starts: dict[int, int] = {}

    def facts(self) -> FileFacts:
        walk, out = self.walk, self.out
        found = list(walk.definitions)
        for definition in found:
            self.definitions.setdefault(definition.qualified, definition)
        variables = list(self._variables(walk))
        for definition, _ in variables:
            self.definitions.setdefault(definition.qualified, definition)
        attributes = list(self._attributes(walk))
        for definition, _ in attributes:
            self.definitions.setdefault(definition.qualified, definition)
        listed = set(out.dunder_all) if out.dunder_all is not None else None

        def exported(d: Definition) -> bool:
            if d.parent:
                parent = self.definitions.get(d.parent)
                public = not d.name.startswith("_") or (d.name.startswith("__") and d.name.endswith("__"))
                return parent is not None and parent.kind == "class" and public and exported(parent)
            return d.name in listed if listed is not None else not d.name.startswith("_")

        done: list[Definition] = []
        for i, definition in enumerate(found):
            kind = definition.type
            if not kind and i in walk.bodies:
                kind = self._agreed(walk.bodies[i].returns)
            done.append(replace(definition, exported=exported(definition), type=kind))
        for definition, binding in variables:
            kind = binding.annotation or self._agreed(binding.values)
            done.append(replace(definition, exported=exported(definition), type=kind))
        for definition, kind in attributes:
            done.append(replace(definition, exported=exported(definition), type=kind))
        out.definitions = sorted(done, key=lambda d: (d.span[0], d.name_span))
        out.occurrences = sorted(self._occurrences(), key=lambda o: (o.span, o.kind, o.binding))
        out.calls.sort(key=lambda c: c.callee_span)
        out.texts.sort()
        self._exports()
        return out

    # -- definitions by assignment

    def _scopes(self, walk: Walk) -> Iterator[Scope]:
        seen: set[int] = set()
        for chain in walk.chains:
            scope: Scope | None = chain.scope
            while scope is not None and id(scope) not in seen:
                seen.add(id(scope))
                yield scope
                scope = scope.parent
        if id(walk.module) not in seen:
            yield walk.module

    def _variables(self, walk: Walk) -> Iterator[tuple[Definition, Binding]]:
        """Names assigned in the module and in class blocks."""
        for scope in self._scopes(walk):
            if scope.kind not in ("module", "class"):
                continue
            if scope.kind == "class" and scope.qualified not in self.definitions:
                continue
            for text, binding in scope.bindings.items():
                if binding.block or not (binding.values or binding.statement):
                    continue
                if not binding.names:
                    continue
                name = min(binding.names, key=lambda n: n.start)
                if any(name.span == walk.facts.imports[i].local_span for i in binding.imports):
                    rest = [
                        n
                        for n in binding.names
                        if all(n.span != walk.facts.imports[i].local_span for i in binding.imports)
                    ]
                    if not rest:
                        continue
                    name = min(rest, key=lambda n: n.start)
                span, line, end_line = binding.statement or (name.span, name.line, name.line)
                kind: Any = "variable"
                if scope.kind == "class":
                    kind = "attribute"
                elif binding.is_type:
                    kind = "type"
                elif text.isupper():
                    kind = "constant"
                yield self._variable(name, kind, span, line, end_line, scope.qualified), binding

    def _variable(self, name: Name, kind: Any, span: Span, line: int, end_line: int, parent: str) -> Definition:
        text = self.walk.source[span[0] : span[1]].decode("utf-8", "replace")
        return Definition(
            qualified=_joined(parent, name.text),
            name=name.text,
            kind=kind,
            name_span=name.span,
            span=span,
            line=line,
            end_line=end_line,
            exported=False,
            parent=parent,
            signature=text.split("\n", 1)[0][:160],
        )

    def _attributes(self, walk: Walk) -> Iterator[tuple[Definition, str]]:
        """`self.x = value` in methods, where the class block does not define x."""
        first: dict[str, tuple[Name, tuple[Span, int, int], str]] = {}
        kinds: dict[str, list[Chain | None]] = {}
        annotations: dict[str, str] = {}
        for chain, values, where, annotation in walk.attributes:
            state = self.root_state(chain)
            name = chain.steps[0].name
            if state.kind != "self" or name is None or state.name not in self.definitions:
                continue
            qualified = _joined(state.name, name.text)
            kinds.setdefault(qualified, []).extend(values)
            if annotation:
                annotations.setdefault(qualified, annotation)
            if qualified in self.definitions:
                continue
            if qualified not in first or name.start < first[qualified][0].start:
                first[qualified] = (name, where, state.name)
        for qualified, (name, where, parent) in first.items():
            kind = annotations.get(qualified) or self._agreed(kinds[qualified])
            yield self._variable(name, "attribute", *where, parent), kind

    # -- what names mean

    def root_state(self, chain: Chain) -> State:
        """What the first name of a chain means."""
        if chain.root is None:
            return UNKNOWN
        found = chain.scope.lookup(chain.root.text)
        if found is None:
            return State("global", chain.root.text)
        return self._bound(chain.root.text, *found)

    def _bound(self, name: str, scope: Scope, binding: Binding) -> State:
        qualified = _joined(scope.qualified, name)
        if binding.block and qualified in self.definitions:
            return State("definition", qualified)
        if binding.imports:
            return State("import", name, (), binding.imports[0])
        if scope.kind in ("module", "class") and qualified in self.definitions:
            return State("definition", qualified)
        if binding.receiver_class:
            return State("self", binding.receiver_class)
        return self._variable_state(binding)

    def _variable_state(self, binding: Binding) -> State:
        key = id(binding)
        known = self._states.get(key)
        if known is not None:
            return known
        if binding.annotation:
            state = State("instance", binding.annotation)
        elif key in self._busy or len(self._busy) > _DEPTH:
            return UNKNOWN
        else:
            self._busy.add(key)
            state = self._agreed_state(binding.values)
            self._busy.discard(key)
        self._states[key] = state
        return state

    def _agreed_state(self, values: list[Chain | None]) -> State:
        """The one state that all assigned values have; values that say nothing are not counted."""
        found = UNKNOWN
        for value in values:
            if value is None:
                continue
            state = self.state(value)
            if state.kind in ("unknown", "global", "super"):
                continue
            if found.kind != "unknown" and state != found:
                return UNKNOWN
            found = state
        return found

    def _agreed(self, values: list[Chain | None]) -> str:
        return self.expression(self._agreed_state(values))

    def expression(self, state: State) -> str:
        """The state as a dotted expression in the scope of the file, "" when it has none."""
        if state.kind in ("definition", "instance", "self"):
            return _joined(state.name, *state.chain)
        if state.kind == "import":
            return _joined(state.name, *state.chain)
        if state.kind == "member" and state.receiver.kind in ("self", "instance"):
            return _joined(state.receiver.type, *state.chain)
        return ""

    def state(self, chain: Chain) -> State:
        """What the whole chain means."""
        state = self.root_state(chain)
        for step in chain.steps:
            if step.kind == ".":
                assert step.name is not None
                state = self.attribute(state, step.name.text)
            elif step.kind == "(":
                state = self.called(state)
            elif step.kind != ":":
                state = self.element(state)
        return state

    def element(self, state: State) -> State:
        """What a subscript or an iteration gives."""
        expression = self.expression(state)
        if not expression:
            return UNKNOWN
        return State("instance", expression[:-2] if expression.endswith("[]") else f"{expression}.*")

    def attribute(self, state: State, name: str) -> State:
        if name == "__class__" and state.kind in ("self", "instance"):
            return state
        if state.kind == "import":
            return state._replace(chain=(*state.chain, name))
        if state.kind == "definition":
            qualified = _joined(state.name, name)
            holder = self.definitions[state.name]
            if holder.kind == "class":
                if qualified in self.definitions:
                    return State("definition", qualified)
                return State("member", chain=(name,), receiver=Receiver("self", state.name))
            if holder.kind in ("function", "method"):
                return State("member", chain=(name,))
            return State("member", chain=(name,), receiver=Receiver("instance", state.name))
        if state.kind in ("self", "super"):
            return State("member", chain=(name,), receiver=Receiver(state.kind, state.name))  # type: ignore[arg-type]
        if state.kind == "instance":
            return State("member", chain=(name,), receiver=Receiver("instance", state.name))
        if state.kind == "member" and state.receiver.kind != "unknown":
            return state._replace(chain=(*state.chain, name))
        return State("member", chain=(name,))

    def called(self, state: State) -> State:
        if state.kind == "global":
            return State("super", "") if state.name == "super" else UNKNOWN
        expression = self.expression(state)
        return State("instance", expression) if expression else UNKNOWN

    # -- occurrences

    def _occurrences(self) -> Iterator[Occurrence]:
        for definition in self.out.definitions:
            yield self._of_definition(definition.name, definition.name_span, definition.line, definition)
        named = {d.name_span for d in self.out.definitions}
        for scope in self._scopes(self.walk):
            if scope.kind not in ("module", "class"):
                continue
            for text, binding in scope.bindings.items():
                bound = self.definitions.get(_joined(scope.qualified, text))
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
            occurrence = self._emit(self.attribute(self.state(chain), name.text), name, "string", chain.scope)
            if occurrence is not None:
                yield occurrence
        for holder, name in self.walk.slots:
            state = State("member", chain=(name.text,), receiver=Receiver("self", holder))
            occurrence = self._emit(state, name, "string", Scope("class", None, holder))
            if occurrence is not None:
                yield occurrence
        for name in self.walk.all_names:
            binding_of = self.walk.module.bindings.get(name.text)
            state = State("global", name.text)
            if binding_of is not None:
                state = self._bound(name.text, self.walk.module, binding_of)
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
        state = self.root_state(chain)
        steps = chain.steps
        if state.kind == "global" and state.name == "super" and steps and steps[0].kind == "(":
            state = State("super", self._class_around(chain.scope))
            steps = steps[1:]
        elif chain.root is not None and chain.root.span not in named and not chain.silent:
            kind: OccurrenceKind = "call" if steps and steps[0].kind == "(" else "use"
            found = self._emit_root(state, chain.root, kind, chain.scope)
            if found is not None:
                yield found
        for i, step in enumerate(steps):
            if step.kind == ".":
                assert step.name is not None
                state = self.attribute(state, step.name.text)
                kind = "call" if i + 1 < len(steps) and steps[i + 1].kind == "(" else "use"
                if chain.store and i + 1 == len(steps) and state.kind == "member":
                    kind = "definition"
                if step.name.span not in named:
                    found = self._emit(state, step.name, kind, chain.scope)
                    if found is not None:
                        yield found
            elif step.kind == "(":
                callee = self.expression(state)
                state = self.called(state)
                for keyword in step.keywords:
                    receiver = Receiver("instance", callee) if callee else _UNKNOWN
                    yield Occurrence(
                        keyword.text, keyword.span, keyword.line, "keyword", "member",
                        receiver=receiver, scope=chain.scope.qualified,
                    )  # fmt: skip
            elif step.kind != ":":
                state = self.element(state)

    def _class_around(self, scope: Scope) -> str:
        at: Scope | None = scope
        while at is not None:
            if at.kind == "class":
                return at.qualified
            at = at.parent
        return ""

    def _emit_root(self, state: State, name: Name, kind: OccurrenceKind, scope: Scope) -> Occurrence | None:
        """The occurrence of the first name of a chain; None for a local variable.

        A local variable that holds an import or a definition is no occurrence of it.
        """
        found = scope.lookup(name.text)
        if found is not None:
            where, binding = found
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

    def _exports(self) -> None:
        listed = set(self.out.dunder_all or ())
        for text, binding in sorted(self.walk.module.bindings.items()):
            if binding.names or binding.imports:
                first = min((n.span for n in binding.names), default=None)
                self.out.exports.append(Export(text, text, "", first, text in listed))
