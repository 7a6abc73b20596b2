"""Instructions of the kinds beside renames, moves and classes; none needs the model, but for the free edit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from repo_index import Index
from v4cli.errors import NothingToDo
from v4cli.refactoring import planner
from v4cli.refactoring.planning.kinds import all_kinds
from v4cli.refactoring.planning.questions import Answered, Question, kind_question, prompt

FILES = {
    "shop/__init__.py": "from .cart import total_price\n",
    "shop/errors.py": "class ShopError(Exception):\n    pass\n\n\nclass CartError(ValueError):\n    pass\n",
    "shop/cart.py": (
        "from .errors import CartError\n\n\n"
        "def total_price(cart, rate=1, rounded=False):\n    return sum(cart)\n\n\n"
        "def check(cart):\n    if not cart:\n        raise CartError('empty')\n    return True\n\n\n"
        "def first_item(cart):\n    return cart[0]\n\n\n"
        "def show(cart):\n    item = first_item(cart)\n    line = str(item)\n    print(line)\n"
    ),
    "shop/windows/__init__.py": "",
    "shop/report.py": "from shop import total_price\n\nprint(total_price([1]))\n",
}


class Choosing:
    """Answers the question for the kind as told; fails on any other."""

    def __init__(self, kind: str = "") -> None:
        self.kind = kind
        self.answered: list[Answered] = []

    def choose(self, question: Question, instruction: str, options: Sequence[str]) -> str:
        assert question.name == "kind", question.name
        assert self.kind in options, f"asked: {options}"
        return self.kind


@pytest.fixture
def index(make_repository: Any) -> Index:
    root: Path = make_repository(FILES)
    return Index.open(root).refresh()


def _plan(instruction: str, index: Index, kind: str = "") -> list[dict[str, Any]]:
    def no_model() -> Any:
        raise AssertionError("the model is not needed here")

    made = planner.plan(instruction, index, no_model, Choosing(kind), write_edits=False)
    return [{"kind": o.kind, **o.model_dump(exclude_defaults=True)} for o in made.operations]


PRICE = "shop/cart.py::total_price"


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("Drop the rounded argument of total_price", {"kind": "remove_parameter", "symbol": PRICE, "name": "rounded"}),
        (
            "nobody needs rate on total_price any more, take it out",
            {"kind": "remove_parameter", "symbol": PRICE, "name": "rate"},
        ),
        (
            "swap rate and rounded in total_price",
            {"kind": "reorder_parameters", "symbol": PRICE, "order": ["cart", "rounded", "rate"]},
        ),
        (
            "In total_price put rounded before rate",
            {"kind": "reorder_parameters", "symbol": PRICE, "order": ["cart", "rounded", "rate"]},
        ),
        (
            "rename the parameter rate of total_price to factor",
            {"kind": "rename_parameter", "symbol": PRICE, "name": "rate", "new_name": "factor"},
        ),
        (
            "CartError should derive from ShopError instead of ValueError",
            {
                "kind": "change_base",
                "symbol": "shop/errors.py::CartError",
                "old": "ValueError",
                "new": "shop/errors.py::ShopError",
            },
        ),
        (
            "check must raise ShopError instead of CartError",
            {
                "kind": "replace_exception",
                "old": "shop/errors.py::CartError",
                "new": "shop/errors.py::ShopError",
                "where": "raise",
                "within": ["shop/cart.py::check"],
            },
        ),
        (
            "replace CartError by ShopError in cart.py",
            {
                "kind": "replace_exception",
                "old": "shop/errors.py::CartError",
                "new": "shop/errors.py::ShopError",
                "scope": {"only_paths": ["shop/cart.py"]},
            },
        ),
        (
            "import total_price directly from shop.cart rather than from the shop package",
            {"kind": "replace_reexport", "symbol": PRICE, "through": ["shop/__init__.py"]},
        ),
        ("inline first_item and remove it", {"kind": "inline_function", "symbol": "shop/cart.py::first_item"}),
        (
            "Extract lines 20 to 21 of shop/cart.py into a function called print_line",
            {
                "kind": "extract_function",
                "path": "shop/cart.py",
                "start_line": 20,
                "end_line": 21,
                "new_name": "print_line",
            },
        ),
        (
            "move report.py into the windows folder",
            {"kind": "rename_module", "path": "shop/report.py", "new_path": "shop/windows/report.py"},
        ),
        ("s/total_price/full_price/", {"kind": "rename_symbol", "symbol": PRICE, "new_name": "full_price"}),
    ],
)
def test_the_wording_and_the_graph_settle_it(instruction: str, expected: dict[str, Any], index: Index) -> None:
    assert _plan(instruction, index) == [expected]


def test_a_free_edit_is_the_models_choice(index: Index) -> None:
    (operation,) = _plan("let total_price return 0 for an empty cart", index, kind="edit")
    assert (operation["kind"], operation["symbol"]) == ("edit", PRICE)


@pytest.mark.parametrize(
    ("instruction", "said"),
    [
        ("Drop the verbose flag of total_price", "which parameter .* cart, rate, rounded"),
        ("CartError should derive from SomethingElse", "SomethingElse|names nothing|no class"),
        ("Swap the parameters of total_price", "which parameter"),
        ("Move total_price to a better place", "where should it move"),
    ],
)
def test_what_is_missing_is_said_with_the_candidates(instruction: str, said: str, index: Index) -> None:
    with pytest.raises(NothingToDo, match=said):
        _plan(instruction, index, kind="other")


def test_every_kind_has_an_entry_for_the_question() -> None:
    every = all_kinds()
    assert len({kind.name for kind in every}) == len(every)
    assert all(kind.line and kind.examples for kind in every)
    messages = prompt(kind_question(every), "Rename a to b", [kind.name for kind in every])
    assert all(f"{kind.name}: {kind.line}" in messages[0]["content"] for kind in every)
