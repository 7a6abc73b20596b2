"""Items of Rust: definitions, modules, imports. They are known in the whole block that they stand in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..facts import Definition, Export, ImportFact, Parameter, SymbolKind
from .rust_types import of_type
from .rust_walk import Scope, Walk, span

_KINDS: dict[str, SymbolKind] = {
    "function_item": "function", "function_signature_item": "function", "struct_item": "class", "union_item": "class",
    "enum_item": "enum", "trait_item": "interface", "type_item": "type", "associated_type": "type",
    "const_item": "constant", "static_item": "variable", "macro_definition": "function", "mod_item": "module",
}  # fmt: skip


def collect(walk: Walk, nodes: list[Any], scope: Scope, owner: str = "", trait: str = "") -> None:
    """Definitions and imports of a block; members of an impl or trait have an `owner`."""
    attributes: list[Any] = []
    impls = []
    todo = list(reversed(nodes))
    while todo:
        node = todo.pop()
        macro = node.named_children[0] if node.type == "expression_statement" and node.named_child_count else node
        if macro.type == "macro_invocation" and not owner:
            todo += reversed(walk.items_of(macro))
            attributes = []
            continue
        if node.type in ("attribute_item", "line_comment", "block_comment"):
            attributes.append(node)
            continue
        if node.type in _KINDS:
            _item(walk, node, attributes, scope, owner, trait)
        elif node.type == "use_declaration":
            _use(walk, node, scope)
        elif node.type == "extern_crate_declaration":
            name, alias = node.child_by_field_name("name"), node.child_by_field_name("alias")
            if name is not None:
                _import(walk, scope, [walk.text(name)], None, alias or name, name, node)
        elif node.type == "foreign_mod_item":
            body = node.child_by_field_name("body")
            collect(walk, body.named_children if body is not None else [], scope)
        elif node.type == "impl_item":
            impls.append(node)
        attributes = []
    walk.scopes.append(scope)
    for node in impls:
        _impl(walk, node, scope)
    walk.scopes.pop()


def _qualified(scope: Scope, owner: str, name: str) -> str:
    return f"{owner or scope.path}.{name}" if owner or scope.path else name


def _define(walk: Walk, node: Any, name: Any, kind: SymbolKind, parent: str, **more: Any) -> str:
    text = walk.text(name)
    qualified = f"{parent}.{text}" if parent else text
    body = node.child_by_field_name("body")
    exported = any(c.type == "visibility_modifier" for c in node.children)
    head_end = body.start_byte if body is not None else node.end_byte
    head = " ".join(walk.source[node.start_byte : head_end].decode("utf-8", "replace").split())[:400]
    start = more.pop("start", node)
    walk.facts.definitions.append(
        Definition(qualified, text, kind, span(name), (start.start_byte, node.end_byte), start.start_point[0] + 1,
                   node.end_point[0] + 1, exported, parent, span(body) if body is not None else None,
                   more.pop("signature", head), **more)
    )  # fmt: skip
    walk.defined.add(qualified)
    walk.add(name, "definition", "definition", qualified)
    return qualified


def _doc(walk: Walk, attributes: list[Any]) -> str:
    lines = [walk.text(a) for a in attributes if a.type == "line_comment" and walk.text(a).startswith("///")]
    return "\n".join(line[3:].strip() for line in lines).strip()


def _item(walk: Walk, node: Any, attributes: list[Any], scope: Scope, owner: str, trait: str) -> None:
    name = node.child_by_field_name("name")
    if name is None or walk.text(name) == "_":
        return
    kind = _KINDS[node.type]
    text, parent = walk.text(name), owner or scope.path
    more: dict[str, Any] = {"doc": _doc(walk, attributes)}
    starts = [a for a in attributes if a.type == "attribute_item"]
    if starts:
        more["start"] = starts[0]
    if node.type == "mod_item":
        _module(walk, node, name, starts, scope, more)
        return
    hidden = Scope(self_type=owner or None)
    hidden.items = {walk.text(n): ("type", "") for n in type_names(node)}
    walk.scopes += [scope, hidden]
    if kind == "function" and node.type != "macro_definition":
        result = node.child_by_field_name("return_type")
        more["type"] = of_type(walk, result) if result is not None else ""
        more["parameters"] = _parameters(walk, node)
        kind = "method" if owner else "function"
    elif kind in ("constant", "variable", "type"):
        more["type"] = of_type(walk, node.child_by_field_name("type"))
    if kind == "type":
        more["bases"] = (more.pop("type"),) if more.get("type") and not more["type"].endswith("[]") else ()
    if kind == "interface":
        bounds = node.child_by_field_name("bounds")
        found = (of_type(walk, b) for b in (bounds.named_children if bounds is not None else ()))
        more["bases"] = tuple(b for b in found if b)
    elif trait and owner:
        more["bases"] = (trait,)
    walk.scopes[-2:] = []
    walk.scopes.append(scope)
    qualified = _define(walk, node, name, kind, parent, **more)
    walk.scopes.pop()
    if node.type == "macro_definition":
        walk.macros.add(text)
        walk.facts.exports.append(Export(f"{text}!", qualified, span=span(name)))
    elif not owner:
        scope.items.setdefault(text, ("definition", qualified))
        if not scope.path:
            walk.facts.exports.append(Export(text, qualified, span=span(name), listed=True))
    if kind in ("class", "enum"):
        walk.scopes += [scope, hidden]
        hidden.self_type = qualified
        _fields(walk, node.child_by_field_name("body"), qualified)
        walk.scopes[-2:] = []
    elif kind == "interface":
        body = node.child_by_field_name("body")
        collect(walk, body.named_children if body is not None else [], scope, qualified)


def type_names(node: Any) -> list[Any]:
    """The names of the type parameters of an item."""
    listed = node.child_by_field_name("type_parameters")
    names = (p.child_by_field_name("name") for p in listed.named_children) if listed is not None else ()
    return [n for n in names if n is not None and n.type in ("type_identifier", "identifier")]


def _parameters(walk: Walk, node: Any) -> tuple[Parameter, ...]:
    found = []
    listed = node.child_by_field_name("parameters")
    for parameter in listed.named_children if listed is not None else ():
        pattern, type_ = parameter.child_by_field_name("pattern"), parameter.child_by_field_name("type")
        if pattern is not None and pattern.type == "identifier":
            written = walk.text(type_) if type_ is not None else None
            found.append(Parameter(walk.text(pattern), span(pattern), "positional", None, written, span(parameter)))
    return tuple(found)


def _fields(walk: Walk, body: Any, owner: str) -> None:
    for node in body.named_children if body is not None else ():
        name = node.child_by_field_name("name")
        if name is None:
            continue
        if node.type == "field_declaration":
            type_ = of_type(walk, node.child_by_field_name("type"))
            _define(walk, node, name, "attribute", owner, type=type_)
        elif node.type == "enum_variant":
            variant = _define(walk, node, name, "constant", owner, type=owner)
            inner = node.child_by_field_name("body")
            if inner is not None and inner.type == "field_declaration_list":
                _fields(walk, inner, variant)


def _module(walk: Walk, node: Any, name: Any, starts: list[Any], scope: Scope, more: dict[str, Any]) -> None:
    text, body = walk.text(name), node.child_by_field_name("body")
    if body is None:
        inline = f"{scope.module}.{text}" if scope.module else text
        given = next((g for a in starts if (g := _path_attribute(walk, a))), "")
        module = f"mod {inline} = {given}" if given else f"mod {inline}"
        scope.items[text] = ("import", str(len(walk.facts.imports)))
        line = node.start_point[0] + 1
        walk.facts.imports.append(
            ImportFact(module, None, text, "runtime", line, span(node), span(name), local_span=span(name),
                       scope=scope.module)
        )  # fmt: skip
        walk.scopes.append(scope)
        walk.add(name, "import", "import", text, import_index=len(walk.facts.imports) - 1)
        walk.scopes.pop()
        return
    walk.scopes.append(scope)
    qualified = _define(walk, node, name, "module", scope.path, **more)
    walk.scopes.pop()
    scope.items.setdefault(text, ("definition", qualified))
    if not scope.path:
        walk.facts.exports.append(Export(text, qualified, span=span(name), listed=True))
    inner = Scope(is_module=True, path=qualified, module=qualified)
    walk.inner[body.start_byte] = inner
    collect(walk, body.named_children, inner)


def _path_attribute(walk: Walk, node: Any) -> str:
    text = walk.text(node)
    bare = text.removeprefix("#[").strip()
    return text.split('"')[1] if bare.startswith("path") and text.count('"') == 2 else ""


def _impl(walk: Walk, node: Any, scope: Scope) -> None:
    type_, trait, body = (node.child_by_field_name(n) for n in ("type", "trait", "body"))
    owner = impl_type(walk, node)
    named = of_type(walk, trait) if trait is not None else ""
    if body is None or not owner:
        return
    if type_ is not None and named:
        for i, d in enumerate(walk.facts.definitions):
            own = d.qualified == owner and d.kind in ("class", "enum") and named not in d.bases
            if own and walk.type(named.split(".")[0]) is not None:
                walk.facts.definitions[i] = replace(d, bases=(*d.bases, named))
    collect(walk, body.named_children, scope, owner, named)


def impl_type(walk: Walk, node: Any) -> str:
    """The qualified name that members of an impl block stand below."""
    written = of_type(walk, node.child_by_field_name("type"))
    if written.endswith("[]") or not written:
        return ""
    if written in walk.defined:
        return written
    module = walk.scopes[-1].module if walk.scopes else ""
    last = written.rpartition(".")[2]
    return f"{module}.{last}" if module else last


def _use(walk: Walk, node: Any, scope: Scope) -> None:
    argument = node.child_by_field_name("argument")
    todo: list[tuple[Any, list[Any]]] = [(argument, [])]
    while todo:
        at, before = todo.pop()
        if at is None:
            continue
        if at.type == "scoped_use_list":
            path, listed = at.child_by_field_name("path"), at.child_by_field_name("list")
            inner = [*before, *walk.segments(path)] if path is not None else before
            todo += [(c, inner) for c in reversed(listed.named_children)] if listed is not None else []
        elif at.type == "use_list":
            todo += [(c, before) for c in reversed(at.named_children)]
        elif at.type == "use_wildcard":
            inner = [*before, *(walk.segments(at.named_children[0]) if at.named_child_count else [])]
            _taken(walk, scope, inner, None, node, "*")
        elif at.type == "use_as_clause":
            path = [*before, *walk.segments(at.child_by_field_name("path"))]
            _taken(walk, scope, path, at.child_by_field_name("alias"), node)
        elif at.type in ("identifier", "scoped_identifier", "self", "crate", "super"):
            _taken(walk, scope, [*before, *walk.segments(at)], None, node)


def _taken(walk: Walk, scope: Scope, path: list[Any], alias: Any, statement: Any, star: str = "") -> None:
    """One name of a `use`: its path gets occurrences when the walk comes by, when all items are known."""
    names = [walk.text(n) for n in path]
    if names and names[-1] == "self" and len(names) > 1:
        path, names = path[:-1], names[:-1]
    if not names:
        return
    local = alias if alias is not None else path[-1]
    parts = names if star else names[:-1]
    _import(walk, scope, parts or names, star or (names[-1] if parts else None), local, path[-1], statement)
    walk.uses.append((path, len(walk.facts.imports) - 1, alias, scope))


def _import(walk: Walk, scope: Scope, parts: list[str], name: str | None, local: Any, last: Any, whole: Any) -> None:
    module, used = scope.module, 0
    while used < len(parts) and parts[used] in ("self", "super") and module:  # relative to the file
        module = module.rpartition(".")[0] if parts[used] == "super" else module
        used += 1
    if used and parts[used : used + 1] == ["super"]:
        parts = parts[used:]
    elif used:
        parts = ["self", *(module.split(".") if module else []), *parts[used:]]
    text = "" if name == "*" else walk.text(local)
    star = name == "*"
    number = len(walk.facts.imports)
    line = last.start_point[0] + 1
    walk.facts.imports.append(
        ImportFact("::".join(parts), name, "" if text == "_" else text, "runtime", line, span(whole), span(last),
                   name_span=span(last) if name and not star else None,
                   local_span=span(local) if local is not last else None, scope="" if star else scope.module)
    )  # fmt: skip
    if text and text != "_":
        scope.items.setdefault(text, ("import", str(number)))
        if not scope.path:
            walk.facts.exports.append(Export(text, text, span=span(local)))
