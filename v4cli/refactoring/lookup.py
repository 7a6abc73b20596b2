"""Operands of operations: the symbol or file that a plan names, or a refusal that says what is wrong."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ..errors import NothingToDo, Refused

if TYPE_CHECKING:
    from repo_index import Index
    from repo_index.records import Symbol


def find_symbol(index: Index, spec: str) -> Symbol:
    """Raises NothingToDo when nothing has that name, Refused listing the candidates when several have."""
    from repo_index.symbols import AmbiguousSymbol, UnknownSymbol

    try:
        return index.symbol(spec)
    except AmbiguousSymbol as error:
        names = ", ".join(sorted(c.id for c in error.candidates)[:8])
        raise Refused(f"{spec} may mean several symbols: {names}") from None
    except UnknownSymbol as error:
        raise NothingToDo(str(error)) from None


def matches(path: str, globs: list[str]) -> bool:
    """Whether a glob (or a folder's name) covers the path."""
    for glob in globs:
        plain = glob.rstrip("/")
        if fnmatchcase(path, glob) or path == plain or path.startswith(plain + "/"):
            return True
        if glob.startswith("**/") and fnmatchcase(path, glob[3:]):
            return True
    return False
