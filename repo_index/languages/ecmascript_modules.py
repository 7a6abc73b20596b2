"""Imports and exports of ES modules and TypeScript. Importing this module registers their handlers."""

from __future__ import annotations

from tree_sitter import Node

from ..facts import ImportKind, Span
from .ecmascript_exports import EQUALS, export_value, list_export
from .ecmascript_scopes import Scope
from .ecmascript_tree import has_token, literal, span_of
from .ecmascript_walk import HANDLERS, Name, Walk, handles

Module = tuple[str, Span]


@handles("import_statement")
def _import(walk: Walk, node: Node, scope: Scope) -> None:
    clause = next((c for c in node.named_children if c.type in ("import_clause", "import_require_clause")), None)
    kind: ImportKind = "type" if has_token(node, "type") or has_token(node, "typeof") else "runtime"
    source = node.child_by_field_name("source")
    if clause is not None and clause.type == "import_require_clause":
        source = clause.child_by_field_name("source")
    module = literal(source)
    if module is None:
        return
    if clause is None:
        walk.import_name(module, None, "", kind, node, scope)
        return
    for part in clause.named_children:
        if part.type == "identifier":
            name = None if clause.type == "import_require_clause" else "default"
            _bind_import(walk, module, name, part, kind, node, scope)
        elif part.type == "namespace_import":
            _bind_import(walk, module, None, part.named_children[0], kind, node, scope)
        elif part.type == "named_imports":
            for specifier in part.named_children:
                if specifier.type == "import_specifier":
                    _import_specifier(walk, module, specifier, kind, node, scope)


def _bind_import(
    walk: Walk, module: Module, name: str | None, local: Node, kind: ImportKind, node: Node, scope: Scope
) -> None:
    index = walk.import_name(module, name, walk.text(local), kind, node, scope, local_span=span_of(local), space="any")
    walk.clause_names.append((index, walk.text(local), span_of(local), "import"))


def _import_specifier(walk: Walk, module: Module, specifier: Node, kind: ImportKind, node: Node, scope: Scope) -> None:
    name, alias = specifier.child_by_field_name("name"), specifier.child_by_field_name("alias")
    named = _clause_name(walk, name)
    if named is None:
        return
    if has_token(specifier, "type") or has_token(specifier, "typeof"):
        kind = "type"
    local = (walk.text(alias), span_of(alias)) if alias is not None else named
    index = walk.import_name(module, named[0], local[0], kind, node, scope, name_span=named[1], local_span=local[1])
    if named[0] != "default":
        walk.clause_names.append((index, *named, "import"))
    if alias is not None:
        walk.clause_names.append((index, *local, "import"))


def _clause_name(walk: Walk, node: Node | None) -> tuple[str, Span] | None:
    """A name in an import or export clause: an identifier, `default` or a string."""
    if node is None:
        return None
    return literal(node) if node.type == "string" else (walk.text(node), span_of(node))


@handles("export_statement")
def _export(walk: Walk, node: Node, scope: Scope) -> None:
    module = literal(node.child_by_field_name("source"))
    clause = next((c for c in node.named_children if c.type in ("export_clause", "namespace_export")), None)
    if module is not None:
        _reexport(walk, node, module, clause, scope)
        return
    if clause is not None and clause.type == "export_clause":
        for specifier in clause.named_children:
            name = specifier.child_by_field_name("name")
            named = _clause_name(walk, name)
            if named is not None and name is not None:
                exported = _clause_name(walk, specifier.child_by_field_name("alias")) or named
                list_export(walk, scope, exported[0], named[0], exported[1])
                if name.type != "string":
                    walk.names.append(Name(name, scope, "export", "any"))
                    if exported != named and exported[0] != "default":
                        walk.aliases.append((named[0], *exported, scope))
        return
    declaration = node.child_by_field_name("declaration")
    default = has_token(node, "default")
    keyword = next((c for c in node.children if c.type in ("default", "=")), node)
    decorators = [child for child in node.named_children if child.type == "decorator"]
    for decorator in decorators:
        walk.push(decorator, scope)
    if declaration is not None:
        walk.decorators[declaration.id] = decorators
        _export_declaration(walk, node, declaration, default, scope)
        return
    value = node.child_by_field_name("value")
    if value is None:
        value = next((c for c in node.named_children if c.type not in ("comment", "decorator")), None)
    if value is None or has_token(node, "as"):
        return
    if default or has_token(node, "="):
        names = ["default"] if default else ["default", EQUALS]
        walk.decorators[value.id] = decorators
        export_value(walk, node, value, keyword, names, scope)
    else:
        walk.push(value, scope)


def _reexport(walk: Walk, node: Node, module: Module, clause: Node | None, scope: Scope) -> None:
    kind: ImportKind = "type" if has_token(node, "type") else "reexport"
    if clause is None:
        walk.import_name(module, "*", "", kind, node, scope)
        list_export(walk, scope, "*", "*", span_of(node), module[0])
    elif clause.type == "namespace_export":
        walk.import_name(module, None, "", kind, node, scope)
        named = _clause_name(walk, clause.named_children[0]) if clause.named_children else None
        if named is not None:
            list_export(walk, scope, named[0], "*", named[1], module[0])
    else:
        specifiers = [child for child in clause.named_children if child.type == "export_specifier"]
        for specifier in specifiers:
            named = _clause_name(walk, specifier.child_by_field_name("name"))
            if named is None:
                continue
            exported = _clause_name(walk, specifier.child_by_field_name("alias")) or named
            one: ImportKind = "type" if has_token(specifier, "type") else kind
            index = walk.import_name(module, named[0], "", one, node, scope, name_span=named[1])
            if named[0] != "default":
                walk.clause_names.append((index, *named, "export"))
            if exported != named and exported[0] != "default":
                walk.clause_names.append((index, *exported, "export"))
            list_export(walk, scope, exported[0], named[0], exported[1], module[0])
        if not specifiers:
            walk.import_name(module, None, "", kind, node, scope)


def _export_declaration(walk: Walk, node: Node, declaration: Node, default: bool, scope: Scope) -> None:
    walk.outer[declaration.id] = node
    for child in declaration.named_children if declaration.type == "ambient_declaration" else ():
        walk.outer[child.id] = node
    if default and declaration.child_by_field_name("name") is None:
        keyword = next(c for c in node.children if c.type == "default")
        export_value(walk, node, declaration, keyword, ["default"], scope)
        return
    before = len(walk.definitions)
    declarations = declaration.named_children if declaration.type == "ambient_declaration" else [declaration]
    for part in declarations:
        HANDLERS.get(part.type, Walk.push_children)(walk, part, scope)
    for definition in walk.definitions[before:]:
        if definition.scope is scope or definition.scope is scope.function():
            name = "default" if default else definition.name
            list_export(walk, scope, name, definition.name, definition.name_span)


@handles("import_alias")
def _import_alias(walk: Walk, node: Node, scope: Scope) -> None:
    """`import Q = ns.Foo` inside TypeScript: a second name for a member of a namespace."""
    parts = node.named_children
    if len(parts) == 2:
        definition = walk.define(walk.text(parts[0]), span_of(parts[0]), "constant", node, scope, space="any")
        definition.value = parts[1]
        if parts[1].type == "identifier":
            walk.names.append(Name(parts[1], scope, "use", "any"))
        else:
            walk.push(parts[1], scope)


@handles("ambient_declaration")
def _ambient(walk: Walk, node: Node, scope: Scope) -> None:
    for child in node.named_children:
        walk.outer.setdefault(child.id, node)
        name = child.child_by_field_name("name") if child.type == "module" else None
        module = literal(name)
        if module is not None and "*" not in module[0] and (module[0].startswith(".") or _is_module(node)):
            walk.import_name(module, None, "", "type", node, scope)
    walk.push_children(node, scope)


def _is_module(node: Node) -> bool:
    """Whether the file around imports or exports something: then `declare module "x"` adds to a module that is
    declared elsewhere."""
    around = node.parent.named_children if node.parent is not None else []
    return any(child.type in ("import_statement", "export_statement") for child in around)
