"""Orders in which the files of a repository can be laid out, as pure functions over paths and import edges.

`dsa` suits attention that sees a window and a selection of blocks: dependencies stand before what depends on
them, import cycles stay together, and each file stands as close after what it imports as the other files allow.
Nothing but paths and imports decides, so an edit that changes no import moves no file.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from posixpath import dirname

from .linear_arrangement import draw_together

Edges = Iterable[tuple[str, str]]
"""(importing file, imported file)"""


def strong_components(nodes: Sequence[str], edges: Edges) -> list[list[str]]:
    """Strongly connected components, each sorted, dependencies before dependents.

    Tarjan's algorithm without recursion; the result depends on the sets of nodes and edges alone.
    Edges to or from what is not in `nodes` are ignored.
    """
    ordered = sorted(nodes)
    known = set(ordered)
    targets: dict[str, list[str]] = {n: [] for n in ordered}
    for source, target in sorted(set(edges)):
        if source in known and target in known and source != target:
            targets[source].append(target)
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for start in ordered:
        if start in index:
            continue
        work = [(start, iter(targets[start]))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            node, rest = work[-1]
            for target in rest:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(targets[target])))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    at = stack.index(node)
                    component = stack[at:]
                    del stack[at:]
                    on_stack.difference_update(component)
                    found.append(sorted(component))
    return found


def cycles(nodes: Sequence[str], edges: Edges) -> list[list[str]]:
    """Import cycles: components of two files or more, and files that import themselves, sorted."""
    pairs = set(edges)
    loops = [[n] for n in nodes if (n, n) in pairs]
    return sorted([c for c in strong_components(nodes, pairs) if len(c) > 1] + loops)


def _least_backward(members: Sequence[str], edges: set[tuple[str, str]]) -> list[str]:
    """An order of a cycle's files with few edges that point forward (Eades, Lin and Smyth 1993, greedy)."""
    needs: dict[str, set[str]] = {m: set() for m in members}
    users: dict[str, set[str]] = {m: set() for m in members}
    for source, target in edges:
        if source in needs and target in needs and source != target:
            needs[source].add(target)
            users[target].add(source)
    free = sorted(m for m in members if not needs[m])
    unused = sorted(m for m in members if not users[m])
    left = set(members)
    head: list[str] = []
    tail: list[str] = []
    while left:
        if free:
            chosen = heapq.heappop(free)
        elif unused:
            chosen = heapq.heappop(unused)
        else:
            chosen = max(sorted(left), key=lambda m: len(users[m]) - len(needs[m]))
        if chosen not in left:
            continue
        (tail if needs[chosen] and not users[chosen] else head).append(chosen)
        left.remove(chosen)
        for user in users[chosen]:
            needs[user].discard(chosen)
            if not needs[user]:
                heapq.heappush(free, user)
        for need in needs[chosen]:
            users[need].discard(chosen)
            if not users[need]:
                heapq.heappush(unused, need)
    return head + tail[::-1]


def _inside(members: list[str], edges: set[tuple[str, str]]) -> list[str]:
    if len(members) == 1:
        return members
    parts = strong_components(members, edges)
    return [path for part in parts for path in (_least_backward(part, edges) if len(part) > 1 else part)]


def dependency_order(
    paths: Sequence[str],
    edges: Edges,
    *,
    soft: Edges = (),
    rank: Mapping[str, int] | None = None,
) -> list[str]:
    """Paths with dependencies before dependents, hubs early, cycles contiguous, related files adjacent.

    The walk starts at the files that nothing imports, those of lower `rank` first, and places what each needs
    right before it, the most depended-upon first; then files are moved together (linear_arrangement.py). `soft`
    edges (imports for types only, or inside functions) hold files together but give way to `edges` inside a cycle.
    Ties go by path.
    """
    rank = rank or {}
    hard = set(edges)
    components = strong_components(paths, hard | set(soft))
    home = {path: i for i, members in enumerate(components) for path in members}
    needs: list[set[int]] = [set() for _ in components]
    users: list[set[int]] = [set() for _ in components]
    for source, target in hard | set(soft):
        a, b = home.get(source), home.get(target)
        if a is not None and b is not None and a != b:
            needs[a].add(b)
            users[b].add(a)
    above = [0] * len(components)  # bit sets of what depends on each, directly or not
    for i in reversed(range(len(components))):  # components come dependencies first
        for user in users[i]:
            above[i] |= above[user] | (1 << user)
    reach = [bits.bit_count() for bits in above]

    def by_start(i: int) -> tuple[int, bool, str, str]:
        first = components[i][0]
        return min(rank.get(p, 0) for p in components[i]), bool(users[i]), dirname(first), first

    def by_use(i: int) -> tuple[int, str, str]:
        return -reach[i], dirname(components[i][0]), components[i][0]

    order: list[int] = []
    done: set[int] = set()
    for start in sorted(range(len(components)), key=by_start):
        work = [start]
        while work:
            i = work[-1]
            waiting = [] if i in done else [n for n in needs[i] if n not in done]
            if waiting:
                work.append(min(waiting, key=by_use))
                continue
            work.pop()
            if i not in done:
                done.add(i)
                order.append(i)
    arranged = draw_together(order, [sorted(n) for n in needs])
    return [path for i in arranged for path in _inside(components[i], hard)]


def change_order(paths: Sequence[str], changes: Mapping[str, tuple[int, int]]) -> list[str]:
    """Rarely changed files first: by number of commits, then time of the last one, then path.

    `changes` maps a path to (commits that touched it, time of the last one in seconds).
    """
    return sorted(paths, key=lambda p: (*changes.get(p, (0, 0)), p))
