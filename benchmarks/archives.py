"""Pinned archives of sources: their digests, unpacking, and git repositories of what they hold."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path

_IDENTITY = ["-c", "user.name=release", "-c", "user.email=release@localhost", "-c", "commit.gpgsign=false"]


def check(archive: Path, digest: str) -> None:
    """Raises ValueError, and deletes the archive, when its SHA-256 is not `digest`."""
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != digest:
        archive.unlink()
        raise ValueError(f"{archive}: SHA-256 is {found}, not {digest}; the file is deleted")


def unpack(archive: Path, root: Path) -> None:
    """Make `root` the one folder at the top of a tar archive."""
    with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        next(Path(scratch).iterdir()).rename(root)


def debian(package: str, version: str, digest: str, root: Path) -> Path:
    """`root` as the files of a Debian package; downloads it with apt-get at first use. Raises ValueError as check()."""
    if root.is_dir():
        return root
    root.parent.mkdir(parents=True, exist_ok=True)
    command = ["apt-get", "-o", "APT::Sandbox::User=root", "download", "-qq", f"{package}={version}"]
    subprocess.run(command, check=True, cwd=root.parent)
    archive = max(root.parent.glob(f"{package}_*.deb"))
    check(archive, digest)
    subprocess.run(["dpkg", "-x", str(archive), str(root)], check=True)
    return root


def to_git(root: Path, message: str | None = None) -> Path:
    """Add all files of a folder to its git repository, made where there is none, and commit them with a message."""
    commit = [] if message is None else [["commit", "-q", "-m", message]]
    for arguments in (["init", "-q"], ["add", "-A", "-f"], *commit):
        subprocess.run(["git", *_IDENTITY, "-C", str(root), *arguments], check=True, capture_output=True)
    return root
