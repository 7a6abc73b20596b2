"""Blocks and configuration of the V4 line by themselves."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from benchmarks.v4_oracle import random_config, random_tensors
from benchmarks.v41_oracle import random_config as random_config_v41
from model_runtime.blocks.hyper_connections import Maps, Site, expand, sinkhorn_knopp
from model_runtime.blocks.rotary_pairs import PairRotary, frequencies, rotate_pairs
from model_runtime.blocks.rounding import round_fp4, round_fp8
from model_runtime.composite.config import HyperConnections, Rotary, SharedKVAttention, Yarn, from_hf
from model_runtime.composite.weights import DictWeights
from model_runtime.config import UnsupportedModel


@pytest.mark.parametrize("streams", [2, 4])
def test_stream_maps_are_doubly_stochastic(streams: int) -> None:
    logits = torch.randn(1000, streams, streams, generator=torch.Generator().manual_seed(0))
    matrix = sinkhorn_knopp(logits, 20, 1e-6)
    assert (matrix >= 0).all()
    assert (matrix.sum(-2) - 1).abs().max() < 5e-6  # eps in the divisor is in the sums
    assert (matrix.sum(-1) - 1).abs().max() < 2e-3
    exact = sinkhorn_knopp(logits.double(), 200, 0.0)
    assert (exact.sum(-1) - 1).abs().max() < 1e-6 and (exact.sum(-2) - 1).abs().max() < 1e-6


def test_the_gain_over_64_layers_stays_below_1_6() -> None:
    """Largest row or column sum of the composed maps (arXiv 2512.24880, section 3): unconstrained maps explode."""
    generator = torch.Generator().manual_seed(1)
    for _ in range(20):
        logits = torch.randn(64, 4, 4, generator=generator)
        gain, free = torch.eye(4), torch.eye(4)
        for matrix, raw in zip(sinkhorn_knopp(logits, 20, 1e-6), torch.eye(4) + 0.3 * logits, strict=True):
            gain, free = matrix @ gain, raw @ free
        assert max(gain.sum(0).max(), gain.sum(1).max()) <= 1.6
        assert free.abs().sum(0).max() > 10


def test_a_residual_of_equal_streams_is_the_plain_one() -> None:
    """pre 1/4, post 1 and any doubly stochastic mix reproduce x + F(x) in every stream."""
    generator = torch.Generator().manual_seed(2)
    x, output = torch.randn(2, 3, 8, dtype=torch.float64, generator=generator)
    comb = sinkhorn_knopp(torch.randn(3, 4, 4, dtype=torch.float64, generator=generator), 500, 0.0)
    streams = x.unsqueeze(1).expand(-1, 4, -1)
    maps = Maps(torch.full((3, 4), 0.25), torch.ones(3, 4, dtype=torch.float64), comb)
    assert (expand(streams, output, maps) - (x + output).unsqueeze(1)).abs().max() < 1e-12


def test_mixing_runs_along_the_columns_of_the_map() -> None:
    comb = torch.tensor([[[0.9, 0.1], [0.0, 1.0]]])
    streams = torch.tensor([[[1.0], [10.0]]])
    maps = Maps(torch.ones(1, 2), torch.zeros(1, 2), comb)
    assert expand(streams, torch.zeros(1, 1), maps).flatten().tolist() == pytest.approx([0.9, 10.1])


def test_maps_do_not_depend_on_the_scale_of_the_streams() -> None:
    config = HyperConnections(streams=3, iterations=20, eps=1e-6, norm_eps=1e-20)
    generator = torch.Generator().manual_seed(3)
    tensors = {
        "hc_attn_fn": torch.randn(15, 24, generator=generator),
        "hc_attn_base": torch.randn(15, generator=generator),
        "hc_attn_scale": torch.tensor([0.5, 1.0, 2.0]),
    }
    site = Site(config, DictWeights(tensors), "hc_attn")
    streams = torch.randn(4, 3, 8, generator=generator)
    one, other = site.maps(streams), site.maps(streams * 1000)
    for name in ("pre", "post", "comb"):
        assert torch.allclose(getattr(one, name), getattr(other, name), atol=1e-5)
    assert ((one.pre > 0) & (one.pre < 1.001)).all() and ((one.post > 0) & (one.post < 2)).all()


def test_rotation_keeps_distances_and_turns_back() -> None:
    rotary = PairRotary(Rotary(8, 10000.0, Yarn(16.0, 64)))
    generator = torch.Generator().manual_seed(4)
    query, key = torch.randn(2, 1, 12, generator=generator)

    def turned(x: torch.Tensor, position: int, back: bool = False) -> torch.Tensor:
        cos, sin = rotary.at(torch.tensor([position]))
        return rotate_pairs(x, cos, -sin if back else sin)

    near = (turned(query, 7) * turned(key, 3)).sum()
    assert torch.allclose((turned(query, 1007) * turned(key, 1003)).sum(), near, atol=1e-3)
    assert torch.allclose(turned(turned(query, 900), 900, back=True), query, atol=1e-5)
    assert torch.equal(turned(query, 5)[:, :4], query[:, :4])


def test_yarn_slows_only_what_turns_seldom() -> None:
    plain, scaled = (frequencies(Rotary(64, 160000.0, yarn)) for yarn in (None, Yarn(16.0, 65536)))
    ratio = plain / scaled
    assert ratio[0] == 1 and ratio[-1] == pytest.approx(16) and (ratio.diff() >= -1e-6).all()
    turns = 65536 * plain / (2 * math.pi)
    assert (ratio[turns > 40] == 1).all() and torch.allclose(ratio[turns < 0.8], torch.tensor(16.0))


def test_rounding_takes_the_nearest_code_and_halves_to_the_even_one() -> None:
    halves = torch.tensor([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0, 6.0])
    x = torch.cat([halves, -halves, torch.zeros(16)])
    assert round_fp4(x)[:8].tolist() == [0, 1, 1, 2, 2, 4, 4, 6]
    assert round_fp4(x)[8:16].tolist() == [0, -1, -1, -2, -2, -4, -4, -6]
    numbers = torch.randn(50, 64, generator=torch.Generator().manual_seed(5))
    for rounded, worst in (
        (round_fp8(numbers), 2**-4),
        (round_fp4(numbers), 2**-1),
        (round_fp4(numbers, 16, True), 2**-1),
    ):
        block = numbers.unflatten(-1, (-1, 16)).abs().amax(-1).repeat_interleave(16, -1)
        assert ((rounded - numbers).abs() <= worst * torch.maximum(numbers.abs(), block)).all()
    assert torch.equal(round_fp8(round_fp8(numbers)), round_fp8(numbers))
    assert torch.equal(round_fp4(round_fp4(numbers)), round_fp4(numbers))
    odd = torch.randn(3, 24)
    assert round_fp8(odd) is odd and round_fp4(odd) is odd


def _released() -> dict[str, Any]:
    """config.json of V4-Flash as DeepSeek ships it, as far as it bears on the decoder."""
    return {
        "model_type": "deepseek_v4",
        "vocab_size": 129280,
        "hidden_size": 4096,
        "num_hidden_layers": 43,
        "num_attention_heads": 64,
        "head_dim": 512,
        "q_lora_rank": 1024,
        "qk_rope_head_dim": 64,
        "o_groups": 8,
        "o_lora_rank": 1024,
        "n_routed_experts": 256,
        "n_shared_experts": 1,
        "num_experts_per_tok": 6,
        "moe_intermediate_size": 2048,
        "scoring_func": "sqrtsoftplus",
        "routed_scaling_factor": 1.5,
        "num_hash_layers": 3,
        "sliding_window": 128,
        "compress_ratios": [0, 0, *[4, 128] * 20, 4, 0],
        "compress_rope_theta": 160000,
        "rope_theta": 10000,
        "rope_scaling": {
            "type": "yarn",
            "factor": 16,
            "original_max_position_embeddings": 65536,
            "beta_fast": 32,
            "beta_slow": 1,
        },
        "index_n_heads": 64,
        "index_head_dim": 128,
        "index_topk": 512,
        "hc_mult": 4,
        "hc_sinkhorn_iters": 20,
        "hc_eps": 1e-6,
        "swiglu_limit": 10.0,
        "rms_norm_eps": 1e-6,
        "max_position_embeddings": 1048576,
        "num_nextn_predict_layers": 1,
        "bos_token_id": 0,
        "eos_token_id": 1,
    }


def test_the_released_configuration_is_read() -> None:
    config = from_hf(_released())
    kinds = [layer.attention.kind for layer in config.layers]
    assert (kinds.count("sliding"), kinds.count("csa"), kinds.count("hca")) == (2, 21, 20)
    assert [layer.feed_forward.kind for layer in config.layers[:4]] == ["hash_experts"] * 3 + ["experts"]
    assert [layer.attention.kind for layer in config.drafts] == ["sliding"]
    first, second = config.layers[0].attention, config.layers[2].attention
    assert isinstance(first, SharedKVAttention) and isinstance(second, SharedKVAttention)
    assert first.rotary == Rotary(64, 10000) and first.ratio == 0
    assert second.rotary == Rotary(64, 160000, Yarn(16, 65536, 32, 1)) and second.ratio == 4
    assert config.eos == (1,) and config.hyper == HyperConnections(4, 20, 1e-6, 1e-6)


def test_what_transformers_writes_describes_the_same_model() -> None:
    transformers = pytest.importorskip("transformers")
    released = _released()
    written = transformers.DeepseekV4Config(
        **{**released, "compress_ratios": released["compress_ratios"]}
    ).to_diff_dict()
    assert "compress_ratios" not in written
    assert from_hf(written) == from_hf(released)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "gpt5"}, "model type 'gpt5' is not supported"),
        ({"compress_ratios": [0, 0, *[5] * 42]}, "compress ratio 5"),
        ({"compress_ratios": [0]}, "attention of 1 layers of 43"),
        ({"layer_types": ["linear_attention"] * 43}, "layer type 'linear_attention'"),
        ({"scoring_func": "tanh"}, "routing score 'tanh'"),
        ({"rope_scaling": {"type": "dynamic", "factor": 2.0}}, "rotary scaling 'dynamic'"),
        ({"hidden_size": None}, "lacks 'hidden_size'"),
    ],
)
def test_what_cannot_be_run_is_named(change: dict[str, Any], message: str) -> None:
    config = {key: value for key, value in {**_released(), **change}.items() if value is not None}
    with pytest.raises(UnsupportedModel, match=message):
        from_hf(config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"engram_layer_ids": [1], "engram_num_embeddings": [9]}, "Engram of layer 1"),
        ({"gate_temp": 2.0}, "gate temperature"),
        ({"kv_source_layer_ids": [3, 5]}, "no layer before it makes them"),
        ({"index_source_layer_ids": [3, 5]}, "no layer before it makes a choice"),
        ({"index_source_layer_ids": [1, 5]}, "by the choice of layer 1"),
    ],
)
def test_what_cannot_be_run_of_v41_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedModel, match=message):
        from_hf(random_config_v41(1, **change))


def test_every_tensor_of_the_checkpoint_is_read_and_no_other() -> None:
    from model_runtime.composite.shapes import tensor_shapes

    config = random_config(7)
    assert {name: tuple(tensor.shape) for name, tensor in random_tensors(config, 7).items()} == tensor_shapes(
        from_hf(config)
    )


def test_gradients_reach_every_weight_that_the_output_depends_on() -> None:
    """Selection has no slope, so index weights and selection biases get none."""
    from model_runtime.composite.decoder import CompositeDecoder

    config = random_config(3, num_experts_per_tok=3, n_routed_experts=3, index_topk=3)
    tensors = {
        name: tensor.requires_grad_() if tensor.is_floating_point() else tensor
        for name, tensor in random_tensors(config, 3).items()
    }
    decoder = CompositeDecoder(from_hf(config), DictWeights(tensors))
    ids = torch.arange(50) % config["vocab_size"]
    logits = decoder.logits(decoder.states(ids, [(decoder.new_cache(), 50)]))
    torch.nn.functional.cross_entropy(logits[:-1], ids[1:]).backward()
    for name, tensor in tensors.items():
        if tensor.is_floating_point():
            reached = tensor.grad is not None and bool(tensor.grad.abs().sum() > 0)
            assert reached != (".indexer." in name or name.endswith("gate.bias")), name
