"""Modules of Swift: the targets of Package.swift and the folders that they stand for."""

from __future__ import annotations

import posixpath
import re

from .base import Project

_BYTES = 400_000
_TARGET = re.compile(r"\.(target|testTarget|executableTarget|macro|plugin)\s*\(\s*name\s*:\s*\"([^\"]+)\"")
_PATH = re.compile(r"\bpath\s*:\s*\"([^\"]*)\"")
_FOLDERS = {"testTarget": ("Tests", "Sources", "Source", "src"), "plugin": ("Plugins", "Sources")}


def targets(project: Project) -> dict[str, str]:
    """folder -> name of the target that it holds, for every Package.swift."""
    memo = project.memo("swift-targets")
    if "" not in memo:
        found: dict[str, str] = {}
        for path in sorted(p for p in project.paths if posixpath.basename(p) == "Package.swift"):
            try:
                data = project.read(path)
            except (OSError, KeyError):
                continue
            if len(data) <= _BYTES:
                found |= _of_package(data.decode("utf-8", "replace"), posixpath.dirname(path))
        memo[""] = found
    answer: dict[str, str] = memo[""]
    return answer


def _of_package(text: str, root: str) -> dict[str, str]:
    found: dict[str, str] = {}
    matches = list(_TARGET.finditer(text))
    for number, match in enumerate(matches):
        end = matches[number + 1].start() if number + 1 < len(matches) else len(text)
        given = _PATH.search(text, match.end(), end)
        if given is not None:
            folders = [given[1].rstrip("/")]
        else:
            folders = [f"{f}/{match[2]}" for f in _FOLDERS.get(match[1], ("Sources", "Source", "src", "srcs"))]
        for folder in folders:
            whole = posixpath.normpath(posixpath.join(root, folder))
            found.setdefault("" if whole == "." else whole, match[2])
    return found


def target(path: str, project: Project) -> str:
    """The target of a file, "" where no package says."""
    folders = targets(project)
    at = posixpath.dirname(path)
    while at:
        if at in folders:
            return folders[at]
        at = posixpath.dirname(at)
    return folders.get("", "")


def files(name: str, project: Project) -> tuple[str, ...]:
    """The Swift files of a target."""
    memo = project.memo("swift-files")
    if not memo:
        memo[""] = ()
        for path in sorted(project.paths):
            if path.endswith(".swift"):
                memo[target(path, project)] = (*memo.get(target(path, project), ()), path)
    found: tuple[str, ...] = memo.get(name, ())
    return found


def imported(path: str, project: Project) -> frozenset[str]:
    """The modules that a file imports."""
    memo = project.memo("swift-imported")
    if path not in memo:
        memo[path] = frozenset(fact.module for fact in project.outline(path).imports)
    found: frozenset[str] = memo[path]
    return found
