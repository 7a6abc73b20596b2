"""A free edit written by the real small model: a plan that then runs without one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from repo_index import Index
from v4cli.errors import Refused
from v4cli.refactoring.planning.free_edit import write_edit

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]
V4 = Path(sys.executable).with_name("v4")
FILES = {
    "cart.py": (
        "import math\n\n\ndef total_price(prices, discount=0.0):\n"
        '    """The sum of the prices, less the discount."""\n'
        "    # whole cents\n"
        "    total = sum(prices) * (1 - discount)\n\n"
        "    return math.ceil(total * 100) / 100\n\n\n"
        "def average(prices):\n    return total_price(prices) / len(prices)\n"
    ),
    "long.py": "def long():\n" + "".join(f"    print({n})\n" for n in range(200)),
}


@pytest.mark.model
def test_the_model_writes_one_function_and_the_plan_repeats_it(make_repository: MakeRepository, tmp_path: Path) -> None:
    from model_runtime import load_model

    root = make_repository(FILES)
    index = Index.open(root).refresh()
    model = load_model("qwen2.5-coder-0.5b")
    code = "import cart\ntry: cart.total_price([1], -1)\nexcept ValueError: raise SystemExit\nraise SystemExit(1)"
    check = f"{sys.executable} -c '{code}'"
    document = write_edit(
        "Raise ValueError if discount is negative.", "cart.py::total_price", index, lambda: model, check
    )
    assert document["kind"] == "edit" and document["symbol"] == "cart.py::total_price"
    assert document["replacement"].startswith('def total_price(prices, discount=0.0):\n    """The sum')
    assert "# whole cents" in document["replacement"]
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"operations": [document]}))
    done = subprocess.run(
        [V4, "refactor", "--plan", plan, "--apply", "--yes", "--check", check, "--model", "none"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "def average(prices):\n" in (root / "cart.py").read_text()
    with pytest.raises(Refused, match="201 lines; a free edit takes at most 150"):
        write_edit("Print less.", "long", index, lambda: model)
