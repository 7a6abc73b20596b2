"""Orders of files as pure functions."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from repo_index import Index
from repo_index.arrangement import arrange
from repo_index.layout import measure
from repo_index.linear_arrangement import draw_together
from repo_index.order import change_order, cycles, dependency_order, strong_components

Make = Callable[[Mapping[str, str | bytes]], Path]


def test_dependencies_stand_before_dependents() -> None:
    edges = [("app", "db"), ("app", "web"), ("web", "util"), ("db", "util")]
    assert dependency_order(["app", "db", "util", "web"], edges) == ["util", "db", "web", "app"]


def test_a_cycle_stands_together_and_most_of_its_edges_point_back() -> None:
    edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("z", "a")]
    order = dependency_order(["a", "b", "c", "d", "z"], edges)
    at = {p: n for n, p in enumerate(order)}
    assert order[0] == "d" and order[-1] == "z"
    assert max(at[x] for x in "abc") - min(at[x] for x in "abc") == 2
    assert sum(at[t] < at[s] for s, t in edges) == 4


def test_soft_edges_give_way_inside_a_cycle() -> None:
    assert dependency_order(["a", "b"], [("b", "a")], soft=[("a", "b")]) == ["a", "b"]
    assert dependency_order(["a", "b"], [("a", "b")], soft=[("b", "a")]) == ["b", "a"]


def test_lower_ranks_come_first_but_pull_what_they_need() -> None:
    edges = [("src/app", "src/core"), ("tests/t", "src/app"), ("src/app", "tests/helper")]
    paths = ["docs/guide", "src/app", "src/core", "src/lonely", "tests/helper", "tests/t"]
    rank = {"docs/guide": 2, "tests/t": 1, "tests/helper": 1}
    order = dependency_order(paths, edges, rank=rank)
    assert order == ["src/lonely", "src/core", "tests/helper", "src/app", "tests/t", "docs/guide"]


def test_what_a_file_needs_stands_right_before_it() -> None:
    paths = [f"{kind}{n}" for n in range(5) for kind in ("test", "unit")]
    order = dependency_order(paths, [(f"test{n}", f"unit{n}") for n in range(5)])
    assert order == [f"{kind}{n}" for n in range(5) for kind in ("unit", "test")]


def test_the_order_depends_on_neither_the_order_of_input_nor_repeats() -> None:
    chance = random.Random(7)
    paths = [f"p{n % 7}/f{n}" for n in range(120)]
    edges = [(chance.choice(paths), chance.choice(paths)) for _ in range(300)]
    expected = dependency_order(paths, edges)
    for _ in range(3):
        chance.shuffle(paths)
        chance.shuffle(edges)
        assert dependency_order(paths, edges + edges[:50]) == expected
    assert sorted(expected) == sorted(paths)


def test_a_long_chain_does_not_exhaust_the_stack() -> None:
    paths = [f"{n:05}" for n in range(5000)]
    edges = list(pairwise(paths))
    assert dependency_order(paths, edges) == paths[::-1]
    assert dependency_order(paths, [*edges, (paths[-1], paths[0])]) != []


def test_components_and_cycles() -> None:
    edges = [("a", "b"), ("b", "a"), ("c", "c"), ("d", "a"), ("x", "elsewhere")]
    assert strong_components(["a", "b", "c", "d"], edges) == [["a", "b"], ["c"], ["d"]]
    assert cycles(["a", "b", "c", "d"], edges) == [["a", "b"], ["c"]]


def test_rarely_changed_files_come_first() -> None:
    changes = {"a": (9, 50), "b": (1, 90), "c": (1, 10)}
    assert change_order(["a", "b", "c", "new"], changes) == ["new", "c", "b", "a"]


def test_figures_of_a_layout() -> None:
    tokens = {"a": 100, "b": 300, "c": 600}
    edges = [("b", "a"), ("c", "a"), ("a", "c"), ("c", "gone")]
    used = [(("b", 0.5), ("a", 0.0)), (("a", 0.0), ("c", 0.5))]
    found = measure(["a", "b", "c"], tokens, edges, used, {"b": (3, 0), "c": (1, 0)}, window=250)
    assert found.edges_before == pytest.approx(2 / 3)
    assert found.edges_in_window == pytest.approx(1 / 3)
    assert found.uses_in_window == pytest.approx(1 / 2)
    assert found.mean_use_distance == pytest.approx((250 + 1000) / 2)  # what stands after its use is not seen
    assert found.blocks_touched == 1 / 2
    assert found.prefix_kept == pytest.approx(100 / 1000)
    assert found.prefix_kept_by_changes == pytest.approx(100 / 1000)


def test_figures_of_nothing() -> None:
    found = measure([], {}, [], [])
    assert found.prefix_kept == 0 and found.prefix_kept_by_changes is None


def test_files_are_drawn_together_without_breaking_the_order() -> None:
    needs: list[list[int]] = [[], [], [0], [1], [0], [1]]
    found = draw_together([0, 1, 2, 3, 4, 5], needs)
    assert sorted(found) == list(range(6))
    assert all(found.index(need) < found.index(node) for node in range(6) for need in needs[node])
    assert {*found[:3]} in ({0, 2, 4}, {1, 3, 5})


def test_what_changes_often_stands_last(make_repository: Make) -> None:
    files: dict[str, str | bytes] = {"base.py": "X = 1\n" * 50, "busy.py": "import base\n", "user.py": "import busy\n"}
    root = make_repository(files)
    for n in range(3):
        (root / "busy.py").write_text(f"import base  # {n}\n")
        subprocess.run(["git", "commit", "-qam", str(n)], cwd=root, check=True)
    index = Index.open(root).refresh()
    assert arrange(index, sorted(files), "dsa") == ["base.py", "user.py", "busy.py"]
