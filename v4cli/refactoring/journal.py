"""What an apply did, kept in the repository's git folder so that it can be taken back, even after a crash.

    <git dir>/v4/undo/<id>/before/<number>    the bytes each file held
    <git dir>/v4/undo/<id>/journal.json       the rest; written last, so a folder without it means nothing

States: "pending" while the tree is being written (a crash leaves this: roll back), "applied" when every file
is in place but the set-aside originals are still beside them, "done". An undo is an apply the other way
round: its journal names the one it takes back (`undoes`), and both are dropped when it is through.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..errors import EnvironmentLacks, Refused
from . import git

#: how many finished applies can be undone
KEPT = 20


@dataclass(slots=True)
class Entry:
    """One file: SHA-256 of its content before and after (None: no file), and its permission bits before."""

    path: str
    before: str | None
    after: str | None
    mode: int | None


@dataclass(slots=True)
class Journal:
    id: str
    state: str
    description: str
    entries: list[Entry]
    #: folders that the apply makes, outermost first
    made_folders: list[str] = field(default_factory=list)
    #: folders to remove afterwards if they are left empty
    prunable: list[str] = field(default_factory=list)
    undoes: str = ""
    commit: str = ""


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def folder(root: Path) -> Path:
    return git.git_dir(root) / "v4"


def _path(root: Path, identifier: str) -> Path:
    return folder(root) / "undo" / identifier


@contextmanager
def lock(root: Path) -> Iterator[None]:
    """Hold the right to write the work tree. Raises Refused when another run holds it.

    The lock is the operating system's and ends with the process, however that ends.
    """
    place = folder(root)
    place.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(place / "apply.lock", os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        try:
            _lock(descriptor)
        except OSError:
            raise Refused("another v4 is applying a change to this work tree: wait until it is done") from None
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def write_atomically(target: Path, content: bytes) -> None:
    """Replace `target` in one step: a reader, or a crash, sees the old bytes or the new, never a part."""
    temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def new_id(root: Path) -> str:
    """A short id that sorts by time and is later than every id there is."""
    now = int(time.time() * 1000)
    latest = [int(name, 16) for name in _names(root)]
    return f"{max([now, *(number + 1 for number in latest)]):x}"


def _names(root: Path) -> list[str]:
    try:
        found = os.listdir(folder(root) / "undo")
    except FileNotFoundError:
        return []
    return sorted(name for name in found if name.isalnum() and set(name) <= set("0123456789abcdef"))


def create(root: Path, journal: Journal, contents: list[bytes | None]) -> None:
    """Write a journal with the bytes its files held; `contents` runs in step with its entries."""
    place = _path(root, journal.id)
    try:
        place.parent.mkdir(exist_ok=True)
        place.mkdir(mode=0o700)  # it holds source code
        (place / "before").mkdir()
        for number, content in enumerate(contents):
            if content is not None:
                with open(place / "before" / str(number), "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
        save(root, journal)
        sync_folder(place)
    except BaseException:
        drop(root, journal.id)
        raise


def save(root: Path, journal: Journal) -> None:
    text = json.dumps(asdict(journal), indent=1) + "\n"
    write_atomically(_path(root, journal.id) / "journal.json", text.encode())


def note_commit(root: Path, identifier: str, commit: str) -> None:
    """Remember that an apply was committed: taking it back leaves the commit."""
    journal = _load(root, identifier)
    if journal is not None:
        journal.commit = commit
        save(root, journal)


def load_all(root: Path) -> list[Journal]:
    """Every journal, oldest first. Folders without one are remains of a crash before anything was touched."""
    return [journal for name in _names(root) if (journal := _load(root, name)) is not None]


def _load(root: Path, identifier: str) -> Journal | None:
    place = _path(root, identifier) / "journal.json"
    try:
        data = json.loads(place.read_bytes())
        data["entries"] = [Entry(**entry) for entry in data["entries"]]
        return Journal(**data)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise EnvironmentLacks(f"{place} is damaged: move {place.parent} away and run again") from None


def original(root: Path, journal: Journal, number: int) -> bytes:
    """The bytes that the file of entry `number` held before. Raises EnvironmentLacks when damaged."""
    place = _path(root, journal.id) / "before" / str(number)
    try:
        content = place.read_bytes()
    except FileNotFoundError:
        content = b""
    if digest(content) != journal.entries[number].before:
        raise EnvironmentLacks(f"{place}: the kept copy of {journal.entries[number].path} is damaged")
    return content


def drop(root: Path, identifier: str) -> None:
    place = _path(root, identifier)
    (place / "journal.json").unlink(missing_ok=True)
    shutil.rmtree(place, ignore_errors=True)


def prune(root: Path) -> None:
    """Forget all but the latest finished applies."""
    finished = [journal.id for journal in load_all(root) if journal.state == "done"]
    for identifier in finished[:-KEPT]:
        drop(root, identifier)


def sync_folder(place: Path) -> None:
    """Make a rename in `place` durable, where the file system can."""
    try:
        descriptor = os.open(place, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
