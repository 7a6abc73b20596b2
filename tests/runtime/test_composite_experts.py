"""Routing and experts against a plain loop over tokens in float64."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from model_runtime.blocks.experts import RoutedExpertsBlock
from model_runtime.composite.config import RoutedExperts
from model_runtime.composite.weights import DictWeights

HIDDEN, WIDTH, VOCABULARY = 24, 16, 50


def tensors(config: RoutedExperts, seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    made = {"gate.weight": random(config.count, HIDDEN) * 0.3}
    if config.kind == "hash_experts":
        made["gate.tid2eid"] = torch.stack(
            [torch.randperm(config.count, generator=generator)[: config.top_k] for _ in range(VOCABULARY)]
        )
    else:
        made["gate.bias"] = random(config.count) * 0.2
    for name, width in [(f"experts.{e}", WIDTH) for e in range(config.count)] + [
        ("shared_experts", WIDTH * config.shared)
    ]:
        made[f"{name}.w1.weight"] = random(width, HIDDEN) * 0.4
        made[f"{name}.w3.weight"] = random(width, HIDDEN) * 0.4
        made[f"{name}.w2.weight"] = random(HIDDEN, width) * 0.4
    return made


def plain(config: RoutedExperts, made: dict[str, Tensor], x: Tensor, token: int) -> Tensor:
    """One token [D] in float64, written from the equations."""
    wide = {name: tensor.double() for name, tensor in made.items()}

    def feed_forward(name: str) -> Tensor:
        first, second = wide[f"{name}.w1.weight"] @ x, wide[f"{name}.w3.weight"] @ x
        if config.limit is not None:
            first, second = first.clamp(max=config.limit), second.clamp(-config.limit, config.limit)
        return wide[f"{name}.w2.weight"] @ (first * first.sigmoid() * second)

    logits = (wide["gate.weight"] @ x).tolist()
    if config.score == "softmax":
        scores = [math.exp(z) / sum(map(math.exp, logits)) for z in logits]
    elif config.score == "sigmoid":
        scores = [1 / (1 + math.exp(-z)) for z in logits]
    else:
        scores = [math.sqrt(math.log1p(math.exp(z))) for z in logits]
    if config.kind == "hash_experts":
        chosen = made["gate.tid2eid"][token].tolist()
    else:
        biased = [s + b for s, b in zip(scores, wide["gate.bias"].tolist(), strict=True)]
        size = config.count // config.groups
        groups = [list(range(g * size, (g + 1) * size)) for g in range(config.groups)]
        groups.sort(key=lambda group: -sum(sorted((biased[e] for e in group), reverse=True)[:2]))
        opened = [e for group in groups[: config.top_groups] for e in group]
        chosen = sorted(opened, key=lambda e: -biased[e])[: config.top_k]
    total = sum(scores[e] for e in chosen) if config.normalise else 1.0
    result = sum((config.scale * scores[e] / total * feed_forward(f"experts.{e}") for e in chosen), torch.zeros(HIDDEN))
    return result + (feed_forward("shared_experts") if config.shared else 0)


CASES = {
    "v4": RoutedExperts("experts", 12, 1, 6, WIDTH, "sqrtsoftplus", 1.5, limit=0.7),
    "top 16": RoutedExperts("experts", 32, 1, 16, WIDTH, "sqrtsoftplus", 2.5, limit=10.0),
    "v3.2 groups": RoutedExperts("experts", 16, 2, 3, WIDTH, "sigmoid", 2.5, groups=4, top_groups=2),
    "softmax": RoutedExperts("experts", 8, 0, 2, WIDTH, "softmax", 1.0, normalise=False),
    "hash": RoutedExperts("hash_experts", 8, 1, 3, WIDTH, "sqrtsoftplus", 1.5, limit=0.7),
    "all": RoutedExperts("experts", 4, 1, 4, WIDTH, "sigmoid", 1.0),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_the_equations(name: str, seed: int) -> None:
    config = CASES[name]
    made = tensors(config, seed)
    generator = torch.Generator().manual_seed(1000 + seed)
    x = torch.randn(23, HIDDEN, generator=generator)
    ids = torch.randint(VOCABULARY, (23,), generator=generator)
    result = RoutedExpertsBlock(config, DictWeights(made))(x, ids)
    expected = torch.stack([plain(config, made, row, int(t)) for row, t in zip(x.double(), ids, strict=True)])
    assert (result - expected).abs().max() <= 2e-5 * expected.abs().max()


def test_asks_only_for_the_experts_that_tokens_need() -> None:
    config = CASES["top 16"]
    asked: list[int] = []

    class Watched(DictWeights):
        def expert(self, number: int) -> DictWeights:
            asked.append(number)
            return DictWeights.at(self, f"experts.{number}")

    block = RoutedExpertsBlock(config, Watched(tensors(config, 0)))
    assert asked == []
    block(torch.randn(1, HIDDEN, generator=torch.Generator().manual_seed(0)), torch.tensor([3]))
    assert len(asked) == 16
    assert asked == sorted(set(asked))


def test_a_token_does_not_depend_on_its_company() -> None:
    config = CASES["v4"]
    block = RoutedExpertsBlock(config, DictWeights(tensors(config, 0)))
    x = torch.randn(40, HIDDEN, generator=torch.Generator().manual_seed(0))
    ids = torch.zeros(40, dtype=torch.int64)
    alone = torch.cat([block(x[i : i + 1], ids[:1]) for i in range(40)])
    assert (block(x, ids) - alone).abs().max() < 1e-5
