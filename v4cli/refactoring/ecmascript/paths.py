"""Which files are JavaScript or TypeScript, and their extensions."""

from __future__ import annotations

import re
from posixpath import basename

#: a declaration file, else a source file
_EXTENSION = re.compile(r"(?:\.d\.[cm]?ts|\.[cm]?[jt]s|\.[jt]sx)\Z")
#: extension of a source -> extensions of what the compiler makes of it, by which an import may name it
EMITTED = {
    ".ts": (".js",),
    ".tsx": (".js", ".jsx"),
    ".mts": (".mjs",),
    ".cts": (".cjs",),
    ".d.ts": (".js",),
    ".d.mts": (".mjs",),
    ".d.cts": (".cjs",),
}


def is_ecmascript(path: str) -> bool:
    return _EXTENSION.search(path) is not None


def is_typescript(path: str) -> bool:
    return extension(path) in EMITTED


def extension(path: str) -> str:
    """`.d.ts` counts as one extension; "" for files of other languages."""
    found = _EXTENSION.search(path)
    return found[0] if found else ""


def stem(path: str) -> str:
    """The path without its extension."""
    return path.removesuffix(extension(path))


def is_index(path: str) -> bool:
    """Whether importers may name the folder instead of the file."""
    return basename(stem(path)) == "index"
