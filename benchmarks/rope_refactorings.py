"""The refactorings of python_refactorings.py by rope, in a process and an environment of its own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from .python_suites import python

VERSION = "1.15.2"


class Rope:
    """rope on the tree `root`, which it writes to; `source` is the folder below it that is on the path."""

    def __init__(self, root: Path, source: str) -> None:
        interpreter = python(f"rope-{VERSION}", (f"rope=={VERSION}",))
        self._process = subprocess.Popen(
            [str(interpreter), str(Path(__file__).with_name("rope_server.py")), str(root), source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def carry_out(self, operation: dict[str, Any], path: str, offset: int, position: int) -> dict[str, Any]:
        """Write a refactoring into the tree: {"seconds"}, or {"reason"} where rope gave up.

        `offset`: characters to the name in `path`. `position`: where an added parameter goes, from 0.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        job = {"operation": operation, "path": path, "offset": offset, "position": position}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate()
