"""Rust: crates, modules, references across files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from repo_index import Index
from repo_index.languages import named

FILES = {
    "Cargo.toml": '[workspace]\nmembers = ["app", "core"]\n',
    "core/Cargo.toml": '[package]\nname = "my-core"\nversion = "0.1.0"\n',
    "core/src/lib.rs": "mod shape;\n#[macro_use]\nmod macros;\npub use shape::Shape;\n"
    "pub trait Area { fn area(&self) -> u32; }\ncfg_more! {\n    pub mod extra;\n}\n"
    "mod tests {\n    use super::*;\n    fn t() { let s = Shape::new(1); s.area(); twice!(s.side); }\n}\n",
    "core/src/shape.rs": "use crate::Area;\npub struct Shape { pub side: u32 }\n"
    "impl Shape { pub fn new(side: u32) -> Self { Shape { side } } }\n"
    "impl Area for Shape { fn area(&self) -> u32 { self.side * self.side } }\n",
    "core/src/macros.rs": "macro_rules! twice { ($e:expr) => { $e * 2 }; }\n",
    "core/src/extra.rs": "pub fn helper() -> Option<super::Shape> { None }\n",
    "app/Cargo.toml": '[package]\nname = "app"\nversion = "0.1.0"\n\n[dependencies]\nmy-core = { path = "../core" }\n',
    "app/src/main.rs": "use my_core::{extra::helper as h, Area, Shape};\n\nfn area() {}\n\nfn main() {\n"
    '    let shape = h().unwrap();\n    println!("{}", shape.area() + shape.side);\n    let helper = 1;\n'
    "    let Shape { side } = shape;\n    dbg!(helper, side);\n    area();\n}\n",
}


@pytest.fixture
def index(tmp_path: Path) -> Index:
    root = tmp_path / "repo"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return Index.open(root, cache_dir=tmp_path / "cache").refresh()


def places(index: Index, spec: str) -> list[tuple[str, int]]:
    return [(r.path, r.line) for r in index.references(index.symbol(spec)) if r.certainty == "exact"]


def test_spans_are_the_names():
    for text in (v for k, v in FILES.items() if k.endswith(".rs")):
        source = text.encode()
        facts = named("rust").extract(source, "x.rs")
        assert facts.errors == []
        for occurrence in facts.occurrences:
            assert source[slice(*occurrence.span)].decode() == occurrence.name


def test_imports_lead_to_files(index):
    edges = {(e.source, e.target) for e in index.edges() if e.target}
    assert {
        ("core/src/lib.rs", "core/src/shape.rs"),
        ("core/src/lib.rs", "core/src/extra.rs"),
        ("core/src/lib.rs", "core/src/macros.rs"),
        ("core/src/shape.rs", "core/src/lib.rs"),
        ("app/src/main.rs", "core/src/extra.rs"),
        ("app/src/main.rs", "core/src/lib.rs"),
    } <= edges
    assert not [e for e in index.edges() if e.state == "unresolved"]


def test_references_through_reexports_traits_and_macros(index):
    assert places(index, "core/src/shape.rs::Shape.area") == [
        ("app/src/main.rs", 7), ("core/src/lib.rs", 5), ("core/src/lib.rs", 11), ("core/src/shape.rs", 4)
    ]  # fmt: skip
    assert places(index, "app/src/main.rs::area") == [("app/src/main.rs", 3), ("app/src/main.rs", 11)]
    assert places(index, "core/src/extra.rs::helper") == [
        ("app/src/main.rs", 1), ("app/src/main.rs", 1), ("app/src/main.rs", 6), ("core/src/extra.rs", 1)
    ]  # fmt: skip
    assert places(index, "core/src/macros.rs::twice") == [("core/src/lib.rs", 11), ("core/src/macros.rs", 1)]
    side = places(index, "core/src/shape.rs::Shape.side")
    assert {("app/src/main.rs", 7), ("app/src/main.rs", 9), ("core/src/lib.rs", 11), ("core/src/shape.rs", 3)} <= set(
        side
    )


def test_damaged_and_extreme_sources():
    rust = named("rust")
    deep = b"fn f() { " + b"(" * 5000 + b")" * 5000 + b"}"
    chain = b"fn f() { a" + b".b()" * 3000 + b" }"
    for source in (
        b"",
        b"\xff\xfe",
        b"mod",
        b"use {",
        b"impl {",
        b"m! { fn",
        deep,
        chain,
        b"use a::*; use self::self;",
    ):
        rust.extract(source, "x.rs")
    assert rust.extract(b"fn f( {", "x.rs").errors
