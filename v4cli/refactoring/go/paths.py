"""Which files are Go, and what their names say."""

from __future__ import annotations

import re
from posixpath import basename

_SYSTEMS = frozenset(
    "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows "
    "zos".split()
)
_MACHINES = frozenset(
    "386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ppc64 "
    "ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm".split()
)


def is_go(path: str) -> bool:
    return path.endswith(".go")


def is_test(path: str) -> bool:
    return path.endswith("_test.go")


def is_vendored(path: str) -> bool:
    return "/vendor/" in f"/{path}"


def constraints(path: str) -> tuple[str, ...]:
    """What the end of a file's name says of when it is built: `_test`, an operating system, a processor."""
    parts = basename(path).removesuffix(".go").split("_")[1:]
    found = []
    if parts and parts[-1] == "test":
        found.append(parts.pop())
    if parts and parts[-1] in _MACHINES:
        found.append(parts.pop())
    if parts and parts[-1] in _SYSTEMS:
        found.append(parts.pop())
    return tuple(found)


def may_import(importer: str, imported: str) -> bool:
    """Whether a package below a folder `internal` may be imported from there; both are import paths."""
    match = re.search(r"(?:^|/)internal(?=/|$)(?!.*/internal(?:/|$))", imported)
    if match is None:
        return True
    above = imported[: match.start()]
    return importer == above or importer.startswith(above + "/")


def package_word(path: str) -> str:
    """The name that a package of this import path would usually declare, "" when no part of the path can be one."""
    parts = [p for p in path.split("/") if not re.fullmatch(r"v\d+", p)] or [""]
    word = re.sub(r"\.v\d+$", "", parts[-1])
    word = re.sub(r"^go-|-go$|[^A-Za-z0-9_]", "", word)
    return word if re.fullmatch(r"[A-Za-z_]\w*", word) else ""
