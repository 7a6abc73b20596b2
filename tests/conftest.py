"""What all tests share: an isolated git identity, cache and configuration; small repositories; the real weights."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

SMALL_MODEL = "qwen2.5-coder-0.5b"


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of this machine's user reaches a test: neither git's nor ours. The model cache is shared."""
    import platformdirs

    home = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("V4_CACHE_DIR", os.environ.get("V4_CACHE_DIR") or platformdirs.user_cache_dir("v4"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "test@localhost")
    for name in [n for n in os.environ if n.startswith("V4_") and n != "V4_CACHE_DIR"]:
        monkeypatch.delenv(name)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):  # opening a model sets them for the whole process
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")


MakeRepository = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def make_repository(tmp_path: Path) -> MakeRepository:
    """make_repository({path: content}) -> root of a new git repository with those files in one commit."""
    count = 0

    def make(files: Mapping[str, str | bytes]) -> Path:
        nonlocal count
        count += 1
        root = tmp_path / f"repository{count}"
        root.mkdir()
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        for arguments in (
            ["init", "-q", "-b", "main"],
            ["add", "-A"],
            ["commit", "-q", "--allow-empty", "-m", "first"],
        ):
            subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)
        return root

    return make


RunV4 = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def v4() -> RunV4:
    """v4("ask", "...", cwd=...) runs the command line in a process of its own."""

    def run(*arguments: str, cwd: Path | None = None, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "v4cli.main", *arguments]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, **options)  # type: ignore[call-overload,no-any-return]

    return run
