"""gather_functions and function_to_method: the class, every kind of use, docs, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from carrying_out import carry_out, contents

from v4cli.errors import Refused
from v4cli.refactoring.operations.function_to_method import FunctionToMethod
from v4cli.refactoring.operations.gather_functions import GatherFunctions

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]

PACKAGE = {
    "pkg/__init__.py": """\
        from .text import clean, shout as loud
        from . import text

        __all__ = ["clean", "loud"]
        """,
    "pkg/text.py": '''\
        """Texts. See `clean` and :func:`shout`."""

        import re
        from functools import lru_cache

        __all__ = ["clean", "shout", "Kept"]

        MARK = "!"


        # Cleans a text
        # of white space.
        @lru_cache(maxsize=None)
        def clean(text):
            """Clean a text.

            >>> clean(" a ")
            'a'
            """
            pattern = """ +
        """
            return re.sub(r"\\s+", " ", text).strip() + pattern[:0]


        class Kept:
            def use(self):
                return shout("kept")


        def shout(text, mark=MARK):
            return clean(text).upper() + mark


        TABLE = {"shout": shout}
        ''',
    "pkg/user.py": """\
        import pkg.text
        import pkg.text as pt
        from pkg import clean, loud
        from pkg.text import shout as s2


        def run():
            from .text import clean as c2
            return [c2(" a "), loud("b"), s2("c"), pkg.text.shout("d"), pt.clean("e"), f"{clean(' f ')}"]


        handlers = list(map(clean, ["x "]))
        """,
    "test_user.py": """\
        from unittest import mock

        import pkg
        from pkg import text, user


        def test_all():
            with mock.patch("pkg.text.shout", return_value="mocked"):
                assert pkg.text.TABLE
            with mock.patch.object(text, "shout", return_value="mocked"):
                assert text.Kept().use() == "mocked"
            assert getattr(text, "clean")("a ") == "a"
            assert pkg.clean("b ") == "b"
        """,
    "docs/api.rst": ".. autofunction:: pkg.text.clean\n\nUse :func:`pkg.clean` or ``shout()``.\n",
    "CHANGES.rst": "* Added `shout`.\n",
}


def gather(names: str, class_name: str, path: str = "pkg/text.py", **fields: object) -> GatherFunctions:
    symbols = [f"{path}::{name}" for name in names.split()]
    return GatherFunctions.model_validate({"symbols": symbols, "class_name": class_name, **fields})


def test_functions_become_static_methods_and_every_use_follows(make_repository: MakeRepository) -> None:
    root = make_repository(contents(PACKAGE))
    done = carry_out(
        root,
        gather("clean shout", "Texts", docstring="Works on texts."),
        """
        import pkg, pkg.user, pkg.text, test_user
        assert pkg.user.run() == ["a", "B!", "C!", "D!", "e", "f"], pkg.user.run()
        assert pkg.user.handlers == ["x"] and pkg.text.TABLE["shout"]("q") == "Q!"
        assert pkg.__all__ == ["Texts"] and pkg.text.__all__ == ["Texts", "Kept"]
        assert pkg.text.Texts.__doc__ == "Works on texts."
        test_user.test_all()
        """,
    )
    text = done.text("pkg/text.py")
    assert (
        'class Texts:\n    """Works on texts."""\n\n    # Cleans a text\n    # of white space.\n    @staticmethod\n'
        "    @lru_cache(maxsize=None)\n    def clean(text):\n"
    ) in text
    # the text of a string stays, a docstring is indented
    assert '        pattern = """ +\n"""\n' in text
    assert '        >>> Texts.clean(" a ")\n' in text
    assert 'return Texts.shout("kept")' in text
    assert "See `Texts.clean` and :meth:`Texts.shout`" in text
    assert done.text("docs/api.rst") == (
        ".. automethod:: pkg.text.Texts.clean\n\nUse :meth:`pkg.Texts.clean` or ``Texts.shout()``.\n"
    )
    assert done.text("CHANGES.rst") == "* Added `shout`.\n"
    assert "CHANGES.rst:1 the changelog tells what was true then" in done.left
    assert "from pkg import Texts\n" in done.text("pkg/user.py")


def test_an_existing_class_takes_them_behind_its_members(make_repository: MakeRepository) -> None:
    files = {
        "m.py": "class Tools:\n    pass\n\n\nclass Other:\n    x = 1\n\n\ndef f(a):\n    return a\n\n\ny = f(2)\n",
        "n.py": "from m import Tools, f\n\nz = f(1), Tools\n",
    }
    done = carry_out(make_repository(files), gather("f", "Tools", "m.py"), "import n; assert n.z[0] == 1")
    assert done.text("m.py").startswith(
        "class Tools:\n    @staticmethod\n    def f(a):\n        return a\n\n\nclass Other"
    )
    assert done.text("n.py") == "from m import Tools\n\nz = Tools.f(1), Tools\n"


def test_code_in_a_string_that_imports_the_function_follows(make_repository: MakeRepository) -> None:
    files = {
        "m.py": "def f(a):\n    return a\n\n\ndef g(a):\n    return a\n",
        "n.py": 'CODE = """\nfrom m import f, g\nx = f(g(1))\n"""\nprint("f(x) is not g")\n',
    }
    done = carry_out(make_repository(files), gather("f g", "C", "m.py"), "import n; exec(n.CODE); assert x == 1")
    assert done.text("n.py") == 'CODE = """\nfrom m import C\nx = C.f(C.g(1))\n"""\nprint("f(x) is not g")\n'


def test_line_endings_and_tabs_stay(make_repository: MakeRepository) -> None:
    files = {"m.py": b"def f():\r\n\treturn 1\r\n\r\n\r\ndef g():\r\n\treturn f()\r\n"}
    done = carry_out(make_repository(files), gather("f g", "C", "m.py"), "import m; assert m.C.g() == 1")
    assert done.text("m.py") == (
        "class C:\r\n\t@staticmethod\r\n\tdef f():\r\n\t\treturn 1\r\n\r\n"
        "\t@staticmethod\r\n\tdef g():\r\n\t\treturn C.f()\r\n"
    )


@pytest.mark.parametrize(
    ("code", "names", "why"),
    [
        ("def f(): pass\nf = print\n", "f", "bound there as well|more than once|not defined by a plain def"),
        ("def f(): return __private\n", "f", "mangled"),
        ("def f(): return 1\ndef g(x=f()): return x\n", "f g", "needs f while the class is being defined"),
        ("def f(): return 1\nC = 3\n", "f", "bound there already"),
        ("class C:\n    f = 1\n\n\ndef f(): return 1\n", "f", "C has a member f already"),
        ("class B:\n    def f(self): pass\nclass C(B):\n    pass\ndef f(): return 1\n", "f", "has that name already"),
        ("def f(): return 1\n\nx = f()\n\nclass C:\n    pass\n", "f", "needs f before the class"),
        ("def f(): return 1\ndef g(): return f()\nx = g()\nclass C:\n    pass\n", "f", "runs code"),
        ("from typing import TypedDict\nclass C(TypedDict):\n    x: int\ndef f(): return 1\n", "f", "TypedDict"),
        ("def __getattr__(name): return 1\n", "__getattr__", "belongs to its module"),
        ("if 1:\n    def f(): return 1\n", "f", "not defined by a plain def"),
    ],
)
def test_what_stands_in_the_way_of_a_class(code: str, names: str, why: str, make_repository: MakeRepository) -> None:
    with pytest.raises(Refused, match=why):
        carry_out(make_repository({"m.py": code}), gather(names, "C", "m.py"))


def test_a_name_that_means_something_else_at_an_importer_is_refused(make_repository: MakeRepository) -> None:
    files = {"m.py": "def f(): return 1\n", "n.py": "from m import f\nC = 2\nx = f()\n"}
    with pytest.raises(Refused, match=r"n.py:2: C means something else"):
        carry_out(make_repository(files), gather("f", "C", "m.py"))
    files = {"m.py": "def f(): return 1\n", "n.py": "from m import f\ndef g(C): return f()\n"}
    with pytest.raises(Refused, match=r"n.py:2: C is a local name"):
        carry_out(make_repository(files), gather("f", "C", "m.py"))


# function_to_method

SHAPES = {
    "pkg/__init__.py": "",
    "pkg/shape.py": """\
        class Shape:
            def __init__(self, side):
                self.side = side


        class Square(Shape):
            pass
        """,
    "pkg/measure.py": """\
        from math import floor

        from pkg.shape import Shape

        UNIT = "cm"


        def _round(x):
            return floor(x)


        def area(shape: Shape, scale=1):
            if scale == 0:
                return area(shape, 1)
            return f"{_round(shape.side ** 2 * scale)} {UNIT} {shape.side=}"


        def both(a, b):
            return area(a) + area(b, scale=2)
        """,
    "main.py": """\
        from pkg.measure import area
        from pkg.shape import Square

        results = [area(Square(2)), area(shape=Square(3), scale=2), area(Square(1) or None), list(map(area, [Square(4)]))]
        """,
}


def test_a_function_of_another_module_becomes_a_method(make_repository: MakeRepository) -> None:
    operation = FunctionToMethod(symbol="pkg/measure.py::area", class_symbol="pkg/shape.py::Shape")
    done = carry_out(
        make_repository(contents(SHAPES)),
        operation,
        """
        import main, pkg.measure, pkg.shape
        assert main.results == [
            "4 cm shape.side=2".replace("shape", "self"), "18 cm self.side=3", "1 cm self.side=1",
            ["16 cm self.side=4"],
        ], main.results
        assert pkg.measure.both(pkg.shape.Shape(1), pkg.shape.Shape(2)) == "1 cm self.side=18 cm self.side=2"
        """,
    )
    shape = done.text("pkg/shape.py")
    # measure.py imports shape.py, so what the method needs of it is imported when it runs
    assert "    def area(self, scale=1):\n        from pkg.measure import UNIT\n\n        if scale == 0:\n" in shape
    assert "            return self.area(1)\n" in shape
    assert "return a.area() + b.area(scale=2)" in done.text("pkg/measure.py")
    main = done.text("main.py")
    assert "Square(3).area(scale=2)" in main and "(Square(1) or None).area()" in main
    assert "map(Shape.area, " in main and "from pkg.shape import Shape, Square" in main


def test_a_function_without_an_instance_becomes_static(make_repository: MakeRepository) -> None:
    files = {
        "m.py": "class Parser:\n    def run(self):\n        return 1\n",
        "helpers.py": "import json\n\n\ndef load(text):\n    return json.loads(text)\n",
        "n.py": "from helpers import load\n\nx = load('1')\n",
    }
    done = carry_out(
        make_repository(files),
        FunctionToMethod(symbol="helpers.py::load", class_symbol="m.py::Parser"),
        "import n, m; assert n.x == 1 and m.Parser.load('2') == 2",
    )
    assert done.text("n.py") == "from m import Parser\n\nx = Parser.load('1')\n"
    assert done.text("m.py").startswith("import json\n\n\nclass Parser:\n")
    assert "load takes no instance of Parser: it is a static method" in done.result.notes


@pytest.mark.parametrize(
    ("code", "fields", "why"),
    [
        ("class C: pass\ndef f(c=None): return c\nf()\n", {"instance": "c"}, "passes no c"),
        ("class C: pass\ndef f(a, c): return c\n", {"instance": "c"}, "not its first parameter"),
        ("class C: pass\ndef f(a): return a\n", {"instance": "x"}, "no parameter x"),
        ("class C: pass\ndef f(c: 'C'):\n    c = 1\n    return c\n", {}, "another value"),
        ("class C: pass\ndef f(c: 'C'):\n    self = 1\n    return c, self\n", {}, "self is bound there"),
    ],
)
def test_what_stands_in_the_way_of_a_method(
    code: str, fields: dict[str, str], why: str, make_repository: MakeRepository
) -> None:
    operation = FunctionToMethod.model_validate({"symbol": "m.py::f", "class_symbol": "m.py::C", **fields})
    with pytest.raises(Refused, match=why):
        carry_out(make_repository({"m.py": code}), operation)
