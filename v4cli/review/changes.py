"""A change as two snapshots: what stood in each file before, what stands there now, which lines are new."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from ..errors import UsageError
from .git import Git

_DIFF = ("--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=dirty")
_HUNK = re.compile(rb"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


@dataclass(frozen=True)
class FileChange:
    """One regular file that differs. None as content: it is not there, or too large or binary to look at.

    `added` holds half-open ranges of line numbers (from 1) of `new` that are not in `old`.
    """

    path: str
    status: str
    """"A" added, "M" modified, "D" deleted"""
    old: bytes | None = None
    new: bytes | None = None
    added: tuple[range, ...] = ()

    @cached_property
    def new_lines(self) -> list[bytes]:
        return self.new.split(b"\n") if self.new is not None else []

    def added_lines(self) -> Iterable[tuple[int, bytes]]:
        """(line number, line without its line feed) of every added line."""
        for lines in self.added:
            for number in lines:
                if number <= len(self.new_lines):
                    yield number, self.new_lines[number - 1]

    def is_added(self, line: int) -> bool:
        return any(line in lines for lines in self.added)


@dataclass
class Change:
    """Files that differ between `base` (a commit or the empty tree) and the snapshot that is reviewed."""

    base: str
    tip: str | None
    """The commit that is reviewed, "" for what is staged, None for the work tree"""
    files: list[FileChange] = field(default_factory=list)
    submodules: tuple[str, ...] = ()
    """Paths that become submodules: what lies below them is not seen."""
    unmerged: tuple[str, ...] = ()

    def contents(self) -> dict[str, bytes | None]:
        """path -> new content, None for deleted files: what leads from `base` to the snapshot."""
        return {f.path: f.new for f in self.files if f.new is not None or f.status == "D"}

    @cached_property
    def by_path(self) -> dict[str, FileChange]:
        return {f.path: f for f in self.files}


def staged(git: Git, limit: int) -> Change:
    """HEAD against the index of the next commit; the work tree is not looked at."""
    base = git.commit_id("HEAD") or git.empty_tree()
    return _between(git, base, "", ("--cached", base), limit)


def between(git: Git, spec: str, limit: int) -> Change:
    """A commit range `A..B` or `A...B` (from their merge base); an empty side is HEAD. Raises UsageError."""
    dots = "..." if "..." in spec else ".."
    left, found, right = spec.partition(dots)
    if not found:
        raise UsageError(f"--range: {spec!r} is not of the form A..B")
    ends = []
    for name in (left or "HEAD", right or "HEAD"):
        commit = git.commit_id(name)
        if commit is None:
            raise UsageError(f"--range: {name!r} is not a commit of this repository")
        ends.append(commit)
    base, tip = ends
    if dots == "...":
        status, out, _ = git.try_run("merge-base", base, tip)
        if status:
            raise UsageError(f"--range: {left or 'HEAD'} and {right or 'HEAD'} have no common ancestor")
        base = out.decode("ascii").strip()
    return _between(git, base, tip, (base, tip), limit)


def work_tree(git: Git, limit: int) -> Change:
    """HEAD against the files on disk, untracked ones included unless ignored."""
    base = git.commit_id("HEAD") or git.empty_tree()
    change = _between(git, base, None, (base,), limit)
    listed = git.run("ls-files", "--others", "--exclude-standard", "-z", "--")
    known = change.by_path
    for raw in listed.split(b"\0"):
        path = os.fsdecode(raw)
        if not raw or raw.endswith(b"/") or path in known:
            continue
        new = _from_disk(git, path, limit)
        if new is not None:
            change.files.append(FileChange(path, "A", None, new, _all_lines(new)))
    change.files.sort(key=lambda f: f.path)
    del change.by_path
    return change


def _between(git: Git, base: str, tip: str | None, sides: tuple[str, ...], limit: int) -> Change:
    raw = git.run("diff", "--raw", "-z", "--no-abbrev", *_DIFF, *sides, "--")
    entries, submodules, unmerged = _entries(raw)
    contents = git.blobs((blob for e in entries for blob in (e.old, e.new) if blob.strip("0")), limit)
    modified = [e.path for e in entries if e.status == "M"]
    ranges = _added_ranges(git, sides, modified) if modified else {}
    files = []
    for e in entries:
        old = _text(contents.get(e.old)) if e.old.strip("0") else None
        if e.status == "D":
            new = None
        elif e.new.strip("0"):
            new = _text(contents.get(e.new))
        else:
            new = _from_disk(git, e.path, limit)
        if e.status == "M" and old is not None and old == new:
            continue
        added = ranges.get(e.path, ()) if e.status == "M" else _all_lines(new)
        files.append(FileChange(e.path, e.status, old, new, added))
    return Change(base, tip, sorted(files, key=lambda f: f.path), submodules, unmerged)


@dataclass(frozen=True)
class _Entry:
    path: str
    status: str
    old: str
    new: str


def _entries(raw: bytes) -> tuple[list[_Entry], tuple[str, ...], tuple[str, ...]]:
    """Regular files out of `git diff --raw -z`; links and submodules count as absent."""
    fields = raw.split(b"\0")
    entries: list[_Entry] = []
    submodules: list[str] = []
    unmerged: set[str] = set()
    for head, name in zip(fields[::2], fields[1::2], strict=False):
        old_mode, new_mode, old, new, status = head.lstrip(b":").decode("ascii").split(" ")
        path = os.fsdecode(name)
        if status == "U":
            unmerged.add(path)
            continue
        if new_mode == "160000":
            submodules.append(path)
        was, is_ = old_mode.startswith("100"), new_mode.startswith("100")
        if was and is_:
            entries.append(_Entry(path, "M", old, new))
        elif was:
            entries.append(_Entry(path, "D", old, "0"))
        elif is_:
            entries.append(_Entry(path, "A", "0", new))
    kept = [e for e in entries if e.path not in unmerged]
    return kept, tuple(sorted(submodules)), tuple(sorted(unmerged))


def _added_ranges(git: Git, sides: tuple[str, ...], paths: list[str]) -> dict[str, tuple[range, ...]]:
    """path -> added lines, from git's own diff (the same lines that the user sees)."""
    prefixes = ("--src-prefix=a/", "--dst-prefix=b/")
    out = git.run("diff", "-p", "-U0", "--inter-hunk-context=0", *prefixes, *_DIFF, *sides, "--")
    found: dict[str, list[range]] = {}
    wanted = set(paths)
    path = ""
    left = 0
    for line in out.split(b"\n"):
        if left and line[:1] in b"+-\\":
            left -= line[:1] != b"\\"
        elif line.startswith(b"+++ "):
            path = _header_path(line[4:])
        elif path in wanted and (hunk := _HUNK.match(line)):
            start, count = int(hunk[1]), int(hunk[2] or 1)
            left = count + int(line.split(b" ")[1].partition(b",")[2] or 1)
            if count:
                found.setdefault(path, []).append(range(start, start + count))
    return {name: tuple(ranges) for name, ranges in found.items()}


def _header_path(name: bytes) -> str:
    """The path of a `+++` line: without its prefix, the tab after names with spaces, and C quotes."""
    name = name.rstrip(b"\t")
    if name.startswith(b'"') and name.endswith(b'"'):
        name = _ESCAPE.sub(lambda m: bytes([int(m[1], 8)]) if len(m[1]) == 3 else _ESCAPES.get(m[1], m[1]), name[1:-1])
    return os.fsdecode(name[2:])


def _text(content: bytes | None) -> bytes | None:
    """The content unless it is binary, by git's own test."""
    return None if content is None or b"\0" in content[:8000] else content


def _all_lines(content: bytes | None) -> tuple[range, ...]:
    return (range(1, content.count(b"\n") + 2),) if content else ()


def _from_disk(git: Git, path: str, limit: int) -> bytes | None:
    """The content of a regular file of the work tree; links are not followed."""
    full = git.root / path
    try:
        found = os.lstat(full)
        if not stat.S_ISREG(found.st_mode) or found.st_size > limit:
            return None
        return _text(full.read_bytes())
    except OSError:
        return None
