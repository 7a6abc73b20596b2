"""add_parameter on Go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from go_shop import SHOP, Changed, changed

from v4cli.errors import NothingToDo, Refused
from v4cli.refactoring.operations.add_parameter import AddParameter

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]
Add = Callable[..., Changed]


@pytest.fixture
def add(make_repository: MakeRepository) -> Add:
    def go(symbol: str, name: str, files: Mapping[str, str] | None = None, **fields: Any) -> Changed:
        return changed(make_repository(SHOP | dict(files or {})), AddParameter(symbol=symbol, name=name, **fields))

    return go


def test_every_call_passes_the_default_or_the_value(add: Add) -> None:
    found = add("cart/cart.go::Total", "round", default="false", call_sites="all_but_tests", call_value="true")
    assert "func Total(lines []Line, round bool) float64 {" in found.text("cart/cart.go")
    assert "cart.Total(lines, true)" in found.text("main.go")
    assert "cart.Total(nil, false)" in found.text("cart/cart_test.go")


def test_all_methods_of_an_interface(add: Add) -> None:
    found = add("cart/cart.go::Line.Name", "rate", default="Rate", annotation="float64")
    assert "\tName(upper bool, rate float64) string\n" in found.text("cart/cart.go")
    assert "func (l *Line) Name(upper bool, rate float64) string {" in found.text("cart/cart.go")
    assert "item.Name(true, Rate)" in found.text("cart/show.go")
    assert "line.Name(false, cart.Rate)" in found.text("cart/cart_test.go")


def test_what_the_type_and_the_value_name_is_imported(add: Add) -> None:
    found = add(
        "cart/cart.go::Total",
        "ctx",
        annotation="context.Context",
        call_sites="all",
        call_value="context.TODO()",
        import_modules=["context"],
    )
    assert "func Total(lines []Line, ctx context.Context) float64" in found.text("cart/cart.go")
    for path in ("cart/cart.go", "main.go", "cart/cart_test.go"):
        assert '\t"context"\n' in found.text(path)


def test_forms_of_lists(add: Add) -> None:
    files = {
        "f/f.go": (
            "package f\n\nfunc many(a, b int, rest ...string) {}\n\nfunc unnamed(int, string) {}\n\n"
            "func long(\n\ta int,\n\tb int,\n) {\n}\n\nfunc none() {}\n\nfunc generic[T any](t T) {}\n\n"
            'func all() {\n\tmany(1, 2)\n\tmany(1, 2, "x")\n\tmany(1, 2, []string{}...)\n\tunnamed(1, "")\n'
            "\tlong(\n\t\t1,\n\t\t2,\n\t)\n\tnone()\n\tgo none()\n\tgeneric[int](1)\n}\n"
        )
    }
    many = add("f/f.go::many", "flag", files, default="true").text("f/f.go")
    assert "func many(a, b int, flag bool, rest ...string)" in many
    assert 'many(1, 2, true)\n\tmany(1, 2, true, "x")\n\tmany(1, 2, true, []string{}...)' in many
    unnamed = add("f/f.go::unnamed", "flag", files, default="1").text("f/f.go")
    assert "func unnamed(int, string, int)" in unnamed
    long = add("f/f.go::long", "c", files, default='"x"').text("f/f.go")
    assert "\ta int,\n\tb int,\n\tc string,\n) {" in long
    assert '\t\t1,\n\t\t2,\n\t\t"x",\n\t)' in long
    none = add("f/f.go::none", "c", files, default="2.5").text("f/f.go")
    assert "func none(c float64)" in none and "none(2.5)\n\tgo none(2.5)" in none
    assert "generic[int](1, true)" in add("f/f.go::generic", "c", files, default="true").text("f/f.go")


def test_a_caller_that_has_it_passes_it_on(add: Add) -> None:
    files = {"f/f.go": "package f\n\nfunc a(n int) {\n\tif n > 0 {\n\t\ta(n)\n\t}\n}\n\nfunc b(deep bool) { a(1) }\n"}
    found = add("f/f.go::a", "deep", files, default="false", call_sites="all", call_value="true", forward=True)
    assert "a(n, deep)" in found.text("f/f.go")
    assert "func b(deep bool) { a(1, deep) }" in found.text("f/f.go")


@pytest.mark.parametrize(
    ("symbol", "name", "fields", "reason"),
    [
        ("cart/cart.go::Total", "round", {}, "no default to pass"),
        ("cart/cart.go::Total", "round", {"default": "nil"}, "give the annotation"),
        ("cart/cart.go::Total", "round", {"default": "1 +"}, "not a Go expression"),
        ("cart/cart.go::Total", "type", {"default": "1"}, "cannot be the name of a parameter"),
        ("cart/cart.go::Total", "sum", {"default": "1"}, "uses another sum"),
        ("cart/cart_test.go::TestTotal", "x", {"default": "1"}, "the Go tools call it"),
        ("main.go::main", "x", {"default": "1"}, "the Go tools call it"),
        ("cart/cart.go::Rate", "x", {"default": "1"}, "not a function"),
    ],
)
def test_what_cannot_be(add: Add, symbol: str, name: str, fields: Mapping[str, Any], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        add(symbol, name, **fields)


def test_functions_as_values_and_calls_that_pass_several_results(add: Add) -> None:
    with pytest.raises(Refused, match="used there without a call"):
        add("f/f.go::a", "x", {"f/f.go": "package f\n\nfunc a() {}\n\nvar v = a\n"}, default="1")
    with pytest.raises(Refused, match="passes on what another call returns"):
        text = "package f\n\nfunc a(x, y int) {}\n\nfunc b() (int, int) { return 1, 2 }\n\nfunc c() { a(b()) }\n"
        add("f/f.go::a", "z", {"f/f.go": text}, default="1")
    with pytest.raises(NothingToDo, match="has a parameter x already"):
        add("f/f.go::a", "x", {"f/f.go": "package f\n\nfunc a(x int) {}\n"}, default="1")
