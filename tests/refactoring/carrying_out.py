"""Carrying an operation out on a small repository: every check, the patch by git itself, the result by Python."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from repo_index import Index
from v4cli.refactoring.operation import Operation
from v4cli.refactoring.plan import Plan
from v4cli.refactoring.run import Result, execute


@dataclass
class Done:
    root: Path
    result: Result

    def text(self, path: str) -> str:
        return (self.root / path).read_bytes().decode()

    @property
    def left(self) -> list[str]:
        return [f"{p.path}:{p.line} {p.reason}" for p in self.result.left_alone]


def contents(files: Mapping[str, str | bytes]) -> dict[str, str | bytes]:
    return {path: dedent(text) if isinstance(text, str) else text for path, text in files.items()}


def carry_out(root: Path, operation: Operation, script: str = "") -> Done:
    """Apply the patch to the repository at `root`, and run `script` there."""
    result = execute(Plan([operation]), Index.open(root).refresh())
    assert [check for check in result.checks if not check.passed] == []
    for options in (["--check"], []):
        subprocess.run(
            ["git", "apply", "--whitespace=nowarn", *options, "-"],
            cwd=root,
            input=result.patch.text.encode("utf-8", "surrogateescape"),
            check=True,
        )
    for change in result.changes:
        path = root / change.path
        if path.suffix == ".py" and path.exists():
            compile(path.read_bytes(), change.path, "exec", dont_inherit=True)
    if script:
        done = subprocess.run([sys.executable, "-c", dedent(script)], cwd=root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return Done(root, result)
