"""Who may import whom, and what must not be imported before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("v4cli", "repo_index", "model_runtime")
ALLOWED = {
    "v4cli": {"v4cli", "repo_index", "model_runtime"},
    "repo_index": {"repo_index"},
    "model_runtime": {"model_runtime"},
}


def _imported_packages(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found & set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_one_way(package: str) -> None:
    wrong = {
        str(path.relative_to(ROOT)): extra
        for path in (ROOT / package).rglob("*.py")
        if (extra := _imported_packages(path) - ALLOWED[package])
    }
    assert wrong == {}


@pytest.mark.parametrize(
    "statement",
    [
        "import v4cli, v4cli.app, v4cli.main",
        "import repo_index; repo_index.Index",
        "import model_runtime, model_runtime.catalog, model_runtime.tokenizer",
        "import v4cli.commands.ask, v4cli.commands.refactor, v4cli.commands.review, v4cli.commands.hook",
        "import v4cli.commands.index, v4cli.commands.graph, v4cli.commands.pack, v4cli.commands.model",
        "import v4cli.commands.doctor, v4cli.refactoring.planner, v4cli.answering.answer",
    ],
)
def test_no_torch_before_a_model_is_opened(statement: str) -> None:
    script = f"{statement}\nimport sys\nprint([m for m in ('torch', 'transformers', 'gguf') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
