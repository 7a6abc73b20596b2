"""One SQLite file with care for what goes wrong: damage, a full disk, other processes, other versions of its tables.

What it holds can always be made again, so trouble never stops a query. A damaged file is deleted and rebuilt, a
full disk or a folder that has become read-only means that this run goes on in memory. What happened is said in
`warnings`.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: a file in use cannot be deleted there, which is what the lock is for
    fcntl = None  # type: ignore[assignment]

BUSY_SECONDS = 5.0
_CACHE_KB = 32_768
"""Pages kept in memory: rows arrive in random order of their keys, and a small cache would read each page again."""
_CHECKPOINT_PAGES = 8_000
"""Pages of the write-ahead log (32 MB) between two checkpoints, each of which waits for the disk."""


class Database:
    """A connection to the file `path`, ":memory:" when nothing can be written. `tables` is SQL, `version` its number:
    a file with tables of another version is emptied."""

    def __init__(self, path: str, tables: str, version: int, warnings: list[str]) -> None:
        self.path = path
        self.warnings = warnings
        self._tables = tables
        self._version = version
        self._connection: sqlite3.Connection | None = None
        self._lock: int | None = None

    @property
    def persistent(self) -> bool:
        return self.path != ":memory:"

    def connection(self) -> sqlite3.Connection:
        """The connection, in autocommit: begin and commit what belongs together."""
        if self._connection is None:
            self.connect()
        assert self._connection is not None
        return self._connection

    def forget_rows(self) -> None:
        """Called when the tables have been emptied."""

    # -- opening

    def connect(self) -> None:
        """Raises OSError and sqlite3.Error where nothing can be kept at this path; damage is repaired."""
        try:
            self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and re.search("locked|unable to open", str(error)):
                raise
            if not self.persistent or not os.path.exists(self.path):
                raise
            self._rebuild(error)

    def _connect(self) -> None:
        if self.persistent:
            self._share()
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._connection = connection
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if self.persistent:
            if version != self._version:
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        if version != self._version:
            self._create(connection)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def _create(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("PRAGMA user_version").fetchone()[0] != self._version:  # no other process was quicker
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ).fetchall():
                connection.execute(f'DROP TABLE IF EXISTS "{name}"')
            for statement in re.sub(r"--.*", "", self._tables).split(";"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {self._version}")
        connection.execute("COMMIT")

    def close(self) -> None:
        if self._connection is not None:
            try:
                self._connection.close()
            except sqlite3.Error:
                pass
            self._connection = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    # -- who has it open

    def _share(self) -> None:
        """Hold a shared lock while the database is open. Deleting a database that another process has open would let
        that process delete the new one's write-ahead log when it closes."""
        if fcntl is None or self._lock is not None:
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._lock = os.open(Path(self.path).with_suffix(".lock"), flags, 0o600)
        end = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > end:
                    raise sqlite3.OperationalError("database is locked") from None
                time.sleep(0.02)

    def _alone(self) -> bool:
        """Take the lock for this process alone; False when others keep the database open."""
        if fcntl is None:
            return True
        assert self._lock is not None
        end = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # gives the shared lock up when it fails
                return True
            except BlockingIOError:
                if time.monotonic() > end:
                    return False
                time.sleep(0.02)

    # -- trouble

    def _rebuild(self, error: sqlite3.Error) -> None:
        """Delete a damaged database and start anew. Raises OSError and sqlite3.Error where that cannot be done."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if not self._alone():
            raise sqlite3.OperationalError(f"damaged, and in use by another process: {error}")
        try:
            if not self._sound():
                self.warnings.append(f"the index was damaged and is rebuilt ({error})")
                for suffix in ("", "-wal", "-shm"):
                    try:
                        os.unlink(self.path + suffix)
                    except FileNotFoundError:
                        pass
            self.close()  # and with it the lock
            self._connect()
        finally:
            self.forget_rows()

    def _sound(self) -> bool:
        """Whether another process has rebuilt the database while this one waited."""
        try:
            connection = sqlite3.connect(self.path, isolation_level=None)
            try:
                if connection.execute("PRAGMA user_version").fetchone()[0] != self._version:
                    return False
                found: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                return found == "ok"
            finally:
                connection.close()
        except sqlite3.Error:
            return False

    @contextmanager
    def guarded(self, writing: bool = False) -> Iterator[sqlite3.Connection]:
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
            if re.search("full|readonly|disk I/O|unable to open", message):
                self.warnings.append(f"the index cannot be written ({message}): this run keeps its facts in memory")
                self._to_memory()
                return
            if re.search("no such (table|column)|has no column|columns but", message):
                self.warnings.append("another version of v4 has taken the index: this run keeps its facts in memory")
                self._to_memory()
                return
            raise
        except sqlite3.DatabaseError as error:
            self._rollback()
            self.forget_rows()
            if not self.persistent:
                raise
            try:
                self._rebuild(error)
            except (OSError, sqlite3.Error) as again:
                self.warnings.append(f"the index cannot be used ({again}): this run keeps its facts in memory")
                self._to_memory()

    def _rollback(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                pass

    def _to_memory(self) -> None:
        self.close()
        self.forget_rows()
        self.path = ":memory:"
        self._connect()
