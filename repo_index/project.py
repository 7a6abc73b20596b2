"""What import resolvers see of a repository: its paths, the text of its configuration files, outlines of its files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .facts import FileFacts
from .languages import for_path


class ProjectFiles:
    """Implements languages.base.Project."""

    def __init__(
        self,
        paths: Iterable[str],
        read: Callable[[str], bytes],
        outline: Callable[[str], FileFacts] = lambda _: FileFacts(""),
    ) -> None:
        self._paths = frozenset(paths)
        self._read = read
        self._outline = outline
        self._memos: dict[str, dict[Any, Any]] = {}
        self._namespaces: dict[str, dict[str, tuple[str, ...]]] = {}

    @property
    def paths(self) -> frozenset[str]:
        return self._paths

    def read(self, path: str) -> bytes:
        """Raises OSError for a file that is gone, KeyError for one that is not of the repository."""
        return self._read(path)

    def memo(self, key: str) -> dict[Any, Any]:
        return self._memos.setdefault(key, {})

    def outline(self, path: str) -> FileFacts:
        return self._outline(path)

    def namespaces(self, family: str) -> Mapping[str, tuple[str, ...]]:
        known = self._namespaces.get(family)
        if known is None:
            found: dict[str, list[str]] = {}
            for path in sorted(self._paths):
                language = for_path(path)
                if language is None or not family or language.family != family:
                    continue
                facts = self._outline(path)
                own = language.namespace(path, facts.namespace, self)
                for name in {own, *(f"{own}.{inner}" if own else inner for inner in facts.namespaces)}:
                    found.setdefault(name, []).append(path)
            known = self._namespaces[family] = {name: tuple(paths) for name, paths in found.items()}
        return known
