"""The prefix cache gives the same bits as computing: on both kinds of kernels, however prompts are cut."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from test_runtime_core_tiny import tokens, write_model

from model_runtime import load_model
from model_runtime.cache.disk_space import prefix_folder
from model_runtime.cache.kv import ContextFull
from model_runtime.checkpoints import prepare as prepare_module
from model_runtime.generate import extend_to
from model_runtime.kernels import build


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    build.why_not()  # compiles into the shared cache, before this test gets one of its own
    monkeypatch.setenv("V4_CACHE_DIR", str(tmp_path / "cache"))
    return write_model(tmp_path / "tiny.gguf")


def open_model(weights: Path) -> Any:
    model = load_model(weights, threads=1)
    model.keep_prefixes(50_000_000)
    return model


def read(model: Any, ids: list[int]) -> tuple[torch.Tensor, int]:
    """Logits after a prompt in a new session, and the tokens that were not computed; the session is kept and gone."""
    session = model.session()
    row, reused = extend_to(session, ids)
    session.keep(len(ids))
    return row, reused


def same_keys_values(one: Any, two: Any, count: int) -> bool:
    return all(
        torch.equal(torch.frombuffer(a, dtype=torch.uint8), torch.frombuffer(b, dtype=torch.uint8))
        for a, b in zip(one.cache.pieces(0, count), two.cache.pieces(0, count), strict=True)
    )


def test_blocks_do_not_depend_on_how_tokens_are_cut(kernels: str, weights: Path) -> None:
    model = load_model(weights, threads=1)
    ids = tokens(1100)
    whole = model.session()
    extend_to(whole, ids)
    block = model.decoder.block
    count = len(ids) // block * block
    for size in (7, 64, 256, 300, 1000):
        cut = model.session()
        for start in range(0, len(ids), size):
            cut.extend(ids[start : start + size])
        assert cut._settled == count if kernels == "native" else cut._settled <= count
        # with the portable kernels only the blocks that were computed whole are the same, and count as such
        assert cut._settled == 0 or same_keys_values(whole, cut, cut._settled)
    grown = model.session()
    grown.extend(ids[:block])  # a small allocation that grows, the other was made in one
    grown.extend(ids[block:])
    assert grown._settled == count and same_keys_values(whole, grown, count)


def test_logits_are_the_same_bits_after_a_restart(kernels: str, weights: Path) -> None:
    ids = tokens(900)
    plain = load_model(weights, threads=1)
    prompts = [ids, ids[:700] + tokens(90, 1), ids[:513], ids[:30], ids[:512], ids, ids + tokens(300, 2)]
    wanted = [extend_to(plain.session(), prompt)[0] for prompt in prompts]
    reused = []
    for prompt, row in zip(prompts, wanted, strict=True):
        found, count = read(open_model(weights), prompt)  # a model of its own each time: nothing is in memory
        assert torch.equal(found, row)
        reused.append(count)
    block = plain.decoder.block
    assert reused == [0, 700 // block * block, 512, 0, 511 // block * block, 899 // block * block, 900 // block * block]


def test_sessions_in_memory_share(kernels: str, weights: Path) -> None:
    ids = tokens(800)
    model = load_model(weights, threads=1)
    wanted = extend_to(model.session(), ids)[0]
    first = model.session()
    extend_to(first, ids[:600] + tokens(50, 3))
    second = model.session()
    row, reused = extend_to(second, ids)
    assert torch.equal(row, wanted)
    assert reused == (600 if kernels == "native" else 512)
    for _ in range(20):  # a session that wrote token by token is no source for the portable kernels, nor its own
        first.extend([5])
    longer = [*first.ids, *tokens(200, 4)]
    row, reused = extend_to(first, longer)
    assert torch.equal(row, extend_to(load_model(weights, threads=1).session(), longer)[0])
    assert reused == (670 if kernels == "native" else 512)


def test_other_weights_and_kernels_have_folders_of_their_own(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = tokens(300)
    folders = set()
    for scheme in ("mix", "int8", "bf16"):
        model = load_model(weights, dtype=scheme, threads=1)
        model.keep_prefixes()
        assert read(model, ids)[1] == 0
        folders.add(model.prefixes.folder)
    monkeypatch.setattr(prepare_module, "why_not", lambda: "switched off")
    model = open_model(weights)
    assert read(model, ids)[1] == 0
    assert len({*folders, model.prefixes.folder}) == 4


def test_files_are_for_their_owner_alone(weights: Path) -> None:
    read(open_model(weights), tokens(600))
    found = list(prefix_folder().rglob("*"))
    assert any(path.is_file() for path in found)
    for path in [prefix_folder(), *found]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


def test_the_least_recently_used_goes_first(weights: Path) -> None:
    model = open_model(weights)
    block = model.decoder.block
    one, two, three = (tokens(3 * block + 1, seed) for seed in (1, 2, 3))
    read(model, one)
    size = next(prefix_folder().rglob("*.kv")).stat().st_size
    model.prefixes.most_bytes = 7 * size
    read(model, two)
    model.sessions.clear()
    assert read(model, one)[1] == 3 * block  # used again: the second is the older one now
    read(model, three)
    held = [model.prefixes.held(ids) // block for ids in (one, two, three)]
    assert held == [3, 1, 3], "of the oldest prompt its end goes first"
    model.prefixes.most_bytes = 2 * size
    model.sessions.clear()
    read(model, tokens(9 * block, 4))
    assert model.prefixes.held(tokens(9 * block, 4)) == 2 * block, "of a prompt larger than the cap, the beginning"
    assert sum(path.stat().st_size for path in prefix_folder().rglob("*.kv")) == 2 * size


def test_a_small_disk_is_left_alone(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_model(weights)
    usage = os.statvfs(weights)
    monkeypatch.setattr("model_runtime.cache.disk_space.MOST_SHARE", 100 / (usage.f_bavail * usage.f_frsize))
    read(model, tokens(300))
    assert not list(prefix_folder().rglob("*.kv"))


def test_what_does_not_fit_is_refused_before_it_is_read(weights: Path) -> None:
    model = open_model(weights)
    ids = tokens(500)
    read(model, ids)
    session = model.session(max_tokens=300)
    with pytest.raises(ContextFull):
        extend_to(session, ids)
    assert session.ids == [] and extend_to(session, ids[:290])[1] == 256


def test_what_was_read_before_an_interrupt_is_kept(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_model(weights)
    ids = tokens(1500)
    forward, calls = model.decoder.forward, []

    def interrupted(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return forward(*arguments)

    monkeypatch.setattr(model.decoder, "forward", interrupted)
    session = model.session()
    with pytest.raises(KeyboardInterrupt):
        extend_to(session, ids)
    assert len(session.ids) == 1024
    session.keep(len(ids))
    monkeypatch.undo()
    monkeypatch.setenv("V4_CACHE_DIR", str(weights.parent / "cache"))
    assert read(open_model(weights), ids)[1] == 1024
