"""One row of logits to one token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor


class Sampler:
    """Greedy at temperature 0 (the lowest id wins a tie), else nucleus sampling with a generator of its own."""

    def __init__(self, temperature: float = 0.0, top_p: float = 1.0, seed: int = 0) -> None:
        if temperature < 0 or not 0 < top_p <= 1:
            raise ValueError("temperature must be at least 0 and top_p in (0, 1]")
        self.temperature = temperature
        self.top_p = top_p
        self._random = torch.Generator().manual_seed(seed)

    def choose(self, logits: Tensor) -> int:
        """The token for float32 logits [vocabulary]; entries of -inf are never chosen."""
        if self.temperature == 0:
            return int(logits.numpy().argmax())  # one thread: see Matcher.mask
        # a temperature near 0 would overflow the division: shifted by the maximum, the largest is exactly 0
        probabilities = torch.softmax((logits - logits.max()) / self.temperature, dim=-1)
        if self.top_p < 1:
            values, order = probabilities.sort(descending=True, stable=True)
            # a token stays when those before it do not yet hold the mass
            values[values.cumsum(0) - values >= self.top_p] = 0
            return int(order[torch.multinomial(values, 1, generator=self._random)])
        return int(torch.multinomial(probabilities, 1, generator=self._random))
