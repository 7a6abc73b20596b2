"""A repository as one text under a token budget: ordered segments and a manifest of what stands where.

The stable part comes first: files in an order of order.py, each whole or, when the budget is short, as its
signatures; then one line for each file that is not shown otherwise; then, for a question, the definitions that
bear on it, the best last. An edit of a file leaves everything before it as it was, and a question leaves the
stable part as it was where all of it fits.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from .arrangement import OrderName, arrange
from .records import FileRecord, Hit
from .secrets import secret_file
from .segment_maker import Count, CountMany, Maker, excerpts, hits_for
from .segments import Form, LeftOut, Pack, Segment

if TYPE_CHECKING:
    from .index import Index

__all__ = ["Count", "CountMany", "Form", "LeftOut", "OrderName", "Pack", "Segment", "arrange", "build_pack"]

#: code has fewer characters than this for each token; a file that would need more is not worth counting
_MOST_CHARACTERS_PER_TOKEN = 7
#: so many texts are counted at once
_BATCH = 128
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


def sift(index: Index, include: Sequence[str], exclude: Sequence[str]) -> tuple[list[_File], list[LeftOut]]:
    """The files that a pack may show, and those it may not, with the reason."""
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


def _rounded(tokens: int) -> int:
    """Tokens rounded up to five leading bits."""
    unit = 1 << max(0, tokens.bit_length() - 5)
    return -(-tokens // unit) * unit


class _Ladder:
    """Raises files from nothing to a line of the map, to signatures, to the whole, while the budget lasts.

    With `coarse`, files cost their tokens rounded up, so that an edit of one seldom decides what is shown of another.
    """

    def __init__(self, maker: Maker, budget: int, coarse: bool) -> None:
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


def _fill(maker: Maker, budget: int, files: Sequence[_File]) -> int:
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
    files, dropped = sift(index, include, exclude)
    importers: dict[str, set[str]] = {}
    for edge in index.edges():
        if edge.target is not None:
            importers.setdefault(edge.target, set()).add(edge.source)
    records = {f.record.path: f.record for f in files}
    hits = hits_for(index, question, set(records)) if question else []
    for file in files:
        file.use = len(importers.get(file.record.path, ()))
    maker = Maker(index, count, counts, block, count_many)

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
    maker: Maker,
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
        return _arranged(index, files, order), excerpts(maker, hits, records, min(share, left))
    tail = excerpts(maker, hits, records, share)
    for hit in hits:
        for file in files:
            if file.record.path == hit.path:
                file.relevance = max(file.relevance, hit.score)
    _fill(maker, budget - sum(s.tokens for s in tail), files)
    return _arranged(index, files, order), tail
