"""V4's multi-token prediction block, and speculation with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.v4_oracle import decided, random_config, random_tensors, relative, transformers_model
from model_runtime.composite.cache import SPARE
from model_runtime.composite.config import from_hf
from model_runtime.composite.decoder import CompositeDecoder
from model_runtime.composite.drafting import Drafts, NextTokenBlock
from model_runtime.composite.session import CompositeSession, restore_session
from model_runtime.composite.weights import DictWeights, MissingWeight
from model_runtime.config import UnsupportedModel


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def _model(seed: int) -> tuple[dict[str, Any], dict[str, Tensor], CompositeDecoder]:
    config = random_config(seed, num_nextn_predict_layers=1)
    tensors = random_tensors(config, seed)
    return config, tensors, CompositeDecoder(from_hf(config), DictWeights(tensors))


def _rms(x: Tensor, weight: Tensor) -> Tensor:
    return x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt() * weight


@pytest.mark.parametrize("seed", [0, 1])
def test_the_block_agrees_with_one_put_together_from_transformers_layers(seed: int, tmp_path: Path) -> None:
    config, tensors, decoder = _model(seed)
    # the block as a model of one layer: its layer, its collapse, its norm, the shared head
    alone = {name: tensor for name, tensor in tensors.items() if name in ("embed.weight", "head.weight")}
    for name, tensor in tensors.items():
        if name.startswith("mtp.0.") and not any(
            part in name for part in ("enorm", "hnorm", "_proj", ".norm.", "hc_head")
        ):
            alone[name.replace("mtp.0", "layers.0")] = tensor
        elif name.startswith(("mtp.0.norm.", "mtp.0.hc_head")):
            alone[name.removeprefix("mtp.0.")] = tensor
    one = {**config, "num_hidden_layers": 1, "layer_types": ["sliding_attention"], "num_hash_layers": 0}
    model = transformers_model(tmp_path, {**one, "num_nextn_predict_layers": 0}, alone)

    ids = decided(decoder, 30, seed)
    block, cache = NextTokenBlock(decoder), decoder.new_cache()
    with torch.inference_mode():
        streams = decoder.states(torch.tensor(ids), [(cache, len(ids))])[:-1]
        ahead = F.linear(
            _rms(tensors["embed.weight"][ids[1:]], tensors["mtp.0.enorm.weight"]), tensors["mtp.0.e_proj.weight"]
        )
        inputs = F.linear(_rms(streams, tensors["mtp.0.hnorm.weight"]), tensors["mtp.0.h_proj.weight"]) + ahead[:, None]

        def begin(module: Any, args: Any, kwargs: Any) -> Any:
            return (inputs[None], *args[1:]), kwargs

        model.model.layers[0].register_forward_pre_hook(begin, with_kwargs=True)
        expected = model(torch.tensor([ids[1:]]), use_cache=False).logits[0]
        states = block.states(streams, torch.tensor(ids[1:]), block.stack.new_cache(torch.float32))
        found = block.logits(states)
    assert relative(found, expected) < 2e-5


@pytest.mark.parametrize("seed", [2])
def test_drafts_are_those_of_a_block_that_reads_the_text_at_once(seed: int) -> None:
    _, _, decoder = _model(seed)
    ids = decided(decoder, 60, seed)
    block = NextTokenBlock(decoder)
    session = CompositeSession(decoder, "m", block)
    wrong = [(token + 1) % decoder.config.vocabulary for token in ids]
    session.extend(ids[:33])
    session.extend(ids[33:34])
    session.extend([*ids[34:37], *wrong[37:45]])
    session.truncate(37)
    session.extend(ids[37:59])

    fresh = Drafts(block)
    with torch.inference_mode():
        states = decoder.states(torch.tensor(ids[:59]), [(decoder.new_cache(), 59)])
        fresh.read(torch.tensor(ids[:59]), states)
        expected = block.logits(block.states(states[-1:], torch.tensor(ids[59:]), fresh.cache))
    fresh.cache.truncate(58)
    assert session.drafts is not None
    assert session.drafts.draft(ids[59:], 1) == [int(expected.argmax())]
    several = session.drafts.draft(ids[59:], 5)
    assert len(several) == 5 and several == fresh.draft(ids[59:], 5)
    assert session.drafts.cache.length == 58  # drafting leaves no trace
    assert session.drafts.draft(ids, SPARE) == []


def test_speculation_with_the_block_writes_the_same_text() -> None:
    """Greedy tokens with drafts are those without: each token is checked before it counts."""
    _, _, decoder = _model(5)
    prompt = decided(decoder, 20, 5)
    plain, session = CompositeSession(decoder, "m"), CompositeSession(decoder, "m", NextTokenBlock(decoder))
    expected, row = [], plain.extend(prompt)
    for _ in range(40):
        expected.append(int(row.argmax()))
        row = plain.extend(expected[-1:])
    lookup = session.drafter(3)
    assert lookup is not None and plain.drafter(3) is None
    lookup.feed(prompt)
    found = [int(session.extend(prompt).argmax())]
    accepted = 0
    while len(found) < 40:
        lookup.feed(found[-1:])
        draft = lookup.draft(3)
        rows = session.extend([found[-1], *draft], all_logits=True).argmax(-1).tolist()
        good = 0
        while good < len(draft) and draft[good] == rows[good]:
            good += 1
        session.truncate(len(session.ids) - len(draft) + good)
        lookup.feed(draft[:good])
        accepted += good
        found += [*draft[:good], rows[good]]
    assert found[:40] == expected


def test_going_far_back_and_restoring_start_drafts_anew(tmp_path: Path) -> None:
    _, _, decoder = _model(6)
    ids = decided(decoder, 120, 6)
    block = NextTokenBlock(decoder)
    session = CompositeSession(decoder, "m", block)
    session.extend(ids[:60])
    session.extend(ids[60:])
    session.truncate(30)
    again = CompositeSession(decoder, "m", block)
    again.extend(ids[:30])
    session.save(tmp_path / "saved")
    restored = restore_session(tmp_path / "saved", decoder, "m", block)
    for one in (session, again, restored):
        one.extend(ids[30:100])
    assert session.drafts and again.drafts and restored.drafts
    assert session.drafts.draft(ids[100:101], 3) == again.drafts.draft(ids[100:101], 3)
    assert len(restored.drafts.draft(ids[100:101], 3)) == 3
    restored.truncate(0)
    assert restored.drafts.draft(ids[:1], 3) == []


def test_a_checkpoint_without_the_block_has_no_drafts() -> None:
    config, tensors, decoder = _model(3)
    assert NextTokenBlock.of(decoder) is not None
    without = {name: tensor for name, tensor in tensors.items() if not name.startswith("mtp.")}
    announced = CompositeDecoder(from_hf(config), DictWeights(without))
    assert NextTokenBlock.of(announced) is None
    with pytest.raises(MissingWeight, match=r"mtp\.0"):
        NextTokenBlock(announced)
    plain = CompositeDecoder(from_hf({**config, "num_nextn_predict_layers": 0}), DictWeights(without))
    with pytest.raises(UnsupportedModel, match="no multi-token prediction block"):
        NextTokenBlock(plain)
