"""The index of a repository: what every command asks."""

from __future__ import annotations

import bisect
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from . import files, graph, symbols
from .encoding import decode
from .facts import Definition, Export, FileFacts, ImportFact, Occurrence
from .facts_cache import FactsCache, index_blob, version_of
from .git import GitError
from .languages import for_path, named
from .languages.base import Language
from .project import ProjectFiles
from .records import FileRecord, ImportEdge, Reference, Role, Symbol
from .resolve import Module, Resolver, Target
from .snapshot import Entry, GitTree, Overlay, Repository, Source, WorkTree, blob_hash, repository
from .store import PIECES, Key, Row, Store

if TYPE_CHECKING:
    from .records import Hit

_BATCH = 200
"""Files indexed between two commits to the store: an interrupted run keeps what it has done."""
_TEXT_CACHE = 32_000_000
"""Bytes of file contents kept in memory."""


class NotIndexed(KeyError):
    """The path is not in the index."""

    def __str__(self) -> str:
        return f"{self.args[0]} is not in the index: it is not a file that git lists, or it is excluded"


@dataclass(slots=True)
class Report:
    """What the last refresh did. `warnings` are lines for the user."""

    files: int = 0
    parsed: int = 0
    reused: int = 0
    skipped: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)


class Index:
    """Made by Index.open(), Index.of_commit() or Index.of_staged(); filled by refresh()."""

    def __init__(
        self, where: Repository, source: Source, cache: FactsCache, max_file_bytes: int, report: Report
    ) -> None:
        self._where = where
        self._source = source
        self._cache = cache
        self._max_bytes = max_file_bytes
        self.report = report
        self._entries: dict[str, Entry] = {}
        self._keys: dict[str, Key] = {}
        self._records: dict[str, FileRecord] = {}
        self._refreshed = False
        self._contents: dict[str, bytes] = {}
        self._contents_size = 0
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
        return cls(where, source, FactsCache(store), max_file_bytes, report)

    @classmethod
    def of_commit(
        cls,
        root: Path | str,
        commit: str = "HEAD",
        *,
        exclude: Iterable[str] = (),
        max_file_bytes: int = 1_000_000,
        cache_dir: Path | None = None,
    ) -> Index:
        """The index of a commit's files, refreshed. Raises GitError for what is no commit."""
        return cls._of_tree(root, commit, exclude, max_file_bytes, cache_dir, None)

    @classmethod
    def of_staged(
        cls,
        root: Path | str,
        *,
        exclude: Iterable[str] = (),
        max_file_bytes: int = 1_000_000,
        cache_dir: Path | None = None,
        index_file: str | None = None,
    ) -> Index:
        """The index of what is staged, refreshed. `index_file`: git's GIT_INDEX_FILE when a hook is given one."""
        return cls._of_tree(root, None, exclude, max_file_bytes, cache_dir, index_file)

    @classmethod
    def _of_tree(
        cls,
        root: Path | str,
        commit: str | None,
        exclude: Iterable[str],
        max_file_bytes: int,
        cache_dir: Path | None,
        index_file: str | None,
    ) -> Index:
        where = repository(Path(root))
        report = Report()
        store = Store.open(where.git_folder, cache_dir, report.warnings)
        source = GitTree(where, commit, exclude, max_file_bytes, index_file)
        return cls(where, source, FactsCache(store), max_file_bytes, report).refresh()

    def with_changes(self, changes: Mapping[str, bytes | None]) -> Index:
        """The same repository with other contents of some paths (None: deleted), in memory.

        Only what changed is parsed; nothing is written to the store.
        """
        self._ensure()
        overlay = Overlay(self._entries, self._source, changes, self._where.algorithm, self._max_bytes)
        made = Index(self._where, overlay, self._cache, self._max_bytes, Report())
        made._contents = dict(self._contents)
        for path in changes:
            made._contents.pop(path, None)
        made._contents_size = sum(map(len, made._contents.values()))
        made._fill(None, None, persist=False)
        return made

    # -- refreshing

    def refresh(
        self, progress: Callable[[float, float], object] | None = None, paths: Collection[str] | None = None
    ) -> Index:
        """Look at the files again and index what changed. `progress(done, total)` counts files.

        With `paths`, only these are looked at (after a first full refresh). Raises GitError.
        """
        self._fill(progress, paths, persist=True)
        return self

    def _fill(
        self,
        progress: Callable[[float, float], object] | None,
        paths: Collection[str] | None,
        persist: bool,
    ) -> None:
        started = time.perf_counter()
        report = self.report
        warnings = list(report.warnings) if not self._refreshed else []
        report.warnings.clear()
        before = self._entries if self._refreshed else None
        entries = self._source.entries(paths, before)
        if before is not None:
            for path in [p for p in self._contents if entries.get(p) != before.get(p)]:
                self._contents_size -= len(self._contents.pop(path))
        self._forget()
        wanted = {path: entry for path, entry in entries.items() if not entry.skipped}
        language_names = {path: self._language_name(path) for path in wanted}
        known = self._cache.store.heads({e.blob for e in wanted.values()})
        todo: dict[str, Entry] = {}
        keys: dict[str, Key] = {}
        queued: set[Key] = set()
        for path, entry in wanted.items():
            key = (entry.blob, language_names[path])
            binary = (entry.blob, "binary")
            if binary in known or self._cache.has(binary):
                keys[path] = binary
                continue
            keys[path] = key
            if key in queued or self._cache.has(key) or self._current(known.get(key), key[1]):
                continue
            queued.add(key)
            todo[path] = entry
        parsed, failed = self._index(todo, keys, progress, persist, {e.blob for e in wanted.values()})
        for path, reason in failed.items():
            keys.pop(path, None)
            if reason is None:
                entries.pop(path, None)
            else:
                entries[path] = Entry("", entries[path].size, reason)
        self._source.forget()
        for path, key in keys.items():
            if (key[0], "binary") in self._binary:
                keys[path] = (key[0], "binary")
        self._entries = entries
        self._keys = keys
        self._generated.update({key: generated for key, (_, generated) in known.items()})
        self._records = {path: self._record(path, entry) for path, entry in entries.items()}
        self._refreshed = True
        report.warnings[:0] = warnings
        report.files = len(entries)
        report.parsed = parsed
        report.reused = len(wanted) - len(failed) - parsed
        report.skipped = sum(1 for r in self._records.values() if r.skipped)
        report.seconds = time.perf_counter() - started

    @staticmethod
    def _language_name(path: str) -> str:
        language = for_path(path)
        return language.name if language is not None else "text"

    @staticmethod
    def _current(head: tuple[int, bool] | None, language_name: str) -> bool:
        if head is None:
            return False
        language = named(language_name)
        return language is None or head[0] == version_of(language)

    def _index(
        self,
        todo: dict[str, Entry],
        keys: dict[str, Key],
        progress: Callable[[float, float], object] | None,
        persist: bool,
        live: set[str],
    ) -> tuple[int, dict[str, str | None]]:
        """Index files; returns how many, and those that could not be read (None: gone)."""
        from . import workers

        failed: dict[str, str | None] = {}
        batch: list[tuple[str, Row]] = []
        total, done = len(todo), 0

        def flush() -> None:
            if batch and not (persist and self._cache.store.persistent and self._cache.store.save(batch, live)):
                for blob, row in batch:
                    self._cache.rows[blob, row.language] = row
            batch.clear()

        contents = self._source.read_many(todo)
        if total >= workers.FILES and workers.count() > 1:
            found = workers.rows(contents, self.report.warnings)
        else:
            found = ((p, c, None if c is None else index_blob(p, c, for_path(p))) for p, c in contents)
        for path, content, row in found:
            done += 1
            if content is None or row is None:
                failed[path] = None
                continue
            blob = keys[path][0]
            if isinstance(self._source, WorkTree):  # it may have been written between hashing and reading
                blob = blob_hash(content, self._where.algorithm)
                keys[path] = (blob, keys[path][1])
            if row.language == "binary":
                self._binary.add((blob, "binary"))
            self._generated[blob, row.language] = row.generated
            batch.append((blob, row))
            self._remember(path, content)
            if len(batch) >= _BATCH:
                flush()
            if progress is not None:
                progress(done, total)
        flush()
        return total - len(failed), failed

    def _record(self, path: str, entry: Entry) -> FileRecord:
        if entry.skipped:
            language = "binary" if not for_path(path) else self._language_name(path)
            return FileRecord(path, entry.blob, entry.size, language, files.role(path), entry.skipped)
        key = self._keys[path]
        skipped = "binary" if key[1] == "binary" else ""
        role = files.role(path, self._generated.get(key, False))
        return FileRecord(path, key[0], entry.size, key[1], role, skipped)

    def _forget(self) -> None:
        """Drop what was worked out from other contents."""
        self._resolver_: Resolver | None = None
        self._project_: ProjectFiles | None = None
        self._edges_: dict[str, list[ImportEdge]] = {}
        self._lines: dict[str, list[int]] = {}
        self._binary: set[Key] = set()
        self._generated: dict[Key, bool] = {}
        self._by_key: dict[Key, list[str]] | None = None
        self._reference_memo: dict[str, list[Reference]] = {}
        self._with_word: dict[str, list[str]] = {}

    def _ensure(self) -> None:
        if not self._refreshed:
            self.refresh()

    # -- files

    @property
    def root(self) -> Path:
        return self._where.root

    @property
    def store(self) -> Store:
        """Where facts are kept; search adds its own tables there."""
        return self._cache.store

    def files(self) -> list[FileRecord]:
        self._ensure()
        return list(self._records.values())

    def file(self, path: str) -> FileRecord | None:
        self._ensure()
        return self._records.get(path)

    def role(self, path: str) -> Role:
        record = self.file(path)
        return record.role if record is not None else files.role(path)

    def read(self, path: str) -> bytes:
        """The bytes that were indexed (for a file changed since: its bytes now, indexed anew).

        Raises NotIndexed for a path that is not listed, OSError for one that cannot be read.
        """
        self._ensure()
        content = self._contents.get(path)
        if content is not None:
            return content
        entry = self._entries.get(path)
        if entry is None:
            raise NotIndexed(path)
        if entry.skipped and not entry.blob:
            return self._source.read(path, entry)
        content = self._source.read(path, entry)
        key = self._keys.get(path)
        if isinstance(self._source, WorkTree) and key is not None:
            blob = blob_hash(content, self._where.algorithm)
            if blob != key[0]:
                self._changed_meanwhile(path, content, blob)
        self._remember(path, content)
        return content

    def _changed_meanwhile(self, path: str, content: bytes, blob: str) -> None:
        row = index_blob(path, content, for_path(path))
        self._cache.rows[blob, row.language] = row
        binary, generated = self._binary, self._generated
        self._forget()
        self._binary, self._generated = binary, generated
        self._entries[path] = Entry(blob, len(content))
        self._keys[path] = (blob, row.language)
        self._generated[blob, row.language] = row.generated
        self._records[path] = self._record(path, self._entries[path])

    def _remember(self, path: str, content: bytes) -> None:
        if self._contents_size + len(content) > _TEXT_CACHE:
            self._contents.clear()
            self._contents_size = 0
        old = self._contents.get(path)
        self._contents_size += len(content) - (len(old) if old is not None else 0)
        self._contents[path] = content

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

    def _outline(self, path: str) -> FileFacts:
        return self._pieces(path, "outline") or FileFacts("text")

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
            self._project_ = ProjectFiles(self._keys, self.read)
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
        return [s for p in self._keys for s in symbols.symbols_of(self, p)]

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
            found = self._edges_[path] = graph.edges_of(self, path)
        return list(found)

    def edges(self) -> list[ImportEdge]:
        """Import edges of all files, by path and line."""
        self._ensure()
        if len(self._edges_) < len(self._keys):
            self._cache.preload(set(self._keys.values()), "outline")
        return [edge for path in self._keys for edge in self.imports(path)]

    def importers(self, path: str, transitive: bool = False) -> list[ImportEdge]:
        return graph.importers(self.edges(), path, transitive)

    def cycles(self, *, lazy: bool = False) -> list[list[str]]:
        """Groups of files that import each other (graph.cycles)."""
        return graph.cycles(self.edges(), lazy=lazy)

    def resolve(self, path: str, name: str, scope: str = "") -> Symbol | FileRecord | None:
        """What a (dotted) name means in a scope of a file, followed across files; None outside the repository."""
        target = self._resolver().expression(path, name, scope)
        if isinstance(target, Module):
            return self._records.get(target.path)
        return target if isinstance(target, Symbol) else None

    # -- references

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
