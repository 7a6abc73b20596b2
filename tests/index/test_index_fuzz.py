"""Damaged sources through every language: a small seeded part of benchmarks/fuzz_grammars.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import fuzz_grammars
from repo_index.languages import languages

#: something of everything that most languages have, so that mutations meet classes, calls, strings and comments
_BRACES = b"""
// a comment
package a.b;
import a.b.C;
use a::b::{C, D};
#include "a.h"
using A.B;
/** Documented. */
public class A<T> extends B implements C { private int x = 1; void f(int a, T b) { this.x = g(a, b); } }
struct S { int a; }; fn f(a: i32) -> S { let b = a; match b { 1 => c(), _ => d } }
func (r *R) M(a int) (b string, err error) { for i := range a { r.M(i) } ; return "x", nil }
fun h(a: Int): String = "a $a ${a.b}" ; object O { val x = { y -> y } } enum E { A, B }
export const f = async (a) => { await import("./x"); return <b>{a}</b>; };
"""
SOURCES = {
    "python": b"import a.b as c\nfrom .d import e\nclass A(c.B):\n    x: int = 1\n    def f(self, *a, **k):\n        return e(self.x)\n",
    "ruby": b"require 'a'\nmodule A\n  class B < C\n    attr_reader :x\n    def f(a, *b, c: 1, &d)\n      x.each { |y| y.z(a) }\n"
    b'      "a#{b}"\n    end\n  end\nend\n',
    "php": b"<p><?php\nnamespace A;\nuse B\\{C, D as E};\n/** @return C */\nclass F extends C { use T; private ?E $x = null;\n"
    b"function f(C $a): static { return $this->x->g(...$a); } }\nrequire __DIR__ . '/x.php';\n?></p>",
    "bash": b'#!/bin/sh\nsource ./lib.sh\nf() { local a=$1; echo "${a%x}" | g; }\nfor i in *; do f "$i"; done\ncat <<E\n$a\nE\n',
}


@pytest.mark.parametrize("language", languages(), ids=lambda language: language.name)
def test_damaged_sources_give_sound_facts(language) -> None:
    real = [SOURCES.get(language.name, _BRACES), _BRACES]
    for number, source in enumerate(fuzz_grammars.files(language, real, 20)):
        _, wrong = fuzz_grammars.examine(language, source)
        assert not wrong, f"file {number}: {wrong}"


def test_an_index_over_damaged_sources_answers_as_a_fresh_one(tmp_path: Path) -> None:
    sources = {}
    for language in languages():
        real = [SOURCES.get(language.name, _BRACES), _BRACES]
        for number, source in enumerate(fuzz_grammars.files(language, real, 6)):
            sources[f"{language.name}/f{number}{language.extensions[0]}"] = source
    assert fuzz_grammars.index_intact(sources, tmp_path) == []
