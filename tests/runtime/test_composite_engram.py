"""Engram: addresses, gate, and V4.1 models that have one."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models

from benchmarks.v4_oracle import decided, relative
from benchmarks.v4_parity import in_passes, ones, random_sizes
from benchmarks.v41_oracle import random_config, random_tensors
from model_runtime.blocks.engram import EngramBlock, addresses
from model_runtime.composite.cache import SPARE, LayerCache, Span
from model_runtime.composite.config import CompositeConfig, Engram, from_hf
from model_runtime.composite.decoder import CompositeDecoder
from model_runtime.composite.engram_layout import alike, distinct, is_prime, moduli, multipliers
from model_runtime.composite.model import load_folder
from model_runtime.composite.session import CompositeSession, restore_session
from model_runtime.composite.weights import DictWeights
from model_runtime.config import BadCheckpoint, UnsupportedModel

ENGRAM = Engram(layer=14, moduli=moduli(1, 3, 2, 50)[0], width=4, rows=400, vocabulary=40, pad=2)
TOKEN_MAP = [(7 * token) % 40 for token in range(97)]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def test_primes_are_those_of_the_released_tables() -> None:
    """V4.1-Flash: 16,000,000 rows at least per head, orders 2 to 4, 8 heads; the tables' row counts are published."""
    assert [sum(map(sum, layer)) for layer in moduli(2, 3, 8, 16_000_000)] == [384_006_168, 384_016_682]
    flat = [prime for layer in moduli(3, 2, 4, 100) for order in layer for prime in order]
    assert len(set(flat)) == len(flat)
    sieve = [n for n in range(2, 2000) if all(n % d for d in range(2, math.isqrt(n) + 1))]
    assert [n for n in range(2000) if is_prime(n)] == sieve
    assert not is_prime(3215031751) and is_prime(2**61 - 1)


def test_multipliers_are_odd_and_keep_products_in_range() -> None:
    for layer in (1, 14):
        factors = multipliers(layer, 4, 99_092)
        assert all(factor % 2 == 1 and factor * 99_091 < 2**63 for factor in factors)
    assert multipliers(1, 4, 99_092) != multipliers(14, 4, 99_092)


def _plain_addresses(ids: list[int], pad: int, engram: Engram) -> list[list[int]]:
    """Token by token, in whole numbers."""
    factors, found = multipliers(engram.layer, len(engram.moduli) + 1, engram.vocabulary), []
    for at in range(len(ids)):
        row, begin = [], 0
        for order, primes in enumerate(engram.moduli, 2):
            mix = 0
            for back in range(order):
                mix ^= (ids[at - back] if at >= back else pad) * factors[back]
            for prime in primes:
                row.append(begin + mix % prime)
                begin += prime
        found.append(row)
    return found


def _block(token_map: list[int] = TOKEN_MAP) -> tuple[EngramBlock, dict[str, torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    tensors = {
        "embed.weight": torch.randn(400, 4, generator=generator),
        "wkv.weight": torch.randn(8 * 4, 24, generator=generator) / 5,
        "q_weight": 1 + 0.3 * torch.randn(3, 8, generator=generator),
        "k_weight": 1 + 0.3 * torch.randn(3, 8, generator=generator),
    }
    return EngramBlock(ENGRAM, torch.tensor(token_map), 1e-20, DictWeights(tensors)), tensors


def test_the_block_agrees_with_its_equations_in_float64() -> None:
    block, tensors = _block()
    draw = np.random.default_rng(1)
    ids = draw.integers(0, 97, 30)
    streams = draw.standard_normal((30, 3, 8))
    table, wkv, q, k = (tensor.double().numpy() for tensor in tensors.values())
    compressed = [TOKEN_MAP[token] for token in ids]
    expected = streams.copy()
    for at, rows in enumerate(_plain_addresses(compressed, TOKEN_MAP[2], ENGRAM)):
        both = wkv @ table[rows].reshape(-1)
        for stream in range(3):
            key, value, x = both[8 * stream : 8 * stream + 8], both[24:], streams[at, stream]
            dot = (
                (x / np.sqrt((x**2).mean()) * q[stream]) * (key / np.sqrt((key**2).mean()) * k[stream])
            ).sum() / np.sqrt(8)
            gate = 1 / (1 + np.exp(-np.sign(dot) * np.sqrt(max(abs(dot), 1e-6))))
            assert 0 < gate < 1
            expected[at, stream] += gate * value
    cache = LayerCache()
    block.add_to(cache)
    found = [
        block(torch.tensor(streams[a:b]).float(), torch.tensor(ids[a:b]), [Span(0, b - a, a, cache)])
        for a, b in ((0, 1), (1, 2), (2, 3), (3, 17), (17, 30))
    ]
    assert np.abs(torch.cat(found).double().numpy() - expected).max() < 1e-5


def test_hashes_spread_evenly_and_heads_fall_apart() -> None:
    engram = Engram(layer=1, moduli=moduli(1, 3, 2, 1000)[0], width=1, rows=6100, vocabulary=5000, pad=0)
    ids = torch.randint(0, 5000, (200_003,), generator=torch.Generator().manual_seed(3))
    found = addresses(ids, engram)
    begin = 0
    for column, prime in enumerate(prime for order in engram.moduli for prime in order):
        counts = torch.bincount(found[:, column] - begin, minlength=prime).double()
        assert counts.numel() == prime
        expected = 200_000 / prime
        chi = ((counts - expected) ** 2 / expected).sum()
        assert abs(chi - (prime - 1)) < 6 * math.sqrt(2 * prime)
        begin += prime
    # n-grams that share a row under one head hardly ever do under the other
    same = found[:1000, 0].unsqueeze(0) == found[:1000, 0].unsqueeze(1)
    both = same & (found[:1000, 1].unsqueeze(0) == found[:1000, 1].unsqueeze(1))
    assert same.sum() - 1000 > 500 and both.sum() - 1000 < 20


def _tokenizer() -> Tokenizer:
    texts = ["<pad>", "the", "Ġthe", "ĠThe", "THE", "Ã©", "e", "Ġ", "Ċ", "ĠĠ", "Ã", "©", "x"]
    tokenizer = Tokenizer(models.BPE(vocab={text: number for number, text in enumerate(texts)}, merges=[]))
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def test_tokens_that_read_alike_share_an_id() -> None:
    found = alike(_tokenizer())
    assert found == [0, 1, 1, 1, 1, 2, 2, 3, 3, 3, 4, 5, 6]
    assert distinct(found) == 7 and distinct([]) == 0


def _model(seed: int) -> tuple[dict[str, Any], CompositeConfig, dict[str, torch.Tensor]]:
    rows = [sum(map(sum, layer)) + 3 for layer in moduli(2, 3, 2, 50)]
    config = random_config(seed, engram_layer_ids=[1, 4], engram_num_embeddings=rows)
    return config, from_hf(config), random_tensors(config, seed)


@pytest.mark.parametrize("seed", [3])
def test_all_ways_through_a_text_agree(seed: int, tmp_path: Path) -> None:
    _, config, tensors = _model(seed)
    decoder = CompositeDecoder(config, DictWeights(tensors), token_map=TOKEN_MAP)
    ids = decided(decoder, 60, seed)
    full = decoder.forward(ids, decoder.new_cache(), all_logits=True)
    assert relative(in_passes(decoder, ids, random_sizes(seed)), full) < 5e-6
    assert relative(in_passes(decoder, ids, ones()), full) < 5e-6
    session = CompositeSession(decoder, "m")
    session.extend(ids[:40])
    session.extend(ids[: SPARE - 1])
    session.truncate(40)
    session.save(tmp_path / "saved")
    rest = restore_session(tmp_path / "saved", decoder, "m").extend(ids[40:], all_logits=True)
    assert relative(rest, full[40:]) < 5e-6
    batch = decoder.step([(ids[:10], decoder.new_cache()), (ids[10:15], decoder.new_cache())])
    assert relative(batch[1], decoder.forward(ids[10:15], decoder.new_cache(), all_logits=True)) < 5e-6


def test_models_with_an_engram_load_with_the_tokeniser_they_were_trained_with(tmp_path: Path) -> None:
    config, read, tensors = _model(1)
    config["text_config"]["engram_compressed_vocab_size"] = 7
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(UnsupportedModel, match=r"tokenizer\.json is missing"):
        load_folder(folder)
    _tokenizer().save(str(folder / "tokenizer.json"))
    token_map = alike(_tokenizer())
    expected = CompositeDecoder(from_hf(config), DictWeights(tensors), token_map=token_map)
    ids = [1, 5, 3, 12, 0, 7]
    assert torch.equal(load_folder(folder).logits(ids), expected.forward(ids, expected.new_cache(), all_logits=True))
    config["text_config"]["engram_compressed_vocab_size"] = 8
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadCheckpoint, match="tells 7 texts apart"):
        load_folder(folder)
    with pytest.raises(UnsupportedModel, match="fewer than its hashes reach"):
        from_hf(random_config(1, engram_layer_ids=[1], engram_num_embeddings=[10]))
    assert read.layers[1].engram is not None


def test_rows_of_a_quantised_table_are_decoded_alone(tmp_path: Path) -> None:
    """FP8 with an E8M0 scale for every 32 numbers of a row, as V4.1's tables are stored."""
    from model_runtime.checkpoints.own_tensors import OwnTensors
    from model_runtime.checkpoints.safetensors_folder import SafetensorsFolder

    generator = torch.Generator().manual_seed(4)
    codes = torch.randn(50, 64, generator=generator).to(torch.float8_e4m3fn)
    exponents = torch.randint(120, 132, (50, 2), generator=generator, dtype=torch.uint8)
    (tmp_path / "config.json").write_text("{}")
    scales = exponents.view(torch.float8_e8m0fnu)
    save_file(
        {"layers.1.engram.embed.weight": codes, "layers.1.engram.embed.scale": scales}, tmp_path / "model.safetensors"
    )
    weights = DictWeights(OwnTensors(SafetensorsFolder(tmp_path))).at("layers.1.engram")
    ids = torch.tensor([49, 0, 7, 7])
    expected = codes.float() * torch.exp2(exponents.float() - 127).repeat_interleave(32, 1)
    assert torch.equal(weights.rows("embed.weight", ids), expected[ids])
