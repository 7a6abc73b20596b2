"""What tests of the runtime share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import model_runtime.checkpoints.prepare as prepare_module
from model_runtime.kernels import build


@pytest.fixture(params=["native", "aten"])
def kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "aten":
        monkeypatch.setattr(prepare_module, "why_not", lambda: "switched off")
    elif reason := build.why_not():
        pytest.skip(f"no native kernels here: {reason}")
    yield request.param
