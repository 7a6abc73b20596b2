"""What may be generated: a grammar, and the mask of tokens that keep to it (llguidance).

A `Grammar` is made from Lark text, a regular expression or a JSON schema, or composed of parts:

    kind = json_object({"kind": literal('"rename"'), "symbol": json_choice(names), "new_name":
    json_string(NAME)}) Grammar.of(json_list(kind, least=1, most=5))

Parts are written without optional white space, so a grammar that leaves one way forward forces the tokens,
and those cost no decision.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import llguidance
    import numpy
    from torch import Tensor

    from ..tokenizer import Tokenizer


class BadGrammar(ValueError):
    """The grammar does not compile, admits nothing, or became too complex while it was matched."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a grammar: a Lark expression that stands in a rule, and the terminals it names."""

    expression: str
    terminals: tuple[tuple[str, str], ...] = ()


def _terminal(body: str) -> Part:
    # named by content: equal parts share a terminal, and the same parts give the same grammar, byte for byte
    from hashlib import sha256

    name = "T" + sha256(body.encode()).hexdigest()[:16].upper()
    return Part(name, ((name, body),))


def _quoted(text: str) -> str:
    if not text:
        raise BadGrammar("an empty string cannot be a part of a grammar")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise BadGrammar(f"{text!r} is not valid Unicode text") from None
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def literal(text: str) -> Part:
    """Exactly this text."""
    return Part(_quoted(text))


def choice(texts: Iterable[str]) -> Part:
    """Exactly one of these texts. Where one begins another, what follows must tell them apart, as a quote does."""
    distinct = sorted(set(texts))
    if not distinct:
        raise BadGrammar("a choice needs at least one text")
    if len(distinct) == 1:
        return literal(distinct[0])
    return _terminal(" | ".join(map(_quoted, distinct)))


def pattern(regex: str) -> Part:
    """Text that the regular expression (Rust syntax, no look-around) matches as a whole."""
    return _terminal("/" + re.sub(r"(?<!\\)((?:\\\\)*)/", r"\1\\/", regex).replace("\n", "\\n") + "/")


def _joined(parts: Iterable[Part], between: str) -> Part:
    members = list(parts)
    if not members:
        raise BadGrammar("a part without members admits nothing")
    terminals = dict(pair for member in members for pair in member.terminals)
    text = between.join(member.expression for member in members)
    return Part(f"({text})" if len(members) > 1 else text, tuple(sorted(terminals.items())))


def sequence(*parts: Part) -> Part:
    """The parts one after the other."""
    return _joined(parts, " ")


def either(*parts: Part) -> Part:
    """One of the parts."""
    return _joined(parts, " | ")


def optional(part: Part) -> Part:
    return Part(f"({part.expression})?", part.terminals)


def repeat(part: Part, least: int = 0, most: int | None = None, separator: Part | None = None) -> Part:
    """The part `least` to `most` times (None: any number), with the separator between two."""
    if most is not None and (most < least or most < 1):
        raise BadGrammar(f"repeat from {least} to {most} times")
    if separator is None:
        return Part(f"({part.expression}){{{least},{'' if most is None else most}}}", part.terminals)
    rest = (
        repeat(sequence(separator, part), max(least - 1, 0), None if most is None else most - 1) if most != 1 else None
    )
    whole = sequence(part, rest) if rest is not None else part
    return whole if least else optional(whole)


def json_string(regex: str) -> Part:
    """A JSON string whose content matches; the pattern must admit nothing that JSON escapes."""
    return sequence(literal('"'), pattern(regex), literal('"'))


def json_choice(texts: Iterable[str]) -> Part:
    """A JSON string that is one of these texts."""
    return choice(json.dumps(text, ensure_ascii=False) for text in texts)


def json_object(members: Mapping[str, Part]) -> Part:
    """A JSON object with exactly these members in this order, without white space."""
    found: list[Part] = []
    for n, (key, part) in enumerate(members.items()):
        found += [literal(("," if n else "{") + json.dumps(key, ensure_ascii=False) + ":"), part]
    return sequence(*found, literal("}")) if found else literal("{}")


def json_list(part: Part, least: int = 0, most: int | None = None) -> Part:
    """A JSON list without white space."""
    return sequence(literal("["), repeat(part, least, most, literal(",")), literal("]"))


@dataclass(frozen=True, slots=True)
class Grammar:
    """A grammar in the serialised form of llguidance."""

    text: str

    @staticmethod
    def from_lark(text: str) -> Grammar:
        """From Lark text with a rule `start` (llguidance's dialect)."""
        import llguidance

        return Grammar(llguidance.LLMatcher.grammar_from_lark(text))

    @staticmethod
    def from_regex(regex: str) -> Grammar:
        """Text that the regular expression matches as a whole."""
        import llguidance

        return Grammar(llguidance.LLMatcher.grammar_from_regex(regex))

    @staticmethod
    def from_json_schema(schema: Mapping[str, Any], *, compact: bool = True) -> Grammar:
        """JSON of that schema, members in the order of the schema; `compact`: without optional white space."""
        import llguidance

        options: Any = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}
        text = json.dumps(schema)
        try:
            return Grammar(llguidance.LLMatcher.grammar_from_json_schema(text, overrides=options if compact else None))
        except ValueError as error:
            raise BadGrammar(f"not a JSON schema: {error}") from None

    @staticmethod
    def of(part: Part) -> Grammar:
        """From a composed part."""
        lines = [f"start: {part.expression}", *(f"{name}: {body}" for name, body in part.terminals)]
        return Grammar.from_lark("\n".join(lines) + "\n")

    @staticmethod
    def choice(texts: Iterable[str]) -> Grammar:
        """Exactly one of these texts."""
        return Grammar.of(choice(texts))

    def matcher(self, tokenizer: Tokenizer) -> Matcher:
        """A matcher at the beginning of the text. Raises BadGrammar when the grammar does not compile."""
        return Matcher(_compiled(self.text, tokenizer.for_grammars).deep_copy(), tokenizer.vocab_size)


@lru_cache(maxsize=16)
def _compiled(text: str, tokenizer: llguidance.LLTokenizer) -> llguidance.LLMatcher:
    import llguidance

    matcher = llguidance.LLMatcher(tokenizer, text, log_level=0)
    if matcher.is_error():
        raise BadGrammar(f"the grammar does not compile: {matcher.get_error().strip().splitlines()[0]}")
    return matcher


class Matcher:
    """Where a text under a grammar stands: what may come next, and whether it may end."""

    def __init__(self, matcher: llguidance.LLMatcher, vocabulary: int) -> None:
        import numpy

        self._matcher = matcher
        self._vocabulary = vocabulary
        self._words = numpy.zeros((1, (vocabulary + 31) // 32), dtype=numpy.int32)

    def _check(self) -> None:
        if self._matcher.is_error():
            raise BadGrammar(f"the grammar cannot be followed: {self._matcher.get_error().strip().splitlines()[0]}")

    def allowed(self) -> numpy.ndarray:
        """Bool array [vocabulary]: the tokens that may come next (an end token where the text may end)."""
        import numpy
        from llguidance.numpy import fill_next_token_bitmask

        fill_next_token_bitmask(self._matcher, self._words)
        self._check()
        bits = numpy.unpackbits(self._words.view(numpy.uint8)[0], bitorder="little", count=self._vocabulary)
        return bits.view(bool)

    def mask(self, logits: Tensor) -> Tensor:
        """A copy of logits [vocabulary] with -inf at every token that may not come next."""
        import numpy
        import torch

        # numpy, not torch: a step this small is not worth waking a pool of threads for, on a busy machine least
        return torch.from_numpy(numpy.where(self.allowed(), logits.numpy(), numpy.float32("-inf")))

    def consume(self, token: int) -> None:
        self._matcher.consume_token(token)
        self._check()

    def forced(self) -> list[int]:
        """The tokens that must come next, already consumed; empty where there is a choice."""
        tokens = self._matcher.compute_ff_tokens()
        for token in tokens:
            self.consume(token)
        return tokens

    def fits(self, tokens: list[int]) -> int:
        """How many of these tokens, from the first, may come next."""
        return self._matcher.validate_tokens(tokens)

    @property
    def may_end(self) -> bool:
        return self._matcher.is_accepting()

    @property
    def ended(self) -> bool:
        """Nothing more may come."""
        return self._matcher.is_stopped()
