"""merge_functions: the branch, the calls, the docstrings, and what keeps two functions apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from carrying_out import carry_out, contents

from v4cli.errors import Refused
from v4cli.refactoring.operations.merge_functions import MergeFunctions

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]


def merge(**fields: object) -> MergeFunctions:
    given = {
        "first": "m.py::to_dict",
        "second": "m.py::to_list",
        "new_name": "convert",
        "flag": "as_dict",
        "default": True,
    }
    return MergeFunctions.model_validate({**given, **fields})


FILES = {
    "m.py": '''\
        __all__ = ["to_dict", "to_list"]


        def to_dict(value, *, strict=False):
            """Make a dict.

            >>> to_dict([(1, 2)])
            {1: 2}
            """
            # nothing is nothing
            if value is None:
                return None

            return dict(value)


        # The other way.
        def to_list(items, *, strict=False):
            """Make a list; see `to_dict`.

            >>> to_list({1: 2})
            [(1, 2)]
            """
            # nothing is nothing
            if items is None:
                return None

            if hasattr(items, "items"):
                items = items.items()
            text = f"{items}"
            return list(items) + [text][:0]


        def both(x):
            return to_dict(to_list(to_dict(x)))
        ''',
    "use.py": """\
        from m import to_dict, to_list as tl
        import m

        out = [tl({1: 2}), tl(items={3: 4}, strict=True), to_dict([(5, 6)]), m.to_list([7]), m.to_list(None)]
        out += map(tl, [{8: 9}])
        """,
    "README.md": "Call `to_list(x)` or `to_dict`.\n",
}


def test_two_functions_become_one(make_repository: MakeRepository) -> None:
    done = carry_out(
        make_repository(contents(FILES)),
        merge(),
        """
        import doctest, m, use
        assert use.out == [[(1, 2)], [(3, 4)], {5: 6}, [7], None, [(8, 9)]], use.out
        assert m.both({1: 2}) == {1: 2} and m.__all__ == ["convert"]
        assert doctest.testmod(m).failed == 0 and doctest.testmod(m).attempted == 2
        """,
    )
    text = done.text("m.py")
    assert text.count("# nothing is nothing") == 1
    assert "def convert(value, *, strict=False, as_dict=True):\n" in text
    assert "    if as_dict:\n        return dict(value)\n\n    if hasattr(value" in text
    assert "If ``as_dict`` is false:\n\n    Make a list; see `convert`.\n" in text
    assert "    return convert(convert(convert(x), as_dict=False))\n" in text
    use = done.text("use.py")
    assert "from m import convert\nimport m\n" in use
    assert "convert(value={3: 4}, strict=True, as_dict=False)" in use
    assert "map(functools.partial(convert, as_dict=False), " in use
    assert done.text("README.md") == "Call `convert(x, as_dict=False)` or `convert`.\n"


def test_without_a_default_every_call_says_which(make_repository: MakeRepository) -> None:
    files = {
        "m.py": "def a(x: int) -> int:\n    y = 1\n    print(x)\n\n\ndef b(x: int) -> str:\n    return f'{x}'\n",
        "n.py": "from m import a, b\n\na(1)\nassert b(2) == '2'\n",
    }
    operation = merge(first="m.py::a", second="m.py::b", flag="quiet", default=None)
    done = carry_out(make_repository(files), operation, "import n")
    assert done.text("m.py") == (
        'def convert(x: int, quiet: bool) -> "int | str":\n    if quiet:\n        y = 1\n        print(x)\n'
        "    else:\n        return f'{x}'\n"
    )
    assert done.text("n.py") == (
        "from m import convert\n\nconvert(1, quiet=True)\nassert convert(2, quiet=False) == '2'\n"
    )


def test_functions_of_two_modules_and_an_old_name_kept(make_repository: MakeRepository) -> None:
    files = {
        "m.py": "def load(path):\n    return open(path).read()\n",
        "n.py": "def load_bytes(path):\n    return open(path, 'rb').read()\n",
        "use.py": "import n\nfrom m import load\n\nx = load('m.py'), n.load_bytes('m.py')\n",
    }
    operation = merge(first="m.py::load", second="n.py::load_bytes", new_name="load", flag="text")
    done = carry_out(make_repository(files), operation, "import use; assert use.x[0].encode() == use.x[1]")
    assert "x = load('m.py'), m.load('m.py', text=False)" in done.text("use.py")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("def to_dict(a): return 1\ndef to_list(a, b): return 2\n", "takes other parameters"),
        ("def to_dict(a=1): return 1\ndef to_list(a=2): return 2\n", "takes other parameters"),
        ("def to_dict(a): return 1\nasync def to_list(a): return 2\n", "different kinds"),
        ("def to_dict(a): return 1\ndef to_list(a): yield 2\n", "different kinds"),
        ("def to_dict(a): return 1\n@print\ndef to_list(a): return 2\n", "other decorators"),
        ("y = 1\ndef to_dict(a): return y\ndef to_list(a):\n    y = 2\n    return y\n", "y is local to to_list"),
        ("def to_dict(a): return 1\ndef to_list(a):\n    as_dict = 2\n    return as_dict\n", "local name"),
        ("def to_dict(a): return 1\ndef to_list(b):\n    a = 2\n    return a, b\n", "rename b first"),
        ("def to_dict(a): return 1\ndef to_list(a): return 1\n", "do the same"),
        ("convert = 1\ndef to_dict(a): return 1\ndef to_list(a): return 2\n", "convert is bound there"),
    ],
)
def test_what_keeps_two_functions_apart(code: str, why: str, make_repository: MakeRepository) -> None:
    with pytest.raises(Refused, match=why):
        carry_out(make_repository({"m.py": code}), merge())
