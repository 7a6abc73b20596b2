"""Which files are listed, what is skipped and why, what each is for."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from repo_index import Index
from repo_index.files import excluded, role
from repo_index.git import GitError
from repo_index.records import FileRecord


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def listed(root: Path, **options: object) -> dict[str, FileRecord]:
    return {f.path: f for f in Index.open(root, **options).refresh().files()}  # type: ignore[arg-type]


def test_tracked_and_untracked_files_without_ignored_ones(make_repository) -> None:
    root = make_repository({"a.py": "x = 1\n", "gone.py": "", ".gitignore": "*.log\nbuild/\n"})
    (root / "new.py").write_text("y = 2\n")
    (root / "noise.log").write_text("")
    (root / "build").mkdir()
    (root / "build" / "out.py").write_text("")
    (root / "gone.py").unlink()
    assert list(listed(root)) == [".gitignore", "a.py", "new.py"]


def test_repository_without_commits_and_without_files(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert listed(tmp_path) == {}
    index = Index.open(tmp_path).refresh()
    assert index.symbols() == [] and index.edges() == [] and index.names() == set()
    (tmp_path / "a.py").write_text("def f(): ...\n")
    assert [s.id for s in index.refresh().symbols()] == ["a.py::f"]


def test_no_repository_and_no_folder(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="not a git repository"):
        Index.open(tmp_path)
    with pytest.raises(GitError, match="is not a folder"):
        Index.open(tmp_path / "missing")


def test_odd_names(make_repository) -> None:
    names = ["with space.py", 'quote".py', "tab\t.py", "line\nfeed.py", "ünï.py", "-rf.py", "a'b.py", "[x]*.py"]
    root = make_repository(dict.fromkeys(names, "def here(): ...\n"))
    raw = os.path.join(os.fsencode(root), b"latin\xe9.py")
    with open(raw, "wb") as file:
        file.write(b"def there(): ...\n")
    records = listed(root)
    assert set(records) == {*names, "latin\udce9.py"}
    index = Index.open(root).refresh()
    assert index.report.parsed == 0
    assert index.read("latin\udce9.py") == b"def there(): ...\n"
    assert len(index.find("here")) == len(names)


def test_links_are_listed_and_never_followed(make_repository, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.py").write_text("password = 1\n")
    root = make_repository({"a.py": "x = 1\n", "pkg/real.py": "y = 1\n"})
    (root / "loop").symlink_to(root)
    (root / "self").symlink_to("self")
    (root / "out.py").symlink_to(outside / "secret.py")
    (root / "dangling.py").symlink_to("nowhere")
    records = listed(root)
    for name in ("loop", "self", "out.py", "dangling.py"):
        assert records[name].skipped == "symbolic link"
    assert "pkg/real.py" in records
    (root / "pkg" / "real.py").unlink()
    (root / "pkg").rmdir()
    (outside / "real.py").write_text("password = 2\n")
    (root / "pkg").symlink_to(outside)  # git still lists pkg/real.py
    index = Index.open(root).refresh()
    assert index.file("pkg/real.py") is None
    assert "password" not in index.names()


def test_submodules_and_nested_repositories(make_repository) -> None:
    inner = make_repository({"inner.py": "def inner(): ...\n"})
    root = make_repository({"a.py": ""})
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "sub")
    nested = root / "nested"
    nested.mkdir()
    git(nested, "init", "-q")
    (nested / "n.py").write_text("x = 1\n")
    git(nested, "add", "n.py")
    git(nested, "commit", "-qm", "n")
    records = listed(root)
    assert records["sub"].skipped == "submodule"
    assert records["nested"].skipped == "nested repository"
    assert not any(p.startswith(("sub/", "nested/")) for p in records)


def test_binary_large_and_special_files(make_repository) -> None:
    root = make_repository({"a.bin": b"\x7fELF\0\1", "fake.py": b"x = 1\0", "ok.py": "x = 1\n"})
    with open(root / "big.py", "wb") as file:
        file.truncate(51_000_000)
    os.mkfifo(root / "pipe")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(root / "s"))
    records = listed(root)
    server.close()
    assert records["a.bin"].skipped == "binary" and records["a.bin"].language == "binary"
    assert records["fake.py"].skipped == "binary"
    assert records["big.py"].skipped == "too large: 51 MB"
    assert records["ok.py"].skipped == ""
    assert "pipe" not in records or records["pipe"].skipped
    again = Index.open(root).refresh()
    assert again.file("fake.py").skipped == "binary"
    assert again.report.parsed == 0
    assert again.facts("fake.py") is None and again.facts("big.py") is None
    small = listed(root, max_file_bytes=3)
    assert small["ok.py"].skipped == "too large: 0 kB"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser reads everything")
def test_unreadable_file_is_listed_with_the_reason(make_repository) -> None:
    root = make_repository({"a.py": "x = 1\n", "b.py": "y = 1\n"})
    (root / "a.py").chmod(0)
    assert listed(root)["a.py"].skipped.startswith("unreadable: Permission denied")


def test_unreadable_for_any_reason(make_repository, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_repository({"a.py": "x = 1\n", "b.py": "y = 1\n"})
    opened = os.open

    def refuse(path, *arguments, **options):
        if os.fspath(path).endswith("a.py"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)
    index = Index.open(root).refresh()
    assert index.file("a.py").skipped == "unreadable: Permission denied"
    assert index.names() == {"y"}


def test_file_deleted_while_indexing(make_repository) -> None:
    root = make_repository({f"m{i}.py": f"x{i} = 1\n" for i in range(20)})
    index = Index.open(root)
    listing = index._source.entries

    def then_delete(*arguments):
        found = listing(*arguments)
        index._source.forget()  # what was read while hashing is no longer there either
        (root / "m7.py").unlink()
        return found

    index._source.entries = then_delete  # type: ignore[method-assign]
    index.refresh()
    assert index.file("m7.py") is None
    assert index.report.files == 19
    assert "x7" not in index.names()


def test_file_changed_after_indexing_is_read_anew(make_repository) -> None:
    root = make_repository({"a.py": "def old(): ...\n", "b.py": "from a import new\n"})
    index = Index.open(root).refresh()
    index._files._bytes.clear()
    (root / "a.py").write_text("def new(): ...\n")
    assert index.text("a.py") == "def new(): ...\n"
    assert [s.name for s in index.symbols("a.py")] == ["new"]
    assert index.resolve("b.py", "new").id == "a.py::new"


def test_exclude_patterns(make_repository) -> None:
    root = make_repository(dict.fromkeys(["a.py", "docs/a.py", "src/gen/b.py", "src/x_pb2.py", "src/c.py"], ""))
    assert list(listed(root, exclude=["docs", "*_pb2.py", "src/gen/"])) == ["a.py", "src/c.py"]
    assert list(listed(root, exclude=["**/a.py"])) == ["src/c.py", "src/gen/b.py", "src/x_pb2.py"]
    assert list(listed(root, exclude=["/docs", "src/*"])) == ["a.py"]
    assert excluded(["", "  "]) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/app.py", "source"),
        ("tests/test_app.py", "test"),
        ("pkg/test/util.py", "test"),
        ("pkg/app_test.py", "test"),
        ("conftest.py", "test"),
        ("web/app.spec.ts", "test"),
        ("contest/app.py", "source"),
        ("README.md", "doc"),
        ("docs/index.rst", "doc"),
        ("LICENSE", "doc"),
        ("CHANGES", "doc"),
        ("docs/conf.py", "doc"),
        ("pyproject.toml", "config"),
        ("requirements-dev.txt", "config"),
        ("Makefile", "config"),
        (".gitignore", "config"),
        ("package-lock.json", "generated"),
        ("static/app.min.js", "generated"),
        ("proto/x_pb2.py", "generated"),
        ("src/license.py", "source"),
        ("src/history.py", "source"),
    ],
)
def test_roles(path: str, expected: str) -> None:
    assert role(path) == expected


def test_generated_by_content(make_repository) -> None:
    root = make_repository(
        {
            "a.py": "# Code generated by tool. DO NOT EDIT.\nx = 1\n",
            "b.js": "var a=1;" * 4000,
            "c.py": "x = 1\n" * 100 + "# DO NOT EDIT\n",
        }
    )
    for _ in range(2):  # cold, then from the store
        roles = {p: f.role for p, f in listed(root).items()}
        assert roles == {"a.py": "generated", "b.js": "generated", "c.py": "source"}


def test_environment_of_a_hook_does_not_lead_elsewhere(make_repository, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_repository({"mine.py": ""})
    other = make_repository({"other.py": ""})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert list(listed(root)) == ["mine.py"]


def test_configuration_of_a_repository_runs_nothing(make_repository, tmp_path: Path) -> None:
    root = make_repository({"a.py": "x = 1\n"})
    mark = tmp_path / "ran"
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {mark}\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "core.pager", "core.sshCommand"):
        git(root, "config", key, str(script))
    Index.open(root).refresh()
    Index.of_commit(root)
    Index.of_staged(root)
    assert not mark.exists()


def test_opened_below_the_top(make_repository) -> None:
    root = make_repository({"a.py": "", "pkg/b.py": ""})
    index = Index.open(root / "pkg").refresh()
    assert index.root == root
    assert [f.path for f in index.files()] == ["a.py", "pkg/b.py"]
    assert not (root / "pkg" / ".git").exists()
