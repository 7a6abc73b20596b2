"""A linear arrangement of a dependency graph that draws together what depends on each other.

Minimum linear arrangement under precedence constraints is NP-hard (Garey, Johnson and Stockmeyer 1976); this is
local search by insertion. The cost of an edge is the logarithm of its length, so that closeness counts at every scale,
over the square root of how many use the same node: what everything uses cannot be near to everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log2

_PASSES = 8
_HUB = 64
"""A node with more neighbours than this stays where it is: nothing is near to all of them."""


def draw_together(start: Sequence[int], needs: Sequence[Sequence[int]]) -> list[int]:
    """An order of the nodes 0..n-1 no costlier than `start`, in which each still follows all that it needs.

    `start` is a topological order of `needs`: needs[i] holds the nodes that must stand before i. The result depends
    on these two alone.
    """
    n = len(start)
    order = list(start)
    logs = [0.0, *(log2(k) for k in range(1, n + 2))]
    users: list[list[int]] = [[] for _ in range(n)]
    for node in range(n):
        for need in needs[node]:
            users[need].append(node)
    near: list[list[tuple[int, float]]] = [[] for _ in range(n)]
    for need in range(n):
        for node in users[need]:
            weight = len(users[need]) ** -0.5
            near[node].append((need, weight))
            near[need].append((node, weight))
    position = [0] * n
    for k, node in enumerate(order):
        position[node] = k

    def cost(node: int, k: int) -> float:
        """Of the node's edges if it stood at `k`."""
        total = 0.0
        here = position[node]
        for other, weight in near[node]:
            at = position[other]
            at -= at > here
            at += at >= k
            total += weight * logs[abs(at - k)]
        return total

    for _ in range(_PASSES):
        moved = False
        for node in list(order):
            if not near[node] or len(near[node]) > _HUB:
                continue
            here = position[node]
            first = max((position[other] for other in needs[node]), default=-1) + 1
            last = min((position[other] for other in users[node]), default=n) - 1
            places: set[int] = set()
            for other, _ in near[node]:
                at = position[other] - (position[other] > here)
                places.update(k for k in (at, at + 1) if first <= k <= last)
            best, least = here, cost(node, here) - 1e-9
            for k in sorted(places - {here}):
                if (found := cost(node, k)) < least:
                    best, least = k, found
            if best != here:
                order.insert(best, order.pop(here))
                for k in range(min(here, best), max(here, best) + 1):
                    position[order[k]] = k
                moved = True
        if not moved:
            break
    return order
