"""A repository as one text under a token budget: ordered segments and a manifest of what stands where.

The stable part comes first: files in an order of order.py, each whole or, when the budget is short, as its
signatures; then one line for each file that is not shown otherwise; then, for a question, the definitions that
bear on it, the best last. An edit of a file leaves everything before it as it was, and a question leaves the
stable part as it was where all of it fits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from . import outline
from .arrangement import OrderName, arrange
from .records import FileRecord, Hit
from .secrets import redact, secret_file
from .segments import Form, LeftOut, Pack, Segment

if TYPE_CHECKING:
    from .index import Index

__all__ = ["Count", "Form", "LeftOut", "OrderName", "Pack", "Segment", "arrange", "build_pack"]

Count = Callable[[str], int]
CountMany = Callable[[Sequence[str]], list[int]]

#: code has fewer characters than this for each token; a file that would need more is not worth counting
_MOST_CHARACTERS_PER_TOKEN = 7
#: so many texts are counted at once
_BATCH = 128
#: characters on either side of a boundary that a tokeniser may look at
_CONTEXT = 64
_EXCERPT_LINES = 160
#: tokens of the part chosen for a question: an eighth of the budget, within these bounds and at most half
_TAIL_LEAST, _TAIL_MOST = 4096, 16384
_LOCK_FILES = frozenset(
    """package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock poetry.lock pdm.lock uv.lock
    Pipfile.lock Cargo.lock composer.lock Gemfile.lock go.sum flake.lock""".split()
)


@dataclass(slots=True)
class _File:
    record: FileRecord
    rank: int
    use: int = 0
    relevance: float = 0.0
    form: Form | Literal[""] = ""
    segment: Segment | None = None
    reason: str = ""

    @property
    def importance(self) -> tuple[float, int, int, str]:
        return (-self.relevance, self.rank, -self.use, self.record.path)


def _rank(record: FileRecord) -> int:
    """What a reader of the repository needs first: source, its read-me and settings, other documents, tests."""
    if record.role == "source":
        return 0 if record.language not in ("text", "binary") else 3
    if "/" not in record.path and record.path.lower().startswith(("readme", "pyproject.toml", "package.json")):
        return 1
    return {"doc": 2, "test": 3}.get(record.role, 4)


def _matches(path: str, patterns: Sequence[str]) -> bool:
    """Globs over the whole path; a pattern without a slash also matches a name or a folder at any depth."""
    parts = path.split("/")
    return any(
        fnmatchcase(path, p)
        or path.startswith(p.rstrip("/") + "/")
        or ("/" not in p and any(fnmatchcase(x, p) for x in parts))
        for p in patterns
    )


def _sift(index: Index, include: Sequence[str], exclude: Sequence[str]) -> tuple[list[_File], list[LeftOut]]:
    files: list[_File] = []
    out: list[LeftOut] = []
    for record in index.files():
        path = record.path
        if include and not _matches(path, include):
            continue
        reason = secret_file(path)
        if _matches(path, exclude):
            reason = "excluded"
        elif reason:
            reason = f"{reason}: may hold secrets"
        elif record.skipped:
            reason = record.skipped
        elif record.language == "binary":
            reason = "binary"
        elif record.role == "generated" or path.rsplit("/", 1)[-1] in _LOCK_FILES:
            reason = "generated"
        elif not record.size:
            reason = "empty"
        if reason:
            out.append(LeftOut(path, reason))
        else:
            files.append(_File(record, _rank(record)))
    return files, out


class _Maker:
    """Makes segments and counts their tokens; counts are kept by content, so nothing is counted twice."""

    def __init__(
        self, index: Index, count: Count, counts: MutableMapping[str, int] | None, block: int, many: CountMany | None
    ) -> None:
        self.index = index
        self.count = count
        self.counts = counts if counts is not None else {}
        self.block = block
        self.many = many or (lambda texts: [count(text) for text in texts])
        self._texts: dict[str, tuple[str, int]] = {}
        self._bodies: dict[tuple[str, Form], Segment | None] = {}

    def text(self, path: str) -> tuple[str, int]:
        """The text with secrets masked, and how many were."""
        if path not in self._texts:
            text = self.index.text(path)
            if not text.isascii():  # some encodings decode to lone surrogates, which no tokeniser takes
                text = text.encode("utf-8", "replace").decode("utf-8")
            text, found = redact(text)
            self._texts[path] = (text, len(found))
        return self._texts[path]

    def tokens(self, segment: Segment) -> int:
        key = _key(segment)
        if key not in self.counts:
            self.counts[key] = self.count(segment.render())
        return self.counts[key]

    def prepare(self, records: Sequence[FileRecord], form: Form) -> None:
        """Count that form of several files at once."""
        missing: dict[str, str] = {}
        for record in records:
            try:
                body = self._body(record, form)
            except OSError:  # deleted since it was indexed: make() says so
                continue
            if body is not None and _key(body) not in self.counts:
                missing[_key(body)] = body.render()
        for key, tokens in zip(missing, self.many(list(missing.values())), strict=True):
            self.counts[key] = tokens

    def _body(self, record: FileRecord, form: Form) -> Segment | None:
        """The segment of a whole file in some form, its tokens not yet counted."""
        at = (record.path, form)
        if at not in self._bodies:
            text, masked = self.text(record.path)
            lines = text.count("\n") + (not text.endswith("\n"))
            if form != "whole":
                defined = outline.definitions_of(self.index, record.path)
                if form == "signatures":
                    text = outline.signatures(record.path, text, defined, self.index.read(record.path))
                else:
                    text = outline.names(record.path, text, defined)
            segment = Segment(record.path, 1, lines, text, record.blob, record.role, form, masked=masked)
            self._bodies[at] = segment if text or form != "signatures" else None
        return self._bodies[at]

    def make(self, record: FileRecord, form: Form) -> Segment | None:
        """The segment, None when that form of the file has nothing to show."""
        segment = self._body(record, form)
        if segment is None:
            return None
        segment = replace(segment, tokens=self.tokens(segment))
        return self._aligned(segment) if self.block and form != "map" else segment

    def excerpt(self, record: FileRecord, start: int, end: int) -> Segment:
        text, masked = self.text(record.path)
        text = "\n".join(text.split("\n")[start - 1 : end])
        masked = text.count("REDACTED") if masked else 0
        segment = Segment(record.path, start, end, text, record.blob, record.role, "excerpt", masked=masked)
        segment = replace(segment, tokens=self.tokens(segment))
        return self._aligned(segment) if self.block else segment

    def total(self, segments: Sequence[Segment]) -> int:
        """Tokens of the segments as one text: theirs, and what a tokeniser makes of the boundaries between them."""
        missing: dict[str, str] = {}
        pieces: list[str] = []
        for before, after in pairwise(segment.render() for segment in segments):
            parts = (before[-_CONTEXT:], after[:_CONTEXT])
            pieces += (_text_key("".join(parts)), *map(_text_key, parts))
            missing.update(zip(pieces[-3:], ("".join(parts), *parts), strict=True))
        missing = {key: text for key, text in missing.items() if key not in self.counts}
        for key, tokens in zip(missing, self.many(list(missing.values())), strict=True):
            self.counts[key] = tokens
        across = sum(self.counts[key] * (-1 if n % 3 else 1) for n, key in enumerate(pieces))
        return sum(segment.tokens for segment in segments) + across

    def _aligned(self, segment: Segment) -> Segment:
        """The segment filled up with lines of one point so that it ends on a block boundary, where that is
        possible with this tokeniser."""
        short = -segment.tokens % self.block
        unit = self.count(segment.render() + ".\n" * 8) - segment.tokens
        if not short or unit <= 0 or short * 8 % unit:
            return segment
        text = segment.render().split("\n", 1)[1] + ".\n" * (short * 8 // unit)
        filled = replace(segment, text=text)
        tokens = self.count(filled.render())
        return replace(filled, tokens=tokens) if tokens % self.block == 0 else segment


def _key(segment: Segment) -> str:
    return f"{segment.blob}:{segment.form}:{segment.start_line}-{segment.end_line}:{segment.path}"


def _text_key(text: str) -> str:
    return f"text:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def _hits(index: Index, question: str, known: set[str]) -> list[Hit]:
    return [hit for hit in index.search(question, limit=40) if hit.path in known]


def _excerpts(maker: _Maker, hits: list[Hit], records: dict[str, FileRecord], budget: int) -> list[Segment]:
    """Segments for the best hits within `budget` tokens: files by their best hit, the best last."""
    chosen: dict[str, dict[tuple[int, int], Segment]] = {}
    best: dict[str, int] = {}
    left = budget
    for number, hit in enumerate(hits):
        end = min(hit.end_line, hit.start_line + _EXCERPT_LINES - 1)
        spans = chosen.setdefault(hit.path, {})
        if any(a <= hit.start_line and end <= b for a, b in spans):
            continue
        inside = [s for s in spans if hit.start_line <= s[0] and s[1] <= end]
        try:
            segment = maker.excerpt(records[hit.path], hit.start_line, end)
        except OSError:  # deleted since it was indexed
            continue
        if segment.tokens - sum(spans[s].tokens for s in inside) > left:
            continue
        left -= segment.tokens - sum(spans[s].tokens for s in inside)
        for span in inside:
            del spans[span]
        spans[(hit.start_line, end)] = segment
        best.setdefault(hit.path, number)
    return [chosen[path][span] for path in sorted(best, key=lambda p: -best[p]) for span in sorted(chosen[path])]


def _rounded(tokens: int) -> int:
    """Tokens rounded up to five leading bits."""
    unit = 1 << max(0, tokens.bit_length() - 5)
    return -(-tokens // unit) * unit


class _Ladder:
    """Raises files from nothing to a line of the map, to signatures, to the whole, while the budget lasts.

    With `coarse`, files cost their tokens rounded up, so that an edit of one seldom decides what is shown of another.
    """

    def __init__(self, maker: _Maker, budget: int, coarse: bool) -> None:
        self.maker = maker
        self.left = budget
        self.cost = _rounded if coarse else int

    def ahead(self, files: Sequence[_File], form: Form) -> Iterator[_File]:
        """The files in turn; those that may still rise to the form are counted many at a time."""
        for start in range(0, len(files), _BATCH):
            batch = files[start : start + _BATCH]
            self.maker.prepare([f.record for f in batch if form != "whole" or self._may_fit(f)], form)
            yield from batch

    def _may_fit(self, file: _File, limit: int | None = None) -> bool:
        return file.record.size <= self._room(file, limit) * _MOST_CHARACTERS_PER_TOKEN

    def _room(self, file: _File, limit: int | None) -> int:
        room = self.left + (self.cost(file.segment.tokens) if file.segment else 0)
        return room if limit is None else min(room, limit)

    def raise_to(self, file: _File, form: Form, limit: int | None = None) -> bool:
        """Whether the file now has that form. `limit` bounds the tokens it may take."""
        room = self._room(file, limit)
        if form == "whole" and not self._may_fit(file, limit):
            file.reason = f"over the budget: about {file.record.size // 4:,} tokens, {room:,} left"
            return False
        try:
            segment = self.maker.make(file.record, form)
        except OSError as error:  # deleted since it was indexed
            file.reason = f"cannot be read: {error.strerror or error}"
            return False
        if segment is None:
            return False
        if self.cost(segment.tokens) > room:
            file.reason = f"over the budget: {segment.tokens:,} tokens, {room:,} left"
            return False
        self.left -= self.cost(segment.tokens) - (self.cost(file.segment.tokens) if file.segment else 0)
        file.form, file.segment = form, segment
        return True


def _fill(maker: _Maker, budget: int, files: Sequence[_File]) -> int:
    """Choose a form for every file; the most important rise first, breadth before depth. Returns what is left."""
    by_importance = sorted(files, key=lambda f: f.importance)
    for file in files:
        file.form, file.segment, file.reason = "", None, ""
    if sum(f.record.size for f in files) <= budget * _MOST_CHARACTERS_PER_TOKEN:
        ladder = _Ladder(maker, budget, coarse=False)
        if all(ladder.raise_to(file, "whole") for file in ladder.ahead(by_importance, "whole")):
            return ladder.left
        for file in files:
            file.form, file.segment = "", None
    ladder = _Ladder(maker, budget, coarse=True)
    map_room = budget // 4
    for file in ladder.ahead(by_importance, "map"):
        if ladder.raise_to(file, "map", map_room) and file.segment is not None:
            map_room -= file.segment.tokens
    for ranks in ((0,), (1, 2), (3, 4)):
        forms: tuple[Form, ...] = ("signatures", "whole")
        for form in forms:
            chosen = [file for file in by_importance if file.rank in ranks or file.relevance]
            for file in ladder.ahead(chosen, form):
                ladder.raise_to(file, form)
    return ladder.left


def _arranged(index: Index, files: Sequence[_File], order: OrderName) -> list[Segment]:
    """Segments of the files with more than a line, in the chosen order, then the map by path."""
    shown = {f.record.path: f for f in files if f.segment is not None and f.form != "map"}
    mapped = sorted((f for f in files if f.form == "map"), key=lambda f: f.record.path)
    chosen = (*(shown[p] for p in arrange(index, sorted(shown), order)), *mapped)
    return [f.segment for f in chosen if f.segment is not None]


def build_pack(
    index: Index,
    budget_tokens: int,
    count: Count,
    *,
    question: str | None = None,
    order: OrderName = "dsa",
    block: int = 0,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    counts: MutableMapping[str, int] | None = None,
    count_many: CountMany | None = None,
) -> Pack:
    """Pack the repository into at most `budget_tokens` tokens as `count` counts them.

    `count_many` counts several texts at once where that is quicker. What a tokeniser makes of a boundary between
    segments is taken to depend on the 64 characters before and after it. `counts` keeps token counts between packs
    (one mapping per tokeniser). `block` fills segments up to a multiple of that many tokens. `include` and `exclude`
    are globs over paths; nothing outside `include` is listed. Files that may hold secrets, binary, large, generated
    and empty files are left out, with the reason; tokens and keys inside other files are masked.
    Raises ValueError for a negative budget or an unknown order.
    """
    if budget_tokens < 0:
        raise ValueError(f"the budget must not be negative: {budget_tokens}")
    files, dropped = _sift(index, include, exclude)
    importers: dict[str, set[str]] = {}
    for edge in index.edges():
        if edge.target is not None:
            importers.setdefault(edge.target, set()).add(edge.source)
    records = {f.record.path: f.record for f in files}
    hits = _hits(index, question, set(records)) if question else []
    for file in files:
        file.use = len(importers.get(file.record.path, ()))
    maker = _Maker(index, count, counts, block, count_many)

    budget = budget_tokens
    while True:
        stable, tail = _compose(index, maker, files, hits, records, budget, order)
        pack = Pack((*stable, *tail), (), budget_tokens, 0, order, len(tail), question or "")
        tokens = maker.total(pack.segments)
        if tokens <= budget_tokens:
            break
        budget -= tokens - budget_tokens  # the tokeniser counts more across a boundary than in the parts
    for file in files:
        if file.form != "whole":
            dropped.append(LeftOut(file.record.path, file.reason, file.form))
    return replace(pack, tokens=tokens, left_out=tuple(sorted(dropped, key=lambda x: x.path)))


def _compose(
    index: Index,
    maker: _Maker,
    files: Sequence[_File],
    hits: list[Hit],
    records: dict[str, FileRecord],
    budget: int,
    order: OrderName,
) -> tuple[list[Segment], list[Segment]]:
    for file in files:
        file.relevance = 0.0
    left = _fill(maker, budget, files)
    if not hits:
        return _arranged(index, files, order), []
    share = min(budget // 2, max(_TAIL_LEAST, budget // 8), _TAIL_MOST)
    if all(file.form == "whole" for file in files):
        return _arranged(index, files, order), _excerpts(maker, hits, records, min(share, left))
    tail = _excerpts(maker, hits, records, share)
    for hit in hits:
        for file in files:
            if file.record.path == hit.path:
                file.relevance = max(file.relevance, hit.score)
    _fill(maker, budget - sum(s.tokens for s in tail), files)
    return _arranged(index, files, order), tail
