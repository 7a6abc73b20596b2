"""Keeping an index up to date while files change (watchfiles)."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .git import environment

if TYPE_CHECKING:
    from .index import Index

_QUIET_MS = 60
"""Changes that follow each other this closely are one batch."""
_LONGEST_MS = 1000
_IDLE_MS = 1000


@dataclass(frozen=True, slots=True)
class Batch:
    """Paths whose content is another than before, sorted, and the seconds that the refresh took."""

    changed: list[str]
    removed: list[str]
    seconds: float


def batches(index: Index) -> Iterator[Batch]:
    """Refresh the index whenever files of its repository change, for ever. What git ignores, and .git, does not count.

    Raises KeyboardInterrupt on Ctrl-C, GitError and OSError when the repository goes away.
    """
    from watchfiles import Change, watch

    root = os.fspath(index.root)

    def counts(_: Change, path: str) -> bool:
        return ".git" not in path[len(root) :].split(os.sep)

    started = False
    for changes in watch(
        root,
        watch_filter=counts,
        debounce=_LONGEST_MS,
        step=_QUIET_MS,
        rust_timeout=_IDLE_MS,
        yield_on_timeout=True,
        recursive=True,
    ):
        paths = {os.path.relpath(path, root).replace(os.sep, "/") for _, path in changes}
        if started:
            paths -= _ignored(index, paths)
            if not paths:
                continue
        # what changed before the watching began is not among the changes: the first time, the whole tree is looked at
        batch = _refreshed(index, paths if started else None)
        started = True
        if batch.changed or batch.removed:
            yield batch


def _refreshed(index: Index, paths: set[str] | None) -> Batch:
    before = {record.path: record.blob for record in index.files()}
    begun = time.perf_counter()
    index.refresh(paths=paths)
    seconds = time.perf_counter() - begun
    after = {record.path: record.blob for record in index.files()}
    changed = sorted(path for path, blob in after.items() if path not in before or before[path] != blob)
    return Batch(changed, sorted(before.keys() - after.keys()), seconds)


def _ignored(index: Index, paths: set[str]) -> set[str]:
    """Those that git ignores; what is in the index is not."""
    unknown = sorted(path for path in paths if index.file(path) is None)
    if not unknown:
        return set()
    done = subprocess.run(
        ["git", "-C", os.fspath(index.root), "check-ignore", "-z", "--stdin"],
        input=b"\0".join(os.fsencode(path) for path in unknown),
        capture_output=True,
        env=environment(),
    )  # exit code 1: none of them is ignored
    return {os.fsdecode(path) for path in done.stdout.split(b"\0") if path}
