"""Questions that the graph answers: the phrasing is recognised, the places are right, no model is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from repo_index import Index
from v4cli.answering import exact
from v4cli.answering.citations import CitationFilter, holds, supporting_sources, unknown_names
from v4cli.answering.exact import Citation

FILES = {
    "shop/__init__.py": "",
    "shop/cart.py": (
        "class Cart:\n    def add(self, item):\n        self.items = [item]\n\n    def total(self):\n        return 1\n"
        "\n\nclass BigCart(Cart):\n    pass\n"
    ),
    "shop/till.py": (
        "from .cart import Cart\n\n\ndef pay(cart: Cart):\n    return cart.total()\n"
        "\n\ndef run():\n    return pay(Cart())\n"
    ),
}


@pytest.fixture
def index(make_repository: Callable[[Mapping[str, str]], Path]) -> Index:
    return Index.open(make_repository(FILES)).refresh()


@pytest.mark.parametrize(
    ("question", "places"),
    [
        ("Where is Cart defined?", ["shop/cart.py:1-6"]),
        ("where is Cart.total defined", ["shop/cart.py:5-6"]),
        ("Which file defines pay?", ["shop/till.py:4-5"]),
        ("Who imports shop/cart.py?", ["shop/till.py:1"]),
        ("what imports Cart?", ["shop/till.py:1"]),
        ("What calls pay?", ["shop/till.py:9"]),
        ("callers of Cart.total", ["shop/till.py:5"]),
        ("subclasses of Cart", ["shop/cart.py:9-10"]),
        ("Which classes inherit from Cart?", ["shop/cart.py:9-10"]),
        ("What does shop/till.py import?", ["shop/till.py:1"]),
        ("What would break if I removed pay?", ["shop/till.py:9"]),
        ("what happens if shop/cart.py is deleted", ["shop/till.py:1"]),
    ],
)
def test_exact_questions(question: str, places: list[str], index: Index) -> None:
    found = exact.answer(question, index)
    assert found is not None
    assert [str(f.citation) for f in found.facts] == places
    assert all(holds(f.citation, index) for f in found.facts)


@pytest.mark.parametrize(
    "question",
    [
        "How does the cart work?",
        "Why is Cart imported by till?",
        "where is the retry logic implemented?",
        "Where is Nothing_of_the_kind defined?",
        "Explain pay",
    ],
)
def test_open_questions_are_left_to_the_model(question: str, index: Index) -> None:
    assert exact.answer(question, index) is None


def _filtered(text: str, index: Index, size: int) -> tuple[str, CitationFilter]:
    sources = [Citation("shop/cart.py", 1, 6), Citation("gone.py", 1, 2)]
    checked = CitationFilter(sources, index)
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    return "".join(map(checked.feed, pieces)) + checked.finish(), checked


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_citations_are_checked_as_they_stream(size: int, index: Index) -> None:
    text, checked = _filtered("Cart adds [1]. Gone [2], [9]. See shop/till.py:4 and shop/till.py:400.", index, size)
    assert text == "Cart adds [shop/cart.py:1-6]. Gone,. See shop/till.py:4 and shop/till.py."
    assert checked.cited == [Citation("shop/cart.py", 1, 6), Citation("shop/till.py", 4, 4)]
    assert checked.dropped == 3


def test_brackets_that_are_no_citations_stay(index: Index) -> None:
    text, _ = _filtered("items[0] and [a-z] and list[int]", index, 2)
    assert text == "items[0] and [a-z] and list[int]"


def test_sentences_are_given_the_source_that_supports_them(index: Index) -> None:
    cart, till = Citation("shop/cart.py", 1, 6), Citation("shop/till.py", 4, 5)
    sources = [(cart, "def add(self, item): self.items = [item]  # collects articles"), (till, "def pay(cart): total")]
    text = "The items are articles that the cart collects. Nothing else is known about anything."
    assert supporting_sources(text, sources, index) == [cart]


def test_names_that_exist_nowhere_are_told(index: Index) -> None:
    assert unknown_names("`pay` calls `make_payment()` or `Cart.total`", "", index) == ["make_payment"]
