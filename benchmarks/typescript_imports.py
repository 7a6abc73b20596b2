"""Import edges of JavaScript and TypeScript trees against the TypeScript compiler.

`python -m benchmarks.typescript_imports`: for each tree of npm_sources.py, the pairs (file, file it imports) of the
index and of the compiler (the program's resolved modules). For a module that has both an implementation `x.js` and
a declaration file `x.d.ts`, the compiler answers with the declaration; both stand for the same module here, and
the JSON says for how many edges that matters. Every other difference is listed in the JSON. Needs `node` and `npm`.
"""

from __future__ import annotations

import json
import posixpath
import re
import tempfile
from pathlib import Path
from typing import Any

from repo_index import Index

from . import RESULTS, machine
from .npm_sources import TREES, TYPESCRIPT, repository, run_oracle

SCRIPT = Path(__file__).with_name("typescript_imports.mjs")
_DECLARATION = re.compile(r"\.d\.([cm]?)ts\Z")

Edge = tuple[str, str]


def implementation(path: str, paths: frozenset[str]) -> str:
    """The implementation beside a declaration file, the path itself where there is none."""
    match = _DECLARATION.search(path)
    if match is None:
        return path
    stem = path[: match.start()]
    return next((c for e in (f".{match[1]}js", ".jsx") if (c := stem + e) in paths), path)


def compare(name: str, scratch: Path) -> dict[str, Any]:
    """Counts and differences of one tree."""
    root = repository(name, scratch / name)
    index = Index.open(root, cache_dir=scratch / "cache").refresh()
    paths = frozenset(record.path for record in index.files())
    edges = index.edges()
    answers = [(posixpath.normpath(f), line, m, t) for f, line, m, t in json.loads(run_oracle(SCRIPT, root))]
    mine = {(e.source, implementation(e.target, paths)) for e in edges if e.target is not None}
    gold = {(f, implementation(t, paths)) for f, _, _, t in answers if t is not None and t in paths}
    raw_mine = {(e.source, e.target) for e in edges if e.target is not None}
    raw_gold = {(f, t) for f, _, _, t in answers if t is not None and t in paths}
    both = mine & gold
    return {
        "tree": f"{TREES[name].package} {TREES[name].version}",
        "shows": TREES[name].shows,
        "files": len({f for f, *_ in answers} | {e.source for e in edges}),
        "compiler": len(gold),
        "index": len(mine),
        "both": len(both),
        "precision": round(len(both) / len(mine), 4) if mine else 1.0,
        "recall": round(len(both) / len(gold), 4) if gold else 1.0,
        "declaration_for_implementation": len(raw_mine ^ raw_gold) - len(mine ^ gold),
        "only_index": [_told(e, [(x.line, x.module) for x in edges if x.source == e[0]
                                 and x.target is not None and implementation(x.target, paths) == e[1]])
                       for e in sorted(mine - gold)],
        "only_compiler": [_told(e, [(line, m) for f, line, m, t in answers if f == e[0]
                                    and t is not None and implementation(t, paths) == e[1]])
                          for e in sorted(gold - mine)],
    }  # fmt: skip


def _told(edge: Edge, places: list[tuple[int, str]]) -> dict[str, Any]:
    line, module = min(places)
    return {"from": edge[0], "to": edge[1], "line": line, "module": module}


def main() -> None:
    rows = []
    print(f"{'tree':32} {'files':>6} {'edges':>6} {'index':>6} {'precision':>9} {'recall':>7}")
    with tempfile.TemporaryDirectory() as scratch:
        for name in TREES:
            row = compare(name, Path(scratch))
            rows.append(row)
            counts = f"{row['files']:6,} {row['compiler']:6,} {row['index']:6,}"
            print(f"{row['tree']:32} {counts} {row['precision']:9.4f} {row['recall']:7.4f}", flush=True)
            for side in ("only_index", "only_compiler"):
                for edge in row[side][:8]:
                    print(f"    {side}: {edge['from']}:{edge['line']} {edge['module']!r} -> {edge['to']}")
    result = {"oracle": f"typescript {TYPESCRIPT.version}", "machine": machine(), "trees": rows}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "typescript_imports.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
