"""What a change of definitions concerns: which definitions differ between two indexes, and what depends on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .call_graph import CallGraph, Use
from .records import Symbol
from .symbols import module_symbol

if TYPE_CHECKING:
    from .index import Index

Status = Literal["added", "removed", "changed", "named"]


@dataclass(frozen=True, slots=True)
class Changed:
    """A definition that differs. "named" is one that the user named. A file as a symbol stands for its code outside
    of definitions. `signature`: its parameters, bases or type differ, not its body alone."""

    symbol: Symbol
    status: Status
    signature: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"symbol": self.symbol.as_json(), "status": self.status, "signature_changed": self.signature}


@dataclass(frozen=True, slots=True)
class Affected:
    """A definition that depends on a changed one: directly (depth 1) or through others."""

    symbol: Symbol
    depth: int
    uses: tuple[Use, ...]

    @property
    def certainty(self) -> str:
        return "exact" if any(u.certainty == "exact" for u in self.uses) else "likely"


def changed_definitions(before: Index, after: Index, paths: Iterable[str]) -> list[Changed]:
    """Definitions of these files that differ between two indexes, by path and place.

    A class differs when its own text does, not when only a method of it does. Comments, documentation, imports and
    blank lines do not count.
    """
    found: list[Changed] = []
    for path in sorted(set(paths)):
        old, new = _own_texts(before, path), _own_texts(after, path)
        for key in old.keys() | new.keys():
            if key not in new:
                found.append(Changed(old[key][0], "removed"))
            elif key not in old:
                found.append(Changed(new[key][0], "added"))
            elif old[key][1] != new[key][1]:
                was, now = old[key][0].definition, new[key][0].definition
                differs = (was.signature, was.bases, was.type) != (now.signature, now.bases, now.type)
                found.append(Changed(new[key][0], "changed", bool(key) and was.body_span is not None and differs))
    return sorted(found, key=lambda c: (c.symbol.path, c.symbol.line, c.symbol.id, c.status))


def _own_texts(index: Index, path: str) -> dict[str, tuple[Symbol, bytes]]:
    """qualified name ("": the file) -> (symbol, its text without definitions inside it, comments, documentation)."""
    record = index.file(path)
    facts = index.facts(path)
    if record is None or facts is None:
        return {}
    content = index.read(path)
    resolver = index._resolver()
    left_out = [(a, b) for a, b, kind in facts.texts if kind != "string"]
    left_out += [i.statement_span for i in facts.imports]
    spans = {(d.span, d.qualified) for d in facts.definitions}
    own: dict[str, tuple[Symbol, bytes]] = {}
    for definition in facts.definitions:
        symbol = resolver.symbol(path, definition.qualified)
        if symbol is None:
            continue
        nested = [s for s, q in spans if q.startswith(definition.qualified + ".")]
        text = _without(content, definition.span, nested + left_out)
        known = own.get(definition.qualified)
        own[definition.qualified] = (symbol, text if known is None else known[1] + b"\n" + text)
    whole = _without(content, (0, len(content)), [s for s, _ in spans] + left_out)
    own[""] = (module_symbol(index, record), whole)
    return own


def _without(content: bytes, span: tuple[int, int], holes: list[tuple[int, int]]) -> bytes:
    parts, at = [], span[0]
    for start, end in sorted(h for h in holes if span[0] <= h[0] and h[1] <= span[1]):
        if start > at:
            parts.append(content[at:start])
        at = max(at, end)
    parts.append(content[at : span[1]])
    lines = (line.rstrip() for line in b"".join(parts).split(b"\n"))
    return b"\n".join(line for line in lines if line)


def affected(
    before: Index, after: Index, changed: Iterable[Changed], depth: int = 3, limit: int = 2000
) -> tuple[list[Affected], bool]:
    """What depends on changed definitions, nearest first, each definition once; and whether `limit` cut it short.

    Uses of removed definitions are looked for as they were before. Added ones concern nothing yet.
    """
    changed = list(changed)
    sides = {False: CallGraph(after), True: CallGraph(before)}
    seen = {c.symbol.id for c in changed}
    front = [(c.symbol, c.status == "removed") for c in changed if c.status != "added"]
    found: list[Affected] = []
    for distance in range(1, depth + 1):
        uses: dict[str, tuple[Symbol, bool, set[Use]]] = {}
        for symbol, removed in front:
            for use in _uses_of(sides[removed], symbol):
                if use.source.id not in seen:
                    uses.setdefault(use.source.id, (use.source, removed, set()))[2].add(use)
        for key in sorted(uses):
            symbol, _, places = uses[key]
            found.append(Affected(symbol, distance, tuple(sorted(places, key=lambda u: (u.path, u.span, u.target.id)))))
        seen |= set(uses)
        if len(found) >= limit:
            return found[:limit], True
        front = [(s, removed) for s, removed, _ in (uses[k] for k in sorted(uses)) if s.kind != "module"]
        if not front:
            break
    return found, False


def _uses_of(calls: CallGraph, symbol: Symbol) -> list[Use]:
    """Callers of a definition; of a file's own code, the files that import it."""
    if symbol.kind != "module":
        return calls.callers(symbol)
    index = calls.index
    found = []
    for edge in index.importers(symbol.path):
        offset = index._starts(edge.source)[edge.line - 1]
        source = calls.holder(edge.source, offset)
        found.append(Use(source, symbol, (offset, offset), edge.line, "import", "exact"))
    return found
