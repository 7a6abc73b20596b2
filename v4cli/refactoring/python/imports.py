"""Import statements of a Python file: what each binds, and edits that keep the style they are written in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..workspace import Edit
from .deletion import delete_statements
from .ordering import by_case, merge_sorted, order_of
from .placement import Placement, sort_key
from .source import PythonSource, Span, docstring

LINE_LENGTH = 88

_FROM = re.compile(rb"from(?:\s|\\\r?\n)*(?P<module>[.\s]*[^\s\\]*?)(?:\s|\\\r?\n)*\bimport\b|from", re.DOTALL)


@dataclass(slots=True, eq=False)
class ImportName:
    """One name of a statement: `name as asname`."""

    statement: ImportStatement
    alias: ast.alias
    span: Span

    @property
    def name(self) -> str:
        return self.alias.name

    @property
    def asname(self) -> str | None:
        return self.alias.asname

    @property
    def local(self) -> str:
        """The name that is bound here: the first part of `import a.b`."""
        if self.alias.asname:
            return self.alias.asname
        return self.alias.name if self.statement.is_from else self.alias.name.split(".")[0]


@dataclass(slots=True, eq=False)
class ImportStatement:
    node: ast.Import | ast.ImportFrom
    span: Span
    names: list[ImportName] = field(default_factory=list)
    #: of the module after `from`, dots included
    module_span: Span | None = None
    parentheses: Span | None = None

    @property
    def is_from(self) -> bool:
        return isinstance(self.node, ast.ImportFrom)

    @property
    def module(self) -> str:
        """What stands after `from`, dots included; "" for a plain import."""
        if isinstance(self.node, ast.ImportFrom):
            return "." * self.node.level + (self.node.module or "")
        return ""


@dataclass(frozen=True, slots=True)
class NewImport:
    """`from module import name as asname`, or with name None `import module as asname`."""

    module: str
    name: str | None = None
    asname: str | None = None

    @property
    def local(self) -> str:
        return self.asname or (self.name if self.name is not None else self.module.split(".")[0])

    @property
    def item(self) -> str:
        what = self.name if self.name is not None else self.module
        return f"{what} as {self.asname}" if self.asname else what

    def render(self) -> str:
        return f"import {self.item}" if self.name is None else f"from {self.module} import {self.item}"


def statements(source: PythonSource) -> list[ImportStatement]:
    """Every import statement at any depth, in order of position."""
    found = []
    for node in source.nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append(_statement(source, node))
    return sorted(found, key=lambda s: s.span)


def _statement(source: PythonSource, node: ast.Import | ast.ImportFrom) -> ImportStatement:
    statement = ImportStatement(node, source.span(node))
    statement.names = [ImportName(statement, alias, source.span(alias)) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        start, end = statement.span
        first = statement.names[0].span[0]
        match = _FROM.match(source.data, start, first)
        assert match is not None
        module = match["module"].rstrip()
        statement.module_span = match.start("module"), match.start("module") + len(module)
        if (opening := source.data.find(b"(", match.end(), first)) >= 0 and b"#" not in source.data[
            match.end() : opening
        ]:
            statement.parentheses = opening, end
    return statement


class ImportEditor:
    """Collects changes to the imports of one file and turns them into edits that never overlap."""

    def __init__(self, source: PythonSource, first_party: frozenset[str] = frozenset()) -> None:
        self.source = source
        self.statements = statements(source)
        self.first_party = first_party
        self._dropped: set[ImportName] = set()
        self._changed: dict[ImportName, tuple[str, str | None]] = {}
        self._modules: dict[ImportStatement, str] = {}
        self._added: dict[ImportStatement, list[str]] = {}
        self._near: dict[ImportStatement, list[NewImport]] = {}
        self._new_top: list[NewImport] = []
        self._new_typing: list[NewImport] = []
        self._new_lazy: dict[ast.FunctionDef | ast.AsyncFunctionDef, list[NewImport]] = {}

    # what to change

    def drop(self, name: ImportName) -> None:
        self._dropped.add(name)

    def change(self, name: ImportName, new: str, asname: str | None) -> None:
        self._changed[name] = new, asname

    def change_module(self, statement: ImportStatement, module: str) -> None:
        self._modules[statement] = module

    def dropped(self, name: ImportName) -> bool:
        return name in self._dropped

    def add_near(self, new: NewImport, statement: ImportStatement) -> None:
        """Add an import to the block that holds `statement`, so that it runs under the same conditions."""
        if self._bound_already(new, statement):
            return
        block = self.source.body_of(statement.node)
        host = self._host(new, [s for s in self.statements if s.node in block])
        if host is not None:
            self._append(host, new.item)
        elif new not in self._near.setdefault(statement, []):
            self._near[statement].append(new)

    def add_top(self, new: NewImport) -> None:
        """Add an import at module level, in the group where it belongs."""
        if self._bound_already(new, None):
            return
        block = self.source.tree.body
        host = self._host(new, [s for s in self.statements if s.node in block])
        if host is not None:
            self._append(host, new.item)
        elif new not in self._new_top:
            self._new_top.append(new)

    def add_typing(self, new: NewImport) -> None:
        """Add an import below `if TYPE_CHECKING:`."""
        if self._bound_already(new, None, typing=True):
            return
        typing = [s for s in self.statements if self.source.type_checking(s.node) and s not in self._gone()]
        if (host := self._host(new, typing)) is not None:
            self._append(host, new.item)
            return
        if new not in self._new_typing:
            self._new_typing.append(new)

    def add_lazy(self, new: NewImport, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Add an import at the start of a function's body."""
        for statement in self.statements:
            if statement.node in function.body and self._binds(statement, new):
                return
        if new not in self._new_lazy.setdefault(function, []):
            self._new_lazy[function].append(new)

    # looking

    def _kept(self, statement: ImportStatement) -> list[ImportName]:
        return [n for n in statement.names if n not in self._dropped]

    def _gone(self) -> set[ImportStatement]:
        return {s for s in self.statements if not self._kept(s) and not self._added.get(s)}

    def _module(self, statement: ImportStatement) -> str:
        return self._modules.get(statement, statement.module)

    def _binds(self, statement: ImportStatement, new: NewImport) -> bool:
        if statement.is_from != (new.name is not None) or (statement.is_from and self._module(statement) != new.module):
            return False
        for name in self._kept(statement):
            what, asname = self._changed.get(name, (name.name, name.asname))
            if what == (new.name if new.name is not None else new.module) and (asname or what) == (
                new.asname or new.name or new.module
            ):
                return True
        return new.item in self._added.get(statement, [])

    def _bound_already(self, new: NewImport, near: ImportStatement | None, typing: bool = False) -> bool:
        blocks = [self.source.tree.body]
        if near is not None:
            blocks.append(self.source.body_of(near.node))
        for statement in self.statements:
            here = any(statement.node in block for block in blocks)
            if (here or (typing and self.source.type_checking(statement.node))) and self._binds(statement, new):
                return True
        return False

    def _single_line_style(self) -> bool:
        """Whether the file writes `from a import x` and `from a import y` as two statements (isort's option)."""
        seen: set[str] = set()
        twice = False
        for statement in self.statements:
            if not statement.is_from or statement.node not in self.source.tree.body:
                continue
            if len(statement.names) > 1:
                return False
            twice = twice or statement.module in seen
            seen.add(statement.module)
        return twice

    def _host(self, new: NewImport, candidates: list[ImportStatement]) -> ImportStatement | None:
        """A from-import of the same module that can take the name in."""
        if new.name is None or self._single_line_style():
            return None
        for statement in candidates:
            if (
                statement.is_from
                and self._module(statement) == new.module
                and self._kept(statement)
                and all(n.name != "*" for n in statement.names)
            ):
                return statement
        return None

    def _append(self, statement: ImportStatement, item: str) -> None:
        if item not in self._added.setdefault(statement, []):
            self._added[statement].append(item)

    # edits

    def edits(self) -> list[Edit]:
        edits: list[Edit] = []
        gone = self._gone()
        replaced: dict[ImportStatement, list[NewImport]] = {}
        inserted: dict[ImportStatement, list[NewImport]] = {}
        for statement, new in self._near.items():
            (replaced if statement in gone else inserted)[statement] = new
        typing = [s for s in self.statements if self.source.type_checking(s.node)]
        if self._new_typing and typing and all(s in gone for s in typing):
            # the block would be left empty: what is new takes the place of what goes
            replaced.setdefault(typing[0], []).extend(self._new_typing)
            self._new_typing = []
        placement = Placement(self.source, self.first_party)
        if self._new_typing and placement.condition() is None:
            self.add_top(NewImport("typing", "TYPE_CHECKING"))
        for statement in self.statements:
            if statement not in gone:
                edits += self._edit_statement(statement)
        for statement, new in replaced.items():
            indent = self.source.indent(statement.node)
            text = f"\n{indent}".join(self._render(new, indent))
            edits.append(Edit(*statement.span, self.source.encode(text)))
        for statement, new in inserted.items():
            edits += self._insert_near(statement, new, placement)
        for function, lazy in self._new_lazy.items():
            edits += self._insert_lazy(function, lazy)
        live = [s.node for s in self.statements if s not in gone or s in replaced]
        edits += placement.insert_top(self._with_modules(self._new_top), live)
        edits += placement.insert_typing(self._with_modules(self._new_typing), live)
        edits += self._delete([s for s in self.statements if s in gone and s not in replaced])
        return edits

    def _item(self, name: ImportName) -> str:
        if name in self._changed:
            what, asname = self._changed[name]
            return f"{what} as {asname}" if asname else what
        return self.source.code(name.span)

    def _render(self, new: list[NewImport], indent: str = "") -> list[str]:
        return render_imports(new, indent, self._single_line_style())

    def _with_modules(self, new: list[NewImport]) -> list[tuple[str, str]]:
        """(statement, module), names of one module together."""
        found = []
        for module in dict.fromkeys(n.module for n in new):
            found += [(text, module) for text in self._render([n for n in new if n.module == module])]
        return found

    def _edit_statement(self, statement: ImportStatement) -> Iterator[Edit]:
        if statement in self._modules and statement.module_span is not None:
            yield Edit(*statement.module_span, self.source.encode(self._module(statement)))
        added = self._added.get(statement, [])
        if len(self._kept(statement)) == len(statement.names) and not added:
            for name in statement.names:
                if name in self._changed:
                    yield Edit(*name.span, self.source.encode(self._item(name)))
            return
        if statement.parentheses is not None and self._one_per_line(statement):
            yield from self._edit_lines(statement, added)
            return
        start, end = statement.names[0].span[0], statement.names[-1].span[1]
        if b"#" in self.source.data[start:end]:
            yield from self._edit_in_place(statement, added)
            return
        items = self._merged(statement, added)
        if statement.parentheses is not None:
            start, end = statement.parentheses
        text = ", ".join(items)
        line = self.source.line_start(statement.span[0])
        head = self.source.code((line, start))
        if "\n" in head or len(head + text) <= LINE_LENGTH or len(items) == 1:
            yield Edit(start, end, self.source.encode(text))
            return
        indent = head[: len(head) - len(head.lstrip())]
        lines = "".join(f"{indent}    {item},\n" for item in items)
        yield Edit(start, end, self.source.encode(f"(\n{lines}{indent})"))

    def _merged(self, statement: ImportStatement, added: list[str]) -> list[str]:
        """The items that remain with the added ones: in order where they are ordered, else at the end."""
        items = [self._item(n) for n in self._kept(statement)]
        return merge_sorted([self._item(n) for n in statement.names], items, added)

    def _one_per_line(self, statement: ImportStatement) -> bool:
        lines = [self.source.line_of(n.span[0]) for n in statement.names]
        assert statement.parentheses is not None
        opening = self.source.line_of(statement.parentheses[0])
        closing = self.source.line_of(statement.parentheses[1] - 1)
        return len(set(lines)) == len(lines) and lines[0] > opening and closing > lines[-1]

    def _edit_lines(self, statement: ImportStatement, added: list[str]) -> Iterator[Edit]:
        """A parenthesised statement with one name a line: take lines out, put lines in."""
        assert statement.parentheses is not None
        source = self.source
        kept = self._kept(statement)
        rest = source.data[statement.parentheses[0] : statement.parentheses[1]]
        if len(kept) + len(added) == 1 and b"#" not in rest:
            items = [self._item(n) for n in kept] + added
            yield Edit(*statement.parentheses, source.encode(items[0]))
            return
        for name in statement.names:
            start, end = source.line_start(name.span[0]), source.line_end(name.span[1])
            if name in self._dropped:
                yield Edit(start, end, b"")
            elif name in self._changed:
                yield Edit(*name.span, source.encode(self._item(name)))
        first = statement.names[0].span[0]
        indent = source.code((source.line_start(first), first))
        order = [self._item(n) for n in statement.names]
        key = order_of(order)
        for item in sorted(added):
            position = len(order)
            if key is not None:
                position = next((i for i, o in enumerate(order) if key(o) > key(item)), len(order))
            if position < len(order):
                at = source.line_start(statement.names[position].span[0])
            else:
                last = statement.names[-1]
                at = source.line_end(last.span[1])
                tail = source.data[last.span[1] : at]
                if not tail.lstrip().startswith(b",") and last not in self._dropped:
                    yield Edit(last.span[1], last.span[1], b",")
            yield Edit(at, at, source.encode(f"{indent}{item},\n"))

    def _edit_in_place(self, statement: ImportStatement, added: list[str]) -> Iterator[Edit]:
        """Names in irregular layout with comments between: cut the dropped ones, append the added ones."""
        names = statement.names
        last_kept = max(i for i, n in enumerate(names) if n not in self._dropped)
        for number, name in enumerate(names):
            if name in self._dropped:
                if number < last_kept:
                    yield Edit(name.span[0], names[number + 1].span[0], b"")
            elif name in self._changed:
                yield Edit(*name.span, self.source.encode(self._item(name)))
        if last_kept < len(names) - 1:
            yield Edit(names[last_kept].span[1], names[-1].span[1], b"")
        if added:
            end = names[last_kept].span[1]
            yield Edit(end, end, self.source.encode("".join(f", {item}" for item in added)))

    def _insert_near(self, statement: ImportStatement, new: list[NewImport], placement: Placement) -> Iterator[Edit]:
        source = self.source
        block = source.body_of(statement.node)
        if block is source.tree.body:
            live = [s.node for s in self.statements if s not in self._gone()]
            yield from placement.insert_top(self._with_modules(new), live, statement.node)
            return
        indent = source.indent(statement.node)
        line = source.line_of(statement.span[0])
        alone = source.code((source.line_start(statement.span[0]), statement.span[0])).strip() == ""
        if not alone:
            text = "; ".join(n.render() for n in new)
            yield Edit(statement.span[0], statement.span[0], source.encode(text + "; "))
            return
        for item in self._render(new, indent):
            before = sort_key(item) < sort_key(source.code(statement.span))
            at = source.line_starts[line - 1] if before else source.line_end(statement.span[1])
            text = f"{indent}{item}\n"
            if not before and not source.data[:at].endswith((b"\n", b"\r")):
                text = "\n" + text
            yield Edit(at, at, source.encode(text))

    def _insert_lazy(self, function: ast.FunctionDef | ast.AsyncFunctionDef, new: list[NewImport]) -> Iterator[Edit]:
        source = self.source
        body = function.body
        first = body[0]
        if len(body) > 1 and docstring(body) is not None:
            first = body[1]
        start = source.full_span(first)[0]
        line = source.line_start(start)
        before = source.code((line, start))
        if before.strip():
            text = "; ".join(n.render() for n in new)
            yield Edit(start, start, source.encode(text + "; "))
            return
        while line > source.line_end(source.span(function)[0]):
            above = source.line_start(line - 1)
            if not source.data[above:line].lstrip().startswith(b"#"):
                break
            line = above
        lines = "".join(f"{before}{text}\n" for text in self._render(new, before))
        if isinstance(first, ast.Import | ast.ImportFrom):
            yield Edit(line, line, source.encode(lines))
        else:
            yield Edit(line, line, source.encode(lines + "\n"))

    def _delete(self, dead: list[ImportStatement]) -> Iterator[Edit]:
        nodes: list[ast.stmt] = [s.node for s in dead]
        return delete_statements(self.source, nodes)


def render_imports(new: list[NewImport], indent: str, single: bool) -> list[str]:
    """Import statements in isort's order (the first line of each without `indent`); names of one module come
    together unless `single`."""
    grouped: dict[tuple[str, str], list[NewImport]] = {}
    for item in dict.fromkeys(new):
        alone = single or item.name in {None, "*"}
        grouped.setdefault((item.module, item.item if alone else ""), []).append(item)
    lines = []
    for items in grouped.values():
        if len(items) == 1:
            lines.append(items[0].render())
            continue
        names = sorted((i.item for i in items), key=by_case)
        line = f"from {items[0].module} import {', '.join(names)}"
        if len(indent + line) > LINE_LENGTH:
            inner = "".join(f"{indent}    {n},\n" for n in names)
            line = f"from {items[0].module} import (\n{inner}{indent})"
        lines.append(line)
    return sorted(lines, key=sort_key)
