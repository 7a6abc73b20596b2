"""What is left of the source: imports of what it lost, no import that nothing uses, no stale `__all__`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..python.deletion import unlist
from ..python.imports import ImportName, NewImport
from ..python.modules import is_package, respell
from ..python.outside import imported_from, read_through
from ..python.relocation import all_entries, lazy_home
from ..python.scopes import Use
from .needs import chain_at
from .supply import relative_style

if TYPE_CHECKING:
    from .carry import Carry


def leave(carry: Carry) -> None:
    names = carry.job.names
    spec = _spell_target(carry)
    for name in sorted(names):
        uses = [u for u in carry.scopes.module_uses(name) if not carry.in_pieces(u.span[0])]
        new = NewImport(spec, name)
        if carry.job.keep_alias:
            carry.editor.add_top(new if uses else NewImport(spec, name, name))
            continue
        typing = [u for u in uses if u.annotation and (u.quoted or carry.scopes.lazy_annotations)]
        if typing and (carry.lazy.back or len(typing) == len(uses)):
            carry.editor.add_typing(new)
            uses = [u for u in uses if u not in typing]
        for use in uses:
            if not carry.lazy.back:
                carry.editor.add_top(new)
                continue
            place = f"{carry.source.path}:{carry.source.line_of(use.span[0])}"
            closed = f"an import cycle with {carry.job.target}"
            carry.editor.add_lazy(new, lazy_home(use, place, name, closed))
    _unlist(carry, names if not carry.job.keep_alias else set())
    if not is_package(carry.job.source):
        _drop_unused(carry)


def _spell_target(carry: Carry) -> str:
    like = "." if relative_style(carry) else ""
    return respell(carry.target_name or "", like, carry.source_package)


def _unlist(carry: Carry, names: set[str]) -> None:
    """Take names out of `__all__`."""
    entries = all_entries(carry.source)
    for name in sorted(names & entries.keys()):
        carry.edits.append(unlist(carry.source, entries[name]))


def _drop_unused(carry: Carry) -> None:
    """Imports that only the moved code used, and that no other file takes from here."""
    listed = all_entries(carry.source)
    taken = imported_from(carry.modules, carry.job.source)
    used_as_attribute = read_through(carry.modules, carry.job.source)
    for statement in carry.editor.statements:
        if carry.in_pieces(statement.span[0]) or not _at_top(carry, statement.node):
            continue
        for name in statement.names:
            local = name.local
            if statement.module == "__future__" or name.name == "*" or local in listed or local in taken:
                continue
            uses = carry.scopes.module_uses(local)
            stay = [u for u in uses if not carry.in_pieces(u.span[0])]
            gone = [u for u in uses if carry.in_pieces(u.span[0])]
            if not gone or local in used_as_attribute:
                continue
            if not stay or _other_serves(carry, name, stay, gone):
                carry.editor.drop(name)


def _at_top(carry: Carry, node: ast.stmt) -> bool:
    return node in carry.source.tree.body or carry.source.type_checking(node)


def _other_serves(carry: Carry, name: ImportName, stay: list[Use], gone: list[Use]) -> bool:
    """`import a.b` beside `import a`: whether only moved code went through this one."""
    if name.statement.is_from or name.asname or "." not in name.name:
        return False
    beside = [n for s in carry.editor.statements if not s.is_from for n in s.names if n.local == name.local]
    if len(beside) < 2:
        return False

    def through(use: Use) -> bool:
        return (chain_at(carry.source, use) + ".").startswith(name.name + ".")

    return any(through(u) for u in gone) and not any(through(u) for u in stay)
