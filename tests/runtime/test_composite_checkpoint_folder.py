"""Checkpoint folders: those of transformers through load_model, ours through transformers, and damaged ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmarks import v4_oracle
from benchmarks.v4_oracle import TotalOrder, relative
from model_runtime import load_model, load_tokenizer
from model_runtime.cache.session_file import BadSessionFile
from model_runtime.checkpoints.block_formats import decode
from model_runtime.checkpoints.names import own_name, own_parts, released_name
from model_runtime.checkpoints.own_tensors import OwnTensors, open_checkpoint
from model_runtime.checkpoints.safetensors_folder import SafetensorsFolder
from model_runtime.checkpoints.write_folder import Entry, fp4_entries, fp8_entries, plain_entries, write_checkpoint
from model_runtime.composite.config import from_hf
from model_runtime.composite.shapes import tensor_shapes
from model_runtime.config import BadCheckpoint, UnsupportedModel
from model_runtime.placement import MemoryBudgetExceeded

transformers = pytest.importorskip("transformers")

PARITY = 2e-5
V32 = {
    "model_type": "deepseek_v32",
    "architectures": ["DeepseekV32ForCausalLM"],
    "vocab_size": 300,
    "hidden_size": 64,
    "intermediate_size": 96,
    "moe_intermediate_size": 32,
    "num_hidden_layers": 3,
    "first_k_dense_replace": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "n_routed_experts": 8,
    "n_shared_experts": 1,
    "n_group": 4,
    "topk_group": 2,
    "num_experts_per_tok": 3,
    "norm_topk_prob": True,
    "routed_scaling_factor": 2.5,
    "kv_lora_rank": 32,
    "q_lora_rank": 32,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 16,
    "v_head_dim": 16,
    "index_topk": 12,
    "index_head_dim": 16,
    "index_n_heads": 8,
    "max_position_embeddings": 4096,
    "rms_norm_eps": 1e-6,
    "rope_theta": 10000.0,
    "rope_scaling": {
        "type": "yarn",
        "factor": 40,
        "original_max_position_embeddings": 64,
        "beta_fast": 32,
        "beta_slow": 1,
        "mscale": 1.0,
        "mscale_all_dim": 1.0,
    },
    "bos_token_id": 0,
    "eos_token_id": 1,
}
V4 = v4_oracle.random_config(0, vocab_size=300, hidden_size=64, moe_intermediate_size=32, n_routed_experts=8)
CONFIGS = {"v32": V32, "v4": V4}


@pytest.fixture(autouse=True)
def _quietly() -> None:
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def random_tensors(config: dict[str, Any], seed: int = 0) -> dict[str, Tensor]:
    """Tensors of a configuration under own names."""
    generator = torch.Generator().manual_seed(seed)
    made = {}
    for name, shape in tensor_shapes(from_hf(config)).items():
        if name.endswith("tid2eid"):
            made[name] = torch.rand(shape[0], config["n_routed_experts"], generator=generator).argsort(-1)[
                :, : shape[1]
            ]
        elif len(shape) == 1:
            made[name] = torch.randn(shape, generator=generator) * 0.3 + ("norm" in name)
        else:
            made[name] = torch.randn(shape, generator=generator) * 1.3 * shape[-1] ** -0.5
    return made


def theirs(folder: Path) -> Any:
    model, report = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    assert not any(report.values()), report
    return model.eval()


def their_logits(model: Any, ids: list[int]) -> Tensor:
    with torch.inference_mode(), TotalOrder():
        return model(torch.tensor([ids]), use_cache=False).logits[0].float()


IDS = torch.randint(300, (50,), generator=torch.Generator().manual_seed(0)).tolist()


@pytest.mark.parametrize("family", CONFIGS)
@pytest.mark.parametrize("shard", ["5GB", "60KB"])
def test_what_transformers_writes_is_read(family: str, shard: str, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "made", CONFIGS[family], plain_entries(random_tensors(CONFIGS[family])))
    model = theirs(tmp_path / "made")
    model.save_pretrained(tmp_path / "saved", max_shard_size=shard)
    assert (len(list((tmp_path / "saved").glob("*.safetensors"))) > 1) == (shard == "60KB")
    found = load_model(tmp_path / "saved")
    assert found.scheme == "float32"
    assert relative(found.logits(IDS), their_logits(model, IDS)) < PARITY


@pytest.mark.parametrize("family", CONFIGS)
@pytest.mark.parametrize("shard_bytes", [10**9, 40_000])
def test_what_we_write_is_read_by_transformers(family: str, shard_bytes: int, tmp_path: Path) -> None:
    tensors = random_tensors(CONFIGS[family])
    write_checkpoint(tmp_path / "made", CONFIGS[family], plain_entries(tensors), shard_bytes=shard_bytes)
    ours = load_model(tmp_path / "made")
    assert relative(ours.logits(IDS), their_logits(theirs(tmp_path / "made"), IDS)) < PARITY
    config, read = open_checkpoint(tmp_path / "made")
    assert config == from_hf(CONFIGS[family])
    assert set(read) == set(tensors)
    assert all(torch.equal(read[name], tensor) for name, tensor in tensors.items())


@pytest.mark.parametrize("family", CONFIGS)
def test_names_of_transformers_in_memory(family: str, tmp_path: Path) -> None:
    """Fused experts are taken apart, and every name becomes an own one and back."""
    tensors = random_tensors(CONFIGS[family])
    write_checkpoint(tmp_path / "made", CONFIGS[family], plain_entries(tensors))
    state = theirs(tmp_path / "made").state_dict()
    parts = own_parts({name: tensor.shape for name, tensor in state.items()})
    assert set(parts) == set(tensors)
    for name, part in parts.items():
        stored = state[part.name]
        assert torch.equal(
            stored if part.matrix is None else stored[part.matrix, part.first : part.last], tensors[name]
        )
        assert own_name(released_name(name, family)) == name


@pytest.mark.parametrize("family", CONFIGS)
def test_quantised_checkpoints_are_what_their_numbers_say(family: str, tmp_path: Path) -> None:
    """Experts in FP4 and attention in FP8 give the logits of the decoded numbers, to the last bit."""
    tensors = random_tensors(CONFIGS[family])
    entries: dict[str, Entry] = {}
    decoded = dict(tensors)
    for name, tensor in tensors.items():
        if ".experts." in name:
            entries |= fp4_entries(name, tensor)
        elif ".attn.w" in name:
            entries |= fp8_entries(name, tensor, 32 if family == "v4" else 128, power_of_two=family == "v4")
        else:
            entries |= plain_entries({name: tensor})
            continue
        codes, scale = (part.load() for part in list(entries.values())[-2:])
        decoded[name] = decode(codes, scale)
    write_checkpoint(tmp_path / "codes", CONFIGS[family], entries)
    write_checkpoint(tmp_path / "plain", CONFIGS[family], plain_entries(decoded))
    assert torch.equal(load_model(tmp_path / "codes").logits(IDS), load_model(tmp_path / "plain").logits(IDS))
    forms = OwnTensors(SafetensorsFolder(tmp_path / "codes"))
    assert forms.form("layers.2.ffn.experts.0.w1.weight") == "fp4"
    assert forms.form("layers.1.attn.wq_a.weight") == "fp8"
    assert forms.shape("layers.2.ffn.experts.0.w1.weight") == (32, 64)


def test_bf16(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "made", V32, plain_entries(random_tensors(V32), torch.bfloat16))
    model = load_model(tmp_path / "made")
    assert model.scheme == "bf16"
    exact = load_model(tmp_path / "made", dtype="float32").logits(IDS[:8])
    assert relative(model.logits(IDS[:8]), exact) < 0.1
    with pytest.raises(ValueError, match="unknown type 'int3'"):
        load_model(tmp_path / "made", dtype="int3")


def write_tokenizer(folder: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({char: index + 3 for index, char in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|end|>", special=True)])
    tokenizer.save(str(folder / "tokenizer.json"))


@pytest.mark.parametrize("family", CONFIGS)
def test_the_model_keeps_the_contract(family: str, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "made", CONFIGS[family], plain_entries(random_tensors(CONFIGS[family])))
    write_tokenizer(tmp_path / "made")
    model = load_model(tmp_path / "made")
    assert model.name == "made"
    assert model.tokenizer.decode(model.tokenizer.encode("naïve = 1\n")) == "naïve = 1\n"
    assert model.tokenizer.encode("<|end|>") != model.tokenizer.encode("<|end|>", special=True)
    assert load_tokenizer(tmp_path / "made").count("four") == 4
    session = model.session()
    last = session.extend(IDS)
    assert torch.allclose(last, model.logits(IDS)[-1], rtol=0, atol=1e-4)
    session.save(tmp_path / "saved")
    assert torch.equal(model.restore(tmp_path / "saved").extend([5]), session.extend([5]))
    greedy = model.generate(IDS, 6).result
    expected = list(IDS)
    for _ in range(len(greedy.token_ids)):
        expected.append(int(model.logits(expected)[-1].argmax()))
    assert greedy.token_ids == expected[len(IDS) :]
    assert model.generate("text", 4).result.prompt_tokens == 4
    other = tmp_path / "other"
    write_checkpoint(other, CONFIGS[family], plain_entries(random_tensors(CONFIGS[family], seed=1)))
    with pytest.raises(BadSessionFile, match="another model"):
        load_model(other).restore(tmp_path / "saved")
    with pytest.raises(BadCheckpoint, match=r"has no tokenizer\.json"):
        load_model(other).generate("text", 4)
    with pytest.raises(MemoryBudgetExceeded):
        load_model(other, memory="1K")


@pytest.fixture(scope="module")
def sharded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sharded") / "made"
    write_checkpoint(path, V32, plain_entries(random_tensors(V32)), shard_bytes=100_000)
    return path


def test_damaged_folders_are_refused_in_one_line(sharded: Path, tmp_path: Path) -> None:
    index = "model.safetensors.index.json"
    shard = sorted(sharded.glob("*.safetensors"))[1].name

    def cut(path: Path) -> None:
        path.write_bytes(path.read_bytes()[:-100])

    def garble(path: Path) -> None:
        path.write_bytes(path.read_bytes()[:8] + b"x" * 100 + path.read_bytes()[108:])

    def rename_tensor(path: Path) -> None:
        path.write_bytes(path.read_bytes().replace(b"layers.", b"layerz."))

    def with_config(**changes: Any) -> Any:
        def change(path: Path) -> None:
            path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

        return change

    def without(key: str) -> Any:
        def change(path: Path) -> None:
            path.write_text(
                json.dumps({name: value for name, value in json.loads(path.read_text()).items() if name != key})
            )

        return change

    def outside(path: Path) -> None:
        path.write_text(path.read_text().replace(shard, f"../{shard}"))

    cases: list[tuple[str, Any, str]] = [
        (shard, Path.unlink, "is missing"),
        (shard, cut, "fetch it again"),
        (shard, garble, "header is damaged"),
        (shard, lambda path: path.write_bytes(b"12"), "cut short"),
        (shard, lambda path: path.write_bytes(b"\xff" * 400), "cut short"),
        (shard, rename_tensor, "lacks model.layers."),
        (shard, lambda path: path.write_bytes(path.read_bytes().replace(b'"F32"', b'"Q32"', 1)), "type Q32"),
        (index, Path.unlink, "no model.safetensors.index.json"),
        (index, lambda path: path.write_text("{"), "is damaged"),
        (index, lambda path: path.write_text("{}"), "no weight_map"),
        (index, outside, "outside its folder"),
        ("config.json", lambda path: path.write_text("[]"), "holds no object"),
        ("config.json", with_config(num_hidden_layers=4, first_k_dense_replace=1), "has no tensor layers.3"),
        ("config.json", with_config(hidden_size=72), "instead of"),
        ("config.json", with_config(model_type="gpt2"), "'gpt2' is not supported"),
        ("config.json", with_config(topk_group=9), "cannot be chosen"),
        ("config.json", without("kv_lora_rank"), "lacks 'kv_lora_rank'"),
    ]
    for number, (file, damage, message) in enumerate(cases):
        broken = tmp_path / str(number)
        shutil.copytree(sharded, broken)
        damage(broken / file)
        with pytest.raises((BadCheckpoint, UnsupportedModel)) as caught:
            load_model(broken)
            pytest.fail(f"nothing said of {file}: {message}")
        assert message in str(caught.value), (file, str(caught.value))
        assert "\n" not in str(caught.value)


def test_rows_are_read_without_the_rest(sharded: Path) -> None:
    folder = SafetensorsFolder(sharded)
    whole = folder.load("model.embed_tokens.weight")
    assert torch.equal(folder.load("model.embed_tokens.weight", 7, 19), whole[7:19])
    assert torch.equal(folder.mapped("model.embed_tokens.weight"), whole)
    assert folder.nbytes == sum(path.stat().st_size for path in sharded.glob("*.safetensors")) - sum(
        8 + int.from_bytes(path.read_bytes()[:8], "little") for path in sharded.glob("*.safetensors")
    )


def test_nothing_is_left_of_a_write_that_fails(tmp_path: Path) -> None:
    entries = plain_entries(random_tensors(V32))
    entries["norm.weight"] = Entry(torch.float32, (64,), lambda: torch.zeros(63))
    with pytest.raises(ValueError, match="not as announced"):
        write_checkpoint(tmp_path / "made", V32, entries)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "made").mkdir()
    with pytest.raises(FileExistsError, match="is there already"):
        write_checkpoint(tmp_path / "made", V32, entries)
