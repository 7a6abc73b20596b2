"""Methods and class attributes that a change takes away while exact references to them stay (Python)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .changes import Change
from .findings import Finding
from .modules import Modules

if TYPE_CHECKING:
    from repo_index.facts import Occurrence
    from repo_index.records import Symbol

_KINDS = ("method", "attribute")
_DYNAMIC = re.compile(rb"__getattr|__dict__|\bsetattr\s*\(|__slots__|\bvars\s*\(")
_ASSIGNED = re.compile(rb"\s*(?::[^=\n]*)?=(?!=)")


def check(change: Change, before: Modules, after: Modules) -> Iterator[Finding]:
    for file in change.files:
        if not file.path.endswith(".py") or not (before.is_sound(file.path) and after.is_sound(file.path)):
            continue
        for symbol in _lost(before, after, file.path):
            yield from _left(before, after, symbol)


def _lost(before: Modules, after: Modules, path: str) -> Iterator[Symbol]:
    """Members of classes that stay, of a name that no class of the repository has any more."""
    facts, old = after.facts(path), before.facts(path)
    assert facts is not None and old is not None
    kept = {d.qualified for d in facts.definitions}
    classes = {d.qualified for d in facts.definitions if d.kind == "class"}
    gone = {
        d.qualified
        for d in old.definitions
        if d.kind in _KINDS and d.parent in classes and d.qualified not in kept and not d.name.startswith("__")
    }
    if not gone or _DYNAMIC.search(after.read(path)):
        return
    for symbol in before.index.symbols(path):
        if symbol.qualified not in gone or after.index.find(symbol.name, kinds=_KINDS):
            continue
        if _is_closed(after, path, symbol.definition.parent, set()):
            yield symbol


def _is_closed(after: Modules, path: str, holder: str, seen: set[tuple[str, str]]) -> bool:
    """Whether all bases of a class are plain classes of the repository, so that its members are known."""
    from repo_index.records import Symbol

    facts = after.facts(path)
    found = [d for d in facts.definitions if d.qualified == holder] if facts is not None else []
    if len(found) != 1 or found[0].decorators or "metaclass" in found[0].signature or (path, holder) in seen:
        return False
    for base in found[0].bases:
        if base == "object":
            continue
        meant = after.index.resolve(path, base, found[0].parent)
        if not isinstance(meant, Symbol) or not _is_closed(after, meant.path, meant.qualified, seen | {(path, holder)}):
            return False
    return True


def _left(before: Modules, after: Modules, symbol: Symbol) -> Iterator[Finding]:
    """Places that meant the member exactly before the change and still stand."""
    from repo_index.records import Symbol as Defined

    meant: dict[str, set[tuple[object, ...]]] = {}
    for path, occurrence, target in before.index.meanings(symbol.name):
        if isinstance(target, Defined) and target.id == symbol.id and occurrence.binding == "member":
            meant.setdefault(path, set()).add(_shape(occurrence))
    for path in sorted(meant):
        facts = after.facts(path)
        if facts is None or facts.errors:
            continue
        for occurrence in facts.occurrences:
            if occurrence.kind not in ("call", "use") or _shape(occurrence) not in meant[path]:
                continue
            if _ASSIGNED.match(after.read(path), occurrence.span[1]):
                continue
            message = f"{symbol.qualified} does not exist: {symbol.path} no longer defines it"
            yield Finding(path, occurrence.line, "error", "missing-name", message)


def _shape(occurrence: Occurrence) -> tuple[object, ...]:
    """What makes two occurrences mean the same in one file."""
    return occurrence.name, occurrence.binding, occurrence.receiver, occurrence.chain
