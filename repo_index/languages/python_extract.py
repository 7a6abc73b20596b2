"""Facts of one Python file, from its tree-sitter tree.

One walk collects scopes, bindings and chains of names; python_bind.py then says what each name hangs on.
"""

from __future__ import annotations

from ..facts import FileFacts
from . import python_bindings, python_definitions, python_imports, python_names, python_narrowing, python_texts
from .python_bind import bind
from .python_lazy import bind_lazy_names
from .python_walk import Handler, Walk

_HANDLERS: dict[str, Handler] = {
    **python_names.HANDLERS,
    **python_bindings.HANDLERS,
    **python_definitions.HANDLERS,
    **python_imports.HANDLERS,
    **python_narrowing.HANDLERS,
    **python_texts.HANDLERS,
}


def extract(source: bytes) -> FileFacts:
    """Facts of a Python file. Never raises on broken code: errors are listed in the facts."""
    walk = Walk(source)
    walk.run(_HANDLERS)
    bind_lazy_names(walk)
    return bind(walk)
