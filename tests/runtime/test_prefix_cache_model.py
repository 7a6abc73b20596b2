"""Greedy output of the real 0.5B model with and without the prefix cache. benchmarks/greedy_identity.py is the large
version."""

from __future__ import annotations

import inspect
import json.decoder
import json.encoder
import os
from pathlib import Path
from typing import Any

import pytest

from model_runtime import load_model
from model_runtime.catalog import ModelNotFound, locate
from model_runtime.generate import Grammar, generate_each

pytestmark = pytest.mark.model
NAME = "qwen2.5-coder-0.5b"
TOKENS = 8


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The model with a prefix cache of its own and the shared weights."""
    try:
        locate(NAME)
    except ModelNotFound as error:
        pytest.fail(f"these tests need the small model: {error}")
    shared, home = Path(os.environ["V4_CACHE_DIR"]).expanduser(), tmp_path / "cache"
    home.mkdir()
    for part in ("models", "repacked", "native"):
        (shared / part).mkdir(exist_ok=True)
        (home / part).symlink_to(shared / part)
    monkeypatch.setenv("V4_CACHE_DIR", str(home))
    return load_model(NAME)


def test_greedy_output(model: Any) -> None:
    sources = [model.tokenizer.encode(inspect.getsource(module)) for module in (json.decoder, json.encoder)]
    prompts = [ids[:length] for ids in sources for length in (100, 170, 128)]
    wanted = [model.generate(ids, TOKENS).result.token_ids for ids in prompts]
    model.sessions.clear()
    model.keep_prefixes()
    for expected in ([0, 64, 64] * 2, [64, 128, 64] * 2):  # the last token is always computed
        reused = []
        for ids, tokens in zip(prompts, wanted, strict=True):
            result = model.generate(ids, TOKENS, session=model.session()).result
            assert result.token_ids == tokens
            reused.append(result.reused_tokens)
            model.sessions.clear()  # nothing but the disk
        if model.kernels == "native":
            assert reused == expected
    session = model.session()
    for ids, tokens in zip(prompts, wanted, strict=True):
        assert model.generate(ids, TOKENS, session=session).result.token_ids == tokens


def test_a_batch(model: Any) -> None:
    """Choices under a grammar, samples and greedy text in one batch are what each is by itself."""
    source = model.tokenizer.encode(inspect.getsource(json.decoder))[:60]
    prompts = [
        source + model.tokenizer.encode(f"\n# {word}:") for word in ("answer", "sample", "text", "also", "fifth")
    ]
    grammars = [Grammar.choice(["rename", "move", "rename-file"]), None, None, None, None]
    temperatures, seeds = [0.0, 0.8, 0.0, 0.8, 0.0], [0, 1, 0, 2, 0]
    wanted = [
        model.generate(ids, 10, grammar=grammar, temperature=temperature, seed=seed).result
        for ids, grammar, temperature, seed in zip(prompts, grammars, temperatures, seeds, strict=True)
    ]
    model.sessions.clear()
    found = generate_each(model, prompts, 10, grammars=grammars, temperatures=temperatures, seeds=seeds)
    assert [(r.token_ids, r.text, r.finish_reason) for r in found] == [
        (r.token_ids, r.text, r.finish_reason) for r in wanted
    ]
    assert wanted[0].text in ("rename", "move", "rename-file")
    assert all(result.reused_tokens >= 60 for result in found)


def test_a_conversation_goes_on(model: Any) -> None:
    """The answer is part of the next prompt: what it shares is held, and gives what computing it gives."""
    session = model.session()
    talk = [{"role": "user", "content": "Name three colours."}]
    for _ in range(2):
        result = model.generate(talk, 12, session=session).result
        talk += [{"role": "assistant", "content": result.text}, {"role": "user", "content": "And one more?"}]
    plain = load_model(NAME)
    assert plain.generate(talk, 12).result.token_ids == model.generate(talk, 12, session=session).result.token_ids
