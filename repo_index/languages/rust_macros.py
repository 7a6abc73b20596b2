"""Uses of Rust macros: their names, and the names in their arguments, which the grammar leaves as tokens."""

from __future__ import annotations

import re
from typing import Any

from ..facts import OccurrenceKind
from .rust_walk import Scope, Walk

_STANDARD = frozenset(
    "println print eprintln eprint format write writeln panic assert assert_eq assert_ne debug_assert debug_assert_eq "
    "debug_assert_ne vec todo unimplemented unreachable matches dbg include include_str include_bytes concat env "
    "option_env stringify line column file module_path cfg compile_error thread_local format_args".split()
)
_BINDERS = re.compile(rb"(?:\blet|\bmut|\bref|\bfor|[|,(&])\s*([a-z_]\w*)(?=\s*(?:[|:,)=]|in\b))")


def macro(walk: Walk, node: Any) -> None:
    head = node.child_by_field_name("macro")
    tokens = next((c for c in node.named_children if c.type == "token_tree"), None)
    if head is not None:
        _macro_name(walk, walk.segments(head))
    if tokens is not None and walk.wrapped.get(tokens.start_byte):
        walk.push(walk.wrapped[tokens.start_byte])
    elif tokens is not None:
        _tokens(walk, tokens)


def _macro_name(walk: Walk, found: list[Any]) -> None:
    if not found:
        return
    if len(found) > 1:
        text = walk.text(found[-1])
        if walk.text(found[0]) in ("crate", "$crate"):
            number = walk.implied(found[-1], f"macro {text}", f"{text}!")
            walk.add(found[-1], "call", "import", text, import_index=number)
        else:
            walk.path(found, "call")
        return
    text = walk.text(found[0])
    if text in walk.macros:
        walk.add(found[0], "call", "definition", text)
    elif walk.type(text) is not None and walk.type(text)[0] == "import":  # type: ignore[index]
        walk.path(found, "call", is_type=True)
    elif text not in _STANDARD:
        number = walk.implied(found[0], f"macro {text}", f"{text}!")
        walk.add(found[0], "call", "import", text, import_index=number)


def _tokens(walk: Walk, tree: Any) -> None:
    """Names in the arguments of a macro, which the grammar leaves as tokens."""
    bound = {m[1].decode(): "" for m in _BINDERS.finditer(walk.source, tree.start_byte, tree.end_byte)}
    known = {n: t for n, t in bound.items() if (v := walk.value(n)) is None or v[0] != "local"}
    walk.scopes.append(Scope(path=walk.scopes[-1].path, module=walk.scopes[-1].module, values=known))
    todo: list[tuple[Any, str]] = [(tree, "")]
    while todo:
        at, owner = todo.pop()
        children = at.children
        i = 0
        while i < len(children):
            i = _token(walk, children, i, owner, todo)
    walk.scopes.pop()


_NAMES = ("identifier", "self", "super", "crate", "primitive_type")


def _token(walk: Walk, nodes: list[Any], i: int, owner: str, todo: list[tuple[Any, str]]) -> int:
    node = nodes[i]
    if node.type == "token_tree":
        before = nodes[i - 1] if i else None
        braced = node.child_count and node.children[0].type == "{"
        typed = before is not None and before.type == "identifier" and walk.text(before)[:1].isupper()
        todo.append((node, walk.dotted(before) if braced and typed else ""))
        return i + 1
    if node.type not in _NAMES:
        return i + 1

    def follows(j: int, sign: str) -> bool:
        return j < len(nodes) and nodes[j].type == sign

    found, j = [node], i + 1
    while follows(j, "::") and j + 1 < len(nodes) and nodes[j + 1].type in _NAMES:
        found.append(nodes[j + 1])
        j += 2
    if follows(j, "!") and not follows(j + 1, "="):
        _macro_name(walk, found)
        return j + 1
    called: OccurrenceKind = "call" if follows(j, "token_tree") and nodes[j].children[0].type == "(" else "use"
    dot = i > 0 and nodes[i - 1].type == "."
    if dot:
        walk.member(node, called, _before(walk, nodes, i))
    elif len(found) == 1 and follows(j, ":") and owner:
        walk.member(node, "keyword", owner)
    elif node.type == "identifier" or len(found) > 1:
        walk.path(found, called)
    return j


def _before(walk: Walk, nodes: list[Any], i: int) -> str:
    """The type of what stands before the dot in `a.b.c`."""
    names: list[str] = []
    j = i - 2
    while j >= 0 and nodes[j].type in ("identifier", "self"):
        names.insert(0, walk.text(nodes[j]))
        if j == 0 or nodes[j - 1].type != ".":
            break
        j -= 2
    if not names or j < 0 or (j and nodes[j - 1].type in (".", "::")):
        return ""
    if names[0] == "self":
        head = walk.self_type()
    else:
        known = walk.value(names[0])
        head = known[1] if known is not None and known[0] in ("local", "definition") else ""
    return ".".join([head, *names[1:]]) if head and not head.endswith("[]") else head if len(names) == 1 else ""
