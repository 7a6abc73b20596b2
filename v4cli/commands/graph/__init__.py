"""v4 graph: query the graph of imports, definitions, references and calls, and draw it."""

from .call_queries import callees, callers, path
from .change_queries import impact
from .code_queries import api, dead
from .export_graph import export
from .import_queries import cycles, importers, imports
from .shared import app
from .symbol_queries import defs, refs

ORDER = (
    "imports",
    "importers",
    "defs",
    "refs",
    "callers",
    "callees",
    "path",
    "cycles",
    "dead",
    "api",
    "impact",
    "export",
)
app.registered_commands.sort(key=lambda c: ORDER.index(c.callback.__name__ if c.callback is not None else ""))

__all__ = [
    "api",
    "app",
    "callees",
    "callers",
    "cycles",
    "dead",
    "defs",
    "export",
    "impact",
    "importers",
    "imports",
    "path",
    "refs",
]
