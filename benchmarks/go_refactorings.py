"""Refactorings of Go modules, judged by `go vet`.

`python -m benchmarks.go_refactorings [--seed N] [--count N] [--operations ...] [--trees ...] [--show]`: for each module
below (Debian's packages of go_rust_sources.py that need the standard library alone), symbols, files and packages are
drawn with a seed, as many for each operation: a symbol gets another name; a package or a file another name or folder; a
definition moves to a new package, to another file of its package or to another package; a function gets one more
parameter (half of the draws: with another value at the calls than the default). `go vet ./...`, which type-checks tests
too, reads the module before and after. clean: it finds no more than before; broken: it does; refused: the operation
said that it does not do this, with the reason; stopped: a check of the engine failed, so that nothing would have been
written. Needs `go`; works without the network.
"""

from __future__ import annotations

import argparse
import json
import os
import posixpath
import random
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from repo_index import Index
from repo_index.records import Symbol

from . import RESULTS, machine
from .go_rust_sources import CACHE, go_tree
from .refactoring_draws import HEAD, carried_out, summary, tell, tell_refusals, tell_unclean, tried

TREES = ("chi", "glob", "toml", "goldmark")
OPERATIONS = ("rename_symbol", "rename_module", "move_symbols", "add_parameter")
ENVIRONMENT = os.environ | {
    "GOCACHE": str(CACHE.parent / "go-cache"),
    "GOPROXY": "off",
    "GOSUMDB": "off",
    "GOFLAGS": "-mod=mod",
    "GO111MODULE": "on",
    "GOTOOLCHAIN": "local",
}


def vet(root: Path) -> Counter[str]:
    """The lines that `go vet` prints, names of packages left out."""
    command = ["go", "vet", "./..."]
    done = subprocess.run(command, cwd=root, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    return Counter(line for line in lines if line and not line.startswith("# "))


def _built(path: str) -> bool:
    return path.endswith(".go") and not any(p.startswith(("_", ".")) or p == "testdata" for p in path.split("/"))


def _symbols(index: Index, seed: int) -> list[Symbol]:
    known = {s.id: s for s in index.symbols() if _built(s.path) and s.name not in ("init", "main")}
    listed = [known[i] for i in sorted(known) if not known[i].path.endswith("_test.go")]
    return random.Random(seed).sample(listed, len(listed))


def draws(index: Index, operation: str, seed: int) -> Iterator[dict[str, Any]]:
    """Operations of one kind, as plans hold them, without end but for that of what can be drawn."""
    chance = random.Random(f"{seed} {operation}")
    files = sorted(r.path for r in index.files() if _built(r.path) and not r.path.endswith("_test.go"))
    folders = sorted({posixpath.dirname(path) for path in files} - {""})
    if operation == "rename_symbol":
        for symbol in _symbols(index, seed):
            yield {"kind": operation, "symbol": symbol.id, "new_name": f"{symbol.name}Renamed"}
    elif operation == "rename_module":
        sampled = zip(chance.sample(files, len(files)), chance.sample(folders * 20, len(folders) * 20), strict=False)
        for number, (file, folder) in enumerate(sampled):
            parent, base = posixpath.split(folder)
            stem = posixpath.basename(file).removesuffix(".go")
            old, new = (
                (folder, f"{parent}/{base}renamed"),
                (file, f"{posixpath.dirname(file)}/{stem}_renamed.go"),
                (folder, f"{chance.choice([*(f for f in folders if f != folder), 'inner'])}/{base}moved"),
                (file, f"{chance.choice([*folders, 'inner/moved'])}/{stem}_moved.go"),
            )[number % 4]
            yield {"kind": operation, "path": old, "new_path": new.removeprefix("/")}
    elif operation == "move_symbols":
        listed = [s for s in _symbols(index, seed + 1) if "." not in s.qualified]
        for number, symbol in enumerate(listed):
            folder = posixpath.dirname(symbol.path)
            target = f"{folder}/moved/moved.go"
            if number % 3 == 1:
                target = chance.choice(
                    [f for f in files if posixpath.dirname(f) == folder and f != symbol.path] or [""]
                )
                target = target or f"{folder}/moved.go"
            elif number % 3 == 2:
                target = chance.choice([f for f in files if posixpath.dirname(f) != folder])
            yield {"kind": operation, "symbols": [symbol.id], "target": target.removeprefix("/")}
    else:
        listed = [s for s in _symbols(index, seed + 2) if s.kind in ("function", "method")]
        for number, symbol in enumerate(listed):
            rule = {"call_sites": "all", "call_value": "true"} if number % 2 else {}
            yield {"kind": operation, "symbol": symbol.id, "name": "extraFlag", "default": "false", **rule}


def judge(index: Index, root: Path, before: Counter[str], document: dict[str, Any]) -> dict[str, Any]:
    """Carry one operation out and let `go vet` read the result."""
    fresh: list[str] = []

    def errors() -> int:
        found = vet(root)
        fresh.extend(sorted(found - before))
        untyped = any(line.startswith("vet: ") for line in fresh)
        return max(sum(found.values()) - sum(before.values()), int(untyped))

    return carried_out(index, document, lambda changes: tried(root, changes, errors)) | {"new": fresh[:8]}


def tree(name: str, count: int, seed: int, operations: list[str], scratch: Path, show: bool) -> list[dict[str, Any]]:
    root = go_tree(name, scratch / name)
    index = Index.open(root, cache_dir=scratch / "cache").refresh()
    before = vet(root)
    rows = []
    for operation in operations:
        for number, document in enumerate(draws(index, operation, seed)):
            if number == count:
                break
            row = {"tree": name} | judge(index, root, before, document)
            rows.append(row)
            if show:
                tell_unclean(name, row)
        tell(name, operation, [r for r in rows if r["operation"]["kind"] == operation])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--count", type=int, default=9, help="draws of each operation from each tree")
    parser.add_argument("--operations", nargs="*", default=list(OPERATIONS))
    parser.add_argument("--trees", nargs="*", default=list(TREES))
    parser.add_argument("--show", action="store_true", help="print what was not clean")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    print(HEAD)
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.trees:
            rows += tree(name, arguments.count, arguments.seed, arguments.operations, Path(scratch), arguments.show)
            if set(arguments.operations) == set(OPERATIONS):
                _write(rows, arguments.seed)
    for operation in arguments.operations:
        some = [r for r in rows if r["operation"]["kind"] == operation]
        tell("all", operation, some)
        tell_refusals(some)


def _write(rows: list[dict[str, Any]], seed: int) -> None:
    version = subprocess.run(["go", "version"], capture_output=True, text=True, check=True).stdout.split()[2]
    result = {
        "oracle": f"go vet, {version}",
        "seed": seed,
        "trees": list(dict.fromkeys(row["tree"] for row in rows)),
        "machine": machine(),
        "all": summary(rows),
        "operations": {o: summary([r for r in rows if r["operation"]["kind"] == o]) for o in OPERATIONS},
        "draws": rows,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "go_refactorings.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
