"""rename_module on Go: packages and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from go_shop import SHOP, Changed, changed

from v4cli.errors import NothingToDo, Refused
from v4cli.refactoring.operations.rename_module import RenameModule

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]
Rename = Callable[..., Changed]


@pytest.fixture
def rename(make_repository: MakeRepository) -> Rename:
    def go(path: str, new: str, files: Mapping[str, str] | None = None) -> Changed:
        return changed(make_repository(SHOP | dict(files or {})), RenameModule(path=path, new_path=new))

    return go


def test_a_package_its_clauses_importers_and_qualifiers(rename: Rename) -> None:
    found = rename("cart", "basket")
    assert "// Package basket adds up.\npackage basket\n" in found.text("basket/cart.go")
    assert "package basket_test\n" in found.text("basket/cart_test.go")
    assert '"example.org/shop/basket"\n' in found.text("main.go")
    assert "basket.Total(lines), basket.Rate" in found.text("main.go")
    assert found.text("README.md") == "Call `cart.Total` of example.org/shop/basket, in basket/cart.go.\n"
    assert found["cart/cart.go"] is None


def test_a_package_in_another_folder_keeps_its_name(rename: Rename) -> None:
    found = rename("cart", "trade/cart")
    assert '\t"example.org/shop/trade/cart"\n' in found.text("main.go")
    assert "cart.Total(lines)" in found.text("main.go")
    assert "package cart\n" in found.text("trade/cart/cart.go")


def test_an_alias_stays_and_a_name_that_is_taken_gets_one(rename: Rename) -> None:
    files = {
        "a/a.go": 'package a\n\nimport c "example.org/shop/cart"\n\nvar Rate = c.Rate\n',
        "b/b.go": 'package b\n\nimport "example.org/shop/cart"\n\nvar basket = cart.Rate\n',
    }
    found = rename("cart", "basket", files)
    assert 'import c "example.org/shop/basket"\n\nvar Rate = c.Rate\n' in found.text("a/a.go")
    assert 'import cart "example.org/shop/basket"\n\nvar basket = cart.Rate\n' in found.text("b/b.go")


def test_folders_below_move_along(rename: Rename) -> None:
    files = {
        "cart/tax/tax.go": "package tax\n\nconst Low = 0.07\n",
        "low.go": 'package main\n\nimport "example.org/shop/cart/tax"\n\nvar low = tax.Low\n',
    }
    found = rename("cart", "basket", files)
    assert 'import "example.org/shop/basket/tax"\n\nvar low = tax.Low\n' in found.text("low.go")
    assert found.text("basket/tax/tax.go").startswith("package tax\n")


def test_a_package_called_otherwise_than_its_folder(rename: Rename) -> None:
    files = {
        "go-fast/fast.go": "package speedy\n\nconst Limit = 3\n",
        "fast.go": 'package main\n\nimport "example.org/shop/go-fast"\n\nvar limit = speedy.Limit\n',
    }
    found = rename("go-fast", "go-slow", files)
    assert 'import "example.org/shop/go-slow"\n\nvar limit = speedy.Limit\n' in found.text("fast.go")
    assert found.text("go-slow/fast.go").startswith("package speedy\n")


def test_an_internal_package_stays_where_its_importers_see_it(rename: Rename) -> None:
    with pytest.raises(Refused, match=r"may not import example.org/shop/cart/internal/log, which is internal"):
        rename("internal/log", "cart/internal/log")
    assert '"example.org/shop/internal/trace"' in rename("internal/log", "internal/trace").text("cart/cart.go")


def test_a_file_within_its_package(rename: Rename) -> None:
    found = rename("cart/show.go", "cart/list.go")
    assert found["cart/show.go"] is None
    assert sorted(found) == ["cart/list.go", "cart/show.go"]


@pytest.mark.parametrize("new", ["cart/show_test.go", "cart/show_windows.go", "cart/_show.go"])
def test_a_file_name_that_says_when_it_is_built(rename: Rename, new: str) -> None:
    with pytest.raises(Refused, match=r"when it is built|leaves files out"):
        rename("cart/show.go", new)


def test_a_file_into_another_package_takes_its_declarations(rename: Rename) -> None:
    files = {
        "cart/vat.go": "// Copyright the shop.\n\npackage cart\n\n// Vat is a tax.\nconst Vat = Rate + 0.1\n\n// end\n"
    }
    files["vat.go"] = 'package main\n\nimport "example.org/shop/cart"\n\nvar vat = cart.Vat\n'
    found = rename("cart/vat.go", "tax/vat.go", files)
    assert found["cart/vat.go"] is None
    assert found.text("tax/vat.go") == (
        '// Copyright the shop.\n\npackage tax\n\nimport "example.org/shop/cart"\n\n// Vat is a tax.\n'
        "const Vat = cart.Rate + 0.1\n\n// end\n"
    )
    assert found.text("vat.go") == 'package main\n\nimport "example.org/shop/tax"\n\nvar vat = tax.Vat\n'


def test_places_that_are_taken_or_missing(rename: Rename) -> None:
    with pytest.raises(Refused, match="exists already"):
        rename("cart", "internal")
    with pytest.raises(NothingToDo, match="no such file or folder"):
        rename("carts", "basket")
    with pytest.raises(Refused, match="a module of its own"):
        rename("cart", "basket", {"cart/go.mod": "module example.org/cart\n"})
