"""C#, Kotlin and Scala: names across files that no import mentions, extensions, locals that hide members."""

from __future__ import annotations

import pytest

from repo_index import Index
from repo_index.languages import for_path


def facts(text: str, path: str):
    language = for_path(path)
    assert language is not None
    source = text.encode()
    found = language.extract(source, path)
    for occurrence in found.occurrences:
        assert source[slice(*occurrence.span)].decode("utf-8", "replace") == occurrence.name
    return found


def places(index: Index, symbol: str) -> list[tuple[str, int]]:
    found = index.references(index.symbol(symbol))
    return [(r.path, r.line) for r in found if r.certainty == "exact" and r.kind != "definition"]


def edges(index: Index) -> set[tuple[str, str]]:
    return {(e.source, e.target) for e in index.edges() if e.target is not None}


def test_csharp(make_repository) -> None:
    index = Index.open(
        make_repository(
            {
                "Model.cs": "namespace App.Model;\npublic partial class Item : Base {\n"
                "  public Color Color { get; set; }\n  public int Size;\n  public void Go() { Extra(); Shared(); }\n}\n"
                "public class Base { protected void Shared() {} }\npublic enum Color { Red, Blue }\n"
                "public class FooAttribute : System.Attribute { public int Level; }\n",
                "Model2.cs": "namespace App.Model {\n  public partial class Item { void Extra() { Size = 1; } }\n"
                "  public static class Ext { public static Item Twice(this Item i) => i; }\n}\n",
                "Global.cs": "global using App.Util;\n",
                "Util.cs": "namespace App.Util {\n  public static class Tool {\n"
                "    public static App.Model.Item Make() => null;\n  }\n}\n",
                "Use.cs": "using App.Model;\nusing static App.Util.Tool;\nusing M = App.Model.Item;\n"
                "namespace App.Main;\n[Foo(Level = 1)] class Use {\n  M m;\n  void T() {\n    Tool.Make().Go();\n"
                "    Make().Go(); Make().Twice();\n    m.Color = Color.Red;\n    var i = new Item { Size = 2 };\n"
                "    int Size = 1; Size++;\n    switch (m.Color) { case Color.Blue: break; }\n  }\n}\n",
            }
        )
    ).refresh()
    assert places(index, "Model.cs::Item.Go") == [("Use.cs", 8), ("Use.cs", 9)]
    assert places(index, "Model.cs::Item.Size") == [("Model2.cs", 2), ("Use.cs", 11)]
    assert places(index, "Model.cs::Base.Shared") == [("Model.cs", 5)]
    assert places(index, "Model2.cs::App.Model.Item.Extra") == [("Model.cs", 5)]
    assert places(index, "Model2.cs::App.Model.Ext.Twice") == [("Use.cs", 9)]
    assert places(index, "Model.cs::FooAttribute") == [("Use.cs", 5)]
    assert places(index, "Model.cs::Color") == [("Model.cs", 3), ("Use.cs", 10), ("Use.cs", 13)]
    assert places(index, "Model.cs::Item") == places(index, "Model2.cs::App.Model.Item")
    assert {("Use.cs", "Model.cs"), ("Use.cs", "Util.cs"), ("Util.cs", "Model.cs")} <= edges(index)


def test_kotlin_sees_java(make_repository) -> None:
    index = Index.open(
        make_repository(
            {
                "a/Old.java": "package a;\npublic class Old {\n  public Old next() { return null; }\n}\n",
                "a/New.kt": "package a\n\nimport b.helper as aid\n\nclass New(val old: Old) {\n"
                "  fun go(): Old = old.next()\n  companion object {\n    fun make(): New = New(Old())\n  }\n}\n\n"
                "fun top(n: New) = n.go().next()\n",
                "b/Help.kt": "package b\n\nimport a.*\n\nfun helper() {\n  New.make().go()\n  val gone = 1\n"
                "  println(gone)\n  New.make().apply { go() }\n  New.make().let { it.old.next() }\n}\n\n"
                "fun New.extra() = go()\n\nfun user(n: New) {\n  n.extra()\n}\n",
                "a/More.kt": "package a\n\nimport b.helper as aid\n\nfun more() {\n  aid()\n}\n",
            }
        )
    ).refresh()
    assert places(index, "a/Old.java::Old.next") == [("a/New.kt", 6), ("a/New.kt", 12), ("b/Help.kt", 10)]
    assert places(index, "a/New.kt::New.go") == [
        ("a/New.kt", 12),
        ("b/Help.kt", 6),
        ("b/Help.kt", 9),
        ("b/Help.kt", 13),
    ]
    assert places(index, "a/New.kt::New.make") == [
        ("b/Help.kt", 6),
        ("b/Help.kt", 9),
        ("b/Help.kt", 10),
    ]
    assert places(index, "b/Help.kt::extra") == [("b/Help.kt", 16)]
    assert ("a/More.kt", 6) in places(index, "b/Help.kt::helper")
    assert {("a/New.kt", "a/Old.java"), ("b/Help.kt", "a/New.kt"), ("a/More.kt", "b/Help.kt")} <= edges(index)


def test_scala(make_repository) -> None:
    index = Index.open(
        make_repository(
            {
                "Model.scala": "package a.b\npackage c\n\ncase class Item(size: Int) extends Base {\n"
                "  def next: Item = Item(size)\n}\n\nobject Item {\n  val zero: Item = Item(0)\n}\n\n"
                "trait Base {\n  def shared(): Int = 1\n}\n",
                "Use.scala": "package a.b.d\n\nimport a.b.c.{Item => Thing, Base}\n\nclass Use extends Base {\n"
                "  def go(t: Thing): Int = t match {\n    case Thing(size) => size + shared()\n"
                "    case other => other.next.size\n  }\n  val z = Thing.zero.next\n}\n",
                "Wild.scala": "package x\n\nimport a.b.c._\n\nobject Wild {\n  def f = Item.zero\n}\n",
            }
        )
    ).refresh()
    assert places(index, "Model.scala::Item.next") == [("Use.scala", 8), ("Use.scala", 10)]
    assert places(index, "Model.scala::Item.zero") == [("Use.scala", 10), ("Wild.scala", 6)]
    assert places(index, "Model.scala::Base.shared") == [("Use.scala", 7)]
    assert places(index, "Model.scala::Item.size") == [("Model.scala", 5), ("Use.scala", 8)]
    assert {("Use.scala", "Model.scala"), ("Wild.scala", "Model.scala")} <= edges(index)


@pytest.mark.parametrize("path", ["a.cs", "a.kt", "a.scala"])
@pytest.mark.parametrize(
    "source", ["class {", "class A { fun f( {{{{", "@" * 3000, "a.b" * 5000, "((((" * 1000, "\x00"]
)
def test_damaged_sources(path: str, source: str) -> None:
    facts(source, path)
