"""v4 graph callers, callees, path between symbols, dead, api, impact."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from repo_index import Index
from repo_index.call_graph import CallGraph
from repo_index.dead_code import dead_code
from v4cli.commands import graph
from v4cli.errors import NothingToDo, UsageError

Make = Callable[[Mapping[str, str | bytes]], Path]
V4 = Callable[..., "subprocess.CompletedProcess[str]"]

FILES = {
    "pyproject.toml": "[project.scripts]\ntool = 'pkg.cli:entry'\n",
    "pkg/__init__.py": "from .core import run\n\n__all__ = ['run']\n",
    "pkg/core.py": "from .shapes import Circle, Shape\n\n\ndef run(n):\n    return area(Circle(n))\n\n\n"
    "def area(shape: Shape):\n    return shape.size()\n\n\ndef _old():\n    return _older()\n\n\ndef _older():\n    return 1\n\n\n"
    "def offered():\n    return 2\n",
    "pkg/shapes.py": "class Shape:\n    def size(self):\n        raise NotImplementedError\n\n\n"
    "class Circle(Shape):\n    def __init__(self, n):\n        self.n = check(n)\n\n    def size(self):\n        return square(self.n)\n\n"
    "    def unused(self):\n        return 0\n\n\ndef check(n):\n    return n\n\n\ndef square(n):\n    return n * n\n",
    "pkg/cli.py": "import functools\n\nfrom .core import run\n\n\ndef entry():\n    print(run(2))\n\n\n"
    "@functools.wraps(entry)\ndef wrapped():\n    pass\n\n\n@register\ndef kept():\n    pass\n",
    "tests/test_core.py": "from pkg.core import run\n\n\ndef helper():\n    return run(1)\n\n\ndef test_run():\n    assert helper() == 1\n",
}


@pytest.fixture
def root(make_repository: Make) -> Path:
    return make_repository(FILES)


def answer(root: Path, *arguments: str) -> dict[str, Any]:
    """The JSON of a command, run in this process."""
    done = CliRunner().invoke(graph.app, [*arguments, "--repo", str(root), "--json"])
    assert done.exception is None or isinstance(done.exception, NothingToDo), done.exception
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["schema"] == 1 and found["command"] == f"graph {arguments[0]}"
    return found


def fails(root: Path, *arguments: str) -> Exception:
    done = CliRunner().invoke(graph.app, [*arguments, "--repo", str(root)])
    assert isinstance(done.exception, NothingToDo | UsageError) and done.stdout == "", done.exception
    return done.exception


def test_callers_directly_and_through_others(root: Path) -> None:
    direct = answer(root, "callers", "check")["callers"]
    assert [(c["symbol"]["id"], c["depth"]) for c in direct] == [("pkg/shapes.py::Circle.__init__", 1)]
    assert direct[0]["through"][0] | {"kind": "call", "certainty": "exact"} == direct[0]["through"][0]
    assert (direct[0]["through"][0]["line"], direct[0]["through"][0]["column"]) == (8, 18)
    every = answer(root, "callers", "check", "--transitive")["callers"]
    depths = {c["symbol"]["id"]: c["depth"] for c in every}
    assert depths["pkg/core.py::run"] == 2, "a call of a class runs its constructor"
    assert depths["pkg/cli.py::entry"] == 3 and depths["tests/test_core.py::test_run"] == 4
    near = answer(root, "callers", "check", "--transitive", "--depth", "2")["callers"]
    assert {c["depth"] for c in near} == {1, 2}


def test_callees(root: Path, v4: V4) -> None:
    found = answer(root, "callees", "run")["callees"]
    assert [c["symbol"]["id"] for c in found] == ["pkg/core.py::area", "pkg/shapes.py::Circle"]
    text = v4("graph", "callees", "pkg/core.py::run", cwd=root)
    assert "pkg/core.py:5:12  call  exact  area    return area(Circle(n))" in text.stdout
    assert "nothing of the repository is used by" in str(fails(root, "callees", "square"))


def test_a_path_between_symbols_is_of_calls(root: Path) -> None:
    chain = answer(root, "path", "entry", "check")["calls"]
    assert [s["to"]["id"] for s in chain] == ["pkg/core.py::run", "pkg/shapes.py::Circle", "pkg/shapes.py::check"]
    assert (chain[0]["path"], chain[0]["line"], chain[0]["kind"]) == ("pkg/cli.py", 7, "call")
    through_override = CallGraph(Index.open(root).refresh())
    index = through_override.index
    found = through_override.path(index.symbol("area"), index.symbol("square"))
    assert [(u.target.qualified, u.certainty) for u in found] == [("Circle.size", "likely"), ("square", "exact")]
    assert answer(root, "path", "square", "entry")["calls"] == []
    assert "no chain of calls" in str(fails(root, "path", "square", "entry"))
    assert "imports" in answer(root, "path", "pkg/cli.py", "pkg/shapes.py"), "files are joined by imports"


def test_dead_code_has_a_reason_and_a_certainty(root: Path, v4: V4) -> None:
    found = answer(root, "dead", "--all")
    rows = {c["symbol"]["id"]: (c["certainty"], c["reason"]) for c in found["candidates"]}
    assert rows["pkg/core.py::_old"] == ("high", "never used")
    assert rows["pkg/core.py::_older"] == ("high", "used by other candidates only")
    assert rows["pkg/core.py::offered"] == ("medium", "never used")
    assert rows["pkg/cli.py::entry"] == ("low", "named in pyproject.toml:2")
    assert rows["pkg/shapes.py::Circle.unused"][0] == "medium"
    assert not {"pkg/cli.py::kept", "pkg/core.py::run", "tests/test_core.py::helper"} & set(rows)
    assert {c["certainty"] for c in answer(root, "dead")["candidates"]} == {"high", "medium"}
    assert [c["symbol"]["path"] for c in answer(root, "dead", "pkg/shapes.py")["candidates"]] == ["pkg/shapes.py"]
    text = v4("graph", "dead", cwd=root)
    assert text.returncode == 0 and text.stdout.startswith("pkg/core.py:12    high ")


def test_the_public_api_is_alive_unless_it_is_an_application(make_repository: Make) -> None:
    root = make_repository({"p/__init__.py": "from .a import f\n\n__all__ = ['f']\n", "p/a.py": "def f():\n    pass\n"})
    index = Index.open(root).refresh()
    assert dead_code(index) == []
    assert [c.symbol.name for c in dead_code(index, application=True)] != []


def test_api_of_a_python_package(root: Path) -> None:
    names = answer(root, "api", "pkg")["names"]
    by = {f"{n['module']}.{n['name']}": n for n in names}
    assert by["pkg.run"]["symbol"]["path"] == "pkg/core.py" and by["pkg.run"]["reexported"]
    assert by["pkg.shapes.Circle"]["signature"] == "class Circle(Shape)"
    assert not any("_old" in name for name in by)
    assert isinstance(fails(root, "api", "tests"), NothingToDo)


def test_api_of_a_javascript_package(make_repository: Make) -> None:
    root = make_repository(
        {
            "package.json": '{"name": "tool", "exports": {".": "./src/index.js", "./more": "./src/more.js"}}',
            "src/index.js": 'export * from "./inner.js";\nexport { two as deux } from "./more.js";\n',
            "src/inner.js": "export function one() {}\nfunction hidden() {}\n",
            "src/more.js": "export const two = 2;\n",
        }
    )
    names = answer(root, "api", "package.json")["names"]
    found = [(n["module"], n["name"], n["symbol"]["id"]) for n in names]
    assert found == [
        ("tool", "deux", "src/more.js::two"),
        ("tool", "one", "src/inner.js::one"),
        ("tool/more", "two", "src/more.js::two"),
    ]


def test_impact_of_the_work_tree_of_what_is_staged_and_of_a_range(root: Path) -> None:
    assert isinstance(fails(root, "impact"), NothingToDo)
    path = root / "pkg/shapes.py"
    path.write_text(
        path.read_text().replace("def check(n):\n    return n", "def check(n, low=0):\n    # why\n    return n")
    )
    found = answer(root, "impact")
    assert [(c["symbol"]["id"], c["status"], c["signature_changed"]) for c in found["changed"]] == [
        ("pkg/shapes.py::check", "changed", True)
    ]
    depths = {a["symbol"]["id"]: a["depth"] for a in found["affected"]}
    assert depths["pkg/shapes.py::Circle.__init__"] == 1 and depths["pkg/core.py::run"] == 2
    assert found["tests"] == ["tests/test_core.py"]
    assert isinstance(fails(root, "impact", "--staged"), NothingToDo)
    subprocess.run(["git", "-C", str(root), "commit", "-qam", "second"], check=True)
    assert answer(root, "impact", "--range", "HEAD~1..HEAD")["affected"] == found["affected"]
    near = answer(root, "impact", "check", "--depth", "1")
    assert [a["symbol"]["id"] for a in near["affected"]] == ["pkg/shapes.py::Circle.__init__"]
    assert isinstance(fails(root, "impact", "check", "--staged"), UsageError)


def test_impact_of_a_removal_is_seen_from_before(root: Path) -> None:
    path = root / "pkg/shapes.py"
    path.write_text(path.read_text().replace("def square(n):\n    return n * n\n", ""))
    found = answer(root, "impact")
    assert [(c["symbol"]["id"], c["status"]) for c in found["changed"]] == [("pkg/shapes.py::square", "removed")]
    assert found["affected"][0]["symbol"]["id"] == "pkg/shapes.py::Circle.size"


def test_a_comment_is_no_change(root: Path) -> None:
    (root / "pkg/core.py").write_text("# new\nimport os\n" + FILES["pkg/core.py"])
    assert answer(root, "impact")["changed"] == []
