"""What docstrings say of parameters: Sphinx fields, and the entries of Google and NumPy sections."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..python.source import FunctionNode, PythonSource, Span, docstring
from ..workspace import Edit

_FIELD = re.compile(
    rb"^[ \t]*[:@](?:param|parameter|arg|argument|key|keyword|kwarg|kwparam|type|paramtype)[ \t]+"
    rb"(?:[^:\s][^:\n]*[ \t])?\\?\*{0,2}(?P<name>\w+)[ \t]*:",
    re.M,
)
_GOOGLE = re.compile(
    rb"^(?P<indent>[ \t]*)(?:Args|Arguments|Parameters|Params|Keyword Args|Keyword Arguments|Other Parameters)"
    rb":[ \t]*\r?$",
    re.M,
)
_NUMPY = re.compile(
    rb"^(?P<indent>[ \t]*)(?:Parameters|Other Parameters|Keyword Arguments|Attributes)[ \t]*\r?\n[ \t]*-{3,}[ \t]*\r?$",
    re.M,
)
_GOOGLE_ENTRY = re.compile(rb"(?P<indent>[ \t]*)\\?\*{0,2}(?P<name>\w+)[ \t]*(?:\([^\n]*\))?[ \t]*:")
_NUMPY_ENTRY = re.compile(rb"(?P<indent>[ \t]*)\\?\*{0,2}(?P<name>\w+)(?P<more>(?:[ \t]*,[ \t]*\w+)*)[ \t]*(?::|\r?$)")


@dataclass(frozen=True, slots=True)
class Entry:
    """`span` covers the lines of the entry, `section` those of the heading that is left without entries when it is
    the only one."""

    name: str
    name_span: Span
    span: Span
    section: Span | None = None
    shared: bool = False


def entries(source: PythonSource, node: FunctionNode | ast.ClassDef) -> list[Entry]:
    """The entries of the docstring in order."""
    text = docstring(node.body)
    if text is None:
        return []
    start, end = source.span(text)
    lines = _lines(source, start, end)
    found = [_field(source, match, lines, end) for match in _FIELD.finditer(source.data, start, end)]
    for heading in _GOOGLE.finditer(source.data, start, end):
        found += _section(source, heading, lines, _GOOGLE_ENTRY, deeper=True)
    for heading in _NUMPY.finditer(source.data, start, end):
        found += _section(source, heading, lines, _NUMPY_ENTRY, deeper=False)
    return sorted(set(found), key=lambda e: (e.span, e.name_span))


def _lines(source: PythonSource, start: int, end: int) -> list[Span]:
    """The lines of a text, line breaks included; the quotes at its end left out."""
    found = []
    at = start
    while at < end:
        stop = min(source.line_end(at), end)
        found.append((at, stop))
        at = stop
    return found


def _indent(data: bytes) -> int:
    return len(data.expandtabs()) - len(data.expandtabs().lstrip())


def _field(source: PythonSource, match: re.Match[bytes], lines: list[Span], end: int) -> Entry:
    """A field goes on over the lines that are indented more than it."""
    first = next(n for n, (a, b) in enumerate(lines) if a <= match.start("name") < b)
    depth = _indent(source.data[slice(*lines[first])])
    stop = _through(source, lines, first, depth)
    return Entry(match["name"].decode(), match.span("name"), (lines[first][0], stop))


def _through(source: PythonSource, lines: list[Span], first: int, depth: int) -> int:
    """Where the block of lines indented more than `depth` below line `first` ends."""
    stop = lines[first][1]
    for start, end in lines[first + 1 : -1] if len(lines) > 1 else ():
        text = source.data[start:end]
        if not text.strip():
            continue
        if _indent(text) <= depth:
            break
        stop = end
    return stop


def _section(
    source: PythonSource, heading: re.Match[bytes], lines: list[Span], pattern: re.Pattern[bytes], *, deeper: bool
) -> list[Entry]:
    data = source.data
    depth = _indent(heading["indent"] + b"x") if heading["indent"] else 0
    first = next(n for n, (a, b) in enumerate(lines) if a <= heading.end() <= b) + 1
    raw: list[tuple[str, Span, int]] = []
    own: int | None = None
    last = first
    shared: set[int] = set()
    for number in range(first, len(lines)):
        text = data[slice(*lines[number])]
        if not text.strip() or text.strip() in {b'"""', b"'''"}:
            continue
        indent = _indent(text)
        if own is None:
            own = indent
            if (indent > depth) != deeper:
                return []
        if indent < own or (not deeper and number + 1 < len(lines) and _is_rule(data[slice(*lines[number + 1])])):
            break
        last = number
        if indent > own:
            continue
        match = pattern.match(data, *lines[number])
        if match is None:
            if deeper:
                continue
            break
        raw.append((match["name"].decode(), match.span("name"), number))
        if match.groupdict().get("more"):
            shared.add(number)
            more = re.finditer(rb"\w+", data[slice(*match.span("more"))])
            at = match.start("more")
            raw += [(m.group().decode(), (at + m.start(), at + m.end()), number) for m in more]
    found = []
    for name, span, number in raw:
        stop = _through(source, lines, number, own or 0)
        section = None
        if len(raw) == 1:
            head = next(n for n, (a, b) in enumerate(lines) if a <= heading.start() < b)
            section = (lines[head][0], max(stop, lines[last][1] if number == last else stop))
        found.append(Entry(name, span, (lines[number][0], stop), section, number in shared))
    return found


def _is_rule(line: bytes) -> bool:
    return re.fullmatch(rb"-{3,}", line.strip()) is not None


def drop_entry(source: PythonSource, node: FunctionNode | ast.ClassDef, name: str) -> list[Edit]:
    """Take what the docstring says of a parameter out; with the last entry of a section its heading goes too."""
    found: list[Edit] = []
    for entry in entries(source, node):
        if entry.name != name:
            continue
        if entry.shared:
            start, end = entry.name_span
            if comma := re.match(rb"[ \t]*,[ \t]*", source.data[end:]):
                found.append(Edit(start, end + comma.end(), b""))
            else:
                found.append(Edit(source.data.rindex(b",", 0, start), end, b""))
            continue
        start, end = entry.section or entry.span
        if source.data[start:end].count(b'"""') or source.data[start:end].count(b"'''"):
            continue  # on the line of the quotes: left to the author
        if entry.section is not None:
            while start > 0 and not source.data[source.line_start(start - 1) : start].strip():
                start = source.line_start(start - 1)
        found.append(Edit(start, end, b""))
    return found


def rename_entry(source: PythonSource, node: FunctionNode | ast.ClassDef, name: str, new: str) -> list[Edit]:
    """Call the entries of a parameter by its new name."""
    return [Edit(*entry.name_span, source.encode(new)) for entry in entries(source, node) if entry.name == name]


def reorder_entries(source: PythonSource, node: FunctionNode | ast.ClassDef, names: Sequence[str]) -> list[Edit]:
    """Put the entries of these parameters into their order, where each has one of its own; else leave them."""
    every = [e for e in entries(source, node) if e.name in names]
    if sorted(e.name for e in every) != sorted(names) or any(e.shared or e.section for e in every):
        return []
    texts = {e.name: source.data[slice(*e.span)] for e in every}
    if any(b'"""' in text or b"'''" in text for text in texts.values()):
        return []
    return [Edit(*e.span, texts[name]) for e, name in zip(every, names, strict=True) if e.name != name]
