"""What a session keeps of the tokens it has read: per layer, rows that grow and the last rows of streams.

Taking tokens back (speculation) is exact and copies nothing as far as every stream still holds what the next token
needs: at least `SPARE` tokens, counted from the longest length reached, and without limit while no stream has dropped a
row. To go back further, return to a `Mark`: streams as they stood at a length, which is small, since rows only grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

#: tokens that can always be taken back
SPARE = 16
#: rows of the first allocation
FIRST = 64


class CannotRewind(RuntimeError):
    """The cache no longer holds what lies before the position to go back to."""


class Rows:
    """Rows [length, width] that grow with the text, one for every `ratio` tokens.

    The first of them may be shared with other sessions: parts that nobody writes to any more.
    """

    def __init__(self, width: int, ratio: int = 1, dtype: torch.dtype = torch.float32) -> None:
        self.width, self.ratio, self.dtype = width, ratio, dtype
        self.length = 0
        self._shared: list[Tensor] = []
        self._stored = torch.empty(0, width, dtype=dtype)

    @property
    def nbytes(self) -> int:
        """Of what is not shared."""
        return self._stored.nbytes

    @property
    def _own(self) -> int:
        return self.length - sum(part.shape[0] for part in self._shared)

    def append(self, rows: Tensor) -> None:
        """Add rows [n, width]; memory grows by doubling."""
        held, needed = self._own, self._own + rows.shape[0]
        if needed > self._stored.shape[0]:
            stored = self._stored.new_empty(max(needed, 2 * self._stored.shape[0], FIRST), self.width)
            stored[:held] = self._stored[:held]
            self._stored = stored
        self._stored[held:needed] = rows
        self.length += rows.shape[0]

    def parts(self) -> list[Tensor]:
        """All rows in order, as views that are valid until the next append; at least one part, if an empty one."""
        own = self._stored[: self._own]
        return [*self._shared, own] if own.shape[0] or not self._shared else list(self._shared)

    def held(self) -> Tensor:
        """All rows, [length, width]: a view, valid until the next append, or a copy where there are several parts."""
        parts = self.parts()
        return torch.cat(parts) if len(parts) > 1 else parts[0]

    def take(self, ids: Tensor) -> Tensor:
        """Rows `ids` [...] as [..., width]."""
        parts = self.parts()
        if len(parts) == 1:
            return parts[0][ids]
        taken, begin = parts[0].new_empty(*ids.shape, self.width), 0
        for part in parts:
            inside = (ids >= begin) & (ids < begin + part.shape[0])
            taken[inside] = part[ids[inside] - begin]
            begin += part.shape[0]
        return taken

    def truncate(self, tokens: int) -> None:
        self.length = min(self.length, tokens // self.ratio)
        left, kept = self.length, []
        for part in self._shared:
            kept.append(part[:left])
            left -= kept[-1].shape[0]
        self._shared = [part for part in kept if part.shape[0]]

    def share(self, other: Rows) -> None:
        """Hold the rows of another, which from now on leaves them as they are, too."""
        other._shared, other._stored = [part for part in other.parts() if part.shape[0]], other._stored[:0].clone()
        self._shared, self._stored, self.length = list(other._shared), other._stored.clone(), other.length

    def restore(self, rows: Tensor) -> None:
        self.length, self._shared = rows.shape[0], []
        self._stored = rows


class Recent:
    """The last rows of a stream with one row per token: `need` for the next token, and `SPARE` to take back."""

    def __init__(self, width: int, need: int, dtype: torch.dtype = torch.float32) -> None:
        self.width, self.need, self.dtype = width, need, dtype
        self.end = 0
        """Position after the last row."""
        self._keep = need + SPARE
        self._stored = torch.empty(2 * self._keep, width, dtype=dtype)
        self._from = self._to = 0

    @property
    def nbytes(self) -> int:
        return self._stored.nbytes

    @property
    def start(self) -> int:
        """Position of the first row held."""
        return self.end - (self._to - self._from)

    def held(self) -> Tensor:
        """The rows of positions start .. end: a view, valid until the next extend."""
        return self._stored[self._from : self._to]

    def extend(self, rows: Tensor) -> tuple[Tensor, int]:
        """Add rows [n, width]. Returns the `need` rows before them, as far as there are any, and them, as
        [m + n, width], with the position of the first."""
        count = rows.shape[0]
        before = min(self.need, self._to - self._from)
        first = self.end - before
        if self._to + count <= self._stored.shape[0]:
            self._stored[self._to : self._to + count] = rows
            self._to += count
            seen = self._stored[self._to - count - before : self._to]
        else:
            seen = torch.cat([self._stored[self._to - before : self._to], rows.to(self.dtype)])
            kept = torch.cat([self.held(), rows.to(self.dtype)])[-self._keep :]
            self._from, self._to = 0, kept.shape[0]
            self._stored[: self._to] = kept
        self._from = max(self._from, self._to - self._keep)
        self.end += count
        return seen, first

    @property
    def rewindable(self) -> int:
        """The earliest length that the stream can go back to."""
        return 0 if self.start == 0 else self.start + self.need

    def truncate(self, tokens: int) -> None:
        if tokens < self.end:
            self._to -= self.end - tokens
            self.end = tokens

    def accepts(self, rows: Tensor, end: int) -> bool:
        """Whether `restore` can take these rows and the next token finds what it needs."""
        fits = rows.dim() == 2 and rows.shape[1] == self.width and rows.dtype == self.dtype
        return fits and min(end, self.need) <= rows.shape[0] <= min(end, self._keep)

    def restore(self, rows: Tensor, end: int) -> None:
        """Hold `rows` [at most need + SPARE, width], the last of which is that of token end - 1."""
        self._from, self._to, self.end = 0, rows.shape[0], end
        self._stored[: self._to] = rows


@dataclass(slots=True)
class LayerCache:
    """Streams of one layer by name; an attention block says which it needs (`new_cache`)."""

    rows: dict[str, Rows] = field(default_factory=dict)
    recent: dict[str, Recent] = field(default_factory=dict)
    passing: dict[str, Tensor] = field(default_factory=dict)
    """What later layers read in the same pass."""
    links: dict[str, LayerCache] = field(default_factory=dict)
    """Caches of other layers that this one reads (V4.1)."""


@dataclass(frozen=True, slots=True)
class Span:
    """Rows of a pass that belong to one session: the tokens of positions start .. start + count."""

    first: int
    """Row of the first token in the pass."""
    count: int
    start: int
    cache: LayerCache

    @property
    def rows(self) -> slice:
        return slice(self.first, self.first + self.count)


@dataclass(frozen=True, slots=True)
class Mark:
    """The last rows of all streams at a length."""

    length: int
    streams: list[dict[str, Tensor]]


class Cache:
    """The state of one session."""

    def __init__(self, layers: Sequence[LayerCache]) -> None:
        self.layers = list(layers)
        self.length = 0

    @property
    def nbytes(self) -> int:
        """Of what is not shared with other sessions."""
        grown = sum(rows.nbytes for layer in self.layers for rows in layer.rows.values())
        return grown + sum(recent.nbytes for layer in self.layers for recent in layer.recent.values())

    @property
    def rewindable(self) -> int:
        """The earliest length that `truncate` can go back to."""
        return max((stream.rewindable for layer in self.layers for stream in layer.recent.values()), default=0)

    def truncate(self, length: int) -> None:
        """Forget the tokens from position `length` on. Raises CannotRewind, and changes nothing, when too far back."""
        if length < self.rewindable:
            raise CannotRewind(
                f"a cache of {self.length} tokens can go back to {self.rewindable} tokens at most, not to {length}"
            )
        self._cut(length)

    def _cut(self, length: int) -> None:
        for layer in self.layers:
            for rows in layer.rows.values():
                rows.truncate(length)
            for recent in layer.recent.values():
                recent.truncate(length)
        self.length = min(self.length, length)

    def share(self, other: Cache) -> None:
        """Begin, empty, with all that another cache of the same decoder holds: its rows are shared, not copied."""
        for mine, its in zip(self.layers, other.layers, strict=True):
            for name, rows in mine.rows.items():
                rows.share(its.rows[name])
            for name, recent in mine.recent.items():
                recent.restore(its.recent[name].held(), other.length)
        self.length = other.length

    def mark(self) -> Mark:
        streams = [{name: recent.held().clone() for name, recent in layer.recent.items()} for layer in self.layers]
        return Mark(self.length, streams)

    def go_back(self, mark: Mark) -> None:
        """To a mark of this cache at no greater length, also from within a pass that was interrupted."""
        self._cut(mark.length)
        for layer, streams in zip(self.layers, mark.streams, strict=True):
            for name, rows in streams.items():
                layer.recent[name].restore(rows, mark.length)
        self.length = mark.length
