"""How likely a model finds given continuations of a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .reading import Session, extend_to

if TYPE_CHECKING:
    from ..tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Score:
    """A continuation with its natural log-probability, the sum over its tokens."""

    text: str
    log_probability: float
    tokens: int

    @property
    def per_token(self) -> float:
        """Length-normalised: the mean over the tokens."""
        return self.log_probability / self.tokens


def score_choices(
    session: Session,
    prompt: Sequence[int],
    choices: Sequence[str],
    tokenizer: Tokenizer,
    *,
    end: bool = False,
) -> list[Score]:
    """The score of each choice as the continuation of `prompt` (token ids), in the order given.

    What choices share at their beginning is computed once. `end`: the end of the turn counts as a last token,
    so that a choice is not favoured for being the beginning of a longer one. The session is left holding the
    prompt. Raises ValueError for an empty choice or prompt.
    """
    import torch

    continuations = [tokenizer.encode(choice) + ([tokenizer.eos_id] if end else []) for choice in choices]
    if not all(choices):
        raise ValueError("an empty choice has no score")
    first, _ = extend_to(session, prompt)
    rows = [torch.log_softmax(first, dim=-1)]  # rows[d]: what is expected after d tokens of `path`
    path: list[int] = []
    scores: dict[int, Score] = {}
    for n in sorted(range(len(choices)), key=lambda n: continuations[n]):
        ids = continuations[n]
        most = min(len(path), len(ids))
        shared = next((i for i in range(most) if path[i] != ids[i]), most)
        # the last token of a choice is looked up, never computed
        if len(ids) - 1 > shared:
            session.truncate(len(prompt) + shared)
            new = session.extend(ids[shared:-1], all_logits=True)
            rows = [*rows[: shared + 1], *torch.log_softmax(new, dim=-1)]
            path = ids[:-1]
        total = sum(float(rows[d][token]) for d, token in enumerate(ids))
        scores[n] = Score(choices[n], total, len(ids))
    session.truncate(len(prompt))
    session.keep(len(prompt))
    return [scores[n] for n in range(len(choices))]
