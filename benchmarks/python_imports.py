"""Import edges of the index against grimp's graph, on real packages.

`python -m benchmarks.python_imports` compares (importer, imported) pairs of modules of each package. Grimp reads the
sources and runs nothing of them. Both count imports under `if TYPE_CHECKING:` and inside functions. Every difference
is listed in results/python_imports.json, with the line that the index has it from.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import RESULTS, machine
from benchmarks.python_oracles import grimp_graph, versions
from benchmarks.releases import PINNED, repository
from repo_index import Index

#: (release, folder that holds the package, package)
PACKAGES = (
    ("Django", "", "django"),
    ("celery", "", "celery"),
    ("networkx", "", "networkx"),
    ("pylint", "", "pylint"),
    ("scrapy", "", "scrapy"),
    ("sphinx", "", "sphinx"),
    ("sympy", "", "sympy"),
    ("twisted", "src", "twisted"),
)


def module(path: str, source: str) -> str:
    """Dotted name of a file below the folder `source`."""
    parts = Path(path).relative_to(source or ".").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def index_graph(root: Path, source: str, package: str, cache: Path) -> dict[tuple[str, str], str]:
    """(importer, imported) -> place of the first import, for pairs inside the package."""
    below = f"{source}/{package}/" if source else f"{package}/"
    found: dict[tuple[str, str], str] = {}
    for edge in Index.open(root, cache_dir=cache).refresh().edges():
        if edge.target is None or edge.target == edge.source:
            continue
        if all(p.startswith(below) and p.endswith(".py") for p in (edge.source, edge.target)):
            pair = (module(edge.source, source), module(edge.target, source))
            found.setdefault(pair, f"{edge.source}:{edge.line}")
    return found


def measure(release: str, source: str, package: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        root = repository(release, Path(scratch).resolve() / release)
        modules, truth = grimp_graph(root / source, package)
        own = index_graph(root, source, package, Path(scratch) / "cache")
    both = len(truth & own.keys())
    return {
        "version": PINNED[release][0],
        "modules": len(modules),
        "oracle": len(truth),
        "index": len(own),
        "both": both,
        "precision": round(both / len(own), 5),
        "recall": round(both / len(truth), 5),
        "missed": [list(pair) for pair in sorted(truth - own.keys())],
        "extra": [[*pair, own[pair]] for pair in sorted(own.keys() - truth)],
    }


def main() -> None:
    packages: dict[str, Any] = {}
    print(f"{'package':<18}{'modules':>8}{'grimp':>8}{'index':>8}{'precision':>11}{'recall':>9}")
    for release, source, package in PACKAGES:
        packages[package] = measure(release, source, package)
        _show(package, packages[package])
    total: dict[str, Any] = {
        key: sum(row[key] for row in packages.values()) for key in ("modules", "oracle", "index", "both")
    }
    total["precision"] = round(total["both"] / total["index"], 5)
    total["recall"] = round(total["both"] / total["oracle"], 5)
    _show("all", total)
    out = {"machine": machine(), "oracles": versions(), "all": total, "packages": packages}
    (RESULTS / "python_imports.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")


def _show(name: str, row: dict[str, Any]) -> None:
    print(
        f"{name:<18}{row['modules']:>8}{row['oracle']:>8}{row['index']:>8}"
        f"{row['precision']:>11.2%}{row['recall']:>9.2%}",
        flush=True,
    )


if __name__ == "__main__":
    main()
