"""How often an instruction in English becomes the right plan.

    python -m benchmarks.planning [--set first|second|third|fourth] [--model NAME] [--no-model] [--only WORD]

planning_tasks.json holds instructions over real source releases (releases.py), each with the plan a careful engineer
would write, or with what the refusal must say where the instruction is impossible or says too little. They were
written before the planner saw any of them; so were the second, third and fourth set, each over other releases and
after the planner was changed by what the set before had shown. A plan counts when its operations are the expected
ones, field by field, in order (symbols of a move in any order). Where a task gives both a plan and a refusal, either
counts.

`--no-model` ends a plan at the first question that reaches the model: what is right without one.
Writes benchmarks/results/planning_SET_MODEL.json.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from . import RESULTS, machine, releases

SETS = {
    "first": "planning_tasks.json",
    "second": "planning_tasks_second.json",
    "third": "planning_tasks_third.json",
    "fourth": "planning_tasks_fourth.json",
}

#: fields whose order has no meaning
_UNORDERED = {"symbols", "skip_paths", "paths"}
#: operations that carry text of their own: only the fields that a task gives are compared
_PARTLY = {"edit", "extract_function"}


class NoModel:
    """Stands in for the model: a question that reaches it ends the plan."""

    def __init__(self) -> None:
        self.answered: list[Any] = []

    def choose(self, question: Any, instruction: str, options: Sequence[str]) -> str:
        from v4cli.errors import NothingToDo

        if len(options) == 1:
            return options[0]
        raise NothingToDo(f"the model is needed for: {question.name}")


def _normal(operation: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    fields = set(wanted) if wanted.get("kind") in _PARTLY else set(operation)
    found = {k: v for k, v in operation.items() if k in fields}
    return {k: sorted(v) if k in _UNORDERED and isinstance(v, list) else v for k, v in found.items()}


def same(made: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> bool:
    return len(made) == len(wanted) and all(_normal(m, w) == _normal(w, w) for m, w in zip(made, wanted, strict=True))


def run_task(task: dict[str, Any], index: Any, open_model: Callable[[], Any], asker: Any) -> dict[str, Any]:
    from v4cli.errors import V4Error
    from v4cli.refactoring import planner

    started = time.perf_counter()
    operations: list[dict[str, Any]] | None = None
    message, asked = "", []
    try:
        plan = planner.plan(task["instruction"], index, open_model, asker, write_edits=False)
        operations = [{"kind": o.kind, **o.model_dump(mode="json", exclude_defaults=True)} for o in plan.operations]
        asked = [f"{m.mention}: {m.symbol}" for m in plan.matched if "the model chose" in m.evidence]
    except V4Error as error:
        message = str(error)
    if operations is None:
        passed = "refusal" in task and re.search(task["refusal"], message, re.IGNORECASE) is not None
    else:
        passed = "plan" in task and same(operations, task["plan"])
    return {
        "id": task["id"],
        "kind": task["kind"],
        "passed": passed,
        "seconds": round(time.perf_counter() - started, 2),
        "operations": operations,
        "message": message,
        "asked": asked,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="first", choices=sorted(SETS))
    parser.add_argument("--model")
    parser.add_argument("--no-model", action="store_true")
    parser.add_argument("--only", default="", help="run tasks whose id or kind contains this")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    from repo_index import Index

    tasks = json.loads((Path(__file__).parent / SETS[options.set]).read_text(encoding="utf-8"))
    tasks = [t for t in tasks if options.only in t["id"] or options.only in t["kind"]]
    model: list[Any] = []

    def open_model() -> Any:
        from model_runtime import load_model
        from v4cli.settings import Settings

        if not model:
            model.append(load_model(options.model or Settings().model))
        return model[0]

    indexes: dict[str, Any] = {}
    results = []
    scratch = tempfile.TemporaryDirectory(prefix="v4-planning-")
    for task in tasks:
        project = task["project"]
        if project not in indexes:
            indexes[project] = Index.open(releases.repository(project, Path(scratch.name) / project)).refresh()
        result = run_task(task, indexes[project], open_model, NoModel() if options.no_model else None)
        results.append(result)
        mark = "right" if result["passed"] else "WRONG"
        print(f"{mark}  {result['kind']:26} {result['id']:16} {result['seconds']:5.1f} s", flush=True)
        if options.verbose or not result["passed"]:
            print(f"       {task['instruction']}")
            print(f"       made:   {json.dumps(result['operations']) if result['operations'] else result['message']}")
            if not result["passed"]:
                print(f"       wanted: {json.dumps(task.get('plan') or task.get('refusal'))}")
            if result["asked"]:
                print(f"       asked:  {'; '.join(result['asked'])}")
    scratch.cleanup()
    tally: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for result in results:
        for key in (result["kind"], "all"):
            tally[key][0] += result["passed"]
            tally[key][1] += 1
    for kind, (right, total) in sorted(tally.items(), key=lambda item: (item[0] == "all", item[0])):
        print(f"  {kind:28} {right:3} of {total}")
    if not options.only:
        name = "none" if options.no_model else re.sub(r"[^\w.-]+", "-", options.model or "default")
        document = {"machine": machine(), "set": options.set, "model": name, "results": results}
        RESULTS.mkdir(parents=True, exist_ok=True)
        target = RESULTS / f"planning_{options.set}_{name}.json"
        target.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        print(f"written: {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
