"""The store under several processes at once and under kills; parsers that hang or crash."""

from __future__ import annotations

import faulthandler
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from repo_index import Index, workers
from repo_index.database import Database
from repo_index.facts import FileFacts
from repo_index.languages.python import Python
from repo_index.summary import summary

Make = Callable[[Mapping[str, str | bytes]], Path]
V4 = [sys.executable, "-m", "v4cli.main", "index", "--quiet", "--json", "--repo"]
READER = """
import sys
from repo_index import Index
for _ in range(5):
    index = Index.open(sys.argv[1]).refresh()
    assert len(index.symbols()) == 260, len(index.symbols())
    assert len(index.references(index.symbol("m7.py::f7"))) == 2
    assert not index.report.warnings, index.report.warnings
"""


def sources(count: int = 260) -> dict[str, str | bytes]:
    return {f"m{i}.py": f"import os\ndef f{i}(): return f{i}\n" for i in range(count)}


def right(root: Path, count: int = 260) -> None:
    """The store opens without complaint, is whole, and an index of it says what the files say."""
    index = Index.open(root).refresh()
    assert index.report.warnings == []
    assert {s.id for s in index.symbols()} == {f"m{i}.py::f{i}" for i in range(count)}
    found = summary(index)
    assert (found["symbols"], found["imports"]["external"]) == (count, count)
    index.store.close()
    with sqlite3.connect(root / ".git/v4/index.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_two_writers_and_readers_meanwhile(make_repository: Make) -> None:
    root = make_repository(sources())
    running = [subprocess.Popen([*V4, str(root)], stdout=subprocess.DEVNULL) for _ in range(2)]
    running += [subprocess.Popen([sys.executable, "-c", READER, str(root)]) for _ in range(2)]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0, 0]
    right(root)


def test_kills_at_any_moment(make_repository: Make) -> None:
    root = make_repository(sources())
    draw = random.Random(5)
    for _ in range(6):
        process = subprocess.Popen([*V4, str(root)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(draw.uniform(0.1, 1.2))
        process.kill()
        process.wait()
    right(root)


def test_damage_met_while_another_process_has_the_store_open(
    make_repository: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_repository(sources(20))
    Index.open(root).refresh().store.close()
    path = root / ".git/v4/index.sqlite"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import time; from repo_index import Index; i = Index.open({str(root)!r}); print(1, flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline()
        monkeypatch.setattr("repo_index.database.BUSY_SECONDS", 0.2)
        inode = path.stat().st_ino
        path.write_bytes(b"this is no database" * 1000)
        index = Index.open(root).refresh()
        assert len(index.symbols()) == 20
        assert path.stat().st_ino == inode  # left alone: the other process would take the new one's log away
    finally:
        holder.kill()
        holder.wait()
    assert any("damaged" in warning for warning in Index.open(root).refresh().report.warnings)
    right(root, 20)


def test_tables_of_another_version(make_repository: Make) -> None:
    root = make_repository(sources(20))
    Index.open(root).refresh().store.close()
    with sqlite3.connect(root / ".git/v4/index.sqlite") as connection:
        connection.execute("DROP TABLE tallies")
        connection.execute("ALTER TABLE facts RENAME COLUMN uses TO other")
        connection.execute("PRAGMA user_version = 1")
    right(root, 20)


def test_tables_that_change_under_a_running_process(tmp_path: Path) -> None:
    warnings: list[str] = []
    database = Database(str(tmp_path / "x.sqlite"), "CREATE TABLE a (b)", 1, warnings)
    database.connect()
    with sqlite3.connect(tmp_path / "x.sqlite") as other:
        other.execute("DROP TABLE a")
    with database.guarded() as connection:
        connection.execute("SELECT b FROM a")
    assert warnings == ["another version of v4 has taken the index: this run keeps its facts in memory"]
    assert not database.persistent
    with database.guarded() as connection:
        assert connection.execute("SELECT b FROM a").fetchall() == []


def _misbehaving(source: bytes) -> None:
    if source.startswith(b"# hang"):
        while True:
            pass
    if source.startswith(b"# crash"):
        faulthandler.disable()  # pytest's, which would write a traceback
        os.kill(os.getpid(), signal.SIGSEGV)
    if source.startswith(b"# raise"):
        raise RecursionError


HOOK = """
import os, signal, repo_index.languages.python as language
plain = language.Python.extract
def extract(self, source, path):
    if source.startswith(b"# hang"):
        while True: pass
    if source.startswith(b"# crash"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if source.startswith(b"# raise"):
        raise RecursionError
    return plain(self, source, path)
language.Python.extract = extract
import repo_index.workers as workers
workers.SECONDS = 1.0
"""


@pytest.mark.parametrize("many", [False, True])
def test_a_parser_that_hangs_or_crashes_costs_one_file(
    make_repository: Make, monkeypatch: pytest.MonkeyPatch, many: bool
) -> None:
    bad = {"hang.py": "# hang\ndef lost(): ...\n", "crash.py": "# crash\ndef gone(): ...\n", "raise.py": "# raise\n"}
    root = make_repository(sources(12) | bad)
    plain = Python.extract

    def extract(self: Python, source: bytes, path: str) -> FileFacts:
        _misbehaving(source)
        return plain(self, source, path)

    monkeypatch.setattr(workers, "SECONDS", 5.0)  # the start of a worker counts
    if many:  # workers that are started anew: they are given the same grammar when they start
        monkeypatch.setattr(workers, "FILES", 1)
        monkeypatch.setattr(workers, "count", lambda: 2)
        monkeypatch.setattr(workers, "_MAIN", HOOK + workers._MAIN)
    else:
        if not workers._fork_is_safe():
            pytest.skip("this process has threads: nothing is forked")
        monkeypatch.setattr(Python, "extract", extract)
    started = time.monotonic()
    index = Index.open(root).refresh()
    assert time.monotonic() - started < 20
    assert sorted(index.report.warnings) == [
        f"{p}: the parser failed on it; it is searched as text" for p in sorted(bad)
    ]
    assert {s.path for s in index.symbols()} == {f"m{i}.py" for i in range(12)}
    again = Index.open(root).refresh()
    assert (again.report.parsed, again.report.warnings) == (0, [])
    outline = again.facts("hang.py")
    assert outline is not None and outline.errors


def test_a_worker_whose_parent_is_gone_does_not_hang_for_ever(tmp_path: Path) -> None:
    script = (
        "import os, signal, repo_index.workers as w\n"
        "def hang(*_):\n    while True: pass\n"
        "w.index_blob = hang; w.SECONDS = -1.0\n"
        "worker = w._Forked(); worker.index('a.py', b'x')\n"
        "print(worker._process, flush=True)\n"
    )
    # a limit of -1 s makes the parent give up at once and the alarm ring after one second
    script = script.replace("worker.index", "worker._kill = lambda: None; worker.index")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip(), done.stderr
    process = int(done.stdout)
    for _ in range(100):
        try:
            if Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return
        except OSError:
            return
        time.sleep(0.1)
    os.kill(process, signal.SIGKILL)
    pytest.fail("the worker still runs")


def test_numbers_after_an_edit_are_those_of_a_count_from_nothing(make_repository: Make) -> None:
    files = {
        "pkg/__init__.py": "from .a import f\n",
        "pkg/a.py": "import os, missing_thing\ndef f(): ...\n",
        "pkg/b.py": "from . import a\nfrom pkg import c\n",
        "web/a.ts": "import {b} from './b'\nexport class A { m() {} }\n",
        "web/b.ts": "export const b = 1\n",
        "pyproject.toml": "[project]\nname = 'x'\n",
    }
    root = make_repository(files)

    def check() -> dict[str, int]:
        kept = summary(Index.open(root).refresh())
        fresh = summary(Index.open(root, cache_dir=root / ".git" / f"fresh{time.time_ns()}").refresh())
        assert kept == fresh == summary(Index.open(root).refresh())
        imports: dict[str, int] = kept["imports"]
        return imports

    first = check()
    (root / "pkg/a.py").write_text("import os\ndef f(): ...\ndef g(): ...\n")
    check()
    (root / "pkg/c.py").write_text("x = 1\n")
    check()
    (root / "src").mkdir()
    (root / "src/missing_thing.py").write_text("")
    (root / "pkg/a.py").write_text("import os, missing_thing\ndef f(): ...\n")
    assert check()["external"] == first["external"] - 1
    (root / "pyproject.toml").write_text("[tool.setuptools.packages.find]\nwhere = ['src']\n")
    check()
    (root / "pkg/c.py").unlink()
    check()
