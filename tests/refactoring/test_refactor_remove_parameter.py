"""remove_parameter: definitions, calls in every form, docstrings, what is left of a signature, refusals."""

from __future__ import annotations

import ast

import pytest
from shapes import SHAPES

from v4cli.refactoring.parameters.docs import drop_entry, entries
from v4cli.refactoring.parameters.layout import items, without
from v4cli.refactoring.parameters.signatures import Signature, bind
from v4cli.refactoring.python.signature import parameter_list
from v4cli.refactoring.python.source import FUNCTIONS, parse


def test_removal_reaches_every_call(done):
    result = done("remove_parameter", SHAPES, "import use", symbol="shapes.py::Shape", name="size")
    text, use = result.text("shapes.py"), result.text("use.py")
    assert "def __init__(self, name):" in text and "size" not in text
    assert "return cls(name)" in text and "self.__class__(self.name), type(self)(self.name)" in text
    assert "super().__init__(name)" in text and "Shape.__init__(self, name)" in text
    assert ':param name: what it is called\n    """' in text
    assert 'partial(S, "a")' in use and 'S("b"), shapes.Shape("c"), Plain("d"), Square("e")' in use
    assert result.left == ["use.py:16 an argument with * may pass size"]


def test_removal_from_a_family_of_methods(done):
    result = done("remove_parameter", SHAPES, symbol="shapes.py::Square.area", name="digits")
    text, use = result.text("shapes.py"), result.text("use.py")
    assert text.count('def area(self, unit="m"):') == 2 and "digits" not in text
    assert "super().area(unit) + Shape.area(self, unit)" in text
    assert 'shape.area("m") + shape.area()' in use and 'other.area("m", 3)' in use
    assert "use.py:11 may call another definition of that name" in result.left
    assert "use.py:24 in an f-string" in result.left
    assert '        """The area.\n\n        Args:\n            unit: of length\n\n        Returns:' in text


def test_removal_with_a_value_for_the_body(done):
    files = {
        "a.py": '''\
            def f(x, strict=False):
                """Do."""
                # look
                if strict:
                    return x
                return strict, [strict for _ in x]


            def g(x, path=None):
                """Do."""
                path = path or x
                return path


            print(f([1], strict=True), f([1]), g(2), g(3, 4))
            '''
    }
    result = done("remove_parameter", files, "import a", symbol="a.py::f", name="strict", value="not 1")
    assert "if (not 1):" in result.text("a.py") and "[(not 1) for _ in x]" in result.text("a.py")
    again = done("remove_parameter", files, symbol="a.py::g", name="path", value="None")
    assert 'def g(x):\n    """Do."""\n    path = None\n    path = path or x\n' in again.text("a.py")
    assert "g(2), g(3))" in again.text("a.py")


def test_what_a_call_of_itself_passes_on_goes_with_it(done):
    files = {"a.py": "def f(n, log):\n    return f(n - 1, log) if n else 0\n\n\nprint(f(3, print('x')))\n"}
    result = done("remove_parameter", files, symbol="a.py::f", name="log")
    assert result.text("a.py") == "def f(n):\n    return f(n - 1) if n else 0\n\n\nprint(f(3))\n"
    assert result.result.notes == ["a.py:5: no longer evaluates print('x')"]


def test_refused_removals(refused):
    files = {
        "a.py": """\
            class A:
                def __enter__(self): pass
                def run(self, x): return x
                def walk(self, *args): pass
                @property
                def size(self): return 1


            class B(A):
                def run(self, y, x): return 1


            def f(a, x): return lambda: x
            """
    }
    assert "reads x; change the body first" in refused("remove_parameter", files, symbol="a.py::f", name="x")
    assert "not at the same place" in refused("remove_parameter", files, symbol="a.py::A.run", name="x")
    assert "no parameter z" in refused("remove_parameter", files, symbol="a.py::f", name="z")
    assert "is what the method is called on" in refused("remove_parameter", files, symbol="a.py::A.run", name="self")
    assert "Python itself calls" in refused("remove_parameter", files, symbol="a.py::A.__enter__", name="self")
    assert "any number of arguments" in refused("remove_parameter", files, symbol="a.py::A.walk", name="args")
    assert "is a property" in refused("remove_parameter", files, symbol="a.py::A.size", name="self")
    assert "no __init__ of its own" in refused("remove_parameter", files, symbol="a.py::A", name="x")
    assert "not a Python expression" in refused("remove_parameter", files, symbol="a.py::f", name="x", value="1 +")


def without_parameter(code: str, *names: str) -> str:
    source = parse("m.py", code.encode())
    function = next(n for n in source.nodes if isinstance(n, FUNCTIONS))
    brackets = parameter_list(source, function)
    every = items(source, brackets)
    gone = {n for n, item in enumerate(every) if source.code((item.start, item.end)).split("=")[0].strip() in names}
    data = source.data
    for edit in sorted(without(source, brackets, every, gone), reverse=True):
        data = data[: edit.start] + edit.new + data[edit.end :]
    compile(data, "m.py", "exec", dont_inherit=True)
    return data.decode()


@pytest.mark.parametrize(
    ("before", "names", "after"),
    [
        ("def f(a): pass\n", "a", "def f(): pass\n"),
        ("def f(a, b): pass\n", "a", "def f(b): pass\n"),
        ("def f(a, b): pass\n", "b", "def f(a): pass\n"),
        ("def f(a, b=(1, 2), ): pass\n", "b", "def f(a, ): pass\n"),
        ("def f(a, b, c): pass\n", "b", "def f(a, c): pass\n"),
        ("def f(a, b, c): pass\n", "bc", "def f(a): pass\n"),
        ("def f(\n    a,\n    b,  # why\n    c,\n): pass\n", "b", "def f(\n    a,\n    c,\n): pass\n"),
        ("def f(\n    a,\n    b\n): pass\n", "b", "def f(\n    a,\n): pass\n"),
        ("def f(a,\n      b): pass\n", "b", "def f(a): pass\n"),
        ("def f(a,\n      b): pass\n", "a", "def f(b): pass\n"),
        ("def f(a,  # one\n      b): pass\n", "b", "def f(a,  # one\n      ): pass\n"),
        ("def f(a, *, b): pass\n", "b*", "def f(a): pass\n"),
        ("def f(a, /, b): pass\n", "a/", "def f(b): pass\n"),
    ],
)
def test_layout_of_what_is_left(before: str, names: str, after: str) -> None:
    assert without_parameter(before, *names) == after


def test_markers_go_with_the_last_parameter_that_needs_them(done):
    for code, name, after in (
        ("def f(a, /, b=1): pass\n", "a", "def f(b=1): pass\n"),
        ("def f(a, *, b=1): pass\n", "b", "def f(a): pass\n"),
        ("def f(*a, b=1, **k): pass\n", "b", "def f(*a, **k): pass\n"),
        ("def f(\n    a,\n    *,\n    b=1,\n): pass\n", "b", "def f(\n    a,\n): pass\n"),
    ):
        assert done("remove_parameter", {"a.py": code}, symbol="a.py::f", name=name).text("a.py") == after


DOCS = '''\
def f(a, b, c, d):
    """Do.

    Parameters
    ----------
    a : int
        The a.
    b, c : str
        Both.

    Returns
    -------
    d : int
        No parameter.
    """


def g(a, b):
    """Do.

    :param int a: one
    :type b: str
    :param b: two
        lines
    :returns: c
    """


def h(a):
    """Do.

    Args:
        a: one: two

    More.
    """
'''


def test_entries_of_docstrings() -> None:
    source = parse("m.py", DOCS.encode())
    functions = {n.name: n for n in source.nodes if isinstance(n, FUNCTIONS)}
    assert [e.name for e in entries(source, functions["f"])] == ["a", "b", "c"]
    assert [e.name for e in entries(source, functions["g"])] == ["a", "b", "b"]

    def left(function: str, name: str) -> str:
        data = source.data
        for edit in sorted(drop_entry(source, functions[function], name), reverse=True):
            data = data[: edit.start] + edit.new + data[edit.end :]
        return data.decode()

    assert "    b : str\n        Both.\n" in left("f", "c") and "    c : str\n" in left("f", "b")
    assert "    :param int a: one\n    :returns: c\n" in left("g", "b")
    assert 'def h(a):\n    """Do.\n\n    More.\n    """' in left("h", "a")


def test_arguments_and_parameters() -> None:
    def bound(signature: str, call: str, skip: int = 0) -> dict[str, str] | None:
        function = ast.parse(f"def f({signature}): pass").body[0]
        node = ast.parse(call, mode="eval").body
        assert isinstance(function, ast.FunctionDef) and isinstance(node, ast.Call)
        found = bind(Signature.of(function), node.args, node.keywords, skip)
        if found is None:
            return None
        by_position = {p or "*": ast.unparse(a) for a, p in found.positional}
        return by_position | {k: ast.unparse(v.value) for k, v in found.keywords.items()}

    assert bound("a, b=1, *c, d", "f(1, 2, 3, d=4)") == {"a": "1", "b": "2", "*": "3", "d": "4"}
    assert bound("self, a", "f(1)", 1) == {"a": "1"}
    assert bound("a, b", "f(1)") is None and bound("a", "f(1, 2)") is None and bound("a", "f(1, b=2)") is None
    assert bound("a, b", "f(*x)") == {} and bound("a, /, b", "f(a=1, b=2)") is None
