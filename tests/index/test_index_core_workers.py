"""Indexing in worker processes gives what indexing in this process gives, and survives a worker's death."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from repo_index import Index, workers
from repo_index.facts_cache import failed_row, index_blob
from repo_index.languages import for_path

FILES = {f"pkg/m{i}.py": f"import os\ndef f{i}(): return os.path, 'é'\n" for i in range(40)} | {
    "a.txt": "words\n",
    "b.bin": "\0\1",
    "bad.py": "def (:\n",
    "empty.py": "",
    "web.ts": "export const x: number = 1\n",
}


def test_same_rows_in_the_same_order() -> None:
    given = [(path, text.encode()) for path, text in FILES.items()]
    given.insert(3, ("gone.py", None))  # type: ignore[arg-type]
    warnings: list[str] = []
    found = list(workers.rows(given, workers.FILES, warnings))
    assert [(path, content) for path, content, _ in found] == given
    for path, content, row in found:
        assert row == (None if content is None else index_blob(path, content, for_path(path)))
    assert warnings == []


def test_an_index_made_by_workers(make_repository, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Index.open(make_repository(FILES)).refresh()
    monkeypatch.setattr(workers, "FILES", 1)
    monkeypatch.setattr(workers, "count", lambda: 2)
    seen: list[tuple[float, float]] = []
    index = Index.open(make_repository(FILES)).refresh(progress=lambda done, total: seen.append((done, total)))
    assert index.symbols() == plain.symbols()
    assert index.edges() == plain.edges()
    assert index.files() == plain.files()
    assert seen[-1] == (len(FILES), len(FILES))


@pytest.mark.parametrize("kind", [workers._Spawned, workers._Forked])
def test_a_worker_that_dies_costs_one_file(kind: type[workers._Worker]) -> None:
    worker = kind()
    try:
        assert worker.index("a.py", b"x = 1\n") is not None
        pipes, worker._pipes = worker._pipes, None
        worker._kill()
        worker._pipes, worker._kill = pipes, lambda: None  # type: ignore[method-assign]
        assert worker.index("a.py", b"x = 1\n") is None
        del worker._kill
        assert worker.index("a.py", b"x = 1\n") == index_blob("a.py", b"x = 1\n", for_path("a.py"))
    finally:
        worker.stop()


def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "SECONDS", 0.0)
    warnings: list[str] = []
    slow = b"x = [" + b"a.b(c), " * 200_000 + b"]\n"
    [(path, _, row)] = workers.rows([("slow.py", slow)], 1, warnings)
    assert path == "slow.py"
    assert warnings == ["slow.py: the parser failed on it; it is searched as text"]
    assert row == failed_row("slow.py", slow)


def test_a_file_given_up_is_not_tried_again(make_repository, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_repository({"a.py": "def f(): ...\n", "b.py": "def g(): ...\n"})
    monkeypatch.setattr(workers, "FILES", 1)
    monkeypatch.setattr(workers, "count", lambda: 2)
    monkeypatch.setattr(workers._Worker, "index", lambda self, path, content: None)
    index = Index.open(root).refresh()
    assert len(index.report.warnings) == 2
    again = Index.open(root).refresh()
    assert (again.report.parsed, again.report.warnings, again.symbols()) == (0, [], [])
    assert again.facts("a.py").errors == [((0, 13), 1)]


def test_nothing_of_the_repository_is_imported(
    make_repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = f"open({str(tmp_path / 'ran')!r}, 'w')\n"
    root = make_repository(
        dict.fromkeys(("json.py", "tree_sitter.py", "sitecustomize.py", "repo_index/__init__.py"), evil)
    )
    monkeypatch.chdir(root)
    monkeypatch.setattr(workers, "FILES", 1)
    monkeypatch.setattr(workers, "count", lambda: 2)
    assert Index.open(root).refresh().report.parsed == 1
    assert not (tmp_path / "ran").exists()


def test_no_worker_outlives_its_parent(make_repository) -> None:
    root = make_repository(FILES)
    script = (
        "import os, sys; from repo_index import Index, workers\n"
        "workers.FILES = 1; workers.count = lambda: 2\n"
        "def stop(done, total):\n"
        "    if done == 20:\n"
        "        print(*(p for p in os.listdir('/proc') if p.isdigit() and parent(p) == os.getpid()), flush=True)\n"
        "        os.kill(os.getpid(), 9) if sys.argv[2] == 'kill' else sys.exit(1)\n"
        "def parent(p):\n"
        "    try: return int(open(f'/proc/{p}/stat').read().rsplit(')', 1)[1].split()[1])\n"
        "    except OSError: return 0\n"
        "Index.open(sys.argv[1]).refresh(progress=stop)"
    )
    if not os.path.isdir("/proc/self"):
        pytest.skip("needs /proc")
    for way in ("exit", "kill"):
        done = subprocess.run([sys.executable, "-c", script, str(root), way], capture_output=True, text=True)
        children = [int(p) for p in done.stdout.split()]
        assert children
        for _ in range(100):
            alive = [p for p in children if _runs(p)]
            if not alive:
                break
            time.sleep(0.05)
        assert alive == []


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
