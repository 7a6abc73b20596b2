"""What a move is asked to do, and what one attempt at it gives."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..operation import LeftAlone
from ..python.source import PythonSource


@dataclass(slots=True)
class Job:
    """What is to be moved. `whole`: the source module is merged into the target and goes away."""

    source: str
    target: str
    names: set[str]
    whole: bool = False
    keep_alias: bool = False


@dataclass(slots=True)
class Lazy:
    """Imports to be placed inside functions: (importer, dotted module) of rewritten imports, files that the moved
    code imports, and whether the source's import of what it lost is lazy."""

    importers: set[tuple[str, str]] = field(default_factory=set)
    needed: set[str] = field(default_factory=set)
    back: bool = False


@dataclass(slots=True)
class Result:
    contents: dict[str, bytes | None]
    left: list[LeftAlone]
    notes: list[str]


#: files that one attempt has parsed, for the next one; None: one that does not parse
Parsed = dict[str, PythonSource | None]
