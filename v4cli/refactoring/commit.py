"""Committing exactly what a refactoring changed, with the user's hooks, leaving other work as it is."""

from __future__ import annotations

import os
from pathlib import Path
from subprocess import CompletedProcess

from ..errors import Refused
from . import git
from .changes import FileChange

_OVERRIDES = ("core.fsmonitor=false", "core.quotePath=false")


def refuse_when_dirty(root: Path, changes: list[FileChange]) -> None:
    """Raises Refused when a file to change holds work that is not committed: it would be committed too."""
    names = [change.path for change in changes]
    status = git.output(
        root,
        "--literal-pathspecs",
        "status",
        "--porcelain=v1",
        "-z",
        "--no-renames",
        "--untracked-files=all",
        "--",
        *names,
    )
    dirty = [os.fsdecode(entry[3:]) for entry in status.split(b"\0") if entry]
    if dirty:
        raise Refused(
            f"--commit: {', '.join(sorted(dirty))} hold changes that are not committed: commit them first, "
            "or add --allow-dirty to commit them together with the refactoring"
        )


def commit(root: Path, changes: list[FileChange], message: str) -> str:
    """Commit the changed paths as they are in the work tree, nothing else; returns the commit's id.

    Other staged changes stay staged. Raises Refused with git's, or the hook's, output when there is no commit;
    the index is then as it was.
    """
    fresh = [os.fsencode(c.path) for c in changes if c.before is None]
    unknown = [name for name in fresh if not _tracked(root, name)]
    listed = b"\0".join(os.fsencode(change.path) for change in changes)
    stdin_paths = ("--pathspec-from-file=-", "--pathspec-file-nul")
    if unknown:
        added = _call(root, "add", "--intent-to-add", *stdin_paths, stdin=b"\0".join(unknown))
        if added.returncode:
            raise Refused(f"--commit: git add failed: {_output(added)}")
    arguments = ("commit", "--quiet", "--only", "-m", message, *stdin_paths)
    done = _call(root, *arguments, stdin=listed)
    if done.returncode:
        if unknown:
            _call(root, "update-index", "--force-remove", "-z", "--stdin", stdin=b"\0".join(unknown) + b"\0")
        raise Refused(f"--commit: git commit failed: {_output(done)}")
    return git.output(root, "rev-parse", "HEAD").decode().strip()


def _tracked(root: Path, name: bytes) -> bool:
    return bool(git.call(root, "--literal-pathspecs", "ls-files", "-z", "--", os.fsdecode(name)).stdout)


def _call(root: Path, *arguments: str, stdin: bytes = b"") -> CompletedProcess[bytes]:
    """git with the user's own locale and hooks."""
    return git.call(
        root, "--literal-pathspecs", *arguments, stdin=stdin, overrides=_OVERRIDES, env=git.user_environment()
    )


def _output(done: CompletedProcess[bytes]) -> str:
    text = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
    return "\n".join(text.splitlines()[-20:]) or f"exit code {done.returncode}, no message"
