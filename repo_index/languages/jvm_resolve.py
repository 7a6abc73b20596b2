"""Where Java, Kotlin and Scala imports lead: packages, and classes as holders of members."""

from __future__ import annotations

from .base import Project, Resolution

FAMILY = "jvm"


def resolve_module(module: str, importer: str, project: Project, family: str = FAMILY) -> Resolution:
    """A package, or a type (by its file) whose members are imported."""
    known = project.namespaces(family)
    if module in known:
        return Resolution("resolved", candidates=known[module], namespace=module)
    memo = project.memo(f"{family} types")
    package, rest = module, ""
    while package:
        package, _, last = package.rpartition(".")
        rest = f"{last}.{rest}" if rest else last
        if package not in known:
            continue
        files = _types(package, known[package], project, memo).get(rest.partition(".")[0])
        if files:
            return Resolution("resolved", nearest(importer, files), files, module)
        return Resolution("unresolved" if last[:1].isupper() and package else "external")
    return Resolution("external")


def _types(
    package: str, files: tuple[str, ...], project: Project, memo: dict[str, dict[str, tuple[str, ...]]]
) -> dict[str, tuple[str, ...]]:
    """Name of a top-level definition of a package -> the files that define it."""
    found = memo.get(package)
    if found is None:
        several: dict[str, list[str]] = {}
        for path in files:
            for export in project.outline(path).exports:
                several.setdefault(export.name, []).append(path)
        found = memo[package] = {name: tuple(paths) for name, paths in several.items()}
    return found


def nearest(path: str, files: tuple[str, ...]) -> str:
    """Of several files the one that shares the most folders with `path`."""
    folders = path.split("/")[:-1]

    def distance(other: str) -> tuple[int, str]:
        same = 0
        for mine, its in zip(folders, other.split("/")[:-1], strict=False):
            if mine != its:
                break
            same += 1
        return -same, other

    return min(files, key=distance)
