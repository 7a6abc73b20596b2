"""How long the pre-commit check takes on a repository of more than 500 files, interpreter start included.

    python benchmarks/hook_latency.py [FOLDER] [--runs 15]

FOLDER is an unpacked source tree (default: the fastapi 0.112.1 sdist, fetched with pip). It is copied, never changed.
Prints a table and writes benchmarks/results/hook_latency.json. Times are seconds of whole processes:
wall-clock, and of the processor, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from .archives import unpack

SDIST = "fastapi==0.112.1"
V4 = str(Path(sys.executable).parent / "v4")
RESULTS = Path(__file__).parent / "results" / "hook_latency.json"
Edit = Callable[[Path], None]


def substitute(path: str, pattern: str, replacement: str) -> Edit:
    def edit(root: Path) -> None:
        text = (root / path).read_text()
        changed = re.sub(pattern, replacement, text, count=1, flags=re.MULTILINE)
        assert changed != text, f"{pattern} is not in {path}"
        (root / path).write_text(changed)

    return edit


def delete(path: str) -> Edit:
    return lambda root: (root / path).unlink()


#: changes to fastapi, each staged on its own, with the rules that must come out
SCENARIOS: dict[str, tuple[Edit, set[str]]] = {
    "edit of a leaf module": (substitute("docs_src/first_steps/tutorial001.py", "Hello", "Hi"), set()),
    "edit of a text file": (substitute("README.md", "FastAPI", "FastAPI!"), set()),
    "edit of a much imported module": (
        substitute("fastapi/applications.py", r"^class FastAPI\(Starlette\):\n", r"\g<0>    marker = 1\n"),
        set(),
    ),
    "a name removed": (substitute("fastapi/utils.py", r"^def generate_unique_id\b", "def other"), {"missing-name"}),
    "a signature changed": (
        substitute("fastapi/encoders.py", r"^def jsonable_encoder\(", "def jsonable_encoder(first: int,"),
        {"broken-call"},
    ),
    "a module deleted": (delete("fastapi/encoders.py"), {"broken-import"}),
    "a debugger left in": (substitute("fastapi/cli.py", r"^def main\(.*\n", r"\g<0>    breakpoint()\n"), {"debugger"}),
}


def fetch(folder: Path) -> Path:
    """The unpacked sdist, downloaded into `folder`."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*command, "-d", str(folder), SDIST], check=True)
    (archive,) = folder.glob("*.tar.gz")
    unpack(archive, folder / "sdist")
    archive.unlink()
    return folder / "sdist"


def seconds(command: list[str], root: Path, env: dict[str, str], runs: int) -> tuple[list[tuple[float, float]], str]:
    """(wall-clock, processor) seconds of each run, and what the last one printed."""
    times, out = [], ""
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True)
        wall = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append((wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
        out = done.stdout + done.stderr
    return times, out


def summary(times: list[tuple[float, float]]) -> dict[str, float]:
    wall = [w for w, _ in times]
    return {
        "median": round(statistics.median(wall), 3),
        "min": round(min(wall), 3),
        "max": round(max(wall), 3),
        "cpu": round(statistics.median(c for _, c in times), 3),
        "runs": len(times),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="v4-hook-") as name:
        scratch = Path(name)
        root = scratch / "repository"
        source = options.folder or fetch(scratch)
        shutil.copytree(source, root, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        env = kept | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        for role in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{role}_NAME": "bench", f"GIT_{role}_EMAIL": "bench@localhost"}

        def git(*words: str) -> str:
            return subprocess.run(["git", *words], cwd=root, env=env, check=True, capture_output=True, text=True).stdout

        git("init", "-q")
        git("add", "-A")
        git("commit", "-q", "-m", "start")
        python = sum(p.endswith(".py") for p in git("ls-files").splitlines())
        review = [sys.executable, "-P", "-m", "v4cli.review"]  # what the installed hook runs
        rows: dict[str, dict[str, float]] = {}
        rows["interpreter start"] = summary(seconds([sys.executable, "-c", "pass"], root, env, options.runs)[0])
        rows["v4 --version"] = summary(seconds([V4, "--version"], root, env, options.runs)[0])
        first = "edit of a leaf module"
        SCENARIOS[first][0](root)
        git("add", "-A")
        rows["first run, no index yet"] = summary(seconds(review, root, env, 1)[0])
        git("reset", "-q", "--hard")
        wrong = []
        for label, (edit, expected) in SCENARIOS.items():
            edit(root)
            git("add", "-A")
            times, out = seconds(review, root, env, options.runs)
            rows[label] = summary(times)
            rules = set(re.findall(r" error: .* \[([\w-]+)\]$", out, re.MULTILINE))
            if rules != expected:
                wrong.append(f"{label}: found {sorted(rules)}, expected {sorted(expected)}")
            git("reset", "-q", "--hard")
        SCENARIOS[first][0](root)
        git("add", "-A")
        through_cli = [V4, "review", "--staged", "--hook"]
        rows[f"{first}, v4 review"] = summary(seconds(through_cli, root, env, options.runs)[0])
        git("reset", "-q", "--hard")
        subprocess.run([V4, "hook", "install"], cwd=root, env=env, check=True, capture_output=True)
        times = []
        for number in range(options.runs):
            (root / "fastapi" / "extra.py").write_text(f"NUMBER = {number}\n")
            git("add", "-A")
            times += seconds(["git", "commit", "-q", "-m", "m"], root, env, 1)[0]
        rows["git commit with the hook"] = summary(times)
        rows["git commit without it"] = summary(
            seconds(["git", "commit", "-q", "-n", "--allow-empty", "-m", "m"], root, env, options.runs)[0]
        )
    width = max(map(len, rows))
    print(f"{python} Python files; {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
    print(f"{'':{width}}  median     min     max     cpu  (s)")
    for label, row in rows.items():
        print(f"{label:{width}}  {row['median']:6.3f}  {row['min']:6.3f}  {row['max']:6.3f}  {row['cpu']:6.3f}")
    for line in wrong:
        print(f"WRONG: {line}")
    RESULTS.parent.mkdir(exist_ok=True)
    document = {
        "project": options.folder.name if options.folder else SDIST,
        "python_files": python,
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "seconds": rows,
        "wrong": wrong,
    }
    RESULTS.write_text(json.dumps(document, indent=2) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
