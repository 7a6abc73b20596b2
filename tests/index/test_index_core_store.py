"""The store: incremental, shared, crash-safe; trouble with it never stops an index."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from repo_index import Index, codec
from repo_index.facts import FileFacts
from repo_index.languages.python_extract import extract
from repo_index.store import Row, Store
from repo_index.word_hashes import has_words, word_keys, words_of


def database(root: Path) -> Path:
    return root / ".git" / "v4" / "index.sqlite"


def make_old(root: Path) -> None:
    """Set all times back, so that no file counts as just written."""
    stamp = time.time() - 100
    for path in root.rglob("*.py"):
        os.utime(path, (stamp, stamp))
    time.sleep(0.03)  # the time of the inode's change cannot be set


def test_only_what_changed_is_parsed(make_repository) -> None:
    root = make_repository({f"m{i}.py": f"def f{i}(): ...\n" for i in range(30)} | {"notes.md": "f1\n"})
    make_old(root)
    first = Index.open(root).refresh()
    assert (first.report.files, first.report.parsed, first.report.reused) == (31, 31, 0)
    second = Index.open(root).refresh()
    assert (second.report.parsed, second.report.reused) == (0, 31)
    (root / "m3.py").write_text("def changed(): ...\n")
    (root / "m4.py").unlink()
    third = second.refresh()
    assert (third.report.files, third.report.parsed, third.report.reused) == (30, 1, 29)
    assert third.find("f3") == [] and third.find("f4") == []
    assert [s.id for s in third.find("changed")] == ["m3.py::changed"]
    assert "f3" not in third.names() and "changed" in third.names()


def test_change_of_the_same_size_within_the_same_instant_is_seen(make_repository) -> None:
    root = make_repository({"a.py": "aaa = 1\n"})
    index = Index.open(root)
    for name in ("bbb", "ccc", "ddd", "eee"):
        (root / "a.py").write_text(f"{name} = 1\n")
        assert index.refresh().names() == {name}


def test_refresh_of_some_paths(make_repository) -> None:
    root = make_repository({"a.py": "a = 1\n", "b.py": "b = 1\n"})
    index = Index.open(root).refresh()
    (root / "a.py").write_text("a2 = 1\n")
    (root / "b.py").write_text("b2 = 1\n")
    assert index.refresh(paths=["a.py"]).names() == {"a2", "b"}
    assert index.refresh().names() == {"a2", "b2"}


def test_progress_counts_files(make_repository) -> None:
    root = make_repository({f"m{i}.py": f"x = {i}\n" for i in range(5)})
    seen: list[tuple[float, float]] = []
    Index.open(root).refresh(progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (5, 5) and [d for d, _ in seen] == sorted(d for d, _ in seen)


def test_same_answers_cold_and_warm(make_repository) -> None:
    files = {
        "pkg/__init__.py": "from .a import f as g\n__all__ = ['g']\n",
        "pkg/a.py": "import os\nclass C(dict):\n    'Doc.'\n    def m(self, x: int = 1, *a): return self.m(x)\n"
        "def f() -> C:\n    return C()\n",
        "bad.py": "def (:\n",
    }
    root = make_repository(files)
    cold, warm = Index.open(root).refresh(), Index.open(root).refresh()
    assert warm.report.parsed == 0
    for path in files:
        assert cold.facts(path) == warm.facts(path) == extract(files[path].encode())
    assert cold.edges() == warm.edges()
    symbol = warm.symbol("pkg/a.py::f")
    assert cold.references(symbol) == warm.references(symbol)
    assert cold.symbols() == warm.symbols()


def test_facts_survive_their_encoding() -> None:
    source = Path(__file__).read_bytes() + b"\nfrom .x import (y as z)\ntry:\n    import q\nexcept E: pass\ndef (\n"
    facts = extract(source)
    facts.generated = True
    again = FileFacts("python")
    codec.decode_outline(codec.encode_outline(facts), again)
    codec.decode_definitions(codec.encode_definitions(facts), again)
    codec.decode_uses(codec.encode_uses(facts), again)
    codec.decode_texts(codec.encode_texts(facts), again)
    assert again == facts
    some = FileFacts("python")
    codec.decode_uses(codec.encode_uses(facts), some, {"root", "nothing"})
    assert some.occurrences == [o for o in facts.occurrences if o.name == "root"]


@pytest.mark.parametrize("damage", ["garbage", "cut", "pages", "empty", "schema"])
def test_damaged_database_is_rebuilt(make_repository, damage: str) -> None:
    root = make_repository({f"m{i}.py": f"def f{i}(): return f{i}\n" for i in range(50)})
    Index.open(root).refresh().store.close()
    path = database(root)
    content = path.read_bytes()
    if damage == "garbage":
        path.write_bytes(b"this is no database" * 1000)
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "pages":
        path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 999")
    index = Index.open(root).refresh()
    assert len(index.symbols()) == 50
    assert len(index.references(index.symbol("m7.py::f7"))) == 2
    if damage in ("garbage", "pages"):
        assert any("damaged" in w for w in index.report.warnings)
    after = Index.open(root).refresh()
    assert after.report.parsed == 0 and after.report.warnings == []


def test_damaged_facts_of_one_file_are_made_anew(make_repository) -> None:
    root = make_repository({"a.py": "def f(): ...\n", "b.py": "from a import f\n"})
    index = Index.open(root).refresh()
    index.store.connection().execute("UPDATE facts SET outline = '[1,2', definitions = 'x', uses = x'00ff', texts = ''")
    again = Index.open(root).refresh()
    assert [s.id for s in again.symbols()] == ["a.py::f"]
    assert len(again.references(again.symbol("f"))) == 2


def test_folder_that_cannot_be_written(make_repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("V4_CACHE_DIR", str(tmp_path / "cache"))
    root = make_repository({"a.py": "def f(): ...\n"})
    (root / ".git" / "v4").write_text("in the way")
    index = Index.open(root).refresh()
    assert index.names() == {"f"}
    assert any("cannot be written" in w for w in index.report.warnings)
    assert Index.open(root).refresh().report.parsed == 0
    monkeypatch.setenv("V4_CACHE_DIR", str(root / "a.py" / "no"))
    index = Index.open(root).refresh()
    assert index.names() == {"f"} and index.report.parsed == 1
    assert any("kept in memory" in w for w in index.report.warnings)


def test_disk_full(make_repository) -> None:
    root = make_repository({f"m{i}.py": f"def f{i}(): return {i}\n" * 20 for i in range(300)})
    index = Index.open(root)
    connection = index.store.connection()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 5}")
    index.refresh()
    assert len(index.names()) == 300
    assert any("keeps its facts in memory" in w for w in index.report.warnings)
    assert len(index.references(index.symbol("m5.py::f5"))) == 20
    assert Index.open(root).refresh().report.warnings == []


def test_another_process_writes(make_repository) -> None:
    root = make_repository({"a.py": "def f(): ...\n"})
    Index.open(root).refresh()
    with sqlite3.connect(database(root), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        (root / "a.py").write_text("def g(): ...\n")
        index = Index.open(root)
        index.store.connection().execute("PRAGMA busy_timeout = 50")
        index.refresh()
        assert index.names() == {"g"}
        assert any("another process" in w for w in index.report.warnings)
        other.execute("ROLLBACK")


def test_many_processes_at_once(make_repository) -> None:
    root = make_repository({f"m{i}.py": f"def f{i}(): return f{i}()\n" for i in range(60)})
    script = (
        "import sys; from repo_index import Index; i = Index.open(sys.argv[1]).refresh(); "
        "print(len(i.symbols()), len(i.references(i.symbol('m5.py::f5'))), i.report.warnings)"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(root)], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert {p.communicate(timeout=60)[0].strip() for p in running} == {"60 2 []"}


def test_interrupted_run_keeps_the_database_whole(make_repository) -> None:
    root = make_repository({f"m{i}.py": f"def f{i}(): return f{i}()\n" for i in range(500)})
    script = (
        "import os, sys; from repo_index import Index\n"
        "def stop(done, total):\n    if done == 300: os.kill(os.getpid(), 9)\n"
        "Index.open(sys.argv[1]).refresh(progress=stop)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(root)]).returncode == -9
    index = Index.open(root).refresh()
    assert len(index.symbols()) == 500 and index.report.warnings == []
    assert 0 < index.report.reused < 500  # what was done before is kept


def test_keyboard_interrupt_leaves_a_usable_index(make_repository) -> None:
    root = make_repository({f"m{i}.py": f"def f{i}(): ...\n" for i in range(20)})
    index = Index.open(root)

    def stop(done: float, total: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.refresh(progress=stop)
    assert len(index.refresh().symbols()) == 20


def test_one_blob_under_two_languages(make_repository) -> None:
    root = make_repository({"a.py": "x = 1\n", "a.txt": "x = 1\n", "b.py": "x = 1\n"})
    index = Index.open(root).refresh()
    assert {f.path: f.language for f in index.files()} == {"a.py": "python", "a.txt": "text", "b.py": "python"}
    assert index.report.parsed == 2
    assert [s.id for s in index.find("x")] == ["a.py::x", "b.py::x"]


def test_old_blobs_are_dropped_once_they_are_many(tmp_path: Path) -> None:
    store = Store.open(None, tmp_path, [])
    for start in range(0, 6000, 1000):
        store.save([(f"{i:040x}", Row("text", 0, False, b"")) for i in range(start, start + 1000)], live={"0" * 40})
    count = store.connection().execute("SELECT count(*) FROM blobs").fetchone()[0]
    assert count < 5000


def test_words() -> None:
    words = words_of("def naïve_name(self): return a.b1 # HTTP1Connection".encode())
    for name in ("naïve_name", "a.b1", "HTTP1Connection", "a"):
        assert has_words(words, word_keys(name)), name
    for name in ("naïve", "b", "HTTP1", "HTTP1ConnectionParameters", "a.b2"):
        assert not has_words(words, word_keys(name)), name
    assert has_words(b"", word_keys("$"))


def test_nothing_is_written_to_the_tree(make_repository) -> None:
    root = make_repository({"a.py": "x = 1\n"})
    Index.open(root).refresh()
    done = subprocess.run(
        ["git", "-C", str(root), "status", "--porcelain", "--ignored"], capture_output=True, check=True
    )
    assert done.stdout == b""
    assert (database(root).parent.stat().st_mode & 0o777) == 0o700
