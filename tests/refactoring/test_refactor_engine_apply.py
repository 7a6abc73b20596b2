"""Applying and undoing on real work trees: all or nothing, whatever goes wrong and whenever."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from v4cli.errors import EnvironmentLacks, NothingToDo, Refused, UsageError
from v4cli.refactoring import apply as applying
from v4cli.refactoring import journal as journals
from v4cli.refactoring.apply import apply
from v4cli.refactoring.changes import FileChange, from_contents
from v4cli.refactoring.undo import undo

State = dict[str, tuple[bytes, int] | None]


def snapshot(root: Path) -> State:
    """Everything in the work tree: files with bytes and permission bits, folders as None."""
    state: State = {}
    for folder, folders, files in os.walk(root):
        if ".git" in folders:
            folders.remove(".git")
        for name in folders:
            state[os.path.relpath(os.path.join(folder, name), root)] = None
        for name in files:
            place = Path(folder, name)
            content = os.fsencode(os.readlink(place)) if place.is_symlink() else place.read_bytes()
            state[os.path.relpath(place, root)] = (content, stat.S_IMODE(place.lstat().st_mode))
    return state


def make(root: Path, files: dict[str, bytes]) -> Path:
    root.mkdir(exist_ok=True)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


FILES = {
    "a.py": b"a = 1\r\n",
    "run.sh": b"#!/bin/sh\n",
    "pkg/only.py": b"only = 1\n",
    "pkg2/x.py": b"x\n",
    "keep.py": b"\xef\xbb\xbfkeep\n",
}
AFTER: dict[str, bytes | None] = {
    "a.py": b"b = 1\r\n",
    "run.sh": b"#!/bin/bash\n",
    "pkg/only.py": None,
    "new/deep/only.py": b"only = 1\nmore = 2\n",
    "new/empty.py": b"",
    "pkg2/x.py": None,
    "pkg2/y.py": b"x\n",
}
MOVES = {"new/deep/only.py": "pkg/only.py", "pkg2/y.py": "pkg2/x.py"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make(tmp_path / "r", FILES)
    (root / "run.sh").chmod(0o754)
    (root / "pkg2/x.py").chmod(0o755)
    return root


def changes(root: Path, after: dict[str, bytes | None] = AFTER, moves: dict[str, str] = MOVES) -> list[FileChange]:
    before = {p: (root / p).read_bytes() if (root / p).is_file() else None for p in after}
    return from_contents(root, before, after, moves)


def leftovers(root: Path) -> list[str]:
    return [p for p in snapshot(root) if ".v4-" in p or p.endswith(".tmp")]


def test_apply_writes_everything_and_undo_restores_it_exactly(root: Path) -> None:
    before = snapshot(root)
    old_times = {p: (root / p).stat().st_mtime_ns for p in ("a.py", "keep.py")}
    os.utime(root / "a.py", ns=(1, 1))
    identifier = apply(root, changes(root), "try")
    after = snapshot(root)
    assert {p: v[0] for p, v in after.items() if v} == {
        "keep.py": FILES["keep.py"],
        **{p: c for p, c in AFTER.items() if c is not None},
    }
    assert after["run.sh"] == (b"#!/bin/bash\n", 0o754)
    assert after["pkg2/y.py"] == (b"x\n", 0o755)
    assert "pkg" not in after
    assert (root / "a.py").stat().st_mtime_ns > 1
    assert (root / "keep.py").stat().st_mtime_ns == old_times["keep.py"]
    undone = undo(root)
    assert undone.id == identifier and not undone.interrupted
    assert sorted(undone.paths) == sorted(AFTER)
    assert snapshot(root) == before
    with pytest.raises(NothingToDo):
        undo(root)


def test_undo_is_a_stack_and_takes_an_id(root: Path) -> None:
    start = snapshot(root)
    first = apply(root, changes(root, {"a.py": b"1"}, {}))
    middle = snapshot(root)
    second = apply(root, changes(root, {"a.py": b"2"}, {}))
    assert second > first
    with pytest.raises(UsageError, match=second):
        undo(root, "abc")
    with pytest.raises(Refused, match=r"a\.py"):
        undo(root, first)
    assert undo(root).id == second
    assert snapshot(root) == middle
    undo(root, first)
    assert snapshot(root) == start


def test_undo_refuses_when_a_file_changed_since(root: Path) -> None:
    apply(root, changes(root))
    (root / "a.py").write_bytes(b"mine")
    (root / "pkg").mkdir()
    (root / "pkg/only.py").write_bytes(b"mine too")
    before = snapshot(root)
    with pytest.raises(Refused, match=r"a\.py, pkg/only\.py"):
        undo(root)
    assert snapshot(root) == before
    undo(root, force=True)
    assert {p: v[0] for p, v in snapshot(root).items() if v} == FILES


def test_undo_keeps_a_folder_that_was_there(root: Path) -> None:
    (root / "new").mkdir()
    before = snapshot(root)
    apply(root, changes(root))
    undo(root)
    assert snapshot(root) == before


@pytest.mark.parametrize("what", ["edited", "gone", "came up", "folder", "link"])
def test_apply_refuses_when_the_tree_is_not_the_base(root: Path, what: str) -> None:
    made = changes(root)
    if what == "edited":
        (root / "a.py").write_bytes(b"edited")
    elif what == "gone":
        (root / "a.py").unlink()
    elif what == "came up":
        (root / "pkg2/y.py").write_bytes(b"")
    elif what == "folder":
        (root / "pkg2/y.py").mkdir()
    else:
        (root / "a.py").unlink()
        (root / "a.py").symlink_to("keep.py")
    before = snapshot(root)
    with pytest.raises(Refused):
        apply(root, made)
    assert snapshot(root) == before
    assert not journals.load_all(root)


BAD_PATHS = [
    "../evil",
    "/etc/evil",
    "a/../../evil",
    "./a",
    "a//b",
    "",
    "a/",
    ".git/hooks/pre-commit",
    ".GIT/config",
    "sub/.git/config",
    ".git",
    ".git. /config",
    "git~1/config",
    ".git::$INDEX_ALLOCATION/config",
    ".g\u200cit/config",
    "C:/evil",
    "a\\b",
    "nul\0",
    "link/evil",
    "link.py",
    "dangling",
    "submodule/evil",
    "keep.py/evil",
    "x" * 256,
]


@pytest.mark.parametrize("path", BAD_PATHS)
def test_path_policy(root: Path, tmp_path: Path, path: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "link").symlink_to(outside)
    (root / "link.py").symlink_to("keep.py")
    (root / "dangling").symlink_to(outside / "not-there")
    make(root / "submodule", {})
    before, git_before = snapshot(root), sorted((root / ".git").rglob("*"))
    with pytest.raises(Refused):
        apply(root, [FileChange(path, None, b"evil"), FileChange("ok.py", None, b"")])
    assert snapshot(root) == before
    assert not list(outside.iterdir())
    assert [p for p in sorted((root / ".git").rglob("*")) if "v4" not in p.parts] == git_before


def test_full_disk_writes_nothing(tmp_path: Path) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(mount)], capture_output=True)
    if done.returncode:
        pytest.skip("cannot mount a small file system here")
    try:
        root = make(mount / "r", {f"f{n}.py": b"x" * 30_000 for n in range(5)})
        before = snapshot(root)
        with pytest.raises(OSError, match="No space left"):
            apply(root, changes(root, {f"f{n}.py": b"y" * 60_000 for n in range(5)}, {}))
        assert snapshot(root) == before
        assert not journals.load_all(root)
        identifier = apply(root, changes(root, {"f0.py": b"y"}, {}))
        assert undo(root).id == identifier
        assert snapshot(root) == before
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def in_child(action: Callable[[], object]) -> tuple[int, str]:
    """Run `action` in a forked process: its wait status, and what it returned or raised, as text."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            text = repr(action())
        except BaseException as error:
            text = repr(error)
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        text = pipe.read().decode()
    return os.waitpid(child, 0)[1], text


@pytest.mark.skipif(os.getuid() != 0, reason="needs to become another user")
def test_read_only_folder_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for parent in [tmp_path, *tmp_path.parents]:
        if parent.name.startswith(("pytest-", "test_")):
            parent.chmod(0o755)
    root = make(tmp_path / "r", {"open/a.py": b"a\n", "shut/b.py": b"b\n"})
    subprocess.run(["chown", "-R", "65534", str(root)], check=True)
    subprocess.run(["chown", "-R", "0", str(root / "shut")], check=True)
    monkeypatch.chdir(root)
    monkeypatch.setenv("HOME", "/")
    before = snapshot(root)

    def write() -> str:
        os.setgid(65534)
        os.setuid(65534)
        return apply(root, [FileChange("open/a.py", b"a\n", b"A\n"), FileChange("shut/b.py", b"b\n", b"B\n")])

    assert "PermissionError" in in_child(write)[1]
    assert snapshot(root) == before
    assert not list((root / ".git/v4/undo").iterdir())


@pytest.mark.skipif(os.getuid() != 0, reason="needs to give files away")
def test_owner_is_kept(root: Path) -> None:
    os.chown(root / "a.py", 1234, 1234)
    apply(root, changes(root))
    assert (root / "a.py").stat().st_uid == 1234


class Stop(BaseException):
    pass


@pytest.mark.parametrize("number", range(8))
def test_failure_while_renaming_puts_the_very_files_back(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    before = snapshot(root)
    times = {p: ((root / p).stat().st_ino, (root / p).stat().st_mtime_ns) for p in FILES}
    calls = iter(range(1000))
    real = os.link

    def failing(*arguments: object, **options: object) -> None:
        if next(calls) == number:
            raise Stop
        real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "link", failing)
    try:
        apply(root, changes(root))
    except Stop:
        assert snapshot(root) == before
        assert {p: ((root / p).stat().st_ino, (root / p).stat().st_mtime_ns) for p in FILES} == times
        assert not journals.load_all(root)
    else:
        assert number >= 5
    assert not leftovers(root)


def test_without_hard_links(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    before = snapshot(root)
    apply(root, changes(root))
    assert (root / "a.py").read_bytes() == AFTER["a.py"]
    undo(root)
    assert snapshot(root) == before
    assert not leftovers(root)


def killed_at(root: Path, moment: int, number: signal.Signals) -> tuple[int, str]:
    """Apply in another process that gets a signal before its `moment`-th change of a folder."""

    def run() -> str:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        calls = 0

        def count(event: str, arguments: object) -> None:
            nonlocal calls
            if event in {"os.link", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}:
                calls += 1
                if calls == moment:
                    os.kill(os.getpid(), number)

        sys.addaudithook(count)
        apply(root, changes(root))
        return "done"

    return in_child(run)


def test_killed_at_every_moment_is_restored_or_complete(root: Path) -> None:
    before = snapshot(root)
    outcomes = set()
    for moment in range(1, 60):
        status, said = killed_at(root, moment, signal.SIGKILL)
        if said == "'done'":
            break
        assert os.WTERMSIG(status) == signal.SIGKILL, said
        with journals.lock(root):
            waiting = applying.pending(root)
        if waiting:
            outcomes.add("pending")
            with pytest.raises(Refused, match="--undo"):
                apply(root, [FileChange("z.py", None, b"")])
            assert undo(root).interrupted
        elif journals.load_all(root):
            outcomes.add("applied")
            assert not undo(root).interrupted
        else:
            outcomes.add("untouched")
        assert snapshot(root) == before, moment
    else:
        pytest.fail("never came through")
    assert outcomes == {"pending", "applied", "untouched"}
    undo(root)
    assert snapshot(root) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_at_many_moments_leaves_nothing(root: Path, number: signal.Signals) -> None:
    before = snapshot(root)
    for moment in range(1, 40, 3):
        status, said = killed_at(root, moment, number)
        if said == "'done'":  # past the point of no return
            undo(root)
        else:
            assert said == "KeyboardInterrupt()" or (status == signal.SIGTERM and moment < 5)
        assert snapshot(root) == before, moment
        assert not journals.load_all(root)


def test_interrupted_apply_is_not_rolled_back_over_an_edit(root: Path) -> None:
    before = snapshot(root)
    for moment in range(10, 40):
        killed_at(root, moment, signal.SIGKILL)
        if (root / "a.py").read_bytes() == AFTER["a.py"]:
            break
        undo(root)
    (root / "a.py").write_bytes(b"mine")
    with pytest.raises(Refused, match=r"a\.py"):
        undo(root)
    assert (root / "a.py").read_bytes() == b"mine"
    (root / "a.py").rename(root / "mine.py")
    undo(root)
    (root / "mine.py").unlink()
    assert snapshot(root) == before


def test_only_one_applies_at_a_time(root: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from v4cli.refactoring.journal import lock\n"
            "with lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)",
            str(root),
        ],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == b"held\n"
        started = time.monotonic()
        for attempt in (lambda: apply(root, changes(root)), lambda: undo(root)):
            with pytest.raises(Refused, match="another v4"):
                attempt()
        assert time.monotonic() - started < 5
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    apply(root, changes(root))


def test_old_applies_are_forgotten_and_damage_is_said(root: Path) -> None:
    for number in range(journals.KEPT + 3):
        apply(root, changes(root, {"a.py": b"%d" % number}, {}))
    known = journals.load_all(root)
    assert len(known) == journals.KEPT
    place = journals.folder(root) / "undo" / known[-1].id
    assert stat.S_IMODE(place.stat().st_mode) & 0o077 == 0 or os.name != "posix"
    (place / "before/0").write_bytes(b"damaged")
    before = snapshot(root)
    with pytest.raises(EnvironmentLacks, match="damaged"):
        undo(root)
    assert snapshot(root) == before
    (place / "journal.json").write_bytes(b"{")
    with pytest.raises(EnvironmentLacks, match="damaged"):
        undo(root)


def test_linked_work_tree_has_its_own_journal(root: Path, tmp_path: Path) -> None:
    commands = ["add -A", "-c user.name=t -c user.email=t@example.org commit -q -m x", "worktree add -q ../linked"]
    for command in commands:
        subprocess.run(["git", "-C", str(root), *command.split()], check=True)
    linked = tmp_path / "linked"
    before = snapshot(linked)
    apply(linked, changes(linked))
    with pytest.raises(NothingToDo):
        undo(root)
    undo(linked)
    assert snapshot(linked) == before
