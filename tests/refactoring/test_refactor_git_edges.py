"""The edge matrix of git, one test each: a whole run on a real repository, its patch by `git apply`, and its undo."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from repo_index import Index
from v4cli.context import find_repository
from v4cli.errors import EnvironmentLacks, NothingToDo, Refused
from v4cli.refactoring.operation import Operation
from v4cli.refactoring.operations.merge_modules import MergeModules
from v4cli.refactoring.operations.move_symbols import MoveSymbols
from v4cli.refactoring.operations.rename_module import RenameModule
from v4cli.refactoring.operations.rename_symbol import RenameSymbol
from v4cli.refactoring.plan import Plan
from v4cli.refactoring.run import Result, execute, write
from v4cli.refactoring.undo import undo

LIB = b"def area(r):\n    return 3 * r * r\n"
USE = b"from lib import area\n\nprint(area(2))\n"
RENAME = RenameSymbol(symbol="lib.py::area", new_name="surface")
IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.org")


def git(root: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    done = subprocess.run(["git", *IDENTITY, "-C", str(root), *arguments], input=stdin, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def repository(root: Path, files: dict[str, bytes], commit: bool = True) -> Path:
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    if commit:
        git(root, "add", "-A")
        git(root, "commit", "-q", "--allow-empty", "-m", "start")
    return root


def snapshot(root: Path) -> dict[str, tuple[bytes, int]]:
    """Every file and link of the work tree, with its bytes and mode."""
    found = {}
    for place in sorted(root.rglob("*")):
        if ".git" not in place.relative_to(root).parts[:-1] and place.name != ".git":
            mode = place.lstat().st_mode
            if not stat.S_ISDIR(mode):
                content = os.fsencode(os.readlink(place)) if stat.S_ISLNK(mode) else place.read_bytes()
                found[os.fspath(place.relative_to(root))] = (content, mode)
    return found


def run(root: Path, *operations: Operation) -> Result:
    return execute(Plan(list(operations)), Index.open(root).refresh())


def round_trip(root: Path, *operations: Operation) -> Result:
    """Write a plan; `git apply` of its patch gives the same tree, undo the old one."""
    before, status = snapshot(root), git(root, "status", "--porcelain", "-z")
    result = run(root, *operations)
    assert result.failed == [] and snapshot(root) == before
    write(root, result, "try")
    after = snapshot(root)
    assert after != before
    patch = result.patch.text.encode("utf-8", "surrogateescape")
    git(root, "apply", "-R", "--whitespace=nowarn", "-", stdin=patch)
    assert snapshot(root) == before
    git(root, "apply", "--whitespace=nowarn", "-", stdin=patch)
    assert snapshot(root) == after
    undo(root)
    assert snapshot(root) == before and git(root, "status", "--porcelain", "-z") == status
    return result


@dataclass
class Case:
    """Files, a plan, and what the patch or the changed files hold."""

    files: dict[str, bytes]
    operation: Operation = RENAME
    patch: str = ""
    after: dict[str, bytes] = field(default_factory=dict)


def renamed(data: bytes) -> bytes:
    return data.replace(b"area", b"surface")


NON_UTF8 = os.fsdecode(b"caf\xe9.py")
LATIN = b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + USE
MIXED = b"from lib import area\r\n\nprint(area(2))\r\n"
SPACES = b"from lib import area  \n\t\nprint(area(2))\t \n"
HUGE = LIB + b"".join(b"v%d = area(%d)\n" % (n, n) for n in range(12_000))
LONG = LIB + b"".join(b"value_%d = %d\n" % (n, n) for n in range(40))

CASES = {
    "add": Case(
        {"lib.py": LIB + b"\n\ndef other():\n    return 1\n", "use.py": USE},
        MoveSymbols(symbols=["lib.py::area"], target="shapes.py"),
        "new file mode 100644",
    ),
    "delete": Case(
        {"lib.py": LIB, "use.py": USE, "more.py": b"x = 1\n"},
        MergeModules(source="lib.py", target="more.py"),
        "deleted file mode",
    ),
    "rename": Case({"lib.py": LONG}, RenameModule(path="lib.py", new_path="shapes.py"), "similarity index 100%"),
    "rename and edit": Case(
        {"pkg/__init__.py": b"", "pkg/lib.py": b"from . import base\n" + LONG, "pkg/base.py": b"", "pkg/sub/__init__.py": b""},
        RenameModule(path="pkg/lib.py", new_path="pkg/sub/lib.py"),
        "rename to pkg/sub/lib.py",
        {"pkg/sub/lib.py": b"from .. import base\n" + LONG},
    ),
    "copy of a file": Case({"lib.py": LIB, "use.py": USE, "copy.py": USE}, RENAME, "", {"copy.py": renamed(USE)}),
    "empty file": Case({"void.py": b""}, RenameModule(path="void.py", new_path="empty.py"), "rename to empty.py"),
    "no newline at the end": Case({"lib.py": LIB, "use.py": USE.rstrip()}, RENAME, "\\ No newline at end of file"),
    "CRLF": Case({"lib.py": LIB, "use.py": USE.replace(b"\n", b"\r\n")}),
    "mixed line ends": Case({"lib.py": LIB, "use.py": MIXED}, RENAME, "", {"use.py": renamed(MIXED)}),
    "BOM": Case({"lib.py": b"\xef\xbb\xbf" + LIB, "use.py": USE}, after={"lib.py": b"\xef\xbb\xbf" + renamed(LIB)}),
    "latin-1": Case({"lib.py": LIB, "use.py": LATIN}, RENAME, "", {"use.py": renamed(LATIN)}),
    "UTF-16 beside": Case({"lib.py": LIB, "use.py": "area()".encode("utf-16")}),
    "NUL beside": Case({"lib.py": LIB, "use.py": b"area = '\0'\n"}),
    "spaces in a name": Case({"lib.py": LIB, "a b/c d.py": USE}, after={"a b/c d.py": renamed(USE)}),
    "quotes in a name": Case({"lib.py": LIB, 'a"b\'c.py': USE}, after={'a"b\'c.py': renamed(USE)}),
    "tab and newline in a name": Case({"lib.py": LIB, "a\tb\nc.py": USE}, after={"a\tb\nc.py": renamed(USE)}),
    "non-UTF-8 name": Case({"lib.py": LIB, NON_UTF8: USE}, after={NON_UTF8: renamed(USE)}),
    "rename in letter case only": Case(
        {"Lib.py": LONG, "use.py": b"import Lib\n\nprint(Lib.area(1))\n"},
        RenameModule(path="Lib.py", new_path="lib.py"),
        "rename to lib.py",
    ),
    "eol attribute": Case(
        {".gitattributes": b"*.py text eol=crlf\n", "lib.py": LIB.replace(b"\n", b"\r\n"), "use.py": USE.replace(b"\n", b"\r\n")}
    ),
    "whitespace errors": Case({"lib.py": LIB, "use.py": SPACES}, RENAME, "", {"use.py": renamed(SPACES)}),
    "huge patch": Case({"lib.py": HUGE}, RENAME, "", {"lib.py": renamed(HUGE)}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_files(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    root = repository(tmp_path / "r", case.files)
    result = round_trip(root, case.operation)
    assert case.patch in result.patch.text
    after = {change.path: change.after for change in result.changes}
    assert case.after.items() <= after.items()


def _configured(**settings: str) -> Callable[[Path], None]:
    def prepare(root: Path) -> None:
        for key, value in settings.items():
            git(root, "config", key.replace("_", "."), value)

    return prepare


def _detached(root: Path) -> None:
    git(root, "checkout", "-q", "--detach")


def _dirty(root: Path) -> None:
    (root / "use.py").write_bytes(USE + b"print(area(3))\n")
    (root / "other.txt").write_bytes(b"mine\n")
    git(root, "add", "other.txt")


def _intent_to_add(root: Path) -> None:
    (root / "fresh.py").write_bytes(USE)
    git(root, "add", "--intent-to-add", "fresh.py")


def _without_head(root: Path) -> None:
    git(root, "update-ref", "-d", "HEAD")


def _merging(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "side")
    (root / "notes.txt").write_bytes(b"one\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    git(root, "checkout", "-q", "main")
    (root / "notes.txt").write_bytes(b"two\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "two")
    subprocess.run(["git", *IDENTITY, "-C", str(root), "merge", "-q", "side"], capture_output=True)
    assert b"AA notes.txt" in git(root, "status", "--porcelain")


STATES: dict[str, Callable[[Path], None]] = {
    "diff.noprefix": _configured(diff_noprefix="true"),
    "diff.mnemonicPrefix": _configured(diff_mnemonicPrefix="true"),
    "diff.external": _configured(diff_external="false"),
    "color.ui": _configured(color_ui="always"),
    "core.quotePath": _configured(core_quotePath="false"),
    "core.autocrlf": _configured(core_autocrlf="input"),
    "apply.whitespace": _configured(apply_whitespace="error"),
    "detached HEAD": _detached,
    "dirty tree": _dirty,
    "intent to add": _intent_to_add,
    "no HEAD": _without_head,
    "in the middle of a merge": _merging,
}


@pytest.mark.parametrize("name", STATES)
def test_state_of_the_repository(tmp_path: Path, name: str) -> None:
    root = repository(tmp_path / "r", {"lib.py": LIB, "use.py": USE})
    STATES[name](root)
    result = round_trip(root, RENAME)
    assert {"lib.py", "use.py"} <= {change.path for change in result.changes}


def test_mode_stays_as_it_is_on_disk(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"lib.py": LIB, "use.py": USE})
    (root / "use.py").chmod(0o755)  # 100644 in the index: the change of mode is the user's, not the patch's
    result = round_trip(root, RENAME)
    assert "old mode" not in result.patch.text and "new mode" not in result.patch.text


def test_executable_module_that_is_renamed(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"lib.py": LONG})
    (root / "lib.py").chmod(0o755)
    git(root, "commit", "-q", "-a", "-m", "mode")
    result = run(root, RenameModule(path="lib.py", new_path="shapes.py"))
    write(root, result, "")
    assert os.access(root / "shapes.py", os.X_OK) and "mode" not in result.patch.text


def test_symbolic_links_are_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_bytes(USE)
    root = repository(tmp_path / "r", {"lib.py": LIB, "pkg/use.py": USE})
    (root / "link.py").symlink_to(outside)
    (root / "same.py").symlink_to("pkg/use.py")
    (root / "folder").symlink_to("pkg")
    git(root, "add", "-A")
    result = round_trip(root, RENAME)
    assert {change.path for change in result.changes} == {"lib.py", "pkg/use.py"}
    assert outside.read_bytes() == USE
    with pytest.raises((Refused, NothingToDo)):
        run(root, RenameModule(path="lib.py", new_path="folder/lib.py"))
        write(root, run(root, RenameModule(path="lib.py", new_path="folder/lib.py")), "")


def test_large_file_storage_is_refused(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"lib.py": LIB, "use.py": USE})
    (root / ".gitattributes").write_bytes(b"use.py filter=lfs diff=lfs merge=lfs -text\n")
    result = run(root, RENAME)
    assert [check.name for check in result.failed] == ["patch applies"] and "filter" in result.failed[0].detail
    with pytest.raises(Refused, match="filter"):
        write(root, result, "")
    assert (root / "lib.py").read_bytes() == LIB


def test_pointer_of_large_file_storage_is_data(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 12\n" % (b"a" * 64)
    root = repository(tmp_path / "r", {"lib.py": LIB, "big.py": pointer})
    result = round_trip(root, RENAME)
    assert [change.path for change in result.changes] == ["lib.py"]


def test_submodule_is_neither_read_nor_written(tmp_path: Path) -> None:
    inner = repository(tmp_path / "inner", {"use.py": USE})
    root = repository(tmp_path / "r", {"lib.py": LIB})
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub")
    git(root, "commit", "-q", "-m", "submodule")
    result = round_trip(root, RENAME)
    assert [change.path for change in result.changes] == ["lib.py"]
    with pytest.raises(Refused, match="submodule"):
        moved = run(root, RenameModule(path="lib.py", new_path="sub/lib.py"))
        write(root, moved, "")
    assert (root / "lib.py").read_bytes() == LIB and not (root / "sub/lib.py").exists()


def test_sparse_checkout_says_what_was_not_looked_at(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"a/lib.py": LIB, "a/use.py": b"from a.lib import area\n", "b/use.py": USE})
    git(root, "sparse-checkout", "set", "--cone", "a")
    assert not (root / "b").exists()
    result = round_trip(root, RenameSymbol(symbol="a/lib.py::area", new_name="surface"))
    assert any("1 file that git tracks is not in the work tree" in note for note in result.notes)


def test_shallow_clone(tmp_path: Path) -> None:
    origin = repository(tmp_path / "origin", {"lib.py": LIB, "use.py": USE})
    git(origin, "commit", "-q", "--allow-empty", "-m", "second")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{origin}", "r")
    assert git(tmp_path / "r", "rev-list", "--count", "HEAD") == b"1\n"
    round_trip(tmp_path / "r", RENAME)


def test_linked_work_tree(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"lib.py": LIB, "use.py": USE})
    git(root, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    round_trip(tmp_path / "linked", RENAME)


def test_bare_repository_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "r.git")
    with pytest.raises(EnvironmentLacks, match="bare repository"):
        find_repository(tmp_path / "r.git")


def test_patch_reaches_another_clone_by_mail_and_three_way(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"lib.py": LONG, "use.py": USE})
    git(tmp_path, "clone", "-q", str(root), "other")
    other = tmp_path / "other"
    (other / "lib.py").write_bytes(LONG + b"more = 1\n")
    git(other, "commit", "-q", "-a", "-m", "moved on")
    result = run(root, RENAME)
    mail = (
        f"From: A <a@example.org>\nDate: Mon, 23 Nov 2026 00:00:00 +0000\nSubject: rename\n\n---\n{result.patch.text}"
    )
    git(other, "am", "--3way", "--quiet", stdin=mail.encode())
    assert (other / "lib.py").read_bytes() == renamed(LONG) + b"more = 1\n"


def test_a_file_changed_meanwhile_leaves_nothing_half_written(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"lib.py": LIB, "use.py": USE})
    result = run(root, RENAME)
    (root / "use.py").write_bytes(USE + b"# later\n")
    before = snapshot(root)
    with pytest.raises(Refused, match=r"use\.py \(changed\)"):
        write(root, result, "")
    assert snapshot(root) == before
