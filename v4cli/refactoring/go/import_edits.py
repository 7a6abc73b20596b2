"""Import declarations of one Go file: packages in and out, each in its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from repo_index.facts import ImportFact

from ..workspace import Edit
from .syntax import Source

if TYPE_CHECKING:
    from tree_sitter import Node


class ImportEditor:
    """Collects packages to import and imports to take away; `finish` gives the edits."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._added: set[tuple[str, str]] = set()
        self._removed: set[int] = set()

    def add(self, path: str, alias: str = "") -> None:
        """Import a package. With `alias`, under that name."""
        self._added.add((path, alias))

    def remove(self, fact: ImportFact) -> None:
        self._removed.add(fact.module_span[0])

    def finish(self) -> list[Edit]:
        declarations = [n for n in self.source.root.named_children if n.type == "import_declaration"]
        added = sorted(self._added)
        home = next(
            (d for d in declarations if d.named_children and d.named_children[0].type == "import_spec_list"), None
        )
        edits: list[Edit] = []
        for declaration in declarations:
            if home is not None and declaration.id == home.id:
                edits += self._rewritten(declaration, added)
            elif declaration.named_children and self._leaves(declaration.named_children[0]):
                edits.append(Edit(*self._whole_lines(declaration), b""))
        if home is None and added:
            edits += self._alone(declarations, added)
        return edits

    def _leaves(self, spec: Node) -> bool:
        path = spec.child_by_field_name("path")
        return path is not None and path.start_byte + 1 in self._removed

    def _alone(self, declarations: list[Node], added: list[tuple[str, str]]) -> list[Edit]:
        """Where no import stands in parentheses: behind the last one, else behind the package clause."""
        newline = self.source.newline
        lines = newline.join(b"import " + _spec(path, alias) for path, alias in added)
        if declarations:
            at = declarations[-1].end_byte
            end = self.source.data.find(b"\n", at)
            end = len(self.source.data) if end < 0 else end - (self.source.data[end - 1 : end] == b"\r")
            if self._leaves(declarations[-1].named_children[0]):  # its whole lines go
                start, stop = self._whole_lines(declarations[-1])
                return [Edit(start, start, lines + newline * (2 if stop - start > end - start + len(newline) else 1))]
            if len(declarations) == 1:
                return [self._block(declarations[0], added)]
            return [Edit(end, end, newline + lines)]
        at = self.source.data.find(b"\n", self.source.clause.end_byte)
        if at < 0:
            at = len(self.source.data)
        else:
            at -= self.source.data[at - 1 : at] == b"\r"
        if len(added) > 1:
            inner = newline.join(b"\t" + _spec(path, alias) for path, alias in added)
            lines = b"import (" + newline + inner + newline + b")"
        return [Edit(at, at, newline * 2 + lines)]

    def _block(self, declaration: Node, added: list[tuple[str, str]]) -> Edit:
        """One import without parentheses and what is added, as a block."""
        spec = declaration.named_children[0]
        groups = [[b"\t" + (spec.text or b"")]]
        for path, alias in added:
            _insert(groups, b"\t" + _spec(path, alias), path)
        newline = self.source.newline
        inner = (newline * 2).join(newline.join(g) for g in groups)
        return Edit(declaration.start_byte, declaration.end_byte, b"import (" + newline + inner + newline + b")")

    def _rewritten(self, declaration: Node, added: list[tuple[str, str]]) -> list[Edit]:
        """The declaration in parentheses, line by line."""
        data, newline = self.source.data, self.source.newline
        listed = declaration.named_children[0]
        specs = [s for s in listed.named_children if s.type == "import_spec"]
        leaving = [s for s in specs if self._leaves(s)]
        if not leaving and not added:
            return []
        if len(leaving) == len(specs) and not added:
            return [Edit(*self._whole_lines(declaration), b"")]
        rows = data[listed.start_byte + 1 : listed.end_byte - 1]
        if b"\n" not in rows.strip(b"\r\n \t") and len(specs) > 1 and rows.count(b"\n") < len(specs):
            rows = newline + newline.join(b"\t" + (s.text or b"") for s in specs) + newline
        lines = rows.split(b"\n")
        gone = {s.start_point[0] - listed.start_point[0] for s in leaving}
        kept = [(None if number in gone else line) for number, line in enumerate(lines)]
        groups: list[list[bytes]] = [[]]
        for line in kept[1:] if len(kept) > 1 else kept:
            if line is None:
                continue
            if not line.strip():
                groups.append([])
            else:
                groups[-1].append(line)
        groups = [g for g in groups if g]
        for path, alias in added:
            _insert(groups, b"\t" + _spec(path, alias) + (b"\r" if newline == b"\r\n" else b""), path)
        text = (newline + newline).join(b"\n".join(g).rstrip(b"\r") for g in groups)
        return [Edit(listed.start_byte + 1, listed.end_byte - 1, newline + text + newline)]

    def _whole_lines(self, node: Node) -> tuple[int, int]:
        """The lines of a declaration with the blank line below them."""
        data = self.source.data
        start = data.rfind(b"\n", 0, node.start_byte) + 1
        end = data.find(b"\n", node.end_byte)
        end = len(data) if end < 0 else end + 1
        while data[end : end + 1] == b"\n" or data[end : end + 2] == b"\r\n":
            end = data.find(b"\n", end) + 1
        return start, end


def in_order(before: bytes, after: bytes) -> list[Edit]:
    """Edits of `after` that put imports in order again, in each run of lines that was in order in `before`; the two
    differ in names and paths alone."""
    edits = []
    old, new = _runs(before), _runs(after)
    if len(old) != len(new):
        return []
    for (_, was), (start, now) in zip(old, new, strict=True):
        ordered = [line for _, line in sorted((_key(line), line) for line in now)]
        if ordered != now and [_key(line) for line in was] == sorted(_key(line) for line in was):
            edits.append(Edit(start, start + sum(map(len, now)), b"".join(ordered)))
    return edits


def _runs(data: bytes) -> list[tuple[int, list[bytes]]]:
    """(offset, lines) of import specifications that stand right below each other."""
    found: list[tuple[int, list[bytes]]] = []
    for block in re.finditer(rb"(?ms)^import\s*\((.*?)^\)", data):
        at, open_run = block.start(1), False
        for line in block[1].splitlines(keepends=True):
            spec = re.match(rb"\s*(?:[\w.]+[ \t]+)?[\"`][^\"`]+[\"`]", line) is not None
            if spec and open_run:
                found[-1][1].append(line)
            elif spec:
                found.append((at, [line]))
            open_run = spec
            at += len(line)
    return found


def _spec(path: str, alias: str) -> bytes:
    return f'{alias} "{path}"'.strip().encode()


def _key(line: bytes) -> str:
    parts = line.split(b'"')
    return parts[1].decode("utf-8", "replace") if len(parts) > 1 else ""


def _insert(groups: list[list[bytes]], line: bytes, path: str) -> None:
    """Into the group of its kind (the standard library, or the rest), in order where the group is."""
    standard = "." not in path.split("/", 1)[0]
    top = path.split("/", 1)[0]
    fitting = [g for g in groups if any(("." not in _key(s).split("/", 1)[0]) == standard for s in g if _key(s))]
    if not fitting:
        groups.insert(0, [line]) if standard else groups.append([line])
        return
    group = max(fitting, key=lambda g: sum(_shared(_key(s), path) for s in g) / len(g) if not standard else 0)
    keys = [_key(s) for s in group]
    at = next((i for i, key in enumerate(keys) if key > path and key), len(group))
    if keys != sorted(keys):
        at = len(group)
    while 0 < at < len(group) and not keys[at - 1] and top:  # a comment stays with what stands below it
        at -= 1
    group.insert(at, line)


def _shared(one: str, other: str) -> int:
    """How many leading parts two import paths have in common."""
    count = 0
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if a != b:
            break
        count += 1
    return count
