"""Decoding with the real small weights."""

from __future__ import annotations

import json
from typing import Any

import pytest

from model_runtime.chat import render
from model_runtime.generate import Grammar, generate, score_choices
from model_runtime.generate.grammar import json_choice, json_list, json_object, json_string, literal

pytestmark = pytest.mark.model

SOURCE = '''class UsageError(Exception):
    """Wrong use."""

    code = 2


def check(argument: str) -> None:
    if not argument:
        raise UsageError("nothing was given")
    if argument.isspace():
        raise UsageError("only white space was given")
'''
EDIT = [
    {"role": "system", "content": "You edit code and answer with the whole file, nothing else."},
    {"role": "user", "content": f"Rename UsageError to BadUsage.\n```python\n{SOURCE}```"},
]


@pytest.fixture(scope="module")
def model() -> Any:
    from model_runtime import load_model

    return load_model("qwen2.5-coder-0.5b")


def test_an_answer(model: Any) -> None:
    question = [{"role": "user", "content": "Write a Python function add(a, b) that returns their sum. Only code."}]
    stream = model.generate(question, 60)
    shown = "".join(stream)
    result = stream.result
    assert shown == result.text and "def add(a, b):" in shown and "return a + b" in shown
    assert result.finish_reason == "stop" and result.token_ids[-1] in model.tokenizer.eos_ids
    assert result.prompt_tokens == len(render(question, model.tokenizer)) and result.seconds_decode > 0


def test_greedy_is_the_argmax_of_one_pass_and_drafts_agree(model: Any) -> None:
    prompt = render(EDIT, model.tokenizer, prefill="```python\n")
    plain = model.generate(prompt, 60).result
    drafted = model.generate(prompt, 60, speculate=7).result
    assert drafted.token_ids == plain.token_ids and drafted.accepted > 5
    rows = model.logits(prompt + plain.token_ids[:-1])[len(prompt) - 1 :]
    assert rows.argmax(-1).tolist() == plain.token_ids


def test_a_prefilled_answer_and_a_stop_string(model: Any) -> None:
    result = model.generate(render(EDIT, model.tokenizer, prefill="```python\nclass"), 80, stop=["\n\n"]).result
    assert result.text.startswith(" BadUsage(Exception):") and "\n\n" not in result.text
    assert result.finish_reason == "stop"


def test_a_session_reads_a_shared_prefix_once(model: Any) -> None:
    session = model.session()
    shared = [{"role": "system", "content": SOURCE}]
    first = generate(model, [*shared, {"role": "user", "content": "Name the class."}], 8, session=session).result
    again = generate(model, [*shared, {"role": "user", "content": "Name the function."}], 8, session=session).result
    fresh = generate(model, [*shared, {"role": "user", "content": "Name the function."}], 8).result
    assert first.reused_tokens == 0 and again.reused_tokens > 0.7 * again.prompt_tokens
    assert again.token_ids == fresh.token_ids


def test_a_plan_under_a_grammar(model: Any) -> None:
    symbols = ["errors.py::UsageError", "errors.py::check"]
    members = {
        "kind": literal('"rename_symbol"'),
        "symbol": json_choice(symbols),
        "new_name": json_string("[A-Za-z_][A-Za-z0-9_]{0,30}"),
    }
    messages = [
        {"role": "system", "content": f"Answer with a plan in JSON. Symbols: {symbols}"},
        {"role": "user", "content": "Rename the exception UsageError to BadUsage."},
    ]
    grammar = Grammar.of(json_object({"operations": json_list(json_object(members), 1, 1)}))
    result = model.generate(messages, 80, grammar=grammar).result
    assert result.finish_reason == "grammar" and result.forced > 10
    (operation,) = json.loads(result.text)["operations"]
    assert operation["symbol"] == symbols[0] and operation["new_name"].endswith("BadUsage")


def test_scores_prefer_the_right_choice(model: Any) -> None:
    question = [{"role": "user", "content": f"Which class does this file define? One word.\n{SOURCE}"}]
    session = model.session()
    prompt = render(question, model.tokenizer)
    scores = score_choices(session, prompt, ["ValueError", "UsageError", "check"], model.tokenizer, end=True)
    assert max(scores, key=lambda score: score.log_probability).text == "UsageError"
    assert session.ids == prompt
