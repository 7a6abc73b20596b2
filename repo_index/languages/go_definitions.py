"""Package-level definitions of a Go file, with the fields and methods of its types."""

from __future__ import annotations

from typing import Any

from ..facts import Definition, Export, Parameter, SymbolKind
from .go_types import first, of_type, of_values, results
from .go_walk import Walk, fields, span, written


def define(walk: Walk) -> None:
    """Fill in facts.definitions and exports, and the names that the walk looks up."""
    root = walk.tree.root_node
    later = []
    for node in root.named_children:
        if node.type == "package_clause" and node.named_child_count:
            walk.facts.namespace = walk.text(node.named_children[0])
        elif node.type == "function_declaration":
            name = node.child_by_field_name("name")
            walk.top.add(walk.text(name))
            later.append((_function, node, node))
        elif node.type == "method_declaration":
            later.append((_method, node, node))
        elif node.type in ("type_declaration", "const_declaration", "var_declaration"):
            specs = [c for c in node.named_children if c.type.endswith("_spec") or c.type == "type_alias"]
            specs += [g for c in node.named_children if c.type.endswith("_spec_list") for g in c.named_children]
            specs = [s for s in specs if s.type != "comment"]
            for spec in specs:
                walk.top.update(walk.text(n) for n in fields(spec, "name"))
                later.append((_KINDS[spec.type.removesuffix("_spec")], spec, node if len(specs) == 1 else spec))
    walk.top.discard("_")
    before: dict[str, Any] = {}
    for make, node, whole in later:
        if make is _constant and whole is node and node.child_by_field_name("value") is None:
            _variable(walk, node, whole, "constant", before.get("spec"))
            continue
        if make is _constant:
            before["spec"] = node
        make(walk, node, whole)
    walk.facts.exports = [
        Export(d.name, d.qualified, span=d.name_span, listed=d.exported)
        for d in walk.facts.definitions
        if not d.parent and d.name not in ("init", "main")
    ]


def _add(
    walk: Walk,
    name: Any,
    kind: SymbolKind,
    whole: Any,
    parent: str = "",
    body: Any = None,
    **more: Any,
) -> str:
    """A definition and its occurrence; returns its qualified name."""
    text = walk.text(name)
    qualified = f"{parent}.{text}" if parent else text
    exported = text[:1].isupper()
    end = whole.end_point[0] + 1
    more.setdefault("doc", doc_before(walk, whole))
    more["type"] = written(more.get("type", ""))
    walk.facts.definitions.append(
        Definition(qualified, text, kind, span(name), span(whole), whole.start_point[0] + 1, end, exported, parent,
                   span(body) if body is not None else None, **more)
    )  # fmt: skip
    walk.add(name, "definition", "definition", qualified)
    return qualified


def doc_before(walk: Walk, node: Any) -> str:
    """The comment right above a node, without its slashes."""
    lines: list[str] = []
    line, at = node.start_point[0], node.prev_named_sibling
    while at is not None and at.type == "comment" and at.end_point[0] == line - 1:
        text = walk.text(at)
        if text.startswith("/*"):
            lines[:0] = [part.strip(" \t*") for part in text[2:-2].splitlines()]
        elif not text.startswith("//go:"):
            lines[:0] = [text[2:].removeprefix(" ")]
        line, at = at.start_point[0], at.prev_named_sibling
    return "\n".join(lines).strip()


def _head(walk: Walk, node: Any, body: Any) -> str:
    end = body.start_byte if body is not None else node.end_byte
    return " ".join(walk.source[node.start_byte : end].decode("utf-8", "replace").split())


def parameters(walk: Walk, node: Any) -> tuple[Parameter, ...]:
    found = []
    listed = node.child_by_field_name("parameters")
    for parameter in listed.named_children if listed is not None else ():
        if parameter.type in ("parameter_declaration", "variadic_parameter_declaration"):
            kind = "var_positional" if parameter.type.startswith("variadic") else "positional"
            type_ = parameter.child_by_field_name("type")
            annotation = walk.text(type_) if type_ is not None else None
            named = [(walk.text(name), span(name)) for name in fields(parameter, "name")]
            for name, place in named or [("_", (parameter.start_byte, parameter.start_byte))]:
                found.append(Parameter(name, place, kind, None, annotation, span(parameter)))  # type: ignore[arg-type]
    return tuple(found)


def _hidden(walk: Walk, node: Any) -> dict[str, str]:
    """The type parameters of a declaration: nothing is known of what they stand for."""
    listed = node.child_by_field_name("type_parameters")
    names = (n for d in listed.named_children for n in fields(d, "name")) if listed is not None else ()
    return {walk.text(n): "" for n in names}


def _function(walk: Walk, node: Any, whole: Any) -> None:
    body = node.child_by_field_name("body")
    walk.scopes.append(_hidden(walk, node))
    type_ = results(walk, node)
    walk.scopes.pop()
    name = node.child_by_field_name("name")
    _add(walk, name, "function", whole, body=body, signature=_head(walk, node, body), type=type_,
         parameters=parameters(walk, node))  # fmt: skip


def receiver_type(walk: Walk, node: Any) -> tuple[str, list[Any]]:
    """The name of a method's type and the names of its type parameters."""
    listed = node.child_by_field_name("receiver")
    found = [c for c in listed.named_children if c.type == "parameter_declaration"] if listed is not None else []
    type_ = found[0].child_by_field_name("type") if found else None
    arguments: list[Any] = []
    while type_ is not None and type_.type in ("pointer_type", "parenthesized_type", "generic_type"):
        if type_.type == "generic_type":
            given = type_.child_by_field_name("type_arguments")
            arguments = [e.named_children[0] for e in given.named_children if e.named_child_count] if given else []
            type_ = type_.child_by_field_name("type")
        else:
            type_ = type_.named_children[0] if type_.named_child_count else None
    return (walk.text(type_) if type_ is not None and type_.type == "type_identifier" else ""), arguments


def _method(walk: Walk, node: Any, whole: Any) -> None:
    holder, arguments = receiver_type(walk, node)
    body = node.child_by_field_name("body")
    walk.scopes.append({walk.text(a): "" for a in arguments})
    type_ = results(walk, node)
    walk.scopes.pop()
    name = node.child_by_field_name("name")
    _add(walk, name, "method", whole, holder, body, signature=_head(walk, node, body), type=type_,
         parameters=parameters(walk, node))  # fmt: skip


def _type(walk: Walk, node: Any, whole: Any) -> None:
    name, type_ = node.child_by_field_name("name"), node.child_by_field_name("type")
    if name is None or type_ is None:
        return
    text = walk.text(name)
    walk.scopes.append(_hidden(walk, node))
    if type_.type == "struct_type":
        bases = tuple(b for b in (first(of_type(walk, f)) for f in embedded(type_)) if b)
        body = type_.named_children[0] if type_.named_child_count else type_
        _add(walk, name, "class", whole, body=body, signature=f"type {_head(walk, node, body)}", bases=bases)
        _fields(walk, type_, text)
    elif type_.type == "interface_type":
        elements = (e for e in type_.named_children if e.type == "type_elem" and e.named_child_count == 1)
        bases = tuple(b for b in (first(of_type(walk, e)) for e in elements) if b and b not in _UNIONS)
        head = walk.source[node.start_byte : type_.start_byte].decode("utf-8", "replace")
        signature = f"type {' '.join(head.split())} interface"
        _add(walk, name, "interface", whole, body=type_, signature=signature, bases=bases)
        for method in type_.named_children:
            if method.type == "method_elem":
                named = method.child_by_field_name("name")
                _add(walk, named, "method", method, text, signature=_head(walk, method, None),
                     type=results(walk, method), parameters=parameters(walk, method))  # fmt: skip
    else:
        of = of_type(walk, type_)
        plain = type_.type in ("type_identifier", "qualified_type", "generic_type", "pointer_type")
        bases = (of,) if plain and of and not of.startswith(("struct@", "interface")) else ()
        _add(walk, name, "type", whole, signature=f"type {_head(walk, node, None)}", bases=bases,
             type="" if plain else of)  # fmt: skip
    walk.scopes.pop()


_UNIONS = ("comparable", "any")


def embedded(struct: Any) -> list[Any]:
    """Types of the fields of a struct that have no name."""
    listed = (c for c in struct.named_children if c.type == "field_declaration_list")
    return [
        f.child_by_field_name("type")
        for c in listed
        for f in c.named_children
        if f.type == "field_declaration" and not fields(f, "name") and f.child_by_field_name("type") is not None
    ]


def _fields(walk: Walk, struct: Any, parent: str) -> None:
    todo = [(struct, parent)]
    while todo:
        at, owner = todo.pop()
        for field in (f for c in at.named_children if c.type == "field_declaration_list" for f in c.named_children):
            type_ = field.child_by_field_name("type") if field.type == "field_declaration" else None
            if type_ is None:
                continue
            for name in fields(field, "name"):
                if walk.text(name) == "_":
                    continue
                anonymous = _anonymous(type_)
                qualified = f"{owner}.{walk.text(name)}"
                if anonymous is not None:
                    walk.owners.setdefault(anonymous.start_byte, qualified)
                    todo.append((anonymous, qualified))
                of = of_type(walk, type_)
                _add(walk, name, "attribute", field, owner, signature=_head(walk, field, None),
                     type="" if of == qualified else of)  # fmt: skip


def _anonymous(type_: Any) -> Any:
    """The struct type without a name in `[]struct{...}` and the like."""
    inner = {"slice_type": "element", "array_type": "element", "implicit_length_array_type": "element",
             "map_type": "value", "channel_type": "value"}  # fmt: skip
    while type_ is not None and type_.type != "struct_type":
        if type_.type == "pointer_type":
            type_ = type_.named_children[0] if type_.named_child_count else None
        elif type_.type in inner:
            type_ = type_.child_by_field_name(inner[type_.type])
        else:
            return None
    return type_


def _variable(walk: Walk, node: Any, whole: Any, kind: SymbolKind = "variable", like: Any = None) -> None:
    names = fields(node, "name")
    type_ = node.child_by_field_name("type")
    listed = node.child_by_field_name("value")
    values = [v for v in listed.named_children if v.type != "comment"] if listed is not None else []
    if like is not None:  # `const ( A Kind = iota; B )`: B is written as A
        type_ = like.child_by_field_name("type")
    if type_ is None and len(values) == len(names) == 1 and values[0].type == "composite_literal":
        type_ = values[0].child_by_field_name("type")
    anonymous = _anonymous(type_)
    if anonymous is not None and names:
        walk.owners.setdefault(anonymous.start_byte, walk.text(names[0]))
    types = [of_type(walk, type_)] * len(names) if type_ is not None else of_values(walk, values, len(names))
    for name, of in zip(names, types, strict=True):
        if walk.text(name) != "_":
            same = of == walk.text(name)
            _add(walk, name, kind, whole, signature=_head(walk, node, None)[:200], type="" if same else of)
    if anonymous is not None and names:
        _fields(walk, anonymous, walk.text(names[0]))


def _constant(walk: Walk, node: Any, whole: Any) -> None:
    _variable(walk, node, whole, "constant")


_KINDS = {"type": _type, "type_alias": _type, "var": _variable, "const": _constant}
