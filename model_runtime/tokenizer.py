"""Text to token ids and back, from the vocabulary inside a GGUF file; needs neither weights nor torch.

Byte-level BPE over the pre-tokeniser regular expression that the file names. Plain text never turns into a
control token: `encode(text)` does not know them, so a source file that holds "<|im_end|>" stays what it is,
bytes. Only template text is encoded with `special=True`. No Unicode normalisation is done (the published
Qwen2 tokeniser applies NFC): the bytes of a source file come back as they went in.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .gguf_metadata import BadGGUF, read_metadata

if TYPE_CHECKING:
    import llguidance
    import tokenizers

#: tokenizer.ggml.pre -> the regular expression that cuts text into words before BPE
PRE_TOKENIZERS = {
    "qwen2": (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
}
#: kinds of tokens: text, marks of a template, text that the vocabulary lists as a whole
NORMAL, CONTROL, USER_DEFINED = 1, 3, 4
#: tokens that end a turn or a text whatever the file calls its end-of-text token
_ENDS = ("<|im_end|>", "<|endoftext|>")


def _byte_alphabet() -> dict[int, int]:
    """Code point of the character that stands for a byte in byte-level BPE (GPT-2) -> that byte."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    shifted = [b for b in range(256) if b not in set(plain)]
    return {**{b: b for b in plain}, **{256 + n: b for n, b in enumerate(shifted)}}


class StreamDecoder:
    """Turns tokens into text as they come; bytes of an unfinished character wait for the next token."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token: int) -> str:
        return self._utf8.decode(self._tokenizer.text_bytes(token))

    def finish(self) -> str:
        """What was held back; an unfinished character becomes U+FFFD."""
        return self._utf8.decode(b"", final=True)


class Tokenizer:
    """The tokeniser of one model. Make it with `load_tokenizer`."""

    def __init__(self, metadata: dict[str, Any]) -> None:
        """From GGUF metadata. Raises BadGGUF when it holds no tokeniser of a kind that is supported."""
        model, pre = metadata.get("tokenizer.ggml.model"), metadata.get("tokenizer.ggml.pre")
        if model != "gpt2" or pre not in PRE_TOKENIZERS:
            known = ", ".join(sorted(PRE_TOKENIZERS))
            raise BadGGUF(f"tokeniser {model!r} with pre-tokeniser {pre!r} is not supported (supported: {known})")
        try:
            self._texts: list[str] = metadata["tokenizer.ggml.tokens"]
            self._types: list[int] = metadata["tokenizer.ggml.token_type"]
            merges = [tuple(pair.split(" ", 1)) for pair in metadata["tokenizer.ggml.merges"]]
            self.eos_id: int = metadata["tokenizer.ggml.eos_token_id"]
        except KeyError as error:
            raise BadGGUF(f"the file has no {error.args[0]}") from None
        self.vocab_size = len(self._texts)
        if len(self._types) != self.vocab_size or not 0 <= self.eos_id < self.vocab_size:
            raise BadGGUF("the tables of the tokeniser do not fit together")
        self.special_ids: dict[str, int] = {
            text: i
            for i, (text, kind) in enumerate(zip(self._texts, self._types, strict=True))
            if kind in (CONTROL, USER_DEFINED)
        }
        self.eos_ids: frozenset[int] = frozenset(
            [self.eos_id, *(self.special_ids[text] for text in _ENDS if text in self.special_ids)]
        )
        self._bpe = self._build(PRE_TOKENIZERS[pre], merges)
        longest_first = sorted(self.special_ids, key=lambda text: (-len(text), text))
        self._special = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def _build(self, pattern: str, merges: list[tuple[str, ...]]) -> tokenizers.Tokenizer:
        # set, so that the library does not warn on standard error when a subprocess is started later
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers

        vocabulary = {
            text: i for i, (text, kind) in enumerate(zip(self._texts, self._types, strict=True)) if kind == NORMAL
        }
        try:
            bpe = Tokenizer(models.BPE(vocabulary, merges))  # type: ignore[arg-type]
        except Exception as error:
            raise BadGGUF(f"the merges do not fit the vocabulary: {error}") from None
        bpe.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        return bpe

    def encode(self, text: str, special: bool = False) -> list[int]:
        """Token ids. With `special`, control tokens in the text are recognised: for template text only."""
        if special and self._special is not None:
            ids: list[int] = []
            at = 0
            for match in self._special.finditer(text):
                ids += self.encode(text[at : match.start()])
                ids.append(self.special_ids[match.group()])
                at = match.end()
            return ids + self.encode(text[at:])
        return list(self._bpe.encode(_well_formed(text), add_special_tokens=False).ids) if text else []

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of each text, in parallel."""
        encodings = self._bpe.encode_batch_fast([_well_formed(t) for t in texts], add_special_tokens=False)
        return [list(encoding.ids) for encoding in encodings]

    def count(self, text: str) -> int:
        """Number of tokens of plain text."""
        return len(self._bpe.encode(_well_formed(text), add_special_tokens=False)) if text else 0

    def count_many(self, texts: Sequence[str]) -> list[int]:
        """`count` of each text, in parallel."""
        encodings = self._bpe.encode_batch_fast([_well_formed(t) for t in texts], add_special_tokens=False)
        return [len(encoding) for encoding in encodings]

    @cached_property
    def _bytes(self) -> list[bytes]:
        table = _byte_alphabet()
        return [
            text.translate(table).encode("latin-1", "replace") if kind == NORMAL else text.encode("utf-8", "replace")
            for text, kind in zip(self._texts, self._types, strict=True)
        ]

    def token_bytes(self, token: int) -> bytes:
        """The bytes of a token; of a control token, its name."""
        return self._bytes[token]

    def is_control(self, token: int) -> bool:
        """Whether the token is no text (end of turn, padding, unused)."""
        return self._types[token] not in (NORMAL, USER_DEFINED)

    def text_bytes(self, token: int) -> bytes:
        """The bytes a token adds to the text: none for a control token."""
        return b"" if self.is_control(token) else self._bytes[token]

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        return b"".join(map(self.text_bytes, ids))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the tokens, without control tokens; bytes that are not UTF-8 become U+FFFD."""
        return self.decode_bytes(ids).decode("utf-8", "replace")

    def stream(self) -> StreamDecoder:
        return StreamDecoder(self)

    @cached_property
    def for_grammars(self) -> llguidance.LLTokenizer:
        """The same vocabulary in the form that grammar matchers need (about 0.3 s, once)."""
        import llguidance

        return llguidance.LLTokenizer(
            llguidance.TokenizerWrapper(_GrammarView(self)),
            n_vocab=self.vocab_size,
            eos_token=sorted(self.eos_ids),
        )


class _GrammarView:
    """What llguidance.TokenizerWrapper reads of a tokeniser."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._encode = tokenizer.encode
        self.eos_token_id = tokenizer.eos_id
        self.bos_token_id = None
        self.tokens = tokenizer._bytes
        self.special_token_ids = [i for i in range(tokenizer.vocab_size) if tokenizer._types[i] != NORMAL]

    def __call__(self, text: str | bytes) -> list[int]:
        return self._encode(text if isinstance(text, str) else text.decode("utf-8"))


def _well_formed(text: str) -> str:
    """The text with lone surrogates (from undecodable file names or bytes) replaced by U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
        return text
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@lru_cache(maxsize=4)
def _load(path: Path, size: int, changed_ns: int) -> Tokenizer:
    try:
        return Tokenizer(read_metadata(path))
    except BadGGUF as error:
        text = str(error)
        raise BadGGUF(text if str(path) in text else f"{path}: {text}") from None


def load_tokenizer(path_or_name: str | Path) -> Tokenizer:
    """The tokeniser of a model of the catalogue, a GGUF file or a checkpoint folder, in about half a second; kept for
    later calls.

    Raises catalog.ModelNotFound when there is no such model; BadGGUF, or NoTokenizer for a folder, when its tokeniser
    is not supported.
    """
    from .catalog import locate

    path = locate(path_or_name)
    if path.is_dir():
        from .folder_tokenizer import FolderTokenizer

        return FolderTokenizer(path)
    status = path.stat()
    return _load(path, status.st_size, status.st_mtime_ns)
