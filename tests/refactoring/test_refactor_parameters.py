"""remove_parameter, reorder_parameters, rename_parameter: definitions, calls in every form, docstrings, refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest
from carrying_out import Done, carry_out, contents

from repo_index import Index
from v4cli.errors import NothingToDo, Refused
from v4cli.refactoring.parameters.docs import drop_entry, entries
from v4cli.refactoring.parameters.layout import items, without
from v4cli.refactoring.parameters.signatures import Signature, bind
from v4cli.refactoring.plan import kinds
from v4cli.refactoring.python.signature import parameter_list
from v4cli.refactoring.python.source import FUNCTIONS, parse
from v4cli.refactoring.workspace import Workspace

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def done(make_repository: MakeRepository) -> Callable[..., Done]:
    """done(kind, files, script="", **fields) -> what came of the operation."""

    def run(kind: str, files: Mapping[str, str], script: str = "", **fields: object) -> Done:
        return carry_out(make_repository(contents(files)), kinds()[kind].model_validate(fields), script)

    return run


@pytest.fixture
def refused(make_repository: MakeRepository, tmp_path: Path) -> Callable[..., str]:
    """The reason for which an operation does nothing."""

    def run(kind: str, files: Mapping[str, str], **fields: object) -> str:
        index = Index.open(make_repository(contents(files)), cache_dir=tmp_path / "cache").refresh()
        with pytest.raises((Refused, NothingToDo)) as error:
            kinds()[kind].model_validate(fields).apply(Workspace(index))
        return str(error.value)

    return run


SHAPES = {
    "shapes.py": '''\
        import functools


        class Shape:
            """A shape.

            :param name: what it is called
            :param size: how large
                it is
            """

            def __init__(self, name, size=1):
                self.name = name

            @classmethod
            def make(cls, name):
                return cls(name, size=2)

            def again(self):
                return self.__class__(self.name, 3), type(self)(self.name, size=4)

            def area(self, unit="m", digits=2):
                """The area.

                Args:
                    unit: of length
                    digits (int): how many
                        to keep

                Returns:
                    a number
                """
                return 1


        class Square(Shape):
            def __init__(self, name):
                super().__init__(name, 5)
                Shape.__init__(self, name, 6)

            def area(self, unit="m", digits=2):
                return super().area(unit, digits) + Shape.area(self, unit, digits=digits)


        class Plain(Shape):
            pass
        ''',
    "use.py": """\
        import functools

        import shapes
        from shapes import Plain, Shape as S, Square

        made = functools.partial(S, "a", 7)
        one = [S("b", 8), shapes.Shape("c", size=9), Plain("d", 10), Square("e")]


        def total(shape: S, other):
            other.area("m", 3)
            return shape.area("m", 3) + shape.area(digits=4)


        def forward(*args, **kwargs):
            return S(*args), S("f", **kwargs)


        class Region:
            def area(self, unit, digits):
                return 0


        print(total(one[0], one[1]), made(), f"{S('z').area('m', 1)}")
        """,
}


def test_removal_reaches_every_call(done):
    result = done("remove_parameter", SHAPES, "import use", symbol="shapes.py::Shape", name="size")
    text, use = result.text("shapes.py"), result.text("use.py")
    assert "def __init__(self, name):" in text and "size" not in text
    assert "return cls(name)" in text and "self.__class__(self.name), type(self)(self.name)" in text
    assert "super().__init__(name)" in text and "Shape.__init__(self, name)" in text
    assert ':param name: what it is called\n    """' in text
    assert 'partial(S, "a")' in use and 'S("b"), shapes.Shape("c"), Plain("d"), Square("e")' in use
    assert [line for line in result.left if "may pass size" in line] == [
        "use.py:16 an argument with * may pass size",
        "use.py:16 an argument with ** may pass size",
    ]


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


def test_reordering(done):
    result = done(
        "reorder_parameters", SHAPES, symbol="shapes.py::Shape.area", order=["digits", "unit"], unsure="leave"
    )
    text, use = result.text("shapes.py"), result.text("use.py")
    assert text.count('def area(self, digits=2, unit="m"):') == 2
    assert "super().area(digits, unit) + Shape.area(self, unit=unit, digits=digits)" in text
    assert 'shape.area(3, "m") + shape.area(digits=4)' in use and 'other.area("m", 3)' in use
    assert "use.py:24 passes arguments by position in an f-string" in result.left
    assert text.index("digits (int): how many\n                to keep") < text.index("unit: of length")


def test_reordering_keeps_what_calls_mean(done):
    files = {
        "a.py": """\
            import functools


            def f(
                a,  # first
                b,
                c=3,  # third
                d=4,
            ):
                return a, b, c, d


            assert f(1, 2) == (1, 2, 3, 4)
            assert f(f(1, 2), f(3, 4, 5)) == ((1, 2, 3, 4), (3, 4, 5, 4), 3, 4)
            assert f(1, 2, 5, 6) == (1, 2, 5, 6)
            assert f(1, b=2, d=6) == (1, 2, 3, 6)
            assert f(
                1,  # one
                2,  # two
                *[7, 8],
            ) == (1, 2, 7, 8)
            later = lambda: f(1, *(), b=2)
            assert f(1, 2, (x := 5)) == (1, 2, 5, 4)
            assert functools.partial(f, 1)(b=2) == (1, 2, 3, 4)
            """
    }
    script = "import a; assert a.f(2, 1, 3, 4) == (1, 2, 3, 4)"
    result = done("reorder_parameters", files, script, symbol="a.py::f", order=["b", "a"], unsure="leave")
    text = result.text("a.py")
    assert "    b,\n    a,  # first\n    c=3,  # third\n" in text
    assert "f(f(4, 3, 5), f(2, 1))" in text and "f(a=1, b=2, d=6)" in text
    assert "    2,  # two\n    1,  # one\n    *[7, 8],\n" in text
    assert "partial(f, a=1)(b=2)" in text
    assert result.left == ["a.py:22 stars hide which argument goes to which parameter"]
    swapped = done("reorder_parameters", files, symbol="a.py::f", order=["d", "c"], unsure="leave")
    assert "f(2, 1, 5" not in swapped.text("a.py") and "f(1, 2, 6, 5)" in swapped.text("a.py")
    assert "f(1, 2, c=(x := 5))" in swapped.text("a.py")


def test_refused_orders(refused):
    files = {
        "a.py": """\
            class A:
                def run(self, a, b): pass


            class B(A):
                def run(self, b, a): pass


            def f(a, b=1, *, c): pass
            def g(a, /, b): pass
            def h(a, b): pass


            h(*[1, 2])
            print(map(g, [1], [2]))
            """
    }
    assert "no default" in refused("reorder_parameters", files, symbol="a.py::f", order=["b", "a"])
    assert "would cross" in refused("reorder_parameters", files, symbol="a.py::f", order=["c", "b"])
    assert "would cross" in refused("reorder_parameters", files, symbol="a.py::g", order=["b", "a"])
    assert "at other places" in refused("reorder_parameters", files, symbol="a.py::A.run", order=["b", "a"])
    assert "stars hide" in refused("reorder_parameters", files, symbol="a.py::h", order=["b", "a"])
    assert "no parameter z" in refused("reorder_parameters", files, symbol="a.py::h", order=["z", "a"])
    assert "in that order already" in refused("reorder_parameters", files, symbol="a.py::h", order=["a", "b"])
    assert "comes first" in refused("reorder_parameters", files, symbol="a.py::A.run", order=["a", "self"])
    called = {"a.py": "def g(a, b): pass\n\n\nprint(map(g, [1], [2]))\n"}
    assert "what calls it is not known" in refused("reorder_parameters", called, symbol="a.py::g", order=["b", "a"])


def test_renaming(done):
    result = done("rename_parameter", SHAPES, "import use", symbol="shapes.py::Shape", name="size", new_name="width")
    text, use = result.text("shapes.py"), result.text("use.py")
    assert "size" not in text and ":param width: how large" in text and "cls(name, width=2)" in text
    assert 'shapes.Shape("c", width=9)' in use
    assert "use.py:16 an argument with ** may pass size" in result.left
    result = done("rename_parameter", SHAPES, "import use", symbol="shapes.py::Shape.area", name="digits", new_name="n")
    text = result.text("shapes.py")
    assert "super().area(unit, n) + Shape.area(self, unit, n=n)" in text and "            n (int): how many" in text
    assert "shape.area(n=4)" in result.text("use.py")


def test_renaming_in_a_body(done):
    files = {
        "a.py": '''\
            def f(old_name, key):
                """Take `key`, the key of old_name, *key* and ``key``: see other.key."""
                # old_name is here; key too
                def inner():
                    return old_name, [key for key in old_name]
                old_name += 1
                key, other = key, f"{key} {old_name!r} key"
                return locals(), inner, {"key": key}, dict(key=key)


            f(key=1, old_name=2)
            ''',
        "README.md": "Call `f(old_name=(1), key=2)`, or f.key.\n",
        "CHANGES.md": "`f(key=1)` came.\n",
    }
    result = done("rename_parameter", files, "import a", symbol="a.py::f", name="key", new_name="name")
    text = result.text("a.py")
    assert "Take `name`, the key of old_name, *name* and ``name``: see other.key." in text
    assert 'name, other = name, f"{name} {old_name!r} key"' in text and "[key for key in old_name]" in text
    assert '{"key": name}, dict(key=name)' in text and "f(name=1, old_name=2)" in text
    assert result.text("README.md") == "Call `f(old_name=(1), name=2)`, or f.key.\n"
    assert "CHANGES.md:1 the changelog tells what was true then" in result.left
    assert "a.py:1 reads its local names as data, where key was one" in result.left
    result = done("rename_parameter", files, "import a", symbol="a.py::f", name="old_name", new_name="new")
    text = result.text("a.py")
    assert "old_name" not in text and "# new is here" in text and "new += 1" in text


def test_renaming_of_what_rename_symbol_is_given(done):
    result = done("rename_symbol", SHAPES, symbol="shapes.py::Shape.area.digits", new_name="places")
    assert "places (int): how many" in result.text("shapes.py") and "shape.area(places=4)" in result.text("use.py")


def test_scope_of_calls_and_uses(done, make_repository, tmp_path):
    files = {
        "lib/a.py": "def f(x):\n    return x\n",
        "lib/b.py": "from lib.a import f\n\nf(1)\n",
        "old/c.py": "from lib.a import f\n\nf(2)\n",
        "tests/test_a.py": "from lib.a import f\n\nf(3)\n",
    }
    fields = {"symbol": "lib/a.py::f", "name": "log", "default": "None", "call_sites": "all", "call_value": "1"}
    result = done("add_parameter", files, **fields, scope={"except_paths": ["old"], "tests": "except"})
    assert [c.path for c in result.result.changes] == ["lib/a.py", "lib/b.py"]
    index = Index.open(make_repository(contents(files)), cache_dir=tmp_path / "scope").refresh()
    ws = Workspace(index)
    fields = {"symbol": "lib/a.py::f", "new_name": "g", "scope": {"only_paths": ["**/b.py"]}}
    kinds()["rename_symbol"].model_validate(fields).apply(ws)
    assert sorted(ws.changed()) == ["lib/a.py", "lib/b.py"]
    with pytest.raises(Refused, match="every call has to pass it"):
        fields = {"symbol": "lib/a.py::f", "name": "log", "call_sites": "all", "call_value": "1"}
        kinds()["add_parameter"].model_validate({**fields, "scope": {"tests": "only"}}).apply(Workspace(index))


def test_refused_names(refused):
    files = {
        "a.py": """\
            import pytest


            @pytest.fixture
            def tool(): return 1


            @pytest.mark.parametrize("n", [1])
            def test_it(tool, n): assert tool == n


            def f(a, b): return [c for c in a], len(b)


            def g(a, **rest): return rest


            g(1, extra=2)
            """
    }
    for name, new, reason in (
        ("a", "b", "is bound there already"),
        ("a", "class", "cannot be the name"),
        ("b", "len", "is the built-in there"),
    ):
        assert reason in refused("rename_parameter", files, symbol="a.py::f", name=name, new_name=new)
    assert "goes to **kwargs" in refused("rename_parameter", files, symbol="a.py::g", name="a", new_name="extra")
    tests = {"test_a.py": dedent(files["a.py"])}
    for name, reason in (("tool", "fixture"), ("n", "decorator")):
        assert reason in refused("rename_parameter", tests, symbol="test_a.py::test_it", name=name, new_name="z")


def test_arguments_and_parameters() -> None:
    import ast

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
