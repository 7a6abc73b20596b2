"""Fixtures of pytest, plugins and modules that strings name."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from repo_index import Index
from repo_index.records import Reference

Make = Callable[[dict[str, str]], Index]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def index(files: dict[str, str]) -> Index:
        root = tmp_path / "r"
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        subprocess.run(["git", "init", "-q", str(root)], check=True)
        return Index.open(root, cache_dir=tmp_path / "cache").refresh()

    return index


def places(found: list[Reference], *certainties: str) -> set[tuple[str, int]]:
    return {(r.path, r.line) for r in found if r.certainty in (certainties or ("exact",))}


def test_parameters_of_tests_and_fixtures_mean_the_nearest_fixture(make: Make) -> None:
    index = make(
        {
            "conftest.py": "import pytest\n\n@pytest.fixture\ndef db():\n    return 1\n",
            "tests/conftest.py": (
                "import pytest\n\n@pytest.fixture\ndef db(db):\n    return db + 1\n\n"
                "@pytest.fixture(name='other')\ndef plain(db): ...\n"
            ),
            "tests/test_a.py": (
                "import pytest\n\n@pytest.mark.usefixtures('db')\ndef test_one(db):\n    assert db.x\n\n"
                "class TestB:\n    @pytest.fixture\n    def db(self): ...\n\n    def test_two(self, db): ...\n\n"
                "@pytest.mark.parametrize('db', [1])\ndef test_three(db): ...\n\n"
                "def helper(db): ...\n\ndef test_four(request, db=1):\n    request.getfixturevalue('db')\n"
            ),
            "test_top.py": "def test_five(db):\n    return lambda: db\n",
        }
    )
    inner = index.references(index.symbol("tests/conftest.py::db"))
    assert places(inner) == {
        ("tests/conftest.py", 4),
        ("tests/conftest.py", 8),
        ("tests/test_a.py", 3),
        ("tests/test_a.py", 4),
        ("tests/test_a.py", 5),
        ("tests/test_a.py", 19),
    }
    outer = index.references(index.symbol("conftest.py::db"))
    assert places(outer) == {
        ("conftest.py", 4),
        ("tests/conftest.py", 4),
        ("tests/conftest.py", 5),
        ("test_top.py", 1),
        ("test_top.py", 2),
    }
    own = index.references(index.symbol("tests/test_a.py::TestB.db"))
    assert places(own) == {("tests/test_a.py", 9), ("tests/test_a.py", 11)}
    assert places(index.references(index.symbol("tests/conftest.py::plain"))) == {("tests/conftest.py", 8)}


def test_fixtures_come_from_plugins_and_imports(make: Make) -> None:
    index = make(
        {
            "src/tool/__init__.py": "",
            "src/tool/fixtures.py": "import pytest\n\n@pytest.fixture()\ndef app(): ...\n",
            "src/tool/shared.py": "import pytest\n\n@pytest.fixture()\nasync def client(): ...\n",
            "src/tool/plugin.py": "import pytest\n\n@pytest.fixture()\ndef tool(): ...\n",
            "tests/conftest.py": "from tool.shared import client\n\npytest_plugins = ['tool.fixtures']\n",
            "tests/test_a.py": "def test_one(app, client, tool):\n    app.run(tool)\n",
        }
    )
    tests = ("tests/test_a.py", 1)
    assert places(index.references(index.symbol("app"))) == {
        ("src/tool/fixtures.py", 4),
        tests,
        ("tests/test_a.py", 2),
    }
    assert tests in places(index.references(index.symbol("client")))
    assert tests not in places(index.references(index.symbol("tool.plugin.tool")))
    assert tests in places(index.references(index.symbol("tool.plugin.tool")), "likely")
    assert [(e.target, e.line) for e in index.imports("tests/conftest.py")] == [
        ("src/tool/shared.py", 1),
        ("src/tool/fixtures.py", 3),
    ]


def test_modules_in_strings_are_imports(make: Make) -> None:
    index = make(
        {
            "pkg/__init__.py": (
                "from importlib import import_module\n\n\ndef load():\n"
                "    return import_module('.deep', __name__), import_module('.deep', 'other')\n"
            ),
            "pkg/deep.py": "",
            "main.py": (
                "import importlib\nimport pytest\n\nfirst = importlib.import_module('pkg.deep')\n"
                "name = 'x'\nimportlib.import_module(name)\nimport_module.other('pkg')\n"
                "third = __import__('pkg')\nfourth = pytest.importorskip('pkg.deep')\n"
            ),
        }
    )
    assert [(e.target, e.line, e.kind) for e in index.imports("pkg/__init__.py")][1:] == [("pkg/deep.py", 5, "lazy")]
    assert [(e.target, e.line, e.kind) for e in index.imports("main.py") if e.target] == [
        ("pkg/deep.py", 4, "runtime"),
        ("pkg/__init__.py", 8, "runtime"),
        ("pkg/deep.py", 9, "runtime"),
    ]
    found = index.module_references("pkg/deep.py")
    assert places(found) == {("main.py", 4), ("main.py", 9), ("pkg/__init__.py", 5)}
    text = index.text("main.py").split("\n")[3]
    first = next(r for r in found if r.path == "main.py")
    assert text[first.column - 1 : first.end_column - 1] == "deep"


def test_names_that_a_module_imports_when_asked(make: Make) -> None:
    index = make(
        {
            "pkg/__init__.py": (
                "from importlib import import_module\n\n"
                "_LAZY = {\n    'run': 'deep',\n    'walk': 'deep:go',\n    'Tool': ('tools', 'Tool'),\n}\n"
                "_OLD = {'old': 'new'}\n\n"
                "def __getattr__(name):\n"
                "    return getattr(import_module(f'.{_LAZY[name]}', __name__), name)\n"
            ),
            "pkg/deep.py": "def run(): ...\ndef go(): ...\n",
            "pkg/tools.py": "class Tool: ...\n",
            "main.py": "import pkg\nfrom pkg import walk\n\npkg.run(walk(), pkg.Tool())\n",
        }
    )
    assert places(index.references(index.symbol("run"))) == {("pkg/deep.py", 1), ("pkg/__init__.py", 4), ("main.py", 4)}
    assert ("main.py", 4) in places(index.references(index.symbol("go")))
    assert ("main.py", 4) in places(index.references(index.symbol("Tool")))
    edges = {(e.target, e.line, e.kind) for e in index.imports("pkg/__init__.py") if e.target}
    assert edges == {("pkg/deep.py", 4, "lazy"), ("pkg/deep.py", 5, "lazy"), ("pkg/tools.py", 6, "lazy")}
    assert ("pkg/__init__.py", 4) in places(index.module_references("pkg/deep.py"))
    plain = make(
        {"old.py": "new = 1\n_OLD = {'old': 'new'}\ndef __getattr__(name):\n    return globals()[_OLD[name]]\n"}
    )
    assert plain.imports("old.py") == []
