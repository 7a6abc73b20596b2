"""Prompts of DeepSeek V4, thinking and not, with tools; and answers read back.

    <BOS> system [tools] <User> text <Assistant> <think> reasoning </think> answer [calls] <EOS> <User> ...

Without thinking the answer follows `</think>` at once. Calls of tools stand at the end of an answer in DSML:

    <|DSML|tool_calls>
    <|DSML|invoke name="f">
    <|DSML|parameter name="k" string="true">text</|DSML|parameter>       string="false": the value is JSON
    </|DSML|invoke>
    </|DSML|tool_calls>

(bars are full-width in the tokens). Results are no turn of their own: they open the next user turn as
`<tool_result>` blocks, in the order of the calls. Reasoning before the last user turn is left out, unless tools are in
play: then all of it stays, so that the prompt of an agent grows at its end alone.
Source: encoding/encoding_dsv4.py of the released checkpoints. How tools are described to the model is this package's
own wording. As in chat.py, only this file writes control tokens; what a message says is encoded as plain text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .chat import BadMessages
from .tokenizer import Tokenizer

BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
USER, ASSISTANT = "<｜User｜>", "<｜Assistant｜>"
THINK, END_THINK = "<think>", "</think>"
DSML = "｜DSML｜"
ROLES = ("system", "user", "assistant", "tool")

_CONTROL = re.compile("|".join(map(re.escape, (BOS, EOS, USER, ASSISTANT, THINK, END_THINK, DSML))))
_CALLS = re.compile(rf"<{DSML}tool_calls>\n(.*)</{DSML}tool_calls>\s*", re.DOTALL)
_INVOKE = re.compile(rf'<{DSML}invoke name="([^"\n]+)">\n')
_END_INVOKE = f"</{DSML}invoke>\n"
_PARAMETER = re.compile(
    rf'<{DSML}parameter name="([^"\n]+)" string="(true|false)">(.*?)</{DSML}parameter>\n', re.DOTALL
)

Piece = tuple[str, bool]
"""Text, and whether its control tokens are meant as such."""


class BadAnswer(ValueError):
    """What the model wrote is no answer of this format."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    name: str
    arguments: Mapping[str, Any]
    id: str = ""
    """What the message with its result names as `tool_call_id`."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. Of role "tool": the result of the call `tool_call_id`."""

    role: str
    content: str = ""
    reasoning: str = ""
    """Of an assistant: what it thought before the answer."""
    calls: Sequence[ToolCall] = ()
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


def pieces(
    messages: Sequence[Message], tools: Sequence[Tool] = (), *, thinking: bool = False, prefix: str = ""
) -> list[Piece]:
    """The prompt up to and including the start of the answer.

    `prefix` goes before everything but <BOS> (released code puts the demand for the highest effort there).
    Raises BadMessages for an unknown role, a result without its call, or a value that cannot be written.
    """
    if not messages:
        raise BadMessages("a conversation needs at least one message")
    keep_all = bool(tools) or any(message.role == "tool" or message.calls for message in messages)
    last_user = max((i for i, message in enumerate(messages) if message.role in ("user", "tool")), default=-1)
    found: list[Piece] = [(BOS, True), (prefix, False)]
    start = 0
    while start < len(messages) and messages[start].role == "system":
        found.append((("\n\n" if start else "") + messages[start].content, False))
        start += 1
    if tools:
        found += [("\n\n" if start else "", False), *_described(tools)]
    at = start
    while at < len(messages):
        message = messages[at]
        if message.role == "assistant":
            found += [(ASSISTANT, True), *_answer(message, thinking and (keep_all or at > last_user))]
            at += 1
        elif message.role in ("user", "tool"):
            results = []
            while at < len(messages) and messages[at].role == "tool":
                results.append(messages[at])
                at += 1
            blocks = _results(results, messages[: at - len(results)])
            if at < len(messages) and messages[at].role == "user":
                blocks.append(messages[at].content)
                at += 1
            found += [(USER, True), ("\n\n".join(blocks), False)]
        elif message.role == "system":
            raise BadMessages("system messages stand before all others")
        else:
            raise BadMessages(f"unknown role {message.role!r} (known: {', '.join(ROLES)})")
    found += [(ASSISTANT, True), (THINK if thinking else END_THINK, True)]
    return [piece for piece in found if piece[0]]


def _answer(message: Message, thinking: bool) -> list[Piece]:
    found: list[Piece] = []
    if thinking and message.reasoning:
        found += [(THINK, True), (message.reasoning, False)]
    found += [(END_THINK, True), (message.content, False)]
    if message.calls:
        found += _calls(message.calls)
    return [*found, (EOS, True)]


def _calls(calls: Sequence[ToolCall]) -> list[Piece]:
    found: list[Piece] = [(f"\n\n<{DSML}tool_calls>\n", True)]
    for call in calls:
        found += [(f"<{DSML}invoke ", True), (f'name="{_attribute(call.name)}">\n', False)]
        for name, value in call.arguments.items():
            is_text = isinstance(value, str)
            text = value if is_text else json.dumps(value, ensure_ascii=False)
            if f"</{DSML}parameter>" in text:
                raise BadMessages(f"the argument {name} of {call.name} holds the mark that ends an argument")
            opening = f'name="{_attribute(name)}" string="{"true" if is_text else "false"}">'
            found += [(f"<{DSML}parameter ", True), (opening + text, False), (f"</{DSML}parameter>\n", True)]
        found.append((f"</{DSML}invoke>\n", True))
    return [*found, (f"</{DSML}tool_calls>", True)]


def _attribute(name: str) -> str:
    if not name or '"' in name or "\n" in name:
        raise BadMessages(f"{name!r} is no name of a tool or an argument")
    return name


def _results(results: Sequence[Message], before: Sequence[Message]) -> list[str]:
    """Blocks in the order of the calls that they answer: those of the last assistant message before them."""
    if not results:
        return []
    calls = next((message.calls for message in reversed(before) if message.role == "assistant"), ())
    order = {call.id: index for index, call in enumerate(calls)}
    for result in results:
        if result.tool_call_id not in order:
            raise BadMessages(f"there is a result for the call {result.tool_call_id!r}, which nobody made")
    ordered = sorted(results, key=lambda result: order[result.tool_call_id])
    return [f"<tool_result>{result.content}</tool_result>" for result in ordered]


def _described(tools: Sequence[Tool]) -> list[Piece]:
    example = ToolCall("NAME", {"TEXT_ARGUMENT": "VALUE", "OTHER_ARGUMENT": 1})
    schemas = [
        {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)} for tool in tools
    ]
    lines = "\n".join(json.dumps(schema, ensure_ascii=False) for schema in schemas)
    return [
        ("## Tools\n\nTo call tools, end the answer with a block of this form:", False),
        *_calls([example]),
        ('\n\nText is given as it is with string="true", anything else as JSON with string="false".\n\n', False),
        (f"The tools, with JSON schemas of their arguments:\n\n{lines}", False),
    ]


def render(
    messages: Sequence[Message],
    tokenizer: Tokenizer,
    tools: Sequence[Tool] = (),
    *,
    thinking: bool = False,
    prefix: str = "",
) -> list[int]:
    """The prompt as token ids, ready for `generate`. Raises BadMessages."""
    if missing := [token for token in (BOS, EOS, USER, ASSISTANT) if token not in tokenizer.special_ids]:
        raise BadMessages(f"this model has no token {missing[0]}: it does not speak the format of V4")
    ids: list[int] = []
    plain = ""
    for text, control in pieces(messages, tools, thinking=thinking, prefix=prefix):
        for part in _split(text) if control else [text]:
            if control and part in tokenizer.special_ids:
                ids += [*tokenizer.encode(plain), tokenizer.special_ids[part]]
                plain = ""
            else:  # text runs on across pieces; a model without a token for a mark reads it as text
                plain += part
    return ids + tokenizer.encode(plain)


def _split(text: str) -> list[str]:
    """Control tokens and what stands between them."""
    parts: list[str] = []
    at = 0
    for match in _CONTROL.finditer(text):
        parts += [text[at : match.start()], match.group()]
        at = match.end()
    return [part for part in [*parts, text[at:]] if part]


def answer_text(ids: Iterable[int], tokenizer: Tokenizer) -> str:
    """What the model wrote with its control tokens by name, for `parse`."""
    return b"".join(map(tokenizer.token_bytes, ids)).decode("utf-8", "replace")


def parse(text: str, *, thinking: bool = False) -> Message:
    """The message in an answer: what follows the prompt of `pieces`, up to <EOS> or the end.

    Calls get the ids "call_0", "call_1" and so on. Raises BadAnswer when thinking does not end, or calls are not well
    formed or come before the end.
    """
    text = text.partition(EOS)[0]
    reasoning = ""
    if thinking:
        reasoning, ended, text = text.partition(END_THINK)
        if not ended:
            raise BadAnswer("the answer ends while still thinking: allow more tokens")
    begin = text.find(f"<{DSML}tool_calls>")
    if begin < 0:
        return Message("assistant", text, reasoning)
    content = text[:begin].removesuffix("\n\n")
    match = _CALLS.fullmatch(text[begin:])
    if match is None:
        raise BadAnswer("the block of tool calls does not end, or something follows it")
    return Message("assistant", content, reasoning, tuple(_parsed_calls(match[1])))


def _parsed_calls(block: str) -> list[ToolCall]:
    calls: list[ToolCall] = []
    at = 0
    while at < len(block):
        opening = _expect(_INVOKE, block, at)
        at, arguments = opening.end(), dict[str, Any]()
        while not block.startswith(_END_INVOKE, at):
            match = _expect(_PARAMETER, block, at)
            at = match.end()
            name, is_text, value = match.groups()
            if name in arguments:
                raise BadAnswer(f"{opening[1]} has the argument {name} twice")
            try:
                arguments[name] = value if is_text == "true" else json.loads(value)
            except ValueError:
                raise BadAnswer(f"the argument {name} of {opening[1]} is no JSON: {value[:80]!r}") from None
        at += len(_END_INVOKE)
        calls.append(ToolCall(opening[1], arguments, f"call_{len(calls)}"))
    if not calls:
        raise BadAnswer("the block of tool calls is empty")
    return calls


def _expect(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    match = pattern.match(text, at)
    if match is None:
        raise BadAnswer(f"the tool calls are not well formed at {text[at : at + 60]!r}")
    return match
