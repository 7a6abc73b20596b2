"""Calls of git: no shell, no hooks, no helpers that a repository's configuration could name."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false")


class GitError(RuntimeError):
    """git is missing, or what was asked of it cannot be had; the message says what to do."""


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without variables that point git at another repository, and without prompts.

    GIT_CONFIG_GLOBAL and its like stay: they are the user's, never the repository's. `variables` are those that are
    meant (GIT_INDEX_FILE, GIT_DIR, ...: what git tells its hooks).
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k.startswith("GIT_CONFIG_")}
    return (
        kept
        | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
        | dict(variables or {})
    )


def run(root: Path, *arguments: str, stdin: bytes = b"", variables: Mapping[str, str] | None = None) -> bytes:
    """Standard output of `git ARGUMENTS` in `root`. Raises GitError with the last line that git said."""
    env = environment(variables)
    try:
        done = subprocess.run(["git", "-C", str(root), *_SAFE, *arguments], capture_output=True, env=env, input=stdin)
    except FileNotFoundError:
        raise GitError("git is not installed or not on PATH: install git 2.30 or later") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitError(said[-1] if said else f"git {arguments[0]} failed with code {done.returncode}")
    return done.stdout


def path_of(raw: bytes) -> str:
    """A path as git prints it with -z. Bytes that are not UTF-8 become lone surrogates (os.fsdecode)."""
    return raw.decode("utf-8", "surrogateescape")


def read_blobs(
    root: Path, blobs: Iterable[str], variables: Mapping[str, str] | None = None
) -> Iterator[tuple[str, bytes | None]]:
    """Contents of blobs by their hashes, in order; None for one that the repository does not hold.

    One git process for all. Raises GitError when git cannot run.
    """
    wanted = list(blobs)
    if not wanted:
        return
    try:
        process = subprocess.Popen(
            ["git", "-C", str(root), *_SAFE, "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(variables),
        )
    except FileNotFoundError:
        raise GitError("git is not installed or not on PATH: install git 2.30 or later") from None
    assert process.stdin is not None and process.stdout is not None
    try:
        for blob in wanted:
            process.stdin.write(blob.encode("ascii") + b"\n")
            process.stdin.flush()
            head = process.stdout.readline().split()
            if len(head) == 3:
                content = process.stdout.read(int(head[2]))
                process.stdout.read(1)
                yield blob, content
            elif head and head[-1] == b"missing":
                yield blob, None
            else:
                raise GitError(f"git cat-file gave no answer for {blob}")
    except BrokenPipeError:
        raise GitError("git cat-file ended early") from None
    finally:
        process.stdin.close()
        process.stdout.close()
        process.terminate()  # a process forked meanwhile may hold the pipe open: git would wait for its end for ever
        process.wait()
