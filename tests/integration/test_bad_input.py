"""What users hand a tool that reads repositories: nothing is lost, nothing is half-written, no traceback.

docs/bad-input.md is the table of these cases; each line there has its test here.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]
RunV4 = Callable[..., "subprocess.CompletedProcess[str]"]

CODE = "def load(path):\n    return path\n"
USER = "from lib import load\n\n\ndef run():\n    return load('x')\n"


def _clean(done: subprocess.CompletedProcess[str], code: int) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if code > 1:
        assert len(done.stderr.strip().splitlines()) <= 3, done.stderr


def _state(root: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(root)): p.read_bytes()
        for p in sorted(root.rglob("*"))
        if p.is_file() and not p.is_symlink() and ".git" not in p.parts
    }


def _rename(v4: RunV4, root: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return v4("refactor", "Rename load to load_file", "--apply", "--yes", *more, cwd=root)


def test_no_git(v4: RunV4, tmp_path: Path) -> None:
    for command in (["index"], ["ask", "where is x defined?"], ["refactor", "rename a_b to b_c"], ["review"], ["pack"]):
        done = v4(*command, cwd=tmp_path)
        _clean(done, 4)
        assert "no git repository" in done.stderr


def test_bare_repository(v4: RunV4, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "bare.git")], check=True)
    done = v4("index", cwd=tmp_path / "bare.git")
    _clean(done, 4)


def test_folder_that_is_not_there(v4: RunV4, tmp_path: Path) -> None:
    _clean(v4("index", "--repo", str(tmp_path / "nowhere")), 2)


@pytest.mark.parametrize("commits", [True, False])
def test_empty_repository(v4: RunV4, tmp_path: Path, commits: bool) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    if commits:
        subprocess.run(["git", "-C", str(tmp_path), "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    _clean(v4("index", cwd=tmp_path), 0)
    _clean(v4("ask", "--no-model", "where is Session defined?", cwd=tmp_path), 1)
    _clean(v4("refactor", "Rename load to load_file", cwd=tmp_path), 1)
    _clean(v4("review", "--staged", cwd=tmp_path), 0)


def test_repository_without_commits_but_with_files(v4: RunV4, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "lib.py").write_text(CODE)
    (tmp_path / "app.py").write_text(USER)
    _clean(_rename(v4, tmp_path), 0)
    assert "load_file('x')" in (tmp_path / "app.py").read_text()
    _clean(v4("refactor", "--undo", cwd=tmp_path), 0)
    assert (tmp_path / "app.py").read_text() == USER


def test_binary_and_broken_files(v4: RunV4, make_repository: MakeRepository) -> None:
    root = make_repository(
        {
            "lib.py": CODE,
            "app.py": USER,
            "image.py": b"\x00\x01\x02load\x00" * 100,
            "data.bin": bytes(range(256)) * 40,
            "broken.py": "def broken(:\n    from lib import load load(\n" * 20,
            "nested.py": "(" * 5000 + ")" * 5000,
            "empty.py": "",
        }
    )
    before = _state(root)
    _clean(v4("index", cwd=root), 0)
    _clean(_rename(v4, root), 0)
    after = _state(root)
    assert {p for p in after if after[p] != before[p]} <= {"lib.py", "app.py", "broken.py"}
    assert after["image.py"] == before["image.py"]
    _clean(v4("refactor", "--undo", cwd=root), 0)
    assert _state(root) == before


def test_huge_file(v4: RunV4, make_repository: MakeRepository) -> None:
    root = make_repository({"lib.py": CODE, "app.py": USER, "huge.py": b"x = 'load'\n" * 4_800_000})
    assert (root / "huge.py").stat().st_size > 50_000_000
    started = time.monotonic()
    done = v4("index", cwd=root)
    _clean(done, 0)
    assert "too large" in done.stdout + done.stderr
    _clean(_rename(v4, root), 0)
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("latin-1", lambda t: ("# -*- coding: latin-1 -*-\n# é\n" + t).encode("latin-1")),
        ("crlf", lambda t: t.replace("\n", "\r\n").encode()),
        ("bom", lambda t: b"\xef\xbb\xbf" + t.encode()),
        ("no final newline", lambda t: t.rstrip("\n").encode()),
        ("form feed and tabs", lambda t: b"\x0c\n" + t.replace("    ", "\t").encode()),
    ],
)
def test_encodings_and_line_ends_stay(
    v4: RunV4, make_repository: MakeRepository, name: str, encode: Callable[[str], bytes]
) -> None:
    root = make_repository({"lib.py": encode(CODE), "app.py": encode(USER)})
    before = _state(root)
    _clean(_rename(v4, root), 0)
    for path, text in (("lib.py", CODE), ("app.py", USER)):
        assert (root / path).read_bytes() == encode(text.replace("load", "load_file"))
    _clean(v4("refactor", "--undo", cwd=root), 0)
    assert _state(root) == before


def test_latin_1_that_python_itself_cannot_read_is_left_alone(v4: RunV4, make_repository: MakeRepository) -> None:
    odd = ("# é\n" + USER).encode("latin-1")
    root = make_repository({"lib.py": CODE, "app.py": USER, "odd.py": odd})
    done = _rename(v4, root, "--json")
    _clean(done, 0)
    assert (root / "odd.py").read_bytes() == odd
    assert '"path": "odd.py"' in done.stdout.partition('"left_alone"')[2]


def test_patch_of_every_encoding_applies(v4: RunV4, make_repository: MakeRepository) -> None:
    root = make_repository({"lib.py": CODE.replace("\n", "\r\n"), "app.py": b"\xef\xbb\xbf" + USER.encode()})
    patch = root.parent / "rename.patch"
    _clean(v4("refactor", "Rename load to load_file", "--out", str(patch), cwd=root), 0)
    subprocess.run(["git", "-C", str(root), "apply", "--check", str(patch)], check=True)


def test_symlink_loop_and_links_out_of_the_tree(v4: RunV4, make_repository: MakeRepository, tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text(USER)
    root = make_repository({"lib.py": CODE, "app.py": USER})
    (root / "loop").symlink_to("loop")
    (root / "here").symlink_to(".")
    (root / "away.py").symlink_to(outside)
    (root / "twin.py").symlink_to("app.py")
    subprocess.run(["git", "-C", str(root), "add", "-A"], check=True)
    _clean(v4("index", cwd=root), 0)
    _clean(_rename(v4, root), 0)
    assert outside.read_text() == USER
    assert (root / "twin.py").is_symlink() and (root / "loop").is_symlink()


def test_submodule(v4: RunV4, make_repository: MakeRepository) -> None:
    inner, root = (
        make_repository({"lib2.py": "from lib import load\n"}),
        make_repository({"lib.py": CODE, "app.py": USER}),
    )
    command = [
        "git",
        "-c",
        "protocol.file.allow=always",
        "-C",
        str(root),
        "submodule",
        "--quiet",
        "add",
        str(inner),
        "sub",
    ]
    subprocess.run(command, check=True, capture_output=True)
    before = (root / "sub" / "lib2.py").read_bytes()
    _clean(v4("index", cwd=root), 0)
    _clean(_rename(v4, root), 0)
    assert (root / "sub" / "lib2.py").read_bytes() == before


def test_odd_names(v4: RunV4, make_repository: MakeRepository) -> None:
    root = make_repository({"lib.py": CODE, "a b.py": USER, 'quo"te.py': USER, "ta\tb.py": USER, "ünïcode.py": USER})
    with open(os.fsencode(root) + b"/bad\xff.py", "wb") as stream:
        stream.write(USER.encode())
    patch = root.parent / "odd.patch"
    _clean(v4("refactor", "Rename load to load_file", "--out", str(patch), cwd=root), 0)
    subprocess.run(["git", "-C", str(root), "apply", "--check", str(patch)], check=True)
    _clean(v4("graph", "refs", "lib.py::load", "--json", cwd=root), 0)


def test_file_deleted_while_indexing(v4: RunV4, make_repository: MakeRepository) -> None:
    files = {f"pkg/m{i}.py": CODE.replace("load", f"load{i}") for i in range(400)}
    root = make_repository(files)
    process = subprocess.Popen(
        [sys.executable, "-m", "v4cli.main", "index"], cwd=root, stderr=subprocess.PIPE, text=True
    )
    for i in range(399, 300, -1):
        (root / f"pkg/m{i}.py").unlink()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and "Traceback" not in errors
    _clean(v4("index", cwd=root), 0)


@pytest.fixture
def read_only(make_repository: MakeRepository) -> Iterator[Path]:
    """A repository that cannot be written: a bind mount for root, who ignores permissions; else permissions."""
    root = make_repository({"lib.py": CODE, "app.py": USER})
    if os.geteuid() == 0:
        mounted = subprocess.run(["mount", "--bind", str(root), str(root)], capture_output=True)
        if mounted.returncode:
            pytest.skip("cannot mount here")
        subprocess.run(["mount", "-o", "remount,ro,bind", str(root)], check=True)
        yield root
        subprocess.run(["umount", str(root)], check=True)
    else:
        folders = [root, *(p for p in root.rglob("*") if p.is_dir())]
        for folder in folders:
            folder.chmod(0o555)
        yield root
        for folder in folders:
            folder.chmod(0o755)


def test_read_only_folder(v4: RunV4, read_only: Path) -> None:
    before = _state(read_only)
    _clean(v4("index", cwd=read_only), 0)
    _clean(v4("ask", "where is load defined?", cwd=read_only), 0)
    _clean(v4("refactor", "Rename load to load_file", cwd=read_only), 0)
    done = _rename(v4, read_only)
    assert done.returncode in {3, 4} and "Traceback" not in done.stderr
    assert _state(read_only) == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB, which only root can make."""
    target = tmp_path / "disk"
    target.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(target)], capture_output=True)
    if mounted.returncode:
        pytest.skip("cannot mount a small file system here")
    yield target
    subprocess.run(["umount", str(target)], check=True)


def test_disk_full(v4: RunV4, make_repository: MakeRepository, small_disk: Path) -> None:
    root = small_disk / "repository"
    shutil.copytree(make_repository({"lib.py": CODE, "app.py": USER + "x = 1\n" * 15000}), root)
    with open(small_disk / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 4096)
        except OSError:
            pass
    before = _state(root)
    _clean(v4("index", cwd=root), 0)
    done = _rename(v4, root)
    assert done.returncode in {3, 4} and "Traceback" not in done.stderr
    assert _state(root) == before
    (small_disk / "filler").unlink()
    _clean(_rename(v4, root), 0)


def test_output_that_cannot_be_written(make_repository: MakeRepository) -> None:
    root = make_repository({"lib.py": CODE, "app.py": USER})
    command = [sys.executable, "-m", "v4cli.main", "graph", "export", "--format", "json"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, cwd=root, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 4 and "Traceback" not in done.stderr
    reader = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert reader.stdout is not None and reader.stderr is not None
    reader.stdout.close()
    assert reader.wait(60) in {0, 141, -signal.SIGPIPE} and "Traceback" not in reader.stderr.read()


def _interrupt(root: Path, after: float, *arguments: str, **options: Any) -> tuple[int, str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "v4cli.main", *arguments],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors.decode("utf-8", "replace")


@pytest.mark.parametrize("after", [0.15, 0.3, 0.6, 1.0])
def test_interrupted_while_indexing(v4: RunV4, make_repository: MakeRepository, after: float) -> None:
    body = "".join(f"def f{i}(a, b):\n    return f{i - 1}(a, b)\n\n\n" for i in range(1, 50))
    root = make_repository({f"pkg/m{i}.py": body + f"X{i} = 1\n" for i in range(150)})
    code, errors = _interrupt(root, after, "index")
    assert code in {0, 130, -signal.SIGINT} and "Traceback" not in errors
    done = v4("index", "--json", cwd=root)
    _clean(done, 0)


@pytest.mark.parametrize("after", [0.3, 0.5, 0.7, 0.9, 1.2])
def test_interrupted_while_applying(v4: RunV4, make_repository: MakeRepository, after: float) -> None:
    root = make_repository({"lib.py": CODE, **{f"app{i}.py": USER for i in range(120)}})
    before = _state(root)
    code, errors = _interrupt(root, after, "refactor", "Rename load to load_file", "--apply", "--yes")
    assert code in {0, 130, -signal.SIGINT} and "Traceback" not in errors
    if code == 0:
        v4("refactor", "--undo", cwd=root)
    assert _state(root) == before


@pytest.mark.model
def test_interrupted_while_answering(make_repository: MakeRepository) -> None:
    root = make_repository({"lib.py": CODE, "app.py": USER})
    command = [sys.executable, "-m", "v4cli.main", "ask", "How does run work?", "--model", "qwen2.5-coder-0.5b"]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.read(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in {0, 130} and b"Traceback" not in errors


def test_text_of_a_repository_cannot_move_the_cursor(v4: RunV4, make_repository: MakeRepository) -> None:
    root = make_repository({"lib.py": "def load(x='\x1b[2J\u202e'):\n    return x\n"})
    done = v4("ask", "where is load defined?", cwd=root)
    assert "\x1b" not in done.stdout and "\u202e" not in done.stdout
