"""The native kernels against plain float64: packed matrices of every format, with activations rounded as they do."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
import torch

from model_runtime.checkpoints.gguf import Groups
from model_runtime.config import DecoderConfig
from model_runtime.kernels import blocks16, build
from model_runtime.kernels.native_decoder import NativeDecoder

pytestmark = pytest.mark.skipif(build.why_not() is not None, reason=f"no native kernels here: {build.why_not()}")


def rounded(x: torch.Tensor) -> torch.Tensor:
    """Activations after rounding to 8 bits in groups of 32, float64."""
    padded = torch.nn.functional.pad(x, (0, -x.shape[1] % 32))
    grouped = padded.unflatten(1, (-1, 32))
    most = grouped.abs().amax(-1, keepdim=True)
    codes = torch.round(grouped * (127.0 / most))
    return (codes.double() * (most / 127.0).double()).flatten(1)[:, : x.shape[1]]


def codes(form: blocks16.Format, rows: int, columns: int) -> Groups:
    """Random codes of a format, at both ends of their range too."""
    random = torch.Generator().manual_seed(form.number)
    low = -form.zero
    high = 2**form.bits - 1 - form.zero
    values = torch.randint(low, high + 1, (rows, columns), generator=random)
    values[0], values[1] = low, high
    size = 16 if form.halves else 32
    scale = torch.rand(rows, columns // size, generator=random).half().float() + 0.25
    offset = -torch.rand(rows, columns // size, generator=random).half().float() * form.minimum
    return Groups(values.to(torch.int8), scale, offset, size)


def head(groups: Groups, form: blocks16.Format, threads: int) -> NativeDecoder:
    """A decoder without layers: only its output matrix is used."""
    outputs, inputs = groups.codes.shape
    config = DecoderConfig("qwen2", "head", 0, inputs, 16, 1, 1, 16, outputs, 32, 1e4, 1.0, 0.0, False)
    tensors = {"head.0": blocks16.blocks(groups, form), "norm": torch.ones(inputs)}
    about = {"head.0": {"format": form.number, "outputs": outputs, "inputs": inputs}}
    return NativeDecoder(config, tensors, about, threads)


@pytest.mark.parametrize("form", blocks16.FORMATS, ids=lambda form: f"{form.bits} bits, format {form.number}")
@pytest.mark.parametrize(("outputs", "inputs", "rows"), [(48, 64, 1), (70, 256, 3), (333, 96, 8), (64, 1024, 21)])
def test_a_packed_matrix(form: blocks16.Format, outputs: int, inputs: int, rows: int) -> None:
    groups = codes(form, outputs, inputs)
    x = torch.randn(rows, inputs, generator=torch.Generator().manual_seed(1))
    x = x / x.pow(2).mean(1, keepdim=True).sqrt()  # what the norm before the head leaves as it is
    decoder, y = head(groups, form, 2), torch.empty(rows, outputs)
    decoder._library.v4_head(decoder._started(), ctypes.byref(decoder._model), x.data_ptr(), rows, y.data_ptr())
    wanted = rounded(x) @ groups.dequantize().double().t()
    # the norm's last bit may move a code that lies at a half: no more than a few of a row
    close = (y.double() - wanted).abs() < 1e-4 * wanted.abs().amax()
    assert close.double().mean() > 0.5 and float((y - wanted).abs().max() / wanted.abs().max()) < 0.02
    alone = torch.empty(1, outputs)
    for row in range(rows):
        decoder._library.v4_head(
            decoder._started(), ctypes.byref(decoder._model), x[row].data_ptr(), 1, alone.data_ptr()
        )
        assert torch.equal(alone[0], y[row])


def test_four_bit_rounding_keeps_the_error_small() -> None:
    weight = torch.from_numpy(np.random.default_rng(0).normal(size=(64, 256)).astype(np.float32))
    error = (blocks16.to_int4(weight).dequantize() - weight).pow(2).mean().sqrt()
    assert float(error) < 0.09  # of a standard deviation of 1
    exact = (blocks16.to_int8(weight).dequantize() - weight).pow(2).mean().sqrt()
    assert float(exact) < 0.006


def test_the_reason_for_going_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V4_NATIVE", "0")
    build.library.cache_clear()
    try:
        assert build.why_not() == "switched off by V4_NATIVE"
        monkeypatch.delenv("V4_NATIVE")
        monkeypatch.setenv("CC", "no-such-compiler")
        build.library.cache_clear()
        assert build.why_not() == "there is no C compiler (cc, gcc or clang)"
    finally:
        build.library.cache_clear()


def test_a_failing_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("V4_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("CC", "false")
    build.library.cache_clear()
    try:
        assert "false failed" in str(build.why_not())
    finally:
        build.library.cache_clear()
