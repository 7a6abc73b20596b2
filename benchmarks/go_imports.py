"""Imports of Go packages against `go list`.

`python -m benchmarks.go_imports`: for each tree of go_rust_sources.py, the pairs (folder of the importing package,
folder of the imported one) that `go list -e -json ./...` gives for packages of the tree, those of tests included, and
those of the index's import edges are compared. Files that the build leaves out on this machine are left out on both
sides. Needs `go`; without the network: GOPROXY=off.
"""

from __future__ import annotations

import json
import os
import posixpath
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from repo_index import Index

from . import RESULTS, machine
from .go_rust_sources import GO_TREES, go_tree


def packages(root: Path) -> list[dict[str, Any]]:
    """What go list says about the packages of a tree."""
    environment = os.environ | {"GOPROXY": "off", "GOFLAGS": "", "GO111MODULE": "on", "GOSUMDB": "off"}
    flags = ["-mod=vendor"] if (root / "vendor").is_dir() else ["-mod=mod"]
    command = ["go", "list", "-e", *flags, "-json", "./..."]
    text = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True).stdout
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(text.rstrip()):
        value, at = decoder.raw_decode(text, at)
        found.append(value)
        while at < len(text) and text[at].isspace():
            at += 1
    return found


def main() -> None:
    rows = []
    print(f"{'tree':12} {'packages':>8} {'go list':>8} {'index':>6} {'recall':>7} {'precision':>9}")
    with tempfile.TemporaryDirectory() as scratch:
        for name, (_, _, vendored) in GO_TREES.items():
            root = go_tree(name, Path(scratch) / name)
            index = Index.open(root, cache_dir=Path(scratch) / "cache").refresh()
            listed = packages(root)
            folders = {p["ImportPath"]: os.path.relpath(p["Dir"], root) for p in listed}
            for path in {d for _, d in vendored}:
                folders |= {
                    f"{path}/{f.relative_to(root / 'vendor' / path).as_posix()}".removesuffix("/."):
                    f.relative_to(root).as_posix() for f in {g.parent for g in (root / "vendor" / path).rglob("*.go")}
                }  # fmt: skip
            gold, built = set(), set()
            for package in listed:
                at = folders[package["ImportPath"]]
                for key in ("GoFiles", "CgoFiles", "TestGoFiles", "XTestGoFiles"):
                    built |= {posixpath.normpath(posixpath.join(at, f)) for f in package.get(key) or ()}
                for key in ("Imports", "TestImports", "XTestImports"):
                    for other in package.get(key) or ():
                        if other in folders:
                            gold.add((posixpath.normpath(at), folders[other]))
            mine = {
                (posixpath.dirname(e.source) or ".", posixpath.dirname(e.target) or ".")
                for e in index.edges()
                if e.module and e.target is not None and e.source in built
            }
            both = len(gold & mine)
            row = {
                "tree": name, "packages": len(listed), "go_list": len(gold), "index": len(mine),
                "recall": round(both / len(gold), 4) if gold else 1.0,
                "precision": round(both / len(mine), 4) if mine else 1.0,
                "missed": sorted(gold - mine), "more": sorted(mine - gold),
            }  # fmt: skip
            rows.append(row)
            print(f"{name:12} {len(listed):8} {len(gold):8} {len(mine):6} {row['recall']:7} {row['precision']:9}")
            for pair in [*sorted(gold - mine)[:5], *sorted(mine - gold)[:5]]:
                print("   ", pair)
    version = subprocess.run(["go", "version"], capture_output=True, text=True, check=True).stdout.strip()
    result = {"oracle": version, "machine": machine(), "trees": rows}
    (RESULTS / "go_imports.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
