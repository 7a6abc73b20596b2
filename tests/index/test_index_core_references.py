"""References: what is exact, what is likely, what is text, and what is none."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from repo_index import Index
from repo_index.records import Reference


def rows(found: list[Reference], certainty: str | None = None) -> list[tuple[str, int, str, str]]:
    return [(r.path, r.line, r.kind, r.name) for r in found if certainty in (None, r.certainty)]


def checked(index: Index, found: list[Reference]) -> list[Reference]:
    """Each reference covers its name, and its columns are those of an editor."""
    for r in found:
        content = index.read(r.path)
        assert content[r.span[0] : r.span[1]].decode() == r.name
        line = index.text(r.path).split("\n")[r.line - 1]
        assert line[r.column - 1 : r.end_column - 1] == r.name
    assert len({(r.path, r.span) for r in found}) == len(found)
    return found


@pytest.fixture
def open_index(make_repository):
    def make(files: Mapping[str, str]) -> Index:
        return Index.open(make_repository(files)).refresh()

    return make


def test_functions_through_every_import_form(open_index) -> None:
    index = open_index(
        {
            "p/__init__.py": "from .m import f as g, f\n__all__ = ['g', 'f']\n",
            "p/m.py": "def f(): return f\n",
            "p/near.py": "from . import m\nfrom .m import f as h\nm.f(); h()\n",
            "a.py": "import p.m\np.m.f()\nimport p.m as q\nq.f()\nq.f.attr\n",
            "b.py": "from p import g\ng()\n",
            "c.py": "from p import *\nf(); g()\n",
            "d.py": "from other import f\nf()\ndef x():\n    f = 1\n    return f\n",
            "e.py": "import p\np.f()\np.g()\nf()\nx.f()\n",
            "t.py": "def test(monkeypatch):\n    import p.m\n    monkeypatch.setattr(p.m, 'f', 1)\n",
        }
    )
    found = checked(index, index.references(index.symbol("p/m.py::f")))
    assert rows(found, "exact") == [
        ("a.py", 2, "call", "f"),
        ("a.py", 4, "call", "f"),
        ("a.py", 5, "use", "f"),
        ("b.py", 1, "import", "g"),
        ("b.py", 2, "call", "g"),
        ("c.py", 2, "call", "f"),
        ("c.py", 2, "call", "g"),
        ("e.py", 2, "call", "f"),
        ("e.py", 3, "call", "g"),
        ("p/__init__.py", 1, "import", "f"),
        ("p/__init__.py", 1, "import", "g"),
        ("p/__init__.py", 1, "import", "f"),
        ("p/__init__.py", 2, "export", "g"),
        ("p/__init__.py", 2, "export", "f"),
        ("p/m.py", 1, "definition", "f"),
        ("p/m.py", 1, "use", "f"),
        ("p/near.py", 2, "import", "f"),
        ("p/near.py", 2, "import", "h"),
        ("p/near.py", 3, "call", "f"),
        ("p/near.py", 3, "call", "h"),
        ("t.py", 3, "string", "f"),
    ]
    assert rows(found, "likely") == rows(found, "text") == []
    assert [r.line for r in index.callers(index.symbol("p/m.py::f")) if r.path == "a.py"] == [2, 4]


def test_methods_by_receiver(open_index) -> None:
    index = open_index(
        {
            "m.py": "class A:\n"
            "    def special_run(self):\n"
            "        self.special_run()\n"
            "    @classmethod\n"
            "    def make(cls): return cls().special_run\n"
            "class B(A):\n"
            "    def special_run(self):\n"
            "        super().special_run()\n"
            "class C(B): ...\n"
            "class Other:\n"
            "    def other_run(self): self.special_run()\n",
            "u.py": "from m import A, C, Other\nimport ext\n"
            "A.special_run(1)\n"
            "C().special_run()\n"
            "def f(a: A, c: 'C', o: Other, e: ext.Thing, unknown):\n"
            "    a.special_run()\n"
            "    c.special_run()\n"
            "    o.special_run()\n"
            "    e.special_run()\n"
            "    unknown.special_run()\n"
            "    ext.special_run()\n",
        }
    )
    a = index.symbol("m.py::A.special_run")
    assert [s.id for s in index.method_family(a)] == ["m.py::A.special_run", "m.py::B.special_run"]
    found = checked(index, index.references(a))
    assert rows(found, "exact") == [
        ("m.py", 2, "definition", "special_run"),
        ("m.py", 3, "call", "special_run"),
        ("m.py", 5, "use", "special_run"),
        ("m.py", 7, "definition", "special_run"),
        ("m.py", 8, "call", "special_run"),
        ("u.py", 3, "call", "special_run"),
        ("u.py", 4, "call", "special_run"),
        ("u.py", 6, "call", "special_run"),
        ("u.py", 7, "call", "special_run"),
    ]
    assert rows(found, "likely") == [("u.py", 10, "call", "special_run")]
    assert {r.via for r in found if r.line == 7 and r.path == "u.py"} == {"B.special_run"}


def test_mixins_find_members_of_the_classes_they_are_mixed_with(open_index) -> None:
    index = open_index(
        {
            "m.py": "class Mixin:\n    def go(self): self.flush_all()\n"
            "class Base:\n    def flush_all(self): ...\nclass Both(Mixin, Base): ...\n"
            "class Closed:\n    def go(self): self.flush_all()\n",
        }
    )
    found = index.references(index.symbol("Base.flush_all"))
    assert rows(found, "exact") == [("m.py", 2, "call", "flush_all"), ("m.py", 4, "definition", "flush_all")]
    assert len(found) == 2


def test_calls_of_external_functions_may_give_anything(open_index) -> None:
    index = open_index(
        {
            "m.py": "import copy, ext\nclass A:\n    def turn_over(self): ...\n"
            "class B:\n    table: dict[str, A]\n    def f(self, k: str, e: ext.Thing):\n"
            "        self.table[k].turn_over()\n        self.table.get(k).turn_over()\n"
            "        ext.load(k).turn_over()\n        k.turn_over()\n        e.turn_over()\n"
            "        ext.Thing().turn_over()\n        self.table.turn_over()\n",
        }
    )
    found = index.references(index.symbol("A.turn_over"))
    assert [(r.line, r.certainty) for r in found] == [(3, "exact"), (7, "likely"), (8, "likely"), (9, "likely")]


def test_unknown_receivers_of_ambiguous_or_common_names_are_text(open_index) -> None:
    index = open_index(
        {
            "m.py": "class A:\n    def turn(self): ...\n    def get(self): ...\n    def __len__(self): ...\n"
            "class B:\n    def turn(self): ...\n",
            "u.py": "def f(x):\n    x.turn()\n    x.get()\n    x.__len__()\n",
        }
    )
    assert rows(index.references(index.symbol("A.turn")), "text") == [("u.py", 2, "call", "turn")]
    assert rows(index.references(index.symbol("A.get")), "text") == [("u.py", 3, "call", "get")]
    assert rows(index.references(index.symbol("A.__len__")), "exact") == [("m.py", 4, "definition", "__len__")]
    assert rows(index.references(index.symbol("A.__len__")), "likely") == []


def test_attributes_and_fields(open_index) -> None:
    index = open_index(
        {
            "m.py": "from dataclasses import dataclass\n"
            "@dataclass\nclass Point:\n    left: int = 0\n"
            "class Own:\n    def __init__(self, left):\n        self.left = left\n"
            "Point(left=1).left\nOwn(left=2).left\n"
            "def f(p: Point):\n    p.left = 3\n    getattr(p, 'left')\n",
        }
    )
    assert rows(index.references(index.symbol("Point.left")), "exact") == [
        ("m.py", 4, "definition", "left"),
        ("m.py", 8, "keyword", "left"),
        ("m.py", 8, "use", "left"),
        ("m.py", 11, "definition", "left"),
        ("m.py", 12, "string", "left"),
    ]
    assert rows(index.references(index.symbol("Own.left")), "exact") == [
        ("m.py", 7, "definition", "left"),
        ("m.py", 9, "use", "left"),
    ]


def test_slots_and_stubs(open_index) -> None:
    index = open_index(
        {
            "m.py": "class P:\n    __slots__ = ('left', 'right')\n    def __init__(self): self.left = 1\n",
            "m.pyi": "class P:\n    left: int\n",
            "u.py": "from m import P\nP().left\n",
        }
    )
    expected = [
        ("m.py", 2, "string", "left"),
        ("m.py", 3, "definition", "left"),
        ("m.pyi", 2, "definition", "left"),
        ("u.py", 2, "use", "left"),
    ]
    assert rows(index.references(index.symbol("m.py::P.left"))) == expected
    assert rows(index.references(index.symbol("m.pyi::P.left"))) == expected


def test_families_through_bases_of_other_files(open_index) -> None:
    index = open_index(
        {
            "a.py": "class Root:\n    def step(self): ...\nclass Alone:\n    def step(self): ...\n",
            "b.py": "from a import Root as R\nclass Left(R):\n    def step(self): ...\n",
            "c.py": "import a, b\nclass Right(a.Root): ...\nclass Both(Right, b.Left):\n    def step(self): ...\n",
            "d.py": "from c import Both\nclass Last(Both):\n    def step(self): return super().step()\n",
        }
    )
    family = ["a.py::Root.step", "b.py::Left.step", "c.py::Both.step", "d.py::Last.step"]
    for spec in family:
        assert [s.id for s in index.method_family(index.symbol(spec))] == family
    assert [s.id for s in index.method_family(index.symbol("a.py::Alone.step"))] == ["a.py::Alone.step"]


def test_conditional_definitions_belong_together(open_index) -> None:
    index = open_index(
        {
            "compat.py": "try:\n    from fast import work\nexcept ImportError:\n    def work(): ...\nwork()\n",
            "fast.py": "def work(): ...\n",
            "both.py": "import sys\nif sys.platform:\n    def one(): ...\nelse:\n    def one(): ...\none()\n",
            "u.py": "from compat import work\nwork()\n",
            "o.py": "from typing import overload\n@overload\ndef o(a: int): ...\n@overload\ndef o(a: str): ...\n"
            "def o(a): ...\no(1)\n",
        }
    )
    assert rows(index.references(index.symbol("compat.py::work")), "exact") == [
        ("compat.py", 2, "import", "work"),
        ("compat.py", 4, "definition", "work"),
        ("compat.py", 5, "call", "work"),
        ("u.py", 1, "import", "work"),
        ("u.py", 2, "call", "work"),
    ]
    assert ("compat.py", 5, "call", "work") in rows(index.references(index.symbol("fast.py::work")), "exact")
    assert [r.line for r in index.references(index.symbol("both.py::one"))] == [3, 5, 6]
    assert index.symbol("o.py::o").line == 6
    assert [r.line for r in index.references(index.symbol("o.py::o"))] == [3, 5, 6, 7]


def test_mentions_in_text(open_index) -> None:
    index = open_index(
        {
            "pkg/__init__.py": "from .web import HTTP1Connection\n",
            "pkg/web.py": "class HTTP1Connection:\n    def serve(self): ...\n"
            "class HTTP1ConnectionParameters: ...\n# see HTTP1Connection\n"
            "x = 'HTTP1Connection'\ny = 'pkg.web.HTTP1Connection'\nz = 'other.HTTP1Connection'\n",
            "docs/web.rst": "HTTP1Connection\n:class:`HTTP1Connection`\n:meth:`~pkg.web.HTTP1Connection.serve`\n"
            ".. autoclass:: HTTP1Connection\n``pkg.HTTP1Connection``\nHTTP1ConnectionParameters HTTP1Connections\n"
            "pkg.other.HTTP1Connection\n",
            "setup.cfg": "[x]\nclass = pkg.web:HTTP1Connection\n",
            "test_web.py": "from unittest import mock\nmock.patch('pkg.web.HTTP1Connection.serve')\n",
        }
    )
    found = checked(index, index.references(index.symbol("HTTP1Connection")))
    assert rows(found, "likely") == [
        ("docs/web.rst", 2, "doc", "HTTP1Connection"),
        ("docs/web.rst", 3, "doc", "HTTP1Connection"),
        ("docs/web.rst", 4, "doc", "HTTP1Connection"),
        ("docs/web.rst", 5, "doc", "HTTP1Connection"),
        ("pkg/web.py", 6, "string", "HTTP1Connection"),
        ("setup.cfg", 2, "string", "HTTP1Connection"),
        ("test_web.py", 2, "string", "HTTP1Connection"),
    ]
    assert rows(found, "text") == [
        ("docs/web.rst", 1, "doc", "HTTP1Connection"),
        ("docs/web.rst", 7, "doc", "HTTP1Connection"),
        ("pkg/web.py", 4, "doc", "HTTP1Connection"),
        ("pkg/web.py", 5, "string", "HTTP1Connection"),
        ("pkg/web.py", 7, "string", "HTTP1Connection"),
    ]
    serve = index.references(index.symbol("HTTP1Connection.serve"))
    assert rows(serve, "likely") == [("docs/web.rst", 3, "doc", "serve"), ("test_web.py", 2, "string", "serve")]


def test_columns_count_characters(open_index) -> None:
    index = open_index({"a.py": "\ufeffé = 'é'; f = 1; print('éé', f)\n", "b.py": "from a import f\r\nx = 'é', f\r\n"})
    found = checked(index, index.references(index.symbol("a.py::f")))
    assert [(r.path, r.line, r.column, r.end_column) for r in found] == [
        ("a.py", 1, 10, 11),
        ("a.py", 1, 29, 30),
        ("b.py", 1, 15, 16),
        ("b.py", 2, 10, 11),
    ]


MODULES = {
    "pkg/__init__.py": "from . import params\nfrom .params import x\nfrom .sub import deep\n__all__ = ['params']\n",
    "pkg/params.py": "x = 1\nparams = 2\n",
    "pkg/sub/__init__.py": "from .. import params as p\nfrom ..params import x\np.x\n",
    "pkg/sub/deep.py": "import pkg.params\npkg.params.x\nimport pkg.params as pp\npp.x\n"
    "from pkg import params\nparams.x\n",
    "pkg/sub/params.py": "",
    "use.py": "import pkg\npkg.params.x\nfrom pkg.sub import params\nparams.y\nparams = 3\n",
    "test_p.py": "mock.patch('pkg.params.x')\nlog = 'pkg.params'\nother = 'pkg.params2', 'my.pkg.params', 'params'\n",
    "docs/p.rst": ".. automodule:: pkg.params\n\nSee pkg/params.py, :mod:`pkg.params` and the params.\n",
    "pyproject.toml": "[project.scripts]\nrun = 'pkg.params:main'\n",
}


def test_modules_in_every_form(open_index) -> None:
    index = open_index(MODULES)
    found = checked(index, index.module_references("pkg/params.py"))
    assert rows(found, "exact") == [
        ("pkg/__init__.py", 1, "import", "params"),
        ("pkg/__init__.py", 2, "import", "params"),
        ("pkg/__init__.py", 4, "export", "params"),
        ("pkg/sub/__init__.py", 1, "import", "params"),
        ("pkg/sub/__init__.py", 1, "import", "p"),
        ("pkg/sub/__init__.py", 2, "import", "params"),
        ("pkg/sub/__init__.py", 3, "use", "p"),
        ("pkg/sub/deep.py", 1, "import", "params"),
        ("pkg/sub/deep.py", 2, "use", "params"),
        ("pkg/sub/deep.py", 3, "import", "params"),
        ("pkg/sub/deep.py", 3, "import", "pp"),
        ("pkg/sub/deep.py", 4, "use", "pp"),
        ("pkg/sub/deep.py", 5, "import", "params"),
        ("pkg/sub/deep.py", 6, "use", "params"),
        ("use.py", 2, "use", "params"),
    ]
    assert rows(found, "likely") == [
        ("docs/p.rst", 1, "doc", "params"),
        ("docs/p.rst", 3, "doc", "params"),
        ("docs/p.rst", 3, "doc", "params"),
        ("pyproject.toml", 2, "string", "params"),
        ("test_p.py", 1, "string", "params"),
        ("test_p.py", 2, "string", "params"),
    ]
    assert rows(found, "text") == []
    assert index.references(index.symbol("pkg.params")) == found


def test_a_package_is_named_by_its_folder(open_index) -> None:
    index = open_index(MODULES)
    found = checked(index, index.module_references("pkg/sub/__init__.py"))
    assert rows(found, "exact") == [
        ("pkg/__init__.py", 3, "import", "sub"),
        ("use.py", 3, "import", "sub"),
    ]


def test_references_are_the_same_each_time(open_index) -> None:
    index = open_index(MODULES)
    other = Index.open(index.root).refresh()
    for symbol in index.symbols():
        assert index.references(symbol) == other.references(other.symbol(symbol.id))
