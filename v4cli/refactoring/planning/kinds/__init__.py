"""The kinds of instruction that there are. A file here gives `KINDS`; a new kind is a new entry in one file.

An instruction is read in three steps. `feasible` asks the graph whether what the words name allows the kind at all;
`asks` tells whether the wording asks for it outright; `read` turns the instruction into operations. Where the wording
asks for no feasible kind, or for several of which none is `over` the others, the model chooses among the feasible
ones by their `line` and `examples`.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ....mentions import Mention
from ...plan import Match, kinds
from ..questions import Asker

if TYPE_CHECKING:
    from repo_index.index import Index

#: operations as JSON objects, and what the words were matched to
Found = tuple[list[dict[str, Any]], list[Match]]
Reader = Callable[[str, "list[Mention]", "Index", Asker], Found]


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    """What the model answers with."""
    operation: str
    """The kind of operation that it mostly becomes; the kind is offered only where there is that operation."""
    line: str
    """One line for the model: what the kind does."""
    examples: tuple[str, ...]
    """Instructions of this kind, for the model."""
    feasible: Callable[[str, list[Mention], Index], bool]
    read: Reader
    cue: re.Pattern[str] | None = None
    """Wording that asks for it. A clause of an instruction with such wording is a step of its own."""
    asks: Callable[[str, list[Mention], Index], bool] | None = None
    """Whether the wording asks for it outright, given what it names; by default, whether `cue` is found."""
    over: frozenset[str] = frozenset()
    """Kinds whose wording this one's includes: it is meant where both are asked for."""
    reads: frozenset[str] = frozenset()
    """Effects of conditions (conditions.py) whose words `read` needs to see; "only" is left to it altogether."""

    def is_asked(self, text: str, mentions: list[Mention], index: Index) -> bool:
        if self.asks is not None:
            return self.asks(text, mentions, index)
        return self.cue is not None and self.cue.search(text) is not None


@cache
def _every() -> tuple[Kind, ...]:
    found: list[Kind] = []
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        found += import_module(f"{__name__}.{module}").KINDS
    return tuple(found)


def all_kinds() -> list[Kind]:
    """The kinds whose operations exist, in a fixed order."""
    there = kinds()
    return [kind for kind in _every() if kind.operation in there]
