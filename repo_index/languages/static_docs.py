"""Links in documentation comments: `{@link Class#member}`, `@see`, `@throws`, KDoc's `[Class.member]`, `<see cref>`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tree_sitter import Node

from .static_scopes import ANY, TYPE, Scope
from .static_walk import Member, Name, Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DOTTED = rb"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*"
_JAVADOC = re.compile(
    rb"(?:\{@(?:link|linkplain|value)\s+|@(?:see|throws|exception)\s+(?![\"<]))((?:"
    + _DOTTED
    + rb")?)(#[A-Za-z_$][\w$]*)?"
)
_CREF = re.compile(rb"cref\s*=\s*\"(?:[A-Z]:)?((?:" + _DOTTED + rb"))()")
_BRACKETS = re.compile(rb"(?<![\w\])])\[(" + _DOTTED + rb")()\](?![(\[:])")


def doc_links(walk: Walk, comment: Node, scope: Scope) -> None:
    """Note the names that the links of a comment give; that of a type is read inside the type. To be called when the
    declarations of the file are known."""
    inside = _documented(walk, comment, scope)
    for pattern in (_JAVADOC, _CREF, _BRACKETS):
        for dotted, start, member in _links(pattern, comment):
            if pattern is _BRACKETS and comment.text is not None and b"{@" in comment.text:
                continue
            _note(walk, dotted, start, member, inside)


def _links(pattern: re.Pattern[bytes], comment: Node) -> Iterator[tuple[str, int, tuple[str, int] | None]]:
    for match in pattern.finditer(comment.text or b""):
        member = None
        if match[2]:
            member = (match[2][1:].decode("utf-8", "replace"), comment.start_byte + match.start(2) + 1)
        if match[1] or member is not None:
            yield match[1].decode("utf-8", "replace"), comment.start_byte + match.start(1), member


def _documented(walk: Walk, comment: Node, scope: Scope) -> Scope:
    after = comment.next_named_sibling
    while after is not None and "comment" in after.type:
        after = after.next_named_sibling
    return walk.type_scopes.get(after.start_byte, scope) if after is not None else scope


def _note(walk: Walk, dotted: str, start: int, member: tuple[str, int] | None, scope: Scope) -> None:
    at, of = start, ""
    for part in dotted.split(".") if dotted else ():
        span = (at, at + len(part.encode()))
        if not of:
            walk.names.append(Name(part, span, scope, "doc", ANY if "." not in dotted and member is None else TYPE))
            of = part
        else:
            walk.members.append(Member(part, span, scope, "doc", False, None, _named(walk, of, scope, start)))
            of = f"{of}.{part}"
        at = span[1] + 1
    if member is not None:
        name, first = member
        holder = _named(walk, of, scope, start)
        walk.members.append(Member(name, (first, first + len(name.encode())), scope, "doc", False, None, holder))


def _named(walk: Walk, of: str, scope: Scope, at: int) -> Callable[[], str]:
    return lambda: walk.type_name(of, scope, at) if of else walk.self_expression(scope)
