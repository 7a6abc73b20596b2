"""Where a new import goes: the group it belongs to (as isort and PEP 8 have it), in the order of that group."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator

from ..workspace import Edit
from .source import PythonSource, docstring, is_type_checking

_IMPORT = re.compile(r"(?:from\s+(?P<module>[.\w]+)\s+import\s+\(?\s*(?P<name>[\w*]+))|(?:import\s+(?P<plain>[\w.]+))")


def _parts(statement: str) -> tuple[bool, str, str]:
    match = _IMPORT.match(statement)
    if match is None:
        return True, statement, ""
    if match["plain"]:
        return False, match["plain"], ""
    return True, match["module"], match["name"]


def sort_key(statement: str) -> tuple[bool, int, str, str]:
    """isort's order within a group: plain imports first, then by module."""
    is_from, module, name = _parts(statement)
    return is_from, -_dots(module), module.lstrip(".").lower(), name.lower()


def _dots(module: str) -> int:
    return len(module) - len(module.lstrip("."))


def _mixed_key(statement: str) -> tuple[int, str, bool, str]:
    is_from, module, name = _parts(statement)
    return -_dots(module), module.lstrip(".").lower(), is_from, name.lower()


def _near_first_key(statement: str) -> tuple[bool, int, str, str]:
    is_from, module, name = _parts(statement)
    return is_from, _dots(module), module.lstrip(".").lower(), name.lower()


_ORDERS: tuple[Callable[[str], tuple[object, ...]], ...] = (sort_key, _mixed_key, _near_first_key)


class Placement:
    """Inserts statements into the imports of `source`; `first_party` holds top-level packages of the project."""

    def __init__(self, source: PythonSource, first_party: frozenset[str]) -> None:
        self.source = source
        self.first_party = first_party

    def group(self, module: str) -> int:
        top = module.split(".")[0]
        if module == "__future__":
            return 0
        if module.startswith("."):
            return 4
        if top in sys.stdlib_module_names:
            return 1
        return 3 if top in self.first_party else 2

    def _group_of(self, node: ast.Import | ast.ImportFrom) -> int:
        if isinstance(node, ast.Import):
            return self.group(node.names[0].name)
        return self.group("." * node.level + (node.module or ""))

    def insert_top(
        self,
        new: list[tuple[str, str]],
        live: list[ast.Import | ast.ImportFrom],
        near: ast.Import | ast.ImportFrom | None = None,
    ) -> Iterator[Edit]:
        """`new` holds (statement, module). `live` are the import statements that remain; in a group without order
        the new statement follows `near`."""
        at_top = [n for n in live if n in self.source.tree.body]
        header = self._leading(at_top)
        by_place: dict[tuple[int, str], list[tuple[str, str]]] = {}
        for text, module in sorted(new, key=lambda pair: (self.group(pair[1]), sort_key(pair[0]))):
            place = self._place(text, self.group(module), header, near)
            by_place.setdefault(place, []).append((text, module))
        for (offset, style), items in sorted(by_place.items()):
            yield Edit(offset, offset, self.source.encode(self._block(self._grouped(items, ""), offset, style)))

    def _leading(self, nodes: list[ast.Import | ast.ImportFrom]) -> list[ast.Import | ast.ImportFrom]:
        """The imports before the first definition or other code; all of them where there are none before."""
        leading: list[ast.Import | ast.ImportFrom] = []
        for statement in self.source.tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                if statement in nodes:
                    leading.append(statement)
            elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                break
        return leading or nodes

    def _place(
        self,
        text: str,
        group: int,
        nodes: list[ast.Import | ast.ImportFrom],
        near: ast.Import | ast.ImportFrom | None,
    ) -> tuple[int, str]:
        source = self.source
        same = [n for n in nodes if self._group_of(n) == group]
        if same:
            texts = [source.code(source.span(n)) for n in same]
            for order in _ORDERS:
                keys = [order(t) for t in texts]
                if keys == sorted(keys):
                    later = [n for n, key in zip(same, keys, strict=True) if key > order(text)]
                    if later and self._starts_line(later[0]):
                        return source.line_start(source.span(later[0])[0]), "line"
                    return source.line_end(source.span(same[-1])[1]), "line"
            after = near if near in same and near is not None else same[-1]
            return source.line_end(source.span(after)[1]), "line"
        earlier = [n for n in nodes if self._group_of(n) < group]
        later = [n for n in nodes if self._group_of(n) > group]
        if earlier:
            return source.line_end(source.span(earlier[-1])[1]), "after"
        if later and self._starts_line(later[0]):
            return self._above_comments(source.line_start(source.span(later[0])[0])), "before"
        return self._after_header(), "header"

    def _starts_line(self, node: ast.stmt) -> bool:
        start = self.source.span(node)[0]
        return not self.source.data[self.source.line_start(start) : start].strip(b" \t\xef\xbb\xbf")

    def _above_comments(self, offset: int) -> int:
        """Before comments that stand directly above a line, unless they open the file."""
        source = self.source
        start = offset
        while start > 0:
            previous = source.line_start(start - 1)
            if not source.data[previous:start].lstrip().startswith(b"#"):
                break
            start = previous
        return start if start > 0 else offset

    def _after_header(self) -> int:
        """Behind the docstring, or behind the comments that open a file without one."""
        source = self.source
        body = source.tree.body
        if (doc := docstring(body)) is not None:
            return source.line_end(source.span(doc)[1])
        offset = 3 if source.data.startswith(b"\xef\xbb\xbf") else 0
        end = offset
        while end < len(source.data):
            line = source.data[end : source.line_end(end)]
            if not line.startswith(b"#"):
                break
            end = source.line_end(end)
        return end

    def _block(self, lines: str, offset: int, style: str) -> str:
        data = self.source.data
        if offset and not data[:offset].endswith((b"\n", b"\r")):
            lines = "\n" + lines
        if style == "after":
            return "\n" + lines
        if style == "before":
            return lines + "\n"
        if style == "header":
            lead = "\n" if data[:offset].strip(b"\xef\xbb\xbf \r\n") else ""
            blank = re.match(rb"(?:[ \t]*\r?\n)*", data[offset:])
            have = blank.group().count(b"\n") if blank else 0
            rest = data[offset:].strip()
            return lead + lines + ("" if have or not rest else "\n\n")
        return lines

    def insert_typing(self, new: list[tuple[str, str]], live: list[ast.Import | ast.ImportFrom]) -> Iterator[Edit]:
        """Put statements below `if TYPE_CHECKING:`, making that block when there is none.

        Where condition() is None the caller sees to the import of TYPE_CHECKING.
        """
        if not new:
            return
        source = self.source
        new = sorted(new, key=lambda pair: (self.group(pair[1]), sort_key(pair[0])))
        for node in source.tree.body:
            if isinstance(node, ast.If) and is_type_checking(node.test):
                first = source.full_span(node.body[0])[0]
                indent = source.code((source.line_start(first), first))
                if not indent.strip():
                    there = [s for s in node.body if isinstance(s, ast.Import | ast.ImportFrom) and s in live]
                    yield from self._into_block(new, there, source.line_start(first), indent)
                    return
        condition = self.condition() or "TYPE_CHECKING"
        at_top = self._leading([n for n in live if n in source.tree.body])
        offset = source.line_end(source.span(at_top[-1])[1]) if at_top else self._after_header()
        yield Edit(offset, offset, source.encode(f"\nif {condition}:\n{self._grouped(new, '    ')}"))

    def _grouped(self, new: list[tuple[str, str]], indent: str) -> str:
        text = ""
        group = None
        for statement, module in new:
            if group is not None and group != self.group(module):
                text += "\n"
            group = self.group(module)
            text += f"{indent}{statement}\n"
        return text

    def _into_block(
        self, new: list[tuple[str, str]], there: list[ast.Import | ast.ImportFrom], start: int, indent: str
    ) -> Iterator[Edit]:
        """Insert among the imports of a block, by group and, where the block is in order, by module."""
        source = self.source
        known = [((self._group_of(n), sort_key(source.code(source.span(n)))), n) for n in there]
        by_place: dict[int, list[tuple[str, str]]] = {}
        for statement, module in new:
            key = (self.group(module), sort_key(statement))
            before = [n for k, n in known if k <= key]
            by_place.setdefault(source.line_end(source.span(before[-1])[1]) if before else start, []).append(
                (statement, module)
            )
        for offset, items in sorted(by_place.items()):
            text = self._grouped(items, indent)
            groups = {self._group_of(n): n for n in there}
            if offset != start and not any(self.group(m) in groups for _, m in items[:1]):
                text = "\n" + text
            later = [n for n in there if source.span(n)[0] >= offset]
            if later and self._group_of(later[0]) != self.group(items[-1][1]):
                line = source.line_start(source.span(later[0])[0])
                if not source.data[offset:line].strip() and line == offset:
                    text += "\n"
            yield Edit(offset, offset, source.encode(text))

    def condition(self) -> str | None:
        for node in self.source.tree.body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name == "typing":
                        return f"{alias.asname or 'typing'}.TYPE_CHECKING"
            elif isinstance(node, ast.ImportFrom) and node.module == "typing":
                for alias in node.names:
                    if alias.name == "TYPE_CHECKING":
                        return alias.asname or "TYPE_CHECKING"
        return None
