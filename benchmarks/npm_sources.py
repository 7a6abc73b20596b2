"""Source trees from npm, pinned by SHA-512, unpacked as data: nothing of them is installed or run.

Two packages are published without the tsconfig.json of their repositories, which says how their sources import
each other by the package's own name; TSCONFIG has what those files say about it. The TypeScript compiler, which is
the oracle of the benchmarks beside this file, comes from npm in the same way; it is the one package of which code
is run (`node` with a script of this folder).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from .archives import unpack

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "v4-benchmarks" / "npm"


class Pinned(NamedTuple):
    package: str
    version: str
    #: npm's `dist.integrity`: the SHA-512 of the archive in base64
    integrity: str
    #: why it is among the trees
    shows: str = ""


TREES = {
    "rxjs": Pinned(
        "rxjs",
        "7.8.2",
        "sha512-dhKf903U/PQZY6boNNtAGdWbG85WAbjT/1xYoZIC7FAY0yWapOBQVsVrDl58W86//e1VpMNBtRV4MaXfdMySFA==",
        "TypeScript, tsconfig paths, barrels",
    ),
    "express": Pinned(
        "express",
        "4.22.3",
        "sha512-Bdcs4+3qlpVlx2NRn6fgX2Ue2/gGRaPeawebgclM0ERSCqDpA+owF1fdPwjJUTAJWMTuAaxjDf+hzb0/4eKvvw==",
        "JavaScript, CommonJS",
    ),
    "toolkit": Pinned(
        "@reduxjs/toolkit",
        "2.14.0",
        "sha512-m/PxMwRe0xLL6XUsAgy0YjInklHcfi9uMwFhJk+QINqjxqPvyc89T5cMjszA5bDmTE0gwGc7zr9LRO4gL+mhaw==",
        "TypeScript, generic types, barrels, TSX",
    ),
    "react-query": Pinned(
        "@tanstack/react-query",
        "5.108.0",
        "sha512-DpMbB8pVorEZcsHRa0Z13KQGfmndqvJbuLy9h+xfP8XpuEZBOxzq+QfXGonQ0fAgRSWhc+QsfoRETSTWxAEAVw==",
        "TSX, types of a package that is not there",
    ),
    "preact": Pinned(
        "preact",
        "11.2.0",
        "sha512-/HfHI/7N84e6GrWBJ3J280z3mLaRJiDcSvj/A+y/4AbLnND/1UlGHe1sR6oYuTGwId0nP7dqDU9OnLxMPZ7xBg==",
        "JavaScript with types in comments, declaration files",
    ),
    "zod": Pinned(
        "zod",
        "3.25.76",
        "sha512-gzUt/qt81nXsFGKIFcC3YnfEAx5NkunCfnDlvuBSSFS02bcXu4Lmea0AFIUwbLWxWPx3d9p8S5QoaujKcNQxcQ==",
        "barrels, classes, build output beside the sources",
    ),
}

TYPESCRIPT = Pinned(
    "typescript",
    "5.9.3",
    "sha512-jl1vZzPDinLr9eUt3J/t7V6FgNEw9QjvBPdysz9KfQDD41fQrC2Y4vKQdiaUpFT4bXlb1RHhLpp8wtm6M5TgSw==",
)

_BUILT = ("dist", "build")

#: what the tsconfig.json of a tree's repository says about imports, where the package is published without it
TSCONFIG: dict[str, dict[str, Any]] = {
    "toolkit": {
        "paths": {
            "@reduxjs/toolkit": ["./src/index.ts"],
            "@reduxjs/toolkit/react": ["./src/react/index.ts"],
            "@reduxjs/toolkit/query": ["./src/query/index.ts"],
            "@reduxjs/toolkit/query/react": ["./src/query/react/index.ts"],
            "@internal/*": ["./src/*"],
        }
    },
    "zod": {"customConditions": ["@zod/source"]},
}


def fetch(pinned: Pinned, cache: Path = CACHE) -> Path:
    """The unpacked package; downloads it with npm at first use.

    Raises ValueError when the archive's digest is not the pinned one.
    """
    stem = pinned.package.removeprefix("@").replace("/", "-")
    root = cache / f"{stem}-{pinned.version}"
    if root.is_dir():
        return root
    cache.mkdir(parents=True, exist_ok=True)
    archive = cache / f"{stem}-{pinned.version}.tgz"
    if not archive.is_file():
        command = ["npm", "pack", "--silent", "--pack-destination", str(cache), f"{pinned.package}@{pinned.version}"]
        subprocess.run(command, check=True, capture_output=True)
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != pinned.integrity:
        archive.unlink()
        raise ValueError(f"{archive}: the digest is {found}, not {pinned.integrity}; the file is deleted")
    unpack(archive, root)
    return root


def repository(name: str, target: Path, cache: Path = CACHE, *, built: bool = True) -> Path:
    """A fresh copy of the tree `name` at `target` in a new git repository; with `built` false, without the folders
    of build output that repositories do not hold."""
    left_out = shutil.ignore_patterns(*(() if built else _BUILT))
    shutil.copytree(fetch(TREES[name], cache), target, symlinks=True, ignore=left_out)
    if name in TSCONFIG:
        text = json.dumps({"compilerOptions": TSCONFIG[name]}, indent=2)
        (target / "tsconfig.json").write_text(text + "\n", encoding="utf-8")
    for arguments in (["init", "-q"], ["add", "-A", "-f"]):
        subprocess.run(["git", "-C", str(target), *arguments], check=True, capture_output=True)
    return target


def run_oracle(script: Path, root: Path, request: str = "") -> str:
    """What a script of this folder writes: `node script <the compiler's module> <root>` with `request` as its input."""
    compiler = fetch(TYPESCRIPT) / "lib" / "typescript.js"
    command = ["node", "--max-old-space-size=4096", str(script), str(compiler), str(root)]
    return subprocess.run(command, input=request, check=True, capture_output=True, text=True, encoding="utf-8").stdout
