"""Kotlin's syntax: which nodes declare names and which use them. The grammar names few fields, so parts are told by
their type and order."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from ..facts import Parameter, SymbolKind
from . import kotlin_types
from .ecmascript_tree import span_of
from .kotlin_types import TYPES
from .static_scopes import ANY, CALL, TYPE, VALUE, Scope
from .static_walk import Walk

Handler = Callable[[Walk, Node, Scope], None]
HANDLERS: dict[str, Handler] = {}


def handles(*types: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(types, handler))
        return handler

    return register


def _child(node: Node, *types: str) -> Node | None:
    return next((c for c in node.named_children if c.type in types), None)


def _words(walk: Walk, node: Node) -> set[str]:
    modifiers = _child(node, "modifiers")
    return set(walk.text(modifiers).split()) if modifiers is not None else set()


def _annotations(walk: Walk, node: Node) -> tuple[str, ...]:
    modifiers = _child(node, "modifiers")
    found = []
    for part in modifiers.named_children if modifiers is not None else ():
        if part.type == "annotation":
            found.append(walk.text(part).lstrip("@").partition("(")[0])
    return tuple(found)


@handles("package_header")
def _package(walk: Walk, node: Node, scope: Scope) -> None:
    path = _child(node, "qualified_identifier", "identifier")
    if path is not None:
        walk.package = "".join(walk.text(path).split())


@handles("import")
def _import(walk: Walk, node: Node, scope: Scope) -> None:
    path = _child(node, "qualified_identifier")
    if path is None:
        return
    parts = path.named_children
    alias = next((c for c in node.named_children if c.type == "identifier"), None)
    if any(c.type == "*" for c in node.children):
        walk.import_name("".join(walk.text(path).split()), span_of(path), "*", "", node, scope)
        parts = [*parts, path]
    else:
        module = ".".join(walk.text(p) for p in parts[:-1])
        name = walk.text(parts[-1])
        span = (parts[0].start_byte, parts[-2].end_byte) if len(parts) > 1 else span_of(path)
        walk.import_name(
            module, span, name, walk.text(alias) if alias is not None else name, node, scope,
            name_span=span_of(parts[-1]), local_span=span_of(alias) if alias is not None else span_of(parts[-1]),
        )  # fmt: skip
    for number, part in enumerate(parts[:-1]):
        if number and walk.text(part)[:1].isupper():
            of = ".".join(walk.text(p) for p in parts[:number])
            walk.member(part, scope, lambda of=of: of, "import")  # type: ignore[misc]


def _typed(walk: Walk, kind: Node | None, scope: Scope) -> Callable[[], str]:
    return (lambda: kotlin_types.type_expression(walk, kind, scope)) if kind is not None else str


def _type_parameters(walk: Walk, node: Node, scope: Scope) -> None:
    listed = _child(node, "type_parameters")
    for parameter in listed.named_children if listed is not None else ():
        name = _child(parameter, "identifier", "type_identifier")
        bound = next((c for c in parameter.named_children if c.type in TYPES), None)
        if name is not None:
            scope.local(walk.text(name), 0, _typed(walk, bound, scope), TYPE)
        walk.push(bound, scope)


@handles("type_parameters", "label", "package_name")
def _skip(walk: Walk, node: Node, scope: Scope) -> None:
    """Read with their declaration, or meaningless outside."""


# -- types


@handles("class_declaration", "object_declaration")
def _type(walk: Walk, node: Node, scope: Scope) -> None:
    name = node.child_by_field_name("name") or _child(node, "identifier")
    body = _child(node, "class_body", "enum_class_body")
    if name is None:
        return walk.push_all(node.named_children, scope)
    words = _words(walk, node)
    interface = any(c.type == "interface" for c in node.children)
    kind: SymbolKind = "interface" if interface else "enum" if "enum" in words else "class"
    space = ANY if node.type == "object_declaration" else TYPE | CALL
    made = walk.define(name, kind, node, scope, body=body, space=space, exported="private" not in words)
    made.decorators = _annotations(walk, node)
    inner = walk.type_scopes[node.start_byte] = scope.inner("type", made)
    _type_parameters(walk, node, inner)
    made.bases = _bases(walk, node, scope)
    made.open = _child(node, "delegation_specifiers") is not None
    constructor = _child(node, "primary_constructor")
    listed = _child(constructor, "class_parameters") if constructor is not None else None
    if listed is not None:
        made.parameters = _class_parameters(walk, listed, inner)
    walk.push_all((c for c in node.named_children if c not in (name, body, constructor)), inner)
    walk.push(body, inner)


def _bases(walk: Walk, node: Node, scope: Scope) -> Callable[[], tuple[str, ...]]:
    listed = _child(node, "delegation_specifiers")

    def bases() -> tuple[str, ...]:
        given = listed.named_children if listed is not None else []
        return tuple(t for b in given if (t := kotlin_types.type_expression(walk, b, scope, plain=True)))

    return bases


def _class_parameters(walk: Walk, node: Node, scope: Scope) -> tuple[Parameter, ...]:
    found = []
    for part in node.named_children:
        name = _child(part, "identifier")
        kind = next((c for c in part.named_children if c.type in TYPES), None)
        if part.type != "class_parameter" or name is None:
            continue
        if any(c.type in ("val", "var") for c in part.children):
            made = walk.define(
                name, "attribute", part, scope, space=VALUE | CALL, exported="private" not in _words(walk, part)
            )
            made.type = _typed(walk, kind, scope)
        else:
            scope.local(walk.text(name), 0, _typed(walk, kind, scope))
        found.append(walk.parameter(name, part, kind))
        walk.push_all((c for c in part.named_children if c != name), scope)
    return tuple(found)


@handles("companion_object")
def _companion(walk: Walk, node: Node, scope: Scope) -> None:
    """Members of a companion are members of the class: they are named so from outside."""
    name = _child(node, "identifier")
    if name is not None:
        made = walk.define(name, "class", node, scope, space=ANY)
        made.bases = _bases(walk, node, scope)
    walk.push_all((c for c in node.named_children if c != name), scope)


@handles("enum_entry")
def _enum_entry(walk: Walk, node: Node, scope: Scope) -> None:
    name, body, holder = _child(node, "identifier"), _child(node, "class_body"), scope.owner
    if name is None or holder is None:
        return walk.push_all(node.named_children, scope)
    made = walk.define(name, "constant", node, scope, space=VALUE)
    made.type = lambda: holder.qualified
    walk.push_all((c for c in node.named_children if c not in (name, body)), scope)
    if body is not None:
        walk.push(body, walk.anonymous_class(node, body, scope, lambda: (holder.qualified,)))


@handles("object_literal")
def _object(walk: Walk, node: Node, scope: Scope) -> None:
    body = _child(node, "class_body")
    walk.push_all((c for c in node.named_children if c != body), scope)
    if body is not None:
        walk.push(body, walk.anonymous_class(node, body, scope, _bases(walk, node, scope)))


@handles("type_alias")
def _alias(walk: Walk, node: Node, scope: Scope) -> None:
    name = node.child_by_field_name("type") or _child(node, "identifier")
    target = next((c for c in node.named_children if c.type in TYPES), None)
    if name is not None:
        made = walk.define(name, "type", node, scope, space=TYPE | CALL)
        made.bases = lambda: tuple(t for t in (_typed(walk, target, scope)(),) if t and not t.endswith("[]"))
    walk.push(target, scope)


# -- functions and properties


@handles("function_declaration", "secondary_constructor", "anonymous_function", "getter", "setter")
def _function(walk: Walk, node: Node, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), _child(node, "function_body", "block")
    listed = _child(node, "function_value_parameters")
    receiver = next(
        (c for c in node.named_children if c.type in TYPES and name and c.end_byte <= name.start_byte), None
    )
    returns = next(
        (c for c in node.named_children if c.type in TYPES and listed and c.start_byte >= listed.end_byte), None
    )
    inner = scope.inner("body")
    words = _words(walk, node)
    made = None
    if node.type == "function_declaration" and name is not None and scope.kind != "body":
        kind: SymbolKind = "method" if scope.kind == "type" else "function"
        made = walk.define(name, kind, node, scope, body=body, space=CALL, exported="private" not in words)
        made.decorators = (*_annotations(walk, node), *(("extension",) if receiver is not None else ()))
        inner = scope.inner("body", made)
    elif node.type == "function_declaration" and name is not None:
        scope.local(walk.text(name), 0, _typed(walk, returns, inner), CALL)
    _type_parameters(walk, node, inner)
    if receiver is not None:
        inner.receiver = _typed(walk, receiver, inner)
    parameters = _parameters(walk, listed, inner) if listed is not None else ()
    if made is not None:
        made.parameters = parameters
        value = body.named_children[0] if body is not None and body.named_child_count else None
        expression = value is not None and value.type != "block" and returns is None
        made.type = (lambda: walk.type_of(value, inner)) if expression else _typed(walk, returns, inner)
    if node.type == "setter":
        parameter = _child(node, "identifier")
        inner.local(walk.text(parameter) if parameter is not None else "value", 0)
        inner.local("field", 0)
        walk.push(body, inner)
        return
    if node.type == "getter":
        inner.local("field", 0)
    walk.push(body, inner)
    walk.push_all((c for c in node.named_children if c not in (name, body, listed)), inner)


def _parameters(walk: Walk, node: Node, scope: Scope) -> tuple[Parameter, ...]:
    found = []
    for part in node.named_children:
        name = _child(part, "identifier") if part.type == "parameter" else None
        if name is None:
            walk.push(part, scope)  # a default value
            continue
        kind = next((c for c in part.named_children if c.type in TYPES), None)
        scope.local(walk.text(name), 0, _typed(walk, kind, scope), VALUE | CALL)
        found.append(walk.parameter(name, part, kind))
        walk.push_all((c for c in part.named_children if c != name), scope)
    return tuple(found)


@handles("property_declaration")
def _property(walk: Walk, node: Node, scope: Scope) -> None:
    variable, several = _child(node, "variable_declaration"), _child(node, "multi_variable_declaration")
    if variable is None:
        if several is not None:
            walk.push(several, scope)
        return walk.push_all((c for c in node.named_children if c != several), scope)
    name = _child(variable, "identifier")
    kind = next((c for c in variable.named_children if c.type in TYPES), None)
    skipped = ("modifiers", "getter", "setter", "type_parameters", "type_constraints", "comment", "line_comment")
    rest = [c for c in node.named_children if c != variable]
    receiver = next((c for c in rest if c.type in TYPES and c.end_byte <= variable.start_byte), None)
    value = next((c for c in rest if c.start_byte >= variable.end_byte and c.type not in skipped), None)
    if name is None:
        return walk.push_all(node.named_children, scope)

    inner = scope
    if scope.kind == "body":
        scope.local(walk.text(name), name.start_byte, _declared(walk, kind, value, scope), VALUE | CALL)
    else:
        words = _words(walk, node)
        member: SymbolKind = "attribute" if scope.kind == "type" else "variable"
        symbol: SymbolKind = "constant" if "const" in words else member
        made = walk.define(name, symbol, node, scope, space=VALUE | CALL, exported="private" not in words)
        made.decorators = (*_annotations(walk, node), *(("extension",) if receiver is not None else ()))
        inner = scope.inner("body", made)
        made.type = _declared(walk, kind, value, scope)
        if receiver is not None:
            inner.receiver = _typed(walk, receiver, scope)
    walk.push(kind, scope)
    walk.push_all(rest, inner)


def _declared(walk: Walk, kind: Node | None, value: Node | None, scope: Scope) -> Callable[[], str]:
    """The type of a property: as written, that of its value, or of what `by lazy { ... }` gives."""
    if kind is not None:
        return _typed(walk, kind, scope)
    if value is not None and value.type == "property_delegate":
        return str
    return lambda: walk.type_of(value, scope)


@handles("multi_variable_declaration")
def _several(walk: Walk, node: Node, scope: Scope) -> None:
    for part in node.named_children:
        _variable(walk, part, scope)


@handles("variable_declaration")
def _variable(walk: Walk, node: Node, scope: Scope) -> None:
    name = _child(node, "identifier")
    kind = next((c for c in node.named_children if c.type in TYPES), None)
    if name is not None:
        scope.local(walk.text(name), name.start_byte, _typed(walk, kind, scope), VALUE | CALL)
    walk.push(kind, scope)


# -- statements


@handles("block", "when_expression", "when_entry", "function_body", "class_body")
def _block(walk: Walk, node: Node, scope: Scope) -> None:
    walk.push_all(node.named_children, scope if node.type == "class_body" else scope.inner("body"))


@handles("when_subject")
def _subject(walk: Walk, node: Node, scope: Scope) -> None:
    variable, value = _child(node, "variable_declaration"), node.named_children[-1] if node.named_child_count else None
    name = _child(variable, "identifier") if variable is not None else None
    if name is not None:
        scope.local(walk.text(name), name.start_byte, lambda: walk.type_of(value, scope), VALUE | CALL)
    walk.push_all((c for c in node.named_children if c != variable), scope)


@handles("for_statement")
def _for(walk: Walk, node: Node, scope: Scope) -> None:
    inner = scope.inner("body")
    variable = _child(node, "variable_declaration")
    rest = [c for c in node.named_children if c != variable]
    name = _child(variable, "identifier") if variable is not None else None
    if variable is not None and name is not None:
        kind = next((c for c in variable.named_children if c.type in TYPES), None)
        values = next((c for c in rest if c.start_byte >= variable.end_byte), None)
        held = _typed(walk, kind, scope) if kind is not None else lambda: walk.append(walk.type_of(values, scope), "*")
        inner.local(walk.text(name), 0, held, VALUE | CALL)
        walk.push(kind, scope)
    walk.push_all(rest, inner)


@handles("catch_block")
def _catch(walk: Walk, node: Node, scope: Scope) -> None:
    inner = scope.inner("body")
    name = _child(node, "identifier")
    kind = next((c for c in node.named_children if c.type in TYPES), None)
    if name is not None:
        inner.local(walk.text(name), 0, _typed(walk, kind, scope))
    walk.push_all((c for c in node.named_children if c != name), inner)


@handles("return_expression")
def _return(walk: Walk, node: Node, scope: Scope) -> None:
    label = node.child_by_field_name("label")
    walk.push_all((c for c in node.named_children if c != label), scope)


@handles("labeled_expression")
def _labeled(walk: Walk, node: Node, scope: Scope) -> None:
    jump = bool(node.text and node.text.startswith((b"break", b"continue")))
    walk.push_all(() if jump else node.named_children[1:], scope)


# -- expressions


@handles("lambda_literal")
def _lambda(walk: Walk, node: Node, scope: Scope) -> None:
    inner = scope.inner("body")
    parameters = _child(node, "lambda_parameters")
    held = kotlin_types.lambda_parameter(walk, node, scope)
    inner.receiver = kotlin_types.lambda_receiver(walk, node, scope)
    if parameters is None:
        inner.local("it", 0, held, VALUE | CALL)
    for part in parameters.named_children if parameters is not None else ():
        name = _child(part, "identifier") if part.type == "variable_declaration" else None
        kind = next((c for c in part.named_children if c.type in TYPES), None)
        if name is None:
            walk.push(part, inner)
        else:
            one = parameters is not None and parameters.named_child_count == 1
            typed = _typed(walk, kind, scope) if kind is not None else held if one else str
            inner.local(walk.text(name), 0, typed, VALUE | CALL)
            walk.push(kind, scope)
    walk.push_all((c for c in node.named_children if c != parameters), inner)


@handles("call_expression")
def _call(walk: Walk, node: Node, scope: Scope) -> None:
    callee = node.named_children[0] if node.named_child_count else None
    arguments = _child(node, "value_arguments")
    name = None
    if callee is not None and callee.type == "identifier":
        name = callee
        walk.use(callee, scope, CALL, "call")
    elif callee is not None and callee.type == "navigation_expression":
        name = _navigate(walk, callee, scope, called=True)
    else:
        walk.push(callee, scope)
    if name is not None:
        walk.call(name, arguments, scope)
    walk.push_all(node.named_children[1:], scope)


@handles("navigation_expression")
def _navigation(walk: Walk, node: Node, scope: Scope) -> None:
    _navigate(walk, node, scope, called=any(c.type == "::" for c in node.children), kind="use")


def _navigate(walk: Walk, node: Node, scope: Scope, called: bool, kind: str = "call") -> Node | None:
    parts = [c for c in node.named_children if "comment" not in c.type]
    if len(parts) < 2 or parts[-1].type != "identifier":
        walk.push_all(parts, scope)
        return None
    walk.member(parts[-1], scope, parts[0], kind, called)  # type: ignore[arg-type]
    if parts[0].type == "identifier":
        walk.use(parts[0], scope, VALUE | TYPE)
    else:
        walk.push(parts[0], scope)
    return parts[-1]


@handles("callable_reference")
def _callable(walk: Walk, node: Node, scope: Scope) -> None:
    parts = node.named_children
    if len(parts) == 1 and parts[0].type == "identifier":
        walk.use(parts[0], scope, CALL)
    elif len(parts) > 1 and parts[-1].type == "identifier":
        walk.member(parts[-1], scope, parts[0], called=True)
        walk.push_all(parts[:-1], scope)
    else:
        walk.push_all(parts, scope)


@handles("infix_expression")
def _infix(walk: Walk, node: Node, scope: Scope) -> None:
    parts = node.named_children
    if len(parts) == 3 and parts[1].type == "identifier":
        walk.member(parts[1], scope, parts[0], "call")
        parts = [parts[0], parts[2]]
    walk.push_all(parts, scope)


@handles("value_argument")
def _argument(walk: Walk, node: Node, scope: Scope) -> None:
    named = any(c.type == "=" for c in node.children)
    walk.push_all(node.named_children[1:] if named else node.named_children, scope)


@handles("user_type")
def _user_type(walk: Walk, node: Node, scope: Scope) -> None:
    names = [c for c in node.named_children if c.type == "identifier"]
    constructed = node.parent is not None and node.parent.type == "constructor_invocation"
    for number, name in enumerate(names):
        kind = "call" if constructed and number == len(names) - 1 else "use"
        if number:
            of = ".".join(walk.text(n) for n in names[:number])
            start = names[0].start_byte
            walk.member(name, scope, lambda of=of, start=start: walk.type_name(of, scope, start), kind)  # type: ignore[misc,arg-type]
        else:
            walk.use(name, scope, TYPE, kind)  # type: ignore[arg-type]
    walk.push_all((c for c in node.named_children if c.type != "identifier"), scope)


@handles("this_expression", "super_expression")
def _this(walk: Walk, node: Node, scope: Scope) -> None:
    for child in node.named_children:
        if child.type == "identifier":
            walk.use(child, scope, TYPE)
        else:
            walk.push(child, scope)


@handles("identifier")
def _identifier(walk: Walk, node: Node, scope: Scope) -> None:
    walk.use(node, scope, ANY)


@handles("block_comment", "line_comment", "multiline_comment", "comment")
def _comment(walk: Walk, node: Node, scope: Scope) -> None:
    doc = node.text is not None and node.text.startswith(b"/**")
    walk.texts.append((node.start_byte, node.end_byte, "doc" if doc else "comment"))
    if doc:
        walk.docs.append((node, scope))


@handles("string_content")
def _string(walk: Walk, node: Node, scope: Scope) -> None:
    walk.texts.append((node.start_byte, node.end_byte, "string"))
