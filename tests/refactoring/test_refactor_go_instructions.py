"""Instructions about Go that need no model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from go_shop import SHOP

from repo_index import Index
from v4cli.refactoring import planner

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]


@pytest.mark.parametrize(
    ("instruction", "operation"),
    [
        ("rename the function Total to Sum", {"symbol": "cart/cart.go::Total", "new_name": "Sum"}),
        ("rename the package cart to basket", {"path": "cart", "new_path": "basket"}),
        (
            "move Rate from cart/cart.go to rates/rates.go",
            {"symbols": ["cart/cart.go::Rate"], "target": "rates/rates.go"},
        ),
        (
            "add a parameter round with default false to Total",
            {"symbol": "cart/cart.go::Total", "name": "round", "default": "false"},
        ),
    ],
)
def test_plans(make_repository: MakeRepository, tmp_path: Path, instruction: str, operation: Mapping[str, Any]) -> None:
    def no_model() -> Any:
        raise AssertionError("the model was asked")

    index = Index.open(make_repository(SHOP), cache_dir=tmp_path / "cache").refresh()
    made = planner.plan(instruction, index, no_model)
    assert [o.model_dump(exclude_defaults=True) for o in made.operations] == [operation]
