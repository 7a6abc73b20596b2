"""References in C and C++ trees against clangd.

`python -m benchmarks.c_references [--seed N] [--trees NAME...] [--show]`: definitions are drawn with a seed from the
files that the translation units of a tree of c_sources.py read, COUNTS of them from each tree. For each, the places
that the index and clangd (textDocument/references, with its background index) give are compared. Recall: of clangd's places,
those that the index gives as exact or likely. Precision: of the index's exact places, those that clangd gives. clangd
is given a compile_commands.json with the flags of the tree's build; the index is not. Needs Debian's `clangd`. Its
index and its answers are kept below the user's cache folder, by the tree, its flags and clangd's version: only a first
run asks it.

What one symbol is differs by design in three points, for which the oracle's answers are put together, not dropped: a
symbol of the index has all its declarations and overloads (clangd is asked at each of them), a struct and a typedef
of one name are one symbol, and the name of a constructor or destructor counts as the class's (clangd is asked at
these too). Constructors themselves are not drawn.

Not judged, on both sides: places in files that no translation unit of the tree reads, and places in lines that the
preprocessor leaves out. Names in comments and strings are no references to clangd.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from repo_index import Index
from repo_index.records import Symbol

from . import RESULTS, machine
from .c_includes import directives
from .c_sources import CACHE, TREES, flags, preprocess, repository, units
from .clangd import Clangd

Place = tuple[str, int, int]
#: definitions drawn from each tree
COUNTS = {"lua": 30, "redis": 40, "leveldb": 30}


class Oracle:
    """clangd over one tree, with what it has answered before. It is started when something new is asked."""

    def __init__(self, name: str) -> None:
        key = hashlib.sha256(json.dumps([TREES[name], clangd_version()]).encode()).hexdigest()[:16]
        self.name = name
        self.folder = CACHE.parent / "clangd" / f"{name}-{key}"
        self.root = (self.folder / "tree").resolve()
        self.stubs = self.folder / "stubs"
        if not self.root.is_dir():
            self.stubs.mkdir(parents=True, exist_ok=True)
            repository(name, self.folder / "new")
            (self.folder / "new").rename(self.root)
        self.file = self.folder / "answers.json"
        self.answers: dict[str, Any] = json.loads(self.file.read_text()) if self.file.is_file() else {}
        self.server: Clangd | None = None

    def read_files(self) -> set[str]:
        """The files of the tree that its translation units read."""
        found: list[str] = self._answer("files", lambda: sorted(read_files(self.name, self.root, self.stubs)))
        return set(found)

    def references(self, place: Place) -> set[Place]:
        path, line, column = place

        def ask() -> list[Place]:
            server = self._started()
            server.open(path)
            found = server.references(path, line, column)
            server.close(path)
            return sorted(found)

        return {(p, a, b) for p, a, b in self._answer(f"references {path}:{line}:{column}", ask)}

    def inactive(self, path: str) -> set[int]:
        """Lines, from 0, that the preprocessor leaves out of a file."""

        def ask() -> list[int]:
            server = self._started()
            server.open(path)
            found = server.inactive(path)
            server.close(path)
            return sorted(found)

        return set(self._answer(f"inactive {path}", ask))

    def close(self) -> None:
        if self.server is not None:
            self.server.__exit__(None, None, None)
            self.server = None

    def _answer(self, key: str, ask: Callable[[], Any]) -> Any:
        if key not in self.answers:
            self.answers[key] = ask()
            new = self.file.with_suffix(".new")
            new.write_text(json.dumps(self.answers, indent=0, sort_keys=True), encoding="utf-8")
            new.replace(self.file)
        return self.answers[key]

    def _started(self) -> Clangd:
        if self.server is None:
            self.read_files()  # makes the stubs
            database(self.name, self.root, self.stubs, self.folder / "database")
            self.server = Clangd(self.root, self.folder / "database")
            self.server.open(units(self.name, self.root)[0])
            self.server.wait(1800)
        return self.server


def clangd_version() -> str:
    told = subprocess.run(["clangd", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"version ([\d.]+)", told)
    return found[1] if found is not None else told.strip()


def read_files(name: str, root: Path, stubs: Path) -> set[str]:
    """The files of the tree that its translation units read."""
    found = set(units(name, root))
    for unit in units(name, root):
        _, entered = directives(preprocess(name, root, unit, stubs), root)
        for files in entered.values():
            found |= files
    return found


def database(name: str, root: Path, stubs: Path, folder: Path) -> None:
    entries = []
    for unit in units(name, root):
        compiler = "gcc" if unit.endswith(".c") else "g++"
        arguments = [compiler, *flags(name, root, stubs), "-c", str(root / unit)]
        entries.append({"directory": str(root), "file": str(root / unit), "arguments": arguments})
    folder.mkdir(exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(entries), encoding="utf-8")


def constructor(symbol: Symbol) -> bool:
    return symbol.kind == "method" and symbol.name == symbol.definition.parent.rpartition(".")[2]


def drawn(index: Index, files: set[str], count: int, seed: int) -> list[Symbol]:
    """`count` definitions of the files."""
    resolver = index._resolver()
    found: dict[str, Symbol] = {}
    taken: set[str] = set()
    for symbol in index.symbols():
        if symbol.path in files and not constructor(symbol) and symbol.id not in taken:
            found[symbol.id] = symbol
            taken |= {s.id for s in resolver.namespaces.joined(symbol)}
    listed = [found[i] for i in sorted(found)]
    return random.Random(seed).sample(listed, min(count, len(listed)))


def spots(index: Index, symbol: Symbol) -> list[Place]:
    """Where clangd is asked about a symbol: the names in all its definitions."""
    resolver = index._resolver()
    found = []
    for one in [symbol, *resolver.namespaces.joined(symbol)]:
        for definition in index._definitions(one.path):
            of_class = definition.qualified == f"{one.qualified}.{one.name}" and symbol.kind == "class"
            if definition.qualified == one.qualified or of_class:
                found.append(_place(index, one.path, definition.name_span))
    return found


def _place(index: Index, path: str, span: tuple[int, int]) -> Place:
    """In UTF-16 units, as the protocol counts."""
    content = index.read(path)
    start = content.rfind(b"\n", 0, span[0]) + 1
    column = len(content[start : span[0]].decode("utf-8", "replace").encode("utf-16-le")) // 2
    return path, content.count(b"\n", 0, span[0]), column


def compare(name: str, count: int, seed: int, scratch: Path) -> list[dict[str, Any]]:
    """For each drawn definition of one tree: counts and differences."""
    oracle = Oracle(name)
    files = oracle.read_files()
    index = Index.open(oracle.root, cache_dir=scratch / "cache").refresh()
    rows = []
    try:
        for symbol in drawn(index, files, count, seed):
            gold = {place for spot in spots(index, symbol) for place in oracle.references(spot)}
            exact: set[Place] = set()
            likely: set[Place] = set()
            for reference in index.references(symbol):
                place = _place(index, reference.path, reference.span)
                if reference.certainty == "exact":
                    exact.add(place)
                elif reference.certainty == "likely" and reference.kind not in ("string", "doc"):
                    likely.add(place)
            inactive = {path: oracle.inactive(path) for path in {p for p, _, _ in exact | likely | gold} & files}
            exact, likely, gold = (
                {p for p in places if p[0] in files and p[1] not in inactive[p[0]]} for places in (exact, likely, gold)
            )
            rows.append(_row(index, name, symbol, gold, exact, likely))
    finally:
        oracle.close()
    return rows


def _row(
    index: Index, name: str, symbol: Symbol, gold: set[Place], exact: set[Place], likely: set[Place]
) -> dict[str, Any]:
    def told(place: Place) -> str:
        line = index.text(place[0]).split("\n")[place[1]].strip()[:140]
        return f"{place[0]}:{place[1] + 1}:{place[2] + 1}: {line}"

    return {
        "tree": name,
        "symbol": symbol.id,
        "kind": symbol.kind,
        "clangd": len(gold),
        "exact": len(exact & gold),
        "likely": len((likely - exact) & gold),
        "only_likely": len(likely - exact - gold),
        "only_exact": [told(p) for p in sorted(exact - gold)],
        "missed": [told(p) for p in sorted(gold - exact - likely)],
    }


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures over a set of definitions."""
    total = {key: sum(row[key] for row in rows) for key in ("clangd", "exact", "likely", "only_likely")}
    wrong = sum(len(row["only_exact"]) for row in rows)
    exact, places = total["exact"], total["clangd"]
    return {
        "definitions": len(rows),
        "places": places,
        "recall": round((exact + total["likely"]) / places, 4) if places else 1.0,
        "recall_exact": round(exact / places, 4) if places else 1.0,
        "precision_exact": round(exact / (exact + wrong), 4) if exact + wrong else 1.0,
        "likely_right": total["likely"],
        "likely_wrong": total["only_likely"],
    }


def _print(title: str, figures: dict[str, Any]) -> None:
    print(
        f"{title:14} {figures['definitions']:5} {figures['places']:7,} {figures['recall']:7.4f} "
        f"{figures['recall_exact']:7.4f} {figures['precision_exact']:9.4f} "
        f"{figures['likely_right']:6,} {figures['likely_wrong']:6,}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--trees", nargs="*", default=list(COUNTS), choices=list(TREES))
    parser.add_argument("--show", action="store_true", help="print the differences too")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    print(f"{'':14} {'defs':>5} {'places':>7} {'recall':>7} {'exact':>7} {'precision':>9} {'likely':>6} {'(not)':>6}")
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.trees:
            some = compare(name, COUNTS.get(name, 30), arguments.seed, Path(scratch))
            rows += some
            _print(name, summary(some))
            for row in some if arguments.show else []:
                if row["missed"] or row["only_exact"]:
                    print(f"  {row['symbol']} {row['kind']} of {row['clangd']}")
                for side in ("only_exact", "missed"):
                    for place in row[side][:6]:
                        print(f"    {side} {place}")
    by_kind = defaultdict(list)
    for row in rows:
        by_kind[row["kind"]].append(row)
    for kind in sorted(by_kind):
        _print(f"  {kind}", summary(by_kind[kind]))
    _print("all", summary(rows))
    if arguments.trees != list(COUNTS):
        return
    RESULTS.mkdir(exist_ok=True)
    result = {
        "oracle": f"clangd {clangd_version()}",
        "seed": arguments.seed,
        "machine": machine(),
        "all": summary(rows),
        "trees": {name: summary([r for r in rows if r["tree"] == name]) for name in arguments.trees},
        "kinds": {kind: summary(by_kind[kind]) for kind in sorted(by_kind)},
        "definitions": rows,
    }
    (RESULTS / "c_references.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
