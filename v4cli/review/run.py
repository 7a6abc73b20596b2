"""One review from the choice of snapshots to the exit code. Free of the command-line library, which is slow to load:
the hook starts here."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from ..console import safe
from ..errors import V4Error
from . import changes, deadline, engine
from .changes import Change
from .git import Git

if TYPE_CHECKING:
    from ..context import Context
    from .engine import Report

TIMEOUT = 10.0
"""Seconds that the hook gives itself."""


def review(ctx: Context, *, staged: bool, range_: str | None, strict: bool, hook: bool = False) -> int:
    """Review and print; returns the exit code. Raises V4Error."""
    started = perf_counter()
    git, change = _change(ctx, staged, range_, hook=hook)
    if hook and _in_progress(git):
        report = engine.markers_only(change)
    else:
        report = engine.review(git, change)
    report.seconds = perf_counter() - started
    _show(ctx, report, hook=hook, strict=strict)
    return int(report.blocks(strict=strict))


def hook(ctx: Context, *, staged: bool, range_: str | None, strict: bool, timeout: float | None = None) -> int:
    """The same as a hook: silent without findings; a failure or no result in time is one line and exit code 0."""
    if {"v4", "v4-check"} & set(os.environ.get("SKIP", "").split(",")):
        return 0
    seconds = TIMEOUT if timeout is None else timeout
    late = f"v4: no result after {seconds:g} s, so the change is not checked (`v4 index` makes it quicker)"
    deadline.start(seconds, late)
    try:
        return review(ctx, staged=staged, range_=range_, strict=strict, hook=True)
    except Exception as error:
        if ctx.output.debug:
            raise
        detail = str(error) if isinstance(error, V4Error) else f"{type(error).__name__}: {error}"
        print(f"v4: {safe(detail).splitlines()[0]}; the change is not checked", file=sys.stderr)
        return 0


def _change(ctx: Context, staged: bool, range_: str | None, *, hook: bool) -> tuple[Git, Change]:
    """The repository and index that git names to its hooks count, unless the user names another repository."""
    from_git = ctx.repo is None and staged
    if from_git and os.environ.get("GIT_DIR"):
        git = Git(Path(os.environ.get("GIT_WORK_TREE") or "."), honour_environment=True)
        top = git.run("rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape").rstrip("\n")
        git = Git(Path(top), honour_environment=True)
    else:
        git = Git(ctx.root, honour_environment=from_git)
    limit = ctx.settings(repository=False).max_file_bytes
    if hook and range_ is None:
        range_ = _range_of_pre_commit()
    if range_ is not None:
        return git, changes.between(git, range_, limit)
    if staged:
        return git, changes.staged(git, limit)
    return git, changes.work_tree(git, limit)


def _range_of_pre_commit() -> str | None:
    """The range of `pre-commit run --from-ref A --to-ref B`, which continuous integration uses."""
    ends = [os.environ.get(name, "") for name in ("PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF")]
    return "...".join(ends) if all(ends) else None


def _in_progress(git: Git) -> bool:
    """Whether a merge or a rebase is under way: its changes were made, and reviewed, elsewhere."""
    return any(path.exists() for path in git.paths("MERGE_HEAD", "rebase-merge", "rebase-apply"))


def _show(ctx: Context, report: Report, *, hook: bool, strict: bool) -> None:
    out = ctx.output
    if isinstance(sys.stdout, io.TextIOWrapper):  # a path may hold what the terminal's encoding has no sign for
        sys.stdout.reconfigure(errors="backslashreplace")
    for note in report.notes:
        out.note(note)
    if out.as_json:
        payload = {
            "findings": [f.as_json() for f in report.findings],
            "files": report.files,
            "checked": report.checked,
            "seconds": round(report.seconds, 4),
        }
        out.json("review", payload)
        return
    for finding in report.findings:
        out.print(finding.as_text())
    if hook:
        if report.blocks(strict=strict):
            out.note("v4: blocked by the errors above; to commit all the same: SKIP=v4 git commit")
        return
    count = len(report.findings)
    found = f"{count} finding{'s' * (count != 1)}" if count else "no findings"
    out.note(f"{found} in {report.files} changed and {report.checked} checked files, {report.seconds:.2f} s")
