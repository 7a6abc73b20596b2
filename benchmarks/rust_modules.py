"""Module trees of Rust crates against rustfmt, which reads every file that a crate's `mod` declarations lead to.

`python -m benchmarks.rust_modules`: for each crate of go_rust_sources.py the files of its library, as `rustfmt
--verbose` names them, and those that the index reaches from its root are compared. Needs rustfmt; it checks and
writes nothing.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

from repo_index import Index
from repo_index.languages.rust_modules import tree

from . import RESULTS, machine
from .go_rust_sources import RUST_TREES, rust_tree


def oracle(root: Path, library: str) -> set[str]:
    """The files that rustfmt reads for a library."""
    command = ["rustfmt", "--edition", "2021", "--verbose", "--check", library]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    files = (line.removeprefix("Formatting ") for line in answer.stdout.splitlines() if line.startswith("Formatting "))
    return {Path(f).resolve().relative_to(root.resolve()).as_posix() for f in files}


def main() -> None:
    rows = []
    print(f"{'crate':18} {'rustfmt':>8} {'index':>6} {'recall':>7} {'precision':>9}")
    with tempfile.TemporaryDirectory() as scratch:
        for name in RUST_TREES:
            root = rust_tree(name, Path(scratch) / name)
            index = Index.open(root, cache_dir=Path(scratch) / "cache").refresh()
            gold, mine = oracle(root, "src/lib.rs"), set(tree(index._project()).files["src/lib.rs"])
            both = len(gold & mine)
            row = {
                "crate": name, "rustfmt": len(gold), "index": len(mine), "recall": round(both / len(gold), 4),
                "precision": round(both / len(mine), 4), "missed": sorted(gold - mine), "more": sorted(mine - gold),
            }  # fmt: skip
            rows.append(row)
            print(f"{name:18} {len(gold):8} {len(mine):6} {row['recall']:7} {row['precision']:9}", flush=True)
            for path in [*sorted(gold - mine)[:5], *sorted(mine - gold)[:5]]:
                print("   ", path)
    version = subprocess.run(["rustfmt", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    result = {"oracle": version, "machine": machine(), "crates": rows}
    (RESULTS / "rust_modules.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
