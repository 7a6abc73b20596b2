"""Folders of V4.1 through transformers' Auto classes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmarks import v41_oracle
from model_runtime import load_model
from model_runtime.checkpoints.write_folder import plain_entries, write_checkpoint

transformers = pytest.importorskip("transformers")


def test_auto_classes_read_what_we_write(tmp_path: Path) -> None:
    from model_runtime.transformers_model import register

    config = v41_oracle.random_config(1)
    write_checkpoint(tmp_path / "made", config, plain_entries(v41_oracle.random_tensors(config, 0)))
    register()
    register()
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "made")
    ids = torch.tensor([[3, 1, 4, 1, 5], [9, 2, 6, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    found = model(ids, attention_mask=mask).logits
    ours = load_model(tmp_path / "made")
    assert torch.equal(found[0], ours.logits([3, 1, 4, 1, 5]))
    assert torch.equal(found[1, :3], ours.logits([9, 2, 6]))
    assert found[1, 3:].eq(0).all()
    with pytest.raises(ValueError, match="at the end"):
        model(ids, attention_mask=mask.flip(-1))
