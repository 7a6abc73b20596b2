"""Random small V4.1 text models for model_runtime and for mlx-lm, which runs in an environment of its own."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from model_runtime.composite.config import from_hf
from model_runtime.composite.shapes import tensor_shapes

PACKAGES = ("mlx-lm==0.32.2", "mlx[cpu]==0.32.4")
HOME = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "v4-benchmarks" / "mlx"


def random_config(seed: int, **changes: Any) -> dict[str, Any]:
    """config.json of a small V4.1 model: window layers, two caches of windows, one of single tokens with a two-level
    search. With even seeds widths are such that rounding applies."""
    draw = random.Random(seed)
    rounded = seed % 2 == 0
    head_dim, rope = (32, draw.choice([8, 16])) if rounded else (draw.choice([12, 24]), draw.choice([4, 8]))
    top_k = draw.choice([2, 5, 1000])
    size = draw.choice([2, 4])
    text = {
        "vocab_size": draw.choice([61, 97]),
        "hidden_size": draw.choice([24, 40]),
        "num_hidden_layers": 9,
        "num_attention_heads": draw.choice([2, 4]),
        "num_key_value_heads": 1,
        "head_dim": head_dim,
        "q_lora_rank": draw.choice([12, 20]),
        "qk_rope_head_dim": rope,
        "o_groups": draw.choice([1, 2]),
        "o_lora_rank": draw.choice([6, 10]),
        "moe_intermediate_size": draw.choice([12, 20]),
        "n_routed_experts": draw.choice([5, 8]),
        "n_shared_experts": 1,
        "num_experts_per_tok": draw.choice([2, 3]),
        "scoring_func": "sqrtsoftplus",
        "routed_scaling_factor": 1.5,
        "norm_topk_prob": True,
        "swiglu_limit": draw.choice([0.5, 10.0]),
        "rms_norm_eps": 1e-20,
        "sliding_window": draw.choice([3, 8, 13]),
        "compress_ratios": [0, *([draw.choice([2, 4])] * 4), 1, 1, 1, 1, 0],
        "kv_source_layer_ids": [1, 3, 5],
        "index_source_layer_ids": [1, 3, 5, 7, 8],
        "candidate_source_layer_id": 5,
        "candidate_block_size": size,
        "candidate_topk_blocks": top_k // size + draw.choice([2, 4]),
        "compress_rope_theta": 160000.0,
        "rope_theta": 10000.0,
        "rope_scaling": {
            "rope_type": "yarn",
            "factor": 16.0,
            "original_max_position_embeddings": draw.choice([64, 65536]),
            "beta_fast": 32,
            "beta_slow": 1,
        },
        "index_n_heads": draw.choice([1, 2, 3]),
        "index_head_dim": 32 if rounded else draw.choice([8, 12]),
        "index_topk": top_k,
        "max_position_embeddings": 1 << 20,
        "hc_mult": draw.choice([2, 4]),
        "hc_sinkhorn_iters": draw.choice([3, 20]),
        "hc_eps": 1e-6,
        "engram_layer_ids": [],
        "engram_max_ngram_size": 4,
        "engram_n_heads": 2,
        "engram_head_dim": 8,
        "engram_vocab_size": 50,
        "engram_compressed_vocab_size": 40,
        "engram_pad_token_id": 2,
        "bos_token_id": 0,
        "eos_token_id": 1,
    }
    return {"model_type": "deepseek_v41", "text_config": {**text, **changes}}


def random_tensors(config: Mapping[str, Any], seed: int) -> dict[str, Tensor]:
    """Every tensor that the configuration calls for; no norm is one, no bias zero, no gate even."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in tensor_shapes(from_hf(config)).items():
        numbers = torch.randn(*shape, generator=generator)
        if name.endswith("norm.weight"):
            numbers = 1 + 0.3 * numbers
        elif name.endswith("_scale"):
            numbers = 1 + 0.2 * numbers
        elif name.endswith("_base"):
            numbers = 0.5 * numbers
        elif name.endswith("gate.bias"):
            numbers = 0.3 * numbers
        elif len(shape) == 2 and name != "embed.weight":
            gain = 2.0 if name.endswith("gate.weight") else 1.5 if ".ffn." in name or "wgate" in name else 1.0
            numbers = numbers * gain / math.sqrt(shape[1])
        tensors[name] = numbers.contiguous()
    return tensors


def environment() -> Path:
    """Its Python, with the packages of PACKAGES; made when missing."""
    python = HOME / "bin" / "python"
    if not (HOME / "ready").is_file():
        subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
        (HOME / "ready").write_text("\n".join(PACKAGES))
    return python


def mlx_logits(
    folder: Path, config: Mapping[str, Any], tensors: Mapping[str, Tensor], texts: Sequence[Sequence[int]]
) -> tuple[list[Tensor], list[float]]:
    """float32 [n, vocabulary] of each text, one pass without a cache, and the margin of its nearest choice."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "ids.json").write_text(json.dumps(texts), encoding="utf-8")
    save_file(dict(tensors), folder / "model.safetensors")
    script = Path(__file__).with_name("v41_mlx.py")
    subprocess.run([environment(), script, folder], check=True, stdout=subprocess.DEVNULL)
    logits = load_file(folder / "logits.safetensors")
    margins: list[float] = json.loads((folder / "margins.json").read_text(encoding="utf-8"))
    return [logits[str(number)] for number in range(len(texts))], margins
