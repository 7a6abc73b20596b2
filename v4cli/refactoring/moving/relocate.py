"""Moving code between modules: attempts until no import cycle is left, then the prose that names what moved."""

from __future__ import annotations

import re
from itertools import pairwise

from ...errors import Refused
from ..module_mentions import dotted_mentions, path_mentions
from ..operation import LeftAlone, Outcome
from ..python.modules import Modules
from ..text_mentions import is_changelog, mentions
from ..workspace import Edit, Workspace
from .carry import Carry
from .cycles import Edge, edges_after, new_cycles, runtime_edges
from .job import Job, Lazy, Parsed, Result

_ATTEMPTS = 60


def relocate(ws: Workspace, job: Job, changelog: bool = False) -> Outcome:
    """Carry the job out on `ws`. Raises Refused when names clash or an import cycle cannot be avoided."""
    modules = Modules(ws.index)
    source_name = modules.name(job.source) or ""
    result, target_name = _without_cycles(ws, job)
    outcome = Outcome(list(result.left), list(result.notes))
    for path, content in sorted(result.contents.items(), key=lambda item: item[1] is None):
        if content is None:
            ws.delete(path)
        elif not ws.exists(path) or ws.read(path) != content:
            ws.write(path, content)
    if job.whole:
        found = [
            dotted_mentions(ws, {source_name: target_name}, changelog),
            path_mentions(ws, {job.source: job.target}, changelog),
        ]
    else:
        found = [name_mentions(ws, sorted(job.names), source_name, target_name, changelog)]
    together: dict[str, set[Edit]] = {}
    for edits, left in found:
        outcome.left_alone += left
        for path, more in edits.items():
            together.setdefault(path, set()).update(more)
    for path in sorted(together):
        if reason := ws.protected(path):
            outcome.left_alone.append(LeftAlone(path, 1, "", reason))
        else:
            ws.edit(path, sorted(together[path]))
    outcome.left_alone = sorted(set(outcome.left_alone))
    return outcome


def _without_cycles(ws: Workspace, job: Job) -> tuple[Result, str]:
    before = runtime_edges(ws.index)
    lazy = Lazy()
    refused: dict[Edge, str] = {}
    chosen: list[Edge] = []
    parsed: Parsed = {}
    for _ in range(_ATTEMPTS):
        try:
            carry = Carry(ws, job, lazy, parsed)
            result = carry.run()
        except Refused as error:
            if not chosen or "import cycle" not in str(error):
                raise
            refused[chosen.pop()] = str(error)
            lazy = _lazy(chosen, job, carry)
            continue
        target_name = carry.target_name or ""
        changed = {p: c for p, c in result.contents.items() if c is None or not ws.exists(p) or ws.read(p) != c}
        after = edges_after(before, ws.index.with_changes(changed), changed)
        cycles = new_cycles(before, after)
        cycles = [c for c in cycles if not _was_there(c, job, before)]
        if not cycles:
            for start, end in chosen:
                result.notes.append(
                    f"{start} imports {end} inside functions, as an import at its top would be circular"
                )
            return result, target_name
        edge = _candidate(cycles, before, job, set(chosen) | refused.keys())
        if edge is None:
            shown = " -> ".join(cycles[0])
            because = next((r for e, r in refused.items() if e in _edges(cycles[0])), "")
            raise Refused(f"the move would close the import cycle {shown}" + (f" ({because})" if because else ""))
        chosen.append(edge)
        lazy = _lazy(chosen, job, carry)
    raise Refused("the import cycles that the move would close cannot be broken")


def _edges(cycle: list[str]) -> list[Edge]:
    return list(pairwise(cycle))


def _was_there(cycle: list[str], job: Job, before: set[Edge]) -> bool:
    """Whether the same cycle went through the source before."""
    if job.source in cycle:
        return False
    renamed = [job.source if path == job.target else path for path in cycle]
    return all(a == b or (a, b) in before for a, b in _edges(renamed))


def _candidate(cycles: list[list[str]], before: set[Edge], job: Job, tried: set[Edge]) -> Edge | None:
    """An import to make lazy: the source's of what it lost, then those of importers, then those of the moved code."""

    def rank(edge: Edge) -> int:
        return 0 if edge == (job.source, job.target) else 1 if edge[1] == job.target else 2

    for cycle in cycles:
        new = [e for e in _edges(cycle) if e not in before and e not in tried and job.target in e]
        if new:
            return min(new, key=lambda e: (rank(e), e))
    return None


def _lazy(chosen: list[Edge], job: Job, carry: Carry) -> Lazy:
    lazy = Lazy()
    for start, end in chosen:
        if (start, end) == (job.source, job.target):
            lazy.back = True
        elif start == job.target:
            lazy.needed.add(end)
        else:
            lazy.importers.add((start, carry.target_name or ""))
    return lazy


def name_mentions(
    ws: Workspace, names: list[str], source: str, target: str, changelog: bool
) -> tuple[dict[str, set[Edit]], list[LeftAlone]]:
    """`package.source.name` in strings, comments and documents, and import statements quoted there."""
    edits: dict[str, set[Edit]] = {}
    left: list[LeftAlone] = []
    covered: dict[str, list[tuple[int, int]]] = {}
    for path, edit in _quoted_imports(ws, set(names), source, target, changelog):
        edits.setdefault(path, set()).add(edit)
        covered.setdefault(path, []).append((edit.start, edit.end))
    for name in names:
        for mention in mentions(ws, name):
            start, end = mention.span
            if mention.kind == "code" or mention.qualifier != source:
                continue
            if any(a <= start and end <= b for a, b in covered.get(mention.path, ())):
                continue
            if is_changelog(mention.path) and not changelog:
                left.append(
                    LeftAlone(mention.path, mention.line, mention.text, "the changelog tells what was true then")
                )
                continue
            begin = start - 1 - len(source.encode())
            edits.setdefault(mention.path, set()).add(Edit(begin, start - 1, target.encode()))
    return edits, left


def _quoted_imports(
    ws: Workspace, names: set[str], source: str, target: str, changelog: bool
) -> list[tuple[str, Edit]]:
    """`from source import a, b` inside strings and documents, on one line."""
    pattern = re.compile(
        rb"(?P<lead>[ \t>.$]*)\bfrom[ \t]+"
        + re.escape(source.encode())
        + rb"[ \t]+import[ \t]+(?P<names>\w+(?:[ \t]*,[ \t]*\w+)*)"
        rb"(?!\s+as\b)(?![ \t]*,)"
    )
    found = []
    for record in ws.index.files():
        if record.skipped or (is_changelog(record.path) and not changelog):
            continue
        data = ws.index.read(record.path)
        if source.encode() not in data:
            continue
        facts = ws.index.facts(record.path)
        for match in pattern.finditer(data):
            if facts is not None and not any(a <= match.start("names") < b for a, b, _ in facts.texts):
                continue
            listed = [n.strip() for n in match["names"].decode().split(",")]
            moved = [n for n in listed if n in names]
            if not moved:
                continue
            stay = [n for n in listed if n not in names]
            statements = [f"from {target} import {', '.join(moved)}"]
            if stay:
                statements.insert(0, f"from {source} import {', '.join(stay)}")
            lead = match["lead"].decode()
            line_start = data.rfind(b"\n", 0, match.start("lead")) + 1 == match.start("lead")
            text = (f"\n{lead}" if line_start else "; ").join(statements)
            found.append((record.path, Edit(match.end("lead"), match.end(), text.encode())))
    return found
