"""Facts of one Go file, from its tree-sitter tree.

Definitions first, then one walk in the order of the text: a local name is known from its declaration to the end of
its block.
"""

from __future__ import annotations

from ..facts import FileFacts
from . import go_expressions, go_imports, go_statements
from .go_definitions import define
from .go_walk import Handler, Walk

_HANDLERS: dict[str, Handler] = {**go_statements.HANDLERS, **go_expressions.HANDLERS}


def extract(source: bytes) -> FileFacts:
    """Facts of a Go file. Never raises on broken code: errors are listed in the facts."""
    walk = Walk(source)
    go_imports.collect(walk)
    define(walk)
    walk.todo.append(walk.tree.root_node)
    walk.run(_HANDLERS)
    go_imports.finish(walk)
    walk.facts.occurrences.sort(key=lambda o: (o.span, o.kind))
    return walk.facts
