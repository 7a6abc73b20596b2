"""extract_function and extract_variable: parameters and results by data flow, and what cannot be taken out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest
from carrying_out import carry_out, contents

from repo_index import Index
from v4cli.errors import NothingToDo, Refused
from v4cli.refactoring.operations.extract_function import ExtractFunction
from v4cli.refactoring.operations.extract_variable import ExtractVariable
from v4cli.refactoring.plan import Plan
from v4cli.refactoring.run import execute

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]

FUNCTION = """\
    import math


    def report(rows: list, scale: float, *, log=print):
        # sums first
        total = 0
        for row in rows:
            if row is None:
                continue
            total += row * scale
            last = row
        mean = total / len(rows)
        log(mean, total)
        return mean


    class Shape:
        def __init__(self, w, h):
            self.w, self.h = w, h

        def area(self, k):
            side = self.w * k
            area = side * self.h
            return math.floor(area)
    """
CHECK = """
    import m
    seen = []
    assert m.report([1, None, 3], 2.0, log=lambda *a: seen.append(a)) == 8 / 3 and seen == [(8 / 3, 8)]
    assert m.Shape(2, 3).area(1.5) == 9
    """


def lines_of(text: str, first: str, last: str) -> tuple[int, int]:
    rows = [row.strip() for row in dedent(text).split("\n")]
    return rows.index(first) + 1, rows.index(last) + 1


def take(first: str, last: str, **fields: object) -> ExtractFunction:
    start, end = lines_of(FUNCTION, first, last)
    given = {"path": "m.py", "start_line": start, "end_line": end, "new_name": "taken", **fields}
    return ExtractFunction.model_validate(given)


def test_statements_become_a_function_with_parameters_and_results(make_repository: MakeRepository) -> None:
    root = make_repository(contents({"m.py": FUNCTION}))
    done = carry_out(root, take("mean = total / len(rows)", "log(mean, total)"), CHECK)
    text = done.text("m.py")
    assert "    mean = taken(total, rows, log)\n    return mean\n\n\ndef taken(total, rows: list, log):\n" in text
    assert text.count("    log(mean, total)\n    return mean\n") == 1


def test_a_whole_loop(make_repository: MakeRepository) -> None:
    root = make_repository(contents({"m.py": FUNCTION}))
    done = carry_out(root, take("total = 0", "last = row"), CHECK)
    assert "    total = taken(rows, scale)\n" in done.text("m.py")


def test_the_body_of_a_loop_passes_what_the_next_turn_needs(make_repository: MakeRepository) -> None:
    root = make_repository(contents({"m.py": FUNCTION}))
    done = carry_out(root, take("total += row * scale", "total += row * scale"), CHECK)
    assert "        total = taken(total, row, scale)\n" in done.text("m.py")


def test_a_method_and_a_return(make_repository: MakeRepository) -> None:
    root = make_repository(contents({"m.py": FUNCTION}))
    done = carry_out(root, take("area = side * self.h", "return math.floor(area)"), CHECK)
    assert "        return self.taken(side)\n\n    def taken(self, side):\n        area = side * self.h\n" in done.text(
        "m.py"
    )


def test_an_expression(make_repository: MakeRepository) -> None:
    root = make_repository(contents({"m.py": FUNCTION}))
    first, _ = lines_of(FUNCTION, "mean = total / len(rows)", "log(mean, total)")
    done = carry_out(
        root, take("mean = total / len(rows)", "mean = total / len(rows)", expression="len( rows )"), CHECK
    )
    assert "mean = total / taken(rows)" in done.text("m.py") and first


@pytest.mark.parametrize(
    ("body", "lines", "reason"),
    [
        ("for a in x:\n    if a:\n        break\n    y = a\nreturn x", (3, 4), "break leaves a loop"),
        ("if x:\n    return 1\ny = 2\nreturn y", (2, 4), "returns on some paths"),
        ("for a in x:\n    yield a", (2, 3), "yields"),
        ("if x:\n    y = 1\nprint(x)\nreturn y", (2, 3), "not assigned on every path"),
        ("y = 1\ng = lambda: y\ny = 2\nreturn g()", (4, 4), "an inner function shares"),
        ("try:\n    y = 1\n    y = x()\nexcept ValueError:\n    return y", (3, 4), "fails half-way"),
        ("y = 1\nreturn locals()", (2, 3), "locals()"),
        ("global y\nprint(x)\ny = x", (2, 3), "global or nonlocal"),
        ("if x:\n    y = 1\nelif x():\n    y = 2\nreturn y", (4, 5), "an elif belongs"),
        ("a = [1,\n     x]\nreturn a", (2, 2), "whole statement"),
    ],
)
def test_what_cannot_be_taken_out(
    make_repository: MakeRepository, body: str, lines: tuple[int, int], reason: str
) -> None:
    code = "def f(x):\n" + "".join(f"    {row}\n" for row in body.split("\n"))
    root = make_repository({"m.py": code})
    operation = ExtractFunction(path="m.py", start_line=lines[0], end_line=lines[1], new_name="g")
    with pytest.raises(Refused) as error:
        execute(Plan([operation]), Index.open(root).refresh())
    assert reason in str(error.value)


def test_awaiting_code_becomes_a_coroutine(make_repository: MakeRepository) -> None:
    root = make_repository({"m.py": "async def f(x):\n    y = await x()\n    return y + 1\n"})
    operation = ExtractFunction(path="m.py", start_line=2, end_line=2, new_name="get")
    check = """
        import asyncio, m
        async def three(): return 3
        assert asyncio.run(m.f(three)) == 4
        """
    done = carry_out(root, operation, check)
    assert "    y = await get(x)\n" in done.text("m.py") and "async def get(x):\n" in done.text("m.py")


VALUES = """\
    import re


    def first(text, n):
        # the limit
        if len(text.strip()) > 80:
            return re.sub("a", "b", text.strip())[:80]
        while n < 80:
            n += 1
        return f"{80}" if n else "x" * 80


    def second(n: "80" = 80):
        return n + 80
    """


def test_a_literal_becomes_a_constant_everywhere(make_repository: MakeRepository) -> None:
    root = make_repository(contents({"m.py": VALUES}))
    operation = ExtractVariable(
        path="m.py", start_line=6, end_line=6, expression="80", new_name="WIDTH", scope="module", everywhere=True
    )
    script = "import m; assert m.second() == 160 and m.first('x' * 90, 0) == 'x' * 80 and m.WIDTH == 80"
    done = carry_out(root, operation, script)
    text = done.text("m.py")
    assert text.startswith("import re\n\n\nWIDTH = 80\n\n\ndef first") and text.count("WIDTH") == 7
    assert done.left == ["m.py:10 stands in an f-string"]


def test_a_local_variable(make_repository: MakeRepository) -> None:
    root = make_repository(contents({"m.py": VALUES}))
    operation = ExtractVariable(path="m.py", start_line=6, end_line=6, expression="text.strip()", new_name="bare")
    done = carry_out(root, operation, "import m; assert m.first('x' * 90, 0) == 'x' * 80")
    assert "    # the limit\n    bare = text.strip()\n    if len(bare) > 80:\n" in done.text("m.py")


def test_an_expression_of_several_lines(make_repository: MakeRepository) -> None:
    code = "def f(a, b):\n    return [\n        (a +\n         b) *\n        max(*[a,\n              b])\n    ]\n"
    for number, operation in enumerate((ExtractVariable, ExtractFunction)):
        root = make_repository({"m.py": code})
        fields = {"path": "m.py", "start_line": 2, "end_line": 7, "expression": "(a + b) * max(*[a, b])"}
        carry_out(
            root, operation.model_validate({**fields, "new_name": f"n{number}"}), "import m; assert m.f(1, 2) == [6]"
        )


@pytest.mark.parametrize(
    ("code", "line", "expression", "name", "kind", "reason"),
    [
        ("def f(x):\n    while x():\n        pass\n", 2, "x()", "y", Refused, "while loop"),
        ("def f(x):\n    return g() + x.y\n", 2, "x.y", "y", Refused, "runs before"),
        ("def f(x):\n    return x and x.y\n", 2, "x.y", "y", Refused, "not always evaluated"),
        ("def f(x):\n    return [a.b for a in x]\n", 2, "a.b", "y", Refused, "comprehension"),
        ("def f(x):\n    return x.y\n", 2, "x.y", "x", Refused, "taken"),
        ("def f(x):\n    if x:\n        pass\n    elif x.y:\n        pass\n", 4, "x.y", "y", Refused, "elif"),
        ("def f(x):\n    return x.y\n", 2, "x.z", "y", NothingToDo, "no expression"),
    ],
)
def test_expressions_that_stay(
    make_repository: MakeRepository,
    code: str,
    line: int,
    expression: str,
    name: str,
    kind: type[Exception],
    reason: str,
) -> None:
    root = make_repository({"m.py": code})
    operation = ExtractVariable(path="m.py", start_line=line, end_line=line, expression=expression, new_name=name)
    with pytest.raises(kind) as error:
        execute(Plan([operation]), Index.open(root).refresh())
    assert reason in str(error.value)
