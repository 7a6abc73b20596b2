"""Where files and folders stand: circles within circles, so that a folder folds and unfolds in its place.

Inside a folder, files and subfolders are drawn together by the imports between them, pushed apart where they
overlap, and pulled to the middle. Nothing is random: the same graph gives the same picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_GAP = 6.0
_LABEL = 5.0
"""Room around a file for its name."""
_MARGIN = 8.0
_GOLDEN = np.pi * (3 - np.sqrt(5))
_MOST_STEPS = 120
_WORK = 6_000_000
"""Pairs of circles that one folder may cost; larger folders take fewer steps."""

Circle = tuple[float, float, float]
"""Middle and radius."""


@dataclass
class Folder:
    """A folder of the picture; chains of folders with nothing else in them are one."""

    path: str
    folders: list[Folder] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def count(self) -> int:
        return len(self.files) + sum(f.count() for f in self.folders)


def tree(paths: Sequence[str]) -> Folder:
    """Folders of these files, sorted; the root has path ""."""
    root = Folder("")
    known = {"": root}

    def folder(path: str) -> Folder:
        if path not in known:
            known[path] = Folder(path)
            folder(path.rpartition("/")[0]).folders.append(known[path])
        return known[path]

    for path in sorted(paths):
        folder(path.rpartition("/")[0]).files.append(path)
    return _joined(root)


def _joined(folder: Folder) -> Folder:
    while folder.path and not folder.files and len(folder.folders) == 1:
        folder = folder.folders[0]
    folder.folders = [_joined(f) for f in folder.folders]
    return folder


def place(root: Folder, sizes: Mapping[str, float], links: Mapping[tuple[str, str], int]) -> dict[str, Circle]:
    """path -> circle, of files (radius from `sizes`) and folders ("" is the root). `links`: imports between files."""
    inside: dict[str, tuple[list[str], NDArray[np.float64]]] = {}
    radii: dict[str, float] = dict(sizes)
    chains: dict[str, list[str]] = {}

    def walk(folder: Folder, above: list[str]) -> None:
        here = [*above, folder.path]
        for file in folder.files:
            chains[file] = [*here, file]
        for below in folder.folders:
            walk(below, here)

    walk(root, [])
    between: dict[str, dict[tuple[str, str], int]] = {}
    for (a, b), weight in sorted(links.items()):
        for depth, (one, other) in enumerate(zip(chains[a], chains[b], strict=False)):
            if one != other:
                pair = (min(one, other), max(one, other))
                table = between.setdefault(chains[a][depth - 1], {})
                table[pair] = table.get(pair, 0) + weight
                break

    def arrange(folder: Folder) -> None:
        for below in folder.folders:
            arrange(below)
        names = [*folder.files, *(f.path for f in folder.folders)]
        degree = dict.fromkeys(names, 0)
        for (one, other), weight in between.get(folder.path, {}).items():
            degree[one] += weight
            degree[other] += weight
        names.sort(key=lambda n: (-radii[n] - degree[n], n))
        number = {n: i for i, n in enumerate(names)}
        pairs = [(number[a], number[b], w) for (a, b), w in sorted(between.get(folder.path, {}).items())]
        room = np.array([radii[n] + (_LABEL if n in sizes else 0.0) for n in names])
        positions = _relax(room, pairs)
        reach = np.hypot(positions[:, 0], positions[:, 1]) + room
        inside[folder.path] = (names, positions)
        radii[folder.path] = float(reach.max()) + _MARGIN if names else _MARGIN

    arrange(root)
    circles: dict[str, Circle] = {}

    def settle(path: str, x: float, y: float) -> None:
        circles[path] = (round(x, 1), round(y, 1), round(radii[path], 1))
        if path in inside:
            names, positions = inside[path]
            for name, (dx, dy) in zip(names, positions, strict=True):
                settle(name, x + float(dx), y + float(dy))

    settle(root.path, 0.0, 0.0)
    return circles


def _relax(radii: NDArray[np.float64], pairs: list[tuple[int, int, int]]) -> NDArray[np.float64]:
    """Positions of circles around 0 that do not overlap, linked ones near each other."""
    count = len(radii)
    if count == 0:
        return np.zeros((0, 2))
    order = np.arange(count)
    spread = np.sqrt(np.cumsum((radii + _GAP) ** 2)) * 1.15
    spread -= spread[0]
    at = np.stack([spread * np.cos(order * _GOLDEN), spread * np.sin(order * _GOLDEN)], axis=1)
    if count == 1:
        return at
    steps = int(max(12, min(_MOST_STEPS, _WORK // (count * count))))
    apart = radii[:, None] + radii[None, :] + _GAP
    share = (radii**2 + 1)[None, :] / ((radii**2 + 1)[:, None] + (radii**2 + 1)[None, :])
    one = np.array([p[0] for p in pairs], dtype=int)
    other = np.array([p[1] for p in pairs], dtype=int)
    degree = np.bincount(np.concatenate([one, other]), minlength=count).astype(float) if pairs else np.zeros(count)
    for step in range(steps):
        heat = 1 - step / steps
        if pairs:
            way = at[other] - at[one]
            distance = np.hypot(way[:, 0], way[:, 1]) + 1e-9
            pull = (distance - apart[one, other]) / distance * 0.35 * heat
            pull /= np.maximum(1.0, np.minimum(degree[one], degree[other]))
            move = way * pull[:, None]
            heavy = (radii[one] ** 2 + 1) / (radii[one] ** 2 + radii[other] ** 2 + 2)
            np.add.at(at, one, move * (1 - heavy)[:, None])
            np.add.at(at, other, -move * heavy[:, None])
        at -= at * (0.02 + 0.05 * heat)
        for _ in range(2):
            _part(at, apart, share)
    for _ in range(steps):
        if _part(at, apart, share) < 0.5:
            break
    low, high = (at - radii[:, None]).min(axis=0), (at + radii[:, None]).max(axis=0)
    return at - (low + high) / 2


def _part(at: NDArray[np.float64], apart: NDArray[np.float64], share: NDArray[np.float64]) -> float:
    """Push overlapping circles apart, the smaller one further; returns the deepest overlap there was."""
    across = at[:, None, 0] - at[None, :, 0]
    down = at[:, None, 1] - at[None, :, 1]
    distance = np.sqrt(across * across + down * down) + 1e-9
    overlap = np.maximum(0.0, apart - distance)
    np.fill_diagonal(overlap, 0.0)
    push = overlap / distance * share * 0.5
    at[:, 0] += (across * push).sum(axis=1)
    at[:, 1] += (down * push).sum(axis=1)
    return float(overlap.max())
