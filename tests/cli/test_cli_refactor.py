"""`v4 refactor` as a program: streams, exit codes, the JSON contract, asking, checking, committing, undoing."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

import pytest
from pydantic import Field

from v4cli import main
from v4cli.refactoring.operation import LeftAlone, Operation, Outcome
from v4cli.refactoring.workspace import Workspace


class Replace(Operation):
    """Replaces a text in every file, then moves files: these tests do not hang on what real operations do."""

    kind: Literal["cli_test_replace"] = "cli_test_replace"
    old: str
    new: str
    move: dict[str, str] = Field(default_factory=dict)

    def apply(self, ws: Workspace) -> Outcome:
        old = os.fsencode(self.old)
        for path in ws.paths():
            if ws.protected(path):
                continue
            content = ws.read(path)
            if old in content:
                ws.write(path, content.replace(old, os.fsencode(self.new)))
        for source, target in self.move.items():
            ws.move(source, target)
        return Outcome([LeftAlone("doc.md", 1, self.old, "prose")], ["replaced"])


FILES = {
    "pkg/__init__.py": b"from .core import load\n",
    "pkg/core.py": b"def load():\r\n    return 1\r\n",
    "test_pkg.py": b"from pkg import load\n\n\ndef test_load():\n    assert load() == 1\n",
    "caf\u00e9 x.py": "# caf\u00e9: load\n".encode("latin-1"),
}
RENAME = {"operations": [{"kind": "cli_test_replace", "old": "load", "new": "read"}]}
BREAK = {"operations": [{"kind": "cli_test_replace", "old": "def load", "new": "def read"}]}


@dataclass
class Done:
    returncode: int
    stdout: bytes
    stderr: bytes


class Tool:
    """Runs the program in a repository with a folder of its own for configuration and cache.

    Each run is a forked process, which saves the start of an interpreter and knows the operation above.
    """

    def __init__(self, tmp_path: Path) -> None:
        self.root = tmp_path / "repo dir"
        self.root.mkdir()
        self.plans = tmp_path
        home = tmp_path / "home"
        home.mkdir()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "V4_"))}
        identity = {f"GIT_{who}_{what}": "t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        self.env = kept | identity | {"HOME": str(home), "XDG_CACHE_HOME": str(home / "c")}
        self.git("init", "-q")
        for path, content in FILES.items():
            (self.root / path).parent.mkdir(exist_ok=True)
            (self.root / path).write_bytes(content)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "start")

    def become(self, arguments: tuple[str, ...], cwd: Path | None = None, **env: str) -> NoReturn:
        """In a forked process: be the program."""
        code = 99
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.environ.clear()
            os.environ.update(self.env | env)
            os.chdir(cwd or self.root)
            sys.stdin, sys.stdout, sys.stderr = (
                io.TextIOWrapper(io.FileIO(number, mode), encoding="utf-8", write_through=True)
                for number, mode in enumerate("rww")
            )
            code = int(main.run(["refactor", *arguments]))
        finally:
            os._exit(code)

    def start(self, *arguments: str, stdin: bytes = b"", cwd: Path | None = None, **env: str) -> int:
        child = os.fork()
        if not child:
            (self.plans / "stdin").write_bytes(stdin)
            os.dup2(os.open(self.plans / "stdin", os.O_RDONLY), 0)
            for number, name in ((1, "stdout"), (2, "stderr")):
                os.dup2(os.open(self.plans / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
            self.become(arguments, cwd, **env)
        return child

    def wait(self, child: int) -> Done:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return Done(code, (self.plans / "stdout").read_bytes(), (self.plans / "stderr").read_bytes())

    def run(self, *arguments: str, stdin: bytes = b"", cwd: Path | None = None, **env: str) -> Done:
        return self.wait(self.start(*arguments, stdin=stdin, cwd=cwd, **env))

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=self.env, input=stdin, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape")

    def plan(self, document: Any) -> str:
        place = self.plans / "plan.json"
        place.write_text(json.dumps(document))
        return str(place)

    def state(self) -> dict[str, bytes]:
        return {
            str(p.relative_to(self.root)): p.read_bytes()
            for p in sorted(self.root.rglob("*"))
            if p.is_file() and ".git" not in p.relative_to(self.root).parts
        }


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    return Tool(tmp_path)


def test_patch_on_stdout_and_the_rest_on_stderr(tool: Tool) -> None:
    before = tool.state()
    done = tool.run("--plan", tool.plan(RENAME))
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.startswith(b"diff --git ")
    text = done.stderr.decode()
    for part in ("cli_test_replace(", "files: 4", "ok     syntax", "doc.md:1: load  [prose]", "note: replaced"):
        assert part in text
    assert tool.state() == before
    assert tool.git("status", "--porcelain") == ""
    tool.git("apply", "--check", "-", stdin=done.stdout)
    tool.git("apply", "-", stdin=done.stdout)
    assert tool.state()["pkg/core.py"] == b"def read():\r\n    return 1\r\n"
    assert tool.state()["caf\u00e9 x.py"] == b"# caf\xe9: read\n"


def test_json_contract(tool: Tool) -> None:
    done = tool.run("--plan", tool.plan(RENAME), "--json")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["schema"] == 1 and document["command"] == "refactor"
    assert document["plan"]["operations"][0]["old"] == "load"
    assert [entry["path"] for entry in document["files"]] == sorted(FILES)
    assert all(entry.keys() == {"path", "old_path", "added", "removed"} for entry in document["files"])
    assert all(entry.keys() == {"name", "passed", "detail"} for entry in document["checks"])
    assert all(entry["passed"] for entry in document["checks"])
    assert document["left_alone"] == [{"path": "doc.md", "line": 1, "text": "load", "reason": "prose"}]
    assert document["applied"] is False and document["undo"] is None
    assert document["seconds"]["total"] > 0
    tool.git("apply", "-", stdin=document["patch"].encode())
    assert tool.state()["caf\u00e9 x.py"] == b"# caf\xe9: read\n"


def test_apply_and_undo(tool: Tool) -> None:
    before = tool.state()
    done = tool.run("--plan", tool.plan(RENAME), "--apply", "--yes", "--json")
    document = json.loads(done.stdout)
    assert document["applied"] is True and document["undo"]
    assert tool.state()["pkg/core.py"] == b"def read():\r\n    return 1\r\n"
    undone = tool.run("--undo", document["undo"], "--json")
    assert json.loads(undone.stdout)["undone"] == document["undo"]
    assert tool.state() == before
    again = tool.run("--undo")
    assert (again.returncode, again.stdout) == (1, b"")
    assert b"nothing to undo" in again.stderr


def test_undo_lists_what_changed_since(tool: Tool) -> None:
    assert tool.run("--plan", tool.plan(RENAME), "--apply", "--yes").returncode == 0
    (tool.root / "pkg/core.py").write_bytes(b"mine\n")
    after = tool.state()
    done = tool.run("--undo")
    assert done.returncode == 3 and b"pkg/core.py" in done.stderr and tool.state() == after
    assert tool.run("--undo", "123").returncode == 2


def test_apply_without_a_terminal_needs_yes(tool: Tool) -> None:
    before = tool.state()
    done = tool.run("--plan", tool.plan(RENAME), "--apply")
    assert done.returncode == 2 and b"--yes" in done.stderr and tool.state() == before


PROGRAM = Path(sys.executable).parent / "v4"
REAL_RENAME = {"operations": [{"kind": "rename_symbol", "symbol": "pkg/core.py::load", "new_name": "read"}]}


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 1), (b"\n", 1), (b"\x03", 130)])
def test_apply_asks_on_a_terminal(tool: Tool, answer: bytes, code: int) -> None:
    before = tool.state()
    plan = tool.plan(REAL_RENAME)
    child, terminal = pty.fork()
    if not child:
        os.chdir(tool.root)
        os.execve(PROGRAM, [str(PROGRAM), "refactor", "--plan", plan, "--apply", "-q"], tool.env)
    seen, sent = b"", False
    try:
        while select.select([terminal], [], [], 20)[0]:
            try:
                seen += os.read(terminal, 4096)
            except OSError:  # the other end is closed
                break
            if b"[y/N]" in seen and not sent:
                time.sleep(0.3)  # an interrupt just before the read would only be seen after it
                os.write(terminal, answer)
                sent = True
        else:
            os.kill(child, signal.SIGKILL)
    finally:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(terminal)
    assert b"Write 3 changes to" in seen and b"+def read" in seen
    assert status == code, seen
    assert (tool.state() == before) == (code != 0)


def test_the_installed_program(tool: Tool) -> None:
    command = [PROGRAM, "refactor", "--plan", tool.plan(REAL_RENAME)]
    done = subprocess.run(command, cwd=tool.root, env=tool.env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    tool.git("apply", "-", stdin=done.stdout)
    assert tool.state()["pkg/__init__.py"] == b"from .core import read\n"
    assert tool.state()["pkg/core.py"] == b"def read():\r\n    return 1\r\n"


def test_failing_check_writes_nothing_and_is_named(tool: Tool, tmp_path: Path) -> None:
    before = tool.state()
    patch = tmp_path / "x.patch"
    done = tool.run("--plan", tool.plan(BREAK), "--apply", "--yes", "--out", str(patch))
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"refused, nothing was written: failed: imported names" in done.stderr
    assert b"pkg/__init__.py:1: load (imported from .core) does not exist" in done.stderr
    assert tool.state() == before and not patch.exists()
    done = tool.run("--plan", tool.plan(BREAK), "--json", "-q")
    assert done.returncode == 3
    failed = [check["name"] for check in json.loads(done.stdout)["checks"] if not check["passed"]]
    assert failed == ["imported names"]


def test_out_plan_only_and_plan_from_stdin(tool: Tool, tmp_path: Path) -> None:
    patch = tmp_path / "x.patch"
    done = tool.run("--plan", tool.plan(RENAME), "--plan-only")
    assert done.returncode == 0 and json.loads(done.stdout)["operations"][0]["kind"] == "cli_test_replace"
    as_json = tool.run("--plan", tool.plan(RENAME), "--plan-only", "--json")
    assert json.loads(as_json.stdout)["plan"] == json.loads(done.stdout)
    for plan in (done.stdout, as_json.stdout):
        again = tool.run("--plan", "-", "--out", str(patch), stdin=plan)
        assert (again.returncode, again.stdout) == (0, b"")
    tool.git("apply", "--check", str(patch))
    for target, made in (("link", True), ("pipe", False)):
        place = tmp_path / target
        place.symlink_to(patch) if made else os.mkfifo(place)
        reader = None if made else os.open(place, os.O_RDONLY | os.O_NONBLOCK)
        assert tool.run("--plan", tool.plan(RENAME), "--out", str(place)).returncode == 0
        assert place.is_symlink() == made and place.is_fifo() != made
        if reader is not None:
            assert os.read(reader, 1 << 16) == patch.read_bytes()
            os.close(reader)
    assert not [p for p in tmp_path.iterdir() if p.name.endswith(".tmp")]


WRONG: dict[str, tuple[list[str], int, str]] = {
    "no instruction": ([], 2, "needs an instruction"),
    "empty instruction": ([" "], 2, "needs an instruction"),
    "no such plan": (["--plan", "none.json"], 2, "no such file"),
    "plan is a folder": (["--plan", "."], 2, "is a directory"),
    "plan is no plan": (["--plan", "pkg/core.py"], 2, "not valid JSON"),
    "commit without apply": (["x", "--commit"], 2, "--commit needs --apply"),
    "out is a folder": (["x", "--out", "pkg"], 2, "pkg is a folder"),
    "out in no folder": (["x", "--out", "none/x.patch"], 2, "is not a folder"),
    "no repository": (["x", "--repo", "/"], 4, "no git repository"),
    "unknown option": (["x", "--bogus"], 2, "--bogus"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_usage(tool: Tool, name: str) -> None:
    arguments, code, message = WRONG[name]
    before = tool.state()
    done = tool.run(*arguments)
    assert (done.returncode, done.stdout) == (code, b""), done.stderr.decode()
    assert message in done.stderr.decode() and b"Traceback" not in done.stderr
    assert tool.state() == before


def test_nothing_to_change(tool: Tool) -> None:
    plan = {"operations": [{"kind": "cli_test_replace", "old": "absent", "new": "x"}]}
    done = tool.run("--plan", tool.plan(plan))
    assert (done.returncode, done.stdout) == (1, b"") and b"changes nothing" in done.stderr


def test_from_a_sub_folder(tool: Tool) -> None:
    done = tool.run("--plan", tool.plan(RENAME), cwd=tool.root / "pkg")
    assert b"a/pkg/core.py" in done.stdout and b"apply the patch at the top folder" in done.stderr
    tool.git("apply", "-", stdin=done.stdout)


def test_check_command_sees_the_changed_repository(tool: Tool) -> None:
    (tool.root / "untracked.txt").write_bytes(b"here\n")
    (tool.root / ".gitignore").write_bytes(b"ignored.txt\nnode_modules\n")
    (tool.root / "ignored.txt").write_bytes(b"")
    (tool.root / "node_modules").mkdir()
    before, place = tool.state(), str(tool.root)
    command = (
        "grep -q 'def read' pkg/core.py && test -f untracked.txt && ! test -e ignored.txt && test -d node_modules"
        ' && test -z "$MY_TOKEN" && test "$(git log --format=%s)" = start'
        f" && test \"$(git rev-parse --show-toplevel)\" != '{place}' && git commit -qam inside"
        f" && {sys.executable} -c 'import pkg; pkg.read()'"
    )
    done = tool.run("--plan", tool.plan(RENAME), "--check", command, MY_TOKEN="secret")
    assert done.returncode == 0, done.stderr.decode()
    assert b"ok     command" in done.stderr
    assert tool.state() == before
    assert tool.git("log", "--format=%s") == "start\n"
    assert not list(Path(tempfile.gettempdir()).glob("v4-check-*/repo dir"))


def test_check_command_that_fails_or_hangs(tool: Tool) -> None:
    before = tool.state()
    command = "for n in $(seq 30); do echo line $n; done; exit 7"
    done = tool.run("--plan", tool.plan(RENAME), "--apply", "--yes", "--check", command)
    text = done.stderr.decode()
    assert (done.returncode, done.stdout) == (3, b"")
    assert "exit code 7" in text and "line 30" in text and "line 11\n" in text and "line 10\n" not in text
    done = tool.run("--plan", tool.plan(RENAME), "--check", "sleep 60 & sleep 60", "--check-timeout", "0.5")
    assert done.returncode == 3 and b"no end after 0.5 s" in done.stderr
    assert tool.state() == before


def test_check_command_comes_from_the_environment_not_from_the_repository(tool: Tool) -> None:
    (tool.root / ".v4.toml").write_text("check = 'touch /tmp/v4-must-not-exist'\n")
    (tool.root / "pyproject.toml").write_text("[tool.v4]\ncheck = 'touch /tmp/v4-must-not-exist'\n")
    assert tool.run("--plan", tool.plan(RENAME)).returncode == 0
    assert not Path("/tmp/v4-must-not-exist").exists()
    assert tool.run("--plan", tool.plan(RENAME), V4_CHECK="false").returncode == 3


def test_check_copy_is_not_written_through_links(tool: Tool, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tool.root / "dir").mkdir()
    (tool.root / "dir/f.txt").write_bytes(b"f\n")
    tool.git("add", "dir")
    (tool.root / "dir/f.txt").rename(outside / "f.txt")
    (tool.root / "dir").rmdir()
    (tool.root / "dir").symlink_to(outside)
    done = tool.run("--plan", tool.plan(RENAME), "--check", "test -L dir")
    assert done.returncode == 0, done.stderr.decode()
    assert [p.name for p in outside.iterdir()] == ["f.txt"]


def test_check_without_any_commit(tool: Tool) -> None:
    subprocess.run(["rm", "-rf", str(tool.root / ".git")], check=True)
    tool.git("init", "-q")
    done = tool.run("--plan", tool.plan(RENAME), "--check", "grep -q read pkg/core.py", "--apply", "--yes")
    assert done.returncode == 0, done.stderr.decode()


def test_interrupt_while_the_check_runs(tool: Tool, tmp_path: Path) -> None:
    before = tool.state()
    temporary = tmp_path / "t"
    temporary.mkdir()
    started = tmp_path / "started"
    command = f"echo $$ > '{started}'; sleep 60"
    child = tool.start("--plan", tool.plan(RENAME), "--check", command, TMPDIR=str(temporary))
    until = time.monotonic() + 15
    while not (started.exists() and started.read_text().strip()) and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(child, signal.SIGINT if started.exists() else signal.SIGKILL)
    done = tool.wait(child)
    assert (done.returncode, done.stdout) == (130, b"")
    assert not list(temporary.iterdir()) and tool.state() == before
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


def test_commit_takes_exactly_the_change(tool: Tool) -> None:
    (tool.root / "other.txt").write_bytes(b"staged\n")
    tool.git("add", "other.txt")
    (tool.root / "loose.txt").write_bytes(b"untracked\n")
    move = {"operations": [{**RENAME["operations"][0], "move": {"test_pkg.py": "tests/test_pkg.py"}}]}
    done = tool.run("--plan", tool.plan(move), "--apply", "--yes", "--commit", "--json")
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["commit"] == tool.git("rev-parse", "HEAD").strip()
    names = tool.git("show", "--format=", "--name-only", "--no-renames", "-z", "HEAD").split("\0")
    assert sorted(filter(None, names)) == sorted([*FILES, "tests/test_pkg.py"])
    assert tool.git("status", "--porcelain") == "A  other.txt\n?? loose.txt\n"
    assert "cli_test_replace" in tool.git("log", "-1", "--format=%B")
    undone = tool.run("--undo")
    assert undone.returncode == 0 and b"git revert" in undone.stderr
    assert tool.state()["pkg/core.py"] == FILES["pkg/core.py"] and tool.git("rev-list", "--count", "HEAD") == "2\n"


def test_commit_refuses_to_take_other_work_along(tool: Tool) -> None:
    (tool.root / "pkg/core.py").write_bytes(FILES["pkg/core.py"] + b"# mine\r\n")
    before = tool.state()
    for stage in (False, True):
        if stage:
            tool.git("add", "-A")
        done = tool.run("--plan", tool.plan(RENAME), "--apply", "--yes", "--commit")
        assert done.returncode == 3 and b"--allow-dirty" in done.stderr and tool.state() == before
    assert tool.run("--plan", tool.plan(RENAME), "--apply", "--yes", "--commit", "--allow-dirty").returncode == 0
    assert tool.git("status", "--porcelain") == ""


@pytest.mark.parametrize("meddles", [False, True])
def test_hook_that_refuses_the_commit_restores_everything(tool: Tool, meddles: bool) -> None:
    hook = tool.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    change = "echo meddled >> pkg/core.py\n" if meddles else ""
    hook.write_text(f"#!/bin/sh\n{change}echo the hook says no\nexit 1\n")
    hook.chmod(0o755)
    move = {"operations": [{**RENAME["operations"][0], "move": {"test_pkg.py": "tests/test_pkg.py"}}]}
    before = tool.state()
    done = tool.run("--plan", tool.plan(move), "--apply", "--yes", "--commit")
    assert done.returncode == 3 and b"the hook says no" in done.stderr
    assert tool.state() == before and not (tool.root / "tests").exists()
    assert tool.git("status", "--porcelain") == ""
    assert tool.git("log", "--format=%s") == "start\n"


def test_interrupted_apply_is_said(tool: Tool) -> None:
    assert tool.run("--plan", tool.plan(RENAME), "--apply", "--yes").returncode == 0
    (journal,) = (tool.root / ".git/v4/undo").glob("*/journal.json")
    journal.write_text(journal.read_text().replace('"state": "done"', '"state": "pending"'))
    done = tool.run("--plan", tool.plan(BREAK), "--apply", "--yes")
    assert done.returncode == 3 and b"--undo" in done.stderr
    looked = tool.run("--plan", tool.plan({"operations": [{"kind": "cli_test_replace", "old": "1", "new": "2"}]}))
    assert looked.returncode == 0 and b"warning: an earlier apply" in looked.stderr
    restored = tool.run("--undo")
    assert restored.returncode == 0 and b"rolled back the interrupted" in restored.stderr
    assert tool.state() == {name: FILES[name] for name in sorted(FILES)}


def test_text_of_the_repository_cannot_colour_the_terminal(tool: Tool) -> None:
    (tool.root / "evil\x1b[31m.py").write_bytes(b"load = 1\n")
    done = tool.run("--plan", tool.plan(RENAME))
    assert b"\x1b" not in done.stderr and b"\\x1b[31m" in done.stderr


def test_quiet(tool: Tool) -> None:
    done = tool.run("--plan", tool.plan(RENAME), "-q")
    assert done.returncode == 0 and done.stderr == b"" and done.stdout
