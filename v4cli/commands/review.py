"""v4 review: what a change breaks, exactly, from the graph."""

from __future__ import annotations

import typer

from ..errors import UsageError
from ..options import Debug, Json, Quiet, Repo, context

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
    from ..review import run

    if staged and range_ is not None:
        raise UsageError("--staged and --range exclude each other")
    ctx = context(repo, None, json, quiet, debug)
    if hook:
        code = run.hook(ctx, staged=staged, range_=range_, strict=strict, timeout=timeout)
    else:
        code = run.review(ctx, staged=staged, range_=range_, strict=strict)
    raise typer.Exit(code)
