"""V4.1 for tools that speak transformers: AutoConfig and AutoModelForCausalLM read its folders.

V3.2 and V4 it reads itself, from the folders that write_checkpoint writes; `register()` adds what it lacks, the text
model of V4.1 ("deepseek_v41"). The model scores text: logits of whole sequences, without a cache of transformers' own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

from .composite.model import CompositeModel, load_folder

MODEL_TYPE = "deepseek_v41"


class CompositeHFConfig(PreTrainedConfig):
    """config.json as it stands; composite.config.from_hf says what it means."""

    model_type = MODEL_TYPE


class CompositeForCausalLM(PreTrainedModel):
    """A CompositeModel as a module. Its weights are not parameters: it is made with `from_pretrained`, not trained."""

    config_class = CompositeHFConfig

    def __init__(self, config: PreTrainedConfig, model: CompositeModel) -> None:
        super().__init__(config)
        self.composite = model

    @classmethod
    def from_pretrained(cls, path: Any, *_: Any, **options: Any) -> CompositeForCausalLM:  # type: ignore[override]
        """The model of a folder; of the options, `dtype` (float32 or bfloat16) counts. Raises as `load_folder`."""
        names = {torch.float32: "float32", torch.bfloat16: "bf16", "float32": "float32", "bfloat16": "bf16"}
        model = load_folder(Path(path), names.get(options.get("dtype")))
        config = options.get("config") or CompositeHFConfig.from_pretrained(path)
        return cls(config, model).eval()

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any) -> CausalLMOutput:
        """input_ids [batch, n] -> logits float32 [batch, n, vocabulary]; rows behind a mask of 0 at the end are zero.

        Raises ValueError for a mask that leaves a gap or hides the beginning.
        """
        rows = []
        for index, ids in enumerate(input_ids.tolist()):
            seen = len(ids) if attention_mask is None else int(attention_mask[index].sum())
            if attention_mask is not None and not bool(attention_mask[index, :seen].all()):
                raise ValueError("padding must stand at the end of a sequence")
            logits = torch.zeros(len(ids), self.composite.config.vocabulary)
            if seen:
                logits[:seen] = self.composite.logits(ids[:seen])
            rows.append(logits)
        return CausalLMOutput(logits=torch.stack(rows))


def register() -> None:
    """Make transformers' Auto classes read folders of V4.1. May be called again."""
    AutoConfig.register(MODEL_TYPE, CompositeHFConfig, exist_ok=True)
    AutoModelForCausalLM.register(CompositeHFConfig, CompositeForCausalLM, exist_ok=True)
