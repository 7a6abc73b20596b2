"""What an expression or a type annotation of one file is: a definition, an import, an instance of something.

Types are dotted expressions in the scope of the file, as facts.py has them; following them into other files is
left to resolve.py.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from tree_sitter import Node

from ..facts import Receiver
from .ecmascript_scopes import Binding, Def, Scope
from .ecmascript_tree import FUNCTIONS, TRANSPARENT, TRANSPARENT_TYPES, literal
from .ecmascript_walk import Walk

_DEPTH = 30
#: types written in place that are of no definition
_BUILTIN_TYPES = {
    "array_type": "Array",
    "tuple_type": "Array",
    "object_type": "object",
    "constructor_type": "Function",
    "template_literal_type": "string",
}
#: generic types whose members are worked out from their arguments
_COMPUTED_TYPES = frozenset("ReturnType InstanceType Parameters ConstructorParameters Extract Exclude".split())
#: of these, those that give for `typeof x` what the index takes a call or an instance of x to be
_OF_VALUES = frozenset({"ReturnType", "InstanceType"})
_EMPTY_TYPES = frozenset({"null", "undefined", "void"})
_UNKNOWN_RECEIVER = Receiver("unknown")


class State(NamedTuple):
    """What a name or expression means. `name` is a qualified name (definition, self, super), the local name
    of an import (`number`: which), or a dotted type (instance); `chain` holds the properties taken from it."""

    kind: Literal["definition", "import", "self", "super", "instance", "member", "global", "unknown"]
    name: str = ""
    chain: tuple[str, ...] = ()
    receiver: Receiver = _UNKNOWN_RECEIVER
    number: int = -1
    definition: Def | None = None


UNKNOWN = State("unknown")


class Types:
    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self._bindings: dict[int, State] = {}
        self._busy: set[int] = set()
        #: whether types are read for users of a definition, who may give any type for a type parameter
        self._outside = False

    # -- names

    def lookup(self, name: str, scope: Scope, space: Literal["value", "type", "any"]) -> State | None:
        """What a name means; None when no scope declares it."""
        binding = scope.lookup(name, space)
        return self.of_binding(name, binding) if binding is not None else None

    def of_binding(self, name: str, binding: Binding) -> State:
        if binding.definition is not None:
            return State("definition", binding.definition.qualified, definition=binding.definition)
        if binding.kind == "import":
            return State("import", name, number=binding.import_index)
        known = self._bindings.get(id(binding))
        if known is not None:
            return known
        if id(binding) in self._busy or len(self._busy) > _DEPTH:
            return UNKNOWN
        self._busy.add(id(binding))
        if binding.annotation is not None:
            state = self.annotation(binding.annotation, binding.scope)
        elif binding.value is not None:
            state = self.expression(binding.value, binding.scope)
        elif binding.function is not None:
            state = self.context(binding.function, f":{binding.number}")
        else:
            state = UNKNOWN
        if binding.key is not None:
            state = self.attribute(state, binding.key) if binding.key else UNKNOWN
        self._busy.discard(id(binding))
        self._bindings[id(binding)] = state
        return state

    # -- expressions

    def expression(self, node: Node | None, scope: Scope, depth: int = 0) -> State:
        """What an expression gives."""
        if node is None or depth > _DEPTH:
            return UNKNOWN
        kind = node.type
        if kind in ("identifier", "shorthand_property_identifier"):
            name = self.walk.text(node)
            return self.lookup(name, scope, "value") or State("global", name)
        if kind == "this":
            return State("self", scope.this.qualified, definition=scope.this) if scope.this else UNKNOWN
        if kind == "super":
            return State("super", scope.this.qualified, definition=scope.this) if scope.this else UNKNOWN
        if kind in ("member_expression", "subscript_expression", "nested_identifier"):
            return self._member(node, scope, depth)
        if kind == "new_expression":
            made = self.expression(node.child_by_field_name("constructor"), scope, depth + 1)
            return self._instance(made)
        if kind == "call_expression":
            return self._call(node, scope, depth)
        if kind == "await_expression" and node.named_child_count:
            inner = node.named_children[0]
            index = self.walk.import_calls.get(inner.id)
            if index is not None:
                return State("import", "", number=index)
            return self.expression(inner, scope, depth + 1)
        if kind == "as_expression" and node.named_child_count > 1:
            return self.annotation(node.named_children[1], scope)
        if kind == "type_assertion" and node.named_child_count:
            arguments = node.named_children[0].named_children
            return self.annotation(arguments[0], scope) if arguments else UNKNOWN
        if kind == "binary_expression" and node.child_count == 3 and node.children[1].type in ("??", "||"):
            left, right = (self.expression(part, scope, depth + 1) for part in node.named_children[:2])
            return left if right in (left, UNKNOWN) else UNKNOWN
        if kind == "ternary_expression":
            branches = [node.child_by_field_name(part) for part in ("consequence", "alternative")]
            told = [b for b in branches if b is not None and b.type not in ("null", "undefined")]
            states = {self.expression(b, scope, depth + 1) for b in told}
            return states.pop() if len(states) == 1 else UNKNOWN
        if kind in TRANSPARENT or kind == "as_expression":
            inside = node.named_children[0] if node.named_child_count else None
            return self.expression(inside, scope, depth + 1)
        return UNKNOWN

    def _member(self, node: Node, scope: Scope, depth: int) -> State:
        parts = node.named_children
        below = self.expression(parts[0] if parts else None, scope, depth + 1)
        if node.type != "subscript_expression":
            return self.attribute(below, self.walk.text(parts[-1])) if len(parts) > 1 else UNKNOWN
        index = node.child_by_field_name("index")
        quoted = literal(index) if index is not None and index.type == "string" else None
        return self.attribute(below, quoted[0]) if quoted is not None else UNKNOWN

    def _call(self, node: Node, scope: Scope, depth: int) -> State:
        index = self.walk.import_calls.get(node.id)
        if index is not None:
            # import() gives a promise; what is taken from it is the module only once awaited.
            lazy = node.child_by_field_name("function")
            promise = lazy is not None and lazy.type == "import" and self.walk.imports[index].fact.kind != "type"
            return UNKNOWN if promise else State("import", "", number=index)
        return self._instance(self.expression(node.child_by_field_name("function"), scope, depth + 1))

    def _instance(self, state: State) -> State:
        """What calling or constructing gives: an instance of the class, or of what the function returns."""
        dotted = self.dotted(state)
        return State("instance", dotted) if dotted else UNKNOWN

    def attribute(self, state: State, name: str) -> State:
        """What `.name` of something is."""
        if state.kind == "import":
            return state._replace(chain=(*state.chain, name))
        if state.kind == "definition" and state.definition is not None:
            holder = state.definition
            if name == "prototype" and holder.kind == "class":
                return State("instance", holder.qualified)
            own = holder.statics.get(name) or holder.members.get(name)
            if own is not None and (holder.annotation is None or holder.kind == "class"):
                return State("definition", own.qualified, definition=own)
            if holder.kind in ("class", "interface", "enum", "type"):
                return State("member", chain=(name,), receiver=Receiver("self", holder.qualified))
            if holder.kind in ("function", "method"):
                return State("member", chain=(name,))
            return State("member", chain=(name,), receiver=Receiver("instance", holder.qualified))
        if state.kind in ("self", "super"):
            kind: Literal["self", "super"] = "self" if state.kind == "self" else "super"
            return State("member", chain=(name,), receiver=Receiver(kind, state.name))
        if state.kind in ("instance", "global"):
            return State("member", chain=(name,), receiver=Receiver("instance", state.name))
        if state.kind == "member" and state.receiver.kind != "unknown" and state.receiver.type != "object":
            return state._replace(chain=(*state.chain, name))
        return State("member", chain=(name,))

    def dotted(self, state: State) -> str:
        """A state as a dotted expression in the scope of the file, "" when it has none."""
        if state.kind in ("definition", "instance", "self", "global"):
            return state.name
        if state.kind == "import" and state.name:
            return ".".join((state.name, *state.chain))
        if state.kind == "member" and state.receiver.kind != "unknown" and state.receiver.type != "object":
            return ".".join((state.receiver.type, *state.chain))
        return ""

    def context(self, node: Node, part: str = "", depth: int = 0) -> State:
        """What the context of an object literal says that it is. With `part` `:1`, what the context of a function
        says that its second parameter is."""
        context = self.walk.contexts.get(node.id)
        if context is None or depth > _DEPTH:
            return UNKNOWN
        if context.number < 0:
            annotation = self.walk.expected.get(context.of.id)
            outer = self.annotation(annotation, context.scope) if annotation is not None else UNKNOWN
            outer = outer if outer.kind != "unknown" else self.context(context.of, "", depth + 1)
            dotted = self.dotted(self.attribute(outer, context.key)) if not part else ""
        else:
            callee = self.expression(context.of, context.scope)
            dotted = self.dotted(callee) if callee.kind in ("definition", "import", "member", "super") else ""
            dotted = f"{dotted}.({context.number}{part})" if dotted else ""
        return State("instance", dotted) if dotted else UNKNOWN

    # -- annotations

    def annotation(self, node: Node | None, scope: Scope, depth: int = 0) -> State:
        """The instance that a type annotation speaks of; UNKNOWN when it names no class, or several."""
        if node is None or depth > _DEPTH:
            return UNKNOWN
        kind = node.type
        named = node.named_children
        if kind in ("type_annotation", "parenthesized_type", "readonly_type", "opting_type_annotation", "constraint"):
            return self.annotation(named[0], scope, depth + 1) if named else UNKNOWN
        if kind in ("type_identifier", "nested_type_identifier"):
            return self._type_name(node, scope)
        if kind == "generic_type":
            return self._generic(node, scope, depth)
        if kind == "union_type":
            kept = [n for part in self._union(node) if (n := part) and self.walk.text(n) not in _EMPTY_TYPES]
            return self.annotation(kept[0], scope, depth + 1) if len(kept) == 1 else UNKNOWN
        if kind == "predefined_type":
            text = self.walk.text(node)
            return UNKNOWN if text in ("any", "unknown", "object", "void") else State("instance", text)
        if kind == "function_type":  # a function stands for what it returns
            return self.annotation(node.child_by_field_name("return_type"), scope, depth + 1)
        if kind in _BUILTIN_TYPES:
            return State("instance", _BUILTIN_TYPES[kind])
        if kind == "lookup_type" and len(named) == 2 and named[1].named_child_count:
            key = literal(named[1].named_children[0])
            dotted = self.dotted(self.attribute(self.annotation(named[0], scope, depth + 1), key[0])) if key else ""
            return State("instance", dotted) if dotted else UNKNOWN
        if kind == "this_type" and scope.this is not None:
            return State("instance", scope.this.qualified)
        if kind == "type_query" and named:
            dotted = self.dotted(self.expression(named[0], scope, depth + 1))
            return State("instance", dotted) if dotted else UNKNOWN
        return UNKNOWN

    def _union(self, node: Node) -> list[Node]:
        found: list[Node] = []
        todo = [node]
        while todo:
            part = todo.pop()
            if part.type == "union_type":
                todo.extend(part.named_children)
            elif part.type != "comment":
                found.append(part)
        return found

    def _type_name(self, node: Node, scope: Scope) -> State:
        parts = "".join(self.walk.text(node).split()).split(".")
        binding = scope.lookup(parts[0], "type" if len(parts) == 1 else "any")
        if binding is None:
            return State("instance", ".".join(parts))
        if binding.definition is not None:
            return State("instance", ".".join((binding.definition.qualified, *parts[1:])))
        if binding.kind == "import":
            return State("instance", ".".join(parts))
        # inside what declares it, a type parameter has the members of its constraint
        return UNKNOWN if self._outside or len(parts) > 1 else self.of_binding(parts[0], binding)

    def _generic(self, node: Node, scope: Scope, depth: int) -> State:
        name = node.child_by_field_name("name")
        if name is None:
            return UNKNOWN
        if self.walk.text(name) in TRANSPARENT_TYPES and scope.lookup(self.walk.text(name), "type") is None:
            given = node.child_by_field_name("type_arguments")
            first = given.named_children[0] if given is not None and given.named_child_count else None
            return self.annotation(first, scope, depth + 1)
        if self.walk.text(name) in _COMPUTED_TYPES and scope.lookup(self.walk.text(name), "type") is None:
            given = node.child_by_field_name("type_arguments")
            first = given.named_children[0] if given is not None and given.named_child_count else None
            plain = first is not None and first.type == "type_query" and self.walk.text(name) in _OF_VALUES
            return self.annotation(first, scope, depth + 1) if plain else UNKNOWN
        return self.annotation(name, scope, depth + 1)

    def of_definition(self, definition: Def) -> str:
        """The dotted type of what a definition holds or returns, "" when nothing says so."""
        self._outside = True
        try:
            return self._of_definition(definition)
        finally:
            self._outside = False

    def _of_definition(self, definition: Def) -> str:
        scope = definition.inner or definition.scope
        value = definition.value
        if definition.annotation is not None:
            found = self.dotted(self.annotation(definition.annotation, scope))
            if found or definition.kind != "function":
                return found
        if value is None or definition.kind in ("class", "interface", "enum", "type"):
            return ""
        if value.type in FUNCTIONS or definition.kind in ("function", "method"):
            returns = value.child_by_field_name("return_type")
            return self.dotted(self.annotation(returns, scope)) if returns is not None else self._returned(definition)
        return self.dotted(self.expression(value, definition.value_scope or definition.scope))

    def _returned(self, definition: Def) -> str:
        """The dotted type of all that a function without an annotation returns, "" when it cannot be told."""
        found: set[str] = set()
        for node, scope in definition.body.returns[:20] if definition.body is not None else ():
            state = self.expression(node, scope)
            if state.kind not in ("instance", "self", "import"):
                return ""
            found.add(self.dotted(state))
        return found.pop() if len(found) == 1 else ""
