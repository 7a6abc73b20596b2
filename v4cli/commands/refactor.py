"""`v4 refactor`: an instruction or a plan becomes a git patch, checked, and applied when asked to."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import options
from ..errors import EnvironmentLacks, ExitCode, UsageError

if TYPE_CHECKING:
    from repo_index import Index

    from ..console import Output
    from ..context import Context
    from ..refactoring.operation import LeftAlone
    from ..refactoring.plan import Plan
    from ..refactoring.run import Result

app = typer.Typer()

#: groups of places left alone that are listed without --json, and places of each
SHOWN = 20
SHOWN_OF_A_KIND = 3


@app.command()
def refactor(
    instruction: Annotated[
        str | None, typer.Argument(help="What to change, in quotes. With --undo: the id to take back.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write the change to the work tree.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --apply: do not ask.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the patch to FILE, not to standard output.")
    ] = None,
    commit: Annotated[
        bool, typer.Option("--commit", help="With --apply: commit exactly what changed, with your hooks.")
    ] = False,
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="With --commit: take your uncommitted changes of these files along.")
    ] = False,
    plan_only: Annotated[
        bool, typer.Option("--plan-only", help="Print the plan as JSON (for --plan) and stop.")
    ] = False,
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="FILE", help="Run this plan, without a model (- reads it).")
    ] = None,
    check: Annotated[
        str | None,
        typer.Option("--check", metavar="CMD", help="A command that must pass on a throw-away copy with the patch."),
    ] = None,
    check_timeout: Annotated[
        float, typer.Option("--check-timeout", metavar="SECONDS", min=0.1, help="End CMD, as failed, after this long.")
    ] = 600,
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", metavar="PATH", help="Let the change edit this git or CI configuration file."),
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take back the latest applied change, or the one with the given id.")
    ] = False,
    repo: options.Repo = None,
    model: options.Model = None,
    no_cache: options.NoCache = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> int:
    """Turn an instruction into a plan and a git patch; apply it when asked to.

    The patch goes to standard output, the plan, the checks and what was left alone to standard error, so that
    `v4 refactor "..." > x.patch` works. Exit 1: not understood, or nothing to change. Exit 3: a check failed,
    nothing was written.
    """
    context = options.context(repo, model, json, quiet, debug, no_cache)
    if undo:
        return _undo(context, instruction)
    if plan is None and not (instruction or "").strip():
        raise UsageError('refactor needs an instruction, as in: v4 refactor "rename load to load_file", or --plan FILE')
    if commit and not apply:
        raise UsageError("--commit needs --apply")
    if apply and not yes and not plan_only and (plan == "-" or not sys.stdin.isatty()):
        raise UsageError("--apply asks before it writes, and there is no terminal to ask on: add --yes")
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        raise UsageError(f"--out: {out if out.is_dir() else out.parent} is {'a' if out.is_dir() else 'not a'} folder")
    given = _read_plan(plan) if plan is not None else None
    _mention_pending(context, fatal=apply)
    started = time.perf_counter()
    index = context.index()
    indexed = time.perf_counter()
    chosen = given if given is not None else _make_plan(context, instruction or "", index, check)
    planned = time.perf_counter()
    seconds = {"index": indexed - started, "plan": planned - indexed}
    if plan_only:
        return _show_plan(context.output, chosen, seconds)
    result = _run(context, chosen, index, allow or [], check, check_timeout)
    result.seconds = seconds | result.seconds
    _report(context, result)
    if result.failed:
        return _refused(context, result)
    if out is not None:
        _write_patch(out, result)
        context.output.note(f"patch written to {out}")
    if apply:
        _apply(context, result, instruction or "", yes, commit, allow_dirty)
    elif out is None:
        context.output.raw(result.patch.text)
    _finish(context, result, started)
    return ExitCode.OK


def _read_plan(name: str) -> Plan:
    from ..refactoring.plan import Plan

    if name == "-":
        return Plan.from_json(sys.stdin.buffer.read(), "--plan -")
    try:
        return Plan.from_json(Path(name).read_bytes(), f"--plan {name}")
    except OSError as error:
        raise UsageError(f"--plan: {name}: {(error.strerror or str(error)).lower()}") from None


def _make_plan(context: Context, instruction: str, index: Index, check: str | None) -> Plan:
    from ..models import open_model
    from ..refactoring import planner

    command = context.settings(check=check).check
    return planner.plan(instruction, index, lambda: open_model(context), check=command)


def _show_plan(out: Output, plan: Plan, seconds: dict[str, float]) -> int:
    out.raw(plan.to_json())
    if out.as_json:
        rest = {"patch": "", "files": [], "checks": [], "left_alone": [], "applied": False, "undo": None}
        rounded = {phase: round(value, 3) for phase, value in seconds.items()}
        out.json("refactor", {"plan": plan.as_json(), **rest, "seconds": rounded})
    return ExitCode.OK


def _mention_pending(context: Context, fatal: bool) -> None:
    from ..errors import Refused
    from ..refactoring import apply as applying
    from ..refactoring import journal

    try:
        waiting = applying.pending(context.root)
        if not waiting:
            return
        with journal.lock(context.root):  # held by a run in progress: not an interrupted one
            waiting = applying.pending(context.root)
    except Refused:
        if fatal:
            raise
        return
    if waiting:
        text = f"an earlier apply ({waiting}) was interrupted half-way: run `v4 refactor --undo` to restore"
        if fatal:
            raise Refused(text)
        context.output.note(f"warning: {text}")


def _run(context: Context, plan: Plan, index: Index, allow: list[str], check: str | None, timeout: float) -> Result:
    from ..refactoring.run import execute

    command = context.settings(check=check).check
    return execute(plan, index, allow=allow, check=command, check_timeout=timeout, progress=_phases(context.output))


def _phases(out: Output) -> Callable[[str], None]:
    def say(phase: str) -> None:
        if out.debug or phase.startswith("running "):
            out.note(phase)

    return say


def _report(context: Context, result: Result) -> None:
    """Plan, notes, places left alone, files and checks, for people, on standard error."""
    note = context.output.note
    note("plan:")
    for operation in result.plan.operations:
        note(f"  {operation.describe()}")
    for match in result.plan.matched:
        note(f"  {match.mention} = {match.symbol}" + (f" ({match.evidence})" if match.evidence else ""))
    for line in result.notes:
        note(f"note: {line}")
    note(f"files: {len(result.patch.files)}")
    for stat in result.patch.files:
        moved = f"{stat.old_path} -> " if stat.old_path else ""
        note(f"  {moved}{stat.path}  +{stat.added} -{stat.removed}")
    if result.left_alone:
        _report_left_alone(context.output, result.left_alone)
    note("checks:")
    for check in result.checks:
        note(f"  {'ok    ' if check.passed else 'FAILED'} {check.name}: {check.detail}")


def _report_left_alone(out: Output, places: list[LeftAlone]) -> None:
    """Places by file and reason, the first few of each: a changelog would push the rest out of sight."""
    out.note(f"left alone: {len(places)}")
    groups: dict[tuple[str, str], list[LeftAlone]] = {}
    for place in places:
        groups.setdefault((place.path, place.reason), []).append(place)
    for (path, reason), group in list(groups.items())[:SHOWN]:
        for place in group[:SHOWN_OF_A_KIND]:
            out.note(f"  {path}:{place.line}: {place.text.strip()[:100]}  [{reason}]")
        if len(group) > SHOWN_OF_A_KIND:
            out.note(f"  {path}: {len(group) - SHOWN_OF_A_KIND} more  [{reason}]")
    if len(groups) > SHOWN:
        out.note(f"  and {len(groups) - SHOWN} files more (--json lists all)")


def _refused(context: Context, result: Result) -> int:
    """A failing check: said even with --quiet; nothing was written."""
    from ..console import safe

    if context.output.as_json:
        context.output.json("refactor", result.as_json())
    names = "; ".join(
        f"{check.name}: {check.detail}" if context.output.quiet else check.name for check in result.failed
    )
    print(f"v4: refused, nothing was written: failed: {safe(names)}", file=sys.stderr)
    return ExitCode.REFUSED


def _write_patch(out: Path, result: Result) -> None:
    from ..refactoring.journal import write_atomically

    data = result.patch.text.encode("utf-8", "surrogateescape")
    if out.exists() and not out.is_file():  # a pipe or a device such as /dev/stdout: nothing to rename onto
        with open(out, "wb") as file:
            file.write(data)
    else:
        write_atomically(out.resolve(), data)


def _apply(context: Context, result: Result, instruction: str, yes: bool, commit: bool, allow_dirty: bool) -> None:
    from ..refactoring import run

    if not yes:
        if sys.stdout.isatty() and not context.output.as_json:
            context.output.raw(result.patch.text)
        count = len(result.changes)
        if not typer.confirm(f"Write {count} change{'s' * (count != 1)} to {context.root}?", err=True):
            raise typer.Exit(ExitCode.FINDINGS)
    description = instruction or run.summary(result.plan)
    if commit:
        run.write_and_commit(context.root, result, description, allow_dirty=allow_dirty)
        context.output.note(f"committed {result.commit}")
    else:
        # The apply handles signals itself: it is rolled back or done. Once it is done, an interrupt while it is
        # being reported must not make "applied" look like "interrupted".
        signal.signal(signal.SIGINT, lambda *_: None)
        run.write(context.root, result, description)
    context.output.note(f"applied; `v4 refactor --undo {result.undo}` takes it back")


def _finish(context: Context, result: Result, started: float) -> None:
    result.seconds["total"] = time.perf_counter() - started
    if context.output.as_json:
        context.output.json("refactor", result.as_json())
    elif result.undo is None and os.path.realpath(os.getcwd()) != os.path.realpath(context.root):
        context.output.note(f"apply the patch at the top folder: git -C {context.root} apply")
    if context.output.debug:
        context.output.note("seconds: " + ", ".join(f"{k} {v:.2f}" for k, v in result.seconds.items()))


def _undo(context: Context, identifier: str | None) -> int:
    from ..refactoring.undo import undo

    try:
        undone = undo(context.root, identifier)
    except PermissionError as error:
        raise EnvironmentLacks(f"--undo: {error}") from None
    what = "rolled back the interrupted" if undone.interrupted else "took back"
    context.output.note(f"{what} {undone.id}: {undone.description}".rstrip(": "))
    if undone.commit:
        context.output.note(f"the commit {undone.commit[:12]} stays: git revert {undone.commit[:12]} takes it back too")
    for path in undone.paths:
        context.output.print(path)
    if context.output.as_json:
        context.output.json(
            "refactor",
            {"undone": undone.id, "interrupted": undone.interrupted, "files": undone.paths, "applied": False},
        )
    return ExitCode.OK
