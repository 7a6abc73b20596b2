"""Indexing many files at once, in processes of their own.

A worker is this module started anew, spoken to through pipes: it needs no fork of a process that may hold
threads, no importable main module of the caller, and when a parser crashes or hangs on a file only that file
is lost.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO

from .facts_cache import failed_row, index_blob
from .languages import for_path
from .store import Row

FILES = 300
"""Files from which on workers are worth their start."""
SECONDS = 60.0
"""Time that one file may take."""
_MOST = 4
_WINDOW = 64
"""Files under way at once, so that a large repository is never held in memory."""
_SIZES = struct.Struct("<II")


def count() -> int:
    """Workers that this machine has processors for."""
    try:
        available = len(os.sched_getaffinity(0))
    except AttributeError:
        available = os.cpu_count() or 1
    return min(available, _MOST)


def rows(
    files: Iterable[tuple[str, bytes | None]], warnings: list[str]
) -> Iterator[tuple[str, bytes | None, Row | None]]:
    """(path, content, facts) of each file in the order given; no facts where there is no content.

    A file that kills its worker or takes too long is kept without definitions, with a line in `warnings`.
    """
    local = threading.local()
    started: list[_Worker] = []

    def work(path: str, content: bytes) -> Row:
        worker: _Worker | None = getattr(local, "worker", None)
        if worker is None:
            worker = local.worker = _Worker()
            started.append(worker)
        row = worker.index(path, content)
        if row is None:
            warnings.append(f"{path}: the parser failed on it; it is searched as text")
            row = failed_row(path, content)
        return row

    pool = ThreadPoolExecutor(count(), thread_name_prefix="index")
    waiting: deque[tuple[str, bytes | None, Future[Row] | None]] = deque()
    try:
        for path, content in files:
            waiting.append((path, content, None if content is None else pool.submit(work, path, content)))
            while len(waiting) > _WINDOW:
                first, content, future = waiting.popleft()
                yield first, content, future.result() if future is not None else None
        while waiting:
            first, content, future = waiting.popleft()
            yield first, content, future.result() if future is not None else None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in started:
            worker.stop()


class _Worker:
    """One process; used by one thread."""

    def __init__(self) -> None:
        self._stopped = False
        self._process = self._start()

    @staticmethod
    def _start() -> subprocess.Popen[bytes]:
        # -P and the absolute path: nothing in the current folder (the repository, perhaps) is imported
        env = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
        return subprocess.Popen(
            [sys.executable, "-P", "-c", f"from {__name__} import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
            start_new_session=True,  # Ctrl-C is for the parent, which stops its workers
        )

    def index(self, path: str, content: bytes) -> Row | None:
        """Facts of one file, None when the worker died of it or took too long."""
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        timer = threading.Timer(SECONDS, process.kill)
        timer.start()
        try:
            name = path.encode("utf-8", "surrogateescape")
            process.stdin.write(_SIZES.pack(len(name), len(content)) + name + content)
            process.stdin.flush()
            return _read_row(process.stdout)
        except (OSError, EOFError, ValueError):
            if not self._stopped:
                self._end()
                self._process = self._start()
            return None
        finally:
            timer.cancel()

    def stop(self) -> None:
        self._stopped = True
        self._end()

    def _end(self) -> None:
        process = self._process
        process.kill()
        for pipe in (process.stdin, process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:
                pass
        process.wait()


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return data


def _read_row(stream: IO[bytes]) -> Row:
    head_size, _ = _SIZES.unpack(_exactly(stream, _SIZES.size))
    language, version, generated, names, tally, sizes = json.loads(_exactly(stream, head_size))
    words, outline, definitions, uses, texts = (None if size is None else _exactly(stream, size) for size in sizes)
    return Row(language, version, generated, words or b"", outline, definitions, uses, texts, frozenset(names), tally)


def _write_row(stream: IO[bytes], row: Row) -> None:
    pieces = (row.words, row.outline, row.definitions, row.uses, row.texts)
    sizes = [None if p is None else len(p) for p in pieces]
    head = json.dumps([row.language, row.version, row.generated, sorted(row.names), row.tally, sizes]).encode("ascii")
    stream.write(_SIZES.pack(len(head), 0) + head + b"".join(p for p in pieces if p is not None))
    stream.flush()


def main() -> None:
    """A worker: files come in on standard input, facts go out on standard output, until the input ends."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    try:
        while head := source.read(_SIZES.size):
            name_size, size = _SIZES.unpack(head)
            path = _exactly(source, name_size).decode("utf-8", "surrogateescape")
            _write_row(sink, index_blob(path, _exactly(source, size), for_path(path)))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass
