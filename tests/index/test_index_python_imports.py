"""Python's imports in every form, exports, `__all__`, definitions."""

from __future__ import annotations

from textwrap import dedent

import pytest

from repo_index.facts import FileFacts, ImportFact
from repo_index.languages.python_extract import extract
from repo_index.languages.python_types import reduced


def both(source: str) -> tuple[str, FileFacts]:
    text = dedent(source)
    return text, extract(text.encode())


def cut(text: str, span: tuple[int, int] | None) -> str | None:
    return None if span is None else text.encode()[span[0] : span[1]].decode()


def shown(text: str, fact: ImportFact) -> tuple[str | None, ...]:
    return (
        cut(text, fact.module_span),
        cut(text, fact.name_span),
        cut(text, fact.local_span),
    )


def test_every_form_with_its_spans() -> None:
    text, facts = both(
        """\
        import a
        import a.b.c
        import a.b as ab, d
        from a import x
        from a.b import (
            y as z,  # why
            w,
        )
        from . import s
        from ..up.mod import t as u
        from star import *
        from __future__ import annotations
        """
    )
    rows = [(f.module, f.name, f.local, *shown(text, f)) for f in facts.imports]
    assert rows == [
        ("a", None, "a", "a", None, "a"),
        ("a.b.c", None, "a", "a.b.c", None, "a"),
        ("a.b", None, "ab", "a.b", None, "ab"),
        ("d", None, "d", "d", None, "d"),
        ("a", "x", "x", "a", "x", "x"),
        ("a.b", "y", "z", "a.b", "y", "z"),
        ("a.b", "w", "w", "a.b", "w", "w"),
        (".", "s", "s", ".", "s", "s"),
        ("..up.mod", "t", "u", "..up.mod", "t", "u"),
        ("star", "*", "", "star", "*", None),
        ("__future__", "annotations", "", "__future__", "annotations", "annotations"),
    ]
    assert cut(text, facts.imports[5].statement_span) == "from a.b import (\n    y as z,  # why\n    w,\n)"
    lines = {(o.name, o.line) for o in facts.occurrences if o.kind == "import"}
    assert {("y", 6), ("z", 6), ("w", 7)} <= lines


def test_kinds_and_conditions() -> None:
    _, facts = both(
        """\
        import typing as t
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from a import A
        if t.TYPE_CHECKING:
            import b
        else:
            import c
        try:
            import d
        except ImportError:
            d = None
        def f():
            import e
            if TYPE_CHECKING:
                import g
        class C:
            import h
        from i import j as j
        """
    )
    kinds = {f.local: (f.kind, f.conditional, f.scope) for f in facts.imports}
    assert kinds["A"] == ("type", True, "")
    assert kinds["b"] == ("type", True, "")
    assert kinds["c"] == ("runtime", True, "")
    assert kinds["d"] == ("runtime", True, "")
    assert kinds["e"] == ("lazy", False, "f")
    assert kinds["g"][0] == "type"
    assert kinds["h"] == ("runtime", False, "C")
    assert kinds["j"] == ("reexport", False, "")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("__all__ = ['a', 'b']", ["a", "b"]),
        ("__all__ = ('a',)\n__all__ += ['b', 'c']", ["a", "b", "c"]),
        ("__all__ = ['a']\n__all__.extend(['b'])\n__all__.append('c')", ["a", "b", "c"]),
        ("__all__ = ['a'] + ['b']", ["a", "b"]),
        ("__all__: list[str] = ['a']", ["a"]),
        ("__all__ = []", []),
        ("import m\n__all__ = ['a'] + m.__all__", None),
        ("x = 1", None),
    ],
)
def test_dunder_all(source: str, expected: list[str] | None) -> None:
    assert extract(source.encode()).dunder_all == expected


def test_names_in_dunder_all_are_references() -> None:
    _, facts = both("from m import a\ndef b(): ...\n__all__ = ['a', 'b', 'c']\n")
    exports = [(o.name, o.binding, o.target) for o in facts.occurrences if o.kind == "export"]
    assert exports == [("a", "import", "a"), ("b", "definition", "b"), ("c", "global", "")]
    assert {e.name for e in facts.exports if e.listed} == {"a", "b"}


def test_definitions_with_their_spans() -> None:
    text, facts = both(
        """\
        LIMIT = 3
        value: int = 1
        left, right = 1, 2
        @decorator(1)
        async def f(a, /, b: int = 2, *args: str, c, d=None, **kw) -> str:
            "What it does."
            def inner(): ...
            local = 1
        class C(Base, mod.Other[int], metaclass=Meta):
            '''Doc of C.

            More.'''
            x = 1
            y: int
            def __init__(self):
                self.z = self.x = 2
                self.deep.er = 3
            class D: ...
        if LIMIT:
            def g(): return 1
        else:
            def g(): return 2
        for item in []: pass
        """
    )
    rows = {d.qualified: d for d in facts.definitions}
    assert {q: d.kind for q, d in rows.items()} == {
        "LIMIT": "constant",
        "value": "variable",
        "left": "variable",
        "right": "variable",
        "f": "function",
        "f.inner": "function",
        "C": "class",
        "C.x": "attribute",
        "C.y": "attribute",
        "C.__init__": "method",
        "C.z": "attribute",
        "C.D": "class",
        "g": "function",
        "item": "variable",
    }
    assert sum(d.qualified == "g" for d in facts.definitions) == 2
    f = rows["f"]
    assert cut(text, f.span) == text[text.index("@decorator") : text.index("\nclass C")]
    assert cut(text, f.name_span) == "f"
    assert f.body_span is not None and (cut(text, f.body_span) or "").startswith('"What it does."')
    assert (f.line, f.end_line) == (5, 8)
    assert f.doc == "What it does."
    assert f.decorators == ("decorator(1)",)
    assert [(p.name, p.kind, p.default, p.annotation) for p in f.parameters] == [
        ("a", "positional_only", None, None),
        ("b", "positional", "2", "int"),
        ("args", "var_positional", None, "str"),
        ("c", "keyword_only", None, None),
        ("d", "keyword_only", "None", None),
        ("kw", "var_keyword", None, None),
    ]
    assert [cut(text, p.span) for p in f.parameters][1:3] == ["b: int = 2", "*args: str"]
    assert f.signature == "async def f(a, /, b: int = 2, *args: str, c, d=None, **kw) -> str"
    assert rows["C"].bases == ("Base", "mod.Other")
    assert rows["C"].doc == "Doc of C."
    assert not rows["f.inner"].exported
    assert rows["C.__init__"].exported


def test_functions_hand_on_what_they_return() -> None:
    _, facts = both(
        """\
        import contextlib, lib
        class A:
            def me(self):
                return self
            def made(self) -> "A | None": ...
        def build():
            a = A()
            return a
        @contextlib.contextmanager
        def opened() -> Iterator[A]: ...
        def either(x):
            if x:
                return A()
            return lib.B()
        """
    )
    kinds = {d.qualified: d.type for d in facts.definitions if d.kind in ("function", "method")}
    assert kinds == {"A.me": "Self", "A.made": "A", "build": "A", "opened": "A", "either": "A|lib.B"}


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("X", "X"),
        ("'a.b.X'", "a.b.X"),
        ("X | None", "X"),
        ("None | 'X'", "X"),
        ("Optional[X]", "X"),
        ("t.Optional['X']", "X"),
        ("Union[X, None]", "X"),
        ("Union[X, Y]", "X|Y"),
        ("X | m.Y | None", "X|m.Y"),
        ("list[X | Y]", "X[]|Y[]"),
        ("A | B | C | D | E", ""),
        ("Any", ""),
        ("typing.Self", "Self"),
        ("ClassVar[X]", "X"),
        ("Annotated[X, Depends(f)]", "X"),
        ("type[X]", "X"),
        ("Awaitable[X]", "X"),
        ("list[X]", "X[]"),
        ("Sequence[list[X] | None]", "X[][]"),
        ("tuple[X, ...]", "X[]"),
        ("tuple[X, Y]", "tuple"),
        ("dict[str, X]", "dict"),
        ("Callable[[int], X]", "Callable"),
        ("None", ""),
        ("", ""),
        ("[", ""),
        ("1 + 2", ""),
    ],
)
def test_annotations_reduced_to_a_class(annotation: str, expected: str) -> None:
    assert reduced(annotation) == expected


def test_strings_docstrings_and_comments_are_text() -> None:
    text, facts = both(
        '''\
        """Module."""
        # note
        def f():
            """Doc."""
            return "plain", f"a {f} b", b"raw"
        '''
    )
    found = [(kind, text[start:end]) for start, end, kind in facts.texts]
    assert found == [
        ("doc", '"""Module."""'),
        ("comment", "# note"),
        ("doc", '"""Doc."""'),
        ("string", "plain"),
        ("string", "a "),
        ("string", " b"),
        ("string", "raw"),
    ]


def test_other_encodings_keep_their_offsets() -> None:
    latin = "# -*- coding: latin-1 -*-\n# caf\xe9\ndef f(): return '\xe9'\nx = f()\n".encode("latin-1")
    facts = extract(latin)
    assert not facts.errors
    for o in facts.occurrences:
        assert latin[slice(*o.span)].decode() == o.name
    wide = "é = 1\nprint(é, 'ß', f)\ndef f(): ...\n".encode()
    for o in extract(wide).occurrences:
        assert wide[slice(*o.span)].decode() == o.name
    for source in (b"\xef\xbb\xbfdef f(): ...\nf()\n", b"def f():\r\n    pass\r\nf()\r\n"):
        facts = extract(source)
        assert not facts.errors
        assert [o.line for o in facts.occurrences] == [1, source.count(b"\n")]
