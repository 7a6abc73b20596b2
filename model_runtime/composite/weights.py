"""What a block sees of a checkpoint: tensors by name under a prefix, and matrices as functions.

Names are DeepSeek's own (layers.3.attn.wq_a.weight). Where the bytes lie (tensors in memory, a memory-mapped file,
packed codes, experts on disk) is the view's own matter, so blocks ask for an expert only when a token needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, Self

import torch
from torch import Tensor
from torch.nn import functional as F

Linear = Callable[[Tensor], Tensor]
"""x [..., inputs] -> [..., outputs], in the dtype of x."""


class MissingWeight(RuntimeError):
    """The checkpoint has no tensor of a name that its config calls for."""


class Weights(Protocol):
    """A view of a checkpoint under a prefix. Raises MissingWeight for names that are not there."""

    def at(self, prefix: str) -> Self:
        """The view of what lies under `prefix` ("layers.3", "attn")."""
        ...

    def has(self, name: str) -> bool: ...

    def tensor(self, name: str) -> Tensor:
        """A small tensor (norm, bias, sink, table of positions) by its full name, as stored."""
        ...

    def rows(self, name: str, ids: Tensor) -> Tensor:
        """Rows `ids` [n] of a table ("embed.weight", "gate.tid2eid"): [n, ...]; only those are read."""
        ...

    def linear(self, name: str) -> Linear:
        """The matrix `name`.weight [outputs, inputs] as a function."""
        ...

    def grouped(self, name: str, groups: int) -> Linear:
        """Block-diagonal matrix, `name`.weight [groups * outputs, inputs]: x [..., groups, inputs] ->
        [..., groups, outputs]."""
        ...

    def expect(self, numbers: Sequence[int]) -> None:
        """The experts that will be asked for next, in this order: those who read them from disk may read ahead."""
        ...

    def expert(self, number: int) -> Self:
        """The view of experts.`number` (matrices w1, w2, w3), asked for when a token is routed there."""
        ...


class DictWeights:
    """Weights over any mapping of tensors, such as a dict or a lazily read folder of shards."""

    def __init__(self, tensors: Mapping[str, Tensor], prefix: str = "") -> None:
        self._tensors = tensors
        self._prefix = prefix

    def at(self, prefix: str) -> Self:
        return type(self)(self._tensors, f"{self._prefix}{prefix}.")

    def has(self, name: str) -> bool:
        return self._prefix + name in self._tensors

    def tensor(self, name: str) -> Tensor:
        try:
            return self._tensors[self._prefix + name]
        except KeyError:
            raise MissingWeight(f"the checkpoint has no tensor {self._prefix}{name}") from None

    def rows(self, name: str, ids: Tensor) -> Tensor:
        read: Callable[[str, Tensor], Tensor] | None = getattr(self._tensors, "rows", None)
        return self.tensor(name)[ids] if read is None else read(self._prefix + name, ids)

    def linear(self, name: str) -> Linear:
        weight = self.tensor(f"{name}.weight")
        return lambda x: F.linear(x, weight.to(x.dtype))

    def grouped(self, name: str, groups: int) -> Linear:
        weight = self.tensor(f"{name}.weight")
        blocks = weight.view(groups, -1, weight.shape[-1])
        return lambda x: torch.einsum("...gi,goi->...go", x, blocks.to(x.dtype))

    def expect(self, numbers: Sequence[int]) -> None:
        """They are there already."""

    def expert(self, number: int) -> Self:
        return self.at(f"experts.{number}")
