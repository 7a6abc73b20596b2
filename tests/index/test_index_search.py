"""Search over definitions and text: what is found first, what is kept up to date, what is survived."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from repo_index import Index
from repo_index.records import Hit
from repo_index.search import FILE_NAME

FILES = {
    "shop/cart.py": '''"""The shopping cart."""
import logging

log = logging.getLogger(__name__)


class ShoppingCart:
    """Holds the items that a customer wants to buy."""

    def add_item(self, item, quantity=1):
        """Put an item into the cart."""
        self.items[item] = quantity

    def total_price(self, currency):
        """Sum of all prices, with discounts applied."""
        return sum(price(i, currency) for i in self.items)


def apply_discount(price, percent):
    def rounded(value):
        return round(value, 2)

    return rounded(price * (1 - percent / 100))
''',
    "shop/http.py": '''class HTTPAdapter:
    """Sends requests over a pooled connection."""

    def send(self, request, timeout=None):
        return request


def getUserName(session):
    return session.user
''',
    "shop/static.ts": "export function renderCart(cart: Cart): string {\n  return cart.items.join()\n}\n",
    "tests/test_cart.py": """from shop.cart import ShoppingCart


def test_total_price_of_an_empty_cart():
    assert ShoppingCart().total_price("EUR") == 0
""",
    "README.md": "# Shop\n\nA shop.\n\n## Deployment\n\nRun the container behind a reverse proxy.\n",
    "CHANGES.md": "# Changes\n\n- total price of the shopping cart, discounts, deployment\n",
    "logo.png": b"\x89PNG\r\n\x1a\n\x00\x00",
}

Make = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def shop(make_repository: Make) -> Index:
    return Index.open(make_repository(FILES)).refresh()


def first(hits: list[Hit]) -> str:
    return hits[0].symbol or hits[0].path


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("HTTPAdapter", "shop/http.py::HTTPAdapter"),
        ("where is http adapter", "shop/http.py::HTTPAdapter"),
        ("HTTPAdapter.send", "shop/http.py::HTTPAdapter.send"),
        ("how is the total price computed?", "shop/cart.py::ShoppingCart.total_price"),
        ("get_user_name", "shop/http.py::getUserName"),
        ("applying discounts", "shop/cart.py::apply_discount"),
        ("ShopingCart", "shop/cart.py::ShoppingCart"),
        ("total_pr", "shop/cart.py::ShoppingCart.total_price"),
        ("reverse proxy deployment", "README.md"),
        ("is there a test for the empty cart", "tests/test_cart.py::test_total_price_of_an_empty_cart"),
        ("renderCart", "shop/static.ts::renderCart"),
    ],
)
def test_the_best_hit_stands_first(shop: Index, query: str, expected: str) -> None:
    assert first(shop.search(query)) == expected


def test_a_hit_has_the_lines_of_its_definition(shop: Index) -> None:
    hit = shop.search("add_item")[0]
    assert (hit.path, hit.start_line, hit.end_line) == ("shop/cart.py", 10, 12)
    assert hit.snippet.startswith("def add_item(self, item, quantity=1)")


def test_a_hit_in_a_document_is_the_section(shop: Index) -> None:
    hit = shop.search("deployment container")[0]
    assert (hit.path, hit.start_line, hit.end_line, hit.symbol) == ("README.md", 5, 7, None)


def test_results_are_narrowed_by_language_path_and_limit(shop: Index) -> None:
    assert {h.path for h in shop.search("cart", languages=["typescript"])} == {"shop/static.ts"}
    assert {h.path for h in shop.search("cart", paths=["tests"])} == {"tests/test_cart.py"}
    assert {h.path for h in shop.search("cart", paths=["*.md"])} <= {"README.md", "CHANGES.md"}
    assert len(shop.search("cart", limit=2)) == 2
    assert shop.search("cart", limit=0) == []


@pytest.mark.parametrize(
    "query", ["", "the", '"', "a OR b NOT (", "name:", "*", "NEAR(x", "ünïcödé", "\x00", "x" * 5000]
)
def test_no_query_is_a_syntax_error(shop: Index, query: str) -> None:
    assert isinstance(shop.search(query), list)


def test_a_name_in_the_question_finds_the_file(shop: Index) -> None:
    assert {h.path for h in shop.search("what is in http.py", limit=3)} == {"shop/http.py"}


def test_search_follows_edits_and_does_not_depend_on_the_past(make_repository: Make) -> None:
    root = make_repository(FILES)
    index = Index.open(root).refresh()
    before = index.search("total price of the cart")
    (root / "shop/cart.py").write_text("def total_weight(cart):\n    return 0\n")
    (root / "README.md").unlink()
    index.refresh()
    assert first(index.search("total_weight")) == "shop/cart.py::total_weight"
    assert not any(h.path == "README.md" for h in index.search("reverse proxy"))
    subprocess.run(["git", "-C", str(root), "checkout", "-q", "."], check=True)
    assert index.refresh().search("total price of the cart") == before
    assert Index.open(root).refresh().search("total price of the cart") == before
    (root / ".git/v4" / FILE_NAME).unlink()
    assert Index.open(root).refresh().search("total price of the cart") == before


def test_overlays_and_commits_are_searched_as_they_are(shop: Index) -> None:
    changed = shop.with_changes({"shop/new.py": b"def frobnicate():\n    pass\n", "shop/cart.py": None})
    assert first(changed.search("frobnicate")) == "shop/new.py::frobnicate"
    assert not any(h.path == "shop/cart.py" for h in changed.search("apply_discount"))
    assert first(shop.search("apply_discount")) == "shop/cart.py::apply_discount"
    assert first(Index.of_commit(shop.root).search("apply_discount")) == "shop/cart.py::apply_discount"


def test_a_damaged_database_is_made_anew(shop: Index) -> None:
    expected = shop.search("cart")
    file = shop.root / ".git/v4" / FILE_NAME
    for damage in (b"not a database" * 500, b""):
        for suffix in ("-wal", "-shm"):
            Path(f"{file}{suffix}").unlink(missing_ok=True)
        file.write_bytes(damage)
        assert Index.open(shop.root).refresh().search("cart") == expected


def test_a_database_damaged_inside_is_made_anew(shop: Index) -> None:
    expected = shop.search("cart")
    file = shop.root / ".git/v4" / FILE_NAME
    shop.search("cart")
    content = bytearray(file.read_bytes())
    content[2000:] = b"\xa5" * (len(content) - 2000)
    for suffix in ("-wal", "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
    file.write_bytes(bytes(content))
    assert Index.open(shop.root).refresh().search("cart") == expected


def test_names_that_are_not_utf8_can_be_found(make_repository: Make) -> None:
    root = make_repository({"a.py": "def alpha():\n    pass\n"})
    (root / "caf\udce9.py").write_bytes(b"def beta():\n    pass\n")
    hits = Index.open(root).refresh().search("beta")
    assert hits[0].path == "caf\udce9.py"


def test_an_empty_repository_has_no_hits(make_repository: Make) -> None:
    assert Index.open(make_repository({})).refresh().search("anything") == []


def test_processes_that_search_at_once_agree(make_repository: Make) -> None:
    root = make_repository({f"m{n}.py": f"def common_{n}():\n    return 'shared words {n}'\n" for n in range(120)})
    Index.open(root).refresh()
    code = (
        "import sys; from repo_index import Index\n"
        "print([h.symbol for h in Index.open(sys.argv[1]).refresh().search('common shared words', limit=200)])"
    )
    command = [sys.executable, "-c", code, str(root)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    found = {process.communicate(timeout=120)[0] for process in running}
    assert len(found) == 1 and found.pop().count("common_") == 120


def test_text_that_decodes_to_lone_surrogates_is_indexed(make_repository: Make) -> None:
    root = make_repository({"a.py": b"# coding: raw_unicode_escape\n# \xff\ndef wanted(x='\\ud800'):\n    pass\n"})
    assert first(Index.open(root).refresh().search("wanted")).startswith("a.py")


def test_a_file_deleted_after_indexing_is_passed_over(make_repository: Make) -> None:
    root = make_repository({"a.py": "def alpha():\n    pass\n", "b.py": "def beta():\n    pass\n"})
    Index.open(root).refresh()
    index = Index.open(root).refresh()
    (root / "a.py").unlink()
    assert first(index.search("beta")) == "b.py::beta"
