"""Python module names of a repository: which file a specifier names, and how one file spells another."""

from __future__ import annotations

from posixpath import basename
from typing import TYPE_CHECKING

from repo_index.project import ProjectFiles

if TYPE_CHECKING:
    from repo_index import Index

PYTHON_SUFFIXES = (".py", ".pyi", ".pyw")


class Modules:
    """Module names of one state of the repository."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._project = ProjectFiles([record.path for record in index.files()], index.read)
        self._files: dict[tuple[str, str], str | None] = {}

    def name(self, path: str) -> str | None:
        """Dotted name by which `path` is imported."""
        return self.index.module_name(path)

    def package(self, path: str) -> str | None:
        """Dotted name of the package that relative imports of `path` start from; "" outside of any package."""
        name = self.name(path)
        if name is None:
            return None
        return name if is_package(path) else name.rpartition(".")[0]

    def file(self, spec: str, importer: str) -> str | None:
        """The file that a specifier (`a.b`, `..pkg`) names when written in `importer`."""
        key = (spec, importer)
        if key not in self._files:
            self._files[key] = self._find(spec, importer)
        return self._files[key]

    def _find(self, spec: str, importer: str) -> str | None:
        language = self.index.language(importer)
        if language is None or not spec:
            return None
        resolution = language.resolve_module(spec, importer, self._project)
        return resolution.path if resolution.state == "resolved" else None

    def child(self, path: str, name: str) -> str | None:
        """The file of submodule `name` of the package file `path`."""
        language = self.index.language(path)
        return language.submodule(path, name, self._project) if language is not None else None

    def absolute(self, spec: str, importer: str) -> str | None:
        """The dotted name that a specifier stands for; None when it leads above the top-level package."""
        if not spec.startswith("."):
            return spec
        package = self.package(importer)
        return absolute_in(spec, package) if package is not None else None


def is_package(path: str) -> bool:
    return basename(path) in {"__init__.py", "__init__.pyi"}


def is_python(path: str) -> bool:
    return path.endswith(PYTHON_SUFFIXES)


def absolute_in(spec: str, package: str) -> str | None:
    """As Modules.absolute, for a file whose package is known."""
    rest = spec.lstrip(".")
    level = len(spec) - len(rest)
    if level == 0:
        return spec
    parts = package.split(".") if package else []
    if level - 1 > len(parts) or (level - 1 == len(parts) and parts):
        return None
    kept = parts[: len(parts) - level + 1]
    return ".".join([*kept, *([rest] if rest else [])])


def relative_in(module: str, package: str) -> str | None:
    """The shortest relative specifier of `module` for a file of `package`; None where there is none."""
    here, there = package.split("."), module.split(".")
    if not package or here[0] != there[0]:
        return None
    common = 0
    while common < len(here) and common < len(there) and here[common] == there[common]:
        common += 1
    return "." * (len(here) - common + 1) + ".".join(there[common:])


def respell(module: str, like: str, package: str) -> str:
    """`module` written in the manner of `like`: relative when that is relative and it can be done."""
    if like.startswith("."):
        return relative_in(module, package) or module
    return module
