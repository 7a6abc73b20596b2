"""How many prompt tokens `ask` may use on this machine, from the measured speed of reading.

The speed is measured once a model and machine, and kept in the cache folder, so that the same question on the same
machine gets the same prompt. It is measured in processor time, not wall time, so that a machine that happens to be
busy is not taken for a slow one.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model_runtime.model import Model

#: seconds that reading the prompt may take before the first word of the answer
PATIENCE = 20.0
STEPS = (1024, 2048, 4096, 8192, 16384)
_SAMPLE_TOKENS = 384


def choose(tokens_per_second: float) -> int:
    """The largest step of STEPS that is read within PATIENCE."""
    able = [step for step in STEPS if step <= tokens_per_second * PATIENCE]
    return able[-1] if able else STEPS[0]


def budget(model: Model) -> int:
    """Prompt tokens for this model on this machine; measures the speed at first use (about two seconds)."""
    from model_runtime.catalog import cache_root, write_json

    path = cache_root() / "speed.json"
    key = f"{model.digest[:16]}-{os.cpu_count()}-{os.uname().nodename}"
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(known, dict):
            known = {}
    except (OSError, ValueError):
        known = {}
    speed = known.get(key)
    if not isinstance(speed, (int, float)) or speed <= 0:
        speed = _measure(model)
        known[key] = round(speed, 1)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, known)
        except OSError:
            pass  # a cache that cannot be written costs two seconds at the next question, nothing else
    return choose(float(speed))


def _measure(model: Model) -> float:
    import torch

    ids = (model.tokenizer.encode("def measure(values: list[float]) -> float:\n    return sum(values)\n") * 40)[
        :_SAMPLE_TOKENS
    ]
    best = float("inf")
    for _ in range(2):
        session = model.session()
        started = time.process_time()
        session.extend(ids)
        best = min(best, time.process_time() - started)
    return len(ids) * torch.get_num_threads() / max(best, 1e-6)
