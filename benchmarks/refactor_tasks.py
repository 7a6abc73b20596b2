"""Run a folder of refactoring tasks through the command line and report how many pass.

    python -m benchmarks.refactor_tasks TASKS [--wording base|descriptive|lazy] [--only WORD] [--model NAME]

TASKS is a folder with one JSON file a task, `check.py` (the checker) and `fetch.py` (which fetches the source
releases that the tasks name). Each task starts from a fresh copy of its release, committed to a new git
repository; `v4 refactor INSTRUCTION --apply --yes --json` runs there as a process of its own; the checker reads
the result. Writes benchmarks/results/refactor_tasks_WORDING.json.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any

from . import RESULTS, machine

#: categories that the operations of today cover; the others are reported and expected to be refused
COVERED = ("rename-symbol", "rename-module", "add-parameter")


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tasks_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, "-C", str(folder), *arguments], check=True, capture_output=True)


def _broken(tree: Path) -> list[str]:
    """Python files changed by the run that no longer compile."""
    listing = subprocess.run(
        ["git", "-C", str(tree), "ls-files", "-z", "-m", "-o", "--exclude-standard"], capture_output=True, check=True
    ).stdout
    broken = []
    for name in listing.decode("utf-8", "surrogateescape").split("\0"):
        path = tree / name
        if name.endswith(".py") and path.is_file():
            try:
                compile(path.read_bytes(), name, "exec", dont_inherit=True)
            except SyntaxError as error:
                broken.append(f"{name}: {error}")
    return broken


def run_task(
    task: dict[str, Any], source: Path, wording: str, checker: ModuleType, model: str | None
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="v4-task-") as scratch:
        tree = Path(scratch) / "tree"
        shutil.copytree(source, tree, symlinks=True)
        _git(tree, "init", "-q")
        _git(tree, "add", "-A", "-f")
        _git(tree, "commit", "-q", "-m", "release")
        command = [sys.executable, "-m", "v4cli.main", "refactor", task["instruction"][wording]]
        command += ["--repo", str(tree), "--apply", "--yes", "--json"]
        if model:
            command += ["--model", model]
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, env={**os.environ})
        seconds = time.perf_counter() - started
        try:
            answer = json.loads(done.stdout) if done.stdout.strip() else {}
        except json.JSONDecodeError:
            answer = {}
        failures = [str(f) for f in checker.check_task(task, tree)]
        plan, broken = answer.get("plan", {}), _broken(tree)
        return {
            "task": task["id"],
            "category": task["category"],
            "passed": not failures and done.returncode == 0 and not broken,
            "exit": done.returncode,
            "seconds": round(seconds, 2),
            "operations": plan.get("operations", []),
            "model_questions": sum("the model chose" in m.get("evidence", "") for m in plan.get("matched", [])),
            "failures": failures,
            "broken": broken,
            "message": done.stderr.strip().splitlines()[-1:] if done.returncode else [],
            "plan_seconds": answer.get("seconds", {}).get("plan"),
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", type=Path)
    parser.add_argument("--wording", default="base", choices=("base", "descriptive", "lazy"))
    parser.add_argument("--only", default="", help="run tasks whose id or category contains this")
    parser.add_argument("--model")
    parser.add_argument("--cache", type=Path, default=Path(".cache/refactor_tasks"))
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if not (options.tasks / "check.py").is_file():
        parser.error(f"{options.tasks} has no check.py: name the folder of the tasks")
    checker, fetcher = _load(options.tasks / "check.py"), _load(options.tasks / "fetch.py")
    options.cache.mkdir(parents=True, exist_ok=True)
    results = []
    for path in sorted(options.tasks.glob("*.json")):
        task = json.loads(path.read_text(encoding="utf-8"))
        if options.only and options.only not in task["id"] and options.only != task["category"]:
            continue
        source = fetcher.fetch(task["sdist"], task["archive_root"], options.cache)
        result = run_task(task, source, options.wording, checker, options.model)
        results.append(result)
        mark = "pass" if result["passed"] else "FAIL"
        print(f"{mark}  {result['category']:14} {result['task']:45} {result['seconds']:6.1f} s", flush=True)
        if options.verbose or not result["passed"]:
            for line in [*result["message"], *result["failures"][:4], *result["broken"][:2]]:
                print(f"        {line[:200]}")
        if options.verbose:
            print(f"        {json.dumps(result['operations'])[:600]}", flush=True)
    tally: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for result in results:
        tally[result["category"]][0] += result["passed"]
        tally[result["category"]][1] += 1
    print(f"\nwording: {options.wording}")
    for category, (passed, total) in sorted(tally.items()):
        print(f"  {category:14} {passed:2} of {total}")
    covered = [r for r in results if r["category"] in COVERED]
    print(f"  covered kinds  {sum(r['passed'] for r in covered):2} of {len(covered)}")
    print(f"  all            {sum(r['passed'] for r in results):2} of {len(results)}")
    if not options.only:
        RESULTS.mkdir(parents=True, exist_ok=True)
        document = {"machine": machine(), "wording": options.wording, "results": results}
        target = RESULTS / f"refactor_tasks_{options.wording}.json"
        target.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        print(f"written: {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
