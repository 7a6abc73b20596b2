"""reorder_parameters, rename_parameter, wrappers, and the scope of calls and uses."""

from __future__ import annotations

from textwrap import dedent

import pytest
from carrying_out import contents
from shapes import SHAPES

from repo_index import Index
from v4cli.errors import Refused
from v4cli.refactoring.plan import kinds
from v4cli.refactoring.workspace import Workspace


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
    assert result.left == []
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


WRAPPERS = {
    "a.py": """\
        def f(x, size=1):
            return size


        def outer(x, **kwargs):
            if kwargs:
                print("more")
            return f(x, **kwargs)


        def outermost(*args, **options):
            return outer(*args, **options)


        def other(**kwargs):
            kwargs.setdefault("size", 3)
            return f(1, **kwargs)


        print(outer(1, size=2), outermost(1, size=3), other(size=4))
        """
}


def test_other_names_of_a_function_and_a_class(done):
    files = {
        "a.py": """\
            class Error(Exception):
                def __init__(self, code, text=None):
                    self.text = text


            Old = Error


            class Late(Old):
                def __init__(self):
                    super().__init__(1, text="late")


            def f(x): return x


            g = f
            """,
        "b.py": "from a import Late, Old, g\n\nprint(Old(1, text='x').text, g(x=3), Late().text)\n",
    }
    result = done("rename_parameter", files, "import b", symbol="a.py::Error", name="text", new_name="words")
    assert 'super().__init__(1, words="late")' in result.text("a.py") and "Old(1, words='x').text" in result.text(
        "b.py"
    )
    result = done("rename_parameter", files, "import b", symbol="a.py::f", name="x", new_name="y")
    assert "g(y=3)" in result.text("b.py") and result.left == []


def test_wrappers_that_pass_keywords_on(done):
    result = done("rename_parameter", WRAPPERS, symbol="a.py::f", name="size", new_name="width")
    assert "outer(1, width=2), outermost(1, width=3), other(size=4)" in result.text("a.py")
    assert result.left == ["a.py:17 an argument with ** may pass size"]
    result = done("remove_parameter", WRAPPERS, symbol="a.py::f", name="size", value="1")
    assert "outer(1), outermost(1), other(size=4)" in result.text("a.py")
    result = done("rename_parameter", WRAPPERS, symbol="a.py::f", name="size", new_name="options")
    assert "outermost(1, options=3)" in result.text("a.py")


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
