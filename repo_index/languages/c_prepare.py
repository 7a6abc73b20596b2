"""C and C++ as their preprocessor leaves them: comments and directives read, and a text of the same length without
them for the parser.

The grammars read directives inside declarations and expressions as errors, and a brace that both branches of a
condition open spoils the rest of the file. So the parser never sees a directive. Both branches of a condition stay
where they are whole statements; of others the first stays.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from ..encoding import parseable
from ..facts import Span

_TOKEN = re.compile(
    rb"""(?P<line>//(?:[^\\\n]|\\\r?\n|\\)*)"""
    rb"""|(?P<block>/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z))"""
    rb"""|(?P<directive>^[ \t]*(?:\#|\?\?=|%:)(?:[^\\\n/"']|\\\r?\n|\\|/(?![/*])|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)"""
    rb"""|"(?:[^"\\\n]|\\.|\\\r?\n)*+"?|'(?:[^'\\\n]|\\.)*+'?)*+)"""
    rb"""|(?P<raw>\b(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\((?:[^)]|\)(?!(?P=mark)"))*+(?:\)(?P=mark)"|\Z))"""
    rb"""|(?P<string>(?:\b(?:u8|[uUL]))?"(?:[^"\\\n]|\\\r?\n|\\.)*+"?)"""
    rb"""|(?P<char>(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)*+'?)""",
    re.MULTILINE,
)
_DIRECTIVE = re.compile(rb"[ \t]*(?:#|\?\?=|%:)(?:[ \t]|\\\r?\n|/\*.*?\*/)*([A-Za-z_]+)", re.DOTALL)
_NOT_NEWLINE = re.compile(rb"[^\r\n]+")
_FALSE = re.compile(rb"\s*(?:0|false)\s*\Z")
_COMMENT = re.compile(rb"//.*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_GUARD = re.compile(rb"__cplusplus\b")


@dataclass(slots=True)
class Directive:
    """One preprocessor line: `body` is the span of what follows its name."""

    name: str
    span: Span
    body: Span


@dataclass(slots=True)
class Prepared:
    #: what the grammar reads, as long as the source
    code: bytearray
    #: the same with strings blanked, for patterns
    bare: bytearray = field(default_factory=bytearray)
    #: `code` before macros are masked
    clean: bytes = b""
    comments: list[Span] = field(default_factory=list)
    strings: list[Span] = field(default_factory=list)
    directives: list[Directive] = field(default_factory=list)
    #: code that the parser does not see: the other branches of conditions
    hidden: list[Span] = field(default_factory=list)
    #: macros that stand where the grammar knows none
    masked: list[Span] = field(default_factory=list)


class Lines:
    """Line numbers, from 1, of byte offsets."""

    def __init__(self, source: bytes) -> None:
        self.starts = [0, *(match.end() for match in re.finditer(b"\n", source))]

    def at(self, offset: int) -> int:
        return bisect_right(self.starts, offset)


def blank(code: bytearray, start: int, end: int) -> None:
    """Spaces in place of everything but line ends."""
    code[start:end] = _NOT_NEWLINE.sub(lambda m: b" " * len(m[0]), bytes(code[start:end]))


def prepare(source: bytes) -> Prepared:
    text = parseable(source)
    prepared = Prepared(bytearray(text))
    code = prepared.code
    if code.startswith(b"\xef\xbb\xbf"):
        code[:3] = b"   "
    bare = bytearray(code)
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        kind = match.lastgroup if match.lastgroup != "mark" else "raw"
        if kind == "directive":
            _directive(prepared, text, start, end)
            blank(code, start, end)
            blank(bare, start, end)
        elif kind in ("line", "block"):
            prepared.comments.append((start, end))
            blank(code, start, end)
            blank(bare, start, end)
        else:
            if kind != "char":
                prepared.strings.append((start, end))
            if end - start > 2:
                blank(bare, start + 1, end - 1)
    prepared.bare = bare
    _conditions(prepared, text)
    prepared.clean = bytes(code)
    return prepared


def _directive(prepared: Prepared, text: bytes, start: int, end: int) -> None:
    match = _DIRECTIVE.match(text, start, end)
    if match is None:
        return
    body = match.end()
    for comment in _COMMENT.finditer(text, body, end):
        if b'"' not in text[body : comment.start()]:
            prepared.comments.append(comment.span())
    prepared.directives.append(Directive(match[1].decode("ascii"), (start, end), (body, end)))


@dataclass(slots=True)
class _Branch:
    condition: bytes
    start: int
    end: int = 0


def _conditions(prepared: Prepared, text: bytes) -> None:
    """Hide the branches that the parser is not to see."""
    open_: list[list[_Branch]] = []
    for directive in prepared.directives:
        name, (start, end) = directive.name, directive.span
        condition = _COMMENT.sub(b"", text[directive.body[0] : directive.body[1]]).strip()
        if name in ("if", "ifdef", "ifndef"):
            condition = b"!" + condition if name == "ifndef" else condition
            open_.append([_Branch(condition, end)])
        elif not open_:
            continue
        elif name in ("elif", "else", "elifdef", "elifndef"):
            open_[-1][-1].end = start
            open_[-1].append(_Branch(condition, end))
        elif name == "endif":
            branches = open_.pop()
            branches[-1].end = start
            _choose(prepared, branches)


def _choose(prepared: Prepared, branches: list[_Branch]) -> None:
    bare = prepared.bare
    kept = [b for b in branches if not _FALSE.match(b.condition)]
    first = branches[0].condition
    if _GUARD.search(first):
        # braces of `extern "C"` mean nothing here
        whole = [b for b in branches if _balance(bare[b.start : b.end]) == 0]
        kept = [b for b in kept if b in whole]
    if len(kept) > 1:
        before = bare[max(0, branches[0].start - 4000) : branches[0].start].rstrip()[-1:]
        if not all(_whole(before, bare[b.start : b.end]) for b in kept):
            kept = kept[:1]
    for branch in branches:
        if branch not in kept:
            prepared.hidden.append((branch.start, branch.end))
            blank(prepared.code, branch.start, branch.end)
            blank(bare, branch.start, branch.end)


def _balance(code: bytes | bytearray) -> int | None:
    """Brackets opened less those closed, None where one is closed that is not opened here."""
    depth = 0
    for match in re.finditer(rb"[][(){}]", code):
        depth += 1 if match[0] in b"([{" else -1
        if depth < 0:
            return None
    return depth


def _whole(before: bytes | bytearray, code: bytes | bytearray) -> bool:
    """Whether a branch holds whole statements, or whole elements of a list."""
    body = code.strip()
    if not body:
        return True
    if _balance(body) != 0 or re.match(rb"(?:else\b|[-+*/%&|^<>=?:.,)\]]|&&)", body):
        return False
    return before in (b"", b";", b"{", b"}", b":", b",", b")") and body[-1:] in (b";", b"}", b",", b":", b")")
