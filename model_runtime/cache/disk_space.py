"""The folder of cached prompts: where it lies, how much it may hold, and what goes first when it is full."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from ..catalog import cache_root

#: bytes a folder may hold unless told otherwise, and the share of the free disk that it never exceeds
MOST_BYTES, MOST_SHARE = 2_000_000_000, 0.1
#: a draft older than this was left by a process that was killed, seconds
_STALE = 3600.0


@dataclass(frozen=True, slots=True, order=True)
class _File:
    used_ns: int
    path: str
    size: int


def _files(folder: str, found: list[_File]) -> list[_File]:
    """All regular files below a folder; what vanishes meanwhile is left out."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    if entry.is_dir(follow_symlinks=False):
                        _files(entry.path, found)
                    elif entry.is_file(follow_symlinks=False):
                        status = entry.stat(follow_symlinks=False)
                        found.append(_File(status.st_mtime_ns, entry.path, status.st_size))
                except OSError:
                    continue
    except OSError:
        pass
    return found


def prefix_folder() -> Path:
    """Where keys and values of prompts are kept, in a folder for each combination of weights and kernels."""
    return cache_root() / "prefix"


def clear(folder: Path) -> int:
    """Remove all files below a folder, and what folders are empty then. Returns the bytes freed.

    Safe while other processes read and write.
    """
    freed = 0
    for file in _files(str(folder), []):
        if _remove(file.path):
            freed += file.size
    for inner in sorted((path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink()), reverse=True):
        with contextlib.suppress(OSError):
            inner.rmdir()
    return freed


def usage(folder: Path) -> tuple[int, int]:
    """Files below a folder, and their bytes."""
    found = _files(str(folder), [])
    return len(found), sum(file.size for file in found)


def allowance(folder: Path, most: int) -> int:
    """Bytes that a folder may hold: `most`, and no more than MOST_SHARE of what the disk has without it."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return 0
    return min(most, int((free + usage(folder)[1]) * MOST_SHARE))


def make_room(folder: Path, needed: int, allowed: int, draft: str) -> None:
    """Remove the files least recently used (by time of change) until `needed` more bytes fit in `allowed`; drafts
    (by the beginning of their names) that killed processes left go first.

    Safe while other processes read: an open file stays readable.
    """
    stale = time.time_ns() - int(_STALE * 1e9)
    kept = []
    for file in sorted(_files(str(folder), [])):
        if Path(file.path).name.startswith(draft) and file.used_ns < stale:
            _remove(file.path)
        else:
            kept.append(file)
    excess = sum(file.size for file in kept) + needed - allowed
    for file in kept:
        if excess <= 0:
            break
        _remove(file.path)
        excess -= file.size


def _remove(path: str) -> bool:
    try:
        os.unlink(path)
        return True
    except OSError:
        return False
