"""A repository as files, symbols, imports and references.

from repo_index import Index
index = Index.open(".").refresh()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .index import Index as Index

__all__ = ["Index"]


def __getattr__(name: str) -> Any:
    if name == "Index":
        from .index import Index

        return Index
    raise AttributeError(name)
