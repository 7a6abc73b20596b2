"""Facts of a Swift file."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

from ..encoding import parseable
from ..facts import Call, FileFacts, ImportFact, Parameter, Receiver, Span
from .c_prepare import Prepared
from .c_scopes import Scope
from .c_walk import Handler, Walk, children, nothing

_DEPTH = 60
_TRANSPARENT = frozenset(
    "postfix_expression try_expression await_expression optional_chaining_expression tuple_expression "
    "directly_assignable_expression prefix_expression".split()
)


@cache
def _parser() -> Any:
    import tree_sitter
    import tree_sitter_swift

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return tree_sitter.Parser(tree_sitter.Language(tree_sitter_swift.language()))


def extract(source: bytes, language: str, builtins: frozenset[str]) -> FileFacts:
    text = parseable(source)
    root = _parser().parse(text).root_node
    prepared = Prepared(bytearray(text), clean=text)
    strings = _texts(root, prepared)
    walk = Walk(source, prepared, language, True)
    walk.run(root, HANDLERS)
    facts = walk.finish()
    facts.texts = sorted([(a, b, "comment") for a, b in prepared.comments] + [(a, b, "string") for a, b in strings])
    if root.has_error:
        _errors(root, walk)
    unbound: dict[str, int] = {}
    for occurrence in facts.occurrences:
        if occurrence.binding == "global" and occurrence.name not in builtins:
            unbound.setdefault(occurrence.name, occurrence.line)
    facts.ambient = sorted(unbound.items(), key=lambda item: (item[1], item[0]))
    return facts


def _texts(root: Any, prepared: Prepared) -> list[Span]:
    """Fill in the comments; returns the spans of literal text."""
    strings: list[Span] = []
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in ("comment", "multiline_comment"):
            prepared.comments.append((node.start_byte, node.end_byte))
        elif node.type in ("line_str_text", "multi_line_str_text", "raw_str_part"):
            strings.append((node.start_byte, node.end_byte))
        else:
            stack.extend(node.named_children)
    prepared.comments.sort()
    return strings


def _errors(root: Any, walk: Walk) -> None:
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            walk.facts.errors.append(((node.start_byte, node.end_byte), walk.lines.at(node.start_byte)))
        else:
            stack.extend(child for child in node.children if child.has_error or child.is_missing)
    walk.facts.errors.sort()


def _text(node: Any) -> str:
    return (node.text or b"").decode("utf-8", "replace").strip("`")


def type_text(node: Any | None, depth: int = 0) -> str:
    """The dotted expression of a type; `[]` at its end for an array."""
    if node is None or depth > _DEPTH:
        return ""
    if node.type == "user_type":
        names = [_text(c) for c in node.named_children if c.type == "type_identifier"]
        if names in (["Array"], ["Set"]):
            arguments = next((c for c in node.named_children if c.type == "type_arguments"), None)
            item = type_text(arguments.named_children[0], depth + 1) if arguments is not None else ""
            return item + "[]" if item else ""
        return ".".join(names)
    if node.type == "type_identifier":
        return _text(node)
    if node.type == "array_type":
        item = type_text(node.named_children[0], depth + 1) if node.named_child_count else ""
        return item + "[]" if item else ""
    if node.type in (
        "optional_type",
        "type_annotation",
        "opaque_type",
        "existential_type",
        "implicitly_unwrapped_type",
    ):
        inner = [c for c in node.named_children if c.type not in ("attribute", "type_modifiers")]
        return type_text(inner[0], depth + 1) if inner else ""
    return ""


def value_type(node: Any | None, scope: Scope, depth: int = 0) -> str:
    """The dotted expression of an expression's type, "" where nothing is known."""
    if node is None or depth > _DEPTH:
        return ""
    if node.type == "simple_identifier":
        known = scope.local(_text(node))
        return _text(node) if known is None else known
    if node.type == "self_expression":
        return scope.class_name()
    if node.type == "navigation_expression":
        base = value_type(node.child_by_field_name("target"), scope, depth + 1)
        name = _suffix(node)
        if not base or name is None:
            return ""
        if base.endswith("[]"):
            return base[:-2] if _text(name) in ("first", "last") else ""
        return base if _text(name) == "init" else f"{base}.{_text(name)}"
    if node.type == "call_expression" and node.named_child_count:
        base = value_type(node.named_children[0], scope, depth + 1)
        suffix = node.named_children[-1]
        if base and suffix.type == "call_suffix" and (suffix.text or b"").startswith(b"["):
            return base[:-2] if base.endswith("[]") else f"{base}.*"
        return base
    if node.type == "as_expression":
        return type_text(node.named_children[-1])
    if node.type == "array_literal" and node.named_child_count:
        item = value_type(node.named_children[0], scope, depth + 1)
        return item + "[]" if item else ""
    if node.type == "nil_coalescing_expression":
        return value_type(node.child_by_field_name("value"), scope, depth + 1)
    if node.type in _TRANSPARENT:
        inner = node.child_by_field_name("target") or node.child_by_field_name("expr")
        if inner is None and node.named_child_count:
            inner = node.named_children[-1]
        return value_type(inner, scope, depth + 1)
    return ""


def _suffix(node: Any) -> Any | None:
    suffix = node.child_by_field_name("suffix")
    name = suffix.child_by_field_name("suffix") if suffix is not None else None
    return name if name is not None and name.type == "simple_identifier" else None


# -- declarations


def _modifiers(node: Any) -> str:
    found = next((c for c in node.named_children if c.type == "modifiers"), None)
    return " ".join((found.text or b"").decode("utf-8", "replace").split()) if found is not None else ""


def _exported(node: Any) -> bool:
    return not {"private", "fileprivate"} & set(_modifiers(node).split())


def _span(node: Any) -> Span:
    return (node.start_byte, node.end_byte)


def class_(walk: Walk, node: Any, scope: Scope) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None:
        children(walk, node, scope)
        return
    bases = []
    for clause in node.named_children:
        if clause.type == "inheritance_specifier":
            base = clause.child_by_field_name("inherits_from")
            bases.append(type_text(base))
    kind = node.child_by_field_name("declaration_kind")
    word = _text(kind) if kind is not None else "protocol"
    inner = (body.start_byte + 1, body.end_byte - 1) if body is not None else None
    parent = scope.where
    pieces = [c for c in name.named_children if c.type == "type_identifier"] if name.type == "user_type" else [name]
    for piece in pieces[:-1]:
        walk.use(piece, scope, is_type=True)
        parent = f"{parent}.{_text(piece)}" if parent else _text(piece)
    if not pieces:
        return
    last = pieces[-1]
    qualified = f"{parent}.{_text(last)}" if parent else _text(last)
    written = tuple(b for b in bases if b and not b.endswith("[]"))
    extends = word == "extension"
    if not scope.is_local and not extends:
        symbol_kind = {"enum": "enum", "protocol": "interface"}.get(word, "class")
        walk.define(
            _text(last), _name_span(last), symbol_kind, _span(node), parent,  # type: ignore[arg-type]
            body=inner, exported=_exported(node), bases=written,
        )  # fmt: skip
    elif extends:
        if written:
            walk.define(
                _text(last), _name_span(last), "class", _span(node), parent,
                body=inner, exported=_exported(node), bases=written, declares=True, occurrence=False,
            )  # fmt: skip
        if len(pieces) > 1:
            walk.member(last, parent, scope)
        else:
            walk.use(last, scope, is_type=True)
    else:
        scope.names[_text(last)] = ""
        return
    inside = Scope("class", qualified, scope)
    known = {name.id}
    for child in reversed(node.named_children):
        if child.id not in known:
            walk.push(child, inside)


def _name_span(node: Any) -> Span:
    """Without the backquotes of `default`."""
    ticks = (node.text or b"").startswith(b"`")
    return (node.start_byte + ticks, node.end_byte - ticks)


def function(walk: Walk, node: Any, scope: Scope) -> None:
    names = node.children_by_field_name("name")
    name = names[0] if names and names[0].type == "simple_identifier" else None
    body = node.child_by_field_name("body")
    inner = (body.start_byte + 1, body.end_byte - 1) if body is not None else None
    where = scope.where
    in_class = scope.kind == "class"
    if name is not None and scope.is_local:
        scope.names[_text(name)] = type_text(names[1]) if len(names) > 1 else ""
    elif name is not None:
        where = walk.define(
            _text(name), _name_span(name), "method" if in_class else "function", _span(node), scope.where,
            body=inner, exported=_exported(node), type_=type_text(names[1]) if len(names) > 1 else "",
            parameters=_parameters(node),
        )  # fmt: skip
    elif node.type == "init_declaration":
        word = next((c for c in node.children if c.type == "init"), node)
        span = (word.start_byte, word.start_byte + 4)
        where = walk.define(
            "init", span, "method", _span(node), scope.where,
            body=inner, exported=_exported(node), parameters=_parameters(node),
        )  # fmt: skip
    inside = Scope("function", where, scope)
    for child in reversed(node.named_children):
        if name is None or child.id != name.id:
            walk.push(child, inside)


def _parameters(node: Any) -> tuple[Parameter, ...]:
    found = []
    for child in node.named_children:
        if child.type == "parameter":
            names = child.children_by_field_name("name")
            type_ = _text(names[1]) if len(names) > 1 else None
            span = _name_span(names[0]) if names else _span(child)
            found.append(Parameter(_text(names[0]) if names else "", span, "positional", None, type_, _span(child)))
    return tuple(found)


def parameter(walk: Walk, node: Any, scope: Scope) -> None:
    names = node.children_by_field_name("name")
    if names:
        type_ = type_text(names[1]) if len(names) > 1 else ""
        variadic = any(c.type == "..." for c in node.children)
        scope.names[_text(names[0])] = type_ + "[]" if type_ and variadic else type_
        for child in reversed(names[1:]):
            walk.push(child, scope)


def property_(walk: Walk, node: Any, scope: Scope) -> None:
    """`let a = 1, b: T`; a property of a class or file is a definition, another is local."""
    exported = _exported(node)
    named = list(node.named_children)
    local = scope.is_local
    for number, child in enumerate(named):
        if child.type != "pattern":
            continue
        following = named[number + 1 :]
        end = next((i for i, c in enumerate(following) if c.type == "pattern"), len(following))
        own = following[:end]
        annotation = next((c for c in own if c.type == "type_annotation"), None)
        values = [c for c in own if c.type not in ("type_annotation", "type_constraints")]
        type_ = type_text(annotation)
        if not type_ and values and values[0].type != "computed_property":
            type_ = value_type(values[0], scope)
        identifiers = _bound(child)
        if not local:
            for identifier in identifiers:
                walk.define(
                    _text(identifier), _name_span(identifier), "attribute" if scope.kind == "class" else "variable",
                    _span(node), scope.where, exported=exported, type_=type_ if len(identifiers) == 1 else "",
                )  # fmt: skip
        for value in reversed(own):
            inside = Scope("function", scope.where, scope) if value.type in _ACCESSORS else scope
            if value.type in _ACCESSORS:
                inside.names.update({"newValue": type_, "oldValue": type_})
            walk.push(value, inside)
        if local:
            for identifier in identifiers:
                walk.later(_bind(_text(identifier), type_ if len(identifiers) == 1 else ""), identifier, scope)
    for child in named:
        if child.type == "modifiers":
            walk.push(child, scope)


_ACCESSORS = frozenset({"computed_property", "willset_didset_block"})


def _bind(name: str, type_: str) -> Handler:
    def handler(walk: Walk, node: Any, scope: Scope) -> None:
        scope.names[name] = type_

    return handler


def _bound(pattern: Any) -> list[Any]:
    """Identifiers that a pattern binds."""
    found, stack = [], [pattern]
    while stack:
        node = stack.pop()
        for child in reversed(node.named_children):
            if child.type == "pattern":
                stack.append(child)
            elif child.type == "simple_identifier" and not _after_dot(child):
                found.append(child)
    return sorted(found, key=lambda n: n.start_byte)


def _after_dot(node: Any) -> bool:
    before = node.prev_sibling
    return before is not None and before.type in (".", "dot")


def pattern(walk: Walk, node: Any, scope: Scope) -> None:
    """In a case, loop or catch: `let` binds, `.name` is a case of something unknown."""
    binds = any(c.type == "value_binding_pattern" for c in node.named_children)
    if binds or (node.parent is not None and node.parent.type in ("for_statement", "catch_block")):
        bound = _bound(node)
        case = any(c.type == "." for c in node.children) or b"." in (node.text or b"").split(b"(")[0]
        for identifier in bound:
            scope.names[_text(identifier)] = ""
        if case:
            for child in node.named_children:
                if child.type == "simple_identifier":
                    scope.names.pop(_text(child), None)
                    walk.member(child, "", scope)
                elif child.type not in ("pattern", "value_binding_pattern"):
                    walk.push(child, scope)
        return
    children(walk, node, scope)


def entry(walk: Walk, node: Any, scope: Scope) -> None:
    """`case a, b(T)`."""
    for name in node.children_by_field_name("name"):
        walk.define(_text(name), _name_span(name), "constant", _span(node), scope.where)
    for child in reversed(node.named_children):
        if child.type == "enum_type_parameters":
            for part in child.named_children:
                if part.type != "simple_identifier":
                    walk.push(part, scope)


def alias(walk: Walk, node: Any, scope: Scope) -> None:
    names = node.children_by_field_name("name")
    if not names:
        return
    base = type_text(names[1]) if len(names) > 1 else ""
    for child in reversed(names[1:]):
        walk.push(child, scope)
    if scope.is_local:
        scope.names[_text(names[0])] = base
    else:
        bases = (base,) if base and not base.endswith("[]") else ()
        span = _name_span(names[0])
        walk.define(_text(names[0]), span, "type", _span(node), scope.where, exported=_exported(node), bases=bases)


def type_parameters(walk: Walk, node: Any, scope: Scope) -> None:
    for child in node.named_children:
        own = next((c for c in child.named_children if c.type == "type_identifier"), None)
        if own is not None:
            scope.names[_text(own)] = ""
        for name in child.children_by_field_name("name"):
            walk.push(name, scope)


def import_(walk: Walk, node: Any, scope: Scope) -> None:
    """`import A`, `import struct A.B`."""
    path = next((c for c in node.named_children if c.type == "identifier"), None)
    if path is None or not path.named_child_count:
        return
    names, line = path.named_children, walk.lines.at(node.start_byte)
    of_kind = any(
        c.type in ("struct", "class", "enum", "protocol", "func", "var", "let", "typealias") for c in node.children
    )
    if of_kind and len(names) > 1:
        last = _span(names[-1])
        module = ".".join(_text(n) for n in names[:-1])
        walk.facts.imports.append(
            ImportFact(
                module, _text(names[-1]), "", "runtime", line, _span(node),
                (names[0].start_byte, names[-2].end_byte), last, None,
            )
        )  # fmt: skip
    else:
        walk.facts.imports.append(ImportFact(_text(names[0]), "*", "", "runtime", line, _span(node), _span(names[0])))


# -- uses


def user_type(walk: Walk, node: Any, scope: Scope) -> None:
    before: list[str] = []
    for child in node.named_children:
        if child.type != "type_identifier":
            walk.push(child, scope)
        elif before:
            walk.member(child, ".".join(before), scope)
            before.append(_text(child))
        else:
            walk.use(child, scope, is_type=True)
            before.append(_text(child))


def identifier(walk: Walk, node: Any, scope: Scope) -> None:
    if _after_dot(node):
        walk.member(node, "", scope)
    else:
        walk.use(node, scope)


def navigation(walk: Walk, node: Any, scope: Scope, kind: str = "use") -> None:
    target, name = node.child_by_field_name("target"), _suffix(node)
    if name is not None and not (name.text or b"").startswith(b"`"):
        if target is not None and target.type == "super_expression":
            walk.member(name, "", scope, kind)
            last = walk.facts.occurrences[-1]
            around = scope.class_name()
            if around:
                walk.facts.occurrences[-1] = _with_receiver(last, Receiver("super", around))
        else:
            walk.member(name, value_type(target, scope), scope, kind)
    elif node.child_by_field_name("suffix") is not None:
        walk.push(node.child_by_field_name("suffix"), scope)
    walk.push(target, scope)


def _with_receiver(occurrence: Any, receiver: Receiver) -> Any:
    from dataclasses import replace

    return replace(occurrence, receiver=receiver)


def call(walk: Walk, node: Any, scope: Scope) -> None:
    if not node.named_child_count:
        return
    function_, rest = node.named_children[0], node.named_children[1:]
    for child in reversed(rest):
        walk.push(child, scope)
    callee = None
    if function_.type == "simple_identifier":
        callee = function_
        walk.use(function_, scope, "call")
    elif function_.type == "navigation_expression":
        callee = _suffix(function_)
        navigation(walk, function_, scope, "call")
    else:
        walk.push(function_, scope)
    arguments = rest[0].named_children[0] if rest and rest[0].named_child_count else None
    if callee is not None and arguments is not None and arguments.type == "value_arguments":
        labels = [a.child_by_field_name("name") for a in arguments.named_children]
        keywords = tuple(_text(n) for n in labels if n is not None)
        walk.facts.calls.append(
            Call(_span(callee), _span(arguments), len(labels) - len(keywords), keywords, scope=scope.where)
        )


def block(walk: Walk, node: Any, scope: Scope) -> None:
    children(walk, node, scope.block())


def loop(walk: Walk, node: Any, scope: Scope) -> None:
    inside = scope.block()
    item, collection = node.child_by_field_name("item"), node.child_by_field_name("collection")
    values = value_type(collection, scope)
    names = _bound(item) if item is not None else []
    type_ = (values[:-2] if values.endswith("[]") else f"{values}.*") if values and len(names) == 1 else ""
    for child in reversed(node.named_children):
        if item is not None and child.id == item.id and names:
            walk.later(_bind(_text(names[0]), type_), item, inside)
        walk.push(child, inside)


def binding(walk: Walk, node: Any, scope: Scope) -> None:
    """`if let x = y`, `guard let x`: what the name holds is what the value is."""
    inside = scope if node.type == "guard_statement" else scope.block()
    actions: list[tuple[Handler, Any, Scope]] = []
    done: set[int] = set()
    for number, child in enumerate(node.named_children):
        is_bound = node.field_name_for_named_child(number) == "bound_identifier"
        if child.type == "simple_identifier" and is_bound:
            following = child.next_sibling
            if following is not None and following.type == "type_annotation":
                following = following.next_sibling
            plain = following is None or following.type != "="
            value = None if plain or following is None else following.next_named_sibling
            source = child if plain else value
            if plain:
                actions.append((identifier, child, inside))
            actions.append((_bind_value(_text(child), source), child, inside))
            if not plain and value is not None:
                actions.insert(-1, (walk.handlers.get(value.type, children), value, inside))
                done.add(value.id)
        elif child.id not in done:
            actions.append((walk.handlers.get(child.type, children), child, inside))
    walk.todo.extend(reversed(actions))


def _bind_value(name: str, value: Any) -> Handler:
    def handler(walk: Walk, node: Any, scope: Scope) -> None:
        scope.names[name] = value_type(value, scope)

    return handler


def closure(walk: Walk, node: Any, scope: Scope) -> None:
    inside = Scope("block", scope.where, scope)
    children(walk, node, inside)


def lambda_parameter(walk: Walk, node: Any, scope: Scope) -> None:
    names = node.children_by_field_name("name")
    if names:
        scope.names[_text(names[0])] = type_text(names[1]) if len(names) > 1 else ""
        for child in names[1:]:
            walk.push(child, scope)


HANDLERS: dict[str, Handler] = {
    "class_declaration": class_,
    "protocol_declaration": class_,
    "function_declaration": function,
    "protocol_function_declaration": function,
    "init_declaration": function,
    "deinit_declaration": function,
    "subscript_declaration": function,
    "parameter": parameter,
    "property_declaration": property_,
    "protocol_property_declaration": property_,
    "enum_entry": entry,
    "typealias_declaration": alias,
    "associatedtype_declaration": alias,
    "type_parameters": type_parameters,
    "import_declaration": import_,
    "user_type": user_type,
    "simple_identifier": identifier,
    "navigation_expression": navigation,
    "call_expression": call,
    "if_statement": binding,
    "guard_statement": binding,
    "while_statement": binding,
    "for_statement": loop,
    "switch_entry": block,
    "do_statement": block,
    "catch_block": block,
    "statements": children,
    "lambda_literal": closure,
    "lambda_parameter": lambda_parameter,
    "pattern": pattern,
    "value_argument_label": nothing,
    "line_str_text": nothing,
    "comment": nothing,
    "multiline_comment": nothing,
}
