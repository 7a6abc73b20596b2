"""Packs of up to a million tokens: how long they take, what their order buys, what of them outlives an edit.

    python -m benchmarks.pack_order [--speed] [--orders] [--edits]     (all three without an option)

speed: `v4 pack --budget 1m` as a command on fresh copies of Django 5.1.4: the whole release, and its package folder
alone (about a million tokens), with nothing indexed before (cold), with an index but no token counts, and again (warm).
orders: `v4 pack --stats` over real trees, each order on the same files.
edits: histories of real releases (release_histories.json). The last five steps of each from one release to the next
give edits of one file, each made alone in the older tree; drawn with a seed, at most 5 a step. `self` is the history
of the repository this script lies in, when it is there: each file that its last 20 commits changed. The pack is built
before and after; what is kept is the share of its tokens before the first segment that differs. The commits before
are the history that `change` and `dsa` may look at. `base` is `--base HEAD`: the older tree's pack, with the edit at
its end.
Writes benchmarks/results/pack_order.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from . import RESULTS, machine, release_histories, releases

ORDERS = ("dsa", "path", "change")
TREES = ("Django", "scrapy", "celery", "sphinx", "twisted")
_STEPS, _EDITS = 5, 5
_COMMITS = 20


def _v4(root: Path, *arguments: str) -> tuple[float, str]:
    """(seconds of the whole command, standard output)."""
    command = [sys.executable, "-m", "v4cli.main", *arguments, "--repo", str(root), "--quiet"]
    start = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
    return time.perf_counter() - start, done.stdout


def _git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True).stdout


def speed(folder: Path) -> list[dict[str, Any]]:
    rows = []
    for label, part in (("Django 5.1.4, whole release", "."), ("Django 5.1.4, package folder", "django")):
        whole = releases.repository("Django", folder / "whole")
        root = whole
        if part != ".":
            root = folder / "part"
            shutil.copytree(whole / part, root)
            _git(root, "init", "-q")
            _git(root, "add", "-A", "-f")
        cold, out = _v4(root, "pack", "--budget", "1m", "--json")
        tokens = json.loads(out)["tokens"]
        for counts in root.glob(".git/v4/tokens.sqlite*"):
            counts.unlink()
        uncounted, _ = _v4(root, "pack", "--budget", "1m", "--json")
        warm, _ = _v4(root, "pack", "--budget", "1m", "--json")
        found = {"tree": label, "tokens": tokens, "cold": cold, "uncounted": uncounted, "warm": warm}
        print(
            f"{label}: {tokens:,} tokens; cold {cold:.1f} s, indexed {uncounted:.1f} s, warm {warm:.1f} s", flush=True
        )
        rows.append(found)
        shutil.rmtree(whole)
    shutil.rmtree(folder / "part")
    return rows


def orders(folder: Path) -> list[dict[str, Any]]:
    rows = []
    for tree in TREES:
        root = releases.repository(tree, folder / tree)
        _, out = _v4(root, "pack", "--budget", "1m", "--stats", "--json")
        stats = json.loads(out)["stats"]
        rows.append({"tree": f"{tree} {releases.PINNED[tree][0]}", **stats})
        for order in ORDERS:
            print(f"{tree:10} {order:7}", "  ".join(f"{k} {v}" for k, v in stats["orders"][order].items()), flush=True)
        shutil.rmtree(root)
    return rows


def edits(folder: Path) -> list[dict[str, Any]]:
    from repo_index import Index
    from repo_index.pack import Pack, build_pack
    from repo_index.pack_base import build_pack_on

    def count(text: str) -> int:
        return -(-len(text.encode("utf-8", "replace")) // 4)

    def kept(before: Pack, after: Pack) -> float:
        same = 0
        for old, new in zip(before.segments, after.segments, strict=False):
            if old.render() != new.render():
                break
            same += old.tokens
        return same / before.tokens

    def measured(root: Path, steps: list[tuple[str, list[str]]]) -> dict[str, list[float]]:
        """Share kept by each order; a step is a commit and files that it changed."""
        found: dict[str, list[float]] = {order: [] for order in (*ORDERS, "base")}
        for commit, paths in steps:
            old = folder / commit
            _git(folder, "clone", "-q", "--no-hardlinks", str(root), str(old))
            _git(old, "reset", "-q", "--hard", f"{commit}~1")
            index = Index.open(old).refresh()
            counts: dict[str, int] = {}
            for order in ORDERS:
                before = build_pack(index, 1_000_000, count, order=order, counts=counts)
                shown = {s.path for s in before.segments}
                for path in paths:
                    if path in shown:
                        edited = index.with_changes({path: _git(root, "cat-file", "blob", f"{commit}:{path}")})
                        after = build_pack(edited, 1_000_000, count, order=order, counts=counts)
                        found[order].append(kept(before, after))
            base = Index.of_commit(old)
            before = build_pack_on(base, index, 1_000_000, count, counts=counts)
            shown = {s.path for s in before.segments}
            for path in paths:
                if path in shown:
                    edited = index.with_changes({path: _git(root, "cat-file", "blob", f"{commit}:{path}")})
                    after = build_pack_on(base, edited, 1_000_000, count, counts=counts)
                    found["base"].append(kept(before, after))
            shutil.rmtree(old)
        return found

    def drawn(root: Path, commits: int, most: int) -> list[tuple[str, list[str]]]:
        steps = []
        for commit in _git(root, "rev-list", "--no-merges", f"-n{commits}", "HEAD").decode().split():
            options = ["--no-renames", "--diff-filter=M", "--name-only", "-z"]
            paths = (
                _git(root, "diff", *options, f"{commit}~1", commit).decode("utf-8", "surrogateescape").split("\0")[:-1]
            )
            steps.append((commit, sorted(random.Random(1).sample(paths, min(most, len(paths))))))
        return steps

    rows = []
    for project in (*release_histories.PROJECTS, "self"):
        root = folder / project
        root.mkdir()
        if project == "self":
            root = Path(__file__).parent.parent
            if not (root / ".git").exists() or int(_git(root, "rev-list", "--count", "HEAD")) < 2 * _COMMITS:
                continue
            found = measured(root, drawn(root, _COMMITS, 10**6))
        else:
            for version in release_histories.versions(project):
                release_histories.commit(project, version, root)
            found = measured(root, drawn(root, _STEPS, _EDITS))
            shutil.rmtree(root)
        medians = {order: statistics.median(values) for order, values in found.items()}
        print(f"{project:10} {len(found['dsa'])} edits", {o: f"{m:.1%}" for o, m in medians.items()}, flush=True)
        rows.append({"project": project, "edits": len(found["dsa"]), "median": medians, "kept": found})
    for order in (*ORDERS, "base"):
        every = [value for row in rows for value in row["kept"][order]]
        print(f"all, {order}: median {statistics.median(every):.1%} of {len(every)} edits")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for part in ("speed", "orders", "edits"):
        parser.add_argument(f"--{part}", action="store_true")
    asked = parser.parse_args()
    every = not (asked.speed or asked.orders or asked.edits)
    file = RESULTS / "pack_order.json"
    report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    report["machine"] = machine()
    with tempfile.TemporaryDirectory() as scratch:
        for name, part in (("speed", speed), ("orders", orders), ("edits", edits)):
            if every or getattr(asked, name):
                report[name] = part(Path(scratch))
    file.write_text(json.dumps(report, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
