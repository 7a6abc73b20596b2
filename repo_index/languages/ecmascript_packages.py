"""The files that a package of the repository offers: `exports`, `imports`, `main` and their like."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any

from .ecmascript_config import join

#: finds the file that a path without its extension, or a folder, means; None when there is none
Find = Callable[[str], "str | None"]

_MAX_TARGETS = 100
_BUILT = re.compile(
    r"(?:dist|build|lib|libs|out|output|es|esm|cjs|umd|types?|typings|bundles?|module|node|browser)\b.*"
)
_BUILT_SUFFIX = re.compile(
    r"(?:\.(?:min|prod|production|development|dev|esm|es|cjs|umd|mjs|modern|legacy-esm|module|bundler|browser|node"
    r"|common|global|runtime|esm-bundler))*(?:\.d)?\.[cm]?[jt]sx?\Z"
)
_SOURCES = ("src", "source", "lib", "")


def targets(exports: Any, subpath: str) -> list[str]:
    """Files that an `exports` or `imports` table offers for a subpath ("." or "./x" or "#x"), all conditions
    taken together, conditions that name sources first."""
    if isinstance(exports, dict) and any(k.startswith((".", "#")) for k in exports):
        found = _entry(exports, subpath)
        if found is None:
            return []
        value, star = found
    elif subpath == ".":
        value, star = exports, ""
    else:
        return []
    listed = list(dict.fromkeys(t.replace("*", star) for t in _flatten(value)))
    return listed[:_MAX_TARGETS]


def _entry(table: dict[str, Any], subpath: str) -> tuple[Any, str] | None:
    if subpath in table and "*" not in subpath:
        return table[subpath], ""
    best: tuple[int, Any, str] | None = None
    for pattern, value in table.items():
        if pattern.count("*") == 1:
            head, _, tail = pattern.partition("*")
        elif pattern.endswith("/"):
            head, tail = pattern, ""
            value = f"{value}*" if isinstance(value, str) else None
        else:
            continue
        fits = subpath.startswith(head) and subpath.endswith(tail) and len(subpath) >= len(head) + len(tail)
        if fits and (best is None or len(head) > best[0]):
            best = (len(head), value, subpath[len(head) : len(subpath) - len(tail)])
    return (best[1], best[2]) if best is not None else None


def _flatten(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < 12 and isinstance(value, list):
        for one in value:
            yield from _flatten(one, depth + 1)
    elif depth < 12 and isinstance(value, dict):
        for condition in sorted(value, key=lambda c: not ("source" in c or c == "development")):
            yield from _flatten(value[condition], depth + 1)


def entry(folder: str, package: dict[str, Any], subpath: str, find: Find) -> str | None:
    """The file of the package in `folder` that `name/subpath` means; "" is the package itself."""
    wanted = f"./{subpath}" if subpath else "."
    if package.get("exports") is not None:
        for target in targets(package["exports"], wanted):
            found = offered(folder, target, find)
            if found is not None:
                return found
    if subpath:
        for source in ("", "src"):
            base = join(posixpath.join(folder, source), subpath)
            found = find(base) if base else None
            if found is not None:
                return found
        return offered(folder, subpath, find)
    for key in ("source", "types", "typings", "module", "main", "browser", "jsnext:main"):
        value = package.get(key)
        found = offered(folder, value, find) if isinstance(value, str) and value else None
        if found is not None:
            return found
    name = str(package.get("name", "")).rsplit("/", 1)[-1]
    for base in ("index", "src/index", "src/main", f"src/{name}", "source/index", "lib/index"):
        path = join(folder, base)
        found = find(path) if path else None
        if found is not None:
            return found
    return None


def offered(folder: str, target: str, find: Find) -> str | None:
    """The file of the repository behind a file that a package offers: that file, or the source that it is
    built from (`dist/esm/x.d.ts` -> `src/x.ts`)."""
    path = join(folder, target)
    if path is None:
        return None
    found = find(path) if path else None
    if found is not None:
        return found
    inside = posixpath.normpath(target).split("/")
    stem = _BUILT_SUFFIX.sub("", inside[-1])
    parts = [*inside[:-1], stem]
    for count in range(len(parts)):
        if count and not _BUILT.fullmatch(parts[count - 1]):
            break
        for source in _SOURCES:
            if not count and not source:
                continue
            base = join(folder, posixpath.join(source, *parts[count:]))
            found = find(base) if base else None
            if found is not None:
                return found
    return None
