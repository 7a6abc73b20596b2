"""Rules on added lines, whatever the language: conflict markers, hidden characters, private keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .changes import FileChange
from .findings import Finding

_MARKER = re.compile(rb"(?:<{7}|>{7}|\|{7})(?: |\r?$)|={7}\r?$")
_KEY = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_BODY = re.compile(rb"[A-Za-z0-9+/=\\n]{40,}")

#: override, embedding and isolate controls: the Trojan Source set
_BIDI = frozenset(range(0x202A, 0x202F)) | frozenset(range(0x2066, 0x206A))
#: invisible and without a use in source; joiners and direction marks are left out, since real text needs them
_INVISIBLE = frozenset({0x180E, 0x200B, 0x2060, 0x2061, 0x2062, 0x2063, 0x2064, 0x3164, 0xFEFF, 0xFFA0})
_TAGS = range(0xE0000, 0xE0080)
_SELECTORS = range(0xE0100, 0xE01F0)
#: files of natural language that may well need them
_TRANSLATIONS = (".po", ".pot", ".xlf", ".xliff", ".arb", ".ftl", ".strings")
_BLACK_FLAG = "\U0001f3f4"
_INTERESTING = re.compile(
    "[\u180e\u200b\u202a-\u202e\u2060-\u2069\u3164\ufeff\uffa0\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)


def conflict_markers(file: FileChange) -> Iterator[Finding]:
    """Added markers: an error where an opening, a middle and a closing one stand in the file in that order,
    a warning for an opening or closing one alone. A row of `=` alone is a heading, not a marker."""
    added = [(number, line) for number, line in file.added_lines() if _MARKER.match(line)]
    if not added:
        return
    state, whole = "", False
    for line in file.new_lines:
        if not _MARKER.match(line):
            continue
        if line.startswith(b"<"):
            state = "open"
        elif line.startswith(b"=") and state == "open":
            state = "middle"
        elif line.startswith(b">"):
            whole = whole or state == "middle"
            state = ""
    for number, line in added:
        marker = line[:7].decode("ascii")
        if whole and line[:1] in b"<=>":
            yield Finding(file.path, number, "error", "conflict-marker", f"merge conflict marker {marker}")
        elif line[:1] in b"<>":
            message = f"line starts like a merge conflict marker: {marker}"
            yield Finding(file.path, number, "warning", "conflict-marker", message)


def hidden_characters(file: FileChange) -> Iterator[Finding]:
    """Bidirectional controls and invisible characters, the first of each kind per line."""
    if file.path.lower().endswith(_TRANSLATIONS):
        return
    for number, raw in file.added_lines():
        if raw.isascii():
            continue
        line = raw.decode("utf-8", "replace")
        if number == 1:
            line = line.removeprefix("\ufeff")
        seen: set[str] = set()
        for match in _INTERESTING.finditer(line):
            code = ord(match[0])
            if code in _BIDI:
                rule, what = "bidi", f"bidirectional control character U+{code:04X}"
            elif code in _INVISIBLE or code in _SELECTORS:
                rule, what = "invisible-character", f"invisible character U+{code:04X}"
            elif code in _TAGS and _BLACK_FLAG not in line:  # flags of regions are spelled in tag characters
                rule, what = "invisible-character", f"invisible tag character U+{code:04X}"
            else:
                continue
            if rule not in seen:
                seen.add(rule)
                yield Finding(file.path, number, "warning", rule, f"{what} at column {match.start() + 1}")


def private_keys(file: FileChange) -> Iterator[Finding]:
    """The header of a private key in PEM or armoured form with key material after it."""
    for number, line in file.added_lines():
        match = _KEY.search(line)
        if match is None:
            continue
        body = b"\n".join([line[match.end() :], *file.new_lines[number : number + 4]])
        if _KEY_BODY.search(body):
            message = "what looks like a private key; keep secrets out of the repository"
            yield Finding(file.path, number, "warning", "private-key", message)


def check(file: FileChange) -> Iterator[Finding]:
    yield from conflict_markers(file)
    yield from hidden_characters(file)
    yield from private_keys(file)
