"""Seconds until `v4 ask` answers: first question, repeated, another on the same files, after an edit; with and without
the cache of prompts.

Run: python -m benchmarks.ask_latency [--model NAME ...]

Scrapy 2.12.0 (503 files) in a new git repository, indexed before; every question is a process of its own, with an empty
cache of prompts at the start. Seconds are from the start of the process to the first token: start, index refresh,
loading, retrieval, reading. Each step is also run with --no-cache, on the same tree. Nothing else should run meanwhile.
Writes benchmarks/results/ask_latency.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from . import RESULTS, machine
from .releases import repository

MODELS = ("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b")
THROTTLE = "How does AutoThrottle adjust the delay?"
#: what is asked, and a word on it; "edit" changes a line in the middle of what the first question reads
STEPS: tuple[tuple[str, str], ...] = (
    ("first question", THROTTLE),
    ("the same again", THROTTLE),
    ("another, the same passages", "Which settings does AutoThrottle read?"),
    ("edit", "scrapy/extensions/throttle.py"),
    ("first question after an edit", THROTTLE),
    ("first question, other files", "How does the HTTP cache decide whether a stored response is fresh?"),
    ("another, passages in common", "What happens when a cached response has expired?"),
)
EDIT = ("# If a server needs", "# When a server needs")


def ask(root: Path, question: str, model: str, environment: dict[str, str], *options: str) -> dict[str, Any]:
    """Seconds to the first token, and tokens read and reused."""
    command = [sys.executable, "-m", "v4cli.main", "ask", question, "--model", model, "--json", *options]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, env=environment)
    wall = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr.strip())
    found = json.loads(done.stdout)
    seconds = found["seconds"]
    before = wall - seconds["total"]
    return {
        "seconds": round(before + seconds["load"] + seconds["retrieve"] + seconds["first_token"], 2),
        "reading": seconds["first_token"],
        "prompt_tokens": found["prompt_tokens"],
        "reused_tokens": found["reused_tokens"],
    }


def prepare(folder: Path, model: str) -> tuple[Path, dict[str, str]]:
    """A repository with its index, and an environment with an empty cache of prompts and the speed measured."""
    from model_runtime.catalog import cache_root

    cache = folder / "cache"
    cache.mkdir()
    for part in ("models", "repacked", "native"):
        (cache / part).symlink_to(cache_root() / part)
    environment = {**os.environ, "V4_CACHE_DIR": str(cache)}
    root = repository("scrapy", folder / "scrapy")
    subprocess.run(
        [sys.executable, "-m", "v4cli.main", "index", "--quiet"],
        cwd=root,
        check=True,
        env=environment,
        capture_output=True,
    )
    ask(root, "Where does the engine start?", model, environment, "--no-cache")
    return root, environment


def measure(model: str) -> list[dict[str, Any]]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        root, environment = prepare(Path(folder), model)
        for step, question in STEPS:
            if step == "edit":
                path = root / question
                text = path.read_text(encoding="utf-8")
                if EDIT[0] not in text:
                    raise SystemExit(f"{question} has not the line to edit")
                path.write_text(text.replace(*EDIT), encoding="utf-8")
                continue
            plain = ask(root, question, model, environment, "--no-cache")
            kept = ask(root, question, model, environment)
            rows.append({"model": model, "step": step, "question": question, "without": plain, "with": kept})
            print(
                f"{model:<20} {step:<30} {plain['prompt_tokens']:>7} {plain['seconds']:>9.2f} "
                f"{kept['prompt_tokens']:>7} {kept['reused_tokens']:>7} {kept['seconds']:>9.2f}",
                flush=True,
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", action="append", help=f"default: {', '.join(MODELS)}")
    asked = parser.parse_args()
    print(f"{machine()['cpu']}, {machine()['cores']} cores; seconds to the first token")
    print(f"{'model':<20} {'step':<30} {'prompt':>7} {'no cache':>9} {'prompt':>7} {'reused':>7} {'cache':>9}")
    rows = [row for model in asked.model or MODELS for row in measure(model)]
    text = json.dumps({"machine": machine(), "rows": rows}, indent=1, sort_keys=True)
    (RESULTS / "ask_latency.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
