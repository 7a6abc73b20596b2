"""Several requests over one prefix: speed together and one by one, memory of each, and whether the tokens are the same.

Run: python -m benchmarks.batch [--model NAME] [--prefix TOKENS] [--tokens N]

The prefix is a Python file of Scrapy 2.12.0; each request adds a line of its own. Memory of a request is what the
process holds in private pages beside the shared ones (RssAnon of Linux) after the requests have been answered, less
what it held before, shared by the requests. Nothing else should run meanwhile. Writes benchmarks/results/batch.json.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from . import RESULTS, machine
from .releases import fetch

REQUESTS = (1, 2, 4, 8)


def anonymous() -> int:
    """Bytes of private memory of this process that lie in no file."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def grow(model: Any, base: Any, requests: list[list[int]], tokens: int) -> tuple[list[list[int]], float, int]:
    """Greedy tokens of each request decoded in one pass per token, seconds of decoding, and bytes of private memory."""
    before = anonymous()
    sessions = model.fork(base, len(requests), max(map(len, requests)) + tokens)
    rows = [session.extend(ids) for session, ids in zip(sessions, requests, strict=True)]
    outputs: list[list[int]] = [[] for _ in requests]
    started = time.perf_counter()
    for _ in range(tokens):
        ids = [int(row.argmax()) for row in rows]
        for output, token in zip(outputs, ids, strict=True):
            output.append(token)
        rows = list(model.step(sessions, ids))
    return outputs, time.perf_counter() - started, anonymous() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="qwen2.5-coder-1.5b")
    parser.add_argument("--prefix", type=int, default=2000)
    parser.add_argument("--tokens", type=int, default=48)
    asked = parser.parse_args()
    from model_runtime import load_model

    model = load_model(asked.model)
    text = (fetch("scrapy") / "scrapy/core/engine.py").read_text(encoding="utf-8")
    prefix = model.tokenizer.encode(text)[: asked.prefix]
    requests = [model.tokenizer.encode(f"\n\n# part {number}\ndef ") for number in range(max(REQUESTS))]
    base = model.session()
    base.extend(prefix)
    alone = [grow(model, base, [request], asked.tokens)[0][0] for request in requests]
    whole = base.cache.nbytes // base.cache.capacity * len(prefix)
    print(f"{asked.model}: {len(prefix)} tokens in common ({whole / 1e6:.1f} MB), {asked.tokens} written each")
    print(f"{'requests':>8} {'tokens/s':>9} {'MB each':>8} {'same tokens':>12}")
    rows = []
    for count in REQUESTS:
        outputs, seconds, memory = grow(model, base, requests[:count], asked.tokens)
        same = sum(a == b for a, b in zip(outputs, alone, strict=False))
        speed = count * asked.tokens / seconds
        rows.append({"requests": count, "tokens_per_second": speed, "bytes_each": memory // count, "same": same})
        print(f"{count:>8} {speed:>9.1f} {memory / count / 1e6:>8.1f} {same:>9} of {count}", flush=True)
    report = {"machine": machine(), "model": asked.model, "prefix_tokens": len(prefix), "prefix_bytes": whole}
    text = json.dumps({**report, "rows": rows}, indent=1, sort_keys=True)
    (RESULTS / "batch.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
