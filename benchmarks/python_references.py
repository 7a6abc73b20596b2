"""References of the index against those of basedpyright's language server, with further opinions on what differs.

`python -m benchmarks.python_references` draws 100 definitions (functions, classes, methods, names assigned in a
module; seed 20261122) of each of three packages. For a method the index answers for all that it overrides and all
that overrides it; so the server is asked at each definition of that family, and its answers are joined. Compared are
the places in Python files where the definition's own name stands as an identifier (uses under an import alias have
another name; names in strings, as in `getattr(x, "name")`, are what the index alone follows).

recall     of the server's places, the share that the index has as exact or likely
precision  of the index's exact places, the share that the server has
either     the same with places from which the server's or jedi's "definition" leads to the family, or that jedi's
           "references" has
order      the same with calls in mixins that a derived class proves by Python's method order (python_mro.py)

Answers of the two tools are kept in the user's cache folder; a second run takes about a minute. Every difference is
listed in results/python_references.json, with what confirms it.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import RESULTS, machine
from benchmarks.python_answers import Basedpyright, jedi
from benchmarks.python_mro import Classes
from benchmarks.python_oracles import Place, versions
from benchmarks.releases import PINNED, repository
from repo_index import Index
from repo_index.records import Symbol
from repo_index.references import descendants

SEED = 20261122
DRAWN = 100
#: (release, folder of the package, source roots)
PACKAGES = (("Django", "django", ["."]), ("scrapy", "scrapy", ["."]), ("sphinx", "sphinx", ["."]))
_KINDS = ("function", "class", "method", "constant", "variable")


def drawn(index: Index, folder: str, count: int, seed: int = SEED) -> list[Symbol]:
    """Definitions of a package that other files can name, by chance; special methods are called by no name."""
    pool = []
    for symbol in index.symbols():
        inside = symbol.path.startswith(folder + "/") and symbol.path.endswith(".py")
        special = symbol.name.startswith("__") and symbol.name.endswith("__")
        if not inside or special or symbol.kind not in _KINDS or index.role(symbol.path) != "source":
            continue
        parent = symbol.definition.parent
        if parent and index.symbol(f"{symbol.path}::{parent}").kind != "class":
            continue
        pool.append(symbol)
    return random.Random(seed).sample(sorted(pool, key=lambda s: s.id), min(count, len(pool)))


def place(index: Index, path: str, span: tuple[int, int]) -> Place:
    """Where a span starts, as the language server counts."""
    line, column, _ = index._columns(path, span)
    start = index.text(path).split("\n")[line - 1][: column - 1]
    return path, line, len(start.encode("utf-16-le")) // 2


def named(index: Index, places: Iterable[Place], name: str) -> set[Place]:
    """Those places at which the name itself stands."""
    found = set()
    for path, line, column in places:
        if index.file(path) is None or index.language(path) is None:
            continue
        text = index.text(path).split("\n")[line - 1].encode("utf-16-le")[2 * column :].decode("utf-16-le")
        if text.startswith(name) and not (text[len(name) :][:1].isalnum() or text[len(name) :][:1] == "_"):
            found.add((path, line, column))
    return found


def compare(index: Index, symbol: Symbol, server: Basedpyright) -> dict[str, Any]:
    """What both say of one symbol, and where they differ."""
    family = [place(index, s.path, s.definition.name_span) for s in index.method_family(symbol)]
    truth = named(index, {p for at in family for p in server.references(at)}, symbol.name)
    own = {
        place(index, r.path, r.span): r.certainty
        for r in index.references(symbol)
        if r.name == symbol.name and r.kind != "string" and r.path.endswith((".py", ".pyi"))
    }
    exact = {p for p, certainty in own.items() if certainty == "exact"}
    sure = {p for p, certainty in own.items() if certainty != "text"}
    return {
        "symbol": symbol.id,
        "kind": symbol.kind,
        "family": family,
        "oracle": len(truth),
        "exact": len(exact),
        "found": len(truth & sure),
        "agreed": len(truth & exact),
        "missed": [[*p, own.get(p, "none")] for p in sorted(truth - sure)],
        "extra": [list(p) for p in sorted(exact - truth)],
    }


def second_opinion(
    index: Index, server: Basedpyright, release: str, root: Path, roots: list[str], rows: list[dict[str, Any]]
) -> None:
    """Say of each extra place which other answers of the two tools confirm it."""
    asked = [row for row in rows if row["extra"]]
    referred = jedi("references", release, root, roots, [at for row in asked for at in row["family"]])
    led = jedi("definition", release, root, roots, [(*p,) for row in asked for p in row["extra"]])
    classes = Classes(root, server)
    for row in asked:
        family = set(row["family"])
        found = set().union(*(referred[at] for at in row["family"]))
        for difference in row["extra"]:
            at: Place = (*difference,)
            opinions = {
                "basedpyright definition": bool(family & server.definitions(at)),
                "jedi references": at in found,
                "jedi definition": bool(family & led[at]),
            }
            if not any(opinions.values()):
                opinions["method order"] = _by_method_order(index, classes, at, row)
            difference.append(", ".join(tool for tool, yes in opinions.items() if yes) or "none")


def _by_method_order(index: Index, classes: Classes, at: Place, row: dict[str, Any]) -> bool:
    """Whether a class that derives from the one around a place proves the reference."""
    holder = classes.around(at)
    if holder is None:
        return False
    symbol = index.symbol(row["symbol"])
    for found in index.find(holder.name, kinds=("class",)):
        if found.path == at[0]:
            for witness in descendants(index, found):
                where = place(index, witness.path, witness.definition.name_span)
                if classes.leads(at, symbol.name, where, row["family"]):
                    return True
    return False


def measure(release: str, folder: str, roots: list[str], count: int, seed: int) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as scratch:
        root = repository(release, Path(scratch).resolve() / release)
        index = Index.open(root, cache_dir=Path(scratch) / "cache").refresh()
        with Basedpyright(release, root, roots) as server:
            rows = [compare(index, symbol, server) for symbol in drawn(index, folder, count, seed)]
            second_opinion(index, server, release, root, roots, rows)
        for row in rows:
            for kind in ("missed", "extra"):
                for difference in row[kind]:
                    difference.append(index.text(difference[0]).split("\n")[difference[1] - 1].strip()[:120])
            row["family"] = len(row["family"])
    return rows


def figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    oracle, exact = sum(r["oracle"] for r in rows), sum(r["exact"] for r in rows)
    agreed, found = sum(r["agreed"] for r in rows), sum(r["found"] for r in rows)
    opinions = [e[3] for r in rows for e in r["extra"]]
    order = opinions.count("method order")
    either = agreed + sum(o != "none" for o in opinions) - order
    return {
        "definitions": len(rows),
        "oracle": oracle,
        "exact": exact,
        "recall": round(found / oracle, 5),
        "precision": round(agreed / exact, 5),
        "precision_either": round(either / exact, 5),
        "precision_with_method_order": round((either + order) / exact, 5),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=DRAWN, help="definitions of each package")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", help="one release; nothing is written")
    options = parser.parse_args()
    packages: dict[str, Any] = {}
    everything: list[dict[str, Any]] = []
    print(
        f"{'package':<18}{'definitions':>12}{'oracle':>8}{'exact':>8}{'recall':>9}{'precision':>11}{'either':>9}{'order':>9}"
    )
    for release, folder, roots in PACKAGES:
        if options.only in (None, release):
            rows = measure(release, folder, roots, options.count, options.seed)
            everything += rows
            packages[release] = {"version": PINNED[release][0], **figures(rows), "rows": [_as_json(r) for r in rows]}
            _show(release, packages[release])
    total = figures(everything)
    _show("all", total)
    if options.only is None:
        out = {"machine": machine(), "oracles": versions(), "seed": options.seed, "all": total, "packages": packages}
        (RESULTS / "python_references.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    else:
        for row in everything:
            for kind in ("missed", "extra"):
                for difference in row[kind]:
                    print(kind, row["symbol"], row["kind"], *difference)


def _as_json(row: dict[str, Any]) -> dict[str, Any]:
    keys = {
        "missed": ("path", "line", "column", "certainty", "text"),
        "extra": ("path", "line", "column", "confirmed", "text"),
    }
    return {**row, **{kind: [dict(zip(names, d, strict=True)) for d in row[kind]] for kind, names in keys.items()}}


def _show(name: str, row: dict[str, Any]) -> None:
    print(
        f"{name:<18}{row['definitions']:>12}{row['oracle']:>8}{row['exact']:>8}"
        f"{row['recall']:>9.2%}{row['precision']:>11.2%}{row['precision_either']:>9.2%}"
        f"{row['precision_with_method_order']:>9.2%}",
        flush=True,
    )


if __name__ == "__main__":
    main()
