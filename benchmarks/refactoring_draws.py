"""Refactorings drawn at random and judged by a compiler: carrying one out, and counting outcomes."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from repo_index import Index
from v4cli.errors import NothingToDo, Refused
from v4cli.refactoring.changes import FileChange
from v4cli.refactoring.plan import Plan
from v4cli.refactoring.run import execute

Row = dict[str, Any]


def carried_out(index: Index, document: dict[str, Any], more: Callable[[list[FileChange]], int]) -> Row:
    """The outcome of one operation: `more` says how many errors more there are with the changes."""
    row: Row = {"operation": document}
    started = time.perf_counter()
    try:
        result = execute(Plan.from_json(json.dumps({"operations": [document]})), index)
    except (Refused, NothingToDo) as error:
        return row | {"outcome": "refused", "reason": str(error)}
    except Exception as error:  # a mistake of the engine is a result, not the end of the run
        return row | {"outcome": "broken", "reason": f"{type(error).__name__}: {error}"}
    row["seconds"] = round(time.perf_counter() - started, 3)
    row["files"] = len(result.changes)
    if result.failed:
        return row | {"outcome": "stopped", "reason": f"{result.failed[0].name}: {result.failed[0].detail}"}
    count = more(result.changes)
    if count <= 0:
        return row | {"outcome": "clean"}
    return row | {"outcome": "broken", "reason": f"{count} more errors"}


def tried(root: Path, changes: list[FileChange], errors: Callable[[], int]) -> int:
    """What `errors` counts with the changes in a work tree, which is put back then."""
    for change in changes:
        path = root / change.path
        if change.after is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(change.after)
    count = errors()
    for arguments in (["checkout", "-q", "."], ["clean", "-fdq"]):
        subprocess.run(["git", "-C", str(root), *arguments], check=True)
    return count


def summary(rows: list[Row]) -> dict[str, Any]:
    outcomes = Counter(row["outcome"] for row in rows)
    done = outcomes["clean"] + outcomes["broken"]
    return {
        "tried": len(rows),
        **{o: outcomes[o] for o in ("refused", "stopped", "clean", "broken")},
        "clean_of_done": round(outcomes["clean"] / done, 4) if done else None,
    }


HEAD = f"{'tree':14} {'operation':14} tried refused stopped clean broken"


def tell(name: str, operation: str, rows: list[Row]) -> None:
    """One line of the table under HEAD."""
    s = summary(rows)
    rate = "" if s["clean_of_done"] is None else f"{s['clean_of_done']:7.1%}"
    figures = f"{s['tried']:5} {s['refused']:7} {s['stopped']:7} {s['clean']:5} {s['broken']:6} {rate}"
    print(f"{name:14} {operation:14} {figures}", flush=True)


def tell_unclean(name: str, row: Row) -> None:
    if row["outcome"] != "clean":
        print(f"  {name} {row['outcome']}: {json.dumps(row['operation'])}\n      {row.get('reason', '')[:300]}")
        for line in row.get("new", [])[:4]:
            print(f"      {line}", flush=True)


def tell_refusals(rows: Iterable[Row]) -> None:
    """Reasons without the names in them, so that alike ones count together."""
    for text, number in Counter(_reason(row["reason"]) for row in rows if row["outcome"] == "refused").most_common():
        print(f"    {number:4} {text}")


def _reason(text: str) -> str:
    text = re.sub(
        r"[\w./@#$-]+(?:::[\w.$#()-]+|\.(?:go|java|[ch]|[cm]?[jt]sx?)\b(?::\d+)?)", "…", text.split("\n", 1)[0]
    )
    return re.sub(r"\b\w*(?:extraFlag|Renamed)\b", "…", text)[:120]
