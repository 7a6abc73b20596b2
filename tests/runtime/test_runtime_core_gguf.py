"""Reading GGUF files: block types, and files that are foreign, damaged or cut short."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch

from model_runtime.checkpoints.gguf import _DECODERS, GGUFFile
from model_runtime.gguf_metadata import BadGGUF

#: bytes in a block where a half-precision number stands: random bytes there would be infinite or no numbers
HALVES = {
    "Q4_0": (0,),
    "Q4_1": (0, 2),
    "Q5_0": (0,),
    "Q5_1": (0, 2),
    "Q8_0": (0,),
    "Q4_K": (0, 2),
    "Q5_K": (0, 2),
    "Q6_K": (208,),
}


def random_blocks(kind: str, rows: int, columns: int, seed: int = 0, scale: float = 0.02) -> np.ndarray:
    """uint8 [rows, bytes of a row]: any codes, small scales."""
    per_block, block_bytes = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]]
    random = np.random.default_rng(seed)
    blocks = random.integers(0, 256, (rows * columns // per_block, block_bytes), dtype=np.uint8)
    for at in HALVES[kind]:
        numbers = (random.uniform(0.2, 1.0, (len(blocks), 1)) * scale).astype(np.float16)
        blocks[:, at : at + 2] = numbers.view(np.uint8)
    return blocks.reshape(rows, -1)


@pytest.mark.parametrize("kind", sorted(HALVES))
def test_blocks_are_read_as_the_gguf_package_reads_them(kind: str) -> None:
    raw = random_blocks(kind, 24, 768, scale=1.0)
    wanted = gguf.dequantize(raw, gguf.GGMLQuantizationType[kind])
    found = _DECODERS[kind](torch.from_numpy(raw)).dequantize()
    assert np.array_equal(found.numpy(), wanted)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.gguf"
    writer: Any = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_tensor("plain", np.arange(96, dtype=np.float32).reshape(3, 32))
    writer.add_tensor("half", np.ones((2, 8), dtype=np.float16))
    writer.add_tensor("coded", random_blocks("Q8_0", 4, 64), raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_tensors_and_slices_of_rows(small: Path) -> None:
    file = GGUFFile(small)
    assert file.metadata["llama.block_count"] == 1
    assert torch.equal(file.load("plain"), torch.arange(96.0).view(3, 32))
    assert torch.equal(file.load("plain", 1, 2), torch.arange(32.0, 64.0).view(1, 32))
    assert torch.equal(file.load("half"), torch.ones(2, 8))
    assert torch.equal(file.load("coded", 1, 3), file.load("coded")[1:3])
    assert file.groups("plain") is None and file.groups("coded") is not None
    with pytest.raises(BadGGUF, match="missing is missing"):
        file.load("missing")


def test_every_cut_is_refused(small: Path) -> None:
    whole = small.read_bytes()
    for length in [*range(0, 200, 7), len(whole) // 2, len(whole) - 33]:
        small.write_bytes(whole[:length])
        with pytest.raises((BadGGUF, ValueError)):
            GGUFFile(small)


def test_damaged_heads_never_crash(small: Path) -> None:
    whole = bytearray(small.read_bytes())
    random = np.random.default_rng(1)
    for _ in range(200):
        damaged = bytearray(whole)
        for at in random.integers(0, 300, 3):
            damaged[at] = int(random.integers(0, 256))
        small.write_bytes(damaged)
        try:
            GGUFFile(small)
        except BadGGUF as error:
            assert "\n" not in str(error)


def test_a_foreign_file(tmp_path: Path) -> None:
    path = tmp_path / "picture.gguf"
    path.write_bytes(b"\x89PNG\r\n" * 100)
    with pytest.raises(BadGGUF, match="not a GGUF file"):
        GGUFFile(path)


def test_an_unsupported_block_type(tmp_path: Path) -> None:
    path = tmp_path / "iq.gguf"
    writer: Any = gguf.GGUFWriter(path, "llama")
    writer.add_tensor("w", np.zeros((4, 66), dtype=np.uint8), raw_dtype=gguf.GGMLQuantizationType.IQ2_XXS)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(BadGGUF, match="type 16, which is not supported"):
        GGUFFile(path)
