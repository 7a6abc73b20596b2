"""C#'s syntax: which nodes declare names and which use them."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from ..facts import Parameter, SymbolKind
from . import csharp_types
from .ecmascript_tree import span_of
from .static_scopes import ANY, CALL, TYPE, VALUE, Def, Scope
from .static_walk import Walk

Handler = Callable[[Walk, Node, Scope], None]
HANDLERS: dict[str, Handler] = {}

_TYPES: dict[str, SymbolKind] = {
    "class_declaration": "class",
    "struct_declaration": "class",
    "record_declaration": "class",
    "record_struct_declaration": "class",
    "interface_declaration": "interface",
    "enum_declaration": "enum",
    "delegate_declaration": "type",
}
#: nodes whose plain identifiers are types
_TYPE_PARENTS = frozenset(
    "base_list type_argument_list type_parameter_constraint nullable_type array_type qualified_name "
    "explicit_interface_specifier attribute primary_constructor_base_type type_parameter_constraints_clause".split()
)


def handles(*types: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(types, handler))
        return handler

    return register


def _words(walk: Walk, node: Node) -> set[str]:
    return {walk.text(c) for c in node.named_children if c.type == "modifier"}


def _attributes(walk: Walk, node: Node) -> tuple[str, ...]:
    found = []
    for part in node.named_children:
        for attribute in part.named_children if part.type == "attribute_list" else ():
            name = attribute.child_by_field_name("name")
            if name is not None:
                found.append(walk.text(name))
    return tuple(found)


def _exported(words: set[str]) -> bool:
    return "private" not in words


# -- namespaces and usings


@handles("using_directive")
def _using(walk: Walk, node: Node, scope: Scope) -> None:
    alias = node.child_by_field_name("name")
    named = [c for c in node.named_children if c != alias and c.type != "comment"]
    if not named:
        return
    path = named[-1]
    dotted = "".join(walk.text(path).split()).removeprefix("global::")
    if alias is not None:
        module, _, last = dotted.partition("<")[0].rpartition(".")
        name = csharp_types.last_name(path)
        walk.import_name(
            module, span_of(path), last, walk.text(alias), node, scope,
            name_span=span_of(name) if name is not None else None, local_span=span_of(alias),
        )  # fmt: skip
        return
    number = walk.import_name(dotted, span_of(path), "*", "", node, scope)
    if any(c.type == "global" for c in node.children):
        walk.everywhere.append(number)
    if any(c.type == "static" for c in node.children) and path.type == "qualified_name":
        name, left = csharp_types.last_name(path), path.child_by_field_name("qualifier")
        if name is not None and left is not None:
            of = "".join(walk.text(left).split())
            walk.member(name, scope, lambda: of, "import")


@handles("namespace_declaration")
def _namespace(walk: Walk, node: Node, scope: Scope) -> None:
    name = node.child_by_field_name("name")
    if name is None:
        return walk.push_all(node.named_children, scope)
    dotted = "".join(walk.text(name).split())
    inner = scope.inner("namespace")
    inner.prefix = f"{scope.prefix}.{dotted}" if scope.prefix else dotted
    walk.namespaces.append(inner.prefix)
    walk.push(node.child_by_field_name("body"), inner)


@handles("file_scoped_namespace_declaration")
def _file_namespace(walk: Walk, node: Node, scope: Scope) -> None:
    name = node.child_by_field_name("name")
    if name is not None:
        walk.package = "".join(walk.text(name).split())
    walk.push_all((c for c in node.named_children if c != name), scope)


# -- types and their members


@handles(*_TYPES)
def _type(walk: Walk, node: Node, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None:
        return walk.push_all(node.named_children, scope)
    words = _words(walk, node)
    made = walk.define(name, _TYPES[node.type], node, scope, body=body, space=TYPE, exported=_exported(words))
    made.decorators = _attributes(walk, node)
    inner = walk.type_scopes[node.start_byte] = scope.inner("type", made)
    _type_parameters(walk, node, inner)
    listed = next((c for c in node.named_children if c.type == "base_list"), None)
    bases = [c for c in listed.named_children if c.type != "argument_list"] if listed is not None else []
    bases = [b.named_children[0] if b.type == "primary_constructor_base_type" else b for b in bases]

    def named() -> tuple[str, ...]:
        found = [csharp_types.type_expression(walk, b, scope, plain=True) for b in bases]
        return tuple(t for t in found if t)

    made.bases = named
    made.open = bool(bases) or "partial" in words
    parameters = next((c for c in node.named_children if c.type == "parameter_list"), None)
    if parameters is not None and node.type != "delegate_declaration":
        made.parameters = _parameters(walk, parameters, inner, members="record" in node.type)
    elif parameters is not None:
        made.parameters = _parameters(walk, parameters, inner.inner("body"))
    walk.push_all((c for c in node.named_children if c not in (name, body, parameters)), inner)
    walk.push(body, inner)


def _type_parameters(walk: Walk, node: Node, scope: Scope) -> None:
    listed = next((c for c in node.named_children if c.type == "type_parameter_list"), None)
    bounds = {}
    for clause in node.named_children:
        if clause.type == "type_parameter_constraints_clause" and clause.named_child_count > 1:
            bounds[walk.text(clause.named_children[0])] = clause.named_children[1].child_by_field_name("type")
    for parameter in listed.named_children if listed is not None else ():
        name = parameter.child_by_field_name("name")
        if name is not None:
            scope.local(walk.text(name), 0, _typed(walk, bounds.get(walk.text(name)), scope), TYPE)


@handles("type_parameter_list")
def _skip(walk: Walk, node: Node, scope: Scope) -> None:
    """Read with their declaration, or meaningless outside."""


def _typed(walk: Walk, kind: Node | None, scope: Scope) -> Callable[[], str]:
    return (lambda: csharp_types.type_expression(walk, kind, scope)) if kind is not None else str


def _parameters(walk: Walk, node: Node, scope: Scope, members: bool = False) -> tuple[Parameter, ...]:
    """Bind parameters in the scope of a function; with `members` they are the properties of a record too."""
    found = []
    parts = [c for c in node.named_children if c.type == "parameter"]
    many = node.child_by_field_name("name") if any(c.type == "params" for c in node.children) else None
    for part in parts:
        kind, name = part.child_by_field_name("type"), part.child_by_field_name("name")
        if name is None:
            continue
        if members:
            made = walk.define(name, "attribute", part, scope, space=VALUE | CALL)
            made.type = _typed(walk, kind, scope)
        else:
            scope.local(walk.text(name), 0, _typed(walk, kind, scope), VALUE | CALL)
        found.append(walk.parameter(name, part, kind))
        walk.push_all((c for c in part.named_children if c != name and c.type != "modifier"), scope)
    if many is not None:
        kind = node.child_by_field_name("type")
        scope.local(walk.text(many), 0, _typed(walk, kind, scope), VALUE | CALL)
        found.append(walk.parameter(many, many, kind, many=True))
        walk.push(kind, scope)
    return tuple(found)


@handles("field_declaration", "event_field_declaration")
def _field(walk: Walk, node: Node, scope: Scope) -> None:
    words = _words(walk, node)
    constant = "const" in words or {"static", "readonly"} <= words
    for declaration in node.named_children:
        if declaration.type != "variable_declaration":
            walk.push(declaration, scope)
            continue
        kind = declaration.child_by_field_name("type")
        walk.push(kind, scope)
        for declarator in declaration.named_children:
            name = declarator.child_by_field_name("name") if declarator.type == "variable_declarator" else None
            if name is None:
                continue
            made = walk.define(
                name,
                "constant" if constant else "attribute",
                node,
                scope,
                space=VALUE | CALL,
                exported=_exported(words),
            )
            made.decorators = _attributes(walk, node)
            made.type = _typed(walk, kind, scope)
            walk.push_all((c for c in declarator.named_children if c != name), scope.inner("body", made))


@handles("property_declaration", "event_declaration")
def _property(walk: Walk, node: Node, scope: Scope) -> None:
    name, kind = node.child_by_field_name("name"), node.child_by_field_name("type")
    if name is None:
        return walk.push_all(node.named_children, scope)
    body = node.child_by_field_name("accessors")
    made = walk.define(
        name, "attribute", node, scope, body=body, space=VALUE | CALL, exported=_exported(_words(walk, node))
    )
    made.decorators = _attributes(walk, node)
    made.type = _typed(walk, kind, scope)
    inner = scope.inner("body", made)
    inner.local("value", 0, _typed(walk, kind, scope))
    walk.push(kind, scope)
    walk.push_all((c for c in node.named_children if c not in (name, kind)), inner)


@handles("method_declaration", "local_function_statement", "operator_declaration", "conversion_operator_declaration",
         "indexer_declaration", "constructor_declaration", "destructor_declaration")  # fmt: skip
def _method(walk: Walk, node: Node, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    returns = node.child_by_field_name("returns") or node.child_by_field_name("type")
    parameters = node.child_by_field_name("parameters")
    made: Def | None = None
    inner = scope.inner("body")
    if node.type == "local_function_statement" and name is not None:
        scope.local(walk.text(name), 0, _typed(walk, returns, inner), VALUE | CALL)
    elif node.type == "method_declaration" and name is not None:
        made = walk.define(
            name, "method", node, scope, body=body, space=VALUE | CALL, exported=_exported(_words(walk, node))
        )
    elif name is not None and scope.owner is not None:
        if walk.text(name) == scope.owner.name:
            walk.own_names.append((scope.owner, span_of(name)))
        if node.type == "constructor_declaration":
            made = walk.define(name, "method", node, scope, body=body, called="<init>", bind=False)
    if made is not None:
        made.decorators = _attributes(walk, node)
        inner = scope.inner("body", made)
        made.type = _typed(walk, returns, inner)
    _type_parameters(walk, node, inner)
    if parameters is not None:
        given = _parameters(walk, parameters, inner)
        first = next((c for c in parameters.named_children if c.type == "parameter"), None)
        if made is not None:
            made.parameters = given
            if first is not None and any(c.type == "modifier" and c.text == b"this" for c in first.named_children):
                made.decorators = (*made.decorators, "extension")
    if node.type == "indexer_declaration":
        inner.local("value", 0, _typed(walk, returns, scope))
    walk.push(body, inner)
    walk.push_all((c for c in node.named_children if c not in (name, body, parameters)), inner)


@handles("enum_member_declaration")
def _enum_member(walk: Walk, node: Node, scope: Scope) -> None:
    name, holder = node.child_by_field_name("name"), scope.owner
    if name is None or holder is None:
        return walk.push_all(node.named_children, scope)
    made = walk.define(name, "constant", node, scope, space=VALUE)
    made.type = lambda: holder.qualified
    walk.push_all((c for c in node.named_children if c != name), scope)


# -- statements


@handles(
    "block", "for_statement", "using_statement", "switch_section", "switch_expression_arm", "catch_clause",
    "query_expression", "fixed_statement",
)  # fmt: skip
def _block(walk: Walk, node: Node, scope: Scope) -> None:
    walk.push_all(node.named_children, scope.inner("body"))


@handles("variable_declaration")
def _variables(walk: Walk, node: Node, scope: Scope) -> None:
    kind = node.child_by_field_name("type")
    for declarator in node.named_children:
        if declarator.type != "variable_declarator":
            continue
        name = declarator.child_by_field_name("name")
        rest = [c for c in declarator.named_children if c != name]
        if name is not None:
            value = rest[-1] if rest else None
            scope.local(walk.text(name), name.start_byte, _declared(walk, kind, value, scope), VALUE | CALL)
        walk.push_all(rest, scope)
    walk.push(kind, scope)


def _declared(walk: Walk, kind: Node | None, value: Node | None, scope: Scope) -> Callable[[], str]:
    if kind is None or kind.type == "implicit_type":
        return lambda: walk.type_of(value, scope)
    return _typed(walk, kind, scope)


@handles("tuple_pattern", "parenthesized_variable_designation")
def _tuple(walk: Walk, node: Node, scope: Scope) -> None:
    for child in node.named_children:
        if child.type == "identifier":
            scope.local(walk.text(child), child.start_byte)
        else:
            walk.push(child, scope)


@handles("foreach_statement")
def _for_each(walk: Walk, node: Node, scope: Scope) -> None:
    kind, left = node.child_by_field_name("type"), node.child_by_field_name("left")
    right = node.child_by_field_name("right")
    inner = scope.inner("body")
    if left is not None and left.type == "identifier":
        if kind is None or kind.type == "implicit_type":
            inner.local(walk.text(left), 0, lambda: walk.append(walk.type_of(right, scope), "*"))
        else:
            inner.local(walk.text(left), 0, _typed(walk, kind, scope))
    else:
        walk.push(left, inner)
    walk.push(node.child_by_field_name("body"), inner)
    walk.push(right, scope)
    walk.push(kind, scope)


@handles("declaration_pattern", "declaration_expression", "catch_declaration", "recursive_pattern", "var_pattern",
         "from_clause", "let_clause", "join_clause", "list_pattern")  # fmt: skip
def _pattern(walk: Walk, node: Node, scope: Scope) -> None:
    kind, name = node.child_by_field_name("type"), node.child_by_field_name("name")
    if name is None and node.type in ("var_pattern", "let_clause", "join_clause"):
        name = next((c for c in node.named_children if c.type == "identifier"), None)
    if name is not None and name.type == "identifier":
        implicit = kind is None or kind.type == "implicit_type"
        scope.local(walk.text(name), name.start_byte, str if implicit else _typed(walk, kind, scope), VALUE | CALL)
    elif name is not None:
        walk.push(name, scope)
    walk.push_all((c for c in node.named_children if c != name), scope)


@handles("subpattern")
def _subpattern(walk: Walk, node: Node, scope: Scope) -> None:
    parts = node.named_children
    first = parts[0] if parts else None
    if first is not None and first.type == "identifier" and len(parts) > 1:
        at = node.parent.parent if node.parent is not None else None
        kind = at.child_by_field_name("type") if at is not None else None
        walk.member(first, scope, _typed(walk, kind, scope), "use")
        parts = parts[1:]
    walk.push_all(parts, scope)


@handles("labeled_statement")
def _labeled(walk: Walk, node: Node, scope: Scope) -> None:
    walk.push_all(node.named_children[1:], scope)


HANDLERS["goto_statement"] = _skip


# -- expressions


@handles("lambda_expression", "anonymous_method_expression")
def _lambda(walk: Walk, node: Node, scope: Scope) -> None:
    inner = scope.inner("body")
    parameters = node.child_by_field_name("parameters")
    if parameters is not None and parameters.type == "parameter_list":
        for part in parameters.named_children:
            if part.type == "parameter" and part.child_by_field_name("type") is None:
                name = part.child_by_field_name("name")
                if name is not None:
                    inner.local(walk.text(name), 0, space=VALUE | CALL)
        _parameters(walk, parameters, inner)
    elif parameters is not None:
        held = csharp_types.lambda_parameter(walk, node, scope)
        inner.local(walk.text(parameters), 0, held, VALUE | CALL)
    walk.push(node.child_by_field_name("body"), inner)


@handles("invocation_expression")
def _invocation(walk: Walk, node: Node, scope: Scope) -> None:
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    walk.push(arguments, scope)
    if function is None:
        return
    name = csharp_types.last_name(function)
    if function.type in ("identifier", "generic_name") and name is not None:
        if walk.text(name) != "nameof":
            walk.use(name, scope, VALUE | CALL, "call")
            walk.call(name, arguments, scope)
        walk.push_all(function.named_children[1:], scope)
    elif function.type == "member_access_expression":
        _taken(walk, function, scope, "call")
        if name is not None:
            walk.call(name, arguments, scope)
    else:
        walk.push(function, scope)


@handles("member_access_expression")
def _access(walk: Walk, node: Node, scope: Scope) -> None:
    _taken(walk, node, scope, "use")


def _taken(walk: Walk, node: Node, scope: Scope, kind: str) -> None:
    object, name = node.child_by_field_name("expression"), node.child_by_field_name("name")
    last = csharp_types.last_name(name) if name is not None else None
    if last is not None and object is not None:
        walk.member(last, scope, object, kind)  # type: ignore[arg-type]
        walk.push_all(name.named_children[1:] if name is not None else (), scope)
    if object is not None and object.type == "identifier":
        walk.use(object, scope, ANY)
    else:
        walk.push(object, scope)


@handles("conditional_access_expression")
def _conditional(walk: Walk, node: Node, scope: Scope) -> None:
    condition = node.child_by_field_name("condition")
    called = node.parent is not None and node.parent.type == "invocation_expression"
    for child in node.named_children:
        name = child.child_by_field_name("name") if child.type == "member_binding_expression" else None
        last = csharp_types.last_name(name) if name is not None else None
        if last is not None:
            walk.member(last, scope, condition, "call" if called else "use")
        elif child != condition:
            walk.push(child, scope)
    walk.push(condition, scope)


@handles("member_binding_expression")
def _bound_member(walk: Walk, node: Node, scope: Scope) -> None:
    """`.b` in `a?.x.b`: what it is a member of stands elsewhere."""
    name = node.child_by_field_name("name")
    last = csharp_types.last_name(name) if name is not None else None
    at = node.parent
    while at is not None and at.type != "conditional_access_expression":
        at = at.parent
    condition = at.child_by_field_name("condition") if at is not None else None
    if last is not None:
        walk.member(last, scope, condition)


@handles("object_creation_expression")
def _creation(walk: Walk, node: Node, scope: Scope) -> None:
    kind, arguments = node.child_by_field_name("type"), node.child_by_field_name("arguments")
    name = csharp_types.last_name(kind) if kind is not None else None
    if kind is not None and kind.type == "identifier":
        walk.use(kind, scope, TYPE, "call")
    else:
        walk.push(kind, scope)
    if name is not None:
        walk.call(name, arguments, scope)
    walk.push_all((c for c in node.named_children if c != kind), scope)


@handles("assignment_expression")
def _assignment(walk: Walk, node: Node, scope: Scope) -> None:
    left = node.child_by_field_name("left")
    at = node.parent
    if (
        left is None
        or left.type != "identifier"
        or at is None
        or at.type not in ("initializer_expression", "with_initializer")
    ):
        return walk.push_all(node.named_children, scope)
    creation = at.parent
    kind = creation.child_by_field_name("type") if creation is not None else None
    walk.member(left, scope, _typed(walk, kind, scope))
    walk.push_all((c for c in node.named_children if c != left), scope)


@handles("argument", "attribute_argument")
def _argument(walk: Walk, node: Node, scope: Scope) -> None:
    name = node.child_by_field_name("name")
    if (
        name is not None
        and node.type == "attribute_argument"
        and node.parent is not None
        and node.parent.parent is not None
    ):
        of = node.parent.parent.child_by_field_name("name")
        walk.member(name, scope, _typed(walk, of, scope), "keyword")
    walk.push_all((c for c in node.named_children if c != name), scope)


@handles("qualified_name")
def _qualified(walk: Walk, node: Node, scope: Scope) -> None:
    left, name = node.child_by_field_name("qualifier"), node.child_by_field_name("name")
    last = csharp_types.last_name(name) if name is not None else None
    if last is not None and left is not None:
        walk.member(last, scope, left)
        walk.push_all(name.named_children[1:] if name is not None else (), scope)
    walk.push(left, scope)


@handles("alias_qualified_name")
def _aliased(walk: Walk, node: Node, scope: Scope) -> None:
    walk.push(node.child_by_field_name("name"), scope)


@handles("identifier")
def _identifier(walk: Walk, node: Node, scope: Scope) -> None:
    parent = node.parent
    if node.start_byte == node.end_byte or parent is None:
        return
    at = parent.parent if parent.type == "generic_name" else parent
    holder = parent if parent.type == "generic_name" else node
    typed = parent.type == "generic_name" or (
        at is not None
        and (at.type in _TYPE_PARENTS or holder in (at.child_by_field_name("type"), at.child_by_field_name("returns")))
    )
    walk.use(node, scope, TYPE if typed else ANY)


@handles("comment")
def _comment(walk: Walk, node: Node, scope: Scope) -> None:
    doc = node.text is not None and node.text.startswith((b"///", b"/**"))
    walk.texts.append((node.start_byte, node.end_byte, "doc" if doc else "comment"))
    if doc:
        walk.docs.append((node, scope))


@handles("string_literal", "verbatim_string_literal", "raw_string_literal")
def _string(walk: Walk, node: Node, scope: Scope) -> None:
    walk.texts.append((node.start_byte, node.end_byte, "string"))
