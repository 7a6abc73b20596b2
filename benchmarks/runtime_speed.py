"""Speed and memory of the runtime on this machine, beside transformers in bfloat16.

Run: python -m benchmarks.runtime_speed [--model NAME ...] [--scheme NAME ...] [--no-transformers]

Each engine runs in a process of its own, on the same dequantised or packed weights of the same GGUF file. Nothing else
should run meanwhile. Writes benchmarks/results/runtime_speed.json.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from . import RESULTS, machine

MODELS = ("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b")
SCHEMES = ("mix", "int4")
PREFILL = (512, 2048)
CONTEXTS = (128, 2048)


def row(found: dict[str, Any]) -> str:
    cells = [f"{found['prefill'][str(n)]:9.1f}" for n in PREFILL] + [
        f"{found['decode'][str(n)]:9.1f}" for n in CONTEXTS
    ]
    label = f"{found['engine']} {found['scheme']} ({found['kernels']})"
    memory = f"{found['peak_bytes'] / 2**30:8.2f}"
    return f"{found['model']:<20} {label:<28}" + "".join(cells) + f" {found['load_seconds']:8.2f} {memory}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", action="append", help=f"default: {', '.join(MODELS)}")
    parser.add_argument("--scheme", action="append", help=f"default: {', '.join(SCHEMES)}")
    parser.add_argument("--no-transformers", action="store_true")
    asked = parser.parse_args()
    from model_runtime.measure import measure

    heads = [f"read {n}" for n in PREFILL] + [f"write@{n}" for n in CONTEXTS]
    print(f"{machine()['cpu']}, {machine()['cores']} cores; tokens per second, load in seconds, peak memory in GiB")
    print(f"{'model':<20} {'engine':<28}" + "".join(f"{head:>9}" for head in heads) + f" {'load':>8} {'memory':>8}")
    rows = []
    for name in asked.model or MODELS:
        runs: list[tuple[str, str | None]] = [("v4", scheme) for scheme in asked.scheme or SCHEMES]
        if not asked.no_transformers:
            runs.append(("transformers", None))
        for engine, scheme in runs:
            rows.append(measure(name, engine, dtype=scheme, prefill=PREFILL, contexts=CONTEXTS))
            print(row(rows[-1]), flush=True)
            report = json.dumps({"machine": machine(), "rows": rows}, indent=1, sort_keys=True)
            (RESULTS / "runtime_speed.json").write_text(report + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
