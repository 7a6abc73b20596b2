"""Names in expressions: chains of attributes, calls and subscripts."""

from __future__ import annotations

import re
from typing import Any

from ..facts import Call
from .python_imports import all_strings, import_by_name, import_kind
from .python_narrowing import branches
from .python_pytest import ASKING, asked
from .python_scopes import Chain, Name, Scope, Step
from .python_walk import ANNOTATION, CONDITIONAL, Walk, content_span, plain_chain

_WORD = re.compile(rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*")
_IDENTIFIER = re.compile(rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*\Z")
#: subscripts of these hold types wherever they stand
_TYPING_FORMS = frozenset(
    "Optional Union List Dict Set FrozenSet Tuple Type Callable Iterable Iterator Sequence Mapping ClassVar Final "
    "Awaitable Coroutine AsyncIterator AsyncIterable Generator AsyncGenerator MutableMapping DefaultDict".split()
)
_ATTRIBUTE_BY_NAME = frozenset({"getattr", "setattr", "hasattr", "delattr", "object"})
_IMPORTERS = frozenset({"importlib.import_module", "import_module", "__import__", "pytest.importorskip"})
_IMPORTING = frozenset(name.rpartition(".")[2] for name in _IMPORTERS)
HANDED_ON = frozenset({"copy", "deepcopy", "replace", "list", "tuple", "set", "sorted", "reversed", "iter", "next"})
"""Names of functions whose result is like their first argument, holds its elements or is one of them."""
SPINE = frozenset({"identifier", "attribute", "call", "subscript", "await"})
"""Types of nodes that spine() reads as chains."""


def spine_only(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    spine(walk, node, scope, flags)


def spine(walk: Walk, node: Any, scope: Scope, flags: int) -> Chain:
    """The chain of a primary expression; what stands in its brackets is pushed."""
    steps: list[Step] = []
    called: Any = None
    while True:
        kind = node.type
        if kind == "attribute":
            steps.append(Step(".", walk.name(node.child_by_field_name("attribute"))))
            node = node.child_by_field_name("object")
        elif kind == "call":
            function = node.child_by_field_name("function")
            steps.append(_call(walk, node, function, scope, flags))
            called, node = node, function
        elif kind == "subscript":
            steps.append(Step(":" if any(c.type == "slice" for c in node.named_children) else "["))
            node = _subscript(walk, node, scope, flags)
        elif kind in ("await", "parenthesized_expression") and node.named_child_count == 1:
            node = node.named_children[0]
        else:
            break
    steps.reverse()
    if node.type == "identifier":
        root = walk.name(node)
        if root.text == "type" and steps and steps[0].kind == "(":  # type(self).attribute
            arguments = called.child_by_field_name("arguments")
            given = arguments.named_children if arguments is not None else []
            if len(given) == 1 and given[0].type == "identifier":
                walk.chain(root, steps[:1], scope)
                return walk.chain(walk.name(given[0]), steps[1:], scope, silent=True)
        return walk.chain(root, steps, scope)
    # a damaged `await` comes back here if it is pushed itself
    walk.push(node.children if node.type == "await" else [node], scope, flags & ~ANNOTATION)
    return walk.chain(None, steps, scope)


def _subscript(walk: Walk, node: Any, scope: Scope, flags: int) -> Any:
    value = node.child_by_field_name("value")
    inner = [c for c in node.named_children if c.start_byte >= value.end_byte]
    last = _WORD.findall(walk.source[value.start_byte : value.end_byte])
    form = last[-1].decode("latin-1") if last else ""
    if form == "Literal":
        flags &= ~ANNOTATION
    elif form == "Annotated" and flags & ANNOTATION:
        walk.push(inner[1:], scope, flags & ~ANNOTATION)
        inner = inner[:1]
    elif form in _TYPING_FORMS and value.type in ("identifier", "attribute"):
        flags |= ANNOTATION
    walk.push(inner, scope, flags)
    return value


def _call(walk: Walk, node: Any, function: Any, scope: Scope, flags: int) -> Step:
    arguments = node.child_by_field_name("arguments")
    if arguments is None:
        return Step("(")
    callee = function
    if callee.type == "attribute":
        callee = callee.child_by_field_name("attribute")
    called = walk.text(callee) if callee.type == "identifier" else ""
    flags &= ~ANNOTATION
    keywords: list[Name] = []
    positional, starred = 0, False
    given = [arguments] if arguments.type == "generator_expression" else arguments.named_children
    push: list[tuple[Any, int]] = []
    for argument in given:
        kind = argument.type
        if kind == "keyword_argument":
            keyword = argument.child_by_field_name("name")
            keywords.append(walk.name(keyword))
            as_type = ANNOTATION if called == "TypeVar" and keywords[-1].text in ("bound", "default") else 0
            push.append((argument.child_by_field_name("value"), flags | as_type))
            continue
        if kind in ("list_splat", "dictionary_splat"):
            starred = True
        elif kind != "comment":
            positional += 1
        as_type = ANNOTATION if called == "cast" and positional == 1 and len(given) > 1 else 0
        push.append((argument, flags | as_type))
    for argument, its_flags in push:
        walk.push([argument], scope, its_flags)
    if called:
        walk.facts.calls.append(
            Call(
                (callee.start_byte, callee.end_byte),
                (arguments.start_byte, arguments.end_byte),
                positional,
                tuple(k.text for k in keywords),
                starred,
                scope.qualified,
            )
        )
        if scope is walk.module and walk.text(function) in ("__all__.extend", "__all__.append"):
            for argument in given:
                all_strings(walk, argument)
        if called in _ATTRIBUTE_BY_NAME and positional >= 2:
            _attribute_by_name(walk, given, scope)
        if called in _IMPORTING:
            _import_by_name(walk, node, walk.text(function), given, scope, flags)
        elif called in ASKING:
            asked(walk, given, scope)
    first: Chain | None = None
    if called in HANDED_ON and given and given[0].type in ("identifier", "attribute"):
        first = plain_chain(walk, given[0], scope)
    return Step("(", None, tuple(keywords), first)


def _import_by_name(walk: Walk, node: Any, callee: str, given: list[Any], scope: Scope, flags: int) -> None:
    """`importlib.import_module("a.b")`; one that begins with a dot only from the package of the file itself."""
    plain = [a for a in given if a.type != "comment"]
    if callee not in _IMPORTERS or not plain:
        return
    span = content_span(walk, plain[0])
    if span is not None and walk.source[span[0] : span[0] + 1] == b".":
        anchor = walk.text(plain[1]).removeprefix("package").lstrip(" =") if len(plain) > 1 else ""
        if anchor not in ("__package__", "__name__"):
            return
    conditional = bool(flags & CONDITIONAL) or callee == "pytest.importorskip"
    import_by_name(walk, plain[0], node, scope, import_kind(walk, scope, flags), conditional)


def _attribute_by_name(walk: Walk, given: list[Any], scope: Scope) -> None:
    plain = [a for a in given if a.type != "comment"][:2]
    if len(plain) < 2 or plain[0].type not in ("identifier", "attribute") or plain[1].type != "string":
        return
    content = content_span(walk, plain[1])
    if content is None or not _IDENTIFIER.match(walk.source[content[0] : content[1]]):
        return
    chain = plain_chain(walk, plain[0], scope)
    if chain.root is not None:
        line = plain[1].start_point[0] + 1
        name = Name(walk.source[content[0] : content[1]].decode("utf-8", "replace"), *content, line)
        walk.by_name.append((chain, name))


def keyword_argument(walk: Walk, node: Any, scope: Scope, flags: int) -> None:
    walk.push([c for c in (node.child_by_field_name("value"),) if c is not None], scope, flags)


def assigned_values(walk: Walk, node: Any, scope: Scope, flags: int = 0) -> list[Chain | None]:
    """What an assigned expression may be: chains, and None for the rest. Walks the expression."""
    found: list[Chain | None] = []
    todo = [node]
    while todo:
        node = todo.pop()
        kind = node.type
        if kind == "parenthesized_expression" and node.named_child_count == 1:
            todo.append(node.named_children[0])
        elif kind in SPINE:
            found.append(spine(walk, node, scope, flags))
        elif kind == "conditional_expression" and node.named_child_count == 3:
            first, condition, second = node.named_children
            branches(walk, node, scope)
            walk.push([condition], scope, flags)
            todo += [second, first]
        elif kind == "boolean_operator":
            branches(walk, node, scope)
            todo += [node.child_by_field_name("right"), node.child_by_field_name("left")]
        elif kind != "none":
            walk.push([node], scope, flags)
            if kind == "named_expression":
                continue
            found.append(None)
    return found


def element_values(walk: Walk, iterables: list[Any], scope: Scope, flags: int) -> list[Chain | None]:
    """What iterating over an expression gives. Walks the expression."""
    if len(iterables) != 1 or iterables[0].type not in SPINE:
        walk.push(iterables, scope, flags)
        return [None]
    chain = spine(walk, iterables[0], scope, flags)
    return [Chain(chain.root, [*chain.steps, Step("*")], scope)]


HANDLERS = {
    "identifier": spine_only,
    "attribute": spine_only,
    "call": spine_only,
    "subscript": spine_only,
    "await": spine_only,
    "keyword_argument": keyword_argument,
}
