"""Several sessions over one prefix, and several generations in one pass: the same bits as each by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from test_runtime_core_tiny import tokens, write_model

from model_runtime import MemoryBudgetExceeded, load_model
from model_runtime.cache import shared_pages
from model_runtime.cache.kv import ContextFull
from model_runtime.generate import extend_to
from model_runtime.kernels import build


@pytest.fixture
def model(kernels: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    build.why_not()  # compiles into the shared cache, before this test gets one of its own
    monkeypatch.setenv("V4_CACHE_DIR", str(tmp_path / "cache"))
    return load_model(write_model(tmp_path / "tiny.gguf", layers=3), threads=1)


@pytest.mark.parametrize("length", [1, 31, 64, 700, 1500])
def test_a_step_is_what_each_would_compute(length: int, model: Any) -> None:
    base = model.session()
    extend_to(base, tokens(length))
    together = model.fork(base, 4, 100)
    for number, session in enumerate(together):  # of different lengths, from one to some hundred tokens
        extend_to(session, tokens(length) + tokens(1 + 20 * number, number))
    apart = []
    for number in range(4):
        session = model.session()
        session.extend(tokens(length))
        session.extend(tokens(1 + 20 * number, number))
        apart.append(session)
    for step in range(6):
        ids = tokens(4, 50 + step)
        rows = model.step(together, ids)
        wanted = [session.extend([token]) for session, token in zip(apart, ids, strict=True)]
        if model.kernels == "native" or length % 256 == 0:
            assert torch.equal(rows, torch.stack(wanted))
        assert [session.ids for session in together] == [session.ids for session in apart]
    assert base.ids == tokens(length)
    assert torch.equal(base.extend([3]), extend_to(model.session(), [*tokens(length), 3])[0]) or model.kernels == "aten"


def test_forks_do_not_see_each_other(model: Any) -> None:
    base = model.session()
    base.extend(tokens(300))
    held = [bytes(piece) for piece in base.cache.pieces(0, 288)]
    one, two = model.fork(base, 2, 50)
    one.truncate(200)
    one.extend(tokens(120, 1))
    base.extend(tokens(40, 2))
    del base
    assert [bytes(piece) for piece in two.cache.pieces(0, 288)] == held
    wanted = model.session()
    wanted.extend(tokens(300))
    assert torch.equal(two.extend([7, 8]), wanted.extend([7, 8]))
    with pytest.raises(ContextFull):
        two.extend(tokens(100))
    with pytest.raises(ContextFull):
        two.extend(tokens(48))
        model.step([two], [1])
    assert len(two.ids) == 350


def test_forks_take_only_what_they_write(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    base = model.session()
    base.extend(tokens(2000))
    before = model.budget.held
    forks = model.fork(base, 4, 64)
    each = (model.budget.held - before) // 4
    per_token = base.cache.nbytes // base.cache.capacity
    if shared_pages.POSSIBLE:
        assert each <= per_token * (64 + 2 * 32)
    del forks
    assert model.budget.held == before
    monkeypatch.setattr("model_runtime.model.SHARING", False)
    copies = model.fork(base, 2, 64)
    assert torch.equal(copies[0].extend([5]), model.fork(base, 1, 64)[0].extend([5]))
    del copies
    model.budget.allowed = model.budget.held + 10
    monkeypatch.undo()
    with pytest.raises(MemoryBudgetExceeded):
        model.fork(base, 1, 64)
    assert model.budget.held == before


def test_a_step_that_fails_changes_nothing(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = [model.session(), model.session(max_tokens=40)]
    for session in sessions:
        session.extend(tokens(40))
    with pytest.raises(ContextFull):
        model.step(sessions, [1, 2])
    assert [len(session.ids) for session in sessions] == [session.cache.length for session in sessions] == [40, 40]
    with pytest.raises(ValueError):
        model.step(sessions[:1], [-1])
