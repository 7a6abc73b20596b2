"""Facts of a PHP file."""

from __future__ import annotations

from ..facts import FileFacts
from . import php_definitions, php_expressions
from .php_walk import Walk

_HANDLERS = {**php_expressions.HANDLERS, **php_definitions.HANDLERS}


def extract(source: bytes) -> FileFacts:
    walk = Walk(source)
    walk.run(_HANDLERS)
    return walk.finish()
