"""How long `v4 index` takes: on Django, on a growing monorepo, and beside aider's repository map on the same trees.

    python -m benchmarks.index_speed [--django] [--monorepo FILES] [--aider] [--runs 3]

Without options all parts run, the monorepo with 100,000 files. Times are of whole commands (`v4 index` as a process of
its own, interpreter start included), wall clock, medians; the commands that are compared take turns.

cold    no index yet (the files are in the page cache, as after a checkout)
warm    nothing has changed since
edited  a function was added to one file; each time to another

The monorepo is made of the Python and JavaScript files of pinned releases, in an order drawn with a fixed seed, as
often as it takes, each copy with a function of its own at the end, so that no two blobs are equal. Memory is the sum of
the resident memory of all processes of the command, sampled twenty times a second (pages that they share count for
each).

aider-chat 0.86.2 is installed without its dependencies, beside the versions it pins of what its RepoMap imports, into
a virtual environment in the user's cache folder.

Needs matplotlib for the plot (`pip install matplotlib`); without it none is drawn.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import platformdirs
import psutil

from . import RESULTS, machine
from .releases import PINNED, fetch, repository

V4 = [str(Path(sys.executable).parent / "v4"), "index"]
RELEASES = ("Django", "celery", "networkx", "pylint", "scrapy", "sphinx", "twisted")
SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
AIDER_FILES = 3_000
"""Size of the monorepo up to which aider's map is made as well."""
SEED = 20261122
EDITED = (
    "django/db/models/base.py",
    "django/http/request.py",
    "tests/queries/tests.py",
    "django/utils/text.py",
    "docs/conf.py",
)
TARGETS = {
    "Django cold, s": 20.0,
    "Django warm, s": 0.4,
    "Django edited, s": 0.5,
    "100,000 files, MB": 1500.0,
    "aider cold / v4 cold": 5.0,
    "aider warm / v4 warm": 20.0,
}

AIDER = "0.86.2"
#: what aider's RepoMap imports, in the versions that aider pins
AIDER_NEEDS = (
    "diskcache==5.6.3 grep-ast==0.9.0 networkx==3.4.2 numpy==1.26.4 packaging==26.0 pathspec==1.0.4 pygments==2.19.2 "
    "rich==14.3.2 scipy==1.15.3 tqdm==4.67.3 tree-sitter==0.25.2 tree-sitter-c-sharp==0.23.1 "
    "tree-sitter-embedded-template==0.25.0 tree-sitter-language-pack==0.13.0 tree-sitter-yaml==0.7.2"
).split()


def run(command: list[str], folder: Path) -> tuple[float, float, str]:
    """(seconds, peak resident MB of it and its children, output) of one command. Raises when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    peak = 0.0
    ended = threading.Event()

    def sample() -> None:
        nonlocal peak
        parent = psutil.Process(process.pid)
        while not ended.wait(0.05):
            resident = 0
            try:
                for each in (parent, *parent.children(recursive=True)):
                    resident += each.memory_info().rss
            except psutil.Error:
                continue
            peak = max(peak, resident / 1e6)

    watch = threading.Thread(target=sample)
    watch.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - started
    ended.set()
    watch.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}")
    return seconds, peak, output


def spread(values: list[float]) -> dict[str, Any]:
    return {
        "median": round(statistics.median(values), 3),
        "min": round(min(values), 3),
        "max": round(max(values), 3),
        "runs": len(values),
    }


def add_function(file: Path, name: str) -> None:
    with file.open("a", encoding="utf-8") as out:
        if file.suffix == ".py":
            out.write(f"\n\ndef {name}():\n    return {len(name)}\n")
        else:
            out.write(f"\nfunction {name}() {{ return {len(name)} }}\n")


def v4_times(root: Path, edited: Iterator[Path], warm: int) -> tuple[dict[str, list[float]], float]:
    """Seconds of one cold run, then of `warm` warm ones and as many after an edit; and the peak memory in MB."""
    shutil.rmtree(root / ".git" / "v4", ignore_errors=True)
    cold, peak, _ = run(V4, root)
    times: dict[str, list[float]] = {"cold": [cold], "warm": [], "edited": []}
    for number in range(warm):
        times["warm"].append(run(V4, root)[0])
        add_function(next(edited), f"added_{time.time_ns()}_{number}")
        times["edited"].append(run(V4, root)[0])
    return times, peak


def aider_python() -> str:
    """The interpreter of aider's environment, which is made at first use."""
    folder = Path(platformdirs.user_cache_dir("v4")) / "benchmarks" / f"aider-{AIDER}"
    python = str(folder / "bin" / "python")
    if not (folder / "complete").exists():
        venv.create(folder, with_pip=True, clear=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-warn-conflicts"]
        subprocess.run([*install, "--no-deps", f"aider-chat=={AIDER}"], check=True)
        subprocess.run([*install, *AIDER_NEEDS], check=True)
        (folder / "complete").touch()
    return python


def aider_times(root: Path) -> dict[str, Any]:
    """Seconds of one cold and one warm map of a tree, and the part of each that went into tags."""
    for cache in root.glob(".aider.tags.cache.*"):
        shutil.rmtree(cache)
    command = [aider_python(), str(Path(__file__).with_name("aider_repomap.py")), str(root)]
    found: dict[str, Any] = {}
    for name in ("cold", "warm"):
        seconds, peak, output = run(command, root)
        found[name], found[f"{name}_tags"] = seconds, json.loads(output)["tags"]
        found["peak_mb"] = max(found.get("peak_mb", 0.0), peak)
    for cache in root.glob(".aider.tags.cache.*"):
        shutil.rmtree(cache)
    return found


def django(scratch: Path, runs: int, aider: bool, v4: bool = True) -> dict[str, Any]:
    root = repository("Django", scratch / "django")
    files = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout.split("\n")
    times: dict[str, list[float]] = {}
    of_aider: dict[str, list[float]] = {}
    peak = 0.0
    number = 0

    def edited() -> Iterator[Path]:
        nonlocal number
        while True:
            yield root / EDITED[number % len(EDITED)]
            number += 1

    files_to_edit = edited()
    for _ in range(runs):
        if v4:
            found, memory = v4_times(root, files_to_edit, 3)
            peak = max(peak, memory)
            for name, values in found.items():
                times.setdefault(name, []).extend(values)
        if aider:
            for name, value in aider_times(root).items():
                of_aider.setdefault(name, []).append(value)
    return {
        "release": f"Django {PINNED['Django'][0]}",
        "files": len([f for f in files if f]),
        "python_files": sum(f.endswith(".py") for f in files),
        "v4": {name: spread(values) for name, values in times.items()} | {"peak_mb": round(peak)},
        "aider": {name: spread(values) for name, values in of_aider.items()},
    }


class Monorepo:
    """A tree that grows. Files are entered into git's index without writing their blobs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        pool = []
        for name in RELEASES:
            top = fetch(name)
            for file in sorted(top.rglob("*")):
                if file.suffix in (".py", ".js") and file.is_file() and not file.is_symlink():
                    pool.append((f"{name.lower()}_{{}}/{file.relative_to(top).as_posix()}", file))
        random.Random(SEED).shuffle(pool)
        self.pool = pool
        self.count = 0
        self.bytes = 0
        root.mkdir(parents=True)
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)

    def path(self, number: int) -> str:
        return self.pool[number % len(self.pool)][0].format(f"{number // len(self.pool):03}")

    def grow(self, count: int) -> None:
        entries = []
        for number in range(self.count, count):
            source = self.pool[number % len(self.pool)][1]
            target = self.root / self.path(number)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            add_function(target, f"copy_{number}")
            content = target.read_bytes()
            self.bytes += len(content)
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
            entries.append(f"100644 {blob}\t{self.path(number)}\0")
        enter = ["git", "update-index", "--add", "-z", "--index-info"]
        subprocess.run(enter, cwd=self.root, input="".join(entries), text=True, check=True)
        self.count = count

    def edited(self) -> Iterator[Path]:
        while True:
            for number in range(0, self.count, max(1, self.count // 7)):
                yield self.root / self.path(number)


def monorepo(scratch: Path, most: int, aider: bool) -> list[dict[str, Any]]:
    tree = Monorepo(scratch / "monorepo")
    rows: list[dict[str, Any]] = []
    for size in [s for s in SIZES if s < most] + [most]:
        tree.grow(size)
        times, peak = v4_times(tree.root, tree.edited(), 3)
        row: dict[str, Any] = {"files": size, "mb": round(tree.bytes / 1e6, 1), "peak_mb": round(peak)}
        row |= {name: spread(values) for name, values in times.items()}
        row["index_mb"] = round(sum(f.stat().st_size for f in (tree.root / ".git" / "v4").iterdir()) / 1e6, 1)
        if aider and size <= AIDER_FILES:
            row["aider"] = {name: round(value, 3) for name, value in aider_times(tree.root).items()}
        rows.append(row)
        print(_growth_line(row), flush=True)
    return rows


def _growth_line(row: dict[str, Any]) -> str:
    line = (
        f"{row['files']:>8,} files {row['mb']:7.1f} MB  cold {row['cold']['median']:7.2f} s  warm "
        f"{row['warm']['median']:6.3f} s  edited {row['edited']['median']:6.3f} s  {row['peak_mb']:5} MB of memory"
    )
    if "aider" in row:
        line += f"  (aider: cold {row['aider']['cold']:.2f} s, warm {row['aider']['warm']:.2f} s)"
    return line


def plot(rows: list[dict[str, Any]], target: Path) -> bool:
    """Growth with repository size, as PNG; False without matplotlib."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.2), constrained_layout=True)
    sizes = [row["files"] for row in rows]
    for name, marker in (("cold", "o"), ("edited", "s"), ("warm", "^")):
        left.plot(sizes, [row[name]["median"] for row in rows], marker=marker, label=f"v4 {name}")
    with_aider = [row for row in rows if "aider" in row]
    for name, marker in (("cold", "x"), ("warm", "+")):
        if with_aider:
            values = [row["aider"][name] for row in with_aider]
            left.plot([r["files"] for r in with_aider], values, marker=marker, linestyle="--", label=f"aider {name}")
    left.set(xscale="log", yscale="log", xlabel="files", ylabel="seconds, whole command", title="Time")
    right.plot(sizes, [row["peak_mb"] for row in rows], marker="o", label="cold, all processes")
    right.axhline(TARGETS["100,000 files, MB"], color="grey", linestyle=":", label="1,500 MB")
    right.set(xscale="log", xlabel="files", ylabel="MB", title="Peak resident memory", ylim=(0, 1600))
    for axes in (left, right):
        axes.grid(True, which="both", alpha=0.25)
        axes.legend()
    figure.savefig(target, dpi=120)
    return True


def verdicts(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Every target beside what was measured."""
    measured: dict[str, float] = {}
    tree = found.get("django", {})
    for name in ("cold", "warm", "edited"):
        if name in tree.get("v4", {}):
            measured[f"Django {name}, s"] = tree["v4"][name]["median"]
    for name in ("cold", "warm"):
        if name in tree.get("aider", {}) and name in tree["v4"]:
            measured[f"aider {name} / v4 {name}"] = tree["aider"][name]["median"] / tree["v4"][name]["median"]
    for row in found.get("monorepo", []):
        if row["files"] == 100_000:
            measured["100,000 files, MB"] = row["peak_mb"]
    rows = []
    for name, target in TARGETS.items():
        if name in measured:
            value = measured[name]
            met = value >= target if name.startswith("aider") else value <= target
            rows.append({"what": name, "target": target, "measured": round(value, 3), "met": met})
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--django", action="store_true", help="Django alone")
    parser.add_argument("--monorepo", type=int, metavar="FILES", help="the growing monorepo, up to this size")
    parser.add_argument("--aider", action="store_true", help="aider's repository map beside the parts that run")
    parser.add_argument("--runs", type=int, default=3, help="cold runs on Django; thrice as many warm ones")
    options = parser.parse_args()
    everything = not (options.django or options.monorepo or options.aider)
    target = RESULTS / "index_speed.json"
    found: dict[str, Any] = json.loads(target.read_text()) if target.is_file() and not everything else {}
    found["machine"] = machine()
    aider = everything or options.aider
    if aider:
        aider_python()
    with tempfile.TemporaryDirectory(prefix="v4-index-") as name:
        if everything or options.django or not options.monorepo:
            found["django"] = tree = django(Path(name), options.runs, aider)
            print(f"{tree['release']}: {tree['files']:,} files, {tree['python_files']:,} of Python")
            for tool in ("v4", "aider"):
                for what, row in tree[tool].items():
                    if isinstance(row, dict):
                        print(f"  {tool:5} {what:10} {row['median']:8.3f}  ({row['min']:.3f} to {row['max']:.3f})")
            print(f"  v4 peak memory {tree['v4']['peak_mb']} MB", flush=True)
        if everything or options.monorepo:
            found["monorepo"] = monorepo(Path(name), options.monorepo or SIZES[-1], aider)
    found["targets"] = verdicts(found)
    for row in found["targets"]:
        print(f"{row['what']:24} {row['measured']:9.3f}  aim {row['target']:g}: {'met' if row['met'] else 'not met'}")
    RESULTS.mkdir(exist_ok=True)
    target.write_text(json.dumps(found, indent=2) + "\n")
    if found.get("monorepo") and not plot(found["monorepo"], RESULTS / "index_speed.png"):
        print("no plot: matplotlib is not installed", file=sys.stderr)
    return 0


if __name__ == "__main__":
    os.environ.pop("V4_CACHE_DIR", None)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its bytecode
    sys.exit(main())
