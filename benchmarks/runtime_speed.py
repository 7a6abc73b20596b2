"""Speed and memory of the runtime on this machine, beside llama.cpp and transformers in bfloat16.

Run: python -m benchmarks.runtime_speed [--model NAME ...] [--scheme NAME ...] [--engine NAME ...] [--long]

Each engine runs in a process of its own, on the same GGUF file (transformers on its dequantised weights), with as many
threads; engines take turns, as many times as --rounds says, and the median counts. llama.cpp is built from the sdist of
llama-cpp-python for this processor at first use, which takes some ten minutes, and runs with flash attention. Nothing
else should run meanwhile. Writes benchmarks/results/runtime_speed.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

from . import RESULTS, machine

MODELS = ("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b")
ENGINES = ("v4", "llama.cpp", "transformers")
LENGTHS = (512, 4096)
CONTEXTS = (128, 4096)
LONG = 16384
LLAMA = "llama-cpp-python==0.3.36"
_HOME = Path.home() / ".cache" / "v4-benchmarks" / "llama" / "venv"


def llama_python() -> str:
    """The interpreter of an environment that has llama.cpp, built here for this processor."""
    python = str(_HOME / "bin" / "python")
    if (
        not Path(python).exists()
        or subprocess.run([python, "-c", "import llama_cpp, psutil"], capture_output=True).returncode
    ):
        venv.create(_HOME, with_pip=True)
        flags = {"CMAKE_ARGS": "-DGGML_NATIVE=ON", "CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count() or 1)}
        command = [python, "-m", "pip", "install", "--quiet", "--no-binary", "llama-cpp-python", LLAMA, "psutil"]
        subprocess.run(command, check=True, env={**os.environ, **flags})
    return python


def median(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """One row of several runs of an engine: medians of what differs."""
    first = dict(runs[0])
    for key in ("prefill", "decode"):
        first[key] = {n: statistics.median(run[key][n] for run in runs) for n in first[key]}
    for key in ("load_seconds", "resident_bytes", "peak_bytes"):
        first[key] = statistics.median(run[key] for run in runs)
    return first


def row(found: dict[str, Any]) -> str:
    cells = "".join(f"{value:9.1f}" for key in ("prefill", "decode") for value in found[key].values())
    label = f"{found['engine']} {found['scheme']} ({found['kernels']})"
    return f"{found['model']:<20} {label:<28}{cells} {found['load_seconds']:8.2f} {found['peak_bytes'] / 2**30:8.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", action="append", help=f"default: {', '.join(MODELS)}")
    parser.add_argument("--scheme", action="append", help="of v4; default: mix")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="default: all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long", action="store_true", help=f"{LONG} tokens as well, without transformers")
    asked = parser.parse_args()
    from model_runtime.measure import measure

    lengths, contexts = (LENGTHS, CONTEXTS) if not asked.long else ((*LENGTHS, LONG), (*CONTEXTS, LONG))
    heads = [f"read {n}" for n in lengths] + [f"write@{n}" for n in contexts]
    print(f"{machine()['cpu']}, {machine()['cores']} cores; tokens per second, load in seconds, peak memory in GiB")
    print(
        f"{'model':<20} {'engine':<28}" + "".join(f"{head:>11}"[-9:] for head in heads) + f" {'load':>8} {'memory':>8}"
    )
    engines = [e for e in asked.engine or ENGINES if not (asked.long and e == "transformers")]
    runs: list[tuple[str, str | None, str]] = []
    for engine in engines:
        python = llama_python() if engine == "llama.cpp" else sys.executable
        runs += [(engine, scheme, python) for scheme in (asked.scheme or ["mix"] if engine == "v4" else [None])]
    path = RESULTS / f"runtime_speed{'_long' if asked.long else ''}.json"
    rows = []
    for name in asked.model or MODELS:
        found: dict[tuple[str, str | None, str], list[dict[str, Any]]] = {}
        for _ in range(asked.rounds):
            for run in runs:
                engine, scheme, python = run
                if engine == "transformers" and run in found:  # minutes a run, and far from the others
                    continue
                options: dict[str, Any] = {"dtype": scheme, "prefill": lengths, "contexts": contexts, "python": python}
                repeats = 1 if asked.long or engine == "transformers" else 2
                found.setdefault(run, []).append(measure(name, engine, repeats=repeats, **options))
        for several in found.values():
            rows.append(median(several))
            print(row(rows[-1]), flush=True)
        report = json.dumps({"machine": machine(), "rounds": asked.rounds, "rows": rows}, indent=1, sort_keys=True)
        path.write_text(report + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
