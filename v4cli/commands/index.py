"""v4 index: build or refresh the index and summarise the repository."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import EnvironmentLacks
from ..options import Debug, Json, Model, Quiet, Repo, context
from ..rendering import counted, shown_path, table

if TYPE_CHECKING:
    from repo_index.index import Index

    from ..console import Output

app = typer.Typer(rich_markup_mode=None)

_SHOWN = 10
_NAMED = 3


Watch = Annotated[
    bool,
    typer.Option(
        "--watch",
        help="Then refresh whenever files change, one line a batch, until Ctrl-C; with --json, one JSON object a line.",
    ),
]


@app.command()
def index(
    watch: Watch = False,
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Build or refresh the index and summarise the repository.

    Only files that changed since the last run are read. No model is needed. With --watch the summary is followed by
    a line for each batch of changes; with --json as well, standard output is JSON lines: the summary, then objects
    with "changed" and "removed" paths, "files" and "seconds".
    """
    ctx = context(repo, model, json, quiet, debug)
    built = ctx.index()
    summary = summarise(built)
    for warning in summary["warnings"]:
        ctx.output.note(f"warning: {warning}")
    if json:
        ctx.output.json("index", summary, one_line=watch)
    for line in _lines(summary):
        ctx.output.print(line)
    if watch:
        sys.stdout.flush()
        _watch(built, ctx.output)


def _watch(index: Index, output: Output) -> None:
    from repo_index.git import GitError
    from repo_index.watch import batches

    try:
        for batch in batches(index):
            for warning in index.report.warnings:
                output.note(f"warning: {warning}")
            payload = {"changed": batch.changed, "removed": batch.removed, "files": len(index.files())}
            if output.as_json:
                output.json("index", {**payload, "seconds": round(batch.seconds, 3)}, one_line=True)
            output.print(f"{_named(batch.changed, batch.removed)}: {batch.seconds:.2f} s")
            sys.stdout.flush()
    except GitError as error:
        raise EnvironmentLacks(str(error)) from None


def _named(changed: list[str], removed: list[str]) -> str:
    parts = [shown_path(path) for path in changed] + [f"{shown_path(path)} (removed)" for path in removed]
    if len(parts) <= _NAMED:
        return ", ".join(parts)
    gone = f" ({counted(len(removed), 'file')} removed)" if removed else ""
    return f"{counted(len(parts), 'file')}{gone}: {', '.join(parts[:_NAMED])}, ..."


def summarise(index: Index) -> dict[str, Any]:
    """What the index holds, in the form of the --json output."""
    from repo_index.summary import summary

    report = index.report
    return {
        "root": str(index.root),
        **summary(index),
        "parsed": report.parsed,
        "reused": report.reused,
        "seconds": round(report.seconds, 3),
        "warnings": list(report.warnings),
    }


def _lines(summary: dict[str, Any]) -> list[str]:
    lines = [
        f"{counted(summary['files'], 'file')} in {shown_path(summary['root'])}: "
        f"{summary['parsed']:,} read, {summary['reused']:,} unchanged, {summary['seconds']:.2f} s"
    ]
    if not summary["files"]:
        return [*lines, "nothing to index: the repository holds no files that git does not ignore"]
    rows = [
        (
            f"  {name}",
            counted(row["files"], "file"),
            f"{row['bytes'] / 1000:,.0f} kB",
            counted(row["symbols"], "symbol"),
        )
        for name, row in summary["languages"].items()
    ]
    lines += table(rows, right=(1, 2, 3))
    total = sum(summary["imports"].values())
    states = ", ".join(f"{number:,} {state}" for state, number in summary["imports"].items() if number)
    lines.append(
        f"{counted(summary['symbols'], 'symbol')}, {counted(total, 'import')}" + (f": {states}" if total else "")
    )
    skipped = summary["skipped"]
    if skipped:
        lines.append(f"{counted(len(skipped), 'file')} listed but not read:")
        lines += table([(f"  {shown_path(s['path'])}", s["reason"]) for s in skipped[:_SHOWN]])
        if len(skipped) > _SHOWN:
            lines.append(f"  and {len(skipped) - _SHOWN:,} more (--json lists them all)")
    return lines
