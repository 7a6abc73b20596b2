"""add_parameter: where the parameter goes, which calls pass it, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from repo_index import Index
from v4cli.errors import NothingToDo, Refused
from v4cli.refactoring.operations.add_parameter import AddParameter
from v4cli.refactoring.python.signature import add_argument, add_parameter
from v4cli.refactoring.python.source import FUNCTIONS, parse
from v4cli.refactoring.workspace import Workspace

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def add(make_repository: MakeRepository, tmp_path: Path) -> Callable[..., tuple[Workspace, list[str]]]:
    """add(files, symbol, **fields) -> the workspace, and "path:line reason" of what was left alone."""

    def run(files: Mapping[str, str], symbol: str, **fields: object) -> tuple[Workspace, list[str]]:
        contents = {p: dedent(c) for p, c in files.items()}
        ws = Workspace(Index.open(make_repository(contents), cache_dir=tmp_path / "cache").refresh())
        operation = AddParameter.model_validate({"symbol": symbol, "name": "log", "default": "False", **fields})
        outcome = operation.apply(ws)
        for path in ws.changed():
            compile(ws.read(path), path, "exec", dont_inherit=True)
        return ws, [f"{left.path}:{left.line} {left.reason}" for left in outcome.left_alone]

    return run


def define(code: str, annotation: str | None = None, default: str | None = "False") -> str:
    source = parse("m.py", code.encode())
    function = next(n for n in source.nodes if isinstance(n, FUNCTIONS))
    edit = add_parameter(source, function, "log", default, annotation)
    text = (source.data[: edit.start] + edit.new + source.data[edit.end :]).decode()
    compile(text, "m.py", "exec", dont_inherit=True)
    return text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(): pass\n", "def f(log=False): pass\n"),
        ("def f( ): pass\n", "def f(log=False): pass\n"),
        ("def f(a): pass\n", "def f(a, log=False): pass\n"),
        ("def f(a, b=(1)): pass\n", "def f(a, b=(1), log=False): pass\n"),
        ("def f(a, b=g(1, 2), ): pass\n", "def f(a, b=g(1, 2), log=False ): pass\n"),
        ("def f(a, *args): pass\n", "def f(a, *args, log=False): pass\n"),
        ("def f(*, a): pass\n", "def f(*, a, log=False): pass\n"),
        ("def f(a, **kw): pass\n", "def f(a, log=False, **kw): pass\n"),
        ("def f(**kw): pass\n", "def f(log=False, **kw): pass\n"),
        ("def f(*args, **kw): pass\n", "def f(*args, log=False, **kw): pass\n"),
        ("def f(a, /): pass\n", "def f(a, /, log=False): pass\n"),
        ("def f(a, /, **kw): pass\n", "def f(a, /, log=False, **kw): pass\n"),
        ("def f(\n    a,\n    b=1,\n):\n    pass\n", "def f(\n    a,\n    b=1,\n    log=False,\n):\n    pass\n"),
        (
            "def f(\n    a,  # first\n    b=1,  # second\n):\n    pass\n",
            "def f(\n    a,  # first\n    b=1,  # second\n    log=False,\n):\n    pass\n",
        ),
        ("def f(\n    a,\n    b=1\n):\n    pass\n", "def f(\n    a,\n    b=1,\n    log=False\n):\n    pass\n"),
        (
            "def f(\n    a,\n    **kw,\n):\n    pass\n",
            "def f(\n    a,\n    log=False,\n    **kw,\n):\n    pass\n",
        ),
        ("def f(\n    a, b\n):\n    pass\n", "def f(\n    a, b, log=False\n):\n    pass\n"),
        ("def f(a,\n      b):\n    pass\n", "def f(a,\n      b,\n      log=False):\n    pass\n"),
        ("async def f(a=(1, {2: [3]})): pass\n", "async def f(a=(1, {2: [3]}), log=False): pass\n"),
        ("@d(1)\ndef f(a): pass\n", "@d(1)\ndef f(a, log=False): pass\n"),
    ],
)
def test_place_in_the_signature(before: str, after: str) -> None:
    assert define(before) == after


def test_annotations() -> None:
    assert define("def f(a: int) -> None: ...\n", "bool") == "def f(a: int, log: bool = False) -> None: ...\n"
    with pytest.raises(Refused, match="defaults"):
        define("def f(a=1): pass\n", default=None)
    assert define("def f(a=1, *, b): pass\n", default=None) == "def f(a=1, *, b, log): pass\n"


def call(code: str) -> str:
    import ast

    source = parse("m.py", code.encode())
    node = next(n for n in source.nodes if isinstance(n, ast.Call))
    data = source.data
    for edit in sorted(add_argument(source, node, "log", "True"), reverse=True):
        data = data[: edit.start] + edit.new + data[edit.end :]
    compile(data, "m.py", "exec", dont_inherit=True)
    return data.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f()\n", "f(log=True)\n"),
        ("f( )\n", "f(log=True)\n"),
        ("f(1)\n", "f(1, log=True)\n"),
        ("f((1))\n", "f((1), log=True)\n"),
        ("f(*a)\n", "f(*a, log=True)\n"),
        ("f(**k)\n", "f(log=True, **k)\n"),
        ("f(1, x=2, **k)\n", "f(1, x=2, log=True, **k)\n"),
        ("f(x for x in y)\n", "f((x for x in y), log=True)\n"),
        ("f((x for x in y))\n", "f((x for x in y), log=True)\n"),
        ("f(a, )\n", "f(a, log=True )\n"),
        ("f(\n    a,\n    b,\n)\n", "f(\n    a,\n    b,\n    log=True,\n)\n"),
        ("f(\n    a,\n    b,  # last\n)\n", "f(\n    a,\n    b,  # last\n    log=True,\n)\n"),
        ("f(\n    a, b\n)\n", "f(\n    a, b, log=True\n)\n"),
        ("f(\n    # nothing yet\n)\n", "f(log=True \n    # nothing yet\n)\n"),
        ("f(a,\n  b)\n", "f(a,\n  b,\n  log=True)\n"),
        ("f(lambda: (1, 2))\n", "f(lambda: (1, 2), log=True)\n"),
        ("f(')')\n", "f(')', log=True)\n"),
    ],
)
def test_place_in_the_call(before: str, after: str) -> None:
    assert call(before) == after


FILES = {
    "src/lib/__init__.py": "from .tools import check as check\n",
    "src/lib/tools.py": '''\
        def check(value, *rest):
            """Look at it."""
            if rest:
                return check(*rest)
            return value
        ''',
    "src/lib/user.py": """\
        import functools

        from . import tools
        from .tools import check as look

        look(1)
        tools.check(2, log=None)
        functools.partial(look, 3)


        def outer(log):
            return look(4), [look(x) for x in (5,)]
        """,
    "tests/test_tools.py": "import lib\n\nassert lib.check(1) == 1\n",
}


def test_call_sites_by_rule(add):
    ws, left = add(FILES, "src/lib/tools.py::check", call_sites="all", call_value="True")
    assert "def check(value, *rest, log=False):" in ws.text("src/lib/tools.py")
    assert "return check(*rest, log=True)" in ws.text("src/lib/tools.py")
    user = ws.text("src/lib/user.py")
    assert (
        "look(1, log=True)\n" in user
        and "tools.check(2, log=None)" in user
        and "look(4, log=True), [look(x, log=True)" in user
    )
    assert "lib.check(1, log=True)" in ws.text("tests/test_tools.py")
    assert any("user.py:7 passes log already" in line for line in left)
    assert any("user.py:8 uses the function without calling it" in line for line in left)

    ws, _ = add(FILES, "src/lib/tools.py::check", call_sites="all_but_tests", call_value="True")
    assert "tests/test_tools.py" not in ws.changed() and "log=True" in ws.text("src/lib/user.py")
    ws, _ = add(FILES, "src/lib/tools.py::check", call_sites="only_tests", call_value="True")
    assert "lib.check(1, log=True)" in ws.text("tests/test_tools.py") and "src/lib/user.py" not in ws.changed()
    ws, _ = add(FILES, "src/lib/tools.py::check")
    assert list(ws.changed()) == ["src/lib/tools.py"]
    ws, _ = add(FILES, "src/lib/tools.py::check", call_sites="all", call_value="True", forward=True)
    assert "return look(4, log=log), [look(x, log=log)" in ws.text("src/lib/user.py")


def test_methods_overrides_and_constructors(add):
    files = {
        "shapes.py": """\
            class Shape:
                def __init__(self, name):
                    self.name = name

                def area(self) -> float:
                    return 0


            class Square(Shape):
                def __init__(self, name, side):
                    super().__init__(name)
                    self.side = side

                def area(self) -> float:
                    return super().area() + self.side


            def total(shapes: list[Shape]):
                return sum(s.area() for s in shapes), Shape("x"), Square("y", 1)
            """
    }
    ws, _ = add(files, "shapes.py::Shape.area", call_sites="all", call_value="True")
    text = ws.text("shapes.py")
    assert text.count("def area(self, log: bool = False) -> float:") == 2
    assert "super().area(log=True)" in text and "s.area(log=True) for s" in text
    ws, _ = add(files, "shapes.py::Shape", call_sites="all", call_value="True")
    text = ws.text("shapes.py")
    assert "def __init__(self, name, log=False):" in text and "def __init__(self, name, side):" in text
    assert "super().__init__(name, log=True)" in text and 'Shape("x", log=True), Square("y", 1)' in text


def test_imports_for_the_defining_file(add):
    files = {
        "a.py": '"""Doc."""\n\nimport json\nimport sys\n\nfrom typing import Any\n\n\ndef f(x: Any):\n    return json, sys\n'
    }
    ws, _ = add(files, "a.py::f", import_modules=["logging", "json"])
    assert "import json\nimport logging\nimport sys\n" in ws.text("a.py")
    ws, _ = add({"a.py": '"""Doc."""\n\n\ndef f(x):\n    return x\n'}, "a.py::f", import_modules=["logging"])
    assert ws.text("a.py").startswith('"""Doc."""\n\nimport logging\n\n\ndef f(x, log=False)')


def test_overloads_and_conditional_definitions(add):
    files = {
        "a.py": """\
            import sys
            from typing import overload


            @overload
            def f(x: int) -> int: ...
            @overload
            def f(x: str) -> str: ...
            def f(x):
                return x


            if sys.platform == "win32":

                def g(a):
                    return a

            else:

                def g(a):
                    return -a
            """
    }
    ws, _ = add(files, "a.py::f")
    assert ws.text("a.py").count("log") == 3
    ws, _ = add(files, "a.py::g")
    assert ws.text("a.py").count("def g(a, log=False)") == 2


@pytest.mark.parametrize(
    ("code", "fields", "error", "message"),
    [
        ("def f(log): pass\n", {}, NothingToDo, "already"),
        ("def f(a):\n    log = 1\n    return log\n", {}, Refused, "local name"),
        ("import log\n\n\ndef f(a):\n    return log.x\n", {}, Refused, "from outside"),
        ("def f(a): pass\n", {"name": "class"}, Refused, "name of a parameter"),
        ("def f(a): pass\n", {"default": "1 +"}, Refused, "not a Python expression"),
        ("def f(a): pass\n", {"call_sites": "all"}, Refused, "call_value"),
        ("def f(a): pass\n", {"default": None}, Refused, "every call"),
        ("def f(a): pass\n", {"import_modules": ["os; print()"]}, Refused, "name of a module"),
        ("f = 1\n", {}, Refused, "not a function"),
        ("class f:\n    @property\n    def g(self): pass\n", {"symbol": "a.py::f.g"}, Refused, "property"),
    ],
)
def test_refusals(add, code, fields, error, message):
    with pytest.raises(error, match=message):
        add({"a.py": code}, fields.get("symbol", "a.py::f"), **{k: v for k, v in fields.items() if k != "symbol"})


def test_other_languages_are_refused(add):
    with pytest.raises(Refused, match="works on"):
        add({"a.rb": "def f(a)\nend\n"}, "a.rb::f")


def test_lines_that_become_too_long_are_broken(add):
    files = {
        "a.py": """\
            def some_function_name(first_parameter: int, second_parameter: int = 1) -> None:
                return some_function_name(first_parameter, second_parameter=second_parameter)


            def other_function_name(
                first_parameter: int, second_parameter: int = 1, third_para: str = ""
            ) -> None:
                pass
            """
    }
    ws, _ = add(files, "a.py::some_function_name", call_sites="all", call_value="True")
    assert ws.text("a.py").startswith(
        "def some_function_name(\n    first_parameter: int, second_parameter: int = 1, log: bool = False\n) -> None:\n"
        "    return some_function_name(\n        first_parameter, second_parameter=second_parameter, log=True\n    )\n"
    )
    ws, _ = add(files, "a.py::other_function_name")
    assert (
        "def other_function_name(\n    first_parameter: int,\n    second_parameter: int = 1,\n"
        '    third_para: str = "",\n    log: bool = False,\n) -> None:\n'
    ) in ws.text("a.py")
