"""Decoding against a stand-in for the weights: logits that depend on all tokens so far, and on nothing else."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from gguf import GGUFWriter

from model_runtime.cache.kv import ContextFull
from model_runtime.generate import Generation, Grammar, extend_to, generate, score_choices
from model_runtime.generate.grammar import (
    BadGrammar,
    choice,
    either,
    json_choice,
    json_list,
    json_object,
    json_string,
    literal,
    optional,
    pattern,
    repeat,
    sequence,
)
from model_runtime.generate.sampling import Sampler
from model_runtime.generate.speculation import PromptLookup
from model_runtime.generate.stopping import StopStrings
from model_runtime.tokenizer import Tokenizer, _byte_alphabet, load_tokenizer

MERGES = ["a b", "ab c", "Ġ t", "h e", "Ġt he", "f o", "fo o", "b a", "ba r"]


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """Bytes, a few merges, and the control tokens of ChatML."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    tokens = [*map(chr, sorted(_byte_alphabet())), *(merge.replace(" ", "") for merge in MERGES)]
    control = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    writer = GGUFWriter(path, "qwen2")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([*tokens, *control])
    writer.add_token_types([1] * len(tokens) + [3] * len(control))
    writer.add_token_merges(MERGES)
    writer.add_eos_token_id(len(tokens) + 2)
    for step in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.close):
        step()
    return load_tokenizer(path)


class Session:
    """Prefers the tokens of `script` after a prompt of `length` tokens; the rest is noise from a hash of all ids."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.ids: list[int] = []
        self.calls: list[int] = []

    def row(self, n: int) -> torch.Tensor:
        seed = int.from_bytes(hashlib.sha256(repr(self.ids[:n]).encode()).digest()[:6], "big")
        row = torch.rand(self.model.tokenizer.vocab_size, generator=torch.Generator().manual_seed(seed)) * 4
        at = n - self.model.length
        if 0 <= at < len(self.model.script):
            row[self.model.script[at]] += 12
        return row

    def extend(self, ids: Sequence[int], all_logits: bool = False) -> torch.Tensor:
        assert ids
        if len(self.ids) + len(ids) > self.model.context:
            raise ContextFull("full")
        self.calls.append(len(ids))
        self.ids += ids
        rows = [self.row(n) for n in range(len(self.ids) - len(ids) + 1, len(self.ids) + 1)]
        return torch.stack(rows) if all_logits else rows[-1]

    def truncate(self, n: int) -> None:
        assert 0 <= n <= len(self.ids)
        del self.ids[n:]

    def recall(self, ids: Sequence[int]) -> int:
        most = min(len(self.ids), len(ids) - 1)
        self.truncate(next((i for i in range(most) if self.ids[i] != ids[i]), most))
        return len(self.ids)

    def keep(self, count: int) -> None:
        assert count

    def drafter(self, most: int) -> None:
        assert most


class Model:
    def __init__(self, tokenizer: Tokenizer, prompt: str = "p", answer: str = "", end: bool = True) -> None:
        self.tokenizer = tokenizer
        self.length = len(tokenizer.encode(prompt))
        self.script = tokenizer.encode(answer) + ([tokenizer.eos_id] if end else [])
        self.context = 10_000

    def session(self) -> Session:
        return Session(self)


def test_greedy_text_and_the_end(tokenizer: Tokenizer) -> None:
    model = Model(tokenizer, "question", "the answer, é🎉")
    stream = generate(model, "question", 50)
    shown = list(stream)
    result = stream.result
    assert "".join(shown) == result.text == "the answer, é🎉" and all("\ufffd" not in piece for piece in shown)
    assert result.finish_reason == "stop" and result.token_ids == model.script
    assert result.prompt_tokens == 8 and result.output_tokens == len(model.script) and result.reused_tokens == 0


def test_length(tokenizer: Tokenizer) -> None:
    model = Model(tokenizer, "p", "abcdefgh")
    assert generate(model, "p", 3).result.text == "abcde"
    result = generate(model, "p", 3).result
    assert result.finish_reason == "length" and result.output_tokens == 3
    nothing = generate(model, "p", 0)
    assert list(nothing) == [] and nothing.result.finish_reason == "length"
    cut = generate(Model(tokenizer, "p", "é", end=False), "p", 1).result
    assert cut.text == "\ufffd"
    model.context = 4
    assert generate(model, "p", 50).result.finish_reason == "length"
    with pytest.raises(ContextFull):
        generate(model, "ppppp", 5).result  # noqa: B018


def test_nothing_is_computed_before_it_is_asked_for(tokenizer: Tokenizer) -> None:
    model = Model(tokenizer, "p", "abcdefgh")
    session = model.session()
    stream = generate(model, "p", 50, session=session)
    assert session.calls == []
    assert next(stream) == "abc" and session.calls == [1]
    with pytest.raises(ValueError, match="empty prompt"):
        generate(model, "", 5)


def test_prompts_of_all_kinds(tokenizer: Tokenizer) -> None:
    model = Model(tokenizer)
    assert generate(model, "foo<|im_end|>", 0).result.prompt_tokens == len(tokenizer.encode("foo<|im_end|>"))
    assert generate(model, [1, 2, 3], 0).result.prompt_tokens == 3
    chat = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    text = "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nu<|im_end|>\n<|im_start|>assistant\n"
    assert generate(model, chat, 0).result.prompt_tokens == len(tokenizer.encode(text, special=True))


def test_a_session_keeps_what_prompts_share(tokenizer: Tokenizer) -> None:
    session = Model(tokenizer).session()
    first, reused = extend_to(session, [1, 2, 3, 4])
    assert reused == 0
    again, reused = extend_to(session, [1, 2, 3, 4])
    assert reused == 3 and torch.equal(first, again)
    _, reused = extend_to(session, [1, 2, 9])
    assert reused == 2 and session.ids == [1, 2, 9]
    _, reused = extend_to(session, [7])
    assert reused == 0 and session.ids == [7]
    model = Model(tokenizer, "abcabc", "foo")
    session = model.session()
    one = generate(model, "abcabc", 9, session=session).result
    two = generate(model, "abcabc", 9, session=session).result
    assert one.token_ids == two.token_ids and two.reused_tokens == 1
    longer = generate(model, tokenizer.encode("abcabc") + one.token_ids, 0, session=session).result
    assert longer.reused_tokens == 3  # the end token was chosen, but never read


@pytest.mark.parametrize("stops", [["bar"], ["o,", "bar"], ["xyz"], ["o, t", "foo, theX"], "bar", [""]])
def test_stop_strings(tokenizer: Tokenizer, stops: list[str] | str) -> None:
    answer = "abc foo, the bar and more"
    model = Model(tokenizer, "p", answer)
    stream = generate(model, "p", 60, stop=stops)
    shown = "".join(stream)
    given = [stops] if isinstance(stops, str) else [s for s in stops if s]
    ends = [answer.index(stop) for stop in given if stop in answer]
    assert shown == stream.result.text == answer[: min(ends, default=None)]
    assert stream.result.finish_reason == "stop"


def test_stop_strings_hold_back_and_let_go() -> None:
    random_ = random.Random(5)
    for _ in range(500):
        text = "".join(random_.choices("ab", k=30))
        stops = ["".join(random_.choices("ab", k=random_.randrange(2, 7))) for _ in range(random_.randrange(1, 4))]
        stopper, shown, rest = StopStrings(stops), "", text
        while rest:
            n = random_.randrange(1, 5)
            shown += stopper.push(rest[:n])
            rest = rest[n:]
            assert text.startswith(shown)
        shown += stopper.finish()
        found = [at for stop in stops if (at := text.find(stop)) >= 0]
        assert (stopper.hit is not None) == bool(found)
        # a shorter stop may be complete, and end the text, before a longer one that begins earlier
        assert shown == text if not found else shown.startswith(text[: min(found)])


def test_sampling() -> None:
    logits = torch.tensor([0.0, 2.0, 2.0, float("-inf"), -1.0])
    assert Sampler().choose(logits) == 1
    draws = [Sampler(1.0, seed=s).choose(logits) for s in range(200)]
    assert set(draws) == {0, 1, 2, 4} and draws == [Sampler(1.0, seed=s).choose(logits) for s in range(200)]
    assert {Sampler(1.0, 0.5, seed=s).choose(logits) for s in range(100)} == {1, 2}
    assert {Sampler(1.0, 0.1, seed=s).choose(logits) for s in range(50)} == {1}
    assert {Sampler(1e-9, seed=s).choose(logits) for s in range(50)} <= {1, 2}
    one = Sampler(0.7, 0.9, seed=4)
    assert len({tuple(one.choose(logits) for _ in range(20)) for _ in range(3)}) == 3
    for wrong in ({"temperature": -1.0}, {"top_p": 0.0}, {"top_p": 1.5}):
        with pytest.raises(ValueError):
            Sampler(**wrong)


def test_a_seed_gives_the_same_text(tokenizer: Tokenizer) -> None:
    model = Model(tokenizer, "p", end=False)
    texts = [generate(model, "p", 30, temperature=1.0, top_p=0.9, seed=seed).result.text for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_prompt_lookup() -> None:
    lookup = PromptLookup(most=3)
    assert lookup.draft() == []
    lookup.feed([1, 2, 3, 4, 5, 9, 1, 2])
    assert lookup.draft() == [3, 4, 5] and lookup.draft(1) == [3] and lookup.draft(0) == []
    lookup.feed([3, 7, 1, 2])
    assert lookup.draft() == [3, 7, 1]  # the latest occurrence
    lookup.feed([8, 9])
    assert lookup.draft() == []


@pytest.mark.parametrize("temperature", [0.0, 0.8])
@pytest.mark.parametrize("most", [1, 3, 7, 99])
def test_drafts_change_nothing_but_the_number_of_steps(tokenizer: Tokenizer, temperature: float, most: int) -> None:
    text = "def foo(the, bar):\n    return foo(the, bar) + foo(abc)\n" * 3
    for tail in ("", "ab ba fo the foo the bar the foo"):
        model = Model(tokenizer, text, text + tail)
        plain, drafted = model.session(), model.session()
        options = {"temperature": temperature, "top_p": 0.95, "seed": 3}
        one = generate(model, text, 300, session=plain, **options).result
        two = generate(model, text, 300, session=drafted, speculate=most, **options).result
        assert one.token_ids == two.token_ids and one.text == two.text
        assert 0 < two.accepted <= two.drafted and len(drafted.calls) < len(plain.calls)
        assert max(drafted.calls[1:]) <= 8
        for limit in (1, 2, 7, 20):
            a = generate(model, text, limit, speculate=most, **options).result
            assert a.token_ids == one.token_ids[:limit]
        if temperature == 0:
            assert len(drafted.calls) < 0.75 * len(plain.calls) or most == 1


NAMES = ["foo", "foo.bar", 'q"uote']
PLAN = json_list(
    either(
        json_object({"kind": literal('"rename"'), "symbol": json_choice(NAMES), "to": json_string("[a-z]{1,5}")}),
        json_object({"kind": literal('"move"'), "symbols": json_list(json_choice(["abc", "é🎉"]), 1, 2)}),
    ),
    least=1,
    most=2,
)


@pytest.mark.parametrize("speculate", [None, 7])
def test_a_grammar_is_kept_to_whatever_the_model_wants(tokenizer: Tokenizer, speculate: int | None) -> None:
    grammar = Grammar.of(PLAN)
    plans = set()
    for seed in range(25):
        model = Model(tokenizer, "p", end=False)
        session = model.session()
        result = generate(
            model, "p", 400, grammar=grammar, temperature=1.0, seed=seed, speculate=speculate, session=session
        ).result
        assert result.finish_reason == "grammar"
        plan = json.loads(result.text)
        assert json.dumps(plan, ensure_ascii=False, separators=(",", ":")) == result.text and 1 <= len(plan) <= 2
        for operation in plan:
            if operation["kind"] == "rename":
                assert list(operation) == ["kind", "symbol", "to"]
                assert operation["symbol"] in NAMES and operation["to"].isalpha()
            else:
                assert set(operation["symbols"]) <= {"abc", "é🎉"} and len(operation["symbols"]) <= 2
        assert result.forced > 10 and len(session.calls) < result.output_tokens - result.forced + 3
        plans.add(result.text)
    assert len(plans) > 15


def test_drafts_under_a_grammar_change_nothing(tokenizer: Tokenizer) -> None:
    text = "foo, bar, abc, foo, bar, abc, the, the, "
    grammar = Grammar.of(repeat(sequence(choice(["foo", "bar", "abc", "the"]), literal(", ")), 12, 12))
    model = Model(tokenizer, text, text + text)
    one = generate(model, text, 300, grammar=grammar).result
    two = generate(model, text, 300, grammar=grammar, speculate=7).result
    assert one.token_ids == two.token_ids and one.finish_reason == two.finish_reason == "grammar" and two.accepted
    assert one.text.count(", ") == 12


def test_a_grammar_that_may_end_ends_when_the_model_ends(tokenizer: Tokenizer) -> None:
    grammar = Grammar.from_regex("[a-z]+")
    result = generate(Model(tokenizer, "p", "foobar"), "p", 50, grammar=grammar).result
    assert result.text == "foobar" and result.finish_reason == "stop"
    assert generate(Model(tokenizer, "p", "foobar"), "p", 2, grammar=grammar).result.finish_reason == "length"


STRINGS = [
    "yes",
    "no",
    "yes please",
    'q"uo\\te',
    "new\nline\ttab",
    "/slash/",
    "é🎉",
    "$^.*+?()[]{}|",
    "<|im_end|>",
    "%lark // comment",
    "\x7f\x01",
    " ",
]


def test_choices_of_any_text(tokenizer: Tokenizer) -> None:
    for strings in (STRINGS, [STRINGS[3]], STRINGS[5:7]):
        grammar = Grammar.choice(strings)
        met = set()
        for seed in range(60):
            result = generate(
                Model(tokenizer, "p", end=False), "p", 50, grammar=grammar, temperature=2.0, seed=seed
            ).result
            assert result.text in strings
            met.add(result.text)
        assert len(met) > len(strings) / 3
        for text in strings:
            assert generate(Model(tokenizer, "p", text), "p", 50, grammar=grammar).result.text == text


def test_many_choices_are_quick(tokenizer: Tokenizer) -> None:
    import time

    names = [f"package/module_{n % 97}.py::Class{n}.method_{n}" for n in range(5000)]
    started = time.perf_counter()
    result = generate(Model(tokenizer, "p", names[4321]), "p", 99, grammar=Grammar.of(json_choice(names))).result
    assert json.loads(result.text) in names and time.perf_counter() - started < 5


def test_parts(tokenizer: Tokenizer) -> None:
    def admits(part: object, text: str) -> bool:
        matcher = Grammar.of(part).matcher(tokenizer)  # type: ignore[arg-type]
        ids = tokenizer.encode(text)
        if matcher.fits(ids) < len(ids):
            return False
        for token in ids:
            matcher.consume(token)
        return matcher.may_end

    for part, good, bad in (
        (repeat(literal("a"), 1, 2), ["a", "aa"], ["", "aaa"]),
        (repeat(literal("a"), 0, 2, literal(",")), ["", "a", "a,a"], [",", "a,", "a,a,a"]),
        (repeat(literal("a"), 1, 1, literal(",")), ["a"], ["", "a,a"]),
        (repeat(literal("a"), 2, None, literal(",")), ["a,a", "a,a,a,a"], ["", "a"]),
        (repeat(literal("a"), 3, 3, literal(",")), ["a,a,a"], ["a,a", "a,a,a,a"]),
        (sequence(optional(literal("a")), literal("b")), ["ab", "b"], ["a", "aab"]),
        (either(sequence(literal("a"), literal("b")), literal("c")), ["ab", "c"], ["ac", "abc"]),
        (pattern("a/b\\/[/]\n?"), ["a/b//", "a/b//\n"], ["a/b/"]),
        (json_object({}), ["{}"], ["{ }"]),
        (json_list(literal("1")), ["[]", "[1]", "[1,1,1]"], ["[1,]", "[,1]"]),
    ):
        for text in good:
            assert admits(part, text), (part, text)
        for text in bad:
            assert not admits(part, text), (part, text)


def test_the_same_parts_give_the_same_grammar() -> None:
    assert Grammar.choice(["b", "a", "b"]) == Grammar.choice(["a", "b"]) != Grammar.choice(["a", "c"])


def test_json_schemas(tokenizer: Tokenizer) -> None:
    schema = {
        "type": "object",
        "properties": {"kind": {"enum": ["x", "y"]}, "n": {"type": "integer", "minimum": 0, "maximum": 20}},
        "required": ["kind", "n"],
        "additionalProperties": False,
    }
    for seed in range(10):
        result = generate(
            Model(tokenizer, end=False), "p", 99, grammar=Grammar.from_json_schema(schema), temperature=1.0, seed=seed
        ).result
        value = json.loads(result.text)
        assert value["kind"] in "xy" and 0 <= value["n"] <= 20 and " " not in result.text


@pytest.mark.parametrize(
    "make",
    [
        lambda: Grammar.choice([]),
        lambda: Grammar.choice(["a", ""]),
        lambda: Grammar.choice(["\ud800"]),
        lambda: Grammar.of(sequence()),
        lambda: Grammar.of(repeat(literal("a"), 2, 1)),
        lambda: Grammar.from_lark("start: nothing_known"),
        lambda: Grammar.from_regex("(unclosed"),
        lambda: Grammar.from_json_schema({"type": "no such type"}),
        lambda: Grammar.from_json_schema({"allOf": [{"type": "string"}, {"type": "integer"}]}),
    ],
)
def test_bad_grammars(tokenizer: Tokenizer, make: object) -> None:
    with pytest.raises(BadGrammar):
        generate(Model(tokenizer), "p", 5, grammar=make())  # type: ignore[operator]


def test_scores_are_those_of_one_at_a_time(tokenizer: Tokenizer) -> None:
    model = Model(tokenizer, "prompt", "foo bar")
    prompt = tokenizer.encode("prompt")
    choices = ["foo bar", "foo", "foo ba", "abc", "a", "the end", "é", "abc"]
    for end in (False, True):
        session = model.session()
        scores = score_choices(session, prompt, choices, tokenizer, end=end)
        assert session.ids == prompt and [score.text for score in scores] == choices
        for score in scores:
            ids = tokenizer.encode(score.text) + ([tokenizer.eos_id] if end else [])
            rows = torch.log_softmax(model.session().extend(prompt + ids, all_logits=True), dim=-1)
            alone = sum(float(rows[len(prompt) - 1 + d, token]) for d, token in enumerate(ids))
            assert score.log_probability == pytest.approx(alone) and score.tokens == len(ids)
            assert score.per_token == pytest.approx(alone / len(ids))
        longest = max(scores, key=lambda score: score.log_probability)
        assert longest.text == ("foo bar" if end else "foo")
        assert sum(session.calls) < len(prompt) + sum(len(tokenizer.encode(c)) for c in choices)
    with pytest.raises(ValueError, match="empty choice"):
        score_choices(model.session(), prompt, ["a", ""], tokenizer)


def test_a_stream_can_be_left(tokenizer: Tokenizer, tmp_path: Path) -> None:
    model = Model(tokenizer, "abcabcabc", "abcabcabcabc")
    session = model.session()
    stream: Generation = generate(model, "abcabcabc", 50, session=session, speculate=7)
    for _ in zip(stream, range(2), strict=False):
        pass
    after = generate(model, "abcabcabc", 50, session=session, speculate=7).result
    assert after.text == "abcabcabcabc"
