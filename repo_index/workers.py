"""Indexing files in processes of their own, so that a parser that crashes or hangs costs one file.

Many files are shared out among workers, each this module started anew and spoken to through pipes: it needs no
importable main module of the caller. A few files go to one worker that is forked where that is safe, which takes a
hundredth of the time. Either way a worker ends when its input does, and by an alarm when a file takes too long, even
when its parent is gone.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import struct
import subprocess
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from .facts_cache import failed_row, index_blob
from .languages import for_path
from .store import Row

FILES = 150
"""Files from which on several workers are worth their start."""
SECONDS = 20.0
"""Time that one file may take."""
_MOST = 4
_WINDOW = 64
"""Files under way at once, so that a large repository is never held in memory."""
_GARBAGE = 400_000
"""Bytes of source between two collections of cycles in a worker: syntax trees make many objects and few cycles, and
collecting as often as Python does by itself takes a quarter of the time."""
_SIZES = struct.Struct("<II")
_MAIN = f"from {__name__} import main; main()"


def count() -> int:
    """Workers that this machine has processors for."""
    try:
        available = len(os.sched_getaffinity(0))
    except AttributeError:
        available = os.cpu_count() or 1
    return min(available, _MOST)


Contents = Iterable[tuple[str, bytes | None]]
Rows = Iterator[tuple[str, bytes | None, Row | None]]


def rows(files: Contents, total: int, complaints: list[str]) -> Rows:
    """(path, content, facts) of each of `total` files in the order given; no facts where there is no content.

    A file that kills its worker or takes too long is kept without definitions, with a line in `complaints`.
    """
    return _shared(files, complaints) if total >= FILES and count() > 1 else _few(files, complaints)


def _few(files: Contents, complaints: list[str]) -> Rows:
    worker: _Worker | None = None
    try:
        for path, content in files:
            if content is None:
                yield path, None, None
                continue
            if worker is None:
                worker = _Forked() if _fork_is_safe() else _Spawned()
            yield path, content, _indexed(worker, path, content, complaints)
    finally:
        if worker is not None:
            worker.stop()


def _shared(files: Contents, complaints: list[str]) -> Rows:
    local = threading.local()
    started: list[_Worker] = []

    def work(path: str, content: bytes) -> Row:
        worker: _Worker | None = getattr(local, "worker", None)
        if worker is None:
            worker = local.worker = _Spawned()
            started.append(worker)
        return _indexed(worker, path, content, complaints)

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


def _indexed(worker: _Worker, path: str, content: bytes, complaints: list[str]) -> Row:
    row = worker.index(path, content)
    if row is None:
        complaints.append(f"{path}: the parser failed on it; it is searched as text")
        row = failed_row(path, content)
    return row


def _fork_is_safe() -> bool:
    """Whether no other thread, of a library perhaps, may hold a lock now: a fork copies only the one that calls. Timers
    only wait."""
    others = [t for t in threading.enumerate() if t is not threading.current_thread()]
    try:
        return (
            sys.platform == "linux"
            and all(isinstance(t, threading.Timer) for t in others)
            and len(os.listdir("/proc/self/task")) == 1 + len(others)
        )
    except OSError:
        return False


class _Worker:
    """A process that indexes one file after another; used by one thread. It starts with the first file."""

    def __init__(self) -> None:
        self._stopped = False
        self._pipes: tuple[BinaryIO, BinaryIO] | None = None

    def _start(self) -> tuple[BinaryIO, BinaryIO]:
        """(what it writes, what it reads)"""
        raise NotImplementedError

    def _kill(self) -> None:
        """End the process and wait for it."""
        raise NotImplementedError

    def index(self, path: str, content: bytes) -> Row | None:
        """Facts of one file, None when the worker died of it or took too long."""
        try:
            if self._pipes is None:
                self._pipes = self._start()
            source, sink = self._pipes
            name = path.encode("utf-8", "surrogateescape")
            sink.write(_SIZES.pack(len(name), len(content)) + name + content)
            sink.flush()
            return _read_row(_Timed(source, time.monotonic() + SECONDS))
        except (OSError, EOFError, ValueError):
            self._end()
            return None

    def stop(self) -> None:
        self._stopped = True
        self._end()

    def _end(self) -> None:
        pipes, self._pipes = self._pipes, None
        if pipes is None:
            return
        self._kill()
        for pipe in pipes:
            try:
                pipe.close()
            except OSError:
                pass


class _Spawned(_Worker):
    _process: subprocess.Popen[bytes]

    def _start(self) -> tuple[BinaryIO, BinaryIO]:
        if self._stopped:
            raise EOFError
        # -P and the absolute path: nothing in the current folder (the repository, perhaps) is imported
        env = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _MAIN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
            start_new_session=True,  # Ctrl-C is for the parent, which stops its workers
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        return self._process.stdout, self._process.stdin  # type: ignore[return-value]

    def _kill(self) -> None:
        self._process.kill()
        self._process.wait()


class _Forked(_Worker):
    _process: int

    def _start(self) -> tuple[BinaryIO, BinaryIO]:
        child_reads, parent_writes = os.pipe()
        parent_reads, child_writes = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # there are threads: _fork_is_safe() knows them
            self._process = os.fork()
        if self._process == 0:
            try:
                os.setsid()
                nothing = os.open(os.devnull, os.O_RDWR)
                for stream in (0, 1, 2):  # nobody waits for the end of a pipe that only a worker still holds
                    os.dup2(nothing, stream)
                _close_others(child_reads, child_writes)
                serve(os.fdopen(child_reads, "rb"), os.fdopen(child_writes, "wb"))
            finally:
                os._exit(0)
        os.close(child_reads)
        os.close(child_writes)
        return os.fdopen(parent_reads, "rb", 0), os.fdopen(parent_writes, "wb")

    def _kill(self) -> None:
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)


def _close_others(*kept: int) -> None:
    """Close every descriptor above the standard ones but these: a pipe to git, say, whose end git waits for."""
    last = 2
    for descriptor in sorted(kept):
        os.closerange(last + 1, descriptor)
        last = descriptor
    os.closerange(last + 1, os.sysconf("SC_OPEN_MAX"))


class _Timed:
    """Reads a pipe until a moment of time.monotonic(). Raises EOFError when that passes or the pipe ends."""

    def __init__(self, stream: BinaryIO, end: float) -> None:
        self._stream = stream
        self._end = end

    def read(self, size: int) -> bytes:
        if sys.platform == "win32":  # pipes cannot be waited for there
            return self._stream.read(size)
        pieces = []
        with selectors.DefaultSelector() as selector:
            selector.register(self._stream, selectors.EVENT_READ)
            while size:
                if not selector.select(max(0.0, self._end - time.monotonic())):
                    raise EOFError
                piece = os.read(self._stream.fileno(), size)
                if not piece:
                    raise EOFError
                pieces.append(piece)
                size -= len(piece)
        return b"".join(pieces)


def _exactly(stream: BinaryIO | _Timed, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return data


def _read_row(stream: _Timed) -> Row:
    head_size, _ = _SIZES.unpack(_exactly(stream, _SIZES.size))
    language, version, generated, names, tally, sizes = json.loads(_exactly(stream, head_size))
    words, outline, definitions, uses, texts = (None if size is None else _exactly(stream, size) for size in sizes)
    return Row(language, version, generated, words or b"", outline, definitions, uses, texts, frozenset(names), tally)


def _write_row(stream: BinaryIO, row: Row) -> None:
    pieces = (row.words, row.outline, row.definitions, row.uses, row.texts)
    sizes = [None if p is None else len(p) for p in pieces]
    head = json.dumps([row.language, row.version, row.generated, sorted(row.names), row.tally, sizes]).encode("ascii")
    stream.write(_SIZES.pack(len(head), 0) + head + b"".join(p for p in pieces if p is not None))
    stream.flush()


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Index the files that come in on `source` until it ends; facts go out on `sink`."""
    alarm = getattr(signal, "alarm", None)
    if alarm is not None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends the process, whatever code it is in
    gc.disable()
    gc.freeze()
    read = 0
    try:
        while head := source.read(_SIZES.size):
            name_size, size = _SIZES.unpack(head)
            path = _exactly(source, name_size).decode("utf-8", "surrogateescape")
            content = _exactly(source, size)
            if alarm is not None:
                alarm(int(SECONDS) + 2)
            _write_row(sink, index_blob(path, content, for_path(path)))
            if alarm is not None:
                alarm(0)
            read += size
            if read > _GARBAGE:
                gc.collect()
                read = 0
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass


def main() -> None:
    """A worker that was started anew."""
    serve(sys.stdin.buffer, sys.stdout.buffer)
