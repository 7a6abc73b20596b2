"""Functions, parameters, blocks and the scopes that types make. Importing this module registers handlers."""

from __future__ import annotations

from tree_sitter import Node

from .ecmascript_patterns import bind_import, bind_pattern, parameter_parts, parameters_of
from .ecmascript_scopes import Binding, Def, Scope
from .ecmascript_tree import FUNCTIONS, span_of, strip
from .ecmascript_walk import Walk, handles


@handles("function_declaration", "generator_function_declaration", "function_signature")
def _function_declaration(walk: Walk, node: Node, scope: Scope) -> None:
    name = node.child_by_field_name("name")
    if name is None:
        open_function(walk, node, scope, None)
        return
    outer = walk.outer.get(node.id, node)
    body = node.child_by_field_name("body")
    definition = walk.define(walk.text(name), span_of(name), "function", outer, scope, body=body)
    # A capitalised function is a constructor by convention: `this` in it is what it builds.
    constructor = definition if definition.name[:1].isupper() else None
    open_function(walk, node, scope, definition, this=constructor)


@handles("function_expression", "generator_function", "arrow_function")
def _function_expression(walk: Walk, node: Node, scope: Scope) -> None:
    open_function(walk, node, scope, None)


def open_function(walk: Walk, node: Node, scope: Scope, definition: Def | None, *, this: Def | None = None) -> None:
    """Walk into a function. With `definition` its body belongs to that definition."""
    arrow = node.type == "arrow_function"
    name = node.child_by_field_name("name")
    if name is not None and node.type in ("function_expression", "generator_function"):
        around = scope.child("block")
        around.bind(walk.text(name), walk.own_name(name, definition, around), "value")
        scope = around
    inner = scope.child("function", owner=definition, this=None if arrow else this, keep_this=arrow)
    if definition is not None:
        definition.parameters = parameters_of(walk, node)
        definition.value = node
        definition.body = inner
    body = node.child_by_field_name("body")
    if body is not None and body.type == "statement_block":
        walk.push_children(body, inner)
    elif body is not None:
        returns = node.child_by_field_name("return_type")
        target = strip(body)
        if returns is not None and target is not None and target.type == "object":
            walk.expected[target.id] = returns
        inner.returns.append((body, inner))
        walk.push(body, inner)
    for part in ("return_type", "type_parameters", "parameters"):
        walk.push(node.child_by_field_name(part), inner)
    single = node.child_by_field_name("parameter")
    if single is not None and single.start_byte in walk.import_parameters:
        fact = walk.imports[walk.import_parameters[single.start_byte]].fact
        bind_import(walk, single, (fact.module, fact.module_span), "lazy", single, inner, inner)
    elif single is not None:
        inner.bind(walk.text(single), Binding("local", inner, function=node), "value")


@handles("formal_parameters")
def _formal_parameters(walk: Walk, node: Node, scope: Scope) -> None:
    """Bind parameters in the scope of their function (or function type)."""
    function = node.parent if node.parent is not None and node.parent.id in walk.contexts else None
    listed = [child for child in node.named_children if child.type != "comment"]
    for number, child in reversed(list(enumerate(listed))):
        pattern, default, annotation = parameter_parts(child)
        if pattern is None or child.type == "ERROR":
            continue
        walk.push(default, scope)
        walk.push(annotation, scope)
        for part in child.children_by_field_name("decorator"):
            walk.push(part, scope)

        def declare(
            name: Node,
            key: str | None,
            annotation: Node | None = annotation,
            default: Node | None = default,
            number: int = number,
        ) -> None:
            binding = Binding(
                "local", scope, annotation=annotation, value=default, key=key, function=function, number=number
            )
            attribute = walk.parameter_properties.get(name.start_byte)
            if attribute is not None:
                binding = Binding("definition", scope, definition=attribute)
            scope.bind(walk.text(name), binding, "value")

        imported = walk.import_parameters.get(pattern.start_byte)
        if imported is not None:
            fact = walk.imports[imported].fact
            bind_import(walk, pattern, (fact.module, fact.module_span), "lazy", pattern, scope, scope)
        else:
            bind_pattern(walk, pattern, scope, declare, annotation=annotation)


@handles("return_statement")
def _return(walk: Walk, node: Node, scope: Scope) -> None:
    """Remember what a function returns; without an annotation, its type is inferred from that."""
    given = node.named_children
    if given and given[0].type != "comment":
        scope.function().returns.append((given[0], scope))
        value, declared = strip(given[0]), _declared_return(node)
        if declared is not None and value is not None and value.type == "object":
            walk.expected[value.id] = declared
    walk.push_children(node, scope)


def _declared_return(node: Node) -> Node | None:
    """The annotation of what the function around a return statement gives."""
    function = node.parent
    while function is not None and function.type not in FUNCTIONS and function.type != "method_definition":
        function = function.parent
    if function is None or function.type.startswith("generator") or any(c.type == "*" for c in function.children):
        return None
    return function.child_by_field_name("return_type")


@handles("method_definition")
def _method(walk: Walk, node: Node, scope: Scope) -> None:
    """A method of an anonymous class or of an object that is no definition."""
    name = node.child_by_field_name("name")
    if name is not None and name.type == "computed_property_name":
        walk.push(name, scope)
    open_function(walk, node, scope, None)


@handles("function_type", "constructor_type", "call_signature", "construct_signature", "conditional_type")
def _type_scope(walk: Walk, node: Node, scope: Scope) -> None:
    walk.push_children(node, scope.child("block"))


@handles("method_signature", "abstract_method_signature")
def _method_signature(walk: Walk, node: Node, scope: Scope) -> None:
    walk.push_children(node, scope.child("block"))


@handles("type_parameter")
def _type_parameter(walk: Walk, node: Node, scope: Scope) -> None:
    name = node.child_by_field_name("name")
    constraint = node.child_by_field_name("constraint")
    if name is not None:
        scope.bind(walk.text(name), Binding("local", scope, annotation=constraint), "type")
    walk.push(constraint, scope)
    walk.push(node.child_by_field_name("value"), scope)


@handles("infer_type")
def _infer_type(walk: Walk, node: Node, scope: Scope) -> None:
    """`infer U` declares U for the conditional type around it."""
    named = node.named_children
    if named:
        scope.bind(walk.text(named[0]), Binding("local", scope), "type")
    for child in named[1:]:
        walk.push(child, scope)


@handles("index_signature")
def _index_signature(walk: Walk, node: Node, scope: Scope) -> None:
    inner = scope.child("block")
    name = node.child_by_field_name("name")
    for child in reversed(node.named_children):
        if name is None or child.id != name.id:
            walk.push(child, inner)


@handles("mapped_type_clause")
def _mapped_type(walk: Walk, node: Node, scope: Scope) -> None:
    name = node.child_by_field_name("name")
    if name is not None:
        scope.bind(walk.text(name), Binding("local", scope), "type")
    walk.push(node.child_by_field_name("type"), scope)
    walk.push(node.child_by_field_name("alias"), scope)


@handles("type_predicate")
def _type_predicate(walk: Walk, node: Node, scope: Scope) -> None:
    walk.push(node.child_by_field_name("type"), scope)


@handles("tuple_type")
def _tuple_type(walk: Walk, node: Node, scope: Scope) -> None:
    for child in reversed(node.named_children):
        labelled = child.type in ("required_parameter", "optional_parameter")
        walk.push(child.child_by_field_name("type") if labelled else child, scope)


@handles("statement_block", "switch_body", "for_statement")
def _block(walk: Walk, node: Node, scope: Scope) -> None:
    walk.push_children(node, scope.child("block"))


@handles("catch_clause")
def _catch(walk: Walk, node: Node, scope: Scope) -> None:
    inner = scope.child("block")
    parameter = node.child_by_field_name("parameter")
    walk.push(node.child_by_field_name("body"), inner)
    walk.push(node.child_by_field_name("type"), inner)
    if parameter is not None:
        bind_pattern(walk, parameter, inner, lambda name, _: _bind_local(walk, name, inner))


@handles("for_in_statement")
def _for_in(walk: Walk, node: Node, scope: Scope) -> None:
    inner = scope.child("block")
    walk.push(node.child_by_field_name("body"), inner)
    walk.push(node.child_by_field_name("right"), scope)
    left, kind = node.child_by_field_name("left"), node.child_by_field_name("kind")
    if left is None:
        return
    if kind is None:
        walk.push(left, scope)
        return
    target = scope.function() if kind.type == "var" else inner
    bind_pattern(walk, left, inner, lambda name, _: _bind_local(walk, name, target))


def _bind_local(walk: Walk, name: Node, scope: Scope) -> None:
    scope.bind(walk.text(name), Binding("local", scope), "value")
