"""Declarations of C and C++."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..facts import SymbolKind
from .c_initializers import initializer
from .c_parameters import parameters, visit_layers
from .c_records import qualify, record, whole_of
from .c_scopes import Scope
from .c_tree import RECORDS, function_layer, parts, span_of, text, type_text, unwrap, value_type
from .c_walk import Walk, children

_ABSTRACT = frozenset({"operator_name", "operator_cast", "literal_operator_name"})


def _words(node: Any) -> set[str]:
    return {
        text(c) for c in node.children if c.type in ("storage_class_specifier", "type_qualifier", "virtual", "friend")
    }


def declaration(walk: Walk, node: Any, scope: Scope) -> None:
    """A declaration, a field declaration or a typedef."""
    type_node = node.child_by_field_name("type")
    declarators = node.children_by_field_name("declarator")
    values = [c for c in node.children_by_field_name("default_value") if c is not None]
    words = _words(node)
    typedef = node.type == "type_definition" or "typedef" in words
    known = {d.id for d in declarators} | ({type_node.id} if type_node is not None else set())
    rest = [c for c in node.named_children if c.id not in known and c.id not in {v.id for v in values}]
    for value in reversed(values):
        walk.push(value, scope)
    own_type = type_text(type_node)
    holder = ""
    if type_node is not None and type_node.type in (*RECORDS, "enum_specifier"):
        anonymous = type_node.child_by_field_name("name") is None and type_node.child_by_field_name("body") is not None
        if anonymous and declarators:
            name, _ = unwrap(_plain(declarators[0]))
            if name is not None and not (scope.is_local and not typedef):
                holder = f"{scope.where}.{text(name)}" if scope.where else text(name)
                own_type = text(name) if typedef else ""
    for declarator in reversed(declarators):
        first = declarator.id == declarators[0].id
        expression = own_type if first or not holder or typedef else holder
        if typedef and holder and first:
            if type_node is not None and type_node.type != "enum_specifier":
                continue
            continue
        walk.later(_declare(node, declarator, expression, words, typedef), declarator, scope)
    for child in reversed(rest):
        walk.push(child, scope)
    if type_node is None:
        return
    if holder and typedef:
        name, _ = unwrap(_plain(declarators[0]))
        assert name is not None
        walk.later(_named(name, node), type_node, scope)
    elif type_node.type in (*RECORDS, "enum_specifier"):
        forward = not declarators and type_node.child_by_field_name("body") is None
        if forward:
            children(walk, type_node, scope)
        else:
            walk.later(_in(holder), type_node, scope)
    else:
        walk.push(type_node, scope)


def _plain(declarator: Any) -> Any:
    found = declarator.child_by_field_name("declarator") if declarator.type == "init_declarator" else None
    return found if found is not None else declarator


def _named(name: Any, whole: Any) -> Callable[[Walk, Any, Scope], None]:
    def handler(walk: Walk, node: Any, scope: Scope) -> None:
        record(walk, node, scope, name=name, whole=whole)

    return handler


def _in(holder: str) -> Callable[[Walk, Any, Scope], None]:
    def handler(walk: Walk, node: Any, scope: Scope) -> None:
        record(walk, node, scope, holder=holder)

    return handler


def _declare(
    whole: Any, declarator: Any, type_: str, words: set[str], typedef: bool
) -> Callable[[Walk, Any, Scope], None]:
    def handler(walk: Walk, node: Any, scope: Scope) -> None:
        declare(walk, whole, declarator, type_, words, typedef, scope)

    return handler


def declare(walk: Walk, whole: Any, declarator: Any, type_: str, words: set[str], typedef: bool, scope: Scope) -> None:
    """One declarator of a declaration."""
    value = declarator.child_by_field_name("value") if declarator.type == "init_declarator" else None
    name, layers = unwrap(_plain(declarator))
    if name is None:
        children(walk, declarator, scope)
        return
    if not type_ and value is not None and name.type != "structured_binding_declarator":
        placeholder = whole.child_by_field_name("type")
        if placeholder is not None and placeholder.type == "placeholder_type_specifier":
            type_ = value_type(value, scope, walk.cpp)
    layer = function_layer(layers)
    dimensions = sum(1 for one in layers if one.type == "array_declarator")
    if value is not None:
        if value.type == "initializer_list":
            walk.later(initializer(type_, dimensions, scope), value, scope)
        else:
            walk.push(value, scope)
    inside = Scope("template", scope.where, scope)
    visit_layers(walk, layers, inside, None if layer is None else layer)
    if name.type == "structured_binding_declarator":
        for child in name.named_children:
            scope.names[text(child)] = ""
        return
    if scope.is_local and not typedef:
        is_prototype = layer is not None and not walk.cpp
        if is_prototype or "extern" in words:
            walk.use(name, scope, "definition")
        elif name.type == "identifier":
            scope.names[text(name)] = type_
        else:
            walk.push(name, scope)
        return
    if typedef and scope.is_local:
        scope.names[text(name)] = type_
        return
    add(walk, whole, name, layer, type_, words, typedef, scope)


def add(
    walk: Walk, whole: Any, name: Any, layer: Any | None, type_: str, words: set[str], typedef: bool, scope: Scope
) -> str:
    """The definition of a declared name; returns its qualified name."""
    exported = not scope.hidden and ("static" not in words or scope.kind == "class")
    if name.type in _ABSTRACT:
        return scope.where
    body_node = whole.child_by_field_name("body") if whole.type == "function_definition" else None
    body = (body_node.start_byte + 1, body_node.end_byte - 1) if body_node is not None else None
    names = parts(name)
    parent, nodes = scope.where, names
    holder = [text(n) for n in nodes[:-1]]
    qualify(walk, nodes[:-1], scope)
    if holder:
        parent = ".".join(p for p in (scope.where, *holder) if p)
    last = nodes[-1]
    if last.type in _ABSTRACT:
        return parent
    of_class = (scope.kind in ("class", "template") and bool(scope.class_name())) or bool(holder)
    if last.type == "destructor_name":
        if last.named_child_count:
            _class_name(walk, last.named_children[0], parent, scope)
        return parent
    own = text(last)
    kind: SymbolKind
    if typedef:
        kind = "type"
    elif layer is not None:
        kind = "method" if of_class and parent not in walk.namespaces else "function"
    else:
        kind = "attribute" if of_class and parent not in walk.namespaces else "variable"
    constructor = kind == "method" and own == parent.rpartition(".")[2]
    bases = (type_,) if typedef and type_ and type_ != own and not type_.endswith("[]") else ()
    if typedef and type_ == own:
        bases = (own,)
    declares = (layer is not None and body is None) or (
        "extern" in words and whole.child_by_field_name("value") is None
    )
    if kind == "method" and body is None and whole.type == "function_definition":
        declares = False
    qualified = walk.define(
        own,
        span_of(last),
        kind,
        whole_of(whole),
        parent,
        body=body,
        exported=exported,
        type_="" if constructor or typedef else _returned(layer, type_),
        bases=bases,
        parameters=parameters(walk, layer) if layer is not None else (),
        declares=declares and not typedef,
        occurrence=not constructor,
    )
    if constructor:
        _class_name(walk, last, parent, scope)
    return qualified


def _returned(layer: Any | None, type_: str) -> str:
    if layer is None or type_:
        return type_
    for child in layer.named_children:
        if child.type == "trailing_return_type" and child.named_child_count:
            return type_text(child.named_children[0])
    return ""


def _class_name(walk: Walk, node: Any, qualified: str, scope: Scope) -> None:
    """The name of a class in that of its constructor or destructor."""
    walk.use(node, scope, "use", is_type=True, where=qualified.rpartition(".")[0])


def function(walk: Walk, node: Any, scope: Scope) -> None:
    """A function with its body."""
    declarator = node.child_by_field_name("declarator")
    type_node = node.child_by_field_name("type")
    name, layers = unwrap(declarator) if declarator is not None else (None, [])
    layer = function_layer(layers)
    if name is None or (layer is None and name.type != "operator_cast"):
        children(walk, node, scope)  # a macro, or damage
        return
    if type_node is None and name.type == "identifier" and _is_macro(walk, text(name), scope):
        walk.use(name, scope, "call")
        inside = scope.block()
        walk.push(node.child_by_field_name("body"), inside)
        visit_layers(walk, layers, inside, layer)
        return
    qualified = add(walk, node, name, layer, type_text(type_node), _words(node), False, scope)
    inside = Scope("function", qualified, scope, hidden=scope.hidden)
    class_ = parent_class(walk, name, scope)
    if class_:
        inside = Scope("function", qualified, Scope("class", class_, scope), hidden=scope.hidden)
    known = {n.id for n in (declarator, type_node) if n is not None}
    body = node.child_by_field_name("body")
    walk.push(body, inside)
    for child in reversed(node.named_children):
        if child.id not in known and (body is None or child.id != body.id):
            walk.push(child, inside)
    if layer is not None:
        visit_layers(walk, layers, inside, layer)
    walk.push(type_node, scope)


def _is_macro(walk: Walk, name: str, scope: Scope) -> bool:
    """Whether what looks like a function without a type is a use of a macro: `TEST(a, b) {`."""
    if scope.class_name():
        return False
    return walk.cpp or name.isupper()


def parent_class(walk: Walk, name: Any, scope: Scope) -> str:
    """The class of a function that is defined outside of it."""
    holder = [text(n) for n in parts(name)[:-1]]
    found = ".".join(p for p in (scope.where, *holder) if p)
    return found if holder and found not in walk.namespaces else ""
