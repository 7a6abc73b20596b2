"""Bases of a class that are not in the repository, whose code may call a method that it does not see."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from ..renaming.collisions import ancestors

if TYPE_CHECKING:
    from repo_index import Index
    from repo_index.records import Symbol

_EMPTY = {"object", "Protocol", "ABC", "Generic", "TypedDict", "NamedTuple"}


def outside_bases(index: Index, method: Symbol) -> list[tuple[str, bool]]:
    """(base as it is written, whether it is known to have the method) of the classes above a method; those of the
    standard library that do not have it are left out."""
    if not method.definition.parent:
        return []
    holder = f"{method.path}::{method.definition.parent}"
    found: dict[str, bool] = {}
    for identity in sorted({holder, *ancestors(index, holder)}):
        path, _, qualified = identity.partition("::")
        for symbol in index.symbols(path):
            for base in symbol.definition.bases if symbol.qualified == qualified else ():
                if base.rpartition(".")[2] in _EMPTY or index.resolve(path, base) is not None:
                    continue
                members = _standard_members(index, path, base)
                if members is None:
                    found[base] = False
                elif method.name in members:
                    found[base] = True
    return sorted(found.items())


def _standard_members(index: Index, path: str, base: str) -> frozenset[str] | None:
    """The members of a class of the standard library, as the file names it; None for another class."""
    facts = index.facts(path)
    first, _, rest = base.partition(".")
    imported = next((i for i in facts.imports if i.local == first), None) if facts is not None else None
    if imported is None:
        full = f"builtins.{base}"
    elif imported.name is None:
        full = base if imported.local == imported.module.split(".")[0] else f"{imported.module}.{rest}"
    else:
        full = ".".join(filter(None, (imported.module, imported.name, rest)))
    module, _, name = full.rpartition(".")
    if module.split(".")[0] not in sys.stdlib_module_names or module.split(".")[0] in {"antigravity", "this"}:
        return None
    try:
        found = getattr(importlib.import_module(module), name, None)
    except Exception:  # a module of another platform
        return None
    return frozenset(dir(found)) if isinstance(found, type) else None
