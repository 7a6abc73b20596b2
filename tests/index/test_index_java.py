"""Java: packages, members, types of expressions, references across files."""

from __future__ import annotations

import pytest

from repo_index import Index
from repo_index.languages import for_path


def facts(text: str, path: str = "A.java"):
    language = for_path(path)
    assert language is not None
    source = text.encode()
    found = language.extract(source, path)
    for occurrence in found.occurrences:
        assert source[slice(*occurrence.span)].decode() == occurrence.name
    return found


def places(index: Index, symbol: str, certainty: str = "exact") -> list[tuple[str, int, str]]:
    found = index.references(index.symbol(symbol))
    return [
        (r.path.rsplit("/", 1)[-1], r.line, r.kind)
        for r in found
        if r.certainty == certainty and r.kind not in ("definition", "doc")
    ]


@pytest.fixture
def tree(make_repository) -> Index:
    return Index.open(
        make_repository(
            {
                "src/main/java/a/b/Base.java": "package a.b;\npublic abstract class Base<T> {\n  protected int size;\n"
                "  public Other other() { return null; }\n  public static class Inner { public int z; }\n"
                "  void over() {}\n}\n",
                "src/main/java/a/b/Other.java": "package a.b;\nimport java.util.List;\npublic class Other {\n"
                "  List<Base> bases;\n  Base[] arr;\n  int run() { return 1; }\n"
                "  static Other make() { return new Other(); }\n}\n",
                "src/main/java/a/c/Use.java": "package a.c;\nimport a.b.*;\nimport static a.b.Other.make;\n"
                "/** {@link Base#other} {@link #go} */\npublic class Use extends Base<String> {\n  int run;\n"
                "  int run() { return run; }\n  void go(Other p) {\n"
                "    p.run(); size = 2;\n    other().run(); Inner i = null; i.z = 1;\n"
                "    make().run(); var v = make(); v.run();\n"
                "    for (var b : p.bases) b.other();\n    p.arr[0].other(); p.bases.get(0).other();\n"
                "    int size = 3; size++;\n    Runnable r = () -> run(); this.run();\n    a.b.Other.make();\n"
                "    java.util.function.Function<Other, Integer> f = Other::run;\n  }\n"
                "  @Override void over() { super.over(); }\n}\n",
                "src/main/java/a/d/Full.java": "package a.d;\nclass Full { a.b.Other o; import_ x; }\n",
                "src/test/java/a/b/OtherTest.java": "package a.b;\nimport a.b.Missing;\nclass OtherTest {\n"
                "  void t() {\n    Other o = new Other(); o.run();\n"
                "    new Base<String>() { void over() { size = 1; } };\n  }\n}\n",
            }
        )
    ).refresh()


def test_edges(tree: Index) -> None:
    found = [
        (e.source.rsplit("/", 1)[-1], e.target and e.target.rsplit("/", 1)[-1], e.kind, e.state) for e in tree.edges()
    ]
    assert found == [
        ("Base.java", "Other.java", "runtime", "resolved"),
        ("Other.java", None, "runtime", "external"),
        ("Other.java", "Base.java", "runtime", "resolved"),
        ("Use.java", "Base.java", "runtime", "resolved"),
        ("Use.java", "Other.java", "runtime", "resolved"),
        ("Use.java", "Other.java", "runtime", "resolved"),
        ("Full.java", "Other.java", "runtime", "resolved"),
        ("OtherTest.java", None, "test", "unresolved"),
        ("OtherTest.java", "Other.java", "test", "resolved"),
        ("OtherTest.java", "Base.java", "test", "resolved"),
    ]


def test_members_of_declared_types(tree: Index) -> None:
    assert places(tree, "src/main/java/a/b/Other.java::Other.run") == [
        ("Use.java", 9, "call"),
        ("Use.java", 10, "call"),
        ("Use.java", 11, "call"),
        ("Use.java", 11, "call"),
        ("Use.java", 17, "use"),
        ("OtherTest.java", 5, "call"),
    ]
    assert [line for _, line, _ in places(tree, "Base.other")] == [10, 12, 13, 13]
    assert places(tree, "Base.Inner.z") == [("Use.java", 10, "use")]


def test_inherited_members_and_locals_that_hide_them(tree: Index) -> None:
    assert places(tree, "Base.size") == [("Use.java", 9, "use"), ("OtherTest.java", 6, "use")]


def test_field_and_method_of_one_name(tree: Index) -> None:
    assert places(tree, "src/main/java/a/c/Use.java::Use.run") == [("Use.java", 7, "use")]
    assert places(tree, "src/main/java/a/c/Use.java::Use.run()") == [("Use.java", 15, "call"), ("Use.java", 15, "call")]


def test_static_imports_and_full_names(tree: Index) -> None:
    assert places(tree, "Other.make") == [
        ("Use.java", 3, "import"),
        ("Use.java", 11, "call"),
        ("Use.java", 11, "call"),
        ("Use.java", 16, "call"),
    ]


def test_overriding_methods_are_one_family(tree: Index) -> None:
    family = {s.id.rsplit("/", 1)[-1] for s in tree.method_family(tree.symbol("Base.over"))}
    assert family == {"Base.java::Base.over", "Use.java::Use.over", "OtherTest.java::OtherTest.t.$1.over"}


def test_links_in_documentation(tree: Index) -> None:
    docs = [r for r in tree.references(tree.symbol("Use.go")) if r.kind == "doc"]
    assert [(r.line, r.certainty) for r in docs] == [(4, "exact")]


def test_records_enums_and_patterns() -> None:
    found = facts(
        "package p;\nrecord Point(int x, int... ys) { Point { x = 1; } }\n"
        "enum Color { RED { int f() { return 1; } }, BLUE; int f() { return 0; } }\n"
        "class A { int g(Object o, Color c) { switch (c) { case RED: break; default: }\n"
        "  return o instanceof Point p && p.x() > 1 ? p.x() : 0; } }\n"
    )
    kinds = {d.qualified: d.kind for d in found.definitions}
    assert kinds["Point.x"] == "attribute" and kinds["Color.RED"] == "constant" and kinds["Color.$1.f"] == "method"
    member = {(o.name, o.receiver.type) for o in found.occurrences if o.binding == "member" and o.receiver}
    assert {("RED", "Color"), ("x", "Point")} <= member
    assert found.namespace == "p" and not found.errors


@pytest.mark.parametrize("source", ["class {", "class A { void f( {{{{", "\xff\x00import", "@" * 3000, "a.b" * 20000])
def test_damaged_sources(source: str) -> None:
    facts(source)


def test_deeply_nested_code() -> None:
    facts("class A { int x = " + "(" * 5000 + "1" + ")" * 5000 + "; }")
    facts("class A { Object x = a" + ".b()" * 5000 + "; }")
