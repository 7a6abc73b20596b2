"""Modules to files, names to definitions, across files; symbols by name; the import graph."""

from __future__ import annotations

import pytest

from repo_index import Index
from repo_index.graph import path_between
from repo_index.records import FileRecord, Symbol
from repo_index.symbols import AmbiguousSymbol, UnknownSymbol


def edges(index: Index, path: str) -> list[tuple[str | None, str, tuple[str, ...], str, str]]:
    return [(e.target, e.module, e.names, e.kind, e.state) for e in index.imports(path)]


def meant(index: Index, path: str, name: str, scope: str = "") -> str | None:
    found = index.resolve(path, name, scope)
    return found.id if isinstance(found, Symbol) else found.path if isinstance(found, FileRecord) else None


@pytest.fixture
def package(make_repository) -> Index:
    return Index.open(
        make_repository(
            {
                "pyproject.toml": "[tool.setuptools.packages.find]\nwhere = ['src']\n",
                "src/pkg/__init__.py": "from .core import Engine as Motor, run\nfrom . import extra\n"
                "from .stars import *\n__version__ = '1'\n",
                "src/pkg/core.py": "from __future__ import annotations\nimport os, json\n"
                "from typing import TYPE_CHECKING\n"
                "from .base import Base\nif TYPE_CHECKING:\n    from .extra import helper\n\n"
                "class Engine(Base):\n    def start(self): return self.stop()\n    made: Engine\n\n"
                "def run():\n    from . import extra\n    return extra.helper()\n",
                "src/pkg/base.py": "class Base:\n    kind = 'base'\n    def stop(self): ...\n"
                "    def start(self): ...\n",
                "src/pkg/extra.py": "from pkg import core\nfrom requests import get\n\ndef helper(): return core.run\n",
                "src/pkg/stars.py": "from .hidden import *\n__all__ = ['star', 'deep']\n"
                "def star(): ...\ndef _not(): ...\n"
                "def other(): ...\n",
                "src/pkg/hidden.py": "def deep(): ...\ndef _secret(): ...\n",
                "src/pkg/ns/leaf.py": "leaf = 1\n",
                "src/pkg/typed.pyi": "def typed() -> int: ...\n",
                "tests/__init__.py": "",
                "tests/utils.py": "def aid(): ...\n",
                "tests/test_a.py": "import pkg\nimport pkg.core as c\nfrom pkg import Motor, extra, star, deep\n"
                "from pkg.ns import leaf\nfrom tests.utils import aid\nfrom .utils import aid as aid2\n"
                "import pkg.ns.leaf\n"
                "from pkg import nothing\nimport pkg.missing\nimport json\nfrom pkg.typed import typed\n",
            }
        )
    ).refresh()


def test_edges_of_every_form(package: Index) -> None:
    assert edges(package, "tests/test_a.py") == [
        ("src/pkg/__init__.py", "pkg", (), "test", "resolved"),
        ("src/pkg/core.py", "pkg.core", (), "test", "resolved"),
        ("src/pkg/__init__.py", "pkg", ("Motor", "star", "deep"), "test", "resolved"),
        ("src/pkg/extra.py", "pkg", ("extra",), "test", "resolved"),
        ("src/pkg/ns/leaf.py", "pkg.ns", ("leaf",), "test", "resolved"),
        ("tests/utils.py", "tests.utils", ("aid",), "test", "resolved"),
        ("tests/utils.py", ".utils", ("aid",), "test", "resolved"),
        ("src/pkg/ns/leaf.py", "pkg.ns.leaf", (), "test", "resolved"),
        ("src/pkg/__init__.py", "pkg", ("nothing",), "test", "resolved"),
        (None, "pkg.missing", (), "test", "unresolved"),
        (None, "json", (), "test", "external"),
        ("src/pkg/typed.pyi", "pkg.typed", ("typed",), "test", "resolved"),
    ]
    kinds = {(e.module, e.kind) for e in package.imports("src/pkg/core.py")}
    assert {("os", "runtime"), (".base", "runtime"), (".extra", "type"), (".", "lazy")} <= kinds
    assert [e.kind for e in package.imports("src/pkg/__init__.py")] == ["reexport"] * 3


def test_names_across_files(package: Index) -> None:
    test = "tests/test_a.py"
    assert meant(package, test, "Motor") == "src/pkg/core.py::Engine"
    assert meant(package, test, "pkg.Motor") == "src/pkg/core.py::Engine"
    assert meant(package, test, "pkg.Motor.start") == "src/pkg/core.py::Engine.start"
    assert meant(package, test, "pkg.Motor.stop") == "src/pkg/base.py::Base.stop"
    assert meant(package, test, "Motor.made.stop") == "src/pkg/base.py::Base.stop"
    assert meant(package, test, "c.run") == "src/pkg/core.py::run"
    assert meant(package, test, "star") == "src/pkg/stars.py::star"
    assert meant(package, test, "deep") == "src/pkg/hidden.py::deep"
    assert meant(package, test, "pkg.other") is None  # not in __all__
    assert meant(package, test, "extra") == "src/pkg/extra.py"
    assert meant(package, test, "extra.core.run") == "src/pkg/core.py::run"
    assert meant(package, test, "leaf") == "src/pkg/ns/leaf.py"
    assert meant(package, test, "pkg.ns.leaf.leaf") == "src/pkg/ns/leaf.py::leaf"
    assert meant(package, test, "json.dumps") is None
    assert meant(package, test, "nothing") is None
    assert meant(package, "src/pkg/core.py", "extra.helper", "run") == "src/pkg/extra.py::helper"
    assert meant(package, "src/pkg/core.py", "Engine.start") == "src/pkg/core.py::Engine.start"


def test_module_names(package: Index) -> None:
    names = {f.path: package.module_name(f.path) for f in package.files()}
    assert names == {
        "pyproject.toml": None,
        "src/pkg/__init__.py": "pkg",
        "src/pkg/core.py": "pkg.core",
        "src/pkg/base.py": "pkg.base",
        "src/pkg/extra.py": "pkg.extra",
        "src/pkg/stars.py": "pkg.stars",
        "src/pkg/hidden.py": "pkg.hidden",
        "src/pkg/ns/leaf.py": "pkg.ns.leaf",
        "src/pkg/typed.pyi": "pkg.typed",
        "tests/__init__.py": "tests",
        "tests/utils.py": "tests.utils",
        "tests/test_a.py": "tests.test_a",
    }


def test_graph(package: Index) -> None:
    direct = {e.source for e in package.importers("src/pkg/base.py")}
    assert direct == {"src/pkg/core.py"}
    assert {e.source for e in package.importers("src/pkg/base.py", transitive=True)} == {
        "src/pkg/core.py",
        "src/pkg/__init__.py",
        "src/pkg/extra.py",
        "tests/test_a.py",
    }
    assert package.cycles() == []
    assert package.cycles(lazy=True) == [["src/pkg/core.py", "src/pkg/extra.py"]]
    chain = path_between(package, ["tests/test_a.py"], ["src/pkg/hidden.py"])
    assert [e.target for e in chain] == ["src/pkg/__init__.py", "src/pkg/stars.py", "src/pkg/hidden.py"]
    assert path_between(package, ["src/pkg/hidden.py"], ["tests/test_a.py"]) == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("src/pkg/core.py::Engine", "src/pkg/core.py::Engine"),
        ("./src/pkg/core.py::Engine.start", "src/pkg/core.py::Engine.start"),
        ("pkg.core.Engine.start", "src/pkg/core.py::Engine.start"),
        ("pkg.Motor", "src/pkg/core.py::Engine"),
        ("Engine.start", "src/pkg/core.py::Engine.start"),
        ("Engine", "src/pkg/core.py::Engine"),
        ("pkg.core", "src/pkg/core.py"),
        ("src/pkg/core.py", "src/pkg/core.py"),
        ("stop", "src/pkg/base.py::Base.stop"),
        ("src/pkg/core.py::start", "src/pkg/core.py::Engine.start"),
    ],
)
def test_symbols_by_name(package: Index, spec: str, expected: str) -> None:
    assert package.symbol(spec).id == expected


def test_symbols_that_are_not_there(package: Index) -> None:
    with pytest.raises(AmbiguousSymbol) as ambiguous:
        package.symbol("start")
    assert [c.id for c in ambiguous.value.candidates] == [
        "src/pkg/base.py::Base.start",
        "src/pkg/core.py::Engine.start",
    ]
    with pytest.raises(UnknownSymbol, match="did you mean Engine"):
        package.symbol("Engin")
    with pytest.raises(UnknownSymbol, match=r"src/pkg/core\.py::Engine"):
        package.symbol("core.py::Engine")
    for spec in ("", "::", "a b", "nothing::x", "é", "src/pkg/core.py::nope", "...", "x" * 1000):
        with pytest.raises((UnknownSymbol, AmbiguousSymbol)):
            package.symbol(spec)


def test_a_module_as_a_symbol(package: Index) -> None:
    symbol = package.symbol("pkg.base")
    assert (symbol.kind, symbol.name, symbol.qualified) == ("module", "base", "")
    assert symbol.as_json()["end_line"] == 4


def test_circles_of_reexports_end(make_repository) -> None:
    root = make_repository(
        {
            "a.py": "from b import x, y\nfrom c import *\n",
            "b.py": "from a import x, y, z\n",
            "c.py": "from a import *\nfrom d import *\n",
            "d.py": "z = 1\n",
            "e.py": "from a import x, z\nclass A(B): ...\nclass B(A): ...\nA.m\nv = w\nw = v\nq = q.r()\nq.s\n",
        }
    )
    index = Index.open(root).refresh()
    assert meant(index, "e.py", "x") is None
    assert meant(index, "e.py", "z") == "d.py::z"
    assert meant(index, "e.py", "A.m") is None
    assert meant(index, "e.py", "v.m") is None
    assert meant(index, "e.py", "q.s") is None
    assert index.references(index.symbol("e.py::A"))


def test_attribute_wins_over_submodule_and_submodule_over_nothing(make_repository) -> None:
    root = make_repository(
        {
            "p/__init__.py": "from .tool import tool\nfrom . import side\n",
            "p/tool.py": "def tool(): ...\n",
            "p/side.py": "",
            "p/plain.py": "",
            "u.py": "from p import tool, side, plain\nimport p.tool\n",
        }
    )
    index = Index.open(root).refresh()
    assert meant(index, "u.py", "tool") == "p/tool.py::tool"
    assert meant(index, "u.py", "side") == "p/side.py"
    assert meant(index, "u.py", "plain") == "p/plain.py"
    assert edges(index, "u.py")[0][:3] == ("p/__init__.py", "p", ("tool",))


@pytest.mark.parametrize(
    ("configuration", "folder"),
    [
        ({"pyproject.toml": "[tool.setuptools.package-dir]\n'' = 'python'\n"}, "python"),
        ({"pyproject.toml": "[tool.poetry]\npackages = [{include = 'top', from = 'code'}]\n"}, "code"),
        ({"pyproject.toml": "[tool.hatch.build.targets.wheel]\npackages = ['deep/down/top']\n"}, "deep/down"),
        ({"setup.cfg": "[options]\npackage_dir =\n    = lib2\n"}, "lib2"),
        ({"setup.cfg": "[options.packages.find]\nwhere = elsewhere\n"}, "elsewhere"),
        ({"pyproject.toml": "not toml ["}, "src"),
        ({"pyproject.toml": "tool = 3\n"}, "src"),
        ({}, "src"),
        ({}, "packages/one"),
    ],
)
def test_roots_that_a_layout_declares(make_repository, configuration: dict[str, str], folder: str) -> None:
    files = {
        f"{folder}/top/__init__.py": "",
        f"{folder}/top/part.py": "x = 1\n",
        "tests/t.py": "from top.part import x\n",
    }
    index = Index.open(make_repository(files | configuration)).refresh()
    assert meant(index, "tests/t.py", "x") == f"{folder}/top/part.py::x"
    assert index.module_name(f"{folder}/top/part.py") == "top.part"


def test_same_name_under_several_roots(make_repository) -> None:
    root = make_repository(
        {
            "one/app/__init__.py": "",
            "one/app/m.py": "",
            "one/tests/test_x.py": "from app import m\n",
            "two/app/__init__.py": "",
            "two/app/m.py": "from app import m\n",
            "other.py": "import app.m\n",
        }
    )
    index = Index.open(root).refresh()
    assert edges(index, "one/tests/test_x.py")[0][0] == "one/app/m.py"
    assert edges(index, "two/app/m.py")[0][0] == "two/app/m.py"
    assert edges(index, "other.py")[0][4] == "ambiguous"


def test_standard_library_names(make_repository) -> None:
    root = make_repository(
        {
            "pkg/__init__.py": "",
            "pkg/json.py": "x = 1\n",
            "pkg/use.py": "import json\nfrom . import json as own\nfrom pkg.json import x\n",
            "script/types.py": "y = 1\n",
            "script/main.py": "import types\nimport logging\n",
            "logging/handlers.py": "",
        }
    )
    index = Index.open(root).refresh()
    assert [e[0] for e in edges(index, "pkg/use.py")] == [None, "pkg/json.py", "pkg/json.py"]
    assert [e[0] for e in edges(index, "script/main.py")] == ["script/types.py", None]


def test_relative_imports_beyond_the_top(make_repository) -> None:
    root = make_repository({"a/b.py": "from ... import x\nfrom ...c import y\nfrom . import z\nfrom .. import a\n"})
    index = Index.open(root).refresh()
    assert {e[1]: e[4] for e in edges(index, "a/b.py")}["..."] == "unresolved"
    assert {e[1]: e[4] for e in edges(index, "a/b.py")}["...c"] == "unresolved"
    assert index.resolve("a/b.py", "x") is None


def test_elements_across_files(make_repository) -> None:
    root = make_repository(
        {
            "a.py": "class Part:\n    def go(self): ...\nclass Whole:\n    parts: list[Part]\n"
            "    def __iter__(self) -> 'Iterator[Part]': ...\n    def all(self) -> list['Part']: ...\n",
            "b.py": "from a import Whole\ndef f(w: Whole):\n    for p in w.parts: p.go()\n    for p in w: p.go()\n"
            "    w.all()[0].go()\n    w.parts.go()\n    other = w.parts\n    [q.go() for q in other]\n",
        }
    )
    index = Index.open(root).refresh()
    found = [r.line for r in index.references(index.symbol("Part.go")) if r.path == "b.py"]
    assert found == [3, 4, 5, 8]


def test_types_cross_files(make_repository) -> None:
    root = make_repository(
        {
            "m/__init__.py": "",
            "m/a.py": "class A:\n    def go(self) -> 'A': ...\n    @property\n    def other(self) -> 'm.b.B': ...\n"
            "import m.b\n"
            "def make():\n    return A()\nshared = A()\n",
            "m/b.py": "from m.a import A, make\nclass B(A):\n    def __init__(self):\n        self.a = make()\n",
            "use.py": "from m.b import B\nfrom m import a\n",
        }
    )
    index = Index.open(root).refresh()
    go = "m/a.py::A.go"
    for expression in ("B.go", "B.a.go", "a.make.go", "a.shared.go", "a.A.go.go", "B.a.other.go", "B.a.other.a.go"):
        assert meant(index, "use.py", expression) == go, expression
