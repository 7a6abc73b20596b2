"""Classes, interfaces, enums, namespaces and object literals: definitions with members.

Importing this module registers its handlers.
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from ..facts import SymbolKind
from .ecmascript_functions import open_function
from .ecmascript_patterns import parameter_parts
from .ecmascript_scopes import Binding, Def, Scope
from .ecmascript_tree import CLASSES, FUNCTIONS, TRANSPARENT_TYPES, has_token, property_key, span_of, strip
from .ecmascript_walk import Key, Name, Walk, handles

_METHODS = frozenset({"method_definition", "method_signature", "abstract_method_signature"})
_FIELDS = frozenset({"public_field_definition", "field_definition", "property_signature"})


@handles("class_declaration", "abstract_class_declaration", "class")
def _class(walk: Walk, node: Node, scope: Scope) -> None:
    name = node.child_by_field_name("name")
    if name is None or node.type == "class":
        open_class(walk, node, scope, None)
        return
    outer = walk.outer.get(node.id, node)
    body = node.child_by_field_name("body")
    definition = walk.define(walk.text(name), span_of(name), "class", outer, scope, body=body, space="any")
    open_class(walk, node, scope, definition)


def open_class(walk: Walk, node: Node, scope: Scope, definition: Def | None) -> None:
    """Walk into a class; with `definition`, its members are defined."""
    inner = scope.child("class", owner=definition, this=definition, keep_this=False)
    name = node.child_by_field_name("name")
    if name is not None and node.type == "class":
        inner.bind(walk.text(name), walk.own_name(name, definition, inner), "any")
    decorators = [child for child in node.named_children if child.type == "decorator"]
    if definition is not None:
        definition.value = definition.value or node
        definition.inner = inner
        definition.bases = tuple(_bases(walk, node))
        definition.decorators = _decorator_texts(walk, decorators, node)
    for child in reversed(node.named_children):
        if child.type == "class_body":
            _members(walk, child, inner, definition)
        elif name is None or child.id != name.id:
            walk.push(child, scope if child.type == "decorator" else inner)


def _bases(walk: Walk, node: Node) -> Iterator[str]:
    """Dotted expressions of the classes and interfaces named in a heritage clause."""
    for clause in node.named_children:
        if clause.type == "class_heritage":
            yield from _bases(walk, clause)
            if clause.named_children and clause.named_children[0].type in ("identifier", "member_expression"):
                yield "".join(walk.text(clause.named_children[0]).split())
        elif clause.type in ("extends_clause", "implements_clause", "extends_type_clause"):
            for child in clause.named_children:
                base = child.child_by_field_name("name") if child.type == "generic_type" else child
                if base is not None and base.type in (
                    "identifier",
                    "member_expression",
                    "type_identifier",
                    "nested_type_identifier",
                ):
                    yield "".join(walk.text(base).split())


def _decorator_texts(walk: Walk, found: list[Node], node: Node) -> tuple[str, ...]:
    """Decorators as written, without the `@`, those before an `export` keyword included."""
    return tuple(walk.text(d)[1:] for d in (*walk.decorators.get(node.id, ()), *found))


def _members(walk: Walk, body: Node, inner: Scope, parent: Def | None) -> None:
    pending: list[Node] = []
    around = inner
    doubled = _doubled(body)
    for child in body.named_children:
        inner = around
        if child.id in doubled:
            inner = around.child("class")  # so that it gets a qualified name of its own
        if child.type == "decorator":
            pending.append(child)
            walk.push(child, inner)
            continue
        if child.type == "comment":
            walk.push(child, inner)
            continue
        if parent is None:
            walk.push(child, inner)
        elif child.type in _METHODS:
            _method(walk, child, inner, parent, pending)
        elif child.type in _FIELDS:
            _field(walk, child, inner, parent, pending)
        else:
            walk.push(child, inner)
        pending = []


def _doubled(body: Node) -> frozenset[int]:
    """By node id: static members of a class that an instance member has the name of."""
    named: dict[bool, dict[str, list[int]]] = {True: {}, False: {}}
    for child in body.named_children:
        key = child.child_by_field_name("name") or child.child_by_field_name("property")
        named_key = property_key(key) if child.type in _METHODS | _FIELDS else None
        if named_key is not None:
            named[has_token(child, "static")].setdefault(named_key[0], []).append(child.id)
    return frozenset(i for name, ids in named[True].items() if name in named[False] for i in ids)


def _make_static(definition: Def, parent: Def) -> None:
    parent.statics[definition.name] = definition
    if parent.members.get(definition.name) is definition:
        del parent.members[definition.name]


def _method(walk: Walk, node: Node, inner: Scope, parent: Def, decorators: list[Node]) -> None:
    key = node.child_by_field_name("name")
    named = property_key(key)
    if named is None:
        walk.push(key, inner)
        open_function(walk, node, inner, None, this=parent)
        return
    body = node.child_by_field_name("body")
    definition = walk.define(named[0], named[1], "method", node, inner, parent=parent, body=body)
    _member_details(walk, definition, node, decorators)
    if not inner.direct:
        _make_static(definition, parent)
    if named[0] == "constructor":
        _parameter_properties(walk, node, inner, parent)
    open_function(walk, node, inner, definition, this=parent)


def _field(walk: Walk, node: Node, inner: Scope, parent: Def, decorators: list[Node]) -> None:
    key = node.child_by_field_name("name") or node.child_by_field_name("property")
    named = property_key(key)
    value, annotation = node.child_by_field_name("value"), node.child_by_field_name("type")
    walk.push(annotation, inner)
    for child in node.named_children:
        if child.type == "decorator":
            decorators = [*decorators, child]
            walk.push(child, inner)
    if named is None:
        walk.push(key, inner)
        walk.push(value, inner)
        return
    core = strip(value)
    function = core is not None and core.type in FUNCTIONS
    callable_type = (
        annotation is not None
        and annotation.named_child_count == 1
        and (annotation.named_children[0].type == "function_type")
    )
    kind: SymbolKind = "method" if function or (node.type == "property_signature" and callable_type) else "attribute"
    body = core.child_by_field_name("body") if core is not None and function else None
    definition = walk.define(named[0], named[1], kind, node, inner, parent=parent, body=body)
    _member_details(walk, definition, node, decorators)
    if not inner.direct:
        _make_static(definition, parent)
    definition.annotation = annotation
    if core is None:
        return
    definition.value = core
    if function:
        walk.push_asserted(value, inner)
        open_function(walk, core, inner, definition, this=parent)
    else:
        if core.type == "object" and annotation is not None:
            walk.expected[core.id] = annotation
        walk.push(value, inner)


def _member_details(walk: Walk, definition: Def, node: Node, decorators: list[Node]) -> None:
    definition.private = definition.name.startswith("#") or any(
        child.type == "accessibility_modifier" and walk.text(child) == "private" for child in node.children
    )
    if decorators:
        definition.decorators = tuple(walk.text(d)[1:] for d in decorators)
        definition.span = (min(definition.span[0], decorators[0].start_byte), definition.span[1])


def _parameter_properties(walk: Walk, node: Node, inner: Scope, parent: Def) -> None:
    """TypeScript's `constructor(private readonly x: T)` makes x a parameter and an attribute."""
    listed = node.child_by_field_name("parameters")
    for child in listed.named_children if listed is not None else ():
        if child.type not in ("required_parameter", "optional_parameter"):
            continue
        modifiers = [c for c in child.children if c.type in ("accessibility_modifier", "readonly", "override_modifier")]
        pattern, default, annotation = parameter_parts(child)
        if modifiers and pattern is not None and pattern.type == "identifier":
            name = walk.text(pattern)
            definition = walk.define(name, span_of(pattern), "attribute", child, inner, parent=parent)
            definition.annotation, definition.value = annotation, strip(default)
            definition.private = any(walk.text(m) == "private" for m in modifiers)
            walk.parameter_properties[pattern.start_byte] = definition


def open_object(walk: Walk, node: Node, scope: Scope, parent: Def) -> None:
    """Walk into an object literal that is the value of a definition: its properties are members."""
    inner = scope.child("class", owner=parent, this=parent)
    parent.inner = inner
    parent.value = node
    parent.body_span = (node.start_byte + 1, max(node.start_byte + 1, node.end_byte - 1))
    for child in node.named_children:
        if child.type == "method_definition":
            _method(walk, child, inner, parent, [])
            named = property_key(child.child_by_field_name("name"))
            if named is not None:
                expected_keys(walk, node, inner, *named)
        elif child.type == "pair":
            key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
            named = property_key(key)
            if named is None:
                walk.push(key, inner)
                walk.push(value, inner)
                continue
            core = strip(value)
            kind: SymbolKind = "method" if core is not None and core.type in FUNCTIONS else "attribute"
            body = core.child_by_field_name("body") if core is not None and kind == "method" else None
            definition = walk.define(named[0], named[1], kind, child, inner, parent=parent, body=body)
            definition.value = core
            if core is not None and kind == "method":
                open_function(walk, core, inner, definition, this=parent)
            else:
                walk.push(value, inner)
            expected_keys(walk, node, inner, *named)
        elif child.type == "shorthand_property_identifier":
            definition = walk.define(walk.text(child), span_of(child), "attribute", child, inner, parent=parent)
            definition.value = child
            walk.names.append(Name(child, scope, "use", "value"))
            walk.shorthands.append(span_of(child))
            expected_keys(walk, node, inner, walk.text(child), span_of(child))
        else:
            walk.push(child, inner)


def expected_keys(walk: Walk, literal: Node, scope: Scope, name: str, span: tuple[int, int]) -> None:
    """Record a key of an object literal as a property of the literal's declared type, if it has one."""
    annotation = walk.expected.get(literal.id)
    if annotation is not None:
        walk.keys.append(Key(name, span, scope, annotation=annotation))


def open_value(walk: Walk, definition: Def, core: Node, value: Node | None, scope: Scope) -> None:
    """Walk into the value of a definition: a function, class or object literal is its body."""
    definition.value = core
    if core.type in FUNCTIONS or core.type in CLASSES or core.type == "object":
        walk.push_asserted(value, scope)
    if core.type in FUNCTIONS:
        # A capitalised function is a constructor by convention: `this` in it is what it builds.
        this = definition if definition.name[:1].isupper() else None
        open_function(walk, core, scope, definition, this=this)
    elif core.type in CLASSES:
        open_class(walk, core, scope, definition)
    elif core.type == "object":
        open_object(walk, core, scope, definition)
    else:
        walk.push(value, scope)


@handles("interface_declaration")
def _interface(walk: Walk, node: Node, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None:
        walk.push_children(node, scope)
        return
    outer = walk.outer.get(node.id, node)
    text = walk.text(name)
    definition = walk.define(text, span_of(name), "interface", outer, scope, body=body, space="type")
    _share_members(definition, scope, "type")
    inner = scope.child("class", owner=definition, this=definition)
    definition.inner = inner
    definition.bases = tuple(_bases(walk, node))
    for child in node.named_children:
        if body is not None and child.id == body.id:
            _members(walk, child, inner, definition)
        elif child.id != name.id:
            walk.push(child, inner)


def _share_members(definition: Def, scope: Scope, space: str) -> None:
    """Declarations of one name in one scope merge: they have one table of members."""
    first = (scope.types if space == "type" else scope.values).get(definition.name)
    if first is not None and first.definition is not None and first.definition is not definition:
        definition.members = first.definition.members


@handles("type_alias_declaration")
def _type_alias(walk: Walk, node: Node, scope: Scope) -> None:
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is None:
        walk.push_children(node, scope)
        return
    outer = walk.outer.get(node.id, node)
    definition = walk.define(walk.text(name), span_of(name), "type", outer, scope, space="type")
    inner = scope.child("class", owner=definition, this=definition)
    definition.inner = inner
    walk.push(node.child_by_field_name("type_parameters"), inner)
    parts = _intersected(value)
    named = [_named_type(walk, part) for one in parts for part in _alternatives(one)]
    definition.bases = tuple(dict.fromkeys(base for base in named if base))
    for part in parts:
        if part.type == "object_type":
            _members(walk, part, inner, definition)
        else:
            walk.push(part, inner)


def _intersected(node: Node | None) -> list[Node]:
    """The parts of `A & B & {...}`."""
    return _parts(node, "intersection_type") if node is not None else []


def _alternatives(node: Node) -> list[Node]:
    """The parts of `A | B | {...}`: a property of the union is one of each of them."""
    return _parts(node, "union_type")


def _parts(node: Node, kind: str) -> list[Node]:
    found: list[Node] = []
    todo = [node]
    while todo:
        part = todo.pop()
        if part.type == kind:
            todo.extend(reversed(part.named_children))
        elif part.type != "comment":
            found.append(part)
    return found


def _named_type(walk: Walk, node: Node) -> str:
    """The dotted name of a type whose members a type alias takes over, "" if it is none."""
    for _ in range(8):
        if node.type in ("type_identifier", "nested_type_identifier"):
            return "".join(walk.text(node).split())
        name = node.child_by_field_name("name") if node.type == "generic_type" else None
        if name is None:
            return ""
        given = node.child_by_field_name("type_arguments")
        wrapped = walk.text(name) in TRANSPARENT_TYPES and given is not None and given.named_child_count
        node = given.named_children[0] if wrapped and given is not None else name
    return ""


@handles("enum_declaration")
def _enum(walk: Walk, node: Node, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None:
        return
    outer = walk.outer.get(node.id, node)
    definition = walk.define(walk.text(name), span_of(name), "enum", outer, scope, body=body, space="any")
    inner = scope.child("class", owner=definition)
    definition.inner = inner
    for child in body.named_children if body is not None else ():
        key = child.child_by_field_name("name") if child.type == "enum_assignment" else child
        named = property_key(key)
        if named is not None and child.type != "comment":
            member = walk.define(named[0], named[1], "attribute", child, inner, parent=definition)
            inner.bind(named[0], Binding("definition", inner, definition=member), "value")
        if child.type == "enum_assignment":
            walk.push(child.child_by_field_name("value"), inner)


@handles("internal_module", "module")
def _namespace(walk: Walk, node: Node, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    outer = walk.outer.get(node.id, node)
    inner = scope
    if name is not None and name.type in ("identifier", "nested_identifier"):
        parts = [name] if name.type == "identifier" else _identifiers(name)
        for part in parts:
            # The kinds of symbols have no namespace; a class is the nearest: a name with members.
            definition = walk.define(walk.text(part), span_of(part), "class", outer, inner, body=body, space="any")
            _share_members(definition, inner, "value")
            inner = inner.child("namespace", owner=definition)
            definition.inner = inner
    else:
        inner = scope.child("block")
    if body is not None:
        walk.push_children(body, inner)


def _identifiers(node: Node) -> list[Node]:
    found: list[Node] = []
    stack = [node]
    while stack:
        part = stack.pop()
        if part.type == "nested_identifier":
            stack.extend(reversed(part.named_children))
        else:
            found.append(part)
    return found
