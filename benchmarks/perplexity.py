"""Perplexity of each weight scheme of our runtime against transformers on the same dequantised weights.

    python -m benchmarks.perplexity [--model NAME ...] [--tokens 20480] [--schemes mix,int8]

Text: Python files of the pinned Scrapy release, in path order, cut into windows of 1,024 tokens that are read one by
one. The oracle is transformers in float32. Writes benchmarks/results/perplexity.json.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from typing import Any

from . import RESULTS, machine
from .releases import fetch

WINDOW = 1024


def _windows(tokenizer: Any, tokens: int) -> list[list[int]]:
    ids: list[int] = []
    for path in sorted((fetch("scrapy") / "scrapy").rglob("*.py")):
        ids += tokenizer.encode(path.read_text(encoding="utf-8"))
        if len(ids) >= tokens:
            break
    return [ids[i : i + WINDOW] for i in range(0, tokens, WINDOW)]


def _loss(logits: Any, ids: list[int]) -> float:
    """Sum of the negative log-likelihoods of all tokens of a window but the first; logits: [tokens, vocabulary]."""
    import torch

    return float(torch.nn.functional.cross_entropy(logits[:-1].float(), torch.tensor(ids[1:]), reduction="sum"))


def _perplexity(read: Callable[[list[int]], Any], windows: list[list[int]], label: str) -> tuple[float, float]:
    started = time.perf_counter()
    total = 0.0
    for number, ids in enumerate(windows, 1):
        total += _loss(read(ids), ids)
        print(f"\r{label}: {number} of {len(windows)} windows", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return math.exp(total / sum(len(w) - 1 for w in windows)), time.perf_counter() - started


def measure(name: str, schemes: list[str], tokens: int) -> dict[str, Any]:
    import gc

    import torch

    from model_runtime import load_model
    from model_runtime.catalog import locate
    from model_runtime.oracle import transformers_model
    from model_runtime.tokenizer import load_tokenizer

    windows = _windows(load_tokenizer(name), tokens)
    found: dict[str, Any] = {}
    for scheme in schemes:
        model = load_model(name, dtype=scheme)
        found[f"{scheme} ({model.kernels})"], _ = _perplexity(model.logits, windows, f"{name} {scheme}")
        del model
        gc.collect()
    torch.set_num_threads(machine()["cores"])
    oracle = transformers_model(locate(name), torch.float32)

    def read(ids: list[int]) -> Any:
        with torch.inference_mode():
            return oracle(torch.tensor([ids])).logits[0]

    found["transformers float32"], _ = _perplexity(read, windows, f"{name} transformers")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", help="default: both models of the catalogue")
    parser.add_argument("--tokens", type=int, default=20 * WINDOW)
    parser.add_argument("--schemes", default="mix")
    options = parser.parse_args()
    names = options.model or ["qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"]
    document: dict[str, Any] = {"machine": machine(), "tokens": options.tokens, "window": WINDOW, "models": {}}
    for name in names:
        found = measure(name, options.schemes.split(","), options.tokens)
        document["models"][name] = found
        reference = found["transformers float32"]
        print(f"{name}, {options.tokens:,} tokens")
        for label, value in found.items():
            print(f"  {label:28} {value:8.4f}  {100 * (value / reference - 1):+6.2f} %")
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "perplexity.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
