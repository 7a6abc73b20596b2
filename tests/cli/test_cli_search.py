"""v4 search from the command line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from v4cli.commands import search
from v4cli.errors import NothingToDo, UsageError

Make = Callable[[Mapping[str, str | bytes]], Path]
V4 = Callable[..., "subprocess.CompletedProcess[str]"]

FILES = {
    "shop/cart.py": "def remove_item(cart, item):\n    cart.items.remove(item)\n",
    "web/cart.js": "export function removeItem(cart, item) { return cart.without(item); }\n",
    "README.md": "# Shop\n\nHow an item leaves the cart.\n",
}


@pytest.fixture
def root(make_repository: Make) -> Path:
    return make_repository(FILES)


def hits(capsys: pytest.CaptureFixture[str], query: str, **options: object) -> list[str]:
    search.search(query, json=True, **options)  # type: ignore[arg-type]
    return [h["symbol"] or h["path"] for h in json.loads(capsys.readouterr().out)["hits"]]


def test_hits_are_definitions_with_lines(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    search.search("remove an item from the cart", json=True, repo=root)
    found = json.loads(capsys.readouterr().out)
    assert (found["command"], found["query"]) == ("search", "remove an item from the cart")
    assert {"path", "line", "end_line", "symbol", "score", "snippet"} == set(found["hits"][0])
    assert found["hits"][0]["end_line"] - found["hits"][0]["line"] <= 1


def test_filters_by_language_and_path(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert hits(capsys, "remove item", repo=root, lang=["python"]) == ["shop/cart.py::remove_item"]
    assert hits(capsys, "remove item", repo=root, path=["web"]) == ["web/cart.js::removeItem"]
    assert hits(capsys, "remove item", repo=root, path=["*.js"]) == ["web/cart.js::removeItem"]
    assert len(hits(capsys, "remove item", repo=root, limit=1)) == 1


def test_what_cannot_be_found_is_said(root: Path) -> None:
    with pytest.raises(UsageError, match="no file is of the language cobol"):
        search.search("x", lang=["cobol"], repo=root)
    with pytest.raises(NothingToDo):
        search.search("zzzzqqqq", repo=root)
    with pytest.raises(UsageError, match="outside"):
        search.search("remove", path=["/nowhere"], repo=root)
