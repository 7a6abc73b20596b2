"""The choice of the k best, against a plain sort of (score descending, index ascending)."""

from __future__ import annotations

import pytest
import torch

from model_runtime.blocks.selection import NOTHING, as_mask, top_k, top_k_mask


def by_sorting(row: list[float], k: int) -> list[int]:
    ranked = sorted((-score, index) for index, score in enumerate(row) if score > float("-inf"))
    chosen = sorted(index for _, index in ranked[:k])
    return chosen + [NOTHING] * (min(k, len(row)) - len(chosen))


@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_sorting_among_many_equals(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    n = int(torch.randint(1, 60, (), generator=generator))
    k = int(torch.randint(1, 20, (), generator=generator))
    scores = torch.randint(-2, 3, (13, n), generator=generator).float() * 0.5
    scores[torch.rand(13, n, generator=generator) < 0.3] = -torch.inf
    scores[0] = -torch.inf
    scores[1] = 0.0
    scores[1, ::2] = -0.0
    expected = torch.tensor([by_sorting(row, k) for row in scores.tolist()])
    assert torch.equal(top_k(scores, k), expected)
    assert torch.equal(top_k_mask(scores, k), as_mask(expected, n))


@pytest.mark.parametrize("k", [1, 16, 64])
def test_does_not_depend_on_masked_entries_that_follow(k: int) -> None:
    scores = torch.randn(8, 300, generator=torch.Generator().manual_seed(k)).relu()  # half of them are exactly zero
    chosen = top_k(scores, k)
    for longer in (301, 512, 5000):
        padded = torch.full((8, longer), -torch.inf)
        padded[:, :300] = scores
        assert torch.equal(top_k(padded, k), chosen)
    for row in range(8):
        assert torch.equal(top_k(scores[row], k), chosen[row])


def test_leading_dimensions_stay() -> None:
    scores = torch.randn(2, 3, 40, generator=torch.Generator().manual_seed(0))
    assert top_k(scores, 7).shape == (2, 3, 7)
    assert torch.equal(top_k(scores, 7).flatten(0, 1), top_k(scores.flatten(0, 1), 7))
    assert top_k_mask(scores, 7).sum(-1).eq(7).all()


def test_refuses_to_choose_none() -> None:
    with pytest.raises(ValueError, match="cannot select 0"):
        top_k(torch.zeros(3), 0)
