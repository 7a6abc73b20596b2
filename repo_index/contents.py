"""The files of one snapshot: their records, their bytes, and where the facts of each are found."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from . import files
from .facts_cache import FactsCache, index_blob, version_of
from .languages import for_path, named
from .records import FileRecord
from .snapshot import Entry, Overlay, Repository, Source, WorkTree, blob_hash
from .store import Key, Row

_BATCH = 200
"""Files indexed between two commits to the store: an interrupted run keeps what it has done."""
_KEPT_BYTES = 32_000_000
"""Bytes of file contents kept in memory."""

Progress = Callable[[float, float], object]
"""progress(done, total)"""


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


class Contents:
    """Kept up to date by refresh(). Indexing a file puts its facts into the cache, under its key."""

    def __init__(
        self,
        where: Repository,
        source: Source,
        cache: FactsCache,
        max_bytes: int,
        report: Report,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.where = where
        self.source = source
        self.cache = cache
        self.max_bytes = max_bytes
        self.report = report
        #: called whenever what was worked out from the contents no longer holds
        self.on_change = on_change
        self.entries: dict[str, Entry] = {}
        #: path -> (blob, language) of the files that are read; the language is "text" or "binary" without a grammar
        self.keys: dict[str, Key] = {}
        self._records: dict[str, FileRecord] | None = None
        self.refreshed = False
        self._bytes: dict[str, bytes] = {}
        self._size = 0
        self._generated: dict[Key, bool] = {}
        self._binary: set[Key] = set()

    def overlay(self, changes: Mapping[str, bytes | None]) -> Contents:
        """The same files with other contents of some (None: deleted), in memory. Only what changed is indexed."""
        source = Overlay(self.entries, self.source, changes, self.where.algorithm, self.max_bytes)
        made = Contents(self.where, source, self.cache, self.max_bytes, Report())
        made._bytes = {path: content for path, content in self._bytes.items() if path not in changes}
        made._size = sum(map(len, made._bytes.values()))
        made.refresh(None, None, persist=False)
        return made

    def refresh(
        self,
        progress: Progress | None,
        paths: Collection[str] | None,
        persist: bool,
    ) -> None:
        started = time.perf_counter()
        report = self.report
        warnings = list(report.warnings) if not self.refreshed else []
        report.warnings.clear()
        before = self.entries if self.refreshed else None
        entries = self.source.entries(paths, before)
        if before is not None:
            for path in [p for p in self._bytes if entries.get(p) != before.get(p)]:
                self._size -= len(self._bytes.pop(path))
        self.on_change()
        self._binary = set()
        wanted = {path: entry for path, entry in entries.items() if not entry.skipped}
        keys: dict[str, Key] = {}
        if before is not None:
            keys = {p: self.keys[p] for p, entry in wanted.items() if p in self.keys and before.get(p) == entry}
        looked = {path: entry for path, entry in wanted.items() if path not in keys}
        known = self.cache.store.heads({e.blob for e in looked.values()})
        todo: dict[str, Entry] = {}
        queued: set[Key] = set()
        for path, entry in looked.items():
            key = (entry.blob, self._language_name(path))
            binary = (entry.blob, "binary")
            if binary in known or self.cache.has(binary):
                keys[path] = binary
                continue
            keys[path] = key
            if key in queued or self.cache.has(key) or self._current(known.get(key), key[1]):
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
        self.source.forget()
        for path, key in keys.items():
            if (key[0], "binary") in self._binary:
                keys[path] = (key[0], "binary")
        self.entries = entries
        self.keys = keys
        self._generated.update({key: generated for key, (_, generated) in known.items()})
        self._records = None
        self.refreshed = True
        report.warnings[:0] = warnings
        report.files = len(entries)
        report.parsed = parsed
        report.reused = len(wanted) - len(failed) - parsed
        report.skipped = sum(1 for e in entries.values() if e.skipped) + sum(
            1 for k in keys.values() if k[1] == "binary"
        )
        report.seconds = time.perf_counter() - started

    @property
    def records(self) -> dict[str, FileRecord]:
        """path -> FileRecord, sorted by path; made when first asked for."""
        if self._records is None:
            self._records = {path: self._record(path, entry) for path, entry in self.entries.items()}
        return self._records

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
        progress: Progress | None,
        persist: bool,
        live: set[str],
    ) -> tuple[int, dict[str, str | None]]:
        """Index files; returns how many, and those that could not be read (None: gone)."""
        failed: dict[str, str | None] = {}
        if not todo:
            return 0, failed
        from . import workers  # of no use, and slow to import, when nothing changed

        batch: list[tuple[str, Row]] = []
        total, done = len(todo), 0

        def flush() -> None:
            if batch and not (persist and self.cache.store.persistent and self.cache.store.save(batch, live)):
                for blob, row in batch:
                    self.cache.rows[blob, row.language] = row
            batch.clear()

        contents = self.source.read_many(todo)
        if persist or total >= workers.FILES:
            found = workers.rows(contents, total, self.report.warnings)
        else:
            found = ((p, c, None if c is None else index_blob(p, c, for_path(p))) for p, c in contents)
        for path, content, row in found:
            done += 1
            if content is None or row is None:
                failed[path] = None
                continue
            blob = keys[path][0]
            if isinstance(self.source, WorkTree):  # it may have been written between hashing and reading
                blob = blob_hash(content, self.where.algorithm)
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
        key = self.keys[path]
        skipped = "binary" if key[1] == "binary" else ""
        role = files.role(path, self._generated.get(key, False))
        return FileRecord(path, key[0], entry.size, key[1], role, skipped)

    def read(self, path: str) -> bytes:
        """The bytes that were indexed (for a file changed since: its bytes now, indexed anew).

        Raises NotIndexed for a path that is not listed, OSError for one that cannot be read.
        """
        content = self._bytes.get(path)
        if content is not None:
            return content
        entry = self.entries.get(path)
        if entry is None:
            raise NotIndexed(path)
        if entry.skipped and not entry.blob:
            return self.source.read(path, entry)
        content = self.source.read(path, entry)
        key = self.keys.get(path)
        if isinstance(self.source, WorkTree) and key is not None:
            blob = blob_hash(content, self.where.algorithm)
            if blob != key[0]:
                self._changed_meanwhile(path, content, blob)
        self._remember(path, content)
        return content

    def _changed_meanwhile(self, path: str, content: bytes, blob: str) -> None:
        row = index_blob(path, content, for_path(path))
        self.cache.rows[blob, row.language] = row
        self.on_change()
        self.entries[path] = Entry(blob, len(content))
        self.keys[path] = (blob, row.language)
        self._generated[blob, row.language] = row.generated
        if self._records is not None:
            self._records[path] = self._record(path, self.entries[path])

    def _remember(self, path: str, content: bytes) -> None:
        if self._size + len(content) > _KEPT_BYTES:
            self._bytes.clear()
            self._size = 0
        old = self._bytes.get(path)
        self._size += len(content) - (len(old) if old is not None else 0)
        self._bytes[path] = content
