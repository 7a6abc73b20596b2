"""A pack whose prefix outlives edits: that of a commit first, then what has changed since.

The files of the commit stand as they do in a pack of it alone, so that a cache of that text holds for as long as
nothing is committed. Files that differ now follow, each under a header that says so, then what a question asks for.
A quarter of the budget is kept free for them.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .arrangement import OrderName
from .pack import Count, CountMany, build_pack, sift
from .segment_maker import Maker, excerpts, hits_for
from .segments import LeftOut, Pack, Segment

if TYPE_CHECKING:
    from .index import Index

_KEPT_FREE = 4
"""One part in so many of the budget is for changes and the question."""


def build_pack_on(
    base: Index,
    index: Index,
    budget_tokens: int,
    count: Count,
    *,
    question: str | None = None,
    order: OrderName = "dsa",
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    counts: MutableMapping[str, int] | None = None,
    count_many: CountMany | None = None,
) -> Pack:
    """Pack the files of `base` (an index of a commit), then what `index` has otherwise. The rest as build_pack().

    A changed file that does not fit in the kept part is shown as its signatures or listed as left out.
    Raises ValueError as build_pack() does.
    """
    counts = counts if counts is not None else {}
    below = build_pack(
        base,
        budget_tokens - budget_tokens // _KEPT_FREE,
        count,
        order=order,
        include=include,
        exclude=exclude,
        counts=counts,
        count_many=count_many,
    )
    before, _ = sift(base, include, exclude)
    after, left_after = sift(index, include, exclude)
    blobs = {f.record.path: f.record.blob for f in before}
    now = {f.record.path: f.record for f in after}
    changed = [record for path, record in now.items() if blobs.get(path) != record.blob]
    gone = sorted(blobs.keys() - now.keys())
    maker = Maker(index, count, counts, 0, count_many)
    tail: list[Segment] = []
    left_out = [x for x in below.left_out if x.path in now and blobs.get(x.path) == now[x.path].blob]
    left_out += left_after
    room = budget_tokens - below.tokens
    for record in sorted(changed, key=lambda r: (r.size, r.path)):
        segment = maker.changed(record, room)
        if segment is None:
            left_out.append(LeftOut(record.path, "changed, and over the budget"))
        else:
            room -= segment.tokens
            tail.append(segment)
    tail.sort(key=lambda s: s.path)
    for path in gone:
        segment = Segment(path, 1, 1, "", blobs[path], "source", "deleted")
        segment = replace(segment, tokens=maker.tokens(segment))
        if segment.tokens <= room:
            room -= segment.tokens
            tail.append(segment)
    if question:
        tail += excerpts(maker, hits_for(index, question, set(now)), now, room)
    while True:
        segments = (*below.segments, *tail)
        tokens = maker.total(segments)
        if tokens <= budget_tokens or not tail:
            break
        tail.pop()  # the tokeniser counts more across a boundary than in the parts
    ordered = tuple(sorted(left_out, key=lambda x: x.path))
    return Pack(segments, ordered, budget_tokens, tokens, order, len(tail), question or "")
