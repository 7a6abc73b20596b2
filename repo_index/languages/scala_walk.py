"""Scala's syntax: which nodes declare names and which use them."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from ..facts import Parameter, SymbolKind
from . import scala_types
from .ecmascript_tree import span_of
from .static_scopes import ANY, CALL, TYPE, VALUE, Scope
from .static_walk import Walk

Handler = Callable[[Walk, Node, Scope], None]
HANDLERS: dict[str, Handler] = {}

_TYPES: dict[str, SymbolKind] = {
    "class_definition": "class",
    "object_definition": "class",
    "package_object": "class",
    "trait_definition": "interface",
    "enum_definition": "enum",
}


def handles(*types: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(types, handler))
        return handler

    return register


def _fields(node: Node, name: str) -> list[Node]:
    return [c for c in node.children_by_field_name(name) if c.is_named]


def _exported(walk: Walk, node: Node) -> bool:
    modifiers = next((c for c in node.named_children if c.type == "modifiers"), None)
    return modifiers is None or "private" not in walk.text(modifiers).split()


def _annotations(walk: Walk, node: Node) -> tuple[str, ...]:
    names = (c.child_by_field_name("name") for c in node.named_children if c.type == "annotation")
    return tuple(walk.text(n) for n in names if n is not None)


@handles("package_clause")
def _package(walk: Walk, node: Node, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None:
        return
    dotted = "".join(walk.text(name).split())
    if body is None:
        walk.package = f"{walk.package}.{dotted}" if walk.package else dotted
        return
    inner = scope.inner("namespace")
    inner.prefix = f"{scope.prefix}.{dotted}" if scope.prefix else dotted
    walk.namespaces.append(inner.prefix)
    walk.push(body, inner)


@handles("import_declaration", "export_declaration")
def _import(walk: Walk, node: Node, scope: Scope) -> None:
    """One statement may hold several paths, each with selectors or a name at its end."""
    path: list[Node] = []
    ended = True
    for child in node.children:
        if child.type in ("identifier", "type_identifier", "operator_identifier"):
            if ended:
                path, ended = [], False
            path.append(child)
        elif child.type == ",":
            if not ended and len(path) > 1:
                _take(walk, node, scope, path[:-1], path[-1], path[-1])
            ended = True
        elif child.type in ("namespace_wildcard", "wildcard"):
            _open(walk, node, scope, path)
            ended = True
        elif child.type == "namespace_selectors":
            for part in child.named_children:
                name, alias = part.child_by_field_name("name"), part.child_by_field_name("alias")
                if part.type in ("namespace_wildcard", "wildcard"):
                    _open(walk, node, scope, path)
                elif name is not None and alias is not None:
                    _take(walk, node, scope, path, name, alias)
                elif part.type in ("identifier", "type_identifier"):
                    _take(walk, node, scope, path, part, part)
            _holders(walk, scope, path)
            ended = True
    if not ended and len(path) > 1:
        _take(walk, node, scope, path[:-1], path[-1], path[-1])
        _holders(walk, scope, path[:-1])


def _take(walk: Walk, node: Node, scope: Scope, path: list[Node], name: Node, alias: Node) -> None:
    if path and walk.text(name) != "given":
        span = (path[0].start_byte, path[-1].end_byte)
        walk.import_name(
            ".".join(walk.text(p) for p in path), span, walk.text(name), walk.text(alias), node, scope,
            name_span=span_of(name), local_span=span_of(alias),
        )  # fmt: skip


def _open(walk: Walk, node: Node, scope: Scope, path: list[Node]) -> None:
    if path:
        span = (path[0].start_byte, path[-1].end_byte)
        walk.import_name(".".join(walk.text(p) for p in path), span, "*", "", node, scope)
        _holders(walk, scope, path)


def _holders(walk: Walk, scope: Scope, path: list[Node]) -> None:
    """The objects in the path of an import, by their capitals."""
    for number, part in enumerate(path):
        if number and walk.text(part)[:1].isupper():
            of = ".".join(walk.text(p) for p in path[:number])
            walk.member(part, scope, lambda of=of: of, "import")  # type: ignore[misc]


def _typed(walk: Walk, kind: Node | None, scope: Scope) -> Callable[[], str]:
    return (lambda: scala_types.type_expression(walk, kind, scope)) if kind is not None else str


# -- types


@handles(*_TYPES)
def _type(walk: Walk, node: Node, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None:
        return walk.push_all(node.named_children, scope)
    space = ANY if node.type in ("object_definition", "package_object") else TYPE | CALL
    if any(c.type == "case" for c in node.children):
        space = ANY
    made = walk.define(name, _TYPES[node.type], node, scope, body=body, space=space, exported=_exported(walk, node))
    made.decorators = _annotations(walk, node)
    inner = walk.type_scopes[node.start_byte] = scope.inner("type", made)
    extend = node.child_by_field_name("extend")
    made.bases, made.open = _bases(walk, extend, scope), extend is not None
    _type_parameters(walk, node.child_by_field_name("type_parameters"), inner)
    listed = _fields(node, "class_parameters")
    case = any(c.type == "case" for c in node.children)
    for number, one in enumerate(listed):
        made.parameters += _class_parameters(walk, one, inner, case and not number)
    skipped = (name, body, *listed)
    walk.push_all((c for c in node.named_children if c not in skipped and c.type != "type_parameters"), inner)
    walk.push(body, inner)


def _bases(walk: Walk, extend: Node | None, scope: Scope) -> Callable[[], tuple[str, ...]]:
    kinds = _fields(extend, "type") if extend is not None else []

    def bases() -> tuple[str, ...]:
        return tuple(t for k in kinds if (t := scala_types.type_expression(walk, k, scope, plain=True)))

    return bases


def _type_parameters(walk: Walk, node: Node | None, scope: Scope) -> None:
    name: str = ""
    for child in node.named_children if node is not None else ():
        if child.type in ("identifier", "type_identifier"):
            name = walk.text(child)
            scope.local(name, 0, space=TYPE)
        elif child.type == "upper_bound" and name:
            scope.local(name, 0, _typed(walk, child.child_by_field_name("type"), scope), TYPE)
            walk.push(child, scope)
        else:
            walk.push(child, scope)


@handles("self_type", "type_lambda")
def _skip(walk: Walk, node: Node, scope: Scope) -> None:
    """`self: T =>`: the types only; the name means the object itself."""
    for child in node.named_children:
        if child.type == "identifier":
            scope.local(walk.text(child), 0, lambda: walk.self_expression(scope), VALUE)
        else:
            walk.push(child, scope)


def _class_parameters(walk: Walk, node: Node, scope: Scope, case: bool) -> tuple[Parameter, ...]:
    found = []
    for part in node.named_children:
        name, kind = part.child_by_field_name("name"), part.child_by_field_name("type")
        if name is None:
            continue
        made = walk.define(name, "attribute", part, scope, space=VALUE | CALL, exported=case or _exported(walk, part))
        made.type = _typed(walk, kind, scope)
        found.append(walk.parameter(name, part, kind, part.child_by_field_name("default_value")))
        walk.push_all((c for c in part.named_children if c != name), scope)
    return tuple(found)


@handles("simple_enum_case", "full_enum_case")
def _enum_case(walk: Walk, node: Node, scope: Scope) -> None:
    name, holder = node.child_by_field_name("name"), scope.owner
    if name is None or holder is None:
        return walk.push_all(node.named_children, scope)
    made = walk.define(name, "constant" if node.type == "simple_enum_case" else "class", node, scope)
    if node.type == "simple_enum_case":
        made.type = lambda: holder.qualified
    else:
        made.bases = lambda: (holder.qualified,)
        inner = scope.inner("type", made)
        for one in _fields(node, "class_parameters"):
            made.parameters += _class_parameters(walk, one, inner, True)
        return
    walk.push_all((c for c in node.named_children if c != name), scope)


@handles("type_definition")
def _type_definition(walk: Walk, node: Node, scope: Scope) -> None:
    name, kind = node.child_by_field_name("name"), node.child_by_field_name("type")
    if name is not None and scope.kind == "body":
        scope.local(walk.text(name), 0, _typed(walk, kind, scope), TYPE)
    elif name is not None:
        made = walk.define(name, "type", node, scope, space=TYPE, exported=_exported(walk, node))
        made.bases = lambda: tuple(t for t in (_typed(walk, kind, scope)(),) if t and not t.endswith("[]"))
    walk.push(kind, scope)


@handles("instance_expression")
def _instance(walk: Walk, node: Node, scope: Scope) -> None:
    body = next((c for c in node.named_children if c.type == "template_body"), None)
    kind = next((c for c in node.named_children if c != body and c.type != "arguments"), None)
    arguments = node.child_by_field_name("arguments")
    last = kind
    while last is not None and last.type in ("generic_type", "compound_type") and last.named_child_count:
        last = last.named_children[0]
    if last is not None and last.type == "type_identifier":
        walk.use(last, scope, TYPE, "call")
        walk.call(last, arguments, scope)
        if kind is not None and kind is not last:
            walk.push_all(kind.named_children[1:], scope)
    else:
        walk.push(kind, scope)
    walk.push_all((c for c in node.named_children if c not in (kind, body)), scope)
    if body is not None:
        walk.push(body, walk.anonymous_class(node, body, scope, lambda: _base_of(walk, kind, scope)))


def _base_of(walk: Walk, kind: Node | None, scope: Scope) -> tuple[str, ...]:
    text = scala_types.type_expression(walk, kind, scope, plain=True) if kind is not None else ""
    return (text,) if text else ()


# -- functions and values


@handles("function_definition", "function_declaration", "given_definition")
def _function(walk: Walk, node: Node, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    returns = node.child_by_field_name("return_type")
    listed = [p for p in _fields(node, "parameters") if p.type != "type_parameters"]
    inner = scope.inner("body")
    made = None
    if name is not None and walk.text(name) == "this":
        pass
    elif name is not None and scope.kind != "body":
        kind: SymbolKind = "method" if scope.owner is not None else "function"
        if node.type == "given_definition":
            kind = "attribute" if scope.owner is not None else "variable"
        made = walk.define(name, kind, node, scope, body=body, space=VALUE | CALL, exported=_exported(walk, node))
        made.decorators = _annotations(walk, node)
        if scope.receiver is not None:
            made.decorators = (*made.decorators, "extension")
        inner = scope.inner("body", made)
    elif name is not None:
        scope.local(walk.text(name), 0, _typed(walk, returns, inner), VALUE | CALL)
    _type_parameters(walk, next((p for p in node.named_children if p.type == "type_parameters"), None), inner)
    for one in listed:
        parameters = _parameters(walk, one, inner)
        if made is not None:
            made.parameters += parameters
    if made is not None:
        simple = body is not None and body.type != "block"
        made.type = (lambda: walk.type_of(body, inner)) if returns is None and simple else _typed(walk, returns, inner)
    if body is not None and body.type == "with_template_body":
        holder = walk.anonymous_class(node, body, scope, lambda: _base_of(walk, returns, scope))
        walk.push(body, holder)
    else:
        walk.push(body, inner)
    skipped = (name, body, *listed)
    walk.push_all((c for c in node.named_children if c not in skipped and c.type != "type_parameters"), inner)


def _parameters(walk: Walk, node: Node, scope: Scope) -> tuple[Parameter, ...]:
    found = []
    for part in node.named_children:
        name, kind = part.child_by_field_name("name"), part.child_by_field_name("type")
        if name is None:
            walk.push(part, scope)
            continue
        scope.local(walk.text(name), 0, _typed(walk, kind, scope), VALUE | CALL)
        found.append(walk.parameter(name, part, kind, part.child_by_field_name("default_value")))
        walk.push_all((c for c in part.named_children if c != name), scope)
    return tuple(found)


@handles("extension_definition")
def _extension(walk: Walk, node: Node, scope: Scope) -> None:
    inner = Scope(scope, scope.kind, scope.owner, scope.prefix)
    listed = [p for p in _fields(node, "parameters") if p.type == "parameters"]
    for one in listed[:1]:
        first = one.named_children[0] if one.named_child_count else None
        inner.receiver = _typed(walk, first.child_by_field_name("type") if first is not None else None, scope)
    for one in listed:
        _parameters(walk, one, inner)
    walk.push_all((c for c in node.named_children if c not in listed), inner)


@handles("val_definition", "var_definition", "val_declaration", "var_declaration")
def _value(walk: Walk, node: Node, scope: Scope) -> None:
    pattern = node.child_by_field_name("pattern") or node.child_by_field_name("name")
    kind, value = node.child_by_field_name("type"), node.child_by_field_name("value")
    names = [pattern] if pattern is not None and pattern.type == "identifier" else []
    if pattern is not None and pattern.type == "identifiers":
        names = pattern.named_children
    for name in names:
        typed = _typed(walk, kind, scope) if kind is not None else lambda: walk.type_of(value, scope)
        if scope.kind == "body":
            scope.local(walk.text(name), name.start_byte, typed, VALUE | CALL)
            continue
        symbol: SymbolKind = "attribute" if scope.owner is not None else "variable"
        made = walk.define(name, symbol, node, scope, space=VALUE | CALL, exported=_exported(walk, node))
        made.type = typed
        made.decorators = _annotations(walk, node)
    if pattern is not None and not names:
        _pattern(walk, pattern, scope)
    walk.push(kind, scope)
    walk.push(value, scope.inner("body"))
    walk.push_all((c for c in node.named_children if c.type in ("annotation", "modifiers")), scope)


# -- patterns and blocks


def _pattern(walk: Walk, node: Node, scope: Scope, typed: Callable[[], str] = str) -> None:
    """Bind the variables of a pattern: identifiers in lower case; others are used."""
    todo: list[tuple[Node, Callable[[], str]]] = [(node, typed)]
    while todo:
        at, held = todo.pop()
        text = walk.text(at)
        if at.type == "identifier" and not text.startswith("`") and not text[:1].isupper():
            if scope.kind == "body":
                scope.local(text, at.start_byte, held, VALUE | CALL)
            else:
                made = walk.define(at, "attribute", at, scope, space=VALUE | CALL)
                made.type = held
        elif at.type == "typed_pattern":
            kind, inner = at.child_by_field_name("type"), at.child_by_field_name("pattern")
            walk.push(kind, scope)
            if inner is not None:
                todo.append((inner, _typed(walk, kind, scope)))
        elif at.type == "case_class_pattern":
            walk.push(at.child_by_field_name("type"), scope)
            todo += [(p, str) for p in _fields(at, "pattern")]
        elif at.type == "capture_pattern":
            name, inner = at.child_by_field_name("name"), at.child_by_field_name("pattern")
            kind = inner.child_by_field_name("type") if inner is not None else None
            if name is not None:
                scope.local(walk.text(name), name.start_byte, _typed(walk, kind, scope), VALUE | CALL)
            if inner is not None:
                todo.append((inner, str))
        elif at.type in ("tuple_pattern", "alternative_pattern", "infix_pattern", "parenthesized_pattern", "pattern"):
            todo += [(p, str) for p in at.named_children if p.type != "operator_identifier"]
        else:
            walk.push(at, scope)


@handles("case_clause")
def _case(walk: Walk, node: Node, scope: Scope) -> None:
    inner = scope.inner("body")
    pattern = node.child_by_field_name("pattern")
    at = node.parent.parent if node.parent is not None else None
    value = at.child_by_field_name("value") if at is not None and at.type == "match_expression" else None
    if pattern is not None:
        _pattern(walk, pattern, inner, (lambda: walk.type_of(value, scope)) if value is not None else str)
    walk.push_all((c for c in node.named_children if c != pattern), inner)


@handles("block", "case_block", "indented_block", "for_expression", "catch_clause", "indented_cases")
def _block(walk: Walk, node: Node, scope: Scope) -> None:
    walk.push_all(node.named_children, scope.inner("body"))


@handles("enumerator")
def _enumerator(walk: Walk, node: Node, scope: Scope) -> None:
    parts = node.named_children
    if len(parts) > 1 and any(c.type in ("<-", "=") for c in node.children):
        values, element = parts[1], any(c.type == "<-" for c in node.children)

        def held() -> str:
            of = walk.type_of(values, scope)
            return walk.append(of, "*") if element else of

        walk.push_all(parts[1:], scope)
        _pattern(walk, parts[0], scope, held)
    else:
        walk.push_all(parts, scope)


@handles("lambda_expression")
def _lambda(walk: Walk, node: Node, scope: Scope) -> None:
    inner = scope.inner("body")
    parameters = node.child_by_field_name("parameters")
    if parameters is not None and parameters.type == "identifier":
        inner.local(walk.text(parameters), 0, scala_types.lambda_parameter(walk, node, scope), VALUE | CALL)
    for part in parameters.named_children if parameters is not None else ():
        name, kind = part.child_by_field_name("name"), part.child_by_field_name("type")
        if name is not None:
            held = _typed(walk, kind, scope) if kind is not None else scala_types.lambda_parameter(walk, node, scope)
            inner.local(walk.text(name), 0, held, VALUE | CALL)
        walk.push(kind, scope)
    walk.push_all((c for c in node.named_children if c != parameters), inner)


# -- expressions


@handles("call_expression")
def _call(walk: Walk, node: Node, scope: Scope) -> None:
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    name = function
    while name is not None and name.type == "generic_function":
        walk.push(name.child_by_field_name("type_arguments"), scope)
        name = name.child_by_field_name("function")
    if name is not None and name.type == "identifier":
        if walk.text(name) not in ("this", "super"):
            walk.use(name, scope, ANY, "call")
            walk.call(name, arguments, scope)
    elif name is not None and name.type == "field_expression":
        _take_member(walk, name, scope, "call")
        field = name.child_by_field_name("field")
        if field is not None:
            walk.call(field, arguments, scope)
    else:
        walk.push(name, scope)
    for child in arguments.named_children if arguments is not None and arguments.type == "arguments" else ():
        left = child.child_by_field_name("left") if child.type == "assignment_expression" else None
        walk.push(
            child.child_by_field_name("right") if left is not None and left.type == "identifier" else child, scope
        )
    if arguments is not None and arguments.type != "arguments":
        walk.push(arguments, scope)


@handles("field_expression")
def _field(walk: Walk, node: Node, scope: Scope) -> None:
    _take_member(walk, node, scope, "use")


def _take_member(walk: Walk, node: Node, scope: Scope, kind: str) -> None:
    object, name = node.child_by_field_name("value"), node.child_by_field_name("field")
    named = name is not None and name.type in ("identifier", "operator_identifier")
    if object is not None and name is not None and named and walk.text(name) not in ("this", "super"):
        walk.member(name, scope, object, kind)  # type: ignore[arg-type]
    walk.push(object, scope)


@handles("infix_expression")
def _infix(walk: Walk, node: Node, scope: Scope) -> None:
    left, name = node.child_by_field_name("left"), node.child_by_field_name("operator")
    if name is not None and name.type == "identifier" and left is not None:
        walk.member(name, scope, left, "call")
    walk.push_all((c for c in node.named_children if c != name), scope)


@handles("stable_identifier", "stable_type_identifier")
def _stable(walk: Walk, node: Node, scope: Scope) -> None:
    parts = node.named_children
    if len(parts) > 1:
        walk.member(parts[-1], scope, parts[0])
        walk.push(parts[0], scope)


@handles("type_identifier")
def _type_use(walk: Walk, node: Node, scope: Scope) -> None:
    walk.use(node, scope, TYPE)


@handles("identifier")
def _identifier(walk: Walk, node: Node, scope: Scope) -> None:
    if node.text not in (b"this", b"super", b"_"):
        walk.use(node, scope, ANY)


@handles("comment", "block_comment")
def _comment(walk: Walk, node: Node, scope: Scope) -> None:
    doc = node.text is not None and node.text.startswith(b"/**")
    walk.texts.append((node.start_byte, node.end_byte, "doc" if doc else "comment"))
    if doc:
        walk.docs.append((node, scope))


@handles("string")
def _string(walk: Walk, node: Node, scope: Scope) -> None:
    walk.texts.append((node.start_byte, node.end_byte, "string"))
