"""Reading "import it from where it is defined": uses of a re-export replaced by direct imports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ....errors import NothingToDo
from ....mentions import Mention
from ...plan import Match as Matched
from ..candidates import settle
from ..questions import Asker
from . import Found, Kind

if TYPE_CHECKING:
    from repo_index.index import Index

_DIRECT = re.compile(
    r"\bimport\w*\b[^.;]*?\b(?:straight|direct(?:ly)?|from\s+(?:its|their|the)\s+(?:own\s+|defining\s+|real\s+|actual\s+)?modules?)\b"
    r"|\bimport\w*\b[^;]*?\bfrom\b[^;]*?\b(?:not|instead\s+of|rather\s+than)\s+from\b"
    r"|\b(?:direct|straight)\s+imports?\b|\breplac\w*\b[^.;]*\bre-?exports?\b|\b(?:stop|avoid)\s+(?:using|importing)\b[^.;]*\bre-?exports?\b",
    re.IGNORECASE,
)
_THROUGH = re.compile(
    r"\b(?:instead\s+of|rather\s+than|not|re-?exports?\s+(?:of|in|from))\s+(?:(?:from|via|through|over|the|using|of|in)\s+)*[`'\"]*$",
    re.IGNORECASE,
)
#: "in report.py import ...": the importers that are meant
_IN_FILE = re.compile(r"(?:^|[.;,]\s*)in\s+[`'\"]?(?P<file>[\w./]+\.\w+)[`'\"]?,?\s+import\b", re.IGNORECASE)
_DROPS = re.compile(
    r"\b(?:remov|drop|delet)\w*\b[^.;]*\b(?:re-?exports?|from\s+(?:the\s+)?(?:package|__init__|__all__))", re.IGNORECASE
)


def _package(instruction: str, mentions: list[Mention], index: Index) -> str | None:
    """The `__init__` of the package that the instruction says imports go through now."""
    for mention in sorted(mentions, key=lambda m: not _THROUGH.search(instruction[: m.start])):
        for match in mention.of("folder", "module"):
            path = match.ref if match.target == "module" else f"{match.ref}/__init__.py"
            if path.endswith("__init__.py") and index.file(path) is not None:
                return path
    return None


def _read(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """One replace_reexport operation for each symbol that is named."""
    symbols = [m for m in mentions if m.strength == "strong" and not m.is_file and m.of("symbol")]
    if not symbols:
        raise NothingToDo("which names are to be imported directly? Name the functions or classes.")
    package = _package(instruction, mentions, index)
    only = _IN_FILE.search(instruction)
    files = [m.ref for x in mentions if x.is_file and only and x.start == only.start("file") for m in x.exact]
    operations: list[dict[str, Any]] = []
    matched: list[Matched] = []
    for mention in symbols:
        top = [m for m in mention.of("symbol") if "." not in m.ref.partition("::")[2]]
        match, evidence = settle(mention, top or mention.of("symbol"), mentions, index, "symbols")
        matched.append(Matched(mention.text, match.ref, evidence))
        operation: dict[str, Any] = {"kind": "replace_reexport", "symbol": match.ref}
        if package is not None:
            operation["through"] = [package]
        if _DROPS.search(instruction):
            operation["drop"] = True
        if files:
            operation["scope"] = {"only_paths": files}
        operations.append(operation)
    return operations, matched


def _feasible(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return _DIRECT.search(instruction) is not None and any(m.strength == "strong" and m.of("symbol") for m in mentions)


KINDS = (
    Kind(
        name="direct-import",
        operation="replace_reexport",
        line="import existing names from the modules that define them, not through a package",
        examples=("Import Circle directly from shapes.round, not from the package.",),
        feasible=_feasible,
        read=_read,
        cue=_DIRECT,
        over=frozenset({"move", "replace-exception"}),
    ),
)
