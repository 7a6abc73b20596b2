"""What a V4 session keeps: taking tokens back, batches, positions past 65,536, files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from benchmarks.v4_oracle import (
    TotalOrder,
    decided,
    far_start,
    random_config,
    random_tensors,
    relative,
    transformers_model,
)
from model_runtime.cache.session_file import BadSessionFile
from model_runtime.composite.cache import SPARE, CannotRewind
from model_runtime.composite.config import from_hf
from model_runtime.composite.decoder import CHUNK, CompositeDecoder
from model_runtime.composite.session import CompositeSession, restore_session
from model_runtime.composite.weights import DictWeights

#: between our own ways through the same tokens: only the order of additions differs
OWN = 5e-6


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def _decoder(seed: int, dtype: torch.dtype = torch.float32, **changes: Any) -> CompositeDecoder:
    config = random_config(seed, **changes)
    return CompositeDecoder(from_hf(config), DictWeights(random_tensors(config, seed)), dtype)


def _ids(decoder: CompositeDecoder, count: int, seed: int = 0) -> list[int]:
    return decided(decoder, count, seed)


@pytest.mark.parametrize("seed", [3, 4])
def test_tokens_taken_back_leave_no_trace(seed: int) -> None:
    decoder = _decoder(seed)
    ids, wrong = _ids(decoder, 90), _ids(decoder, SPARE, seed=1)
    for length in (1, 7, 33, 64):
        for drafted, good in ((1, 0), (SPARE, 0), (SPARE, 5), (9, 9)):
            straight, cache = decoder.new_cache(), decoder.new_cache()
            decoder.forward(ids[:length], straight)
            decoder.forward(ids[:length], cache)
            draft = ids[length : length + good] + wrong[good:drafted]
            decoder.forward(draft, cache)
            cache.truncate(length + good)
            if good:
                decoder.forward(ids[length : length + good], straight)
            rest = ids[length + good : length + good + 20]
            assert relative(decoder.forward(rest, cache, True), decoder.forward(rest, straight, True)) < OWN


def test_going_back_too_far_is_refused_and_changes_nothing() -> None:
    decoder = _decoder(3)
    ids, cache = _ids(decoder, 200), decoder.new_cache()
    decoder.forward(ids[:150], cache)
    assert 0 < cache.rewindable <= 150 - SPARE
    cache.truncate(150)
    with pytest.raises(CannotRewind, match="can go back to"):
        cache.truncate(cache.rewindable - 1)
    again = decoder.new_cache()
    decoder.forward(ids[:150], again)
    assert torch.equal(decoder.forward(ids[150:], cache), decoder.forward(ids[150:], again))


def test_a_session_goes_back_to_any_length() -> None:
    decoder = _decoder(6)
    ids = _ids(decoder, 160)
    session = CompositeSession(decoder, "m")
    for start in range(0, 160, 40):
        session.extend(ids[start : start + 40])
    expected = decoder.forward(ids, decoder.new_cache(), all_logits=True)
    for length in (159, 120, 101, 80, 3, 0):
        session.truncate(length)
        assert session.ids == ids[:length] and session.cache.length == length
        assert relative(session.extend([ids[length]]), expected[length]) < OWN
    other = [*ids[:30], (ids[30] + 1) % decoder.config.vocabulary, 5, 6]
    session = CompositeSession(decoder, "m")
    session.extend(ids)
    assert session.recall(other) == 30 and session.ids == ids[:30]
    assert relative(session.extend(other[30:]), decoder.forward(other, decoder.new_cache())) < OWN
    with pytest.raises(ValueError, match="cannot keep"):
        session.truncate(-1)


@pytest.mark.parametrize("count", [3, SPARE + 30])
def test_an_interrupted_pass_leaves_the_session_as_it_was(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = _decoder(7)
    ids = _ids(decoder, 120)
    session = CompositeSession(decoder, "m")
    session.extend(ids[:50])
    last = decoder.stack.layers[-1]
    inner = last.attention.__class__.__call__

    def interrupted(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(last.attention.__class__, "__call__", _after(3, inner, interrupted))
    with pytest.raises(KeyboardInterrupt):
        session.extend(ids[50 : 50 + count])
    monkeypatch.undo()
    assert session.ids == ids[:50]
    expected = decoder.forward(ids, decoder.new_cache(), all_logits=True)[50:]
    assert relative(session.extend(ids[50:], all_logits=True), expected) < OWN


def _after(calls: int, first: Any, then: Any) -> Any:
    made = 0

    def call(*args: Any) -> Any:
        nonlocal made
        made += 1
        return (first if made <= calls else then)(*args)

    return call


def test_sessions_of_a_batch_do_not_see_each_other() -> None:
    decoder = _decoder(8)
    texts = [_ids(decoder, length, seed=length) for length in (3, 41, 70)]
    caches = [decoder.new_cache() for _ in texts]
    for text, cache in zip(texts, caches, strict=True):
        decoder.forward(text[:-3], cache) if len(text) > 3 else None
    found = decoder.step([(text[-3:], cache) for text, cache in zip(texts, caches, strict=True)])
    for text, logits in zip(texts, found, strict=True):
        alone = decoder.forward(text, decoder.new_cache(), all_logits=True)[-3:]
        assert relative(logits, alone) < OWN


def test_prompts_longer_than_a_pass_agree_with_short_passes() -> None:
    decoder = _decoder(9, index_topk=5)
    ids = _ids(decoder, CHUNK + 37)
    cache = decoder.new_cache()
    parts = [decoder.forward(ids[at : at + 97], cache, all_logits=True) for at in range(0, len(ids), 97)]
    assert relative(decoder.forward(ids, decoder.new_cache(), all_logits=True), torch.cat(parts)) < OWN


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_positions_past_65536_agree_with_transformers(seed: int, tmp_path: Path) -> None:
    changes = {"num_hash_layers": 0, "index_topk": [7, 100, 100_000, 7][seed]}
    config = random_config(seed, **changes)
    tensors = random_tensors(config, seed)
    model = transformers_model(tmp_path, config, tensors)
    decoder = CompositeDecoder(from_hf(config), DictWeights(tensors))
    cache, theirs = far_start(decoder, model, 65_536 + 16 * seed, seed)
    ids = _ids(decoder, 37, seed)
    with torch.inference_mode(), TotalOrder() as order:
        expected = model(torch.tensor([ids]), past_key_values=theirs, use_cache=True).logits[0]
    found = torch.cat([decoder.forward(ids[:20], cache, True), decoder.forward(ids[20:], cache, True)])
    assert order.margin > 1e-7
    assert relative(found, expected) < 2e-5


def test_bfloat16_stays_near_float32() -> None:
    exact, rounded = _decoder(11, index_topk=1000), _decoder(11, torch.bfloat16, index_topk=1000)
    ids = _ids(exact, 60)
    expected = exact.forward(ids, exact.new_cache(), all_logits=True)
    found = rounded.forward(ids, rounded.new_cache(), all_logits=True)
    assert found.dtype == torch.float32
    assert (found - expected).pow(2).mean().sqrt() < 0.15 * expected.std()


def test_bad_tokens_are_refused() -> None:
    decoder = _decoder(3)
    session = CompositeSession(decoder, "m")
    for bad in ([], [-1], [decoder.config.vocabulary]):
        with pytest.raises(ValueError, match="token"):
            session.extend(bad)
    assert session.ids == [] and session.cache.length == 0


def test_session_files_of_others_or_damaged_are_refused(tmp_path: Path) -> None:
    decoder, path = _decoder(3), tmp_path / "session"
    session = CompositeSession(decoder, "one")
    session.extend(_ids(decoder, 50))
    session.save(path)
    with pytest.raises(BadSessionFile, match="another model"):
        restore_session(path, decoder, "two")
    with pytest.raises(BadSessionFile, match=r"other (rows|streams)|more than this model"):
        restore_session(path, _decoder(4), "one")
    whole = path.read_bytes()
    for at in (3, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(BadSessionFile):
            restore_session(path, decoder, "one")
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadSessionFile):
        restore_session(path, decoder, "one")
    path.write_bytes(whole)
    save_file(load_file(path), path)
    with pytest.raises(BadSessionFile, match="not a saved session"):
        restore_session(path, decoder, "one")
    with pytest.raises(FileNotFoundError):
        restore_session(tmp_path / "none", decoder, "one")


def test_an_empty_session_is_saved_and_restored(tmp_path: Path) -> None:
    decoder = _decoder(3)
    CompositeSession(decoder, "m").save(tmp_path / "empty")
    restored = restore_session(tmp_path / "empty", decoder, "m")
    ids = _ids(decoder, 5)
    assert torch.equal(restored.extend(ids), decoder.forward(ids, decoder.new_cache()))


def test_sessions_that_share_a_beginning_hold_it_once_and_go_their_own_ways(tmp_path: Path) -> None:
    decoder = _decoder(8, index_topk=5)
    prefix, tails = _ids(decoder, 80), [_ids(decoder, 30, seed=seed) for seed in range(1, 5)]
    first = CompositeSession(decoder, "m")
    first.extend(prefix)
    alone = first.cache.nbytes
    sessions = [first, *(first.fork() for _ in range(3))]
    second = sessions[1]
    second.extend(tails[1][:10])
    sessions.append(second.fork())  # of a session that shares already
    first.truncate(70)
    first.extend(tails[0])  # what others share stays as it was
    expected = [
        (sessions[0], prefix[:70] + tails[0]),
        (second, prefix + tails[1][:10]),
        (sessions[2], prefix),
        (sessions[3], prefix),
        (sessions[4], prefix + tails[1][:10]),
    ]
    second.save(tmp_path / "saved")
    restored = restore_session(tmp_path / "saved", decoder, "m")
    expected.append((restored, prefix + tails[1][:10]))
    found = decoder.step(
        [(tail[:4], session.cache) for (session, _), tail in zip(expected, [*tails, *tails], strict=False)]
    )
    for (session, text), tail, logits in zip(expected, [*tails, *tails], found, strict=False):
        plain = decoder.new_cache()
        decoder.forward(text, plain)
        assert relative(logits, decoder.forward(tail[:4], plain, all_logits=True)) < OWN
        session.cache.truncate(len(text))
        assert relative(session.extend(tail[:4], all_logits=True), logits) < OWN
    rows = [rows for layer in sessions[3].cache.layers for rows in layer.rows.values()]
    others = [rows for layer in sessions[2].cache.layers for rows in layer.rows.values()]
    assert all(
        one.parts()[0].data_ptr() == other.parts()[0].data_ptr() for one, other in zip(rows, others, strict=True)
    )
    assert sessions[3].cache.nbytes < alone
