"""inline_function and inline_variable: what is inlined where, evaluation order, names, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from carrying_out import carry_out, contents

from repo_index import Index
from v4cli.errors import NothingToDo, Refused
from v4cli.refactoring.operation import Operation
from v4cli.refactoring.operations.inline_function import InlineFunction
from v4cli.refactoring.operations.inline_variable import InlineVariable
from v4cli.refactoring.plan import Plan
from v4cli.refactoring.run import execute

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]

FILES = {
    "a.py": '''\
        import math

        LIMIT = 3 + 4


        # the area
        def area(w, h=2, *, k=1):
            """The area."""
            return math.floor(
                w * h
                + LIMIT,
            ) * k


        def join(x, sep=","):
            # make texts
            parts = [str(v) for v in x]
            out = sep.join(parts)
            return out


        class Shape:
            side = 5

            def scaled(self, by):
                return self.side + by

            def both(self):
                return -self.scaled(1) * 2


        def use(out):
            text = join(out)
            out = join(text, sep="-")
            return area(area(1 + 1, 2), k=3) - area(1)
        ''',
    "b.py": """\
        from a import area, Shape, join
        import a

        VALUES = area(1), a.area(2, 3)


        def g():
            parts = 1
            return join([parts])


        def h(shape: Shape):
            return shape.scaled(by=2) ** 2
        """,
}
SCRIPT = """
    import a, b
    assert b.VALUES == (9, 13) and b.g() == "1" and b.h(a.Shape()) == 49
    assert a.use("xy") == 87 - 9 and a.Shape().both() == -12
    """


def test_a_returned_expression_goes_anywhere(make_repository: MakeRepository) -> None:
    done = carry_out(make_repository(contents(FILES)), InlineFunction(symbol="a.py::area"), SCRIPT)
    assert "def area" not in done.text("a.py") and "# the area" not in done.text("a.py")
    assert "VALUES = math.floor(1 * 2 + LIMIT) * 1, math.floor(2 * 3 + a.LIMIT) * 1\n" in done.text("b.py")
    assert done.text("b.py").startswith("import math\n\nfrom a import Shape, join, LIMIT\nimport a\n")
    assert "return math.floor(math.floor((1 + 1) * 2 + LIMIT) * 1 * 2 + LIMIT) * 3 - " in done.text("a.py")


def test_statements_go_where_the_call_is_a_statement(make_repository: MakeRepository) -> None:
    done = carry_out(make_repository(contents(FILES)), InlineFunction(symbol="join"), SCRIPT)
    assert "    # make texts\n    parts_2 = [str(v) for v in [parts]]\n" in done.text("b.py")
    assert "def join" not in done.text("a.py") and "join" not in done.text("b.py").split("\n")[0]


def test_methods_take_the_object_they_are_called_on(make_repository: MakeRepository) -> None:
    done = carry_out(make_repository(contents(FILES)), InlineFunction(symbol="Shape.scaled"), SCRIPT)
    assert "return -(self.side + 1) * 2\n" in done.text("a.py")
    assert "return (shape.side + 2) ** 2\n" in done.text("b.py")


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("f(p(), q())", "not always used"),
        ("f(1, p()) + 1", "not always used"),
        ("f(*r)", "passes *"),
        ("list(map(f, r))", "without calling"),
        ("[f(g, 2) for g in r]", "means something else here"),
    ],
)
def test_calls_that_stay(make_repository: MakeRepository, call: str, reason: str) -> None:
    code = f"def g():\n    return 0\n\n\ndef f(a, b=1):\n    return g() or b or a\n\n\ndef u(p, q, r):\n    return {call}\n"
    with pytest.raises(Refused) as error:
        _run(make_repository({"m.py": code}), InlineFunction(symbol="f"))
    assert any(part in str(error.value) for part in reason.split("|")), error.value


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ("def f(x):\n    yield x", "generator"),
        ("def f(x):\n    return f(x)", "calls itself"),
        ("@staticmethod\ndef f(x):\n    return x", "decorators"),
        ("def f(*x):\n    return x", "*args"),
        ("def f(x):\n    global y\n    y = x", "outside of it"),
        ("def f(x):\n    return locals()", "locals()"),
    ],
)
def test_functions_that_stay(make_repository: MakeRepository, definition: str, reason: str) -> None:
    with pytest.raises(Refused) as error:
        _run(make_repository({"m.py": f"y = 1\n\n\n{definition}\n\n\nf(2)\n"}), InlineFunction(symbol="f"))
    assert reason in str(error.value)


def test_a_remaining_use_keeps_the_definition(make_repository: MakeRepository) -> None:
    files = {"m.py": "def f(x):\n    return x + 1\n\n\nprint(f(1), map(f, []))\n", "pkg.py": "from m import f\n"}
    done = carry_out(make_repository(files), InlineFunction(symbol="m.py::f"))
    assert "print(1 + 1, map(f, []))" in done.text("m.py") and "def f" in done.text("m.py")
    assert done.left == ["m.py:5 uses it without calling it", "pkg.py:1 imports it"]


def _run(root: Path, operation: Operation) -> None:
    execute(Plan([operation]), Index.open(root).refresh())


def test_a_constant_in_every_file(make_repository: MakeRepository) -> None:
    files = {
        "pkg/__init__.py": "",
        "pkg/conf.py": "BASE = 2\nLIMIT = BASE + 4\n\n\ndef f(x):\n    return x * LIMIT\n",
        "pkg/use.py": "from .conf import LIMIT\nfrom pkg import conf\n\nALL = LIMIT * 2, conf.LIMIT, -LIMIT\n",
    }
    script = "import pkg.use; assert pkg.use.ALL == (12, 6, -6) and pkg.conf.f(2) == 12"
    done = carry_out(make_repository(files), InlineVariable(symbol="LIMIT"), script)
    assert done.text("pkg/use.py") == (
        "from .conf import BASE\nfrom pkg import conf\n\nALL = (BASE + 4) * 2, conf.BASE + 4, -(BASE + 4)\n"
    )
    assert "LIMIT" not in done.text("pkg/conf.py")


LOCALS = """\
    def f(x):
        total = x + 2
        name = x.real()
        print(name)
        if x:
            late = x.run()
            print(1)
            print(late)
        twice = x()
        print(twice, twice)
        return total * 2
    """


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("total", "return (x + 2) * 2"),
        ("name", "    print(x.real())"),
        ("late", "other statements"),
        ("twice", "2 times"),
    ],
)
def test_local_variables(make_repository: MakeRepository, name: str, expected: str) -> None:
    root = make_repository(contents({"m.py": LOCALS}))
    operation = InlineVariable(symbol="m.py::f", variable=name)
    if name in {"total", "name"}:
        text = carry_out(root, operation).text("m.py")
        assert expected in text and f"{name} =" not in text
        return
    with pytest.raises(Refused) as error:
        _run(root, operation)
    assert expected in str(error.value)


def test_a_value_stays_in_its_try(make_repository: MakeRepository) -> None:
    code = "def f(x):\n    try:\n        y = x + 1\n    except TypeError:\n        return 0\n    return y\n"
    with pytest.raises(Refused, match="handled elsewhere"):
        _run(make_repository({"m.py": code}), InlineVariable(symbol="f", variable="y"))


def test_values_that_are_made_once_stay(make_repository: MakeRepository) -> None:
    root = make_repository({"m.py": "import re\nA = re.compile('a')\nB = []\nC = A\nC = 2\nprint(A, B, C)\n"})
    for name, reason in (("A", "shared"), ("B", "shared"), ("C", "more than once")):
        with pytest.raises(Refused) as error:
            _run(root, InlineVariable(symbol=f"m.py::{name}"))
        assert reason in str(error.value)
    with pytest.raises(NothingToDo):
        _run(root, InlineVariable(symbol="m.py::D"))
