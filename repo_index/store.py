"""Facts on disk, by blob hash: SQLite in the repository's git folder, one writer and any number of readers.

database.py says what happens when the file is damaged, locked or cannot be written.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .database import Database

SCHEMA = 3
PIECES = ("outline", "definitions", "uses", "texts")
"""Columns that hold facts."""
FILE_NAME = "index.sqlite"
_KEPT = 4000
"""Rows kept beyond four times the size of the repository before old ones are dropped."""
_FEW = 50
"""Rows that are looked up one by one; more are picked out of the whole table."""

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
CREATE TABLE tallies (row INTEGER PRIMARY KEY, tally TEXT NOT NULL);
CREATE TABLE names (name TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (name, row)) WITHOUT ROWID;
CREATE INDEX names_row ON names (row);
CREATE TABLE stats (
    root TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
    inode INTEGER NOT NULL, blob TEXT NOT NULL, PRIMARY KEY (root, path)
) WITHOUT ROWID;
CREATE TABLE summaries (root TEXT PRIMARY KEY, digest TEXT NOT NULL, data TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE counts (
    root TEXT NOT NULL, path TEXT NOT NULL, blob TEXT NOT NULL, counts TEXT NOT NULL, PRIMARY KEY (root, path)
) WITHOUT ROWID;
"""

Key = tuple[str, str]
"""(blob hash, language)"""


@dataclass(slots=True)
class Row:
    """What is kept of one blob read as one language. `tally` is what a summary counts of it (tally.py)."""

    language: str
    version: int
    generated: bool
    words: bytes
    outline: bytes | None = None
    definitions: bytes | None = None
    uses: bytes | None = None
    texts: bytes | None = None
    names: frozenset[str] = frozenset()
    tally: str | None = None


class Store(Database):
    """Opened by Store.open(); in memory alone when nothing can be written."""

    def __init__(self, path: str, warnings: list[str]) -> None:
        super().__init__(path, _TABLES, SCHEMA, warnings)
        self._ids: dict[Key, int] = {}

    def forget_rows(self) -> None:
        self._ids.clear()

    @classmethod
    def open(cls, git_folder: Path | None, cache_dir: Path | None, warnings: list[str]) -> Store:
        """The store of a repository: in `cache_dir` if given, else `git_folder`/v4, else the user's cache."""
        first = cache_dir if cache_dir is not None else git_folder / "v4" if git_folder is not None else None
        folders = [first] if first is not None else []
        failure = ""
        while folders:
            folder = folders.pop(0)
            store = cls(str(folder / FILE_NAME), warnings)
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                store.connect()
            except (OSError, sqlite3.Error) as error:
                store.close()
                failure = f"{folder} cannot be used ({error})"
                if folder is first and cache_dir is None and git_folder is not None:
                    folders.append(user_folder(git_folder))
                continue
            if folder is not first:
                warnings.append(f"the index is kept in {folder}: {first} cannot be written")
            return store
        if failure:
            warnings.append(f"the index is kept in memory: {failure}")
        return cls.in_memory(warnings)

    @classmethod
    def in_memory(cls, warnings: list[str]) -> Store:
        store = cls(":memory:", warnings)
        store.connect()
        return store

    # -- stat cache

    def stats(self, root: str) -> dict[str, tuple[int, int, int, int, str]]:
        """path -> (size, mtime ns, ctime ns, inode, blob) as last seen in this work tree."""
        found: dict[str, tuple[int, int, int, int, str]] = {}
        with self.guarded() as connection:
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
        with self.guarded(writing=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT OR REPLACE INTO stats VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(root, _escape(path), *row) for path, row in changed.items()],
            )
            connection.executemany("DELETE FROM stats WHERE root = ? AND path = ?", [(root, _escape(p)) for p in gone])
            connection.execute("COMMIT")

    # -- summaries

    def tallies(self, keys: Collection[Key]) -> dict[Key, str]:
        """What a summary counts of blobs; those that the store lacks are left out."""
        found: dict[Key, str] = {}
        few = len(keys) <= _FEW
        with self.guarded() as connection:
            query = "SELECT blob, language, tally FROM blobs JOIN tallies ON row = id"
            if few:
                for key in keys:
                    for blob, language, tally in connection.execute(f"{query} WHERE blob = ? AND language = ?", key):
                        found[blob, language] = tally
            else:
                wanted = set(keys)
                for blob, language, tally in connection.execute(query):
                    if (blob, language) in wanted:
                        found[blob, language] = tally
        return found

    def summary(self, root: str) -> tuple[str, str] | None:
        """(digest of the snapshot, data) of the last summary of a work tree."""
        with self.guarded() as connection:
            found: tuple[str, str] | None = connection.execute(
                "SELECT digest, data FROM summaries WHERE root = ?", (root,)
            ).fetchone()
            return found
        return None

    def counts(self, root: str) -> dict[str, tuple[str, str]]:
        """path -> (blob, counts) as kept with the last summary."""
        found: dict[str, tuple[str, str]] = {}
        with self.guarded() as connection:
            for path, blob, counts in connection.execute(
                "SELECT path, blob, counts FROM counts WHERE root = ?", (root,)
            ):
                found[_unescape(path)] = (blob, counts)
        return found

    def save_summary(
        self, root: str, digest: str, data: str, changed: Mapping[str, tuple[str, str]], gone: Collection[str]
    ) -> None:
        with self.guarded(writing=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT OR REPLACE INTO summaries VALUES (?, ?, ?)", (root, digest, data))
            connection.executemany(
                "INSERT OR REPLACE INTO counts VALUES (?, ?, ?, ?)",
                [(root, _escape(path), *row) for path, row in changed.items()],
            )
            connection.executemany("DELETE FROM counts WHERE root = ? AND path = ?", [(root, _escape(p)) for p in gone])
            connection.execute("COMMIT")

    # -- facts

    def heads(self, blobs: Collection[str]) -> dict[Key, tuple[int, bool]]:
        """(blob, language) -> (extractor version, generated) of those blobs that the store has."""
        found: dict[Key, tuple[int, bool]] = {}
        query = "SELECT id, blob, language, version, generated FROM blobs"
        with self.guarded() as connection:
            if len(blobs) <= _FEW:
                rows = [row for blob in blobs for row in connection.execute(f"{query} WHERE blob = ?", (blob,))]
            else:
                wanted = set(blobs)
                rows = [row for row in connection.execute(query) if row[1] in wanted]
            for number, blob, language, version, generated in rows:
                found[blob, language] = (version, bool(generated))
                self._ids[blob, language] = number
        return found

    def row_id(self, blob: str, language: str) -> int | None:
        """Number of the row of a blob, for tables of other modules."""
        key = (blob, language)
        if key not in self._ids:
            with self.guarded() as connection:
                found = connection.execute("SELECT id FROM blobs WHERE blob = ? AND language = ?", key).fetchone()
                if found is None:
                    return None
                self._ids[key] = found[0]
        return self._ids.get(key)

    def piece(self, key: Key, column: str) -> bytes | None:
        """One column of facts (of PIECES), None when the store lacks it."""
        assert column in PIECES
        found = None
        with self.guarded() as connection:
            found = connection.execute(
                f"SELECT {column} FROM blobs JOIN facts ON facts.row = id WHERE blob = ? AND language = ?", key
            ).fetchone()
        return found[0] if found is not None else None

    def pieces(self, keys: Collection[Key], column: str) -> dict[Key, bytes]:
        """The same for many, in one query."""
        assert column in PIECES
        wanted = set(keys)
        found: dict[Key, bytes] = {}
        with self.guarded() as connection:
            for blob, language, data in connection.execute(
                f"SELECT blob, language, {column} FROM blobs JOIN facts ON facts.row = id"
            ):
                if (blob, language) in wanted and data is not None:
                    found[blob, language] = data
        return found

    def with_words(self, keys: list[bytes]) -> set[Key]:
        """Blobs whose text may hold all these words (word_keys), of any snapshot."""
        found: set[Key] = set()
        with self.guarded() as connection:
            clause = " AND ".join("instr(words, ?) > 0" for _ in keys) or "1"
            found.update(
                connection.execute(f"SELECT blob, language FROM words JOIN blobs ON id = row WHERE {clause}", keys)
            )
        return found

    def defining(self, name: str) -> set[Key]:
        """Blobs that define `name`."""
        found: set[Key] = set()
        with self.guarded() as connection:
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
        with self.guarded() as connection:
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
        with self.guarded(writing=True) as connection:
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
                if row.tally is not None:
                    connection.execute("INSERT INTO tallies VALUES (?, ?)", (number, row.tally))
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
        for table in ("names", "words", "facts", "tallies"):
            connection.executemany(f"DELETE FROM {table} WHERE row = ?", rows)
        connection.executemany("DELETE FROM blobs WHERE id = ?", rows)


def user_folder(git_folder: Path) -> Path:
    """Where the index of a repository is kept when its git folder cannot be written."""
    import platformdirs

    digest = hashlib.sha256(os.fsencode(git_folder)).hexdigest()[:16]
    return Path(os.environ.get("V4_CACHE_DIR") or platformdirs.user_cache_dir("v4")) / "index" / digest


def _escape(path: str) -> str:
    """SQLite text is UTF-8: lone surrogates of paths that are not become private-use characters."""
    if path.isascii():
        return path
    return "".join(chr(ord(c) - 0xDC80 + 0x10FF00) if "\udc80" <= c <= "\udcff" else c for c in path)


def _unescape(path: str) -> str:
    if path.isascii():
        return path
    return "".join(chr(ord(c) - 0x10FF00 + 0xDC80) if "\U0010ff00" <= c <= "\U0010ff7f" else c for c in path)
