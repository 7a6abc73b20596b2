"""The files in which the index of a repository is kept: which they are, how large, and removing them."""

from __future__ import annotations

import os
from pathlib import Path

from .git import GitError
from .snapshot import repository
from .store import FILE_NAME, user_folder

try:
    import fcntl
except ImportError:  # Windows: a file in use cannot be deleted there
    fcntl = None  # type: ignore[assignment]

_PATTERNS = ("*.sqlite", "*.sqlite-wal", "*.sqlite-shm")


class IndexInUse(RuntimeError):
    """Another process has the index open."""


def folders(root: Path) -> list[Path]:
    """Where the index of a repository is kept: in its git folder, or else in the user's cache. Raises GitError."""
    git_folder = repository(root).git_folder
    if git_folder is None:
        raise GitError(f"no git repository at {root}")
    return [folder for folder in (git_folder / "v4", user_folder(git_folder)) if files(folder)]


def files(folder: Path) -> list[Path]:
    """The databases of an index, with their journals."""
    return sorted(path for pattern in _PATTERNS for path in folder.glob(pattern) if path.is_file())


def clear(folder: Path) -> int:
    """Remove the databases; what else lies there stays. Returns the bytes freed.

    Raises IndexInUse, with nothing removed, while another process has them open (database.py says why).
    """
    lock = None
    try:
        if fcntl is not None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            lock = os.open((folder / FILE_NAME).with_suffix(".lock"), flags, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise IndexInUse(f"the index in {folder} is in use by another process") from None
        freed = 0
        for path in files(folder):
            size = path.stat().st_size
            path.unlink()
            freed += size
        return freed
    finally:
        if lock is not None:
            os.close(lock)
