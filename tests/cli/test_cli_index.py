"""v4 index from the command line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

Make = Callable[[Mapping[str, str | bytes]], Path]
V4 = Callable[..., "subprocess.CompletedProcess[str]"]

FILES = {
    "app.py": "import os\nfrom lib import helper\n\n\ndef main():\n    return helper(os)\n",
    "lib.py": "def helper(x):\n    return x\n",
    "ui.ts": "export const a = 1\n",
    "README.md": "# Demo\n",
    "logo.png": b"\x89PNG\r\n\x1a\n\x00",
}


def test_the_summary_counts_files_symbols_and_imports(make_repository: Make, v4: V4) -> None:
    done = v4("index", "--json", "--repo", str(make_repository(FILES)))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["schema"], found["command"], found["files"], found["symbols"]) == (1, "index", 5, 3)
    assert found["languages"]["python"] == {"files": 2, "bytes": 97, "symbols": 2}
    assert found["imports"] == {"resolved": 1, "external": 1, "ambiguous": 0, "unresolved": 0}
    assert found["skipped"] == [{"path": "logo.png", "reason": "binary"}]
    assert found["parsed"] + found["reused"] == 5 and found["seconds"] >= 0


def test_people_read_lines_and_a_second_run_reads_nothing(make_repository: Make, v4: V4) -> None:
    root = make_repository(FILES)
    assert "5 files in " in v4("index", cwd=root).stdout
    done = v4("index", cwd=root)
    assert "0 read, 5 unchanged" in done.stdout
    assert "3 symbols, 2 imports: 1 resolved, 1 external" in done.stdout
    assert "logo.png  binary" in done.stdout and done.stderr == ""


def test_an_empty_repository(make_repository: Make, v4: V4) -> None:
    done = v4("index", cwd=make_repository({}))
    assert done.returncode == 0 and "nothing to index" in done.stdout


def test_outside_a_repository(tmp_path: Path, v4: V4) -> None:
    done = v4("index", cwd=tmp_path)
    assert done.returncode == 4 and done.stdout == "" and done.stderr.startswith("v4: no git repository at or above")


def test_names_that_would_move_the_cursor_are_escaped(make_repository: Make, v4: V4) -> None:
    root = make_repository({"a\x1b[31m\nb.png": b"\x00\x01", "caf\udce9.png": b"\x00\x01"})
    done = v4("index", cwd=root)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout and "a\\x1b[31m\\nb.png" in done.stdout and "caf\\xe9.png" in done.stdout
