"""Facts on disk, by blob hash: SQLite in the repository's git folder, one writer and any number of readers.

Nothing in it cannot be made again, so trouble never stops a query: a damaged file is deleted and rebuilt, a
folder that cannot be written is left alone for the user's cache folder or memory, a full disk means that this
run keeps its facts in memory. What happened is said in `warnings`.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import struct
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCHEMA = 2
PIECES = ("outline", "definitions", "uses", "texts")
"""Columns that hold facts."""
FILE_NAME = "index.sqlite"
BUSY_SECONDS = 5.0
_KEPT = 4000
"""Rows kept beyond four times the size of the repository before old ones are dropped."""

_TABLES = """
CREATE TABLE blobs (
    id INTEGER PRIMARY KEY,
    blob TEXT NOT NULL,         -- git blob hash
    language TEXT NOT NULL,     -- "text" without a grammar, "binary"
    version INTEGER NOT NULL,   -- of the extractor
    generated INTEGER NOT NULL,
    UNIQUE (blob, language)
);
CREATE TABLE words (row INTEGER PRIMARY KEY, words BLOB NOT NULL);
CREATE TABLE facts (row INTEGER PRIMARY KEY, outline BLOB, definitions BLOB, uses BLOB, texts BLOB);
CREATE TABLE names (name TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (name, row)) WITHOUT ROWID;
CREATE INDEX names_row ON names (row);
CREATE TABLE stats (
    root TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
    inode INTEGER NOT NULL, blob TEXT NOT NULL, PRIMARY KEY (root, path)
) WITHOUT ROWID;
"""

_WORD = re.compile(rb"[A-Za-z0-9_\x80-\xff]+")

Key = tuple[str, str]
"""(blob hash, language)"""


@dataclass(slots=True)
class Row:
    """What is kept of one blob read as one language."""

    language: str
    version: int
    generated: bool
    words: bytes
    outline: bytes | None = None
    definitions: bytes | None = None
    uses: bytes | None = None
    texts: bytes | None = None
    names: frozenset[str] = frozenset()


def words_of(content: bytes) -> bytes:
    """The distinct words of a file as sorted 32-bit hashes: four bytes a word, little-endian."""
    hashes = sorted({zlib.crc32(w) for w in _WORD.findall(content)})
    return struct.pack(f"<{len(hashes)}I", *hashes)


def word_keys(name: str) -> list[bytes]:
    """What words_of() holds for each word of a name or dotted path."""
    return [struct.pack("<I", zlib.crc32(w)) for w in _WORD.findall(name.encode("utf-8", "surrogateescape"))]


def has_words(words: bytes, keys: list[bytes]) -> bool:
    """Whether a file may hold all the words. False positives are possible, misses are not."""
    return all(k in words for k in keys)


class Store:
    """Opened by Store.open(); in memory alone when nothing can be written."""

    def __init__(self, database: str, warnings: list[str]) -> None:
        self.path = database
        self.warnings = warnings
        self._connection: sqlite3.Connection | None = None
        self._ids: dict[Key, int] = {}

    # -- opening

    @classmethod
    def open(cls, git_folder: Path | None, cache_dir: Path | None, warnings: list[str]) -> Store:
        """The store of a repository: in `cache_dir` if given, else `git_folder`/v4, else the user's cache."""
        folders: list[Path] = []
        if cache_dir is not None:
            folders.append(cache_dir)
        elif git_folder is not None:
            folders.append(git_folder / "v4")
            import platformdirs

            digest = hashlib.sha256(os.fsencode(git_folder)).hexdigest()[:16]
            user = os.environ.get("V4_CACHE_DIR") or platformdirs.user_cache_dir("v4")
            folders.append(Path(user) / "index" / digest)
        for i, folder in enumerate(folders):
            store = cls(str(folder / FILE_NAME), warnings)
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                store._open()
            except (OSError, sqlite3.Error) as error:
                store.close()
                if i + 1 == len(folders):
                    warnings.append(f"the index is kept in memory: {folder} cannot be used ({error})")
                continue
            if i:
                warnings.append(f"the index is kept in {folder}: {folders[0]} cannot be written")
            return store
        return cls.in_memory(warnings)

    @classmethod
    def in_memory(cls, warnings: list[str]) -> Store:
        store = cls(":memory:", warnings)
        store._open()
        return store

    def _open(self) -> None:
        try:
            self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise
            if self.path == ":memory:" or not os.path.exists(self.path):
                raise
            if isinstance(error, sqlite3.OperationalError) and "unable to open" in str(error):
                raise
            self._rebuild(error)

    def _connect(self) -> None:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._connection = connection
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if self.path != ":memory:":
            if version != SCHEMA:
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        if version != SCHEMA:
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:  # another process was quicker
                for (name,) in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                ).fetchall():
                    connection.execute(f'DROP TABLE IF EXISTS "{name}"')
                for statement in re.sub(r"--.*", "", _TABLES).split(";"):
                    if statement.strip():
                        connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {SCHEMA}")
            connection.execute("COMMIT")
        connection.execute("SELECT id FROM blobs LIMIT 1").fetchone()

    def _rebuild(self, error: sqlite3.Error) -> None:
        """Delete a damaged database and start anew."""
        self.warnings.append(f"the index was damaged and is rebuilt ({error})")
        self.close()
        for suffix in ("", "-wal", "-shm"):
            try:
                os.unlink(self.path + suffix)
            except FileNotFoundError:
                pass
        self._connect()

    def close(self) -> None:
        if self._connection is not None:
            try:
                self._connection.close()
            except sqlite3.Error:
                pass
            self._connection = None

    def connection(self) -> sqlite3.Connection:
        """The connection, in autocommit: begin and commit what belongs together. Other modules may add tables."""
        if self._connection is None:
            self._open()
        assert self._connection is not None
        return self._connection

    @property
    def persistent(self) -> bool:
        return self.path != ":memory:"

    @contextmanager
    def _guarded(self, writing: bool = False) -> Iterator[sqlite3.Connection]:
        """Run statements; damage and a full disk are met here, so that callers see an empty store at worst."""
        try:
            yield self.connection()
        except sqlite3.OperationalError as error:
            self._rollback()
            message = str(error)
            if "locked" in message or "busy" in message:
                if writing:
                    self.warnings.append("another process is writing the index: this run keeps its facts in memory")
                return
            if "full" in message or "readonly" in message or "disk I/O" in message or "unable to open" in message:
                self.warnings.append(f"the index cannot be written ({message}): this run keeps its facts in memory")
                self._to_memory()
                return
            raise
        except sqlite3.DatabaseError as error:
            self._rollback()
            self._ids.clear()
            if not self.persistent:
                raise
            try:
                self._rebuild(error)
            except (OSError, sqlite3.Error):
                self._to_memory()

    def _rollback(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                pass

    def _to_memory(self) -> None:
        self.close()
        self._ids.clear()
        self.path = ":memory:"
        self._connect()

    # -- stat cache

    def stats(self, root: str) -> dict[str, tuple[int, int, int, int, str]]:
        """path -> (size, mtime ns, ctime ns, inode, blob) as last seen in this work tree."""
        found: dict[str, tuple[int, int, int, int, str]] = {}
        with self._guarded() as connection:
            for path, *rest in connection.execute(
                "SELECT path, size, mtime, ctime, inode, blob FROM stats WHERE root = ?", (root,)
            ):
                found[_unescape(path)] = tuple(rest)
        return found

    def save_stats(
        self, root: str, changed: Mapping[str, tuple[int, int, int, int, str]], gone: Collection[str]
    ) -> None:
        if not changed and not gone:
            return
        with self._guarded(writing=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT OR REPLACE INTO stats VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(root, _escape(path), *row) for path, row in changed.items()],
            )
            connection.executemany("DELETE FROM stats WHERE root = ? AND path = ?", [(root, _escape(p)) for p in gone])
            connection.execute("COMMIT")

    # -- facts

    def heads(self, blobs: Collection[str]) -> dict[Key, tuple[int, bool]]:
        """(blob, language) -> (extractor version, generated) of those blobs that the store has."""
        found: dict[Key, tuple[int, bool]] = {}
        with self._guarded() as connection:
            wanted = set(blobs)
            for row, blob, language, version, generated in connection.execute(
                "SELECT id, blob, language, version, generated FROM blobs"
            ):
                if blob in wanted:
                    found[blob, language] = (version, bool(generated))
                    self._ids[blob, language] = row
        return found

    def row_id(self, blob: str, language: str) -> int | None:
        """Number of the row of a blob, for tables of other modules."""
        key = (blob, language)
        if key not in self._ids:
            with self._guarded() as connection:
                found = connection.execute("SELECT id FROM blobs WHERE blob = ? AND language = ?", key).fetchone()
                if found is None:
                    return None
                self._ids[key] = found[0]
        return self._ids.get(key)

    def piece(self, key: Key, column: str) -> bytes | None:
        """One column of facts (of PIECES), None when the store lacks it."""
        assert column in PIECES
        found = None
        with self._guarded() as connection:
            found = connection.execute(
                f"SELECT {column} FROM blobs JOIN facts ON facts.row = id WHERE blob = ? AND language = ?", key
            ).fetchone()
        return found[0] if found is not None else None

    def pieces(self, keys: Collection[Key], column: str) -> dict[Key, bytes]:
        """The same for many, in one query."""
        assert column in PIECES
        wanted = set(keys)
        found: dict[Key, bytes] = {}
        with self._guarded() as connection:
            for blob, language, data in connection.execute(
                f"SELECT blob, language, {column} FROM blobs JOIN facts ON facts.row = id"
            ):
                if (blob, language) in wanted and data is not None:
                    found[blob, language] = data
        return found

    def with_words(self, keys: list[bytes]) -> set[Key]:
        """Blobs whose text may hold all these words (word_keys), of any snapshot."""
        found: set[Key] = set()
        with self._guarded() as connection:
            clause = " AND ".join("instr(words, ?) > 0" for _ in keys) or "1"
            found.update(
                connection.execute(f"SELECT blob, language FROM words JOIN blobs ON id = row WHERE {clause}", keys)
            )
        return found

    def defining(self, name: str) -> set[Key]:
        """Blobs that define `name`."""
        found: set[Key] = set()
        with self._guarded() as connection:
            found.update(
                connection.execute(
                    "SELECT blob, language FROM names JOIN blobs ON blobs.id = names.row WHERE name = ?", (name,)
                )
            )
        return found

    def defined_names(self, keys: Collection[Key]) -> set[str]:
        """Every name that one of these blobs defines."""
        found: set[str] = set()
        wanted = set(keys)
        with self._guarded() as connection:
            rows = {
                row
                for row, blob, language in connection.execute("SELECT id, blob, language FROM blobs")
                if (blob, language) in wanted
            }
            found.update(name for name, row in connection.execute("SELECT name, row FROM names") if row in rows)
        return found

    def save(self, rows: Iterable[tuple[str, Row]], live: Collection[str] = ()) -> bool:
        """Add or replace facts of blobs in one transaction; False when they could not be kept.

        `live`: all blobs of the snapshot; others are dropped once they are many.
        """
        done = False
        with self._guarded(writing=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for blob, row in rows:
                old = connection.execute(
                    "SELECT id FROM blobs WHERE blob = ? AND language = ?", (blob, row.language)
                ).fetchone()
                if old is not None:
                    self._delete(connection, [old])
                number = connection.execute(
                    "INSERT INTO blobs (blob, language, version, generated) VALUES (?, ?, ?, ?)",
                    (blob, row.language, row.version, int(row.generated)),
                ).lastrowid
                assert number is not None
                self._ids[blob, row.language] = number
                connection.execute("INSERT INTO words VALUES (?, ?)", (number, row.words))
                if row.outline is not None:
                    connection.execute(
                        "INSERT INTO facts VALUES (?, ?, ?, ?, ?)",
                        (number, row.outline, row.definitions, row.uses, row.texts),
                    )
                connection.executemany(
                    "INSERT OR IGNORE INTO names VALUES (?, ?)", [(n, number) for n in sorted(row.names)]
                )
            if live:
                self._drop_old(connection, set(live))
            connection.execute("COMMIT")
            done = True
        return done

    def _drop_old(self, connection: sqlite3.Connection, live: set[str]) -> None:
        count = connection.execute("SELECT count(*) FROM blobs").fetchone()[0]
        if count <= 4 * len(live) + _KEPT:
            return
        rows = connection.execute("SELECT id, blob FROM blobs").fetchall()
        old = [(row,) for row, blob in rows if blob not in live]
        self._delete(connection, old)
        self._ids.clear()

    @staticmethod
    def _delete(connection: sqlite3.Connection, rows: list[tuple[int]]) -> None:
        for table, column in (("names", "row"), ("words", "row"), ("facts", "row"), ("blobs", "id")):
            connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", rows)


def _escape(path: str) -> str:
    """SQLite text is UTF-8: lone surrogates of paths that are not become private-use characters."""
    if path.isascii():
        return path
    return "".join(chr(ord(c) - 0xDC80 + 0x10FF00) if "\udc80" <= c <= "\udcff" else c for c in path)


def _unescape(path: str) -> str:
    if path.isascii():
        return path
    return "".join(chr(ord(c) - 0x10FF00 + 0xDC80) if "\U0010ff00" <= c <= "\U0010ff7f" else c for c in path)
