"""The index of a repository: what every command asks."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from . import files, graph, symbols
from .base_edges import Base, leads_nowhere_else
from .contents import Contents, NotIndexed, Report
from .encoding import decode
from .facts import Definition, Export, FileFacts, ImportFact, Occurrence
from .facts_cache import FactsCache, index_blob
from .git import GitError
from .languages import for_path, named
from .languages.base import Language
from .project import ProjectFiles
from .records import FileRecord, ImportEdge, Reference, Role, Symbol
from .resolve import Module, Resolver, Target
from .snapshot import GitTree, Source, WorkTree, repository
from .store import PIECES, Key, Row, Store

if TYPE_CHECKING:
    from .records import Hit


class Index:
    """Made by Index.open(), Index.of_commit() or Index.of_staged(); filled by refresh()."""

    def __init__(self, contents: Contents, base: Base | None = None) -> None:
        self._files = contents
        self._base = base
        contents.on_change = self._forget
        self._forget()

    # -- making one

    @classmethod
    def open(
        cls,
        root: Path | str,
        *,
        exclude: Iterable[str] = (),
        max_file_bytes: int = 1_000_000,
        cache_dir: Path | None = None,
    ) -> Index:
        """An index of the work tree around `root`; nothing is read before refresh().

        Raises GitError when there is no repository or no git.
        """
        where = repository(Path(root))
        report = Report()
        store = Store.open(where.git_folder, cache_dir, report.warnings)
        source = WorkTree(where, store, exclude, max_file_bytes)
        return cls(Contents(where, source, FactsCache(store), max_file_bytes, report))

    @classmethod
    def of_commit(
        cls,
        root: Path | str,
        commit: str = "HEAD",
        *,
        exclude: Iterable[str] = (),
        max_file_bytes: int = 1_000_000,
        cache_dir: Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> Index:
        """The index of a commit's files, refreshed. Raises GitError for what is no commit.

        `variables`: of what git tells a hook, that which is to count (GIT_DIR, GIT_INDEX_FILE, ...).
        """
        return cls._of_tree(root, commit, exclude, max_file_bytes, cache_dir, variables)

    @classmethod
    def of_staged(
        cls,
        root: Path | str,
        *,
        exclude: Iterable[str] = (),
        max_file_bytes: int = 1_000_000,
        cache_dir: Path | None = None,
        index_file: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> Index:
        """The index of what is staged, refreshed. `variables` as in of_commit; `index_file` is GIT_INDEX_FILE."""
        if index_file is not None:
            variables = {**(variables or {}), "GIT_INDEX_FILE": index_file}
        return cls._of_tree(root, None, exclude, max_file_bytes, cache_dir, variables)

    @classmethod
    def _of_tree(
        cls,
        root: Path | str,
        commit: str | None,
        exclude: Iterable[str],
        max_file_bytes: int,
        cache_dir: Path | None,
        variables: Mapping[str, str] | None,
    ) -> Index:
        where = repository(Path(root), variables)
        report = Report()
        store = Store.open(where.git_folder, cache_dir, report.warnings)
        source = GitTree(where, commit, exclude, max_file_bytes)
        return cls(Contents(where, source, FactsCache(store), max_file_bytes, report)).refresh()

    def with_changes(self, changes: Mapping[str, bytes | None]) -> Index:
        """The same repository with other contents of some paths (None: deleted), in memory.

        Only what changed is parsed; nothing is written to the store.
        """
        self._ensure()
        contents = self._files.overlay(changes)
        same = all(map(leads_nowhere_else, changes)) and contents.keys.keys() == self._keys.keys()
        return Index(contents, Base(self, self._keys, frozenset(changes)) if same else None)

    # -- refreshing

    def refresh(
        self, progress: Callable[[float, float], object] | None = None, paths: Collection[str] | None = None
    ) -> Index:
        """Look at the files again and index what changed. `progress(done, total)` counts files.

        With `paths`, only these are looked at (after a first full refresh). Raises GitError.
        """
        self._files.refresh(progress, paths, persist=True)
        return self

    def _forget(self) -> None:
        """Drop what was worked out from other contents."""
        self._resolver_: Resolver | None = None
        self._project_: ProjectFiles | None = None
        self._edges_: dict[str, list[ImportEdge]] = {}
        self._lines: dict[str, list[int]] = {}
        self._by_key: dict[Key, list[str]] | None = None
        self._reference_memo: dict[str, list[Reference]] = {}
        self._with_word: dict[str, list[str]] = {}

    def _ensure(self) -> None:
        if not self._files.refreshed:
            self.refresh()

    # -- files

    @property
    def root(self) -> Path:
        return self._files.where.root

    @property
    def report(self) -> Report:
        return self._files.report

    @property
    def _source(self) -> Source:
        return self._files.source

    @property
    def _cache(self) -> FactsCache:
        return self._files.cache

    @property
    def _keys(self) -> dict[str, Key]:
        return self._files.keys

    @property
    def store(self) -> Store:
        """Where facts are kept; search adds its own tables there."""
        return self._cache.store

    def files(self) -> list[FileRecord]:
        self._ensure()
        return list(self._files.records.values())

    def file(self, path: str) -> FileRecord | None:
        self._ensure()
        return self._files.records.get(path)

    def role(self, path: str) -> Role:
        record = self.file(path)
        return record.role if record is not None else files.role(path)

    def read(self, path: str) -> bytes:
        """The bytes that were indexed (for a file changed since: its bytes now, indexed anew).

        Raises NotIndexed for a path that is not listed, OSError for one that cannot be read.
        """
        self._ensure()
        return self._files.read(path)

    def text(self, path: str) -> str:
        """The decoded text. Never raises for its content; NotIndexed and OSError as read()."""
        return decode(self.read(path))

    def language(self, path: str) -> Language | None:
        """The language of a file that has a grammar and is read, else None."""
        key = self._keys.get(path)
        return named(key[1]) if key is not None else None

    def module_name(self, path: str) -> str | None:
        language = self.language(path)
        return language.module_name(path, self._project()) if language is not None else None

    # -- facts

    def _make(self, path: str) -> Callable[[], Row]:
        return lambda: index_blob(path, self.read(path), for_path(path))

    def _pieces(self, path: str, *pieces: str) -> FileFacts | None:
        self._ensure()
        key = self._keys.get(path)
        if key is None or named(key[1]) is None:
            return None
        return self._cache.get(key, pieces, self._make(path))

    def facts(self, path: str) -> FileFacts | None:
        """All facts of a file, None where there is no grammar."""
        return self._pieces(path, *PIECES)

    def outline(self, path: str) -> FileFacts | None:
        """The same with only imports, exports, `__all__` and errors sure to be filled in: cheaper than facts()."""
        return self._pieces(path, "outline")

    def _outline(self, path: str) -> FileFacts:
        return self._pieces(path, "outline") or FileFacts("text")

    def with_texts(self, path: str) -> FileFacts | None:
        """The same with only strings and comments (`texts`) sure to be filled in."""
        return self._pieces(path, "texts")

    def paths_with(self, name: str) -> list[str]:
        """Files, sorted, that may hold every word of a name; none that does is missing."""
        return self._paths_with(name)

    def _imports(self, path: str) -> list[ImportFact]:
        return self._outline(path).imports

    def _exports(self, path: str) -> list[Export]:
        return self._outline(path).exports

    def _definitions(self, path: str) -> list[Definition]:
        facts = self._pieces(path, "definitions")
        return facts.definitions if facts is not None else []

    def _occurrences(self, path: str, names: Collection[str]) -> list[Occurrence]:
        key = self._keys.get(path)
        if key is None or named(key[1]) is None:
            return []
        return self._cache.named(key, names, self._make(path))

    def _paths_of(self, keys: Collection[Key]) -> list[str]:
        """Paths of this snapshot that hold these blobs, sorted."""
        self._ensure()
        if self._by_key is None:
            self._by_key = {}
            for path, key in self._keys.items():
                self._by_key.setdefault(key, []).append(path)
        return sorted(p for key in keys for p in self._by_key.get(key, ()))

    def _paths_with(self, name: str) -> list[str]:
        """Files whose text may hold every word of a name."""
        found = self._with_word.get(name)
        if found is None:
            found = self._with_word[name] = self._paths_of(self._cache.with_words(name))
        return found

    def _project(self) -> ProjectFiles:
        if self._project_ is None:
            self._project_ = ProjectFiles(self._keys, self.read, self._outline)
        return self._project_

    def _resolver(self) -> Resolver:
        self._ensure()
        if self._resolver_ is None:
            self._resolver_ = Resolver(self)
        return self._resolver_

    @staticmethod
    def _python() -> Language | None:
        return named("python")

    def _dotted(self, text: str) -> Target | None:
        """What a dotted name, as an import from the top of the repository would, leads to."""
        python = self._python()
        if python is None:
            return None
        resolver = self._resolver()
        parts = text.split(".")
        project = self._project()
        for count in range(len(parts), 0, -1):
            resolution = python.resolve_module(".".join(parts[:count]), "", project)
            if resolution.state == "resolved" and resolution.path is not None:
                target: Target | None = Module(resolution.path)
                for part in parts[count:]:
                    target = resolver.attribute(target, part)
                return target
        return None

    # -- symbols

    def symbols(self, path: str | None = None) -> list[Symbol]:
        """Definitions of one file, or of all; a conditional or overloaded one counts once."""
        if path is not None:
            return symbols.symbols_of(self, path)
        self._ensure()
        self._cache.preload(set(self._keys.values()), "definitions")
        return [s for p in sorted(self._keys) for s in symbols.symbols_of(self, p)]

    def symbol(self, spec: str) -> Symbol:
        """The one symbol named by "path::qualified.name", "path", "qualified.name", "pkg.mod.name" or a unique name.

        Raises UnknownSymbol, AmbiguousSymbol.
        """
        return symbols.lookup(self, spec)

    def find(self, name: str, *, kinds: Collection[str] | None = None) -> list[Symbol]:
        return symbols.find(self, name, kinds)

    def names(self) -> set[str]:
        """Every name that a file of the repository defines."""
        self._ensure()
        return self._cache.defined_names(set(self._keys.values()))

    # -- imports

    def imports(self, path: str) -> list[ImportEdge]:
        self._ensure()
        found = self._edges_.get(path)
        if found is None:
            found = self._base.edges(path) if self._base is not None else None
            if found is None:
                found = graph.edges_of(self, path)
            self._edges_[path] = found
        return list(found)

    def edges(self) -> list[ImportEdge]:
        """Import edges of all files, by path and line."""
        self._ensure()
        if len(self._edges_) < len(self._keys):
            self._cache.preload(set(self._keys.values()), "outline")
        return [edge for path in sorted(self._keys) for edge in self.imports(path)]

    def importers(self, path: str, transitive: bool = False) -> list[ImportEdge]:
        return graph.importers(self.edges(), path, transitive)

    def cycles(self, *, lazy: bool = False) -> list[list[str]]:
        """Groups of files that import each other (graph.cycles)."""
        return graph.cycles(self.edges(), lazy=lazy)

    def resolve(self, path: str, name: str, scope: str = "") -> Symbol | FileRecord | None:
        """What a (dotted) name means in a scope of a file, followed across files; None outside the repository."""
        target = self._resolver().expression(path, name, scope)
        if isinstance(target, Module):
            return self._files.records.get(target.path)
        return target if isinstance(target, Symbol) else None

    # -- references

    def meanings(self, name: str) -> Iterator[tuple[str, Occurrence, Symbol | FileRecord]]:
        """(path, occurrence, what it means) of each identifier `name` whose bindings lead into the repository, by
        path and place. Cheaper than references(): nothing is guessed, and aliases go by their own names."""
        resolver = self._resolver()
        for path in self._paths_with(name):
            for occurrence in self._occurrences(path, {name}):
                target = resolver.occurrence(path, occurrence)
                meant = self._files.records.get(target.path) if isinstance(target, Module) else target
                if isinstance(meant, Symbol | FileRecord):
                    yield path, occurrence, meant

    def references(self, symbol: Symbol) -> list[Reference]:
        """Every place that means the symbol, of all certainties (references.py says how they are told)."""
        from . import references

        key = symbol.id
        found = self._reference_memo.get(key)
        if found is None:
            found = self._reference_memo[key] = references.references(self, symbol)
        return list(found)

    def method_family(self, symbol: Symbol) -> list[Symbol]:
        """A method or class attribute with what it overrides and what overrides it: these are renamed together."""
        from . import references

        return references.method_family(self, symbol)

    def module_references(self, path: str) -> list[Reference]:
        """Every place that names a file as a module; each span covers the module's own last name alone."""
        from . import module_references

        return module_references.module_references(self, path)

    def callers(self, symbol: Symbol) -> list[Reference]:
        return [r for r in self.references(symbol) if r.kind == "call"]

    def search(
        self,
        query: str,
        *,
        limit: int = 20,
        languages: Collection[str] | None = None,
        paths: Collection[str] | None = None,
    ) -> list[Hit]:
        """Definitions and passages for a query, best first (search.py)."""
        from . import search

        return search.search(self, query, limit=limit, languages=languages, paths=paths)

    # -- places

    def _starts(self, path: str) -> list[int]:
        """Byte offsets at which lines start."""
        starts = self._lines.get(path)
        if starts is None:
            content, starts, at = self.read(path), [0], 0
            while (at := content.find(b"\n", at) + 1) > 0:
                starts.append(at)
            self._lines[path] = starts
        return starts

    def _line_of(self, path: str, offset: int) -> int:
        return bisect.bisect_right(self._starts(path), offset)

    def _columns(self, path: str, span: tuple[int, int]) -> tuple[int, int, int]:
        """(line, first column, column after the last) of a span, in characters from 1."""
        starts = self._starts(path)
        line = bisect.bisect_right(starts, span[0])
        content = self.read(path)
        start = starts[line - 1]
        if line == 1 and content.startswith(b"\xef\xbb\xbf"):
            start = min(3, span[0])
        head, body = content[start : span[0]], content[span[0] : span[1]]
        if head.isascii() and body.isascii():
            first, length = len(head), len(body)
        else:
            first, length = len(decode(head)), len(decode(body))
        return line, first + 1, first + 1 + length


__all__ = ["GitError", "Index", "NotIndexed", "Report"]
