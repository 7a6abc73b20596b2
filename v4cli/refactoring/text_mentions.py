"""Names in prose: comments, docstrings, strings and documents that mention a symbol, and which of them mean it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .python.source import Span
from .workspace import Workspace

if TYPE_CHECKING:
    from repo_index import Index

_CHANGELOG = re.compile(
    r"(?:^|/)(?:changes|changelog|change[-_]log|history|news|release[-_]?notes|releases|whatsnew)(?:\.[^/]*)?$"
    r"|(?:^|/)(?:releases|release[-_]notes|changelog|changelogs|changes|newsfragments|news|whatsnew|changelog\.d)/",
    re.IGNORECASE,
)
_WORD = rb"[A-Za-z0-9_\x80-\xff]"
_QUALIFIER = re.compile(rb"((?:[A-Za-z_\x80-\xff][\w\x80-\xff]*\.|\(\)\.)*)$")


def is_changelog(path: str) -> bool:
    """Whether the file tells the history of the project, which a rename does not rewrite."""
    return _CHANGELOG.search(path) is not None


@dataclass(frozen=True, slots=True)
class Mention:
    """A place where a name stands as a word of its own. `kind`: "code" outside of strings and comments.

    `qualifier` is what stands before it, joined by dots (`flask.templating`), "" for a bare word; `dotted` says
    that a dot stands right before. `marked`: in backticks, in a Sphinx role or directive, or followed by `()`.
    """

    path: str
    span: Span
    line: int
    kind: str
    qualifier: str
    dotted: bool
    marked: bool
    #: the whole string, document or comment consists of this name alone
    whole: bool
    text: str
    before: str
    after: str


def mentions(ws: Workspace, name: str, index: Index | None = None) -> Iterator[Mention]:
    """Every place in text files where `name` stands at word boundaries, sorted by path and position."""
    index = index or ws.index
    pattern = re.compile(rb"(?<!" + _WORD + rb")" + re.escape(name.encode()) + rb"(?!" + _WORD + rb")")
    for path in index.paths_with(name):
        record = index.file(path)
        if record is None or record.skipped or record.language == "binary":
            continue
        data = index.read(path)
        if name.encode() not in data:
            continue
        facts = index.with_texts(path)
        texts = facts.texts if facts is not None else None
        for match in pattern.finditer(data):
            yield _mention(path, data, match.span(), texts)


def _mention(path: str, data: bytes, span: Span, texts: Sequence[tuple[int, int, str]] | None) -> Mention:
    start, end = span
    kind, area = "document", (0, len(data))
    if texts is not None:
        kind = "code"
        for begin, stop, what in texts:
            if begin <= start and end <= stop:
                kind, area = what, (begin, stop)
                break
    line_start = max(data.rfind(b"\n", 0, start), data.rfind(b"\r", 0, start)) + 1
    line_end = min((p for p in (data.find(b"\n", end), data.find(b"\r", end)) if p >= 0), default=len(data))
    lead = data[max(line_start, area[0]) : start]
    tail = data[end : min(line_end, area[1])]
    qualifier = _QUALIFIER.search(lead)
    before = qualifier.group(1) if qualifier else b""
    head = lead[: len(lead) - len(before)]
    dotted = bool(before) or head.endswith((b".", b"~."))
    if not before and (entry := re.search(rb"((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*):$", head)):
        # an entry point: package.module:name
        before, head, dotted = entry.group(1), head[: entry.start()], True
    marked = (
        head.endswith((b"`", b"`~", b"`.", b"`~.", b"`!"))
        or tail.startswith(b"()")
        or re.search(rb"(?:^|\s)\.\. [\w:-]+:: *(?:~|\.)*$", head) is not None
        or re.search(rb"^\s*(?:>>>|\.\.\.|\$|::: )\s?", lead) is not None
    )
    inner = data[area[0] : area[1]].strip(b"'\"rRbBuUfF \t\r\n")
    return Mention(
        path,
        span,
        data.count(b"\n", 0, start) + 1,
        kind,
        before.decode("utf-8", "replace").rstrip("."),
        dotted,
        marked,
        kind == "string" and inner == data[start:end],
        data[line_start:line_end].decode("utf-8", "replace").strip()[:200],
        head[-12:].decode("utf-8", "replace"),
        tail[:12].decode("utf-8", "replace"),
    )


def is_distinctive(name: str) -> bool:
    """Whether a word is unlikely to stand in prose unless it means code: `super_len`, `HTTPAdapter`, `utf8Length`."""
    inner = name.strip("_")
    return "_" in inner or any(c.isdigit() for c in inner) or re.search(r"[a-z][A-Z]|[A-Z]{2,}[a-z]", inner) is not None


def inside_path(mention: Mention) -> bool:
    """Whether the word is part of a file path, an option or a URL rather than a name in code."""
    if mention.before.endswith(("/", "\\", "-", "@")) and not mention.before.endswith("->"):
        return True
    return (
        re.match(r"(?:/|\\\w|-\w|\.(?:py|pyi|js|jsx|ts|tsx|mjs|cjs|html|md|rst|txt|json|css)\b)", mention.after)
        is not None
    )
