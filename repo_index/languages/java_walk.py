"""Java's syntax: which nodes declare names and which use them."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from ..facts import Parameter, SymbolKind
from . import java_types
from .ecmascript_tree import span_of
from .static_scopes import CALL, TYPE, VALUE, Def, Scope
from .static_walk import Walk

HANDLERS: dict[str, Callable[[Walk, Node, Scope], None]] = {}

_TYPES: dict[str, SymbolKind] = {
    "class_declaration": "class",
    "record_declaration": "class",
    "interface_declaration": "interface",
    "annotation_type_declaration": "interface",
    "enum_declaration": "enum",
}
_TYPE_NODES = frozenset(
    "type_identifier scoped_type_identifier generic_type array_type integral_type floating_point_type boolean_type "
    "void_type annotated_type".split()
)


def handles(*types: str) -> Callable[[Callable[[Walk, Node, Scope], None]], Callable[[Walk, Node, Scope], None]]:
    def register(handler: Callable[[Walk, Node, Scope], None]) -> Callable[[Walk, Node, Scope], None]:
        HANDLERS.update(dict.fromkeys(types, handler))
        return handler

    return register


def modifiers_of(node: Node) -> tuple[set[str], tuple[str, ...]]:
    """Keywords and names of annotations before a declaration."""
    words: set[str] = set()
    annotations = []
    for child in node.children:
        if child.type == "modifiers":
            for part in child.children:
                name = part.child_by_field_name("name")
                if name is not None and name.text is not None:
                    annotations.append(name.text.decode("utf-8", "replace"))
                else:
                    words.add(part.type)
    return words, tuple(annotations)


@handles("package_declaration")
def _package(walk: Walk, node: Node, scope: Scope) -> None:
    for child in node.named_children:
        if child.type in ("scoped_identifier", "identifier"):
            walk.package = "".join(walk.text(child).split())
        else:
            walk.push(child, scope)


@handles("import_declaration")
def _import(walk: Walk, node: Node, scope: Scope) -> None:
    path = next((c for c in node.named_children if c.type in ("scoped_identifier", "identifier")), None)
    if path is None:
        return
    static = any(c.type == "static" for c in node.children)
    if any(c.type == "asterisk" for c in node.children):
        module: Node | None = path
        walk.import_name("".join(walk.text(path).split()), span_of(path), "*", "", node, scope)
    else:
        module, name = path.child_by_field_name("scope"), path.child_by_field_name("name") or path
        whole = "".join(walk.text(module).split()) if module is not None else ""
        text = walk.text(name)
        space = VALUE | CALL | TYPE if static else TYPE
        spans = span_of(name)
        walk.import_name(
            whole,
            span_of(module or path),
            text,
            text,
            node,
            scope,
            name_span=spans,
            local_span=spans,
            space=space,
        )
    _named_types(walk, module, scope)


def _named_types(walk: Walk, node: Node | None, scope: Scope) -> None:
    """The types in a dotted name, by their capitals: a package before them is none."""
    while node is not None and node.type == "scoped_identifier":
        name, inner = node.child_by_field_name("name"), node.child_by_field_name("scope")
        if name is None or inner is None or not walk.text(name)[:1].isupper():
            return
        of = "".join(walk.text(inner).split())
        walk.member(name, scope, lambda of=of: of, "import")  # type: ignore[misc]
        node = inner


@handles("module_declaration")
def _module(walk: Walk, node: Node, scope: Scope) -> None:
    body = node.child_by_field_name("body")
    for directive in body.named_children if body is not None else ():
        if directive.type in ("uses_module_directive", "provides_module_directive"):
            for child in directive.named_children:
                name, inner = child.child_by_field_name("name"), child.child_by_field_name("scope")
                if name is not None and inner is not None:
                    text = walk.text(name)
                    module = "".join(walk.text(inner).split())
                    walk.import_name(module, span_of(inner), text, text, child, scope, name_span=span_of(name))
        elif "comment" in directive.type:
            walk.push(directive, scope)


# -- types and their members


@handles(*_TYPES)
def _type(walk: Walk, node: Node, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None:
        return walk.push_all(node.named_children, scope)
    words, annotations = modifiers_of(node)
    made = walk.define(name, _TYPES[node.type], node, scope, body=body, space=TYPE, exported="private" not in words)
    made.decorators = annotations
    inner = walk.type_scopes[node.start_byte] = scope.inner("type", made)
    _type_parameters(walk, node, inner)
    bases: list[Node] = []
    for child in node.named_children:
        if child.type in ("superclass", "super_interfaces", "extends_interfaces"):
            for part in child.named_children:
                bases += part.named_children if part.type == "type_list" else [part]
    above = {"enum_declaration": "java.lang.Enum", "record_declaration": "java.lang.Record"}.get(node.type)

    def named() -> tuple[str, ...]:
        listed = [java_types.type_expression(walk, b, scope, plain=True) for b in bases if "comment" not in b.type]
        return tuple(t for t in (*listed, above) if t)

    made.bases, made.open = named, bool(bases)
    components = node.child_by_field_name("parameters")
    if components is not None:
        made.parameters = _components(walk, components, inner)
    walk.push_all((c for c in node.named_children if c not in (name, body, components)), inner)
    walk.push(body, inner)


def _components(walk: Walk, node: Node, scope: Scope) -> tuple[Parameter, ...]:
    """The components of a record: parameters, and members that are read by name or called."""
    found = []
    for child in node.named_children:
        kind, name = _parameter_parts(child)
        if name is None:
            continue
        made = walk.define(name, "attribute", child, scope, space=VALUE | CALL)
        made.decorators = ("component",)
        made.type = _typed(walk, kind, scope, child.type == "spread_parameter")
        found.append(walk.parameter(name, child, kind, many=child.type == "spread_parameter"))
        walk.push_all((c for c in child.named_children if c != name and c.type != "variable_declarator"), scope)
    return tuple(found)


def _parameter_parts(node: Node) -> tuple[Node | None, Node | None]:
    """(type, name) of a parameter."""
    kind, name = node.child_by_field_name("type"), node.child_by_field_name("name")
    if node.type == "spread_parameter":
        kind = next((c for c in node.named_children if c.type in _TYPE_NODES), None)
        declarator = next((c for c in node.named_children if c.type == "variable_declarator"), None)
        name = declarator.child_by_field_name("name") if declarator is not None else None
    return kind, name


def _typed(walk: Walk, kind: Node | None, scope: Scope, array: bool = False) -> Callable[[], str]:
    if kind is None:
        return str
    return lambda: _arrayed(java_types.type_expression(walk, kind, scope), array)


def _arrayed(expression: str, array: bool) -> str:
    return f"{expression}[]" if array and expression else expression


def _type_parameters(walk: Walk, node: Node, scope: Scope) -> None:
    """Bind the type parameters of a declaration; each stands for its first bound."""
    listed = node.child_by_field_name("type_parameters")
    for parameter in listed.named_children if listed is not None else ():
        if parameter.type != "type_parameter":
            continue
        name = next((c for c in parameter.named_children if c.type in ("type_identifier", "identifier")), None)
        bound = next((c for c in parameter.named_children if c.type == "type_bound"), None)
        first = bound.named_children[0] if bound is not None and bound.named_child_count else None
        if name is not None:
            scope.local(walk.text(name), 0, _typed(walk, first, scope), TYPE)
        walk.push(bound, scope)
        walk.push_all((c for c in parameter.named_children if "annotation" in c.type), scope)


@handles("type_parameters")
def _skip(walk: Walk, node: Node, scope: Scope) -> None:
    """Read with their declaration."""


@handles("field_declaration", "constant_declaration")
def _field(walk: Walk, node: Node, scope: Scope) -> None:
    words, annotations = modifiers_of(node)
    kind = node.child_by_field_name("type")
    constant = node.type == "constant_declaration" or {"static", "final"} <= words
    for child in node.named_children:
        name = child.child_by_field_name("name") if child.type == "variable_declarator" else None
        if name is None:
            walk.push(child, scope)
            continue
        made = walk.define(
            name,
            "constant" if constant else "attribute",
            node,
            scope,
            space=VALUE,
            exported="private" not in words,
        )
        made.decorators = annotations
        made.type = _typed(walk, kind, scope, child.child_by_field_name("dimensions") is not None)
        walk.push(child.child_by_field_name("value"), scope.inner("body", made))


@handles("method_declaration", "annotation_type_element_declaration")
def _method(walk: Walk, node: Node, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None:
        return walk.push_all(node.named_children, scope)
    words, annotations = modifiers_of(node)
    made = walk.define(name, "method", node, scope, body=body, space=CALL, exported="private" not in words)
    made.decorators = annotations
    inner = scope.inner("body", made)
    made.type = _typed(
        walk, node.child_by_field_name("type"), inner, node.child_by_field_name("dimensions") is not None
    )
    _callable(walk, node, made, inner, name, body)


@handles("constructor_declaration", "compact_constructor_declaration")
def _constructor(walk: Walk, node: Node, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None:
        return walk.push_all(node.named_children, scope)
    words, annotations = modifiers_of(node)
    holder = scope.owner
    if holder is not None and walk.text(name) == holder.name:
        walk.own_names.append((holder, span_of(name)))
    made = walk.define(
        name, "method", node, scope, body=body, exported="private" not in words, called="<init>", bind=False
    )
    made.decorators = annotations
    inner = scope.inner("body", made)
    if node.type == "compact_constructor_declaration" and holder is not None:
        for parameter in holder.parameters:  # assigning to them is what such a constructor is for
            inner.local(parameter.name, 0)
    _callable(walk, node, made, inner, name, body)


def _callable(walk: Walk, node: Node, made: Def, inner: Scope, name: Node, body: Node | None) -> None:
    _type_parameters(walk, node, inner)
    parameters = node.child_by_field_name("parameters")
    if parameters is not None:
        made.parameters = _parameters(walk, parameters, inner)
    rest = [c for c in node.named_children if c not in (name, body, parameters) and c.type != "dimensions"]
    walk.push(body, inner)
    walk.push_all(rest, inner)


def _parameters(walk: Walk, node: Node, scope: Scope) -> tuple[Parameter, ...]:
    """Bind the parameters of a method or lambda."""
    found = []
    for child in node.named_children:
        if child.type not in ("formal_parameter", "spread_parameter"):
            walk.push_all((c for c in child.named_children if c.type in _TYPE_NODES), scope)
            continue
        kind, name = _parameter_parts(child)
        if name is None:
            continue
        many = child.type == "spread_parameter"
        dimensions = child.child_by_field_name("dimensions") is not None
        scope.local(walk.text(name), 0, _typed(walk, kind, scope, many or dimensions))
        found.append(walk.parameter(name, child, kind, many=many))
        walk.push_all((c for c in child.named_children if c != name and c.type != "variable_declarator"), scope)
    return tuple(found)


@handles("enum_constant")
def _enum_constant(walk: Walk, node: Node, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    holder = scope.owner
    if name is None or holder is None:
        return walk.push_all(node.named_children, scope)
    made = walk.define(name, "constant", node, scope, space=VALUE)
    made.type = lambda: holder.qualified
    walk.push_all((c for c in node.named_children if c not in (name, body)), scope)
    if body is not None:
        walk.push(body, walk.anonymous_class(node, body, scope, lambda: (holder.qualified,)))


# -- statements


@handles(
    "block", "constructor_body", "for_statement", "switch_block", "switch_rule", "try_with_resources_statement",
    "catch_clause", "while_statement",
)  # fmt: skip
def _block(walk: Walk, node: Node, scope: Scope) -> None:
    walk.push_all(node.named_children, scope.inner("body"))


@handles("local_variable_declaration")
def _local(walk: Walk, node: Node, scope: Scope) -> None:
    kind = node.child_by_field_name("type")
    for child in node.named_children:
        name = child.child_by_field_name("name") if child.type == "variable_declarator" else None
        if name is None:
            walk.push(child, scope)
            continue
        value = child.child_by_field_name("value")
        scope.local(walk.text(name), name.start_byte, _declared(walk, kind, value, scope, child))
        walk.push(value, scope)


def _declared(
    walk: Walk, kind: Node | None, value: Node | None, scope: Scope, declarator: Node | None = None
) -> Callable[[], str]:
    """The type of a local variable: as written, or with `var` that of its value."""
    if kind is not None and walk.text(kind) == "var":
        return lambda: walk.type_of(value, scope)
    array = declarator is not None and declarator.child_by_field_name("dimensions") is not None
    return _typed(walk, kind, scope, array)


@handles("enhanced_for_statement")
def _for_each(walk: Walk, node: Node, scope: Scope) -> None:
    kind, name = node.child_by_field_name("type"), node.child_by_field_name("name")
    value = node.child_by_field_name("value")
    inner = scope.inner("body")
    if name is not None:
        if kind is not None and walk.text(kind) == "var":
            inner.local(walk.text(name), 0, lambda: walk.append(walk.type_of(value, scope), "*"))
        else:
            inner.local(walk.text(name), 0, _typed(walk, kind, scope))
    walk.push(node.child_by_field_name("body"), inner)
    walk.push(value, scope)
    walk.push(kind, scope)
    walk.push_all((c for c in node.named_children if c.type == "modifiers"), scope)


@handles("resource")
def _resource(walk: Walk, node: Node, scope: Scope) -> None:
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    kind = node.child_by_field_name("type")
    if name is not None:
        scope.local(walk.text(name), name.start_byte, _declared(walk, kind, value, scope))
    walk.push_all((c for c in node.named_children if c != name), scope)


@handles("catch_formal_parameter")
def _caught(walk: Walk, node: Node, scope: Scope) -> None:
    name = node.child_by_field_name("name")
    kinds = next((c for c in node.named_children if c.type == "catch_type"), None)
    if name is not None:
        one = kinds.named_children[0] if kinds is not None and kinds.named_child_count == 1 else None
        scope.local(walk.text(name), 0, _typed(walk, one, scope))
    walk.push_all((c for c in node.named_children if c != name), scope)


@handles("instanceof_expression")
def _instance_of(walk: Walk, node: Node, scope: Scope) -> None:
    name, kind = node.child_by_field_name("name"), node.child_by_field_name("right")
    if name is not None:
        scope.local(walk.text(name), name.start_byte, _typed(walk, kind, scope))
    walk.push_all((c for c in node.named_children if c != name), scope)


@handles("type_pattern", "record_pattern_component")
def _pattern(walk: Walk, node: Node, scope: Scope) -> None:
    name = next((c for c in node.named_children if c.type == "identifier"), None)
    kind = next((c for c in node.named_children if c.type in _TYPE_NODES), None)
    if name is not None:
        scope.local(walk.text(name), name.start_byte, _typed(walk, kind, scope))
    walk.push_all((c for c in node.named_children if c != name), scope)


@handles("record_pattern")
def _record_pattern(walk: Walk, node: Node, scope: Scope) -> None:
    for child in node.named_children:
        if child.type == "identifier":
            walk.use(child, scope, TYPE)
        else:
            walk.push(child, scope)


@handles("labeled_statement")
def _labeled(walk: Walk, node: Node, scope: Scope) -> None:
    walk.push_all(node.named_children[1:], scope)


@handles("break_statement", "continue_statement")
def _jump(walk: Walk, node: Node, scope: Scope) -> None:
    """Labels mean nothing outside."""


@handles("switch_label")
def _label(walk: Walk, node: Node, scope: Scope) -> None:
    at: Node | None = node
    while at is not None and at.type not in ("switch_expression", "switch_statement"):
        at = at.parent
    selector = at.child_by_field_name("condition") if at is not None else None
    for child in node.named_children:
        if child.type == "identifier" and selector is not None:
            walk.member(child, scope, _selected(walk, child, selector, scope))
        else:
            walk.push(child, scope)


def _selected(walk: Walk, label: Node, selector: Node, scope: Scope) -> Callable[[], str]:
    """What a constant in `case CONSTANT` is a member of: the class here that defines it, else the selector's type."""

    def holder() -> str:
        binding, _ = walk.find(walk.text(label), scope, label.start_byte, VALUE)
        known = walk.type_of(selector, scope)
        made = binding.definition if binding is not None else None
        if known in ("", "int", "char", "String", "byte", "short") and made is not None and made.parent is not None:
            return made.parent.qualified
        return known

    return holder


# -- expressions


@handles("lambda_expression")
def _lambda(walk: Walk, node: Node, scope: Scope) -> None:
    inner = scope.inner("body")
    parameters = node.child_by_field_name("parameters")
    if parameters is not None and parameters.type == "formal_parameters":
        _parameters(walk, parameters, inner)
    elif parameters is not None:
        names = [parameters] if parameters.type == "identifier" else parameters.named_children
        for name in names:
            if name.type == "identifier":
                inner.local(walk.text(name), 0, java_types.lambda_parameter(walk, node, scope, len(names)))
    walk.push(node.child_by_field_name("body"), inner)


def _of(walk: Walk, node: Node | None, scope: Scope) -> None:
    """An expression that something is taken from: it may name a type."""
    if node is not None and node.type == "identifier":
        walk.use(node, scope, VALUE | TYPE)
    elif node is not None:
        walk.push(node, scope)


@handles("method_invocation")
def _invocation(walk: Walk, node: Node, scope: Scope) -> None:
    object, name = node.child_by_field_name("object"), node.child_by_field_name("name")
    arguments = node.child_by_field_name("arguments")
    if name is not None:
        if object is None:
            walk.use(name, scope, CALL, "call")
        else:
            walk.member(name, scope, object, "call")
        walk.call(name, arguments, scope)
    walk.push(arguments, scope)
    walk.push_all((c for c in node.named_children if c.type == "type_arguments"), scope)
    _of(walk, object, scope)


@handles("field_access")
def _field_access(walk: Walk, node: Node, scope: Scope) -> None:
    object, name = node.child_by_field_name("object"), node.child_by_field_name("field")
    if name is not None and name.type == "identifier" and object is not None:
        walk.member(name, scope, object)
    _of(walk, object, scope)


@handles("method_reference")
def _method_reference(walk: Walk, node: Node, scope: Scope) -> None:
    parts = [c for c in node.named_children if "comment" not in c.type]
    if len(parts) > 1 and parts[-1].type == "identifier":
        walk.member(parts[-1], scope, parts[0], called=True)
    if parts:
        _of(walk, parts[0], scope)
    walk.push_all(parts[1:-1], scope)


@handles("object_creation_expression")
def _creation(walk: Walk, node: Node, scope: Scope) -> None:
    kind, arguments = node.child_by_field_name("type"), node.child_by_field_name("arguments")
    body = next((c for c in node.named_children if c.type == "class_body"), None)
    outer = next((c for c in node.named_children if c.end_byte <= (kind or node).start_byte), None)
    if kind is not None:
        name = java_types.last_name(kind)
        if outer is not None and name is not None and kind.type in ("type_identifier", "generic_type"):
            walk.member(name, scope, outer, "call")
            walk.push_all((c for c in kind.named_children if c.type == "type_arguments"), scope)
        elif kind.type == "type_identifier":
            walk.use(kind, scope, TYPE, "call")
        else:
            walk.push(kind, scope)
        if name is not None:
            walk.call(name, arguments, scope)
    if body is not None:
        above = kind

        def bases() -> tuple[str, ...]:
            text = java_types.type_expression(walk, above, scope, plain=True) if above is not None else ""
            return (text,) if text else ()

        walk.push(body, walk.anonymous_class(node, body, scope, bases))
    walk.push(arguments, scope)
    walk.push_all((c for c in node.named_children if c not in (kind, arguments, body)), scope)


@handles("annotation", "marker_annotation")
def _annotation(walk: Walk, node: Node, scope: Scope) -> None:
    name, arguments = node.child_by_field_name("name"), node.child_by_field_name("arguments")
    if name is None:
        return
    if name.type == "identifier":
        walk.use(name, scope, TYPE)
    else:
        _dotted(walk, name, scope)
    for child in arguments.named_children if arguments is not None else ():
        key = child.child_by_field_name("key") if child.type == "element_value_pair" else None
        if key is None:
            walk.push(child, scope)
            continue
        walk.member(key, scope, lambda: java_types.type_expression(walk, name, scope), "keyword")
        walk.push(child.child_by_field_name("value"), scope)


@handles("scoped_type_identifier")
def _dotted(walk: Walk, node: Node, scope: Scope) -> None:
    """`a.b.C`, `Outer.Inner`: each part is a member of what stands before it."""
    name = java_types.last_name(node)
    left = node.child_by_field_name("scope") or (node.named_children[0] if node.named_child_count > 1 else None)
    if name is None or left is None:
        return
    walk.member(name, scope, left)
    if left.type == "identifier":
        walk.use(left, scope, TYPE)
    elif left.type == "scoped_identifier":
        _dotted(walk, left, scope)
    else:
        walk.push(left, scope)
    walk.push_all((c for c in node.named_children if "annotation" in c.type), scope)


@handles("type_identifier")
def _type_use(walk: Walk, node: Node, scope: Scope) -> None:
    if node.text != b"var":
        walk.use(node, scope, TYPE)


@handles("identifier")
def _identifier(walk: Walk, node: Node, scope: Scope) -> None:
    walk.use(node, scope, VALUE)


@handles("block_comment", "line_comment")
def _comment(walk: Walk, node: Node, scope: Scope) -> None:
    doc = node.text is not None and node.text.startswith(b"/**")
    walk.texts.append((node.start_byte, node.end_byte, "doc" if doc else "comment"))
    if doc:
        walk.docs.append((node, scope))


@handles("string_literal")
def _string(walk: Walk, node: Node, scope: Scope) -> None:
    walk.texts.append((node.start_byte, node.end_byte, "string"))
