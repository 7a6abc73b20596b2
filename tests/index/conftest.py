"""Small repositories of tests of the index."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from repo_index import Index


@pytest.fixture
def repository(tmp_path: Path):
    def make(files: dict[str, str]) -> Index:
        root = tmp_path / "repo"
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        subprocess.run(["git", "init", "-q", str(root)], check=True)
        subprocess.run(["git", "-C", str(root), "add", "-A"], check=True)
        return Index.open(root, cache_dir=tmp_path / "cache").refresh()

    return make
