"""Weights from the file that checkpoints.convert writes: matrices multiply on the native kernels, codes as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional as F

from ..checkpoints import repacked
from ..checkpoints.convert import PACKED
from ..kernels.native_matrix import Multiplier, PackedMatrix
from .weights import Linear, MissingWeight


class PackedWeights:
    """A view of packed weights, mapped from the file; see composite.weights.Weights."""

    def __init__(
        self, tensors: Mapping[str, Tensor], about: Mapping[str, Any], multiplier: Multiplier, prefix: str = ""
    ) -> None:
        self._tensors, self._about, self._multiplier, self._prefix = tensors, about, multiplier, prefix

    def at(self, prefix: str) -> Self:
        return type(self)(self._tensors, self._about, self._multiplier, f"{self._prefix}{prefix}.")

    def has(self, name: str) -> bool:
        return self._prefix + name in self._tensors or f"{self._prefix}{name}.0" in self._tensors

    def tensor(self, name: str) -> Tensor:
        try:
            return self._tensors[self._prefix + name]
        except KeyError:
            raise MissingWeight(f"the packed weights have no plain tensor {self._prefix}{name}") from None

    def rows(self, name: str, ids: Tensor) -> Tensor:
        return self.tensor(name)[ids]

    def linear(self, name: str) -> Linear:
        part = f"{self._prefix}{name}.weight.0"
        if part in self._tensors:
            return self._matrix(part)
        weight = self.tensor(f"{name}.weight")
        return lambda x: F.linear(x, weight.to(x.dtype))

    def grouped(self, name: str, groups: int) -> Linear:
        parts = [self._matrix(f"{self._prefix}{name}.weight.{index}") for index in range(groups)]
        return lambda x: torch.stack([part(x[..., index, :]) for index, part in enumerate(parts)], -2)

    def expert(self, number: int) -> Self:
        return self.at(f"experts.{number}")

    def _matrix(self, part: str) -> Linear:
        if part not in self._tensors:
            raise MissingWeight(f"the packed weights have no matrix {part}")
        entry = self._about[part]
        return PackedMatrix(self._multiplier, self._tensors[part], entry["format"], entry["outputs"], entry["inputs"])


def open_packed(folder: Path, threads: int) -> tuple[PackedWeights, dict[str, Any]]:
    """The weights of a packed folder, and the header of its file.

    Raises BadRepackedFile when it is damaged, NoNativeKernels where they cannot be had, OSError.
    """
    header, tensors = repacked.load(folder / PACKED)
    widest = max((entry["inputs"] for entry in header["tensors"].values() if "inputs" in entry), default=1)
    return PackedWeights(tensors, header["tensors"], Multiplier(widest, threads)), header
