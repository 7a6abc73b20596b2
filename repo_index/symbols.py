"""Finding definitions by name."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from .facts import Definition
from .records import FileRecord, Symbol
from .resolve import Module

if TYPE_CHECKING:
    from .index import Index

_SHOWN = 8


class UnknownSymbol(ValueError):
    """No definition fits; `near` holds names that look alike."""

    def __init__(self, spec: str, near: Collection[str] = ()) -> None:
        self.spec = spec
        self.near = tuple(near)
        hint = f"; did you mean {', '.join(self.near)}?" if near else ""
        super().__init__(f"nothing is called {spec!r} in this repository{hint}")


class AmbiguousSymbol(ValueError):
    """Several definitions fit; `candidates` holds them all."""

    def __init__(self, spec: str, candidates: list[Symbol]) -> None:
        self.spec = spec
        self.candidates = candidates
        shown = ", ".join(c.id for c in candidates[:_SHOWN])
        more = f" and {len(candidates) - _SHOWN} more" if len(candidates) > _SHOWN else ""
        super().__init__(f"{spec!r} may be {shown}{more}: name one of them in full")


def module_symbol(index: Index, record: FileRecord) -> Symbol:
    """A file as a symbol of kind "module": its id is its path, its span the whole file."""
    name = index.module_name(record.path)
    stem = record.path.rsplit("/", 1)[-1].split(".", 1)[0]
    content = index.read(record.path) if not record.skipped else b""
    lines = content.count(b"\n") + (not content.endswith(b"\n") and bool(content))
    definition = Definition(
        qualified="",
        name=name.rsplit(".", 1)[-1] if name else stem,
        kind="module",
        name_span=(0, 0),
        span=(0, len(content)),
        line=1,
        end_line=max(lines, 1),
        exported=True,
        signature=name or record.path,
    )
    return Symbol(record.path, record.path, definition)


def symbols_of(index: Index, path: str) -> list[Symbol]:
    """Symbols of one file in the order of their text, each qualified name once."""
    resolver = index._resolver()
    found = [resolver.symbol(path, q) for q in resolver.table(path)]
    return sorted((s for s in found if s is not None), key=lambda s: (s.definition.span[0], s.definition.name_span))


def find(index: Index, name: str, kinds: Collection[str] | None = None) -> list[Symbol]:
    """Definitions called exactly `name`, sorted by path and place."""
    found: list[Symbol] = []
    for path in index._paths_of(index._cache.defining(name)):
        found += [s for s in symbols_of(index, path) if s.name == name and (kinds is None or s.kind in kinds)]
    return found


def lookup(index: Index, spec: str) -> Symbol:
    """The one symbol that `spec` names. Raises UnknownSymbol or AmbiguousSymbol."""
    text = spec.strip()
    path, separator, qualified = text.partition("::")
    if separator:
        return _in_file(index, text, path, qualified)
    record = index.file(text) or index.file(text.removeprefix("./"))
    if record is not None:
        return module_symbol(index, record)
    exact = _dotted(index, text)
    if exact is not None:
        return exact
    name = text.rsplit(".", 1)[-1]
    fitting = [s for s in find(index, name) if s.qualified == text or s.qualified.endswith("." + text)]
    whole = [s for s in fitting if s.qualified == text]
    chosen = whole or fitting
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        raise UnknownSymbol(spec, _near(index, name))
    one = _joined(index, chosen)
    if one is not None:
        return one
    top = [s for s in chosen if not s.definition.parent]
    if len(top) == 1 and index.role(top[0].path) == "source":
        others = [s for s in chosen if s is not top[0] and index.role(s.path) == "source" and s.definition.exported]
        if not others:
            return top[0]
    raise AmbiguousSymbol(spec, chosen)


def _joined(index: Index, found: list[Symbol]) -> Symbol | None:
    """Where all are definitions of one symbol, that which is no mere declaration."""
    same = {found[0].id, *(s.id for s in index._resolver().namespaces.joined(found[0]))}
    if any(s.id not in same for s in found):
        return None
    return min(found, key=lambda s: ("declaration" in s.definition.decorators, s.definition.body_span is None, s.id))


def _in_file(index: Index, spec: str, path: str, qualified: str) -> Symbol:
    record = index.file(path.removeprefix("./"))
    if record is None:
        near = sorted(f.path for f in index.files() if f.path.rsplit("/", 1)[-1] == path.rsplit("/", 1)[-1])
        raise UnknownSymbol(spec, [f"{p}::{qualified}" for p in near[:3]])
    if not qualified:
        return module_symbol(index, record)
    found = index._resolver().symbol(record.path, qualified)
    if found is not None:
        return found
    last = [s for s in symbols_of(index, record.path) if s.qualified.endswith("." + qualified)]
    if len(last) == 1:
        return last[0]
    if last:
        raise AmbiguousSymbol(spec, last)
    alike = [s.id for s in symbols_of(index, record.path) if s.name == qualified.rsplit(".", 1)[-1]]
    raise UnknownSymbol(spec, alike[:3] or [f"{record.path}::{n}" for n in _near(index, qualified)])


def _dotted(index: Index, text: str) -> Symbol | None:
    """`pkg.mod`, `pkg.mod.name`, `pkg.name` through a re-export."""
    if not all(part.isidentifier() for part in text.split(".")):
        return None
    target = index._dotted(text)
    if isinstance(target, Symbol):
        return target if "." in text else None
    if isinstance(target, Module) and not target.path.endswith("/"):
        if "." not in text and any(not s.definition.parent for s in find(index, text)):
            return None  # a definition of that name is more likely meant
        record = index.file(target.path)
        return module_symbol(index, record) if record is not None else None
    return None


def _near(index: Index, name: str) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, sorted(index.names()), n=3, cutoff=0.75)
