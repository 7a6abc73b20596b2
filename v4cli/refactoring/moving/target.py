"""The module that moved code goes to: its imports, the place of the code, and, for a new file, its header."""

from __future__ import annotations

import ast
import re

from ...errors import Refused
from ..python.imports import LINE_LENGTH, ImportEditor, NewImport, render_imports
from ..python.modules import Modules, relative_in
from ..python.placement import Placement
from ..python.relocation import all_entries
from ..python.rewrite import FileRewrite
from ..python.scopes import Scopes
from ..python.source import DEFINITIONS, PythonSource, parse
from ..workspace import Edit
from .editing import apply_edits, merge_deletions
from .pieces import Piece

_LICENCE = re.compile(r"licen[sc]e|copyright|SPDX", re.IGNORECASE)


class TargetFile:
    def __init__(self, path: str, data: bytes | None, first_party: frozenset[str], origin: PythonSource) -> None:
        self.path = path
        self.origin = origin
        self.first_party = first_party
        self.data = data
        self.future = False
        #: annotations of the moved code name what only a type checker imports
        self.needs_future = False
        self.header = ""
        self._rewrite: FileRewrite | None = None
        self._needs: list[tuple[NewImport, bool]] = []
        self._pieces: list[tuple[Piece, str, int]] = []
        self._listed: list[str] = []
        if data is None:
            self.source = None
            self.lazy_annotations = Scopes(origin).lazy_annotations
        else:
            self.source = parse(path, data)
            self.scopes = Scopes(self.source)
            self.lazy_annotations = self.scopes.lazy_annotations

    def join(self, rewrite: FileRewrite | None) -> None:
        """Take over the edits that the relocation itself makes in the file."""
        self._rewrite = rewrite
        if rewrite is not None:
            self.source, self.scopes = rewrite.source, rewrite.scopes

    def relative_style(self) -> bool:
        assert self.source is not None
        froms = [n for n in ast.walk(self.source.tree) if isinstance(n, ast.ImportFrom)]
        return any(n.level for n in froms)

    def bound(self) -> set[str]:
        """Names that the file binds at module level."""
        return set(self.scopes.module.bindings) if self.source is not None else set()

    def spell(self, module: str, like: str, package: str) -> str:
        if not like.startswith("."):
            return module
        return relative_in(module, package) or module

    def need(self, new: NewImport, typing: bool) -> None:
        if (new, typing) not in self._needs:
            self._needs.append((new, typing))

    def add_piece(self, piece: Piece, text: str, blank: int) -> None:
        self._pieces.append((piece, text, blank))

    def list_names(self, names: list[str]) -> None:
        self._listed = names

    def render(self, moved: set[str]) -> bytes:
        if self.source is None:
            return self._new_file().encode(self.origin.encoding, "surrogateescape")
        return self._existing(self.source, moved)

    # a new file

    def _new_file(self) -> str:
        runtime = [n for n, typing in self._needs if not typing]
        typing = [n for n, t in self._needs if t and n not in runtime]
        blocks = [self.header.rstrip("\n")] if self.header else []
        groups: dict[int, list[NewImport]] = {}
        placement = Placement(self.origin, self.first_party)
        condition = placement.condition()
        if typing and condition is None:
            runtime.append(NewImport("typing", "TYPE_CHECKING"))
            condition = "TYPE_CHECKING"
        elif typing and condition is not None and "." in condition:
            alias = condition.partition(".")[0]
            plain = NewImport("typing", None, None if alias == "typing" else alias)
            if plain not in runtime:
                runtime.append(plain)
        elif typing:
            enabling = NewImport("typing", "TYPE_CHECKING")
            if enabling not in runtime:
                runtime.append(enabling)
        if self.future:
            runtime.append(NewImport("__future__", "annotations"))
        for new in runtime:
            groups.setdefault(placement.group(new.module), []).append(new)
        blocks += ["\n".join(self._lines(groups[g], "")) for g in sorted(groups)]
        if typing:
            by_group: dict[int, list[NewImport]] = {}
            for new in typing:
                by_group.setdefault(placement.group(new.module), []).append(new)
            body = "\n\n".join("\n".join(self._lines(by_group[g], "    ")) for g in sorted(by_group))
            blocks.append(f"if {condition}:\n{body}")
        if self._listed:
            quoted = ", ".join(f'"{n}"' for n in self._listed)
            line = f"__all__ = [{quoted}]"
            if len(line) > LINE_LENGTH:
                line = "__all__ = [\n" + "".join(f'    "{n}",\n' for n in self._listed) + "]"
            blocks.append(line)
        head = "\n\n".join(blocks)
        code = self._code()
        first = self._pieces[0][0].is_definition if self._pieces else False
        newline = self.origin.newline
        text = f"{head}\n" + ("\n\n" if first else "\n") + code if head else code
        return text if newline == "\n" else text.replace("\r\n", "\n").replace("\n", newline)

    def _lines(self, new: list[NewImport], indent: str) -> list[str]:
        single = ImportEditor(self.origin)._single_line_style()
        return [indent + line for line in render_imports(new, indent, single)]

    def _code(self) -> str:
        text = ""
        previous: Piece | None = None
        for piece, code, blank in self._pieces:
            code = code.replace("\r\n", "\n")
            if not code.endswith("\n"):
                code += "\n"
            if previous is not None:
                apart = (
                    2
                    if piece.is_definition or previous.is_definition
                    else blank
                    if self._follows(previous, piece)
                    else 1
                )
                if _is_overload(previous) and self._follows(previous, piece):
                    apart = blank
                text += "\n" * apart
            text += code
            previous = piece
        return text

    def _follows(self, first: Piece, second: Piece) -> bool:
        body = self.origin.tree.body
        return body.index(second.statement) == body.index(first.statement) + 1

    # an existing file

    def _existing(self, source: PythonSource, moved: set[str]) -> bytes:
        rewrite = self._rewrite
        editor = rewrite.editor if rewrite is not None else ImportEditor(source, self.first_party)
        edits: list[Edit] = list(rewrite.edits) if rewrite is not None else []
        dropped = {n.local for s in editor.statements for n in s.names if editor.dropped(n)}
        self._check_free(source, editor, moved, dropped)
        if self.needs_future and not self.lazy_annotations:
            editor.add_top(NewImport("__future__", "annotations"))
        for new, typing in self._needs:
            if self._bound_same(source, editor, new):
                continue
            for_checkers = self._bound_same(source, editor, new, typing=True)
            if typing and for_checkers:
                continue
            taken = new.local in self.scopes.module.bindings and new.local not in dropped and new.name != "*"
            taken = taken and not for_checkers
            if taken and not self._plain_sibling(editor, new):
                line = getattr(self.scopes.module.bindings[new.local][0], "lineno", 1)
                raise Refused(f"{self.path}:{line}: {new.local} means something else there than in {self.origin.path}")
            if typing:
                editor.add_typing(new)
            else:
                editor.add_top(new)
        entries = all_entries(source)
        if entries and self._listed:
            edits += _list_more(source, [n for n in self._listed if n not in entries])
        data = apply_edits(source.data, merge_deletions([*editor.edits(), *edits]))
        if not self._pieces:
            return data
        ready = parse(self.path, data)
        return apply_edits(data, [self._insertion(ready, Scopes(ready), moved)])

    def _check_free(self, source: PythonSource, editor: ImportEditor, moved: set[str], dropped: set[str]) -> None:
        for name in sorted(moved):
            nodes = self.scopes.module.bindings.get(name, [])
            if nodes and name not in dropped:
                line = getattr(nodes[0], "lineno", 1)
                raise Refused(f"{self.path}:{line}: {name} is bound there already")
        for use in self.scopes.uses:
            if use.name in moved and self.scopes.resolve(use) is None and use.name not in dropped:
                line = source.line_of(use.span[0])
                raise Refused(f"{self.path}:{line}: {use.name} is the built-in there and would be hidden")

    def _plain_sibling(self, editor: ImportEditor, new: NewImport) -> bool:
        """`import a.b` beside `import a` or `import a.c`."""
        if new.name is not None or new.asname:
            return False
        return any(n.local == new.local and not n.asname for s in editor.statements if not s.is_from for n in s.names)

    def _bound_same(self, source: PythonSource, editor: ImportEditor, new: NewImport, *, typing: bool = False) -> bool:
        """Whether an import of the file binds the name to the same thing already, at run time or (`typing`) for type
        checkers."""
        for statement in editor.statements:
            if not (source.type_checking(statement.node) if typing else statement.node in source.tree.body):
                continue
            for name in statement.names:
                if editor.dropped(name) or name.local != new.local:
                    continue
                if statement.is_from and new.name == name.name and self._same_module(statement.module, new.module):
                    return True
                if not statement.is_from and new.name is None and name.name == new.module and name.asname == new.asname:
                    return True
        return False

    def _same_module(self, one: str, other: str) -> bool:
        if one == other:
            return True
        rewrite = self._rewrite
        if rewrite is None:
            return False
        modules: Modules = rewrite.modules
        return modules.absolute(one, self.path) == modules.absolute(other, self.path)

    def _insertion(self, source: PythonSource, scopes: Scopes, moved: set[str]) -> Edit:
        """Where the code goes: at the end, or before the first statement that needs it while being imported."""
        body = source.tree.body
        first_use: int | None = None
        for use in scopes.uses:
            if use.name in moved and not use.deferred and not use.quoted and scopes.resolve(use) is None:
                if use.annotation and scopes.lazy_annotations:
                    continue
                at = next(
                    (i for i, s in enumerate(body) if source.full_span(s)[0] <= use.span[0] < source.span(s)[1]), None
                )
                if at is not None and (first_use is None or at < first_use):
                    first_use = at
        guard = next((i for i, s in enumerate(body) if _is_main_guard(s)), None)
        stop = min((i for i in (first_use, guard) if i is not None), default=None)
        first, last = self._pieces[0][0], self._pieces[-1][0]
        code = self._code()
        if stop is None:
            tail = source.data[len(source.data.rstrip()) :]
            start = len(source.data) - len(tail)
            previous = body[-1] if body else None
            wide = first.is_definition or isinstance(previous, DEFINITIONS)
            lead = "" if not source.data.strip() else "\n\n\n" if wide else "\n\n"
            return Edit(start, len(source.data), source.encode(lead + code))
        self._check_order(source, scopes, code, stop)
        start = source.line_start(source.full_span(body[stop])[0])
        while start > 0:
            previous_line = source.line_start(start - 1)
            if not source.data[previous_line:start].startswith(b"#"):
                break
            start = previous_line
        following = body[stop]
        wide = last.is_definition or isinstance(following, DEFINITIONS)
        lead = ""
        blank = re.search(rb"(?:\r?\n)*\Z", source.data[:start])
        have = (blank.group().count(b"\n") - 1) if blank else 0
        if first.is_definition and have < 2:
            lead = "\n" * (2 - have)
        return Edit(start, start, source.encode(lead + code + ("\n\n" if wide else "\n")))

    def _check_order(self, source: PythonSource, scopes: Scopes, code: str, stop: int) -> None:
        """What the code needs while it is being imported has to be bound before the statement `stop`."""
        body = source.tree.body
        moved = Scopes(parse(self.path, source.encode(code)))
        for use in moved.uses:
            if use.deferred or use.quoted or (use.annotation and scopes.lazy_annotations) or moved.resolve(use):
                continue
            nodes = scopes.module.bindings.get(use.name, [])
            lines = [node.lineno for node in nodes if hasattr(node, "lineno")]
            if lines and min(lines) > body[stop].lineno:
                raise Refused(
                    f"{self.path}:{body[stop].lineno}: needs what moves while it is being imported, but {use.name}, "
                    f"which the moved code needs then, is bound in line {min(lines)} only"
                )


def _is_overload(piece: Piece) -> bool:
    return any(
        getattr(d, "attr", getattr(d, "id", "")) == "overload" for d in getattr(piece.statement, "decorator_list", [])
    )


def _is_main_guard(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.If)
        and isinstance(statement.test, ast.Compare)
        and isinstance(statement.test.left, ast.Name)
        and statement.test.left.id == "__name__"
    )


def _list_more(source: PythonSource, names: list[str]) -> list[Edit]:
    """Append names to the list of `__all__`, in its layout."""
    entries = sorted(all_entries(source).values(), key=lambda e: source.span(e))
    if not entries or not names:
        return []
    last = entries[-1]
    start, end = source.span(last)
    quote = source.code((start, start + 1))
    line = source.line_start(start)
    own_line = not source.data[line:start].strip()
    comma = source.data[end : source.line_end(end)].lstrip().startswith(b",")
    if own_line:
        indent = source.code((line, start))
        text = "".join(f"\n{indent}{quote}{n}{quote}," for n in names)
        at = end + source.data[end : source.line_end(end)].index(b",") + 1 if comma else end
        return [Edit(at, at, source.encode(text if comma else "," + text))]
    text = "".join(f", {quote}{n}{quote}" for n in names)
    return [Edit(end, end, source.encode(text))]


def header_for(siblings: list[bytes], source: bytes) -> str:
    """The comment block that opens every one of the siblings, else the licence that opens the source, else ""."""
    heads = {_opening_comment(data) for data in siblings if data.strip()}
    if len(heads) == 1:
        return heads.pop()
    own = _opening_comment(source)
    return own if _LICENCE.search(own) else ""


def _opening_comment(data: bytes) -> str:
    lines: list[str] = []
    for line in data.decode("utf-8", "replace").splitlines():
        if not line.startswith("#") or (not lines and line.startswith("#!")):
            break
        lines.append(line.rstrip())
    return "\n".join(lines)
