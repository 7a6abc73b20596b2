"""Change the order of a function's parameters, and of the arguments that calls pass by position."""

from __future__ import annotations

import ast
from typing import Literal

from pydantic import Field

from ...errors import NothingToDo, Refused
from ..operation import Operation, Outcome
from ..parameters.calls import CallSite, inner_first, rendered
from ..parameters.docs import reorder_entries
from ..parameters.family import Definition, Family
from ..parameters.layout import Item, items, reordered
from ..parameters.signatures import Binding, Signature
from ..python.signature import argument_list, parameter_list
from ..workspace import Edit, Workspace


class ReorderParameters(Operation):
    """Gives the parameters of a Python function or method another order.

    `order` names all of its parameters, or those that exchange places; self and cls stay first. Touched: every
    `def` of it (overloads, overrides and overridden methods; for a class, its `__init__`), the order of their
    entries in the docstring, and the arguments by position of each call that means the function. An argument whose
    parameter comes behind one that the call leaves out is passed by keyword from then on; keywords stay as they are.

    Refused where a parameter without default would follow one with a default, where one would cross `/` or `*`, and
    where an override has the parameters at other places. An argument in a wrong place goes unnoticed: `unsure` says
    what happens where stars hide which argument goes where, where a call may mean another function of that name, and
    where the function is passed on without being called: refuse, or leave and list them.
    """

    kind: Literal["reorder_parameters"] = "reorder_parameters"
    symbol: str = Field(description="path::qualified.name")
    order: list[str] = Field(min_length=2, description="names of parameters in their new order")
    unsure: Literal["refuse", "leave"] = "refuse"

    def apply(self, ws: Workspace) -> Outcome:
        if len(set(self.order)) < len(self.order):
            raise Refused("order names a parameter twice")
        return _Reordering(ws, self).run()


class CannotTell(Exception):
    """Which argument goes to which parameter cannot be told."""


class _Reordering:
    def __init__(self, ws: Workspace, operation: ReorderParameters) -> None:
        self.operation, self.order = operation, operation.order
        self.family = Family(ws, operation.symbol)
        self.files = self.family.files
        self.notes: list[str] = []

    def run(self) -> Outcome:
        main = self.family.main
        if missing := [n for n in self.order if n not in main.signature.names]:
            raise Refused(f"{self.family.symbol.id} has no parameter {missing[0]}")
        if self._permuted(main.signature.names) == main.signature.names:
            raise NothingToDo(f"the parameters of {self.family.symbol.id} are in that order already")
        for definition in self.family.definitions:
            self._check(definition)
        signatures = [d.signature for d in [main, *self.family.definitions]]
        for site in inner_first(self.family.calls()):
            self._call(site, signatures)
        if self.operation.unsure == "refuse":
            for place in sorted(self.files.left):
                if "without calling" in place.reason or "passes the class on" in place.reason:
                    raise Refused(
                        f"{place.path}:{place.line}: {place.reason}, and what calls it is not known; give unsure: "
                        f"leave to go on: {place.text[:120]}"
                    )
        for definition in self.family.definitions:
            self.files.edit(definition.source.path, *self._signature(definition), *self._docs(definition))
        return self.files.finish(Outcome(notes=[*self.family.notes, *self.notes]))

    def _permuted(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The names with those of `order` exchanging places."""
        wanted = iter([n for n in self.order if n in names])
        return tuple(next(wanted) if n in self.order else n for n in names)

    def _check(self, definition: Definition) -> None:
        signature = definition.signature
        where = f"{definition.where}: {definition.node.name}"
        if bound := [n for n in self.order if n in signature.by_position[: definition.bound]]:
            raise Refused(f"{where}: {bound[0]} is what the method is called on; it comes first")
        main = self.family.main
        here = [(signature.names.index(n) - definition.bound) for n in self.order if n in signature.names]
        if here != [main.signature.names.index(n) - main.bound for n in self.order]:
            raise Refused(f"{where} has the parameters at other places than {main.where}; change it first")
        self._check_groups(definition)
        self._check_defaults(definition)

    def _check_groups(self, definition: Definition) -> None:
        signature = definition.signature
        after = self._permuted(signature.names)
        at = 0
        for group in (signature.positional_only, signature.positional, signature.keyword_only):
            if moved := sorted(set(group) ^ set(after[at : at + len(group)])):
                raise Refused(f"{definition.where}: {moved[0]} would cross / or *, which changes how it is passed")
            at += len(group)

    def _check_defaults(self, definition: Definition) -> None:
        signature = definition.signature
        seen = ""
        for name in self._permuted(signature.by_position):
            if name not in signature.required:
                seen = name
            elif seen:
                raise Refused(f"{definition.where}: {name} has no default, so it cannot follow {seen}, which has one")

    # calls

    def _call(self, site: CallSite, signatures: list[Signature]) -> None:
        found = site.bind(signatures)
        if found is None:
            return
        try:
            edits = self._arguments(site, *found)
        except CannotTell as error:
            if not site.sure or self.operation.unsure == "leave":
                self.files.leave_at(site.source.path, site.line, str(error))
                return
            raise Refused(f"{site.where}: {error}; give unsure: leave to go on") from None
        if edits and not site.sure:
            if self.operation.unsure == "refuse":
                raise Refused(f"{site.where}: may call another definition of that name; give unsure: leave to go on")
            self.files.leave_at(site.source.path, site.line, "may call another definition of that name")
        elif edits:
            self.files.edit(site.source.path, *edits)

    def _arguments(self, site: CallSite, signature: Signature, binding: Binding) -> list[Edit]:
        names = signature.by_position[site.bound :]
        if site.quoted:
            return self._quoted(names, binding)
        after = self._permuted(names)
        moved = [n for n, (old, new) in enumerate(zip(names, after, strict=True)) if old != new]
        if not moved:
            return []
        if binding.star is not None and binding.star <= moved[-1]:
            raise CannotTell("stars hide which argument goes to which parameter")
        given = [parameter for _, parameter in binding.positional if parameter is not None]
        if not set(given) & {names[n] for n in moved}:
            return []
        positional = []
        for name in after:
            if name not in given:
                break
            positional.append(name)
        named = [name for name in given if name not in positional]
        if named and (len(given) < len(binding.positional) or binding.star is not None):
            raise CannotTell("arguments that go to *args follow")
        if stuck := [name for name in named if name in signature.positional_only]:
            raise CannotTell(f"{stuck[0]} can be passed by position only")
        return self._written(site, given, positional, named)

    def _quoted(self, names: tuple[str, ...], binding: Binding) -> list[Edit]:
        """Arguments in an f-string stay as they are, where that can be."""
        after = self._permuted(names)
        given = [parameter for _, parameter in binding.positional]
        if any(parameter != new for parameter, new in zip(given, after, strict=False)) or binding.star is not None:
            raise CannotTell("passes arguments by position in an f-string")
        return []

    def _written(self, site: CallSite, given: list[str], positional: list[str], named: list[str]) -> list[Edit]:
        source = site.source
        every = items(source, argument_list(source, site.call))
        numbers = {name: self._number(site, every, n) for n, name in enumerate(given)}
        done = self.files.edits.get(source.path, [])
        slots = []
        for place, name in zip(sorted(numbers.values()), [*positional, *named], strict=True):
            item = every[numbers[name]]
            text = rendered(source, item.start, item.end, done)
            if name in named:
                walrus = isinstance(site.arguments[given.index(name)], ast.NamedExpr) and not text.startswith(b"(")
                text = source.encode(name) + b"=" + (b"(" + text + b")" if walrus else text)
            slots.append((place, numbers[name], text))
        self._note_order(site, [site.arguments[given.index(n)] for n in given if n not in named])
        return reordered(source, every, slots)

    def _note_order(self, site: CallSite, moved: list[ast.expr]) -> None:
        if sum(any(isinstance(n, ast.Call | ast.Await) for n in ast.walk(a)) for a in moved) > 1:
            self.notes.append(f"{site.where}: the arguments are evaluated in another order")

    def _number(self, site: CallSite, every: list[Item], argument: int) -> int:
        start = site.source.span(site.arguments[argument])[0]
        return next(n for n, item in enumerate(every) if item.start <= start < item.end)

    # definitions

    def _signature(self, definition: Definition) -> list[Edit]:
        source, arguments = definition.source, definition.node.args
        every = items(source, parameter_list(source, definition.node))
        nodes = {a.arg: a for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        numbers = {}
        for name, node in nodes.items():
            start = source.span(node)[0]
            numbers[name] = next(n for n, item in enumerate(every) if item.start <= start < item.end)
        names = definition.signature.names
        slots = []
        for old, new in zip(names, self._permuted(names), strict=True):
            if old != new:
                item = every[numbers[new]]
                slots.append((numbers[old], numbers[new], source.data[item.start : item.end]))
        return reordered(source, every, slots)

    def _docs(self, definition: Definition) -> list[Edit]:
        before = definition.signature.names
        names = [n for n in self._permuted(before) if n in self.order]
        found = reorder_entries(definition.source, definition.node, names)
        above = definition.source.parents[definition.node]
        if definition.node.name == "__init__" and isinstance(above, ast.ClassDef):
            found += reorder_entries(definition.source, above, names)
        return found
