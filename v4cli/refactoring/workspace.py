"""An overlay of edits on an index. The work tree is never touched; a patch is made from `changed()`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import Refused
from . import paths

if TYPE_CHECKING:
    from repo_index import Index


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace the bytes [start, end) by `new`; start == end inserts."""

    start: int
    end: int
    new: bytes


class Workspace:
    """Edits on top of `base`. Contents are bytes throughout, so byte order marks, line endings and encodings
    that an operation does not touch stay as they are.

    `allow` holds guarded paths (git and CI configuration) that may be edited nevertheless.
    """

    def __init__(self, base: Index, allow: Iterable[str] = ()) -> None:
        self.base = base
        self.allow = frozenset(allow)
        self._overlay: dict[str, bytes | None] = {}
        self._moves: dict[str, str] = {}
        self._index: Index | None = None
        self._blobs = {record.path: record.blob for record in base.files()}

    @property
    def index(self) -> Index:
        """The index with the edits in place; worked out when first asked for after an edit."""
        if self._index is None:
            changed = self.changed()
            self._index = self.base.with_changes(changed) if changed else self.base
        return self._index

    @property
    def moves(self) -> dict[str, str]:
        """new path -> path in the base, of files that were moved."""
        return dict(sorted(self._moves.items()))

    def exists(self, path: str) -> bool:
        if path in self._overlay:
            return self._overlay[path] is not None
        return self.base.file(path) is not None

    def read(self, path: str) -> bytes:
        """The content of `path`. Raises Refused when there is no such file or its content is not indexed."""
        if path in self._overlay:
            content = self._overlay[path]
            if content is None:
                raise Refused(f"{path}: an earlier step of the plan removed this file")
            return content
        if self.base.file(path) is None:
            raise Refused(f"{path}: no such file in the repository")
        return self._original(path)

    def _original(self, path: str) -> bytes:
        """The bytes that the base's facts are about. Raises Refused when the file was written meanwhile."""
        content = self.base.read(path)
        record = self.base.file(path)
        if record is None or record.blob != self._blobs.get(path):
            raise Refused(f"{path}: changed while the change was being worked out; run again")
        return content

    def text(self, path: str) -> str:
        """read() decoded for looking at: UTF-8, else latin-1. Never use its offsets for edits."""
        content = self.read(path)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            return content.decode("latin-1")

    def paths(self) -> list[str]:
        """Every path there is now, sorted."""
        there = {record.path for record in self.base.files()} - self._overlay.keys()
        return sorted(there | {path for path, content in self._overlay.items() if content is not None})

    def protected(self, path: str) -> str:
        """Why the content of `path` may not be edited; "" when it may. For listing a place as left alone."""
        if reason := self._unmovable(path):
            return reason
        record = self.base.file(self._moves.get(path, path))
        if record is not None and record.skipped:
            return f"{record.skipped}: not edited"
        return ""

    def _unmovable(self, path: str) -> str:
        if reason := paths.problem(path):
            return reason
        if paths.guarded(path) and path not in self.allow:
            return "configures git or continuous integration; name it with --allow to edit it"
        record = self.base.file(path)
        if record is not None and record.skipped and not record.skipped.startswith(("binary", "too large")):
            return f"a {record.skipped}"
        return ""

    def _guard(self, path: str, reason: str) -> None:
        if reason:
            raise Refused(f"{path}: {reason}")

    def edit(self, path: str, edits: Iterable[Edit]) -> None:
        """Apply edits whose spans count in the bytes of read(path) as it is now.

        Insertions at one point keep the order given; the same replacement given twice counts once.
        Raises Refused for a path that may not be edited, ValueError for spans outside the file or that
        overlap (a mistake of the operation; nothing is changed then).
        """
        self._guard(path, self.protected(path))
        content = self.read(path)
        seen: set[Edit] = set()
        ordered: list[Edit] = []
        for edit in edits:
            if edit.start < edit.end and edit in seen:
                continue
            seen.add(edit)
            ordered.append(edit)
        # sorted() is stable: insertions at one offset stay in order and come before a replacement there
        ordered.sort(key=lambda e: (e.start, e.end > e.start))
        pieces: list[bytes] = []
        position = 0
        for edit in ordered:
            if not 0 <= edit.start <= edit.end <= len(content):
                raise ValueError(f"{path}: edit {edit.start}:{edit.end} is outside the file of {len(content)} bytes")
            if edit.start < position:
                raise ValueError(f"{path}: edits overlap at byte {edit.start}")
            pieces += (content[position : edit.start], edit.new)
            position = edit.end
        pieces.append(content[position:])
        self._set(path, b"".join(pieces))

    def write(self, path: str, content: bytes) -> None:
        """Create `path`, or replace its whole content."""
        self._guard(path, self.protected(path))
        if not self.exists(path):
            self._guard(path, self._blocked(path))
        self._set(path, content)

    def delete(self, path: str) -> None:
        self._guard(path, self._unmovable(path))
        if not self.exists(path):
            raise Refused(f"{path}: no such file in the repository")
        self._moves.pop(path, None)
        self._set(path, None)

    def move(self, old: str, new: str) -> None:
        """Move a file, its content as it is now. Raises Refused when `new` exists or may not be written."""
        if old == new:
            return
        self._guard(old, self._unmovable(old))
        self._guard(new, self._unmovable(new))
        if self.exists(new):
            raise Refused(f"{new}: exists already")
        self._guard(new, self._blocked(new))
        content = self.read(old)
        origin = self._moves.pop(old, old if self.base.file(old) is not None else None)
        self._set(old, None)
        self._set(new, content)
        if origin is not None and origin != new:
            self._moves[new] = origin

    def _blocked(self, path: str) -> str:
        """Why a file cannot be made at `path`: one of its folders is a file, or it is itself a folder."""
        parts = path.split("/")
        for number in range(1, len(parts)):
            above = "/".join(parts[:number])
            if self.exists(above):
                record = self.base.file(above)
                return f"{above} is a {(record.skipped if record is not None else '') or 'file'}"
        if any(other.startswith(path + "/") for other in self.paths()):
            return "is a folder"
        return ""

    def _set(self, path: str, content: bytes | None) -> None:
        self._overlay[path] = content
        self._index = None

    def changed(self) -> dict[str, bytes | None]:
        """What differs from the base, by path, sorted; None for files that are gone."""
        result: dict[str, bytes | None] = {}
        for path, content in sorted(self._overlay.items()):
            there = self.base.file(path) is not None
            if content is None:
                if there:
                    result[path] = None
            elif not there or self._original(path) != content:
                result[path] = content
        return result
