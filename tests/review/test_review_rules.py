"""The rules that look at one file at a time."""

from __future__ import annotations

import pytest

from v4cli.review import added_text, parsing
from v4cli.review.brackets import balanced
from v4cli.review.changes import FileChange


def changed(path: str, new: str, old: str | None = None, lines: range | None = None) -> FileChange:
    """A change whose added lines are `lines`, by default all of them."""
    content = new.encode()
    ranges = (lines,) if lines is not None else (range(1, content.count(b"\n") + 2),)
    return FileChange(path, "A" if old is None else "M", None if old is None else old.encode(), content, ranges)


def text_rules(file: FileChange) -> list[tuple[int, str, str]]:
    return [(f.line, f.level, f.rule) for f in added_text.check(file)]


def parse_rules(file: FileChange) -> list[tuple[int, str, str]]:
    return sorted((f.line, f.level, f.rule) for f in parsing.check(file))


CONFLICT = "a\n<<<<<<< HEAD\nb\n||||||| base\nx\n=======\nc\n>>>>>>> topic\n"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_conflict_markers_as_a_set(ending: str) -> None:
    found = text_rules(changed("a.txt", CONFLICT.replace("\n", ending)))
    assert found == [(2, "error", "conflict-marker"), (6, "error", "conflict-marker"), (8, "error", "conflict-marker")]


def test_conflict_markers_that_were_there_before() -> None:
    assert text_rules(changed("a.txt", CONFLICT, old=CONFLICT[2:], lines=range(1, 2))) == []


@pytest.mark.parametrize(
    "text",
    ["Title\n=======\n\ntext\n", "=======\n", ">>>>>>>> eight\n", ">>> x\n", "  <<<<<<< HEAD\n", "<<<<<<<no space\n"],
)
def test_what_only_looks_like_a_conflict_marker(text: str) -> None:
    assert text_rules(changed("doc.rst", text)) == []


def test_a_marker_left_alone_is_a_warning() -> None:
    assert text_rules(changed("a.txt", "a\n>>>>>>> topic\n")) == [(2, "warning", "conflict-marker")]
    assert text_rules(changed("a.rst", ">>>>>>> topic\nTitle\n=======\n")) == [(1, "warning", "conflict-marker")]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("x = 'a\u202eb'\n", [(1, "warning", "bidi")]),
        ("x = 1\n# \u2066\u2067\n", [(2, "warning", "bidi")]),
        ("x\u200b = 1\n", [(1, "warning", "invisible-character")]),
        ("\ufeffx = 1\n", []),
        ("x = '\ufeff'\n", [(1, "warning", "invisible-character")]),
        ("\U000e0041\n", [(1, "warning", "invisible-character")]),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f\n", []),
        ("\U0001f468\u200d\U0001f469 \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 naïve\n", []),
    ],
)
def test_hidden_characters(text: str, rules: list[tuple[int, str, str]]) -> None:
    assert text_rules(changed("a.py", text)) == rules


def test_private_key() -> None:
    # put together here, so that this file does not hold one
    head = "-----BEGIN RSA PRIVATE " + "KEY-----"
    key = f"k = '''{head}\n{'MIIE' * 16}\n'''\n"
    assert text_rules(changed("a.py", key)) == [(1, "warning", "private-key")]
    assert text_rules(changed("a.py", f'k = "{head}\\n{"MIIE" * 16}"\n')) == [(1, "warning", "private-key")]
    assert text_rules(changed("a.py", f'if text.startswith("{head}"):\n    pass\n')) == []
    assert text_rules(changed("a.pub", key.replace("PRIVATE", "PUBLIC"))) == []


@pytest.mark.parametrize(
    ("source", "rules"),
    [
        ("breakpoint()\n", [(1, "error", "debugger")]),
        ("def f():\n    import pdb; pdb.set_trace()\n", [(2, "error", "debugger"), (2, "warning", "debugger")]),
        ("import ipdb as d\nd.set_trace()\n", [(1, "warning", "debugger"), (2, "error", "debugger")]),
        ("from pudb import set_trace as s\ns()\n", [(1, "warning", "debugger"), (2, "error", "debugger")]),
        ("import pdb\npdb.post_mortem()\n", [(1, "warning", "debugger")]),
        ('"""Call breakpoint() or pdb.set_trace()."""\n# breakpoint()\n', []),
        ("def breakpoint():\n    pass\nbreakpoint()\n", []),
        ("self.breakpoint()\nx.set_trace()\nmatch = {'pdb': 1}\n", []),
        ("hook = breakpoint\n", []),
    ],
)
def test_python_debuggers(source: str, rules: list[tuple[int, str, str]]) -> None:
    assert parse_rules(changed("a.py", source)) == rules


def test_only_added_lines_count_for_debuggers() -> None:
    source = "breakpoint()\nx = 1\n"
    assert parse_rules(changed("a.py", source, old="breakpoint()\n", lines=range(2, 3))) == []


@pytest.mark.parametrize(
    ("path", "source", "rules"),
    [
        ("a.js", "function f() {\n  debugger;\n}\n", [(2, "error", "debugger")]),
        ("a.ts", "const x: number = 1; debugger\n", [(1, "error", "debugger")]),
        ("a.tsx", "const x = <b>debugger;</b>;\n", []),
        ("a.mjs", "// debugger;\nconst s = 'debugger;', debuggers = 1;\n", []),
    ],
)
def test_javascript_debuggers(path: str, source: str, rules: list[tuple[int, str, str]]) -> None:
    assert parse_rules(changed(path, source)) == rules


@pytest.mark.parametrize(
    ("path", "new", "old", "expected"),
    [
        ("a.py", "x = 1\ndef f(:\n    pass\n", "x = 1\n", [(2, "error", "syntax-error")]),
        ("a.py", "def f():\nreturn 1\n", None, [(2, "error", "syntax-error")]),
        ("a.py", "print 'x'\n", None, [(1, "error", "syntax-error")]),
        ("a.py", "print 'x', 1\n", "print 'x'\n", []),
        ("tests/data/a.py", "def f(:\n", None, [(1, "warning", "syntax-error")]),
        ("fixtures/a.js", "function (\n", None, [(1, "warning", "syntax-error")]),
        ("a.ts", "const x: = 1;\n", "const x = 1;\n", [(1, "warning", "syntax-error")]),
        ("a.ts", "f({ x: 1 );\n", "f({ x: 1 });\n", [(1, "error", "syntax-error")]),
        ("a.tsx", "const a = <b>{x</b>;\n", None, [(1, "error", "syntax-error")]),
        ("a.js", "function f() {\n  return 1;\n", None, [(2, "error", "syntax-error")]),
        ("a.jsx", "const a = <b>{x}</b>;\n", None, []),
        ("a.js", "/* @flow */\nconst x: number = (1: any);\n", None, []),
        ("a.py", "\ufeffx = 1\r\n", None, []),
        ("a.py", "# -*- coding: latin-1 -*-\nx = 1\n", None, []),
        ("a.txt", "def f(:\n", None, []),
        ("a.py", "x = '\\d'\n", None, []),
        ("a.py", "type X = int\ndef f[T](x: T) -> T:\n    return x\n", None, []),
    ],
)
def test_syntax_errors(path: str, new: str, old: str | None, expected: list[tuple[int, str, str]]) -> None:
    assert parse_rules(changed(path, new, old)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("f({ a: [1, 2] });", True),
        ("f({ a: [1, 2 });", False),
        ("const s = ')' + \"]\" + `}`; // )\n/* ( */", True),
        ("`a${ f({ b: `${c}` }) }d)`", True),
        ("`a${ f( }`", False),
        ("`open", False),
        ("x = /[)]\\//g; y = a / b / (c);", True),
        ("return /[(]/.test(x)", True),
        ("<p>don't (stop)</p>", True),
        ("type A<T> = T extends (infer U)[] ? U : never;", True),
    ],
)
def test_brackets(source: str, expected: bool) -> None:
    assert balanced(source.encode()) is expected


def test_hostile_nesting_neither_crashes_nor_hangs() -> None:
    assert parse_rules(changed("a.py", "x = " + "(" * 100_000)) in ([(1, "error", "syntax-error")], [])
    assert parse_rules(changed("a.py", "x = " + "-" * 100_000 + "1\n")) == []
    parse_rules(changed("a.js", "debugger;" + "[" * 100_000))
