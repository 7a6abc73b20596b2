"""Include edges of C and C++ trees against gcc's preprocessor.

`python -m benchmarks.c_includes`: the translation units of each tree of c_sources.py are preprocessed with the flags
of the tree's build; the index is given no flags and no compile_commands.json.

edges     pairs (file, file that it includes): those that gcc enters, in any unit, against the index's edges whose
          directive gcc reached and entered in some unit. Directives that no unit reaches (other platforms) cannot be
          judged; the table counts them as "unreached".
closures  pairs (unit, file that it reads, directly or not): what `gcc -MM` lists (what `gcc -E` names where an #error
          stops it), against what the index's edges
          reach from the unit through directives that gcc reached in it.

Every difference is listed in the JSON.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from repo_index import Index

from . import RESULTS, machine
from .c_sources import TREES, flags, preprocess, repository, units

_MARKER = re.compile(r'# (\d+) "((?:[^"\\]|\\.)*)"((?: \d)*)\s*\Z')
_MARKER_LINE = re.compile(r'^# \d+ "((?:[^"\\]|\\.)*)"', re.MULTILINE)
Place = tuple[str, int]


def directives(output: str, root: Path) -> tuple[set[Place], dict[Place, set[str]]]:
    """From `gcc -E -dI`: the places of the includes that are reached, and the files that those enter."""
    reached: set[Place] = set()
    entered: dict[Place, set[str]] = defaultdict(set)
    path, line = "", 0
    last: Place | None = None
    for text in output.splitlines():
        marker = _MARKER.match(text)
        if marker is not None:
            name = _relative(marker[2], root)
            if " 1" in marker[3]:
                if last is not None and name:
                    entered[last].add(name)
                last = None
            path, line = name, int(marker[1])
            continue
        if text.strip():
            last = None
        if text.startswith(("#include ", "#include_next ", "#import ")) and path:
            last = (path, line)
            reached.add(last)
        line += 1
    return reached, entered


def _relative(name: str, root: Path) -> str:
    whole = Path(name.replace("\\\\", "\\")).resolve() if not name.startswith("<") else Path("/")
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else ""


def listed(name: str, root: Path, unit: str, stubs: Path) -> set[str]:
    """The files of the tree that `gcc -MM` lists for a unit."""
    command = ["gcc", "-MM", *flags(name, root, stubs), str(root / unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:  # an #error, for want of a configuration
        return {r for m in _MARKER_LINE.findall(preprocess(name, root, unit, stubs)) if (r := _relative(m, root))} - {
            unit
        }
    words = done.stdout.replace("\\\n", " ").split()[1:]
    return {r for w in words if (r := _relative(w, root))} - {unit}


def compare(name: str, scratch: Path) -> dict[str, Any]:
    """Counts and differences of one tree."""
    root = repository(name, (scratch / name)).resolve()
    stubs = scratch / f"{name}-stubs"
    stubs.mkdir()
    index = Index.open(root, cache_dir=scratch / "cache").refresh()
    targets: dict[Place, set[str]] = defaultdict(set)
    for edge in index.edges():
        if edge.target is not None and edge.module[:1] in ('"', "<"):
            targets[(edge.source, edge.line)].add(edge.target)
    everywhere: set[Place] = set()
    gold: dict[Place, set[str]] = defaultdict(set)
    missed, extra, both = [], [], 0
    for unit in units(name, root):
        reached, entered = directives(preprocess(name, root, unit, stubs), root)
        everywhere |= reached
        for place, files in entered.items():
            gold[place] |= files
        wanted = listed(name, root, unit, stubs)
        found, todo = set[str](), [unit]
        while todo:
            at = todo.pop()
            for place in (p for p in targets if p[0] == at and p in reached):
                for target in targets[place] - found - {unit}:
                    found.add(target)
                    todo.append(target)
        both += len(found & wanted)
        missed += [f"{unit}: {path}" for path in sorted(wanted - found)]
        extra += [f"{unit}: {path}" for path in sorted(found - wanted)]
    judged = {(p, t) for p in gold for t in targets.get(p, ())}
    edges = {(p, t) for p in gold for t in gold[p]}
    right = len(judged & edges)
    sources = {p for p, _ in everywhere}
    return {
        "tree": name,
        "archive": TREES[name].archive,
        "shows": TREES[name].shows,
        "units": len(units(name, root)),
        "edges": len(edges),
        "edge_precision": round(right / len(judged), 4) if judged else 1.0,
        "edge_recall": round(right / len(edges), 4) if edges else 1.0,
        "unreached": sum(p[0] in sources and p not in everywhere for p in targets),
        "closure": both + len(missed),
        "closure_precision": round(both / (both + len(extra)), 4) if both else 1.0,
        "closure_recall": round(both / (both + len(missed)), 4) if both else 1.0,
        "only_index": [f"{p[0]}:{p[1]} -> {t}" for p, t in sorted(judged - edges)],
        "only_gcc": [f"{p[0]}:{p[1]} -> {t}" for p, t in sorted(edges - judged)],
        "closure_only_index": extra,
        "closure_only_gcc": missed,
    }


def main() -> None:
    rows = []
    print(
        f"{'tree':10} {'units':>5} {'edges':>6} {'precision':>9} {'recall':>7} {'unreached':>9} "
        f"{'closure':>8} {'precision':>9} {'recall':>7}"
    )
    with tempfile.TemporaryDirectory() as scratch:
        for name in TREES:
            row = compare(name, Path(scratch))
            rows.append(row)
            print(
                f"{name:10} {row['units']:5,} {row['edges']:6,} {row['edge_precision']:9.4f} {row['edge_recall']:7.4f} "
                f"{row['unreached']:9,} {row['closure']:8,} {row['closure_precision']:9.4f} "
                f"{row['closure_recall']:7.4f}",
                flush=True,
            )
            for side in ("only_index", "only_gcc"):
                for edge in row[side][:8]:
                    print(f"    {side}: {edge}")
    version = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()
    RESULTS.mkdir(exist_ok=True)
    result = {"oracle": f"gcc {version}", "machine": machine(), "trees": rows}
    (RESULTS / "c_includes.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
