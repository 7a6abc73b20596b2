"""v4 index --watch: a line a batch, only for files that count."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Make = Callable[[Mapping[str, str | bytes]], Path]


class Watched:
    """A running `v4 index --watch --json`, and the objects that it prints."""

    def __init__(self, root: Path) -> None:
        command = [sys.executable, "-m", "v4cli.main", "index", "--watch", "--json", "--repo", str(root)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def next(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._lines.get(timeout=30))
        return found

    def until(self, changed: set[str], removed: set[str]) -> None:
        """Read batches until they add up to these paths, and no others."""
        while changed or removed:
            batch = self.next()
            assert set(batch["changed"]) <= changed and set(batch["removed"]) <= removed, batch
            changed = changed - set(batch["changed"])
            removed = removed - set(batch["removed"])


@contextmanager
def watching(root: Path) -> Iterator[Watched]:
    watched = Watched(root)
    try:
        assert watched.next()["command"] == "index"
        # a file that changes before the watching has begun is seen as well
        (root / "begun.py").write_text("x = 1\n")
        watched.until({"begun.py"}, set())
        yield watched
        watched.process.send_signal(signal.SIGINT)
        assert watched.process.wait(timeout=30) == 130
        assert watched.process.stderr is not None
        assert "Traceback" not in watched.process.stderr.read()
    finally:
        watched.process.kill()
        watched.process.wait()


def test_edits_deletions_and_branches(make_repository: Make) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True)

    root = make_repository({f"pkg/m{i}.py": f"x = {i}\n" for i in range(40)} | {".gitignore": "build/\n*.log\n"})
    git("checkout", "-q", "-b", "other")
    for i in range(30):
        (root / "pkg" / f"m{i}.py").write_text(f"other = {i}\n")
    git("commit", "-q", "-a", "-m", "other")
    git("checkout", "-q", "main")
    with watching(root) as watched:
        (root / "build").mkdir()
        (root / "build" / "made.py").write_text("ignored = 1\n")
        (root / "run.log").write_text("ignored\n")
        (root / ".git" / "v4" / "note").write_text("ours\n")
        (root / "pkg" / "m31.py").write_text("edited = 1\n")
        watched.until({"pkg/m31.py"}, set())
        (root / "pkg" / "m32.py").unlink()
        (root / "new").mkdir()
        (root / "new" / "n.py").write_text("new = 1\n")
        watched.until({"new/n.py"}, {"pkg/m32.py"})
        git("stash", "-q", "-u")
        watched.until({"pkg/m31.py", "pkg/m32.py"}, {"new/n.py", "begun.py"})
        git("checkout", "-q", "other")
        watched.until({f"pkg/m{i}.py" for i in range(30)}, set())
        os.rename(root / "pkg", root / "moved")
        paths = {f"m{i}.py" for i in range(40)}
        watched.until({f"moved/{p}" for p in paths}, {f"pkg/{p}" for p in paths})


def test_people_read_a_line_a_batch(make_repository: Make) -> None:
    root = make_repository({"a.py": "x = 1\n"})
    command = [sys.executable, "-m", "v4cli.main", "index", "--watch", "--repo", str(root)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "symbol" in line and "import" in line:
                (root / "a.py").write_text("y = 1\n")
            if line.startswith("a.py: "):
                break
        assert line.endswith(" s\n")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
    finally:
        process.kill()
        process.wait()
