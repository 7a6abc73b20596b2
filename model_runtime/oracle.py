"""The same weights in transformers: what tests hold this package equal to, and what it is measured beside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import UnsupportedModel

if TYPE_CHECKING:
    import torch

    from .config import DecoderConfig

_LAYER = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def _names(config: DecoderConfig, tensors: set[str]) -> dict[str, str]:
    """Parameter of transformers -> tensor of the file."""
    found = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}
    found["lm_head.weight"] = "token_embd.weight" if config.tied_output else "output.weight"
    for layer in range(config.layers):
        for theirs, ours in _LAYER.items():
            for kind in ("weight", "bias"):
                if f"blk.{layer}.{ours}.{kind}" in tensors:
                    found[f"model.layers.{layer}.{theirs}.{kind}"] = f"blk.{layer}.{ours}.{kind}"
    return found


def transformers_model(path: Path | str, dtype: torch.dtype | None = None) -> Any:
    """A transformers Qwen2ForCausalLM or LlamaForCausalLM with the dequantised weights of a GGUF file.

    dtype: default bfloat16. Raises UnsupportedModel for rotary scaling, which is not translated.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

    from .checkpoints.gguf import GGUFFile
    from .checkpoints.prepare import config_of
    from .quantize import rotary_order

    file = GGUFFile(path)
    config = config_of(file)
    if config.rope_scale != 1.0 or "rope_freqs.weight" in file.tensors:
        raise UnsupportedModel("rotary scaling is not translated for transformers")
    sizes: dict[str, Any] = {
        "vocab_size": config.vocabulary,
        "hidden_size": config.hidden,
        "intermediate_size": config.feed_forward,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.kv_heads,
        "head_dim": config.head_dim,
        "max_position_embeddings": config.context,
        "rms_norm_eps": config.norm_eps,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
        "tie_word_embeddings": config.tied_output,
    }
    dtype = dtype or torch.bfloat16
    state = {}
    for theirs, ours in _names(config, set(file.tensors)).items():
        tensor, rows = file.load(ours), rotary_order(config, ours)
        state[theirs] = (tensor if rows is None else tensor[rows]).to(dtype)
    if config.tied_output:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    with torch.device("meta"):
        model: Any = (
            Qwen2ForCausalLM(Qwen2Config(**sizes))
            if config.architecture == "qwen2"
            else LlamaForCausalLM(LlamaConfig(**sizes))
        )
    model.load_state_dict(state, strict=True, assign=True)
    # what is no parameter was made on the meta device too
    model.model.rotary_emb = type(model.model.rotary_emb)(model.config)
    return model.eval()
