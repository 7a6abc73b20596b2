"""v4 graph from the command line: the contracts of its JSON, what people see, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from repo_index import Index
from v4cli.commands import graph
from v4cli.errors import NothingToDo, UsageError
from v4cli.rendering import close_to, files_at, shown_path, table

Make = Callable[[Mapping[str, str | bytes]], Path]
V4 = Callable[..., "subprocess.CompletedProcess[str]"]

FILES = {
    "pkg/__init__.py": "from .core import run\n",
    "pkg/core.py": "from typing import TYPE_CHECKING\n\nfrom .util import twice\n\nif TYPE_CHECKING:\n"
    "    from .late import Late\n\n\ndef run(x: 'Late'):\n    return twice(x)\n",
    "pkg/util.py": "import os\n\n\ndef twice(x):\n    return x + x  # \x1b[31mred\n",
    "pkg/late.py": "from .core import run\n\n\nclass Late:\n    def run(self):\n        return run(self)\n",
    "cycle/a.py": "import cycle.b\n",
    "cycle/b.py": "import cycle.a\n",
    "tests/test_core.py": "from pkg import run\n\n\ndef test_run():\n    assert run(1) == 2\n",
    "lonely.py": "",
}


@pytest.fixture
def root(make_repository: Make) -> Path:
    return make_repository(FILES)


def run(capsys: pytest.CaptureFixture[str], command: Callable[..., None], *arguments: Any, **options: Any) -> Any:
    """The JSON that a command prints, called in this process; NothingToDo is let through after it."""
    try:
        command(*arguments, json=True, **options)
    except NothingToDo:
        pass
    return json.loads(capsys.readouterr().out)


def test_imports(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(capsys, graph.imports, "pkg/core.py", repo=root)
    assert (found["schema"], found["command"], found["files"]) == (1, "graph imports", ["pkg/core.py"])
    assert found["imports"][1:] == [
        {"from": "pkg/core.py", "to": "pkg/util.py", "module": ".util", "names": ["twice"], "line": 3}
        | {"kind": "runtime", "state": "resolved"},
        {"from": "pkg/core.py", "to": "pkg/late.py", "module": ".late", "names": ["Late"], "line": 6}
        | {"kind": "type", "state": "resolved"},
    ]


def test_importers(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    direct = run(capsys, graph.importers, "pkg/util.py", repo=root)
    assert direct["importers"] == ["pkg/core.py"]
    every = run(capsys, graph.importers, "pkg/util.py", transitive=True, repo=root)
    assert every["importers"] == ["pkg/__init__.py", "pkg/core.py", "pkg/late.py", "tests/test_core.py"]
    folder = run(capsys, graph.importers, "pkg", repo=root)
    assert folder["importers"] == ["tests/test_core.py"]


def test_defs_of_a_name_and_of_a_file(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = run(capsys, graph.defs, "run", repo=root)["definitions"]
    assert [(d["path"], d["line"], d["kind"]) for d in named] == [
        ("pkg/core.py", 9, "function"),
        ("pkg/late.py", 5, "method"),
    ]
    assert [d["id"] for d in run(capsys, graph.defs, "Late.run", repo=root)["definitions"]] == ["pkg/late.py::Late.run"]
    assert [d["name"] for d in run(capsys, graph.defs, "pkg/late.py", repo=root)["definitions"]] == ["Late", "run"]
    assert run(capsys, graph.defs, "nothing", repo=root)["definitions"] == []


def test_refs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(capsys, graph.refs, "pkg/core.py::run", repo=root)
    assert found["symbol"]["id"] == "pkg/core.py::run"
    rows = {
        (r["path"], r["line"], r["column"], r["end_column"], r["kind"], r["certainty"]) for r in found["references"]
    }
    assert ("pkg/core.py", 9, 5, 8, "definition", "exact") in rows
    assert ("tests/test_core.py", 1, 17, 20, "import", "exact") in rows
    assert ("tests/test_core.py", 5, 12, 15, "call", "exact") in rows
    assert ("pkg/late.py", 6, 16, 19, "call", "exact") in rows
    assert not any(r[0] == "pkg/late.py" and r[1] == 5 and r[5] == "exact" for r in rows)


def test_path_and_cycles(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chain = run(capsys, graph.path, "tests/test_core.py", "pkg.util", repo=root)["imports"]
    assert [e["to"] for e in chain] == ["pkg/__init__.py", "pkg/core.py", "pkg/util.py"]
    assert run(capsys, graph.path, "pkg.util", "tests/test_core.py", repo=root)["imports"] == []
    assert [c["files"] for c in run(capsys, graph.cycles, repo=root)["cycles"]] == [["cycle/a.py", "cycle/b.py"]]


def test_export_as_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(capsys, graph.export, repo=root)
    files = {f["path"]: f for f in found["files"]}
    assert sorted(files) == sorted(FILES)
    assert files["tests/test_core.py"]["role"] == "test" and files["pkg/util.py"]["language"] == "python"
    assert files["pkg/util.py"]["symbols"] == [
        {"id": "pkg/util.py::twice", "name": "twice", "kind": "function", "line": 4, "end_line": 5, "exported": True}
    ]
    assert {"from", "to", "module", "names", "line", "kind", "state"} == set(found["imports"][0])


def test_export_for_drawing(root: Path, v4: V4) -> None:
    dot = v4("graph", "export", "--format", "dot", cwd=root).stdout
    assert dot.startswith("digraph imports {\n") and '  "pkg/core.py" -> "pkg/util.py";\n' in dot
    assert "lonely.py" not in dot
    mermaid = v4("graph", "export", "--format", "mermaid", cwd=root).stdout
    assert mermaid.startswith("flowchart LR\n") and '["pkg/util.py"]' in mermaid
    assert json.loads(v4("graph", "export", cwd=root).stdout)["command"] == "graph export"


def test_people_see_places_and_source_lines(root: Path, v4: V4) -> None:
    done = v4("graph", "refs", "twice", cwd=root)
    assert done.returncode == 0, done.stderr
    assert "pkg/core.py:10:12  call        exact  return twice(x)\n" in done.stdout
    assert done.stderr == "3 references in 2 files: 3 exact\n"
    assert v4("graph", "refs", "twice", "--quiet", cwd=root).stderr == ""


def test_terminal_escapes_of_a_file_are_shown_not_run(root: Path, v4: V4) -> None:
    (root / "pkg/util.py").write_text("def twice(x): return x + x  # \x1b[31mred\n")
    done = v4("graph", "defs", "twice", cwd=root)
    assert "\x1b" not in done.stdout and "\\x1b[31mred" in done.stdout


def test_an_ambiguous_symbol_lists_its_candidates(root: Path, v4: V4) -> None:
    (root / "one.py").write_text("def same():\n    pass\n")
    (root / "other.py").write_text("\n\nclass same:\n    pass\n")
    done = v4("graph", "refs", "same", cwd=root)
    assert done.returncode == 1
    assert done.stdout.splitlines() == ["one.py:1    function  one.py::same", "other.py:3  class     other.py::same"]
    assert done.stderr == "v4: same is defined 2 times; name one as path::qualified.name\n"
    found = json.loads(v4("graph", "refs", "same", "--json", cwd=root).stdout)
    assert found["symbol"] is None and [c["line"] for c in found["candidates"]] == [1, 3]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["refs", "twise"], 1, "v4: no symbol is called twise; did you mean twice?\n"),
        (["refs", "pkg/util.py::twise"], 1, "v4: no symbol is called pkg/util.py::twise; did you mean twice?\n"),
        (["defs", "Lat"], 1, "v4: nothing is defined as Lat; did you mean Late?\n"),
        (["imports", "pkg/utli.py"], 1, "v4: no indexed file is called pkg/utli.py; did you mean pkg/util.py or "),
        (["imports", "lonely.py"], 1, "v4: lonely.py imports nothing\n"),
        (["importers", "tests/test_core.py"], 1, "v4: nothing in the repository imports tests/test_core.py\n"),
        (["imports", "/etc/passwd"], 2, "v4: /etc/passwd is outside the repository"),
        (["imports", "../../x.py"], 2, "v4: ../../x.py is outside the repository"),
    ],
)
def test_one_line_says_what_is_wrong(root: Path, v4: V4, arguments: list[str], code: int, message: str) -> None:
    done = v4("graph", *arguments, cwd=root)
    assert done.returncode == code and done.stderr.startswith(message) and done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_paths_are_seen_from_the_current_folder_or_the_root(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    index = Index.open(root).refresh()
    monkeypatch.chdir(root / "pkg")
    assert files_at(index, "core.py") == files_at(index, "pkg/core.py") == ["pkg/core.py"]
    assert files_at(index, "../cycle/a.py") == files_at(index, str(root / "cycle/a.py")) == ["cycle/a.py"]
    assert files_at(index, "pkg.core") == ["pkg/core.py"]
    assert files_at(index, "../cycle") == ["cycle/a.py", "cycle/b.py"]
    monkeypatch.chdir(tmp_path)
    assert files_at(index, "pkg/core.py") == ["pkg/core.py"]
    link = tmp_path / "link"
    link.symlink_to(root)
    assert files_at(index, str(link / "pkg/core.py")) == ["pkg/core.py"]
    with pytest.raises(UsageError, match="outside the repository"):
        files_at(index, "../elsewhere.py")


def test_a_reader_that_stops_early_is_no_error(root: Path) -> None:
    for _ in range(3):
        command = f"{sys.executable} -m v4cli.main graph export | head -c 10"
        done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], cwd=root, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_an_empty_repository(make_repository: Make, v4: V4) -> None:
    empty = make_repository({})
    assert json.loads(v4("graph", "export", cwd=empty).stdout)["files"] == []
    done = v4("graph", "defs", "x", cwd=empty)
    assert (done.returncode, done.stderr) == (1, "v4: nothing is defined as x\n")


def test_helpers() -> None:
    assert table([("a", "bb", "c"), ("aaa", "b", "")], right=[1]) == ["a    bb  c", "aaa   b"]
    assert shown_path("a\nb\x1b\udcff") == "a\\nb\\x1b\\xff"
    assert close_to("Sesion", ["session", "Session", "other"]) != []
    assert close_to("zzz", ["a"]) == []
