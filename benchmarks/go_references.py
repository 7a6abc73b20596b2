"""References in Go trees against gopls.

`python -m benchmarks.go_references [--seed N] [--count N] [--show]`: package-level definitions, methods and fields are
drawn with a seed from the trees of go_rust_sources.py, as many from each. For each, the places that the index and
`gopls references -d` give are compared. A method belongs with those of the interfaces that it fulfils and of their
other implementations, since none can be renamed alone; `gopls implementation` names these, and gopls is asked again for
each. Recall: of gopls's places, those that the index gives as exact or likely.
Precision: of the index's exact places, those that gopls gives. Files that the build leaves out here are left out on
both sides. Needs `go` and `gopls`; without the network: GOPROXY=off.
"""

from __future__ import annotations

import argparse
import json
import os
import posixpath
import random
import re
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from repo_index import Index
from repo_index.records import Reference, Symbol

from . import RESULTS, machine
from .go_imports import packages
from .go_rust_sources import go_tree
from .reference_figures import by_certainty, comparison, summary

TREES = ("cobra", "toml", "mux")
_PLACE = re.compile(r"(.+\.go):(\d+):(\d+)-(\d+)\Z")

Place = tuple[str, int, int]
"""Path, line from 1, column from 1 in bytes."""

#: what its places are called in the results
ORACLE = "gopls"


def place(index: Index, path: str, span: tuple[int, int], line: int) -> Place:
    content = index.read(path)
    return path, line, span[0] - (content.rfind(b"\n", 0, span[0]) + 1) + 1


def defined(index: Index, symbol: Symbol) -> Place:
    span = symbol.definition.name_span
    return place(index, symbol.path, span, index._line_of(symbol.path, span[0]))


def oracle(root: Path, start: Place, methods: set[Place]) -> set[Place] | None:
    """The places that gopls gives for what is defined at `start`, and for the methods that are defined at any of them;
    None where it gives none."""
    found: set[Place] = set()
    waiting, asked = [start], {start}
    while waiting:
        at = waiting.pop()
        found |= _asked(root, at, "references", "-d")
        more = sorted((_asked(root, at, "implementation") & methods) - asked) if start in methods else []
        waiting += more
        asked.update(more)
    return found or None


def _asked(root: Path, at: Place, *question: str) -> set[Place]:
    path, line, column = at
    environment = os.environ | {"GOPROXY": "off", "GOSUMDB": "off", "GOFLAGS": ""}
    command = ["gopls", *question, f"{path}:{line}:{column}"]
    answer = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    found = set()
    for match in filter(None, (_PLACE.match(text) for text in answer.stdout.splitlines())):
        inside = os.path.relpath(match[1], root.resolve())
        found.add((inside, int(match[2]), int(match[3])))
    return found


def built_files(root: Path) -> set[str]:
    """The files that the build of this machine reads."""
    found = set()
    for package in packages(root):
        at = os.path.relpath(package["Dir"], root.resolve())
        for key in ("GoFiles", "TestGoFiles", "XTestGoFiles"):
            found |= {posixpath.normpath(posixpath.join(at, f)) for f in package.get(key) or ()}
    return found


def _place_of(index: Index, reference: Reference) -> Place:
    return place(index, reference.path, reference.span, reference.line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--count", type=int, default=102)
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in TREES:
            root = go_tree(name, Path(scratch) / name)
            index = Index.open(root, cache_dir=Path(scratch) / "cache").refresh()
            built = built_files(root)
            known = {s.id: s for s in index.symbols() if s.path in built and s.name not in ("init", "main")}
            listed = [known[i] for i in sorted(known)]
            methods = {defined(index, s) for s in index.symbols() if s.kind == "method" and s.path in built}
            for symbol in random.Random(arguments.seed).sample(listed, arguments.count // len(TREES)):
                gold = oracle(root, defined(index, symbol), methods)
                if gold is None:
                    continue
                gold = {p for p in gold if p[0] in built or p[0].startswith("vendor/")}
                found = [r for r in index.references(symbol) if r.path in built or r.path.startswith("vendor/")]
                exact, likely = by_certainty(found, partial(_place_of, index))
                rows.append(comparison(name, symbol, ORACLE, gold, exact, likely, list))
    print(f"{'':12} {'defs':>5} {'places':>7} {'recall':>7} {'exact':>7} {'precision':>9}")
    figures = {}
    for name in (*TREES, "all"):
        some = [r for r in rows if name in (r["tree"], "all")]
        figures[name] = summary(some, ORACLE)
        f = figures[name]
        print(f"{name:12} {f['definitions']:5} {f['places']:7} {f['recall']:7} {f['recall_exact']:7} "
              f"{f['precision_exact']:9}")  # fmt: skip
    for row in rows if arguments.show else []:
        if row["missed"] or row["only_exact"]:
            print(row["symbol"], row["kind"], row["gopls"], "missed", row["missed"][:4], "wrong", row["only_exact"][:4])
    result = {"oracle": "gopls", "seed": arguments.seed, "machine": machine(), "figures": figures, "definitions": rows}
    (RESULTS / "go_references.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
