"""Bytes of a source file to text. Nothing here raises: a file that no rule fits is read as Latin-1."""

from __future__ import annotations

import codecs
import re

BOM = codecs.BOM_UTF8
#: PEP 263: in a comment on line 1 or 2
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_IS_HIGH = bytes(i if i < 128 else ord("_") for i in range(256))


def declared(source: bytes) -> str | None:
    """The encoding that a PEP 263 cookie names, None without one or with one that Python does not know."""
    for line in source[:1024].split(b"\n", 2)[:2]:
        match = _COOKIE.match(line.removeprefix(BOM))
        if match:
            name = match[1].decode("ascii")
            try:
                return codecs.lookup(name).name if "# a".encode(name) == b"# a" else None
            except (LookupError, ValueError, TypeError):
                return None
    return None


def decode(source: bytes) -> str:
    """Text of a file: UTF-8 (a byte order mark is left out), else what its cookie says, else Latin-1.

    Line ends stay as they are.
    """
    body = source.removeprefix(BOM)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    name = declared(source)
    if name is not None:
        try:
            return body.decode(name)
        except (UnicodeDecodeError, LookupError, ValueError, AssertionError):
            pass
    return body.decode("latin-1")


def parseable(source: bytes) -> bytes:
    """Bytes of the same length that a UTF-8 parser reads at the same offsets.

    In files that are not UTF-8, bytes that are not ASCII become `_`.
    """
    if source.isascii():
        return source
    try:
        source.decode("utf-8")
        return source
    except UnicodeDecodeError:
        return source.translate(_IS_HIGH)
