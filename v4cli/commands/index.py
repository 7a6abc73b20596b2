"""v4 index: build or refresh the index and summarise the repository."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import typer

from ..options import Debug, Json, Model, Quiet, Repo, context
from ..rendering import counted, shown_path, table

if TYPE_CHECKING:
    from repo_index.index import Index

app = typer.Typer(rich_markup_mode=None)

STATES = ("resolved", "external", "ambiguous", "unresolved")
_SHOWN = 10


@app.command()
def index(
    repo: Repo = None, model: Model = None, json: Json = False, quiet: Quiet = False, debug: Debug = False
) -> None:
    """Build or refresh the index and summarise the repository.

    Only files that changed since the last run are read. No model is needed.
    """
    ctx = context(repo, model, json, quiet, debug)
    built = ctx.index()
    summary = summarise(built)
    for warning in summary["warnings"]:
        ctx.output.note(f"warning: {warning}")
    if json:
        ctx.output.json("index", summary)
        return
    for line in _lines(summary):
        ctx.output.print(line)


def summarise(index: Index) -> dict[str, Any]:
    """What the index holds, in the form of the --json output."""
    records = index.files()
    languages: dict[str, dict[str, int]] = {}
    for record in records:
        row = languages.setdefault(record.language, {"files": 0, "bytes": 0, "symbols": 0})
        row["files"] += 1
        row["bytes"] += record.size
    by_path = {record.path: record.language for record in records}
    kinds: Counter[str] = Counter()
    for symbol in index.symbols():
        kinds[symbol.kind] += 1
        languages[by_path[symbol.path]]["symbols"] += 1
    states: Counter[str] = Counter(edge.state for edge in index.edges())
    report = index.report
    skipped = [{"path": r.path, "reason": r.skipped} for r in records if r.skipped]
    return {
        "root": str(index.root),
        "files": len(records),
        "languages": {name: languages[name] for name in sorted(languages, key=lambda n: (-languages[n]["files"], n))},
        "roles": dict(sorted(Counter(r.role for r in records).items())),
        "symbols": sum(kinds.values()),
        "kinds": dict(sorted(kinds.items())),
        "imports": {state: states.get(state, 0) for state in STATES},
        "parsed": report.parsed,
        "reused": report.reused,
        "skipped": skipped,
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
