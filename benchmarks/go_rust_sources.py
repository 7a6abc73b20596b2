"""Go and Rust sources from Debian packages, pinned by SHA-256, unpacked as data: nothing of them is installed or run.

Debian's Go packages hold folders of a GOPATH. A tree here is one of them as a module, with the others that it imports
in its vendor folder. Rust packages hold one crate each, as published.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from .archives import debian, to_git

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "v4-benchmarks" / "debian"

#: package -> (version, SHA-256)
PINNED: dict[str, tuple[str, str]] = {
    "golang-github-burntsushi-toml-dev": (
        "1.2.0-2",
        "eb0bc9f96d02b33034311604f787ca7ab071de026c9abdffa6ae40a63362f7b8",
    ),
    "golang-github-go-chi-chi-dev": ("5.0.7-1", "70beea5ca4f20af122e8083c91b56b6055df895595c7d9dcf286fadd4ad26f9b"),
    "golang-github-gobwas-glob-dev": (
        "0.2.3+git20180208.19c076c-2",
        "a3d0ba6c1ff0760f85ecd740483926bc2bb2738735ad93f79dfc69c4f69f9d7f",
    ),
    "golang-github-gorilla-mux-dev": ("1.8.0-1", "0880a4019fe68496a0e0a749c2948c029e489f49edd448bed2fedaba33f848c2"),
    "golang-github-spf13-cobra-dev": ("1.6.1-1", "4f5d20855133319beef3c5b49d3c21a0406f270bf94fb4b6f4d406b691283cb2"),
    "golang-github-spf13-pflag-dev": (
        "1.0.6~git20210604-d5e0c0615ace-1",
        "bd1c3c2a3e47512a64da02ebea900eb5a3f3c5d386e559d5718a3a935c0ea570",
    ),
    "golang-github-yuin-goldmark-dev": ("1.5.4-1", "c52d83484318f870494e3170646f7840a1085fd8c7ba77da75a9bb83d196ecf7"),
    "golang-golang-x-tools-dev": ("1:0.5.0+ds-1", "d0cf4252c020c3ee79707619f925444779070dc1307cd8af1ed99bc8eaf7b3c5"),
    "golang-gopkg-yaml.v3-dev": ("3.0.1-3", "3ad4febd49700bc670f0f143f3291ecab4e032cc227d69521bacadbc493cfbbe"),
    "librust-clap-dev": ("4.0.32-1", "00922f24c3eb5a899ae4438ebf7be2e82085559ee45055dbc856cdb113de9ebb"),
    "librust-hyper-dev": ("0.14.19-1", "aece343fc0a52b2bc5f479962d8ed191ee4ac75716224cfdc693515234e2beef"),
    "librust-regex-automata-dev": ("0.1.8-2", "38877c4e270572e192a5762abcd0711bedfeb5ac0765a362f1d68269026c8ef0"),
    "librust-rustls-dev": ("0.20.8-4", "9bccf5f4d8ab4cc1e3507c90afc92f1623e797de3af9d0530648f766bfdd6aea"),
    "librust-serde-json-dev": ("1.0.87-1", "2d053de630af6649c40a39d9ab6268d5469385289016a1205d0dec196e7b77d2"),
    "librust-syn-dev": ("1.0.107-1", "64bfca244ab8ec45a4da1f5d64411af34f2d6eac7ac094f4f1dce9bf0b8a3699"),
    "librust-tokio-dev": ("1.24.2-1", "8b6d6c9cbfcf1980136c4a1472c31053c3282bcd905b73f5201292c62fb5f873"),
}

#: name -> (package, import path, (package, import path) of what is vendored)
GO_TREES: dict[str, tuple[str, str, tuple[tuple[str, str], ...]]] = {
    "cobra": (
        "golang-github-spf13-cobra-dev",
        "github.com/spf13/cobra",
        (
            ("golang-github-spf13-pflag-dev", "github.com/spf13/pflag"),
            ("golang-gopkg-yaml.v3-dev", "gopkg.in/yaml.v3"),
        ),
    ),
    "toml": ("golang-github-burntsushi-toml-dev", "github.com/BurntSushi/toml", ()),
    "mux": ("golang-github-gorilla-mux-dev", "github.com/gorilla/mux", ()),
    "tools": ("golang-golang-x-tools-dev", "golang.org/x/tools", ()),
    "chi": ("golang-github-go-chi-chi-dev", "github.com/go-chi/chi", ()),
    "glob": ("golang-github-gobwas-glob-dev", "github.com/gobwas/glob", ()),
    "goldmark": ("golang-github-yuin-goldmark-dev", "github.com/yuin/goldmark", ()),
}

#: name -> (package, folder)
RUST_TREES: dict[str, tuple[str, str]] = {
    name.rsplit("-", 1)[0]: (package, name)
    for package, name in (
        ("librust-clap-dev", "clap-4.0.32"),
        ("librust-hyper-dev", "hyper-0.14.19"),
        ("librust-regex-automata-dev", "regex-automata-0.1.8"),
        ("librust-rustls-dev", "rustls-0.20.8"),
        ("librust-serde-json-dev", "serde_json-1.0.87"),
        ("librust-syn-dev", "syn-1.0.107"),
        ("librust-tokio-dev", "tokio-1.24.2"),
    )
}


def fetch(package: str, cache: Path = CACHE) -> Path:
    """The unpacked package; downloads it with apt-get at first use.

    Raises ValueError when the archive's digest is not the pinned one.
    """
    version, digest = PINNED[package]
    return debian(package, version, digest, cache / f"{package}-{version}".replace(":", "-"))


def go_tree(name: str, target: Path) -> Path:
    """A fresh copy of a Go tree as a module with a vendor folder, in a new git repository."""
    package, module, vendored = GO_TREES[name]
    sources = Path("usr/share/gocode/src")
    shutil.copytree(fetch(package) / sources / module, target)
    versions = {path: f"v{path.rpartition('.v')[2] if '.v' in path else 1}.0.0" for _, path in vendored}
    require = "".join(f"\t{path} {versions[path]}\n" for _, path in vendored)
    own = target / "go.mod"
    version = re.search(r"^module (\S+/v\d+)$", own.read_text(), re.M) if own.exists() else None
    module = version[1] if version is not None else module  # the folder has no part for a major version
    (target / "go.mod").write_text(f"module {module}\n\ngo 1.19\n" + (f"\nrequire (\n{require})\n" if require else ""))
    listed = []
    for other, path in vendored:
        folder = target / "vendor" / path
        shutil.copytree(fetch(other) / sources / path, folder, ignore=shutil.ignore_patterns("*_test.go", "go.mod"))
        packages = sorted({p.parent for p in folder.rglob("*.go")})
        names = [p.relative_to(target / "vendor").as_posix() for p in packages]
        listed += [f"# {path} {versions[path]}", "## explicit", *names]
    if listed:
        (target / "vendor" / "modules.txt").write_text("\n".join(listed) + "\n")
    return to_git(target, "sources")


def rust_tree(name: str, target: Path) -> Path:
    """A fresh copy of a crate in a new git repository."""
    package, folder = RUST_TREES[name]
    shutil.copytree(fetch(package) / "usr/share/cargo/registry" / folder, target, symlinks=True)
    return to_git(target, "sources")
