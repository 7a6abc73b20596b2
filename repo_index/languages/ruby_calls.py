"""Calls, blocks, names and literals of Ruby."""

from __future__ import annotations

import re
from typing import Any

from ..facts import Call, Receiver
from .ruby_definitions import assign_variable, bind, symbol_definition
from .ruby_types import constant_parts, dotted, type_of
from .ruby_walk import UNKNOWN, Scope, Walk

_VISIBILITY = ("public", "private", "protected", "module_function", "private_class_method", "public_class_method")
_ATTRIBUTES = frozenset(
    "attr attr_reader attr_writer attr_accessor cattr_accessor cattr_reader cattr_writer mattr_accessor mattr_reader "
    "mattr_writer class_attribute thread_mattr_accessor delegate def_delegators def_delegator def_instance_delegators "
    "def_instance_delegator instance_delegate define_method define_singleton_method".split()
)
_BY_NAME = frozenset(
    "send public_send __send__ method instance_method public_method respond_to? method_defined? try "
    "alias_method undef_method remove_method private_constant".split()
)
_EACH = frozenset(
    "each map collect select filter reject find detect any? all? none? flat_map each_with_index "
    "each_with_object sort_by group_by partition sum min_by max_by filter_map find_all count reverse_each "
    "each_entry".split()
)
_CAPTURE = re.compile(r"\(\?<([a-z_]\w*)>")
_NUMBERED = re.compile(r"_[1-9]\Z")


def call(walk: Walk, node: Any, scope: Scope) -> None:
    receiver, method = node.child_by_field_name("receiver"), node.child_by_field_name("method")
    arguments, block = node.child_by_field_name("arguments"), node.child_by_field_name("block")
    name = walk.text(method) if method is not None else ""
    if block is not None:
        _block(walk, block, scope, _element(walk, receiver, name, scope))
    walk.push([arguments], scope)
    if method is None or method.type not in ("identifier", "constant"):
        walk.push([receiver], scope)
        return
    span, line = (method.start_byte, method.end_byte), method.start_point[0] + 1
    if arguments is not None:
        _site(walk, span, arguments, scope)
    if receiver is None:
        if not _special(walk, node, name, arguments, scope):
            walk.occur(name, span, line, "call", scope)
        return
    walk.push([receiver], scope)
    if name in _BY_NAME:
        _named(walk, arguments, scope, _receiver(walk, receiver, scope), first_only=True)
    if method.type == "constant" and arguments is None and node.child_count == 3:
        return
    walk.occur(name, span, line, "call", scope, _receiver(walk, receiver, scope))


def _receiver(walk: Walk, node: Any, scope: Scope) -> Receiver | None:
    """What stands before the dot; None for `self` outside classes."""
    if node.type == "self":
        return Receiver("self", scope.holder) if scope.holder else None
    kind = type_of(walk, node, scope)
    return Receiver("instance", kind) if kind else UNKNOWN


def _element(walk: Walk, receiver: Any, name: str, scope: Scope) -> str:
    """The type of the first parameter of a block."""
    if receiver is None or name not in _EACH | {"tap", "then", "new", "open", "yield_self"}:
        return ""
    kind = type_of(walk, receiver, scope)
    return f"{kind}.*" if kind and name in _EACH else kind


def _site(walk: Walk, span: tuple[int, int], arguments: Any, scope: Scope) -> None:
    positional, keywords, starred = 0, [], False
    for argument in arguments.named_children:
        if argument.type == "pair":
            key = argument.child_by_field_name("key")
            if key is not None and key.type == "hash_key_symbol":
                keywords.append(walk.text(key))
        elif argument.type in ("splat_argument", "hash_splat_argument", "forward_argument"):
            starred = True
        elif argument.type != "block_argument":
            positional += 1
    where = (arguments.start_byte, arguments.end_byte)
    walk.facts.calls.append(Call(span, where, positional, tuple(keywords), starred, scope.qualified))


def _block(walk: Walk, node: Any, scope: Scope, element: str = "") -> None:
    inner = Scope(scope, scope.holder, scope.qualified, scope.function)
    inner.visibility = scope.visibility
    parameters, body = node.child_by_field_name("parameters"), node.child_by_field_name("body")
    inner.bare = parameters is None
    walk.push([body], inner)
    if parameters is None:
        return
    for i, child in enumerate(parameters.named_children):
        names = [child]
        while names:
            at = names.pop()
            if at.type == "identifier":  # a parameter hides what is called the same outside
                inner.names[walk.text(at)] = element if i == 0 and at is child else ""
            elif at.child_by_field_name("name") is not None:
                inner.names[walk.text(at.child_by_field_name("name"))] = ""
            elif at.type == "destructured_parameter":
                names.extend(at.named_children)
    walk.push([c.child_by_field_name("value") for c in parameters.named_children], inner)


def block(walk: Walk, node: Any, scope: Scope) -> None:
    _block(walk, node, scope)


def lambda_(walk: Walk, node: Any, scope: Scope) -> None:
    inner = Scope(scope, scope.holder, scope.qualified, scope.function)
    parameters, body = node.child_by_field_name("parameters"), node.child_by_field_name("body")
    inner.bare = parameters is None
    walk.push([body], inner)
    for child in parameters.named_children if parameters is not None else ():
        name = child if child.type == "identifier" else child.child_by_field_name("name")
        if name is not None:
            inner.names[walk.text(name)] = ""
        else:
            bind(walk, child, inner)
        walk.push([child.child_by_field_name("value")], inner)


def _special(walk: Walk, node: Any, name: str, arguments: Any, scope: Scope) -> bool:
    """Calls that load files or define things. Returns whether the name is the language's own."""
    given = arguments.named_children if arguments is not None else []
    if name in ("require", "require_relative", "load", "autoload"):
        _load(walk, node, name, given, scope)
        return True
    if name in _VISIBILITY:
        _visibility(walk, name, given, scope)
        return True
    if name in ("include", "extend", "prepend", "refine", "using") and scope.holder:
        if name in ("include", "extend", "prepend") and not scope.function:
            walk.bases.setdefault(scope.holder, []).extend(b for b in (dotted(walk, g) for g in given) if b)
        return True
    if name in _ATTRIBUTES and scope.holder and not scope.function:
        _attributes(walk, node, name, given, scope)
        return True
    if name == "alias_method" and given:
        symbol_definition(walk, given[0], "method", node, scope.holder, scope)
    if name in _BY_NAME:
        _named(walk, arguments, scope, None, first_only=False, skip=1 if name == "alias_method" else 0)
        return True
    return False


def _attributes(walk: Walk, node: Any, name: str, given: list[Any], scope: Scope) -> None:
    kind = "attribute" if "attr" in name else "method"
    if name in ("def_delegators", "def_instance_delegators"):
        given = given[1:]
    elif name in ("def_delegator", "def_instance_delegator"):
        given = given[2:3] or given[1:2]
    elif name.startswith("define_"):
        given = given[:1]
    visible = Scope(None, "", "") if kind == "method" else scope
    for argument in given:
        symbol_definition(walk, argument, kind, node, scope.holder, visible)


def _visibility(walk: Walk, name: str, given: list[Any], scope: Scope) -> None:
    hides = name.startswith(("private", "protected"))
    if not given:
        scope.visibility = "private" if hides else "public"
        return
    for argument in given:
        items = argument.named_children if argument.type in ("array", "symbol_array") else [argument]
        for item in items:
            found = ""
            if item.type in ("simple_symbol", "string", "bare_symbol"):
                found = walk.text(item).strip(":'\"")
                if item.type == "simple_symbol":
                    at = (item.start_byte + 1, item.end_byte)
                    walk.occur(found, at, item.start_point[0] + 1, "use", scope)
            elif item.type in ("method", "singleton_method") and item.child_by_field_name("name") is not None:
                found = walk.text(item.child_by_field_name("name"))
            if found and hides:
                walk.hidden.add((scope.holder, found))


def _named(
    walk: Walk, arguments: Any, scope: Scope, receiver: Receiver | None, first_only: bool, skip: int = 0
) -> None:
    """`send(:name)`, `alias_method :new, :old`: symbols that name methods."""
    given = arguments.named_children if arguments is not None else []
    for argument in given[skip : 1 if first_only else None]:
        if argument.type == "simple_symbol":
            text, line = walk.text(argument)[1:], argument.start_point[0] + 1
            if text.rstrip("?!").isidentifier():
                walk.occur(text, (argument.start_byte + 1, argument.end_byte), line, "use", scope, receiver)


def _load(walk: Walk, node: Any, name: str, given: list[Any], scope: Scope) -> None:
    argument = given[1] if name == "autoload" and len(given) > 1 else given[0] if given else None
    if argument is None or (name == "autoload" and len(given) < 2):
        return
    relative = name == "require_relative"
    span, text = literal_path(walk, argument)
    if not text:
        return
    if text.startswith("\0"):  # from the folder of the file
        text, relative = text[1:].lstrip("/"), True
    if relative and not text.startswith(("./", "../", "/")):
        text = f"./{text}"
    walk.imported(text, span, node, "lazy" if name == "autoload" else "runtime", scope)


def literal_path(walk: Walk, node: Any) -> tuple[tuple[int, int], str]:
    """(span, path) of a string, of `File.expand_path("../x", __FILE__)`, `File.join(__dir__, "x")` and "#{__dir__}/x":
    the latter begin with a NUL, which stands for the folder of the file. The path is "" for what is none of these."""
    whole = (node.start_byte, node.end_byte)
    if node.type == "string":
        parts = node.named_children
        if len(parts) == 1 and parts[0].type == "string_content":
            return (parts[0].start_byte, parts[0].end_byte), walk.text(parts[0])
        if len(parts) == 2 and walk.text(parts[0]) in ("#{__dir__}", "#{File.dirname(__FILE__)}"):
            return (parts[1].start_byte, parts[1].end_byte), "\0" + walk.text(parts[1])
        return whole, ""
    text = walk.text(node)[:300]
    match = re.fullmatch(r"""File\.expand_path\(?\s*(["'])([^"'#]+)\1,\s*__FILE__\s*\)?""", text)
    if match and (match[2] == ".." or match[2].startswith("../")):
        return whole, "\0" + (match[2][3:] or ".")
    match = re.fullmatch(
        r"""File\.expand_path\(?\s*(["'])([^"'#]+)\1,\s*(?:__dir__|File\.dirname\(__FILE__\))\s*\)?""", text
    )
    match = match or re.fullmatch(
        r"""(?:File\.join\(?\s*)?(?:__dir__|File\.dirname\(__FILE__\))\s*[,+]\s*(["'])([^"'#]+)\1\s*\)?""", text
    )
    return (whole, "\0" + match[2]) if match else (whole, "")


def identifier(walk: Walk, node: Any, scope: Scope) -> None:
    """A local variable, or a call without arguments."""
    name = walk.text(node)
    if name in _VISIBILITY and not scope.function:
        _visibility(walk, name, [], scope)
        return
    if scope.binder(name) is not None or _NUMBERED.match(name) or (name == "it" and scope.bare):
        return
    walk.occur(name, (node.start_byte, node.end_byte), node.start_point[0] + 1, "call", scope)


def constant(walk: Walk, node: Any, scope: Scope) -> None:
    found = constant_parts(walk, node)
    if found is None:
        walk.push([node.child_by_field_name("scope")], scope)
        return
    parts = [(walk.text(n), (n.start_byte, n.end_byte), n.start_point[0] + 1) for n in found[0]]
    walk.constant(parts, scope, found[1])


def block_argument(walk: Walk, node: Any, scope: Scope) -> None:
    for child in node.named_children:
        if child.type == "simple_symbol":
            text, line = walk.text(child)[1:], child.start_point[0] + 1
            walk.occur(text, (child.start_byte + 1, child.end_byte), line, "call", scope, UNKNOWN)
        else:
            walk.push([child], scope)


def pair(walk: Walk, node: Any, scope: Scope) -> None:
    key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
    if value is None and key is not None and key.type == "hash_key_symbol":
        name = walk.text(key)  # `{name:}` reads a variable or calls a method
        if scope.binder(name) is None and name.isidentifier() and name[:1].islower():
            walk.occur(name, (key.start_byte, key.end_byte), key.start_point[0] + 1, "call", scope)
    walk.push([key, value], scope)


def keyword_pattern(walk: Walk, node: Any, scope: Scope) -> None:
    key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
    if value is None and key is not None:
        scope.assign(walk.text(key), "")
    elif value is not None:
        pattern(walk, value, scope)


def pattern(walk: Walk, node: Any, scope: Scope) -> None:
    """Names in a pattern of `in` are bound."""
    if node.type == "identifier":
        scope.assign(walk.text(node), "")
    elif node.type == "as_pattern":
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is not None:
            kind = dotted(walk, value) if value is not None else ""
            scope.assign(walk.text(name), kind)
        walk.push([value], scope)
    elif node.type in ("array_pattern", "find_pattern", "alternative_pattern", "parenthesized_pattern"):
        _binding(walk, node, scope)
    elif node.type == "splat_parameter" or node.type == "hash_splat_parameter":
        bind(walk, node, scope)
    else:
        walk.push([node], scope)


def _binding(walk: Walk, node: Any, scope: Scope) -> None:
    """The parts of a pattern, in order, without recursion."""
    todo = list(reversed(node.named_children))
    while todo:
        at = todo.pop()
        if at.type in ("array_pattern", "find_pattern", "alternative_pattern", "parenthesized_pattern"):
            todo.extend(reversed(at.named_children))
        else:
            pattern(walk, at, scope)


def in_clause(walk: Walk, node: Any, scope: Scope) -> None:
    walk.push([c for c in node.named_children if c != node.child_by_field_name("pattern")], scope)
    if node.child_by_field_name("pattern") is not None:
        pattern(walk, node.child_by_field_name("pattern"), scope)


def exception_variable(walk: Walk, node: Any, scope: Scope) -> None:
    classes = node.parent.child_by_field_name("exceptions") if node.parent is not None else None
    names = [dotted(walk, c) for c in classes.named_children] if classes is not None else []
    for child in node.named_children:
        if child.type == "instance_variable":
            assign_variable(walk, child, node, scope, "")
        else:
            bind(walk, child, scope, names[0] if len(names) == 1 else "")


def for_(walk: Walk, node: Any, scope: Scope) -> None:
    target = node.child_by_field_name("pattern")
    walk.push([node.child_by_field_name("value"), node.child_by_field_name("body")], scope)
    if target is not None:
        bind(walk, target, scope)


def binary(walk: Walk, node: Any, scope: Scope) -> None:
    """`/(?<name>..)/ =~ text` binds names."""
    left = node.child_by_field_name("left")
    if left is not None and left.type == "regex":
        for name in _CAPTURE.findall(walk.text(left)):
            scope.assign(name, "")
    walk.push(node.named_children, scope)


def string_content(walk: Walk, node: Any, scope: Scope) -> None:
    walk.facts.texts.append((node.start_byte, node.end_byte, "string"))


def simple_symbol(walk: Walk, node: Any, scope: Scope) -> None:
    walk.facts.texts.append((node.start_byte + 1, node.end_byte, "string"))


def comment(walk: Walk, node: Any, scope: Scope) -> None:
    start = walk.source.rfind(b"\n", 0, node.start_byte) + 1
    walk.facts.texts.append((node.start_byte, node.end_byte, "comment"))
    if not walk.source[start : node.start_byte].strip():
        end = node.end_byte - (1 if walk.source[node.start_byte : node.end_byte].endswith(b"\n") else 0)
        rows = walk.source.count(b"\n", node.start_byte, end)
        walk.comments[node.start_point[0] + rows] = (node.start_point[0], node.start_byte, end)


def error(walk: Walk, node: Any, scope: Scope) -> None:
    walk.facts.errors.append(((node.start_byte, node.end_byte), node.start_point[0] + 1))
    walk.push(node.named_children, scope)


HANDLERS = {
    "call": call,
    "block": block,
    "do_block": block,
    "lambda": lambda_,
    "identifier": identifier,
    "constant": constant,
    "scope_resolution": constant,
    "block_argument": block_argument,
    "pair": pair,
    "keyword_pattern": keyword_pattern,
    "as_pattern": pattern,
    "array_pattern": pattern,
    "find_pattern": pattern,
    "in_clause": in_clause,
    "exception_variable": exception_variable,
    "for": for_,
    "binary": binary,
    "string_content": string_content,
    "heredoc_content": string_content,
    "simple_symbol": simple_symbol,
    "bare_symbol": string_content,
    "hash_key_symbol": string_content,
    "comment": comment,
    "ERROR": error,
}
