"""Several steps in one instruction, and the conditions that are put on them. None of it needs the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from repo_index import Index
from v4cli.errors import NothingToDo
from v4cli.refactoring import planner
from v4cli.refactoring.planning import steps

FILES = {
    "shop/__init__.py": "from .cart import total_price\n",
    "shop/cart.py": (
        "def total_price(cart):\n    return sum(cart)\n\n\ndef add_item(cart, item):\n    cart.append(item)\n\n\n"
        "def freeze(cart):\n    return tuple(cart)\n\n\nclass Cart:\n    def process(self):\n        return freeze([])\n"
    ),
    "shop/client.py": "from .cart import add_item\n\n\ndef fill(cart):\n    add_item(cart, 1)\n",
    "shop/utils.py": "def parse_url(url):\n    return url\n",
    "tests/test_cart.py": "from shop.cart import add_item\n\n\ndef test_add():\n    add_item([], 1)\n",
    "docs/cart.md": "Call `add_item(cart, item)`.\n",
}


@pytest.fixture
def index(make_repository: Any) -> Index:
    root: Path = make_repository(FILES)
    return Index.open(root).refresh()


class Silent:
    def __init__(self) -> None:
        self.answered: list[Any] = []

    def choose(self, question: Any, instruction: str, options: Any) -> str:
        raise AssertionError(f"asked: {question.name}")


def _plan(instruction: str, index: Index) -> list[dict[str, Any]]:
    def no_model() -> Any:
        raise AssertionError("the model is not needed here")

    made = planner.plan(instruction, index, no_model, Silent())
    return [{"kind": o.kind, **o.model_dump(exclude_defaults=True)} for o in made.operations]


def rename(symbol: str, new_name: str, **fields: Any) -> dict[str, Any]:
    return {"kind": "rename_symbol", "symbol": symbol, "new_name": new_name, **fields}


def move(target: str, *symbols: str, **fields: Any) -> dict[str, Any]:
    return {"kind": "move_symbols", "symbols": list(symbols), "target": target, **fields}


@pytest.mark.parametrize(
    ("instruction", "texts"),
    [
        ("Rename a_b to c_d and update all imports", 1),
        ("Create a file x.py and move a_b into it. Make sure that the tests pass.", 1),
        ("Add a flag `log` to a_b and make the default False", 1),
        ("Rename a_b to c_d and move it to x.py; then add a parameter y to it", 3),
        ("Rename a_b to c_d. It should also take a parameter y, default 0.", 2),
        ("Remove a.py and put its content in b.py", 1),
    ],
)
def test_an_instruction_is_split_where_something_else_is_asked_for(instruction: str, texts: int) -> None:
    assert len(steps.split(instruction)) == texts


def test_each_step_is_read_with_the_ones_before_carried_out(index: Index) -> None:
    made = _plan(
        "Rename total_price to full_price and move it to prices.py; then add a parameter `net` to it, default False",
        index,
    )
    assert made == [
        rename("shop/cart.py::total_price", "full_price"),
        move("shop/prices.py", "shop/cart.py::full_price"),
        {"kind": "add_parameter", "symbol": "shop/prices.py::full_price", "name": "net", "default": "False"},
    ]


def test_a_member_follows_its_renamed_class(index: Index) -> None:
    assert _plan("Rename the Cart class to Basket and its process method to run", index) == [
        rename("shop/cart.py::Cart", "Basket"),
        rename("shop/cart.py::Basket.process", "run"),
    ]


def test_this_function_is_the_one_of_the_step_before(index: Index) -> None:
    made = _plan("Move freeze from cart.py to utils.py. After that rename this function to freeze_cart.", index)
    assert made == [move("shop/utils.py", "shop/cart.py::freeze"), rename("shop/utils.py::freeze", "freeze_cart")]


def test_a_move_to_several_files(index: Index) -> None:
    made = _plan("Split shop/cart.py: total_price goes to prices.py; add_item and freeze go to items.py", index)
    assert made == [
        move("shop/prices.py", "shop/cart.py::total_price"),
        move("shop/items.py", "shop/cart.py::add_item", "shop/cart.py::freeze"),
    ]


def test_a_step_that_cannot_be_read_is_named(index: Index) -> None:
    with pytest.raises(NothingToDo, match=r"step 2 .*default"):
        _plan("Rename total_price to full_price; then add a parameter `net` to it", index)


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        (
            "Rename add_item to append_item, leave the tests alone",
            rename("shop/cart.py::add_item", "append_item", scope={"tests": "except"}),
        ),
        (
            "Rename add_item to append_item but don't touch client.py",
            rename("shop/cart.py::add_item", "append_item", scope={"except_paths": ["shop/client.py"]}),
        ),
        (
            "Rename add_item to append_item without changing comments",
            rename("shop/cart.py::add_item", "append_item", rename_in_text=False),
        ),
        (
            "Move all functions except freeze and add_item from cart.py to prices.py",
            move("shop/prices.py", "shop/cart.py::total_price"),
        ),
        (
            "Move freeze to utils.py but keep it importable from cart",
            move("shop/utils.py", "shop/cart.py::freeze", keep_alias=True),
        ),
        ("Rename parse_url to split_url, keep the behaviour", rename("shop/utils.py::parse_url", "split_url")),
        (
            "Rename parse_url to split_url in utils.py only",
            rename("shop/utils.py::parse_url", "split_url", scope={"only_paths": ["shop/utils.py"]}),
        ),
        (
            "Add a flag `dry` to add_item, default False, and pass dry=True in all calls except in client.py",
            {
                "kind": "add_parameter",
                "symbol": "shop/cart.py::add_item",
                "name": "dry",
                "default": "False",
                "call_sites": "all",
                "call_value": "True",
                "scope": {"except_paths": ["shop/client.py"]},
            },
        ),
    ],
)
def test_conditions_become_fields_or_hold(instruction: str, expected: dict[str, Any], index: Index) -> None:
    assert _plan(instruction, index) == [expected]


@pytest.mark.parametrize(
    ("instruction", "said"),
    [
        ("Rename add_item to append_item only in client.py", r"only in client.py.*cannot be kept.*shop/cart.py"),
        ("Move add_item to utils.py but leave client.py alone", r"cannot be kept.*shop/client.py"),
        ("Rename parse_url to split_url unless it is public", r"unless it is public.*not understood"),
        ("Rename parse_url to split_url and keep parse_url as an alias", r"cannot honour.*alias"),
    ],
)
def test_a_condition_that_cannot_be_kept_is_refused(instruction: str, said: str, index: Index) -> None:
    with pytest.raises(NothingToDo, match=said):
        _plan(instruction, index)


def test_a_condition_of_its_own_sentence_holds_for_every_step(index: Index) -> None:
    made = _plan("Rename add_item to append_item. Rename freeze to frozen_copy. Don't touch the tests.", index)
    assert [o["scope"] for o in made] == [{"tests": "except"}, {"tests": "except"}]


def test_calls_of_a_named_file(index: Index) -> None:
    (operation,) = _plan(
        "Add a flag `dry` to add_item, default False. Only the calls in test_cart.py pass dry=True", index
    )
    assert (operation["call_sites"], operation["call_value"]) == ("only_tests", "True")
    with pytest.raises(NothingToDo, match=r"nothing in shop/utils.py calls shop/cart.py::add_item"):
        _plan("Add a flag `dry` to add_item, default False, and set dry=True in every call of utils.py", index)
