"""change_base, replace_exception, replace_reexport: what follows, what stays and why, and what is refused."""

from __future__ import annotations

import pytest

SHOP = {
    "shop/__init__.py": """\
        from .core import Thing, parse as parse
        from .errors import AppError, ParseError

        __all__ = ["AppError", "ParseError", "Thing", "parse"]
        """,
    "shop/errors.py": """\
        class AppError(Exception):
            def __init__(self, message):
                super().__init__(message)


        class ParseError(AppError):
            pass


        class Base:
            def hello(self):
                return 1

            def only(self):
                return 2


        class Other:
            def hello(self):
                return 3
        """,
    "shop/core.py": '''\
        import socket

        from .errors import Base


        def parse(text):
            """Parse.

            :raises ValueError: when it is empty
            """
            if not text:
                raise ValueError("empty")
            try:
                return int(text)
            except (ValueError, TypeError):
                error = ValueError("bad")
                raise error


        def wait():
            try:
                return parse("")
            except socket.timeout:
                raise


        class Thing(Base):
            def hello(self):
                return Base.hello(self) + self.only()
        ''',
    "shop/use.py": """\
        import shop
        from shop import ParseError as PE, parse


        def go(text):
            try:
                return parse(text), shop.Thing(), isinstance(shop.Thing(), shop.errors.Base)
            except PE:
                return None
            except ValueError as error:
                if isinstance(error, ValueError):
                    return []
        """,
    "tests/test_core.py": """\
        import pytest
        from shop import parse


        def test_parse():
            with pytest.raises(ValueError):
                parse("")
        """,
}


def test_raises_and_the_handlers_that_get_them(done):
    result = done("replace_exception", SHOP, "import shop.use", old="ValueError", new="shop.errors.ParseError")
    core = result.text("shop/core.py")
    assert "from .errors import Base, ParseError\n" in core and ":raises ParseError: when it is empty" in core
    assert 'raise ParseError("empty")' in core and 'error = ParseError("bad")' in core
    assert "except (ValueError, TypeError):" in core  # int() raises it
    tests = result.text("tests/test_core.py")
    assert "from shop.errors import ParseError\n" in tests and "with pytest.raises(ParseError):" in tests
    assert any(line.startswith("shop/core.py:15 nothing that it guards") for line in result.left)
    assert any(line.startswith("shop/use.py:10 ParseError is caught beside it") for line in result.left)
    assert any(line.startswith("shop/use.py:11 asks for the type") for line in result.left)


def test_conditions_of_a_replaced_exception(done):
    fields = {"old": "ValueError", "new": "shop/errors.py::AppError"}
    result = done("replace_exception", SHOP, **fields, where="raise", within=["shop/core.py::parse"])
    assert [c.path for c in result.result.changes] == ["shop/core.py"]
    assert "shop/core.py:15 catches the old type, which was to stay" in result.left
    result = done("replace_exception", SHOP, **fields, where="except", scope={"tests": "only"})
    assert [c.path for c in result.result.changes] == ["tests/test_core.py"]
    result = done("replace_exception", SHOP, **fields, scope={"except_paths": ["shop/use.py"], "tests": "except"})
    assert [c.path for c in result.result.changes] == ["shop/core.py"]


def test_an_exception_of_the_repository_and_its_imports(done):
    result = done("replace_exception", SHOP, "import shop.use", old="shop.errors.ParseError", new="KeyError")
    use = result.text("shop/use.py")
    assert "from shop import parse\n" in use and "except KeyError:" in use
    result = done("replace_exception", SHOP, "import shop.core", old="socket.timeout", new="TimeoutError")
    assert "import socket" not in result.text("shop/core.py") and "except TimeoutError:" in result.text("shop/core.py")
    result = done("replace_exception", SHOP, "import shop.core", old="socket.timeout", new="socket.gaierror")
    assert "except socket.gaierror:" in result.text("shop/core.py")


def test_an_import_of_the_new_exception_that_would_be_circular(done):
    files = {
        "a.py": "from b import g\n\n\nclass Error(Exception): pass\n\n\ndef f(): return g\n",
        "b.py": "def g():\n    raise ValueError('x')\n",
    }
    script = "import a\ntry: a.g()\nexcept a.Error: pass"
    result = done("replace_exception", files, script, old="ValueError", new="a.py::Error")
    assert result.text("b.py") == "def g():\n    from a import Error\n\n    raise Error('x')\n"


def test_refused_exceptions(refused):
    files = {
        "a.py": """\
            class Error(Exception):
                def __init__(self, message, code):
                    pass


            class KeyError(Exception): pass


            class ValueError(Exception): pass


            def f():
                raise TypeError("x")


            def g():
                raise Error("x", code=1)
            """
    }
    assert "does not take these arguments" in refused("replace_exception", files, old="TypeError", new="Error")
    assert "takes no keywords" in refused("replace_exception", files, old="Error", new="OSError")
    assert "name one of them in full" in refused("replace_exception", files, old="Error", new="KeyError")
    assert "nothing is called" in refused("replace_exception", files, old="Error", new="NoSuch")
    assert "raises or catches" in refused("replace_exception", files, old="OSError", new="Error")
    assert "means something else" in refused("replace_exception", files, old="TypeError", new="builtins.ValueError")


def test_a_base_in_the_place_of_another(done):
    fields = {"symbol": "shop/core.py::Thing", "old": "shop/errors.py::Base", "new": "shop/errors.py::Other"}
    result = done("change_base", SHOP, "import shop.use", **fields)
    core = result.text("shop/core.py")
    assert "from .errors import Other\n" in core and "class Thing(Other):" in core
    assert "return Other.hello(self) + self.only()" in core
    assert result.left == [
        "shop/core.py:29 only came from Base",
        "shop/use.py:7 checks for Base, which Thing is no longer",
    ]


def test_a_base_removed(done):
    result = done("change_base", SHOP, symbol="shop/core.py::Thing", old="shop.errors.Base")
    assert "class Thing:\n" in result.text("shop/core.py") and "import Base" in result.text("shop/core.py")
    assert "shop/core.py:29 calls the old base, which the class no longer derives from" in result.left
    files = {"a.py": "import abc\n\n\nclass M: pass\n\n\nclass A(M, abc.ABC, metaclass=abc.ABCMeta): pass\n"}
    result = done("change_base", files, "import a", symbol="a.py::A", old="abc.ABC")
    assert "class A(M, metaclass=abc.ABCMeta): pass" in result.text("a.py")
    files = {"a.py": "from collections import UserDict\n\n\nclass A(UserDict): pass\n"}
    result = done("change_base", files, "import a", symbol="a.py::A", old="collections.UserDict")
    assert result.text("a.py") == "class A: pass\n"


@pytest.mark.parametrize(
    ("head", "position", "after"),
    [
        ("class A:", "last", "class A(Mixin):"),
        ("class A():", "last", "class A(Mixin):"),
        ("class A(object):", "last", "class A(Mixin):"),
        ("class A(B):", "last", "class A(B, Mixin):"),
        ("class A(B):", "first", "class A(Mixin, B):"),
        ("class A(B, Generic[T]):", "last", "class A(B, Mixin, Generic[T]):"),
        ("class A(metaclass=M):", "last", "class A(Mixin, metaclass=M):"),
        ("class A(\n    B,\n):", "last", "class A(\n    B,\n    Mixin,\n):"),
    ],
)
def test_where_an_added_base_stands(done, head: str, position: str, after: str) -> None:
    files = {
        "a.py": "from typing import Generic, TypeVar\n\nT = TypeVar('T')\n\n\nclass M(type): pass\nclass B: pass\n\n\n"
        f"{head}\n    pass\n",
        "mixins.py": "class Mixin: pass\n",
    }
    result = done("change_base", files, "import a", symbol="a.py::A", new="mixins.Mixin", position=position)
    assert after in result.text("a.py") and "from mixins import Mixin\n" in result.text("a.py")


def test_refused_bases(refused):
    files = {
        "a.py": """\
            from abc import ABC, abstractmethod


            class A: pass
            class B(A): pass
            class E(Exception): pass
            class L(list): pass
            class Late: pass
            class Shape(ABC):
                @abstractmethod
                def area(self): pass
            """,
        "b.py": "import a\n\n\nclass C(a.A): pass\n",
    }
    assert "derives from a.py::A itself" in refused("change_base", files, symbol="a.py::A", new="a.py::B")
    assert "defined behind" in refused("change_base", files, symbol="a.py::A", new="a.py::Late")
    assert "resolution" in refused("change_base", files, symbol="b.py::C", new="a.py::B")
    assert "lay-out" in refused("change_base", files, symbol="a.py::L", new="a.py::E")
    assert "lay-out" in refused("change_base", files, symbol="a.py::L", new="int")
    assert "acceptable base" in refused("change_base", files, symbol="a.py::B", new="bool")
    assert "circular" in refused("change_base", files, symbol="a.py::E", new="b.py::C")
    assert "already" in refused("change_base", files, symbol="a.py::B", new="a.py::A")
    assert "does not derive" in refused("change_base", files, symbol="a.py::B", old="a.py::E")
    assert "give old, new or both" in refused("change_base", files, symbol="a.py::B")


def test_abstract_methods_of_a_new_base(done):
    files = {
        "a.py": "from abc import ABC, abstractmethod\n\n\nclass Shape(ABC):\n    @abstractmethod\n    def area(self): pass\n"
        "\n\nclass A: pass\n"
    }
    result = done("change_base", files, symbol="a.py::A", new="a.py::Shape")
    assert result.result.notes == ["A does not define area, which is abstract in Shape"]


def test_importers_go_to_the_definition(done):
    result = done("replace_reexport", SHOP, "import shop.use", symbol="shop/core.py::parse")
    assert "from shop import ParseError as PE\nfrom shop.core import parse\n" in result.text("shop/use.py")
    assert "from shop.core import parse\n" in result.text("tests/test_core.py")
    assert [c.path for c in result.result.changes] == ["shop/use.py", "tests/test_core.py"]
    result = done("replace_reexport", SHOP, symbol="shop.core.parse", scope={"tests": "except"})
    assert [c.path for c in result.result.changes] == ["shop/use.py"]
    assert result.left == ["tests/test_core.py:2 a file of tests, which were to stay"]


def test_a_reexport_dropped(done):
    files = {
        **SHOP,
        "docs/api.rst": "See :class:`shop.Thing` and :func:`shop.parse`.\n",
        "shop/all.py": "from shop import *\n\nprint(Thing, parse)\n",
    }
    result = done("replace_reexport", files, "import shop.use, shop.all", symbol="shop/core.py::Thing", drop=True)
    assert result.text("shop/__init__.py").startswith("from .core import parse as parse\n")
    assert '"Thing"' not in result.text("shop/__init__.py")
    assert "shop.core.Thing()" in result.text("shop/use.py") and "import shop.core\n" in result.text("shop/use.py")
    assert result.text("docs/api.rst") == "See :class:`shop.core.Thing` and :func:`shop.parse`.\n"
    assert "from shop.core import Thing\n" in result.text("shop/all.py")


def test_chains_aliases_and_uses_of_reexports(done, refused):
    files = {
        "p/__init__.py": "from .q import f, g as h\n\nprint(f())\n",
        "p/q/__init__.py": "from .r import f, g\n",
        "p/q/r.py": "def f(): return 1\ndef g(): return 2\n",
        "p/s.py": "from . import f, h\nfrom .q import f as ff\n\nassert f() + ff() + h() == 4\n",
    }
    result = done("replace_reexport", files, "import p.s", symbol="p/q/r.py::f", drop=True)
    assert result.text("p/__init__.py") == "from .q import g as h\nfrom .q.r import f\n\nprint(f())\n"
    assert result.text("p/s.py").startswith("from . import h\nfrom .q.r import f as ff\nfrom .q.r import f\n")
    assert result.text("p/q/__init__.py") == "from .r import g\n"
    assert result.result.notes == ["p/__init__.py uses f itself, so it goes on importing it"]
    result = done("replace_reexport", files, "import p.s", symbol="p/q/r.py::f", through=["p/__init__.py"])
    assert [c.path for c in result.result.changes] == ["p/s.py"]
    assert "does not re-export g" in refused("replace_reexport", files, symbol="p/q/r.py::g", through=["p/__init__.py"])
    assert "nothing in the scope" in refused(
        "replace_reexport", files, symbol="p/q/r.py::f", scope={"only_paths": ["docs"]}
    )
