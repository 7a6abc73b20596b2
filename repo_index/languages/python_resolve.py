"""Where Python's imports lead: modules to files, by the layout of the repository.

A module may be found under several roots. They are tried in this order: the folder that holds the importer's own
top-level package; the folders above the importer that are no packages (scripts, tests); roots that pyproject.toml
or setup.cfg declare; the top of the repository, src/ and lib/; every other folder that holds a package. A name of
the standard library belongs to it unless the importer is part of a package of that name or stands beside it.
"""

from __future__ import annotations

import configparser
import sys
import tomllib
from posixpath import dirname, join
from typing import Any

from .base import Project, Resolution

SUFFIXES = (".py", ".pyi", ".pyw")
EXTERNAL = Resolution("external")
UNRESOLVED = Resolution("unresolved")
#: a namespace package (a folder without __init__.py) is given as its path with this at the end
NAMESPACE = "/"


class Layout:
    """Tables of one set of files: where packages and modules are."""

    def __init__(self, project: Project) -> None:
        self.paths = project.paths
        python = [p for p in project.paths if p.endswith(SUFFIXES)]
        self.packages: dict[str, str] = {}
        self.folders: set[str] = set()
        for path in sorted(python):
            folder = dirname(path)
            name = path[len(folder) + 1 if folder else 0 :]
            if name in ("__init__.py", "__init__.pyi") and folder not in self.packages:
                self.packages[folder] = path
            while folder not in self.folders:
                self.folders.add(folder)
                folder = dirname(folder)
        self.declared = [r for r in _declared_roots(project) if r in self.folders]
        usual = [r for r in ("", "src", "lib") if r in self.folders]
        self.usual = [r for r in usual if r not in self.declared and r not in self.packages]
        tops = {dirname(f) for f in self.packages if f and dirname(f) not in self.packages}
        others = tops - set(self.declared) - set(self.usual)
        #: first part of a dotted name -> the remaining roots below which something has that name
        self.others: dict[str, list[str]] = {}
        for path in sorted(self.folders | set(python)):
            folder = dirname(path)
            if folder in others:
                name = path[len(folder) + 1 if folder else 0 :]
                roots = self.others.setdefault(name.split(".")[0] if path not in self.folders else name, [])
                if not roots or roots[-1] != folder:
                    roots.append(folder)
        self.resolved: dict[tuple[str, str], Resolution] = {}
        self.names: dict[str, str | None] = {}

    def root_of(self, path: str) -> str:
        """The folder that holds the top-level package or module that `path` belongs to."""
        folder = dirname(path)
        while folder and folder in self.packages:
            folder = dirname(folder)
        return folder

    def at(self, folder: str, parts: list[str]) -> str | None:
        """The file or namespace package that dotted `parts` name below `folder`."""
        base = join(folder, *parts) if parts else folder
        if base in self.packages:
            return self.packages[base]
        for suffix in SUFFIXES:
            if base + suffix in self.paths:
                return base + suffix
        return base + NAMESPACE if base in self.folders and base else None


def _declared_roots(project: Project) -> list[str]:
    """Package roots that the configuration names. Nothing in it is run."""
    found: list[str] = []

    def add(value: Any, below: str) -> None:
        if isinstance(value, str):
            root = join(below, value.replace("\\", "/").strip("/").removeprefix("./"))
            root = "" if root in (".", "") else root.removeprefix("./").rstrip("/.")
            if root not in found and ".." not in root.split("/"):
                found.append(root)

    for path in sorted(p for p in project.paths if p.rsplit("/", 1)[-1] in ("pyproject.toml", "setup.cfg")):
        below = dirname(path)
        try:
            text = project.read(path).decode("utf-8", "replace")
        except (OSError, KeyError):
            continue
        if path.endswith(".cfg"):
            parser = configparser.ConfigParser(interpolation=None, strict=False)
            try:
                parser.read_string(text)
            except configparser.Error:
                continue
            add(parser.get("options.packages.find", "where", fallback=None), below)
            for line in parser.get("options", "package_dir", fallback="").splitlines():
                key, _, value = line.partition("=")
                if not key.strip() and value.strip():
                    add(value.strip(), below)
            continue
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        tool = _table(table, "tool")
        setuptools = _table(tool, "setuptools")
        where = _table(_table(setuptools, "packages"), "find").get("where")
        for root in where if isinstance(where, list) else [where]:
            add(root, below)
        add(_table(setuptools, "package-dir").get(""), below)
        packages = _table(tool, "poetry").get("packages")
        for entry in packages if isinstance(packages, list) else []:
            if isinstance(entry, dict):
                add(entry.get("from"), below)
        wheel = _table(_table(_table(_table(tool, "hatch"), "build"), "targets"), "wheel")
        packages = wheel.get("packages")
        for value in packages if isinstance(packages, list) else []:
            if isinstance(value, str) and "/" in value:
                add(dirname(value.rstrip("/")), below)
        sources = wheel.get("sources")
        for value in sources if isinstance(sources, list) else []:
            add(value, below)
        pytest = _table(_table(tool, "pytest"), "ini_options").get("pythonpath")
        for root in pytest if isinstance(pytest, list) else [pytest]:
            add(root, below)
    return found


def _table(value: Any, key: str) -> dict[str, Any]:
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def layout(project: Project) -> Layout:
    memo = project.memo("python")
    if "layout" not in memo:
        memo["layout"] = Layout(project)
    found: Layout = memo["layout"]
    return found


def resolve_module(module: str, importer: str, project: Project) -> Resolution:
    """The file that `module`, imported in `importer`, names. Namespace packages end with "/"."""
    table = layout(project)
    key = (module, importer if module.startswith(".") else dirname(importer))
    known = table.resolved.get(key)
    if known is None:
        known = table.resolved[key] = _resolve(module, importer, table)
    return known


def _resolve(module: str, importer: str, table: Layout) -> Resolution:
    if module.startswith("."):
        rest = module.lstrip(".")
        folder = dirname(importer)
        for _ in range(len(module) - len(rest) - 1):
            if not folder:
                return UNRESOLVED
            folder = dirname(folder)
        found = table.at(folder, rest.split(".") if rest else [])
        return Resolution("resolved", found, (found,)) if found else UNRESOLVED
    parts = module.split(".")
    home = table.root_of(importer)
    own: list[str] = [home]
    folder = dirname(importer)
    while True:
        if folder not in table.packages and folder not in own:
            own.append(folder)
        if not folder:
            break
        folder = dirname(folder)
    if parts[0] in sys.stdlib_module_names:
        top = importer[len(home) + 1 if home else 0 :].split("/")[0]
        beside = dirname(importer) not in table.packages and top.split(".")[0] == parts[0]
        if top != parts[0] and not beside:
            script = table.at(dirname(importer), parts)
            if dirname(importer) in table.packages or script is None or script.endswith(NAMESPACE):
                return EXTERNAL
    seen: set[str] = set()
    best_namespace: str | None = None
    partial = False
    for group in ([r] for r in (*own, *table.declared, *table.usual)):
        for root in group:
            if root in seen:
                continue
            seen.add(root)
            found = table.at(root, parts)
            if found is not None and not found.endswith(NAMESPACE):
                return Resolution("resolved", found, (found,))
            if found is not None:
                best_namespace = best_namespace or found
            top_found = table.at(root, parts[:1])
            partial = partial or (top_found is not None and not top_found.endswith(NAMESPACE))
    others = [f for f in (table.at(r, parts) for r in table.others.get(parts[0], ()) if r not in seen) if f is not None]
    files = sorted({f for f in others if not f.endswith(NAMESPACE)})
    if len(files) == 1 and not partial:
        return Resolution("resolved", files[0], (files[0],))
    if len(files) > 1 and not partial:
        return Resolution("ambiguous", files[0], tuple(files))
    if best_namespace is not None:
        return Resolution("resolved", best_namespace, (best_namespace,))
    if partial or any(join(r, parts[0]) in table.packages for r in table.others.get(parts[0], ())):
        return UNRESOLVED
    return EXTERNAL


def submodule(path: str, name: str, project: Project) -> str | None:
    """The file or namespace package `name` inside the package `path` (its __init__ file, or a folder with "/")."""
    if path.endswith(NAMESPACE):
        folder = path[:-1]
    elif path.rsplit("/", 1)[-1] in ("__init__.py", "__init__.pyi"):
        folder = dirname(path)
    else:
        return None
    return layout(project).at(folder, [name])


def module_name(path: str, project: Project) -> str | None:
    """Dotted name by which other files import `path`: below the root of its package, or of its source tree."""
    table = layout(project)
    if path in table.names:
        return table.names[path]
    name: str | None = None
    if path.endswith(SUFFIXES) and path in table.paths:
        stem = path[: path.rindex(".")]
        root = table.root_of(path)
        if dirname(path) not in table.packages:  # a plain module, or one in a namespace package
            for candidate in sorted((*table.declared, *table.usual), key=len, reverse=True):
                if candidate == "" or stem.startswith(candidate + "/"):
                    root = candidate
                    break
        elif root not in table.declared and root not in table.usual:
            root = _namespace_root(root, table)
        parts = stem[len(root) + 1 if root else 0 :].split("/")
        if parts[-1] == "__init__":
            parts.pop()
        if parts and all(p.isidentifier() for p in parts):
            name = ".".join(parts)
    table.names[path] = name
    return name


def _namespace_root(root: str, table: Layout) -> str:
    """Roots of packages inside namespace packages below a declared root: `src/ns/pkg` has root `src`."""
    for candidate in sorted((c for c in table.declared if c), key=len, reverse=True):
        if root.startswith(candidate + "/"):
            return candidate
    return root
