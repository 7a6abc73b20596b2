"""References in JavaScript and TypeScript trees against the TypeScript language service.

`python -m benchmarks.typescript_references [--seed N] [--count N] [--show]`: definitions are drawn with a seed from
the sources of each tree of npm_sources.py, as many from each. For each, the places that the index and the language
service (findReferences) give are compared. Recall: of the service's places, those that the index gives as exact or
likely. Precision: of the index's exact places, those that the service gives. Needs `node` and `npm`.

The service is asked at every declaration that the compiler merges with the one drawn, at the own name of the
function in `x.f = function f() {}`, and, for JavaScript with a declaration file beside it, at the declaration there:
these are one definition to the index. Folders of build output are left out of the trees, and declaration files and
constructors (the service answers with the class's calls) out of the draw; so are properties that `{name}` defines,
where the service answers for the property and the variable at once. The words `default`, `export`, `module` and
`exports`, which the service counts as references, are left out of its answers, likely mentions in strings and
comments out of the index's. A definition that the service itself does not find is passed over and listed.
"""

from __future__ import annotations

import argparse
import json
import posixpath
import random
import re
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from repo_index import Index
from repo_index.facts import Span
from repo_index.records import Symbol

from . import RESULTS, machine
from .npm_sources import TREES, TYPESCRIPT, repository, run_oracle
from .reference_figures import by_certainty, comparison, summary

SCRIPT = Path(__file__).with_name("typescript_references.mjs")
_CODE = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts")
_JAVASCRIPT = re.compile(r"\.([cm]?)jsx?\Z")
#: where the trees have their sources
_SOURCES = ("src", "lib", "compat", "hooks", "debug")
_WORDS = ("default", "export", "module", "exports", "constructor")

#: path and offset in UTF-16 units
Place = tuple[str, int]


#: what its places are called in the results
ORACLE = "service"


class Texts:
    """Offsets of one tree in UTF-16 units, as the compiler counts them."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._known: dict[str, tuple[bytes, bytes | None]] = {}

    def _content(self, path: str) -> tuple[bytes, bytes | None]:
        if path not in self._known:
            content = self.index.read(path)
            wide = None if content.isascii() else content.decode("utf-8", "replace").encode("utf-16-le")
            self._known[path] = (content, wide)
        return self._known[path]

    def units(self, path: str, offset: int) -> int:
        content, wide = self._content(path)
        return offset if wide is None else len(content[:offset].decode("utf-8", "replace").encode("utf-16-le")) // 2

    def text(self, path: str, start: int, length: int) -> str:
        content, wide = self._content(path)
        if wide is None:
            return content[start : start + length].decode()
        return wide[2 * start : 2 * (start + length)].decode("utf-16-le", "replace")

    def line(self, path: str, start: int) -> tuple[int, str]:
        """Number and text of the line of a place."""
        number = self.text(path, 0, start).count("\n") + 1
        return number, self.index.text(path).split("\n")[number - 1].strip()[:160]


def drawn(index: Index, count: int, seed: int) -> list[Symbol]:
    """`count` definitions of the tree's sources."""
    found: dict[str, Symbol] = {}
    shorthands: dict[str, set[Span]] = {}
    for symbol in index.symbols():
        top = symbol.path.split("/", 1)[0]
        source = symbol.path.endswith(_CODE) and ".d." not in posixpath.basename(symbol.path)
        if source and top in _SOURCES and symbol.name not in _WORDS:
            if symbol.path not in shorthands:
                facts = index.facts(symbol.path)
                shorthands[symbol.path] = set(facts.shorthands) if facts is not None else set()
            if symbol.definition.name_span in shorthands[symbol.path]:
                continue
            found.setdefault(symbol.id, symbol)
    listed = [found[i] for i in sorted(found)]
    return random.Random(seed).sample(listed, min(count, len(listed)))


def oracle(root: Path, index: Index, texts: Texts, symbols: list[Symbol]) -> list[set[Place]]:
    """The places that the language service gives for each symbol, and for its declaration in a `.d.ts` beside it."""
    wanted = []
    for symbol in symbols:
        declared = index.symbols(_JAVASCRIPT.sub(r".d.\1ts", symbol.path)) if _JAVASCRIPT.search(symbol.path) else []
        same = [symbol, *(s for s in declared if s.qualified == symbol.qualified)]
        wanted.append([[s.path, texts.units(s.path, s.definition.name_span[0])] for s in same])
    found = []
    for places in json.loads(run_oracle(SCRIPT, root, json.dumps(wanted))):
        one: set[Place] = set()
        for path, start, length in places:
            written = texts.text(path, start, length)
            quoted = written[:1] in ("'", '"', "`")
            if written not in _WORDS:
                one.add((path, start + quoted))
        found.append(one)
    return found


def compare(name: str, count: int, seed: int, scratch: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """For each drawn definition of one tree: counts and differences; and the definitions passed over, because the
    service does not give even the definition itself."""
    root = repository(name, scratch / name, built=False)
    index = Index.open(root, cache_dir=scratch / "cache").refresh()
    texts = Texts(index)
    symbols = drawn(index, 2 * count, seed)
    rows: list[dict[str, Any]] = []
    unknown = []
    for symbol, gold in zip(symbols, oracle(root, index, texts, symbols), strict=True):
        if len(rows) == count:
            break
        if (symbol.path, texts.units(symbol.path, symbol.definition.name_span[0])) not in gold:
            unknown.append(symbol.id)
            continue
        found = index.references(symbol)
        exact, likely = by_certainty(found, lambda r: (r.path, texts.units(r.path, r.span[0])))
        rows.append(comparison(name, symbol, ORACLE, gold, exact, likely, lambda place: _told(texts, place)))
    return rows, unknown


def _told(texts: Texts, place: Place) -> str:
    number, line = texts.line(*place)
    return f"{place[0]}:{number}: {line}"


def _print(title: str, figures: dict[str, Any]) -> None:
    print(
        f"{title:28} {figures['definitions']:5} {figures['places']:7,} {figures['recall']:7.4f} "
        f"{figures['recall_exact']:7.4f} {figures['precision_exact']:9.4f} "
        f"{figures['likely_right']:6,} {figures['likely_wrong']:6,}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--count", type=int, default=240, help="definitions over all trees")
    parser.add_argument("--trees", nargs="*", default=list(TREES))
    parser.add_argument("--show", action="store_true", help="print the differences too")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    passed_over: dict[str, list[str]] = {}
    print(f"{'':28} {'defs':>5} {'places':>7} {'recall':>7} {'exact':>7} {'precision':>9} {'likely':>6} {'(not)':>6}")
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.trees:
            some, passed_over[name] = compare(
                name, arguments.count // len(arguments.trees), arguments.seed, Path(scratch)
            )
            rows += some
            _print(name, summary(some, ORACLE))
            for row in some if arguments.show else []:
                if row["missed"] or row["only_exact"]:
                    print(f"  {row['symbol']} {row['kind']} of {row['service']}")
                for side in ("only_exact", "missed"):
                    for place in row[side][:6]:
                        print(f"    {side} {place}")
    by_kind = defaultdict(list)
    for row in rows:
        by_kind[row["kind"]].append(row)
    for kind in sorted(by_kind):
        _print(f"  {kind}", summary(by_kind[kind], ORACLE))
    _print("all", summary(rows, ORACLE))
    result = {
        "oracle": f"typescript {TYPESCRIPT.version}",
        "seed": arguments.seed,
        "machine": machine(),
        "all": summary(rows, ORACLE),
        "trees": {name: summary([r for r in rows if r["tree"] == name], ORACLE) for name in arguments.trees},
        "kinds": {kind: summary(by_kind[kind], ORACLE) for kind in sorted(by_kind)},
        "passed_over": passed_over,
        "definitions": rows,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "typescript_references.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
