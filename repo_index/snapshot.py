"""A repository at one moment: which blob each path holds, and the bytes of each.

The work tree, a commit, the staged tree and an overlay of edits are all snapshots, and the index knows nothing
else of where files come from.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from . import files, git
from .store import Store

_RACY_NS = 20_000_000
"""A file changed this shortly before it was looked at may change again with the same times (git's racy entries)."""
_MANY = 200
"""Paths from which on looking at the whole tree is quicker than asking git for each."""
_FRESH = 64_000_000
"""Bytes read for hashing that are kept for indexing; beyond, files are read twice."""


class Entry(NamedTuple):
    """One path: its blob hash and size. `skipped` says why it is not read ("" if it is)."""

    blob: str
    size: int
    skipped: str = ""


def blob_hash(content: bytes, algorithm: str = "sha1") -> str:
    """The hash that git gives this content as a blob."""
    return hashlib.new(algorithm, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a work tree and its git folder are; `algorithm` is "sha1" or "sha256".

    `variables` are environment variables for git (git.environment).
    """

    root: Path
    git_folder: Path | None
    algorithm: str = "sha1"
    variables: Mapping[str, str] = field(default_factory=dict)


def repository(start: Path, variables: Mapping[str, str] | None = None) -> Repository:
    """The repository around `start`. Raises GitError when there is none or git is missing."""
    if not start.is_dir():
        raise git.GitError(f"{start} is not a folder")
    raw = git.run(
        start, "rev-parse", "--show-toplevel", "--git-common-dir", "--show-object-format", variables=variables
    )
    root, folder, algorithm = raw.decode("utf-8", "surrogateescape").rstrip("\n").rsplit("\n", 2)
    if not os.path.isabs(folder):
        folder = os.path.normpath(os.path.join(os.path.abspath(start), folder))
    return Repository(Path(root), Path(folder), algorithm, variables or {})


class WorkTree:
    """The files on disk. Contents are hashed only where size, times or inode changed since the last look."""

    def __init__(
        self, where: Repository, store: Store, exclude: Iterable[str] = (), max_bytes: int = 1_000_000
    ) -> None:
        self._where = where
        self._store = store
        self._exclude = tuple(exclude)
        self._max_bytes = max_bytes
        #: contents read while hashing, until take() hands them over
        self._fresh: dict[str, bytes] = {}

    def entries(
        self, paths: Iterable[str] | None = None, before: Mapping[str, Entry] | None = None
    ) -> dict[str, Entry]:
        """path -> Entry, sorted. With `paths` (of files or folders), other paths are taken from `before` unlooked."""
        if paths is None or before is None:
            return self._looked(None)
        only = set(paths)
        if not only:
            return dict(before)
        if len(only) > _MANY or any(path.rsplit("/", 1)[-1] == ".gitignore" for path in only):
            return self._looked(None)
        looked = self._looked(only)
        folders = {path + "/" for path in only}
        kept = {
            path: entry
            for path, entry in before.items()
            if path not in only and not any(path.startswith(folder) for folder in folders)
        }
        merged = kept | looked
        return (
            {path: merged[path] for path in sorted(merged)}
            if merged.keys() != before.keys()
            else {path: merged[path] for path in before}
        )

    def _looked(self, only: Collection[str] | None) -> dict[str, Entry]:
        root = os.fspath(self._where.root)
        listed = files.listing(self._where.root, self._exclude, only)
        known = self._store.stats(root) if only is None else {}
        changed: dict[str, tuple[int, int, int, int, str]] = {}
        found: dict[str, Entry] = {}
        now = time.time_ns()
        fresh_size = 0
        for item in listed:
            status = item.status
            if status is None:
                found[item.path] = Entry("", 0, item.skipped)
                continue
            large = files.too_large(status.st_size, self._max_bytes)
            if large:
                found[item.path] = Entry("", status.st_size, large)
                continue
            stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
            seen = known.get(item.path)
            if seen is not None and seen[:4] == stamp:
                found[item.path] = Entry(seen[4], status.st_size)
                continue
            try:
                content = files.read(self._where.root, item.path)
            except FileNotFoundError:
                continue
            except OSError as error:
                found[item.path] = Entry("", status.st_size, f"unreadable: {error.strerror or error}")
                continue
            large = files.too_large(len(content), self._max_bytes)
            if large:  # it grew meanwhile
                found[item.path] = Entry("", len(content), large)
                continue
            blob = blob_hash(content, self._where.algorithm)
            found[item.path] = Entry(blob, len(content))
            if fresh_size + len(content) <= _FRESH:
                fresh_size += len(content)
                self._fresh[blob] = content
            if len(content) == status.st_size and max(stamp[1], stamp[2]) < now - _RACY_NS:
                changed[item.path] = (*stamp, blob)
        gone = [p for p in known if p not in found] if only is None else []
        self._store.save_stats(root, changed, gone)
        return found

    def take(self, blob: str) -> bytes | None:
        """Content read by entries(), once."""
        return self._fresh.pop(blob, None)

    def forget(self) -> None:
        self._fresh.clear()

    def read(self, path: str, entry: Entry) -> bytes:
        """Raises OSError when the file is gone or cannot be read."""
        return files.read(self._where.root, path)

    def read_many(self, wanted: Mapping[str, Entry]) -> Iterator[tuple[str, bytes | None]]:
        for path, entry in wanted.items():
            try:
                content = self.take(entry.blob)
                yield path, files.read(self._where.root, path) if content is None else content
            except OSError:
                yield path, None


class GitTree:
    """The files of a commit, or of the index. Nothing is read from the work tree."""

    def __init__(
        self,
        where: Repository,
        commit: str | None,
        exclude: Iterable[str] = (),
        max_bytes: int = 1_000_000,
    ) -> None:
        self._where = where
        self._commit = commit
        self._exclude = files.excluded(exclude)
        self._max_bytes = max_bytes

    def _listed(self) -> Iterator[tuple[str, str, str]]:
        """(mode, blob, path) of each entry. Raises GitError for what is no commit."""
        if self._commit is None:
            raw = git.run(self._where.root, "ls-files", "-z", "--stage", variables=self._where.variables)
            for line in filter(None, raw.split(b"\0")):
                head, _, name = line.partition(b"\t")
                mode, blob, stage = head.decode("ascii").split()
                if stage in ("0", "2"):  # of a conflict, our side
                    yield mode, blob, git.path_of(name)
            return
        variables = self._where.variables
        asked = ("--verify", "--quiet", "--end-of-options", f"{self._commit}^{{tree}}")
        try:
            tree = git.run(self._where.root, "rev-parse", *asked, variables=variables).decode("ascii").strip()
        except git.GitError:
            raise git.GitError(f"{self._commit!r} is no commit of this repository") from None
        raw = git.run(self._where.root, "ls-tree", "-r", "-z", "--full-tree", tree, variables=variables)
        for line in filter(None, raw.split(b"\0")):
            head, _, name = line.partition(b"\t")
            mode, _, blob = head.decode("ascii").split()
            yield mode, blob, git.path_of(name)

    def entries(
        self, paths: Iterable[str] | None = None, before: Mapping[str, Entry] | None = None
    ) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        listed = sorted(self._listed(), key=lambda item: item[2])
        sizes = self._sizes({blob for mode, blob, _ in listed if mode.startswith("100")})
        for mode, blob, path in listed:
            if self._exclude is not None and self._exclude.match(path):
                continue
            if mode == "160000":
                found[path] = Entry("", 0, "submodule")
            elif mode == "120000":
                found[path] = Entry("", 0, "symbolic link")
            else:
                size = sizes.get(blob, 0)
                large = files.too_large(size, self._max_bytes)
                found[path] = Entry("" if large else blob, size, large)
        return found

    def _sizes(self, blobs: set[str]) -> dict[str, int]:
        if not blobs:
            return {}
        raw = git.run(
            self._where.root,
            "cat-file",
            "--batch-check=%(objectname) %(objectsize)",
            stdin="".join(b + "\n" for b in sorted(blobs)).encode("ascii"),
            variables=self._where.variables,
        )
        sizes = {}
        for line in raw.decode("ascii", "replace").splitlines():
            name, _, size = line.partition(" ")
            if size.isdigit():
                sizes[name] = int(size)
        return sizes

    def read(self, path: str, entry: Entry) -> bytes:
        for _, content in git.read_blobs(self._where.root, [entry.blob], self._where.variables):
            if content is not None:
                return content
        raise FileNotFoundError(f"{path}: blob {entry.blob} is not in this repository")

    def read_many(self, wanted: Mapping[str, Entry]) -> Iterator[tuple[str, bytes | None]]:
        contents = git.read_blobs(self._where.root, [e.blob for e in wanted.values()], self._where.variables)
        for path, (_, content) in zip(wanted, contents, strict=True):
            yield path, content

    def forget(self) -> None:
        pass


class Overlay:
    """Another snapshot with some paths changed, in memory."""

    def __init__(
        self,
        base: Mapping[str, Entry],
        source: WorkTree | GitTree | Overlay,
        changes: Mapping[str, bytes | None],
        algorithm: str,
        max_bytes: int,
    ) -> None:
        self._source = source
        self._changes = {path: content for path, content in changes.items() if content is not None}
        merged = {path: entry for path, entry in base.items() if path not in changes}
        for path, content in self._changes.items():
            large = files.too_large(len(content), max_bytes)
            merged[path] = Entry("" if large else blob_hash(content, algorithm), len(content), large)
        self._entries = {path: merged[path] for path in sorted(merged)}

    def entries(
        self, paths: Iterable[str] | None = None, before: Mapping[str, Entry] | None = None
    ) -> dict[str, Entry]:
        return self._entries

    def read(self, path: str, entry: Entry) -> bytes:
        content = self._changes.get(path)
        return self._source.read(path, entry) if content is None else content

    def read_many(self, wanted: Mapping[str, Entry]) -> Iterator[tuple[str, bytes | None]]:
        for path, entry in wanted.items():
            try:
                yield path, self.read(path, entry)
            except OSError:
                yield path, None

    def forget(self) -> None:
        pass


Source = WorkTree | GitTree | Overlay
