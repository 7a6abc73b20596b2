"""What a chain of names in a Python file means, as far as the file says."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..facts import Definition, Receiver
from .python_scopes import Binding, Chain, Name, Narrowing, Scope

if TYPE_CHECKING:
    from .python_walk import Walk

UNKNOWN_RECEIVER = Receiver("unknown")
_DEPTH = 12
"""Assignments followed to find what a variable holds."""
_MOST = 4
"""Different things that a variable may hold before nothing is said of it."""
SELF = "Self"
"""Type of what returns an object of the class that it is called on."""


_SAME = frozenset({"copy.copy", "copy.deepcopy", "dataclasses.replace"})
"""Functions that give an object of their argument's class."""
_KEEPING = frozenset({"list", "tuple", "set", "sorted", "reversed", "iter"})
"""Builtins that give a container of their argument's elements."""


class State(NamedTuple):
    """What a prefix of a chain means.

    kind "definition": `name` is a qualified name of this file. "import": `name` is the local name, `chain` the
    attributes after it and `number` the import. "self", "super": `name` is the class. "instance": `name` is a
    dotted expression whose value (if it is a class, whose instance) this is; several are joined by "|". "member":
    attributes `chain` of `receiver`.
    """

    kind: str
    name: str = ""
    chain: tuple[str, ...] = ()
    number: int = -1
    receiver: Receiver = UNKNOWN_RECEIVER


UNKNOWN = State("unknown")


def joined(*parts: str) -> str:
    """Dotted name of parts; what follows a union belongs to each of its members."""
    head, rest = parts[0], ".".join(p for p in parts[1:] if p)
    if not rest:
        return head
    return "|".join(f"{one}.{rest}" if one else rest for one in head.split("|"))


def class_around(scope: Scope) -> str:
    """Qualified name of the innermost class around a scope, "" outside classes."""
    at: Scope | None = scope
    while at is not None:
        if at.kind == "class":
            return at.qualified
        at = at.parent
    return ""


class Meanings:
    """`definitions`: qualified name -> definition of the file; it is filled while the file is bound."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.definitions: dict[str, Definition] = {}
        self._states: dict[int, State] = {}
        self._busy: set[int] = set()

    def root_state(self, chain: Chain) -> State:
        """What the first name of a chain means."""
        if chain.root is None:
            return UNKNOWN
        found = chain.scope.lookup(chain.root.text)
        if found is None:
            return State("global", chain.root.text)
        narrowings = self.walk.narrowings.get(chain.root.text)
        if narrowings is not None and found[0].kind in ("function", "comprehension"):
            return self._narrowed(chain.root, found[1], narrowings) or self.bound(chain.root.text, *found)
        return self.bound(chain.root.text, *found)

    def _narrowed(self, name: Name, binding: Binding, narrowings: list[Narrowing]) -> State | None:
        """What a local variable holds at a place, by the innermost test around it."""
        if binding.block or binding.imports or binding.receiver_class:
            return None
        for (start, end), scope, classes in reversed(narrowings):
            if not start <= name.start < end or any(start <= n.start <= name.start for n in binding.names):
                continue
            found = scope.lookup(name.text)
            if found is None or found[1] is not binding:
                continue
            known = [self._class(chain) for chain in classes]
            if all(known) and len(known) <= _MOST:
                return State("instance", "|".join(dict.fromkeys(known)))
        return None

    def _class(self, chain: Chain) -> str:
        state = self.state(chain)
        return state.name if state.kind == "global" else self.expression(state)

    def bound(self, name: str, scope: Scope, binding: Binding) -> State:
        qualified = joined(scope.qualified, name)
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
            state = self.agreed_state(binding.values)
            self._busy.discard(key)
        self._states[key] = state
        return state

    def agreed_state(self, values: list[Chain | None]) -> State:
        """The state that assigned values have; one or another where they differ. Values that say nothing are not
        counted."""
        found: list[State] = []
        for value in values:
            state = UNKNOWN if value is None else self.state(value)
            if state.kind not in ("unknown", "global", "super") and state not in found:
                found.append(state)
        if len(found) <= 1:
            return found[0] if found else UNKNOWN
        known = dict.fromkeys(one for state in found for one in self.expression(state).split("|") if one)
        return State("instance", "|".join(known)) if 0 < len(known) <= _MOST else UNKNOWN

    def returned(self, definition: Definition, values: list[Chain | None]) -> str:
        """Type of what a function returns, from its return statements."""
        state = self.agreed_state(values)
        own = state.kind == "self" and definition.kind == "method" and state.name == definition.parent
        return SELF if own else self.expression(state)

    def agreed(self, values: list[Chain | None]) -> str:
        return self.expression(self.agreed_state(values))

    def expression(self, state: State) -> str:
        """The state as a dotted expression in the scope of the file, "" when it has none."""
        if state.kind in ("definition", "instance", "self"):
            return joined(state.name, *state.chain)
        if state.kind == "import":
            return joined(state.name, *state.chain)
        if state.kind == "member" and state.receiver.kind in ("self", "instance"):
            return joined(state.receiver.type, *state.chain)
        if state.kind == "member" and state.receiver.kind == "super":
            return joined(state.receiver.type, "super()", *state.chain)
        return ""

    def state(self, chain: Chain) -> State:
        """What the whole chain means."""
        state = self.root_state(chain)
        for step in chain.steps:
            if state.kind == "super" and not state.name:
                state = State("super", class_around(chain.scope))
            if step.kind == ".":
                assert step.name is not None
                state = self.attribute(state, step.name.text)
            elif step.kind == "(":
                state = self.called(state, step.first)
            elif step.kind != ":":
                state = self.element(state)
        return state

    def element(self, state: State) -> State:
        """What a subscript or an iteration gives."""
        expression = self.expression(state)
        if not expression:
            return UNKNOWN
        parts = expression.split("|")
        return State("instance", "|".join(p[:-2] if p.endswith("[]") else f"{p}.*" for p in parts))

    def _of_builtin(self, function: str, given: State) -> State:
        """What `list(x)`, `next(x)` and the like give."""
        if function == "next":
            return self.element(given)
        element = self.expression(self.element(given)) if function in _KEEPING else ""
        return State("instance", "|".join(f"{one}[]" for one in element.split("|"))) if element else UNKNOWN

    def attribute(self, state: State, name: str) -> State:
        if name == "__class__" and state.kind in ("self", "instance"):
            return state
        if state.kind == "import":
            return state._replace(chain=(*state.chain, name))
        if state.kind == "definition":
            qualified = joined(state.name, name)
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

    def called(self, state: State, first: Chain | None = None) -> State:
        """What a call of `state` gives; `first` is its first argument where it may be handed on."""
        if state.kind == "global":
            if state.name == "super":
                return State("super", "")
            return self._of_builtin(state.name, self.state(first)) if first is not None else UNKNOWN
        if first is not None and state.kind == "import":
            fact = self.walk.facts.imports[state.number]
            if ".".join((fact.module, *((fact.name,) if fact.name else ()), *state.chain)) in _SAME:
                return self.state(first)
        if state.kind == "self":  # cls(...)
            return state
        if state.kind == "member" and state.receiver.kind == "super" and state.chain == ("__new__",):
            return State("self", state.receiver.type)
        expression = self.expression(state)
        return State("instance", expression) if expression else UNKNOWN
