"""Java: dependencies between files, and references, against javac.

`python -m benchmarks.java_dependencies [--seed N] [--count N] [--show]`: the sources of three Debian packages are read
by the index and by javac's own tree API (JavaNames.java, which asks the compiler what each name means).

Dependencies: the pairs (file, other file) where the first names a type that the second declares: in an import, through
its package, inherited from a base class, or in full. References: definitions are drawn with a seed, as many from each
tree; a definition stands for its overloads and, if it is a method, for what it overrides and what overrides it. Recall:
of javac's places, those that the index gives as exact or likely. Precision: of the index's exact places, those that
javac gives. Left out of both: names in comments, parameters and local variables, package-info.java and
module-info.java. Needs a JDK (17 or later) and apt-get.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from repo_index import Index
from repo_index.records import Symbol

from . import RESULTS, machine
from .archives import check, to_git, unpack
from .reference_figures import by_certainty, comparison, summary

CACHE = Path(".cache/debian-sources")
SCRIPT = Path(__file__).with_name("JavaNames.java")
POOL = "http://deb.debian.org/debian/pool/main/"
#: name -> (archive in Debian's pool, SHA-256, folder of the sources in it)
TREES = {
    "commons-io": (
        "c/commons-io/commons-io_2.11.0.orig.tar.gz",
        "5a55361cf2b97228f94b3c65e3a4af784581debe322be551c44b2776db1c6483",
        "src/main/java",
    ),
    "commons-lang": (
        "libc/libcommons-lang3-java/libcommons-lang3-java_3.12.0.orig.tar.xz",
        "f7c22574707611b63bae19ff17f59e24cdd32e2b0e61a50ec9b1b525fbc909d1",
        "src/main/java",
    ),
    "guava": (
        "g/guava-libraries/guava-libraries_31.1.orig.tar.xz",
        "3dbb56b34e5ebd1b97184f72d31fbf9da24cc26c28f1ad3714aeeefdeedaed2a",
        "guava/src",
    ),
}
#: annotations that guava's sources name; where they are missing javac reports errors and goes on
CLASS_PATH = "/usr/share/java/jsr305.jar:/usr/share/java/error_prone_annotations.jar"

#: path and offset in bytes
Place = tuple[str, int]


#: what its places are called in the results
ORACLE = "javac"


def fetch(name: str) -> Path:
    """The folder of sources of one tree. Raises ValueError when the archive's digest is not the pinned one."""
    archive, digest, folder = TREES[name]
    root = CACHE / name
    if not root.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        file = CACHE / archive.rpartition("/")[2]
        if not file.is_file():
            helper = "/usr/lib/apt/apt-helper"
            subprocess.run([helper, "download-file", POOL + archive, str(file)], check=True, capture_output=True)
        check(file, digest)
        unpack(file, root)
    return root / folder


def repository(name: str, target: Path) -> Path:
    """A copy of the sources in a new git repository."""
    shutil.copytree(fetch(name), target)
    return to_git(target, name)


class Oracle:
    """What javac says of a tree; places in bytes."""

    def __init__(self, root: Path, index: Index) -> None:
        self.index = index
        self._maps: dict[str, list[int] | None] = {}
        self.kinds: dict[Place, str] = {}
        self.uses: dict[Place, set[Place]] = defaultdict(set)
        self.families: dict[Place, set[Place]] = defaultdict(set)
        export = "--add-exports=jdk.compiler/com.sun.tools.javac.tree=ALL-UNNAMED"
        run = subprocess.run(
            ["java", export, str(SCRIPT), str(root), CLASS_PATH], check=True, capture_output=True, text=True
        )
        self.summary = run.stderr.strip().rsplit("\n", 1)[-1]
        for line in run.stdout.splitlines():
            what, *fields = line.split("\t")
            first = self._place(fields[0], int(fields[1]))
            if what == "declares":
                self.kinds[first] = fields[2]
                continue
            second = self._place(fields[2], int(fields[3]))
            if what == "use":
                self.uses[second].add(first)
            else:
                self.families[first].add(second)
                self.families[second].add(first)

    def _place(self, path: str, offset: int) -> Place:
        if path not in self._maps:
            content = self.index.read(path)
            offsets: list[int] | None = None
            if not content.isascii():
                offsets, at = [], 0
                for character in content.decode("utf-8"):
                    offsets += [at] * (2 if ord(character) > 0xFFFF else 1)
                    at += len(character.encode())
            self._maps[path] = offsets
        known = self._maps[path]
        return path, offset if known is None else known[offset]

    def dependencies(self) -> set[tuple[str, str]]:
        return {
            (use[0], place[0])
            for place, uses in self.uses.items()
            if self.kinds.get(place) == "type"
            for use in uses
            if use[0] != place[0]
        }

    def meant(self, symbol: Symbol, definitions: dict[Place, list[Place]]) -> set[Place]:
        """The places that mean a definition, its overloads and its family, the declarations included."""
        todo, seen = [(symbol.path, symbol.definition.name_span[0])], set[Place]()
        while todo:
            for place in definitions.get(todo.pop(), ()):
                if place not in seen:
                    seen.add(place)
                    todo += [place, *self.families.get(place, ())]
        return seen | {use for place in seen for use in self.uses.get(place, ())}


def drawn(index: Index, oracle: Oracle, count: int, seed: int) -> list[Symbol]:
    found = {}
    for symbol in index.symbols():
        if (symbol.path, symbol.definition.name_span[0]) in oracle.kinds and symbol.name != "<init>":
            found[symbol.id] = symbol
    listed = [found[i] for i in sorted(found)]
    return random.Random(seed).sample(listed, min(count, len(listed)))


def compare(name: str, count: int, seed: int, scratch: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The dependencies of one tree, and the references to its drawn definitions."""
    root = repository(name, scratch / name)
    index = Index.open(root, cache_dir=scratch / "cache").refresh()
    oracle = Oracle(root, index)
    gold = oracle.dependencies()
    skipped = ("package-info.java", "module-info.java")
    edges = [e for e in index.edges() if e.target is not None and not e.source.endswith(skipped)]
    mine = {(e.source, e.target) for e in edges if e.target is not None and e.source != e.target}
    both = len(mine & gold)
    states: dict[str, int] = defaultdict(int)
    for edge in index.edges():
        states[edge.state] += 1
    dependencies = {
        "tree": name,
        "javac_says": oracle.summary,
        "javac": len(gold),
        "index": len(mine),
        "both": both,
        "precision": round(both / len(mine), 4),
        "recall": round(both / len(gold), 4),
        "states": dict(sorted(states.items())),
        "only_index": sorted(mine - gold),
        "only_javac": sorted(gold - mine),
    }
    definitions: dict[Place, list[Place]] = {}
    for record in index.files():
        same = defaultdict(list)
        facts = index.facts(record.path)
        for d in facts.definitions if facts is not None else ():
            same[d.qualified].append((record.path, d.name_span[0]))
        definitions.update((place, places) for places in same.values() for place in places)
    rows = []
    for symbol in drawn(index, oracle, count, seed):
        places = oracle.meant(symbol, definitions)
        found = (
            r for r in index.references(symbol) if r.kind not in ("doc", "string") and not r.path.endswith(skipped)
        )
        exact, likely = by_certainty(found, lambda r: (r.path, r.span[0]))
        rows.append(comparison(name, symbol, ORACLE, places, exact, likely, lambda place: _told(index, place)))
    return dependencies, rows


def _told(index: Index, place: Place) -> str:
    number = index.read(place[0])[: place[1]].count(b"\n") + 1
    return f"{place[0]}:{number}: {index.text(place[0]).splitlines()[number - 1].strip()[:140]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--count", type=int, default=150, help="definitions over all trees")
    parser.add_argument("--trees", nargs="*", default=list(TREES))
    parser.add_argument("--show", action="store_true", help="print the differences too")
    arguments = parser.parse_args()
    tables, rows = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.trees:
            table, some = compare(name, arguments.count // len(arguments.trees), arguments.seed, Path(scratch))
            tables.append(table)
            rows += some
            print(f"{name}: {table['javac_says']}; javac {table['javac']:,} index {table['index']:,} "
                  f"precision {table['precision']:.4f} recall {table['recall']:.4f} {table['states']}")  # fmt: skip
            print(f"  references {summary(some, ORACLE)}", flush=True)
            for side in ("only_index", "only_javac") if arguments.show else ():
                for edge in table[side][:12]:
                    print(f"    {side} {edge[0]} -> {edge[1]}")
            for row in some if arguments.show else ():
                if row["missed"] or row["only_exact"]:
                    print(f"  {row['symbol']} {row['kind']} of {row['javac']}")
                for side in ("only_exact", "missed"):
                    for place in row[side][:5]:
                        print(f"    {side} {place}")
    kinds = sorted({row["kind"] for row in rows})
    result = {
        "oracle": subprocess.run(["javac", "-version"], check=True, capture_output=True, text=True).stdout.strip(),
        "seed": arguments.seed,
        "machine": machine(),
        "dependencies": tables,
        "references": summary(rows, ORACLE),
        "trees": {name: summary([r for r in rows if r["tree"] == name], ORACLE) for name in arguments.trees},
        "kinds": {kind: summary([r for r in rows if r["kind"] == kind], ORACLE) for kind in kinds},
        "definitions": rows,
    }
    print(f"all references {result['references']}")
    for kind in kinds:
        print(f"  {kind}: {summary([r for r in rows if r['kind'] == kind], ORACLE)}")
    if arguments.trees == list(TREES):
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "java_dependencies.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
