"""Instructions for classes, methods, merged functions and parameter objects; none of them needs the model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from repo_index import Index
from v4cli.errors import NothingToDo
from v4cli.refactoring import planner
from v4cli.refactoring.planning.questions import Answered, Question

FILES = {
    "shop/__init__.py": "",
    "shop/prices.py": (
        "def net_price(item):\n    return item\n\n\ndef gross_price(item):\n    return item\n\n\n"
        "class PriceList:\n    pass\n"
    ),
    "shop/client.py": (
        "class HTTPClient:\n    def fetch_page(self, host, port=80, retries=1, delay=0):\n        return host\n\n\n"
        "def open_client(host, port):\n    return HTTPClient()\n"
    ),
    "shop/_rates.py": "VAT_RATE = 20\n",
    "shop/tax.py": "from shop._rates import VAT_RATE\n\n\ndef vat_of(price):\n    return price * VAT_RATE\n",
}


class Silent:
    """Fails on any question but that for the kind, which it answers with "other"."""

    def __init__(self) -> None:
        self.answered: list[Answered] = []

    def choose(self, question: Question, instruction: str, options: Sequence[str]) -> str:
        assert question.name == "kind", question.name
        return "other"


@pytest.fixture
def index(make_repository: Any) -> Index:
    root: Path = make_repository(FILES)
    return Index.open(root).refresh()


def _plan(instruction: str, index: Index) -> list[dict[str, Any]]:
    def no_model() -> Any:
        raise AssertionError("the model is not needed here")

    made = planner.plan(instruction, index, no_model, Silent())
    return [{"kind": o.kind, **o.model_dump(exclude_defaults=True)} for o in made.operations]


PRICES = ["shop/prices.py::net_price", "shop/prices.py::gross_price"]


@pytest.mark.parametrize(
    ("instruction", "symbols"),
    [
        ("Create a new class called Prices for the functions net_price and gross_price in prices.py", PRICES),
        ("Group net_price() and gross_price() into a Prices class.", PRICES),
        ("Wrap all the functions of prices.py in a class named Prices", PRICES),
        ("Implement a class Prices in prices.py that holds `net_price` and `gross_price` as static methods", PRICES),
        ("net_price and gross_price should be static methods of a new class Prices", PRICES),
        ("Make the functions in prices.py static methods of a class Prices", PRICES),
        ("Put net_price inside a new helper class called Prices and update all callers", PRICES[:1]),
    ],
)
def test_functions_into_a_class(instruction: str, symbols: list[str], index: Index) -> None:
    (operation,) = _plan(instruction, index)
    assert operation == {"kind": "gather_functions", "symbols": symbols, "class_name": "Prices"}


@pytest.mark.parametrize(
    ("instruction", "function", "owner", "static"),
    [
        ("Turn net_price into a method of the PriceList class", PRICES[0], "shop/prices.py::PriceList", False),
        ("Make `open_client` a static method of HTTPClient", "shop/client.py::open_client", "", True),
        ("Move the function vat_of from tax.py to the `PriceList` class", "shop/tax.py::vat_of", "", False),
        ("make open_client part of HTTPClient", "shop/client.py::open_client", "shop/client.py::HTTPClient", False),
        ("Refactor open_client() as a method for the class shop.client.HTTPClient.", "", "", False),
    ],
)
def test_a_function_into_an_existing_class(
    instruction: str, function: str, owner: str, static: bool, index: Index
) -> None:
    (operation,) = _plan(instruction, index)
    assert operation["kind"] == "function_to_method"
    assert operation.get("static", False) is static
    assert not function or operation["symbol"] == function
    assert not owner or operation["class_symbol"] == owner


@pytest.mark.parametrize(
    "instruction",
    [
        "Merge net_price and gross_price into one function price(item, gross=False): "
        "if gross is true it behaves like gross_price, otherwise like net_price",
        "Combine the functions net_price and gross_price into a single function called `price` with a flag `gross`, "
        "default False. When gross is False it does what net_price did.",
        "Unify net_price and gross_price in a common function named price. It takes a parameter `gross` that is False "
        "by default; it acts as gross_price when gross is true and as net_price when gross is false.",
    ],
)
def test_two_functions_into_one(instruction: str, index: Index) -> None:
    (operation,) = _plan(instruction, index)
    assert operation == {
        "kind": "merge_functions",
        "first": PRICES[1],
        "second": PRICES[0],
        "new_name": "price",
        "flag": "gross",
        "default": False,
    }


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        (
            "Wrap the parameters of HTTPClient.fetch_page in a dataclass named FetchConfig in a new file config.py",
            {"target": "shop/config.py"},
        ),
        (
            "Introduce a parameter object called FetchConfig for the arguments retries and delay of fetch_page",
            {"parameters": ["retries", "delay"]},
        ),
        (
            "Bundle the arguments retries and delay of fetch_page into a FetchConfig object",
            {"parameters": ["retries", "delay"]},
        ),
        ("Group fetch_page's arguments into an immutable dataclass FetchConfig", {"frozen": True}),
    ],
)
def test_parameters_into_an_object(instruction: str, expected: dict[str, Any], index: Index) -> None:
    (operation,) = _plan(instruction, index)
    assert operation == {
        "kind": "introduce_parameter_object",
        "symbol": "shop/client.py::HTTPClient.fetch_page",
        "class_name": "FetchConfig",
        **expected,
    }


@pytest.mark.parametrize(
    "instruction",
    [
        "shop._rates is only used by shop.tax. Move the rates into tax and remove the original file.",
        "Integrate _rates.py into tax.py and delete _rates.py afterwards",
        "Put what is in _rates.py in tax.py, then get rid of the old module",
        "Fold '_rates.py' into 'tax.py'; '_rates.py' should be removed.",
    ],
)
def test_a_file_that_goes_away_is_merged(instruction: str, index: Index) -> None:
    (operation,) = _plan(instruction, index)
    assert operation == {"kind": "merge_modules", "source": "shop/_rates.py", "target": "shop/tax.py"}


@pytest.mark.parametrize(
    ("instruction", "missing"),
    [
        ("Merge net_price and gross_price into a single function called price", "how does the one function tell"),
        ("Merge net_price and gross_price into one function with a flag `gross`", "what is the one function called"),
        ("Merge net_price and gross_price into one function price(item, gross=True)", "which of net_price and gross"),
        ("Wrap the parameters of fetch_page in a dataclass", "what is the class of the parameters called"),
    ],
)
def test_what_is_missing_is_said(instruction: str, missing: str, index: Index) -> None:
    with pytest.raises(NothingToDo, match=missing):
        _plan(instruction, index)


@pytest.mark.parametrize(
    "instruction",
    [
        "Move net_price from prices.py to tax.py and remove it from prices.py",
        "Move the class PriceList to a new file lists.py",
        "Take vat_of out of tax.py and put it into prices.py, the module with the PriceList class",
    ],
)
def test_moves_stay_moves(instruction: str, index: Index) -> None:
    try:
        made = _plan(instruction, index)
    except NothingToDo as asked:
        assert "no operation does this" in str(asked)
    else:
        assert {o["kind"] for o in made} <= {"move_symbols", "merge_modules"}
