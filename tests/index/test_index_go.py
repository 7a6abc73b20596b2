"""Go: facts, packages, references across files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from repo_index import Index
from repo_index.languages import named

FILES = {
    "go.mod": "module example.com/app\n\ngo 1.19\n\nreplace example.com/lib => ./lib\n",
    "lib/go.mod": "module example.com/lib\n",
    "lib/lib.go": "package lib\n\n// Box holds.\ntype Box struct {\n\tSize int\n}\n\n"
    "func New() (*Box, error) { return &Box{Size: 1}, nil }\n",
    "lib/methods.go": "package lib\n\nfunc (b *Box) Grow(by int) *Box { b.Size += by; return b }\n",
    "lib/other_windows.go": "package lib\n\nfunc platform() int { return 1 }\n",
    "lib/other_linux.go": "package lib\n\nfunc platform() int { return 2 }\n\nvar p = platform()\n",
    "main.go": 'package main\n\nimport (\n\tbox "example.com/lib"\n\t"example.com/app/internal/util"\n\t"fmt"\n)\n\n'
    "type Crate struct {\n\t*box.Box\n}\n\n"
    "func main() {\n\tb, err := box.New()\n\tb.Grow(1).Grow(2)\n\tc := Crate{Box: b}\n\tfmt.Println(c.Size, err.Error(), util.Run())\n"
    "\tfor _, x := range []*box.Box{{Size: 3}} {\n\t\tx.Grow(x.Size)\n\t}\n\tGrow := 1\n\t_ = Grow\n}\n",
    "internal/util/util.go": "package util\n\nfunc Run() int { Run := 1; return Run }\n",
    "internal/util/util_test.go": 'package util_test\n\nimport "example.com/app/internal/util"\n\nvar _ = util.Run()\n',
}


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return build(tmp_path / "repo", FILES, tmp_path / "cache")


def build(root: Path, files: dict[str, str], cache: Path) -> Index:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return Index.open(root, cache_dir=cache).refresh()


def places(index: Index, spec: str, certainty: str = "exact") -> list[tuple[str, int]]:
    return [(r.path, r.line) for r in index.references(index.symbol(spec)) if r.certainty == certainty]


def test_spans_are_the_names():
    source = FILES["main.go"].encode()
    facts = named("go").extract(source, "main.go")
    assert facts.errors == []
    for definition in facts.definitions:
        assert source[slice(*definition.name_span)].decode() == definition.name
    for occurrence in facts.occurrences:
        assert source[slice(*occurrence.span)].decode() == occurrence.name


def test_imports_lead_to_packages(index):
    edges = {(e.source, e.module, e.target, e.state) for e in index.edges() if e.module}
    assert ("main.go", "example.com/lib", "lib/lib.go", "resolved") in edges
    assert ("main.go", "example.com/app/internal/util", "internal/util/util.go", "resolved") in edges
    assert ("main.go", "fmt", None, "external") in edges
    assert ("internal/util/util_test.go", "example.com/app/internal/util", "internal/util/util.go", "resolved") in edges


def test_methods_and_fields_through_types(index):
    assert places(index, "lib/methods.go::Box.Grow") == [
        ("lib/methods.go", 3), ("main.go", 15), ("main.go", 15), ("main.go", 19)
    ]  # fmt: skip
    assert places(index, "lib/lib.go::Box.Size") == [
        ("lib/lib.go", 5), ("lib/lib.go", 8), ("lib/methods.go", 3), ("main.go", 17), ("main.go", 18), ("main.go", 19)
    ]  # fmt: skip


def test_locals_shadow_functions(index):
    assert places(index, "internal/util/util.go::Run") == [
        ("internal/util/util.go", 3), ("internal/util/util_test.go", 5), ("main.go", 17)
    ]  # fmt: skip


def test_definitions_of_several_platforms_are_one(index):
    assert places(index, "lib/other_linux.go::platform") == [
        ("lib/other_linux.go", 3), ("lib/other_linux.go", 5), ("lib/other_windows.go", 3)
    ]  # fmt: skip


def test_methods_of_an_interface_go_together(tmp_path):
    files = {
        "go.mod": "module m\n",
        "a.go": "package m\n\ntype Runner interface{ Run(n int) }\n\ntype A struct{}\n\nfunc (A) Run(n int) {}\n",
        "b.go": "package m\n\ntype B struct{}\n\nfunc (*B) Run(n int) {}\n\ntype C struct{}\n\nfunc (C) Run() {}\n"
        "\nfunc use(r Runner) { r.Run(1); C{}.Run() }\n",
    }
    index = build(tmp_path / "repo", files, tmp_path / "cache")
    assert places(index, "b.go::B.Run") == [("a.go", 3), ("a.go", 7), ("b.go", 5), ("b.go", 11)]
    assert places(index, "b.go::C.Run") == [("b.go", 9), ("b.go", 11)]


def test_damaged_and_extreme_sources():
    go = named("go")
    deep = b"package p\nfunc f() { " + b"(" * 5000 + b")" * 5000 + b"}"
    chain = b"package p\nvar x = a" + b".b()" * 3000
    for source in (b"", b"\xff\xfe", b"package", b"package p\nfunc (", b"type T struct {", deep, chain):
        go.extract(source, "x.go")
    assert go.extract(b"package p\nfunc f( {", "x.go").errors
