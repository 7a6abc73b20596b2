"""Short forms of a file for when all of it does not fit: its signatures, or one line of names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from .dotted import enclosing
from .facts import Definition

if TYPE_CHECKING:
    from .index import Index

_HEADING = re.compile(r"(?m)^(#{1,4}\s+\S.*|[^\s=~^\-*#.`][^\n]{0,100}\n[=\-~^*#]{3,}\s*$)")
_DOCUMENTS = (".md", ".markdown", ".mdx", ".rst", ".adoc")
_SHOWN = ("class", "function", "method", "interface", "type", "enum")
_LONGEST = 240
_NAMES = 24


def definitions_of(index: Index, path: str) -> list[Definition] | None:
    """Definitions of a file without its occurrences, which are costly to read; None where there is no grammar."""
    return index._definitions(path) if index.language(path) is not None else None


def _one_line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1] + "…"


def _head(definition: Definition, source: bytes) -> str:
    """The signature, read from the source where the facts hold none."""
    if definition.signature:
        return _one_line(definition.signature)
    end = definition.body_span[0] if definition.body_span else definition.span[1]
    return _one_line(source[definition.span[0] : end].decode("utf-8", "replace")).rstrip(" :{")


def _visible(definitions: Iterable[Definition]) -> list[Definition]:
    """Classes, functions and methods, without those inside functions; module-level constants."""
    definitions = list(definitions)
    functions = {d.qualified for d in definitions if d.kind in ("function", "method")}
    return sorted(
        (
            d
            for d in definitions
            if (d.kind in _SHOWN or (d.kind == "constant" and not d.parent))
            and not any(holder in functions for holder in islice(enclosing(d.qualified), 1, None))
        ),
        key=lambda d: (d.line, d.qualified),
    )


def headings(path: str, text: str) -> list[tuple[int, str]]:
    """Headings of a Markdown or reStructuredText document: (line from 1, text). None in other files."""
    if not path.lower().endswith(_DOCUMENTS):
        return []
    found = []
    fenced = [m.span() for m in re.finditer(r"(?ms)^```.*?(?:^```|\Z)", text)]
    for match in _HEADING.finditer(text):
        if not any(a <= match.start() < b for a, b in fenced):
            line = text.count("\n", 0, match.start()) + 1
            found.append((line, match[1].split("\n")[0].strip()))
    return found


def signatures(path: str, text: str, defined: Sequence[Definition] | None, source: bytes) -> str:
    """One line per definition with its line number and the first line of its docstring; of a document its
    headings. "" when there is nothing to show."""
    if defined is None:
        return "".join(f"{line:>5} {_one_line(title)}\n" for line, title in headings(path, text))
    lines = []
    for definition in _visible(defined):
        indent = "  " * definition.qualified.count(".")
        lines.append(f"{definition.line:>5} {indent}{_head(definition, source)}\n")
        if definition.doc.strip():
            lines.append(f"      {indent}  # {_one_line(definition.doc.strip().splitlines()[0])}\n")
    return "".join(lines)


def names(path: str, text: str, defined: Sequence[Definition] | None) -> str:
    """The names a file defines at its top, or the titles of a document, in one line."""
    if defined is None:
        shown = [title.lstrip("# ") for _, title in headings(path, text)[:6]]
    else:
        top = [d for d in _visible(defined) if not d.parent]
        public = [d for d in top if not d.name.startswith("_")] or top
        shown = list(dict.fromkeys(d.name for d in public))
    more = f", … {len(shown) - _NAMES} more" if len(shown) > _NAMES else ""
    return _one_line(", ".join(shown[:_NAMES]) + more)
