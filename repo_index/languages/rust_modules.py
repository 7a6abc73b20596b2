"""Rust paths to files: packages of Cargo.toml, crates, the tree of `mod` declarations."""

from __future__ import annotations

import posixpath
import tomllib
from dataclasses import dataclass, field
from typing import Any

from .base import Project, Resolution

_BYTES = 256 * 1024
_SEGMENTS = 40


@dataclass(slots=True)
class Package:
    folder: str
    lib_name: str
    lib_path: str
    roots: list[str]
    #: name in code -> folder of a path dependency, or name of a package
    dependencies: dict[str, str]


@dataclass(slots=True)
class Tree:
    #: (file, name or `inline.name`) -> file of the child module
    children: dict[tuple[str, str], str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)
    packages: dict[str, Package] = field(default_factory=dict)
    #: crate root -> its files
    files: dict[str, list[str]] = field(default_factory=dict)


def steps(module: str) -> tuple[str, tuple[str, ...]]:
    """A path as the module that it starts from and the names below it."""
    if module.startswith(("mod ", "macro ")):
        return module, ()
    parts = module.split("::")
    count = 1
    while count < len(parts) and parts[count] == "super" and parts[0] in ("super", "self"):
        count += 1
    return "::".join(parts[:count]), tuple(parts[count:])


def _manifest(project: Project, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(project.read(path)[:_BYTES].decode("utf-8", "replace"))
    except (OSError, KeyError, ValueError, RecursionError):
        return {}


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _join(folder: str, relative: Any) -> str:
    joined = posixpath.normpath(posixpath.join(folder, str(relative)))
    return "" if joined == "." else joined


def _package(project: Project, path: str, workspace: dict[str, tuple[str, dict[str, Any]]]) -> Package | None:
    data, folder = _manifest(project, path), posixpath.dirname(path)
    package = _table(data.get("package"))
    if not package:
        return None
    lib = _table(data.get("lib"))
    lib_path = _join(folder, lib.get("path", "src/lib.rs"))
    name = str(lib.get("name") or package.get("name", "")).replace("-", "_")
    roots = [lib_path, _join(folder, "src/main.rs"), _join(folder, package.get("build") or "build.rs")]
    for kind in ("bin", "test", "example", "bench"):
        listed = data.get(kind)
        roots += (
            [_join(folder, t["path"]) for t in listed if isinstance(t, dict) and "path" in t]
            if isinstance(listed, list)
            else []
        )
    for inside in ("src/bin", "tests", "examples", "benches"):
        base = _join(folder, inside) + "/"
        for file in sorted(p for p in project.paths if p.startswith(base) and p.endswith(".rs")):
            rest = file[len(base) :]
            if "/" not in rest or (rest.count("/") == 1 and rest.endswith("/main.rs")):
                roots.append(file)
    inherited_folder, inherited = next(
        (
            w
            for f, w in sorted(workspace.items(), key=lambda i: -len(i[0]))
            if not f or f"{folder}/".startswith(f"{f}/")
        ),
        ("", {}),
    )
    dependencies: dict[str, str] = {}
    tables = [data, *(_table(t) for t in _table(data.get("target")).values())]
    for table in tables:
        for kind in ("dependencies", "dev-dependencies", "build-dependencies"):
            for dependency, spec in _table(table.get(kind)).items():
                base, said = folder, _table(spec)
                if said.get("workspace") is True:
                    base, said = inherited_folder, _table(inherited.get(dependency))
                target = _join(base, said["path"]) if "path" in said else f"={said.get('package', dependency)}"
                dependencies[dependency.replace("-", "_")] = target
    return Package(folder, name, lib_path, [r for r in dict.fromkeys(roots) if r in project.paths], dependencies)


def tree(project: Project) -> Tree:
    """Modules of all crates of the repository."""
    memo = project.memo("rust tree")
    if "tree" in memo:
        return memo["tree"]
    made = memo["tree"] = Tree()
    manifests = sorted(p for p in project.paths if posixpath.basename(p) == "Cargo.toml")
    workspace = {}
    for path in manifests:
        inherited = _table(_table(_manifest(project, path).get("workspace")).get("dependencies"))
        if inherited:
            workspace[posixpath.dirname(path)] = (posixpath.dirname(path), inherited)
    for path in manifests:
        package = _package(project, path, workspace)
        if package is not None:
            made.packages[package.folder] = package
    for package in made.packages.values():
        for root in package.roots:
            _grow(project, made, root)
    rest = [p for p in project.paths if p.endswith(".rs")]
    for path in sorted(rest, key=lambda p: (p.count("/"), posixpath.basename(p) not in _TOPS, p)):
        if path not in made.roots:  # of no package: a crate of its own
            _grow(project, made, path)
    return made


_TOPS = ("lib.rs", "main.rs", "mod.rs")


def _grow(project: Project, made: Tree, root: str) -> None:
    """Follow the `mod` declarations from a crate root. A file that two crates share belongs to the first."""
    if root in made.roots:
        return
    made.roots[root] = root
    todo = [(root, True)]
    while todo:
        path, is_top = todo.pop()
        made.files.setdefault(root, []).append(path)
        folder = posixpath.dirname(path)
        inside = folder if is_top else posixpath.join(folder, posixpath.basename(path).removesuffix(".rs"))
        for fact in project.outline(path).imports:
            if not fact.module.startswith("mod "):
                continue
            name, _, given = fact.module[4:].partition(" = ")
            *inline, last = name.split(".")
            base = posixpath.join(inside, *inline)
            if given:
                options = [_join(base if inline else folder, given)]
            else:
                options = [posixpath.join(base, f"{last}.rs"), posixpath.join(base, last, "mod.rs")]
            child = next((o for o in options if o in project.paths), None)
            if child is None:
                continue
            made.children.setdefault((path, name), child)
            if child not in made.roots:
                made.roots[child] = root
                made.parents[child] = path
                todo.append((child, bool(given) or posixpath.basename(child) == "mod.rs"))


def _owner(made: Tree, path: str) -> Package | None:
    folder = posixpath.dirname(path)
    while True:
        if folder in made.packages:
            return made.packages[folder]
        if not folder:
            return None
        folder = posixpath.dirname(folder)


def _crate(project: Project, made: Tree, name: str, importer: str) -> str | None:
    """The root file of a crate of the repository that a file can name."""
    own = _owner(made, importer)
    if own is None:
        return None
    if name == own.lib_name and own.lib_path in project.paths:
        return own.lib_path
    target = own.dependencies.get(name)
    if target is None:
        return None
    for package in made.packages.values():
        known = package.folder == target or target.replace("-", "_") == f"={package.lib_name}"
        if known and package.lib_path in project.paths:
            return package.lib_path
    return None


def resolve(module: str, importer: str, project: Project) -> Resolution:
    """The file that a path names, as far as files go."""
    made = tree(project)
    if module.startswith("mod "):
        child = made.children.get((importer, module[4:].partition(" = ")[0]))
        return Resolution("resolved", child) if child is not None else Resolution("unresolved")
    if module.startswith("macro "):
        return _macro(module[6:], importer, project, made)
    anchor, names = steps(module)
    at: str | None = importer
    parts = anchor.split("::")
    if parts[0] in ("crate", "$crate"):
        at = made.roots.get(importer, importer)
    elif parts[0] in ("self", "super"):
        for part in parts:
            if part == "super" and at is not None:
                at = made.parents.get(at)
    else:
        at = made.children.get((importer, anchor)) or _crate(project, made, anchor, importer)
        if at is None:
            return Resolution("external")
    if at is None:
        return Resolution("unresolved")
    for name in names[:_SEGMENTS]:
        child = made.children.get((at, name))
        if child is None:
            break
        at = child
    return Resolution("resolved", at)


def _macro(name: str, importer: str, project: Project, made: Tree) -> Resolution:
    """The file of the crate, or of a crate that it depends on, that defines a macro by `macro_rules!`."""
    memo = project.memo("rust macros")
    if not memo:
        memo[""] = ""
        for path in sorted(made.roots):
            for export in project.outline(path).exports:
                if export.name.endswith("!"):
                    memo.setdefault((made.roots[path], export.local), path)
    own = _owner(made, importer)
    crates = [made.roots.get(importer, importer)]
    if own is not None:
        named = (_crate(project, made, d, importer) for d in (own.lib_name, *sorted(own.dependencies)))
        crates += [c for c in named if c is not None]
    found = next((memo[c, name] for c in crates if (c, name) in memo), None)
    return Resolution("resolved", found) if found is not None else Resolution("external")
