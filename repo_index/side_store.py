"""Small databases beside the index that can always be made again: search tables, token counts.

They stand in files of their own, so that a search never holds up the hook that is writing facts.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .index import Index

_BUSY_SECONDS = 5.0


def connect(index: Index | None, name: str, schema: str, version: int) -> sqlite3.Connection:
    """The database `name` beside the index, with `schema` in place, in autocommit.

    A file of another `version` (1 or more) and a damaged one are made anew; without an index, and where
    nothing can be written, the database is in memory.
    """
    store = index.store if index is not None else None
    if store is not None and store.persistent:
        file = Path(store.path).with_name(name)
        for attempt in (1, 2):
            try:
                return _opened(str(file), schema, version)
            except sqlite3.OperationalError:  # locked, read-only, full: the file is not to blame
                break
            except sqlite3.DatabaseError:
                if attempt == 1:
                    discard(file)
    return _opened(":memory:", schema, version)


def _opened(database: str, schema: str, version: int) -> sqlite3.Connection:
    connection = sqlite3.connect(database, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        if database != ":memory:":
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, version):
            raise sqlite3.DatabaseError(f"version {found}, not {version}")
        connection.executescript(f"{schema}; PRAGMA user_version = {version}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def discard(file: Path) -> None:
    """Delete a database with its journals."""
    for suffix in ("", "-wal", "-shm"):
        try:
            os.unlink(f"{file}{suffix}")
        except OSError:
            pass


class TokenCounts(MutableMapping[str, int]):
    """Token counts of one tokeniser, kept between runs; new ones are written by save()."""

    _SCHEMA = """
    CREATE TABLE IF NOT EXISTS token_count (tokenizer TEXT, text TEXT, count INTEGER, PRIMARY KEY (tokenizer, text))
        WITHOUT ROWID;
    """
    _MOST = 200_000

    def __init__(self, index: Index, tokenizer: str) -> None:
        """`tokenizer` names what counts; it must change when the counts do."""
        self._tokenizer = tokenizer
        self._new: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._connection = connect(index, "tokens.sqlite", self._SCHEMA, 1)
        try:
            rows = self._connection.execute("SELECT text, count FROM token_count WHERE tokenizer = ?", (tokenizer,))
            self._counts = {text: count for text, count in rows if isinstance(count, int)}
        except sqlite3.Error:  # damaged beyond what opening shows: count anew
            pass

    def __getitem__(self, key: str) -> int:
        return self._counts[key]

    def __setitem__(self, key: str, count: int) -> None:
        self._counts[key] = self._new[key] = count

    def __delitem__(self, key: str) -> None:
        del self._counts[key]
        self._new.pop(key, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def save(self) -> None:
        """Write new counts; where that fails they are counted again next time."""
        if not self._new:
            return
        run = self._connection.execute
        rows: Iterable[tuple[str, str, int]] = [(self._tokenizer, t, n) for t, n in sorted(self._new.items())]
        try:
            run("BEGIN IMMEDIATE")
            if run("SELECT count(*) FROM token_count").fetchone()[0] > self._MOST:
                run("DELETE FROM token_count")
            self._connection.executemany("INSERT OR REPLACE INTO token_count VALUES (?, ?, ?)", rows)
            run("COMMIT")
            self._new.clear()
        except sqlite3.Error:
            if self._connection.in_transaction:
                run("ROLLBACK")
