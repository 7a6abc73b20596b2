"""V4.1 in model_runtime beside mlx-lm's implementation, on the same checkpoints: how far logits differ.

    python -m benchmarks.v41_parity [--write-expected]

Small random models in float32 (seeds 0..19), with window layers, two caches of compressed windows, one of single tokens
with a two-level search, choices shared between layers, single-pass hyper-connections; no Engram, which mlx-lm does not
have. mlx-lm runs on the CPU in an environment of its own (~/.cache/v4-benchmarks/mlx), as one pass without a cache,
with its selections put into the order that model_runtime states. Texts in which a choice hangs on rounding are left
out, and counted. Ways: one pass, passes of random sizes, token by token, half the text restored from a saved session.

With even seeds widths are multiples of 32, so both round what they cache to FP8 and FP4. Rounding to few codes turns a
difference in the last bit into one of a code when a number falls on a boundary: these models are reported apart, as the
median and the worst text.

--write-expected writes tests/runtime/data/v41_mlx.safetensors, which tests compare with without mlx-lm.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from model_runtime.composite.config import from_hf
from model_runtime.composite.decoder import CompositeDecoder
from model_runtime.composite.weights import DictWeights

from . import RESULTS, machine
from .v4_oracle import MARGIN, relative
from .v4_parity import in_passes, ones, random_sizes, restored
from .v41_oracle import PACKAGES, mlx_logits, random_config, random_tensors

SEEDS = range(20)
LENGTHS = (1, 9, 33, 64)
EXPECTED = Path(__file__).parents[1] / "tests" / "runtime" / "data" / "v41_mlx.safetensors"
#: of the texts written for tests: models, tokens, rows of logits kept
KEPT_SEEDS, KEPT_LENGTH, KEPT_ROWS = (1, 3, 5, 7, 9, 11), 64, 8


def texts(config: dict[str, Any], seed: int) -> list[list[int]]:
    draw = random.Random(seed)
    return [[draw.randrange(config["text_config"]["vocab_size"]) for _ in range(length)] for length in LENGTHS]


def compare() -> tuple[dict[str, Any], dict[str, Tensor]]:
    plain: dict[str, list[float]] = {}
    rounded: dict[str, list[float]] = {}
    left_out, kept = 0, dict[str, Tensor]()
    for seed in SEEDS:
        print(f"\rmodel {seed + 1} of {len(SEEDS)}", end="", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            config = random_config(seed)
            tensors = random_tensors(config, seed)
            decoder = CompositeDecoder(from_hf(config), DictWeights(tensors))
            ids = texts(config, seed)
            for text, expected, margin in zip(ids, *mlx_logits(folder, config, tensors, ids), strict=True):
                rounds = seed % 2 == 0
                if margin < MARGIN and not rounds:
                    left_out += 1
                    continue
                ways = {
                    "one pass": decoder.forward(text, decoder.new_cache(), all_logits=True),
                    "random passes": in_passes(decoder, text, random_sizes(seed)),
                    "token by token": in_passes(decoder, text, ones()),
                    "restored": restored(decoder, text, folder),
                }
                for way, logits in ways.items():
                    (rounded if rounds else plain).setdefault(way, []).append(relative(logits, expected))
                if seed in KEPT_SEEDS and len(text) == KEPT_LENGTH:
                    kept[str(seed)] = expected[-KEPT_ROWS:].contiguous()
    print(file=sys.stderr)
    result = {
        "texts": {"plain": len(plain["one pass"]), "left_out": left_out, "rounded": len(rounded["one pass"])},
        "plain": {way: max(found) for way, found in plain.items()},
        "rounded_median": {way: median(found) for way, found in rounded.items()},
        "rounded": {way: max(found) for way, found in rounded.items()},
    }
    return result, kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write-expected", action="store_true", help="also write what tests compare with")
    options = parser.parse_args()
    torch.set_num_threads(1)
    result, kept = compare()
    print(f"{len(SEEDS)} models, texts: {result['texts']}")
    print("| way | worst | with rounding: median | with rounding: worst |\n| --- | --- | --- | --- |")
    for way, worst in result["plain"].items():
        print(f"| {way} | {worst:.1e} | {result['rounded_median'][way]:.1e} | {result['rounded'][way]:.1e} |")
    RESULTS.mkdir(exist_ok=True)
    about = {"machine": machine(), "torch": torch.__version__, "peer": PACKAGES}
    (RESULTS / "v41_parity.json").write_text(json.dumps({**about, **result}, indent=2) + "\n", encoding="utf-8")
    if options.write_expected:
        EXPECTED.parent.mkdir(exist_ok=True)
        save_file(kept, EXPECTED)


if __name__ == "__main__":
    main()
