"""Instructions to plans on a small repository: what needs no model, what is asked, what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from repo_index import Index
from v4cli.errors import NothingToDo
from v4cli.mentions import find_mentions
from v4cli.refactoring import planner
from v4cli.refactoring.planning import cues
from v4cli.refactoring.planning.questions import Answered, Question

FILES = {
    "shop/__init__.py": "from .cart import add_item as add_item\nfrom .client import HTTPClient\n",
    "shop/cart.py": "def add_item(cart, item):\n    cart.append(item)\n\n\ndef total_price(cart):\n    return sum(cart)\n",
    "shop/client.py": (
        "class HTTPClient:\n    def fetch_page(self, url):\n        return url\n\n\n"
        "class PagedClient(HTTPClient):\n    pass\n\n\nclass SlowWarning(Warning):\n    pass\n"
    ),
    "shop/utils.py": "def parse_url(url):\n    return url\n\n\ndef add_item(x):\n    return x\n",
    "shop/api/__init__.py": "",
    "shop/api/utils.py": "from ..cart import total_price\n\n\ndef show(cart):\n    return total_price(cart)\n",
    "tests/test_cart.py": "from shop.cart import add_item\n\n\ndef test_add():\n    add_item([], 1)\n",
}


class Scripted:
    """Answers as told, by the question's name; fails on a question that was not foreseen."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.answered: list[Answered] = []

    def choose(self, question: Question, instruction: str, options: Sequence[str]) -> str:
        answer = self.answers[question.name.replace(" ", "_")]
        assert answer in options
        self.answered.append(Answered(question.name, tuple(options), answer))
        return answer


@pytest.fixture
def index(make_repository: Any) -> Index:
    root: Path = make_repository(FILES)
    return Index.open(root).refresh()


def _plan(instruction: str, index: Index, **answers: str) -> list[dict[str, Any]]:
    def no_model() -> Any:
        raise AssertionError("the model is not needed here")

    made = planner.plan(instruction, index, no_model, Scripted(**answers))
    return [o.model_dump(exclude_defaults=True) for o in made.operations]


@pytest.mark.parametrize(
    ("instruction", "symbol", "new_name"),
    [
        ("Rename total_price to full_price", "shop/cart.py::total_price", "full_price"),
        (
            "please rename the function `total_price` into `full_price` everywhere",
            "shop/cart.py::total_price",
            "full_price",
        ),
        ("Change the name of the class 'HTTPClient' to 'WebClient'.", "shop/client.py::HTTPClient", "WebClient"),
        ("Rename HTTPClient.fetch_page to load_page", "shop/client.py::HTTPClient.fetch_page", "load_page"),
        ("Rename shop.cart.total_price() to full_price()", "shop/cart.py::total_price", "full_price"),
        ("Rename the total price function to full_price", "shop/cart.py::total_price", "full_price"),
        ("rename total_prise to full_price", "shop/cart.py::total_price", "full_price"),
        ("Rename fetch_page to camel case", "shop/client.py::HTTPClient.fetch_page", "fetchPage"),
        ("Rename add_item in utils.py to append_item", "shop/utils.py::add_item", "append_item"),
    ],
)
def test_renames_need_no_model(instruction: str, symbol: str, new_name: str, index: Index) -> None:
    (operation,) = _plan(instruction, index)
    assert (operation["symbol"], operation["new_name"]) == (symbol, new_name)


def test_two_renames_in_one_instruction(index: Index) -> None:
    made = _plan("Rename total_price to full_price and HTTPClient to WebClient", index)
    assert [o["new_name"] for o in made] == ["full_price", "WebClient"]


@pytest.mark.parametrize(
    ("instruction", "path", "new_path"),
    [
        ("Rename cart.py to basket.py and update the imports", "shop/cart.py", "shop/basket.py"),
        ("rename the cart module to basket", "shop/cart.py", "shop/basket.py"),
        ("Rename utils.py in api to helpers.py", "shop/api/utils.py", "shop/api/helpers.py"),
        ("Rename shop/client.py to shop/http/client.py", "shop/client.py", "shop/http/client.py"),
    ],
)
def test_renames_of_files(instruction: str, path: str, new_path: str, index: Index) -> None:
    (operation,) = _plan(instruction, index)
    assert (operation["path"], operation["new_path"]) == (path, new_path)


def test_the_package_keeps_the_old_name_where_asked(index: Index) -> None:
    (operation,) = _plan("Rename add_item in cart.py to append_item but keep the package name add_item", index)
    assert operation["keep_public"] is True


def test_an_ambiguous_name_is_refused_with_its_candidates(index: Index) -> None:
    with pytest.raises(NothingToDo, match=r"shop/cart.py::add_item, shop/utils.py::add_item"):
        _plan("Rename add_item to append_item", index)


@pytest.mark.parametrize(
    ("instruction", "missing"),
    [
        ("", "empty"),
        ("Rename total_price", "names nothing|existing name and the new one|rename"),
        ("Add a parameter strict to parse_url", "default"),
        ("Make it better", "names nothing"),
        ("Rename no_such_function_anywhere to other_name", "names nothing|did you mean|check the spelling"),
    ],
)
def test_what_is_missing_is_said(instruction: str, missing: str, index: Index) -> None:
    with pytest.raises(NothingToDo, match=missing):
        _plan(instruction, index, kind="other")


def test_a_parameter_with_everything_said(index: Index) -> None:
    (operation,) = _plan(
        "Add a strict parameter to parse_url, default False, and pass strict=True in all calls except tests", index
    )
    assert operation["symbol"] == "shop/utils.py::parse_url"
    assert operation["default"] == "False"
    assert (operation["call_sites"], operation["call_value"]) == ("all_but_tests", "True")


def test_open_call_sites_are_asked(index: Index) -> None:
    instruction = "Add a flag strict to parse_url with default False; the checkout uses strict=True"
    (operation,) = _plan(instruction, index, call_sites="all")
    assert operation["call_sites"] == "all"


def test_the_kind_is_asked_when_the_wording_leaves_it_open(index: Index) -> None:
    (operation,) = _plan("Take total_price out of cart.py and put it in pricing.py", index, kind="move")
    assert operation == {"symbols": ["shop/cart.py::total_price"], "target": "shop/pricing.py"}


@pytest.mark.parametrize(
    ("instruction", "symbols"),
    [
        ("Move HTTPClient and its child classes from client.py to http.py", ["HTTPClient", "PagedClient"]),
        ("Move all the warnings in client.py to a new warnings.py", ["SlowWarning"]),
        ("Move all functions of cart.py to money.py", ["add_item", "total_price"]),
    ],
)
def test_selections_of_a_move(instruction: str, symbols: list[str], index: Index) -> None:
    (operation,) = _plan(instruction, index, kind="move")
    assert [s.partition("::")[2] for s in operation["symbols"]] == symbols


def test_a_merge(index: Index) -> None:
    (operation,) = _plan("Merge everything of cart.py into client.py and delete cart.py", index, kind="merge-files")
    assert (operation["source"], operation["target"]) == ("shop/cart.py", "shop/client.py")


def test_mentions_keep_what_they_were_matched_to(index: Index) -> None:
    (near,) = [m for m in find_mentions("rename total_prise to x_y", index) if m.text == "total_prise"]
    assert near.matches[0].ref == "shop/cart.py::total_price"
    assert near.matches[0].score < 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("default False", "False"),
        ("keep the base case false.", "False"),
        ("defaulting to None", "None"),
        ("with a default value of 30", "30"),
        ("Set the default value of 'log' to False", "False"),
        ("set its default value to `False`", "False"),
        ("log=False as base", "False"),
        ("no value named", None),
    ],
)
def test_defaults(text: str, expected: str | None) -> None:
    assert cues.default_value(text, "log") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all calls pass x", "all"),
        ("everywhere except in the tests", "all_but_tests"),
        ("all usages except the ones in tests", "all_but_tests"),
        ("all the other files except tests", "all_but_tests"),
        ("only in tests", "only_tests"),
        ("In the test calls of the function", "only_tests"),
        ("all calls in test_basic.py", None),
        ("the client passes it", None),
    ],
)
def test_call_sites(text: str, expected: str | None) -> None:
    assert cues.call_sites(text) == expected


def test_styles() -> None:
    assert cues.in_style("get_new_ioloop", "camel") == "getNewIoloop"
    assert cues.in_style("getNewIOLoop", "snake") == "get_new_ioloop"
    assert cues.in_style("_make_item", "pascal") == "_MakeItem"
