"""References in C and C++ trees against clangd.

`python -m benchmarks.c_references [--seed N] [--trees NAME...] [--show]`: definitions are drawn with a seed from the
files that the translation units of a tree of c_sources.py read, COUNTS of them from each tree. For each, the places
that the index and clangd (textDocument/references, with its background index) give are compared. Recall: of clangd's
places, those that the index gives as exact or likely. Precision: of the index's exact places, those that clangd gives.
clangd is given a compile_commands.json with the flags of the tree's build; the index is not. Needs Debian's `clangd`.
Its index and its answers are kept below the user's cache folder, by the tree, its flags and clangd's version: only a
first run asks it.

What one symbol is differs by design in four points, for which the oracle's answers are put together, not dropped: a
symbol of the index has all its declarations and overloads (clangd is asked at each of them), a struct and a typedef
of one name are one symbol, the name of a constructor or destructor counts as the class's (clangd is asked at these
too), and methods that override each other are one (clangd is asked at all of them). Constructors themselves are not
drawn, nor is `main`, of which every program has one.

Where the text of a macro uses a name, clangd gives the places at which the macro is expanded, and not the name in its
text. Such places are replaced by those in the text of the macro that the index gives; if it gives none, they stay, as
missed.

What the index gives as exact and clangd does not give has three causes, which are told apart: "condition" (clangd gives
a name in `#if` and the like only where the macro is defined by then), "argument" (of a macro, which may drop, paste or
quote it) and "other". Precision counts all three as wrong; `precision_other` leaves the first two out.

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
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from repo_index import Index
from repo_index.records import Reference, Symbol
from repo_index.references import method_family

from . import RESULTS, machine
from .c_includes import directives
from .c_sources import CACHE, TREES, flags, preprocess, repository, units
from .clangd import Clangd
from .reference_figures import by_certainty, comparison, summary

Place = tuple[str, int, int]
_WORD = re.compile(r"~?[A-Za-z_]\w*")
_CONDITION = re.compile(r"\s*#\s*(?:if|elif|ifdef|ifndef|undef)\b")
#: definitions drawn from each tree
DRAWN = RESULTS / "c_references_drawn.json"
COUNTS = {"lua": 30, "redis": 40, "leveldb": 30}


#: what its places are called in the results
ORACLE = "clangd"


class Oracle:
    """clangd over one tree, with what it has answered before. It is started when something new is asked."""

    def __init__(self, name: str) -> None:
        tree = TREES[name]
        told = json.dumps([tree.digest, tree.units, tree.flags, tree.left_out, clangd_version()])
        key = hashlib.sha256(told.encode()).hexdigest()[:16]
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
        if symbol.path in files and not constructor(symbol) and symbol.name != "main" and symbol.id not in taken:
            found[symbol.id] = symbol
            taken |= {s.id for s in resolver.namespaces.joined(symbol)}
    listed = [found[i] for i in sorted(found)]
    return random.Random(seed).sample(listed, min(count, len(listed)))


def with_texts(index: Index, symbol: Symbol, gold: set[Place], found: list[Reference]) -> set[Place]:
    """clangd's places, with those at which a macro is expanded replaced by the names in its text."""
    answer: set[Place] = set()
    for place in gold:
        path, line, column = place
        word = _WORD.match(_line(index, path, line), column)
        if word is None or word[0].lstrip("~") == symbol.name:
            answer.add(place)
            continue
        inside: set[Place] = set()
        todo, seen = [word[0]], {word[0]}
        while todo and not inside:
            for macro in (m for m in index.find(todo.pop()) if m.definition.signature.lstrip().startswith("#")):
                start, end = macro.definition.span
                inside |= {
                    _place(index, r.path, r.span)
                    for r in found
                    if r.path == macro.path and start <= r.span[0] < end and r.certainty in ("exact", "likely")
                }
                names = set(_WORD.findall(index.read(macro.path)[start:end].decode("utf-8", "replace")))
                todo += sorted(names - seen)
                seen |= names
        answer |= inside or {place}
    return answer


def cause(index: Index, place: Place) -> str:
    """Why clangd may give nothing at a place."""
    path, line, _ = place
    text = _line(index, path, line)
    if _CONDITION.match(text):
        return "condition"
    content = index.read(path)
    start = 0
    for _ in range(line):
        start = content.index(b"\n", start) + 1
    at = start + len(text[: place[2]].encode())
    facts = index.facts(path)
    for call in facts.calls if facts is not None else ():
        if call.arguments_span[0] <= at < call.arguments_span[1]:
            callee = content[slice(*call.callee_span)].decode("utf-8", "replace")
            if any(m.definition.signature.lstrip().startswith("#") for m in index.find(callee)):
                return "argument"
    return "other"


def _line(index: Index, path: str, line: int) -> str:
    return index.read(path).decode("utf-8", "replace").split("\n")[line]


def kept_draw(index: Index, name: str, files: set[str], count: int, seed: int) -> list[str]:
    """The drawn definitions, from the file of them where it has them: what is measured stays the same when the index
    finds other definitions."""
    kept = json.loads(DRAWN.read_text(encoding="utf-8")) if DRAWN.is_file() else {}
    key = f"{name} {seed} {count}"
    if key not in kept:
        kept[key] = [symbol.id for symbol in drawn(index, files, count, seed)]
        DRAWN.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    found: list[str] = kept[key]
    return found


def spots(index: Index, symbol: Symbol) -> list[Place]:
    """Where clangd is asked about a symbol: the names in all its definitions and declarations, and those of the methods
    that it overrides or that override it."""
    found: dict[Place, None] = {}
    joined = index._resolver().namespaces.joined
    family = [t for s in method_family(index, symbol) for t in (s, *joined(s))]
    for one in {s.id: s for s in [symbol, *joined(symbol), *family]}.values():
        facts = index.facts(one.path)
        for occurrence in facts.occurrences if facts is not None else ():
            if occurrence.kind == "definition" and occurrence.target == one.qualified:
                found[_place(index, one.path, occurrence.span)] = None
        for definition in index._definitions(one.path):
            if definition.qualified == f"{one.qualified}.{one.name}" and symbol.kind == "class":  # a constructor
                found[_place(index, one.path, definition.name_span)] = None
    return list(found)


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
        for spec in kept_draw(index, name, files, count, seed):
            symbol = index._resolver().symbol(*spec.split("::"))
            if symbol is None:
                print(f"  {spec} is no definition any more")
                continue
            found = index.references(symbol)
            gold = {place for spot in spots(index, symbol) for place in oracle.references(spot)}
            gold = with_texts(index, symbol, gold, found)
            exact, likely = by_certainty(found, lambda r: _place(index, r.path, r.span))
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

    causes = Counter(cause(index, p) for p in exact - gold)
    return {**comparison(name, symbol, ORACLE, gold, exact, likely, told), "causes": dict(sorted(causes.items()))}


def figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """summary(), and the precision that leaves out the places whose cause is told."""
    found = summary(rows, ORACLE)
    exact, other = sum(row["exact"] for row in rows), sum(row["causes"].get("other", 0) for row in rows)
    return {**found, "precision_other": round(exact / (exact + other), 4) if exact + other else 1.0}


def _print(title: str, figures: dict[str, Any]) -> None:
    print(
        f"{title:14} {figures['definitions']:5} {figures['places']:7,} {figures['recall']:7.4f} "
        f"{figures['recall_exact']:7.4f} {figures['precision_exact']:9.4f} {figures['precision_other']:7.4f} "
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
    print(
        f"{'':14} {'defs':>5} {'places':>7} {'recall':>7} {'exact':>7} {'precision':>9} {'(other)':>7} "
        f"{'likely':>6} {'(not)':>6}"
    )
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.trees:
            some = compare(name, COUNTS.get(name, 30), arguments.seed, Path(scratch))
            rows += some
            _print(name, figures(some))
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
        _print(f"  {kind}", figures(by_kind[kind]))
    _print("all", figures(rows))
    if arguments.trees != list(COUNTS):
        return
    RESULTS.mkdir(exist_ok=True)
    result = {
        "oracle": f"clangd {clangd_version()}",
        "seed": arguments.seed,
        "machine": machine(),
        "all": figures(rows),
        "trees": {name: figures([r for r in rows if r["tree"] == name]) for name in arguments.trees},
        "kinds": {kind: figures(by_kind[kind]) for kind in sorted(by_kind)},
        "definitions": rows,
    }
    (RESULTS / "c_references.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
