"""A process that reads prompts with a prefix cache, for test_prefix_cache_*.py.

Run: prefix_cache_worker.py MODE WEIGHTS BYTES SEEDS. Prints, for each seed, tokens reused and a digest of the logits.
MODE "plain" reads; "limited" cannot write files of more than 3,000 bytes; "share" may fill the disk; "killed" reads in
children of its own that it kills at random moments.
"""

from __future__ import annotations

import hashlib
import os
import random
import resource
import signal
import sys
import time

import torch
from test_runtime_core_tiny import tokens

from model_runtime import load_model
from model_runtime.cache import disk_space
from model_runtime.generate import extend_to

LENGTH = 300


def digest(row: torch.Tensor) -> str:
    return hashlib.sha256(row.numpy().tobytes()).hexdigest()[:16]


def read(model: object, seeds: range) -> None:
    for seed in seeds:
        ids = tokens(LENGTH, seed)
        session = model.session()  # type: ignore[attr-defined]
        row, reused = extend_to(session, ids)
        session.keep(LENGTH)
        print(seed, reused, digest(row), flush=True)
        del session


def main() -> None:
    mode, weights, most, seeds = sys.argv[1], sys.argv[2], int(sys.argv[3]), range(int(sys.argv[4]))
    if mode == "limited":
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
    if mode == "share":
        disk_space.MOST_SHARE = 1000.0
    model = load_model(weights, threads=1)
    model.keep_prefixes(most)
    if mode != "killed":
        read(model, seeds)
        return
    chance = random.Random(5)
    for seed in seeds:
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            read(model, range(1000 * seed, 1000 * seed + 1000))
            os._exit(0)
        time.sleep(chance.uniform(0.01, 0.15))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
