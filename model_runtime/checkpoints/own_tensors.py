"""A checkpoint folder as a mapping of own names to tensors, whatever its names and number formats are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from ..composite.config import CompositeConfig, from_hf
from ..composite.shapes import differences, tensor_shapes
from ..config import BadCheckpoint
from .block_formats import FP4_GROUP, FP8, decode, fp8_block, table_rows
from .names import Part, own_parts
from .safetensors_folder import SafetensorsFolder

#: types of numbers that mean nothing without their scales
CODES = (FP8, torch.int8, torch.uint8)


class OwnTensors(Mapping[str, Tensor]):
    """Plain tensors are views of the mapped file; FP8 and FP4 matrices are decoded to float32 each time they are asked
    for. Raises BadCheckpoint."""

    def __init__(self, folder: SafetensorsFolder) -> None:
        self.folder = folder
        try:
            self.parts = own_parts({name: stored.shape for name, stored in folder.tensors.items()})
        except ValueError as error:
            raise BadCheckpoint(f"{folder.path}: {error}") from None

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.parts if self._scaled(name) is None)

    def __contains__(self, name: object) -> bool:
        return name in self.parts

    def __getitem__(self, name: str) -> Tensor:
        """The numbers; of a quantised matrix in float32."""
        tensor = self.stored(name)
        scale = scale_name(name)
        return decode(tensor, self.stored(scale)) if scale in self.parts else tensor

    def rows(self, name: str, ids: Tensor) -> Tensor:
        """Rows `ids` [n] of a table, float32 where there are codes; of the mapped file, only those are read."""
        codes, scale = self.stored(name), scale_name(name)
        return table_rows(codes, self.stored(scale), ids) if scale in self.parts else codes[ids]

    def stored(self, name: str) -> Tensor:
        """The tensor as it stands in the file, codes as codes."""
        part = self.parts[name]
        tensor = self.folder.mapped(part.name)
        return tensor if part.matrix is None else tensor[part.matrix, part.first : part.last]

    def read(self, name: str, first: int = 0, last: int | None = None) -> Tensor:
        """A copy of rows first .. last as stored, read from the file and not mapped: leaves no pages behind."""
        part = self.parts[name]
        if part.matrix is None:
            return self.folder.load(part.name, first, last)
        last = part.last if last is None else part.first + last
        return self.folder.load(part.name, part.matrix, part.matrix + 1)[0, part.first + first : last]

    def read_numbers(self, name: str, first: int = 0, last: int | None = None) -> Tensor:
        """The same as numbers: float32 where there are codes; of FP8 only the blocks that hold the rows are decoded."""
        if (form := self.form(name)) not in ("fp4", "fp8"):
            return self.read(name, first, last)
        scale, rows = scale_name(name), self.shape(name)[0]
        last = rows if last is None else min(last, rows)
        side = fp8_block(self.shape(name), self.shape(scale)) if form == "fp8" else 1
        begin, end = first // side, -(-last // side)
        numbers = decode(self.read(name, begin * side, end * side), self.read(scale, begin, end))
        return numbers[first - begin * side : last - begin * side]

    def part(self, name: str) -> Part:
        return self.parts[name]

    def form(self, name: str) -> str:
        """How a tensor is stored: "fp8", "fp4", or the type of plain numbers ("bfloat16")."""
        dtype = self.folder.info(self.parts[name].name).dtype
        if scale_name(name) in self.parts:
            return "fp8" if dtype == FP8 else "fp4"
        return str(dtype).removeprefix("torch.")

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of the numbers."""
        part = self.parts[name]
        shape = self.folder.info(part.name).shape
        if part.matrix is not None:
            return (part.last - part.first, shape[2])
        return (shape[0], 2 * shape[1]) if self.form(name) == "fp4" else shape

    def nbytes(self, name: str) -> int:
        """Bytes in the file, with those of the scales."""
        part = self.parts[name]
        stored = self.folder.info(part.name)
        own = stored.nbytes
        if part.matrix is not None:
            own = own // (stored.shape[0] * stored.shape[1]) * (part.last - part.first)
        scale = scale_name(name)
        return own + (self.folder.info(self.parts[scale].name).nbytes if scale in self.parts else 0)

    def _scaled(self, name: str) -> str | None:
        """The matrix that `name` holds the scales of."""
        weight = f"{name.removesuffix('.scale')}.weight"
        return weight if name.endswith(".scale") and weight in self.parts else None


def scale_name(name: str) -> str:
    """Where the scales of a matrix stand: layers.0.attn.wq_a.weight -> layers.0.attn.wq_a.scale."""
    return f"{name.removesuffix('.weight')}.scale" if name.endswith(".weight") else ""


def open_checkpoint(path: Path) -> tuple[CompositeConfig, OwnTensors]:
    """The description and the tensors of a folder, checked against each other; reads no numbers.

    Raises BadCheckpoint when a tensor is missing or has another shape than config.json asks for, UnsupportedModel.
    """
    folder = SafetensorsFolder(path)
    config = from_hf(folder.config)
    tensors = OwnTensors(folder)
    shapes = {name: tensors.shape(name) for name in tensors}
    if wrong := next(iter(differences(tensor_shapes(config), shapes)), None):
        raise BadCheckpoint(f"{path} {wrong}")
    for name in shapes:
        if folder.info(tensors.part(name).name).dtype in CODES and scale_name(name) not in tensors:
            raise BadCheckpoint(f"{path} holds codes in {name} without their scales")
        if tensors.form(name) == "fp4" and shapes[name][1] % FP4_GROUP:
            raise BadCheckpoint(f"{path}: {name} has {shapes[name][1]} columns, no multiple of {FP4_GROUP}")
    return config, tensors
