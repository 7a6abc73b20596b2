"""Variables. Importing this module registers its handler."""

from __future__ import annotations

from tree_sitter import Node

from ..facts import SymbolKind
from .ecmascript_classes import open_value
from .ecmascript_commonjs import exported_targets, list_exports, require_declarator
from .ecmascript_patterns import bind_pattern
from .ecmascript_scopes import Binding, Scope
from .ecmascript_tree import CLASSES, FUNCTIONS, span_of, strip
from .ecmascript_walk import Walk, handles, is_const


@handles("lexical_declaration", "variable_declaration", "using_declaration")
def _variables(walk: Walk, node: Node, scope: Scope) -> None:
    target = scope.function() if node.type == "variable_declaration" else scope
    for child in node.named_children:
        if child.type == "variable_declarator":
            _declarator(walk, child, node, scope, target)


def _declarator(walk: Walk, node: Node, statement: Node, scope: Scope, target: Scope) -> None:
    pattern, annotation = node.child_by_field_name("name"), node.child_by_field_name("type")
    value = node.child_by_field_name("value")
    if pattern is None:
        return
    if value is not None and require_declarator(walk, pattern, value, statement, scope, target):
        return
    walk.push(annotation, scope)
    exports, value = exported_targets(walk, value, scope)
    core = strip(value)
    outer = walk.outer.get(statement.id, statement)
    lasting = target.kind in ("module", "namespace")
    kind: SymbolKind = "constant" if is_const(statement) else "variable"
    if core is not None and core.type in FUNCTIONS:
        kind = "function"
    elif core is not None and core.type in CLASSES:
        kind = "class"
    if pattern.type == "identifier" and (lasting or kind in ("function", "class")):
        body = core.child_by_field_name("body") if core is not None and kind in ("function", "class") else None
        definition = walk.define(
            walk.text(pattern),
            span_of(pattern),
            kind,
            outer,
            target,
            body=body,
            space="any" if kind == "class" else "value",
        )
        definition.annotation = annotation
        list_exports(walk, exports, definition.name)
        if core is None:
            return
        if kind == "constant" and core.type == "object" and annotation is not None:
            walk.expected[core.id] = annotation
        open_value(walk, definition, core, value, scope)
        return

    def declare(name: Node, key: str | None) -> None:
        if lasting:
            definition = walk.define(walk.text(name), span_of(name), kind, outer, target)
            definition.annotation = annotation if key is None else None
        else:
            binding = Binding("local", target, annotation=annotation, value=core, key=key)
            target.bind(walk.text(name), binding, "value")

    bind_pattern(walk, pattern, scope, declare, of=core, annotation=annotation)
    if core is not None and core.type == "object" and annotation is not None:
        walk.expected[core.id] = annotation
    walk.push(value, scope)
