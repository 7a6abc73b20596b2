"""Prompts in ChatML, the format of the Qwen2.5 family, as token ids.

Only this file writes control tokens. What a message says is encoded as plain text, so no content can end its
turn or open another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from .tokenizer import Tokenizer

#: {"role": "system" | "user" | "assistant", "content": text}
Message: TypeAlias = Mapping[str, str]
ROLES = ("system", "user", "assistant")
#: what the models were trained with when a conversation names no system message
DEFAULT_SYSTEM = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
_START, _END = "<|im_start|>", "<|im_end|>"


class BadMessages(ValueError):
    """A message without a role that is known, or a model that has no chat format."""


def pieces(messages: Sequence[Message], prefill: str = "") -> list[tuple[str, bool]]:
    """The prompt as (text, is_control) pieces, up to and including the start of the answer.

    `prefill` is how the answer begins. A system message is put in front when the first message is none.
    Raises BadMessages.
    """
    if not messages:
        raise BadMessages("a conversation needs at least one message")
    turns = [(m.get("role", ""), m.get("content", "")) for m in messages]
    if turns[0][0] != "system":
        turns.insert(0, ("system", DEFAULT_SYSTEM))
    found: list[tuple[str, bool]] = []
    for role, content in turns:
        if role not in ROLES:
            raise BadMessages(f"unknown role {role!r} (known: {', '.join(ROLES)})")
        found += [(_START, True), (f"{role}\n{content}", False), (_END, True), ("\n", False)]
    return [*found, (_START, True), (f"assistant\n{prefill}", False)]


def render(messages: Sequence[Message], tokenizer: Tokenizer, prefill: str = "") -> list[int]:
    """The prompt as token ids, ready for `generate`. Raises BadMessages."""
    ids: list[int] = []
    for text, control in pieces(messages, prefill):
        if not control:
            ids += tokenizer.encode(text)
        elif text in tokenizer.special_ids:
            ids.append(tokenizer.special_ids[text])
        else:
            raise BadMessages(f"this model has no token {text}: it does not speak ChatML")
    return ids
