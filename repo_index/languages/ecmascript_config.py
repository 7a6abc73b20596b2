"""Configuration files that say where JavaScript and TypeScript imports lead: package.json, tsconfig.json,
workspaces. All are read once per set of files, with sizes and depths bounded; nothing is executed."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .base import Project

MAX_BYTES = 2_000_000
_MAX_EXTENDS = 16
_MAX_WORKSPACES = 5_000
_NOISE = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r'"(?:\\.|[^"\\\n])*"|,(?=\s*[}\]])', re.DOTALL)


def parse_jsonc(text: str) -> Any:
    """JSON with comments and trailing commas. Raises ValueError for anything else."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    bare = _NOISE.sub(lambda m: m[0] if m[0].startswith('"') else " ", text)
    try:
        return json.loads(_TRAILING.sub(lambda m: m[0] if m[0].startswith('"') else "", bare))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def read_object(path: str, project: Project) -> dict[str, Any] | None:
    """A JSON file that holds an object; None when it is missing, too large or broken."""
    memo = project.memo("ecmascript json")
    if path not in memo:
        memo[path] = _read_object(path, project)
    found: dict[str, Any] | None = memo[path]
    return found


def _read_object(path: str, project: Project) -> dict[str, Any] | None:
    if path not in project.paths:
        return None
    try:
        data = project.read(path)
    except (OSError, KeyError, ValueError):
        return None
    if len(data) > MAX_BYTES:
        return None
    try:
        value = parse_jsonc(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def folders_above(folder: str) -> Iterator[str]:
    """The folder and those above it, up to "" for the root."""
    while True:
        yield folder
        if not folder:
            return
        folder = posixpath.dirname(folder)


def join(folder: str, relative: str) -> str | None:
    """A path of the repository, "" for its root; None when it leads out."""
    path = posixpath.normpath(posixpath.join(folder, relative))
    if path.startswith(("../", "/")) or path == "..":
        return None
    return "" if path == "." else path


def package_of(folder: str, project: Project) -> tuple[str, dict[str, Any]] | None:
    """Folder and content of the nearest package.json."""
    for above in folders_above(folder):
        found = read_object(posixpath.join(above, "package.json"), project)
        if found is not None:
            return above, found
    return None


@dataclass(frozen=True, slots=True)
class Compiler:
    """What a tsconfig.json, with those that it extends, says about imports. Folders are paths of the
    repository; `paths` are (pattern, targets), targets relative to `base`."""

    base_url: str | None
    paths: tuple[tuple[str, tuple[str, ...]], ...]
    base: str


def compilers(folder: str, project: Project) -> Iterator[Compiler]:
    """Compiler settings that apply in a folder, the nearest first."""
    memo = project.memo("ecmascript compilers")
    for above in folders_above(folder):
        if above not in memo:
            memo[above] = _compilers_in(above, project)
        yield from memo[above]


def _compilers_in(folder: str, project: Project) -> list[Compiler]:
    for name in ("tsconfig.json", "jsconfig.json"):
        path = posixpath.join(folder, name)
        config = read_object(path, project)
        if config is None:
            continue
        found = [_compiler(path, project)]
        references = config.get("references")
        for reference in references[:50] if isinstance(references, list) else []:
            # A solution-style file holds nothing itself; the settings are in the files beside it.
            target = reference.get("path") if isinstance(reference, dict) else None
            path_of = join(folder, target) if isinstance(target, str) else None
            if path_of and path_of.endswith(".json") and posixpath.dirname(path_of) == folder:
                found.append(_compiler(path_of, project))
        return [c for c in found if c is not None and (c.paths or c.base_url is not None)]
    return []


def _compiler(path: str, project: Project) -> Compiler | None:
    base_url: str | None = None
    paths: dict[str, Any] | None = None
    paths_base = ""
    top = posixpath.dirname(path)
    for at, config in _chain(path, project):
        options = config.get("compilerOptions")
        if not isinstance(options, dict):
            continue
        folder = posixpath.dirname(at)
        if base_url is None and isinstance(options.get("baseUrl"), str):
            base_url = join(
                folder, options["baseUrl"].replace("${configDir}", posixpath.relpath(top or ".", folder or "."))
            )
        if paths is None and isinstance(options.get("paths"), dict):
            paths, paths_base = options["paths"], folder
    if paths is None and base_url is None:
        return None
    listed = []
    for pattern, targets in (paths or {}).items():
        texts = [t for t in targets if isinstance(t, str)] if isinstance(targets, list) else []
        inside = "./" + posixpath.relpath(top or ".", (base_url if base_url is not None else paths_base) or ".")
        listed.append((pattern, tuple(t.replace("${configDir}", inside) for t in texts)))
    return Compiler(base_url, tuple(listed), base_url if base_url is not None else paths_base)


def _chain(path: str, project: Project) -> Iterator[tuple[str, dict[str, Any]]]:
    """A configuration file and those it extends, what overrides first. Circles end the chain."""
    seen: set[str] = set()
    todo = [path]
    while todo and len(seen) < _MAX_EXTENDS:
        at = todo.pop(0)
        config = read_object(at, project)
        if at in seen or config is None:
            continue
        seen.add(at)
        yield at, config
        extended = config.get("extends")
        several = extended if isinstance(extended, list) else [extended]
        found = [_extended(e, at, project) for e in several if isinstance(e, str)]
        todo[:0] = [f for f in reversed(found) if f is not None]  # of several the last wins


def _extended(specifier: str, path: str, project: Project) -> str | None:
    folder = posixpath.dirname(path)
    if specifier.startswith("."):
        base = join(folder, specifier)
    else:
        parts = specifier.split("/")
        count = 2 if specifier.startswith("@") else 1
        package = workspace_packages(folder, project).get("/".join(parts[:count]), ())
        rest = "/".join(parts[count:])
        base = join(package[0], rest or "tsconfig.json") if package else None
    if base is None:
        return None
    for candidate in (base, f"{base}.json", posixpath.join(base, "tsconfig.json")):
        if candidate in project.paths:
            return candidate
    return None


def workspace_packages(folder: str, project: Project) -> dict[str, tuple[str, ...]]:
    """Package names of the workspace around a folder, with the folders that hold a package of that name."""
    memo = project.memo("ecmascript workspaces")
    if folder not in memo:
        found: dict[str, tuple[str, ...]] = {}
        for above in folders_above(folder):
            if ("root", above) not in memo:
                memo["root", above] = _workspace(above, project)
            for name, folders in memo["root", above].items():
                found.setdefault(name, folders)
        memo[folder] = found
    table: dict[str, tuple[str, ...]] = memo[folder]
    return table


def _workspace(root: str, project: Project) -> dict[str, tuple[str, ...]]:
    globs = _workspace_globs(root, project)
    if not globs:
        return {}
    wanted = [_glob(g) for g in globs if not g.startswith("!")]
    unwanted = [_glob(g[1:]) for g in globs if g.startswith("!")]
    prefix = f"{root}/" if root else ""
    found: dict[str, list[str]] = {}
    count = 0
    for path in _package_files(project):
        folder = posixpath.dirname(path)
        if not path.startswith(prefix) or count >= _MAX_WORKSPACES:
            continue
        inside = folder[len(prefix) :]
        if any(w.fullmatch(inside) for w in wanted) and not any(u.fullmatch(inside) for u in unwanted):
            count += 1
            package = read_object(path, project)
            name = package.get("name") if package else None
            if isinstance(name, str) and name:
                found.setdefault(name, []).append(folder)
    return {name: tuple(folders) for name, folders in found.items()}


def _package_files(project: Project) -> list[str]:
    memo = project.memo("ecmascript package files")
    if "all" not in memo:
        memo["all"] = sorted(p for p in project.paths if p.endswith("/package.json") and "node_modules/" not in p)
    files: list[str] = memo["all"]
    return files


def _workspace_globs(root: str, project: Project) -> list[str]:
    globs: list[Any] = []
    package = read_object(posixpath.join(root, "package.json"), project)
    declared = package.get("workspaces") if package else None
    if isinstance(declared, dict):
        declared = declared.get("packages")
    if isinstance(declared, list):
        globs += declared
    lerna = read_object(posixpath.join(root, "lerna.json"), project)
    if lerna is not None and isinstance(lerna.get("packages"), list):
        globs += lerna["packages"]
    globs += _pnpm_globs(posixpath.join(root, "pnpm-workspace.yaml"), project)
    return [g.strip().removeprefix("./").rstrip("/") for g in globs if isinstance(g, str) and g.strip()]


def _pnpm_globs(path: str, project: Project) -> list[str]:
    """The list `packages:` of a pnpm-workspace.yaml in its usual, simple form."""
    if path not in project.paths:
        return []
    try:
        text = project.read(path)[:MAX_BYTES].decode("utf-8-sig", "replace")
    except (OSError, KeyError, ValueError):
        return []
    globs: list[str] = []
    inside = False
    for line in text.splitlines():
        stripped = line.split(" #", 1)[0].strip()
        if not stripped or stripped.startswith("#"):
            continue
        if inside and stripped.startswith("-"):
            globs.append(stripped[1:].strip().strip("\"'"))
        else:
            inside = stripped == "packages:"
            if stripped.startswith("packages:") and "[" in stripped:
                globs += [p.strip().strip("\"'") for p in stripped.split("[", 1)[1].rstrip("] ").split(",")]
    return globs


def _glob(pattern: str) -> re.Pattern[str]:
    """A workspace pattern: `*` stands for one folder name, `**` for any number of folders."""
    out = ""
    for part in re.split(r"(\*\*/|/\*\*|\*\*|\*)", pattern):
        out += {"**/": "(?:.+/)?", "/**": "(?:/.+)?", "**": ".*", "*": "[^/]*"}.get(part, re.escape(part))
    return re.compile(out)
