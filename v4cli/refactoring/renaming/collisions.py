"""Bindings that a new name would clash with, capture, or be captured by."""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...errors import Refused
from ..python.locals import clash
from ..python.scopes import Scope, Scopes
from ..python.source import DEFINITIONS, PythonSource, parse
from ..text_mentions import mentions
from ..workspace import Edit, Workspace

if TYPE_CHECKING:
    from repo_index import Index
    from repo_index.records import Symbol


def check_python(path: str, data: bytes, old: str, new: str, edits: Iterable[Edit]) -> None:
    """Raises Refused when renaming at the spans of `edits` changes what a name of the file means."""
    if not _may_hold(data, new):
        return
    source = parse(path, data)
    scopes = Scopes(source)
    spans = {(e.start, e.end) for e in edits}
    for home in scopes.all:
        if not _rebinds(source, home, old, spans):
            continue
        uses = [u for u in scopes.uses if u.name == old and (u.span in spans or u.quoted) and scopes.resolve(u) is home]
        if found := clash(scopes, home, old, new, uses):
            _refuse(source, found.offset, new, found.what)


def _may_hold(data: bytes, name: str) -> bool:
    """Whether a file may use an identifier; Python takes all spellings for one that NFKC makes alike."""
    if data.isascii():
        return name.encode() in data
    try:
        return unicodedata.normalize("NFKC", name) in unicodedata.normalize("NFKC", data.decode("utf-8"))
    except UnicodeDecodeError:
        return True


def _refuse(source: PythonSource, offset: int, new: str, what: str) -> None:
    raise Refused(f"{source.path}:{source.line_of(offset)}: {new} {what}; choose another name")


def _rebinds(source: PythonSource, scope: Scope, old: str, spans: set[tuple[int, int]]) -> bool:
    """Whether one of the spans is where `scope` binds the old name."""
    for node in scope.bindings.get(old, ()):
        start, end = source.span(node)  # type: ignore[arg-type]
        if isinstance(node, DEFINITIONS):
            if any(start < s[0] < end and s[0] <= _name_end(source, node, old) for s in spans):
                return True
        elif isinstance(node, ast.AST) and any(start <= s[0] and s[1] <= end for s in spans):
            return True
    return False


def _name_end(source: PythonSource, node: ast.AST, name: str) -> int:
    start = source.span(node)[0]  # type: ignore[arg-type]
    return source.data.find(name.encode(), start) + len(name)


def check_members(index: Index, family: list[Symbol], new: str) -> None:
    """Raises Refused when a class of the family, one below or one above it has a member of the new name."""
    classes = {f"{s.path}::{s.definition.parent}" for s in family}
    above = set(classes)
    for name in classes:
        above |= ancestors(index, name)
    for other in index.find(new):
        if not other.definition.parent:
            continue
        home = f"{other.path}::{other.definition.parent}"
        if home in above or ancestors(index, home) & classes:
            raise Refused(f"{other.id} (line {other.line}) has that name already; choose another one")


def ancestors(index: Index, class_id: str) -> set[str]:
    """Ids of the classes of the repository that a class derives from, directly or not."""
    found: set[str] = set()
    todo = [class_id]
    while todo:
        path, _, qualified = todo.pop().partition("::")
        for symbol in index.symbols(path):
            if symbol.qualified != qualified:
                continue
            for base in symbol.definition.bases:
                target = index.resolve(path, base, symbol.definition.parent)
                identity = getattr(target, "id", None)
                if identity is not None and identity not in found:
                    found.add(identity)
                    todo.append(identity)
    return found


def check_words(ws: Workspace, path: str, new: str) -> None:
    """For languages without scope analysis here: the new name must not stand in the file's code at all."""
    for mention in mentions(ws, new):
        if mention.path == path and mention.kind == "code":
            raise Refused(f"{path}:{mention.line}: {new} is used there already; choose another name")
