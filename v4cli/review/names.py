"""Names that a changed file uses and nothing in it binds any more, or yet."""

from __future__ import annotations

import ast
import builtins
import re
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import parsing
from .changes import Change, FileChange
from .findings import Finding
from .modules import Modules

if TYPE_CHECKING:
    from repo_index.facts import FileFacts

#: names that Python, or a type checker, puts into every module or class body
_GIVEN = frozenset(dir(builtins)) | {
    "__annotations__",
    "__builtins__",
    "__cached__",
    "__class__",
    "__debug__",
    "__dict__",
    "__doc__",
    "__file__",
    "__loader__",
    "__module__",
    "__name__",
    "__package__",
    "__path__",
    "__qualname__",
    "__spec__",
    "WindowsError",
    "reveal_locals",
    "reveal_type",
}
_DYNAMIC = re.compile(rb"\b(?:globals|locals|vars|exec)\s*\(|__builtins__|\bbuiltins\b")


def check(change: Change, before: Modules, after: Modules) -> Iterator[Finding]:
    for file in change.files:
        if parsing.is_sample(file.path):
            continue
        facts, old = after.facts(file.path), before.facts(file.path)
        if facts is None or facts.errors or (old is not None and old.errors):
            continue
        if facts.language == "python":
            known = _undefined(before, file.path, old) if old is not None else {}
            found = _undefined(after, file.path, facts)
            names = {name: lines for name, lines in found.items() if name not in known}
        elif old is not None:  # the environment's globals are not known: only what the file itself bound
            lost = _bound(old) - _bound(facts)
            names = {name: lines for name, lines in _globals(facts).items() if name in lost}
        else:
            continue
        for name, lines in sorted(names.items()):
            yield _finding(file, name, lines)


def _finding(file: FileChange, name: str, lines: list[int]) -> Finding:
    added = [line for line in lines if file.is_added(line)]
    if added or file.old is None:
        message = f"{name!r} is not defined"
    else:
        message = f"{name!r} is used and no longer defined"
    return Finding(file.path, (added or lines)[0], "warning", "undefined-name", message)


def _globals(facts: FileFacts) -> dict[str, list[int]]:
    """name -> lines of what hangs on no binding of the file."""
    found: dict[str, list[int]] = {}
    for occurrence in facts.occurrences:
        if occurrence.binding == "global" and occurrence.kind in ("use", "call"):
            found.setdefault(occurrence.name, []).append(occurrence.line)
    return {name: sorted(lines) for name, lines in found.items()}


def _bound(facts: FileFacts) -> set[str]:
    """Names that a file binds at its top level."""
    return {d.qualified for d in facts.definitions if not d.parent} | {
        i.local for i in facts.imports if i.local and not i.scope
    }


def _names_outside_strings(source: bytes) -> set[tuple[str, int]]:
    """Names, with their lines, that stand in the code itself; facts also hold those of annotations in quotes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {(node.id, node.lineno) for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _undefined(side: Modules, path: str, facts: FileFacts) -> dict[str, list[int]]:
    """Python: what is neither bound, nor built in, nor possibly from a star import."""
    found = {name: lines for name, lines in _globals(facts).items() if name not in _GIVEN}
    if not found or _DYNAMIC.search(side.read(path)):
        return {}
    plain = _names_outside_strings(side.read(path))
    found = {name: [n for n in lines if (name, n) in plain] for name, lines in found.items()}
    stars = side.star_targets(path, facts)
    return {
        name: lines
        for name, lines in found.items()
        if lines and all(star is not None and side.has(star, name) == "no" for star in stars)
    }
