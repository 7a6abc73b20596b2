"""Facts of a file as four pieces of compact JSON, so that a query decodes only what it needs.

JSON because the database lies in a folder that others may write to: decoding it can run nothing. Strings are
stored once per piece and named by number; rows are flattened into one list of numbers, which decodes quickly.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, get_args

from .facts import (
    Call,
    Definition,
    Export,
    FileFacts,
    ImportFact,
    ImportKind,
    Occurrence,
    OccurrenceKind,
    Parameter,
    Receiver,
    Span,
    SymbolKind,
    TextKind,
)

FORMAT = 4
"""Rises when the encoding changes."""

_SYMBOL_KINDS: tuple[Any, ...] = get_args(SymbolKind)
_IMPORT_KINDS: tuple[Any, ...] = get_args(ImportKind)
_OCCURRENCE_KINDS: tuple[Any, ...] = get_args(OccurrenceKind)
_BINDINGS: tuple[Any, ...] = ("definition", "import", "member", "global", "text", "fixture")
_RECEIVERS: tuple[Any, ...] = ("self", "super", "instance", "unknown")
_PARAMETERS: tuple[Any, ...] = ("positional_only", "positional", "keyword_only", "var_positional", "var_keyword")
_TEXTS: tuple[Any, ...] = get_args(TextKind)

_OCCURRENCE_WIDTH = 10


class _Strings:
    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))

    def optional(self, text: str | None) -> int:
        return -1 if text is None else self(text)

    def several(self, texts: tuple[str, ...]) -> list[int]:
        return [self(t) for t in texts]

    def table(self) -> list[str]:
        return list(self.numbers)


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def _span(span: Span | None) -> list[int]:
    return [-1, -1] if span is None else [span[0], span[1]]


def _unspan(start: int, end: int) -> Span | None:
    return None if start < 0 else (start, end)


def encode_outline(facts: FileFacts) -> bytes:
    """Imports, exports, namespaces, `__all__`, errors."""
    number = _Strings()
    imports: list[int] = []
    for f in facts.imports:
        imports += [
            number(f.module), number.optional(f.name), number(f.local), _IMPORT_KINDS.index(f.kind), f.line,
            *f.statement_span, *f.module_span, *_span(f.name_span), *_span(f.local_span), number(f.scope),
            int(f.conditional),
        ]  # fmt: skip
    exports: list[int] = []
    for e in facts.exports:
        exports += [number(e.name), number(e.local), number(e.module), *_span(e.span), int(e.listed)]
    errors = [n for span, line in facts.errors for n in (*span, line)]
    names = [facts.namespace, facts.namespaces, [n for name, line in facts.ambient for n in (name, line)]]
    return _dump([FORMAT, number.table(), imports, exports, errors, facts.dunder_all, int(facts.generated), *names])


def encode_definitions(facts: FileFacts) -> bytes:
    number = _Strings()
    rows = []
    for d in facts.definitions:
        parameters: list[int] = []
        for p in d.parameters:
            parameters += [
                number(p.name), *p.name_span, _PARAMETERS.index(p.kind), number.optional(p.default),
                number.optional(p.annotation), *p.span,
            ]  # fmt: skip
        rows.append(
            [
                [
                    number(d.qualified), number(d.name), _SYMBOL_KINDS.index(d.kind), *d.name_span, *d.span, d.line,
                    d.end_line, int(d.exported), number(d.parent), *_span(d.body_span), number(d.signature),
                    number(d.doc), number(d.type),
                ],
                number.several(d.bases),
                parameters,
                number.several(d.decorators),
            ]
        )  # fmt: skip
    return _dump([FORMAT, number.table(), rows])


def encode_uses(facts: FileFacts) -> bytes:
    """Occurrences, calls, shorthand properties."""
    number = _Strings()
    occurrences: list[int] = []
    for o in facts.occurrences:
        receiver = o.receiver
        occurrences += [
            number(o.name), o.span[0], o.line, _OCCURRENCE_KINDS.index(o.kind), _BINDINGS.index(o.binding),
            number(o.target), number(".".join(o.chain)), o.import_index, number(o.scope),
            -1 if receiver is None else _RECEIVERS.index(receiver.kind) + 4 * number(receiver.type),
        ]  # fmt: skip
    ends = [o.span[1] for o in facts.occurrences]
    calls: list[Any] = []
    for c in facts.calls:
        calls += [
            *c.callee_span, *c.arguments_span, c.positional, number.several(c.keywords), int(c.starred),
            number(c.scope),
        ]  # fmt: skip
    shorthands = [n for span in facts.shorthands for n in span]
    return _dump([FORMAT, number.table(), occurrences, ends, calls, shorthands])


def encode_texts(facts: FileFacts) -> bytes:
    """Spans of strings, documentation and comments."""
    return _dump([FORMAT, [n for start, end, kind in facts.texts for n in (start, end, _TEXTS.index(kind))]])


def _load(data: bytes) -> list[Any]:
    """Raises ValueError for what was not written by this version."""
    value = json.loads(data)
    if not isinstance(value, list) or not value or value[0] != FORMAT:
        raise ValueError("facts of another format")
    return value


def decode_outline(data: bytes, facts: FileFacts) -> None:
    """Fill imports, exports, namespaces, errors, dunder_all and generated of `facts`."""
    _, s, i, e, errors, facts.dunder_all, generated, facts.namespace, facts.namespaces, ambient = _load(data)
    facts.generated = bool(generated)
    facts.ambient = list(zip(ambient[::2], ambient[1::2], strict=True))
    facts.imports = [
        ImportFact(
            s[i[k]], None if i[k + 1] < 0 else s[i[k + 1]], s[i[k + 2]], _IMPORT_KINDS[i[k + 3]], i[k + 4],
            (i[k + 5], i[k + 6]), (i[k + 7], i[k + 8]), _unspan(i[k + 9], i[k + 10]), _unspan(i[k + 11], i[k + 12]),
            s[i[k + 13]], bool(i[k + 14]),
        )
        for k in range(0, len(i), 15)
    ]  # fmt: skip
    facts.exports = [
        Export(s[e[k]], s[e[k + 1]], s[e[k + 2]], _unspan(e[k + 3], e[k + 4]), bool(e[k + 5]))
        for k in range(0, len(e), 6)
    ]
    facts.errors = [((errors[k], errors[k + 1]), errors[k + 2]) for k in range(0, len(errors), 3)]


def decode_definitions(data: bytes, facts: FileFacts) -> None:
    _, s, rows = _load(data)
    found = []
    for r, bases, p, decorators in rows:
        parameters = tuple(
            Parameter(
                s[p[k]], (p[k + 1], p[k + 2]), _PARAMETERS[p[k + 3]], None if p[k + 4] < 0 else s[p[k + 4]],
                None if p[k + 5] < 0 else s[p[k + 5]], (p[k + 6], p[k + 7]),
            )
            for k in range(0, len(p), 8)
        )  # fmt: skip
        found.append(
            Definition(
                s[r[0]], s[r[1]], _SYMBOL_KINDS[r[2]], (r[3], r[4]), (r[5], r[6]), r[7], r[8], bool(r[9]), s[r[10]],
                _unspan(r[11], r[12]), s[r[13]], tuple(s[b] for b in bases), parameters,
                tuple(s[d] for d in decorators), s[r[14]], s[r[15]],
            )
        )  # fmt: skip
    facts.definitions = found


def decode_uses(data: bytes, facts: FileFacts, names: Collection[str] | None = None) -> None:
    """Fill occurrences, calls and shorthands of `facts`; with `names`, only occurrences of these."""
    _, s, o, ends, c, shorthands = _load(data)
    rows = range(0, len(o), _OCCURRENCE_WIDTH)
    if names is not None:
        wanted = {n for n, text in enumerate(s) if text in names}
        rows_wanted = [k for k in rows if o[k] in wanted]
    else:
        rows_wanted = list(rows)
    found = []
    for k in rows_wanted:
        code, chain = o[k + 9], s[o[k + 6]]
        found.append(
            Occurrence(
                s[o[k]], (o[k + 1], ends[k // _OCCURRENCE_WIDTH]), o[k + 2], _OCCURRENCE_KINDS[o[k + 3]],
                _BINDINGS[o[k + 4]], s[o[k + 5]], tuple(chain.split(".")) if chain else (),
                None if code < 0 else Receiver(_RECEIVERS[code & 3], s[code >> 2]), o[k + 7], s[o[k + 8]],
            )
        )  # fmt: skip
    facts.occurrences = found
    if names is None:
        facts.calls = [
            Call(
                (c[k], c[k + 1]), (c[k + 2], c[k + 3]), c[k + 4], tuple(s[n] for n in c[k + 5]), bool(c[k + 6]),
                s[c[k + 7]],
            )
            for k in range(0, len(c), 8)
        ]  # fmt: skip
        facts.shorthands = [(shorthands[k], shorthands[k + 1]) for k in range(0, len(shorthands), 2)]


def decode_texts(data: bytes, facts: FileFacts) -> None:
    _, texts = _load(data)
    facts.texts = [(texts[k], texts[k + 1], _TEXTS[texts[k + 2]]) for k in range(0, len(texts), 3)]
