"""What every command starts from: the repository it works on, its settings, its output."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import settings as settings_module
from .console import Output
from .errors import EnvironmentLacks, UsageError
from .settings import Settings

if TYPE_CHECKING:
    from repo_index.index import Index


def find_repository(start: Path | None) -> Path:
    """The top folder of the git work tree around `start` (default: the current folder).

    Raises UsageError when `start` is no folder, EnvironmentLacks when there is no work tree.
    """
    folder = start if start is not None else Path.cwd()
    if not folder.is_dir():
        raise UsageError(f"--repo: {folder} is not a folder")
    from repo_index.git import environment

    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "--show-toplevel"],
            capture_output=True,
            env=environment(),
        )
    except FileNotFoundError:
        raise EnvironmentLacks("git is not installed or not on PATH: install git 2.30 or later") from None
    if done.returncode:
        detail = done.stderr.decode("utf-8", "replace")
        if "dubious ownership" in detail:
            raise EnvironmentLacks(
                f"git does not trust {folder}: it belongs to another user. "
                f"Run: git config --global --add safe.directory {folder}"
            )
        if "must be run in a work tree" in detail:
            raise EnvironmentLacks(f"{folder} is in a bare repository or in git's own folder: v4 needs a work tree")
        raise EnvironmentLacks(
            f"no git repository at or above {folder}: run this inside one, name one with --repo, "
            "or make one with `git init`"
        )
    return Path(done.stdout.decode("utf-8", "surrogateescape").rstrip("\n"))


@dataclass
class Context:
    """The options common to all commands; the repository and the index are found when first used."""

    repo: Path | None = None
    model: str | None = None
    no_cache: bool = False
    output: Output = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.output is None:
            self.output = Output()

    @cached_property
    def root(self) -> Path:
        return find_repository(self.repo)

    def settings(self, *, repository: bool = True, **flags: Any) -> Settings:
        """Settings of this run; with repository=False those of the repository are not looked for."""
        cache = False if self.no_cache else None
        return settings_module.load(self.root if repository else None, model=self.model, cache=cache, **flags)

    def index(self, **flags: Any) -> Index:
        """The refreshed index of the repository, with progress on a terminal."""
        from repo_index import Index
        from repo_index.git import GitError

        chosen = self.settings(**flags)
        index = Index.open(self.root, exclude=tuple(chosen.exclude), max_file_bytes=chosen.max_file_bytes)
        try:
            with self.output.progress("indexing") as advance:
                index.refresh(progress=advance)
        except GitError as error:
            raise EnvironmentLacks(str(error)) from None
        return index
