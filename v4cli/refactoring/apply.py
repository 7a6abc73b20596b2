"""Writing a change to the work tree: all of it or nothing, and never over something that was not seen.

The order of events makes every moment safe to be killed at:
  1. the paths are allowed, and every file holds what the change was made from;
  2. the journal and the present contents are on disk (journal.py), state "pending";
  3. the new contents stand beside their targets under temporary names: the disk has had room for all of it;
  4. originals are set aside by hard link or rename, the new files are renamed into place: no data is written;
  5. state "applied"; then the originals beside the targets and folders left empty are removed; state "done".
A failure or interrupt up to 4 puts the very files (inode and times) back. A kill is rolled back by
`v4 refactor --undo`.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import Refused
from . import journal as journals
from . import paths
from .changes import FileChange
from .journal import Entry, Journal, digest


@dataclass(frozen=True, slots=True)
class Step:
    """One file to write. `before` is the SHA-256 of what must be there (None: nothing may be there);
    `after` None removes it; `mode` gives permission bits (None: those it has, or a new file's)."""

    path: str
    before: str | None
    after: bytes | None
    mode: int | None = None


def apply(root: Path, changes: list[FileChange], description: str = "") -> str:
    """Write `changes` to the work tree; returns the id by which `undo` takes them back.

    Raises Refused, with nothing written, when a path is not allowed, a file is not what the change was made
    from, another run is applying, or an interrupted apply waits to be undone; OSError (after putting
    everything back) when the disk is full or read-only.
    """
    steps = []
    for change in changes:
        mode = None
        if change.before is None:
            mode = _mode(root, change.old_path) if change.old_path else None
            if mode is None and change.executable:
                mode = 0o755
        before = None if change.before is None else digest(change.before)
        steps.append(Step(change.path, before, change.after, mode))
    with journals.lock(root):
        tidy(root)
        refuse_when_pending(root)
        emptied = {parent for step in steps if step.after is None for parent in _parents(step.path)}
        done = transact(root, steps, description, prunable=sorted(emptied))
        journals.prune(root)
    return done.id


def refuse_when_pending(root: Path) -> None:
    if waiting := pending(root):
        raise Refused(f"an earlier apply ({waiting}) was interrupted half-way: run `v4 refactor --undo` first")


def pending(root: Path) -> str:
    """The id of an apply that was killed half-way, "" when there is none. Call it with the lock held, or it
    may be one that is still running."""
    return next((journal.id for journal in journals.load_all(root) if journal.state == "pending"), "")


def check_base(root: Path, steps: list[Step]) -> list[bytes | None]:
    """What each file holds now. Raises Refused naming those that are not what the change was made from."""
    paths.require(root, [step.path for step in steps])
    leaving = {step.path for step in steps if step.after is None}
    contents: list[bytes | None] = []
    differing = []
    for step in steps:
        place = root / step.path
        try:
            content: bytes | None = place.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            content = None
        if step.before is None and content is not None and _same_file_leaves(root, step.path, leaving):
            content = None  # a rename in letter case only, on a disk that does not tell case
        if (None if content is None else digest(content)) != step.before:
            state = "exists already" if step.before is None else "changed" if content is not None else "is gone"
            differing.append(f"{step.path} ({state})")
        contents.append(content)
    if differing:
        raise Refused(f"files differ from what the change was made from: {', '.join(differing)}; run again")
    return contents


def _same_file_leaves(root: Path, path: str, leaving: set[str]) -> bool:
    return any(
        other.casefold() == path.casefold() and os.path.samefile(root / other, root / path)
        for other in leaving
        if other != path and (root / other).exists()
    )


def transact(root: Path, steps: list[Step], description: str, *, prunable: list[str], undoes: str = "") -> Journal:
    """Carry out `steps` with the lock held. `prunable` folders are removed when they are left empty."""
    contents = check_base(root, steps)
    entries = [
        Entry(
            step.path,
            step.before,
            None if step.after is None else digest(step.after),
            None if step.before is None else _mode(root, step.path),
        )
        for step in steps
    ]
    missing = {p for step in steps if step.after is not None for p in _parents(step.path)}
    made = sorted(p for p in missing if not (root / p).exists())
    journal = Journal(journals.new_id(root), "pending", description, entries, made, prunable, undoes)
    with _signals() as interrupted:
        journals.create(root, journal, contents)
        try:
            _stage(root, journal, steps)
            check_base(root, steps)
            with interrupted.deferred():
                _swap(root, journal, steps)
                interrupted.raise_if_caught()
                journal.state = "applied"
                journals.save(root, journal)
        except BaseException:
            with interrupted.deferred():
                roll_back(root, journal)
            raise
        with interrupted.deferred():
            finish(root, journal)
    return journal


def _stage(root: Path, journal: Journal, steps: list[Step]) -> None:
    for made in journal.made_folders:
        (root / made).mkdir(exist_ok=True)
    for number, step in enumerate(steps):
        if step.after is None:
            continue
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(_beside(root, journal, number, "new"), flags, 0o666)
        with open(descriptor, "wb") as file:
            file.write(step.after)
            file.flush()
            mode = journal.entries[number].mode if step.mode is None else step.mode
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(descriptor, mode)
            if step.before is not None:
                _keep_owner(root / step.path, descriptor)
            os.fsync(descriptor)


def _swap(root: Path, journal: Journal, steps: list[Step]) -> None:
    for number, step in enumerate(steps):
        if step.before is None:
            continue
        target, aside = root / step.path, _beside(root, journal, number, "old")
        if step.after is None:
            os.rename(target, aside)
            continue
        try:
            os.link(target, aside, follow_symlinks=False)
        except (OSError, NotImplementedError):  # no hard links here: the target is away for a moment
            os.rename(target, aside)
    for number, step in enumerate(steps):
        if step.after is None:
            continue
        target, fresh = root / step.path, _beside(root, journal, number, "new")
        if step.before is None:
            _place_new(fresh, target)
        else:
            os.replace(fresh, target)
    for parent in sorted({(root / step.path).parent for step in steps}):
        journals.sync_folder(parent)


def _place_new(fresh: Path, target: Path) -> None:
    """Rename without overwriting what may have come up at `target` since it was checked."""
    try:
        os.link(fresh, target, follow_symlinks=False)
    except FileExistsError:
        raise Refused(f"{target.name} came up while the change was being written; nothing was changed") from None
    except (OSError, NotImplementedError):
        os.replace(fresh, target)
    else:
        os.unlink(fresh)


def finish(root: Path, journal: Journal) -> None:
    """After the point of no return: tidy up beside the targets and close the journal."""
    for number in range(len(journal.entries)):
        _remove(_beside(root, journal, number, "old"))
        _remove(_beside(root, journal, number, "new"))
    _remove_empty(root, journal.prunable)
    if journal.undoes:
        journals.drop(root, journal.undoes)
        journals.drop(root, journal.id)
        return
    journal.state = "done"
    try:
        journals.save(root, journal)
    except OSError:
        pass  # no room: "applied" says as much, and the next run tidies up


def tidy(root: Path) -> None:
    """Finish what a kill after the point of no return left to do."""
    for journal in journals.load_all(root):
        if journal.state == "applied":
            finish(root, journal)


def roll_back(root: Path, journal: Journal) -> None:
    """Put every file back as it was before a pending apply, and drop its journal.

    Raises Refused, having changed nothing, when a file was edited since and would lose that edit.
    """
    conflicts = []
    for entry in journal.entries:
        now = digest_on_disk(root / entry.path)
        if now not in {None, entry.before, entry.after}:
            conflicts.append(entry.path)
    if conflicts:
        raise Refused(
            f"changed since the interrupted apply: {', '.join(conflicts)}; move these files away and run "
            "`v4 refactor --undo` again: the originals are then restored"
        )
    for entry in journal.entries:
        if entry.before is None and digest_on_disk(root / entry.path) == entry.after:
            _remove(root / entry.path)
    for number, entry in enumerate(journal.entries):
        if entry.before is None:
            continue
        aside = _beside(root, journal, number, "old")
        if aside.exists():
            os.replace(aside, root / entry.path)
        elif digest_on_disk(root / entry.path) != entry.before:
            (root / entry.path).parent.mkdir(parents=True, exist_ok=True)
            journals.write_atomically(root / entry.path, journals.original(root, journal, number))
            if entry.mode is not None:
                os.chmod(root / entry.path, entry.mode)
        _remove(aside)  # os.replace does nothing when both names are links to one file
    for number in range(len(journal.entries)):
        _remove(_beside(root, journal, number, "new"))
    _remove_empty(root, journal.made_folders)
    journals.drop(root, journal.id)


def _beside(root: Path, journal: Journal, number: int, suffix: str) -> Path:
    return (root / journal.entries[number].path).with_name(f".v4-{journal.id}-{number}.{suffix}")


def digest_on_disk(place: Path) -> str | None:
    """SHA-256 of a file's content, None when there is no file; what no SHA-256 equals for a symbolic link."""
    try:
        return digest(place.read_bytes()) if not place.is_symlink() else "symbolic link"
    except (FileNotFoundError, NotADirectoryError):
        return None


def _mode(root: Path, path: str) -> int | None:
    try:
        return stat.S_IMODE(os.lstat(root / path).st_mode)
    except OSError:
        return None


def _keep_owner(target: Path, descriptor: int) -> None:
    there, fresh = os.lstat(target), os.fstat(descriptor)
    if (there.st_uid, there.st_gid) != (fresh.st_uid, fresh.st_gid) and hasattr(os, "fchown"):
        try:
            os.fchown(descriptor, there.st_uid, there.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(there.st_mode))  # a change of owner clears set-id bits
        except PermissionError:
            pass  # only root may give files away


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[:number]) for number in range(1, len(parts) + 1)]


def _remove(place: Path) -> None:
    try:
        os.unlink(place)
    except (FileNotFoundError, NotADirectoryError):
        pass


def _remove_empty(root: Path, folders: list[str]) -> None:
    for name in sorted(folders, key=lambda name: name.count("/"), reverse=True):
        try:
            os.rmdir(root / name)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR}:
                return  # an empty folder that cannot be removed harms nobody


class _Interrupts:
    """SIGINT, SIGTERM and SIGHUP as KeyboardInterrupt, at once or (deferred) when asked for."""

    def __init__(self) -> None:
        self.caught = False
        self._waiting = False

    def __call__(self, number: int, frame: object) -> None:
        self.caught = True
        if not self._waiting:
            raise KeyboardInterrupt

    def raise_if_caught(self) -> None:
        if self.caught:
            raise KeyboardInterrupt

    @contextmanager
    def deferred(self) -> Iterator[None]:
        self._waiting, before = True, self._waiting
        try:
            yield
        finally:
            self._waiting = before


@contextmanager
def _signals() -> Iterator[_Interrupts]:
    interrupts = _Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    caught = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    earlier = {number: signal.getsignal(number) for number in caught}
    for number in caught:
        if earlier[number] is not signal.SIG_IGN:  # nohup stays nohup
            signal.signal(number, interrupts)
    try:
        yield interrupts
    finally:
        for number in caught:
            signal.signal(number, earlier[number])
