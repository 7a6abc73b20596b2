"""Classes, functions, lambdas and their parameters."""

from __future__ import annotations

import re
from typing import Any

from ..facts import Definition, Parameter
from . import python_pytest
from .python_bindings import bind_target
from .python_scopes import Scope
from .python_texts import annotated_class
from .python_walk import ANNOTATION, DOCSTRING, TYPE_ONLY, Walk, content_span, plain_chain

_SPACE = re.compile(r"\s+")
_PARAMETER_KINDS = {"list_splat_pattern": "var_positional", "dictionary_splat_pattern": "var_keyword"}


def decorated(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    decorators = [c for c in node.named_children if c.type == "decorator"]
    walk.push(decorators, scope, flags & ~ANNOTATION)
    inner = node.child_by_field_name("definition")
    if inner is None:
        return
    texts = tuple(_SPACE.sub(" ", walk.text(d).removeprefix("@").strip())[:200] for d in decorators)
    if inner.type == "class_definition":
        class_(walk, inner, scope, flags, node, texts)
    else:
        function(walk, inner, scope, flags, node, texts)


def qualified_name(walk: Walk, name: str, scope: Scope) -> tuple[str, str]:
    """(qualified name, parent) of a name bound in `scope`."""
    where = scope.binder(name)
    return (f"{where.qualified}.{name}" if where.qualified else name, where.qualified)


def type_parameters(walk: Walk, node: Any, scope: Scope) -> Scope:
    parameters = node.child_by_field_name("type_parameters")
    if parameters is None:
        return scope
    inner = Scope("function", scope, scope.qualified)
    for parameter in parameters.named_children:
        found = parameter
        while found.type != "identifier" and found.named_children:
            rest = found.named_children[1:]
            walk.push(rest, inner, ANNOTATION)
            found = found.named_children[0]
        if found.type == "identifier":
            walk.bind(walk.name(found), inner)
    return inner


def documentation(walk: Walk, body: Any) -> str:
    for child in body.named_children:
        if child.type == "comment":
            continue
        if child.type == "expression_statement" and child.named_child_count == 1:
            content = content_span(walk, child.named_children[0])
            if content is not None:
                raw = walk.source[content[0] : content[1]].decode("utf-8", "replace").strip()
                return _SPACE.sub(" ", raw.split("\n\n", 1)[0])[:300]
        break
    return ""


def function(
    walk: Walk, node: Any, scope: Scope, flags: int, outer: Any = None, decorators: tuple[str, ...] = ()
) -> None:
    name_node, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name_node is None or body is None:
        walk.push(node.named_children, scope, flags)
        return
    name = walk.name(name_node)
    binding = walk.bind(name, scope)
    binding.block = True
    qualified, parent = qualified_name(walk, name.text, scope)
    around = type_parameters(walk, node, scope)
    inner = Scope("function", around, qualified)
    is_method = scope.kind == "class"
    parameters_node = node.child_by_field_name("parameters")
    parameters = bind_parameters(walk, parameters_node, inner, around) if parameters_node is not None else ()
    if is_method and parameters and "staticmethod" not in decorators:
        first = inner.bindings.get(parameters[0].name)
        if first is not None and parameters[0].kind in ("positional", "positional_only"):
            first.receiver_class = scope.qualified
    receiver = is_method and "staticmethod" not in decorators
    python_pytest.parameters(walk, name.text, parameters, decorators, receiver, inner)
    returns = node.child_by_field_name("return_type")
    type_text = ""
    if returns is not None:
        walk.push([returns], around, 0)
        type_text = annotated_class(walk, returns, decorators)
        if is_method and parameters and _same_type(parameters[0].annotation, walk.text(returns)):
            type_text = "Self"
    walk.push([body], inner, DOCSTRING)
    whole = outer or node
    head = walk.source[node.start_byte : body.start_byte].decode("utf-8", "replace")
    walk.bodies[len(walk.definitions)] = inner
    walk.definitions.append(
        Definition(
            qualified,
            name.text,
            "method" if is_method else "function",
            name.span,
            (whole.start_byte, whole.end_byte),
            name.line,
            whole.end_point[0] + 1,
            not name.text.startswith("_"),
            parent,
            (body.start_byte, body.end_byte),
            _SPACE.sub(" ", head.split("\n#", 1)[0]).strip().removesuffix(":")[:400],
            (),
            parameters,
            decorators,
            documentation(walk, body),
            type_text,
        )
    )


def _same_type(receiver: str | None, returned: str) -> bool:
    """Whether a method's receiver and result have one type: `def f(self: T) -> T`, `(cls: type[T]) -> T`."""
    if not receiver:
        return False
    return re.sub(r"^(?:typing\.)?[Tt]ype\[(.*)\]$", r"\1", receiver).strip("\"'") == returned.strip("\"'")


def bind_parameters(walk: Walk, node: Any, inner: Scope, around: Scope) -> tuple[Parameter, ...]:
    """Binds parameters in `inner`; defaults and annotations belong to `around`."""
    found: list[Parameter] = []
    keyword_only = False
    for child in node.named_children:
        kind = child.type
        if kind == "positional_separator":
            found = [Parameter(p.name, p.name_span, "positional_only", p.default, p.annotation, p.span) for p in found]
            continue
        if kind == "keyword_separator":
            keyword_only = True
            continue
        annotation = child.child_by_field_name("type")
        default = child.child_by_field_name("value")
        named = child.child_by_field_name("name") or child
        if kind == "typed_parameter" and child.named_children:
            named = child.named_children[0]
        walk.push([c for c in (annotation, default) if c is not None], around, 0)
        sort: Any = _PARAMETER_KINDS.get(named.type) or ("keyword_only" if keyword_only else "positional")
        if named.type in _PARAMETER_KINDS:
            keyword_only = True
            named = named.named_children[0] if named.named_children else named
        if named.type != "identifier":
            if kind in ("tuple_pattern", "ERROR"):
                bind_target(walk, child, inner, 0)
            continue
        name = walk.name(named)
        binding = walk.bind(name, inner)
        if annotation is not None and sort not in ("var_positional", "var_keyword"):
            binding.annotation = annotated_class(walk, annotation)
        binding.values.append(None)
        found.append(
            Parameter(
                name.text,
                name.span,
                sort,
                None if default is None else walk.text(default),
                None if annotation is None else walk.text(annotation),
                (child.start_byte, child.end_byte),
            )
        )
    return tuple(found)


def class_(
    walk: Walk, node: Any, scope: Scope, flags: int, outer: Any = None, decorators: tuple[str, ...] = ()
) -> None:
    name_node, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name_node is None or body is None:
        walk.push(node.named_children, scope, flags)
        return
    name = walk.name(name_node)
    binding = walk.bind(name, scope)
    binding.block = True
    qualified, parent = qualified_name(walk, name.text, scope)
    around = type_parameters(walk, node, scope)
    bases: list[str] = []
    superclasses = node.child_by_field_name("superclasses")
    if superclasses is not None:
        walk.push(superclasses.named_children, around, 0)
        for base in superclasses.named_children:
            if base.type == "subscript":
                base = base.child_by_field_name("value")
            if base.type not in ("keyword_argument", "comment", "list_splat", "dictionary_splat"):
                if base.type in ("identifier", "attribute"):
                    walk.bases[(len(walk.definitions), len(bases))] = plain_chain(walk, base, around)
                bases.append(_SPACE.sub("", walk.text(base))[:200])
    walk.push([body], Scope("class", around, qualified), DOCSTRING | flags & TYPE_ONLY)
    whole = outer or node
    walk.definitions.append(
        Definition(
            qualified,
            name.text,
            "class",
            name.span,
            (whole.start_byte, whole.end_byte),
            name.line,
            whole.end_point[0] + 1,
            not name.text.startswith("_"),
            parent,
            (body.start_byte, body.end_byte),
            _SPACE.sub(" ", walk.source[node.start_byte : body.start_byte].decode("utf-8", "replace"))
            .strip()
            .removesuffix(":")[:400],
            tuple(bases),
            (),
            decorators,
            documentation(walk, body),
        )
    )


def lambda_(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    inner = Scope("function", scope, scope.qualified)
    parameters = node.child_by_field_name("parameters")
    if parameters is not None:
        bind_parameters(walk, parameters, inner, scope)
    body = node.child_by_field_name("body")
    if body is not None:
        walk.push([body], inner, 0)


HANDLERS = {
    "function_definition": function,
    "class_definition": class_,
    "decorated_definition": decorated,
    "lambda": lambda_,
}
