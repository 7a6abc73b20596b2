"""V4.1's text model: against logits that mlx-lm computed (benchmarks/v41_parity.py), and against itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from benchmarks import v41_parity
from benchmarks.v4_oracle import decided, relative
from benchmarks.v4_parity import in_passes, ones, random_sizes
from benchmarks.v41_oracle import random_config, random_tensors
from model_runtime.blocks.selection import NOTHING
from model_runtime.blocks.shared_rows import FEW
from model_runtime.composite.cache import SPARE
from model_runtime.composite.config import SharedKVAttention, from_hf
from model_runtime.composite.decoder import CompositeDecoder
from model_runtime.composite.session import CompositeSession, restore_session
from model_runtime.composite.weights import DictWeights

#: between our own ways through the same tokens: only the order of additions differs
OWN = 5e-6


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def _decoder(seed: int) -> CompositeDecoder:
    config = random_config(seed)
    return CompositeDecoder(from_hf(config), DictWeights(random_tensors(config, seed)))


@pytest.mark.parametrize("seed", v41_parity.KEPT_SEEDS)
def test_logits_are_those_of_mlx_lm(seed: int) -> None:
    expected = load_file(v41_parity.EXPECTED).get(str(seed))
    if expected is None:
        pytest.skip("a choice in this text hangs on rounding")
    decoder = _decoder(seed)
    texts = v41_parity.texts(random_config(seed), seed)
    ids = next(text for text in texts if len(text) == v41_parity.KEPT_LENGTH)
    for logits in (
        decoder.forward(ids, decoder.new_cache(), all_logits=True),
        in_passes(decoder, ids, random_sizes(seed)),
        in_passes(decoder, ids, ones()),
    ):
        assert relative(logits[-v41_parity.KEPT_ROWS :], expected) < 2e-5


@pytest.mark.parametrize("seed", [1, 7])
def test_all_ways_through_a_text_agree(seed: int, tmp_path: Path) -> None:
    decoder = _decoder(seed)
    ids = decided(decoder, 80, seed)
    full = decoder.forward(ids, decoder.new_cache(), all_logits=True)
    assert relative(in_passes(decoder, ids, random_sizes(seed)), full) < OWN
    session = CompositeSession(decoder, "m")
    session.extend(ids[:50])
    session.extend([*ids[50:53], *ids[: SPARE - 3]])
    session.truncate(53)
    session.save(tmp_path / "saved")
    restored = restore_session(tmp_path / "saved", decoder, "m")
    rest = restored.extend(ids[53:], all_logits=True)
    assert relative(rest, full[53:]) < OWN
    assert torch.equal(rest, session.extend(ids[53:], all_logits=True))


def test_rows_are_stored_once_and_read_by_all() -> None:
    """Only the layers in kv_source_layer_ids grow with the text; the others keep their window."""
    decoder = _decoder(1)
    cache = decoder.new_cache()
    decoder.forward([1] * 60, cache)
    assert [index for index, layer in enumerate(cache.layers) if layer.rows] == [1, 3, 5]
    for layer, config in zip(cache.layers, decoder.config.layers, strict=True):
        part = config.attention
        assert isinstance(part, SharedKVAttention)
        if part.shared is not None:
            assert layer.links["rows"] is cache.layers[part.shared.rows]
            rows = layer.links["rows"].rows
            assert rows["compressed"].length == rows["index"].length == 60 // part.ratio


@pytest.mark.parametrize("seed", range(2))
def test_a_bounded_search_chooses_inside_its_blocks_whatever_the_number_of_queries(seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    decoder = _decoder(3)
    part = decoder.stack.layers[7].attention.far  # type: ignore[attr-defined]
    source = decoder.stack.layers[5].attention.far  # type: ignore[attr-defined]
    heads, width, rows = part.config.indexer.heads, part.config.indexer.head_dim, 70
    caches = decoder.new_cache().layers
    caches[5].rows["index"].append(torch.randn(rows, width, generator=draw))
    queries = torch.randn(rows, heads, width, generator=draw)
    weights = torch.randn(rows, heads, generator=draw)
    size, kept = source.shared.block_size, source.shared.blocks

    from model_runtime.composite.cache import Span

    source._choose(queries, weights, Span(0, rows, 0, caches[5]))
    blocks = caches[5].passing["blocks"]
    for query, chosen in enumerate(blocks.tolist()):
        found = [block for block in chosen if block != NOTHING]
        assert query // size in found and max(found) == query // size
        assert len(found) == min(kept, query // size + 1)
    part._choose(queries, weights, Span(0, rows, 0, caches[7]))
    many = caches[7].passing["choice"].clone()
    for begin in range(0, rows, FEW):
        some = slice(begin, begin + FEW)
        caches[5].passing["blocks"] = blocks[some]
        few = part._choose_few(queries[some], weights[some], begin, caches[5].rows["index"], blocks[some])
        assert torch.equal(few, many[some])
    inside = [
        set(row) - {NOTHING} <= {b * size + i for b in chosen for i in range(size)}
        for row, chosen in zip(many.tolist(), blocks.tolist(), strict=True)
    ]
    assert all(inside)
