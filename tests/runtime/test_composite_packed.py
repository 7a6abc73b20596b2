"""Packed weights: the kernels on FP4 codes, conversion of folders, and models that run on the result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from test_composite_checkpoint_folder import CONFIGS, IDS, random_tensors, write_tokenizer

from benchmarks import v41_oracle
from model_runtime import load_model
from model_runtime.checkpoints import repacked
from model_runtime.checkpoints.block_formats import decode, encode_fp4, fp4_codes, scale_values
from model_runtime.checkpoints.convert import convert_checkpoint
from model_runtime.checkpoints.gguf import Groups
from model_runtime.checkpoints.write_folder import fp4_entries, fp8_entries, plain_entries, write_checkpoint
from model_runtime.composite.config import from_hf
from model_runtime.composite.decoder import CompositeDecoder
from model_runtime.composite.packed_weights import open_packed
from model_runtime.composite.weights import MissingWeight
from model_runtime.kernels.blocks16 import FP4, blocks
from model_runtime.kernels.build import why_not
from model_runtime.kernels.native_matrix import Multiplier, PackedMatrix
from model_runtime.placement import MemoryBudgetExceeded

pytestmark = pytest.mark.skipif(why_not() is not None, reason="needs the native kernels")


EVERYTHING = {"num_experts_per_tok": 8, "index_topk": 1000, "topk_group": 4}


def packed_fp4(codes: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    halved = scale_values(scale) / 2
    return blocks(Groups(fp4_codes(codes).view(torch.int8), halved, torch.zeros_like(halved), 32), FP4)


@pytest.mark.parametrize("threads", [1, 2])
def test_fp4_products_are_exact_where_activations_are(threads: int) -> None:
    """All 16 codes in all places of a block, times whole numbers that 8 bits hold."""
    generator = torch.Generator().manual_seed(0)
    outputs, inputs = 37, 160
    codes = torch.randint(-128, 128, (outputs, inputs // 2), dtype=torch.int8, generator=generator)
    scale = torch.randint(110, 140, (outputs, inputs // 32), dtype=torch.uint8, generator=generator)
    matrix = PackedMatrix(Multiplier(inputs, threads), packed_fp4(codes, scale), 5, outputs, inputs)
    for count in (1, 2, 3, 4, 5, 8, 9, 300):
        x = torch.randint(-127, 128, (count, inputs), generator=generator).float()
        x[:, ::32] = 127
        expected = (x.double() @ decode(codes, scale).double().t()).float()
        assert torch.allclose(matrix(x), expected, rtol=1e-5, atol=1e-3 * float(expected.abs().max()) * 1e-2)
    eye = torch.eye(inputs) * 127
    assert torch.equal(matrix(eye), 127 * decode(codes, scale).t())


def test_rows_do_not_depend_on_their_company() -> None:
    codes, scale = encode_fp4(torch.randn(64, 64, generator=torch.Generator().manual_seed(0)))
    matrix = PackedMatrix(Multiplier(64, 2), packed_fp4(codes, scale), 5, 64, 64)
    x = torch.randn(33, 64, generator=torch.Generator().manual_seed(1))
    assert torch.equal(matrix(x), torch.cat([matrix(row[None]) for row in x]))
    assert matrix(x.bfloat16()).dtype == torch.bfloat16
    assert torch.equal(matrix(x.view(3, 11, 64)), matrix(x).view(3, 11, 64))


@pytest.fixture(params=CONFIGS)
def quantised(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Experts in FP4, other matrices in FP8, as in released checkpoints. All experts and rows are chosen: rounding
    would turn choices of so small a model, and its logits with them."""
    config = {**CONFIGS[request.param], **EVERYTHING}
    entries = {}
    for name, tensor in random_tensors(config).items():
        if ".experts." in name:
            entries |= fp4_entries(name, tensor)
        elif ".attn.w" in name or ".shared_experts." in name:
            entries |= fp8_entries(name, tensor, power_of_two=request.param == "v4")
        else:
            entries |= plain_entries({name: tensor})
    write_checkpoint(tmp_path / "stored", config, entries, shard_bytes=100_000)
    write_tokenizer(tmp_path / "stored")
    return tmp_path / "stored"


def test_conversion(quantised: Path, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    exact = load_model(quantised, dtype="float32").logits(IDS[:12])
    bounds = {"mix": 0.08, "int8": 0.08, "int4": 0.75}
    for scheme, bound in bounds.items():
        folder = tmp_path / scheme
        convert_checkpoint(quantised, folder, scheme, lambda done, total: steps.append((done, total)))
        model = load_model(folder)
        assert model.scheme == scheme
        logits = model.logits(IDS[:12])
        error = float((logits - exact).norm() / exact.norm())
        assert error < bound, (scheme, error)
        assert torch.equal(logits, load_model(folder, dtype=scheme).logits(IDS[:12]))
        assert model.tokenizer.count("four") == 4
        with pytest.raises(ValueError, match="holds weights of scheme"):
            load_model(folder, dtype="bf16")
    assert steps[-1][0] == steps[-1][1]
    with pytest.raises(FileExistsError):
        convert_checkpoint(quantised, tmp_path / "mix", "mix")
    with pytest.raises(MemoryBudgetExceeded):
        load_model(tmp_path / "mix", memory="1M")
    assert not list(tmp_path.glob(".packing-*"))


def test_matrices_are_those_of_the_checkpoint(quantised: Path, tmp_path: Path) -> None:
    convert_checkpoint(quantised, tmp_path / "packed", "mix")
    weights, header = open_packed(tmp_path / "packed", 1)
    source = load_model(quantised, dtype="float32").decoder.weights
    last = json.loads((quantised / "config.json").read_text())["num_hidden_layers"] - 1
    name = f"layers.{last}.ffn.experts.3.w1"
    assert header["tensors"][f"{name}.weight.0"]["format"] == 5
    numbers = source.tensor(f"{name}.weight")
    expert = weights.at(f"layers.{last}").at("ffn").expert(3)
    assert torch.equal(expert.linear("w1")(127 * torch.eye(numbers.shape[1])), 127 * numbers.t())
    for name in (f"layers.{last}.attn.wq_a", f"layers.{last}.ffn.shared_experts.w2"):
        assert header["tensors"][f"{name}.weight.0"]["format"] == 4
        numbers = source.tensor(f"{name}.weight")
        found = weights.linear(name)(127 * torch.eye(numbers.shape[1])).t() / 127
        bound = numbers.abs().amax() / 127
        assert (found - numbers).abs().max() <= bound
    experts = [name for name in header["tensors"] if name.startswith(f"layers.{last}.ffn.experts.")]
    assert experts[:4] == [f"layers.{last}.ffn.experts.{e}.w{w}.weight.0" for e, w in ((0, 1), (0, 2), (0, 3), (1, 1))]
    with pytest.raises(MissingWeight):
        weights.tensor("layers.0.nothing")
    with pytest.raises(MissingWeight):
        weights.at(f"layers.{last}").at("ffn").expert(99)


def test_experts_stay_within_their_bound(quantised: Path, tmp_path: Path) -> None:
    convert_checkpoint(quantised, tmp_path / "packed", "mix")
    expected = load_model(tmp_path / "packed").logits(IDS)
    for kept in (0, 1, 3, 1000):
        model = load_model(tmp_path / "packed")
        experts = model.decoder.weights.experts
        experts.most_bytes = kept * experts.largest
        for _ in range(2):
            assert torch.equal(model.logits(IDS), expected)
            assert experts.bytes <= experts.most_bytes
            assert not experts._coming
        if kept == 1000:
            assert experts.read_bytes == experts.all_bytes and experts.hits == experts.misses
        elif kept == 0:
            assert experts.hits == 0 and experts.read_bytes == 2 * experts.all_bytes
    session = model.session()
    session.extend(IDS[:20])
    assert experts.bytes == experts.all_bytes


def test_load_model_packs_once(quantised: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("V4_CACHE_DIR", str(tmp_path / "cache"))
    first: list[int] = []
    logits = load_model(quantised, dtype="mix", progress=lambda done, total: first.append(done)).logits(IDS[:5])
    second: list[int] = []
    again = load_model(quantised, dtype="mix", progress=lambda done, total: second.append(done)).logits(IDS[:5])
    assert first and not second
    assert torch.equal(logits, again)
    packed = next((tmp_path / "cache").rglob("model.weights"))
    packed.write_bytes(packed.read_bytes()[:-5])
    with pytest.raises(repacked.BadRepackedFile):
        load_model(quantised, dtype="mix")


def test_tables_stay_as_they_are_stored(tmp_path: Path) -> None:
    """V4.1 with an Engram whose table is in FP8, a scale for every 32 numbers of a row; drafts have no layer number."""
    config = v41_oracle.random_config(
        2,
        vocab_size=61,
        engram_layer_ids=[1],
        engram_vocab_size=40,
        engram_head_dim=32,
        engram_num_embeddings=[400],
        engram_compressed_vocab_size=61,
        engram_pad_token_id=0,
    )
    entries = plain_entries(random_tensors(config))
    table = random_tensors(config)["layers.1.engram.embed.weight"]
    codes, scale = (
        table.to(torch.float8_e4m3fn),
        torch.full((400, 1), 126, dtype=torch.uint8).view(torch.float8_e8m0fnu),
    )
    entries |= plain_entries({"layers.1.engram.embed.weight": codes, "layers.1.engram.embed.scale": scale})
    write_checkpoint(tmp_path / "stored", config, entries)
    convert_checkpoint(tmp_path / "stored", tmp_path / "packed", "mix")
    weights, _ = open_packed(tmp_path / "packed", 1)
    ids = torch.tensor([399, 0, 7, 7])
    assert torch.equal(weights.at("layers.1.engram").rows("embed.weight", ids), codes.float()[ids] / 2)
    decoder = CompositeDecoder(from_hf(config), weights, token_map=list(range(61)))
    assert decoder.forward(list(range(40)), decoder.new_cache()).isfinite().all()
