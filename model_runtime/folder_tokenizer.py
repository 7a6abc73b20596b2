"""The tokeniser of a checkpoint folder: a byte-level BPE in the tokenizer.json of the Hugging Face library."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import BadCheckpoint
from .tokenizer import CONTROL, NORMAL, USER_DEFINED, Tokenizer

if TYPE_CHECKING:
    import tokenizers

TOKENIZER, SETTINGS = "tokenizer.json", "tokenizer_config.json"


class NoTokenizer(BadCheckpoint):
    """The folder holds no tokeniser, or one of another kind than byte-level BPE."""


class FolderTokenizer(Tokenizer):
    """As Tokenizer: added tokens are known to `encode(text, special=True)` alone, so that text cannot write them."""

    def __init__(self, folder: Path, vocabulary_size: int = 0, eos: tuple[int, ...] = ()) -> None:
        """From config.json: `vocabulary_size`, since embeddings may have rows to spare, and ids that end a text.

        Raises NoTokenizer.
        """
        try:
            parsed = json.loads((folder / TOKENIZER).read_text(encoding="utf-8"))
            added = {entry["content"]: (entry["id"], entry.get("special", False)) for entry in parsed["added_tokens"]}
            vocabulary: dict[str, int] = parsed["model"]["vocab"]
            kind = parsed["model"]["type"]
        except FileNotFoundError:
            raise NoTokenizer(f"{folder} has no {TOKENIZER}: give token ids instead of text") from None
        except (ValueError, KeyError, TypeError) as error:
            raise NoTokenizer(f"{folder / TOKENIZER} is damaged: {error}") from None
        if kind != "BPE" or "ByteLevel" not in json.dumps([parsed.get("pre_tokenizer"), parsed.get("decoder")]):
            raise NoTokenizer(
                f"{folder / TOKENIZER} holds a tokeniser of kind {kind}; only byte-level BPE is supported"
            )
        known = 1 + max([*vocabulary.values(), *(number for number, _ in added.values())], default=-1)
        self.vocab_size = max(known, vocabulary_size)
        self._texts = [""] * self.vocab_size
        self._types = [CONTROL] * self.vocab_size
        for text, number in vocabulary.items():
            self._texts[number], self._types[number] = text, NORMAL
        for text, (number, special) in added.items():
            self._texts[number], self._types[number] = text, CONTROL if special else USER_DEFINED
        self.special_ids = {text: number for text, (number, _) in added.items()}
        self.eos_ids = frozenset(eos)
        self.eos_id = min(eos, default=-1)
        self._bpe = _without_added(parsed)
        longest_first = sorted(self.special_ids, key=lambda text: (-len(text), text))
        self._special = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _without_added(parsed: dict[str, Any]) -> tokenizers.Tokenizer:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    from tokenizers import Tokenizer as Library

    plain = {**parsed, "added_tokens": [], "post_processor": None, "truncation": None, "padding": None}
    try:
        return Library.from_str(json.dumps(plain))
    except Exception as error:
        raise NoTokenizer(f"the tokeniser does not load: {error}") from None
