"""Refactorings of JavaScript and TypeScript trees, judged by the TypeScript compiler.

`python -m benchmarks.typescript_refactorings [--seed N] [--count N] [--operations ...] [--trees ...] [--show]`: for
each tree of npm_sources.py, symbols and modules are drawn with a seed, as many for each operation: a symbol gets
another name, a file another name or folder, a definition moves to a new or an existing file, a function gets one more
parameter with a default (half of the draws: and every call passes it). `tsc --noEmit` reads the tree before and after.
clean: it reports no more errors than before; broken: it does (where an incremental check says so, a full one decides);
packages that are not installed do not count;
refused: the operation said that it does not do this, with the reason; stopped: a check of the engine failed, so that
nothing would have been written. Needs `node` and `npm`.
"""

from __future__ import annotations

import argparse
import json
import posixpath
import random
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from repo_index import Index
from repo_index.records import Symbol
from v4cli.refactoring.changes import FileChange

from . import RESULTS, machine
from .npm_sources import TREES, TYPESCRIPT, fetch, repository
from .refactoring_draws import HEAD, carried_out, summary, tell, tell_refusals, tell_unclean
from .typescript_references import drawn

SCRIPT = Path(__file__).with_name("typescript_errors.mjs")
OPERATIONS = ("rename_symbol", "rename_module", "move_symbols", "add_parameter")
_CODE = re.compile(r"(?<!\.d)\.(?:[cm]?[jt]s|[jt]sx)\Z")
_SOURCES = ("src", "lib", "compat", "hooks", "debug", "devtools", "test-utils", "jsx-runtime", "index.js")
_TESTS = re.compile(r"(?:^|/)(?:tests?|__tests__|benchmarks)/|\.test(?:-d)?\.")
#: a package that is not installed (all trees are read without the packages they depend on): says nothing of a change
_MISSING = re.compile(r"^(?:2307|7016|2875|2688|2792) .*?'(?![./])(?!rxjs/|@internal/|@reduxjs/toolkit)[^']*'")
_MOVABLE = {"function", "class", "constant", "variable", "interface", "type", "enum"}


class Compiler:
    """`tsc --noEmit` on one tree with some of its files changed."""

    def __init__(self, root: Path) -> None:
        module = fetch(TYPESCRIPT) / "lib" / "typescript.js"
        command = ["node", "--max-old-space-size=6144", str(SCRIPT), str(module), str(root)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def errors(self, changes: dict[str, bytes | None], fresh: bool = False) -> list[tuple[str, int, int, str]]:
        assert self._process.stdin is not None and self._process.stdout is not None
        texts = {path: None if data is None else data.decode("utf-8", "replace") for path, data in changes.items()}
        self._process.stdin.write(json.dumps({"changes": texts, "fresh": fresh}) + "\n")
        self._process.stdin.flush()
        return [tuple(e) for e in json.loads(self._process.stdout.readline()) if not _MISSING.search(f"{e[2]} {e[3]}")]

    def close(self) -> None:
        self._process.communicate()


def _files(index: Index) -> list[str]:
    skipped = {r.path for r in index.files() if r.skipped}
    paths = [r.path for r in index.files() if _CODE.search(r.path) and not _TESTS.search(r.path)]
    return [p for p in paths if p.split("/", 1)[0] in _SOURCES and p not in skipped]


def _symbols(index: Index, seed: int) -> list[Symbol]:
    return [s for s in drawn(index, 10**9, seed) if not _TESTS.search(s.path)]


def draws(index: Index, operation: str, seed: int) -> Iterator[dict[str, Any]]:
    """Operations of one kind, as plans hold them, without end but for that of what can be drawn."""
    chance = random.Random(f"{seed} {operation}")
    files = _files(index)
    folders = sorted({posixpath.dirname(path) for path in files})
    if operation == "rename_symbol":
        for symbol in _symbols(index, seed):
            yield {"kind": operation, "symbol": symbol.id, "new_name": f"{symbol.name}Renamed"}
    elif operation == "rename_module":
        for number, path in enumerate(chance.sample(files, len(files))):
            folder, base = posixpath.split(path)
            stem, extension = base.split(".", 1)
            new = f"{folder}/{stem}-renamed.{extension}"
            if number % 2:
                into = chance.choice([*(f for f in folders if f != folder), f"{folder}/moved"])
                new = f"{into}/{stem}-moved.{extension}"
            yield {"kind": operation, "path": path, "new_path": new.removeprefix("/")}
    elif operation == "move_symbols":
        listed = [s for s in _symbols(index, seed + 1) if "." not in s.qualified and s.kind in _MOVABLE]
        for number, symbol in enumerate(s for s in listed if s.path in set(files)):
            extension = posixpath.basename(symbol.path).split(".", 1)[1]
            target = f"{posixpath.dirname(symbol.path)}/{symbol.name}-moved.{extension}"
            if number % 2:
                target = chance.choice([f for f in files if f != symbol.path] or [target])
            yield {"kind": operation, "symbols": [symbol.id], "target": target.removeprefix("/")}
    else:
        listed = [s for s in _symbols(index, seed + 2) if s.kind in ("function", "method")]
        for number, symbol in enumerate(listed):
            rule = {"call_sites": "all", "call_value": "true"} if number % 2 else {}
            yield {"kind": operation, "symbol": symbol.id, "name": "extraFlag", "default": "false", **rule}


def judge(
    index: Index, compiler: Compiler, before: Counter[tuple[int, str]], document: dict[str, Any]
) -> dict[str, Any]:
    """Carry one operation out and let the compiler read the result."""
    told: list[str] = []

    def more(changed: list[FileChange]) -> int:
        changes = {change.path: change.after for change in changed}
        errors = compiler.errors(changes)
        if len(errors) > sum(before.values()):
            errors = compiler.errors(changes, fresh=True)
        fresh = Counter((code, message) for _, _, code, message in errors) - before
        told.extend(f"{path}:{line}: TS{code} {text[:200]}" for path, line, code, text in errors if fresh[(code, text)])
        return len(errors) - sum(before.values())

    row = carried_out(index, document, more)
    return row | {"new": told[:8] if row["outcome"] == "broken" else []}


def tree(name: str, count: int, seed: int, operations: list[str], scratch: Path, show: bool) -> list[dict[str, Any]]:
    root = repository(name, scratch / name, built=False)
    index = Index.open(root, cache_dir=scratch / "cache").refresh()
    compiler = Compiler(root)
    rows = []
    try:
        before = Counter((code, message) for _, _, code, message in compiler.errors({}))
        for operation in operations:
            for number, document in enumerate(draws(index, operation, seed)):
                if number == count:
                    break
                row = {"tree": name} | judge(index, compiler, before, document)
                rows.append(row)
                if show:
                    tell_unclean(name, row)
            tell(name, operation, [r for r in rows if r["operation"]["kind"] == operation])
    finally:
        compiler.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--count", type=int, default=12, help="draws of each operation from each tree")
    parser.add_argument("--operations", nargs="*", default=list(OPERATIONS))
    parser.add_argument("--trees", nargs="*", default=list(TREES))
    parser.add_argument("--show", action="store_true", help="print what was not clean")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    print(HEAD)
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.trees:
            rows += tree(name, arguments.count, arguments.seed, arguments.operations, Path(scratch), arguments.show)
    by_operation = {o: [r for r in rows if r["operation"]["kind"] == o] for o in arguments.operations}
    for operation, some in by_operation.items():
        tell("all", operation, some)
        tell_refusals(some)
    result = {
        "oracle": f"typescript {TYPESCRIPT.version}",
        "seed": arguments.seed,
        "trees": arguments.trees,
        "machine": machine(),
        "all": summary(rows),
        "operations": {o: summary(some) for o, some in by_operation.items()},
        "draws": rows,
    }
    if set(arguments.operations) == set(OPERATIONS):
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "typescript_refactorings.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
