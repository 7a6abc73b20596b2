"""Random refactorings of Python packages, judged by the packages' own test suites; rope on the same draws.

`python -m benchmarks.python_refactorings [--seed N] [--count N] [--first N] [--packages ...] [--no-rope] [--show]`:
from each release of python_suites.py `count` renames are drawn with a seed (function, class, method, constant, module
and parameter in turn), a third as many moves of module-level definitions to a new or an existing module, and a third
as many added parameters (half of them passed by every call). Drawn is from the package itself, not from its tests.

Each draw goes through the engine as `v4 refactor --plan` takes it, is written into the tree, and the suite runs.
same: it passes with the counts it has without the change; broken: it does not; refused: the operation said that it does
not do this, with the reason; stopped: a check of the engine failed, so that nothing would have been written.
inverse: the opposite operation gives every file back byte for byte ("same"), gives other bytes ("differs"; after a move
the code stands elsewhere in its file), or is refused. undo: `v4 refactor --undo` gives every file back.

rope carries the same draw out in a tree of its own; where both trees are equal the suite runs once. Rows are added
to results/python_refactorings.json, so that pieces can be run one by one; `--first` skips draws.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from repo_index import Index
from v4cli.errors import NothingToDo, Refused
from v4cli.refactoring.plan import Plan
from v4cli.refactoring.run import Result, execute, write
from v4cli.refactoring.undo import undo

from . import RESULTS, machine
from .python_draws import Draw, draws
from .python_suites import SUITES, is_clean, repository, restore, run, versions
from .rope_refactorings import VERSION, Rope

SEED = 20261123
OUTPUT = RESULTS / "python_refactorings.json"
KINDS = ("function", "class", "method", "constant", "module", "parameter", "move", "add_parameter")


class Tree:
    """One release: a tree for the engine, one for rope, and how the suite ends on it unchanged."""

    def __init__(self, name: str, scratch: Path, with_rope: bool) -> None:
        self.name, self.suite = name, SUITES[name]
        self.root = repository(name, scratch / "ours" / name)
        self.index = Index.open(self.root, cache_dir=scratch / "cache").refresh()
        self.rope_root = repository(name, scratch / "rope" / name)
        self.rope = Rope(self.rope_root, self.suite.root) if with_rope else None
        failed, self.counts = run(name, self.root)
        if failed:
            raise SystemExit(f"{name}: the suite fails without any change: {failed}")

    def judge(self, root: Path) -> tuple[str, str]:
        failed, counts = run(self.name, root)
        if failed:
            return "broken", failed
        return ("same", "") if counts == self.counts else ("broken", f"{counts}, not {self.counts}")


def ours(tree: Tree, draw: Draw) -> tuple[dict[str, Any], dict[str, bytes | None]]:
    """Carry a draw out, run the suite, take it back both ways. Also returns what it writes."""
    started = time.perf_counter()
    row: dict[str, Any] = {}
    try:
        result = _execute(draw.operation, tree.index)
    except (Refused, NothingToDo) as error:
        return {"outcome": "refused", "reason": str(error), "seconds": round(time.perf_counter() - started, 3)}, {}
    except Exception as error:  # a mistake of the engine is a result, not the end of the run
        return {"outcome": "broken", "reason": f"{type(error).__name__}: {error}"}, {}
    row["seconds"] = round(time.perf_counter() - started, 3)
    row["files"] = len(result.changes)
    changed = {change.path: change.after for change in result.changes}
    if result.failed:
        return row | {"outcome": "stopped", "reason": f"{result.failed[0].name}: {result.failed[0].detail}"}, changed
    write(tree.root, result, "")
    try:
        row["outcome"], row["reason"] = tree.judge(tree.root)
        if draw.inverse is not None:
            row["inverse"] = _inverse(tree, draw.inverse, result)
        row["left"] = [f"{p.path}:{p.line} {p.reason}" for p in result.left_alone] if row["outcome"] == "broken" else []
        undo(tree.root)
        row["undo"] = is_clean(tree.root)
    finally:
        restore(tree.root)
        tree.index.refresh()
    return row, changed


def _execute(operation: dict[str, Any], index: Index) -> Result:
    return execute(Plan.from_json(json.dumps({"operations": [operation]})), index)


def _inverse(tree: Tree, operation: dict[str, Any], done: Result) -> str:
    """How the opposite operation ends on the changed tree."""
    original = {change.path: change.before for change in done.changes}
    try:
        result = _execute(operation, tree.index.refresh())
    except (Refused, NothingToDo) as error:
        return f"refused: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    after = {change.path: change.after for change in done.changes}
    after |= {change.path: change.after for change in result.changes}
    differing = sorted(p for p in after if after[p] != original.get(p, after[p] if p not in original else None))
    strange = sorted(p for p in after if p not in original and _committed(tree, p) != after[p])
    return "same" if not differing and not strange else f"differs: {', '.join((differing + strange)[:5])}"


def _committed(tree: Tree, path: str) -> bytes | None:
    place = tree.rope_root / path
    return place.read_bytes() if place.is_file() else None


def by_rope(tree: Tree, draw: Draw, changed: dict[str, bytes | None], verdict: dict[str, Any]) -> dict[str, Any]:
    """The same by rope. `changed` and `verdict` are ours: an equal tree is not judged twice."""
    assert tree.rope is not None
    try:
        row = tree.rope.carry_out(draw.operation, draw.path, draw.offset, draw.position)
        if "reason" in row:
            return row | {"outcome": "refused"}
        if is_clean(tree.rope_root):
            return row | {"outcome": "refused", "reason": "changes nothing"}
        if verdict["outcome"] in ("same", "broken") and _equal(tree, changed):
            return row | {"outcome": verdict["outcome"], "equal": True}
        row["outcome"], row["reason"] = tree.judge(tree.rope_root)
        return row
    finally:
        restore(tree.rope_root)


def _equal(tree: Tree, changed: dict[str, bytes | None]) -> bool:
    """Whether rope's tree holds what ours held with `changed`."""
    for path, content in changed.items():
        place = tree.rope_root / path
        if (place.read_bytes() if place.is_file() else None) != content:
            return False
    command = ["git", "-C", str(tree.rope_root), "status", "--porcelain", "--no-renames", "-uall", "-z"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    return {entry[3:] for entry in listed if entry} == set(changed)


def measure(name: str, options: argparse.Namespace, keep: Callable[[dict[str, Any]], None]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        tree = Tree(name, Path(scratch), not options.no_rope)
        try:
            chosen = draws(tree.index, tree.suite, options.seed, options.count)
            for number, draw in enumerate(chosen):
                if number < options.first or (options.kinds and draw.kind not in options.kinds):
                    continue
                row = {"package": name, "seed": options.seed, "number": number, "kind": draw.kind}
                verdict, changed = ours(tree, draw)
                row |= {"operation": draw.operation, "ours": verdict}
                if tree.rope is not None:
                    row["rope"] = by_rope(tree, draw, changed, verdict)
                keep(row)
                if options.show:
                    _show(row)
        finally:
            if tree.rope is not None:
                tree.rope.close()


def _show(row: dict[str, Any]) -> None:
    ours, rope = row["ours"], row.get("rope", {})
    line = f"{row['package']:12}{row['number']:4} {row['kind']:14} {ours['outcome']:8} {ours.get('seconds', 0):6.2f} s"
    print(f"{line}  rope {rope.get('outcome', '-'):8} {rope.get('seconds', 0):6.2f} s", flush=True)
    inverse = ours.get("inverse", "same")
    if ours["outcome"] != "same" or inverse != "same" or not ours.get("undo", True):
        print(f"    {json.dumps(row['operation'])}\n    {ours.get('reason', '')[-700:]}\n    inverse {inverse}")
        for place in ours.get("left", ())[:12]:
            print(f"      left {place}")


def summary(rows: list[dict[str, Any]], engine: str) -> dict[str, Any]:
    """Counts and the time of those that were carried out, in seconds."""
    found = [row[engine] for row in rows if engine in row]
    outcomes = Counter(row["outcome"] for row in found)
    seconds = sorted(row["seconds"] for row in found if "seconds" in row)
    result: dict[str, Any] = {"draws": len(found), **{o: outcomes[o] for o in ("same", "broken", "refused", "stopped")}}
    result["same_of_draws"] = round(outcomes["same"] / len(found), 4) if found else None
    result["seconds_median"] = seconds[len(seconds) // 2] if seconds else None
    if engine == "ours":
        inverses = Counter(row["inverse"].partition(":")[0] for row in found if "inverse" in row)
        result["inverse"] = dict(sorted(inverses.items()))
        result["undo"] = f"{sum(row.get('undo', False) for row in found)} of {sum('undo' in row for row in found)}"
    return result


def table(rows: list[dict[str, Any]]) -> dict[str, Any]:
    groups = {kind: [r for r in rows if r["kind"] == kind] for kind in KINDS}
    groups |= {name: [r for r in rows if r["package"] == name] for name in SUITES}
    groups["all"] = rows
    result = {}
    print(
        f"{'':14} {'draws':>5}{'same':>6}{'broken':>7}{'refused':>8}{'stopped':>8}  {'':7}{'median':>8}  inverse; undo"
    )
    for name, some in groups.items():
        for engine in ("ours", "rope"):
            s = summary(some, engine)
            if s["draws"]:
                result[f"{name} {engine}"] = s
                counts = f"{s['draws']:5}{s['same']:6}{s['broken']:7}{s['refused']:8}{s['stopped']:8}"
                tail = f"{s['inverse']}; {s['undo']}" if engine == "ours" else "rope"
                print(f"{name:14} {counts}  {s['same_of_draws']:7.1%}{s['seconds_median'] or 0:6.2f} s  {tail}")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=50, help="renames of each package; a third as many of the others")
    parser.add_argument("--first", type=int, default=0, help="the number of the first draw to carry out")
    parser.add_argument("--packages", nargs="*", default=list(SUITES))
    parser.add_argument("--kinds", nargs="*", choices=KINDS, help="only these")
    parser.add_argument("--no-rope", action="store_true")
    parser.add_argument("--show", action="store_true", help="print each draw, and why it did not end as before")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    if options.output.is_file():
        known = json.loads(options.output.read_text(encoding="utf-8"))
        if known["seed"] == options.seed:
            rows = {(row["package"], row["number"]): row for row in known["rows"]}

    def keep(row: dict[str, Any]) -> None:
        rows[row["package"], row["number"]] = row

    for name in options.packages:
        measure(name, options, keep)
        every = [rows[key] for key in sorted(rows)]
        figures = table(every)
        document = {"machine": machine(), "versions": versions() | {"rope": VERSION}, "seed": options.seed}
        options.output.parent.mkdir(exist_ok=True)
        text = json.dumps(document | {"figures": figures, "rows": every}, indent=1)
        options.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
