"""v4 review: what a change breaks, exactly, from the graph."""

from __future__ import annotations

import os
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import typer

from ..console import safe
from ..errors import UsageError, V4Error
from ..options import Debug, Json, Quiet, Repo, context

if TYPE_CHECKING:
    from ..context import Context
    from ..review.changes import Change
    from ..review.engine import Report
    from ..review.git import Git

HOOK_TIMEOUT = 10.0

app = typer.Typer(rich_markup_mode=None)


@app.command()
def review(
    staged: bool = typer.Option(False, "--staged", help="Review what is staged; the work tree is not looked at."),
    range_: str | None = typer.Option(None, "--range", metavar="A..B", help="Review a range of commits."),
    strict: bool = typer.Option(False, "--strict", help="Exit 1 on warnings too."),
    hook: bool = typer.Option(
        False, "--hook", help="As a git hook: silent without findings, and a failure of v4 itself never blocks."
    ),
    timeout: float | None = typer.Option(
        None, "--timeout", metavar="SECONDS", min=0, help="With --hook: give up after this time (default 10)."
    ),
    repo: Repo = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Find what a change breaks, exactly, from the graph. No model takes part.

    Without --staged or --range, the work tree is compared with HEAD.

    Findings are lines `file:line: level: message [rule]`; the line counts in the content after the change.
    A line that says `v4: ignore` or `v4: ignore[rule]` is left alone.
    Exit code 1 if there is a finding of level error (with --strict: or warning), else 0.
    """
    if staged and range_ is not None:
        raise UsageError("--staged and --range exclude each other")
    ctx = context(repo, None, json, quiet, debug)
    if not hook:
        raise typer.Exit(_run(ctx, staged, range_, strict, hook=False))
    if {"v4", "v4-check"} & set(os.environ.get("SKIP", "").split(",")):
        raise typer.Exit(0)
    from ..review import deadline

    seconds = HOOK_TIMEOUT if timeout is None else timeout
    deadline.start(
        seconds, f"v4: no result after {seconds:g} s, so the change is not checked (`v4 index` makes it quicker)"
    )
    try:
        code = _run(ctx, staged, range_, strict, hook=True)
    except Exception as error:
        if debug:
            raise
        detail = str(error) if isinstance(error, V4Error) else f"{type(error).__name__}: {error}"
        typer.echo(f"v4: {safe(detail).splitlines()[0]}; the change is not checked", err=True)
        code = 0
    raise typer.Exit(code)


def _run(ctx: Context, staged: bool, range_: str | None, strict: bool, *, hook: bool) -> int:
    """Review and print; returns the exit code."""
    from ..review import engine

    started = perf_counter()
    # the repository and index that git names to its hooks count, unless the user names another one
    git, change = _change(ctx, staged, range_, hook=hook)
    if hook and _in_progress(git):
        report = engine.markers_only(change)
    else:
        report = engine.review(git, change)
    report.seconds = perf_counter() - started
    _show(ctx, report, hook=hook, strict=strict)
    return int(report.blocks(strict=strict))


def _change(ctx: Context, staged: bool, range_: str | None, *, hook: bool) -> tuple[Git, Change]:
    from ..review import changes
    from ..review.git import Git

    from_git = ctx.repo is None and staged
    work_tree = os.environ.get("GIT_WORK_TREE") if from_git else None
    if from_git and os.environ.get("GIT_DIR"):
        git = Git(Path(work_tree or "."), honour_environment=True)
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
    for note in report.notes:
        out.note(note)
    if out.as_json:
        out.json(
            "review",
            {
                "findings": [f.as_json() for f in report.findings],
                "files": report.files,
                "checked": report.checked,
                "seconds": round(report.seconds, 4),
            },
        )
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
