"""Weights from the file that checkpoints.convert writes: matrices multiply on the native kernels, codes as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional as F

from ..checkpoints import repacked
from ..checkpoints.block_formats import table_rows
from ..checkpoints.convert import PACKED
from ..checkpoints.own_tensors import scale_name
from ..kernels.native_matrix import Multiplier, PackedMatrix
from .expert_cache import ExpertCache
from .weights import Linear, MissingWeight


class PackedWeights:
    """A view of packed weights, mapped from the file; see composite.weights.Weights."""

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        about: Mapping[str, Any],
        multiplier: Multiplier,
        experts: ExpertCache,
        prefix: str = "",
    ) -> None:
        """`about`: the entries of the file's header. `tensors`: all but the experts, which `experts` reads."""
        self._tensors, self._about, self._multiplier = tensors, about, multiplier
        self.experts = experts
        self._prefix = prefix

    def at(self, prefix: str) -> Self:
        return self._view(self._tensors, f"{self._prefix}{prefix}.")

    def _view(self, tensors: Mapping[str, Tensor], prefix: str) -> Self:
        return type(self)(tensors, self._about, self._multiplier, self.experts, prefix)

    def has(self, name: str) -> bool:
        return self._prefix + name in self._tensors or f"{self._prefix}{name}.0" in self._tensors

    def tensor(self, name: str) -> Tensor:
        try:
            return self._tensors[self._prefix + name]
        except KeyError:
            raise MissingWeight(f"the packed weights have no plain tensor {self._prefix}{name}") from None

    def rows(self, name: str, ids: Tensor) -> Tensor:
        table = self.tensor(name)
        scale = self._tensors.get(self._prefix + scale_name(name))
        return table[ids] if scale is None else table_rows(table, scale, ids)

    def linear(self, name: str) -> Linear:
        part = f"{self._prefix}{name}.weight.0"
        if part in self._tensors:
            return self._matrix(part)
        weight = self.tensor(f"{name}.weight")
        return lambda x: F.linear(x, weight.to(x.dtype))

    def grouped(self, name: str, groups: int) -> Linear:
        parts = [self._matrix(f"{self._prefix}{name}.weight.{index}") for index in range(groups)]
        return lambda x: torch.stack([part(x[..., index, :]) for index, part in enumerate(parts)], -2)

    def expect(self, numbers: Sequence[int]) -> None:
        self.experts.announce([f"{self._prefix}experts.{number}." for number in numbers])

    def expert(self, number: int) -> Self:
        prefix = f"{self._prefix}experts.{number}."
        try:
            return self._view(self.experts.get(prefix), prefix)
        except KeyError:
            raise MissingWeight(f"the packed weights have no expert {prefix}") from None

    def _matrix(self, part: str) -> Linear:
        if part not in self._tensors:
            raise MissingWeight(f"the packed weights have no matrix {part}")
        entry = self._about[part]
        return PackedMatrix(self._multiplier, self._tensors[part], entry["format"], entry["outputs"], entry["inputs"])


def open_packed(folder: Path, threads: int) -> tuple[PackedWeights, dict[str, Any]]:
    """The weights of a packed folder, and the header of its file. `experts.most_bytes` is 0: the caller says more.

    Raises BadRepackedFile when it is damaged, NoNativeKernels where they cannot be had, OSError.
    """
    header, tensors = repacked.load(folder / PACKED, lambda name: ".experts." not in name)
    widest = max((entry["inputs"] for entry in header["tensors"].values() if "inputs" in entry), default=1)
    experts = ExpertCache(folder / PACKED, header["tensors"], 0)
    return PackedWeights(tensors, header["tensors"], Multiplier(widest, threads), experts), header
