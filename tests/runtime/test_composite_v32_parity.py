"""Small random V3.2 decoders against transformers' deepseek_v32, in float32.

Ties: index scores pass through a ReLU, so some are exactly zero, and which of several equal rows the oracle takes
depends on its top-k kernel. `stable_top_k` lets it take the lowest index, which is one of the answers that its equations
allow; `test_without_help_where_no_scores_tie` compares with the oracle as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor

from model_runtime.checkpoints.names import own_parts
from model_runtime.composite.cache import Cache
from model_runtime.composite.config import from_hf
from model_runtime.composite.decoder import CompositeDecoder
from model_runtime.composite.weights import DictWeights

transformers = pytest.importorskip("transformers")

VOCABULARY = 97
TOLERANCE = 2e-5


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


def tokens(seed: int, count: int) -> list[int]:
    return torch.randint(VOCABULARY, (count,), generator=torch.Generator().manual_seed(seed)).tolist()


@contextmanager
def stable_top_k() -> Iterator[None]:
    """Ties in torch's top-k are settled by the lowest index."""
    plain = torch.Tensor.topk, torch.topk

    def topk(scores: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
        values, indices = torch.sort(scores, dim=dim, descending=True, stable=True)
        return torch.return_types.topk((values.narrow(dim, 0, k), indices.narrow(dim, 0, k)))

    torch.Tensor.topk = torch.topk = topk
    try:
        yield
    finally:
        torch.Tensor.topk, torch.topk = plain


def reference(model: Any, ids: list[int], positions: Tensor | None = None) -> Tensor:
    with torch.inference_mode(), stable_top_k():
        return model(torch.tensor([ids]), position_ids=positions, use_cache=False).logits[0]


def difference(found: Tensor, expected: Tensor) -> float:
    assert found.shape == expected.shape
    return float((found - expected).abs().max() / expected.abs().max())


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
def test_full_chunked_and_by_token(seed: int) -> None:
    model = random_model(seed)
    decoder = ours(model)
    top_k = model.config.index_topk
    for count in sorted({1, min(top_k, 60), min(top_k, 60) + 1, 75}):
        ids = tokens(seed, count)
        expected = reference(model, ids)
        assert difference(read(decoder, decoder.new_cache(), ids, [count]), expected) < TOLERANCE
        assert difference(read(decoder, decoder.new_cache(), ids, [3, 1, 17, 4, 9]), expected) < TOLERANCE
    assert difference(read(decoder, decoder.new_cache(), ids, [1]), expected) < TOLERANCE


@pytest.mark.parametrize("seed", range(0, 20, 3))
def test_after_taking_tokens_back(seed: int) -> None:
    model = random_model(seed)
    decoder = ours(model)
    ids = tokens(seed, 60)
    cache = decoder.new_cache()
    decoder.forward(ids[:40] + tokens(seed + 1, 11), cache)
    cache.truncate(40)
    assert difference(decoder.forward(ids[40:], cache, all_logits=True), reference(model, ids)[40:]) < TOLERANCE


@pytest.mark.parametrize("seed", range(20))
def test_without_help_where_no_scores_tie(seed: int) -> None:
    model = random_model(seed, index_n_heads=24, index_head_dim=16, index_topk=11)
    ids = tokens(seed, 48)
    with torch.inference_mode():
        expected = model(torch.tensor([ids]), use_cache=False).logits[0]
    decoder = ours(model)
    assert difference(decoder.forward(ids, decoder.new_cache(), all_logits=True), expected) < TOLERANCE


def test_several_sessions_in_one_pass() -> None:
    model = random_model(3)
    decoder = ours(model)
    texts = [tokens(seed, count) for seed, count in ((0, 30), (1, 9), (2, 41))]
    caches = [decoder.new_cache() for _ in texts]
    for text, cache in zip(texts, caches, strict=True):
        decoder.forward(text[:-2], cache)
    found = decoder.step([(text[-2:], cache) for text, cache in zip(texts, caches, strict=True)])
    for text, logits in zip(texts, found, strict=True):
        assert difference(logits, reference(model, text)[-2:]) < TOLERANCE
