"""Calling git so that neither the environment, the configuration nor the repository changes what it does."""

from __future__ import annotations

import os
import subprocess
from functools import lru_cache
from pathlib import Path

from ..errors import EnvironmentLacks

#: settings that would change output, or run a command named by the repository's configuration
OVERRIDES = (
    "core.fsmonitor=false",
    "core.quotePath=false",
    "core.hooksPath=/dev/null",
    "color.ui=false",
    "diff.external=",
    "gc.auto=0",
    "maintenance.auto=false",
)
_IDENTITY = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_SSL", "GIT_SSH")


def user_environment() -> dict[str, str]:
    """The user's environment without what points git elsewhere (GIT_DIR, ...) but with who commits."""
    return {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k.startswith(_IDENTITY)}


def environment(**extra: str) -> dict[str, str]:
    """The environment for git calls whose output is read: in English, never asking, never taking locks."""
    fixed = {"LC_ALL": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    return user_environment() | fixed | extra


def call(
    root: Path | str,
    *arguments: str,
    stdin: bytes = b"",
    overrides: tuple[str, ...] = OVERRIDES,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """`git -C root ...`, whatever its exit code. Raises EnvironmentLacks when git is not there."""
    settings = [part for override in overrides for part in ("-c", override)]
    try:
        return subprocess.run(
            ["git", "-C", os.fspath(root), *settings, *arguments],
            input=stdin,
            capture_output=True,
            env=environment() if env is None else env,
        )
    except FileNotFoundError:
        raise EnvironmentLacks("git is not installed or not on PATH: install git 2.30 or later") from None


def output(root: Path | str, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> bytes:
    """Standard output of a git call that must succeed. Raises EnvironmentLacks with git's own words."""
    done = call(root, *arguments, stdin=stdin, env=env)
    if done.returncode:
        raise EnvironmentLacks(f"git {arguments[0]} failed: {last_line(done.stderr)}")
    return done.stdout


def last_line(text: bytes) -> str:
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "no message"


def sparse(root: Path) -> int:
    """How many tracked files a sparse checkout keeps out of the work tree; 0 outside of a repository."""
    try:
        if not (git_dir(root) / "info" / "sparse-checkout").is_file():
            return 0
    except EnvironmentLacks:
        return 0
    return sum(entry.startswith(b"S ") for entry in output(root, "ls-files", "-t", "-z").split(b"\0"))


@lru_cache(maxsize=16)
def git_dir(root: Path) -> Path:
    """The folder of this work tree's own git data (for a linked work tree, below .git/worktrees/)."""
    text = output(root, "rev-parse", "--absolute-git-dir")
    return Path(os.fsdecode(text.rstrip(b"\n")))
