"""Files with thousands of comment lines in a row."""

from __future__ import annotations

import time

import pytest

from repo_index.languages.python_comments import masked
from repo_index.languages.python_extract import extract


@pytest.mark.parametrize("line", [b"# it's a \"comment\n", b"    # deeper\n", b"\n \t# \xc3\xa9\r\n"])
def test_many_comment_lines_after_a_block_are_read_in_linear_time(line: bytes) -> None:
    source = b"def f():\n    x = 1\n" + line * 20_000 + b"def g():\n    return f()  # end\n"
    start = time.process_time()
    facts = extract(source)
    assert time.process_time() - start < 2
    assert [d.qualified for d in facts.definitions] == ["f", "g"]
    assert [o.span for o in facts.occurrences if o.name == "f" and o.kind == "call"] == [
        (source.index(b"f()  #"), source.index(b"f()  #") + 1)
    ]
    comments = [(start, end) for start, end, kind in facts.texts if kind == "comment"]
    assert len(comments) == 20_001
    assert all(source[a:b].startswith(b"#") and b"\n" not in source[a:b] for a, b in comments)


def test_a_masked_source_has_its_code_and_strings_at_their_places() -> None:
    text = b'"""' + b"# no comment\n" * 150 + b'"""\nx = "a" # kept\n' + b"# dropped '''\n" * 150 + b"y = 'b' # kept\n"
    out, spans = masked(text)
    assert len(out) == len(text) and out.count(b"\n") == text.count(b"\n")
    assert out.startswith(text[: text.index(b"# dropped")]) and out.endswith(b"y = 'b' # kept\n")
    assert b"dropped" not in out
    assert [text[a:b] for a, b in spans] == [b"# dropped '''"] * 150


def test_short_runs_are_left_to_the_grammar() -> None:
    text = (b"# a comment\n" * 60 + b"x = 1\n") * 4
    assert masked(text) == (text, [])
