"""V4 in model_runtime beside transformers: how far logits differ, for every way through the same tokens.

Small random models in float32 (seeds 0..19: all sizes and kinds of layers drawn, every bias, sink and gate random), one
checkpoint under DeepSeek's names read by both. Lengths stand around every boundary of a model: window, compression
ratios, rows beyond the indexer's top-k. The oracle is transformers' forward pass without a cache, with ties broken in
the order that model_runtime states; draws in which a choice of transformers hangs on rounding are thrown away, and
counted. Ways: one pass, passes of random sizes, token by token, half the text restored from a saved session.

"far" starts at position 65,536 from equal random caches; "long" reads --long tokens (66,000) in passes of 512 in both
and compares the logits of the last pass. "transformers itself" is its own cached decode against its own full pass,
with ties left as they are.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model_runtime.composite.config import from_hf
from model_runtime.composite.decoder import CompositeDecoder
from model_runtime.composite.session import CompositeSession, restore_session
from model_runtime.composite.weights import DictWeights

from . import RESULTS, machine
from .v4_oracle import (
    MARGIN,
    TotalOrder,
    far_start,
    random_config,
    random_tensors,
    relative,
    transformers_model,
    well_defined,
)

SEEDS = range(20)
PASS = 512


def _lengths(config: dict[str, Any]) -> list[int]:
    window, rates = config["sliding_window"], config["compress_rates"].values()
    chosen = config["index_topk"] * min(rates)
    around = [
        window,
        window + 1,
        *(rate + step for rate in rates for step in (-1, 0, 1)),
        chosen,
        chosen + min(rates) + 1,
    ]
    return sorted({1, 2, 200, *(length for length in around if length <= 200)})


def in_passes(decoder: CompositeDecoder, ids: list[int], sizes: Iterator[int]) -> Tensor:
    cache, parts, at = decoder.new_cache(), [], 0
    while at < len(ids):
        count = next(sizes)
        parts.append(decoder.forward(ids[at : at + count], cache, all_logits=True))
        at += count
    return torch.cat(parts)


def random_sizes(seed: int) -> Iterator[int]:
    draw = random.Random(seed)
    while True:
        yield draw.choice([1, 2, 3, 5, 8, 17, 64])


def ones() -> Iterator[int]:
    while True:
        yield 1


def restored(decoder: CompositeDecoder, ids: list[int], folder: Path) -> Tensor:
    session = CompositeSession(decoder, "parity")
    half = len(ids) // 2
    parts = [session.extend(ids[:half], all_logits=True)] if half else []
    session.save(folder / "session")
    return torch.cat(
        [*parts, restore_session(folder / "session", decoder, "parity").extend(ids[half:], all_logits=True)]
    )


def _itself(model: Any, ids: list[int]) -> float:
    """transformers: cached decode in passes of 7 against one pass, ties as they are."""
    from transformers import DynamicCache

    with torch.inference_mode():
        full = model(torch.tensor([ids]), use_cache=False).logits[0]
        cache = DynamicCache(config=model.config)
        parts = [
            model(torch.tensor([ids[at : at + 7]]), past_key_values=cache, use_cache=True).logits[0]
            for at in range(0, len(ids), 7)
        ]
    return relative(torch.cat(parts), full)


def _models(seed: int, folder: Path, **changes: Any) -> tuple[dict[str, Any], Any, CompositeDecoder]:
    config = random_config(seed, **changes)
    tensors = random_tensors(config, seed)
    model = transformers_model(folder, config, tensors)
    return config, model, CompositeDecoder(from_hf(config), DictWeights(tensors))


def random_models() -> dict[str, Any]:
    worst: dict[str, float] = dict.fromkeys(("one pass", "random passes", "token by token", "restored"), 0.0)
    itself, thrown, texts = [], 0, 0
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            config, model, decoder = _models(seed, folder)
            for length in _lengths(config):
                ids, expected, attempts = well_defined(model, config["vocab_size"], length, seed)
                thrown, texts = thrown + attempts, texts + 1
                found = {
                    "one pass": decoder.forward(ids, decoder.new_cache(), all_logits=True),
                    "random passes": in_passes(decoder, ids, random_sizes(seed)),
                    "token by token": in_passes(decoder, ids, ones()),
                    "restored": restored(decoder, ids, folder),
                }
                for way, logits in found.items():
                    worst[way] = max(worst[way], relative(logits, expected))
            itself.append(_itself(model, ids))
    return {
        "models": len(SEEDS),
        "texts": texts,
        "thrown_away": thrown,
        "worst": worst,
        "transformers_itself": {"worst": max(itself), "models_above_1e-4": sum(value > 1e-4 for value in itself)},
    }


def far() -> dict[str, Any]:
    """Around position 65,536, from equal random caches."""
    worst, margins = 0.0, []
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as name:
            changes = {"num_hash_layers": 0, "index_topk": [7, 100, 1000, 100_000][seed % 4]}
            config, model, decoder = _models(seed, Path(name), **changes)
            cache, theirs = far_start(decoder, model, 65_536 - 16 + 16 * (seed % 3), seed)
            draw = random.Random(seed)
            ids = [draw.randrange(config["vocab_size"]) for _ in range(40)]
            with torch.inference_mode(), TotalOrder() as order:
                expected = model(torch.tensor([ids]), past_key_values=theirs, use_cache=True).logits[0]
            margins.append(order.margin)
            if order.margin > MARGIN / 10:
                parts = [decoder.forward(ids[at : at + 9], cache, all_logits=True) for at in range(0, 40, 9)]
                worst = max(worst, relative(torch.cat(parts), expected))
    return {"models": sum(margin > MARGIN / 10 for margin in margins), "worst": worst, "of": len(margins)}


def long(tokens: int) -> dict[str, Any]:
    """A text of `tokens` tokens read by both."""
    from transformers import DynamicCache

    kinds = ["compressed_sparse_attention", "heavily_compressed_attention", "sliding_attention"]
    rates = {"compressed_sparse_attention": 4, "heavily_compressed_attention": 128}
    changes = {"layer_types": kinds, "num_hidden_layers": 3, "compress_rates": rates, "index_topk": 512}
    with tempfile.TemporaryDirectory() as name:
        config, model, decoder = _models(1, Path(name), num_hash_layers=0, sliding_window=128, **changes)
        draw = random.Random(0)
        ids = [draw.randrange(config["vocab_size"]) for _ in range(tokens)]
        cache, theirs = decoder.new_cache(), DynamicCache(config=model.config)
        seconds, margin = [0.0, 0.0], 1.0
        with torch.inference_mode():
            for at in range(0, tokens, PASS):
                part = ids[at : at + PASS]
                started = time.perf_counter()
                found = decoder.forward(part, cache, all_logits=True)
                seconds[0] += time.perf_counter() - started
                started = time.perf_counter()
                with TotalOrder() as order:
                    expected = model(torch.tensor([part]), past_key_values=theirs, use_cache=True).logits[0]
                seconds[1] += time.perf_counter() - started
                margin = min(margin, order.margin)
    return {
        "tokens": tokens,
        "relative": relative(found, expected),
        "median": float(((found - expected).abs().amax(-1) / expected.abs().max()).median()),
        "margin": margin,
        "seconds": seconds[0],
        "transformers_seconds": seconds[1],
        "cache_bytes": cache.nbytes,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", type=int, default=66_000, help="tokens of the long text; 0 leaves it out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    result = {"machine": machine(), "torch": torch.__version__, "random": random_models(), "far": far()}
    drawn = result["random"]
    print(f"{drawn['models']} models, {drawn['texts']} texts, {drawn['thrown_away']} draws thrown away")
    print("| way | worst difference, share of the largest logit |\n| --- | --- |")
    for way, worst in drawn["worst"].items():
        print(f"| {way} | {worst:.1e} |")
    print(f"| past position 65,536 ({result['far']['models']} models) | {result['far']['worst']:.1e} |")
    if options.long:
        result["long"] = long(options.long)
        print(f"| text of {options.long:,} tokens, last pass | {result['long']['relative']:.1e} |")
    itself = drawn["transformers_itself"]
    print(f"| transformers itself, cached against full | {itself['worst']:.1e} |")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "v4_parity.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
