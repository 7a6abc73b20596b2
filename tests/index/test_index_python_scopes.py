"""Python's scoping rules: what each identifier of a file hangs on."""

from __future__ import annotations

from textwrap import dedent

import pytest

from repo_index.facts import FileFacts, Occurrence
from repo_index.languages.python_extract import extract


def facts_of(source: str) -> FileFacts:
    text = dedent(source)
    facts = extract(text.encode())
    for o in facts.occurrences:
        assert text.encode()[o.span[0] : o.span[1]].decode() == o.name
        assert text.encode().count(b"\n", 0, o.span[0]) + 1 == o.line
    return facts


def places(facts: FileFacts, name: str) -> list[tuple[int, str, str]]:
    """(line, binding, target or receiver) of every occurrence of a name."""
    found = []
    for o in facts.occurrences:
        if o.name == name:
            found.append((o.line, o.binding, _target(o)))
    return found


def _target(o: Occurrence) -> str:
    if o.binding == "import":
        return ".".join((o.target, *o.chain))
    if o.binding == "member" and o.receiver is not None:
        return f"{o.receiver.kind}:{o.receiver.type}" + ("." + ".".join(o.chain) if o.chain else "")
    return o.target


def test_a_name_bound_anywhere_in_a_function_is_local_to_all_of_it() -> None:
    facts = facts_of(
        """\
        import x
        def f():
            print(x)
            x = 1
        def g():
            print(x)
        """
    )
    assert places(facts, "x") == [(1, "import", "x"), (6, "import", "x")]


def test_global_and_nonlocal() -> None:
    facts = facts_of(
        """\
        count = 0
        def f():
            global count, made
            count = 1
            made = 2
        def outer():
            count = 5
            def inner():
                nonlocal count
                count += 1
            return inner
        """
    )
    assert places(facts, "count") == [
        (1, "definition", "count"),
        (3, "definition", "count"),
        (4, "definition", "count"),
    ]
    assert [d.qualified for d in facts.definitions] == ["count", "f", "made", "outer", "outer.inner"]
    assert places(facts, "inner") == [(8, "definition", "outer.inner"), (11, "definition", "outer.inner")]


def test_class_block_is_not_seen_from_its_methods() -> None:
    facts = facts_of(
        """\
        limit = 1
        class C:
            limit = 2
            twice = limit * 2
            def m(self):
                return limit
            squares = [limit for _ in range(limit)]
        """
    )
    assert places(facts, "limit") == [
        (1, "definition", "limit"),
        (3, "definition", "C.limit"),
        (4, "definition", "C.limit"),
        (6, "definition", "limit"),
        (7, "definition", "limit"),  # the element: a block of its own
        (7, "definition", "C.limit"),  # the first iterable: the class block
    ]


def test_comprehension_variables_are_its_own() -> None:
    facts = facts_of(
        """\
        from m import n
        a = [n for n in range(3)]
        b = {n: k for k in a}
        c = [[n for n in row] for row in a]
        d = (y := n)
        def f(rows):
            return [last := r for r in rows], last
        """
    )
    assert places(facts, "n") == [(1, "import", "n"), (3, "import", "n"), (5, "import", "n")]
    assert "y" in {d.qualified for d in facts.definitions}
    assert places(facts, "last") == []


def test_walrus_in_a_comprehension_binds_in_the_block_around_it() -> None:
    facts = facts_of("out = [seen := v for v in range(3)]\nprint(seen)\n")
    assert places(facts, "seen") == [(1, "definition", "seen"), (2, "definition", "seen")]
    assert places(facts, "v") == []


def test_every_binding_form_of_a_function_is_local() -> None:
    facts = facts_of(
        """\
        from names import a, b, c, d, e, f, g, h, i, j, k
        def use(a, /, b=1, *c, d, **e):
            for f in a: pass
            with b as (g, *rest): pass
            try: pass
            except ValueError as h: pass
            i, [j] = 1, [2]
            k: int
            return a, b, c, d, e, f, g, h, i, j, k
        """
    )
    assert [o.line for o in facts.occurrences if o.name in "abcdefghijk"] == [1] * 11


def test_match_captures_bind_and_values_do_not() -> None:
    facts = facts_of(
        """\
        from shapes import Point, Kind, x, rest, whole
        def f(v):
            match v:
                case Point(x=0, y=x): return x
                case Kind.RED: pass
                case [1, *rest] as whole: return rest, whole
                case {"k": Point(), **more}: pass
                case _: pass
        """
    )
    assert places(facts, "Point") == [(1, "import", "Point"), (4, "import", "Point"), (7, "import", "Point")]
    assert places(facts, "Kind") == [(1, "import", "Kind"), (5, "import", "Kind")]
    assert places(facts, "RED") == [(5, "import", "Kind.RED")]
    assert [p[0] for name in ("x", "rest", "whole") for p in places(facts, name)] == [1, 1, 1]


def test_lambda_parameters_and_defaults() -> None:
    facts = facts_of("from m import n\nf = lambda n, k=n: n + k\ng = lambda *args, **kw: n\n")
    assert places(facts, "n") == [(1, "import", "n"), (2, "import", "n"), (3, "import", "n")]


def test_defaults_annotations_and_decorators_belong_outside() -> None:
    facts = facts_of(
        """\
        from m import T, mark
        @mark(T)
        def f(T: T = T) -> T:
            return T
        class C(T):
            def g(self, x: "T") -> "list[T]": ...
        """
    )
    assert [p[0] for p in places(facts, "T")] == [1, 2, 3, 3, 3, 5, 6, 6]
    assert places(facts, "mark") == [(1, "import", "mark"), (2, "import", "mark")]


def test_type_parameters_hide_outer_names() -> None:
    facts = facts_of("from m import T\ndef f[T](x: T) -> T: ...\nclass C[T]: x: T\ntype A[T] = list[T]\ny: T\n")
    assert places(facts, "T") == [(1, "import", "T"), (5, "import", "T")]
    assert places(facts, "A") == [(4, "definition", "A")]


def test_forward_references_in_annotations_only() -> None:
    facts = facts_of(
        """\
        from __future__ import annotations
        import typing as t
        from typing import Literal, Annotated, Optional, cast, TypeVar
        import app
        class Node:
            parent: "Node"
            other: Optional["Node"]
            third: t.List["Node | None"]
            kind: Literal["Node"]
            noted: Annotated["Node", "Node"]
        def f(x: "app.Flask") -> "Node":
            y = cast("Node", x)
            return "Node"
        N = TypeVar("N", bound="Node")
        Alias = Optional["Node"]
        """
    )
    lines = [p[0] for p in places(facts, "Node")]
    assert lines == [5, 6, 7, 8, 10, 11, 12, 14, 15]
    assert places(facts, "Flask") == [(11, "import", "app.Flask")]
    assert places(facts, "annotations") == []


def test_self_cls_and_super() -> None:
    facts = facts_of(
        """\
        class Base:
            def run(self): ...
        class C(Base):
            x = 1
            def run(this):
                this.x
                super().run()
                super(C, this).run()
                def inner():
                    this.stop()
            @classmethod
            def make(cls):
                return cls().run()
            @staticmethod
            def free(thing):
                thing.run()
        """
    )
    assert places(facts, "x") == [(4, "definition", "C.x"), (6, "member", "self:C")]
    assert places(facts, "run") == [
        (2, "definition", "Base.run"),
        (5, "definition", "C.run"),
        (7, "member", "super:C"),
        (8, "member", "super:C"),
        (13, "member", "self:C"),
        (16, "member", "unknown:"),
    ]
    assert places(facts, "stop") == [(10, "member", "self:C")]


def test_receivers_by_annotation_and_constructor() -> None:
    facts = facts_of(
        """\
        import lib
        from lib import open_it
        class A:
            def m(self): ...
        def f(p: A, q: "lib.B | None", r: list[A], s=None):
            p.m(); q.m(); r.m(); s.m()
            v = A()
            v.m()
            w = lib.B()
            w.m()
            with open_it() as u:
                u.m()
            z = A() if p else None
            z.m()
            k = A()
            k = lib.B()
            k.m()
            A().m()
            lib.made.m()
        class D:
            def __init__(self, a: A):
                self.a = a
                self.b = lib.B()
            def go(self):
                self.a.m()
                self.b.m()
        """
    )
    assert [p[2] for p in places(facts, "m")] == [
        "A.m",
        "instance:A",
        "instance:lib.B",
        "instance:A[]",
        "unknown:",
        "instance:A",
        "instance:lib.B",
        "instance:open_it",
        "instance:A",
        "instance:A|lib.B",
        "instance:A",
        "lib.made.m",
        "self:D.a.m",
        "self:D.b.m",
    ]
    kinds = {d.qualified: d.type for d in facts.definitions}
    assert kinds["D.a"] == "A"
    assert kinds["D.b"] == "lib.B"


def test_a_local_variable_passes_on_what_it_holds() -> None:
    facts = facts_of(
        """\
        import os
        class C:
            def f(self):
                me = self
                me.g()
                join = os.path
                join.split("a")
        """
    )
    assert places(facts, "g") == [(5, "member", "self:C")]
    assert places(facts, "split") == [(7, "import", "os.path.split")]
    assert places(facts, "me") == []
    assert places(facts, "join") == []


def test_what_is_not_bound_is_global() -> None:
    facts = facts_of("from m import *\nprint(thing)\ndel other\n")
    assert places(facts, "print") == [(2, "global", "")]
    assert places(facts, "thing") == [(2, "global", "")]


def test_fstrings_and_nested_quotes() -> None:
    facts = facts_of("from m import a, b, c\ns = f'{a!r:>{b}} a {c=}' 'c'\n")
    assert [p[0] for n in "abc" for p in places(facts, n)] == [1, 2, 1, 2, 1, 2]


def test_attribute_named_by_a_string() -> None:
    facts = facts_of(
        """\
        import lib
        class C:
            def f(self):
                return getattr(self, "name"), hasattr(lib.sub, "thing"), getattr(lib, "not a name")
        def test(monkeypatch):
            monkeypatch.setattr(lib, "thing", 1)
        """
    )
    assert [(o.kind, o.line) for o in facts.occurrences if o.name == "name"] == [("string", 4)]
    assert places(facts, "thing") == [(4, "import", "lib.sub.thing"), (6, "import", "lib.thing")]


def test_keyword_arguments_know_their_callee() -> None:
    facts = facts_of("from m import Model\nModel(size=1)\nunknown()(size=2)\n")
    assert places(facts, "size") == [(2, "member", "instance:Model"), (3, "member", "unknown:")]


def test_calls_count_arguments() -> None:
    source = "f(1, *a, k=2)\ng(x for x in y)\nm.h()\n(lambda: 0)()\n"
    facts = facts_of(source)
    got = [(source[slice(*c.callee_span)], c.positional, c.keywords, c.starred) for c in facts.calls]
    assert got == [("f", 1, ("k",), True), ("g", 1, (), False), ("h", 0, (), False)]
    assert [source[slice(*c.arguments_span)] for c in facts.calls] == ["(1, *a, k=2)", "(x for x in y)", "()"]


@pytest.mark.parametrize(
    "source",
    [
        "def f(:\n  pass\n",
        "class\n",
        "x = (1,\n",
        "import\nfrom . import\n",
        "def f(a, a=, **): lambda: (yield\n",
        "print 'old'\nexec 'x'\n",
        "match x:\n  case\n",
        "'unterminated\n",
        "\0",
        "",
    ],
)
def test_broken_code_gives_facts_and_never_an_exception(source: str) -> None:
    extract(source.encode())


def test_errors_are_listed_with_their_lines() -> None:
    facts = facts_of("a = 1\ndef f(:\n    pass\n")
    assert facts.errors
    assert min(line for _, line in facts.errors) == 2


def test_deep_nesting_is_walked_without_recursion() -> None:
    deep = 3000
    extract(b"x = " + b"(" * deep + b"y" + b")" * deep)
    extract(b"x = " + b"-" * deep + b"y")
    facts = extract(b"x = " + b" + ".join([b"y"] * deep))
    assert sum(o.name == "y" for o in facts.occurrences) == deep
    extract(b"a" + b".b" * deep)
    extract(b"a" + b"()" * deep)
    assert len(extract(b"".join(b"v%d = v%d.a\n" % (i + 1, i) for i in range(deep))).definitions) == deep


def test_long_chains_of_assignments_between_variables_end() -> None:
    source = "def f():\n" + "".join(f"    v{i} = v{i + 1}\n" for i in range(300)) + "    v0.x\n    v300 = v0\n"
    extract(source.encode())


def test_the_class_of_an_object_is_looked_up_like_the_object() -> None:
    facts = facts_of(
        """\
        class C:
            def m(self):
                type(self).m
                self.__class__.m
        """
    )
    assert places(facts, "m")[1:] == [(3, "member", "self:C"), (4, "member", "self:C")]
    assert places(facts, "type") == [(3, "global", "")]


def test_elements_of_containers() -> None:
    facts = facts_of(
        """\
        import lib
        class A:
            parts: "list[A]"
        def f(xs: list[A], pairs: tuple[A, int], more: "t.Iterable[lib.B]"):
            for x in xs:
                x.m
            [y.m for y in more]
            xs[0].m
            xs[1:].m
            xs.m
            for z in xs[0].parts: z.m
            for w in pairs: w.m
            for i, v in more: v.m
            for u in lib.things(): u.m
        """
    )
    assert [p[2] for p in places(facts, "m")] == [
        "instance:A",
        "instance:lib.B",
        "instance:A",
        "instance:A[]",
        "instance:A[]",
        "instance:A.parts.*",
        "instance:tuple.*",
        "unknown:",
        "instance:lib.things.*",
    ]
