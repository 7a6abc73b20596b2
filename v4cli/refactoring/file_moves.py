"""Where a file or folder goes that gets another path, in the languages whose imports name paths."""

from __future__ import annotations

from collections.abc import Callable
from posixpath import basename

from ..errors import NothingToDo, Refused
from .workspace import Workspace


def concerns(ws: Workspace, path: str, is_source: Callable[[str], bool]) -> bool:
    """Whether a path is a source file of the language, or a folder that holds some and no Python package."""
    if is_source(path):
        return True
    inside = [p for p in ws.paths() if p.startswith(path.strip("/") + "/")]
    return any(is_source(p) for p in inside) and not any(p.endswith(".py") for p in inside)


def roots(
    ws: Workspace, path: str, given: str, is_source: Callable[[str], bool], named: Callable[[str, str], str]
) -> tuple[str, str]:
    """The path and the new one. `named(old, new)` gives the new path of a file as the language wants it.

    Raises NothingToDo where nothing has the path, or has the new one already; Refused where something else has the new
    path, or where a folder would go inside itself.
    """
    paths = ws.paths()
    root, new = path.strip("/"), given.strip("/").removeprefix("./")
    is_file = root in paths
    if not is_file and not any(p.startswith(root + "/") for p in paths):
        raise NothingToDo(f"{root}: no such file or folder in the repository")
    if is_file:
        into = given.endswith("/") or any(p.startswith(new + "/") for p in paths)
        if into and not is_source(new):
            new = f"{new}/{basename(root)}"
        new = named(root, new)
    if root == new:
        raise NothingToDo(f"{root} has that path already")
    if new in paths or any(p.startswith(new + "/") for p in paths):
        raise Refused(f"{new} exists already")
    if not is_file and new.startswith(root + "/"):
        raise Refused(f"{new} lies inside {root}")
    return root, new
