"""Where `require` leads: files below the folders of the load path, or beside the file."""

from __future__ import annotations

import posixpath
import re

from ..folders import shared_folders
from .base import Project, Resolution

_REQUIRE_PATHS = re.compile(r"require_paths?\s*=\s*(\[[^\]]*\]|%w[\[(][^\])]*[\])]|[\"'][^\"']*[\"'])")
_FOLDERS = ("lib", "test", "tests", "spec", "app", "ext")
_SUFFIXES = ("", ".rb")


def resolve(module: str, importer: str, project: Project) -> Resolution:
    """A specifier that begins with "./" or "../" is one of require_relative (or of the folder of the repository)."""
    if module.startswith(("./", "../")):
        folder = posixpath.dirname(importer)
        for base in (folder, "") if module.startswith("./") else (folder,):
            found = _file(posixpath.normpath(posixpath.join(base, module)), project)
            if found is not None:
                return Resolution("resolved", found)
        return Resolution("unresolved")
    if module.startswith(("/", "~")) or not module:
        return Resolution("external")
    candidates = _provided(module if module.endswith(".rb") else f"{module}.rb", project)
    if not candidates:
        beside = _file(posixpath.normpath(posixpath.join(posixpath.dirname(importer), module)), project)
        whole = _file(posixpath.normpath(module), project) if module.endswith(".rb") or "/" in module else None
        found = whole or (beside if module.endswith(".rb") else None)
        return Resolution("resolved", found) if found is not None else Resolution("external")
    if len(candidates) == 1:
        return Resolution("resolved", candidates[0])
    near = max(shared_folders(posixpath.dirname(importer), c) for c in candidates)
    nearest = [c for c in candidates if shared_folders(posixpath.dirname(importer), c) == near]
    # lib/ comes before test/ and spec/ on the load path
    nearest.sort(key=lambda c: (_rank(c), c))
    if len(nearest) == 1 or (near > 0 and _rank(nearest[0]) < _rank(nearest[1])):
        return Resolution("resolved", nearest[0])
    lib = [c for c in nearest if _rank(c) == 0]
    if len(lib) == 1:
        return Resolution("resolved", lib[0])
    return Resolution("ambiguous", nearest[0], tuple(nearest))


def _file(path: str, project: Project) -> str | None:
    if path.startswith("../") or path == "..":
        return None
    return next(
        (path + s for s in _SUFFIXES if path + s in project.paths and (path + s).endswith((".rb", ".ru"))), None
    )


def _rank(path: str) -> int:
    parts = path.split("/")
    return 0 if "lib" in parts and not {"test", "spec", "tests"} & set(parts) else 1


def _provided(module: str, project: Project) -> list[str]:
    """Files that a load path may give for `a/b.rb`, sorted."""
    table = project.memo("ruby.provided")
    if not table:
        table[""] = []
        for root in sorted(roots(project)):
            prefix = f"{root}/" if root else ""
            for path in _under(root, project):
                table.setdefault(path[len(prefix) :], []).append(path)
    return sorted(set(table.get(module, [])))


def _under(root: str, project: Project) -> list[str]:
    table = project.memo("ruby.folders")
    if not table:
        for path in project.paths:
            if path.endswith(".rb"):
                at = posixpath.dirname(path)
                while at:
                    table.setdefault(at, []).append(path)
                    at = posixpath.dirname(at)
        table.setdefault("", [])
    return sorted(table.get(root, []))


def roots(project: Project) -> set[str]:
    """Folders of the load path: lib/, test/ and spec/ wherever they are, those that gemspecs name, and the folders of
    Zeitwerk below app/."""
    known = project.memo("ruby.roots")
    if not known:
        found: set[str] = set()
        for path in project.paths:
            if path.endswith(".rb"):
                parts = path.split("/")[:-1]
                for i, part in enumerate(parts):
                    if part in _FOLDERS:
                        found.add("/".join(parts[: i + 1]))
                        if part == "app" and i + 1 < len(parts):
                            found.add("/".join(parts[: i + 2]))
                    elif part == "vendor_ruby":
                        found.add("/".join(parts[: i + 1]))
            elif path.endswith(".gemspec"):
                found |= _required(path, project)
        known["roots"] = found - {""}
    roots_: set[str] = known["roots"]
    return roots_


def _required(path: str, project: Project) -> set[str]:
    """Folders that a gemspec names."""
    try:
        text = project.read(path)[:100_000].decode("utf-8", "replace")
    except (OSError, KeyError):
        return set()
    folder = posixpath.dirname(path)
    found = set()
    for match in _REQUIRE_PATHS.finditer(text):
        for name in re.findall(r"[\w./-]+", match[1].removeprefix("%w")):
            found.add(posixpath.normpath(posixpath.join(folder, name)))
    return {f for f in found if f != "."}


def underscored(name: str) -> str:
    """`ActiveRecord.HTMLPart` as "active_record/html_part", as Zeitwerk and gems name files."""
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name.replace(".", "/"))
    return re.sub(r"([a-z\d])([A-Z])", r"\1_\2", text).lower()
