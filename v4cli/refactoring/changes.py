"""A change to files, complete in itself: what each file held before and what it holds after, in bytes."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import git

if TYPE_CHECKING:
    from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class FileChange:
    """`before` None: the file is new; `after` None: it is removed. `executable` is its mode on both sides.

    `old_path` is where a moved file stood (its removal is a change of its own), else "".
    """

    path: str
    before: bytes | None
    after: bytes | None
    executable: bool = False
    old_path: str = ""


def from_contents(
    root: Path, before: dict[str, bytes | None], after: dict[str, bytes | None], moves: dict[str, str]
) -> list[FileChange]:
    """Changes sorted by path. `before` holds each path of `after`; modes are those of the files in `root`."""
    changed = [path for path in sorted(after) if before.get(path) != after[path]]
    executable = _executables(root, sorted({moves.get(path, path) for path in changed}))
    return [
        FileChange(
            path=path,
            before=before.get(path),
            after=after[path],
            executable=moves.get(path, path) in executable,
            old_path=moves.get(path, ""),
        )
        for path in changed
    ]


def from_workspace(ws: Workspace) -> list[FileChange]:
    """What a workspace changes, against the contents its base index holds."""
    after = ws.changed()
    before = {path: ws.base.read(path) if ws.base.file(path) is not None else None for path in after}
    return from_contents(Path(ws.base.root), before, after, ws.moves)


def _executables(root: Path, paths: list[str]) -> set[str]:
    """Those of `paths` that are executable: on disk or, with core.fileMode off, in the index."""
    trusted = git.call(root, "config", "--type=bool", "core.fileMode").stdout.strip() != b"false"
    if not trusted:
        listed = git.call(
            root, "--literal-pathspecs", "ls-files", "-s", "-z", "--", *paths
        ).stdout  # "100755 <id> <stage>\t<path>\0"
        entries = [entry.split(b"\t", 1) for entry in listed.split(b"\0") if b"\t" in entry]
        return {os.fsdecode(path) for meta, path in entries if meta.startswith(b"100755")}
    found = set()
    for path in paths:
        try:
            mode = os.lstat(root / path).st_mode
        except OSError:
            continue
        if stat.S_ISREG(mode) and mode & stat.S_IXUSR:
            found.add(path)
    return found
