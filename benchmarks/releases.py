"""Source releases from PyPI, pinned by SHA-256, unpacked as data: nothing of them is installed or run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .archives import check, to_git, unpack

CACHE = Path(".cache/releases")

#: name -> (version, SHA-256 of the sdist)
PINNED = {
    "arrow": ("1.3.0", "d4540617648cb5f895730f1ad8c82a65f2dad0166f57b75f3ca54759c4d67a85"),
    "bottle": ("0.13.2", "e53803b9d298c7d343d00ba7d27b0059415f04b9f6f40b8d58b5bf914ba9d348"),
    "celery": ("5.4.0", "504a19140e8d3029d5acad88330c541d4c3f64c789d85f94756762d8bca7e706"),
    "click": ("8.1.7", "ca9853ad459e787e2192211578cc907e7594e294c7ccc834310722b41b9ca6de"),
    "Django": ("5.1.4", "de450c09e91879fa5a307f696e57c851955c910a438a35e6b4c895e86bedc82a"),
    "httpx": ("0.27.2", "f7c2be1d2f3c3c3160d441802406b206c2b76f5947b11115e6df10c6c65e66c2"),
    "itsdangerous": ("2.2.0", "e0050c0b7da1eea53ffaf149c0cfbb5c6e2e2b69c4bef22c81fa6eb73e5f6173"),
    "jinja2": ("3.1.4", "4a3aee7acbbe7303aede8e9648d13b8bf88a429282aa6122a993f0ac800cb369"),
    "markdown": ("3.7", "2ae2471477cfd02dbbf038d5d9bc226d40def84b4fe2986e49b59b6b472bbed2"),
    "marshmallow": ("3.23.1", "3a8dfda6edd8dcdbf216c0ede1d1e78d230a6dc9c5a088f58c4083b974a0d468"),
    "networkx": ("3.4.2", "307c3669428c5362aab27c8a1260aa8f47c4e91d3891f48be0141738d8d053e1"),
    "packaging": ("24.2", "c228a6dc5e932d346bc5739379109d49e8853dd8223571c7c5b55260edc0b97f"),
    "paramiko": ("3.5.0", "ad11e540da4f55cedda52931f1a3f812a8238a7af7f62a60de538cd80bb28124"),
    "pylint": ("3.3.2", "9ec054ec992cd05ad30a6df1676229739a73f8feeabf3912c995d17601052b01"),
    "rich": ("13.9.4", "439594978a49a09530cff7ebc4b5c7103ef57baf48d5ea3184f21d9a2befa098"),
    "scrapy": ("2.12.0", "d66d6e76009b12447604196875a463b61d10721140032a8084a0a52df7f4788f"),
    "sphinx": ("8.1.3", "43c1911eecb0d3e161ad78611bc905d1ad0e523e4ddc202a58a821773dc4c927"),
    "sqlparse": ("0.5.2", "9e37b35e16d1cc652a2545f0997c1deb23ea28fa1f3eefe609eee3063c3b105f"),
    "sympy": ("1.13.3", "b27fd2c6530e0ab39e275fc9b683895367e51d5da91baa8d3d64db2565fec4d9"),
    "tinydb": ("4.8.2", "f7dfc39b8d7fda7a1ca62a8dbb449ffd340a117c1206b68c50b1a481fb95181d"),
    "tomlkit": ("0.13.2", "fff5fe59a87295b278abd31bec92c15d9bc4a06885ab12bcea52c71119392e79"),
    "twisted": ("24.11.0", "695d0556d5ec579dcc464d2856b634880ed1319f45b10d19043f2b57eb0115b5"),
    "uvicorn": ("0.32.1", "ee9519c246a72b1c084cea8d3b44ed6026e78a4a309cbedae9c37e4cb9fbb175"),
    "werkzeug": ("3.1.3", "60723ce945c19328679790e3282cc758aa4a6040e4bb330f53d30fa546d44746"),
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
