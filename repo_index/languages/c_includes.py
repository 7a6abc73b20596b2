"""Where includes of C and C++ lead, and which files a file sees through them.

Folders are searched in the compiler's order: for `"x.h"` the includer's own, then those that compile_commands.json
gives, else those that build files name and those that are called include. Where none of them holds the file, one of
the repository whose path ends with the specifier is meant; of several the nearest, as "ambiguous". A header that the
build makes from a template is external: files of its name that do not stand beside the template are copies for other
builds, whose names the includer still sees.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterable
from typing import Any

from ..folders import shared_folders
from .base import Project, Resolution
from .c_headers import SYSTEM_HEADERS

_DATABASE = "compile_commands.json"
_DATABASE_BYTES = 32_000_000
_BUILD_BYTES = 400_000
_BUILD_FILES = frozenset(
    "CMakeLists.txt Makefile makefile GNUmakefile Makefile.am Makefile.in configure.ac meson.build setup.py "
    "pyproject.toml binding.gyp BUILD BUILD.bazel SConscript SConstruct wscript xmake.lua build.zig "
    "Package.swift".split()
)
_MAX_BUILD_FILES = 400
_FLAG = re.compile(r"-(?:I|isystem\s*|iquote\s*|idirafter\s*)\s*[\"']?([^\s\"';,()]+)")
_CALLS = re.compile(
    r"\b(?:target_include_directories|include_directories|include_dirs|includes|headerSearchPath|INCLUDE_DIRECTORIES)\b"
    r"\s*[=:]?\s*[\[(]([^])]*)[\])]",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\s\"',()\[\]]+")
_VARIABLE = re.compile(
    r"\$[({](?:CMAKE_(?:CURRENT_)?(?:SOURCE|BINARY)_DIR|PROJECT_SOURCE_DIR|PROJECT_BINARY_DIR|\w+_SOURCE_DIR|srcdir|"
    r"top_srcdir|abs_srcdir|abs_top_srcdir|top_builddir|builddir|SRCDIR|CURDIR|TOP)[)}]|@(?:top_)?srcdir@"
)
_EXPRESSION = re.compile(r"\$<BUILD_INTERFACE:([^>]*)>")
SOURCES = (".c", ".cc", ".cpp", ".cxx", ".c++", ".cu", ".m", ".mm")
_SUFFIXES = (*SOURCES, ".h", ".hh", ".hpp", ".hxx", ".h++", ".inl", ".inc", ".ipp", ".tcc", ".def", ".cuh")
_TEMPLATES = (".in", ".cmake", ".cmake.in", ".meson", ".meson.in")
_CLOSURES = 4000


def resolve(module: str, importer: str, project: Project) -> Resolution:
    """The file that `"x.h"` or `<x.h>` in `importer` means."""
    memo = project.memo("c-includes")
    key = (module, posixpath.dirname(importer), importer if _commands(project)[0] else "")
    found = memo.get(key)
    if found is None:
        found = memo[key] = _resolve(module, importer, project)
    return found


def _resolve(module: str, importer: str, project: Project) -> Resolution:
    quoted, name = module.startswith('"'), module[1:-1].replace("\\", "/")
    if not name or name.startswith("/"):
        return Resolution("external")
    own = posixpath.dirname(importer)
    folders = [own] if quoted else []
    exact, union = _commands(project)
    given = exact.get(importer)
    folders += given if given is not None else union
    for folder in folders:
        path = _join(folder, name)
        if path in project.paths:
            return Resolution("resolved", path)
    if not quoted and name in SYSTEM_HEADERS:
        return Resolution("external")
    if given is None:
        for folder in _folders(project, own):
            path = _join(folder, name)
            if path in project.paths and not _is_copy(path, project):
                return Resolution("resolved", path)
    candidates = _ending(name, project)
    if candidates and all(_is_copy(path, project) for path in candidates):
        return Resolution("external", candidates=tuple(candidates))
    if len(candidates) == 1 and (quoted or "/" in name or not union):
        return Resolution("resolved", candidates[0])
    if len(candidates) > 1 and quoted:
        nearest = min(candidates, key=lambda c: (-shared_folders(own, c), c.count("/"), c))
        return Resolution("ambiguous", nearest, tuple(candidates))
    return Resolution("unresolved" if quoted and name not in SYSTEM_HEADERS else "external")


def _join(folder: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(folder, name))


def _ending(name: str, project: Project) -> list[str]:
    """Files whose path ends with a specifier."""
    memo = project.memo("c-by-name")
    if not memo:
        memo[""] = []
        for path in sorted(project.paths):
            memo.setdefault(posixpath.basename(path), []).append(path)
    clean = posixpath.normpath(name)
    while clean.startswith("../"):
        clean = clean[3:]
    return [p for p in memo.get(posixpath.basename(clean), ()) if p == clean or p.endswith("/" + clean)]


def _is_copy(path: str, project: Project) -> bool:
    """Whether a header stands elsewhere than the template from which builds make one of its name."""
    memo = project.memo("c-templates")
    if not memo:
        memo[""] = set()
        for template in project.paths:
            for suffix in _TEMPLATES:
                if template.endswith(suffix):
                    made = template[: -len(suffix)]
                    memo.setdefault(posixpath.basename(made), set()).add(posixpath.dirname(made))
    folders = memo.get(posixpath.basename(path))
    return folders is not None and posixpath.dirname(path) not in folders


# -- include folders


def _commands(project: Project) -> tuple[dict[str, list[str]], list[str]]:
    """From compile_commands.json: the include folders of each file, and those of all, the most frequent first."""
    memo = project.memo("c-commands")
    if "" not in memo:
        exact: dict[str, list[str]] = {}
        counts: dict[str, int] = {}
        for path in sorted((p for p in project.paths if posixpath.basename(p) == _DATABASE), key=lambda p: (len(p), p)):
            for entry in _entries(project, path):
                _entry(entry, path, project, exact, counts)
        memo[""] = (exact, sorted(counts, key=lambda f: (-counts[f], f)))
    found: tuple[dict[str, list[str]], list[str]] = memo[""]
    return found


def _entries(project: Project, path: str) -> list[dict[str, Any]]:
    try:
        data = project.read(path)
        parsed = json.loads(data) if len(data) <= _DATABASE_BYTES else []
    except (OSError, KeyError, ValueError, RecursionError):
        return []
    return [e for e in parsed if isinstance(e, dict)] if isinstance(parsed, list) else []


def _entry(
    entry: dict[str, Any], database: str, project: Project, exact: dict[str, list[str]], counts: dict[str, int]
) -> None:
    file, folder = entry.get("file"), entry.get("directory")
    arguments = entry.get("arguments")
    if arguments is None and isinstance(entry.get("command"), str):
        try:
            arguments = shlex.split(entry["command"])
        except ValueError:
            return
    if not isinstance(file, str) or not isinstance(folder, str) or not isinstance(arguments, list):
        return
    root = _root(folder, file, database, project)
    if root is None:
        return
    source = _inside(root, folder, file)
    found: list[str] = []
    words = [str(a) for a in arguments]
    for number, word in enumerate(words):
        for flag in ("-I", "-iquote", "-isystem", "-idirafter", "/I"):
            if word == flag and number + 1 < len(words):
                value = words[number + 1]
            elif word.startswith(flag) and len(word) > len(flag):
                value = word[len(flag) :]
            else:
                continue
            inside = _inside(root, folder, value)
            if inside is not None and inside not in found:
                found.append(inside)
            break
    if source is not None:
        exact.setdefault(source, found)
    for inside in found:
        counts[inside] = counts.get(inside, 0) + 1


def _root(folder: str, file: str, database: str, project: Project) -> str | None:
    """The absolute folder that the repository had when the database was written: what is left of an absolute path
    without a path of the repository."""
    memo = project.memo("c-roots")
    if folder in memo:
        known: str | None = memo[folder]
        return known
    whole = posixpath.normpath(posixpath.join(folder, file))
    pieces = whole.split("/")
    found = None
    for number in range(1, len(pieces)):
        if "/".join(pieces[number:]) in project.paths:
            found = "/".join(pieces[:number]) or "/"
            break
    if found is not None:
        memo[folder] = found
    return found


def _inside(root: str, folder: str, path: str) -> str | None:
    """A path relative to the repository, None for one outside."""
    whole = posixpath.normpath(posixpath.join(folder, path))
    if whole == root:
        return ""
    return whole[len(root) + 1 :] if whole.startswith(root.rstrip("/") + "/") else None


def _folders(project: Project, own: str) -> list[str]:
    """Include folders for a file without an entry in the database: those that build files name, nearest first, then
    those called include or src, then the top."""
    tables, memo = project.memo("c-folder-tables"), project.memo("c-folders")
    if not tables:
        tables["named"], tables["conventional"] = _named_by_builds(project), _conventional(project)
    if own not in memo:
        named, conventional = tables["named"], tables["conventional"]
        nearest = sorted(named, key=lambda n: (-shared_folders(own, n[0] + "/"), n[1]))
        found = [folder for _, _, folder in nearest]
        found += sorted(conventional, key=lambda f: (-shared_folders(own, f + "/"), f.count("/"), f))
        memo[own] = list(dict.fromkeys([*found, ""]))
    answer: list[str] = memo[own]
    return answer


def _conventional(project: Project) -> set[str]:
    found: set[str] = set()
    for path in project.paths:
        pieces = path.split("/")[:-1]
        for number, piece in enumerate(pieces):
            if piece in ("include", "inc", "src", "source", "includes", "headers"):
                found.add("/".join(pieces[: number + 1]))
    return found


def _named_by_builds(project: Project) -> list[tuple[str, int, str]]:
    """(folder of the build file, rank, include folder), in the order of the files' text."""
    folders = {"/".join(p.split("/")[:n]) for p in project.paths for n in range(p.count("/") + 1)}
    builds = [
        p for p in project.paths if posixpath.basename(p) in _BUILD_FILES or p.endswith((".mk", ".cmake", ".pro"))
    ]
    found: list[tuple[str, int, str]] = []
    for path in sorted(builds, key=lambda p: (p.count("/"), p))[:_MAX_BUILD_FILES]:
        try:
            data = project.read(path)
        except (OSError, KeyError):
            continue
        if len(data) <= _BUILD_BYTES:
            own = posixpath.dirname(path)
            for folder in _folders_in(data.decode("utf-8", "replace"), own, folders):
                found.append((own, len(found), folder))
    return found


def _folders_in(text: str, own: str, folders: set[str]) -> list[str]:
    words = _FLAG.findall(text)
    for match in _CALLS.finditer(text):
        words += _WORD.findall(_EXPRESSION.sub(r"\1", match[1]))
    found: dict[str, None] = {}
    for word in words:
        top = "top_srcdir" in word or "CMAKE_SOURCE_DIR" in word or "PROJECT_SOURCE_DIR" in word
        plain = _VARIABLE.sub(".", _EXPRESSION.sub(r"\1", word)).rstrip("/\\>")
        if not plain or plain.startswith(("/", "$", "-", "@")):
            continue
        for base in ("", own) if top else (own, ""):
            folder = _join(base, plain)
            folder = "" if folder == "." else folder
            if folder in folders:
                found[folder] = None
                break
    return list(found)


# -- what a file sees


def included(path: str, project: Project) -> tuple[str, ...]:
    """The files of the repository that a file includes itself."""
    memo = project.memo("c-included")
    found = memo.get(path)
    if found is None:
        targets: dict[str, None] = {}
        for fact in project.outline(path).imports:
            if fact.module[:1] in ('"', "<"):
                resolution = resolve(fact.module, path, project)
                for target in resolution.candidates or (resolution.path,):
                    if target is not None:
                        targets[target] = None
        found = memo[path] = tuple(targets)
    return found


def closure(path: str, project: Project) -> frozenset[str]:
    """A file and all that it includes, directly or not."""
    memo = project.memo("c-closure")
    found = memo.get(path)
    if found is None:
        found = _reached([path], project)
        if len(memo) > _CLOSURES:
            memo.clear()
        memo[path] = found
    return found


def _reached(start: Iterable[str], project: Project) -> frozenset[str]:
    seen = set(start)
    todo = list(seen)
    while todo:
        for target in included(todo.pop(), project):
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return frozenset(seen)


def _includers(project: Project) -> dict[str, list[str]]:
    memo = project.memo("c-includers")
    if "" not in memo:
        found: dict[str, list[str]] = {}
        for path in sorted(project.paths):
            if path.lower().endswith(_SUFFIXES):
                for target in included(path, project):
                    found.setdefault(target, []).append(path)
        memo[""] = found
    answer: dict[str, list[str]] = memo[""]
    return answer


def surroundings(path: str, project: Project) -> frozenset[str]:
    """What an included file may see besides: its includers, and what they include."""
    memo = project.memo("c-surroundings")
    found = memo.get(path)
    if found is None:
        includers = _includers(project)
        above = {path}
        todo = [path]
        while todo:
            for source in includers.get(todo.pop(), ()):
                if source not in above:
                    above.add(source)
                    todo.append(source)
        found = _reached(above, project) if len(above) > 1 else frozenset(above)
        if len(memo) > _CLOSURES:
            memo.clear()
        memo[path] = found
    return found
