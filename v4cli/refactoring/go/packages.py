"""Go packages of a repository: folders, import paths, names, who imports whom."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from posixpath import dirname
from typing import TYPE_CHECKING

from repo_index.facts import FileFacts, ImportFact
from repo_index.languages import go_modules
from repo_index.project import ProjectFiles

from .paths import is_go, is_test, is_vendored

if TYPE_CHECKING:
    from repo_index import Index

#: a package: its folder and the name in its package clauses (`x` and `x_test` are two)
Package = tuple[str, str]


class Packages:
    """Of one state of the repository. Vendored packages are not among them."""

    def __init__(self, index: Index) -> None:
        self.index = index
        paths = [record.path for record in index.files()]
        self._project = ProjectFiles(paths, index.read, self.facts)

    def facts(self, path: str) -> FileFacts:
        return self.index.facts(path) or FileFacts("")

    @cached_property
    def paths(self) -> list[str]:
        """The Go files of the repository, vendored ones left out."""
        return [r.path for r in self.index.files() if is_go(r.path) and not is_vendored(r.path) and not r.skipped]

    @cached_property
    def _files(self) -> dict[Package, list[str]]:
        found: dict[Package, list[str]] = {}
        for path in self.paths:
            found.setdefault(self.of(path), []).append(path)
        return found

    def of(self, path: str) -> Package:
        """The package of a file. Files that no build includes are packages of their own: their name has " ignored"."""
        return dirname(path), self.facts(path).namespace

    def files(self, package: Package) -> list[str]:
        return self._files.get(package, [])

    def defines(self, package: Package, name: str) -> bool:
        """Whether a package has a definition of that name at package level."""
        return any(d.qualified == name for path in self.files(package) for d in self.facts(path).definitions)

    def name(self, folder: str) -> str:
        """The name of the package that a folder offers to others, "" where there is none."""
        counts = {
            name: len(some)
            for (at, name), some in self._files.items()
            if at == folder and name and not name.endswith((" ignored", "_test")) and not all(map(is_test, some))
        }
        if not counts:
            counts = {n: len(f) for (at, n), f in self._files.items() if at == folder and not n.endswith("_test")}
        return min(counts, key=lambda n: (n == "documentation", -counts[n], n)) if counts else ""

    def import_path(self, folder: str) -> str:
        return go_modules.import_path(self._project, f"{folder}/x.go" if folder else "x.go")

    def module_folder(self, folder: str) -> str | None:
        """The folder of the go.mod above a folder."""
        module = go_modules.module_of(self._project, f"{folder}/x.go" if folder else "x.go")
        return None if module is None else module.folder

    def target(self, path: str, fact: ImportFact) -> str | None:
        """The folder that an import leads to, None when it is none of the repository's own packages."""
        resolution = go_modules.resolve(fact.module, path, self._project)
        if resolution.state != "resolved" or not resolution.candidates or is_vendored(resolution.candidates[0]):
            return None
        return dirname(resolution.candidates[0])

    def is_standard(self, path: str, module: str) -> bool:
        """Whether an import path names a package of the standard library."""
        resolution = go_modules.resolve(module, path, self._project)
        return resolution.state == "external" and "." not in module.split("/", 1)[0]

    @cached_property
    def imports(self) -> list[tuple[str, int, ImportFact, str]]:
        """(file, number of the import in its facts, import, folder that it leads to): packages of the repository."""
        found = []
        for path in self.paths:
            for number, fact in enumerate(self.facts(path).imports):
                folder = self.target(path, fact)
                if folder is not None:
                    found.append((path, number, fact, folder))
        return found

    def local(self, path: str, fact: ImportFact) -> str:
        """The name that an import binds: its alias, else the name of the package."""
        if fact.local_span is not None or not fact.local:
            return fact.local
        folder = self.target(path, fact)
        return (self.name(folder) if folder is not None else "") or fact.local

    def edges(self) -> set[tuple[Package, Package]]:
        """Which package imports which. What a package's own tests import is imported by a package `name [test]`, which
        imports what the package does."""
        found: set[tuple[Package, Package]] = set()
        for path, _, _, folder in self.imports:
            here = self.of(path)
            target = (folder, self.name(folder))
            if is_test(path) and not here[1].endswith("_test"):
                found.add(((here[0], here[1] + " [test]"), target))
            elif not here[1].endswith(("_test", " ignored")):
                found.add((here, target))
        return found

    def new_cycle(self, before: Iterable[tuple[Package, Package]]) -> list[str]:
        """Import paths along a circle of imports that was not there before, [] when there is none."""
        edges = self.edges()
        below: dict[Package, list[Package]] = {}
        for source, target in sorted(edges):
            below.setdefault(source, []).append(target)
        for source, target in sorted(edges - set(before)):
            goal = (source[0], source[1].removesuffix(" [test]"))
            came: dict[Package, Package | None] = {target: None}
            todo = [target]
            while todo:
                at = todo.pop(0)
                if at == goal:
                    chain: list[Package] = []
                    step: Package | None = at
                    while step is not None:
                        chain.insert(0, step)
                        step = came[step]
                    return [self.import_path(p[0]) for p in (goal, *chain)]
                for other in below.get(at, ()):
                    if other not in came:
                        came[other] = at
                        todo.append(other)
        return []
