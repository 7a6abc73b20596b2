"""Random small V4 models, twice: in model_runtime and in transformers, from one checkpoint with DeepSeek's names.

transformers reads the checkpoint by its own table of names and runs in float32, eagerly. Its selections (`topk`) leave
equal scores to the kernel, so its result is defined only up to ties; `TotalOrder` gives it the order that model_runtime
states (score descending, then index ascending) and records how near any choice came to going the other way by rounding.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.overrides import TorchFunctionMode

#: a choice whose margin, relative to the largest score of its row, is below this may fall differently by rounding
MARGIN = 4e-6

_KINDS = {"sliding": "sliding_attention", "csa": "compressed_sparse_attention", "hca": "heavily_compressed_attention"}


class TotalOrder(TorchFunctionMode):
    """Within it, topk takes the lower index among equals. `margin`: the nearest that two scores, one chosen and one
    not, came to each other, as a share of the row's largest; two zeros are no near miss, but a tie that stays one."""

    def __init__(self) -> None:
        super().__init__()
        self.margin = math.inf

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if function not in (torch.topk, Tensor.topk):
            return function(*args, **kwargs)
        scores, k = args[0], args[1] if len(args) > 1 else kwargs["k"]
        values, indices = scores.sort(dim=-1, descending=True, stable=True)
        values = values.masked_fill(values < -1e30, -torch.inf)  # masked by the least number
        if not scores.shape[-1]:
            return function(*args, **kwargs)
        scale = values.masked_fill(values.isinf(), 0).abs().amax(-1).clamp_min(1e-30)
        for last in (k - 1, k - 2):  # model_runtime asks for one more than it takes
            if 0 <= last < scores.shape[-1] - 1:
                gaps = values[..., last] - values[..., last + 1]
                # zeros come from the ReLU and are zeros in any order of additions; other equals are equal by chance
                contested = gaps.isfinite() & ~((gaps == 0) & (values[..., last] == 0))
                if contested.any():
                    self.margin = min(self.margin, float((gaps / scale)[contested].min()))
        return torch.return_types.topk((values[..., :k], indices[..., :k]))


def random_config(seed: int, **changes: Any) -> dict[str, Any]:
    """config.json of a small V4 model, with all kinds of layers; every size is drawn."""
    draw = random.Random(seed)
    kinds = ["sliding", "csa", "hca", draw.choice(["sliding", "csa", "hca"]), "csa"]
    draw.shuffle(kinds)
    heads, rope = draw.choice([2, 4]), draw.choice([4, 8])
    head_dim = draw.choice([12, 16, 24])
    config = {
        "model_type": "deepseek_v4",
        "architectures": ["DeepseekV4ForCausalLM"],
        "vocab_size": draw.choice([61, 97]),
        "hidden_size": draw.choice([24, 32, 40]),
        "moe_intermediate_size": draw.choice([12, 20]),
        "num_hidden_layers": len(kinds),
        "num_attention_heads": heads,
        "num_key_value_heads": 1,
        "head_dim": head_dim,
        "qk_rope_head_dim": rope,
        "partial_rotary_factor": rope / head_dim,
        "q_lora_rank": draw.choice([12, 20]),
        "num_experts_per_tok": draw.choice([1, 2, 3]),
        "n_routed_experts": draw.choice([5, 8]),
        "n_shared_experts": 1,
        "scoring_func": draw.choice(["sqrtsoftplus", "sqrtsoftplus", "sigmoid"]),
        "routed_scaling_factor": draw.choice([1.5, 2.5]),
        "max_position_embeddings": 1 << 20,
        "rope_theta": 10000.0,
        "compress_rope_theta": 160000.0,
        "layer_types": [_KINDS[kind] for kind in kinds],
        "compress_rates": {_KINDS["csa"]: draw.choice([2, 4]), _KINDS["hca"]: draw.choice([8, 16])},
        "num_hash_layers": draw.choice([0, 1, 2]),
        "hc_mult": draw.choice([2, 3, 4]),
        "hc_sinkhorn_iters": draw.choice([1, 3, 20]),
        "hc_eps": 1e-6,
        "swiglu_limit": draw.choice([0.4, 1.0, 10.0]),
        "sliding_window": draw.choice([3, 8, 13]),
        "o_groups": draw.choice([1, 2]),
        "o_lora_rank": draw.choice([6, 10]),
        "index_n_heads": draw.choice([1, 2, 3]),
        "index_head_dim": draw.choice([8, 12]),
        "index_topk": draw.choice([1, 3, 6, 1000]),
        "rms_norm_eps": 1e-6,
        "num_nextn_predict_layers": 0,
        "tie_word_embeddings": False,
        "bos_token_id": 0,
        "eos_token_id": 1,
    }
    if draw.random() < 0.75:
        config["rope_scaling"] = {
            "rope_type": "yarn",
            "factor": draw.choice([4.0, 16.0]),
            "original_max_position_embeddings": draw.choice([64, 65536]),
            "beta_fast": 32.0,
            "beta_slow": 1.0,
        }
    return {**config, **changes}


def random_tensors(config: Mapping[str, Any], seed: int) -> dict[str, Tensor]:
    """A checkpoint under DeepSeek's names. Norms are not ones, biases, sinks and bases not zeros, gates not even."""
    generator = torch.Generator().manual_seed(seed)
    hidden, heads, width = config["hidden_size"], config["num_attention_heads"], config["head_dim"]
    rank, groups, inner = config["q_lora_rank"], config["o_groups"], config["o_groups"] * config["o_lora_rank"]
    streams, experts, part = config["hc_mult"], config["n_routed_experts"], config["moe_intermediate_size"]
    tensors: dict[str, Tensor] = {}

    def normal(name: str, *shape: int, std: float = 1.0, mean: float = 0.0) -> None:
        tensors[name] = torch.randn(*shape, generator=generator) * std + mean

    def matrix(name: str, outputs: int, inputs: int, gain: float = 1.0) -> None:
        normal(f"{name}.weight", outputs, inputs, std=gain / math.sqrt(inputs))

    def norm(name: str, size: int) -> None:
        normal(f"{name}.weight", size, std=0.3, mean=1.0)

    def site(name: str, outputs: int, scales: int) -> None:
        normal(f"{name}_fn", outputs, streams * hidden, std=1 / math.sqrt(streams * hidden))
        normal(f"{name}_base", outputs, std=0.5)
        normal(f"{name}_scale", scales, std=0.2, mean=1.0)

    def compressor(name: str, size: int, ratio: int) -> None:
        matrix(f"{name}.wkv", size, hidden)
        matrix(f"{name}.wgate", size, hidden, 1.5)
        normal(f"{name}.ape", ratio, size, std=0.7)

    def feed_forward(name: str) -> None:
        matrix(f"{name}.w1", part, hidden, 1.5)
        matrix(f"{name}.w2", hidden, part, 1.5)
        matrix(f"{name}.w3", part, hidden, 1.5)

    normal("embed.weight", config["vocab_size"], hidden)
    matrix("head", config["vocab_size"], hidden)
    norm("norm", hidden)
    site("hc_head", streams, 1)
    drafts = ["mtp.0"] * config["num_nextn_predict_layers"]
    for index, kind in enumerate([*config["layer_types"], *(_KINDS["sliding"] for _ in drafts)]):
        layer = [*(f"layers.{at}" for at in range(len(config["layer_types"]))), *drafts][index]
        norm(f"{layer}.attn_norm", hidden)
        norm(f"{layer}.ffn_norm", hidden)
        site(f"{layer}.hc_attn", (2 + streams) * streams, 3)
        site(f"{layer}.hc_ffn", (2 + streams) * streams, 3)
        attention = f"{layer}.attn"
        matrix(f"{attention}.wq_a", rank, hidden)
        norm(f"{attention}.q_norm", rank)
        matrix(f"{attention}.wq_b", heads * width, rank)
        matrix(f"{attention}.wkv", width, hidden)
        norm(f"{attention}.kv_norm", width)
        matrix(f"{attention}.wo_a", inner, heads * width // groups)
        matrix(f"{attention}.wo_b", hidden, inner)
        normal(f"{attention}.attn_sink", heads)
        ratio = config["compress_rates"].get(kind)
        if kind == _KINDS["hca"]:
            compressor(f"{attention}.compressor", width, ratio)
            norm(f"{attention}.compressor.norm", width)
        elif kind == _KINDS["csa"]:
            compressor(f"{attention}.compressor", 2 * width, ratio)
            norm(f"{attention}.compressor.norm", width)
            keys = config["index_head_dim"]
            compressor(f"{attention}.indexer.compressor", 2 * keys, ratio)
            norm(f"{attention}.indexer.compressor.norm", keys)
            matrix(f"{attention}.indexer.wq_b", config["index_n_heads"] * keys, rank)
            matrix(f"{attention}.indexer.weights_proj", config["index_n_heads"], hidden)
        matrix(f"{layer}.ffn.gate", experts, hidden, 2.0)
        if index < config["num_hash_layers"]:
            order = torch.rand(config["vocab_size"], experts, generator=generator).argsort(-1)
            tensors[f"{layer}.ffn.gate.tid2eid"] = order[:, : config["num_experts_per_tok"]].contiguous()
        else:
            normal(f"{layer}.ffn.gate.bias", experts, std=0.3)
        feed_forward(f"{layer}.ffn.shared_experts")
        for expert in range(experts):
            feed_forward(f"{layer}.ffn.experts.{expert}")
    for name in drafts:
        for part in ("enorm", "hnorm", "norm"):
            norm(f"{name}.{part}", hidden)
        matrix(f"{name}.e_proj", hidden, hidden)
        matrix(f"{name}.h_proj", hidden, hidden)
        site(f"{name}.hc_head", streams, 1)
    return tensors


def transformers_model(folder: Path, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Any:
    """Write the checkpoint into `folder` and let transformers read it."""
    from transformers import DeepseekV4ForCausalLM
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    save_file(dict(tensors), folder / "model.safetensors", metadata={"format": "pt"})
    model, report = DeepseekV4ForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    wrong = {key: found for key, found in report.items() if found}
    if wrong:
        raise RuntimeError(f"transformers read the checkpoint differently: {wrong}")
    return model.eval()


def oracle_logits(model: Any, ids: list[int]) -> tuple[Tensor, float]:
    """float32 [n, vocabulary] of one forward pass without a cache, and the margin of its nearest choice."""
    with torch.inference_mode(), TotalOrder() as order:
        logits = model(torch.tensor([ids]), use_cache=False).logits[0].float()
    return logits, order.margin


def well_defined(
    model: Any, vocabulary: int, length: int, seed: int, logits: Callable[..., tuple[Tensor, float]] = oracle_logits
) -> tuple[list[int], Tensor, int]:
    """Random tokens whose result in transformers no choice leaves to rounding, the result, and draws thrown away."""
    for attempt in range(20):
        draw = random.Random(1000 * seed + attempt)
        ids = [draw.randrange(vocabulary) for _ in range(length)]
        found, margin = logits(model, ids)
        if margin > MARGIN:
            return ids, found, attempt
    raise RuntimeError(f"no draw of {length} tokens has a margin above {MARGIN}")


def decided(decoder: Any, length: int, seed: int) -> list[int]:
    """Random tokens of which no choice of rows or experts in model_runtime's own full pass is left to rounding."""
    for attempt in range(20):
        draw = random.Random(1000 * seed + attempt)
        ids = [draw.randrange(decoder.config.vocabulary) for _ in range(length)]
        with TotalOrder() as order:
            decoder.forward(ids, decoder.new_cache())
        if order.margin > MARGIN:
            return ids
    raise RuntimeError(f"no draw of {length} tokens has a margin above {MARGIN}")


def relative(ours: Tensor, theirs: Tensor) -> float:
    """Largest difference of logits as a share of the largest logit."""
    return float((ours - theirs).abs().max() / theirs.abs().max())


def far_start(decoder: Any, model: Any, length: int, seed: int) -> tuple[Any, Any]:
    """Caches of both implementations as if `length` tokens (a multiple of 16) had been read, with equal random rows.

    What a long text leaves is a window, compressed rows and, of CSA layers, the last window's first halves; both hold
    those, so that what follows runs at far positions without reading the text.
    """
    from transformers import DynamicCache

    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    ours, theirs = decoder.new_cache(), DynamicCache(config=model.config)
    ours.length = length
    for mine, other, layer in zip(ours.layers, theirs.layers, decoder.stack.layers, strict=True):
        block, far = layer.attention, layer.attention.far
        window = normal(block.config.window - 1, block.config.head_dim)
        mine.recent["window"].restore(window, length)
        other.lazy_initialization(window[None, None], window[None, None])
        other.keys = other.values = window[None, None].clone()
        other.cumulative_length = length
        if far is None:
            continue
        streams = [("compressed", "sources", "compressor", far.compressor)]
        if far.indexer is not None:
            streams.append(("index", "index_sources", "indexer", far.indexer.compressor))
        for rows_name, sources_name, name, compressor in streams:
            ratio, width = compressor.ratio, compressor.width
            rows = normal(length // ratio, width)
            mine.rows[rows_name].restore(rows.clone())
            other.compressed_kv[name], other.entry_count[name] = rows[None].clone(), length // ratio
            sources = normal(mine.recent[sources_name].need, mine.recent[sources_name].width)
            mine.recent[sources_name].restore(sources, length)
            if compressor.overlap:
                values, gates = sources[-ratio:].chunk(2, -1)
                other.overlap_kv[name] = values[None, :, :width].clone()
                other.overlap_gate[name] = (gates + compressor.bias)[None, :, :width].clone()
    return ours, theirs
