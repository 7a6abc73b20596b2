"""Names in strings, comments and documents: found as words, weighed by what stands around them."""

from __future__ import annotations

import bisect
import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from .records import Certainty, FileRecord, Reference, ReferenceKind, Symbol
from .resolve import Module

if TYPE_CHECKING:
    from .index import Index

_BEFORE = re.compile(rb"(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*(?:\.|::|:))+\Z")
_DIRECTIVE = re.compile(
    rb"(?::(?:py:)?(?:func|class|meth|attr|exc|data|obj|const|mod)(?:ref)?:`(?:[^`<\n]*<)?[~!.]?[\w.]*"
    rb"|\.\.[ ]+(?:py:)?(?:auto)?(?:function|class|method|attribute|exception|data|staticmethod|classmethod)"
    rb"::[ ]+[\w.]*)\Z"
)
#: an import in an example of a document
_FROM_IMPORT = re.compile(rb"\bfrom[ \t]+([\w.]+)[ \t]+import[ \t]+\(?(?:[\w \t]+,\s*)*\Z")
_WINDOW = 200


def word(name: str) -> re.Pattern[bytes]:
    """The name at word boundaries."""
    raw = re.escape(name.encode("utf-8", "surrogateescape"))
    return re.compile(rb"(?<![\w$\x80-\xff])" + raw + rb"(?![\w\x80-\xff])")


def spans(index: Index, record: FileRecord) -> list[tuple[int, int, ReferenceKind]]:
    """The parts of a file that are text: its strings and comments, or, without a grammar, all of it."""
    if index.language(record.path) is None:
        return [(0, record.size, "doc" if record.role in ("doc", "test") else "string")]
    facts = index._pieces(record.path, "texts")
    if facts is None:
        return []
    return [(start, end, "string" if kind == "string" else "doc") for start, end, kind in facts.texts]


def occurrences(index: Index, name: str) -> Iterator[tuple[str, bytes, tuple[int, int], ReferenceKind]]:
    """(path, content, span, kind) of every place in text where `name` stands as a word."""
    pattern = word(name)
    for path in index._paths_with(name):
        record = index.file(path)
        if record is None or record.skipped:
            continue
        try:
            content = index.read(path)
        except OSError:
            continue
        found = list(pattern.finditer(content))
        if not found:
            continue
        parts = spans(index, record)
        starts = [p[0] for p in parts]
        for match in found:
            i = bisect.bisect_right(starts, match.start()) - 1
            if i >= 0 and match.end() <= parts[i][1]:
                yield path, content, match.span(), parts[i][2]


def mentions(
    index: Index, symbol: Symbol, known: Collection[tuple[str, tuple[int, int]]], family: Collection[str]
) -> Iterator[Reference]:
    """Mentions of a symbol in text that are not among the `known` places."""
    module = index.module_name(symbol.path)
    whole = f"{module}.{symbol.qualified}" if module else symbol.qualified
    judged: dict[str, Certainty | None] = {}
    unique: bool | None = None
    for path, content, span, kind in occurrences(index, symbol.name):
        if (path, span) in known:
            continue
        head = content[max(0, span[0] - _WINDOW) : span[0]]
        before = _BEFORE.search(head)
        certainty: Certainty | None = "text"
        dotted = symbol.name
        if before is not None:
            dotted = re.sub(r"::?", ".", before[0].decode("utf-8", "replace")) + symbol.name
            if dotted not in judged:
                judged[dotted] = _judge(index, symbol, whole, dotted, family)
            certainty = judged[dotted]
        elif (module_of := _FROM_IMPORT.search(head)) is not None:
            dotted = f"{module_of[1].decode('utf-8', 'replace')}.{symbol.name}"
            if dotted not in judged:
                judged[dotted] = _judge(index, symbol, whole, dotted, family)
            certainty = judged[dotted]
        elif _DIRECTIVE.search(head):
            if unique is None:
                unique = len(index.find(symbol.name)) == 1
            certainty = "likely" if unique or not symbol.definition.parent else "text"
        if certainty is not None:
            line, column, end_column = index._columns(path, span)
            via = dotted if dotted != symbol.name else ""
            yield Reference(path, span, line, column, end_column, kind, certainty, symbol.name, via)


def _judge(index: Index, symbol: Symbol, whole: str, dotted: str, family: Collection[str]) -> Certainty | None:
    """How sure a dotted mention is: "likely" when it names the symbol, None when it names another."""
    target = index._dotted(dotted)
    if isinstance(target, Symbol):
        return "likely" if target.id in family else None
    if isinstance(target, Module):
        return None
    return "likely" if whole.endswith("." + dotted) else "text"
