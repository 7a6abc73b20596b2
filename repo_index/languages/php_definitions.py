"""Namespaces, imports, classes and their members, functions and constants of PHP."""

from __future__ import annotations

import re
from typing import Any

from ..facts import Occurrence, Parameter, Receiver
from .php_types import declared, documented, named, type_of
from .php_walk import Scope, Walk, dotted_name, full_name, last_part

_KINDS: dict[str, Any] = {
    "class_declaration": "class", "trait_declaration": "class",
    "interface_declaration": "interface", "enum_declaration": "enum",
}  # fmt: skip


def program(walk: Walk, node: Any, scope: Scope) -> None:
    """Statements of the file; a namespace without braces holds what follows."""
    at = scope
    found = []
    for child in node.children if node.has_error else node.named_children:
        if child.type == "namespace_definition":
            name = child.child_by_field_name("name")
            dotted = dotted_name(walk.text(name)) if name is not None else ""
            space = dotted if walk.several else ""
            if space:
                walk.facts.namespaces.append(space)
            at = Scope(space, "", space)
            if child.child_by_field_name("body") is None:
                continue
        found.append((child, at))
    walk.todo.extend(reversed(found))


def namespace(walk: Walk, node: Any, scope: Scope) -> None:
    walk.push([node.child_by_field_name("body")], scope)


def use(walk: Walk, node: Any, scope: Scope) -> None:
    """`use A\\B as C, D;`, `use function A\\{b, c};`"""
    text = walk.text(node)
    prefix = ""
    sort = _sort(text[3:])
    clauses = list(node.named_children)
    for child in node.named_children:
        if child.type == "namespace_name":
            prefix = walk.text(child).strip("\\")
        elif child.type == "namespace_use_group":
            clauses = list(child.named_children)
    for clause in clauses:
        if clause.type != "namespace_use_clause":
            continue
        alias = clause.child_by_field_name("alias")
        names = [c for c in clause.named_children if c.type in ("name", "qualified_name") and c != alias]
        if not names:
            continue
        target, its_sort = names[0], _sort(walk.text(clause)) if sort == "class" else sort
        written = walk.text(target).strip("\\")
        full = f"{prefix}\\{written}" if prefix else written
        last = full.rpartition("\\")[2]
        local_node = alias if alias is not None else None
        local = walk.text(local_node) if local_node is not None else last
        span = (target.start_byte, target.end_byte)
        its_span = (local_node.start_byte, local_node.end_byte) if local_node is not None else None
        number = walk.add_import(full, last, local, node, span, its_span)
        walk.uses[(local, its_sort)] = number
        line = target.start_point[0] + 1
        at = last_part(walk.source, span)
        walk.facts.occurrences.append(Occurrence(last, at, line, "import", "import", local, import_index=number))
        if local_node is not None:
            at = (local_node.start_byte, local_node.end_byte)
            walk.facts.occurrences.append(Occurrence(local, at, line, "import", "import", local, import_index=number))


def _sort(text: str) -> str:
    match = re.match(r"\s*(function|const)\s", text)
    return match[1] if match else "class"


def class_(walk: Walk, node: Any, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    doc = walk.doc(node)
    bases = _bases(walk, node, body)
    if name is None:
        walk.push(node.named_children, scope)
        return
    text, span = walk.text(name), (name.start_byte, name.end_byte)
    head = walk.source[node.start_byte : body.start_byte if body is not None else node.end_byte]
    signature = " ".join(head.decode("utf-8", "replace").split())[-240:]
    qualified = walk.define(
        text, span, _KINDS[node.type], node, scope.space, bases=bases, doc=doc, signature=signature,
        body_span=(body.start_byte, body.end_byte) if body is not None else None,
    )  # fmt: skip
    walk.export(text, qualified, span)
    inner = Scope(scope.space, qualified, qualified)
    walk.push([body], inner)
    walk.push([c for c in node.named_children if c not in (name, body)], Scope(scope.space, "", scope.qualified))


def _bases(walk: Walk, node: Any, body: Any) -> tuple[str, ...]:
    """What a class extends, implements and uses, in the order of lookup: traits come before the parent."""
    found: list[str] = []
    for child in body.named_children if body is not None else ():
        if child.type == "use_declaration":
            found += [walk.text(c) for c in child.named_children if c.type in ("name", "qualified_name")]
    for child in node.named_children:
        if child.type in ("base_clause", "class_interface_clause"):
            found += [walk.text(c) for c in child.named_children if c.type in ("name", "qualified_name")]
    return tuple(dict.fromkeys(full_name(t) for t in found))


def clause(walk: Walk, node: Any, scope: Scope) -> None:
    """`extends A`, `implements B`."""
    for child in node.named_children:
        if child.type in ("name", "qualified_name"):
            walk.name(child, scope, "class")


def use_traits(walk: Walk, node: Any, scope: Scope) -> None:
    """`use T { a as b; T::c insteadof U; }` in a class."""
    clause(walk, node, scope)
    for part in (c for child in node.named_children if child.type == "use_list" for c in child.named_children):
        for child in part.named_children:
            if child.type == "class_constant_access_expression" and len(child.named_children) == 2:
                first, second = child.named_children
                walk.name(first, scope, "class")
                _member_use(walk, second, Receiver("instance", full_name(walk.text(first))), scope)
            elif child.type == "qualified_name" or (part.type == "use_instead_of_clause" and child.type == "name"):
                walk.name(child, scope, "class")
        plain = [c for c in part.named_children if c.type == "name"]
        if part.type == "use_as_clause" and plain:
            last = part.named_children[-1]
            if len(plain) == 2 or part.named_children[0].type != "name":
                new = plain[-1]
                span = (new.start_byte, new.end_byte)
                walk.define(walk.text(new), span, "method", part, scope.holder)
            if part.named_children[0].type == "name" and (last != plain[0] or len(part.named_children) == 1):
                _member_use(walk, plain[0], Receiver("self", scope.holder), scope)


def _member_use(walk: Walk, node: Any, receiver: Receiver, scope: Scope) -> None:
    walk.occur(walk.text(node), (node.start_byte, node.end_byte), node.start_point[0] + 1, "use", receiver, scope)


def _public(node: Any, walk: Walk) -> bool:
    found = [walk.text(c).lower() for c in node.named_children if c.type == "visibility_modifier"]
    return all(not f.startswith(("private", "protected")) for f in found)


def constants(walk: Walk, node: Any, scope: Scope) -> None:
    doc = walk.doc(node)
    for element in node.named_children:
        if element.type != "const_element" or not element.named_children:
            walk.push([element], scope)
            continue
        name, *value = element.named_children
        span = (name.start_byte, name.end_byte)
        kind = type_of(walk, value[0], scope) if value and value[0].type == "object_creation_expression" else ""
        holder = scope.holder or scope.space
        qualified = walk.define(
            walk.text(name), span, "attribute" if scope.holder else "constant", node, holder, doc=doc, type=kind,
            exported=_public(node, walk),
        )  # fmt: skip
        if not scope.holder:
            walk.export(walk.text(name), qualified, span)
        walk.push(value, scope)


def enum_case(walk: Walk, node: Any, scope: Scope) -> None:
    name = node.child_by_field_name("name")
    if name is not None and scope.holder:
        span = (name.start_byte, name.end_byte)
        walk.define(walk.text(name), span, "attribute", node, scope.holder, doc=walk.doc(node), type=scope.holder)
    walk.push([c for c in node.named_children if c != name], scope)


def properties(walk: Walk, node: Any, scope: Scope) -> None:
    doc = walk.doc(node)
    kind_node = node.child_by_field_name("type")
    kind = declared(walk, kind_node, scope)
    kind = kind or documented(doc, scope)[2]
    for element in node.named_children:
        name = element.child_by_field_name("name") if element.type == "property_element" else None
        if name is not None and scope.holder:
            _property(walk, name, node, scope, kind, doc, _public(node, walk))
            walk.push([element.child_by_field_name("default_value")], scope)
        elif name is None:
            walk.push([element], scope)


def _property(walk: Walk, name: Any, statement: Any, scope: Scope, kind: str, doc: str, public: bool) -> None:
    """Properties are called `$name` below their class, as a method `name` may stand beside them."""
    text, span = walk.text(name)[1:], (name.start_byte + 1, name.end_byte)
    walk.define(
        text, span, "attribute", statement, scope.holder, key=f"${text}", doc=doc, type=kind, exported=public
    )  # fmt: skip


def function(walk: Walk, node: Any, scope: Scope) -> None:
    """A function or method."""
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    parameters = node.child_by_field_name("parameters")
    doc = walk.doc(node)
    returned, documented_types, _ = documented(doc, scope)
    returned = declared(walk, node.child_by_field_name("return_type"), scope) or returned
    is_method = node.type == "method_declaration" and bool(scope.holder)
    qualified = scope.qualified
    if name is not None and (is_method or node.type == "function_definition"):
        text, span = walk.text(name), (name.start_byte, name.end_byte)
        end = body.start_byte if body is not None else node.end_byte
        head = " ".join(walk.source[name.start_byte : end].decode("utf-8", "replace").split()).rstrip("; {")
        qualified = walk.define(
            text, span, "method" if is_method else "function", node, scope.holder if is_method else scope.space,
            doc=doc, type=returned, parameters=_parameters(walk, parameters), signature=f"function {head}"[:240],
            body_span=(body.start_byte, body.end_byte) if body is not None else None, exported=_public(node, walk),
        )  # fmt: skip
        if not is_method:
            walk.export(text, qualified, span)
    inner = Scope(scope.space, scope.holder if node.type == "method_declaration" else "", qualified, lazy=True)
    inner.types.update(documented_types)
    walk.push([parameters, node.child_by_field_name("return_type"), body], inner)
    walk.push([c for c in node.named_children if c.type == "attribute_list"], scope)


def _parameters(walk: Walk, node: Any) -> tuple[Parameter, ...]:
    found = []
    for child in node.named_children if node is not None else ():
        name = child.child_by_field_name("name")
        if name is None:
            continue
        kind, value = child.child_by_field_name("type"), child.child_by_field_name("default_value")
        found.append(
            Parameter(
                walk.text(name), (name.start_byte, name.end_byte),
                "var_positional" if child.type == "variadic_parameter" else "positional",
                walk.text(value) if value is not None else None, walk.text(kind) if kind is not None else None,
                (child.start_byte, child.end_byte),
            )
        )  # fmt: skip
    return tuple(found)


def parameter(walk: Walk, node: Any, scope: Scope) -> None:
    name, kind_node = node.child_by_field_name("name"), node.child_by_field_name("type")
    if name is not None:
        text = walk.text(name).lstrip("&.")[1:]
        own = Scope(scope.space, scope.holder, scope.qualified)
        kind = declared(walk, kind_node, own) or scope.types.get(text, "")
        if node.type == "variadic_parameter" and kind and not kind.endswith("[]"):
            kind += "[]"
        scope.types[text] = kind
        if node.type == "property_promotion_parameter" and scope.holder and name.type == "variable_name":
            _property(walk, name, node, scope, kind, walk.doc(node), _public(node, walk))
    walk.push([c for c in node.named_children if c != name], scope)


def closure(walk: Walk, node: Any, scope: Scope) -> None:
    """Functions without a name see a copy of the variables around (an arrow function of all, others of those used)."""
    inner = Scope(scope.space, scope.holder, scope.qualified, lazy=True)
    if node.type == "arrow_function":
        inner.types.update(scope.types)
    for child in node.named_children:
        if child.type == "anonymous_function_use_clause":
            for name in re.findall(r"\$(\w+)", walk.text(child)):
                inner.types[name] = scope.types.get(name, "")
    walk.push(node.named_children, inner)


def anonymous_class(walk: Walk, node: Any, scope: Scope) -> None:
    arguments = [c for c in node.named_children if c.type == "arguments"]
    walk.push([c for c in node.named_children if c not in arguments], Scope(scope.space, "", scope.qualified))
    walk.push(arguments, scope)


def catch(walk: Walk, node: Any, scope: Scope) -> None:
    name, kinds = node.child_by_field_name("name"), node.child_by_field_name("type")
    if name is not None and kinds is not None:
        scope.assign(walk.text(name)[1:], named(walk.text(kinds), scope))
    walk.push([c for c in node.named_children if c != name], scope)


def comment(walk: Walk, node: Any, scope: Scope) -> None:
    text, span = walk.text(node), (node.start_byte, node.end_byte)
    walk.facts.texts.append((*span, "comment"))
    if text.startswith("/**"):
        lines = [re.sub(r"^\s*\*? ?", "", line) for line in text[3:].removesuffix("*/").splitlines()]
        walk.last_doc = (node.end_byte, "\n".join(line.rstrip() for line in lines).strip(), span)
        for tag_name, kind in documented(walk.last_doc[1], scope)[1].items():
            if scope.lazy and "@var" in text:
                scope.types[tag_name] = kind


HANDLERS = {
    "program": program,
    "namespace_definition": namespace,
    "namespace_use_declaration": use,
    **dict.fromkeys(_KINDS, class_),
    "base_clause": clause,
    "class_interface_clause": clause,
    "use_declaration": use_traits,
    "const_declaration": constants,
    "enum_case": enum_case,
    "property_declaration": properties,
    "method_declaration": function,
    "function_definition": function,
    "simple_parameter": parameter,
    "variadic_parameter": parameter,
    "property_promotion_parameter": parameter,
    "anonymous_function": closure,
    "arrow_function": closure,
    "anonymous_class": anonymous_class,
    "catch_clause": catch,
    "comment": comment,
}
