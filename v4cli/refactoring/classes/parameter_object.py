"""A function whose parameters become one object: its signature, its body, and the dataclass that holds them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from ...errors import Refused
from ..python.imports import NewImport
from ..python.parameter_uses import is_rebound, reads, reads_all_locals
from ..python.scopes import Scopes, Use
from ..python.signature import insert_first, literal_type, parameter_list
from ..python.source import FunctionNode, PythonSource
from ..workspace import Edit
from .build import unit

_MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named parameter of a function. `text`: as it is written, with annotation and default."""

    node: ast.arg
    default: ast.expr | None
    keyword_only: bool
    text: str

    @property
    def name(self) -> str:
        return self.node.arg


def parameters(source: PythonSource, function: FunctionNode) -> list[Parameter]:
    """The named parameters in order, *args and **kwargs left out."""
    a = function.args
    positional = [*a.posonlyargs, *a.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(a.defaults))
    pairs = [(n, d, False) for n, d in zip(positional, [*defaults, *a.defaults], strict=True)]
    pairs += [(n, d, True) for n, d in zip(a.kwonlyargs, a.kw_defaults, strict=True)]
    found = []
    for node, default, keyword_only in pairs:
        start, end = source.span(node)
        if default is not None:
            end = max(end, source.span(default)[1])
            while source.data[end : end + 1] == b")" and source.code((start, end)).count("(") > source.code(
                (start, end)
            ).count(")"):
                end += 1
        found.append(Parameter(node, default, keyword_only, source.code((start, end))))
    return found


class Gathering:
    """Which parameters of one function go into the object, and where the object stands among the others."""

    def __init__(self, source: PythonSource, scopes: Scopes, function: FunctionNode, names: list[str]) -> None:
        self.source, self.scopes, self.function = source, scopes, function
        every = parameters(source, function)
        self.fields = [p for p in every if p.name in names]
        self.rest = [p for p in every if p.name not in names]
        positional = [p for p in self.rest if not p.keyword_only]
        first = min((every.index(p) for p in self.fields), default=0)
        before = [p for p in positional if every.index(p) < first and p.default is None]
        #: how many of the remaining positional parameters stand before the object
        self.index = len(before)
        #: fields in the order of the dataclass: those without a default come first
        self.ordered = sorted(self.fields, key=lambda p: p.default is not None)
        self.reordered = self.ordered != self.fields
        extra = function.args.vararg
        if extra is not None and any(not p.keyword_only for p in self.fields):
            raise Refused(
                f"{source.path}:{function.lineno}: {function.name} takes *{extra.arg} behind parameters to be gathered"
            )
        if function.args.posonlyargs and any(p.node in function.args.posonlyargs for p in self.rest[1:]):
            raise Refused(f"{source.path}:{function.lineno}: {function.name} has other positional-only parameters")

    @property
    def names(self) -> list[str]:
        return [p.name for p in self.fields]

    def check_name(self, name: str) -> None:
        """Raises Refused when the object cannot have that name inside the function."""
        where = f"{self.source.path}:{self.function.lineno}"
        scope = self.scopes.scope_of[self.function]
        if name in scope.bindings and name not in self.names:
            raise Refused(f"{where}: {name} is a local name of {self.function.name} already")
        for inner in self.scopes.all:
            if inner is not scope and scope in inner.chain() and name in inner.bindings:
                raise Refused(f"{where}: {name} is a local name inside {self.function.name}; choose another name")
        for use in self.scopes.uses:
            if use.name == name and scope in use.scope.chain() and self.scopes.resolve(use) is not scope:
                line = self.source.line_of(use.span[0])
                raise Refused(f"{self.source.path}:{line}: {self.function.name} uses {name} from outside")

    def signature(self, name: str, class_name: str) -> Edit:
        """The parameters with the object among them."""
        source, function = self.source, self.function
        opening, closing = parameter_list(source, function)
        annotated = function.returns is not None or any(p.node.annotation for p in self.fields)
        new = f"{name}: {class_name}" if annotated else name
        positional = [p.text for p in self.rest if not p.keyword_only]
        items = [*positional[: self.index], new, *positional[self.index :]]
        own = [p for p in self.rest if not p.keyword_only]
        if any(p.node in function.args.posonlyargs for p in own):
            items.insert(1, "/")
        if function.args.vararg is not None:
            items.append("*" + self._code(function.args.vararg))
        elif any(p.keyword_only for p in self.rest):
            items.append("*")
        items += [p.text for p in self.rest if p.keyword_only]
        if function.args.kwarg is not None:
            items.append("**" + self._code(function.args.kwarg))
        return Edit(opening + 1, closing, source.encode(", ".join(items)))

    def _code(self, node: ast.arg) -> str:
        return self.source.code(self.source.span(node))

    def body(self, name: str) -> list[Edit]:
        """Reads of the parameters become reads of fields; one that gets another value starts as a copy."""
        edits: list[Edit] = []
        copies: list[str] = []
        everything = reads_all_locals(self.function)
        for parameter in self.fields:
            old = parameter.name
            try:
                spans = reads(self.source, self.scopes, self.function, old)
            except Refused:
                copies.append(old)
                continue
            if everything or is_rebound(self.scopes, self.function, old):
                copies.append(old)
            else:
                edits += [Edit(*span, self.source.encode(f"{name}.{old}")) for span in spans]
        if copies:
            edits.append(insert_first(self.source, self.function, [f"{c} = {name}.{c}" for c in copies]))
        return edits

    # the dataclass

    def check_fields(self) -> None:
        """Annotations and defaults have to mean the same at module level."""
        seen: set[str] = set()
        for parameter in self.ordered:
            for node in (parameter.node.annotation, parameter.default):
                for use in self._uses(node):
                    home = self.scopes.resolve(use)
                    line = self.source.line_of(use.span[0])
                    if home is not None and home is not self.scopes.module:
                        raise Refused(f"{self.source.path}:{line}: {use.name} means nothing outside of the class")
                    if use.name in seen:
                        raise Refused(f"{self.source.path}:{line}: {use.name} would mean the field of that name")
            if parameter.default is not None:
                seen.add(parameter.name)

    def _uses(self, node: ast.expr | None) -> list[Use]:
        if node is None:
            return []
        inside = set(ast.walk(node))
        start, end = self.source.span(node)
        return [u for u in self.scopes.uses if u.node in inside or (u.quoted and start <= u.span[0] < end)]

    def dataclass(self, class_name: str, doc: str, frozen: bool) -> tuple[str, list[NewImport], list[str]]:
        """The text of the class, the imports that it needs besides those of the function, and notes."""
        source = self.source
        indent = unit(source)
        imports = [NewImport("dataclasses", "dataclass")]
        notes: list[str] = []
        lines = ["@dataclass(frozen=True)" if frozen else "@dataclass", f"class {class_name}:"]
        lines += [f'{indent}"""{doc}"""', ""]
        for parameter in self.ordered:
            default = parameter.default
            text = self._annotation(parameter)
            if text == "Any":
                imports.append(NewImport("typing", "Any"))
            line = f"{indent}{parameter.name}: {text}"
            if default is not None:
                value = source.code(source.span(default))
                if isinstance(default, _MUTABLE):
                    imports.append(NewImport("dataclasses", "field"))
                    value = f"field(default_factory=lambda: {value})"
                    notes.append(f"the default of {parameter.name} is made anew for each object")
                line += f" = {value}"
            comment = self._comment(parameter)
            lines.append(line + (f"  {comment}" if comment else ""))
        return "\n".join(lines) + "\n", list(dict.fromkeys(imports)), notes

    def _annotation(self, parameter: Parameter) -> str:
        if parameter.node.annotation is not None:
            return " ".join(self.source.code(self.source.span(parameter.node.annotation)).split())
        default = parameter.default
        return (literal_type(self.source.code(self.source.span(default))) if default is not None else None) or "Any"

    def _comment(self, parameter: Parameter) -> str:
        """A comment behind the parameter on its line."""
        _, end = self.source.span(parameter.node)
        if parameter.default is not None:
            end = self.source.span(parameter.default)[1]
        rest = self.source.data[end : self.source.line_end(end)]
        match = re.match(rb"\s*,?\s*(#.*)", rest)
        return match[1].decode(self.source.encoding, "replace").rstrip() if match else ""
