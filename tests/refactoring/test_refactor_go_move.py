"""move_symbols on Go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from go_shop import SHOP, Changed, changed

from v4cli.errors import Refused
from v4cli.refactoring.operations.move_symbols import MoveSymbols

LOGS = 'package cart\n\nimport "example.org/shop/internal/log"\n\nfunc note() { log.Print("note") }\n'
MakeRepository = Callable[[Mapping[str, str | bytes]], Path]
Move = Callable[..., Changed]


@pytest.fixture
def move(make_repository: MakeRepository) -> Move:
    def go(source: str, names: str, target: str, files: Mapping[str, str] | None = None, **fields: Any) -> Changed:
        symbols = [f"{source}::{name}" for name in names.split()]
        return changed(make_repository(SHOP | dict(files or {})), MoveSymbols(symbols=symbols, target=target, **fields))

    return go


def test_to_a_new_package_with_what_only_it_uses(move: Move) -> None:
    found = move("cart/cart.go", "Total", "cart/sum/sum.go")
    assert found.text("cart/sum/sum.go").startswith(
        "// Copyright the shop.\n\npackage sum\n\n"
        'import (\n\t"example.org/shop/cart"\n\t"example.org/shop/internal/log"\n)\n\n'
        "// tax is what the state takes.\nfunc tax(line cart.Line) float64 {\n\treturn line.Price * cart.Rate\n}\n\n"
        "// Total adds the lines up.\nfunc Total(lines []cart.Line) float64 {\n"
    )
    assert 'import (\n\t"errors"\n\t"strings"\n)\n' in found.text("cart/cart.go")
    assert "Println(sum.Total(lines), cart.Rate)" in found.text("main.go")
    assert '\t"example.org/shop/cart"\n\t"example.org/shop/cart/sum"\n' in found.text("main.go")
    assert "Call `sum.Total`" in found.text("README.md")
    assert found.outcome.notes == ["tax is used by the moved code alone and comes along"]


def test_between_files_of_a_package_only_imports_matter(move: Move) -> None:
    found = move("cart/cart.go", "Total", "cart/show.go")
    assert sorted(found) == ["cart/cart.go", "cart/show.go"]
    assert found.text("cart/show.go").startswith('package cart\n\nimport "example.org/shop/internal/log"\n\nfunc show')
    assert "internal/log" not in found.text("cart/cart.go")


def test_what_stays_asks_the_new_package(move: Move) -> None:
    found = move("cart/cart.go", "Rate", "rates/rates.go")
    assert (
        found.text("rates/rates.go")
        == "// Copyright the shop.\n\npackage rates\n\n// Rate is the tax.\nconst Rate = 0.2\n"
    )
    assert "return line.Price * rates.Rate" in found.text("cart/cart.go")
    assert "cart.Total(lines), rates.Rate" in found.text("main.go")


def test_a_user_becomes_the_owner(move: Move) -> None:
    files = {"main.go": 'package main\n\nimport "example.org/shop/rates"\n\nfunc main() {\n\tprintln(rates.Low)\n}\n'}
    files["rates/rates.go"] = "package rates\n\nconst (\n\t// Low is low.\n\tLow = 0.07\n\n\tHigh = 0.2\n)\n"
    found = move("rates/rates.go", "Low", "main.go", files)
    assert found.text("main.go") == (
        "package main\n\nfunc main() {\n\tprintln(Low)\n}\n\n// Low is low.\nconst Low = 0.07\n"
    )
    assert found.text("rates/rates.go") == "package rates\n\nconst (\n\tHigh = 0.2\n)\n"


def test_a_type_takes_its_methods_along_from_every_file(move: Move) -> None:
    files = {
        "cart/a.go": "package cart\n\ntype Point struct{ X, Y int }\n\nvar origin = Point{X: 0}\n",
        "cart/b.go": "package cart\n\nfunc (p Point) Sum() int { return p.X + p.Y }\n",
    }
    found = move("cart/a.go", "Point", "geo/geo.go", files)
    assert found.text("geo/geo.go") == (
        "package geo\n\ntype Point struct{ X, Y int }\n\nfunc (p Point) Sum() int { return p.X + p.Y }\n"
    )
    assert "var origin = geo.Point{X: 0}" in found.text("cart/a.go")
    assert found["cart/b.go"] is None


def test_a_name_that_is_taken_by_a_variable_gives_an_alias(move: Move) -> None:
    files = {"cart/sum.go": "package cart\n\nfunc twice() float64 {\n\trates := 2.0\n\treturn rates * Rate\n}\n"}
    found = move("cart/cart.go", "Rate", "tax/rates/rates.go", files)
    assert 'import taxrates "example.org/shop/tax/rates"' in found.text("cart/sum.go")
    assert "return rates * taxrates.Rate" in found.text("cart/sum.go")
    assert "line.Price * rates.Rate" in found.text("cart/cart.go")


def test_the_old_package_goes_on_offering_the_names(move: Move) -> None:
    found = move("cart/cart.go", "Rate", "rates/rates.go", keep_alias=True)
    assert found.text("cart/cart.go").endswith("\n// Rate is rates.Rate.\nconst Rate = rates.Rate\n")
    assert "return line.Price * Rate" in found.text("cart/cart.go")


@pytest.mark.parametrize(
    ("names", "target", "files", "reason"),
    [
        ("Total", "tax/tax.go", {"cart/tax.go": "package cart\n\nvar t = tax(Line{})\n"}, "does not export: tax"),
        ("tax", "tax/tax.go", {}, "goes on using what is not exported: tax"),
        (
            "Rate",
            "internal/log/log.go",
            {"internal/log/rate.go": "package log\n\nvar Rate = 1\n"},
            "defined there already",
        ),
        (
            "Total",
            "internal/log/log.go",
            {"cart/log.go": LOGS},
            "import cycle example.org/shop/internal/log -> .*/cart -> .*/log",
        ),
        ("Line.Name", "tax/tax.go", {}, "belongs to Line and moves with it"),
        ("Rate", "cart/rate_windows.go", {}, "is not built when"),
        ("Rate", "main.go", {}, "nothing can import"),
    ],
)
def test_what_cannot_move(move: Move, names: str, target: str, files: Mapping[str, str], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        move("cart/cart.go", names, target, files)


def test_fields_that_are_not_exported_hold_code_together(move: Move) -> None:
    files = {"cart/read.go": "package cart\n\nfunc read(l Line) string { return l.name }\n"}
    with pytest.raises(Refused, match=r"Line\.name is not exported, and is used on the other side"):
        move("cart/cart.go", "Line", "line/line.go", files)
    ordered = {"p/p.go": "package p\n\ntype T struct{ a, B int }\n\nvar t = T{1, 2}\n"}
    with pytest.raises(Refused, match="written by the order of its fields"):
        move("p/p.go", "T", "q/q.go", ordered)


def test_constants_that_count_stay_together(move: Move) -> None:
    files = {"k/k.go": "package k\n\nconst (\n\tA = iota\n\tB\n)\n"}
    with pytest.raises(Refused, match="B is declared together with it"):
        move("k/k.go", "A", "l/l.go", files)
    assert move("k/k.go", "A B", "l/l.go", files).text("l/l.go") == "package l\n\nconst (\n\tA = iota\n\tB\n)\n"
