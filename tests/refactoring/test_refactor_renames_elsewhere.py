"""rename_symbol in languages without operations of their own: done where the graph is exact, else refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from go_shop import Changed, changed

from v4cli.errors import Refused
from v4cli.refactoring.operations.rename_symbol import RenameSymbol

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]

JAVA = {
    "src/p/Shape.java": (
        "package p;\n\npublic class Shape implements Comparable<Shape> {\n    private final int size;\n"
        "    public Shape(int size) { this.size = size; }\n    public int area() { return size * size; }\n"
        "    @Override public int compareTo(Shape o) { return size - o.size; }\n}\n"
    ),
    "src/p/Square.java": (
        "package p;\nclass Square extends Shape {\n    Square() { super(2); }\n"
        "    @Override public int area() { return super.area() + 1; }\n}\n"
    ),
    "src/q/Main.java": (
        "package q;\nimport p.Shape;\npublic class Main {\n"
        "    static int all() { Shape s = new Shape(3); return s.area(); }\n}\n"
    ),
}
C = {
    "a.h": "#define AREA(s) area_of((s)->size)\nstruct shape { int size; };\nint area_of(int size);\n",
    "a.c": (
        '#include "a.h"\nint area_of(int size) { return size * size; }\n'
        "static int twice(struct shape *s) { return 2 * AREA(s) + s->size; }\n"
        "int use(void) { struct shape s = {.size = 1}; return twice(&s); }\n"
    ),
}
CPP = {
    "a.hpp": (
        "#pragma once\nnamespace n {\nclass Shape {\npublic:\n  Shape(int s);\n  virtual ~Shape();\n"
        "  virtual int area() const;\nprivate:\n  int size_;\n};\n}\n"
    ),
    "a.cpp": (
        '#include "a.hpp"\nnamespace n {\nShape::Shape(int s) : size_(s) {}\nShape::~Shape() {}\n'
        "int Shape::area() const { return size_ * size_; }\n}\nint main() { n::Shape s(2); return s.area(); }\n"
    ),
}
CSHARP = {
    "Shape.cs": (
        "namespace P {\n  public class Shape : System.IDisposable {\n    public int Size { get; }\n"
        "    public Shape(int size) { Size = size; }\n    public virtual int Area() => Size * Size;\n"
        "    public void Dispose() {}\n  }\n  public class Square : Shape {\n    public Square() : base(2) {}\n"
        "    public override int Area() => base.Area();\n  }\n}\n"
    ),
    "Main.cs": "using P;\nclass Program { static int All() { var s = new Shape(1); return s.Area() + s.Size; } }\n",
}
KOTLIN = {
    "Shape.kt": (
        "package p\n\nopen class Shape(val size: Int) {\n    open fun area(): Int = size * size\n"
        '    override fun toString() = "x"\n}\n\nclass Square : Shape(2) {\n'
        "    override fun area(): Int = super.area()\n}\n"
    ),
    "Main.kt": "package q\n\nimport p.Shape\n\nfun all() { println(Shape(2).area()) }\n",
}
SCALA = {
    "Cart.scala": (
        "package shop\n\nclass Cart(val size: Int) {\n  def price: Int = size * 2\n}\n\n"
        "object Cart {\n  def of(n: Int): Cart = new Cart(n)\n}\n"
    ),
    "Main.scala": "package app\n\nimport shop.Cart\n\nobject Main {\n  val c = Cart.of(2)\n  println(c.price)\n}\n",
}
RUST = {
    "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\n',
    "src/lib.rs": (
        "use std::fmt;\n\npub trait Named { fn title(&self) -> String; }\npub struct Line { pub price: f64 }\n"
        "impl Named for Line { fn title(&self) -> String { String::new() } }\n"
        'impl fmt::Display for Line { fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { write!(f, "{}", self.title()) } }\n'
    ),
}
PHP = {
    "src/Cart.php": (
        "<?php\nnamespace Shop;\n\nclass Cart implements \\Countable\n{\n"
        "    public function count(): int { return 0; }\n    public function total(): int { return 1; }\n}\n"
    ),
    "src/Main.php": "<?php\nnamespace Shop;\n\nuse Shop\\Cart;\n\n$c = new Cart();\necho $c->total();\n",
}
RUBY = {
    "lib/cart.rb": "module Shop\n  class Cart\n    def total\n      tax(1)\n    end\n\n    def tax(line) = line * 2\n\n"
    "    def to_s = 'x'\n  end\nend\n",
    "main.rb": "require_relative 'lib/cart'\nputs Shop::Cart.new.total\n",
}
SWIFT = {
    "Package.swift": "// swift-tools-version:5.5\n",
    "Sources/Shop/Cart.swift": (
        "protocol Priced { func price() -> Int }\nclass Cart: Priced, CustomStringConvertible {\n"
        '    func price() -> Int { return 2 }\n    var description: String { return "x" }\n}\n'
        "class Big: Cart {\n    override func price() -> Int { return super.price() }\n}\n"
    ),
}
BASH = {
    "lib.sh": 'greet() { echo "hello $1"; }\n',
    "main.sh": "#!/bin/bash\n. ./lib.sh\ngreet world\nresult=$(greet you)\ntrap greet EXIT\n",
}


def rename(make_repository: MakeRepository, files: Mapping[str, str], symbol: str, new: str) -> Changed:
    return changed(make_repository(files), RenameSymbol(symbol=symbol, new_name=new))


@pytest.mark.parametrize(
    ("files", "symbol", "new", "expected"),
    [
        (JAVA, "src/p/Shape.java::Shape.area", "surface", {"src/p/Square.java": "int surface() { return super.surface()", "src/q/Main.java": "s.surface()"}),
        (C, "a.c::area_of", "surface_of", {"a.h": "#define AREA(s) surface_of((s)->size)", "a.c": "int surface_of(int size)"}),
        (C, "a.h::shape.size", "width", {"a.h": "(s)->width)\nstruct shape { int width; };", "a.c": "{.width = 1}"}),
        (CPP, "a.hpp::n.Shape", "Form", {"a.hpp": "virtual ~Form();", "a.cpp": "Form::Form(int s)"}),
        (CPP, "a.hpp::n.Shape.area", "surface", {"a.cpp": "int Shape::surface() const"}),
        (CSHARP, "Shape.cs::P.Shape", "Form", {"Shape.cs": "public Form(int size)", "Main.cs": "new Form(1)"}),
        (CSHARP, "Shape.cs::P.Shape.Area", "Surface", {"Shape.cs": "=> base.Surface()", "Main.cs": "s.Surface()"}),
        (KOTLIN, "Shape.kt::Shape.area", "surface", {"Shape.kt": "= super.surface()", "Main.kt": "Shape(2).surface()"}),
        (SCALA, "Cart.scala::Cart", "Basket", {"Cart.scala": "object Basket {\n  def of(n: Int): Basket", "Main.scala": "Basket.of(2)"}),
        (RUST, "src/lib.rs::Named.title", "name", {"src/lib.rs": "impl Named for Line { fn name(&self)"}),
        (PHP, "src/Cart.php::Cart.total", "sum", {"src/Main.php": "$c->sum()"}),
        (RUBY, "lib/cart.rb::Shop.Cart.total", "sum_up", {"main.rb": "Cart.new.sum_up"}),
        (SWIFT, "Sources/Shop/Cart.swift::Cart.price", "cost", {"Sources/Shop/Cart.swift": "override func cost() -> Int { return super.cost() }"}),
        (BASH, "lib.sh::greet", "welcome", {"lib.sh": "welcome() {", "main.sh": "welcome world\nresult=$(welcome you)\ntrap welcome EXIT"}),
    ],
)  # fmt: skip
def test_what_the_graph_knows(
    make_repository: MakeRepository, files: Mapping[str, str], symbol: str, new: str, expected: Mapping[str, str]
) -> None:
    found = rename(make_repository, files, symbol, new)
    for path, text in expected.items():
        assert text in found.text(path)


@pytest.mark.parametrize(
    ("files", "symbol", "new", "reason"),
    [
        (JAVA, "src/p/Shape.java::Shape.compareTo", "order", "overrides what is not in this repository"),
        (JAVA, "src/p/Shape.java::Shape.<init>", "make", "rename its class"),
        (JAVA, "src/p/Shape.java::Shape.size", "o", "o is used there already"),
        (C, "a.c::twice", "use", "has that name already"),
        (CPP, "a.cpp::main", "start", "cpp itself calls main"),
        (CSHARP, "Shape.cs::P.Shape.Dispose", "Close", r"is a System\.IDisposable, .* may ask for Dispose"),
        (KOTLIN, "Shape.kt::Shape.toString", "text", "overrides what is not in this repository"),
        (SCALA, "Cart.scala::Cart.price", "size", "has that name already|is used there already"),
        (RUST, "src/lib.rs::Line.fmt", "show", r"implements fmt\.Display, which is not in this repository"),
        (PHP, "src/Cart.php::Cart.count", "size", r"is a \.Countable, .* may ask for count"),
        (RUBY, "lib/cart.rb::Shop.Cart.to_s", "text", "ruby itself calls to_s"),
        (SWIFT, "Sources/Shop/Cart.swift::Cart.description", "text", "may ask for description"),
        (BASH, "lib.sh::greet", "result", "has that name already"),
    ],
)
def test_what_it_does_not_know(
    make_repository: MakeRepository, files: Mapping[str, str], symbol: str, new: str, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        rename(make_repository, files, symbol, new)


@pytest.mark.parametrize(
    ("files", "symbol", "old", "new"),
    [
        (JAVA, "src/p/Shape.java::Shape", "src/p/Shape.java", "src/p/Form.java"),
        (PHP, "src/Cart.php::Cart", "src/Cart.php", "src/Form.php"),
    ],
)
def test_a_file_that_has_to_be_called_like_its_class(
    make_repository: MakeRepository, files: Mapping[str, str], symbol: str, old: str, new: str
) -> None:
    found = rename(make_repository, files, symbol, "Form")
    assert found[old] is None
    assert "class Form implements" in found.text(new)


def test_a_member_of_one_of_several_types(make_repository: MakeRepository) -> None:
    files = JAVA | {
        "src/q/Box.java": "package q;\nclass Box { int area() { return 1; } }\n",
        "src/q/Use.java": "package q;\nimport x.Maker;\nclass Use { int all() { return Maker.make().first().area(); } }\n",
    }
    with pytest.raises(Refused, match=r"src/q/Use\.java:3: whether area is this one or .* cannot be told"):
        rename(make_repository, files, "src/p/Shape.java::Shape.area", "surface")
