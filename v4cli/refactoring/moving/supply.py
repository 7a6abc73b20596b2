"""Giving the target what the moved code needs: imports, and what stays in the source."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ...errors import Refused
from ..python.imports import ImportName, NewImport
from ..python.modules import absolute_in
from ..python.relocation import lazy_home
from ..python.scopes import BUILTINS
from ..python.source import dotted
from ..workspace import Edit
from .needs import Need, needs

if TYPE_CHECKING:
    from .carry import Carry


def bring_needs(carry: Carry) -> None:
    moved = carry.job.names | (carry.all_bound() if carry.job.whole else set())
    found, unbound = needs(carry.source, carry.scopes, carry.handles, carry.spans, moved)
    for hidden in sorted({u.name for u in unbound if u.name in BUILTINS} & carry.target.bound()):
        carry.notes.append(f"{hidden} is the built-in in {carry.job.source}, but {carry.job.target} binds that name")
    for use in unbound:
        if use.name in BUILTINS or carry.job.whole:
            continue
        if carry.scopes.star_imports:
            line = carry.source.line_of(use.span[0])
            raise Refused(f"{carry.source.path}:{line}: {use.name} may come from a star import; name it first")
    if carry.job.whole:
        for star in carry.scopes.star_imports:
            if star in carry.source.tree.body:
                spec = _spec_in_target(carry, "." * star.level + (star.module or ""))
                carry.target.need(NewImport(spec, "*"), typing=False)
    for need in found:
        if need.imports and not _conditional(carry, need.imports):
            for name in need.imports:
                _bring_import(carry, need, name)
        elif not carry.job.whole:
            _bring_definition(carry, need)
    if any(s.module == "__future__" and s.node.names[0].name == "annotations" for s in carry.editor.statements):
        carry.target.future = carry.new_target or carry.target.needs_future
    if carry.job.whole:
        _bring_side_effects(carry, {n.local for need in found for n in need.imports})


def _bring_side_effects(carry: Carry, used: set[str]) -> None:
    """Merging keeps the imports that the source made available to others, or made for their effect."""
    for statement in carry.editor.statements:
        if statement.node not in carry.source.tree.body or statement.module == "__future__":
            continue
        for name in statement.names:
            if name.local in used or name.name == "*":
                continue
            if _imported_elsewhere(carry, name.local):
                _bring_import(carry, Need(name.local, [], [name]), name)


def _imported_elsewhere(carry: Carry, local: str) -> bool:
    return any(local in e.names for e in carry.index.importers(carry.job.source))


def _conditional(carry: Carry, names: list[ImportName]) -> bool:
    """Whether the import stands under a condition other than TYPE_CHECKING."""
    return any(
        n.statement.node not in carry.source.tree.body and not carry.source.type_checking(n.statement.node)
        for n in names
    )


def _spec_in_target(carry: Carry, spec: str) -> str:
    if not spec.startswith("."):
        return spec
    absolute = absolute_in(spec, carry.source_package)
    return carry.target.spell(absolute, spec, carry.target_package) if absolute else spec


def _bring_import(carry: Carry, need: Need, name: ImportName) -> None:
    module = carry.handles.module_of(name)
    submodule = carry.handles.submodule_of(name)
    file = submodule or module
    if file == carry.job.target:
        _already_there(carry, need, name, submodule == carry.job.target or not name.statement.is_from)
        return
    if name.statement.is_from:
        new = NewImport(_spec_in_target(carry, name.statement.module), name.name, name.asname)
    else:
        new = NewImport(name.name, None, name.asname)
    _place(carry, need, new, file, carry.source.type_checking(name.statement.node))


def _place(carry: Carry, need: Need, new: NewImport, file: str | None, typing: bool) -> None:
    if typing or (need.uses and need.typing_only(carry.scopes.lazy_annotations) and carry.target.lazy_annotations):
        if typing and any(not u.quoted for u in need.uses) and not carry.target.lazy_annotations:
            carry.target.needs_future = True
        carry.target.need(new, typing=True)
        return
    if file is not None and file in carry.lazy.needed:
        for use in need.uses:
            if use.annotation and (use.quoted or (carry.scopes.lazy_annotations and carry.target.lazy_annotations)):
                carry.target.need(new, typing=True)
                continue
            place = f"{carry.source.path}:{carry.source.line_of(use.span[0])}"
            carry.editor.add_lazy(new, lazy_home(use, place, new.local, f"an import cycle with {file}"))
        return
    carry.target.need(new, typing=False)


def _already_there(carry: Carry, need: Need, name: ImportName, as_module: bool) -> None:
    """The moved code used something of the target itself: it needs no import there any more."""
    for use in need.uses:
        if not as_module:
            if name.local != name.name:
                carry.edits.append(Edit(*use.span, name.name.encode()))
            continue
        node: ast.AST = use.node
        written = name.local if name.asname or name.statement.is_from else name.name
        while isinstance(above := carry.source.parents.get(node), ast.Attribute):
            text = dotted(node) if isinstance(node, ast.expr) else None
            node = above
            if text == written:
                span = carry.source.span(above)
                carry.edits.append(Edit(*span, above.attr.encode()))
                break
        else:
            line = carry.source.line_of(use.span[0])
            raise Refused(f"{carry.source.path}:{line}: uses the module {written} as a value inside itself")


def _bring_definition(carry: Carry, need: Need) -> None:
    """A definition that stays in the source."""
    like = "." if relative_style(carry) else ""
    module = carry.target.spell(carry.source_name or "", like, carry.target_package)
    bindings = carry.scopes.module.bindings[need.name]
    typing = all(carry.source.type_checking(node) for node in bindings if isinstance(node, ast.AST))
    _place(carry, need, NewImport(module, need.name), carry.job.source, typing)


def relative_style(carry: Carry) -> bool:
    """Whether the source writes imports from its own package relatively."""
    first = [s for s in carry.editor.statements if s.is_from and s.module.startswith(".")]
    top = (carry.source_name or "").split(".")[0]
    absolute = [s for s in carry.editor.statements if s.is_from and s.module.split(".")[0] == top]
    if not first and not absolute:
        return carry.target.relative_style() if not carry.new_target else _package_is_relative(carry)
    return len(first) >= len(absolute)


def _package_is_relative(carry: Carry) -> bool:
    """Whether most modules beside the source import relatively."""
    folder = carry.job.source.rpartition("/")[0]
    relative = absolute = 0
    top = (carry.source_name or "").split(".")[0]
    for edge in carry.index.edges():
        if edge.source.rpartition("/")[0] == folder:
            relative += edge.module.startswith(".")
            absolute += edge.module.split(".")[0] == top
    return relative > absolute


def nested_imports(carry: Carry) -> None:
    """Imports inside the moved functions: relative ones are spelt for the target's package."""
    for statement in carry.editor.statements:
        if not carry.in_pieces(statement.span[0]) or not statement.is_from:
            continue
        if carry.job.whole and carry.modules.file(statement.module, carry.job.source) == carry.job.source:
            continue
        spec = _spec_in_target(carry, statement.module)
        if spec != statement.module:
            carry.editor.change_module(statement, spec)
