"""Patterns: what parameters, destructuring and imports into patterns bind."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from ..facts import ImportKind, Parameter, Span
from .ecmascript_scopes import Binding, Scope
from .ecmascript_tree import property_key, span_of
from .ecmascript_walk import Key, Walk

#: called for every name that a pattern binds: the identifier, and what it takes of the value: None for all of
#: it, a property by name, or "" for something deeper
Declare = Callable[[Node, "str | None"], None]


def bind_pattern(
    walk: Walk,
    pattern: Node,
    scope: Scope,
    declare: Declare,
    *,
    of: Node | None = None,
    annotation: Node | None = None,
) -> None:
    """Walk a declaration's pattern and declare the names in it. Defaults and computed keys are walked in
    `scope`; keys are recorded as properties of the value (`of`) or of its type (`annotation`)."""
    stack: list[tuple[Node, str | None]] = [(pattern, None)]
    while stack:
        node, taken = stack.pop()
        kind = node.type
        outermost = taken is None
        if kind == "identifier":
            declare(node, taken)
        elif kind == "shorthand_property_identifier_pattern":
            name = walk.text(node)
            declare(node, name if outermost else "")
            walk.shorthands.append(span_of(node))
            walk.keys.append(Key(name, span_of(node), scope, *((of, annotation) if outermost else (None, None))))
        elif kind == "pair_pattern":
            key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
            named = property_key(key)
            if named is not None:
                walk.keys.append(Key(*named, scope, *((of, annotation) if outermost else (None, None))))
            else:
                walk.push(key, scope)
            if value is not None:
                inner = value.child_by_field_name("left") if value.type == "assignment_pattern" else value
                plain = outermost and named is not None and inner is not None and inner.type == "identifier"
                stack.append((value, named[0] if plain and named is not None else ""))
        elif kind in ("assignment_pattern", "object_assignment_pattern"):
            left = node.child_by_field_name("left")
            if left is not None:
                stack.append((left, taken))
            walk.push(node.child_by_field_name("right"), scope)
        elif kind == "object_pattern":
            stack.extend((child, taken) for child in reversed(node.named_children))
        elif kind in ("array_pattern", "rest_pattern"):
            stack.extend((child, "") for child in reversed(node.named_children))
        elif kind in ("member_expression", "subscript_expression", "this"):
            walk.push(node, scope)


def parameters_of(walk: Walk, node: Node) -> tuple[Parameter, ...]:
    """Parameters of a function as facts. A destructured one is named by its pattern's text; TypeScript's
    `this` parameter is no parameter of a call and is left out."""
    listed = node.child_by_field_name("parameters")
    single = node.child_by_field_name("parameter")
    found = []
    for child in listed.named_children if listed is not None else [single] if single is not None else []:
        if child.type in ("comment", "decorator", "ERROR"):
            continue
        pattern, default, annotation = parameter_parts(child)
        if pattern is None or pattern.type == "this":
            continue
        rest = pattern.type == "rest_pattern"
        bare = pattern.named_children[0] if rest and pattern.named_child_count else pattern
        found.append(
            Parameter(
                walk.text(bare),
                span_of(bare),
                "var_positional" if rest else "positional",
                walk.text(default) if default is not None else None,
                walk.text(annotation).lstrip(":").strip() if annotation is not None else None,
                span_of(child),
            )
        )
    return tuple(found)


def parameter_parts(node: Node) -> tuple[Node | None, Node | None, Node | None]:
    """Pattern, default value and type annotation of one formal parameter."""
    if node.type in ("required_parameter", "optional_parameter"):
        pattern = node.child_by_field_name("pattern")
        return pattern, node.child_by_field_name("value"), node.child_by_field_name("type")
    if node.type == "assignment_pattern":
        return node.child_by_field_name("left"), node.child_by_field_name("right"), None
    return node, None, None


def bind_import(
    walk: Walk,
    pattern: Node,
    module: tuple[str, Span],
    kind: ImportKind,
    statement: Node,
    scope: Scope,
    inner: Scope,
) -> None:
    """Bind in `scope` what `pattern = <the module>` takes from the module; defaults are walked in `inner`."""
    conditional = inner.kind == "block"
    if pattern.type == "identifier":
        local, span = walk.text(pattern), span_of(pattern)
        index = walk.import_name(
            module, None, local, kind, statement, scope, local_span=span, conditional=conditional, space="any"
        )
        walk.clause_names.append((index, local, span, "import"))
        return
    for child in pattern.named_children if pattern.type == "object_pattern" else ():
        target: Node | None = child
        named: tuple[str, Span] | None = None
        if child.type == "pair_pattern":
            named = property_key(child.child_by_field_name("key"))
            target = child.child_by_field_name("value")
        if target is not None and target.type in ("assignment_pattern", "object_assignment_pattern"):
            walk.push(target.child_by_field_name("right"), inner)
            target = target.child_by_field_name("left")
        if target is None:
            continue
        plain = target.type in ("identifier", "shorthand_property_identifier_pattern")
        local, span = (walk.text(target), span_of(target)) if plain else ("", span_of(child))
        name, name_span = named or (local, span)
        if not name or child.type == "rest_pattern":
            bind_pattern(walk, target, inner, lambda n, _: scope.bind(walk.text(n), Binding("local", scope), "value"))
            continue
        index = walk.import_name(
            module,
            name,
            local,
            kind,
            statement,
            scope,
            name_span=name_span,
            local_span=span if plain else None,
            conditional=conditional,
        )
        if name != "default":
            walk.clause_names.append((index, name, name_span, "import"))
        if plain and span != name_span:
            walk.clause_names.append((index, local, span, "import"))
        if not plain:
            bind_pattern(walk, target, inner, lambda n, _: scope.bind(walk.text(n), Binding("local", scope), "value"))
