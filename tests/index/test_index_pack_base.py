"""Packs over a commit: the prefix stays as it is while files are edited."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from repo_index import Index
from repo_index.pack import build_pack
from repo_index.pack_base import build_pack_on

Make = Callable[[Mapping[str, str | bytes]], Path]


def count(text: str) -> int:
    return len(text.split())


@pytest.fixture
def root(make_repository: Make) -> Path:
    files: dict[str, str | bytes] = {f"m{n}.py": f"def f{n}():\n    return {n}\n" * 5 for n in range(6)}
    return make_repository({**files, "use.py": "import m1\nimport m2\n", "gone.py": "X = 1\n"})


def test_an_edit_leaves_the_prefix_and_stands_at_the_end(root: Path) -> None:
    base = Index.of_commit(root)
    clean = build_pack_on(base, Index.open(root).refresh(), 4000, count)
    assert clean.render() == build_pack(base, 3000, count).render()
    (root / "m1.py").write_text("import new\n\n\ndef f1():\n    return 'edited'\n")
    (root / "new.py").write_text("Y = 2\n")
    (root / "gone.py").unlink()
    index = Index.open(root).refresh()
    pack = build_pack_on(base, index, 4000, count, question="edited f1")
    assert pack.render().startswith(clean.render())
    rest = pack.render()[len(clean.render()) :]
    assert rest.index("===== m1.py:1-5 (changed) =====") < rest.index("===== new.py:1-1 (changed) =====")
    assert "===== gone.py (deleted) =====" in rest and "return 'edited'" in rest
    assert pack.tokens == count(pack.render())


@pytest.mark.parametrize("budget", [0, 20, 60, 120, 200])
def test_the_budget_holds_and_changes_degrade(root: Path, budget: int) -> None:
    base = Index.of_commit(root)
    for n in range(4):
        (root / f"m{n}.py").write_text(f"def g{n}():\n    return {n}\n" * 20)
    index = Index.open(root).refresh()
    pack = build_pack_on(base, index, budget, count, question="g1")
    assert pack.tokens == count(pack.render()) <= budget
    shown = {s.path for s in pack.segments if s.form == "changed"}
    listed = {x.path for x in pack.left_out}
    assert {f"m{n}.py" for n in range(4)} <= shown | listed | {s.path for s in pack.segments if s.form == "signatures"}
