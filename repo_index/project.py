"""What import resolvers see of a repository: its paths and the text of its configuration files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class ProjectFiles:
    """Implements languages.base.Project."""

    def __init__(self, paths: Iterable[str], read: Callable[[str], bytes]) -> None:
        self._paths = frozenset(paths)
        self._read = read
        self._memos: dict[str, dict[Any, Any]] = {}

    @property
    def paths(self) -> frozenset[str]:
        return self._paths

    def read(self, path: str) -> bytes:
        """Raises OSError for a file that is gone, KeyError for one that is not of the repository."""
        return self._read(path)

    def memo(self, key: str) -> dict[Any, Any]:
        return self._memos.setdefault(key, {})
