"""Git histories made of successive releases of real projects, each release one commit.

The releases are source archives from PyPI, pinned by SHA-256 in release_histories.json, unpacked as data.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

from .archives import check, to_git, unpack
from .releases import CACHE

_PINNED: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("release_histories.json").read_text(encoding="utf-8")
)
PROJECTS = tuple(_PINNED)


def versions(project: str) -> list[str]:
    """The pinned releases, oldest first."""
    return list(_PINNED[project])


def archive(project: str, version: str, cache: Path = CACHE) -> Path:
    """The source archive, downloaded at first use. Raises ValueError when its digest is not the pinned one."""
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / f"{project}-{version}.sdist"
    if not file.is_file():
        with urllib.request.urlopen(f"https://pypi.org/pypi/{project}/json") as answer:
            urls = json.load(answer)["releases"][version]
        link = next(u["url"] for u in urls if u["digests"]["sha256"] == _PINNED[project][version])
        with urllib.request.urlopen(urllib.parse.urljoin(f"https://pypi.org/simple/{project}/", link)) as answer:
            file.write_bytes(answer.read())
    check(file, _PINNED[project][version])
    return file


def commit(project: str, version: str, root: Path) -> None:
    """Make the work tree of the repository at `root` that release, and commit it."""
    for entry in os.scandir(root):
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir(follow_symlinks=False) else os.unlink(entry)
    with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
        unpack(archive(project, version), Path(scratch) / "release")
        for file in sorted((Path(scratch) / "release").iterdir()):
            file.rename(root / file.name)
    to_git(root, f"{project} {version}")
