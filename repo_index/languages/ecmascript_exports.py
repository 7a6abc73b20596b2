"""The table of exports, for ES modules and CommonJS alike."""

from __future__ import annotations

from tree_sitter import Node

from ..facts import Export, Span, SymbolKind
from .ecmascript_classes import open_value
from .ecmascript_scopes import Scope
from .ecmascript_tree import CLASSES, FUNCTIONS, span_of, strip
from .ecmascript_walk import Name, Walk

#: TypeScript's name for what `module.exports = x` and `export = x` export
EQUALS = "export="


def list_export(walk: Walk, scope: Scope, name: str, local: str, span: Span, module: str = "") -> None:
    """Add to the table of exports. What a namespace exports is no export of the file but its member."""
    if scope.kind != "namespace":
        walk.exports.append(Export(name, local, module, span, True))
        if not module:
            walk.export_locals.setdefault(name, local)


def export_value(walk: Walk, statement: Node, value: Node, keyword: Node, names: list[str], scope: Scope) -> None:
    """Export an expression under `names`: a name of this file, or a definition made of the expression, which
    is called after the function or class it is, else "default" (its name stands at `keyword`)."""
    core = strip(value) or value
    if core.type == "identifier":
        walk.push_asserted(value, scope)
        walk.names.append(Name(core, scope, "export", "any"))
        local = walk.text(core)
    else:
        named, body = None, None
        kind: SymbolKind = "constant"
        if core.type in FUNCTIONS or core.type in CLASSES:
            kind = "function" if core.type in FUNCTIONS else "class"
            named, body = core.child_by_field_name("name"), core.child_by_field_name("body")
        local = walk.text(named) if named is not None else "default"
        name_span = span_of(named if named is not None else keyword)
        definition = walk.define(local, name_span, kind, statement, walk.module, body=body, space=None)
        open_value(walk, definition, core, value, scope)
    for name in names:
        list_export(walk, scope, name, local, span_of(value))
