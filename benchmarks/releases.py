"""Source releases from PyPI, pinned by SHA-256, unpacked as data: nothing of them is installed or run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .archives import check, to_git, unpack

CACHE = Path(".cache/releases")

#: name -> (version, SHA-256 of the sdist)
PINNED = {
    "Django": ("5.1.4", "de450c09e91879fa5a307f696e57c851955c910a438a35e6b4c895e86bedc82a"),
    "celery": ("5.4.0", "504a19140e8d3029d5acad88330c541d4c3f64c789d85f94756762d8bca7e706"),
    "networkx": ("3.4.2", "307c3669428c5362aab27c8a1260aa8f47c4e91d3891f48be0141738d8d053e1"),
    "pylint": ("3.3.2", "9ec054ec992cd05ad30a6df1676229739a73f8feeabf3912c995d17601052b01"),
    "scrapy": ("2.12.0", "d66d6e76009b12447604196875a463b61d10721140032a8084a0a52df7f4788f"),
    "sphinx": ("8.1.3", "43c1911eecb0d3e161ad78611bc905d1ad0e523e4ddc202a58a821773dc4c927"),
    "sympy": ("1.13.3", "b27fd2c6530e0ab39e275fc9b683895367e51d5da91baa8d3d64db2565fec4d9"),
    "twisted": ("24.11.0", "695d0556d5ec579dcc464d2856b634880ed1319f45b10d19043f2b57eb0115b5"),
}


def fetch(name: str, cache: Path = CACHE) -> Path:
    """The unpacked source release `name`; downloads it with pip at first use.

    Raises ValueError when the archive's digest is not the pinned one.
    """
    version, digest = PINNED[name]
    root = cache / f"{name}-{version}"
    if root.is_dir():
        return root
    cache.mkdir(parents=True, exist_ok=True)
    archive = cache / f"{name}-{version}.tar.gz"
    if not archive.is_file():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        command += ["--disable-pip-version-check", "--dest", str(cache), f"{name}=={version}"]
        subprocess.run(command, check=True)
    check(archive, digest)
    unpack(archive, root)
    return root


def repository(name: str, target: Path, cache: Path = CACHE) -> Path:
    """A fresh copy of the release at `target`, committed to a new git repository."""
    import shutil

    shutil.copytree(fetch(name, cache), target, symlinks=True)
    return to_git(target, f"{name} {PINNED[name][0]}")
