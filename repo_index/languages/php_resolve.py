"""Where names and includes of PHP lead: files of namespaces, PSR-4 folders of composer.json, literal paths."""

from __future__ import annotations

import json
import posixpath

from ..dotted import enclosing
from ..folders import shared_folders
from .base import Project, Resolution

_LONGEST = 1_000_000


def resolve(module: str, importer: str, project: Project) -> Resolution:
    """`A\\B\\C` is the full name of a class, function or constant, or a namespace; a path has a slash or a dot."""
    if "/" in module or "." in module:
        return _path(module, importer, project)
    full = module.strip("\\").replace("\\", ".")
    space, _, name = full.rpartition(".")
    spaces = project.namespaces("php")
    candidates = spaces.get(space, ())
    expected = _expected(full, project)
    if expected in candidates and _has(expected, name, project):
        return Resolution("resolved", expected)
    found = [path for path in candidates if _has(path, name, project)]
    if len(found) > 1:
        near = max(shared_folders(posixpath.dirname(importer), f) for f in found)
        nearest = [f for f in found if shared_folders(posixpath.dirname(importer), f) == near]
        if len(nearest) > 1:
            return Resolution("ambiguous", nearest[0], tuple(nearest))
        found = nearest
    if found:
        return Resolution("resolved", found[0])
    below = project.memo("php.below")
    if not below:
        below[""] = ()
        for known, paths in spaces.items():
            for name in enclosing(known):
                below[name] = tuple(sorted({*below.get(name, ()), *paths}))
    if full in below:
        return Resolution("resolved", None, below[full], namespace=space)
    return Resolution("unresolved" if expected is not None else "external")


def _has(path: str, name: str, project: Project) -> bool:
    return any(e.name == name for e in project.outline(path).exports)


def _path(module: str, importer: str, project: Project) -> Resolution:
    folder = posixpath.dirname(importer)
    bases = (folder,) if module.startswith(("./", "../")) else (folder, "")
    if module.startswith("/"):
        return Resolution("external")
    for base in bases:
        path = posixpath.normpath(posixpath.join(base, module))
        if path in project.paths:
            return Resolution("resolved", path)
    if not module.startswith(("./", "../")) or "vendor/" in module:
        return Resolution("external")  # found on include_path, or installed
    return Resolution("unresolved")


def _expected(full: str, project: Project) -> str | None:
    """The file in which PSR-4 looks for a class: of an existing one its path, else where it should be; None where no
    prefix of a composer.json fits."""
    found = None
    for prefix, folders in prefixes(project):
        if full.startswith(prefix):
            rest = full[len(prefix) :].replace(".", "/") + ".php"
            for folder in folders:
                path = posixpath.normpath(posixpath.join(folder, rest))
                if path in project.paths:
                    return path
                found = found or path
    return found


def prefixes(project: Project) -> list[tuple[str, tuple[str, ...]]]:
    """PSR-4 prefixes ("A.B.") and their folders, the longest first."""
    known = project.memo("php.prefixes")
    if not known:
        table: dict[str, list[str]] = {}
        for path in sorted(p for p in project.paths if p.rsplit("/", 1)[-1] == "composer.json"):
            for prefix, folder in _mapped(path, project):
                table.setdefault(prefix, []).append(folder)
        known["all"] = sorted(((p, tuple(f)) for p, f in table.items()), key=lambda item: (-len(item[0]), item[0]))
    found: list[tuple[str, tuple[str, ...]]] = known["all"]
    return found


def _mapped(path: str, project: Project) -> list[tuple[str, str]]:
    try:
        data = json.loads(project.read(path)[:_LONGEST])
    except (OSError, KeyError, ValueError, RecursionError):
        return []
    folder = posixpath.dirname(path)
    found = []
    for section in ("autoload", "autoload-dev"):
        part = data.get(section) if isinstance(data, dict) else None
        mapping = part.get("psr-4") if isinstance(part, dict) else None
        for prefix, targets in mapping.items() if isinstance(mapping, dict) else ():
            for target in targets if isinstance(targets, list) else [targets]:
                if isinstance(target, str) and prefix:
                    where = posixpath.normpath(posixpath.join(folder, target))
                    found.append((prefix.replace("\\", "."), "" if where == "." else where))
    return found
