"""v4 cache: what is kept, and clearing it."""

from __future__ import annotations

import fcntl
import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from v4cli.commands import cache
from v4cli.errors import EnvironmentLacks, Refused, UsageError

Make = Callable[[Mapping[str, str | bytes]], Path]
V4 = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def root(make_repository: Make, v4: V4, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with an index; prompts and a model in a cache of their own."""
    home = tmp_path / "cache"
    monkeypatch.setenv("V4_CACHE_DIR", str(home))
    for name in ("prefix/0123/a.kv", "prefix/0123/.making-x", "models/tiny/tiny.gguf", "repacked/tiny.weights"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(b"x" * 1000)
    made = make_repository({"a.py": "def load():\n    pass\n"})
    assert v4("index", cwd=made).returncode == 0
    assert v4("search", "load", cwd=made).returncode == 0
    return made


def entries(capsys: pytest.CaptureFixture[str], root: Path) -> dict[str, Any]:
    cache.info(repo=root, json=True)
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["command"]) == (1, "cache info")
    return {entry["kind"]: entry for entry in document["entries"]}


def test_info_and_clear(root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = entries(capsys, root)
    assert (found["prefix"]["files"], found["prefix"]["bytes"]) == (2, 2000)
    assert 0 < found["prefix"]["most_bytes"] <= 2_000_000_000
    assert found["index"]["path"] == str(root / ".git/v4") and found["index"]["files"] >= 2
    assert found["models"]["bytes"] == found["weights"]["bytes"] == 1000

    note = root / ".git/v4/undo"
    note.write_text("kept")
    cache.clear(prefix=True, repo=root, json=True)
    removed = json.loads(capsys.readouterr().out)["removed"]
    assert removed == [{"kind": "prefix", "path": str(tmp_path / "cache/prefix"), "bytes": 2000}]
    after = entries(capsys, root)
    assert after["prefix"]["files"] == 0 and after["index"]["bytes"] == found["index"]["bytes"]

    cache.clear(index=True, repo=root, json=True)
    removed = json.loads(capsys.readouterr().out)["removed"]
    assert [(r["kind"], r["bytes"]) for r in removed] == [("index", found["index"]["bytes"])]
    after = entries(capsys, root)
    assert "index" not in after and after["models"]["files"] == after["weights"]["files"] == 1
    assert note.read_text() == "kept"
    assert not list((tmp_path / "cache/prefix").iterdir())


def test_clear_leaves_an_index_in_use(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (root / ".git/v4/index.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        with pytest.raises(Refused, match="in use"):
            cache.clear(repo=root)
    assert entries(capsys, root)["index"]["files"] >= 2
    cache.clear(repo=root)
    assert "index: " in capsys.readouterr().out
    assert "index" not in entries(capsys, root)


def test_outside_of_repositories(root: Path, v4: V4, tmp_path: Path) -> None:
    done = v4("cache", "info", cwd=tmp_path)
    assert done.returncode == 0 and "index of this repository" not in done.stdout and "models" in done.stdout
    assert v4("cache", "clear", cwd=tmp_path).stdout.startswith("prompts: 0.0 MB freed")
    with pytest.raises(EnvironmentLacks):
        cache.info(repo=tmp_path)


def test_limits(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V4_CACHE_BYTES", "5MB")
    assert entries(capsys, root)["prefix"]["most_bytes"] == 5_000_000
    monkeypatch.setenv("V4_CACHE", "0")
    assert entries(capsys, root)["prefix"]["most_bytes"] == 0
    cache.info(repo=root)
    assert "(switched off)" in capsys.readouterr().out
    monkeypatch.setenv("V4_CACHE", "1")
    monkeypatch.setenv("V4_CACHE_BYTES", "much")
    with pytest.raises(UsageError, match="cache_bytes"):
        cache.info(repo=root)


def test_a_repository_has_no_say(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / ".v4.toml").write_text("cache = false\ncache_bytes = '900GB'\n")
    assert 0 < entries(capsys, root)["prefix"]["most_bytes"] <= 2_000_000_000
