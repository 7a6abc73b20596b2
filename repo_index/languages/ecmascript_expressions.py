"""Expressions: names, member chains, calls, object literals, JSX. Importing this module registers handlers."""

from __future__ import annotations

from tree_sitter import Node

from ..facts import OccurrenceKind, Span, TextKind
from .ecmascript_classes import open_value
from .ecmascript_commonjs import assign_exports, dynamic_import
from .ecmascript_functions import open_function
from .ecmascript_jsdoc import read_comment
from .ecmascript_scopes import Scope, Space
from .ecmascript_tree import FUNCTIONS, IDENTIFIER, literal, property_key, span_of, strip
from .ecmascript_walk import Chain, Context, Key, Name, PendingCall, ThisAssignment, Walk, handles


@handles("comment")
def _comment(walk: Walk, node: Node, scope: Scope) -> None:
    kind: TextKind = "doc" if walk.source.startswith(b"/**", node.start_byte) else "comment"
    walk.texts.append((node.start_byte, node.end_byte, kind))
    if kind == "doc":
        read_comment(walk, node, scope)


@handles("string")
def _string(walk: Walk, node: Node, scope: Scope) -> None:
    walk.texts.append((node.start_byte + 1, node.end_byte - 1, "string"))


@handles("string_fragment")
def _fragment(walk: Walk, node: Node, scope: Scope) -> None:
    walk.texts.append((node.start_byte, node.end_byte, "string"))


@handles(
    "number",
    "regex",
    "this",
    "super",
    "property_identifier",
    "private_property_identifier",
    "statement_identifier",
    "predefined_type",
    "jsx_text",
    "escape_sequence",
    "null",
    "true",
    "false",
    "undefined",
    "import",
)
def _leaf(walk: Walk, node: Node, scope: Scope) -> None:
    """Nothing to see: spares the default handler's look for children."""


@handles("identifier")
def _identifier(walk: Walk, node: Node, scope: Scope) -> None:
    walk.names.append(Name(node, scope, "use", "value"))


@handles("type_identifier")
def _type_identifier(walk: Walk, node: Node, scope: Scope) -> None:
    walk.names.append(Name(node, scope, "use", "type"))


@handles("shorthand_property_identifier", "shorthand_property_identifier_pattern")
def _shorthand(walk: Walk, node: Node, scope: Scope) -> None:
    walk.names.append(Name(node, scope, "use", "value"))
    walk.shorthands.append(span_of(node))
    walk.keys.append(Key(walk.text(node), span_of(node), scope))


@handles("member_expression", "subscript_expression", "nested_identifier", "nested_type_identifier")
def _member(walk: Walk, node: Node, scope: Scope) -> None:
    member(walk, node, scope, "use", "any" if node.type == "nested_type_identifier" else "value")


def member(walk: Walk, node: Node, scope: Scope, kind: OccurrenceKind, space: Space = "value") -> Span | None:
    """Record `root.a.b` and walk into what it is taken from. Returns the span of the last property."""
    properties: list[tuple[str, Span]] = []
    root: Node = node
    while True:
        if root.type in ("member_expression", "nested_identifier"):
            # After `typeof` the grammar gives the first part's field to the whole.
            key = root.named_children[-1] if root.named_child_count else None
        elif root.type == "nested_type_identifier":
            key = root.child_by_field_name("name")
        elif root.type == "subscript_expression":
            key = root.child_by_field_name("index")
        else:
            break
        below = root.child_by_field_name("module" if root.type == "nested_type_identifier" else "object")
        named = _key_of(walk, key)
        if below is None or named is None:
            break
        properties.append(named)
        if below.type in ("as_expression", "satisfies_expression") and below.named_child_count == 2:
            # `x satisfies a.b.c` is read as `(x satisfies a.b).c`: without parentheses the rest is the type's
            expression, below = below.named_children
            walk.push(expression, scope)
            space = "any"
        inside = strip(below)
        root = inside if inside is not None else below
    properties.reverse()
    if not properties:
        walk.push_children(node, scope)
        return None
    walk.chains.append(Chain(root, properties, scope, kind, space))
    if root.type == "subscript_expression":
        walk.push_children(root, scope)
    elif root.type not in ("identifier", "type_identifier", "this", "super"):
        walk.push(root, scope)
    return properties[-1][1]


def _key_of(walk: Walk, key: Node | None) -> tuple[str, Span] | None:
    """The property that a member expression names, or a subscript by a string that could be an identifier."""
    if key is None:
        return None
    if key.type in ("property_identifier", "private_property_identifier", "type_identifier"):
        return walk.text(key), span_of(key)
    quoted = literal(key) if key.type == "string" else None
    return quoted if quoted is not None and IDENTIFIER.match(quoted[0]) else None


@handles("lookup_type")
def _lookup_type(walk: Walk, node: Node, scope: Scope) -> None:
    """`T["name"]` names a property of T."""
    parts = node.named_children
    key = literal(parts[-1].named_children[0]) if len(parts) == 2 and parts[-1].named_child_count else None
    if key is not None and IDENTIFIER.match(key[0]):
        walk.keys.append(Key(*key, scope, annotation=parts[0]))
    walk.push_children(node, scope)


@handles("call_expression", "new_expression")
def _call(walk: Walk, node: Node, scope: Scope) -> None:
    callee = node.child_by_field_name("function") or node.child_by_field_name("constructor")
    arguments = node.child_by_field_name("arguments")
    walk.push(arguments, scope)
    walk.push(node.child_by_field_name("type_arguments"), scope)
    if callee is None:
        return
    if arguments is not None and dynamic_import(walk, node, callee, arguments, scope):
        return
    core = strip(callee)
    target = core if core is not None else callee
    plain = arguments is not None and arguments.type == "arguments"
    kind: OccurrenceKind = "call" if plain or node.type == "new_expression" else "use"
    named: Span | None = None
    if target.type == "identifier":
        walk.names.append(Name(target, scope, kind, "value"))
        named = span_of(target)
    elif target.type in ("member_expression", "subscript_expression"):
        named = member(walk, target, scope, kind)
    else:
        walk.push(callee, scope)
    if plain and arguments is not None and target.type in ("identifier", "member_expression"):
        _arguments(walk, target, arguments, scope)
    if named is not None and arguments is not None and plain:
        walk.calls.append(PendingCall(named, arguments, scope))


_IN_CONTEXT = frozenset({"object", "arrow_function", "function_expression"})


def _arguments(walk: Walk, callee: Node, arguments: Node, scope: Scope) -> None:
    """Remember of object literals and functions which argument of which call they are."""
    for number, child in enumerate(c for c in arguments.named_children if c.type != "comment"):
        if child.type == "spread_element":
            break
        core = strip(child)
        if core is not None and core.type in _IN_CONTEXT:
            walk.contexts[core.id] = Context(callee, scope, number)


@handles("object")
def _object(walk: Walk, node: Node, scope: Scope) -> None:
    annotation = walk.expected.get(node.id)
    for child in reversed(node.named_children):
        if child.type == "pair":
            key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
            walk.push(value, scope)
            named = property_key(key)
            if named is not None:
                walk.keys.append(Key(*named, scope, annotation=annotation, literal=node))
                core = strip(value)
                if core is not None and core.type in _IN_CONTEXT:
                    walk.contexts[core.id] = Context(node, scope, key=named[0])
            else:
                walk.push(key, scope)
        elif child.type == "method_definition":
            named = property_key(child.child_by_field_name("name"))
            if named is not None:
                walk.keys.append(Key(*named, scope, annotation=annotation, literal=node))
            walk.push(child, scope)
        elif child.type == "shorthand_property_identifier":
            walk.names.append(Name(child, scope, "use", "value"))
            walk.shorthands.append(span_of(child))
            walk.keys.append(Key(walk.text(child), span_of(child), scope, annotation=annotation, literal=node))
        else:
            walk.push(child, scope)


@handles("as_expression", "satisfies_expression")
def _typed_expression(walk: Walk, node: Node, scope: Scope) -> None:
    parts = node.named_children
    if len(parts) > 1 and parts[0].type == "object":
        walk.expected[parts[0].id] = parts[1]
    walk.push_children(node, scope)


@handles("assignment_expression")
def _assignment(walk: Walk, node: Node, scope: Scope) -> None:
    targets: list[Node] = []
    value: Node | None = node
    while value is not None and value.type == "assignment_expression":
        left = value.child_by_field_name("left")
        if left is not None:
            targets.append(left)
        value = value.child_by_field_name("right")
    core = strip(value)
    if core is None:
        return
    if assign_exports(walk, targets, core, node, scope):
        return
    if len(targets) == 1 and _assigned_member(walk, targets[0], core, node, scope):
        return
    for target in targets:
        walk.push(target, scope)
    walk.push(value, scope)


def _assigned_member(walk: Walk, left: Node, value: Node, node: Node, scope: Scope) -> bool:
    """`X.name = value` and `X.prototype.name = function` define a member of X, a definition of this file;
    `this.name = value` is remembered, since the class may declare that name elsewhere. Returns whether the
    assignment is dealt with."""
    if left.type != "member_expression":
        return False
    base, key = left.child_by_field_name("object"), left.child_by_field_name("property")
    named = property_key(key)
    if base is None or named is None or scope.function().kind not in ("module", "namespace", "function"):
        return False
    if base.type == "this":
        if scope.this is not None:
            walk.this_assignments.append(ThisAssignment(scope.this, *named, node, value, scope))
        return False
    if base.type == "member_expression":
        prototype = base.child_by_field_name("property")
        if prototype is None or walk.text(prototype) != "prototype":
            return False
        base = base.child_by_field_name("object")
    if base is None or base.type != "identifier":
        return False
    binding = scope.lookup(walk.text(base), "value")
    if binding is None or binding.definition is None or binding.scope.kind != "module":
        return False
    owner = binding.definition
    if named[0] in owner.members or (value.type not in FUNCTIONS and scope.function().kind != "module"):
        return False
    walk.names.append(Name(base, scope, "use", "value"))
    body = value.child_by_field_name("body") if value.type in FUNCTIONS else None
    owner.inner = owner.inner or walk.module.child("class", owner=owner)
    outer = walk.outer.get(node.id, node)
    definition = walk.define(named[0], named[1], "attribute", outer, owner.inner, parent=owner, body=body)
    if value.type in FUNCTIONS:
        definition.kind = "method"
        open_function(walk, value, scope, definition, this=owner)
    else:
        open_value(walk, definition, value, value, scope)
    return True


@handles("jsx_opening_element", "jsx_self_closing_element", "jsx_closing_element")
def _jsx_tag(walk: Walk, node: Node, scope: Scope) -> None:
    name = node.child_by_field_name("name")
    kind: OccurrenceKind = "use" if node.type == "jsx_closing_element" else "call"
    component = False
    if name is not None and name.type == "identifier":
        # A lower-case tag is an element of the page, not a component.
        component = not walk.text(name)[:1].islower()
        if component:
            walk.names.append(Name(name, scope, kind, "value"))
    elif name is not None and name.type in ("member_expression", "nested_identifier"):
        component = True
        member(walk, name, scope, kind)
    if component and name is not None:
        walk.contexts[node.id] = Context(name, scope, 0)
    for child in reversed(node.named_children):
        if name is not None and child.id == name.id:
            continue
        if child.type != "jsx_attribute":
            walk.push(child, scope)
            continue
        for index, part in enumerate(child.named_children):
            if index == 0 and part.type == "property_identifier":
                if component:
                    walk.keys.append(Key(walk.text(part), span_of(part), scope, literal=node))
            elif part.type not in ("jsx_namespace_name", "string"):
                walk.push(part, scope)
