"""Commits, the staged tree and overlays answer like a work tree with the same contents."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from repo_index import Index
from repo_index.encoding import declared, decode
from repo_index.git import GitError
from repo_index.index import NotIndexed
from repo_index.snapshot import blob_hash


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_commit_staged_and_work_tree_are_told_apart(make_repository) -> None:
    root = make_repository({"a.py": "committed = 1\n", "b.py": "same = 1\n"})
    (root / "a.py").write_text("staged = 1\n")
    git(root, "add", "a.py")
    (root / "a.py").write_text("worked = 1\n")
    (root / "untracked.py").write_text("new = 1\n")
    assert Index.of_commit(root, "HEAD").names() == {"committed", "same"}
    assert Index.of_staged(root).names() == {"staged", "same"}
    work = Index.open(root).refresh()
    assert work.names() == {"worked", "new", "same"}
    assert work.file("b.py").blob == git(root, "rev-parse", "HEAD:b.py")
    assert Index.of_staged(root).read("a.py") == b"staged = 1\n"
    assert Index.of_staged(root).report.parsed == 0  # shared with all others


def test_facts_are_shared_between_snapshots(make_repository) -> None:
    root = make_repository({f"m{i}.py": f"x{i} = 1\n" for i in range(10)})
    assert Index.open(root).refresh().report.parsed == 10
    assert Index.of_commit(root).report.parsed == 0


@pytest.mark.parametrize("commit", ["nonsense", "--help", "", "HEAD:a.py"])
def test_what_is_no_commit_is_refused(make_repository, commit: str) -> None:
    root = make_repository({"a.py": ""})
    with pytest.raises(GitError, match="is no commit of this repository"):
        Index.of_commit(root, commit)


def test_index_file_of_a_hook(make_repository, tmp_path: Path) -> None:
    root = make_repository({"a.py": "a = 1\n"})
    other = tmp_path / "other-index"
    (root / "b.py").write_text("b = 1\n")
    subprocess.run(
        ["git", "-C", str(root), "add", "b.py"],
        check=True,
        env={"GIT_INDEX_FILE": str(other), "PATH": "/usr/bin:/bin:/usr/local/bin"},
    )
    assert Index.of_staged(root).names() == {"a"}
    assert Index.of_staged(root, index_file=str(other)).names() == {"b"}


def test_git_folder_elsewhere(tmp_path: Path) -> None:
    bare, tree = tmp_path / "dots.git", tmp_path / "tree"
    tree.mkdir()
    (tree / "a.py").write_text("a = 1\n")
    git(tmp_path, "init", "-q", "--bare", str(bare))
    git(tree, "--git-dir", str(bare), "--work-tree", str(tree), "add", "a.py")
    variables = {"GIT_DIR": str(bare), "GIT_WORK_TREE": str(tree)}
    index = Index.of_staged(tree, variables=variables)
    assert index.root == tree and index.names() == {"a"}
    with pytest.raises(GitError):
        Index.of_staged(tree)


def test_links_and_large_files_of_a_tree(make_repository) -> None:
    root = make_repository({"a.py": "a = 1\n", "big.py": "b = 1\n" * 1000})
    (root / "link.py").symlink_to("a.py")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "link")
    index = Index.of_commit(root, max_file_bytes=1000)
    assert index.file("link.py").skipped == "symbolic link"
    assert index.file("big.py").skipped == "too large: 6 kB"
    assert index.names() == {"a"}


def test_conflicted_index(make_repository) -> None:
    root = make_repository({"a.py": "base = 1\n"})
    git(root, "checkout", "-qb", "other")
    (root / "a.py").write_text("theirs = 1\n")
    git(root, "commit", "-qam", "theirs")
    git(root, "checkout", "-q", "main")
    (root / "a.py").write_text("ours = 1\n")
    git(root, "commit", "-qam", "ours")
    subprocess.run(["git", "-C", str(root), "merge", "-q", "other"], capture_output=True)
    assert Index.of_staged(root).names() == {"ours"}
    assert [f.path for f in Index.open(root).refresh().files()] == ["a.py"]


def test_worktrees_share_one_store(make_repository, tmp_path: Path) -> None:
    root = make_repository({"a.py": "a = 1\n"})
    Index.open(root).refresh()
    second = tmp_path / "second"
    git(root, "worktree", "add", "-q", str(second))
    (second / "b.py").write_text("b = 1\n")
    index = Index.open(second).refresh()
    assert index.root == second
    assert (index.report.parsed, index.report.reused) == (1, 1)
    assert Index.open(root).refresh().names() == {"a"}


def test_sha256_repository(tmp_path: Path) -> None:
    if subprocess.run(["git", "init", "-q", "--object-format=sha256", str(tmp_path)]).returncode:
        pytest.skip("this git has no SHA-256 repositories")
    (tmp_path / "a.py").write_text("a = 1\n")
    git(tmp_path, "add", "a.py")
    index = Index.open(tmp_path).refresh()
    assert index.file("a.py").blob == git(tmp_path, "hash-object", "a.py")
    assert Index.of_staged(tmp_path).report.parsed == 0


def test_blob_hash_is_gits() -> None:
    assert blob_hash(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


def test_changes_in_memory(make_repository) -> None:
    root = make_repository({"a.py": "def f(): ...\n", "b.py": "from a import f\nf()\n", "c.py": "c = 1\n"})
    base = Index.open(root).refresh()
    assert len(base.references(base.symbol("f"))) == 3
    changed = base.with_changes(
        {
            "a.py": b"def g(): ...\n",
            "b.py": b"from a import g\ng()\ng()\n",
            "c.py": None,
            "d/new.py": b"from b import g as h\n",
        }
    )
    assert (changed.report.parsed, changed.report.reused) == (3, 0)
    assert [f.path for f in changed.files()] == ["a.py", "b.py", "d/new.py"]
    assert len(changed.references(changed.symbol("a.py::g"))) == 6
    assert changed.read("d/new.py") == b"from b import g as h\n"
    assert changed.resolve("d/new.py", "h").id == "a.py::g"
    assert base.find("g") == [] and base.file("c.py") is not None
    assert not (root / "d").exists()
    again = changed.with_changes({"a.py": b"def f(): ...\n", "d/new.py": None})
    assert again.find("f")[0].id == "a.py::f"
    assert again.file("d/new.py") is None
    with pytest.raises(NotIndexed, match=r"c\.py is not in the index"):
        again.read("c.py")


def test_changes_over_a_commit(make_repository) -> None:
    root = make_repository({"a.py": "def f(): ...\n", "b.py": "from a import f\n"})
    (root / "b.py").write_text("nothing = 1\n")
    index = Index.of_commit(root).with_changes({"c.py": b"from b import f\n"})
    assert [r.path for r in index.references(index.symbol("a.py::f"))] == ["a.py", "b.py", "c.py"]


def test_changes_to_nothing_readable(make_repository) -> None:
    root = make_repository({"a.py": "def f(): ...\n"})
    index = Index.open(root, max_file_bytes=100).refresh()
    changed = index.with_changes({"a.py": b"\0binary", "b.py": b"x = 1\n" * 100, "bad.py": b"def (:\n"})
    assert changed.file("a.py").skipped == "binary"
    assert changed.file("b.py").skipped == "too large: 1 kB"
    assert changed.facts("bad.py").errors
    assert changed.read("b.py") == b"x = 1\n" * 100


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (b"caf\xc3\xa9", "café"),
        (b"\xef\xbb\xbfx", "x"),
        (b"caf\xe9", "café"),
        (b"# -*- coding: cp1252 -*-\n\x80", "# -*- coding: cp1252 -*-\n€"),
        (b"# vim: set fileencoding=utf-8 :\n\xff", "# vim: set fileencoding=utf-8 :\nÿ"),
        (b"# coding: nonsense\n\xe9", "# coding: nonsense\né"),
        (b"# coding: rot13\n\xe9", "# coding: rot13\né"),
        (b"# coding: hex\n\xe9", "# coding: hex\né"),
        (b"# coding: utf-16\n\xe9", "# coding: utf-16\né"),
        (b"a\r\nb\rc", "a\r\nb\rc"),
        (b"", ""),
    ],
)
def test_decoding_never_raises(source: bytes, text: str) -> None:
    assert decode(source) == text


def test_cookie_only_on_the_first_two_lines() -> None:
    assert declared(b"#!/usr/bin/python\n# coding=latin-1\n") == "iso8859-1"
    assert declared(b"\n\n# coding=latin-1\n") is None
    assert declared(b"x = 1 # coding=latin-1\n") is None
