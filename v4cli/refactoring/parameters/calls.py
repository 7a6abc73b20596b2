"""The calls of a function: through names, attributes, its class, `cls(...)`, and `functools.partial`."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repo_index.references import COMMON_ATTRIBUTES, descendants

from ..python.source import DEFINITIONS, FUNCTIONS, PythonSource, Span, dotted
from ..workspace import Edit
from .signatures import Binding, Signature, bind

if TYPE_CHECKING:
    from repo_index.records import Reference, Symbol

    from .family import Family

#: callees that take a class without calling it
_ABOUT_CLASSES = {
    *("isinstance", "issubclass", "super", "cast", "TypeVar", "NewType", "raises", "assertRaises", "assertIsInstance"),
    *("assertRaisesRegex", "suppress", "warns", "hasattr", "getattr", "setattr", "id", "repr", "type", "object"),
}


@dataclass(frozen=True, slots=True)
class CallSite:
    """One call. `sure`: it means the function, and no other one of that name. `arguments` are those by position;
    with `partial` the callee is the first argument of `functools.partial`, and others may follow later. `quoted`: it
    stands in an f-string, where only its keywords have a place."""

    source: PythonSource
    call: ast.Call
    line: int
    bound: int
    sure: bool
    partial: bool = False
    quoted: bool = False

    @property
    def arguments(self) -> list[ast.expr]:
        return self.call.args[1:] if self.partial else self.call.args

    @property
    def where(self) -> str:
        return f"{self.source.path}:{self.line}"

    def bind(self, signatures: list[Signature]) -> tuple[Signature, Binding] | None:
        """What goes where, by the first signature that the call fits; None where it fits none."""
        for signature in signatures:
            found = bind(signature, self.arguments, self.call.keywords, self.bound, partial=self.partial)
            if found is not None:
                return signature, found
        return None


class Callers:
    def __init__(self, family: Family) -> None:
        self.family, self.files, self.index = family, family.files, family.index
        self.found: dict[tuple[str, int], CallSite] = {}
        self._aliases: set[str] = set()
        ids = {s.id for s in family.members}
        others = [s for s in self.index.find(family.symbol.name) if s.id not in ids]
        #: definitions of the same name that an attribute of something unknown may mean
        self.others = [s for s in others if family.symbol.kind != "method" or "." in s.qualified]
        self._signatures = [Signature.from_facts(s.definition.parameters) for s in self.others]

    def find(self) -> list[CallSite]:
        references = {(r.path, r.span): r for s in self.family.members for r in self.index.references(s)}
        for key in sorted(references):
            self._reference(references[key])
        if self.family.symbol.name == "__init__":
            for made in self._classes():
                for reference in self.index.references(made):
                    self._construction(reference)
                self._through_cls(made)
        return [self.found[key] for key in sorted(self.found)]

    def _reference(self, reference: Reference) -> None:
        if reference.kind not in {"call", "use"}:
            return
        sure = reference.certainty == "exact" or (reference.certainty == "likely" and not self.others)
        source = self.files.source(reference.path)
        if source is None:
            if sure:
                self.files.leave(reference, self.files.ws.protected(reference.path) or "a file that cannot be read")
            return
        call = self.files.calls(source).get(reference.span[1])
        if call is not None:
            bound = self._bound(source, call)
            self._add(source, call, reference.line, bound, sure or self._fits_no_other(call, bound))
            return
        partial = self._partial(source, reference)
        if partial is not None:
            node = self.files.expression_ending_at(source, reference.span[1])
            self._add(source, partial, reference.line, self._bound_of(source, node), sure, partial=True)
        elif (quoted := quoted_call(source, reference.span)) is not None:
            self._add(source, quoted, reference.line, self._bound(source, quoted), sure, quoted=True)
        elif (alias := self._alias(source, reference)) is not None:
            for other in self.index.references(alias):
                self._reference(other)
        elif sure:
            self.files.leave(reference, "uses the function without calling it, or in an f-string")

    def _fits_no_other(self, call: ast.Call, bound: int) -> bool:
        """Whether the arguments are right for the function and for no other definition of its name."""
        starred = any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords)
        if starred or self.family.symbol.name in COMMON_ATTRIBUTES or (not call.args and not call.keywords):
            return False
        return not any(bind(s, call.args, call.keywords, bound) for s in self._signatures)

    def _add(
        self,
        source: PythonSource,
        call: ast.Call,
        line: int,
        bound: int,
        sure: bool,
        *,
        partial: bool = False,
        quoted: bool = False,
    ) -> None:
        site = CallSite(source, call, line, bound, sure, partial, quoted)
        self.found[source.path, source.span(call)[1]] = site

    def _partial(self, source: PythonSource, reference: Reference) -> ast.Call | None:
        """The call of functools.partial whose first argument ends there."""
        node = self.files.expression_ending_at(source, reference.span[1])
        above = source.parents.get(node) if node is not None else None
        if isinstance(above, ast.Call) and above.args and above.args[0] is node:
            name = dotted(above.func)
            if name is not None and name.rpartition(".")[2] in {"partial", "partialmethod"}:
                return above
        return None

    def _alias(self, source: PythonSource, reference: Reference) -> Symbol | None:
        """What `other = function` at module level or in a class makes of it; None where it has been looked at."""
        node = self.files.expression_ending_at(source, reference.span[1])
        above = source.parents.get(node) if node is not None else None
        if not isinstance(above, ast.Assign) or above.value is not node or not isinstance(above.targets[0], ast.Name):
            return None
        around = [a for a in source.ancestors(above) if isinstance(a, DEFINITIONS)]
        if any(isinstance(a, FUNCTIONS) for a in around):
            return None
        qualified = ".".join([*(a.name for a in reversed(around)), above.targets[0].id])
        found = next((s for s in self.index.symbols(source.path) if s.qualified == qualified), None)
        if found is None or found.id in self._aliases:
            return None
        self._aliases.add(found.id)
        return found

    def _bound(self, source: PythonSource, call: ast.Call) -> int:
        return self._bound_of(source, call.func)

    def _bound_of(self, source: PythonSource, callee: ast.expr | None) -> int:
        """How many leading parameters are filled: none where a method is taken from its class."""
        main = self.family.main
        if not main.bound or callee is None:
            return main.bound
        if "classmethod" in {getattr(d, "id", "") for d in main.node.decorator_list}:
            return 1
        if not isinstance(callee, ast.Attribute):
            return 0  # inside of the class body
        if isinstance(callee.value, ast.Name) and _is_cls(source, callee.value):
            return 0
        text = dotted(callee.value)
        meant = self.index.resolve(source.path, text) if text else None
        return 0 if getattr(meant, "kind", "") == "class" else 1

    # constructors

    def _classes(self) -> list[Symbol]:
        """The class of the `__init__`, and those below it that inherit it."""
        symbol = self.family.symbol
        own = self.index.symbol(f"{symbol.path}::{symbol.definition.parent}")
        found = [own]
        for derived in descendants(self.index, own):
            init = self.index.resolve(derived.path, f"{derived.qualified}.__init__")
            if getattr(init, "id", "") == symbol.id:
                found.append(derived)
        return found

    def _construction(self, reference: Reference) -> None:
        if reference.kind not in {"call", "use"} or reference.certainty != "exact":
            return
        source = self.files.source(reference.path)
        if source is None:
            return
        call = self.files.calls(source).get(reference.span[1])
        if call is not None:
            self._add(source, call, reference.line, 1, True)
            return
        if (partial := self._partial(source, reference)) is not None:
            self._add(source, partial, reference.line, 1, True, partial=True)
            return
        if (quoted := quoted_call(source, reference.span)) is not None:
            self._add(source, quoted, reference.line, 1, True, quoted=True)
            return
        if (alias := self._alias(source, reference)) is not None:
            for other in self.index.references(alias):
                self._construction(other)
            return
        node = self.files.expression_ending_at(source, reference.span[1])
        above = source.parents.get(node) if node is not None else None
        if isinstance(above, ast.keyword):
            above = source.parents.get(above)
        if isinstance(above, ast.Call):
            name = getattr(above.func, "attr", getattr(above.func, "id", ""))
            if name not in _ABOUT_CLASSES:
                self.files.leave(reference, "passes the class on, which may be called there")

    def _through_cls(self, made: Symbol) -> None:
        """`cls(...)`, `self.__class__(...)` and `type(self)(...)` in the methods of a class."""
        source = self.files.source(made.path)
        if source is None:
            return
        for call in self.files.calls(source).values():
            if self._makes_own(source, call) and _class_of(source, call) == made.qualified:
                self._add(source, call, call.lineno, 1, True)

    def _makes_own(self, source: PythonSource, call: ast.Call) -> bool:
        callee = call.func
        if isinstance(callee, ast.Name):
            return _is_cls(source, callee)
        if isinstance(callee, ast.Attribute):
            return callee.attr == "__class__" and isinstance(callee.value, ast.Name) and callee.value.id == "self"
        return (
            isinstance(callee, ast.Call)
            and isinstance(callee.func, ast.Name)
            and callee.func.id == "type"
            and len(callee.args) == 1
            and isinstance(callee.args[0], ast.Name)
            and callee.args[0].id == "self"
        )


def _method_around(source: PythonSource, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The method, a function right in a class, whose code the node is part of."""
    for above in source.ancestors(node):
        if isinstance(above, FUNCTIONS) and isinstance(source.parents.get(above), ast.ClassDef):
            return above
    return None


def _is_cls(source: PythonSource, name: ast.Name) -> bool:
    """Whether the name is the class that a classmethod gets."""
    method = _method_around(source, name)
    if method is None or "classmethod" not in {getattr(d, "id", "") for d in method.decorator_list}:
        return False
    first = [*method.args.posonlyargs, *method.args.args][:1]
    return bool(first) and first[0].arg == name.id


def _class_of(source: PythonSource, node: ast.AST) -> str:
    """The qualified name of the class whose method holds the node."""
    method = _method_around(source, node)
    above = [a.name for a in source.ancestors(method) if isinstance(a, DEFINITIONS)] if method is not None else []
    return ".".join(reversed(above))


def quoted_call(source: PythonSource, callee: Span) -> ast.Call | None:
    """The call of the name at that place inside of an f-string, its nodes placed in the file. None outside of one,
    and for a call that goes over several lines."""
    if not any(start <= callee[0] < end for start, end in source.fstrings):
        return None
    start = callee[0]
    while start > 0 and (source.data[start - 1 : start].isalnum() or source.data[start - 1 : start] in {b".", b"_"}):
        start -= 1
    if source.data[callee[1] : callee[1] + 1] != b"(":
        return None
    line = source.line_of(start)
    before = "_" if source.data[start : start + 1] == b"." else ""  # the result of a call, or the like
    stop = callee[1]
    while (stop := source.data.find(b")", stop, source.line_end(start)) + 1) > 0:
        try:
            node = ast.parse(before + source.code((start, stop)), mode="eval").body
        except (SyntaxError, ValueError):
            continue
        break
    else:
        return None
    if not isinstance(node, ast.Call):
        return None
    shift = start - source.line_start(start) - len(before)
    for part in ast.walk(node):
        if isinstance(part, ast.expr | ast.keyword):
            part.lineno = part.end_lineno = line
            part.col_offset += shift
            part.end_col_offset = (part.end_col_offset or 0) + shift
    return node


def inner_first(sites: list[CallSite]) -> list[CallSite]:
    """Calls inside of others before those."""
    return sorted(sites, key=lambda s: (s.source.path, -s.source.span(s.call)[0], s.source.span(s.call)[1]))


def rendered(source: PythonSource, start: int, end: int, edits: list[Edit]) -> bytes:
    """The bytes of the range with the edits inside of it made."""
    pieces = []
    position = start
    for edit in sorted(e for e in edits if start <= e.start and e.end <= end):
        pieces += [source.data[position : edit.start], edit.new]
        position = edit.end
    return b"".join([*pieces, source.data[position:end]])
