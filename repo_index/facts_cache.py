"""Facts by blob: from memory, else from the store, else from the bytes of the file, in that order.

Facts are decoded piece by piece, when something asks for that piece.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection

from . import codec, files
from .facts import FileFacts, Occurrence
from .languages import for_path, named
from .languages.base import Language
from .store import Key, Row, Store
from .tally import tally_of
from .word_hashes import has_words, word_keys, words_of

_DECODERS = {
    "outline": codec.decode_outline,
    "definitions": codec.decode_definitions,
    "uses": codec.decode_uses,
    "texts": codec.decode_texts,
}

_SMALL = 200
"""Bytes of facts that are not worth compressing."""


def version_of(language: Language) -> int:
    """Of the extractor and of the encoding: facts of another version are made anew."""
    return language.version * 1000 + codec.FORMAT


def index_blob(path: str, content: bytes, language: Language | None) -> Row:
    """Everything that is kept of a file. Never raises on broken code."""
    if files.is_binary(content):
        return Row("binary", 0, False, b"")
    words = words_of(content)
    if language is None:
        return Row("text", 0, False, words)
    generated = files.is_generated(path, content)
    facts = language.extract(content, path)
    facts.generated = generated
    return Row(
        language.name,
        version_of(language),
        generated,
        words,
        *_encoded(facts),
        frozenset(d.name for d in facts.definitions),
        tally_of(facts),
    )


def failed_row(path: str, content: bytes) -> Row:
    """What is kept of a file that its parser does not survive: its words, and that it is one error."""
    language = for_path(path)
    if language is None:
        return Row("text", 0, False, words_of(content))
    facts = FileFacts(language.name, errors=[((0, len(content)), 1)])
    return Row(language.name, version_of(language), False, words_of(content), *_encoded(facts), tally=tally_of(facts))


def _encoded(facts: FileFacts) -> tuple[bytes, bytes, bytes, bytes]:
    """In the order of store.PIECES, compressed."""
    return (
        _packed(codec.encode_outline(facts)),
        _packed(codec.encode_definitions(facts)),
        _packed(codec.encode_uses(facts)),
        _packed(codec.encode_texts(facts)),
    )


def _packed(data: bytes) -> bytes:
    """Facts shrink to a fifth at the lowest level, which costs less than writing them out would."""
    return zlib.compress(data, 1) if len(data) > _SMALL else data


def _unpacked(data: bytes) -> bytes:
    """Raises ValueError for damaged data."""
    if data[:1] != b"x":  # JSON begins with "["
        return data
    try:
        return zlib.decompress(data)
    except zlib.error as error:
        raise ValueError(str(error)) from None


class FactsCache:
    """Shared by an index and the overlays made from it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        #: facts that are not in the store: those of overlays, and all when it cannot be written
        self.rows: dict[Key, Row] = {}
        self._facts: dict[Key, FileFacts] = {}
        self._loaded: dict[Key, set[str]] = {}

    def has(self, key: Key) -> bool:
        return key in self.rows

    def get(self, key: Key, pieces: Collection[str], make: Callable[[], Row]) -> FileFacts:
        """Facts of a blob with at least these pieces filled in; `make` indexes the file when nothing has them."""
        facts = self._facts.get(key)
        if facts is None:
            facts = self._facts[key] = FileFacts(key[1])
            self._loaded[key] = set()
        loaded = self._loaded[key]
        for piece in pieces:
            if piece not in loaded:
                self._decode(piece, self._data(key, piece, make), facts, key, make)
                loaded.add(piece)
        return facts

    def _data(self, key: Key, piece: str, make: Callable[[], Row]) -> bytes:
        row = self.rows.get(key)
        data = getattr(row, piece) if row is not None else self.store.piece(key, piece)
        if data is None:
            row = self.rows[key] = make()
            data = getattr(row, piece)
        return data or b""

    def _decode(self, piece: str, data: bytes, facts: FileFacts, key: Key, make: Callable[[], Row]) -> None:
        decode = _DECODERS[piece]
        try:
            decode(_unpacked(data), facts)
        except (ValueError, IndexError, TypeError, KeyError):  # written by another version, or damaged
            row = self.rows[key] = make()
            decode(_unpacked(getattr(row, piece) or b""), facts)

    def named(self, key: Key, names: Collection[str], make: Callable[[], Row]) -> list[Occurrence]:
        """Occurrences of some names in a file, without decoding the others."""
        if "uses" in self._loaded.get(key, ()):
            return [o for o in self._facts[key].occurrences if o.name in names]
        facts = FileFacts(key[1])
        try:
            codec.decode_uses(_unpacked(self._data(key, "uses", make)), facts, names)
        except (ValueError, IndexError, TypeError, KeyError):
            return [o for o in self.get(key, ("uses",), make).occurrences if o.name in names]
        return facts.occurrences

    def preload(self, keys: Collection[Key], piece: str) -> None:
        """Decode one piece of many files with one query; those that the store lacks are left for later."""
        missing = {
            k for k in keys if piece not in self._loaded.get(k, ()) and k not in self.rows and named(k[1]) is not None
        }
        if len(missing) < 8:
            return
        for key, data in self.store.pieces(missing, piece).items():
            facts = self._facts.get(key)
            if facts is None:
                facts = self._facts[key] = FileFacts(key[1])
                self._loaded[key] = set()
            try:
                _DECODERS[piece](_unpacked(data), facts)
            except (ValueError, IndexError, TypeError, KeyError):
                continue
            self._loaded[key].add(piece)

    def tallies(self, keys: Collection[Key]) -> dict[Key, str]:
        """What a summary counts of blobs (tally.py); those of which nothing is kept are left out."""
        found = self.store.tallies(keys)
        for key in keys:
            row = self.rows.get(key)
            if row is not None and row.tally is not None:
                found[key] = row.tally
        return found

    def with_words(self, name: str) -> set[Key]:
        """Blobs, of any snapshot, whose text may hold every word of `name`."""
        keys = word_keys(name)
        found = self.store.with_words(keys)
        found.update(key for key, row in self.rows.items() if has_words(row.words, keys))
        return found

    def defining(self, name: str) -> set[Key]:
        found = self.store.defining(name)
        found.update(key for key, row in self.rows.items() if name in row.names)
        return found

    def defined_names(self, keys: Collection[Key]) -> set[str]:
        found = self.store.defined_names(keys)
        for key in keys:
            row = self.rows.get(key)
            if row is not None:
                found |= row.names
        return found
