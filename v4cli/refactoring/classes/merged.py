"""One function out of two: whether their parameters and names allow it, and its text."""

from __future__ import annotations

import ast
import inspect
import re

from ...errors import Refused
from ..moving.editing import apply_edits
from ..moving.pieces import cut
from ..python.locals import clash
from ..python.parameter_uses import reads
from ..python.scopes import Scopes
from ..python.signature import add_parameter, is_annotated, parameter_names
from ..python.source import FunctionNode, PythonSource, docstring
from ..workspace import Edit
from .build import indented, unit


def _arguments(function: FunctionNode) -> list[ast.arg]:
    a = function.args
    every = [*a.posonlyargs, *a.args, a.vararg, *a.kwonlyargs, a.kwarg]
    return [argument for argument in every if argument is not None]


def _shape(function: FunctionNode) -> tuple[object, ...]:
    a = function.args
    defaults = [ast.dump(d) if d is not None else "" for d in [*a.defaults, *a.kw_defaults]]
    counts = len(a.posonlyargs), len(a.args), len(a.kwonlyargs), a.vararg is None, a.kwarg is None
    return counts, defaults


def common_names(first: FunctionNode, second: FunctionNode) -> dict[str, str]:
    """Parameters of the second function that have another name in the first: old name -> new name."""
    pairs = zip(parameter_names(second), parameter_names(first), strict=True)
    return {old: new for old, new in pairs if old != new}


def check_mergeable(source: PythonSource, scopes: Scopes, first: FunctionNode, second: FunctionNode, flag: str) -> None:
    """Raises Refused naming what keeps the two from being one function."""
    where = f"{source.path}:{second.lineno}: {second.name}"
    if type(first) is not type(second) or _yields(first) != _yields(second):
        raise Refused(f"{where} and {first.name} are different kinds of function (async, generator)")
    if [ast.dump(d) for d in first.decorator_list] != [ast.dump(d) for d in second.decorator_list]:
        raise Refused(f"{where} has other decorators than {first.name}")
    if _shape(first) != _shape(second):
        raise Refused(f"{where} takes other parameters than {first.name}")
    renames = common_names(first, second)
    for old, new in renames.items():
        if found := clash(scopes, scopes.scope_of[second], old, new):
            raise Refused(f"{source.path}:{source.line_of(found.offset)}: {new} {found.what}; rename {old} first")
    for one, other in ((first, second), (second, first)):
        mine = _local_names(scopes, one)
        if flag in mine or flag in parameter_names(one):
            raise Refused(f"{source.path}:{one.lineno}: {flag} is a local name of {one.name} already")
        outside = _outside_names(scopes, other) | _declared(other)
        if flag in outside:
            raise Refused(f"{source.path}:{other.lineno}: {other.name} uses {flag} from outside; choose another name")
        mixed = (mine | _declared(one)) & outside - (_declared(one) & _declared(other))
        if mixed:
            name = min(mixed)
            raise Refused(f"{source.path}:{one.lineno}: {name} is local to {one.name} and global to {other.name}")


def _yields(function: FunctionNode) -> bool:
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo += ast.iter_child_nodes(node)
    return False


def _local_names(scopes: Scopes, function: FunctionNode) -> set[str]:
    scope = scopes.scope_of[function]
    return set(scope.bindings) - set(parameter_names(function)) - scope.globals


def _declared(function: FunctionNode) -> set[str]:
    return {name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names}


def _outside_names(scopes: Scopes, function: FunctionNode) -> set[str]:
    """Names of the module, and built-in ones, that the function reads."""
    own = scopes.scope_of[function]
    return {
        u.name
        for u in scopes.uses
        if own in u.scope.chain() and ((home := scopes.resolve(u)) is None or home is scopes.module)
    }


class Merged:
    """The text of the one function. `notes` says what of the two could not be kept."""

    def __init__(
        self,
        source: PythonSource,
        first: FunctionNode,
        second: FunctionNode,
        name: str,
        flag: str,
        default: bool | None,
        renames: dict[str, str],
    ) -> None:
        self.source = source
        self.first, self.second = first, second
        self.name, self.flag, self.default = name, flag, default
        self.renames = renames
        self.scopes = Scopes(source)
        self.indent = unit(source) if self._one_line(first) else source.indent(first.body[0])
        self.notes: list[str] = []

    def _one_line(self, function: FunctionNode) -> bool:
        first = self.source.span(function.body[0])[0]
        return bool(self.source.data[self.source.line_start(first) : first].strip())

    def text(self) -> str:
        one, two = self._body(self.first, {}), self._body(self.second, self.renames)
        same = 0
        while same < min(len(one), len(two)) and one[same][1].strip() == two[same][1].strip():
            same += 1
        parts = [self._header(), self._doc(), "".join(text for _, text in one[:same])]
        rest_one, rest_two = one[same:], two[same:]
        if not rest_one and not rest_two:
            raise Refused(
                f"{self.source.path}:{self.second.lineno}: {self.first.name} and {self.second.name} do the same"
            )
        lead = "\n" if same and rest_one and rest_one[0][1].startswith("\n") else ""
        condition = f"if {self.flag}" if rest_one else f"if not {self.flag}"
        parts.append(f"{lead}{self.indent}{condition}:\n")
        parts.append(self._deeper("".join(text for _, text in rest_one or rest_two)))
        if rest_one and rest_two:
            following = "".join(text for _, text in rest_two).lstrip("\n")
            if isinstance(rest_one[-1][0], ast.Return | ast.Raise):
                parts.append("\n" + following)
            else:
                parts.append(f"{self.indent}else:\n" + self._deeper(following))
        return "".join(parts)

    def _body(self, function: FunctionNode, renames: dict[str, str]) -> list[tuple[ast.stmt, str]]:
        """The statements behind the docstring, each with its lines and what stands above it."""
        source = self.source
        edits = self._renaming(function, renames)
        statements = function.body[1:] if docstring(function.body) else function.body
        if self._one_line(function):
            return [(s, f"{self.indent}{self._code(source.span(s), edits)}\n") for s in statements]
        before = docstring(function.body)
        at = source.line_end(source.span(before)[1]) if before is not None else self._header_end(function)
        found = []
        own = source.indent(function.body[0])
        for statement in statements:
            end = source.line_end(source.span(statement)[1])
            if statement is statements[-1]:
                end = max(end, self._end_of_comments(end, own))
            text = self._code((at, end), edits)
            if not text.endswith("\n"):
                text += "\n"
            if own != self.indent:
                text = "".join(
                    self.indent + line.removeprefix(own) if line.startswith(own) else line
                    for line in text.splitlines(keepends=True)
                )
            found.append((statement, text))
            at = end
        return found

    def _end_of_comments(self, end: int, indent: str) -> int:
        """Comments of the body behind its last statement."""
        data = self.source.data
        while end < len(data) and data[end:].startswith(indent.encode() + b"#"):
            end = self.source.line_end(end)
        return end

    def _code(self, span: tuple[int, int], edits: list[Edit]) -> str:
        inside = [Edit(e.start - span[0], e.end - span[0], e.new) for e in edits if span[0] <= e.start < span[1]]
        text = apply_edits(self.source.data[slice(*span)], inside)
        return text.decode(self.source.encoding, "surrogateescape").replace("\r\n", "\n")

    def _renaming(self, function: FunctionNode, renames: dict[str, str]) -> list[Edit]:
        scope = self.scopes.scope_of[function]
        edits = []
        for old, new in renames.items():
            spans = set(reads(self.source, self.scopes, function, old))
            for node in scope.bindings[old]:
                if isinstance(node, ast.Name):
                    spans.add(self.source.span(node))
                elif not isinstance(node, ast.arg):
                    raise Refused(f"{self.source.path}:{node.lineno}: binds {old}, which cannot be renamed to {new}")  # type: ignore[attr-defined]
            edits += [Edit(*span, self.source.encode(new)) for span in spans]
        return edits

    def _header_end(self, function: FunctionNode) -> int:
        """Behind the line that ends with the colon of the `def`."""
        first = function.body[0]
        at = self.source.line_start(self.source.full_span(first)[0])
        start = self.source.span(function)[0]
        while at > start:
            above = self.source.line_start(at - 1)
            line = self.source.data[above:at].strip()
            if line and not line.startswith(b"#"):
                return at
            at = above
        return self.source.line_end(start)

    def _header(self) -> str:
        source, function = self.source, self.first
        start = cut(source, [function])[0].span[0]
        if self._one_line(function):
            end = source.data.rindex(b":", 0, source.span(function.body[0])[0]) + 1
        else:
            end = self._header_end(function)
        at = re.compile(rb"\bdef\s+").search(source.data, source.span(function)[0])
        assert at is not None
        edits = [Edit(at.end(), at.end() + len(function.name.encode()), source.encode(self.name))]
        default = None if self.default is None else str(self.default)
        annotation = "bool" if is_annotated(function) else None
        edits.append(add_parameter(source, function, self.flag, default, annotation))
        pairs = [
            (a.annotation, b.annotation) for a, b in zip(_arguments(function), _arguments(self.second), strict=True)
        ]
        for mine, other in [*pairs, (function.returns, self.second.returns)]:
            if mine is not None and other is not None and ast.dump(mine) != ast.dump(other):
                edits.append(Edit(*source.span(mine), source.encode(self._union(mine, other))))
        return self._code((start, end), edits).rstrip("\n") + "\n"

    def _union(self, one: ast.expr, other: ast.expr) -> str:
        """`A | B`, in quotes where annotations are evaluated: older Pythons know no `|` of types."""
        texts = [
            n.value
            if isinstance(n, ast.Constant) and isinstance(n.value, str)
            else self.source.code(self.source.span(n))
            for n in (one, other)
        ]
        text = " ".join(" | ".join(texts).split())
        return text if self.scopes.lazy_annotations else f'"{text}"'

    def _doc(self) -> str:
        found = [self._doc_text(f) for f in (self.first, self.second)]
        one, two = found
        if one is None or two is None:
            text = one or two
            if text is None:
                return ""
            return self._quoted(*text)
        if one[0] != two[0] or one[1] in two[2]:
            self.notes.append(f"the docstring of {self.second.name} is left out: it is quoted in another way")
            return self._quoted(*one)
        return self._quoted(one[0], one[1], f"{one[2]}\n\nIf ``{self.flag}`` is false:\n\n{two[2]}\n")

    def _quoted(self, prefix: str, quote: str, text: str) -> str:
        if "\n" in text and not text.endswith("\n"):
            text += "\n"
        lines = f"{prefix}{quote}{text}{quote}".split("\n")
        return "".join(f"{self.indent}{line}\n" if line.strip() else "\n" for line in lines)

    def _doc_text(self, function: FunctionNode) -> tuple[str, str, str] | None:
        """Prefix, quotes, and the text as written, its margin taken off."""
        node = docstring(function.body)
        if node is None:
            return None
        code = self.source.code(self.source.span(node)).replace("\r\n", "\n")
        match = re.fullmatch(r"([rRuU]*)(\"\"\"|'''|\"|')(.*)\2", code, re.DOTALL)
        if match is None:
            self.notes.append(f"the docstring of {function.name} is left out: it is put together from several strings")
            return None
        quote = match[2] if len(match[2]) == 3 else '"""'
        return match[1].lower().replace("u", ""), quote, inspect.cleandoc(match[3])

    def _deeper(self, text: str) -> str:
        """The statements one level further in; what stands inside of strings stays."""
        from ..python.source import parse

        own = f"def _():\n{text}"
        source = parse(self.source.path, own.encode())
        start = own.encode().index(b"\n") + 1
        return indented(source, (start, len(own.encode())), self.indent).lstrip("\n")
