"""From symbols of the index and line numbers to syntax nodes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ...errors import Refused
from .source import DEFINITIONS, FUNCTIONS, DefinitionNode, FunctionNode, PythonSource

if TYPE_CHECKING:
    from repo_index.records import Symbol


def definition_at(source: PythonSource, symbol: Symbol) -> DefinitionNode:
    """The `def` or `class` of a symbol. Raises Refused when it is none."""
    spot = symbol.definition.name_span[0]
    for node in source.nodes:
        if isinstance(node, DEFINITIONS) and node.name == symbol.name:
            start, end = source.span(node)[0], source.span(node.body[0])[0]
            if start <= spot < end:
                return node
    raise Refused(f"{symbol.id} is not a Python function or class")


def function_at(source: PythonSource, symbol: Symbol) -> FunctionNode:
    """The `def` of a symbol. Raises Refused when it is none."""
    node = definition_at(source, symbol)
    if isinstance(node, FUNCTIONS):
        return node
    raise Refused(f"{symbol.id} is not a Python function")


def enclosing_definition(source: PythonSource, node: ast.AST) -> DefinitionNode | None:
    """The innermost `def` or `class` around a node."""
    return next((n for n in source.ancestors(node) if isinstance(n, DEFINITIONS)), None)
