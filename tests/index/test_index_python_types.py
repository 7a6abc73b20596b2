"""What Python receivers hold, across files: unions, Self, copies, type variables, mixins."""

from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import dedent

from repo_index import Index


def index_of(tmp_path: Path, **files: str) -> Index:
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(dedent(text))
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return Index.open(tmp_path, cache_dir=tmp_path / "cache").refresh()


def lines(index: Index, spec: str) -> dict[str, str]:
    """place -> certainty of the references to a symbol, text aside and its definition aside."""
    symbol = index.symbol(spec)
    found = index.references(symbol)
    return {
        f"{r.path}:{r.line}": r.certainty
        for r in found
        if r.kind != "definition" and (r.certainty != "text" or r.kind in ("call", "use"))
    }


BASE = """
    from typing import Any, Self, TypeVar

    T = TypeVar("T")
    class Base:
        @classmethod
        def make(cls):
            return cls()
        def me(self) -> Self: ...
        def old(self: T) -> T: ...
        def new(self):
            return super().me()
    class A(Base):
        def run(self): ...
    class B(Base):
        def run(self): ...
"""


def test_an_object_of_the_class_that_it_is_asked_of(tmp_path: Path) -> None:
    use = """
        from base import A
        A.make().run()
        A().me().run()
        made = A.make().me()
        made.run()
        A().old().run()
        class Test:
            def set_up(self):
                self.a = A.make()
            def test(self):
                self.a.run()
    """
    index = index_of(tmp_path, base=BASE, use=use)
    assert lines(index, "base.A.run") == dict.fromkeys([f"use.py:{n}" for n in (3, 4, 6, 7, 12)], "exact")
    assert lines(index, "base.B.run") == {}


def test_super_gives_an_object_of_the_class_itself(tmp_path: Path) -> None:
    use = """
        from base import Base
        class C(Base):
            @classmethod
            def make(cls):
                made = super().make()
                made.run()
                return made
            def __new__(cls):
                new = super().__new__(cls)
                new.run()
                return new
            def run(self): ...
        C.make().run()
    """
    index = index_of(tmp_path, base=BASE, use=use)
    assert lines(index, "use.C.run") == dict.fromkeys(["use.py:7", "use.py:11", "use.py:14"], "exact")


def test_one_of_several_classes_is_likely(tmp_path: Path) -> None:
    use = """
        from base import A, B, Base
        def annotated(x: A | B, xs: list[A | B], y: A | str | None):
            x.run()
            y.run()
            for one in xs:
                one.run()
            x.me()
        def assigned(first):
            x = A() if first else B()
            x.run()
            return x
        assigned(1).run()
    """
    index = index_of(tmp_path, base=BASE, use=use)
    found = {"use.py:4": "likely", "use.py:5": "exact", "use.py:7": "likely", "use.py:11": "likely"}
    assert lines(index, "base.A.run") == found | {"use.py:13": "likely"}
    assert lines(index, "base.Base.me")["use.py:8"] == "exact"


def test_what_may_be_anything_is_never_left_out(tmp_path: Path) -> None:
    use = """
        from typing import Any, TypeVar
        from base import A, Base
        T = TypeVar("T")
        U = TypeVar("U", bound="A")
        def f(x: Any, y: T, z: U, w: object):
            x.run()
            y.run()
            z.run()
            w.run()
    """
    index = index_of(tmp_path, base=BASE, use=use)
    found = lines(index, "base.A.run")
    assert found == {"use.py:7": "text", "use.py:8": "text", "use.py:9": "exact", "use.py:10": "text"}


def test_copies_and_builtins_keep_classes(tmp_path: Path) -> None:
    use = """
        import copy
        from copy import deepcopy
        from base import A
        class D(A):
            def again(self):
                new = copy.copy(self)
                new.run()
                return new
        def f(xs: list[A], x: A):
            deepcopy(x).run()
            for one in sorted(xs):
                one.run()
            backwards = reversed(xs)
            next(backwards).run()
        D().again().run()
    """
    index = index_of(tmp_path, base=BASE, use=use)
    assert lines(index, "base.A.run") == dict.fromkeys([f"use.py:{n}" for n in (8, 11, 13, 15, 16)], "exact")


def test_a_base_class_held_by_an_attribute(tmp_path: Path) -> None:
    use = """
        from base import A
        class Test:
            kind = A
            def test(self):
                class Inner(self.kind):
                    pass
                Inner().run()
    """
    assert lines(index_of(tmp_path, base=BASE, use=use), "base.A.run") == {"use.py:8": "exact"}


def test_isinstance_says_what_a_local_variable_holds(tmp_path: Path) -> None:
    text = """
        class A:
            def run(self): ...

        class B:
            def run(self): ...

        def one(x, y):
            if isinstance(x, A) and x.run():
                x.run()  # A
                x = other()
                x.run()  # nobody knows
            elif isinstance(x, (A, B)):
                x.run()  # A or B
            return isinstance(y, B) and y.run()  # B

        def two(x):
            if not isinstance(x, A):
                return x.run()  # nobody knows
            x.run()  # A
            for y in x:
                assert isinstance(y, B)
                y.run()  # B
            z = y.run() if isinstance(y, B) else None
            return z.run()  # nobody knows
        """
    index = index_of(tmp_path, m=text)
    assert sorted(p for p, c in lines(index, "m.py::A.run").items() if c == "exact") == ["m.py:10", "m.py:20", "m.py:9"]
    assert sorted(p for p, c in lines(index, "m.py::A.run").items() if c == "likely") == ["m.py:14"]
    assert sorted(p for p, c in lines(index, "m.py::B.run").items() if c == "exact") == [
        "m.py:15",
        "m.py:23",
        "m.py:24",
    ]
    assert sorted(p for p, c in lines(index, "m.py::A.run").items() if c == "text") == ["m.py:12", "m.py:19", "m.py:25"]


def test_a_base_class_calls_what_derived_classes_define_apart(tmp_path: Path) -> None:
    text = """
        class Base:
            def __call__(self):
                return self.before()

        class One(Base):
            def before(self): ...

        class Two(Base):
            def before(self): ...

        class Hooked:
            def go(self):
                return self.hook()

        class Hook(Hooked):
            def hook(self): ...
        """
    index = index_of(tmp_path, m=text)
    assert sorted(p for p, c in lines(index, "m.py::One.before").items() if c == "exact") == []
    assert sorted(p for p, c in lines(index, "m.py::One.before").items() if c == "likely") == ["m.py:4"]
    assert sorted(p for p, c in lines(index, "m.py::Hook.hook").items() if c == "exact") == ["m.py:14"]


def test_a_submodule_comes_before_one_of_a_package_imported_with_a_star(tmp_path: Path) -> None:
    for name, text in {
        "base/__init__.py": "__all__ = tuple(x)\n",
        "base/functions.py": "def other(): ...\n",
        "gis/__init__.py": "from base import *\n",
        "gis/functions.py": "def area(): ...\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    index = index_of(tmp_path, m="from gis import functions\n\nfunctions.area()\n")
    assert lines(index, "gis/functions.py::area") == {"m.py:3": "exact"}
