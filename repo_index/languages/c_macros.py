"""Preprocessor lines: includes, macros, and the names in them."""

from __future__ import annotations

import re

from ..facts import Definition, ImportFact, Parameter
from .c_prepare import Directive
from .c_scopes import Pending
from .c_walk import Walk

_INCLUDE = re.compile(rb"\s*(\"[^\"\n]+\"|<[^>\n]+>)")
_FILE = re.compile(rb"\s*([A-Za-z_]\w*)[ \t]+(\"[^\"\n]+\"|<[^>\n]+>)[ \t]*\Z")
_DEFINE = re.compile(rb"\s*([A-Za-z_]\w*)(\(([^)]*)\))?")
_WORD = re.compile(rb"(?<![\w])[A-Za-z_]\w*")
_QUOTED = re.compile(rb'"(?:[^"\\\n]|\\.)*+"?|\'(?:[^\'\\\n]|\\.)*+\'?|//.*|/\*(?:[^*]|\*(?!/))*+(?:\*/)?', re.DOTALL)
_ALIAS = re.compile(rb"\s*([A-Za-z_]\w*)\s*\Z")
_SPACE = re.compile(r"\s*\\?\s+")
_IGNORED = frozenset(b"defined __has_include __has_attribute __has_builtin __VA_ARGS__ __VA_OPT__ true false".split())
_SIGNATURE = 200


def directives(walk: Walk, keywords: frozenset[str]) -> None:
    """Facts of the preprocessor lines."""
    named: dict[bytes, bytes] = {}
    for directive in walk.prepared.directives:
        if directive.name in ("include", "include_next", "import"):
            _include(walk, directive, named)
        elif directive.name == "define":
            if (file := _FILE.match(walk.source, *directive.body)) is not None:
                named.setdefault(file[1], file[2])
            _define(walk, directive, keywords)
        elif directive.name in ("if", "elif", "ifdef", "ifndef", "undef", "elifdef", "elifndef"):
            words(walk, directive.body[0], directive.body[1], keywords, loose=False)


def _include(walk: Walk, directive: Directive, named: dict[bytes, bytes]) -> None:
    """`named` has the macros of the file that stand for the name of one: `#include CONFIG`."""
    match = _INCLUDE.match(walk.source, *directive.body)
    line = walk.lines.at(directive.span[0])
    if match is None:
        words(walk, *directive.body, frozenset(), loose=False)
        start, end = directive.body
        macro = walk.source[start:end].strip()
        if macro in named:
            module = named[macro].decode("utf-8", "replace")
            walk.facts.imports.append(ImportFact(module, None, "", "runtime", line, directive.span, (start, end)))
        return
    module = match[1].decode("utf-8", "replace")
    walk.facts.imports.append(
        ImportFact(module, None, "", "runtime", line, directive.span, (match.start(1) + 1, match.end(1) - 1))
    )


def _define(walk: Walk, directive: Directive, keywords: frozenset[str]) -> None:
    source, (start, end) = walk.source, directive.body
    match = _DEFINE.match(source, start, end)
    if match is None:
        return
    name, span = match[1].decode("ascii"), match.span(1)
    body = source[match.end() : end]
    alias = _ALIAS.match(body) if match[2] is None else None
    target = alias[1].decode("ascii") if alias is not None else ""
    signature = _SPACE.sub(" ", source[directive.span[0] : end].decode("utf-8", "replace")).strip()[:_SIGNATURE]
    parameters = _parameters(match)
    first, last = walk.lines.at(directive.span[0]), walk.lines.at(max(start, end - 1))
    definition = Definition(
        name, name, "constant" if match[2] is None else "function", span, directive.span, first, last, True,
        body_span=(match.end(), end) if match[2] is not None else None, signature=signature, parameters=parameters,
        doc=walk.doc(directive.span[0]), type=target if target not in keywords and target != name else "",
    )  # fmt: skip
    walk.facts.definitions.append(definition)
    walk.defined(name, span, name)
    words(walk, match.end(), end, keywords | {p.name for p in parameters}, loose=True)


def _parameters(match: re.Match[bytes]) -> tuple[Parameter, ...]:
    if match[3] is None:
        return ()
    found = []
    for word in re.finditer(rb"[A-Za-z_]\w*|\.\.\.", match[3]):
        start = match.start(3) + word.start()
        span = (start, start + len(word[0]))
        kind = "var_positional" if word[0] == b"..." else "positional_only"
        found.append(Parameter(word[0].decode("ascii"), span, kind, span=span))  # type: ignore[arg-type]
    return tuple(found)


def words(walk: Walk, start: int, end: int, skipped: frozenset[str], *, loose: bool) -> None:
    """Names in a text that is not parsed; after `.` and `->` they are members of something unknown."""
    source = walk.source
    text = _QUOTED.sub(lambda m: b" " * len(m[0]), source[start:end])
    for match in _WORD.finditer(text):
        name = match[0].decode("ascii")
        if name in skipped or match[0] in _IGNORED:
            continue
        at = start + match.start()
        before = text[max(0, match.start() - 3) : match.start()].rstrip()
        if loose and (before.endswith(b"->") or (before.endswith(b".") and not before.endswith(b".."))):
            walk.member(_Word(match[0], at), "", walk.file)
        else:
            called = loose and text[match.end() : match.end() + 1] == b"("
            walk.pending.append(Pending(name, at, at + len(match[0]), "call" if called else "use", "", loose=loose))


class _Word:
    """As much of a node as Walk.member asks for."""

    def __init__(self, text: bytes, start: int) -> None:
        self.text = text
        self.start_byte = start
        self.end_byte = start + len(text)
