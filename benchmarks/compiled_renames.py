"""Renames in Java and C trees, judged by the compiler.

`python -m benchmarks.compiled_renames [--seed N] [--count N] [--trees ...] [--show]`: definitions are drawn with a seed
from Apache Commons IO (java_dependencies.py) and from Lua (c_sources.py), and each gets another name. javac and
`gcc -fsyntax-only` read the sources before and after. clean: no error more than before; broken: there is one; refused:
the operation said that it does not do this, with the reason; stopped: a check of the engine failed, so that nothing
would have been written. Constructors, which have no name of their own, are not drawn. Needs a JDK (17 or later) and
gcc.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from repo_index import Index

from . import RESULTS, c_sources, java_dependencies, machine
from .refactoring_draws import carried_out, summary, tell_refusals, tell_unclean, tried

Errors = Callable[[Path], int]


class Javac:
    """How many errors javac reports on all sources: types and flow are checked, no code is written."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("JavaErrors.java")
        self._process = subprocess.Popen(
            ["java", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, root: Path) -> int:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{root}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def __del__(self) -> None:
        self._process.communicate()


class Gcc:
    """How many errors gcc reports on Lua's units. What is not linked cannot be seen: a unit that goes on defining the
    old name of a function which the headers declare under the new one."""

    def __call__(self, root: Path) -> int:
        status = subprocess.run(["git", "-C", str(root), "status", "--porcelain"], capture_output=True, text=True)
        changed = {line[3:] for line in status.stdout.splitlines()}
        units = c_sources.units("lua", root)
        if changed and not any(path.endswith(".h") for path in changed):
            units = [unit for unit in units if unit in changed]
        with tempfile.TemporaryDirectory() as stubs:
            flags = [*c_sources.flags("lua", root, Path(stubs)), "-w", "-Werror=implicit-function-declaration"]
            command = ["gcc", *flags, "-fsyntax-only", *units]
            done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        return sum(" error: " in line for line in done.stderr.splitlines())


#: name -> (makes a repository of the sources, endings of the files that are drawn from, judge)
TREES: dict[str, tuple[Callable[[str, Path], Path], tuple[str, ...], Callable[[], Errors]]] = {
    "commons-io": (java_dependencies.repository, (".java",), Javac),
    "lua": (c_sources.repository, (".c", ".h"), Gcc),
}


def tree(name: str, count: int, seed: int, scratch: Path, show: bool) -> list[dict[str, Any]]:
    make, endings, judge = TREES[name]
    errors = judge()
    root = make(name, scratch / name)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@localhost", "-C", str(root)]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "sources"], check=True)
    index = Index.open(root, cache_dir=scratch / "cache").refresh()
    before = errors(root)
    known = {s.id: s for s in index.symbols() if s.path.endswith(endings)}
    plain = [known[i] for i in sorted(known) if "<" not in i and not known[i].path.startswith("testes/")]
    rows = []
    for symbol in random.Random(seed).sample(plain, count):
        document = {"kind": "rename_symbol", "symbol": symbol.id, "new_name": f"{symbol.name}Renamed"}
        row: dict[str, Any] = {"tree": name, "kind": symbol.kind}
        row |= carried_out(index, document, lambda changes: tried(root, changes, lambda: errors(root)) - before)
        rows.append(row)
        if show:
            tell_unclean(name, row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--count", type=int, default=30, help="draws from each tree")
    parser.add_argument("--trees", nargs="*", default=list(TREES))
    parser.add_argument("--show", action="store_true", help="print what was not clean")
    arguments = parser.parse_args()
    print(f"{'tree':12} tried refused stopped clean broken")
    figures: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.trees:
            some = tree(name, arguments.count, arguments.seed, Path(scratch), arguments.show)
            rows += some
            s = figures[name] = summary(some)
            print(
                f"{name:12} {s['tried']:5} {s['refused']:7} {s['stopped']:7} {s['clean']:5} {s['broken']:6}", flush=True
            )
            tell_refusals(some)
    result = {"seed": arguments.seed, "machine": machine(), "figures": figures, "draws": rows}
    if set(arguments.trees) == set(TREES):
        (RESULTS / "compiled_renames.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
