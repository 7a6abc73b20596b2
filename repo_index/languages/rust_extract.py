"""Facts of one Rust file, from its tree-sitter tree.

Items first (they are known in the whole block), then one walk in the order of the text.
"""

from __future__ import annotations

import re
from typing import Any

from ..facts import FileFacts, ImportFact
from . import rust_bodies
from .rust_items import collect
from .rust_walk import Scope, Walk, span

_GENERATED = re.compile(rb"(?m)^//.*@generated")


def extract(source: bytes) -> FileFacts:
    """Facts of a Rust file. Never raises on broken code: errors are listed in the facts."""
    walk = Walk(source)
    top = Scope(is_module=True)
    collect(walk, walk.tree.root_node.named_children, top)
    _prefix(walk)
    walk.enter(top)
    _uses(walk)
    walk.todo.append(walk.tree.root_node)
    walk.run(rust_bodies.HANDLERS)
    _rest(walk)
    walk.facts.generated = _GENERATED.search(source[:2000]) is not None
    once = {(o.span, o.kind == "keyword"): o for o in reversed(walk.facts.occurrences)}
    walk.facts.occurrences = sorted(once.values(), key=lambda o: (o.span, o.kind))
    return walk.facts


def _prefix(walk: Walk) -> None:
    """Paths of imports that start with something of this file, said so."""
    names = {e.name for e in walk.facts.exports} | {d.qualified for d in walk.facts.definitions if not d.parent}
    for i, fact in enumerate(walk.facts.imports):
        head = fact.module.split("::", 1)[0]
        if head in names and not fact.scope and not fact.module.startswith("mod ") and fact.local != head:
            walk.facts.imports[i] = ImportFact(
                f"self::{fact.module}", fact.name, fact.local, fact.kind, fact.line, fact.statement_span,
                fact.module_span, fact.name_span, fact.local_span, fact.scope,
            )  # fmt: skip


def _uses(walk: Walk) -> None:
    for path, number, alias, scope in walk.uses:
        fact = walk.facts.imports[number]
        walk.scopes.append(scope)
        star = fact.name == "*"
        if len(path) > 1 or star:
            before = path if star else path[:-1]
            if len(before) > 1 or walk.text(before[0]) not in ("self", "super", "crate"):
                _modules(walk, before)
        if not star and walk.text(path[-1]) not in ("self", "super", "crate"):
            walk.add(path[-1], "import", "import", walk.text(path[-1]), import_index=number)
        if alias is not None and walk.text(alias) != "_":
            walk.add(alias, "import", "import", walk.text(alias), import_index=number)
        walk.scopes.pop()


def _modules(walk: Walk, path: list[Any]) -> None:
    """The modules that a `use` goes through."""
    if len(path) == 1:
        known = walk.type(walk.text(path[0]))
        if known is not None:
            walk.path(path, is_type=True)
        return
    walk.path(path, is_type=True)


def _rest(walk: Walk) -> None:
    """Comments, strings and errors."""
    facts = walk.facts
    cursor = walk.tree.root_node.walk()
    while True:
        node = cursor.node
        if node.type in ("line_comment", "block_comment"):
            doc = node.child_by_field_name("doc") is not None
            facts.texts.append((node.start_byte, node.end_byte, "doc" if doc else "comment"))
        elif node.type in ("string_content", "raw_string_content"):
            facts.texts.append((node.start_byte, node.end_byte, "string"))
        elif node.is_error or node.is_missing:
            facts.errors.append((span(node), node.start_point[0] + 1))
        if node.type not in ("line_comment", "block_comment") and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                facts.texts.sort()
                facts.errors.sort()
                return
