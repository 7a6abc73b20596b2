"""What a generation asks of a session: to hold a prompt, and to read on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from .. import chat
from ..cache.kv import ContextFull

if TYPE_CHECKING:
    from torch import Tensor

    from ..tokenizer import Tokenizer

#: float32 logits [vocabulary] of some tokens in a row
Rows: TypeAlias = "Sequence[Tensor] | Tensor"
#: tokens of a prompt that are read at once, a multiple of the decoders' blocks
PART = 1024


class Session(Protocol):
    """The tokens a model has seen, and the means to show it more (model_runtime.model.Session)."""

    ids: list[int]

    def extend(self, ids: Sequence[int], all_logits: bool = False) -> Tensor: ...
    def truncate(self, n: int) -> None: ...
    def recall(self, ids: Sequence[int]) -> int: ...
    def keep(self, count: int) -> None: ...
    def drafter(self, most: int) -> Drafter | None: ...


class Drafter(Protocol):
    """Proposes tokens (speculation.PromptLookup, composite.drafting.NextTokenLookup); it is fed every settled one."""

    def feed(self, tokens: Sequence[int]) -> None: ...
    def draft(self, most: int | None = None) -> list[int]: ...


class Model(Protocol):
    @property
    def tokenizer(self) -> Tokenizer: ...
    def session(self) -> Any: ...


def extend_to(session: Session, ids: Sequence[int]) -> tuple[Tensor, int]:
    """Make the session hold exactly `ids`, computing nothing that it can recall.

    Returns the float32 logits [vocabulary] after the last token, and how many tokens were not computed. The last
    token is always computed, since its logits are needed. What was read before an interrupt stays.
    """
    if not ids:
        raise ValueError("an empty prompt: there is nothing to continue")
    recalled = session.recall(ids)
    for start in range(recalled - recalled % PART, len(ids), PART):
        row = session.extend(ids[max(start, recalled) : start + PART])
    return row, recalled


def prompt_ids(prompt: str | Sequence[int] | Sequence[chat.Message], tokenizer: Tokenizer) -> list[int]:
    """Token ids of plain text (no control tokens), of a conversation, or the given ids."""
    if isinstance(prompt, str):
        return tokenizer.encode(prompt)
    if prompt and isinstance(prompt[0], Mapping):
        return chat.render(cast("Sequence[chat.Message]", prompt), tokenizer)
    return list(cast("Sequence[int]", prompt))


@dataclass(frozen=True, slots=True)
class Read:
    """Tokens that a session is to read; what comes back are the logits after each of the last `rows`."""

    ids: list[int]
    rows: int

    def by(self, session: Session) -> Rows | None:
        """The rows, or None when the context is full."""
        try:
            if self.rows == 1:
                return (session.extend(self.ids),)
            return session.extend(self.ids, all_logits=True)[-self.rows :]
        except ContextFull:
            return None
