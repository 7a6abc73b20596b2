"""Source trees of C and C++ from Debian's archive, pinned by SHA-256, unpacked as data, and the flags that their
builds give the compiler: nothing of them is built or run. `gcc` (preprocessor alone) and `clangd` are the oracles of
the benchmarks beside this file; both are Debian packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import NamedTuple

from .archives import check, to_git, unpack

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "v4-benchmarks" / "debian-sources"
_POOL = "http://deb.debian.org/debian/pool/main/"
_SNAPSHOT = "http://snapshot.debian.org/archive/debian/20250520T000000Z/pool/main/"


class Tree(NamedTuple):
    archive: str
    digest: str
    #: folders of the translation units
    units: tuple[str, ...]
    #: the compiler's flags, with folders relative to the tree
    flags: tuple[str, ...]
    #: what the tree has that others have not
    shows: str = ""
    #: files that the build leaves out on this platform
    left_out: tuple[str, ...] = ()


TREES = {
    "lua": Tree(
        "l/lua5.4/lua5.4_5.4.4.orig.tar.gz",
        "164c7849653b80ae67bec4b7473b884bf5cc8d2dca05653475ec2ed27b9ebf61",
        ("src",),
        ("-DLUA_USE_LINUX", "-DLUAI_ASSERT", "-DLUA_USE_JUMPTABLE=0"),
        "C, one folder, fields from macros",
    ),
    "redis": Tree(
        "r/redis/redis_7.0.15.orig.tar.gz",
        "4b1dc4ee6d622a09fff9c6777191209750fb5e5a725ef78ea012d6eef4c22982",
        ("src",),
        ("-Ideps/hiredis", "-Ideps/linenoise", "-Ideps/lua/src", "-Ideps/hdr_histogram", "-Isrc"),
        "C, vendored libraries, copies of one file",
    ),
    "libevent": Tree(
        "libe/libevent/libevent_2.1.12-stable.orig.tar.gz",
        "92e6de1be9ec176428fd2367677e61ceffc2ee1cb119035037a27d346b0403bb",
        ("",),
        ("-I.", "-Iinclude", "-Icompat"),
        "C, include folders, queues of macros, generated configuration",
    ),
    "leveldb": Tree(
        "l/leveldb/leveldb_1.23.orig.tar.gz",
        "9a37f8a6174f09bd622bc723b55881dc541cd50747cbd08831c2a82d620f6d76",
        ("db", "table", "util", "helpers/memenv", "port"),
        ("-I.", "-Iinclude", "-DLEVELDB_PLATFORM_POSIX=1", "-std=c++17"),
        "C++, interfaces, public headers apart",
        ("util/env_windows.cc", "util/env_windows_test.cc"),
    ),
    "re2": Tree(
        "r/re2/re2_20220601+dfsg.orig.tar.xz",
        "3bc61251da3b0b97be40a8a127818c517c62516e4eda11fc901d29496663df54",
        ("re2", "util"),
        ("-I.", "-std=c++17"),
        "C++, templates, nested classes",
    ),
}
SUFFIXES = (".c", ".cc", ".cpp")


def fetch(name: str, cache: Path = CACHE) -> Path:
    """The unpacked tree; downloads its archive at first use.

    Raises ValueError when the archive's digest is not the pinned one.
    """
    tree = TREES[name]
    file = tree.archive.rsplit("/", 1)[-1]
    root = cache / file.partition(".orig")[0]
    if root.is_dir():
        return root
    cache.mkdir(parents=True, exist_ok=True)
    archive = cache / file
    if not archive.is_file():
        for base in (_POOL, _SNAPSHOT):
            try:
                with urllib.request.urlopen(base + tree.archive, timeout=120) as answer:
                    archive.write_bytes(answer.read())
                break
            except OSError:
                if base == _SNAPSHOT:
                    raise
    check(archive, tree.digest)
    unpack(archive, root)
    return root


def repository(name: str, target: Path, cache: Path = CACHE) -> Path:
    """A fresh copy of the tree at `target` in a new git repository."""
    shutil.copytree(fetch(name, cache), target, symlinks=True)
    return to_git(target)


def units(name: str, root: Path) -> list[str]:
    """Translation units of a tree, by path."""
    found = []
    for folder in TREES[name].units:
        found += [p.relative_to(root).as_posix() for p in (root / folder).iterdir() if p.suffix in SUFFIXES]
    return sorted(set(found) - set(TREES[name].left_out))


def flags(name: str, root: Path, stubs: Path) -> list[str]:
    """What the compiler is called with, besides the file."""
    found = [f"-I{root / f[2:]}" if f.startswith("-I") else f for f in TREES[name].flags]
    return [*found, f"-I{stubs}"]


def preprocess(name: str, root: Path, unit: str, stubs: Path) -> str:
    """The output of `gcc -E -dI`. Headers that are not there (made by the build, or of other packages) are made, empty,
    in `stubs`. Raises RuntimeError where the file cannot be preprocessed otherwise."""
    command = ["gcc", "-E", "-dI", *flags(name, root, stubs), str(root / unit)]
    for _ in range(60):
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        missing = [line for line in done.stderr.splitlines() if "fatal error:" in line and "No such file" in line]
        if not missing:
            return done.stdout
        header = stubs / missing[0].split("fatal error: ", 1)[1].rsplit(":", 1)[0].strip()
        header.parent.mkdir(parents=True, exist_ok=True)
        header.touch()
    raise RuntimeError(f"{name}: {unit} cannot be preprocessed")
