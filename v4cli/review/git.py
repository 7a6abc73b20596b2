"""Git as a reader of trees and blobs. Nothing here writes, takes a lock or reaches the network."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from repo_index.git import environment

from ..errors import EnvironmentLacks

#: what git tells its hooks; `git commit -a` and `git commit PATH` name a temporary index this way
HOOK_VARIABLES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
)
_OPTIONS = (
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.quotePath=false",
    "-c",
    "protocol.allow=never",
)


@dataclass(frozen=True)
class Git:
    """Runs git in `root`; with `honour_environment`, on what git names to its hooks."""

    root: Path
    honour_environment: bool = False

    def told(self) -> dict[str, str]:
        """What git told its hook, where that counts."""
        found = {name: os.environ[name] for name in HOOK_VARIABLES if os.environ.get(name)}
        if "GIT_INDEX_FILE" in found:
            found["GIT_INDEX_FILE"] = os.path.abspath(found["GIT_INDEX_FILE"])
        return found if self.honour_environment else {}

    def environment(self) -> dict[str, str]:
        """The caller's, less what would point git elsewhere; GIT_CONFIG_GLOBAL and its like are the user's."""
        return environment(self.told())

    def try_run(self, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
        """Exit status, standard output and the last line of standard error."""
        try:
            done = subprocess.run(
                ["git", *_OPTIONS, *arguments],
                cwd=self.root,
                env=self.environment(),
                input=stdin,
                capture_output=True,
            )
        except FileNotFoundError:
            raise EnvironmentLacks("git is not installed or not on PATH: install git 2.30 or later") from None
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        return done.returncode, done.stdout, lines[-1] if lines else ""

    def run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Standard output. Raises EnvironmentLacks with git's own words when git fails."""
        status, out, detail = self.try_run(*arguments, stdin=stdin)
        if status:
            raise EnvironmentLacks(f"git {arguments[0]} failed: {detail or f'status {status}'}")
        return out

    def commit_id(self, revision: str) -> str | None:
        """The commit that `revision` names, None when there is none."""
        if revision.startswith("-"):
            return None
        options = ("--verify", "--quiet", "--end-of-options")
        status, out, _ = self.try_run("rev-parse", *options, f"{revision}^{{commit}}")
        return out.decode("ascii", "replace").strip() if status == 0 else None

    def empty_tree(self) -> str:
        """The id of the tree without files, in the repository's own hash."""
        return self.run("hash-object", "-t", "tree", "--stdin").decode("ascii").strip()

    def paths(self, *names: str) -> list[Path]:
        """Where git keeps each of `names` (`hooks`, `MERGE_HEAD`), whatever the work tree and its settings."""
        options = [word for name in names for word in ("--git-path", name)]
        out = os.fsdecode(self.run("rev-parse", *options))
        return [self.root / line for line in out.splitlines()]

    def blobs(self, ids: Iterable[str], limit: int) -> dict[str, bytes]:
        """Contents by blob id; blobs above `limit` bytes and unknown ids are left out."""
        wanted = sorted(set(ids))
        if not wanted:
            return {}
        listing = self.run("cat-file", "--batch-check", stdin="\n".join(wanted).encode() + b"\n")
        small = []
        for line in listing.decode("ascii", "replace").splitlines():
            fields = line.split(" ")
            if len(fields) == 3 and fields[1] == "blob" and int(fields[2]) <= limit:
                small.append(fields[0])
        if not small:
            return {}
        out = self.run("cat-file", "--batch", stdin="\n".join(small).encode() + b"\n")
        contents: dict[str, bytes] = {}
        at = 0
        for blob in small:
            end = out.index(b"\n", at)
            size = int(out[at:end].rsplit(b" ", 1)[1])
            contents[blob] = out[end + 1 : end + 1 + size]
            at = end + 1 + size + 1
        return contents
