"""Greedy output with and without everything that saves work: the same tokens?

Run: python -m benchmarks.greedy_identity [--model NAME] [--prompts N] [--tokens N] [--threads N]

Prompts are the beginnings of Python files of Scrapy 2.12.0, five lengths of each file, so that later ones find the
beginnings of earlier ones. Compared with computing each prompt in a session of its own:

  cold      a prefix cache on disk that is empty at first; no session stays in memory
  restart   the same cache in a new process
  damaged   the same cache in a new process, a third of its files damaged
  memory    one session for all prompts, no disk
  drafts    speculation with drafts of up to seven tokens
  batch     four prompts decoded in one pass, what they share held once

Each way runs in a process of its own. Writes benchmarks/results/greedy_identity.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from . import RESULTS, machine
from .releases import fetch

SEED = 20261123
LENGTHS = (70, 120, 150, 200, 260)
WAYS = ("plain", "cold", "restart", "damaged", "memory", "drafts", "batch")


def prompts(tokenizer: Any, count: int) -> list[list[int]]:
    """Token ids of `count` prompts, the shortest of each file first."""
    root = fetch("scrapy")
    files = sorted((root / "scrapy").rglob("*.py"))
    random.Random(SEED).shuffle(files)
    found: list[list[int]] = []
    for path in files:
        ids = tokenizer.encode(path.read_text(encoding="utf-8"))
        if len(ids) > max(LENGTHS):
            found += [ids[:length] for length in LENGTHS]
        if len(found) >= count:
            break
    return found[:count]


def damage(folder: Path) -> None:
    """Flip a bit in, cut or empty every third file."""
    chance = random.Random(SEED)
    for number, path in enumerate(sorted(folder.rglob("*.kv"))):
        content = bytearray(path.read_bytes())
        if number % 9 == 0:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        elif number % 9 == 3:
            del content[chance.randrange(len(content)) :]
        elif number % 9 == 6:
            content.clear()
        path.write_bytes(content)


def run(way: str, name: str, count: int, tokens: int, threads: int | None) -> dict[str, Any]:
    """The outputs of one way; for the child process."""
    from model_runtime import load_model
    from model_runtime.cache.disk_space import prefix_folder
    from model_runtime.generate import generate_each

    model = load_model(name, threads=threads)
    if way in ("cold", "restart", "damaged"):
        model.keep_prefixes()
    if way == "damaged":
        damage(prefix_folder())
    if way == "batch":
        results = generate_each(model, prompts(model.tokenizer, count), tokens)
        reused = sum(result.reused_tokens for result in results)
        return {"outputs": [result.token_ids for result in results], "reused": reused}
    shared = model.session() if way == "memory" else None
    outputs, reused = [], 0
    for ids in prompts(model.tokenizer, count):
        session = shared if shared is not None else model.session()
        result = model.generate(ids, tokens, session=session, speculate=7 if way == "drafts" else None).result
        outputs.append(result.token_ids)
        reused += result.reused_tokens
        if shared is None:
            del session
    return {"outputs": outputs, "reused": reused}


def in_process(way: str, name: str, count: int, tokens: int, threads: int | None, cache: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.greedy_identity", "--way", way, "--model", name]
    command += ["--prompts", str(count), "--tokens", str(tokens)]
    command += ["--threads", str(threads)] if threads else []
    environment = {**os.environ, "V4_CACHE_DIR": str(cache)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(f"{way}: {done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="qwen2.5-coder-0.5b")
    parser.add_argument("--prompts", type=int, default=50)
    parser.add_argument("--tokens", type=int, default=24)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        print(json.dumps(run(asked.way, asked.model, asked.prompts, asked.tokens, asked.threads)))
        return
    from model_runtime.catalog import cache_root

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        for part in ("models", "repacked", "native"):
            (cache / part).symlink_to(cache_root() / part)
        wanted: list[list[int]] = []
        print(f"{asked.model}, {asked.prompts} prompts, {asked.tokens} tokens each")
        print(f"{'way':<10} {'same outputs':>12} {'prompt tokens not computed':>28}")
        for way in WAYS:
            found = in_process(way, asked.model, asked.prompts, asked.tokens, asked.threads, cache)
            wanted = wanted or found["outputs"]
            same = sum(a == b for a, b in zip(wanted, found["outputs"], strict=True))
            rows.append({"way": way, "same": same, "reused": found["reused"]})
            print(f"{way:<10} {same:>12} {found['reused']:>28,}", flush=True)
    report = {"machine": machine(), "model": asked.model, "prompts": asked.prompts, "tokens": asked.tokens}
    text = json.dumps({**report, "rows": rows}, indent=1, sort_keys=True)
    (RESULTS / "greedy_identity.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
