"""Runs in the environment that benchmarks.v41_parity makes: logits of mlx-lm's deepseek_v41 for a checkpoint folder.

    python v41_mlx.py FOLDER

Reads config.json, model.safetensors (DeepSeek's names) and ids.json (a list of texts as token ids); writes
logits.safetensors ("0", "1", ...: float32 [n, vocabulary]) and margins.json. Selections get a total order (score
descending, then index ascending), and the margin of the nearest choice is recorded.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from mlx_lm.models import deepseek_v41

margin = math.inf


def ordered(negated: Any, kth: int, axis: int = -1) -> Any:
    """argpartition of negated scores, with everything in order."""
    global margin
    scores = -np.array(negated)
    order = np.argsort(-scores, axis=-1, kind="stable")
    if kth + 1 < scores.shape[-1]:
        ranked = np.take_along_axis(scores, order[..., kth : kth + 2], axis=-1)
        last, following = ranked[..., 0], ranked[..., 1]
        scale = np.maximum(np.abs(np.where(np.isfinite(scores), scores, 0)).max(-1), 1e-30)
        contested = np.isfinite(last) & np.isfinite(following) & ~((last == 0) & (following == 0))
        if contested.any():
            gaps = last[contested] - following[contested]
            margin = min(margin, float((gaps / scale[contested]).min()))
    return mx.array(order.astype(np.int32))


def main() -> None:
    global margin
    mx.argpartition = ordered
    folder = Path(sys.argv[1])
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    model = deepseek_v41.Model(deepseek_v41.ModelArgs.from_dict(config))
    weights = model.sanitize(mx.load(str(folder / "model.safetensors")))
    model.load_weights(list(weights.items()), strict=True)
    found, margins = {}, []
    for number, ids in enumerate(json.loads((folder / "ids.json").read_text(encoding="utf-8"))):
        margin = math.inf
        found[str(number)] = model(mx.array([ids]))[0].astype(mx.float32)
        mx.eval(found[str(number)])
        margins.append(margin)
    mx.save_safetensors(str(folder / "logits.safetensors"), found)
    (folder / "margins.json").write_text(json.dumps([value if value < math.inf else 1.0 for value in margins]))


if __name__ == "__main__":
    main()
