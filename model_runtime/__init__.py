"""An embedded decoder: tokens -> logits -> text. Importing this package imports neither torch nor numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model import Model, load_model
    from .placement import MemoryBudgetExceeded
    from .session import Session
    from .tokenizer import load_tokenizer

__all__ = ["MemoryBudgetExceeded", "Model", "Session", "load_model", "load_tokenizer"]

_HOME = {
    "MemoryBudgetExceeded": "placement",
    "Model": "model",
    "Session": "session",
    "load_model": "model",
    "load_tokenizer": "tokenizer",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOME[name]}", __name__), name)
