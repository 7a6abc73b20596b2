"""V4 in model_runtime against transformers, in float32, on random small models."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from torch import Tensor

from benchmarks.v4_oracle import random_config, random_tensors, relative, transformers_model, well_defined
from model_runtime.composite.config import from_hf
from model_runtime.composite.decoder import CompositeDecoder
from model_runtime.composite.session import CompositeSession, restore_session
from model_runtime.composite.weights import DictWeights

#: largest difference from transformers, as a share of the largest logit
PARITY = 2e-5
#: between our own ways through the same tokens: only the order of additions differs
OWN = 5e-6


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def _chunks(decoder: CompositeDecoder, ids: list[int], sizes: random.Random) -> Tensor:
    cache, parts, at = decoder.new_cache(), [], 0
    while at < len(ids):
        count = sizes.choice([1, 2, 3, 5, 7, 16, 31])
        parts.append(decoder.forward(ids[at : at + count], cache, all_logits=True))
        at += count
    return torch.cat(parts)


@pytest.mark.parametrize("seed", range(20))
def test_logits_agree_with_transformers_however_tokens_are_cut(seed: int, tmp_path: Path) -> None:
    config = random_config(seed)
    tensors = random_tensors(config, seed)
    model = transformers_model(tmp_path / "checkpoint", config, tensors)
    decoder = CompositeDecoder(from_hf(config), DictWeights(tensors))
    lengths = [1, config["sliding_window"] + 1, 66]
    for length in lengths:
        ids, expected, _ = well_defined(model, config["vocab_size"], length, seed)
        full = decoder.forward(ids, decoder.new_cache(), all_logits=True)
        assert full.dtype == torch.float32 and full.shape == expected.shape
        assert relative(full, expected) < PARITY
    chunked = _chunks(decoder, ids, random.Random(seed))
    assert relative(chunked, expected) < PARITY
    assert relative(chunked, full) < OWN

    # token by token for a while, then on from the disk
    session = CompositeSession(decoder, "this model")
    session.extend(ids[:40])
    single = torch.stack([session.extend([token]) for token in ids[40:55]])
    assert relative(single, expected[40:55]) < PARITY
    session.save(tmp_path / "saved")
    restored = restore_session(tmp_path / "saved", decoder, "this model")
    rest = restored.extend(ids[55:], all_logits=True)
    assert relative(rest, expected[55:]) < PARITY
    assert torch.equal(rest, session.extend(ids[55:], all_logits=True))
