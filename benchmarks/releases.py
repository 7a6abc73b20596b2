"""Source releases from PyPI, pinned by SHA-256, unpacked as data: nothing of them is installed or run."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

CACHE = Path(".cache/releases")

#: name -> (version, SHA-256 of the sdist)
PINNED = {
    "scrapy": ("2.12.0", "d66d6e76009b12447604196875a463b61d10721140032a8084a0a52df7f4788f"),
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
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != digest:
        archive.unlink()
        raise ValueError(f"{archive}: SHA-256 is {found}, not {digest}; the file is deleted")
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        (Path(scratch) / f"{name}-{version}").rename(root)
    return root


def repository(name: str, target: Path, cache: Path = CACHE) -> Path:
    """A fresh copy of the release at `target`, committed to a new git repository."""
    import shutil

    shutil.copytree(fetch(name, cache), target, symlinks=True)
    identity = ["-c", "user.name=release", "-c", "user.email=release@localhost", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], ["add", "-A", "-f"], ["commit", "-q", "-m", f"{name} {PINNED[name][0]}"]):
        subprocess.run(["git", *identity, "-C", str(target), *arguments], check=True, capture_output=True)
    return target
