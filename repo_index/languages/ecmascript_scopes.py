"""Lexical scopes of JavaScript and TypeScript: who declares a name, and which definition it is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from tree_sitter import Node

from ..facts import Parameter, Span, SymbolKind

Space = Literal["value", "type", "any"]


@dataclass(slots=True, eq=False)
class Def:
    """A definition while its file is being read. `scope` is where it is declared (for members: inside the
    class); `annotation` and `value` are what its type can be inferred from."""

    name: str
    kind: SymbolKind
    name_span: Span
    span: Span
    scope: Scope
    parent: Def | None = None
    body_span: Span | None = None
    signature: str = ""
    bases: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    decorators: tuple[str, ...] = ()
    private: bool = False
    annotation: Node | None = None
    value: Node | None = None
    members: dict[str, Def] = field(default_factory=dict)
    #: static members that an instance member has the name of
    statics: dict[str, Def] = field(default_factory=dict)
    #: the scope that members are declared in
    inner: Scope | None = None
    #: of a function: its own scope
    body: Scope | None = None
    #: the scope that `value` is read in, where it is not `scope`
    value_scope: Scope | None = None
    #: set by name_definitions
    qualified: str = ""
    exported: bool = False


@dataclass(slots=True, eq=False)
class Binding:
    """What a name means in a scope: a definition, an import of this file or a local variable.

    A local variable holds `value`, which is of type `annotation`, or the property `key` of that. A parameter may be
    the one numbered `number` of the function expression `function`, whose context says what it is called with.
    """

    kind: Literal["definition", "import", "local"]
    scope: Scope
    definition: Def | None = None
    import_index: int = -1
    annotation: Node | None = None
    value: Node | None = None
    key: str | None = None
    function: Node | None = None
    number: int = 0


@dataclass(slots=True, eq=False)
class Scope:
    """`owner` is the definition whose body this is; `this` the class or object that `this` means here.

    `direct` says that what is declared here is a direct child of `owner` (not inside a block or an
    anonymous function of it). `label` stands before the names of definitions that another scope claims too.
    """

    parent: Scope | None
    kind: Literal["module", "function", "block", "namespace", "class"]
    owner: Def | None = None
    this: Def | None = None
    direct: bool = False
    label: str = ""
    #: of a function: the expressions it returns, with the scopes they stand in
    returns: list[tuple[Node, Scope]] = field(default_factory=list)
    values: dict[str, Binding] = field(default_factory=dict)
    types: dict[str, Binding] = field(default_factory=dict)

    def child(
        self,
        kind: Literal["module", "function", "block", "namespace", "class"],
        *,
        owner: Def | None = None,
        this: Def | None = None,
        keep_this: bool = True,
    ) -> Scope:
        """A scope inside this one; without `owner` it belongs to the same definition as this one."""
        return Scope(
            self,
            kind,
            owner=owner or self.owner,
            this=this if this is not None else (self.this if keep_this else None),
            direct=owner is not None,
        )

    def function(self) -> Scope:
        """The scope that `var` declares in."""
        scope = self
        while scope.kind in ("block", "class") and scope.parent is not None:
            scope = scope.parent
        return scope

    def bind(self, name: str, binding: Binding, space: Space) -> None:
        """Declare a name. A later declaration does not displace a definition of the same scope."""
        for wanted, table in (("value", self.values), ("type", self.types)):
            if space in (wanted, "any"):
                old = table.get(name)
                if old is None or old.kind == "local":
                    table[name] = binding

    def lookup(self, name: str, space: Space) -> Binding | None:
        scope: Scope | None = self
        while scope is not None:
            if space != "type" and (found := scope.values.get(name)) is not None:
                return found
            if space != "value" and (found := scope.types.get(name)) is not None:
                return found
            scope = scope.parent
        return None


def name_definitions(definitions: list[Def], module: Scope) -> None:
    """Give every definition its qualified name.

    Blocks and anonymous functions add nothing to the name. Where two scopes claim one name (helpers of two
    test callbacks), the later gets `#2`, `#3`; definitions that stand directly in their parent come first.
    """
    children: dict[Def | None, list[Def]] = defaultdict(list)
    for definition in definitions:
        children[definition.parent].append(definition)
    pending: list[Def | None] = [None]
    seen: set[Def | None] = {None}
    while pending:
        parent = pending.pop()
        prefix = f"{parent.qualified}." if parent is not None else ""
        owners = dict.fromkeys(module.values, module) if parent is None else {}
        for definition in sorted(children[parent], key=lambda d: (not d.scope.direct, d.name_span)):
            name, count = definition.name, 1
            if definition.scope.label and owners.get(name, definition.scope) is not definition.scope:
                name = f"{definition.scope.label}.{name}"
            while owners.setdefault(name, definition.scope) is not definition.scope:
                count += 1
                name = f"{definition.name}#{count}"
            definition.qualified = prefix + name
            if definition not in seen:
                seen.add(definition)
                pending.append(definition)
