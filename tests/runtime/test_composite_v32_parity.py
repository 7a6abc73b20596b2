"""Small random V3.2 decoders against transformers' deepseek_v32, in float32.

Ties: index scores pass through a ReLU, so some are exactly zero, and which of several equal rows the oracle takes
depends on its top-k kernel. `TotalOrder` lets it take the lowest index, one of the answers that its equations allow, and
tells draws whose choices rounding could turn, which are drawn again. Where there are index heads enough that no scores
tie, the oracle is left as it stands.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmarks.v4_oracle import TotalOrder, relative, well_defined
from model_runtime.blocks.latent_attention import LatentAttentionBlock
from model_runtime.checkpoints.names import own_parts
from model_runtime.composite.cache import Cache
from model_runtime.composite.config import from_hf
from model_runtime.composite.decoder import CompositeDecoder
from model_runtime.composite.session import CompositeSession, restore_session
from model_runtime.composite.weights import DictWeights

transformers = pytest.importorskip("transformers")

VOCABULARY = 97
#: largest difference from transformers, as a share of the largest logit
PARITY = 2e-5


def random_config(seed: int, **fixed: Any) -> Any:
    """A small configuration in which sizes, groups, dense layers and position scaling vary with the seed."""
    generator = torch.Generator().manual_seed(seed)

    def one_of(*choices: Any) -> Any:
        return choices[int(torch.randint(len(choices), (), generator=generator))]

    groups = one_of(1, 2, 4)
    rope: dict[str, Any] = {"rope_type": "default", "rope_theta": 10000.0}
    if seed % 2:
        rope = {
            "rope_type": "yarn",
            "rope_theta": 10000.0,
            "factor": one_of(4.0, 40.0),
            "original_max_position_embeddings": 32,
            "beta_fast": 32,
            "beta_slow": 1,
            "mscale": one_of(1.0, 0.7),
            "mscale_all_dim": one_of(1.0, 0.5),
        }
        if seed % 6 == 1:
            del rope["mscale"], rope["mscale_all_dim"]
    heads = one_of(2, 3, 5)
    layers = one_of(2, 3)
    settings = {
        "vocab_size": VOCABULARY,
        "hidden_size": one_of(32, 48),
        "intermediate_size": one_of(40, 64),
        "moe_intermediate_size": one_of(12, 20),
        "num_hidden_layers": layers,
        "first_k_dense_replace": one_of(0, 1, layers),
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "n_routed_experts": 8 * groups,
        "n_group": groups,
        "topk_group": one_of(1, groups),
        "num_experts_per_tok": one_of(1, 3, 8),
        "n_shared_experts": one_of(1, 2),
        "norm_topk_prob": one_of(True, True, False),
        "q_lora_rank": one_of(20, 28),
        "kv_lora_rank": one_of(16, 24),
        "qk_rope_head_dim": one_of(4, 8),
        "qk_nope_head_dim": one_of(6, 10),
        "v_head_dim": one_of(7, 12),
        "index_head_dim": one_of(8, 16),
        "index_n_heads": one_of(2, 4),
        "index_topk": one_of(5, 16, 24, 200),
        "max_position_embeddings": 128,
        "rope_parameters": rope,
        "attn_implementation": "eager",
    }
    return transformers.DeepseekV32Config(**{**settings, **fixed})


def random_model(seed: int, **fixed: Any) -> Any:
    """A model in which every term matters: norms away from one, biases away from zero, wide router scores."""
    torch.manual_seed(seed)
    model = transformers.DeepseekV32ForCausalLM(random_config(seed, **fixed)).eval()
    with torch.no_grad():
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if name.endswith("inv_freq"):
                continue
            if "norm" in name and name.endswith("weight"):
                tensor.normal_(1.0, 0.3)
            elif name.endswith("bias"):
                tensor.normal_(0.0, 0.2)
            elif tensor.dim() > 1:
                tensor.normal_(0.0, 1.3 * tensor.shape[-1] ** -0.5)
    return model


def ours(model: Any) -> CompositeDecoder:
    """Our decoder over the tensors that the oracle holds in memory."""
    state = model.state_dict()
    tensors = {}
    for name, part in own_parts({name: tensor.shape for name, tensor in state.items()}).items():
        tensor = state[part.name]
        tensors[name] = tensor if part.matrix is None else tensor[part.matrix, part.first : part.last]
    return CompositeDecoder(from_hf(model.config.to_dict()), DictWeights(tensors))


def logits_of(model: Any, ids: list[int], start: int = 0) -> tuple[Tensor, float]:
    """Logits of the oracle with its ties settled, and the margin of its nearest choice; `start` is the first position."""
    positions = torch.arange(start, start + len(ids))[None]
    with torch.inference_mode(), TotalOrder() as order:
        found = model(torch.tensor([ids]), position_ids=positions, use_cache=False).logits[0]
    return found, order.margin


def read(decoder: CompositeDecoder, cache: Cache, ids: list[int], sizes: list[int]) -> Tensor:
    """Logits of all tokens, read in passes of these sizes, the last one repeated."""
    parts, start = [], 0
    for index in range(len(ids)):
        if start == len(ids):
            break
        count = sizes[min(index, len(sizes) - 1)]
        parts.append(decoder.forward(ids[start : start + count], cache, all_logits=True))
        start += len(parts[-1])
    return torch.cat(parts)


@pytest.mark.parametrize("seed", range(20))
def test_full_chunked_by_token_and_restored(seed: int, tmp_path: Path) -> None:
    model = random_model(seed)
    decoder = ours(model)
    top_k = min(model.config.index_topk, 60)
    for count in sorted({1, top_k, top_k + 1, 75}):
        ids, expected, _ = well_defined(model, VOCABULARY, count, seed, logits_of)
        full = read(decoder, decoder.new_cache(), ids, [count])
        assert relative(full, expected) < PARITY
        assert relative(read(decoder, decoder.new_cache(), ids, [3, 1, 17, 4, 9]), expected) < PARITY
    session = CompositeSession(decoder, "this model")
    session.extend(ids[:40])
    by_token = torch.stack([session.extend([token]) for token in ids[40:58]])
    assert relative(by_token, expected[40:58]) < PARITY
    session.save(tmp_path / "saved")
    restored = restore_session(tmp_path / "saved", decoder, "this model")
    rest = restored.extend(ids[58:], all_logits=True)
    assert relative(rest, expected[58:]) < PARITY
    assert torch.equal(rest, session.extend(ids[58:], all_logits=True))
    session.truncate(44)
    assert relative(session.extend(ids[44:], all_logits=True), expected[44:]) < PARITY


@pytest.mark.parametrize("seed", [0, 1, 3, 5, 9])
def test_positions_beyond_the_trained_ones(seed: int) -> None:
    """The oracle reads the same text at positions from 70,000 on; for our decoder, that is where the session stands.

    Rotary embeddings are relative, so both agree with position 0 in exact arithmetic; in float32 they only agree with
    each other when angles are made the same way.
    """
    model = random_model(seed)
    block = ours(model).stack.layers[0].attention
    assert isinstance(block, LatentAttentionBlock)
    positions = torch.tensor([0, 31, 32, 127, 128, 5000, 65_535, 65_536, 70_001, 163_839, 1_048_575])
    cos, sin = block.rotary.at(positions)
    expected_cos, expected_sin = model.model.rotary_emb(torch.zeros(1), positions[None])
    width = cos.shape[-1]
    assert torch.allclose(cos, expected_cos[0, :, :width], rtol=0, atol=1e-6)
    assert torch.allclose(sin, expected_sin[0, :, :width], rtol=0, atol=1e-6)
    ids, expected, _ = well_defined(model, VOCABULARY, 50, seed, lambda m, ids: logits_of(m, ids, 70_000))
    assert relative(at_position(ours(model), ids, 70_000), expected) < PARITY


def at_position(decoder: CompositeDecoder, ids: list[int], start: int) -> Tensor:
    """Logits of a text whose first token stands at position `start`, with nothing before it."""
    for layer in decoder.stack.layers:
        assert isinstance(layer.attention, LatentAttentionBlock)
        plain = layer.attention.rotary.at
        layer.attention.rotary.at = lambda positions, plain=plain: plain(positions + start)  # type: ignore[method-assign]
    return decoder.forward(ids, decoder.new_cache(), all_logits=True)


@pytest.mark.parametrize("seed", range(20))
def test_the_oracle_as_it_stands_where_no_scores_tie(seed: int) -> None:
    model = random_model(seed, index_n_heads=24, index_head_dim=16, index_topk=11)
    ids, _, _ = well_defined(model, VOCABULARY, 48, seed, logits_of)
    with torch.inference_mode():
        expected = model(torch.tensor([ids]), use_cache=False).logits[0]
    decoder = ours(model)
    assert relative(decoder.forward(ids, decoder.new_cache(), all_logits=True), expected) < PARITY


def test_several_sessions_in_one_pass() -> None:
    model = random_model(3)
    decoder = ours(model)
    drawn = [well_defined(model, VOCABULARY, count, count, logits_of)[:2] for count in (30, 9, 41)]
    caches = [decoder.new_cache() for _ in drawn]
    for (ids, _), cache in zip(drawn, caches, strict=True):
        decoder.forward(ids[:-2], cache)
    found = decoder.step([(ids[-2:], cache) for (ids, _), cache in zip(drawn, caches, strict=True)])
    for (_, expected), logits in zip(drawn, found, strict=True):
        assert relative(logits, expected[-2:]) < PARITY
