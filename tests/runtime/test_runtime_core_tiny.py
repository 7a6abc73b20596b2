"""The decoder on tiny random models: block types, the Llama layout, odd sizes, caches, budgets, damaged files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch

from model_runtime import MemoryBudgetExceeded, load_model
from model_runtime.cache.kv import ContextFull
from model_runtime.cache.saved import BadSessionFile
from model_runtime.checkpoints import prepare as prepare_module
from model_runtime.checkpoints.repacked import BadRepackedFile, read_header
from model_runtime.config import UnsupportedModel
from model_runtime.gguf_metadata import BadGGUF
from model_runtime.kernels import build
from model_runtime.oracle import transformers_model

VOCABULARY = 320
KINDS = ("F16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K")
HALVES = {"Q4_1": (0, 2), "Q5_1": (0, 2), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,)}


@pytest.fixture(autouse=True)
def _cache(_isolated: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build.why_not()  # compiles into the shared cache, before this test gets one of its own
    monkeypatch.setenv("V4_CACHE_DIR", str(tmp_path / "cache"))


def matrix(random: np.random.Generator, kind: str, rows: int, columns: int) -> tuple[np.ndarray, Any]:
    """Random blocks of a kind whose weights are about 0.05, and the type to write them with."""
    type_ = gguf.GGMLQuantizationType[kind]
    if kind in ("F32", "F16"):
        return (random.normal(size=(rows, columns)) * 0.05).astype(np.float32 if kind == "F32" else np.float16), type_
    per_block, block_bytes = gguf.GGML_QUANT_SIZES[type_]
    blocks = random.integers(0, 256, (rows * columns // per_block, block_bytes), dtype=np.uint8)
    scale = {"Q8_0": 5e-4, "Q6_K": 3e-5, "Q4_K": 1e-4, "Q5_K": 6e-5}.get(kind, 6e-3)
    for at in HALVES.get(kind, (0,)):
        numbers = random.uniform(0.5, 1.0, (len(blocks), 1)) * scale * (-7.0 if at == 2 and "_K" not in kind else 1.0)
        blocks[:, at : at + 2] = numbers.astype(np.float16).view(np.uint8)
    return blocks.reshape(rows, -1), type_


def write_model(
    path: Path,
    *,
    architecture: str = "qwen2",
    kind: str = "Q8_0",
    layers: int = 2,
    hidden: int = 256,
    feed_forward: int = 512,
    heads: int = 4,
    kv_heads: int = 2,
    width: int = 64,
    tied: bool = False,
    context: int = 4096,
    shapes: dict[str, tuple[int, int]] | None = None,
    given: dict[str, np.ndarray] | None = None,
) -> Path:
    """A GGUF file with random weights, or those `given`; `shapes` makes single tensors wrong."""
    random = np.random.default_rng(7)
    writer: Any = gguf.GGUFWriter(path, architecture)
    writer.add_name("tiny")
    writer.add_block_count(layers)
    writer.add_context_length(context)
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(feed_forward)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_key_length(width)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)

    def add(name: str, kind: str, rows: int, columns: int) -> None:
        rows, columns = (shapes or {}).get(name, (rows, columns))
        data, type_ = matrix(random, kind, rows, columns)
        if given is not None:
            data, type_ = given[name], gguf.GGMLQuantizationType.F32
        writer.add_tensor(name, data, raw_dtype=type_)

    def vector(name: str, size: int, around: float) -> None:
        data = (around + 0.1 * random.normal(size=size)).astype(np.float32)
        writer.add_tensor(name, data if given is None else given[name])

    add("token_embd.weight", kind if kind != "F16" else "F16", VOCABULARY, hidden)
    for layer in range(layers):
        prefix = f"blk.{layer}."
        add(f"{prefix}attn_q.weight", kind, heads * width, hidden)
        add(f"{prefix}attn_k.weight", kind, kv_heads * width, hidden)
        add(f"{prefix}attn_v.weight", kind, kv_heads * width, hidden)
        add(f"{prefix}attn_output.weight", kind, hidden, heads * width)
        add(f"{prefix}ffn_gate.weight", kind, feed_forward, hidden)
        add(f"{prefix}ffn_up.weight", kind, feed_forward, hidden)
        add(f"{prefix}ffn_down.weight", kind, hidden, feed_forward)
        if architecture == "qwen2":
            vector(f"{prefix}attn_q.bias", heads * width, 0.0)
            vector(f"{prefix}attn_k.bias", kv_heads * width, 0.0)
            vector(f"{prefix}attn_v.bias", kv_heads * width, 0.0)
        vector(f"{prefix}attn_norm.weight", hidden, 1.0)
        vector(f"{prefix}ffn_norm.weight", hidden, 1.0)
    vector("output_norm.weight", hidden, 1.0)
    if not tied:
        add("output.weight", kind, VOCABULARY, hidden)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def tokens(count: int, seed: int = 0) -> list[int]:
    found: list[int] = np.random.default_rng(seed).integers(0, VOCABULARY, count).tolist()
    return found


def distance(found: torch.Tensor, wanted: torch.Tensor) -> float:
    """Root mean square error, in standard deviations of what is wanted."""
    return float((found - wanted).pow(2).mean().sqrt() / wanted.std())


def oracle(path: Path, ids: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        logits: torch.Tensor = transformers_model(path, torch.float32)(torch.tensor([ids])).logits[0]
    return logits


@pytest.mark.parametrize("kind", KINDS)
def test_every_block_type(kind: str, kernels: str, tmp_path: Path) -> None:
    path = write_model(tmp_path / "tiny.gguf", kind=kind)
    model = load_model(path)
    assert model.kernels == kernels
    ids = tokens(50)
    assert distance(model.logits(ids), oracle(path, ids)) < 0.04


@pytest.mark.parametrize("scheme", ["mix", "int8", "int4", "bf16"])
def test_every_scheme(scheme: str, kernels: str, tmp_path: Path) -> None:
    path = write_model(tmp_path / "tiny.gguf", kind="Q6_K")
    ids = tokens(50)
    found = load_model(path, dtype=scheme).logits(ids)
    assert distance(found, oracle(path, ids)) < (0.2 if scheme == "int4" else 0.04)


@pytest.mark.parametrize(
    "sizes",
    [
        {"hidden": 160, "feed_forward": 224, "heads": 5, "kv_heads": 1, "width": 32},  # 5 queries of one key head
        {"hidden": 96, "feed_forward": 160, "heads": 9, "kv_heads": 3, "width": 32, "tied": True},
        {
            "hidden": 128,
            "feed_forward": 192,
            "heads": 16,
            "kv_heads": 1,
            "width": 128,
        },  # more rows than a register holds
        {"hidden": 128, "feed_forward": 160, "heads": 4, "kv_heads": 4, "width": 24},  # no native width: the fallback
    ],
)
def test_odd_sizes(sizes: dict[str, Any], kernels: str, tmp_path: Path) -> None:
    path = write_model(tmp_path / "tiny.gguf", kind="Q8_0", **sizes)
    ids = tokens(70)
    model = load_model(path)
    assert distance(model.logits(ids), oracle(path, ids)) < 0.04
    session = model.session()
    session.extend(ids[:-1])
    assert distance(session.extend(ids[-1:]), model.logits(ids)[-1]) < 0.04


def test_the_llama_layout(kernels: str, tmp_path: Path) -> None:
    """Files of this architecture hold q and k with rotary pairs adjacent; the weights here are known beforehand."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )
    theirs: Any = LlamaForCausalLM(config).float().eval()
    state = {name: tensor.numpy() * (1 if "norm" in name else 5) for name, tensor in theirs.state_dict().items()}
    theirs.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})

    def permuted(weight: np.ndarray, heads: int) -> np.ndarray:  # as the converter of llama.cpp does
        return weight.reshape(heads, 2, len(weight) // heads // 2, -1).swapaxes(1, 2).reshape(weight.shape)

    given = {
        "token_embd.weight": state["model.embed_tokens.weight"],
        "output_norm.weight": state["model.norm.weight"],
        "output.weight": state["lm_head.weight"],
    }
    names = {
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj",
        "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj",
        "attn_norm": "input_layernorm",
        "ffn_norm": "post_attention_layernorm",
    }
    for layer in range(2):
        for ours, name in names.items():
            weight = state[f"model.layers.{layer}.{name}.weight"]
            heads = {"attn_q": 4, "attn_k": 2}.get(ours)
            given[f"blk.{layer}.{ours}.weight"] = permuted(weight, heads) if heads else weight
    path = write_model(
        tmp_path / "tiny.gguf",
        architecture="llama",
        hidden=64,
        feed_forward=96,
        heads=4,
        kv_heads=2,
        width=16,
        given={name: np.ascontiguousarray(array) for name, array in given.items()},
    )
    ids = tokens(40)
    with torch.inference_mode():
        wanted = theirs(torch.tensor([ids])).logits[0]
    assert distance(load_model(path).logits(ids), wanted) < 0.04
    assert distance(oracle(path, ids), wanted) < 1e-4


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write_model(tmp_path / "tiny.gguf", kind="Q4_K")


def test_any_cut_and_any_number_of_threads_give_the_same_bits(tiny: Path) -> None:
    if reason := build.why_not():
        pytest.skip(f"no native kernels here: {reason}")
    ids = tokens(1500)  # past the first segment of attention, and past the first allocation
    whole = load_model(tiny, threads=2).logits(ids)
    for threads in (1, 3):
        assert torch.equal(load_model(tiny, threads=threads).logits(ids), whole)
    model = load_model(tiny)
    random = np.random.default_rng(3)
    for _ in range(3):
        session, rows, at = model.session(), [], 0
        while at < len(ids):
            count = int(random.choice([1, 2, 3, 7, 8, 9, 33, 257, 600]))
            rows.append(session.extend(ids[at : at + count], all_logits=True))
            at += count
        assert torch.equal(torch.cat(rows), whole)
    session = model.session()
    assert torch.equal(session.extend(ids), whole[-1])


def test_portable_kernels_agree_across_cuts(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare_module, "why_not", lambda: "switched off")
    model, ids = load_model(tiny), tokens(90)
    whole = model.logits(ids)
    for cuts in ([90], [40, 50], [1, 9, 80], [60] + [1] * 30):
        session, rows, at = model.session(), [], 0
        for count in cuts:
            rows.append(session.extend(ids[at : at + count], all_logits=True))
            at += count
        assert distance(torch.cat(rows), whole) < 0.04


def test_truncate_forgets(tiny: Path, kernels: str) -> None:
    model, ids, other = load_model(tiny), tokens(60), tokens(60, seed=1)
    session = model.session()
    session.extend(ids[:40])
    session.extend(other[:20])
    session.truncate(40)
    assert session.ids == ids[:40]
    fresh = model.session()
    fresh.extend(ids[:40])
    assert torch.equal(session.extend(ids[40:]), fresh.extend(ids[40:]))
    with pytest.raises(ValueError, match="cannot keep 61 of 60"):
        session.truncate(61)


def test_a_saved_session_goes_on_as_if_never_stopped(tiny: Path, kernels: str, tmp_path: Path) -> None:
    model, ids = load_model(tiny), tokens(610)
    session = model.session()
    session.extend(ids[:600])
    saved = tmp_path / "deep" / "session"
    session.save(saved)
    assert saved.stat().st_mode & 0o777 == 0o600
    restored = load_model(tiny).restore(saved)
    assert restored.ids == ids[:600]
    assert torch.equal(restored.extend(ids[600:]), session.extend(ids[600:]))
    again = tmp_path / "again"
    model.restore(saved).save(again)
    assert again.read_bytes() == saved.read_bytes()
    assert not [path for path in saved.parent.iterdir() if path != saved]


def test_a_foreign_or_damaged_session_is_refused(tiny: Path, tmp_path: Path) -> None:
    model = load_model(tiny)
    session = model.session()
    session.extend(tokens(20))
    saved = tmp_path / "session"
    session.save(saved)
    whole = saved.read_bytes()
    with pytest.raises(BadSessionFile, match="another model, weight scheme"):
        load_model(tiny, dtype="int8").restore(saved)
    for damaged in (whole[:-9], whole[:40], b"", b"nonsense" * 20, whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:]):
        saved.write_bytes(damaged)
        with pytest.raises(BadSessionFile):
            model.restore(saved)
    with pytest.raises(FileNotFoundError):
        model.restore(tmp_path / "nothing")


def test_what_does_not_fit_leaves_the_session_as_it_was(tiny: Path) -> None:
    model, ids = load_model(tiny), tokens(64)
    session = model.session(max_tokens=50)
    wanted = session.extend(ids[:40])
    with pytest.raises(ContextFull, match="64 tokens do not fit in a context of 50"):
        session.extend(ids[:24])
    for bad in ([], [-1], [VOCABULARY]):
        with pytest.raises(ValueError, match="token ids"):
            session.extend(bad)
    assert len(session.ids) == 40
    fresh = model.session()
    assert torch.equal(fresh.extend(ids[:40]), wanted)
    assert torch.equal(session.extend(ids[40:50]), fresh.extend(ids[40:50]))


def test_a_model_over_the_budget_is_not_loaded(tiny: Path) -> None:
    with pytest.raises(MemoryBudgetExceeded, match=r"needs .* GiB and 0.05 GiB are allowed: raise --memory"):
        load_model(tiny, memory="50M")
    with pytest.raises(ValueError, match="size"):
        load_model(tiny, memory="-1")
    with pytest.raises(ValueError):
        load_model(tiny, memory="much")


def test_a_session_stays_in_the_budget(tiny: Path) -> None:
    model = load_model(tiny)
    held = model.budget.held
    model.budget.allowed = held + 3 * 2**20
    session = model.session()  # 512 tokens, 512 KiB
    session.extend(tokens(512))
    with pytest.raises(MemoryBudgetExceeded):
        session.extend(tokens(3000))
    assert len(session.ids) == 512
    with pytest.raises(MemoryBudgetExceeded):
        model.budget.allowed = held + 2**19 + 1000
        session.extend(tokens(4), all_logits=True)
    del session
    assert model.budget.held == held


def test_a_damaged_packed_file_is_made_again(tiny: Path, tmp_path: Path) -> None:
    wanted = load_model(tiny).logits(tokens(9))
    (packed,) = (tmp_path / "cache" / "repacked").iterdir()
    assert packed.stat().st_mode & 0o777 == 0o600
    whole = packed.read_bytes()
    middle = len(whole) - 300  # in the header
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    for damaged in (whole[:-1], whole[:50], b"", b"x" * len(whole), flipped):
        packed.unlink()
        packed.write_bytes(damaged)
        with pytest.raises(BadRepackedFile):
            read_header(packed)
        assert torch.equal(load_model(tiny).logits(tokens(9)), wanted)
        assert packed.read_bytes() == whole
    assert [path.name for path in packed.parent.iterdir()] == [packed.name]


def test_progress_is_told_while_packing(tiny: Path) -> None:
    steps: list[tuple[int, int]] = []
    load_model(tiny, progress=lambda done, total: steps.append((done, total)))
    assert steps == sorted(steps) and steps[-1] == (4, 4)
    steps.clear()
    load_model(tiny, progress=lambda done, total: steps.append((done, total)))
    assert not steps


def test_an_interrupted_packing_leaves_nothing(tiny: Path, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_model(tiny, progress=interrupt)
    assert not list((tmp_path / "cache" / "repacked").iterdir())


def test_shapes_that_do_not_fit_the_metadata(tmp_path: Path) -> None:
    path = write_model(tmp_path / "tiny.gguf", shapes={"blk.1.ffn_down.weight": (256, 256)})
    with pytest.raises(BadGGUF, match=r"blk\.1\.ffn_down\.weight has the shape \[256, 256\] instead of \[256, 512\]"):
        load_model(path)


def test_an_unknown_architecture(tmp_path: Path) -> None:
    path = write_model(tmp_path / "tiny.gguf", architecture="falcon")
    with pytest.raises(UnsupportedModel, match="architecture 'falcon' is not supported"):
        load_model(path)


def test_an_unknown_scheme(tiny: Path) -> None:
    with pytest.raises(ValueError, match="unknown weight scheme 'int3'"):
        load_model(tiny, dtype="int3")
