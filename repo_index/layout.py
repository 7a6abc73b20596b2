"""What an order of files buys an attention that sees a window: distances between uses and definitions, in tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .outline import definitions_of
from .records import Symbol

if TYPE_CHECKING:
    from .index import Index

WINDOW = 8192
BLOCK = 1024

#: (file, its share that stands before the line: 0..1)
Place = tuple[str, float]


@dataclass(frozen=True, slots=True)
class LayoutStats:
    """Figures of one order.

    edges_before: share of import edges whose imported file stands before the importing one, so that causal
    attention can see it. edges_in_window: share of import edges whose files start within the window of each
    other. uses_in_window: share of uses of imported names that follow the definition within the window.
    mean_use_distance: tokens from a use back to the definition; a definition that stands after its use, where causal
    attention cannot see it, counts as the length of the whole. blocks_touched: blocks of BLOCK tokens outside the
    window that hold the definitions one file uses, mean over files. prefix_kept: share of all tokens before an edited
    file, median over files; prefix_kept_by_changes: the same with each file counted as often as it was committed
    again, None without history. A file's tokens are taken to be spread evenly over its lines.
    """

    edges_before: float
    edges_in_window: float
    uses_in_window: float
    mean_use_distance: float
    blocks_touched: float
    prefix_kept: float
    prefix_kept_by_changes: float | None

    def as_json(self) -> dict[str, float | None]:
        return {name: None if (value := getattr(self, name)) is None else round(value, 4) for name in self.__slots__}


def uses(index: Index, paths: Sequence[str]) -> list[tuple[Place, Place]]:
    """(use, definition) for every use of a name that one of these files imports from another of them."""
    chosen = set(paths)
    lines = {path: max(1, index.read(path).count(b"\n")) for path in paths}
    found: list[tuple[Place, Place]] = []
    for path in sorted(paths):
        if definitions_of(index, path) is None:
            continue
        facts = index.facts(path)
        if facts is None:
            continue
        places: dict[int, Place | None] = {}
        for occurrence in facts.occurrences:
            number = occurrence.import_index
            if occurrence.binding != "import" or occurrence.kind == "import" or not 0 <= number < len(facts.imports):
                continue
            if number not in places:
                bound = facts.imports[number]
                target = index.resolve(path, bound.local, bound.scope) if bound.local else None
                places[number] = None
                if target is not None and target.path in chosen and target.path != path:
                    line = target.line if isinstance(target, Symbol) else 1
                    places[number] = (target.path, (line - 1) / lines[target.path])
            place = places[number]
            if place is not None:
                found.append(((path, (occurrence.line - 1) / lines[path]), place))
    return found


def measure(
    order: Sequence[str],
    tokens: Mapping[str, int],
    edges: Sequence[tuple[str, str]],
    used: Sequence[tuple[Place, Place]],
    changes: Mapping[str, tuple[int, int]] | None = None,
    window: int = WINDOW,
) -> LayoutStats:
    """Figures for files laid out in `order`, each taking `tokens[path]`. Edges are (importing, imported)."""
    start: dict[str, int] = {}
    total = 0
    for path in order:
        start[path] = total
        total += tokens[path]
    pairs = sorted({(a, b) for a, b in edges if a in start and b in start and a != b})

    def at(place: Place) -> float:
        return start[place[0]] + place[1] * tokens[place[0]]

    pairs_used = [
        (use[0], at(use), at(definition)) for use, definition in used if {use[0], definition[0]} <= start.keys()
    ]
    distances = [use - definition for _, use, definition in pairs_used]
    blocks: dict[str, set[int]] = {}
    for path, use, definition in pairs_used:
        touched = blocks.setdefault(path, set())
        if not 0 <= use - definition <= window:
            touched.add(int(definition) // BLOCK)
    again = {path: max(0, (changes or {}).get(path, (0, 0))[0] - 1) for path in order}
    return LayoutStats(
        edges_before=_share(sum(start[b] < start[a] for a, b in pairs), len(pairs)),
        edges_in_window=_share(sum(abs(start[a] - start[b]) <= window for a, b in pairs), len(pairs)),
        uses_in_window=_share(sum(0 <= d <= window for d in distances), len(distances)),
        mean_use_distance=_share(sum(d if d >= 0 else total for d in distances), len(distances)),
        blocks_touched=_share(sum(map(len, blocks.values())), len(blocks)),
        prefix_kept=_share(_median(start, dict.fromkeys(order, 1)), total),
        prefix_kept_by_changes=_share(_median(start, again), total) if any(again.values()) else None,
    )


def _median(values: Mapping[str, int], weights: Mapping[str, int]) -> int:
    """The least value that at least half of the weight does not exceed."""
    half, seen = sum(weights.values()) / 2, 0
    for path in sorted(values, key=lambda p: values[p]):
        seen += weights[path]
        if seen >= half:
            return values[path]
    return 0


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
