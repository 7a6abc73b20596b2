"""What the files of one snapshot offer to each other: where imports lead, which names a module has."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from repo_index import Index
    from repo_index.facts import FileFacts, ImportFact
    from repo_index.languages.base import Language
    from repo_index.project import ProjectFiles

Answer = Literal["yes", "no", "unknown"]

#: names that every Python module has without defining them
_IMPLICIT = frozenset(
    [
        "__annotations__",
        "__builtins__",
        "__cached__",
        "__dict__",
        "__doc__",
        "__file__",
        "__loader__",
        "__name__",
        "__package__",
        "__path__",
        "__spec__",
    ]
)
#: languages whose imports and names are exact enough to report what a change breaks
_REVIEWED = ("python", "javascript", "typescript", "tsx")
#: ways for a module to get names that its text does not show
_DYNAMIC = re.compile(
    rb"\bglobals\(\)(?!\s*(?:\.get\b|\.items\b|\.keys\b|\.copy\b|\[[^\]\n]*\](?!\s*=[^=])))"
    rb"|\bmodules(?:\[__name__\]|\.get\(__name__)"
    rb"|^\S[^\n]*\b(?:locals|vars)\(\)|^exec\b",
    re.MULTILINE,
)
_DYNAMIC_JS = re.compile(rb"\bexports\s*=\s*(?!\{)|\bexports\s*\[|\(\s*(?:module\.)?exports\b|\bexport\s*=")


def _split(path: str) -> tuple[str, str, str]:
    return path.rpartition("/")


class Modules:
    """One index, asked for modules rather than symbols."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._facts: dict[str, FileFacts | None] = {}
        self._outlines: dict[str, FileFacts | None] = {}
        self._has: dict[tuple[str, str], Answer] = {}

    @cached_property
    def paths(self) -> frozenset[str]:
        return frozenset(f.path for f in self.index.files() if not f.skipped)

    @cached_property
    def _stems(self) -> frozenset[str]:
        """Paths up to the first dot of their names: what compiled modules and generated files go by."""
        return frozenset(f"{folder}{dot}{name.split('.')[0]}" for folder, dot, name in map(_split, self.paths))

    def read(self, path: str) -> bytes:
        return self.index.read(path)

    @cached_property
    def _project(self) -> ProjectFiles:
        from repo_index.facts import FileFacts
        from repo_index.project import ProjectFiles

        return ProjectFiles(self.paths, self.index.read, lambda path: self.outline(path) or FileFacts(""))

    def facts(self, path: str) -> FileFacts | None:
        """Facts of a file, None for files that are not there or in no language of _REVIEWED."""
        if path not in self._facts:
            self._facts[path] = self.index.facts(path) if self._is_reviewed(path) else None
        return self._facts[path]

    def _is_reviewed(self, path: str) -> bool:
        return path in self.paths and self._language(path) is not None

    def outline(self, path: str) -> FileFacts | None:
        """Imports, exports and errors of a file."""
        if path not in self._outlines:
            self._outlines[path] = self.index.outline(path) if self._is_reviewed(path) else None
        return self._outlines[path]

    def is_sound(self, path: str) -> bool:
        """Whether the facts of a code file are whole: it is there and parses."""
        facts = self.outline(path)
        return facts is not None and not facts.errors

    def _language(self, path: str) -> Language | None:
        from repo_index.languages import for_path

        language = for_path("package.py" if path.endswith("/") else path)
        return language if language is not None and language.name in _REVIEWED else None

    def target(self, path: str, module: str) -> tuple[str, str | None]:
        """State and file of a module specifier as written in `path`, which need not exist in this snapshot."""
        language = self._language(path)
        if language is None:
            return "unresolved", None
        found = language.resolve_module(module, path, self._project)
        return found.state, found.path if found.state == "resolved" else None

    def submodule(self, path: str, name: str) -> str | None:
        """The file that `name` means inside the package `path`."""
        language = self._language(path)
        return language.submodule(path, name, self._project) if language is not None else None

    def bound_module(self, path: str, imported: ImportFact) -> str | None:
        """The module that an import binds to its local name; None when that is no module of the repository."""
        if imported.name is None:
            module = imported.module
            first = module.split(".")[0]
            if imported.local == first and self._language_is_python(path):  # `import a.b` binds a
                module = first
            return self.target(path, module)[1]
        owner = self.target(path, imported.module)[1]
        if owner is None or imported.name == "*":
            return owner
        return self.attribute_module(owner, imported.name)

    @staticmethod
    def _language_is_python(path: str) -> bool:
        return path.endswith((".py", ".pyi", ".pyw"))

    def attribute_module(self, owner: str, name: str) -> str | None:
        """The module that `owner.name` is, when it is one: a submodule, or a module that `owner` imports."""
        outline = self.outline(owner)
        if outline is None or not any(e.name == name for e in outline.exports):
            return self.submodule(owner, name)
        bound = [i for i in outline.imports if i.local == name and not i.scope]
        facts = self.facts(owner) if len(bound) == 1 else None
        if facts is None or any(d.qualified == name for d in facts.definitions):
            return None
        (inner,) = bound
        if inner.name is None:
            return self.bound_module(owner, inner)
        module = self.target(owner, inner.module)[1]
        if module is None:
            return None
        within = self.outline(module)
        if within is not None and any(e.name == inner.name for e in within.exports):
            return None
        return self.submodule(module, inner.name)

    def has(self, path: str, name: str) -> Answer:
        """Whether the module `path` has `name`: as a definition, an import, a submodule, or by star imports."""
        key = (path, name)
        if key not in self._has:
            self._has[key] = "no"  # star imports may lead in a circle
            self._has[key] = self._look_up(path, name)
        return self._has[key]

    def _look_up(self, path: str, name: str) -> Answer:
        if path.endswith("/"):  # a namespace package, which other distributions may add to
            return "yes" if self.submodule(path, name) else "unknown"
        facts = self.outline(path)
        if facts is None or facts.errors:
            return "unknown"
        if any(e.name == name for e in facts.exports):
            return "yes"
        python = facts.language == "python"
        if python and (name in _IMPLICIT or self.submodule(path, name) is not None):
            return "yes"
        folder, slash, last = _split(path)
        if python and last.startswith("__init__.") and f"{folder}{slash}{name}" in self._stems:
            return "unknown"  # pkg/name.pyx, pkg/name.so
        if not python and not facts.exports:  # a script, or exports in a form that is not understood
            return "unknown"
        if any(e.name == "__getattr__" for e in facts.exports):
            return "unknown"
        unknown = (_DYNAMIC if python else _DYNAMIC_JS).search(self.read(path)) is not None
        for star in self.star_targets(path, facts):
            answer = "unknown" if star is None else self.has(star, name)
            if answer == "yes" and (python or name != "default"):
                return "yes"
            unknown = unknown or answer == "unknown"
        return "unknown" if unknown else "no"

    def star_targets(self, path: str, facts: FileFacts) -> list[str | None]:
        """The files whose names this one passes on; None for one outside the repository."""
        modules = {i.module for i in facts.imports if i.name == "*" and not i.local}
        modules |= {e.module for e in facts.exports if e.name == "*" and e.module}
        return [self.target(path, module)[1] for module in sorted(modules)]

    def names(self, path: str) -> frozenset[str]:
        """Names that the text of a module binds at its top level."""
        facts = self.outline(path)
        return frozenset(e.name for e in facts.exports) if facts is not None else frozenset()
