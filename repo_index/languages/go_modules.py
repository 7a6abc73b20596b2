"""Go import paths to packages: go.mod, go.work, replace, vendor."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field

from .base import Project, Resolution

_BYTES = 256 * 1024
_TOKEN = re.compile(r'"[^"\n]*"|`[^`\n]*`|=>|[()]|[^\s"`()]+')


@dataclass(frozen=True, slots=True)
class GoModule:
    #: folder of its go.mod, "" for the top of the repository
    folder: str
    path: str
    #: module path -> folder, for replacements by a folder of the repository
    replaced: dict[str, str] = field(default_factory=dict)


def _directives(project: Project, path: str) -> list[list[str]]:
    """The lines of a go.mod or go.work as lists of words, blocks undone."""
    try:
        text = project.read(path)[:_BYTES].decode("utf-8", "replace")
    except (OSError, KeyError):
        return []
    found: list[list[str]] = []
    block = ""
    for line in text.splitlines():
        words = [w.strip('"`') for w in _TOKEN.findall(line.split("//", 1)[0])]
        if not words:
            continue
        if block:
            if words == [")"]:
                block = ""
            else:
                found.append([block, *words])
        elif words[-1] == "(":
            block = words[0]
        else:
            found.append([w for w in words if w not in "()"])
    return found


def _folder(base: str, relative: str) -> str | None:
    """A relative path from a folder, None outside the repository."""
    joined = posixpath.normpath(posixpath.join(base, relative))
    return None if joined.startswith("..") or posixpath.isabs(relative) else "" if joined == "." else joined


def _replacements(directives: list[list[str]], base: str) -> dict[str, str]:
    found = {}
    for words in directives:
        if words[0] == "replace" and "=>" in words[1:-1]:
            target = words[words.index("=>") + 1]
            folder = _folder(base, target) if target.startswith(("./", "../")) else None
            if folder is not None:
                found[words[1]] = folder
    return found


def modules(project: Project) -> dict[str, GoModule]:
    """folder -> module."""
    memo = project.memo("go modules")
    if "all" not in memo:
        found: dict[str, GoModule] = {}
        for path in sorted(project.paths):
            if posixpath.basename(path) == "go.mod" and "/vendor/" not in f"/{path}":
                directives = _directives(project, path)
                folder = posixpath.dirname(path)
                name = next((w[1] for w in directives if w[0] == "module" and len(w) > 1), "")
                found[folder] = GoModule(folder, name, _replacements(directives, folder))
        memo["all"] = found
    return memo["all"]


def _workspaces(project: Project) -> list[tuple[frozenset[str], dict[str, str]]]:
    """For each go.work the folders that it uses and its replacements."""
    memo = project.memo("go modules")
    if "work" not in memo:
        found = []
        for path in sorted(p for p in project.paths if posixpath.basename(p) == "go.work"):
            directives = _directives(project, path)
            base = posixpath.dirname(path)
            used = (_folder(base, w[1]) for w in directives if w[0] == "use" and len(w) > 1)
            found.append((frozenset(u for u in used if u is not None), _replacements(directives, base)))
        memo["work"] = found
    return memo["work"]


def module_of(project: Project, path: str) -> GoModule | None:
    """The module that a file belongs to."""
    known = modules(project)
    folder = posixpath.dirname(path)
    while True:
        if folder in known:
            return known[folder]
        if not folder:
            return None
        folder = posixpath.dirname(folder)


def import_path(project: Project, path: str) -> str:
    """The import path of a file's package. In a vendor folder it is what stands below; without a module, the folder."""
    folder = posixpath.dirname(path)
    vendored = f"/{folder}/".rpartition("/vendor/")
    if vendored[1]:
        return vendored[0].strip("/") + "!vendor/" + vendored[2].strip("/")
    module = module_of(project, path)
    if module is None:
        return f"/{folder}"
    inside = posixpath.relpath(folder, module.folder or ".") if folder != module.folder else ""
    if module.path == "std":
        return inside
    return f"{module.path}/{inside}".rstrip("/")


def namespace(path: str, declared: str, project: Project) -> str:
    """Import path and name of a file's package, without dots. A file that no build includes is a package of its own."""
    if declared.endswith(" ignored"):
        return f"{path}#{declared}".replace(".", ":")
    memo = project.memo("go import paths")
    folder = posixpath.dirname(path)
    if folder not in memo:
        memo[folder] = import_path(project, path)
    return f"{memo[folder]}#{declared}".replace(".", ":")


def _packages(project: Project) -> dict[str, list[str]]:
    """folder -> its Go files."""
    memo = project.memo("go folders")
    if not memo:
        for path in sorted(project.paths):
            if path.endswith(".go"):
                memo.setdefault(posixpath.dirname(path), []).append(path)
    return memo


def _package(project: Project, folder: str) -> Resolution | None:
    """The package in a folder that others can import, None where there is none."""
    memo = project.memo("go packages")
    if folder not in memo:
        declared: dict[str, list[str]] = {}
        for path in _packages(project).get(folder, ()):
            name = project.outline(path).namespace
            base = posixpath.basename(path)
            if name and not name.endswith(" ignored") and not base.endswith("_test.go") and base[0] not in "._":
                declared.setdefault(name, []).append(path)
        memo[folder] = None
        if declared:
            name = max(sorted(declared), key=lambda n: (n not in ("main", "documentation"), len(declared[n])))
            files = declared[name]
            memo[folder] = Resolution("resolved", None, tuple(files), namespace(files[0], name, project))
    return memo[folder]


def _below(folder: str, module: str, specifier: str) -> str | None:
    """The folder of an import path below a module at `folder`."""
    if specifier == module:
        return folder
    if module and specifier.startswith(module + "/"):
        return posixpath.join(folder, specifier[len(module) + 1 :])
    return None


def resolve(specifier: str, importer: str, project: Project) -> Resolution:
    """The package that an import path written in a file names."""
    if specifier in ("C", "unsafe"):
        return Resolution("external")
    own = module_of(project, importer)
    memo = project.memo("go resolved")
    key = (specifier, posixpath.dirname(importer))
    if key not in memo:
        memo[key] = _resolve(specifier, importer, own, project)
    return memo[key]


def _resolve(specifier: str, importer: str, own: GoModule | None, project: Project) -> Resolution:
    if specifier.startswith(("./", "../")) or specifier in (".", ".."):
        folder = _folder(posixpath.dirname(importer), specifier)
        found = _package(project, folder) if folder is not None else None
        return found or Resolution("unresolved")
    candidates: list[tuple[str, str, bool]] = []  # module path, folder, whether it must be there
    if own is not None:
        candidates.append((own.path, own.folder, True))
        workspaces = [w for w in _workspaces(project) if own.folder in w[0]]
        for used, replaced in workspaces:
            candidates += [(m.path, m.folder, True) for f, m in modules(project).items() if f in used]
            candidates += [(name, folder, True) for name, folder in replaced.items()]
        candidates += [(name, folder, True) for name, folder in own.replaced.items()]
    unresolved = False
    for name, base, _ in sorted(candidates, key=lambda c: (-len(c[0]), c[1])):
        folder = _below(base, name, specifier)
        if folder is not None:
            found = _package(project, folder)
            if found is not None:
                return found
            unresolved = True
    if own is not None and own.path == "std":
        found = _package(project, posixpath.join(own.folder, specifier))
        if found is not None:
            return found
    at = posixpath.dirname(importer)
    while True:  # the nearest vendor folder
        found = _package(project, posixpath.join(at, "vendor", specifier))
        if found is not None:
            return found
        if not at:
            break
        at = posixpath.dirname(at)
    return Resolution("unresolved" if unresolved else "external")
