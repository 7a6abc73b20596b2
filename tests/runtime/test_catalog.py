"""The catalogue: names, places, and what a wrong name or a missing file says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from model_runtime.catalog import (
    DEFAULT,
    ENTRIES,
    ModelNotFound,
    cache_root,
    digest,
    find,
    is_verified,
    locate,
    mark_verified,
    path_of,
)


def test_entries_are_whole() -> None:
    assert DEFAULT in ENTRIES
    for name, entry in ENTRIES.items():
        assert entry.name == name == name.lower()
        assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256) and re.fullmatch(r"[0-9a-f]{40}", entry.hub_revision)
        assert entry.bytes > 1e8 and entry.licence == "Apache-2.0" and entry.file.endswith(".gguf")


def test_the_cache_can_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V4_CACHE_DIR", str(tmp_path))
    assert cache_root() == tmp_path
    entry = ENTRIES[DEFAULT]
    assert path_of(entry) == tmp_path / "models" / entry.name / entry.file


def test_a_model_that_is_not_there_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V4_CACHE_DIR", str(tmp_path))
    for name in (DEFAULT, DEFAULT.upper()):
        with pytest.raises(ModelNotFound, match=f"run `v4 model pull {re.escape(DEFAULT)}`"):
            locate(name)
    path = path_of(ENTRIES[DEFAULT])
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a model")
    with pytest.raises(ModelNotFound, match="v4 model pull"):
        locate(DEFAULT)


@pytest.mark.parametrize("name", ["qwen2.5-coder-1b", "", "gpt", "../etc/passwd", "missing.gguf", "a\nb"])
def test_unknown_names(name: str) -> None:
    with pytest.raises(ModelNotFound):
        locate(name)


def test_a_close_name_is_suggested() -> None:
    with pytest.raises(ModelNotFound, match=r"did you mean qwen2\.5-coder-0\.5b\?.*known: "):
        find("qwen2.5-coder-0.5")


def test_a_file_is_its_own_location(tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(b"GGUF")
    assert locate(file) == file == locate(str(file))


def test_a_stamp_holds_only_for_the_file_it_was_made_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V4_CACHE_DIR", str(tmp_path))
    entry = ENTRIES[DEFAULT]
    path = path_of(entry)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"one")
    mark_verified(path, entry.sha256)
    assert is_verified(entry)
    path.write_bytes(b"other")
    assert not is_verified(entry)
    path.unlink()
    assert not is_verified(entry)


def test_digest_reports_progress(tmp_path: Path) -> None:
    import hashlib

    file = tmp_path / "file"
    file.write_bytes(bytes(range(256)) * 10_000)
    seen: list[tuple[int, int]] = []
    assert digest(file, lambda done, total: seen.append((done, total))) == hashlib.sha256(file.read_bytes()).hexdigest()
    assert seen[-1] == (2_560_000, 2_560_000) and len(seen) == 3
