"""FP8, FP4 and E8M0 against their definitions, code by code, and round trips."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch

from model_runtime.checkpoints.block_formats import (
    E8M0,
    FP8,
    decode,
    decode_fp4,
    decode_fp8,
    encode_fp4,
    encode_fp8,
    fp4_codes,
    fp8_block,
    scale_values,
)
from model_runtime.config import BadCheckpoint


def e4m3(code: int) -> Fraction | None:
    """The number of a code by its definition: bias 7, no infinities, all ones is not a number."""
    sign, exponent, mantissa = -1 if code & 128 else 1, code >> 3 & 15, code & 7
    if exponent == 15 and mantissa == 7:
        return None
    if exponent == 0:
        return sign * Fraction(mantissa, 8) / 64
    return sign * (1 + Fraction(mantissa, 8)) * Fraction(2) ** (exponent - 7)


def e2m1(code: int) -> Fraction:
    sign, exponent, mantissa = -1 if code & 8 else 1, code >> 1 & 3, code & 1
    return sign * (Fraction(mantissa, 2) if exponent == 0 else (1 + Fraction(mantissa, 2)) * 2 ** (exponent - 1))


def test_every_scale() -> None:
    found = scale_values(torch.arange(256, dtype=torch.uint8).view(E8M0)).tolist()
    assert [Fraction(value) for value in found[:255]] == [Fraction(2) ** (code - 127) for code in range(255)]
    assert math.isnan(found[255])


@pytest.mark.parametrize("scale_code", [0, 1, 100, 127, 135, 245])
def test_every_fp8_code(scale_code: int) -> None:
    codes = torch.arange(256, dtype=torch.uint8).view(2, 128).view(FP8)
    found = decode_fp8(codes, torch.full((1, 1), scale_code, dtype=torch.uint8).view(E8M0)).flatten().tolist()
    for code, value in enumerate(found):
        expected = e4m3(code)
        if expected is None:
            assert math.isnan(value)
        elif scale_code >= 10:
            assert Fraction(value) == expected * Fraction(2) ** (scale_code - 127)
        else:  # products below the subnormal numbers of float32 are rounded
            assert value == pytest.approx(float(expected * Fraction(2) ** (scale_code - 127)), abs=2**-149)


@pytest.mark.parametrize("scale_code", range(1, 252))
def test_every_fp4_code(scale_code: int) -> None:
    """Each byte holds the even column in its low half."""
    packed = torch.arange(256, dtype=torch.uint8).view(16, 16).view(torch.int8)
    found = decode_fp4(packed, torch.full((16, 1), scale_code, dtype=torch.uint8).view(E8M0)).flatten().tolist()
    factor = Fraction(2) ** (scale_code - 127)
    for byte in range(256):
        assert Fraction(found[2 * byte]) == e2m1(byte & 15) * factor
        assert Fraction(found[2 * byte + 1]) == e2m1(byte >> 4) * factor
    assert fp4_codes(packed).flatten().tolist() == [half for byte in range(256) for half in (byte & 15, byte >> 4)]


def test_scales_that_are_not_numbers() -> None:
    broken = torch.full((1, 1), 255, dtype=torch.uint8).view(E8M0)
    assert decode_fp4(torch.ones(1, 16, dtype=torch.int8), broken).isnan().all()
    assert decode_fp8(torch.ones(4, 4).to(FP8), broken).isnan().all()


@pytest.mark.parametrize(("side", "power"), [(128, True), (128, False), (32, True), (32, False)])
@pytest.mark.parametrize("shape", [(128, 256), (200, 300), (1, 1), (31, 33), (260, 128)])
def test_fp8_blocks_and_round_trips(side: int, power: bool, shape: tuple[int, int]) -> None:
    weight = torch.randn(*shape, generator=torch.Generator().manual_seed(0)) * 0.03
    weight *= torch.logspace(-2, 2, shape[1])
    codes, scale = encode_fp8(weight, side, power)
    assert codes.dtype == FP8 and scale.dtype == (E8M0 if power else torch.float32)
    assert scale.shape == (-(-shape[0] // side), -(-shape[1] // side))
    decoded = decode(codes, scale)
    for row in range(0, shape[0], max(1, shape[0] // 7)):
        for column in range(0, shape[1], max(1, shape[1] // 9)):
            factor = scale_values(scale)[row // side, column // side]
            assert decoded[row, column] == codes[row, column].float() * factor
    block_most = torch.nn.functional.max_pool2d(weight.abs()[None, None], side, ceil_mode=True)[0, 0]
    bound = block_most.repeat_interleave(side, 0).repeat_interleave(side, 1)[: shape[0], : shape[1]]
    assert ((decoded - weight).abs() <= torch.maximum(weight.abs() / 15, bound / 2**16)).all()
    if power:
        again = decode(*encode_fp8(decoded, side))
        assert torch.equal(again, decoded)


def test_fp4_round_trips() -> None:
    weight = torch.randn(48, 96, generator=torch.Generator().manual_seed(1)) * torch.logspace(-3, 3, 48)[:, None]
    weight[3, :32] = 0
    codes, scale = encode_fp4(weight)
    assert codes.shape == (48, 48) and scale.shape == (48, 3)
    decoded = decode(codes, scale)
    most = weight.unflatten(1, (-1, 32)).abs().amax(-1).repeat_interleave(32, 1)
    assert ((decoded - weight).abs() <= most / 3).all()
    assert torch.equal(decode(*encode_fp4(decoded)), decoded)


def test_fp4_rounds_to_the_nearest_and_ties_to_even() -> None:
    values = torch.linspace(-6, 6, 32 * 75 + 1)[:-1].view(-1, 32)
    values[:, 0] = 6.0  # fixes the scale at one
    values[0, 1:15] = torch.tensor(
        [0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0, -0.25, -0.75, -1.25, -1.75, -2.5, -3.5, -5.0]
    )
    codes, scale = encode_fp4(values)
    assert scale_values(scale).eq(1).all()
    table = [(e2m1(code), code) for code in range(16)]
    for value, code in zip(values.flatten().tolist(), fp4_codes(codes).flatten().tolist(), strict=True):
        nearest = min((abs(number - Fraction(value)), choice & 1) for number, choice in table)
        assert (abs(e2m1(code) - Fraction(value)), code & 1) == nearest


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadCheckpoint, match="do not fit"):
        fp8_block((256, 256), (3, 2))
    with pytest.raises(BadCheckpoint, match="do not fit"):
        decode_fp4(torch.zeros(4, 16, dtype=torch.int8), torch.zeros(4, 2, dtype=torch.uint8))
    with pytest.raises(BadCheckpoint, match="scales for numbers of type bfloat16"):
        decode(torch.zeros(4, 4, dtype=torch.bfloat16), torch.ones(1, 1))
