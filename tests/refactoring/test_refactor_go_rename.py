"""rename_symbol on Go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from go_shop import SHOP, Changed, changed

from v4cli.errors import Refused
from v4cli.refactoring.operations.rename_symbol import RenameSymbol

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]
Rename = Callable[..., Changed]


@pytest.fixture
def rename(make_repository: MakeRepository) -> Rename:
    def go(symbol: str, new: str, **files: str) -> Changed:
        extra = {path.replace("__", "/") + ".go": text for path, text in files.items()}
        return changed(make_repository(SHOP | extra), RenameSymbol(symbol=symbol, new_name=new))

    return go


def test_a_function_with_its_comment_its_examples_and_all_users(rename: Rename) -> None:
    found = rename("cart/cart.go::Total", "Sum")
    assert "// Sum adds the lines up.\nfunc Sum(" in found.text("cart/cart.go")
    assert "fmt.Println(cart.Sum(lines), cart.Rate)" in found.text("main.go")
    assert "func ExampleSum() {\n\tfmt.Println(cart.Sum(nil))" in found.text("cart/cart_test.go")
    assert "func TestTotal(" in found.text("cart/cart_test.go")
    assert "Call `cart.Sum` of" in found.text("README.md")


def test_a_method_with_the_interface_that_its_type_has(rename: Rename) -> None:
    found = rename("cart/cart.go::Line.Name", "Title")
    assert "\tTitle(upper bool) string\n" in found.text("cart/cart.go")
    assert "// Title gives the name.\nfunc (l *Line) Title(" in found.text("cart/cart.go")
    assert "item.Title(true)" in found.text("cart/show.go")
    assert "func ExampleLine_Title()" in found.text("cart/cart_test.go")


def test_an_interface_that_is_had_through_an_embedded_type(rename: Rename) -> None:
    tree = (
        "package tree\n\ntype Node interface {\n\tAdd(n Node)\n\tKind() string\n}\n\n"
        "type Base struct{ children []Node }\n\nfunc (b *Base) Add(n Node) { b.children = append(b.children, n) }\n\n"
        'type Leaf struct{ Base }\n\nfunc (*Leaf) Kind() string { return "leaf" }\n\nvar _ Node = &Leaf{}\n'
    )
    found = rename("tree/tree.go::Node.Add", "Append", tree__tree=tree)
    assert "func (b *Base) Append(n Node)" in found.text("tree/tree.go")


def test_an_embedded_type_is_a_field_too(rename: Rename) -> None:
    box = "package cart\n\ntype Box struct {\n\tLine\n}\n\nvar box = Box{Line: Line{Price: 1}}\n\nvar price = box.Line.Price\n"
    found = rename("cart/cart.go::Line", "Item", cart__box=box)
    assert "type Box struct {\n\tItem\n}\n\nvar box = Box{Item: Item{Price: 1}}" in found.text("cart/box.go")
    assert "box.Item.Price" in found.text("cart/box.go")


def test_a_field_of_a_struct_without_a_name(rename: Rename) -> None:
    text = (
        "package cart\n\nfunc each() {\n\tfor _, c := range []struct {\n\t\tline  *Line\n\t\tPrice int\n\t}{{nil, 1}} {\n"
        "\t\tprintln(c.line.Price, c.Price)\n\t}\n}\n"
    )
    assert "println(c.line.Worth, c.Price)" in rename("cart/cart.go::Line.Price", "Worth", cart__each=text).text(
        "cart/each.go"
    )


@pytest.mark.parametrize(
    ("symbol", "new", "reason"),
    [
        ("cart/cart.go::Total", "total", "another package uses Total"),
        ("cart/cart.go::tax", "line", "line is a local name there"),
        ("cart/cart.go::tax", "Rate", "Rate is defined there"),
        ("cart/cart.go::tax", "log", "log is the name of an import"),
        ("cart/show.go::show", "append", "append means something else there"),
        ("cart/cart.go::Total", "func", "reserved word"),
        ("main.go::main", "start", "special in Go"),
        ("cart/cart_test.go::TestTotal", "CheckTotal", "go test runs it for its name"),
    ],
)
def test_names_that_would_clash(rename: Rename, symbol: str, new: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        rename(symbol, new)


def test_methods_that_the_standard_library_may_ask_for(rename: Rename) -> None:
    text = 'package cart\n\nfunc (l Line) String() string { return "line" }\n'
    with pytest.raises(Refused, match=r"has the interface fmt\.Stringer of the standard library"):
        rename("cart/text.go::Line.String", "Text", cart__text=text)
    fine = "package cart\n\nfunc (l Line) String(of int) (string, int) { return l.name, of }\n"
    assert "Text(of int)" in rename("cart/text.go::Line.String", "Text", cart__text=fine).text("cart/text.go")


def test_an_interface_that_has_no_definition(rename: Rename) -> None:
    text = "package cart\n\nfunc named(x any) bool {\n\t_, ok := x.(interface{ Name(bool) string })\n\treturn ok\n}\n"
    with pytest.raises(Refused, match="an interface without a name, or of a function, has a method"):
        rename("cart/cart.go::Line.Name", "Title", cart__named=text)


def test_a_name_that_is_bound_outside_of_go(rename: Rename) -> None:
    text = 'package cart\n\nimport _ "unsafe"\n\n//go:linkname tax runtime.tax\n'
    with pytest.raises(Refused, match="bound by its name"):
        rename("cart/cart.go::tax", "levy", cart__link=text)


def test_a_method_of_a_larger_interface_of_the_standard_library(rename: Rename) -> None:
    some = "package cart\n\ntype List []Line\n\nfunc (l List) Len() int { return len(l) }\n"
    assert "func (l List) Count() int" in rename("cart/list.go::List.Len", "Count", cart__list=some).text(
        "cart/list.go"
    )
    more = "\nfunc (l List) Less(i, j int) bool { return i < j }\n\nfunc (l List) Swap(i, j int) {}\n"
    with pytest.raises(Refused, match=r"has the interface sort\.Interface of the standard library"):
        rename("cart/list.go::List.Len", "Count", cart__list=some + more)
