"""v4 hook and the hook itself, on real repositories through real commits."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

V4 = str(Path(sys.executable).parent / "v4")


class Repo:
    """A git repository that knows no user or system configuration."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.org",
        }

    def run(self, *words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=cwd or self.root, env=self.env | env, capture_output=True, text=True, timeout=120
        )

    def git(self, *words: str, cwd: Path | None = None) -> str:
        done = self.run("git", *words, cwd=cwd)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def v4(self, *words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        return self.run(V4, *words, cwd=cwd, **env)

    def commit(self, *words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        return self.run("git", "commit", "-q", "-m", "m", *words, cwd=cwd, **env)

    def write(self, path: str, text: str) -> None:
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)

    @property
    def hook(self) -> Path:
        return self.root / ".git/hooks/pre-commit"

    def use_python(self, path: Path) -> None:
        """Let the installed hook start another interpreter."""
        text, count = re.subn(r"(?m)^python=/.*$", f"python='{path}'", self.hook.read_text())
        assert count == 1
        self.hook.write_text(text)

    def write_hook(self, text: str, mode: int = 0o755) -> None:
        self.hook.parent.mkdir(exist_ok=True)
        self.hook.write_text(text)
        self.hook.chmod(mode)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    root = tmp_path / 'it\'s a "repo" $HOME'
    root.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    made = Repo(root, home)
    made.git("init", "-q", "-b", "main")
    return made


BAD = "def f():\n    breakpoint()\n"


def test_blocks_a_bad_commit_and_passes_a_good_one_silently(repo: Repo) -> None:
    assert repo.v4("hook", "install").returncode == 0
    repo.write("a.py", "def f():\n    return 1\n")
    repo.git("add", ".")
    done = repo.commit()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    repo.write("a.py", BAD)
    repo.git("add", ".")
    done = repo.commit()
    assert done.returncode == 1
    assert "a.py:2: error: debugger left in: breakpoint() [debugger]" in done.stderr
    assert repo.git("rev-list", "--count", "HEAD").strip() == "1"
    assert repo.commit(SKIP="flake8,v4").returncode == 0


def test_install_is_idempotent_and_uninstall_removes_it(repo: Repo) -> None:
    assert repo.v4("hook", "status").returncode == 1
    repo.v4("hook", "install")
    first = repo.hook.read_bytes()
    assert repo.hook.stat().st_mode & stat.S_IXUSR
    assert b"v4 pre-commit hook, version " in first
    assert repo.v4("hook", "install").returncode == 0
    assert repo.hook.read_bytes() == first
    assert sorted(p.name for p in repo.hook.parent.iterdir() if not p.name.endswith(".sample")) == ["pre-commit"]
    assert repo.v4("hook", "status").returncode == 0
    assert repo.v4("hook", "uninstall").returncode == 0
    assert not repo.hook.exists()
    done = repo.v4("hook", "uninstall")
    assert done.returncode == 1
    assert "nothing to uninstall" in done.stderr


def test_an_existing_hook_runs_first_and_comes_back_byte_for_byte(repo: Repo) -> None:
    text = '#!/bin/sh\necho "first $#" >> "$PWD/log"\n[ ! -e stop ] || exit 7\n'
    repo.write_hook(text, 0o750)
    repo.v4("hook", "install")
    repo.v4("hook", "install")
    repo.write("a.py", BAD)
    repo.git("add", "a.py")
    assert repo.commit().returncode == 1
    assert (repo.root / "log").read_text() == "first 0\n"
    repo.write("a.py", "x = 1\n")
    repo.git("add", "a.py")
    repo.write("stop", "")
    done = repo.commit()
    assert done.returncode != 0 and "v4" not in done.stderr
    (repo.root / "stop").unlink()
    assert repo.commit().returncode == 0
    repo.v4("hook", "uninstall")
    assert repo.hook.read_text() == text
    assert stat.S_IMODE(repo.hook.stat().st_mode) == 0o750
    assert not repo.hook.with_name("pre-commit.v4-saved").exists()


def test_a_linked_hook_comes_back_as_a_link(repo: Repo) -> None:
    repo.write("scripts/check", "#!/bin/sh\nexit 0\n")
    (repo.root / "scripts/check").chmod(0o755)
    repo.hook.parent.mkdir(exist_ok=True)
    repo.hook.symlink_to("../../scripts/check")
    repo.v4("hook", "install")
    assert (repo.root / "scripts/check").read_text() == "#!/bin/sh\nexit 0\n"
    assert not repo.hook.is_symlink()
    repo.v4("hook", "uninstall")
    assert os.readlink(repo.hook) == "../../scripts/check"


def test_a_hook_that_is_not_executable_is_kept_but_not_run(repo: Repo) -> None:
    repo.write_hook("#!/bin/sh\nexit 1\n", 0o644)
    repo.v4("hook", "install")
    repo.write("a.py", "x = 1\n")
    repo.git("add", ".")
    assert repo.commit().returncode == 0


def test_two_foreign_hooks_are_refused(repo: Repo) -> None:
    repo.write_hook("#!/bin/sh\n# one\n")
    repo.v4("hook", "install")
    repo.write_hook("#!/bin/sh\n# two\n")
    done = repo.v4("hook", "install", "--force")
    assert done.returncode == 3
    assert repo.hook.read_text() == "#!/bin/sh\n# two\n"
    assert repo.hook.with_name("pre-commit.v4-saved").read_text() == "#!/bin/sh\n# one\n"
    assert repo.v4("hook", "uninstall").returncode == 1


def test_a_hook_that_leads_back_to_itself_ends(repo: Repo) -> None:
    repo.v4("hook", "install")
    shutil.move(repo.hook, repo.hook.with_name("pre-commit.legacy"))
    repo.write_hook('#!/bin/sh\nexec "$(dirname "$0")/pre-commit.legacy" "$@"\n')
    repo.v4("hook", "install")
    repo.write("a.py", BAD)
    repo.git("add", ".")
    done = repo.commit()
    assert done.returncode == 1
    assert done.stderr.count("[debugger]") == 1


def test_a_dispatcher_by_name_is_refused(repo: Repo) -> None:
    repo.write_hook('#!/usr/bin/env sh\n. "$(dirname "$0")/h"\n')
    done = repo.v4("hook", "install")
    assert done.returncode == 3
    assert ".husky/pre-commit" in done.stderr
    assert repo.v4("hook", "install", "--force").returncode == 0


def test_hooks_path_inside_and_outside(repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "core.hooksPath", ".githooks")
    assert repo.v4("hook", "install").returncode == 0
    assert (repo.root / ".githooks/pre-commit").exists()
    repo.write("a.py", BAD)
    repo.git("add", "a.py")
    assert repo.commit().returncode == 1
    outside = tmp_path / "global hooks"
    outside.mkdir()
    repo.git("config", "core.hooksPath", str(outside))
    done = repo.v4("hook", "install")
    assert done.returncode == 3 and "--force" in done.stderr
    assert not list(outside.iterdir())
    assert repo.v4("hook", "install", "--force").returncode == 0
    assert repo.commit().returncode == 1


def test_linked_worktree_shares_the_hook(repo: Repo, tmp_path: Path) -> None:
    repo.write("a.py", "x = 1\n")
    repo.git("add", ".")
    repo.commit()
    linked = tmp_path / "linked tree"
    repo.git("worktree", "add", "-q", str(linked), "-b", "other")
    done = repo.v4("hook", "install", cwd=linked)
    assert done.returncode == 0 and repo.hook.exists()
    (linked / "a.py").write_text(BAD)
    repo.git("add", ".", cwd=linked)
    done = repo.commit(cwd=linked)
    assert done.returncode == 1 and "[debugger]" in done.stderr


def test_submodule_has_its_own_hook(repo: Repo, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    repo.git("init", "-q", cwd=inner)
    (inner / "a.py").write_text("x = 1\n")
    repo.git("add", ".", cwd=inner)
    repo.commit(cwd=inner)
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "sub")
    sub = repo.root / "sub"
    repo.v4("hook", "install", cwd=sub)
    assert (repo.root / ".git/modules/sub/hooks/pre-commit").exists()
    (sub / "a.py").write_text(BAD)
    done = repo.commit("-a", cwd=sub)
    assert done.returncode == 1 and "a.py:2" in done.stderr


def test_temporary_indexes_of_commit_all_and_commit_path(repo: Repo) -> None:
    repo.write("a.py", "x = 1\n")
    repo.write("b.py", "x = 1\n")
    repo.git("add", ".")
    repo.commit()
    repo.v4("hook", "install")
    repo.write("a.py", BAD)
    repo.write("b.py", "x = 2\n")
    assert repo.commit("-a").returncode == 1
    assert repo.commit("a.py").returncode == 1
    assert repo.commit("b.py").returncode == 0
    (repo.root / "deep").mkdir()
    assert repo.commit("../a.py", cwd=repo.root / "deep").returncode == 1


def test_separate_git_dir_and_work_tree(repo: Repo, tmp_path: Path) -> None:
    bare = tmp_path / "dots.git"
    repo.git("init", "-q", "--bare", str(bare))
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.py").write_text(BAD)
    words = ("--git-dir", str(bare), "--work-tree", str(tree))
    repo.v4("hook", "install")
    shutil.copy(repo.hook, bare / "hooks/pre-commit")
    repo.git(*words, "add", "a.py", cwd=tree)
    done = repo.run("git", *words, "commit", "-qm", "m", cwd=tree)
    assert done.returncode == 1 and "a.py:2" in done.stderr


def test_without_v4_the_commit_goes_through(repo: Repo, tmp_path: Path) -> None:
    repo.v4("hook", "install")
    repo.use_python(tmp_path / "gone/python")
    repo.write("a.py", BAD)
    repo.git("add", ".")
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("git", "sh", "dirname"):
        (tools / tool).symlink_to(shutil.which(tool) or "")
    done = repo.commit(PATH=str(tools))
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1 and "not found" in done.stderr
    repo.git("commit", "-q", "--amend", "-m", "n", "--no-verify")
    (tools / "v4").symlink_to(V4)
    repo.write("b.py", BAD)
    repo.git("add", ".")
    assert repo.commit(PATH=str(tools)).returncode == 1


@pytest.mark.parametrize("script", ["import nothing_like_it", "raise SystemExit(1)", "import os; os.abort()"])
def test_a_broken_v4_does_not_block(repo: Repo, tmp_path: Path, script: str) -> None:
    broken = tmp_path / "python"
    broken.write_text(f"#!{sys.executable}\n{script}\n")
    broken.chmod(0o755)
    repo.v4("hook", "install")
    repo.use_python(broken)
    repo.write("a.py", BAD)
    repo.git("add", ".")
    done = repo.commit()
    assert done.returncode == 0
    assert "did not finish" in done.stderr


def test_a_repository_cannot_lend_modules_to_the_hook(repo: Repo) -> None:
    for name in ("typer", "v4cli", "click", "repo_index"):
        repo.write(f"{name}.py", "raise SystemExit('taken over')\n")
    repo.git("add", ".")
    repo.v4("hook", "install")
    done = repo.commit()
    assert done.returncode == 0 and "taken over" not in done.stderr


def test_json(repo: Repo) -> None:
    made = json.loads(repo.v4("hook", "install", "--json").stdout)
    assert (made["schema"], made["command"], made["installed"]) == (1, "hook install", True)
    state = json.loads(repo.v4("hook", "status", "--json").stdout)
    assert state["path"] == str(repo.hook) and state["saved"] is None
    gone = json.loads(repo.v4("hook", "uninstall", "--json").stdout)
    assert gone["installed"] is False


def test_merge_and_rebase_only_check_markers(repo: Repo) -> None:
    repo.write("a.py", "x = 1\n")
    repo.git("add", ".")
    repo.commit()
    repo.git("checkout", "-qb", "other")
    repo.write("a.py", "x = 2\n" + BAD)
    repo.commit("-a")
    repo.git("checkout", "-q", "main")
    repo.write("a.py", "x = 3\n")
    repo.commit("-a")
    repo.v4("hook", "install")
    assert repo.run("git", "merge", "-q", "other").returncode == 1
    repo.git("add", "a.py")
    done = repo.commit()
    assert done.returncode == 1 and done.stderr.count("[conflict-marker]") == 3
    repo.write("a.py", "x = 3\n" + BAD)
    repo.git("add", "a.py")
    assert repo.commit().returncode == 0
