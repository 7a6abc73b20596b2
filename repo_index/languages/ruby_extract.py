"""Facts of a Ruby file."""

from __future__ import annotations

from ..facts import FileFacts
from . import ruby_calls, ruby_definitions
from .ruby_walk import Walk

_HANDLERS = {**ruby_definitions.HANDLERS, **ruby_calls.HANDLERS}


def extract(source: bytes) -> FileFacts:
    walk = Walk(source)
    walk.run(_HANDLERS)
    return walk.finish()
