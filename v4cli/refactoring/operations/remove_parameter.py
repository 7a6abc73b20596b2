"""Take a parameter out of a function or method, and the argument out of its calls."""

from __future__ import annotations

import ast
from typing import Literal

from pydantic import Field

from ...errors import NothingToDo, Refused
from ..operation import Operation, Outcome
from ..parameters.calls import CallSite
from ..parameters.docs import drop_entry
from ..parameters.family import Definition, Family
from ..parameters.forwarding import forwarded
from ..parameters.layout import items, without
from ..parameters.signatures import Signature
from ..python.parameter_uses import is_rebound, reads
from ..python.signature import argument_list, insert_first, parameter_list
from ..python.source import PythonSource, Span
from ..workspace import Edit, Workspace


class RemoveParameter(Operation):
    """Takes a parameter out of a Python function or method, and what calls pass for it.

    Touched: every `def` of it (overloads, conditional definitions, overrides and overridden methods; for a class,
    its `__init__`), its entry in the docstring (Sphinx fields, Google and NumPy sections), and each call that means
    the function: through imports, attributes, `super()`, `cls(...)`, its class, `functools.partial` and functions that
    pass their `**kwargs` on to it, the argument given by position or by keyword.

    Left alone and listed: calls in which `*args` or `**kwargs` may hold the argument, calls that may mean another
    function of that name, and places that pass the function on. An argument that is dropped together with a call
    in it is noted. Refused where the body still reads the parameter, unless `value` is given, the source text that
    takes its place in the body (where that assigns the name, as its first value); what the body only passes to the
    function's own calls goes with these.
    """

    kind: Literal["remove_parameter"] = "remove_parameter"
    symbol: str = Field(description="path::qualified.name")
    name: str = Field(description="the parameter, without stars")
    value: str | None = Field(default=None, description="source text that the body reads in its place")

    def apply(self, ws: Workspace) -> Outcome:
        if self.value is not None:
            try:
                ast.parse(f"({self.value})", mode="eval")
            except (SyntaxError, ValueError):
                raise Refused(f"value: {self.value!r} is not a Python expression") from None
        return _Removal(ws, self).run()


class _Removal:
    def __init__(self, ws: Workspace, operation: RemoveParameter) -> None:
        self.operation, self.name = operation, operation.name
        self.family = Family(ws, operation.symbol)
        self.files = self.family.files
        self.having = [d for d in self.family.definitions if self.name in d.signature.names]
        self.notes: list[str] = []
        value = operation.value
        self.value = ast.dump(ast.parse(f"({value})", mode="eval").body) if value is not None else None

    def run(self) -> Outcome:
        symbol = self.family.symbol
        if not any(d.symbol.id == symbol.id for d in self.having):
            stars = {self.family.main.node.args.vararg, self.family.main.node.args.kwarg} - {None}
            if self.name in {s.arg for s in stars if s is not None}:
                raise Refused(f"{symbol.id}: {self.name} takes any number of arguments; only plain parameters can go")
            raise NothingToDo(f"{symbol.id} has no parameter {self.name}")
        if self.name in self.family.main.signature.by_position[: self.family.main.bound]:
            raise Refused(f"{symbol.id}: {self.name} is what the method is called on")
        self._check_places()
        self.family.check_mentioned(self.name)
        gone: dict[str, list[Span]] = {}
        for site in self.family.calls():
            self._call(site, gone)
        for definition in self.having:
            self._body(definition, gone.get(definition.source.path, []))
            self.files.edit(definition.source.path, self._signature(definition), *self._docs(definition))
        return self.files.finish(Outcome(notes=[*self.family.notes, *self.notes]))

    def _check_places(self) -> None:
        """Calls through a base class fit every override only where the parameter is at one place in all."""
        places = {
            d.signature.by_position.index(self.name) - d.bound if self.name in d.signature.by_position else None
            for d in self.having
        }
        if len(places) > 1:
            where = ", ".join(d.where for d in self.having)
            raise Refused(f"{self.name} is not at the same place in all definitions of it: {where}")

    # calls

    def _call(self, site: CallSite, gone: dict[str, list[Span]]) -> None:
        found = site.bind([d.signature for d in [self.family.main, *self.having]])
        if found is None:
            return
        signature, binding = found
        argument: ast.expr | ast.keyword | None = binding.keywords.get(self.name) or next(
            (a for a, parameter in binding.positional if parameter == self.name), None
        )
        if argument is None:
            if binding.mapping and site.sure and self._wrapped(site) and binding.star is None:
                return
            if reason := _unknown(binding.star is not None, binding.mapping, self._by_position(signature)):
                if site.sure:
                    self.files.leave_at(site.source.path, site.line, f"{reason} may pass {self.name}")
            elif site.sure and site.partial and self._by_position(signature):
                self.files.leave_at(site.source.path, site.line, f"what is called later may get {self.name}")
            return
        if not site.sure or site.quoted:
            reason = "in an f-string" if site.sure else "may call another definition of that name"
            self.files.leave_at(site.source.path, site.line, reason)
            return
        self._drop(site, argument, gone)

    def _wrapped(self, site: CallSite) -> bool:
        """Take the keyword out of calls of a function that passes its `**kwargs` on; False where it does more."""
        found = forwarded(self.family, site, self.name)
        if found is None:
            return False
        for outer, node in found.keywords:
            self._drop(outer, node, {})
        for outer, reason in found.unsure:
            self.files.leave_at(outer.source.path, outer.line, reason)
        return True

    def _drop(self, site: CallSite, argument: ast.expr | ast.keyword, gone: dict[str, list[Span]]) -> None:
        source = site.source
        every = items(source, argument_list(source, site.call))
        start = source.span(argument)[0]
        number = next(n for n, item in enumerate(every) if item.start <= start < item.end)
        item = every[number]
        gone.setdefault(source.path, []).append((item.start, item.end))
        passed = argument.value if isinstance(argument, ast.keyword) else argument
        if self.value is not None and ast.dump(passed) != self.value:
            text = " ".join(source.code(source.span(passed)).split())[:80]
            self.notes.append(f"{site.where}: passed {text}, where the body has {self.operation.value} now")
        elif any(isinstance(n, ast.Call | ast.Await | ast.NamedExpr | ast.Yield) for n in ast.walk(argument)):
            text = " ".join(source.code((item.start, item.end)).split())[:80]
            self.notes.append(f"{site.where}: no longer evaluates {text}")
        self.files.edit(source.path, *without(source, argument_list(source, site.call), every, {number}))

    def _by_position(self, signature: Signature) -> bool:
        return self.name in signature.by_position

    # definitions

    def _body(self, definition: Definition, gone: list[Span]) -> None:
        source, function = definition.source, definition.node
        scopes = self.files.scopes(source)
        spans = [s for s in reads(source, scopes, function, self.name) if not any(a <= s[0] < b for a, b in gone)]
        rebound = is_rebound(scopes, function, self.name)
        value = self.operation.value
        if not spans and (not rebound or value is not None):
            return
        if value is None:
            line = source.line_of(spans[0][0]) if spans else function.lineno
            raise Refused(
                f"{source.path}:{line}: {function.name} {'reads' if spans else 'assigns'} {self.name}; change the body "
                "first, or give the value that takes its place"
            )
        if rebound:
            self.files.edit(source.path, insert_first(source, function, [f"{self.name} = {value}"]))
            return
        text = value if _is_atom(value) else f"({value})"
        self.files.edit(source.path, *(Edit(*span, source.encode(text)) for span in spans))

    def _signature(self, definition: Definition) -> Edit:
        source, arguments = definition.source, definition.node.args
        brackets = parameter_list(source, definition.node)
        every = items(source, brackets)
        texts = [source.code((item.start, item.end)) for item in every]
        node = next(a for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs) if a.arg == self.name)
        start = source.span(node)[0]
        gone = {next(n for n, item in enumerate(every) if item.start <= start < item.end)}
        if len(arguments.posonlyargs) == 1 and node in arguments.posonlyargs:
            gone.add(texts.index("/"))
        if len(arguments.kwonlyargs) == 1 and node in arguments.kwonlyargs and arguments.vararg is None:
            gone.add(texts.index("*"))
        edits = without(source, brackets, every, gone)
        return edits[0] if len(edits) == 1 else _merged(source, edits)

    def _docs(self, definition: Definition) -> list[Edit]:
        found = drop_entry(definition.source, definition.node, self.name)
        if definition.node.name == "__init__":
            above = definition.source.parents[definition.node]
            if isinstance(above, ast.ClassDef):
                found += drop_entry(definition.source, above, self.name)
        return found


def _merged(source: PythonSource, edits: list[Edit]) -> Edit:
    start, end = min(e.start for e in edits), max(e.end for e in edits)
    kept = []
    position = start
    for edit in sorted(edits):
        kept += [source.data[position : edit.start], edit.new]
        position = max(position, edit.end)
    return Edit(start, end, b"".join([*kept, source.data[position:end]]))


def _unknown(star: bool, mapping: bool, by_position: bool) -> str:
    """What in a call may pass a parameter that it does not name."""
    found = [text for text, there in (("*", star and by_position), ("**", mapping)) if there]
    return f"an argument with {' or '.join(found)}" if found else ""


def _is_atom(value: str) -> bool:
    node = ast.parse(value.strip(), mode="eval").body
    return isinstance(node, ast.Name | ast.Constant | ast.Attribute | ast.Call | ast.List | ast.Dict | ast.Tuple)
