"""The real 0.5B weights against transformers, on the source of a module of the standard library.

The oracle is built from the tensors that this package dequantises. All its parameters and its logits were found equal,
bit for bit, to those of transformers' own loading of the same file (`from_pretrained(..., gguf_file=...,
quantization_config=GgufConfig(dequantize=True))`), which takes half a minute.
"""

from __future__ import annotations

import inspect
import json.decoder
from pathlib import Path
from typing import Any

import pytest
import torch

from model_runtime import load_model
from model_runtime.catalog import ModelNotFound, locate
from model_runtime.checkpoints import prepare as prepare_module
from model_runtime.kernels import build

pytestmark = pytest.mark.model
NAME = "qwen2.5-coder-0.5b"
TOKENS = 256


@pytest.fixture(scope="module")
def weights() -> Path:
    try:
        return locate(NAME)
    except ModelNotFound as error:
        pytest.fail(f"these tests need the small model: {error}")


@pytest.fixture(scope="module")
def model(weights: Path) -> Any:
    return load_model(NAME)


@pytest.fixture(scope="module")
def ids(model: Any) -> list[int]:
    found: list[int] = model.tokenizer.encode(inspect.getsource(json.decoder))[:TOKENS]
    return found


@pytest.fixture(scope="module")
def wanted(weights: Path, ids: list[int]) -> torch.Tensor:
    """float32 [TOKENS, vocabulary] of the oracle."""
    from model_runtime.oracle import transformers_model

    with torch.inference_mode():
        logits: torch.Tensor = transformers_model(weights, torch.float32)(torch.tensor([ids])).logits[0]
    return logits


def compare(found: torch.Tensor, wanted: torch.Tensor) -> tuple[float, float, float]:
    """Share of positions with the same most likely token, root mean square error of the logits in their standard
    deviations, mean Kullback-Leibler divergence in nats."""
    agreement = float((found.argmax(-1) == wanted.argmax(-1)).float().mean())
    error = float((found - wanted).pow(2).mean().sqrt() / wanted.std())
    divergence = torch.nn.functional.kl_div(
        found.log_softmax(-1), wanted.log_softmax(-1), log_target=True, reduction="batchmean"
    )
    return agreement, error, float(divergence)


#: scheme, kernels -> least agreement, most error, most divergence; about half as much again as was measured
BOUNDS = {
    ("mix", "native"): (0.97, 0.035, 0.0015),
    ("int8", "native"): (0.97, 0.04, 0.002),
    ("int4", "native"): (0.87, 0.32, 0.12),
    ("bf16", "aten"): (0.97, 0.02, 0.0015),
    ("mix", "aten"): (0.95, 0.1, 0.012),
}


def test_the_default_scheme(model: Any, ids: list[int], wanted: torch.Tensor) -> None:
    least, error, divergence = BOUNDS["mix", model.kernels]
    found = compare(model.logits(ids), wanted)
    assert found[0] >= least and found[1] <= error and found[2] <= divergence


@pytest.mark.parametrize("case", list(BOUNDS), ids=lambda case: "-".join(case))
def test_every_other_scheme(
    case: tuple[str, str],
    weights: Path,
    ids: list[int],
    wanted: torch.Tensor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scheme, kernels = case
    if case == ("mix", "native"):
        pytest.skip("the default, tested by itself")
    if kernels == "native" and (reason := build.why_not()):
        pytest.skip(f"no native kernels here: {reason}")
    monkeypatch.setenv("V4_CACHE_DIR", str(tmp_path))  # packed for this test alone
    if kernels == "aten":
        monkeypatch.setattr(prepare_module, "why_not", lambda: "switched off")
    other = load_model(weights, dtype=scheme)
    assert other.kernels == kernels
    found = compare(other.logits(ids), wanted)
    for file in (tmp_path / "repacked").iterdir():
        file.unlink()
    least, error, divergence = BOUNDS[case]
    assert found[0] >= least and found[1] <= error and found[2] <= divergence


def test_greedy_tokens_are_those_of_the_oracle(model: Any, ids: list[int], wanted: torch.Tensor) -> None:
    """Token by token from the cache, and where the oracle is sure (a margin of 1 in the logits) always the same."""
    session = model.session()
    session.extend(ids[:64])
    for at in range(64, 112):
        row = session.extend([ids[at]])
        first, second = wanted[at].topk(2).values.tolist()
        if first - second > 1.0:
            assert int(row.argmax()) == int(wanted[at].argmax())


def test_decoding_is_the_same_from_run_to_run_and_from_any_cut(model: Any, ids: list[int]) -> None:
    runs = []
    for cut in (1, 100, 200):
        session = model.session()
        session.extend(ids[:cut])
        row = session.extend(ids[cut:])
        tokens = []
        for _ in range(16):
            tokens.append(int(row.argmax()))
            row = session.extend(tokens[-1:])
        runs.append((tokens, row))
    if model.kernels == "native":
        assert all(tokens == runs[0][0] and torch.equal(row, runs[0][1]) for tokens, row in runs)
    again = model.session()
    row = again.extend(ids[:1])
    row = again.extend(ids[1:])
    assert int(row.argmax()) == runs[0][0][0]


def test_loading_again_is_quick(model: Any) -> None:
    import time

    started = time.perf_counter()
    load_model(NAME).session().extend([0])
    assert time.perf_counter() - started < 5.0


def test_the_module_imports_without_torch() -> None:
    import subprocess
    import sys

    check = "import sys, model_runtime; assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", check], check=True)
