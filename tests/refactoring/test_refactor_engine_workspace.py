"""The overlay of edits, plans as JSON, and a whole run without the command line."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Literal

import pytest

from repo_index import Index
from v4cli.errors import NothingToDo, Refused, UsageError
from v4cli.refactoring import plan as planning
from v4cli.refactoring.operation import LeftAlone, Operation, Outcome
from v4cli.refactoring.plan import Match, Plan
from v4cli.refactoring.run import execute, message, write
from v4cli.refactoring.undo import undo
from v4cli.refactoring.workspace import Edit, Workspace


class Replace(Operation):
    """Replaces bytes given as text, wherever they stand in one file."""

    kind: Literal["engine_test_replace"] = "engine_test_replace"
    path: str
    old: str
    new: str
    count: int = 0

    def apply(self, ws: Workspace) -> Outcome:
        content, old = ws.read(self.path), os.fsencode(self.old)
        found, position = [], content.find(old)
        while position >= 0:
            found.append(Edit(position, position + len(old), os.fsencode(self.new)))
            position = content.find(old, position + len(old))
        if not found:
            raise NothingToDo(f"{self.path} does not hold {self.old}")
        ws.edit(self.path, found)
        return Outcome([LeftAlone(self.path, 1, "text", "test")], [f"replaced {len(found)}"])


class Move(Operation):
    kind: Literal["engine_test_move"] = "engine_test_move"
    old: str
    new: str

    def apply(self, ws: Workspace) -> Outcome:
        ws.move(self.old, self.new)
        return Outcome()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "r"
    root.mkdir()
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    (root / "a.py").write_bytes(b"\xef\xbb\xbfx = 1\r\ny = x\r\n")
    (root / "latin.py").write_bytes("# -*- coding: latin-1 -*-\ns = 'é'\n".encode("latin-1"))
    (root / "pkg").mkdir()
    (root / "pkg/m.py").write_bytes(b"m = 1\n")
    (root / "pkg/data.bin").write_bytes(b"\0\1\2")
    (root / "link.py").symlink_to("a.py")
    (root / ".gitattributes").write_bytes(b"*.py text\n")
    (root / ".github/workflows").mkdir(parents=True)
    (root / ".github/workflows/ci.yml").write_bytes(b"run: x\n")
    return root


@pytest.fixture
def ws(root: Path) -> Workspace:
    return Workspace(Index.open(root, max_file_bytes=5000).refresh())


def test_edits_are_bytes(ws: Workspace) -> None:
    ws.edit("a.py", [Edit(3, 4, b"z"), Edit(14, 15, b"z")])
    assert ws.read("a.py") == b"\xef\xbb\xbfz = 1\r\ny = z\r\n"
    content = ws.read("latin.py")
    ws.edit("latin.py", [Edit(len(content), len(content), b"t = s")])
    assert ws.changed()["latin.py"] == content + b"t = s"
    assert ws.base.read("a.py").startswith(b"\xef\xbb\xbfx")
    assert "z" in ws.index.text("a.py") and ws.index is ws.index


def test_insertions_keep_their_order_and_duplicates_count_once(ws: Workspace) -> None:
    edits = [Edit(4, 5, b"2"), Edit(4, 4, b"b"), Edit(4, 4, b"c"), Edit(4, 5, b"2"), Edit(0, 1, b"k"), Edit(0, 0, b"a")]
    ws.edit("pkg/m.py", edits)
    assert ws.read("pkg/m.py") == b"ak = bc2\n"


@pytest.mark.parametrize(
    "edits", [[Edit(0, 3, b""), Edit(2, 4, b"")], [Edit(0, 99, b"")], [Edit(3, 2, b"")], [Edit(-1, 0, b"")]]
)
def test_bad_spans_change_nothing(ws: Workspace, edits: list[Edit]) -> None:
    with pytest.raises(ValueError, match=r"pkg/m\.py"):
        ws.edit("pkg/m.py", edits)
    assert not ws.changed()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("link.py", "symbolic link"),
        ("pkg/data.bin", "binary"),
        (".gitattributes", "--allow"),
        (".github/workflows/ci.yml", "--allow"),
        ("../x", "parts"),
        (".git/config", "git's own"),
        ("none.py", "no such file"),
    ],
)
def test_what_may_not_be_edited(ws: Workspace, path: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        ws.edit(path, [])
    assert bool(ws.protected(path)) == (path != "none.py")


def test_too_large_to_edit_but_not_to_move(root: Path) -> None:
    (root / "big.py").write_bytes(b"x = 1\n" * 1000)
    ws = Workspace(Index.open(root, max_file_bytes=5000).refresh())
    with pytest.raises(Refused, match="too large"):
        ws.edit("big.py", [])
    ws.move("big.py", "pkg/big.py")
    ws.move("pkg/data.bin", "data.bin")
    assert ws.changed() == {
        "big.py": None,
        "data.bin": b"\0\1\2",
        "pkg/big.py": b"x = 1\n" * 1000,
        "pkg/data.bin": None,
    }


def test_allowed_by_name(ws: Workspace) -> None:
    allowed = Workspace(ws.base, allow=[".github/workflows/ci.yml"])
    allowed.edit(".github/workflows/ci.yml", [Edit(5, 6, b"y")])
    assert list(allowed.changed()) == [".github/workflows/ci.yml"]


def test_moves_are_followed(ws: Workspace) -> None:
    ws.move("pkg/m.py", "n.py")
    ws.edit("n.py", [Edit(0, 1, b"n")])
    ws.move("n.py", "deep/er/n.py")
    assert ws.moves == {"deep/er/n.py": "pkg/m.py"}
    assert ws.changed() == {"deep/er/n.py": b"n = 1\n", "pkg/m.py": None}
    assert not ws.exists("n.py") and "pkg/m.py" not in ws.paths()
    with pytest.raises(Refused, match="removed"):
        ws.read("pkg/m.py")
    ws.edit("deep/er/n.py", [Edit(0, 1, b"m")])
    ws.move("deep/er/n.py", "pkg/m.py")
    assert not ws.moves and not ws.changed()


def test_what_cannot_be_made(ws: Workspace) -> None:
    for new in ("a.py/b.py", "pkg", "link.py", ".GIT/x", ""):
        with pytest.raises(Refused):
            ws.move("pkg/m.py", new)
        with pytest.raises(Refused):
            ws.write(new, b"")
    with pytest.raises(Refused, match="exists already"):
        ws.move("pkg/m.py", "a.py")
    assert not ws.changed()
    ws.delete("pkg/m.py")
    with pytest.raises(Refused):
        ws.delete("pkg/m.py")
    ws.write("pkg/m.py", b"m = 1\n")
    assert not ws.changed()


def test_a_file_written_meanwhile_is_noticed(root: Path, ws: Workspace) -> None:
    (root / "pkg/m.py").write_bytes(b"other = 1\n")
    ws.base._files._bytes.clear()
    with pytest.raises(Refused, match="run again"):
        ws.read("pkg/m.py")


BAD_PLANS: dict[str, tuple[Any, str]] = {
    "no JSON": ("{", "not valid JSON"),
    "a list": ("[]", "a plan is an object"),
    "no operations": ('{"operations": []}', "operations is empty"),
    "unknown field": ('{"operations": [{}], "plans": 1}', "unknown field 'plans'; allowed: operations, matched"),
    "no kind": ('{"operations": [{}]}', r"operations\[0\]\.kind: None is no operation; allowed: .*engine_test_replace"),
    "unknown kind": ('{"operations": [{"kind": "burn"}]}', r"\.kind: 'burn' is no operation"),
    "not an object": ('{"operations": ["x"]}', "an operation is an object"),
    "missing operand": ('{"operations": [{"kind": "engine_test_move", "old": "a"}]}', r"operations\[0\]\.new: missing"),
    "extra operand": (
        '{"operations": [{"kind": "engine_test_move", "old": "a", "new": "b", "x": 1}]}',
        r"operations\[0\]\.x: unknown field; engine_test_move takes: old, new",
    ),
    "wrong type": ('{"operations": [{"kind": "engine_test_move", "old": "a", "new": 1}]}', r"\.new: input should be"),
    "deep": ("[" * 100_000, "not valid JSON"),
}


@pytest.mark.parametrize("name", BAD_PLANS)
def test_bad_plans_say_which_field(name: str) -> None:
    text, message = BAD_PLANS[name]
    with pytest.raises(UsageError, match=message):
        Plan.from_json(text, "plan.json")


def test_plan_round_trip() -> None:
    made = Plan([Move(old="a", new="b")], [Match("the file a", "a", "name")])
    again = Plan.from_json(made.to_json())
    assert again == made and Plan.from_json(json.dumps({"plan": made.as_json(), "patch": ""})) == made
    assert again.operations[0].describe() == "engine_test_move(old='a', new='b')"
    assert "engine_test_move" in planning.kinds() and "rename_symbol" in planning.kinds()


def run_plan(root: Path, *operations: Operation, **options: Any) -> Any:
    return execute(Plan(list(operations)), Index.open(root).refresh(), **options)


def test_run_write_undo(root: Path) -> None:
    before = {p: p.read_bytes() for p in root.rglob("*.py")}
    result = run_plan(root, Replace(path="a.py", old="x", new="z"), Move(old="pkg/m.py", new="pkg/n.py"))
    assert not result.failed and before == {p: p.read_bytes() for p in root.rglob("*.py")}
    document = result.as_json()
    assert document["files"] == [
        {"path": "a.py", "old_path": None, "added": 2, "removed": 2},
        {"path": "pkg/n.py", "old_path": "pkg/m.py", "added": 0, "removed": 0},
    ]
    assert document["left_alone"] == [{"path": "a.py", "line": 1, "text": "text", "reason": "test"}]
    assert (document["applied"], document["undo"]) == (False, None)
    write(root, result, "try")
    assert (root / "pkg/n.py").exists() and not (root / "pkg/m.py").exists()
    assert result.as_json()["applied"] is True and result.as_json()["undo"]
    undo(root, result.undo)
    assert before == {p: p.read_bytes() for p in root.rglob("*.py")}


def test_same_input_same_bytes(root: Path) -> None:
    operations = [Replace(path="a.py", old="x", new="z"), Move(old="pkg/m.py", new="pkg/n.py")]
    first, second = (run_plan(root, *operations).as_json() for _ in range(2))
    assert {**first, "seconds": 0} == {**second, "seconds": 0}


def test_failing_checks_refuse_to_write(root: Path) -> None:
    result = run_plan(root, Replace(path="a.py", old="x = 1", new="x = (1"))
    assert [check.name for check in result.failed] == ["syntax"]
    with pytest.raises(Refused, match="syntax"):
        write(root, result, "")
    assert b"(1" not in (root / "a.py").read_bytes()


def test_nothing_to_do_and_partly_nothing_to_do(root: Path) -> None:
    with pytest.raises(NothingToDo):
        run_plan(root, Replace(path="a.py", old="absent", new="z"))
    with pytest.raises(NothingToDo):
        run_plan(root, Replace(path="a.py", old="x", new="x"))
    with pytest.raises(Refused, match=r"operation 2 .*: none\.py"):
        run_plan(root, Replace(path="a.py", old="x", new="z"), Move(old="none.py", new="b.py"))
    mixed = run_plan(root, Replace(path="a.py", old="x", new="z"), Replace(path="a.py", old="absent", new="z"))
    assert any("absent" in note for note in mixed.notes) and len(mixed.changes) == 1


def test_files_behind_a_git_filter_are_refused(root: Path) -> None:
    (root / ".gitattributes").write_bytes(b"a.py filter=lfs\n")
    marker = root.parent / "ran"
    subprocess.run(["git", "-C", str(root), "config", "filter.lfs.clean", f"touch {marker}; cat"], check=True)
    result = run_plan(root, Replace(path="a.py", old="x", new="z"))
    assert [check.name for check in result.failed] == ["patch applies"]
    assert "filter" in result.failed[0].detail and not marker.exists()


def test_an_ignored_file_is_not_overwritten(root: Path) -> None:
    (root / ".gitignore").write_bytes(b"n.py\n")
    (root / "n.py").write_bytes(b"mine\n")
    result = run_plan(root, Move(old="pkg/m.py", new="n.py"))
    assert [check.name for check in result.failed] == ["patch applies"]
    result.checks = []
    with pytest.raises(Refused, match="exists already"):
        write(root, result, "")
    assert (root / "n.py").read_bytes() == b"mine\n"


def test_commit_message() -> None:
    made = Plan([Move(old="a", new="b")])
    assert message(made, "") == "Engine test move a\n\n- engine_test_move(old='a', new='b')\n"
    twice = Plan([Replace(path="p.py", old="x", new="y"), Move(old="a", new="b")])
    assert message(twice, "").startswith("Engine test replace p.py and 1 more\n\n- engine_test_replace(")
    subject = message(made, "rename  everything\nthat " + "moves " * 30).splitlines()[0]
    assert subject.startswith("rename everything that moves") and len(subject) <= 72 and subject.endswith("…")
