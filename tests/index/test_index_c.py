"""C and C++: facts of small sources, includes, references."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from repo_index import Index
from repo_index.facts import FileFacts
from repo_index.languages import for_path


def facts(source: str, path: str = "a.c") -> FileFacts:
    language = for_path(path)
    assert language is not None
    data = source.encode()
    found = language.extract(data, path)
    for definition in found.definitions:
        assert data[slice(*definition.name_span)].decode() == definition.name
    for occurrence in found.occurrences:
        assert data[slice(*occurrence.span)].decode() == occurrence.name
    return found


def defined(found: FileFacts) -> dict[str, str]:
    return {d.qualified: d.kind for d in found.definitions}


def repository(root: Path, files: Mapping[str, str]) -> Index:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    for arguments in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)
    return Index.open(root, cache_dir=root / ".git" / "cache").refresh()


def places(index: Index, spec: str, certainty: str = "exact") -> list[tuple[str, int]]:
    return [(r.path, r.line) for r in index.references(index.symbol(spec)) if r.certainty == certainty]


def test_definitions_of_c() -> None:
    found = facts(
        """/* A point. */
struct point { int x, y; struct { int z; } deep; union { int a; }; };
typedef struct { int n; } box, *boxes;
enum color { RED, GREEN = 2 };
typedef int (*callback)(struct point *p, int n);
#define LIMIT 10
#define MAX(a, b) ((a) > (b) ? (a) : (b))
extern int shared;
static struct point *origin, table[3];
int add(int a, ...);
static inline int add(int a, ...) { return a; }
"""
    )
    assert defined(found) == {
        "point": "class", "point.x": "attribute", "point.y": "attribute", "point.deep": "attribute",
        "point.deep.z": "attribute", "point.a": "attribute", "box": "class", "box.n": "attribute", "boxes": "type",
        "color": "enum", "RED": "constant", "GREEN": "constant", "callback": "type", "LIMIT": "constant",
        "MAX": "function", "shared": "variable", "origin": "variable", "table": "variable", "add": "function",
    }  # fmt: skip
    by_name = {d.qualified: d for d in found.definitions}
    assert by_name["point"].doc == "A point."
    assert by_name["origin"].type == "point" and not by_name["origin"].exported
    assert by_name["boxes"].bases == ("box",)
    assert [p.name for p in by_name["add"].parameters] == ["a", "..."]
    assert not found.errors


def test_a_shadowed_name_is_not_reported() -> None:
    found = facts(
        """int value;
int f(int other) {
    int a = value;
    { int value = 1; a += value; }
    for (int value = 0; value < 3; value++) a += value;
    return value + other;
}
int g(int value) { return value; }
"""
    )
    assert [o.line for o in found.occurrences if o.name == "value"] == [1, 3, 6]


@pytest.mark.parametrize(
    "source",
    [
        "#ifdef A\nint f(int a) {\n#else\nint f(void) {\n#endif\n  return 1;\n}\n",
        "API int CALL f(int a);\n",
        "API int (f)(int a);\n",
        "EXTERN name_t f OF((int a, char *b));\n",
        "DEFINE(x)\nint f(int a) { return a; }\n",
        "int f(a, b) int a; char *b; { return a; }\n",
        "int g(void) { EACH(x, y) { x(); } return 1; }\nint f(void) NORETURN;\n",
        "#if 0\nint {{{ broken\n#endif\nint f(void);\n",
        "#ifdef __cplusplus\nextern \"C\" {\n#endif\nint f(void);\n#ifdef __cplusplus\n}\n#endif\n",
        "int g(void) { return va_arg(ap, struct x *)->y + cast(unsigned int, z); }\nint f(void);\n",
    ],
)  # fmt: skip
def test_macros_and_conditions_do_not_spoil_what_follows(source: str) -> None:
    found = facts(source + "struct last { int field; };\nint after(struct last *l) { return l->field; }\n")
    names = defined(found)
    assert names["f"] == "function" and names["after"] == "function" and names["last.field"] == "attribute"
    assert not found.errors


@pytest.mark.parametrize("source", ["", "{" * 3000, "(" * 3000, "a.b" * 3000, '"\\', "#define", "/*", "int f(", "\x00"])
@pytest.mark.parametrize("path", ["a.c", "a.cc", "a.h"])
def test_damaged_sources(source: str, path: str) -> None:
    facts(source, path)


def test_references_in_c(tmp_path: Path) -> None:
    index = repository(
        tmp_path,
        {
            "include/list.h": "struct node { struct node *next; int value; };\n"
            "int push(struct node *n);\n#define PUSH(n) push(n)\n",
            "src/list.c": '#include "list.h"\nstatic int hidden(void) { return 1; }\n'
            "int push(struct node *n) { return n->next->value + hidden(); }\n",
            "src/main.c": '#include "list.h"\n#include <stdio.h>\nstatic int hidden(void) { return 2; }\n'
            "int main(void) { struct node n = {.value = 1}; PUSH(&n); return push(&n) + hidden() + n.value; }\n",
            "other/list.c": "int push(int a) { return a; }\n",
        },
    )
    assert places(index, "include/list.h::push") == [
        ("include/list.h", 2), ("src/list.c", 3), ("src/main.c", 4),
    ]  # fmt: skip
    assert places(index, "src/list.c::push") == places(index, "include/list.h::push")
    assert places(index, "include/list.h::push", "likely") == [("include/list.h", 3)]
    assert places(index, "node.value") == [
        ("include/list.h", 1), ("src/list.c", 3), ("src/main.c", 4), ("src/main.c", 4),
    ]  # fmt: skip
    assert places(index, "src/main.c::hidden") == [("src/main.c", 3), ("src/main.c", 4)]
    assert places(index, "PUSH") == [("include/list.h", 3), ("src/main.c", 4)]
    edges = {(e.source, e.module, e.target, e.state) for e in index.edges()}
    assert ("src/main.c", '"list.h"', "include/list.h", "resolved") in edges
    assert ("src/main.c", "<stdio.h>", None, "external") in edges


def test_include_folders(tmp_path: Path) -> None:
    commands = [{"directory": "/build/x", "file": "../a/one.c", "arguments": ["cc", "-I", "../b", "-c", "../a/one.c"]}]
    index = repository(
        tmp_path,
        {
            "compile_commands.json": json.dumps(commands),
            "a/one.c": '#include "x.h"\n#include "gone.h"\n#include "y.h"\n',
            "b/x.h": "", "c/x.h": "", "d/y.h": "", "e/y.h": "",
        },
    )  # fmt: skip
    edges = {e.module: (e.target, e.state) for e in index.imports("a/one.c")}
    assert edges['"x.h"'] == ("b/x.h", "resolved")
    assert edges['"gone.h"'] == (None, "unresolved")
    assert edges['"y.h"'] == ("d/y.h", "ambiguous")


def test_a_header_that_builds_make(tmp_path: Path) -> None:
    index = repository(
        tmp_path,
        {
            "config.h.in": "#undef HAVE_X\n", "windows/config.h": "#define HAVE_X 1\n",
            "Makefile": "WINDOWS = -Iwindows\n", "src/zconf.h": "", "src/zconf.h.in": "", "lib/b.c": "#include <zconf.h>\n",
            "src/a.c": '#include "config.h"\n#ifdef HAVE_X\nint a;\n#endif\n',
        },
    )  # fmt: skip
    assert [(e.target, e.state) for e in index.imports("src/a.c")] == [(None, "external")]
    assert ("src/a.c", 2) in places(index, "HAVE_X")
    assert [e.target for e in index.imports("lib/b.c")] == ["src/zconf.h"]


def test_cpp(tmp_path: Path) -> None:
    index = repository(
        tmp_path,
        {
            "shape.h": """#pragma once
#include <vector>
namespace geo {
class API Shape {
 public:
  explicit Shape(int n) : n_(n) {}
  virtual ~Shape();
  virtual int area() const = 0;
  enum class Kind { Round, Flat };
 protected:
  int n_;
};
template <typename T> T twice(T value) { return value + value; }
}
""",
            "round.cc": """#include "shape.h"
namespace geo {
class Round : public Shape {
 public:
  Round() : Shape(1) {}
  int area() const override;
  Kind kind = Kind::Round;
};
int Round::area() const { int area = n_; return area + this->n_; }
}
""",
            "main.cc": """#include "shape.h"
using geo::Shape;
int total(std::vector<Shape*> shapes, Shape& one) {
  int n_ = 0;
  for (auto* shape : shapes) n_ += shape->area();
  auto copy = geo::twice(n_);
  Shape::Kind kind = Shape::Kind::Round;
  return copy + one.area() + shapes[0]->area();
}
""",
        },
    )
    facts_ = index.facts("shape.h")
    assert facts_ is not None
    assert {d.qualified for d in facts_.definitions} == {
        "geo.Shape", "geo.Shape.Shape", "geo.Shape.area", "geo.Shape.Kind", "geo.Shape.Kind.Round",
        "geo.Shape.Kind.Flat", "geo.Shape.n_", "geo.twice",
    }  # fmt: skip
    assert places(index, "shape.h::geo.Shape.area") == [
        ("main.cc", 5), ("main.cc", 8), ("main.cc", 8), ("round.cc", 6), ("round.cc", 9), ("shape.h", 8),
    ]  # fmt: skip
    assert places(index, "geo.Shape.n_") == [("round.cc", 9), ("round.cc", 9), ("shape.h", 6), ("shape.h", 11)]
    assert places(index, "geo.Shape.Kind.Round") == [("main.cc", 7), ("round.cc", 7), ("shape.h", 9)]
    assert places(index, "geo.twice") == [("main.cc", 6), ("shape.h", 13)]
    assert [line for path, line in places(index, "shape.h::geo.Shape") if path == "main.cc"] == [2, 3, 3, 7, 7]


def test_attributes_by_macros_behind_members() -> None:
    found = facts(
        "class C {\n explicit C(Mutex* m) LOCKS(m) : m_(m) { m_->go(); }\n Mutex* m_;\n bool a_ GUARDED_BY(m_);\n"
        " std::vector<char*> b_ GUARDED_BY(m_);\n Stats c_[n::kLevels] GUARDED_BY(m_);\n int f(int x) NEEDS(m_);\n};\n",
        "a.cc",
    )
    assert set(defined(found)) == {"C", "C.C", "C.m_", "C.a_", "C.b_", "C.c_", "C.f"}
    assert [o.line for o in found.occurrences if o.name == "GUARDED_BY"] == [4, 5, 6]
    assert not found.errors


def test_const_behind_a_type() -> None:
    found = facts(
        "struct s {\n  point_t const a;\n  point_t const *const b;\n};\nlocal const int c;\nlocal const t d;\n"
    )
    assert {d.qualified: d.type for d in found.definitions if d.kind == "attribute"} == {
        "s.a": "point_t", "s.b": "point_t",
    }  # fmt: skip
    assert {"c", "d"} <= set(defined(found)) and not found.errors


def test_a_class_is_named_in_what_derives_from_it(tmp_path: Path) -> None:
    index = repository(
        tmp_path,
        {
            "base.h": "class Walker { public: Walker(); Walker(const Walker&) = delete; virtual int next(); };\n",
            "use.cc": '#include "base.h"\nclass Mine : public Walker {\n public:\n'
            "  int next() override { return inner_->next(); }\n private:\n  Walker* const inner_;\n};\n",
        },
    )
    assert places(index, "base.h::Walker.next") == [("base.h", 1), ("use.cc", 4), ("use.cc", 4)]
    assert ("use.cc", 6) in places(index, "base.h::Walker")


def test_an_attribute_of_a_macros_parameter(tmp_path: Path) -> None:
    index = repository(
        tmp_path,
        {
            "list.h": "struct list { int size; };\n#define SIZE(l) ((l)->size)\n",
            "other.h": "struct other { int size; };\n",
            "use.c": '#include "list.h"\n#include "other.h"\n#define BOTH(x) ((x)->size)\n',
        },
    )
    assert places(index, "list.size", "likely") == [("list.h", 2)]
    assert places(index, "other.size", "likely") == []


def test_constants_of_an_unscoped_enum_through_its_name(tmp_path: Path) -> None:
    index = repository(
        tmp_path,
        {
            "kinds.h": "namespace n {\nenum Kind { ROUND, FLAT };\nconst int LAST = 1;\n"
            "class Shape { public: enum Color { RED }; };\n}\n",
            "use.cc": '#include "kinds.h"\nint a = n::Kind::ROUND + n::ROUND;\nint b = n::Shape::Color::RED;\n'
            "int c = n::Shape::RED;\nint d = n::Kind::LAST;\n",
        },
    )
    assert places(index, "kinds.h::n.ROUND") == [("kinds.h", 2), ("use.cc", 2), ("use.cc", 2)]
    assert places(index, "kinds.h::n.Shape.RED") == [("kinds.h", 4), ("use.cc", 3), ("use.cc", 4)]
    assert ("use.cc", 5) not in places(index, "kinds.h::n.LAST")
