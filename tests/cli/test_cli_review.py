"""v4 review on real repositories: which snapshots it compares, what it prints, how it exits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from v4cli.main import run

V4 = str(Path(sys.executable).parent / "v4")
BAD = "def f():\n    breakpoint()\n"
FOUND = "a.py:2: error: debugger left in: breakpoint() [debugger]\n"


class Repo:
    """A git repository that knows no user or system configuration."""

    def __init__(self, root: Path, home: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self.capture = capture
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.org",
        }

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=self.root, env=self.env | env, capture_output=True, text=True, timeout=120)

    def git(self, *words: str) -> str:
        done = self.run("git", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def review(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """`v4 review WORDS` in this process; as a hook, which may end its process, in one of its own."""
        if "--hook" in words:
            done = self.run(V4, "review", *words, **env)
            assert "Traceback" not in done.stderr, done.stderr
            return done
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.root)
            for name, value in (self.env | env).items():
                patch.setenv(name, value)
            self.capture.readouterr()
            code = int(run(["review", *words]))
            out, err = self.capture.readouterr()
        return subprocess.CompletedProcess(words, code, out, err)

    def found(self, *words: str) -> list[tuple[str, int, str, str]]:
        done = self.review(*words, "--json")
        document = json.loads(done.stdout)
        return [(f["path"], f["line"], f["level"], f["rule"]) for f in document["findings"]]

    def write(self, path: str, text: str | bytes) -> None:
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, files: dict[str, str]) -> None:
        for path, text in files.items():
            self.write(path, text)
        self.git("add", "-A")
        self.git("commit", "-qm", "m")


@pytest.fixture
def repo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Repo:
    root = tmp_path / "a repo"
    root.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    made = Repo(root, home, capsys)
    made.git("init", "-q", "-b", "main")
    return made


def test_only_what_is_staged_counts(repo: Repo) -> None:
    repo.commit({"a.py": "x = 1\n"})
    repo.write("a.py", BAD)
    assert repo.found("--staged") == []
    repo.git("add", "a.py")
    repo.write("a.py", "x = 2\n")
    assert repo.found("--staged") == [("a.py", 2, "error", "debugger")]
    assert repo.found() == []
    (repo.root / "a.py").unlink()
    assert repo.found("--staged") == [("a.py", 2, "error", "debugger")]


def test_a_partially_staged_file(repo: Repo) -> None:
    lines = [f"x{n} = {n}\n" for n in range(30)]
    repo.commit({"a.py": "".join(lines)})
    repo.write("a.py", "".join([*lines[:10], "breakpoint()\n", *lines[10:]]))
    repo.git("add", "a.py")
    repo.write("a.py", "".join(["import pdb\n", *lines[:20], "pdb.set_trace()\n", *lines[20:]]))
    assert repo.found("--staged") == [("a.py", 11, "error", "debugger")]
    assert repo.found() == [("a.py", 1, "warning", "debugger"), ("a.py", 22, "error", "debugger")]


def test_an_initial_commit(repo: Repo) -> None:
    assert repo.review("--staged").returncode == 0
    repo.write("a.py", BAD)
    assert repo.found() == [("a.py", 2, "error", "debugger")]
    repo.git("add", ".")
    done = repo.review("--staged")
    assert (done.returncode, done.stdout) == (1, FOUND)


def test_ranges(repo: Repo) -> None:
    repo.commit({"a.py": "x = 1\n"})
    repo.git("tag", "one")
    repo.commit({"a.py": BAD})
    repo.git("tag", "two")
    repo.commit({"b.py": "y = 1\n"})
    assert repo.review("--range", "one..two").stdout == FOUND
    assert repo.review("--range", "one..").stdout == FOUND
    assert repo.review("--range", "one...HEAD").stdout == FOUND
    assert repo.review("--range", "two..HEAD").stdout == ""
    assert repo.review("--range", "two..one").stdout == ""


@pytest.mark.parametrize("range_", ["one", "none..HEAD", "HEAD..none", "--output=x..HEAD", "HEAD..-p"])
def test_wrong_ranges(repo: Repo, range_: str) -> None:
    repo.commit({"a.py": "x = 1\n"})
    done = repo.review("--range", range_)
    assert done.returncode == 2 and done.stderr.startswith("v4: --range: ")
    assert [p.name for p in repo.root.iterdir() if p.name != ".git"] == ["a.py"]


def test_usage(repo: Repo, tmp_path: Path) -> None:
    assert repo.review("--staged", "--range", "A..B").returncode == 2
    assert repo.review("--repo", str(tmp_path)).returncode == 4
    assert repo.review("--repo", str(tmp_path / "none")).returncode == 2


def test_json_and_text(repo: Repo) -> None:
    repo.commit({"a.py": "x = 1\n"})
    repo.write("a.py", BAD)
    document: dict[str, Any] = json.loads(repo.review("--json").stdout)
    assert document.pop("seconds") > 0
    assert document == {
        "schema": 1,
        "command": "review",
        "findings": [
            {
                "path": "a.py",
                "line": 2,
                "level": "error",
                "rule": "debugger",
                "message": "debugger left in: breakpoint()",
            }
        ],
        "files": 1,
        "checked": 1,
    }
    done = repo.review()
    assert done.stdout == FOUND and "1 finding in 1 changed" in done.stderr
    assert repo.review("--quiet").stderr == ""


def test_exit_codes_by_level(repo: Repo) -> None:
    repo.commit({"a.py": "x = 1\n"})
    repo.write("a.py", "import pdb\n")
    done = repo.review()
    assert done.returncode == 0 and "warning" in done.stdout
    assert repo.review("--strict").returncode == 1


def test_a_line_can_be_left_alone(repo: Repo) -> None:
    repo.write("a.py", "breakpoint()  # v4: ignore\nbreakpoint()  # v4: ignore[debugger]\n")
    assert repo.found() == []
    repo.write("a.py", "breakpoint()  # v4: ignore[bidi]\n")
    assert repo.found() == [("a.py", 1, "error", "debugger")]


def test_file_names_of_any_kind(repo: Repo) -> None:
    names = ['q"uote.py', "tab\there.py", "sp ace.py", "\u00fc.py", "back\\slash.py", "new\nline.py", "-dash.py"]
    for name in names:
        repo.write(name, "x = 1\ny = 2\n")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "m")
    for name in names:
        repo.write(name, "x = 1\nbreakpoint()\ny = 2\n")
    repo.git("add", "-A")
    assert sorted(p for p, line, _, _ in repo.found("--staged") if line == 2) == sorted(names)
    lines = repo.review("--staged").stdout.splitlines()
    assert len(lines) == len(names) and all(line.endswith("[debugger]") for line in lines)


def test_a_file_name_that_is_not_utf8(repo: Repo) -> None:
    with open(os.fsencode(repo.root) + b"/\xff.py", "w") as stream:
        stream.write(BAD)
    repo.git("add", "-A")
    done = repo.review("--staged")
    assert done.returncode == 1 and done.stdout.startswith("\\xff.py:2: error")
    assert repo.review("--staged", "--json").returncode == 1


def test_the_users_diff_settings_do_not_matter(repo: Repo) -> None:
    repo.commit({"a.py": "x = 1\n", ".gitattributes": "*.py diff=evil\n"})
    for key, value in {
        "diff.noprefix": "true",
        "diff.mnemonicPrefix": "true",
        "diff.external": "false",
        "diff.evil.textconv": "false",
        "diff.evil.command": "false",
        "diff.renames": "copies",
        "diff.interHunkContext": "20",
        "color.ui": "always",
        "core.quotePath": "true",
    }.items():
        repo.git("config", key, value)
    repo.write("a.py", BAD)
    repo.git("add", "a.py")
    assert repo.review("--staged").stdout == FOUND


def test_links_binaries_and_large_files_are_not_read(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text(BAD)
    (repo.root / "link.py").symlink_to(tmp_path / "secret.py")
    repo.write("data.py", b"\0" + BAD.encode())
    repo.write("large.py", BAD + "#" * 1_100_000)
    assert repo.found() == []
    repo.git("add", "-A")
    assert repo.found("--staged") == []


def test_unmerged_paths_are_left_out(repo: Repo) -> None:
    repo.commit({"a.py": "x = 1\n"})
    repo.git("checkout", "-qb", "other")
    repo.commit({"a.py": "x = 2\n"})
    repo.git("checkout", "-q", "main")
    repo.commit({"a.py": "x = 3\n"})
    assert repo.run("git", "merge", "-q", "other").returncode == 1
    done = repo.review("--staged")
    assert done.returncode == 0 and "1 unmerged" in done.stderr
    assert {rule for _, _, _, rule in repo.found()} == {"conflict-marker", "syntax-error"}


def test_an_index_named_by_git_counts_unless_another_repository_is_named(repo: Repo) -> None:
    repo.commit({"a.py": "x = 1\n"})
    repo.write("a.py", BAD)
    index = {"GIT_INDEX_FILE": str(repo.root / ".git/other")}
    repo.run("git", "read-tree", "HEAD", **index)
    repo.run("git", "add", "a.py", **index)
    assert repo.review("--staged", **index).stdout == FOUND
    assert repo.review("--staged", "--repo", ".", **index).stdout == ""
    assert repo.review("--staged").stdout == ""


def test_the_hook_mode_never_blocks_on_its_own_failure(repo: Repo, tmp_path: Path) -> None:
    repo.write("a.py", BAD)
    repo.git("add", ".")
    done = repo.review("--staged", "--hook")
    assert (done.returncode, done.stdout) == (1, FOUND)
    done = repo.review("--staged", "--hook", "--timeout", "0.0001")
    assert done.returncode == 0 and "no result after" in done.stderr and len(done.stderr.splitlines()) == 1
    (repo.root / ".git/index").write_bytes(b"not an index")
    done = repo.review("--staged", "--hook")
    assert done.returncode == 0 and len(done.stderr.splitlines()) == 1 and "not checked" in done.stderr
    assert repo.review("--staged").returncode == 4
    assert repo.review("--staged", "--hook", "--repo", str(tmp_path)).returncode == 0


def test_the_hook_mode_is_silent_without_findings(repo: Repo) -> None:
    repo.write("a.py", "x = 1\n")
    repo.git("add", ".")
    done = repo.review("--staged", "--hook")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert repo.review("--staged", "--hook", SKIP="v4-check").returncode == 0


def test_range_of_the_pre_commit_framework(repo: Repo) -> None:
    repo.commit({"a.py": "x = 1\n"})
    repo.commit({"a.py": BAD})
    ends = {"PRE_COMMIT_FROM_REF": "HEAD~1", "PRE_COMMIT_TO_REF": "HEAD"}
    assert repo.review("--staged", "--hook", **ends).stdout == FOUND


def test_nothing_but_the_index_is_written(repo: Repo) -> None:
    repo.commit({"a.py": "x = 1\n", "b.py": "import a\n"})
    repo.write("a.py", BAD)
    repo.git("add", "a.py")

    def files() -> dict[str, tuple[int, int]]:
        found = [p for p in repo.root.rglob("*") if p.is_file() and p.parent != repo.root / ".git/v4"]
        return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in found}

    before = files()
    repo.review("--staged")
    repo.review()
    assert files() == before


def test_no_heavy_imports(repo: Repo) -> None:
    repo.commit({"a.py": "def f(x): ...\n", "b.py": "from a import f\nf(1)\n", "c.ts": "const x = 1;\n"})
    repo.write("a.py", "def f(): ...\n")
    repo.write("c.ts", "debugger;\n")
    code = (
        "import sys; from v4cli.main import run; code = run(['review']); "
        "print(code, *sorted({'torch', 'transformers', 'numpy', 'rich.console', 'git', 'model_runtime'}"
        " & set(sys.modules)))"
    )
    done = repo.run(sys.executable, "-c", code)
    assert done.stdout.splitlines()[-1] == "1"


def test_the_module_that_the_hook_runs_needs_no_command_line_library(repo: Repo) -> None:
    repo.write("a.py", BAD)
    repo.git("add", ".")
    done = repo.run(sys.executable, "-P", "-X", "importtime", "-m", "v4cli.review")
    assert (done.returncode, done.stdout) == (1, FOUND)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time")}
    assert "v4cli.review.run" in loaded
    assert not loaded & {"typer", "pydantic", "torch", "rich"}
