"""Adding names to the imports of a file and taking names out of them, each in the style of the file."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..workspace import Edit
from .syntax import Source

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True, order=True)
class Wanted:
    """An import (or, with `reexport`, a re-export) to be written. `name` None: the whole module; "default".

    `local` "" with name None: for its effects alone. A re-export offers the name as `local`.
    """

    module: str
    name: str | None
    local: str
    type_only: bool = False
    reexport: bool = False


def quote_of(source: Source) -> str:
    """The quote that most specifiers of the file are written in."""
    counts = {'"': 0, "'": 0}
    for fact in source.facts.imports:
        mark = source.data[fact.module_span[0] - 1 : fact.module_span[0]].decode("latin-1")
        if mark in counts:
            counts[mark] += 1
    return '"' if counts['"'] > counts["'"] or (counts['"'] == counts["'"] and b"'" not in source.data) else "'"


def semicolon_of(source: Source) -> str:
    """ ";" unless most statements of the file end without one."""
    plain = [s for s in source.statements if s.type in ("import_statement", "lexical_declaration", "export_statement")]
    ended = sum(source.data[s.start_byte : s.end_byte].rstrip().endswith(b";") for s in plain)
    braces = sum(source.data[s.start_byte : s.end_byte].rstrip().endswith(b"}") for s in plain)
    return ";" if not plain or ended * 2 >= len(plain) - braces else ""


def written(wanted: Collection[Wanted], quote: str, semicolon: str) -> list[str]:
    """Statements, one for each module and kind."""
    lines = []
    groups: dict[tuple[str, bool, bool], list[Wanted]] = {}
    for one in sorted(set(wanted), key=lambda w: (w.module, w.reexport, w.type_only, w.name or "", w.local)):
        groups.setdefault((one.module, one.type_only, one.reexport), []).append(one)
    for (module, type_only, reexport), ones in groups.items():
        word = ("export" if reexport else "import") + (" type" if type_only else "")
        origin = f"{quote}{module}{quote}{semicolon}"
        named = []
        for one in ones:
            if one.name is None:
                lines.append(f"{word} * as {one.local} from {origin}" if one.local else f"{word} {origin}")
            elif one.name == "default" and not reexport:
                lines.append(f"{word} {one.local} from {origin}")
            else:
                named.append(specifier(one))
        if named:
            line = f"{word} {{ {', '.join(named)} }} from {origin}"
            if len(line) > 100:
                line = f"{word} {{\n  " + ",\n  ".join(named) + f",\n}} from {origin}"
            lines.append(line)
    return lines


def specifier(one: Wanted) -> str:
    return str(one.name) if one.name == one.local else f"{one.name} as {one.local}"


class ImportEditor:
    """Collects edits of the import and re-export statements of one file."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.edits: list[Edit] = []
        self._removed: dict[int, set[int]] = {}
        self._wanted: list[Wanted] = []
        self._after: dict[int, list[Wanted]] = {}

    def remove(self, span: tuple[int, int]) -> None:
        """Take out what the statement at `span` (of a specifier's name, or of a default import) binds."""
        statement = self.source.statement(span)
        if statement is not None:
            self._removed.setdefault(statement.start_byte, set()).add(span[0])

    def add(self, wanted: Wanted, after: tuple[int, int] | None = None) -> None:
        """Write an import; `after` is the span of a statement that it shall follow."""
        statement = self.source.statement(after) if after is not None else None
        if statement is not None:
            self._after.setdefault(statement.start_byte, []).append(wanted)
        else:
            self._wanted.append(wanted)

    def finish(self) -> list[Edit]:
        """All edits. A statement all of whose names go is replaced by what follows it."""
        source = self.source
        quote, semicolon = quote_of(source), semicolon_of(source)
        at_top = list(self._wanted)
        gone_at: list[tuple[int, int]] = []
        for statement in source.statements:
            removed = self._removed.get(statement.start_byte, set())
            following = self._after.get(statement.start_byte, [])
            following = [w for w in following if not self._merge(w, statement if removed else None)]
            lines = [line.replace("\n", source.newline.decode()) for line in written(following, quote, semicolon)]
            text = source.newline.join(line.encode() for line in lines)
            gone = self._remove(statement, removed) if removed else False
            if gone and lines:
                gone_at.append((statement.start_byte, statement.end_byte))
                self.edits.append(Edit(statement.start_byte, statement.end_byte, text))
            elif gone:
                gone_at.append(_whole_lines(source, statement))
                self.edits.append(Edit(*gone_at[-1], b""))
            elif lines:
                self.edits.append(Edit(statement.end_byte, statement.end_byte, source.newline + text))
        at_top = [w for w in at_top if not self._merge(w, None)]
        if at_top:
            lines = [line.replace("\n", source.newline.decode()) for line in written(at_top, quote, semicolon)]
            self.edits.append(top_insertion(source, source.newline.join(line.encode() for line in lines), gone_at))
        return self.edits

    def _merge(self, wanted: Wanted, besides: Node | None) -> bool:
        """Add a name to a statement that has a list of names from the same module already."""
        if wanted.name in (None, "default"):
            return False
        kind = "export_statement" if wanted.reexport else "import_statement"
        for statement in self.source.statements:
            if statement.type != kind or statement.start_byte in self._removed:
                continue
            module = statement.child_by_field_name("source")
            if module is None or module.text is None or module.text[1:-1].decode("utf-8", "replace") != wanted.module:
                continue
            if wanted.type_only != any(c.type == "type" for c in statement.children):
                continue
            listed = _list(statement)
            names = [c for c in listed.named_children if c.type.endswith("_specifier")] if listed is not None else []
            if names:
                last = names[-1]
                multiline = b"\n" in (listed.text or b"") if listed is not None else False
                lead = b", "
                if multiline:
                    start = self.source.data.rfind(b"\n", 0, last.start_byte) + 1
                    indent = re.match(rb"[ \t]*", self.source.data[start:])
                    lead = b"," + self.source.newline + (indent[0] if indent else b"")
                self.edits.append(Edit(last.end_byte, last.end_byte, lead + specifier(wanted).encode()))
                return True
        return False

    def _remove(self, statement: Node, removed: set[int]) -> bool:
        """Edits that take names out of a statement; True when nothing is left of it."""
        listed = _list(statement)
        names = [c for c in listed.named_children if c.type.endswith("_specifier")] if listed is not None else []
        kept = [n for n in names if not any(n.start_byte <= at < n.end_byte for at in removed)]
        clause = next((c for c in statement.named_children if c.type == "import_clause"), None)
        others = [c for c in clause.named_children if c is not None and c.type not in ("named_imports", "comment")] if (
            clause is not None) else []  # fmt: skip
        kept_others = [o for o in others if not any(o.start_byte <= at < o.end_byte for at in removed)]
        if not kept and not kept_others:
            return True
        if kept_others != others and clause is not None:  # `import D, { a }` without D
            rest = listed or (kept_others[0] if kept_others else None)
            if rest is not None:
                self.edits.append(Edit(others[0].start_byte, rest.start_byte, b""))
        if kept == names or listed is None:
            return False
        if not kept:
            self.edits.append(Edit(kept_others[-1].end_byte, listed.end_byte, b""))
            return False
        last = max(n.end_byte for n in kept)
        for number, name in enumerate(names):
            if name in kept:
                continue
            if name.start_byte > last:
                self.edits.append(Edit(last, names[-1].end_byte, b""))
                break
            self.edits.append(Edit(name.start_byte, names[number + 1].start_byte, b""))
        return False


def _list(statement: Node) -> Node | None:
    for child in statement.named_children:
        if child.type == "export_clause":
            return child
        if child.type == "import_clause":
            return next((c for c in child.named_children if c.type == "named_imports"), None)
    return None


def _whole_lines(source: Source, statement: Node) -> tuple[int, int]:
    """The span of a statement with its lines, when nothing else stands on them."""
    start = source.data.rfind(b"\n", 0, statement.start_byte) + 1
    end = source.data.find(b"\n", statement.end_byte)
    end = len(source.data) if end < 0 else end + 1
    if source.data[start : statement.start_byte].strip() or source.data[statement.end_byte : end].strip(b" \t\r\n;"):
        return statement.start_byte, statement.end_byte
    return start, end


def top_insertion(source: Source, text: bytes, gone: list[tuple[int, int]]) -> Edit:
    """`text` behind the last import that is not `gone`, else behind the comments and directives that open the file."""
    every = [s for s in source.statements if s.type == "import_statement"]
    imports = [s for s in every if not any(a <= s.start_byte < b for a, b in gone)]
    if every and not imports:
        start = min(a for a, b in gone if a <= every[0].start_byte < b)
        return Edit(start, start, text + source.newline)
    if imports:
        return Edit(imports[-1].end_byte, imports[-1].end_byte, source.newline + text)
    at = 3 if source.data.startswith(b"\xef\xbb\xbf") else 0
    for child in source.root.named_children:
        directive = child.type == "expression_statement" and (
            bool(child.named_children) and child.named_children[0].type == "string"
        )
        if not directive and child.type not in ("comment", "hash_bang_line"):
            break
        following = child.next_named_sibling
        if child.type == "comment" and following is not None and following.type != "comment":
            blank = source.data[child.end_byte : following.start_byte].count(b"\n") > 1
            if not blank:
                break
        at = child.end_byte
    if at <= 3:
        return Edit(at, at, text + source.newline * 2)
    return Edit(at, at, source.newline * 2 + text)
