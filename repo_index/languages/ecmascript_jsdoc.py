"""Names and modules that JSDoc comments refer to: `{@link x}`, `@throws {X}`, `@param {import("./x").T} p`."""

from __future__ import annotations

import re

from tree_sitter import Node

from ..facts import Span
from .ecmascript_scopes import Scope
from .ecmascript_walk import DocName, Walk

_LINK = re.compile(rb"\{@link(?:code|plain)?\s+([A-Za-z_$][\w$]*(?:[.#~][A-Za-z_$][\w$]*)*)")
_TYPED = re.compile(
    rb"@(typedef|type|param|arg|argument|returns?|throws|exception|template|extends|augments|implements|property|prop"
    rb"|satisfies|this|yields)\s*\{"
)
_IMPORT = re.compile(rb"""import\(\s*(["'])([^"'\n]+)\1\s*\)(?:\.([A-Za-z_$][\w$]*))?""")
_NAME = re.compile(rb"""(["'`])[^"'`\n]*\1|([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)(?!\s*\??:|[\w$(])""")
_ALIAS = re.compile(rb"\s*\}?\s*([A-Za-z_$][\w$]*)")
_PART = re.compile(rb"[\w$]+")
_MAX_TYPE = 2_000


def read_comment(walk: Walk, node: Node, scope: Scope) -> None:
    """Collect the references of one `/** ... */` comment. Its names are read in the scope that it stands in."""
    start, end = node.start_byte, node.end_byte
    source = walk.source
    for match in _LINK.finditer(source, start, end):
        _name(walk, match.span(1), scope)
    for match in _TYPED.finditer(source, start, end):
        closed = _closing(source, match.end(), end)
        if closed is None:
            continue
        spans = []
        for found in _IMPORT.finditer(source, match.end(), closed):
            spans.append(found.span())
            _import(walk, found, match[1] == b"typedef" and found.end() == closed, closed, node, scope)
        for found in _NAME.finditer(source, match.end(), closed):
            inside = any(s <= found.start() < e for s, e in spans)
            if found[2] is not None and not inside:
                _name(walk, found.span(2), scope)


def _closing(source: bytes, at: int, end: int) -> int | None:
    """Where the brace that was opened before `at` closes."""
    depth = 1
    for position in range(at, min(end, at + _MAX_TYPE)):
        byte = source[position]
        if byte == 0x7B:
            depth += 1
        elif byte == 0x7D:
            depth -= 1
            if not depth:
                return position
    return None


def _name(walk: Walk, span: Span, scope: Scope) -> None:
    parts = [(m[0].decode("utf-8", "replace"), m.span()) for m in _PART.finditer(walk.source, *span)]
    walk.doc_names.append(DocName(parts, scope))


def _import(walk: Walk, found: re.Match[bytes], whole: bool, closed: int, node: Node, scope: Scope) -> None:
    module = (found[2].decode("utf-8", "replace"), found.span(2))
    name = found[3].decode("utf-8", "replace") if found[3] is not None else None
    alias = _ALIAS.match(walk.source, closed, node.end_byte) if whole else None
    local = alias[1].decode("utf-8", "replace") if alias is not None else ""
    index = walk.import_name(
        module,
        name,
        local,
        "type",
        node,
        scope,
        name_span=found.span(3) if name is not None else None,
        local_span=alias.span(1) if alias is not None else None,
        space="type",
    )
    if name is not None and name != "default":
        walk.clause_names.append((index, name, found.span(3), "doc"))
    if alias is not None and local != name:
        walk.clause_names.append((index, local, alias.span(1), "doc"))
