"""Classes, modules, methods, constants and variables of Ruby."""

from __future__ import annotations

from typing import Any

from .ruby_types import constant_parts, documented, dotted, type_of
from .ruby_walk import Scope, Walk, joined

_MAKERS = {"Struct.new", "Class.new", "Module.new", "Data.define"}


def class_(walk: Walk, node: Any, scope: Scope) -> None:
    """`class A::B < C`, `module A::B`."""
    name = node.child_by_field_name("name")
    found = constant_parts(walk, name) if name is not None else None
    superclass = node.child_by_field_name("superclass")
    inside = [superclass, node.child_by_field_name("body")]
    if found is None:
        walk.push(node.named_children, scope)
        return
    names, rooted = found
    above = [(walk.text(n), (n.start_byte, n.end_byte), n.start_point[0] + 1) for n in names[:-1]]
    walk.constant(above, scope, rooted)
    holder = joined("" if rooted or scope.function else scope.qualified, ".".join(a[0] for a in above))
    for i in range(len(above)):
        walk.facts.namespaces.append(".".join(holder.split(".")[: len(holder.split(".")) - i]))
    last, body = names[-1], node.child_by_field_name("body")
    bases = tuple(b for b in (dotted(walk, c) for c in superclass.named_children) if b) if superclass else ()
    if superclass is not None and not bases and superclass.named_children:
        bases = _built_on(walk, superclass.named_children[0], scope)
    qualified = walk.define(
        walk.text(last), (last.start_byte, last.end_byte), "class", node, holder, scope=Scope(None, "", ""),
        bases=bases, body_span=(body.start_byte, body.end_byte) if body is not None else (node.end_byte, node.end_byte),
    )  # fmt: skip
    if bases:
        walk.bases.setdefault(qualified, []).extend(bases)
    walk.push([inside[0]], scope)
    inner = Scope(None, qualified, qualified)
    # the superclass comes first in the text, so that the body is pushed below it
    if body is not None:
        walk.todo.insert(len(walk.todo) - (1 if superclass is not None else 0), (body, inner))
    if superclass is not None and superclass.named_children:
        attributes_of_struct(walk, superclass.named_children[0], qualified)


def _built_on(walk: Walk, node: Any, scope: Scope) -> tuple[str, ...]:
    """The base of `Struct.new(...)` and `Class.new(Base)`; a call that nothing is known of may give anything."""
    if node.type == "call" and made(walk, node) == "Class.new":
        arguments = node.child_by_field_name("arguments")
        base = dotted(walk, arguments.named_children[0]) if arguments is not None and arguments.named_children else ""
        return (base,) if base else ()
    return (made(walk, node).rpartition(".")[0] or walk.text(node).split("\n")[0][:40],)


def made(walk: Walk, node: Any) -> str:
    """`Struct.new`, `Class.new` and the like that an expression calls, "" for others."""
    if node.type != "call":
        return ""
    receiver, method = node.child_by_field_name("receiver"), node.child_by_field_name("method")
    if receiver is None or method is None or receiver.type != "constant":
        return ""
    name = f"{walk.text(receiver)}.{walk.text(method)}"
    return name if name in _MAKERS else ""


def attributes_of_struct(walk: Walk, node: Any, holder: str) -> None:
    if made(walk, node) in ("Struct.new", "Data.define"):
        arguments = node.child_by_field_name("arguments")
        for argument in arguments.named_children if arguments is not None else ():
            symbol_definition(walk, argument, "attribute", node, holder, Scope(None, holder, holder))


def symbol_definition(walk: Walk, argument: Any, kind: Any, statement: Any, holder: str, scope: Scope) -> str:
    """`:name` or "name" that a call makes a method or attribute of; returns the name."""
    if argument.type == "simple_symbol":
        span = (argument.start_byte + 1, argument.end_byte)
    elif argument.type == "string" and argument.named_child_count == 1:
        content = argument.named_children[0]
        span = (content.start_byte, content.end_byte)
    else:
        return ""
    name = walk.source[slice(*span)].decode("utf-8", "replace")
    if name.endswith("=") and name[:-1].isidentifier():
        name, span = name[:-1], (span[0], span[1] - 1)
    if not name.rstrip("?!").isidentifier():
        return ""
    returned = documented(walk.doc(statement.start_point[0]))[0]
    walk.define(name, span, kind, statement, holder, scope=scope, type=returned)
    return name


def singleton_class(walk: Walk, node: Any, scope: Scope) -> None:
    """`class << self`: methods of the class, which stand beside those of its instances."""
    value, body = node.child_by_field_name("value"), node.child_by_field_name("body")
    holder = scope.holder if value is not None and value.type == "self" else ""
    if value is not None and value.type in ("constant", "scope_resolution"):
        holder = joined(scope.holder, dotted(walk, value).lstrip("."))
    inner = Scope(None, holder, holder or scope.qualified)
    if body is not None:
        walk.todo.append((body, inner))
    walk.push([value], scope)


def method(walk: Walk, node: Any, scope: Scope) -> None:
    """`def name`, `def self.name`, `def Const.name`."""
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    owner = node.child_by_field_name("object")
    holder = scope.holder
    if owner is not None and owner.type != "self":
        walk.push([owner], scope)
        named = dotted(walk, owner).lstrip(".")
        holder = scope.holder if named and named == scope.holder.rpartition(".")[2] else joined(scope.holder, named)
        if not named:
            holder = ""
    known = owner is None or owner.type == "self" or bool(holder)
    if name is None:
        walk.push(node.named_children, scope)
        return
    text, span = walk.text(name), (name.start_byte, name.end_byte)
    if name.type == "setter" or (text.endswith("=") and text[:-1].isidentifier()):
        raw = walk.source[slice(*span)].rstrip(b"=").rstrip()
        text, span = raw.decode("utf-8", "replace"), (span[0], span[0] + len(raw))
    parameters = node.child_by_field_name("parameters")
    returned, types = documented(walk.doc(node.start_point[0]))
    visible = Scope(None, "", "") if owner is not None else scope
    qualified = joined(scope.qualified, text)
    if known and text:
        at = body if body is not None else node
        qualified = walk.define(
            text, span, "method" if holder else "function", node, holder, scope=visible,
            parameters=walk.parameters(parameters), type=returned or _returned(walk, body, holder),
            body_span=(at.start_byte if body is not None else at.end_byte, at.end_byte),
            signature=_signature(walk, node, name, parameters),
        )  # fmt: skip
    inner = Scope(None, holder, qualified, function=True)
    for parameter in walk.parameters(parameters):
        inner.names[parameter.name] = types.get(parameter.name, "")
    walk.push([parameters, body], inner)


def _returned(walk: Walk, body: Any, holder: str) -> str:
    """The type of what a method gives, where its last expression builds it."""
    if body is None:
        return ""
    last = body
    if body.type == "body_statement":
        plain = [c for c in body.named_children if c.type not in ("comment", "rescue", "ensure", "else")]
        last = plain[-1] if plain else None
    if last is None or last.type not in ("call", "self", "instance_variable", "operator_assignment"):
        return ""
    found = type_of(walk, last, Scope(None, holder, holder))
    return found if found[:1].isupper() or found.startswith(f"{holder}.@") else ""


def _signature(walk: Walk, node: Any, name: Any, parameters: Any) -> str:
    end = parameters.end_byte if parameters is not None else name.end_byte
    return " ".join(walk.source[node.start_byte : end].decode("utf-8", "replace").split())[:240]


def parameters(walk: Walk, node: Any, scope: Scope) -> None:
    """Names of parameters of blocks and methods, and their default values."""
    for child in node.named_children:
        bind(walk, child, scope)


def bind(walk: Walk, node: Any, scope: Scope, kind: str = "") -> None:
    """Bind what stands on the left of `=`, in a parameter or in a pattern. Pushes what is read on the way."""
    todo = [node]
    reads: list[Any] = []
    while todo:
        at = todo.pop()
        if at.type == "identifier":
            scope.assign(walk.text(at), kind if at is node else "")
        elif at.type == "instance_variable":
            assign_variable(walk, at, node.parent or node, scope, kind if at is node else "")
        elif at.type in ("constant", "scope_resolution", "call", "element_reference", "global_variable", "self"):
            reads.append(at)
        elif at.type.endswith("_parameter") and at.child_by_field_name("name") is not None:
            scope.names.setdefault(walk.text(at.child_by_field_name("name")), "")
            if at.child_by_field_name("value") is not None:
                reads.append(at.child_by_field_name("value"))
        else:
            todo.extend(reversed(at.named_children))
    walk.push(reads, scope)


def assign_variable(walk: Walk, node: Any, statement: Any, scope: Scope, kind: str) -> None:
    name, span = walk.text(node)[1:], (node.start_byte, node.end_byte)
    if not scope.holder:
        return
    whole, line = (statement.start_byte, statement.end_byte), node.start_point[0] + 1
    place = walk.assigned.setdefault((scope.holder, name), (span, whole, line, statement.end_point[0] + 1, []))
    place[4].append(kind)
    walk.variables.append((scope.holder, name, span, line, scope.qualified))


def instance_variable(walk: Walk, node: Any, scope: Scope) -> None:
    if scope.holder:
        span, line = (node.start_byte, node.end_byte), node.start_point[0] + 1
        walk.variables.append((scope.holder, walk.text(node)[1:], span, line, scope.qualified))


def assignment(walk: Walk, node: Any, scope: Scope) -> None:
    """`a = v`, `a ||= v`, `A = v`, `a, b = v`."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None:
        walk.push(node.named_children, scope)
        return
    walk.push([right], scope)
    if left.type in ("constant", "scope_resolution"):
        _constant(walk, node, left, right, scope)
        return
    kind = type_of(walk, right, scope) if left.type in ("identifier", "instance_variable") else ""
    bind(walk, left, scope, kind)


def _constant(walk: Walk, node: Any, left: Any, right: Any, scope: Scope) -> None:
    found = constant_parts(walk, left)
    if found is None or node.type != "assignment":
        walk.push([left], scope)
        return
    names, rooted = found
    above = [(walk.text(n), (n.start_byte, n.end_byte), n.start_point[0] + 1) for n in names[:-1]]
    walk.constant(above, scope, rooted)
    holder = joined("" if rooted or scope.function else scope.holder, ".".join(a[0] for a in above))
    last = names[-1]
    maker = made(walk, right)
    open_scope = Scope(None, "", "")
    span = (last.start_byte, last.end_byte)
    if not maker:
        kind = type_of(walk, right, scope)
        walk.define(walk.text(last), span, "constant", node, holder, scope=open_scope, type=kind)
        return
    block = right.child_by_field_name("block")
    where = (block.start_byte, block.end_byte) if block is not None else None
    qualified = walk.define(
        walk.text(last), span, "class", node, holder, scope=open_scope,
        bases=_built_on(walk, right, scope) if maker != "Module.new" else (), body_span=where,
    )  # fmt: skip
    attributes_of_struct(walk, right, qualified)
    if block is not None:  # its methods are the new class's, its locals see those around it
        walk.todo.pop()
        inner = Scope(scope, qualified, qualified)
        walk.push([block.child_by_field_name("body")], inner)
        walk.push([block.child_by_field_name("parameters")], inner)
        walk.push([right.child_by_field_name("receiver"), right.child_by_field_name("arguments")], scope)


def alias(walk: Walk, node: Any, scope: Scope) -> None:
    """`alias new old`."""
    new, old = node.child_by_field_name("name"), node.child_by_field_name("alias")
    if new is None or old is None:
        return
    for part, defines in ((new, True), (old, False)):
        start = part.start_byte + (1 if part.type == "simple_symbol" else 0)
        text = walk.source[start : part.end_byte].decode("utf-8", "replace")
        if part.type not in ("identifier", "simple_symbol", "constant") or not text.rstrip("?!").isidentifier():
            continue
        if defines:
            kind = "method" if scope.holder else "function"
            walk.define(text, (start, part.end_byte), kind, node, scope.holder, scope=scope)  # type: ignore[arg-type]
        else:
            walk.occur(text, (start, part.end_byte), part.start_point[0] + 1, "use", scope)


HANDLERS = {
    "class": class_,
    "module": class_,
    "singleton_class": singleton_class,
    "method": method,
    "singleton_method": method,
    "method_parameters": parameters,
    "block_parameters": parameters,
    "lambda_parameters": parameters,
    "instance_variable": instance_variable,
    "assignment": assignment,
    "operator_assignment": assignment,
    "alias": alias,
}
