"""A rename that touches more than 500 files of Django's sources, after indexing.

`python -m benchmarks.big_rename [--symbol ID] [--runs N] [--profile]`: the tree is indexed into a fresh cache; each run
then opens the repository anew, reads what the cache holds, carries the rename out (edits, patch, checks) and undoes it.
Timed are the phases of the engine; `open` is the refresh of an unchanged tree, which every command does first.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import tempfile
import time
from pathlib import Path
from typing import Any

from repo_index import Index
from v4cli.refactoring.plan import Plan
from v4cli.refactoring.run import execute, write
from v4cli.refactoring.undo import undo

from . import RESULTS, machine
from .python_suites import is_clean
from .releases import PINNED, repository

SYMBOL = "django/test/testcases.py::TestCase"


def once(root: Path, cache: Path, document: dict[str, Any]) -> dict[str, Any]:
    """Seconds of one run by phase, and how much it changes. Written and taken back at the end."""
    started = time.perf_counter()
    index = Index.open(root, cache_dir=cache).refresh()
    opened = time.perf_counter() - started
    result = execute(Plan.from_json(json.dumps({"operations": [document]})), index)
    if result.failed:
        raise SystemExit(f"{result.failed[0].name}: {result.failed[0].detail}")
    write(root, result, "")
    undo(root)
    if not is_clean(root):
        raise SystemExit("undo did not give every file back")
    lines = sum(stat.added for stat in result.patch.files)
    seconds = {phase: round(value, 2) for phase, value in ({"open": opened} | result.seconds).items()}
    return {"files": len(result.changes), "lines": lines, "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--symbol", default=SYMBOL)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--profile", action="store_true", help="print where the time of one run goes; nothing is written"
    )
    options = parser.parse_args()
    document = {"kind": "rename_symbol", "symbol": options.symbol, "new_name": "RenamedByBenchmark"}
    with tempfile.TemporaryDirectory() as scratch:
        root, cache = repository("Django", Path(scratch) / "Django"), Path(scratch) / "cache"
        started = time.perf_counter()
        index = Index.open(root, cache_dir=cache).refresh()
        indexing = time.perf_counter() - started
        print(f"Django {PINNED['Django'][0]}: {len(index.files())} files indexed in {indexing:.1f} s")
        if options.profile:
            with cProfile.Profile() as profile:
                once(root, cache, document)
            pstats.Stats(profile).sort_stats("cumulative").print_stats(60)
            return
        runs = [once(root, cache, document) for _ in range(options.runs)]
    for run in runs:
        phases = "  ".join(f"{phase} {value:.2f}" for phase, value in run["seconds"].items())
        print(f"{run['files']} files, {run['lines']} lines: {phases}")
    result: dict[str, Any] = {
        "machine": machine(),
        "release": f"Django {PINNED['Django'][0]}",
        "operation": document,
        "runs": runs,
    }
    result["indexing_seconds"] = round(indexing, 2)
    (RESULTS / "big_rename.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
