"""Where a JavaScript or TypeScript module specifier leads, by the rules of Node, bundlers and TypeScript.

Sources: nodejs.org/api/modules.html and esm.html (packages, exports, imports), the TypeScript handbook's
"Modules - Theory/Reference" (paths, baseUrl, extension substitution).
"""

from __future__ import annotations

import posixpath
import re

from .base import Project, Resolution
from .ecmascript_config import (
    Compiler,
    compilers,
    folders_above,
    join,
    package_of,
    read_object,
    workspace_packages,
)
from .ecmascript_packages import entry, offered, targets

BUILTINS = frozenset(
    "assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns domain "
    "events fs http http2 https inspector module net os path perf_hooks process punycode querystring readline repl "
    "stream string_decoder sys timers tls trace_events tty url util v8 vm wasi worker_threads zlib".split()
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:")
_TYPESCRIPT = (".ts", ".tsx", ".d.ts", ".mts", ".cts", ".d.mts", ".d.cts")
_JAVASCRIPT = (".js", ".jsx", ".mjs", ".cjs")
_OTHERS = (
    ".json", ".vue", ".svelte", ".node", ".native.ts", ".native.tsx", ".native.js", ".web.ts", ".web.tsx", ".web.js",
    ".ios.js", ".ios.ts", ".ios.tsx", ".android.js",
)  # fmt: skip
#: TypeScript sources that the name of an emitted file may stand for
_SUBSTITUTES = {
    ".js": (".ts", ".tsx", ".d.ts", ".jsx"),
    ".jsx": (".tsx", ".d.ts"),
    ".mjs": (".mts", ".d.mts"),
    ".cjs": (".cts", ".d.cts"),
}
_EXTERNAL = Resolution("external")
_UNRESOLVED = Resolution("unresolved")
_MAX_STEPS = 8


def resolve_module(module: str, importer: str, project: Project) -> Resolution:
    """The file that a specifier written in `importer` names.

    external: a package that the repository does not hold, or a module of the runtime. unresolved: a relative
    or mapped path that no file answers to.
    """
    folder = posixpath.dirname(importer)
    typed = importer.endswith(_TYPESCRIPT)
    memo = project.memo("ecmascript modules")
    key = (module, folder, typed)
    if key not in memo:
        memo[key] = _Resolver(project, typed).resolve(module, folder)
    found: Resolution = memo[key]
    return found


class _Resolver:
    def __init__(self, project: Project, typed: bool) -> None:
        self.project = project
        self.paths = project.paths
        self.extensions = (*_TYPESCRIPT, *_JAVASCRIPT, *_OTHERS) if typed else (*_JAVASCRIPT, *_TYPESCRIPT, *_OTHERS)
        self.typed = typed

    def resolve(self, module: str, folder: str, steps: int = 0) -> Resolution:
        written = module
        module = module.split("?", 1)[0].rsplit("!", 1)[-1]
        if not module or "\0" in module or len(module) > 2000 or steps > _MAX_STEPS:
            return _UNRESOLVED
        if module in (".", "..") or module.startswith(("./", "../")):
            return self._state(self._relative(folder, module))
        if module.startswith("/"):
            return self._state(self._relative("", module.lstrip("/")))
        if _SCHEME.match(module) or (
            module.split("/", 1)[0] in BUILTINS and written == module and not self._own(module, folder)
        ):
            return _EXTERNAL
        mapped = self._mapped(module, folder)
        if mapped is not None:
            return mapped
        if module.startswith("#"):
            return self._internal(module, folder, steps)
        return self._package(module, folder)

    def _own(self, module: str, folder: str) -> bool:
        """Whether a package of the workspace bears the name of a module of Node (`events`, `url`)."""
        return module.split("/", 1)[0] in workspace_packages(folder, self.project)

    def _state(self, path: str | None) -> Resolution:
        return Resolution("resolved", path) if path is not None else _UNRESOLVED

    # -- files

    def _relative(self, folder: str, module: str) -> str | None:
        path = join(folder, module)
        if path is None:
            return None
        if module.endswith(("/", "/.", "/..")) or module in (".", "..") or not path:
            return self._folder(path)
        return self.find(path)

    def find(self, path: str) -> str | None:
        """The file that a path, with or without its extension, or a folder means."""
        return self._file(path) or self._folder(path)

    def _file(self, path: str) -> str | None:
        stem, extension = posixpath.splitext(path)
        emitted = [stem + e for e in _SUBSTITUTES.get(extension, ())]
        exact = [path]
        for candidate in (*emitted, *exact) if self.typed else (*exact, *emitted):
            if candidate in self.paths:
                return candidate
        for e in self.extensions:
            if path + e in self.paths:
                return path + e
        return None

    def _folder(self, path: str, steps: int = 0) -> str | None:
        package = read_object(posixpath.join(path, "package.json"), self.project)
        if package is not None and steps < 2:

            def find(base: str) -> str | None:
                return self._file(base) or (self._folder(base, steps + 1) if base != path else None)

            return entry(path, {k: v for k, v in package.items() if k != "exports"}, "", find)
        index = posixpath.join(path, "index")
        return self._file(index)

    # -- mapped names

    def _mapped(self, module: str, folder: str) -> Resolution | None:
        """By `paths` and `baseUrl` of the compiler settings around a folder."""
        missed = False
        for compiler in compilers(folder, self.project):
            pattern, star, listed = _best_pattern(compiler, module)
            for target in listed:
                relative = target.replace("*", star, 1)
                found = self._relative(compiler.base, relative) or offered(compiler.base, relative, self.find)
                if found is not None:
                    return Resolution("resolved", found)
            missed = missed or (bool(listed) and pattern not in ("*", module))
            if compiler.base_url is not None and not module.startswith("#"):
                found = self._relative(compiler.base_url, f"./{module}")
                if found is not None and (found.endswith(_TYPESCRIPT + _JAVASCRIPT) or "/" in module):
                    return Resolution("resolved", found)
        if missed and not self._known_package(module, folder):
            return _UNRESOLVED
        return None

    def _known_package(self, module: str, folder: str) -> bool:
        """Whether a workspace, or what the nearest package.json depends on, has the package of a specifier."""
        name, _ = package_name(module)
        if name in workspace_packages(folder, self.project) or module.startswith("#"):
            return True
        package = package_of(folder, self.project)
        if package is None:
            return False
        tables = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
        return any(isinstance(t := package[1].get(table), dict) and name in t for table in tables)

    def _internal(self, module: str, folder: str, steps: int) -> Resolution:
        """`#name`, by `imports` of the nearest package.json."""
        package = package_of(folder, self.project)
        if package is None:
            return _UNRESOLVED
        top, content = package
        external = False
        for target in targets(content.get("imports"), module):
            if target.startswith("."):
                found = offered(top, target, self.find)
                if found is not None:
                    return Resolution("resolved", found)
            elif not target.startswith("#"):
                resolution = self.resolve(target, folder, steps + 1)
                if resolution.path is not None:
                    return resolution
                external = external or resolution.state == "external"
        return _EXTERNAL if external else _UNRESOLVED

    # -- packages

    def _package(self, module: str, folder: str) -> Resolution:
        name, subpath = package_name(module)
        folders = self._package_folders(name, folder)
        found = []
        for at in folders:
            package = read_object(posixpath.join(at, "package.json"), self.project) or {}
            path = entry(at, package, subpath, self.find)
            if path is not None:
                found.append(path)
        if len(found) > 1:
            return Resolution("ambiguous", found[0], tuple(found))
        if found:
            return Resolution("resolved", found[0])
        return _UNRESOLVED if folders else _EXTERNAL

    def _package_folders(self, name: str, folder: str) -> tuple[str, ...]:
        """Folders of the repository that hold the package `name`, as seen from `folder`."""
        for above in folders_above(folder):
            installed = posixpath.join(above, "node_modules", name)
            if posixpath.join(installed, "package.json") in self.paths:
                return (installed,)
        package = package_of(folder, self.project)
        if package is not None:
            top, content = package
            if content.get("name") == name:
                return (top,)
            for table in ("dependencies", "devDependencies"):
                listed = content.get(table)
                wanted = listed.get(name) if isinstance(listed, dict) else None
                if isinstance(wanted, str) and wanted.startswith(("file:", "link:", "portal:")):
                    path = join(top, wanted.split(":", 1)[1])
                    if path is not None and posixpath.join(path, "package.json") in self.paths:
                        return (path,)
        return workspace_packages(folder, self.project).get(name, ())


def package_name(module: str) -> tuple[str, str]:
    """Package and subpath of a bare specifier: `@a/b/c/d` -> ("@a/b", "c/d")."""
    parts = module.split("/")
    count = 2 if module.startswith("@") else 1
    return "/".join(parts[:count]), "/".join(parts[count:])


def _best_pattern(compiler: Compiler, module: str) -> tuple[str, str, tuple[str, ...]]:
    """The pattern of `paths` that a specifier matches (an exact one, else the longest prefix), what its `*`
    stands for, and its targets."""
    best: tuple[str, str, tuple[str, ...]] = ("", "", ())
    length = -1
    for pattern, listed in compiler.paths:
        if pattern == module:
            return pattern, "", listed
        head, star, tail = pattern.partition("*")
        fits = star and module.startswith(head) and module.endswith(tail) and len(module) >= len(head) + len(tail)
        if fits and len(head) > length:
            best, length = (pattern, module[len(head) : len(module) - len(tail)], listed), len(head)
    return best
