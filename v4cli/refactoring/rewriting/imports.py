"""Import statements, given as text, added to a Python file."""

from __future__ import annotations

import ast

from ...errors import Refused
from ..python.imports import ImportEditor, NewImport
from ..python.modules import is_python
from ..python.scopes import Scopes
from ..python.source import parse
from ..workspace import Workspace


def add_imports(ws: Workspace, path: str, statements: list[str]) -> None:
    """Add import statements to a Python file, each name that is not bound to the same already.

    Raises Refused for what is no import, and for a name that means something else in the file.
    """
    if not is_python(path):
        raise Refused(f"{path}: imports are added to Python files only; write them into a region of lines")
    source = parse(path, ws.read(path))
    bound = Scopes(source).module.bindings
    top = (ws.index.module_name(path) or "").split(".")[0]
    editor = ImportEditor(source, frozenset({top} if top else ()))
    there = {(s.module, n.name, n.asname) for s in editor.statements for n in s.names if s.node in source.tree.body}
    for new in (n for statement in statements for n in _imports(statement)):
        known = (new.module, new.name, new.asname) if new.name is not None else ("", new.module, new.asname)
        if known in there:
            continue
        if new.local in bound:
            raise Refused(f"{path}: {new.local} means something else there, so `{new.render()}` cannot be added")
        editor.add_top(new)
    if edits := editor.edits():
        ws.edit(path, edits)


def _imports(statement: str) -> list[NewImport]:
    try:
        body = ast.parse(statement.strip()).body
    except (SyntaxError, ValueError):
        body = []
    if len(body) == 1 and isinstance(body[0], ast.Import):
        return [NewImport(a.name, None, a.asname) for a in body[0].names]
    if len(body) == 1 and isinstance(body[0], ast.ImportFrom):
        module = "." * body[0].level + (body[0].module or "")
        return [NewImport(module, a.name, a.asname) for a in body[0].names]
    raise Refused(f"imports: {statement!r} is not an import statement")
