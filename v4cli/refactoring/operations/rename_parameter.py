"""Rename a parameter of a function or method, and the keywords by which calls pass it."""

from __future__ import annotations

import ast
import keyword
import re
from typing import Literal

from pydantic import Field

from ...errors import NothingToDo, Refused
from ..operation import Operation, Outcome
from ..parameters.calls import CallSite
from ..parameters.docs import rename_entry
from ..parameters.family import Definition, Family
from ..parameters.forwarding import forwarded
from ..python.locals import clash
from ..python.parameter_uses import reads, reads_all_locals, writes
from ..python.source import PythonSource, docstring
from ..text_mentions import is_changelog, is_distinctive, mentions
from ..workspace import Edit, Workspace


class RenameParameter(Operation):
    """Gives a parameter of a Python function or method a new name.

    Touched: every `def` of it that has a parameter of the old name (overloads, overrides and overridden methods; for
    a class, its `__init__`) with all that its body reads and assigns, the keyword in each call that means the
    function (through imports, attributes, `super()`, `cls(...)`, its class, `functools.partial`, and functions that
    pass their `**kwargs` on to it), the entry in the docstring (Sphinx fields, Google and NumPy sections), its
    mentions there in backticks or asterisks, a name that is no common word in the function's comments and docstring,
    and calls shown in documents.

    Left alone and listed: calls in which `**kwargs` may hold it, calls that may mean another function of that name,
    places that pass the function on, and bodies that read their names as data (`locals()`). Refused where the new
    name clashes, and where pytest or a decorator passes the parameter by its name.
    """

    kind: Literal["rename_parameter"] = "rename_parameter"
    symbol: str = Field(description="path::qualified.name of the function")
    name: str = Field(description="the parameter, without stars")
    new_name: str
    changelog: bool = False

    def apply(self, ws: Workspace) -> Outcome:
        if not self.new_name.isidentifier() or keyword.iskeyword(self.new_name):
            raise Refused(f"{self.new_name!r} cannot be the name of a parameter")
        if self.name == self.new_name:
            raise NothingToDo(f"{self.symbol} has a parameter {self.name} already")
        return _Renaming(ws, self).run()


class _Renaming:
    def __init__(self, ws: Workspace, operation: RenameParameter) -> None:
        self.operation = operation
        self.old, self.new = operation.name, operation.new_name
        self.ws = ws
        self.family = Family(ws, operation.symbol, names_only=True)
        self.files = self.family.files
        self.having = [d for d in self.family.definitions if self.old in self._names(d)]

    @staticmethod
    def _names(definition: Definition) -> set[str]:
        signature = definition.signature
        return {*signature.names, *filter(None, (signature.vararg, signature.kwarg))}

    def run(self) -> Outcome:
        symbol = self.family.symbol
        if not any(d.symbol.id == symbol.id for d in self.having):
            raise NothingToDo(f"{symbol.id} has no parameter {self.old}")
        self.family.check_mentioned(self.old)
        named = self.old in self.family.main.signature.names
        for site in self.family.calls() if named else ():
            self._call(site)
        for definition in self.having:
            self._definition(definition)
        if named:
            self._documents()
        return self.files.finish(Outcome(notes=self.family.notes))

    # calls

    def _call(self, site: CallSite) -> None:
        found = site.bind([d.signature for d in [self.family.main, *self.having]])
        if found is None:
            return
        _, binding = found
        if site.sure and self.new in binding.extra:
            raise Refused(f"{site.where}: passes {self.new}, which goes to **kwargs there; choose another name")
        node = binding.keywords.get(self.old)
        if node is None:
            if binding.mapping and site.sure and not binding.given(self.old):
                self._wrapped(site)
        elif site.sure:
            self._keyword(site, node)
        else:
            self.files.leave_at(site.source.path, site.line, "may call another definition of that name")

    def _keyword(self, site: CallSite, node: ast.keyword) -> None:
        start = site.source.span(node)[0]
        end = start + len(site.source.encode(self.old))
        self.files.edit(site.source.path, Edit(start, end, site.source.encode(self.new)))

    def _wrapped(self, site: CallSite) -> None:
        """The call passes `**kwargs`: what callers of the function around it pass by the old name."""
        found = forwarded(self.family, site, self.old)
        if found is None or self.new in found.taken:
            self.files.leave_at(site.source.path, site.line, f"an argument with ** may pass {self.old}")
            return
        for outer, keyword_node in found.keywords:
            self._keyword(outer, keyword_node)
        for outer, reason in found.unsure:
            self.files.leave_at(outer.source.path, outer.line, reason)

    # definitions

    def _definition(self, definition: Definition) -> None:
        source, function = definition.source, definition.node
        scopes = self.files.scopes(source)
        scope = scopes.scope_of[function]
        if found := clash(scopes, scope, self.old, self.new):
            line = source.line_of(found.offset)
            raise Refused(f"{source.path}:{line}: {self.new} {found.what}; choose another name")
        spans = {*reads(source, scopes, function, self.old), *writes(source, scopes, function, self.old)}
        new = source.encode(self.new)
        edits = {Edit(*span, new) for span in spans}
        edits.update(self._docs(source, function))
        above = source.parents[function]
        if function.name == "__init__" and isinstance(above, ast.ClassDef):
            edits.update(rename_entry(source, above, self.old, self.new))
        self.files.edit(source.path, *sorted(edits))
        if reads_all_locals(function):
            self.family.left(definition, f"reads its local names as data, where {self.old} was one")

    def _docs(self, source: PythonSource, function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[Edit]:
        """Entries of the docstring, and mentions of the parameter in it and in comments."""
        new = source.encode(self.new)
        found = set(rename_entry(source, function, self.old, self.new))
        word = re.escape(source.encode(self.old))
        pattern = rb"(?<![\w`*.])(`{1,2}|\*)(" + word + rb")\1(?![\w`*])"
        if is_distinctive(self.old):
            pattern += rb"|(?<![\w.])()(" + word + rb")(?!\w)"
        text = docstring(function.body)
        areas = [source.span(text)] if text is not None else []
        start, end = source.span(function)
        areas += [c for c in source.comments if start <= c[0] < end]
        for area in areas:
            for match in re.finditer(pattern, source.data[slice(*area)]):
                at, stop = match.span(2) if match[2] is not None else match.span(match.lastindex or 0)
                found.add(Edit(area[0] + at, area[0] + stop, new))
        return found

    def _documents(self) -> None:
        """Calls with the keyword in documents, docstrings and comments."""
        symbol = self.family.symbol
        name = symbol.definition.parent.rpartition(".")[2] if symbol.name == "__init__" else symbol.name
        family = {s.id for s in self.family.members} | {f"{symbol.path}::{symbol.definition.parent}"}
        others = [s for s in self.family.index.find(name) if s.id not in family]
        pattern = re.compile(rb"\((?:[^()\n]|\([^()\n]*\))*?(?<![\w.])(" + re.escape(self.old.encode()) + rb")=(?!=)")
        for mention in mentions(self.ws, name):
            if mention.kind == "code":
                continue
            data = self.ws.read(mention.path)
            match = pattern.match(data, mention.span[1])
            if match is None:
                continue
            if is_changelog(mention.path) and not self.operation.changelog:
                self.files.leave_at(mention.path, mention.line, "the changelog tells what was true then")
            elif others:
                self.files.leave_at(mention.path, mention.line, f"may mean another {name}, such as {others[0].id}")
            else:
                self.files.edit(mention.path, Edit(*match.span(1), self.new.encode()))
