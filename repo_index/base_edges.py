"""Import edges that an index in memory has in common with the one that it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .records import ImportEdge
from .store import Key

if TYPE_CHECKING:
    from .index import Index


def leads_nowhere_else(path: str) -> bool:
    """Whether other contents of a file, Python or prose, leave the imports of all files that do not import it alone."""
    return path.endswith((".py", ".pyi", ".rst", ".txt", ".md", ".html"))


@dataclass(frozen=True, slots=True)
class Base:
    """What an overlay that adds and removes no file was made from: only the files `changed` differ.

    Where Python's imports lead depends on which files there are, and, for names, on the files that they lead to.
    """

    index: Index
    keys: Mapping[str, Key]
    changed: frozenset[str]

    def edges(self, path: str) -> list[ImportEdge] | None:
        """The import edges of a file that are the same in the overlay; None where they may not be."""
        if path in self.changed or self.index._keys is not self.keys:  # refreshed since
            return None
        edges = self.index.imports(path)
        return None if any(edge.target in self.changed for edge in edges) else edges
