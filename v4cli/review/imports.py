"""Imports and names that a change leaves hanging, in any file."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .changes import Change
from .findings import Finding, Level
from .modules import Modules
from .parsing import is_sample

if TYPE_CHECKING:
    from repo_index.facts import FileFacts, ImportFact, Occurrence

_DEPENDENCIES = re.compile(
    r"(?:^|/)(?:pyproject\.toml|setup\.(?:py|cfg)|Pipfile|package\.json|environment\.ya?ml|[\w.-]*requirements[\w./-]*"
    r"\.(?:txt|in))\Z"
)
_ASSIGNED = re.compile(rb"\s*(?::[^=\n]*)?=(?!=)")


class Imports:
    """The two sides of a change, compared import by import."""

    def __init__(self, change: Change, before: Modules, after: Modules) -> None:
        self.change = change
        self.before = before
        self.after = after

    def check(self, paths: Iterable[str]) -> Iterator[Finding]:
        """Findings in the files `paths` as they stand after the change."""
        for path in sorted(paths):
            facts = self.after.facts(path)
            if facts is None or facts.errors:
                continue
            old = self.before.facts(path)
            known = {(i.module, i.name) for i in old.imports} if old is not None else set()
            for imported in facts.imports:
                is_new = path in self.change.by_path and (imported.module, imported.name) not in known
                yield from self._import(path, imported, is_new)
            yield from self._exports(path, facts)
            yield from self._attributes(path, facts)
            yield from self._listed(path, facts)

    def _import(self, path: str, imported: ImportFact, is_new: bool) -> Iterator[Finding]:
        state, target = self.after.target(path, imported.module)
        _, was = self.before.target(path, imported.module)
        if target is None:
            if state == "ambiguous":
                return
            if was is None:
                if is_new and imported.module.startswith(".") and self._is_plain(path, imported):
                    message = f"import of {imported.module} leads nowhere"
                    yield Finding(path, imported.line, "warning", "broken-import", message)
                return
            level = self._import_level(path, imported, was)
            if level is not None:
                yield Finding(path, imported.line, level, "broken-import", self._lost(imported.module, was))
            return
        if imported.name is None or imported.name == "*":
            return
        yield from self._name(path, imported, target, was, is_new)

    def _is_plain(self, path: str, imported: ImportFact) -> bool:
        """Whether an import is a statement that always runs; bundled JavaScript is full of calls of require."""
        if imported.conditional or is_sample(path) or self.after.index.role(path) == "generated":
            return False
        start = imported.statement_span[0]
        return self.after.read(path)[start : start + 6] in (b"import", b"export") or path.endswith(".py")

    def _name(self, path: str, imported: ImportFact, target: str, was: str | None, is_new: bool) -> Iterator[Finding]:
        """`from module import name`."""
        name = str(imported.name)
        answer = self.after.has(target, name)
        if answer == "yes":
            return
        had = self.before.has(was, name) if was is not None else "no"
        soft = imported.conditional or imported.kind == "type"
        if had == "yes":
            child = self.before.submodule(was, name) if was is not None else None
            if child is not None and name not in self.before.names(was or ""):
                if answer == "no" or target.endswith("/"):
                    level = self._import_level(path, imported, child)
                    if level is not None:
                        yield Finding(path, imported.line, level, "broken-import", self._lost(name, child))
                return
            if answer == "no":
                what = "the default export" if name == "default" else repr(name)
                message = f"cannot import {what} from {imported.module}: {target} does not define it"
                level = "warning" if soft else "error"
                yield Finding(path, imported.line, level, "missing-name", message + self._now_in(name, target))
        elif answer == "no" and is_new and not soft and path.endswith(".py"):
            # a package may hold what git does not: compiled modules, generated files
            level = "warning" if target.rsplit("/", 1)[-1].startswith("__init__.") else "error"
            message = f"cannot import {name!r} from {imported.module}: {target} does not define it"
            yield Finding(path, imported.line, level, "missing-name", message)

    def _exports(self, path: str, facts: FileFacts) -> Iterator[Finding]:
        """`export {name} from "module"`, where no import says the same."""
        said = {i.module for i in facts.imports}
        for export in facts.exports:
            _, was = self.before.target(path, export.module)
            if not export.module or export.module in said or was is None:
                continue
            line = self.after.read(path)[: export.span[0]].count(b"\n") + 1 if export.span is not None else 1
            state, target = self.after.target(path, export.module)
            name = export.local
            if target is None:
                if state != "ambiguous":
                    yield Finding(path, line, "error", "broken-import", self._lost(export.module, was))
            elif name != "*" and self.after.has(target, name) == "no" and self.before.has(was, name) == "yes":
                message = f"cannot export {name!r} from {export.module}: {target} does not define it"
                yield Finding(path, line, "error", "missing-name", message + self._now_in(name, target))

    def _attributes(self, path: str, facts: FileFacts) -> Iterator[Finding]:
        """`module.name`."""
        for occurrence in facts.occurrences:
            if occurrence.binding != "import" or not occurrence.chain or occurrence.import_index < 0:
                continue
            imported = facts.imports[occurrence.import_index]
            owner = self._owner(self.after, path, imported, occurrence)
            if owner is None or self.after.has(owner, occurrence.name) != "no":
                continue
            was = self._owner(self.before, path, imported, occurrence)
            if was is None or self.before.has(was, occurrence.name) != "yes":
                continue
            if _ASSIGNED.match(self.after.read(path), occurrence.span[1]):
                continue
            shown = ".".join((occurrence.target, *occurrence.chain))
            message = f"{shown} does not exist: {owner} does not define {occurrence.name!r}"
            message += self._now_in(occurrence.name, owner)
            yield Finding(path, occurrence.line, "error", "missing-name", message)

    @staticmethod
    def _owner(side: Modules, path: str, imported: ImportFact, occurrence: Occurrence) -> str | None:
        """The module that the last attribute is taken from."""
        owner = side.bound_module(path, imported)
        for name in occurrence.chain[:-1]:
            owner = side.attribute_module(owner, name) if owner is not None else None
        return owner

    def _listed(self, path: str, facts: FileFacts) -> Iterator[Finding]:
        """`__all__`."""
        for name in facts.dunder_all or ():
            if self.after.has(path, name) == "no" and self.before.has(path, name) == "yes":
                content = self.after.read(path)
                quoted = re.search(rb"""["']%s["']""" % re.escape(name.encode()), content)
                line = content[: quoted.start()].count(b"\n") + 1 if quoted else 1
                message = f"__all__ lists {name!r}, which {path} does not define"
                yield Finding(path, line, "error", "missing-name", message + self._now_in(name, path))

    def _import_level(self, path: str, imported: ImportFact, was: str) -> Level | None:
        """How bad it is that an import which led to `was` leads nowhere; None: not at all."""
        top = imported.module.split(".")[0]
        if top and path.endswith((".py", ".pyi")) and (top in sys.stdlib_module_names or self._is_required(top)):
            return None  # a copy gives way to the package itself
        if any(was.startswith(f"{folder}/") for folder in self.change.submodules):
            return None
        moved_under = was.endswith("/") or was not in self.after.paths
        if imported.conditional or imported.kind == "type" or not moved_under:
            return "warning"
        return "error"

    def _is_required(self, top: str) -> bool:
        """Whether the change adds a line to a dependency file that names `top`."""
        wanted = re.compile(rb"(?<![\w-])" + re.escape(top.lower().encode()).replace(b"_", b"[_-]") + rb"(?![\w-])")
        for file in self.change.files:
            if _DEPENDENCIES.search(file.path) and any(wanted.search(t.lower()) for _, t in file.added_lines()):
                return True
        return False

    def _lost(self, module: str, was: str) -> str:
        if was in self.after.paths:
            return f"import of {module} no longer leads to {was}"
        moved = self._moved_to(was)
        return f"import of {module} leads nowhere: {was} is gone" + (f", now {moved}" if moved else "")

    def _moved_to(self, path: str) -> str | None:
        """The one added file with the content of a deleted one."""
        old = self.change.by_path.get(path)
        if old is None or not old.old:
            return None
        same = [f.path for f in self.change.files if f.status == "A" and f.new == old.old]
        return same[0] if len(same) == 1 else None

    def _now_in(self, name: str, path: str) -> str:
        """Where else the change puts a name, when that is one place."""
        places = [
            f.path
            for f in self.change.files
            if f.path != path
            and f.new is not None
            and name in self.after.names(f.path)
            and name not in self.before.names(f.path)
            and any(d.qualified == name for d in (self.after.facts(f.path) or _NOTHING).definitions)
        ]
        return f" (now in {places[0]})" if len(places) == 1 else ""


class _Nothing:
    definitions: tuple[()] = ()


_NOTHING = _Nothing()
