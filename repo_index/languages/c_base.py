"""What C and C++ have in common."""

from __future__ import annotations

from ..facts import FileFacts
from . import c_includes
from .base import Language, Project, Resolution
from .c_words import CPP_BUILTINS, CPP_KEYWORDS


class CFamily(Language):
    """Files see each other's names through what they include. Methods of C++ see the members of their class."""

    family = "c"
    implicit_self = True
    pointers = True
    open_enums = True
    injected_names = True
    #: None: as the text says
    cpp: bool | None = True

    def extract(self, source: bytes, path: str) -> FileFacts:
        from .c_extract import extract

        return extract(source, self.name, self.cpp, self.keywords())

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        if module[:1] in ('"', "<"):
            return c_includes.resolve(module, importer, project)
        files = project.namespaces(self.family).get(module)
        if files is None:
            return Resolution("external")
        return Resolution("resolved", candidates=files, namespace=module)

    def reaches(self, path: str, other: str, name: str, exported: bool, project: Project) -> bool:
        if path == other or other in c_includes.closure(path, project):
            return True
        return not path.lower().endswith(c_includes.SOURCES) and other in c_includes.surroundings(path, project)

    def sees(self, path: str, other: str, project: Project) -> bool:
        return other in c_includes.closure(path, project)

    def joins(self, path: str, other: str, name: str, project: Project) -> bool:
        if other in c_includes.closure(path, project) or path in c_includes.closure(other, project):
            return True
        mine, theirs = _linkage(path, name, project), _linkage(other, name, project)
        if mine is None or theirs is None or mine == theirs:
            return False
        return (other if mine else path).lower().endswith(c_includes.SOURCES)  # `extern int f(void);` in a source

    def keywords(self) -> frozenset[str]:
        return CPP_KEYWORDS

    def builtins(self) -> frozenset[str]:
        return CPP_BUILTINS


def _linkage(path: str, name: str, project: Project) -> bool | None:
    """Whether a file defines (True) or only declares (False) a name for the linker, None where it does neither."""
    memo = project.memo("c-linkage")
    table = memo.get(path)
    if table is None:
        table = memo[path] = {e.name: e.listed for e in project.outline(path).exports}
    return table.get(name)
