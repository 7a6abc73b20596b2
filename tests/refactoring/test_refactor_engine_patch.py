"""Patches: what git makes of a change must apply to the very tree it was made from, byte for byte."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from v4cli.refactoring import patch

EMPTY_ENV = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def git(root: Path, *arguments: str, stdin: bytes = b"", check: bool = True) -> bytes:
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | EMPTY_ENV
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=root, env=env, input=stdin, capture_output=True, check=False
    )
    assert not check or done.returncode == 0, done.stderr.decode()
    return done.stdout


def write(root: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def tree(root: Path) -> dict[str, bytes]:
    """Every file of the work tree with its bytes."""
    return {
        os.fspath(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


@dataclass
class Case:
    before: dict[str, bytes]
    after: dict[str, bytes | None]
    moves: dict[str, str] = field(default_factory=dict)
    contains: str = ""


LINES = b"".join(b"line %d\n" % n for n in range(40))
LATIN = "# caf\xe9\nx = 1\n".encode("latin-1")
NON_UTF8 = os.fsdecode(b"caf\xe9.py")

CASES = {
    "edit": Case({"a.py": LINES}, {"a.py": LINES.replace(b"line 7\n", b"seven\n")}),
    "add": Case({}, {"new/deep/a.py": b"x = 1\n"}, contains="new file mode 100644"),
    "add empty": Case({}, {"pkg/__init__.py": b""}),
    "delete": Case({"a.py": b"x\n", "b.py": b""}, {"a.py": None}, contains="deleted file"),
    "delete empty": Case({"a.py": b""}, {"a.py": None}),
    "rename": Case({"a.py": LINES}, {"a.py": None, "d/b.py": LINES}, {"d/b.py": "a.py"}, "rename to d/b.py"),
    "rename and edit": Case(
        {"a.py": LINES}, {"a.py": None, "b.py": LINES + b"end\n"}, {"b.py": "a.py"}, "similarity index"
    ),
    "swap": Case({"a.py": LINES, "b.py": b"other\n" * 9}, {"a.py": b"other\n" * 9, "b.py": LINES}),
    "case-only rename": Case({"A.py": LINES}, {"A.py": None, "a.py": LINES}, {"a.py": "A.py"}),
    "file becomes package": Case({"m.py": LINES}, {"m.py": None, "m/i.py": LINES}, {"m/i.py": "m.py"}),
    "CRLF": Case({"a.py": b"a\r\nb\r\nc\r\n"}, {"a.py": b"a\r\nB\r\nc\r\n"}),
    "mixed line ends": Case({"a.py": b"a\r\nb\nc\rd\n"}, {"a.py": b"a\r\nB\nc\rd\n"}),
    "BOM": Case({"a.py": b"\xef\xbb\xbfx = 1\n"}, {"a.py": b"\xef\xbb\xbfy = 1\n"}),
    "latin-1": Case({"a.py": LATIN}, {"a.py": LATIN.replace(b"x", b"y")}),
    "UTF-16": Case({"a": "x\n".encode("utf-16")}, {"a": "y\n".encode("utf-16")}, contains="GIT binary"),
    "no newline before": Case({"a.py": b"x"}, {"a.py": b"x\n"}, contains="\\ No newline at end of file"),
    "no newline after": Case({"a.py": b"x\n"}, {"a.py": b"x"}, contains="\\ No newline at end of file"),
    "trailing blanks": Case({"a.py": b"x \n\t\n \n"}, {"a.py": b"y \n\t\n \n  "}),
    "spaces in name": Case({"a b/c d.py": b"x\n"}, {"a b/c d.py": b"y\n", "e  f.py": b"new\n"}),
    "quotes in name": Case({'a"b\\c.py': b"x\n"}, {'a"b\\c.py': b"y\n"}),
    "tab and newline in name": Case({"a\tb\nc.py": b"x\n"}, {"a\tb\nc.py": b"y\n"}),
    "UTF-8 name": Case({"größe.py": b"x\n"}, {"größe.py": b"y\n"}, contains="a/größe.py"),
    "non-UTF-8 name": Case({NON_UTF8: b"x\n"}, {NON_UTF8: b"y\n"}, contains="\\351"),
    "glob characters in name": Case({"[a]*?!.py": LATIN}, {"[a]*?!.py": LATIN + b"z\n"}),
    "dash first": Case({"-p.py": b"x\n"}, {"-p.py": b"y\n", "--": b"z\n"}),
    "looks like a patch": Case({"a": b"--- a/b\n+++ b/b\n@@ -1 +1 @@\n"}, {"a": b"diff --git a/x b/x\n"}),
}  # fmt: skip

#: settings of a user that shape what git prints or how it reads files
CONFIGURATIONS = {
    "plain": {},
    "noprefix": {"diff.noprefix": "true"},
    "mnemonicPrefix": {"diff.mnemonicPrefix": "true"},
    "external diff": {"diff.external": "false"},
    "colour": {"color.ui": "always", "color.diff": "always"},
    "no renames": {"diff.renames": "false"},
    "context": {"diff.context": "0"},
    "quotePath": {"core.quotePath": "true"},
    "orderFile": {"diff.orderFile": "/nowhere"},
    "autocrlf": {"core.autocrlf": "true"},
}


def repository(root: Path, files: dict[str, bytes], state: str = "committed") -> Path:
    root.mkdir(exist_ok=True)
    git(root, "init", "-q")
    write(root, files)
    if state == "committed":
        git(root, "add", "-A")
        git(root, "commit", "-q", "--allow-empty", "-m", "start")
    return root


def applies(root: Path, text: str, case: Case) -> None:
    """`git apply` accepts the patch and leaves exactly the expected bytes."""
    expected = {**tree(root)}
    for path, content in case.after.items():
        if content is None:
            expected.pop(path, None)
        else:
            expected[path] = content
    data = text.encode("utf-8", "surrogateescape")
    git(root, "apply", "--check", "-", stdin=data)
    git(root, "apply", "--whitespace=nowarn", "-", stdin=data)
    assert tree(root) == expected
    git(root, "apply", "-R", "--check", "-", stdin=data)


@pytest.mark.parametrize("state", ["committed", "untracked"])
@pytest.mark.parametrize("name", CASES)
def test_patch_applies(tmp_path: Path, name: str, state: str) -> None:
    case = CASES[name]
    root = repository(tmp_path / "r", case.before, state)
    before = tree(root)
    text = patch.render(root, case.after, case.moves)
    assert tree(root) == before
    assert case.contains in text
    applies(root, text, case)


@pytest.mark.parametrize("name", ["latin-1", "glob characters in name", "non-UTF-8 name", "BOM"])
def test_portable_patch_is_unicode_and_applies(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    root = repository(tmp_path / "r", case.before)
    contents: dict[str, bytes | None] = dict(case.before)
    made = patch.make(root, patch.from_contents(root, contents, case.after, case.moves))
    made.portable.encode("utf-8")
    applies(root, made.portable, case)


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_configuration_does_not_shape_the_patch(tmp_path: Path, configuration: str) -> None:
    root = repository(tmp_path / "r", {"a.py": LINES, "c.py": b"a\r\nb\r\n", "größe.py": b"x\n"})
    case = Case(
        {},
        {"a.py": None, "d/b.py": LINES + b"end\n", "c.py": b"a\r\nB\r\n", "größe.py": b"y\n"},
        {"d/b.py": "a.py"},
    )
    plain = patch.render(root, case.after, case.moves)
    for key, value in CONFIGURATIONS[configuration].items():
        git(root, "config", key, value)
    (root / ".git/info").mkdir(exist_ok=True)
    (root / ".git/info/attributes").write_text("*.py diff=odd -text\n")
    git(root, "config", "diff.odd.textconv", "false")
    git(root, "config", "diff.odd.command", "false")
    text = patch.render(root, case.after, case.moves)
    assert text == plain
    applies(root, text, case)


def test_global_configuration_and_git_environment_do_not_shape_the_patch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "r", {"a.py": LINES})
    change: dict[str, bytes | None] = {"a.py": LINES + b"end\n"}
    plain = patch.render(root, change, {})
    (tmp_path / "config").write_text("[diff]\n\tnoprefix = true\n\texternal = false\n[core]\n\tabbrev = 4\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    monkeypatch.setenv("GIT_DIFF_OPTS", "-u0")
    assert patch.render(root, change, {}) == plain


def test_modes_are_kept(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"run.sh": LINES, "old.sh": LINES * 2})
    for name in ("run.sh", "old.sh"):
        (root / name).chmod(0o755)
    git(root, "commit", "-q", "-a", "-m", "modes")
    after: dict[str, bytes | None] = {"run.sh": LINES + b"x\n", "old.sh": None, "new.sh": LINES * 2 + b"y\n"}
    text = patch.render(root, after, {"new.sh": "old.sh"})
    assert "100644" not in text and "mode change" not in text
    git(root, "apply", "-", stdin=text.encode())
    assert all(os.access(root / name, os.X_OK) for name in ("run.sh", "new.sh"))


def test_patch_without_head_from_dirty_tree_and_in_a_linked_work_tree(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"a.py": LINES}, "untracked")
    case = Case({}, {"a.py": LINES + b"end\n"})
    applies(root, patch.render(root, case.after, {}), case)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "start")
    (root / "a.py").write_bytes(b"dirty\n" + LINES)
    case = Case({}, {"a.py": b"dirty\n" + LINES.replace(b"line 3\n", b"three\n")})
    text = patch.render(root, case.after, {})
    applies(root, text, case)
    git(root, "worktree", "add", "-q", "--detach", "../linked")
    linked = tmp_path / "linked"
    case = Case({}, {"a.py": None, "b.py": LINES}, {"b.py": "a.py"})
    applies(linked, patch.render(linked, case.after, case.moves), case)


def test_user_repository_gains_nothing(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"a.py": LINES})

    def inside() -> list[tuple[str, int]]:
        return sorted((str(p), p.stat().st_mtime_ns) for p in (root / ".git").rglob("*"))

    before = inside()
    patch.render(root, {"a.py": LINES + b"unheard of\n"}, {})
    assert inside() == before


def test_sha256_repository(tmp_path: Path) -> None:
    root = tmp_path / "r"
    root.mkdir()
    git(root, "init", "-q", "--object-format=sha256")
    write(root, {"a.py": LINES})
    git(root, "add", "-A")
    case = Case({}, {"a.py": LINES + b"end\n"})
    text = patch.render(root, case.after, {})
    assert git(root, "hash-object", "a.py").decode().strip() in text
    applies(root, text, case)


def test_stats_and_three_way(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"a.py": LINES, "b.py": b"x\n"})
    after: dict[str, bytes | None] = {"a.py": None, "c d.py": LINES + b"end\n", "b.py": b"y\nz\n"}
    before: dict[str, bytes | None] = {"a.py": LINES, "b.py": b"x\n", "c d.py": None}
    made = patch.make(root, patch.from_contents(root, before, after, {"c d.py": "a.py"}))
    assert [stat.as_json() for stat in made.files] == [
        {"path": "b.py", "old_path": None, "added": 2, "removed": 1},
        {"path": "c d.py", "old_path": "a.py", "added": 1, "removed": 0},
    ]
    (root / "b.py").write_bytes(b"x\n" + LINES)
    git(root, "commit", "-q", "-a", "-m", "moved on")
    git(root, "apply", "--3way", "--check", "-", stdin=made.text.encode())


def test_large_patch(tmp_path: Path) -> None:
    before = b"".join(b"value_%d = %d\n" % (n, n) for n in range(20_000))
    root = repository(tmp_path / "r", {"a.py": before})
    case = Case({}, {"a.py": before.replace(b"value_", b"number_")})
    applies(root, patch.render(root, case.after, {}), case)
