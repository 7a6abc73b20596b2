"""edit and insert_code without a model: what is put in place, and what the gates do not take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from carrying_out import carry_out, contents

from repo_index import Index
from v4cli.errors import NothingToDo, Refused, UsageError
from v4cli.refactoring.operations.edit import Edit
from v4cli.refactoring.operations.insert_code import InsertCode
from v4cli.refactoring.plan import Plan
from v4cli.refactoring.planning import slots
from v4cli.refactoring.rewriting import gates
from v4cli.refactoring.rewriting.merge import merged
from v4cli.refactoring.rewriting.missing_imports import find_import
from v4cli.refactoring.rewriting.region import header_of, name_head, of_symbol
from v4cli.refactoring.run import execute
from v4cli.refactoring.workspace import Workspace

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]

FILES = {
    "shop/__init__.py": "",
    "shop/cart.py": '''\
        import math
        from decimal import Decimal


        class Cart:
            """Things to buy."""

            @property
            def total(self):
                """The sum.

                Rounded up.
                """
                text = """
            as it is
            """
                # only what has a price

                return math.ceil(sum(i.price for i in self.items)), text

            def empty(self):
                return not self.items


        def load(path, *, strict=False):
            return Decimal(path)
        ''',
    "shop/log.py": "import logging as log_module\nfrom .cart import Cart\n",
    "app.ts": "export class App {\n  run(n: number) {\n    return n + 1;\n  }\n}\n",
}
TOTAL = '''@property
def total(self):
    """The sum.

    Rounded up.
    """
    text = """
    as it is
    """
    return math.floor(sum(i.price for i in self.items)), text'''


def test_a_method_is_replaced_in_its_place(make_repository: MakeRepository) -> None:
    root = make_repository(contents(FILES))
    operation = Edit(symbol="Cart.total", replacement=TOTAL, imports=["import os", "import math"])
    text = carry_out(root, operation).text("shop/cart.py")
    assert text.startswith("import math\nimport os\nfrom decimal import Decimal\n")
    assert '    text = """\n    as it is\n    """\n        return math.floor(' in text
    assert '        """The sum.\n\n        Rounded up.\n        """\n' in text and "def empty(self):" in text


def test_lines_of_any_file(make_repository: MakeRepository) -> None:
    root = make_repository(contents({**FILES, "notes.txt": b"one\r\n  two\r\nthree"}))
    done = carry_out(root, Edit(path="notes.txt", start_line=2, end_line=3, replacement="2\n3"))
    assert (root / "notes.txt").read_bytes() == b"one\r\n  2\r\n  3" and done.left == []


@pytest.mark.parametrize(
    ("replacement", "reason"),
    [
        ("def load(path, *, strict=False):\n    return (", "does not parse"),
        ("def load(path):\n    return 1\n\n\ndef other():\n    pass", "exactly one definition"),
        ("def loads(path):\n    return 1", "defines loads"),
        ("class load:\n    pass", "defines load"),
        (None, "holds no replacement"),
    ],
)
def test_replacements_that_are_refused(make_repository: MakeRepository, replacement: str | None, reason: str) -> None:
    root = make_repository(contents(FILES))
    with pytest.raises(Refused) as error:
        execute(Plan([Edit(symbol="load", replacement=replacement)]), Index.open(root).refresh())
    assert reason in str(error.value)


def test_nothing_of_the_file_is_lost(make_repository: MakeRepository) -> None:
    index = Index.open(make_repository(contents(FILES))).refresh()
    without = 'class Cart:\n    """Things to buy."""\n\n    def empty(self):\n        return True'
    with pytest.raises(Refused, match=r"drops Cart\.total"):
        execute(Plan([Edit(symbol="Cart", replacement=without)]), index)
    with pytest.raises(Refused, match="drops the import of math"):
        execute(Plan([Edit(path="shop/cart.py", start_line=1, end_line=1, replacement="import cmath")]), index)
    with pytest.raises(Refused, match=r"drops App\.run"):
        execute(Plan([Edit(symbol="App", replacement="export class App {\n}")]), index)
    with pytest.raises(Refused, match="syntax error"):
        execute(Plan([Edit(symbol="App.run", replacement="run(n: number) {\n  return n +;\n}")]), index)
    with pytest.raises(NothingToDo):
        execute(Plan([Edit(symbol="load", replacement=of_symbol(Workspace(index), "load").text)]), index)


def test_an_edit_is_described_without_its_text() -> None:
    operation = Edit(symbol="a.py::f", replacement="def f():\n    pass", instruction="Do less.")
    assert operation.describe() == "edit(symbol='a.py::f', instruction='Do less.', replacement of 2 lines)"


def test_undefined_names_fail_the_checks(make_repository: MakeRepository) -> None:
    index = Index.open(make_repository(contents(FILES))).refresh()
    text = "def load(path, *, strict=False):\n    return decimal(path)"
    result = execute(Plan([Edit(symbol="load", replacement=text)]), index)
    assert [c.name for c in result.failed] == ["undefined names"]


def test_another_language(make_repository: MakeRepository) -> None:
    root = make_repository(contents(FILES))
    done = carry_out(root, Edit(symbol="App.run", replacement="run(n: number) {\n  return n + 2;\n}"))
    assert done.text("app.ts") == "export class App {\n  run(n: number) {\n    return n + 2;\n  }\n}\n"


def test_a_plan_names_one_place() -> None:
    for place in ('"symbol": "a", "path": "b", "start_line": 1, "end_line": 1', '"path": "b"', '"replacement": "x"'):
        with pytest.raises(UsageError, match="give symbol, or path"):
            Plan.from_json(f'{{"operations": [{{"kind": "edit", {place}}}]}}')


def test_code_goes_to_the_start_and_the_end(make_repository: MakeRepository) -> None:
    root = make_repository(contents(FILES))
    carry_out(root, InsertCode(symbol="load", where="end", code="print(path)"))
    carry_out(root, InsertCode(symbol="Cart.empty", code="if self:\n    log(self)", imports=["from math import log"]))
    code = "def clear(self):\n    self.items = []"
    text = carry_out(root, InsertCode(symbol="Cart", where="end", code=code)).text("shop/cart.py")
    assert "    print(path)\n    return Decimal(path)\n" in text
    assert "        if self:\n            log(self)\n        return not self.items\n" in text
    assert "        return not self.items\n\n    def clear(self):\n        self.items = []\n\n\ndef load" in text
    with pytest.raises(Refused, match="member empty already"):
        carry_out(root, InsertCode(symbol="Cart", where="end", code="def empty(self):\n    pass"))


def test_headers_that_an_answer_begins_with(make_repository: MakeRepository) -> None:
    ws = Workspace(Index.open(make_repository(contents(FILES))).refresh())
    region = of_symbol(ws, "Cart.total")
    assert region.indent == "    " and '    text = """\n    as it is\n    """\n' in region.text
    assert header_of(region, False) == "@property\ndef total(self):\n"
    assert header_of(region, True).endswith('    Rounded up.\n    """\n')
    assert name_head(region) == "@property\ndef total(" and name_head(region, True) == "@property\ndef total(self,"
    assert name_head(of_symbol(ws, "load"), True) == "def load("


@pytest.mark.parametrize(
    ("text", "instruction", "problem"),
    [
        ("def load(path, *, strict=False):\n    return Decimal(path)", "Log the path.", "changes nothing"),
        ("def load(path):\n    return Decimal(path)", "Reject empty paths.", "changes the signature"),
        ("def load(path):\n    return Decimal(path)", "Add a parameter.", "drops the parameter strict"),
        (
            "def load(path, x, *, strict=False):\n    return Decimal(path)",
            "Add an argument x.",
            "every call has to pass",
        ),
        ("def load(path, *, strict=False):\n    return path or 1", "Catch errors.", "drops Decimal"),
        (
            'def load(path, *, strict=False):\n    """New."""\n    return Decimal(path)',
            "Catch it.",
            "changes the docstring",
        ),
        ("def load(path, *, strict=False):\n    return Decimal(path) + 1", "Add one.", ""),
    ],
)
def test_what_an_answer_keeps(make_repository: MakeRepository, text: str, instruction: str, problem: str) -> None:
    region = of_symbol(Workspace(Index.open(make_repository(contents(FILES))).refresh()), "load")
    problems = gates.content_kept(region, text, instruction)
    assert (not problems) if not problem else any(problem in p for p in problems), problems


def test_an_adding_instruction_is_followed(make_repository: MakeRepository) -> None:
    region = of_symbol(Workspace(Index.open(make_repository(contents(FILES))).refresh()), "load")
    text = "def load(path, *, strict=False):\n    raise ValueError\n    return Decimal(path)"
    assert gates.does_as_told(region, text, "Raise KeyError when path is empty.") == ["has no KeyError"]
    assert gates.does_as_told(region, text, "Log the path in load.") == ["logs nothing"]
    assert gates.does_as_told(region, text, "Raise ValueError in `load`.") == []


def test_blank_lines_and_comments_come_back() -> None:
    original = "def f(x):\n\n    # first\n    a = x\n\n    b = a\n    return b"
    answer = "def f(x):\n    a = x\n    b = a + 1\n    return b"
    assert merged(original, answer, True) == "def f(x):\n\n    # first\n    a = x\n    b = a + 1\n    return b"
    assert merged(original, answer, False) == "def f(x):\n    a = x\n    b = a + 1\n    return b"


def test_imports_are_found(make_repository: MakeRepository) -> None:
    index = Index.open(make_repository(contents(FILES))).refresh()
    assert find_import(index, "shop/cart.py", "log_module") == "import logging as log_module"
    assert find_import(index, "shop/cart.py", "json") == "import json"
    assert find_import(index, "shop/cart.py", "Any") == "from typing import Any"
    assert find_import(index, "shop/cart.py", "App") is None
    assert find_import(index, "app.py", "load") == "from shop.cart import load"


@pytest.mark.parametrize(
    ("instruction", "name"),
    [
        ("Add a method `clear` that empties it.", "clear"),
        ("Give the class a `to_dict` method.", "to_dict"),
        ("Add a property named size.", "size"),
        ("Implement the __len__ method.", "__len__"),
        ("Make every method return self.", ""),
        ("Add a method that empties it.", ""),
    ],
)
def test_the_name_of_a_new_member(instruction: str, name: str) -> None:
    assert slots.new_member(instruction) == name


@pytest.mark.parametrize(
    ("instruction", "flag"),
    [
        ("Log the path if `strict` is True.", "strict"),
        ("When strict is set, print the path.", "strict"),
        ("Log the path if verbose is true.", ""),
        ("Return early if strict is true.", ""),
    ],
)
def test_the_flag_of_a_conditional_statement(make_repository: MakeRepository, instruction: str, flag: str) -> None:
    region = of_symbol(Workspace(Index.open(make_repository(contents(FILES))).refresh()), "load")
    assert slots.flag_of(instruction, region) == flag
