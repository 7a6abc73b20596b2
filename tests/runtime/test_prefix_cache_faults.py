"""Whatever happens to the files of the prefix cache, tokens are the right ones and nothing fails."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from prefix_cache_worker import LENGTH, digest
from test_runtime_core_tiny import tokens, write_model

from model_runtime import load_model
from model_runtime.cache import block_file
from model_runtime.cache.disk_space import prefix_folder
from model_runtime.generate import extend_to
from model_runtime.kernels import build

WORKER = Path(__file__).with_name("prefix_cache_worker.py")
FAULTS = 200
PROMPTS = 4


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    build.why_not()  # compiles into the shared cache, before this test gets one of its own
    home = tmp_path / "cache"
    home.mkdir()
    (home / "native").symlink_to(Path(os.environ["V4_CACHE_DIR"]).expanduser() / "native")
    monkeypatch.setenv("V4_CACHE_DIR", str(home))
    path = write_model(tmp_path / "tiny.gguf", layers=1, hidden=128, feed_forward=128)
    load_model(path)  # packs the weights once for all processes
    return path


@pytest.fixture
def model(weights: Path) -> Any:
    found = load_model(weights, threads=1)
    found.keep_prefixes()
    return found


def blocks() -> list[Path]:
    return sorted(prefix_folder().rglob("*.kv"))


def read(model: Any, seed: int) -> tuple[torch.Tensor, int]:
    session = model.session()
    row, reused = extend_to(session, tokens(LENGTH, seed))
    session.keep(LENGTH)
    return row, reused


def greedy(model: Any, seed: int, count: int = 12) -> list[int]:
    """The most likely continuation of a prompt, in a new session."""
    session = model.session()
    row, _ = extend_to(session, tokens(LENGTH, seed))
    for _ in range(count - 1):
        row = session.extend([int(row.argmax())])
    session.keep(LENGTH)
    return [*session.ids[LENGTH:], int(row.argmax())]


def _changed(change: Callable[[random.Random, bytearray], bytes | bytearray]) -> Callable[[random.Random, Path], None]:
    def apply(chance: random.Random, path: Path) -> None:
        path.write_bytes(change(chance, bytearray(path.read_bytes())))

    return apply


def _flip(chance: random.Random, content: bytearray) -> bytearray:
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return content


def _flip_in_head(chance: random.Random, content: bytearray) -> bytearray:
    content[chance.randrange(400)] ^= 1 << chance.randrange(8)
    return content


def _zero(chance: random.Random, content: bytearray) -> bytearray:
    start = chance.randrange(len(content))
    content[start : start + 4096] = bytes(len(content[start : start + 4096]))
    content[0] ^= 1  # what was zero already is a fault all the same
    return content


def _noise(chance: random.Random, content: bytearray) -> bytearray:
    start = chance.randrange(len(content) - 1)
    end = chance.randrange(start + 1, len(content))
    content[start:end] = chance.randbytes(end - start)
    return content


def _shifted(chance: random.Random, content: bytearray) -> bytearray:
    at = chance.randrange(len(content))
    return content[:at] + bytes([chance.randrange(256)]) + content[at:-1]


def _other_block(chance: random.Random, path: Path) -> None:
    shutil.copyfile(chance.choice([other for other in blocks() if other != path]), path)


def _directory(chance: random.Random, path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link(chance: random.Random, path: Path) -> None:
    other = chance.choice([other for other in blocks() if other != path])
    path.unlink()
    path.symlink_to(chance.choice([other, "/nowhere", "/dev/zero", "/"]))


def _pipe(chance: random.Random, path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


KINDS: tuple[Callable[[random.Random, Path], None], ...] = (
    _changed(_flip),
    _changed(_flip),
    _changed(_flip_in_head),
    _changed(_zero),
    _changed(_noise),
    _changed(_shifted),
    _changed(lambda chance, content: content[: chance.randrange(len(content))]),
    _changed(lambda chance, content: content + chance.randbytes(chance.randrange(1, 5000))),
    _changed(lambda chance, content: b""),
    _changed(lambda chance, content: chance.randbytes(chance.randrange(5000))),
    _other_block,
    _directory,
    _link,
    _pipe,
    lambda chance, path: path.unlink(),
    lambda chance, path: shutil.rmtree(path.parent),
)


def _repair(path: Path) -> None:
    """Take away what the cache cannot replace by itself: a directory, a link."""
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    elif path.is_symlink() or path.exists():
        path.unlink()


def test_random_faults(model: Any) -> None:
    plain = load_model(model.path, threads=1)
    wanted = [extend_to(plain.session(), tokens(LENGTH, seed))[0] for seed in range(PROMPTS)]
    written = [greedy(plain, seed) for seed in range(PROMPTS)]
    chance = random.Random(20261123)
    whole = 256
    reused = []
    for number in range(FAULTS):
        for seed in range(PROMPTS):
            model.sessions.clear()
            read(model, seed)  # all blocks are there again
        assert len(blocks()) == PROMPTS * whole // 64
        hurt = [chance.choice(blocks()) for _ in range(chance.choice([1, 1, 1, 3]))]
        for path in dict.fromkeys(hurt):
            if path.is_file():
                chance.choice(KINDS)(chance, path)
        for seed in range(PROMPTS):
            model.sessions.clear()
            row, count = read(model, seed)
            assert torch.equal(row, wanted[seed]), f"fault {number}"
            reused.append(count)
        model.sessions.clear()
        seed = number % PROMPTS
        assert greedy(model, seed) == written[seed]
        for path in hurt:
            _repair(path)
    assert set(reused) == {0, 64, 128, 192, 256}
    assert not list(prefix_folder().rglob(f"{block_file.DRAFT}*"))


def test_a_cache_that_cannot_be_made(model: Any) -> None:
    wanted, _ = read(load_model(model.path, threads=1), 1)
    prefix_folder().write_text("a file where the folder should be")
    assert torch.equal(read(model, 1)[0], wanted)
    assert prefix_folder().read_text().startswith("a file")


@pytest.fixture
def run(weights: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(mode: str, most: int, seeds: int, **variables: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(WORKER), mode, str(weights), str(most), str(seeds)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
        started.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def lines(process: subprocess.Popen[str]) -> list[list[str]]:
    """[seed, reused, digest of the logits] of each prompt; the process ended well and said nothing else."""
    out, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, ""), errors
    return [line.split() for line in out.splitlines()]


def right(weights: Path, seeds: int) -> list[str]:
    plain = load_model(weights, threads=1)
    return [digest(extend_to(plain.session(), tokens(LENGTH, seed))[0]) for seed in range(seeds)]


def test_killed_while_writing(run: Callable[..., subprocess.Popen[str]], weights: Path, model: Any) -> None:
    assert lines(run("killed", 10**9, 20)) == []
    assert len(blocks()) > 20
    left = list(prefix_folder().rglob(f"{block_file.DRAFT}*"))
    plain = load_model(weights, threads=1)
    for seed in range(0, 20000, 1000):
        held = model.prefixes.held(tokens(LENGTH, seed))
        row, reused = read(model, seed)
        assert reused == held, "a file that has its name has all its content"
        assert torch.equal(row, extend_to(plain.session(), tokens(LENGTH, seed))[0])
    for path in left:  # what a killed process left behind goes an hour later
        os.utime(path, (1, 1))
    read(model, 99_999)
    assert not [path for path in left if path.exists()]


def test_two_writers_and_evictions(run: Callable[..., subprocess.Popen[str]], weights: Path) -> None:
    size = 40_000  # of a block, about
    processes = [run("plain", most, 30) for most in (10**9, 6 * size)]
    wanted = right(weights, 30)
    for process in processes:
        assert [line[2] for line in lines(process)] == wanted
    assert len(list(prefix_folder().rglob("*.kv"))) > 6
    assert [line[2] for line in lines(run("plain", 10**9, 30))] == wanted


def test_a_disk_that_takes_no_more(run: Callable[..., subprocess.Popen[str]], weights: Path) -> None:
    assert [line[2] for line in lines(run("limited", 10**9, 5))] == right(weights, 5)
    assert not [path for path in prefix_folder().rglob("*") if path.is_file()]


def test_a_full_disk(run: Callable[..., subprocess.Popen[str]], weights: Path, tmp_path: Path) -> None:
    small = prefix_folder()
    small.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k,mode=0700", "tmpfs", str(small)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk needs the right to mount one")
    try:
        assert [line[2] for line in lines(run("share", 10**9, 20))] == right(weights, 20)
        assert 0 < len(blocks()) < 20 and not list(small.rglob(f"{block_file.DRAFT}*"))
    finally:
        subprocess.run(["umount", str(small)], check=True)
