"""Keeping a package's public name: its `__init__` imports the new name under the old one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ...errors import Refused
from ..operation import LeftAlone
from ..python.handles import Handles
from ..python.imports import ImportName
from ..python.modules import Modules, is_package
from ..python.scopes import Scopes
from ..python.source import Span, try_parse
from ..workspace import Edit

if TYPE_CHECKING:
    from repo_index.records import Reference

    from .gather import Renaming


class PublicName:
    """`stays`: references that go on using the old name. `edits`: the aliases of the packages that keep it."""

    def __init__(self, renaming: Renaming, references: list[Reference]) -> None:
        self.renaming = renaming
        self.stays: set[tuple[str, Span]] = set()
        self.edits: list[tuple[str, Edit]] = []
        self.left: list[LeftAlone] = []
        #: files that offer the old name to their importers
        self.keepers: set[str] = set()
        self.packages: set[str] = set()
        self._modules = Modules(renaming.index)
        self._files: dict[str, Handles] = {}
        self._covered: dict[str, list[Span]] = {}
        if renaming.options.keep_public is False or renaming.options.keep_public == []:
            return
        if renaming.is_member:
            raise Refused(f"{renaming.symbol.id}: only a module-level name can be kept by a package")
        self._by_path: dict[str, list[Reference]] = {}
        for reference in references:
            if reference.certainty != "text" and reference.name == renaming.old:
                self._by_path.setdefault(reference.path, []).append(reference)
        self._choose()
        self._spread()
        self.packages = {name for path in self.keepers if (name := self._modules.name(path))}

    def covers(self, path: str, span: Span) -> bool:
        """Whether an edit made here replaces the span."""
        return any(start <= span[0] and span[1] <= end for start, end in self._covered.get(path, ()))

    def _handles(self, path: str) -> Handles | None:
        if path not in self._files:
            source = try_parse(path, self.renaming.index.read(path))
            if source is None:
                return None
            self._files[path] = Handles(source, Scopes(source), self._modules)
        return self._files[path]

    def _choose(self) -> None:
        wanted = self.renaming.options.keep_public
        paths = [p for p in self._by_path if is_package(p)] if wanted is True else sorted(set(wanted or []))
        for path in paths:
            if path == self.renaming.symbol.path:
                raise Refused(f"{path} defines the name itself; there is no import to keep it by")
            handles = self._handles(path) if self.renaming.index.file(path) is not None else None
            names = self._aliases(handles, path) if handles is not None else []
            at_top = [n for n in names if handles is not None and n.statement.node in handles.source.tree.body]
            if not at_top:
                if wanted is True:
                    continue
                raise Refused(f"{path} does not import {self.renaming.old}, so it cannot keep that name")
            for name in at_top:
                if name.local != self.renaming.old:
                    continue
                text = f"{self.renaming.new} as {self.renaming.old}"
                self.edits.append((path, Edit(*name.span, text.encode())))
                self._covered.setdefault(path, []).append(name.span)
            self.keepers.add(path)
        if not self.keepers:
            raise Refused(f"no package re-exports {self.renaming.old}, so there is no public name to keep")

    def _aliases(self, handles: Handles, path: str) -> list[ImportName]:
        spans = {r.span for r in self._by_path.get(path, ())}
        return [
            n
            for s in handles.statements
            if s.is_from
            for n in s.names
            if n.name == self.renaming.old and any(n.span[0] <= a and b <= n.span[1] for a, b in spans)
        ]

    def _spread(self) -> None:
        """Find the references that reach the symbol through a keeper, until no more files become keepers."""
        grew = True
        while grew:
            grew = False
            for path in sorted(self._by_path):
                handles = self._handles(path)
                if handles is None:
                    continue
                through = self._through(handles, path)
                self.stays |= {(path, span) for span in through}
                if path not in self.keepers and self._offers(handles, path):
                    self.keepers.add(path)
                    grew = True

    def _through(self, handles: Handles, path: str) -> set[Span]:
        stays: set[Span] = set()
        kept_aliases: set[ast.AST] = set()
        old = self.renaming.old
        for name in self._aliases(handles, path):
            edited = name.span in self._covered.get(path, ())
            if edited or handles.module_of(name) in self.keepers:
                kept_aliases.add(name.alias)
                stays |= {r.span for r in self._by_path[path] if _inside(r.span, name.span)}
        for use in handles.scopes.uses:
            if use.name != old:
                continue
            home = handles.scopes.resolve(use)
            if home is not None and any(node in kept_aliases for node in home.bindings[old]):
                stays |= {r.span for r in self._by_path[path] if _inside(r.span, use.span)}
        for node, span in handles.attributes():
            if node.attr == old and handles.denoted(node.value) in self.keepers:
                stays.add(span)
        if path in self.keepers:
            # `__all__` goes on listing the name that the package keeps
            stays |= {r.span for r in self._by_path[path] if r.kind in {"export", "string"}}
        return stays

    def _offers(self, handles: Handles, path: str) -> bool:
        bound = handles.scopes.module.bindings.get(self.renaming.old, [])
        return any(
            node in handles.by_alias and handles.module_of(handles.by_alias[node]) in self.keepers for node in bound
        )


def _inside(span: Span, outer: Span) -> bool:
    return outer[0] <= span[0] and span[1] <= outer[1]
