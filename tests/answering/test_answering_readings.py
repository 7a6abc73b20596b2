"""The order of passages: what an earlier question has read comes first, when that saves enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from repo_index import Index
from v4cli.answering.exact import Citation
from v4cli.answering.readings import LEAST, REMEMBERED, Readings, arrange
from v4cli.answering.retrieve import Source, of_lines


def source(path: str, start: int, end: int) -> Source:
    """A passage of ten tokens a line."""
    return Source(Citation(path, start, end), "\n".join(f"{path} {n} " + "x " * 8 for n in range(start, end + 1)))


def count(text: str) -> int:
    return len(text.split())


def everything(sources: Sequence[Source]) -> int:
    return sum(count(s.shown(n)) for n, s in enumerate(sources, 1))


A, B, C, D = (source(name, 1, 20) for name in ("a.py", "b.py", "c.py", "d.py"))


def test_the_same_passages_keep_the_earlier_order() -> None:
    assert arrange([C, A, B], [[A, B, C]], 1000, count, everything) == [A, B, C]


def test_what_is_new_follows_in_its_own_order() -> None:
    assert arrange([D, C, B], [[A, B]], 1000, count, everything) == [A, B, D, C]


def test_what_nobody_wants_is_cut_off_or_too_much() -> None:
    assert arrange([D, A], [[A, B, C]], 1000, count, everything) == [A, D], "kept as far as it saves"
    assert arrange([D, C], [[A, B, C]], 1000, count, everything) == [D, C], "two unwanted passages for one"
    assert arrange([D, C, B], [[A, B, C]], 1000, count, everything) == [A, B, C, D]
    assert arrange([D, C, B], [[A, B, C]], 100, count, everything) == [D, C, B], "no room for what is not wanted"


def test_a_part_of_a_passage_is_not_given_again() -> None:
    inner = source("a.py", 3, 19)
    assert arrange([inner, D], [[A]], 1000, count, everything) == [A, D]
    wider = source("a.py", 1, 30)
    assert arrange([wider, B], [[B, A]], 1000, count, everything) == [B, wider]


def test_only_what_is_held_counts() -> None:
    assert arrange([C, B, A], [[A, B, C]], 1000, count, lambda sources: 0) == [C, B, A]
    assert arrange([C, B, A], [[A, B, C]], 1000, count, lambda sources: 420) == [A, B, C]
    assert arrange([D, B, A], [[A, B]], 1000, count, lambda sources: 210) == [A, D, B]
    short = source("s.py", 1, LEAST // 10 - 3)
    assert arrange([B, short], [[short]], 1000, count, everything) == [B, short], "too little to change the order for"


def test_the_best_of_several_prompts() -> None:
    assert arrange([C, A, B], [[A], [B, C], [D, A]], 1000, count, everything) == [B, C, A]


@pytest.fixture
def index(
    make_repository: Callable[[Mapping[str, str]], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Index:
    monkeypatch.setenv("V4_CACHE_DIR", str(tmp_path / "cache"))
    text = "".join(f"line_{n} = {n}\n" for n in range(40))
    return Index.open(make_repository({"a.py": text, "b.py": text, "c.py": text})).refresh()


def test_remembered_until_the_lines_change(index: Index, tmp_path: Path) -> None:
    first = [of_lines(index, "a.py", 1, 10), of_lines(index, "b.py", 5, 9), of_lines(index, "c.py", 2, 4)]
    second = [of_lines(index, "c.py", 1, 40)]
    for sources in (first, second, first):
        Readings(index).add(sources)
    assert Readings(index).earlier() == [first, second]
    kept = list((tmp_path / "cache/prefix/readings").iterdir())
    assert len(kept) == 1 and kept[0].stat().st_mode & 0o777 == 0o600

    path = index.root / "b.py"
    path.write_text(path.read_text().replace("line_20", "other"))
    assert Readings(index.refresh()).earlier() == [first, second], "a change elsewhere in the file"
    path.write_text(path.read_text().replace("line_6", "other"))
    assert Readings(index.refresh()).earlier() == [first[:1], second]
    path.unlink()
    (index.root / "c.py").write_text("short\n")
    assert Readings(index.refresh()).earlier() == [first[:1]]

    for n in range(1, 20):
        Readings(index).add([of_lines(index, "a.py", n, n + 1)])
    assert len(Readings(index).earlier()) == REMEMBERED


@pytest.mark.parametrize(
    "content", ["", "[", "{}", "[[1]]", '[[["a.py", "x", 2, "d"]]]', '[[["../a", 1, 2, "d"]]]', "7"]
)
def test_a_damaged_record_is_no_record(content: str, index: Index, tmp_path: Path) -> None:
    Readings(index).add([of_lines(index, "a.py", 1, 10)])
    next((tmp_path / "cache/prefix/readings").iterdir()).write_text(content)
    assert Readings(index).earlier() == []
    Readings(index).add([of_lines(index, "a.py", 1, 10)])
    assert len(Readings(index).earlier()) == 1


def test_nothing_can_be_written(index: Index, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(exist_ok=True)
    (tmp_path / "cache/prefix").write_text("in the way")
    Readings(index).add([of_lines(index, "a.py", 1, 10)])
    assert Readings(index).earlier() == []
